"""A row of the table: what was measured, and whether it reaches what it must."""

from __future__ import annotations

import importlib.util
import math
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

HEADS = ("", "work", "ours", "peer", "ratio", "target", "verdict")
WIDTHS = (2, 60, 10, 10, 7, 7, 0)


class Plan(NamedTuple):
    """What is asked for."""

    only: frozenset[int]  # targets
    rounds: int  # pairs for each ratio
    folder: Path  # for files of data: of memory, where there is such a thing
    gigabytes: float  # of target 15's file
    quick: bool  # a few commands of target 2, a seed of target 18


class Row(NamedTuple):
    """One measure; `ratio` is the median of ours / peer over the rounds."""

    number: int  # of the target
    work: str
    ours: str
    peer: str
    ratio: float
    target: float
    fault: str = ""  # what is wrong with the answer, however soon it came

    @property
    def share(self) -> float:
        """How much of what is allowed was used: above 1 is a miss."""
        return math.inf if self.fault else self.ratio / self.target

    def line(self) -> str:
        """Give the row as a line of the table."""
        verdict = "reached" if self.share <= 1 else f"missed: {self.fault or f'{self.share - 1:.0%} above'}"
        cells = (str(self.number), self.work, self.ours, self.peer, f"{self.ratio:.3f}", f"{self.target:g}")
        return aligned((*cells, verdict))


def aligned(cells: tuple[str, ...]) -> str:
    """Set cells under the heads, numbers to the right."""
    texts = (
        cell.ljust(width) if k in {1, 6} else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return "  ".join(texts).rstrip()


def skipped(number: int, *peers: str) -> str:
    """Give a line that names the modules and programs that aren't installed, or nothing."""
    absent = [name for name in peers if not (shutil.which(name) or importlib.util.find_spec(name))]
    return f"{number:2}  skipped: not installed: {', '.join(absent)}" if absent else ""
