"""LoRA: parameter counts of adapters, and the rank that an update of weights needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self, overload

import numpy as np

from aimath.core.linalg._adapters import LoraFactors
from aimath.core.linalg.decompositions import _svd as _svd
from aimath.core.linalg.decompositions._spectrum import SAFE_SHARE, gram_matrix, gram_values, unit_power
from aimath.core.linalg.decompositions._svd import check_ranks
from aimath.core.numerics.accumulators import (
    combine_states,
    part_of_state,
    state_of_texts,
    texts_of_state,
)
from aimath.core.numerics.arrays import Check, as_matrix, as_vectors, format_shape
from aimath.core.numerics.forms import select_form
from aimath.core.numerics.types import EPS, Array
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import (
        Matrix,
        RankPerShare,
        RowCounts,
        Rows,
        RowScalars,
        Scalar,
        Shares,
        SingularValues,
    )

    Counts = NDArray[np.int64]
    Weights = ArrayLike | Mapping[str, ArrayLike]

DECIDED = 1e-12
"""Shares of energy that a Gram matrix leaves so near to what is asked are computed by an SVD."""
MAX_SIDE = 10**9
"""No side of a matrix is longer: so every count fits in 64 bits."""


class Lora(NamedTuple):
    """Parameter counts of low-rank factors (m, r) and (r, n) beside the matrix (m, n)."""

    m: int
    n: int
    rank: int  # r
    parameters: int  # r (m + n), those that are trained
    full: int  # m n
    percent_of_full: float  # 100 parameters / full
    percent_of_total: float  # 100 parameters / (full + parameters), as peft counts: both are in memory
    break_even_rank: float  # m n / (m + n): below it the factors are smaller than the matrix

    @property
    def saved(self) -> int:
        """How many numbers fewer are trained; negative above the break-even rank."""
        return self.full - self.parameters

    @property
    def times_smaller(self) -> float:
        """How many times as many numbers the matrix has."""
        return self.full / self.parameters

    def check(self) -> Check:
        """Return percent_of_full beside 100 · rank / break-even rank."""
        return Check(np.asarray(self.percent_of_full), np.asarray(100.0 * self.rank / self.break_even_rank))


@overload
def lora(base: None = None, tuned: None = None, *, shape: Sequence[int], rank: int = ...) -> Lora: ...
@overload
def lora(base: Weights, tuned: Weights, *, energy: ArrayLike = ...) -> LoraRanks: ...
def lora(
    base: Weights | None = None,
    tuned: Weights | None = None,
    *,
    shape: Sequence[int] | None = None,
    rank: int = 8,
    energy: ArrayLike = (0.9, 0.99),
) -> Lora | LoraRanks:
    """Return the number of trainable parameters of a LoRA adapter, or the rank that an update needs.

    Of a matrix (m, n) parameters = rank (m + n), of m n. A rank above min(m, n) is refused (peft
    accepts it): such factors hold nothing that a smaller rank can't. Of base and tuned weights, a
    matrix each or matrices by name: the least rank that keeps a share `energy` of each one's change,
    and the one that all may share. Hu et al. (2021).

    >>> lora(shape=(768, 768), rank=16)[3:6]
    (24576, 589824, 4.166666666666667)
    >>> lora([[0, 0], [0, 0]], [[3, 0], [0, 4]], energy=[0.6, 1]).rank.tolist()
    [1, 2]
    """
    if select_form({"shape": shape}, {"base": base, "tuned": tuned}) == "base":
        pairs = _matching_tensors(base, tuned)
        return lora_ranks((name, lora_update(before, after, energy)) for name, before, after in pairs)
    return _count_parameters(shape, rank)


def _matching_tensors(base: Any, tuned: Any) -> Iterator[tuple[str, Any, Any]]:
    if not isinstance(base, Mapping):
        return iter([("update", base, tuned)])
    if base.keys() != tuned.keys():
        name = min(base.keys() ^ tuned.keys())
        raise InputError(f"{name} is among the one weights and not the other", operand="tuned")
    return ((name, base[name], tuned[name]) for name in base)


def _count_parameters(shape: Any, rank: int) -> Lora:
    if len(shape) != 2 or not all(1 <= int(side) <= MAX_SIDE for side in shape):
        sides = "x".join(map(str, shape))
        raise InputError(f"a shape is two sides from 1 to {MAX_SIDE}, not {sides}", operand="shape")
    m, n, r = int(shape[0]), int(shape[1]), int(rank)
    full, parameters = m * n, r * (m + n)
    try:
        check_ranks(r, (m, n))
    except InputError as error:
        error.hint = f"factors save numbers below rank {full / (m + n):g}"
        raise
    total = full + parameters
    # Python divides whole numbers of any length with one rounding.
    return Lora(m, n, r, parameters, full, 100 * parameters / full, 100 * parameters / total, full / (m + n))


class LoraUpdate(NamedTuple):
    """The rank of a fine-tuning update of a matrix (m, n)."""

    base: Matrix
    tuned: Matrix
    energy: Shares  # shares of the squared norm of the update, 0 .. 1
    ranks: RankPerShare  # smallest rank that keeps so much of tuned - base; 0 if nothing changed
    left: SingularValues  # share of the squared norm that each rank leaves, from rank 0
    update: float  # Frobenius norm of tuned - base
    relative_update: float  # over the norm of base; inf if that is 0
    stable_rank: float  # update² / s_1²

    @property
    def singular_values(self) -> SingularValues:
        """The singular values of tuned - base, by an SVD each time."""
        return np.asarray(np.linalg.svd(self.tuned - self.base, compute_uv=False))

    @property
    def effective_rank(self) -> Scalar:
        """exp(entropy of the singular values' shares)."""
        return _svd.effective_rank(self.singular_values)

    @property
    def numerical_rank(self) -> int:
        """Singular values beyond float64's rounding; float32 weights have noise above it."""
        return _svd.numerical_rank(self.singular_values, (len(self.base), self.base.shape[1]))

    @property
    def parameters(self) -> RankPerShare:
        """Numbers in the factors of those ranks."""
        return np.asarray(self.ranks * sum(self.base.shape))

    @property
    def kept(self) -> SingularValues:
        """Share of the squared norm that each rank keeps, from rank 0."""
        return 1.0 - tail_energy(self.singular_values)

    @property
    def entries(self) -> float:
        """The norm of tuned - base again, from its entries."""
        return frobenius_norm(self.tuned - self.base)

    def check(self) -> Check:
        """Return the norm of the update from singular values beside that from entries."""
        return Check(np.asarray(self.update), np.asarray(self.entries))


def lora_update(base: ArrayLike, tuned: ArrayLike, energy: ArrayLike = (0.9, 0.99)) -> LoraUpdate:
    """Return the rank that an adapter needs for the change from base to tuned weights.

    The smallest r with s_1² + ... + s_r² >= energy (s_1² + s_2² + ...), of the singular values of
    tuned - base: no adapter of a smaller rank keeps as much (Eckart and Young 1936). The squares are
    eigenvalues of the smaller Gram matrix, where these tell one rank from the next.

    >>> lora_update([[1, 0], [0, 1]], [[1, 3], [0, 5]], [0.9, 1]).ranks
    array([1, 1])
    """
    before, after, shares = as_matrix(base, "base"), as_matrix(tuned, "tuned"), as_vectors(energy, "energy")
    if before.shape != after.shape:
        raise InputError(
            f"base is {format_shape(before)} and tuned is {format_shape(after)}: they must be equal"
        )
    fine = (shares > 0.0) & (shares <= 1.0)
    if not fine.all():
        raise InputError(
            "{operand} must be above 0 and at most 1, not {value:g}", operand="energy", value=shares[~fine][0]
        )
    with np.errstate(over="ignore"):
        change = after - before
    size = float(max(change.max(), -change.min()))
    if not size < math.inf:
        raise InputError("tuned - base is beyond float64", operand="tuned")
    s = _deciding_values(change, size, shares)
    largest = float(s[0])
    norm = largest * float(np.linalg.norm(s / (largest or 1.0)))
    whole = frobenius_norm(before)
    return LoraUpdate(
        before,
        after,
        shares,
        ranks_for_energy(tail_energy(s), shares),
        tail_energy(s),
        norm,
        relative_norm(norm, whole),
        _svd.stable_rank(norm, largest),
    )


def _deciding_values(change: Array, size: float, shares: Array) -> Array:
    """Return singular values whose squares have the digits that shares of energy ask for.

    By a Gram matrix, or by an SVD where a share is all but 1, or rounding might decide a rank. `size`
    is the largest entry's.
    """
    if shares.max() <= 1.0 - SAFE_SHARE:
        power = unit_power(size)
        unit = np.ldexp(change, -power) if power else change
        values = gram_values(gram_matrix([unit], unit.shape))
        gaps = np.abs(tail_energy(values) - (1.0 - shares[:, np.newaxis]))
        if gaps.min() > DECIDED:
            return np.asarray(np.ldexp(values, power) if power else values)
    return np.asarray(np.linalg.svd(change, compute_uv=False))


def frobenius_norm(x: Array) -> float:
    """Return the Frobenius norm of a matrix whose squares may leave float64.

    >>> frobenius_norm(np.array([[3e200, 0.0]]))
    3e+200
    """
    size = float(max(x.max(), -x.min()))
    norm = float(np.linalg.norm(x)) if 1e-100 < size < 1e100 else 0.0
    return norm or size * float(np.linalg.norm(x / (size or 1.0)))


def relative_norm(update: float, base: float) -> float:
    """Return the relative norm update / base: inf over 0, 0 for no update."""
    return update / base if base else math.inf if update else 0.0


def tail_energy(values: Array) -> Array:
    """Return the share of energy beyond each number of values kept, (k + 1,) from 1 to 0.

    >>> tail_energy(np.array([4.0, 3.0])).tolist()
    [1.0, 0.36, 0.0]
    """
    squares = np.square(values / (float(values[0]) or 1.0))
    left = np.append(np.cumsum(squares[::-1])[::-1], 0.0)
    return np.asarray(left / (left[0] or 1.0))


def ranks_for_energy(tail_energies: Array, energy: Array) -> NDArray[np.int64]:
    """Return the smallest ranks that keep shares `energy` (e,) of the energy.

    >>> ranks_for_energy(tail_energy(np.array([4.0, 3.0])), np.array([0.6, 1.0])).tolist()
    [1, 2]
    """
    # A share of exactly 1 asks for all but rounding.
    allowed = np.maximum(1.0 - energy, len(tail_energies) * EPS**2)
    return np.asarray(np.argmax(tail_energies <= allowed[:, np.newaxis], axis=1))


ALL_TENSORS = "all tensors"


class LoraRanks(NamedTuple):
    """A row a tensor and share of energy, the tensors together last: the adapter that its update needs."""

    tensor: Rows  # names
    shape: Rows  # as 768x768; empty for the tensors together
    energy: RowScalars  # share of the update's squared norm that is kept, 0 .. 1
    rank: RowCounts  # the smallest that keeps it; together: the smallest that all tensors may share
    parameters: RowCounts  # numbers in the factors
    full: RowCounts  # numbers in the tensors
    percent_of_full: RowScalars  # 100 parameters / full
    percent_of_total: RowScalars  # 100 parameters / (full + parameters), as peft counts
    break_even_rank: RowScalars  # m n / (m + n): below it factors are smaller; together: full / Σ (m + n)
    update: RowScalars  # Frobenius norm of tuned - base
    relative_update: RowScalars  # over the norm of base; inf if that is 0
    entries: RowScalars  # the norm of tuned - base again, from its entries

    def check(self) -> Check:
        """Return the norms of the updates from singular values beside those from entries."""
        return Check(self.update, self.entries, scale=self.update.max())


class _TensorUpdate(NamedTuple):
    name: str
    shape: tuple[int, int]
    tail_energy: Array  # (min(m, n) + 1,) share of the squared norm that each rank leaves, from rank 0
    ranks: list[int]  # for each energy
    norms: tuple[float, float, float]  # of the update by singular values, by entries; of the base


class LoraRanksAccumulator:
    """An accumulator of the ranks that updates of tensors need: of each only its singular values are kept.

    >>> found = LoraRanksAccumulator()
    >>> found.update("w", lora_update([[0, 0], [0, 0]], [[3, 0], [0, 4]], [0.6, 1]))
    >>> found.result().rank.tolist()
    [1, 2]
    """

    def __init__(self) -> None:
        self.energy = np.zeros(0)
        self.factors: dict[str, LoraFactors] = {}  # of the tensors of which they were asked for
        self._tensors: list[_TensorUpdate] = []

    def update(self, name: str, update: LoraUpdate, factors: LoraFactors | None = None) -> None:
        """Add the update of a tensor, with the factors of an adapter for it where they are wanted."""
        self._check_energy(update.energy)
        self._tensors.append(_summarize(name, update))
        if factors is not None:
            self.factors[name] = factors

    def _check_energy(self, energy: Array) -> None:
        if not self._tensors:
            self.energy = energy
        if not np.array_equal(self.energy, energy):
            raise InputError("updates of which other shares are asked for don't go together")

    def merge(self, other: Self) -> None:
        """Add the tensors of another accumulator, which follow."""
        if other._tensors:
            self._check_energy(other.energy)
            self._tensors += other._tensors
            self.factors |= other.factors

    def result(self) -> LoraRanks:
        """Return the rank that each update needs, and the one that serves all."""
        tensors = self._tensors
        if not tensors:
            raise InputError("there are no tensors to compare")
        each = [(t, e, r) for t in tensors for e, r in zip(self.energy.tolist(), t.ranks, strict=True)]
        rows = [_table_row(t.name, "x".join(map(str, t.shape)), [t], e, rank) for t, e, rank in each]
        if len(tensors) > 1:
            shared = zip(self.energy.tolist(), _shared_ranks(tensors, self.energy).tolist(), strict=True)
            rows += [_table_row(ALL_TENSORS, "", tensors, e, rank) for e, rank in shared]
        return LoraRanks(*(np.array(column) for column in zip(*rows, strict=True)))

    def state(self) -> State:
        """Return all that is held."""
        tensors = self._tensors
        factors = {f"factors{k}": one._asdict() for k, one in enumerate(self.factors.values())}
        held: State = {
            "energy": self.energy.copy(),
            "shapes": np.array([t.shape for t in tensors], np.int64).reshape(-1, 2),
            "ranks": np.array([t.ranks for t in tensors], np.int64),
            "norms": np.array([t.norms for t in tensors], np.float64).reshape(-1, 3),
            "tail_energies": np.concatenate([np.zeros(0), *(t.tail_energy for t in tensors)]),
        }
        return held | combine_states(
            names=state_of_texts(t.name for t in tensors), adapted=state_of_texts(self.factors), **factors
        )

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls()
        found.energy = np.array(state["energy"])
        names = texts_of_state(part_of_state(state, "names"))
        shapes = [(int(m), int(n)) for m, n in state["shapes"]]
        ends = np.cumsum([min(shape) + 1 for shape in shapes], dtype=np.int64)
        tails = np.split(np.array(state["tail_energies"]), ends[:-1]) if shapes else []
        ranks, norms = state["ranks"].tolist(), map(tuple, state["norms"].tolist())
        found._tensors = [_TensorUpdate(*one) for one in zip(names, shapes, tails, ranks, norms, strict=True)]
        for k, name in enumerate(texts_of_state(part_of_state(state, "adapted"))):
            part = part_of_state(state, f"factors{k}")
            found.factors[name] = LoraFactors(np.array(part["B"]), np.array(part["A"]))
        return found


def lora_ranks(updates: Iterable[tuple[str, LoraUpdate]]) -> LoraRanks:
    """Return the rank that each update of a set needs, and the one rank that serves all.

    Per tensor as in `lora_update`. Together: the smallest r for which adapters of rank r on every
    tensor (no more than its own sides allow) keep the share of the summed squared norms. Of an
    update that is gone through only its singular values are kept.

    >>> from aimath.core.linalg._lora import lora_update
    >>> one = lora_update([[0, 0], [0, 0]], [[3, 0], [0, 4]], [0.6, 1])
    >>> lora_ranks([("w", one)]).rank.tolist()
    [1, 2]
    """
    found = LoraRanksAccumulator()
    for name, update in updates:
        found.update(name, update)
    return found.result()


def _summarize(name: str, update: LoraUpdate) -> _TensorUpdate:
    return _TensorUpdate(
        name,
        update.base.shape,
        update.left,
        update.ranks.tolist(),
        (update.update, update.entries, frobenius_norm(update.base)),
    )


def _shared_ranks(tensors: list[_TensorUpdate], shares: Array) -> Counts:
    """Return the smallest rank for each share of energy at which all tensors together keep it."""
    largest = max(t.norms[0] for t in tensors) or 1.0
    left = np.zeros(max(len(t.tail_energy) for t in tensors))
    for t in tensors:
        left[: len(t.tail_energy)] += t.tail_energy * (t.norms[0] / largest) ** 2
    return ranks_for_energy(left / (left[0] or 1.0), shares)


def _table_row(
    name: str, shape: str, tensors: list[_TensorUpdate], energy: float, rank: int
) -> tuple[Any, ...]:
    full = sum(m * n for m, n in (t.shape for t in tensors))
    sides = sum(m + n for m, n in (t.shape for t in tensors))
    parameters = sum(min(rank, *t.shape) * sum(t.shape) for t in tensors)
    update, entries, base = (float(np.hypot.reduce([t.norms[k] for t in tensors])) for k in range(3))
    return (
        name,
        shape,
        energy,
        rank,
        parameters,
        full,
        100 * parameters / full,
        100 * parameters / (full + parameters),
        full / sides,
        update,
        relative_norm(update, base),
        entries,
    )
