"""An accumulator of how often numbers came with a hit and without: what calibration and ranks ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.cells import Cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

MAX_CELLS = 1 << 20
"""Distinct numbers that are kept exactly: 24 MiB."""


class Tally(NamedTuple):
    """Numbers in ascending order, each once, and how often each came."""

    values: Array  # (cells,) of a cell of several its middle
    misses: NDArray[np.int64]  # (cells,)
    hits: NDArray[np.int64]  # (cells,)
    spread: Array  # (cells,) how far the numbers of a cell may be from its value, 0 where all were kept

    @property
    def is_exact(self) -> bool:
        """Whether each cell is one number."""
        return not self.spread.any()


class TallyAccumulator(Cells):
    """An accumulator of numbers, each with a hit or without: exact up to `capacity` distinct numbers.

    >>> tally = TallyAccumulator()
    >>> tally.update([0.5, 0.9, 0.5], [True, True, False])
    >>> tally.result().misses.tolist(), tally.result().hits.tolist()
    ([1, 0], [1, 1])
    """

    def __init__(self, capacity: int = MAX_CELLS) -> None:
        super().__init__(capacity, (2,))
        self._pending: list[tuple[Array, NDArray[np.bool_]]] = []
        self._waiting = 0

    def update(self, values: Any, hits: Any) -> None:
        """Add numbers (r,), and whether each is a hit (r,)."""
        x, hit = np.asarray(values, np.float64), np.asarray(hits, np.bool_)
        if not x.size:
            return
        self.widen(x)
        self._pending.append((x, hit))
        self._waiting += x.size
        if self._waiting >= self.most_pending:
            self._settle()

    def _settle(self) -> None:
        if not self._waiting:
            return
        x, hit = (np.concatenate(part) for part in zip(*self._pending, strict=True))
        self._pending, self._waiting = [], 0
        values, place = np.unique(x, return_inverse=True)
        counts = np.bincount(2 * place + hit, minlength=2 * len(values))
        self.add_cells(values, counts.reshape(-1, 2).astype(np.int64))

    def result(self) -> Tally:
        """Return the numbers so far and how often each came."""
        self._settle()
        values, spread = self.numbers()
        return Tally(values, self.counts[:, 0], self.counts[:, 1], spread)
