"""Tables for people: which rows are shown, with how many digits, side by side or one below the other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import (
    HEAD,
    TAIL,
    Strip,
    bar,
    drawn,
    ends,
    label,
    left_out,
    ours,
    padded,
    settings,
    side_by_side,
    strip,
    tracks,
    wrapped,
)
from aimath.render.fields import Column, Quantities, chosen, columns, entry_names
from aimath.render.numbers import SHOWN, Style
from aimath.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.fields import Wanted

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


WORD = 16
"""The user's words may take so many cells, or a third of the terminal."""
FEWEST = 3
"""A table that is too wide for its terminal is shown with down to so many digits, then without units."""


def single(known: Quantities, wanted: Wanted) -> Grid | None:
    """Give one answered vector as a line an entry, one matrix as its rows, or None for anything else."""
    report = known.report
    names = chosen(known, wanted.fields)
    values = known[names[-1]] if names else None
    if report.rows != 1 or values is None or len(names) > 1 + len(report.swept):
        return None
    above = "   ".join(settings(report, 0, wanted))
    # Short vectors of a sweep stand below each other in one table.
    if values.ndim == 2 and not (above and values.size * 11 < wanted.width):
        return _vector(known, names[-1], values, wanted)._replace(above=above)
    return _matrix(known, names[-1], values[0], wanted)._replace(above=above) if values.ndim == 3 else None


def _vector(known: Quantities, name: str, values: np.ndarray[Any, Any], wanted: Wanted) -> Grid:
    report = known.report
    beside = known[report.beside] if report.beside not in {"", name} else None
    shown = [(name, values)]
    if beside is not None and beside.shape == values.shape:
        shown.insert(0, (report.beside, beside))
    rows, hidden = ends(values.size, wanted)
    names = entry_names(report, values.shape[1:])
    labels = padded([label(names[k], wanted, wanted.width // 3) for k in rows])
    texts = [_texts(v[0][rows].tolist(), wanted) for _, v in shown]
    if 5 + sum(cells(column[0]) + 2 for column in (labels, *texts)) > wanted.width:
        shown, texts = shown[-1:], texts[-1:]
    heads, units = ["", *(n for n, _ in shown)], ["", *(report.units.get(n, "") for n, _ in shown)]
    shares = _shares(values[0])
    drawn = tuple(shares[k] for k in rows) if shares else ()
    words = frozenset({0} | {k + 1 for k, (_, v) in enumerate(shown) if v.dtype.kind == "U"})
    return Grid(tuple(heads), tuple(units), [labels, *texts], words, drawn, hidden=hidden)


def _matrix(known: Quantities, name: str, values: np.ndarray[Any, Any], wanted: Wanted) -> Grid:
    report = known.report
    rows, hidden = ends(len(values), wanted)
    high, wide = values.shape
    names = [label(name, wanted, wanted.width // 3) for name in entry_names(report, (high,))]
    heads = [label(name, wanted, wanted.width // 3) for name in entry_names(report, (wide,), name)]
    texts = np.array(_texts(values[rows].ravel().tolist(), wanted)).reshape(-1, wide)
    body = [texts[:, k].tolist() for k in range(wide)]
    labels = padded([names[k] for k in rows])
    widths = [max(cells(head), cells(column[0])) + 2 for head, column in zip(heads, body, strict=True)]
    room = wanted.width - 1 - cells(labels[0])
    if sum(widths) > room and not wanted.all_rows:
        room -= widths[-1] + 3
        keep = sum(total <= room for total in itertools.accumulate(widths[:-1]))
        dots = ours("…", wanted)
        heads, body = [*heads[:keep], dots, heads[-1]], [*body[:keep], [dots] * len(rows), body[-1]]
    return Grid(("", *heads), ("", *[""] * len(heads)), [labels, *body], frozenset({0}), hidden=hidden)


def _texts(values: Sequence[Any], wanted: Wanted) -> list[str]:
    if any(isinstance(x, str) for x in values):
        return padded([label(str(x), wanted) for x in values])
    return wanted.style.column(values)


def _shares(values: np.ndarray[Any, Any]) -> tuple[float, ...]:
    """Scale to the largest, where a bar helps: for what is never negative and finite."""
    if values.dtype.kind != "f" or not np.isfinite(values).all() or (values < 0).any():
        return ()
    return tuple((values / values.max()).tolist()) if values.size > 1 and values.any() else ()


class Records:
    """Rows gathered for one table: the first and the last of many, so that memory stays bounded."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.columns: list[Column] = []
        self.head: list[tuple[Any, ...]] = []
        self.tail: list[tuple[Any, ...]] = []
        self.rows = 0
        self.drawn = self.below = ""
        self.tracked = False  # what is drawn is a place on a line

    def fits(self, known: Quantities) -> bool:
        """Whether these rows have the columns of the rows gathered so far."""
        heads = [column.head for column in self._spread(known)]
        return not self.columns or heads == [column.head for column in self.columns]

    def add(self, known: Quantities) -> None:
        """Gather the rows of one block."""
        spread, rows = self._spread(known), known.report.rows
        self.columns = self.columns or [column._replace(values=column.values[:0]) for column in spread]
        for plot in known.report.plots:
            one = [column.head for column in spread if column.head.startswith(f"{plot.y}_")]
            self.tracked = plot.kind == "path" and len(one) == 1
            self.drawn = one[0] if self.tracked else plot.x if plot.kind == "path" else plot.y
        self.below = self.below or known.report.below
        start = rows if self.wanted.all_rows else min(rows, HEAD - len(self.head))
        self.head += _rows(spread, 0, start)
        # One row more than is shown: were it alone, it would be shown in place of the gap.
        self.tail = [*self.tail, *_rows(spread, max(start, rows - TAIL - 1), rows)][-TAIL - 1 :]
        self.rows += rows

    def _spread(self, known: Quantities) -> list[Column]:
        names = chosen(known, self.wanted.fields)
        spread = columns(known, names)
        vectors = [name for name in names if (values := known[name]) is not None and values.ndim > 1]
        if len(vectors) != 1 or not known.report.labels:
            return spread
        return [column._replace(head=column.head.removeprefix(f"{vectors[0]}_")) for column in spread]

    def grid(self) -> Grid:
        """Give what was gathered as a table of text, in fewer digits where else it would not fit."""
        full = self._grid(self.wanted)
        if self.rows == 1 or full.fits(self.wanted.width) or not self.wanted.style.exact:
            return full  # a single row is shown as a line a column, which always fits
        grids = []
        for digits in range(SHOWN - 1, FEWEST - 1, -1):
            grid = self._grid(self.wanted._replace(style=Style(digits=digits, narrow=True)))
            grids.append(grid.saying(f"{digits} digits, to fit; --json has all"))
        tried = itertools.chain(grids, (grid.bare() for grid in grids))
        return next((grid for grid in tried if grid.fits(self.wanted.width)), full)

    def _grid(self, wanted: Wanted) -> Grid:
        hidden = self.rows - len(self.head) - len(self.tail)
        tail, hidden = (self.tail[1:], hidden + 1) if hidden else (self.tail, 0)
        rows = self.head + tail
        texts = [_texts(values, wanted) for values in zip(*rows, strict=True)]
        heads = tuple(label(column.head, wanted, max(WORD, wanted.width // 3)) for column in self.columns)
        place = next((k for k, column in enumerate(self.columns) if column.head == self.drawn), None)
        values = np.array([row[place] for row in rows]) if place is not None else np.zeros(0)
        drawn = _shares(values)
        if self.tracked:
            drawn = tuple(values.tolist()) if np.isfinite(values).all() else ()
        units = tuple(column.unit for column in self.columns)
        words = frozenset(k for k, column in enumerate(self.columns) if column.values.dtype.kind == "U")
        return Grid(heads, units, texts, words, drawn, self.tracked, below=self.below, hidden=hidden)


def _rows(spread: list[Column], start: int, stop: int) -> list[tuple[Any, ...]]:
    return list(zip(*(column.values[start:stop].tolist() for column in spread), strict=True))
