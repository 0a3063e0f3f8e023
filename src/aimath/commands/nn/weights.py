"""The command weights."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    AskedFields,
    Dask,
    MaxMemory,
    MemoryLimit,
    Option,
    Part,
    Sharing,
    StateFile,
    TextArguments,
    Workers,
)
from aimath.cli.runner.share import Task
from aimath.errors import InputError
from aimath.read.blocks import check_budget
from aimath.report import CrossCheck, Line, Plot, Report, Table
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.nn import Asked, Pair, TensorSource
    from aimath.read.models.weight_files import WeightFiles

EXAMPLE = "aimath weights randn:64x64 --spectra"
MAX_CURVES, CURVE_POINTS = 6, 64
"""Spectra that are drawn together, and points of each."""
MOMENTS = ("rms", "outlier", "kurtosis", "sparsity")
SPECTRA = (
    *("spectral_norm", "noise_edge", "beyond_edge", "stable_rank", "effective_rank"),
    *("rank_90", "rank_99", "top_energy"),
)


def _read_files(words: list[str]) -> Callable[[int | None], WeightFiles]:
    """Return what reads the headers of the one file or folder that is named, within a memory limit."""
    if len(words) != 1 or not words[0]:
        why = f"takes one file of weights or a folder, not {len(words)}"
        hint = "give the other by --against" if len(words) == 2 else f"try {EXAMPLE}"
        raise InputError(why, hint=hint, usage=True)
    from aimath.read.models.weight_files import read_weights  # noqa: PLC0415  only for weights

    return lambda limit: read_weights(words[0], limit)


@command(
    example=EXAMPLE,
    answer="a row a tensor: rms, outliers, kurtosis; `--spectra`, `--quantize`, `--against`",
    quiz=("bits_a_weight",),
    after="params",
)
def weights(
    files: Annotated[
        Callable[[], Callable[[int | None], Any]],
        TextArguments(
            "A .safetensors, .npz or .gguf, or the folder of a model.", metavar="FILE|DIR", read=_read_files
        ),
    ],
    spectra: Annotated[
        bool, Option("--spectra", help="Singular values: norms, ranks, and what noise would have.")
    ] = False,
    quantize: Annotated[
        str,
        Option(
            "--quantize",
            help="Errors of q8_0, q4_0, int8, nf4, fp8_e4m3 or mxfp4.",
            metavar="A,B",
        ),
    ] = "",
    against: Annotated[
        str,
        Option("--against", help="Changes to another file or folder, from the first.", metavar="FILE|DIR"),
    ] = "",
    match: Annotated[
        str, Option("--match", help="Tensors whose name holds this; * is anything.", metavar="GLOB")
    ] = "",
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
    fields: AskedFields = (),
    workers: Workers = "",  # noqa: ARG001  they come as `share`
    part: Part = "",  # noqa: ARG001  the same
    state: StateFile = "",  # noqa: ARG001  the same
    dask: Dask = "",  # noqa: ARG001  the same
    share: Sharing = None,
) -> Report:
    """Look into a model's weights, a row a tensor.

    rms = sqrt(sum w^2 / n); outlier = largest / rms; excess kurtosis is 0 of a normal distribution.
    Then blocks, to the first number in a name, and all tensors. --fields name,shape,dtype reads no numbers.
    Singular values take about 4 n^2 (m + 2n) operations a matrix: a minute of a core for 8192x8192.
    """
    from aimath.core import nn as core

    formats = _formats(quantize)
    found = files()(memory)
    tensors = core.select_tensors(found.tensors, match or None)
    asked = core.Asked(spectra, formats, bool(against), not (fields and set(fields) <= {*core.HEADER_FIELDS}))
    if spectra and asked.moments:
        _price_spectra(tensors, memory)
    there = _read_other(against, memory) if against else None
    others = there.tensors if there else None
    if asked.moments:
        pairs = core.pairs_of_sources(tensors, others, match or None)
        result = share.learn(_task(pairs, asked, found.path, against, memory)).result()
    else:
        result = core.weights_of_sources(tensors, others, asked, match or None)
    troubled = sum(bool(text) for text in result.remark)
    return Report(
        result,
        show=_shown_fields(asked, troubled=bool(troubled)),
        steps=_steps(asked),
        plot=_plots(asked),
        notes=(*found.notes, *(there.notes if there else ())),
        drawn=(lambda: _curves(tensors)) if spectra else None,
    )


def _task(pairs: Sequence[Pair], asked: Asked, path: str, against: str, memory: int | None) -> Task:
    """Return what is to be learnt of pairs of tensors, each a unit."""
    from aimath.core import nn as core

    def name(unit: int) -> str:
        known = pairs[unit].base or pairs[unit].other
        return quote(known.name) if known else ""

    def learn(unit: int) -> Any:
        one = core.TensorsAccumulator(asked)
        one.update(pairs[unit])
        return one

    names = [
        (base.name if base else None, other.name if other else None, status) for base, other, status in pairs
    ]
    of_state = core.TensorsAccumulator.of_state
    return Task(len(pairs), learn, _learn_pairs, (path, against, asked, memory, names), of_state, name)


def _learn_pairs(
    path: str,
    against: str,
    asked: Asked,
    memory: int | None,
    names: Sequence[tuple[str | None, str | None, str]],
) -> Callable[[int], Any]:
    """Return what learns of pairs of tensors, by the files that they are in."""
    from aimath.core import nn as core
    from aimath.read.models.weight_files import read_weights  # noqa: PLC0415  only for weights

    base, other = (
        {one.name: one for one in read_weights(file, memory).tensors} if file else {}
        for file in (path, against)
    )

    def learn(unit: int) -> Any:
        one = core.TensorsAccumulator(asked)
        first, second, status = names[unit]
        one.update(
            core.Pair(
                None if first is None else base[first], None if second is None else other[second], status
            )
        )
        return one

    return learn


def _formats(text: str) -> tuple[str, ...]:
    from aimath.core import nn as core

    names = [name.strip().lower() for name in text.split(",")] if text else []
    try:
        return core.check_formats(names)
    except InputError as error:
        raise error.within("--quantize") from None


def _read_other(path: str, memory: int | None) -> WeightFiles:
    from aimath.read.models.weight_files import read_weights  # noqa: PLC0415  only for weights

    return read_weights(path, memory)


def _price_spectra(tensors: Sequence[TensorSource], memory: int | None) -> None:
    """Raise InputError if a matrix and its Gram matrix don't fit."""
    for one in tensors:
        if (sides := one.matrix_shape) and not one.remark:
            m, n = sides
            held = 2 * prod(sides) if m <= n or len(one.shape) > 2 else 0
            what = f"the spectrum of {quote(one.name)}, {m} x {n},"
            check_budget(8 * (held + 4 * min(m, n) ** 2), what, memory, alternative="--match")


def _shown_fields(asked: Any, *, troubled: bool) -> tuple[str, ...]:
    shown = ["name", "shape", "dtype"]
    if not asked.moments:
        return (*shown, "parameters")
    if asked.compares:
        shown += ["status", "relative_change", "cosine", "max_change"]
    if asked.formats:
        shown += ["format", "bits", "relative_error", "snr_db"]
    if not (asked.compares or asked.formats):
        shown += ["parameters", *MOMENTS]
    return (*shown, *(SPECTRA if asked.spectra else ()), *(["remark"] if troubled else []))


def _steps(asked: Any) -> tuple[Any, ...]:
    if not asked.moments:
        return ()
    lines: list[Any] = [
        Line("rms = √(Σ w² / n)      outlier = largest / rms      kurtosis = Σ (w - mean)⁴ / (n · std⁴) - 3"),
        Table((("n", "{parameters}"), *((name, f"{{{name}}}") for name in MOMENTS)), names="name"),
    ]
    if asked.formats:
        lines.append(Line(" error = ‖w' - w‖ / ‖w‖ of w' that comes back      SNR = -20 log10 of it, in dB"))
        columns: tuple[tuple[str, str], ...] = (
            ("format", "{format}"),
            ("bits", "{bits}"),
            ("error", "{relative_error}"),
            ("SNR", "{snr_db}"),
        )
        lines.append(Table(columns, names="name"))
    if asked.compares:
        lines.append(Line(" change = ‖other - W‖ / ‖W‖"))
        columns = (("change", "{relative_change}"), ("cosine", "{cosine}"), ("largest", "{max_change}"))
        lines.append(Table(columns, names="name"))
    if asked.spectra:
        lines.append(Line(" stable rank = ‖W‖² / s_1²      edge of noise = std · (√m + √n)"))
        columns = (
            ("s_1", "{spectral_norm}"), ("edge", "{noise_edge}"), ("beyond", "{beyond_edge}"),
            ("stable rank", "{stable_rank}"), ("effective", "{effective_rank}"), ("for 90 %", "{rank_90}"),
            ("for 99 %", "{rank_99}"), ("in 1 %", "{top_energy}"),
        )  # fmt: skip
        lines.append(Table(columns, names="name"))
    return (*lines, CrossCheck("rms as √(mean² + variance): {alternative}"))


def _plots(asked: Any) -> tuple[Plot, ...]:
    if asked.spectra:
        return (
            Plot(
                "curves", "direction", "curve", axes=("share", "s / s_1"), log_y=True,
                series="curve_names",
            ),
        )  # fmt: skip
    y = "relative_error" if asked.formats else "relative_change" if asked.compares else "rms"
    return (Plot(y if asked.moments else "parameters", "name"),)


def _curves(tensors: Sequence[TensorSource]) -> dict[str, Any]:
    """Return the singular values over the largest, of the first matrices, at shares of the directions."""
    import numpy as np

    from aimath.core.linalg import gram_matrix, gram_values

    names: list[str] = []
    curves = []
    for one in tensors:
        if one.remark or not (sides := one.matrix_shape) or len(names) == MAX_CURVES:
            continue
        whole = one.whole().reshape(sides)
        size = float(np.abs(whole).max())
        values = gram_values(gram_matrix([whole / (size or 1.0)], sides))
        places = np.linspace(0.0, 1.0, len(values))
        at = np.interp(np.linspace(0.0, 1.0, CURVE_POINTS), places, values / (values[0] or 1.0))
        names.append(one.name)
        curves.append(np.where(at > 1e-8, at, np.nan))
    return {
        "curves": np.array(curves),
        "direction": np.linspace(0.0, 1.0, CURVE_POINTS),
        "curve_names": names,
    }
