"""Descriptive statistics of the columns of a table, in one pass: of numbers, and of texts."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.numerics.accumulators import (
    MomentsAccumulator,
    QuantileAccumulator,
    combine_states,
    part_of_state,
    state_of_texts,
    texts_of_state,
)
from aimath.core.numerics.arrays import Check
from aimath.core.numerics.cells import MAX_DISTINCT
from aimath.core.numerics.types import may_lack_value
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import Levels, RowCounts, RowQuantiles, Rows, RowScalars
    from aimath.core.numerics.types import Array

MIN_CELLS, MAX_CELLS = 1 << 12, 1 << 20
"""Distinct values of a column that are kept for its quantiles, at least and at most."""
MAX_TEXT_BYTES = 1 << 28
"""Of the distinct texts of all columns."""
MAX_LABEL = 40
"""Characters of the most frequent text that are shown."""


def check_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the levels of quantiles, each once, or raise InputError outside 0 .. 1."""
    found = tuple(dict.fromkeys(float(level) for level in np.ravel(np.asarray(levels, np.float64))))
    for level in found:
        if not 0.0 <= level <= 1.0:
            raise InputError("quantiles must be 0 to 1, not {value:g}", value=level)
    return found


def quantile_name(level: float) -> str:
    """Return the name of a quantile: p5, p99.9, or median.

    >>> quantile_name(0.05), quantile_name(0.999), quantile_name(0.5)
    ('p5', 'p99.9', 'median')
    """
    if level == 0.5:
        return "median"
    text = f"{100 * Decimal(repr(level)):f}"
    return f"p{text.rstrip('0').rstrip('.') if '.' in text else text}"


@may_lack_value(
    "mean", "variance", "std", "stderr", "min", "max", "median", "quantiles", "quantile_error", "unique"
)
class DescribeColumns(NamedTuple):
    """A row a column of a table; what a column of texts or of nothing hasn't is nan."""

    column: Rows  # its name
    ddof: float  # what is taken from n in the variance
    levels: Levels  # of the quantiles, 0..1
    count: RowCounts  # type: ignore[assignment]  # without what is missing; a tuple's method is not missed
    missing: RowCounts
    mean: RowScalars
    variance: RowScalars
    std: RowScalars
    stderr: RowScalars  # s / √n with the s of n - 1
    min: RowScalars
    quantiles: RowQuantiles
    median: RowScalars
    max: RowScalars
    quantile_error: RowScalars  # by how much a quantile may be off, 0 where they are exact
    unique: RowScalars  # distinct texts
    top: Rows  # the most frequent text, the first of several
    plain: PlainSums

    def has_texts(self) -> bool:
        """Return whether a column has texts."""
        return not np.isnan(self.unique).all()

    def check(self) -> Check:
        """Return the means beside those of sums that were rounded at each step."""
        there = np.isfinite(self.mean)
        with np.errstate(all="ignore"):
            other = np.where(there, self.plain.sums / self.count, 0.0)
            scale = np.where(there, np.maximum(np.abs(self.min), np.abs(self.max)), 0.0)
        return Check(np.where(there, self.mean, 0.0), np.where(np.isfinite(other), other, self.mean), scale)


class PlainSums(NamedTuple):
    """Sums of columns, rounded at each step."""

    sums: Array  # (c,)


class ColumnsAccumulator:
    """An accumulator of what is said of the columns of a table.

    Quantiles are exact while the distinct values of a column fit a share of 64 MiB, then within the
    error that is told.

    >>> found = ColumnsAccumulator()
    >>> found.update([[1.0, 5.0], [2.0, np.nan]])
    >>> found.result().mean.tolist(), found.result().missing.tolist()
    ([1.5, 5.0], [0, 1])
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.rows = 0
        self._moments, self._plain_sums = MomentsAccumulator(0), np.zeros(0)
        self._quantiles: list[QuantileAccumulator] = []
        self._texts: list[Counter[str]] = []

    def update(self, rows: ArrayLike) -> None:
        """Add rows of numbers (r, c), nan where one is missing."""
        x = np.asarray(rows, np.float64)
        names = self.names or tuple(str(k + 1) for k in range(x.shape[1]))
        self.update_columns(names, list(x.T))

    def update_columns(self, names: Sequence[str], columns: Sequence[Array | Sequence[str | None]]) -> None:
        """Add columns (r,) of numbers, nan where one is missing, or of texts, None where one is."""
        if not self.names:
            self._begin(tuple(names))
        if len(columns) != len(self.names):
            raise InputError(f"a row has {len(columns)} columns where the first has {len(self.names)}")
        numbers = [c if isinstance(c, np.ndarray) else np.full(len(c), np.nan) for c in columns]
        table = np.stack(numbers, axis=1)
        self.rows += len(table)
        self._moments.update(table)
        with np.errstate(all="ignore"):
            self._plain_sums += np.where(np.isnan(table), 0.0, table).sum(axis=0)
        for k, column in enumerate(columns):
            if isinstance(column, np.ndarray):
                self._quantiles[k].update(column)
            else:
                self._texts[k].update(text for text in column if text is not None)
        self._check_texts()

    def _begin(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._moments = MomentsAccumulator(len(names))
        self._plain_sums = np.zeros(len(names))  # rounded at each step: for a check
        cells = min(MAX_CELLS, max(MIN_CELLS, MAX_DISTINCT // max(1, len(names))))
        self._quantiles = [QuantileAccumulator(cells) for _ in names]
        self._texts = [Counter() for _ in names]

    def _check_texts(self) -> None:
        """Raise InputError if the distinct texts are too many to be counted."""
        if sum(map(len, self._texts)) > MAX_TEXT_BYTES >> 7:
            name = self.names[int(np.argmax([len(texts) for texts in self._texts]))]
            raise InputError(f"column {name} has too many different texts to count", hint="leave it out")

    def merge(self, other: Self) -> None:
        """Add what is known of other rows."""
        if not other.names:
            return
        if not self.names:
            self._begin(other.names)
        if self.names != other.names:
            raise InputError("tables of different columns don't go together")
        self.rows += other.rows
        self._moments.merge(other._moments)
        self._plain_sums += other._plain_sums
        for k in range(len(self.names)):
            self._quantiles[k].merge(other._quantiles[k])
            self._texts[k].update(other._texts[k])

    def state(self) -> State:
        """Return all that is held."""
        flat = [(k, text, n) for k, found in enumerate(self._texts) for text, n in found.items()]
        held: State = {
            "rows": np.array(self.rows),
            "plain_sums": self._plain_sums.copy(),
            "text_columns": np.array([k for k, _, _ in flat], np.int64),
            "text_counts": np.array([n for _, _, n in flat], np.int64),
        }
        parts = {f"quantiles{k}": one.state() for k, one in enumerate(self._quantiles)}
        return held | combine_states(
            names=state_of_texts(self.names),
            texts=state_of_texts(text for _, text, _ in flat),
            moments=self._moments.state(),
            **parts,
        )

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        found = cls()
        found._begin(tuple(texts_of_state(part_of_state(state, "names"))))
        found.rows, found._plain_sums = int(state["rows"]), np.array(state["plain_sums"])
        found._moments = MomentsAccumulator.of_state(part_of_state(state, "moments"))
        for k in range(len(found.names)):
            found._quantiles[k] = QuantileAccumulator.of_state(part_of_state(state, f"quantiles{k}"))
        columns, counts = (state[name].tolist() for name in ("text_columns", "text_counts"))
        texts = texts_of_state(part_of_state(state, "texts"))
        for k, text, n in zip(columns, texts, counts, strict=True):
            found._texts[k][text] = n
        return found

    def result(
        self, ddof: float = 0.0, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)
    ) -> DescribeColumns:
        """Return what is known of each column so far."""
        if not self.names:
            raise InputError("there are no rows to describe")
        moments = self._moments.result()
        levels = check_levels(levels)
        quantiles = [one.quantiles((*levels, 0.5)) for one in self._quantiles]
        values = np.stack([one.values for one in quantiles])
        texts = [sum(found.values()) for found in self._texts]
        counts = np.array(moments.counts, np.int64) + texts
        if ddof < 0:
            raise InputError("{operand} must be at least 0, not {value:g}", operand="ddof", value=ddof)
        variance = moments.variances(ddof)
        return DescribeColumns(
            column=np.array(self.names),
            ddof=float(ddof),
            levels=levels,
            count=counts,
            missing=self.rows - counts,
            mean=moments.means,
            variance=variance,
            std=np.sqrt(variance),
            stderr=moments.standard_errors(),
            min=moments.min,
            quantiles=values[:, :-1],
            median=values[:, -1],
            max=moments.max,
            quantile_error=np.array([one.errors.max() for one in quantiles]),
            unique=np.array([float(len(found)) if found else np.nan for found in self._texts]),
            top=np.array([_most_frequent(found) for found in self._texts]),
            plain=PlainSums(self._plain_sums),
        )


def _most_frequent(texts: Counter[str]) -> str:
    """Return the most frequent text, the first of several, cut where it is long."""
    if not texts:
        return ""
    found = max(texts, key=texts.__getitem__)
    return found if len(found) <= MAX_LABEL else found[: MAX_LABEL - 1] + "…"
