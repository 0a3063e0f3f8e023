"""Accumulators: what is learnt of rows in one pass, block by block, and of parts that are merged.

However rows are cut in blocks, and in whatever order parts are merged, the moments and the quantiles are
the same to the last bit: moments are kept as integers, which add without rounding, and the cells of the
quantiles depend on the values alone.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np

from aimath.core.numerics.cells import MAX_DISTINCT, Cells
from aimath.core.numerics.exact import divide_rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array, Indices

    State = dict[str, NDArray[Any]]


class Accumulator(Protocol):
    """What is learnt of rows: `update` with blocks, `merge` with other parts, then `result`.

    `state` is all that it holds as arrays by name, and `of_state` the accumulator that holds it: a part
    may be written by one process and merged by another.
    """

    @property
    def update(self) -> Callable[..., None]:
        """Add a block of rows, in as many arrays as the accumulator is about."""
        ...

    def merge(self, other: Self) -> None:
        """Add what another accumulator learnt of other rows."""

    def result(self) -> Any:
        """Return what is known of all rows so far."""

    def state(self) -> State:
        """Return all that is held, as arrays by name."""
        ...

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        ...


def combine_states(**states: Mapping[str, Any]) -> State:
    """Return the states of several parts as one, each name behind that of its part.

    >>> combine_states(a={"count": 1}, b={"count": 2})
    {'a.count': 1, 'b.count': 2}
    """
    return {f"{part}.{name}": array for part, state in states.items() for name, array in state.items()}


def part_of_state(state: Mapping[str, Any], part: str) -> State:
    """Return the state of one part of those that `combine_states` joined."""
    head = f"{part}."
    size = len(head)
    return {name[size:]: array for name, array in state.items() if name.startswith(head)}


def state_of_texts(texts: Iterable[str]) -> State:
    """Return texts as the bytes of their UTF-8 and how many each has.

    >>> {name: array.tolist() for name, array in state_of_texts(["a", "é"]).items()}
    {'bytes': [97, 195, 169], 'lengths': [1, 2]}
    """
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return {
        "bytes": np.frombuffer(b"".join(encoded), np.uint8).copy(),
        "lengths": np.array([len(one) for one in encoded], np.int64),
    }


def texts_of_state(state: Mapping[str, Any]) -> list[str]:
    """Return the texts that `state_of_texts` made arrays of."""
    data, ends = np.asarray(state["bytes"], np.uint8).tobytes(), np.cumsum(state["lengths"]).tolist()
    return [
        data[start:end].decode("utf-8", "surrogatepass") for start, end in zip([0, *ends], ends, strict=False)
    ]


class Node(NamedTuple):
    """What is learnt of units index * 2^level to (index + 1) * 2^level - 1."""

    level: int
    index: int  # type: ignore[assignment]  # a tuple's method of this name is not missed
    accumulator: Any

    @property
    def start(self) -> int:
        """The first unit."""
        return self.index << self.level

    @property
    def stop(self) -> int:
        """The unit behind the last."""
        return (self.index + 1) << self.level


class MergeTree:
    """Accumulators of units first, first + 1, ... merged as a binary counter counts: always two of as many.

    Units from any number on make the same nodes as they do among all: so what is rounded in a merge is
    rounded in the same way whoever made the accumulators, and however the units were divided.

    >>> tree = MergeTree()
    >>> for unit in ([1.0], [2.0], [6.0]):
    ...     one = MomentsAccumulator(1)
    ...     one.update(unit)
    ...     tree.add(one)
    >>> tree.merged().result().means.tolist()
    [3.0]
    """

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self._nodes: list[Node] = []

    @property
    def stop(self) -> int:
        """The number of the next unit."""
        return self._nodes[-1].stop if self._nodes else self.first

    def add(self, accumulator: Any) -> None:
        """Add the accumulator of the next unit, which may be changed."""
        self.add_node(Node(0, self.stop, accumulator))

    def add_node(self, node: Node) -> None:
        """Add the node of the next units, as another tree made it."""
        if node.start != self.stop:
            raise ValueError(f"units from {node.start} on can't follow those up to {self.stop}")
        level, index, accumulator = node
        while self._nodes and self._nodes[-1][:2] == (level, index - 1) and index % 2:
            before = self._nodes.pop().accumulator
            before.merge(accumulator)
            level, index, accumulator = level + 1, index // 2, before
        self._nodes.append(Node(level, index, accumulator))

    def add_states(self, nodes: Iterable[tuple[int, int, State]], restore: Callable[[State], Any]) -> Self:
        """Add nodes (level, index, state), and return the tree; `restore` makes an accumulator of a state."""
        for level, index, state in nodes:
            self.add_node(Node(level, index, restore(state)))
        return self

    def nodes(self) -> tuple[Node, ...]:
        """Return the largest nodes that the units so far make."""
        return tuple(self._nodes)

    def merged(self) -> Any:
        """Return one accumulator of all units so far, None of none; the tree is at its end then."""
        while len(self._nodes) > 1:
            last = self._nodes.pop()
            self._nodes[-1].accumulator.merge(last.accumulator)
        return self._nodes[0].accumulator if self._nodes else None


MANTISSA_BITS, LOW_BITS = 53, 27
"""Bits of a float64, and of the lower of the two parts that it is cut in."""
LEAST_EXPONENT = -1126
"""All float64 are integers times two to this; their squares are times two to twice this."""
CHUNK = 1 << 18
"""Numbers that are taken apart at a time."""
SLICE_BITS, MAX_SLICES = 17, 6
"""Products of slices of so many bits add up exactly, CHUNK of them; more slices take too long."""
MIN_COLUMN = 64
"""Rows from which it is faster to go through a block column by column."""


class ColumnMoments(NamedTuple):
    """Counts, exact sums and extremes of columns, without what is missing."""

    counts: Sequence[int]
    sums: Sequence[int]  # Σx / 2^LEAST_EXPONENT
    squares: Sequence[int]  # Σx² / 4^LEAST_EXPONENT
    below: Sequence[int]  # how often -inf
    above: Sequence[int]  # how often inf
    min: Array  # (c,) nan where nothing is counted
    max: Array  # (c,)

    @property
    def means(self) -> Array:
        """The mean (c,) rounded once; inf beside an infinity, nan of nothing or of both infinities."""
        return np.array([self._mean(k) for k in range(len(self.counts))], np.float64)

    def _mean(self, k: int) -> float:
        if self.above[k] or self.below[k]:
            return math.nan if self.above[k] and self.below[k] else math.copysign(math.inf, self.above[k] - 1)
        if not self.counts[k]:
            return math.nan
        return divide_rounded(self.sums[k], self.counts[k] << -LEAST_EXPONENT)

    def variances(self, ddof: float = 0.0) -> Array:
        """Return Σ(x - mean)² / (n - ddof) (c,) rounded once; nan of too few, and beside an infinity."""
        return np.array([self._variance(k, ddof) for k in range(len(self.counts))], np.float64)

    def _variance(self, k: int, ddof: float) -> float:
        n = self.counts[k]
        if not n > ddof or self.above[k] or self.below[k]:
            return math.nan
        left = Fraction(n) - Fraction(ddof)
        spread = n * self.squares[k] - self.sums[k] ** 2
        return divide_rounded(spread * left.denominator, (n * left.numerator) << -2 * LEAST_EXPONENT)

    def standard_errors(self) -> Array:
        """Return s / √n (c,) with the s of n - 1; nan of fewer than two."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt(self.variances(1.0) / np.array(self.counts, np.float64))


class MomentsAccumulator:
    """An accumulator of counts, means, variances and extremes of columns; nan is missing.

    >>> moments = MomentsAccumulator(2)
    >>> for block in ([[1e16, 2]], [[1, 4], [-1e16, np.nan]]):
    ...     moments.update(block)
    >>> moments.result().means.tolist(), moments.result().counts
    ([0.3333333333333333, 3.0], (3, 2))
    """

    def __init__(self, columns: int) -> None:
        self._sums, self._squares = [0] * columns, [0] * columns
        self._tallies = np.zeros((3, columns), np.int64)  # finite, -inf, inf
        self._min, self._max = np.full(columns, np.nan), np.full(columns, np.nan)

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self._sums)

    def update(self, block: ArrayLike) -> None:
        """Add rows (r, c), or numbers (r,) of the one column."""
        rows = np.asarray(block, np.float64)
        rows = rows[:, np.newaxis] if rows.ndim == 1 else rows
        for k in range(0, len(rows), max(1, CHUNK // rows.shape[1])):
            self._update_chunk(rows[k : k + max(1, CHUNK // rows.shape[1])])

    def _update_chunk(self, rows: Array) -> None:
        finite = np.isfinite(rows)
        self._tallies += [finite.sum(axis=0), (rows == -np.inf).sum(axis=0), (rows == np.inf).sum(axis=0)]
        self._min = np.fmin(self._min, np.fmin.reduce(rows, axis=0)) + 0.0  # never -0
        self._max = np.fmax(self._max, np.fmax.reduce(rows, axis=0)) + 0.0
        if len(rows) < MIN_COLUMN:
            column = np.broadcast_to(np.arange(rows.shape[1]), rows.shape)[finite]
            self._add(_sums_by_exponent(rows[finite], column))
            return
        for k in range(rows.shape[1]):
            x = np.ascontiguousarray(rows[:, k]) if finite[:, k].all() else rows[finite[:, k], k]
            found = _sums_of_slices(x, k) if x.size else []
            if found is None:  # the numbers are too far apart
                found = _sums_by_exponent(x, np.full(x.size, k, np.intp))
            self._add(found)

    def _add(self, found: Iterable[tuple[int, int, int, int]]) -> None:
        for k, shift, total, square in found:
            self._sums[k] += total << shift
            self._squares[k] += square << 2 * shift

    def merge(self, other: Self) -> None:
        """Add the moments of other rows."""
        self._sums = [a + b for a, b in zip(self._sums, other._sums, strict=True)]
        self._squares = [a + b for a, b in zip(self._squares, other._squares, strict=True)]
        self._tallies += other._tallies
        self._min, self._max = np.fmin(self._min, other._min), np.fmax(self._max, other._max)

    def result(self) -> ColumnMoments:
        """Return the moments of all rows so far."""
        finite, below, above = self._tallies.tolist()
        counts = tuple(map(sum, zip(finite, below, above, strict=True)))
        sums, squares = tuple(self._sums), tuple(self._squares)
        return ColumnMoments(counts, sums, squares, tuple(below), tuple(above), self._min, self._max)

    def state(self) -> State:
        """Return all that is held, integers as their bytes."""
        return {
            "sums": _to_bytes(self._sums),
            "squares": _to_bytes(self._squares),
            "tallies": self._tallies.copy(),
            "extremes": np.stack((self._min, self._max)),
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls(len(state["sums"]))
        found._sums, found._squares = _of_bytes(state["sums"]), _of_bytes(state["squares"])
        found._tallies = np.array(state["tallies"])
        found._min, found._max = np.array(state["extremes"])
        return found


def _sums_of_slices(x: Array, column: int) -> list[tuple[int, int, int, int]] | None:
    """Return (column, shift, Σx, Σx²) of up to CHUNK finite numbers, or None if they are too far apart.

    As in `_sums_by_exponent`, but numbers are cut at the same bits, as in Ozaki's splitting, and
    slices so short that float64 adds their products without rounding, in any order.
    """
    power = int(np.frexp(np.abs(x).max())[1])
    if not -900 < power < 900:
        return None
    rest = x * 2.0**-power
    slices: list[Array] = []
    if np.count_nonzero(rest) < np.count_nonzero(x):
        return None
    while rest.any():
        if len(slices) == MAX_SLICES:
            return None
        grid = 1.5 * 2.0 ** (MANTISSA_BITS - 1 - SLICE_BITS * (len(slices) + 1))
        piece = rest + grid
        piece -= grid
        rest -= piece
        piece *= 2.0 ** (SLICE_BITS * (len(slices) + 1))
        slices.append(piece)
    last, total, square = SLICE_BITS * len(slices), 0, 0
    for i, piece in enumerate(slices, 1):
        total += int(piece.sum()) << last - SLICE_BITS * i
        for j, other in enumerate(slices[:i], 1):
            square += int(piece @ other) * (1 + (j < i)) << 2 * last - SLICE_BITS * (i + j)
    return [(column, power - last - LEAST_EXPONENT, total, square)]


def _sums_by_exponent(x: Array, column: Indices) -> list[tuple[int, int, int, int]]:
    """Return (column, shift, Σx, Σx²) for the numbers of each column and exponent, as exact integers.

    The sums are times 2^(shift + LEAST_EXPONENT), those of squares twice that. Numbers are cut in
    parts so short that float64 adds CHUNK of them without rounding.
    """
    if not x.size:
        return []
    mantissa, exponent = np.frexp(x)
    whole = np.ldexp(mantissa, MANTISSA_BITS).astype(np.int64)
    least = int(exponent.min())
    width = int(exponent.max()) - least + 1
    cell = column * width + (exponent - least)
    cells: Indices = np.arange(int(cell.max()) + 1)
    if len(cells) > 4 * x.size:
        cells, cell = np.unique(cell, return_inverse=True)

    def add_up(numbers: NDArray[np.int64]) -> NDArray[Any]:
        return np.bincount(cell, numbers, minlength=len(cells))

    mask = (1 << LOW_BITS) - 1
    high, low = whole >> LOW_BITS, whole & mask
    totals = [add_up(high), add_up(low)]
    a = np.abs(whole)
    high, low = a >> LOW_BITS, a & mask
    for product in (high * high, high * low, low * low):
        totals += [add_up(product >> LOW_BITS), add_up(product & mask)]
    held = np.flatnonzero(np.bincount(cell, minlength=len(cells)))
    found = []
    for k, *parts in zip(
        cells[held].tolist(), *(t[held].astype(np.int64).tolist() for t in totals), strict=True
    ):
        h, l, hh, hh_low, hl, hl_low, ll, ll_low = parts  # noqa: E741  high and low
        square = (((hh << LOW_BITS) + hh_low) << 2 * LOW_BITS) + (((hl << LOW_BITS) + hl_low) << LOW_BITS + 1)
        place, power = divmod(k, width)
        shift = power + least - MANTISSA_BITS - LEAST_EXPONENT
        found.append((place, shift, (h << LOW_BITS) + l, square + (ll << LOW_BITS) + ll_low))
    return found


def _to_bytes(numbers: Sequence[int]) -> NDArray[np.uint8]:
    """Return integers as rows (n, size) of their bytes, two's complement, the lowest first."""
    size = max((number.bit_length() // 8 + 1 for number in numbers), default=1)
    data = b"".join(number.to_bytes(size, "little", signed=True) for number in numbers)
    return np.frombuffer(data, np.uint8).reshape(len(numbers), size).copy()


def _of_bytes(rows: NDArray[np.uint8]) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little", signed=True) for row in np.asarray(rows, np.uint8)]


class Quantiles(NamedTuple):
    """Quantiles of numbers, and by how much each may be off."""

    values: Array  # (q,) nan of nothing
    errors: Array  # (q,) 0 where they are exact


class QuantileAccumulator(Cells):
    """An accumulator of quantiles of numbers: exact up to `capacity` distinct values, then within cells.

    Values are sorted into cells by the leading bits of their float64, as many of them as leave no more
    than `capacity` cells filled: narrow where the values crowd. How many those are depends on the
    values alone, not on the order in which they came.

    >>> numbers = QuantileAccumulator()
    >>> numbers.update([4, 1, 3])
    >>> numbers.update([2])
    >>> numbers.quantiles([0.25, 0.5]).values.tolist()
    [1.75, 2.5]
    """

    def __init__(self, capacity: int = MAX_DISTINCT) -> None:
        super().__init__(capacity)
        self._pending: list[Array] = []
        self._waiting = 0

    def update(self, block: ArrayLike) -> None:
        """Add numbers; nan is missing."""
        x = np.asarray(block, np.float64).ravel()
        x = x[~np.isnan(x)]
        if x.size:
            self.widen(x)
            self._pending.append(x)
            self._waiting += x.size
        if self._waiting >= self.most_pending:
            self._settle()

    def result(self) -> Quantiles:
        """Return the least number, the quartiles, and the largest."""
        return self.quantiles((0.0, 0.25, 0.5, 0.75, 1.0))

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return int(self.counts.sum()) + self._waiting

    def quantiles(self, levels: Sequence[float]) -> Quantiles:
        """Return quantiles at levels from 0 to 1, linear between order statistics.

        That is numpy's and pandas' default (Hyndman and Fan's type 7, 1996), with a level read as
        the decimal that it is written as, and rounded once.
        """
        self._settle()
        ends, n = np.cumsum(self.counts), self.count
        if not n:
            return Quantiles(np.full(len(levels), np.nan), np.zeros(len(levels)))
        found = [self.quantile((n - 1) * Fraction(repr(float(level))), ends) for level in levels]
        return Quantiles(np.array([value for value, _ in found]), np.array([error for _, error in found]))

    def _settle(self) -> None:
        if self._waiting:
            keys, counts = np.unique(np.concatenate(self._pending), return_counts=True)
            self._pending, self._waiting = [], 0
            self.add_cells(keys, counts)
