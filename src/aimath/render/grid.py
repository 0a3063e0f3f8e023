"""A table as lines of text: its columns side by side, or one below the other where there is no room."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.render.layout import (
    HEAD,
    Strip,
    bar,
    drawn,
    ends,
    left_out,
    ours,
    padded,
    side_by_side,
    strip,
    tracks,
    wrapped,
)
from aimath.safe import cells

if TYPE_CHECKING:
    from aimath.render.text import Wanted

MOST, LEAST = 30, 5
"""Bars are at most and at least this wide."""


class Grid(NamedTuple):
    """A table as text. A head of "" stands above labels; `hidden` rows are missing behind the first HEAD."""

    heads: tuple[str, ...]
    units: tuple[str, ...]
    columns: list[list[str]]  # the cells of a column, all of one width
    words: frozenset[int] = frozenset()  # columns that aren't numbers
    drawn: tuple[float, ...] = ()  # what is drawn behind each row: as a bar, 0 to 1
    tracked: bool = False  # or as a place on a line
    above: str = ""
    below: str = ""
    hidden: int = 0

    @property
    def titles(self) -> list[str]:
        """Give the heads with their units."""
        return [
            f"{head} ({unit})" if unit else head for head, unit in zip(self.heads, self.units, strict=True)
        ]

    def saying(self, text: str) -> Grid:
        """Say something more below the table."""
        return self._replace(below="   ".join(said for said in (self.below, text) if said))

    def bare(self) -> Grid:
        """Say the units below, in place of beside the heads: that takes less room."""
        heads: dict[str, list[str]] = {}
        for head, unit in zip(self.heads, self.units, strict=True):
            heads.setdefault(unit, []).append(head)
        said = (f"{', '.join(those)} in {unit}" for unit, those in heads.items() if unit)
        return self._replace(units=("",) * len(self.units)).saying("   ".join(said))

    def fits(self, width: int) -> bool:
        """Whether the table, without bars, is at most `width` wide."""
        both = zip(self.titles, self.columns, strict=True)
        return sum(2 + max(cells(title), cells(column[0])) for title, column in both) - 1 <= width

    def strips(self, wanted: Wanted) -> list[Strip]:
        """Give the lines of the table; a single row, or what is too wide, as one `head = value` a line."""
        alone = len(self.columns[0]) == 1 and self.heads[0]
        lines = self._lines(wanted) if self.fits(wanted.width) and not alone else self._vertical(wanted)
        above = [strip(f" {self.above}", "bold")] if self.above else []
        said = wrapped(ours(f" {self.below}", wanted), wanted.width) if self.below else []
        return [*above, *lines, *(strip(line, "dim") for line in said)]

    def _lines(self, wanted: Wanted) -> list[Strip]:
        pairs = enumerate(zip(self.titles, self.columns, strict=True))
        blocks = [padded([title, *texts], right=k not in self.words) for k, (title, texts) in pairs]
        head, *lines = side_by_side(blocks)
        room = min(MOST, wanted.width - cells(head) - 2)
        marks = [""] * len(lines)
        if self.drawn and room >= LEAST:
            marks = tracks(np.array(self.drawn), room) if self.tracked else [bar(x, room) for x in self.drawn]
        rows = [[row] for row in drawn(lines, marks, wanted)]
        rule = strip(ours(" " + "─" * (cells(head) - 1), wanted), "dim")
        return [strip(head, "bold"), rule, *self._with_gap(rows, wanted)]

    def _with_gap(self, rows: list[list[Strip]], wanted: Wanted) -> list[Strip]:
        said = left_out(self.hidden, wanted, "rows")
        return list(itertools.chain(*rows[:HEAD], said, *rows[HEAD:]))

    def _vertical(self, wanted: Wanted) -> list[Strip]:
        start = 1 if self.heads[0] == "" else 0
        labels = self.columns[0] if start else [""] * len(self.columns[0])
        heads = padded(self.heads[start:])
        alone = len(heads) == 1
        rows = []
        for k, (name, *texts) in enumerate(zip(labels, *self.columns[start:], strict=True)):
            names = [name] if start and alone else [f"{name} {head}" if start else head for head in heads]
            values = (f"{t.strip()} {unit}" for t, unit in zip(texts, self.units[start:], strict=True))
            pairs = zip(names, values, strict=True)
            lines = [strip(line) for name, value in pairs for line in _pair(name, value, wanted.width)]
            kept, hidden = ends(len(lines), wanted)
            lines = [lines[k] for k in kept]
            lines[HEAD:HEAD] = left_out(hidden, wanted)
            rows.append([*([strip("")] if k and not alone else []), *lines])
        return self._with_gap(rows, wanted)


def _pair(name: str, value: str, width: int) -> list[str]:
    """Write `name = value`, in two lines rather than let a number be wrapped."""
    short = name.rstrip()
    lines = (f"{name} = {value}".rstrip() for name in (name, short))
    fitting = next((line for line in lines if cells(line) <= width), None)
    return [f"{short} =", *wrapped(f"  {value}", width)] if fitting is None else [fitting]
