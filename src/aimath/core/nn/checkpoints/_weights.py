"""The weights of a model, a row a tensor: size, outliers, spectrum, errors of formats, change to another."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.linalg import Spectrum, spectrum
from aimath.core.nn.checkpoints._quantization import GGUF_BLOCK, bits_stored, check_formats, fits, requantize
from aimath.core.nn.checkpoints._tensor_sources import (
    Pair,
    TensorSource,
    names_by_block,
    pair_tensors,
    select_tensors,
    sources_of,
)
from aimath.core.nn.checkpoints._tensor_statistics import (
    DifferenceOfTensors,
    MomentsOfTensor,
    TensorDifference,
)
from aimath.core.numerics.accumulators import (
    MergeTree,
    combine_states,
    part_of_state,
    state_of_texts,
    texts_of_state,
)
from aimath.core.numerics.arrays import Check
from aimath.core.numerics.types import Array, may_lack_value
from aimath.errors import InputError
from aimath.text import wildcard_match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import RowCounts, Rows, RowScalars

    Tensors = Mapping[str, ArrayLike] | ArrayLike

ALL_TENSORS = "all tensors"
HEADER_FIELDS = ("name", "kind", "shape", "dtype", "parameters", "remark")
"""What the header of a file says without its numbers."""
SPECTRAL_FIELDS = (
    *("spectral_norm", "stable_rank", "effective_rank", "rank_90", "rank_99"),
    *("top_energy", "noise_edge", "beyond_edge"),
)


@may_lack_value(
    *("mean", "std", "rms", "rms_again", "largest", "outlier", "kurtosis", "sparsity", *SPECTRAL_FIELDS),
    *("bits", "relative_error", "snr_db", "relative_change", "cosine", "max_change"),
)
class Weights(NamedTuple):
    """A row a tensor (and format), then one a block of tensors and one for all of them."""

    name: Rows
    kind: Rows  # "tensor", "block" or "all"
    shape: Rows  # as 768x768; empty for several tensors
    dtype: Rows  # as the file calls it; "mixed" of several
    parameters: RowCounts
    remark: Rows  # why there are no figures, or not of all entries; empty
    mean: RowScalars | None = None  # None, as all below: not asked for
    std: RowScalars | None = None
    rms: RowScalars | None = None  # √(Σ w² / n)
    rms_again: RowScalars | None = None  # √(mean² + variance)
    largest: RowScalars | None = None  # |w|
    outlier: RowScalars | None = None  # largest / rms: 4.5 to 6 of a normal distribution
    kurtosis: RowScalars | None = None  # excess: 0 of a normal distribution
    sparsity: RowScalars | None = None  # share of exact zeros
    spectral_norm: RowScalars | None = None  # the largest singular value; none of a vector
    stable_rank: RowScalars | None = None  # ‖W‖² / s_1²
    effective_rank: RowScalars | None = None  # exp(entropy of s / Σ s)
    rank_90: RowScalars | None = None  # singular values that hold 90 % of ‖W‖²
    rank_99: RowScalars | None = None
    top_energy: RowScalars | None = None  # share of ‖W‖² in 1 % of the directions
    noise_edge: RowScalars | None = None  # std (√m + √n): the largest singular value of noise as large
    beyond_edge: RowScalars | None = None  # singular values above it
    format: Rows | None = None
    bits: RowScalars | None = None  # a weight, its scales counted
    relative_error: RowScalars | None = None  # ‖w' - w‖ / ‖w‖
    snr_db: RowScalars | None = None  # -20 log10 of it
    status: Rows | None = None  # "same", "changed", "renamed", "reshaped", "missing" or "added"
    other: Rows | None = None  # what the tensor is called there
    relative_change: RowScalars | None = None  # ‖other - W‖ / ‖W‖
    cosine: RowScalars | None = None
    max_change: RowScalars | None = None  # |other - w|

    def check(self) -> Check:
        """Return the rms by squares beside that by mean and variance."""
        answer, again = (np.nan_to_num(np.asarray(x)) for x in (self.rms, self.rms_again))
        return Check(answer, again, scale=answer)


class Asked(NamedTuple):
    """What is asked of each tensor."""

    spectra: bool = False
    formats: tuple[str, ...] = ()
    compares: bool = False
    moments: bool = True  # False: what headers say is all


class TensorRecord(NamedTuple):
    """What is known of a tensor."""

    source: TensorSource
    moments: MomentsOfTensor
    remark: str = ""
    spectrum: Spectrum | None = None
    errors: Mapping[str, DifferenceOfTensors] = MappingProxyType({})  # by format
    status: str = ""
    other: str = ""
    change: DifferenceOfTensors | None = None


def weights(
    tensors: Tensors,
    *,
    spectra: bool = False,
    quantize: Sequence[str] | None = None,
    against: Tensors | None = None,
    match: str | None = None,
) -> Weights:
    """Return the figures of tensors, an array each by name, a row a tensor and one for all.

    rms, the largest entry over it, excess kurtosis and the share of zeros; with `spectra` what the
    singular values of matrices say; a row for each format of `quantize` with the error of what comes
    back from it; `against` other tensors the change to them. `match` is found in a name, * is anything.

    >>> weights({"w": [[3.0, 4.0]]}).rms.tolist()
    [3.5355339059327378]
    """
    asked = Asked(spectra, check_formats(quantize or ()), against is not None)
    base = select_tensors(sources_of(tensors, "tensors"), match)
    other = None if against is None else sources_of(against, "against")
    return weights_of_sources(base, other, asked, match)


def weights_of_sources(
    base: Sequence[TensorSource], other: Sequence[TensorSource] | None, asked: Asked, match: str | None = None
) -> Weights:
    """Return the figures of tensors that are read one after the other."""
    if not asked.moments:
        columns = zip(*(_header_row(one, one.remark) for one in base), strict=True)
        return Weights(*(np.array(column) for column in columns))
    found = TensorsAccumulator(asked)
    for pair in pairs_of_sources(base, other, match):
        found.update(pair)
    return found.result()


def pairs_of_sources(
    base: Sequence[TensorSource], other: Sequence[TensorSource] | None, match: str | None = None
) -> list[Pair]:
    """Return the tensors of which rows are made, each with its partner in the other model."""
    if other is None:
        return [Pair(one, None, "") for one in base]
    return [
        pair
        for pair in pair_tensors(base, other)
        if pair.base or (pair.other and (not match or wildcard_match(match, pair.other.name)))
    ]


def _header_row(source: TensorSource, remark: str) -> tuple[Any, ...]:
    return source.name, "tensor", _shown(source.shape), source.dtype, source.size, remark


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def measure(pair: Pair, asked: Asked) -> TensorRecord:
    """Return what is asked of a tensor, holding no more than it."""
    source = pair.base or pair.other
    if source is None:
        raise InputError("a pair has no tensor")
    status, other = pair.status, pair.other.name if pair.base and pair.other else ""
    moments = MomentsOfTensor()
    empty = "" if source.size else "is empty"
    remark = source.remark or empty
    if remark:
        return TensorRecord(source, moments, remark, None, MappingProxyType({}), _told(status), other)
    compares = pair.base is not None and pair.other is not None and status != "reshaped"
    if compares and pair.other and pair.other.remark:
        compares, remark = False, f"there: {pair.other.remark}"
    moments, change = _go_through(source, pair.other if compares else None)
    if status == "paired" and change is not None and change.result().relative == 0.0:
        status = "same"
    if moments.infinite:
        count = moments.infinite
        remark = f"{count} {'entry is' if count == 1 else 'entries are'} nan or infinite, and left out"
        return TensorRecord(source, moments, remark, None, MappingProxyType({}), _told(status), other)
    found = moments.result()
    shape = source.matrix_shape
    spectral = None
    if asked.spectra and shape:
        spectral = spectrum(_Reread(source), shape, found.std, found.largest)
    errors = _quantization_errors(source, [f for f in asked.formats if fits(f, source.shape)], found.largest)
    return TensorRecord(source, moments, remark, spectral, errors, _told(status), other, change)


def _told(status: str) -> str:
    return "changed" if status == "paired" else status


def _go_through(
    source: TensorSource, other: TensorSource | None
) -> tuple[MomentsOfTensor, DifferenceOfTensors | None]:
    tree, changes = MergeTree(), MergeTree()
    there = other.blocks() if other else None
    for block in source.blocks():
        one = MomentsOfTensor()
        one.update(block)
        tree.add(one)
        if there is not None:
            change = DifferenceOfTensors()
            change.update(block, next(there))
            changes.add(change)
    return tree.merged(), changes.merged()


class _Reread:
    """Blocks that are read again each time they are gone through."""

    def __init__(self, source: TensorSource) -> None:
        self.source = source

    def __iter__(self) -> Iterator[Array]:
        """Iterate from the start."""
        if len(self.source.shape) == 2:
            return self.source.blocks()
        return iter([self.source.whole().reshape(self.source.shape[0], -1)])


def _quantization_errors(
    source: TensorSource, formats: Sequence[str], largest: float
) -> dict[str, DifferenceOfTensors]:
    if not formats:
        return {}
    trees = {form: MergeTree() for form in formats}
    for block in source.blocks():
        for form, tree in trees.items():
            error = DifferenceOfTensors()
            error.update(block, requantize(block, form, largest))
            tree.add(error)
    return {form: tree.merged() for form, tree in trees.items()}


class TensorsAccumulator:
    """An accumulator of what is known of tensors, in their order.

    >>> found = TensorsAccumulator(Asked())
    >>> for pair in pairs_of_sources(sources_of({"a": [3.0], "b": [4.0]}, "tensors"), None):
    ...     found.update(pair)
    >>> found.result().rms.tolist()
    [3.0, 4.0, 3.5355339059327378]
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.records: list[TensorRecord] = []

    def update(self, pair: Pair) -> None:
        """Go through a tensor, and its partner where it has one."""
        self.records.append(measure(pair, self.asked))

    def merge(self, other: Self) -> None:
        """Add the tensors of another accumulator, which follow."""
        if self.asked != other.asked:
            raise InputError("tensors of which other figures are asked for don't go together")
        self.records += other.records

    def result(self) -> Weights:
        """Return the rows of all tensors so far, of blocks of them, and of all together."""
        return tabulate(self.records, self.asked)

    def state(self) -> State:
        """Return all that is held, each field of the records as one array or several."""
        records, asked = self.records, self.asked
        texts = {field: state_of_texts(get(one) for one in records) for field, get in _TEXTS.items()}
        held: State = {
            "asked": np.array([asked.spectra, asked.compares, asked.moments]),
            "axes": np.array([len(one.source.shape) for one in records], np.int64),
            "sides": np.array([side for one in records for side in one.source.shape], np.int64),
        }
        errors = [one.errors[form] for one in records for form in asked.formats if form in one.errors]
        kept = [[form in one.errors for form in asked.formats] for one in records]
        changes = [one.change for one in records if one.change is not None]
        held["has_errors"] = np.array(kept, np.bool_).reshape(len(records), len(asked.formats))
        held["has_change"] = np.array([one.change is not None for one in records], np.bool_)
        return held | combine_states(
            formats=state_of_texts(asked.formats),
            moments=_stack(MomentsOfTensor, [one.moments for one in records]),
            errors=_stack(DifferenceOfTensors, errors),
            changes=_stack(DifferenceOfTensors, changes),
            spectra=_state_of_spectra([one.spectrum for one in records]),
            **texts,
        )

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state; its tensors have no entries to be read."""
        spectra, compares, moments = map(bool, state["asked"])
        formats = tuple(texts_of_state(part_of_state(state, "formats")))
        found = cls(Asked(spectra, formats, compares, moments))
        texts = {field: texts_of_state(part_of_state(state, field)) for field in _TEXTS}
        sides = iter(state["sides"].tolist())
        shapes = [tuple(next(sides) for _ in range(axes)) for axes in state["axes"].tolist()]
        parts = (
            iter(_unstack(kind, part_of_state(state, part)))
            for part, kind in (
                ("moments", MomentsOfTensor),
                ("errors", DifferenceOfTensors),
                ("changes", DifferenceOfTensors),
            )
        )
        each, errors, changes = parts
        spectrums = _spectra_of_state(part_of_state(state, "spectra"))
        rows = zip(shapes, spectrums, state["has_errors"], state["has_change"], *texts.values(), strict=True)
        for shape, one, has_errors, has_change, name, dtype, blank, remark, status, other in rows:
            found.records.append(
                TensorRecord(
                    TensorSource(name, shape, dtype, remark=blank),
                    next(each),
                    remark,
                    one,
                    {form: next(errors) for form, there in zip(formats, has_errors, strict=True) if there},
                    status,
                    other,
                    next(changes) if has_change else None,
                )
            )
        return found


_TEXTS: dict[str, Callable[[TensorRecord], str]] = {
    "name": lambda one: one.source.name,
    "dtype": lambda one: one.source.dtype,
    "unread": lambda one: one.source.remark,
    "remark": lambda one: one.remark,
    "status": lambda one: one.status,
    "other": lambda one: one.other,
}


def _stack(kind: Any, accumulators: Sequence[Any]) -> State:
    """Return the states of several accumulators of a kind, each array along a first axis."""
    states = [one.state() for one in accumulators]
    names = kind().state()
    return {name: np.array([one[name] for one in states]) for name in names}


def _unstack(kind: Any, state: Mapping[str, Any]) -> list[Any]:
    """Return the accumulators of which `_stack` made a state."""
    return [kind.of_state(dict(zip(state, row, strict=True))) for row in zip(*state.values(), strict=True)]


def _state_of_spectra(spectra: Sequence[Spectrum | None]) -> State:
    """Return the spectra of tensors as arrays; of a tensor without there are no singular values."""
    known = [one for one in spectra if one is not None]
    return {
        "counts": np.array([0 if one is None else len(one.values) for one in spectra], np.int64),
        "values": np.concatenate([np.zeros(0), *(one.values for one in known)]),
        "figures": np.array([one[1:] for one in known], np.float64),
    }


def _spectra_of_state(state: Mapping[str, Any]) -> list[Spectrum | None]:
    found: list[Spectrum | None] = []
    figures, start = iter(state["figures"].tolist()), 0
    for count in state["counts"].tolist():
        if not count:
            found.append(None)
            continue
        norm, stable, effective, ninety, most, energy, edge, beyond = next(figures)
        values = np.array(state["values"][start : start + count])
        found.append(
            Spectrum(values, norm, stable, effective, int(ninety), int(most), energy, edge, int(beyond))
        )
        start += count
    return found


def tabulate(records: Sequence[TensorRecord], asked: Asked) -> Weights:
    """Return the rows of tensors, of blocks of several, and of all together."""
    rows = [
        _row(one.source.name, "tensor", [one], asked, form)
        for one in records
        for form in asked.formats or ("",)
    ]
    mine = [one for one in records if one.status != "added"]
    for name, places in names_by_block([one.source.name for one in mine]).items():
        if 1 < len(places) < len(mine):
            group = [mine[k] for k in places]
            rows += [_row(name, "block", group, asked, form) for form in asked.formats or ("",)]
    if len(mine) > 1:
        rows += [_row(ALL_TENSORS, "all", mine, asked, form) for form in asked.formats or ("",)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Weights(**columns)


def _row(name: str, kind: str, group: Sequence[TensorRecord], asked: Asked, form: str) -> dict[str, Any]:
    first = group[0]
    row = dict(zip(HEADER_FIELDS, _header_row(first.source, first.remark), strict=True))
    if kind != "tensor":
        types = {one.source.dtype for one in group}
        row |= {"name": name, "kind": kind, "shape": "", "remark": ""}
        row |= {"dtype": types.pop() if len(types) == 1 else "mixed"}
        row |= {"parameters": sum(one.source.size for one in group)}
    row |= _moments_row(group)
    if asked.spectra:
        found = first.spectrum if kind == "tensor" else None
        row |= {key: getattr(found, key, math.nan) * 1.0 for key in SPECTRAL_FIELDS}
    if form:
        row |= _format_row(form, group)
        row["remark"] = row["remark"] or _format_remark(form, group)
    if asked.compares:
        row |= _change_row(group)
        row |= (
            {"status": "", "other": ""}
            if kind != "tensor"
            else {"status": first.status, "other": first.other}
        )
    return row


def _moments_row(group: Sequence[TensorRecord]) -> dict[str, float]:
    merged = _merged([one.moments for one in group])
    found = merged.result()
    return {
        "mean": found.mean,
        "std": found.std,
        "rms": found.rms,
        "rms_again": found.rms_again,
        "largest": found.largest,
        "outlier": found.largest / found.rms if found.rms else math.nan,
        "kurtosis": found.kurtosis,
        "sparsity": found.sparsity,
    }


def _change_row(group: Sequence[TensorRecord]) -> dict[str, float]:
    merged = _merged([one.change for one in group if one.change])
    found = merged.result() if merged else TensorDifference(math.nan, math.nan, math.nan)
    return {"relative_change": found.relative, "cosine": found.cosine, "max_change": found.largest}


def _format_row(form: str, group: Sequence[TensorRecord]) -> dict[str, Any]:
    taken = [one for one in group if form in one.errors]
    if not taken:
        return {"format": form, "bits": math.nan, "relative_error": math.nan, "snr_db": math.nan}
    bits = sum(bits_stored(form, one.source.shape) for one in taken)
    error = _merged([one.errors[form] for one in taken]).result().relative
    error = math.inf if math.isnan(error) else error  # beyond float32 or float16
    decibels = (
        -20.0 * math.log10(error) if 0.0 < error < math.inf else math.inf if error == 0.0 else -math.inf
    )
    size = sum(one.source.size for one in taken)
    return {"format": form, "bits": bits / size, "relative_error": error, "snr_db": decibels}


def _format_remark(form: str, group: Sequence[TensorRecord]) -> str:
    """Return which of some tensors have no error in a format, or nothing if all have."""
    left = sum(form not in one.errors for one in group)
    if left and len(group) > 1:
        return f"{form} of {len(group) - left} of {len(group)} tensors"
    return f"{form} has blocks of {GGUF_BLOCK}, which don't divide the last axis" if left else ""


def _merged(parts: Sequence[Any]) -> Any:
    tree = MergeTree()
    for one in parts:
        tree.add(type(one).of_state(one.state()))
    return tree.merged()
