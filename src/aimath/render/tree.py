"""Trees in a derivation: a line for each node, and numbers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.render.layout import Strip, label, left_out, ours, side_by_side, strip
from aimath.render.step_table import TableStep, stacked
from aimath.render.templates import number
from aimath.report import Table, Tree
from aimath.safe import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.fields import Quantities
    from aimath.render.text import Wanted

BRANCHES = 60
"""A tree of more nodes than this shows its first ones."""
LEAST = 8
"""A node has room for so many signs, or the columns go below it."""
DEEP = 6
"""Deeper than this a tree's lines are no longer indented, but numbered."""


class TreeStep(TableStep):
    """A tree of a derivation: a line for each node, below the node it belongs to."""

    def __init__(self, step: Tree, known: Quantities, row: int, wanted: Wanted) -> None:
        super().__init__(Table(step.columns), known, row, wanted)
        self.lines, self.depths = (number(known, row, name).tolist() for name in (step.lines, step.depths))
        cut = self.size > BRANCHES and not wanted.all_rows
        self.entries = list(range(BRANCHES if cut else self.size))

    def strips(self, width: int) -> list[Strip]:
        """Give a head line and a line a node, whose text is cut where the numbers leave no room."""
        heads, columns, blocks = self.columns()
        rest = left_out(self.size - len(self.entries), self.wanted)
        room = width - sum(cells(block[0]) + 2 for block in blocks) - 1
        marks = [ours(mark, self.wanted) for mark in branches(self.depths)][: len(self.entries)]
        if room < max(map(cells, marks)) + LEAST:
            texts = self._texts([f"{depth}: " for depth in self.depths], width - 1)
            return [*self.with_gaps(stacked(texts, heads, columns, width)), *rest]
        head, *lines = side_by_side([["node", *self._texts(marks, room)], *blocks])
        return [strip(head, "dim"), *map(strip, lines), *rest]

    def _texts(self, marks: Sequence[str], room: int) -> list[str]:
        """Give the nodes that are shown, each behind its mark, as wide as there is room."""
        pairs = zip(marks, self.lines, self.entries, strict=False)
        return [mark + label(line, self.wanted, room - cells(mark)) for mark, line, _ in pairs]


def branches(depths: Sequence[int]) -> list[str]:
    """Draw what leads to each node of a tree, given in the order of reading.

    >>> branches([0, 1, 2, 1])
    ['', '├─', '│ └─', '└─']
    """
    marks: list[str] = []
    follows: set[int] = set()  # depths at which another node comes below
    for depth in reversed(depths):
        if depth > DEEP:
            marks.append("  " * DEEP + f"{depth}: ")
        else:
            before = "".join("│ " if k in follows else "  " for k in range(1, depth))
            marks.append(before + (("├─" if depth in follows else "└─") if depth else ""))
        follows = {k for k in follows if k < depth} | {depth}
    return marks[::-1]
