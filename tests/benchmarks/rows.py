"""A row of the table: what was measured, and whether it reaches what it must."""

from __future__ import annotations

from typing import NamedTuple

HEADS = ("", "work", "ours", "peer", "ratio", "target", "verdict")
WIDTHS = (2, 52, 10, 10, 7, 7, 0)


class Row(NamedTuple):
    """One measure; `ratio` is the median of ours / peer over the rounds."""

    number: int  # of the target
    work: str
    ours: str
    peer: str
    ratio: float
    target: float

    @property
    def share(self) -> float:
        """How much of what is allowed was used: above 1 is a miss."""
        return self.ratio / self.target

    def line(self) -> str:
        """Give the row as a line of the table."""
        verdict = "reached" if self.share <= 1 else f"missed by {self.share - 1:.0%}"
        cells = (str(self.number), self.work, self.ours, self.peer, f"{self.ratio:.3f}", f"{self.target:g}")
        return aligned((*cells, verdict))


def aligned(cells: tuple[str, ...]) -> str:
    """Set cells under the heads, numbers to the right."""
    texts = (
        cell.ljust(width) if k in {1, 6} else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return "  ".join(texts).rstrip()
