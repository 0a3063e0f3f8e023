"""Tables of a derivation: a line for each entry of the vectors, with a bar or a track behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.fields import entry_names
from aimath.render.layout import (
    Strip,
    bars,
    drawn,
    label,
    left_out,
    ours,
    padded,
    side_by_side,
    strip,
    tracks,
    wrapped,
)
from aimath.render.templates import BAR, WORD, Scope, fields, number
from aimath.safe import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.fields import Quantities
    from aimath.render.text import Wanted
    from aimath.report import Table

HEAD, TAIL, WHOLE = 5, 2, 12
"""A table of more entries than WHOLE shows the first, the last and the extreme ones."""


class TableStep:
    """A table of a derivation for one row: the entries that are shown, and their columns."""

    def __init__(self, step: Table, known: Quantities, row: int, wanted: Wanted) -> None:
        self.step, self.known, self.row, self.wanted = step, known, row, wanted
        asked = [name for _, template in step.columns for name in fields(template)]
        asked = [name for name in (step.bar or step.track, *asked) if name and name not in known.report.names]
        arrays = [np.atleast_1d(number(known, row, name)) for name in asked]
        self.shape = max((array.shape for array in arrays), key=np.prod, default=(1,))
        self.size, vectors = int(np.prod(self.shape)), [np.ravel(array) for array in arrays]
        leading = next(
            (v for v in vectors if v.size == self.size and v.dtype.kind != "U"), np.zeros(self.size)
        )
        self.drawn = leading.astype(np.float64)
        self.entries = _entries(leading, whole=wanted.all_rows)

    def strips(self, width: int) -> list[Strip]:
        """Give a head line and a line an entry, with a bar where there is room; narrow: entry by entry."""
        names = self._names()
        labels = [label(names[k], self.wanted, WORD) for k in self.entries]
        heads, columns, blocks = self.columns()
        head, *lines = side_by_side([[self.step.names, *labels], *blocks])
        if cells(head) > width:
            return self.with_gaps(stacked(labels, heads, columns, width))
        room = min(BAR, width - cells(head) - 2)
        marks = self._drawn(room) if room >= 5 else [""] * len(lines)
        head += self._ends(room) if self.step.track else ""
        rows = [[row] for row in drawn(lines, marks, self.wanted)]
        return [strip(head, "dim"), *self.with_gaps(rows)]

    def _drawn(self, room: int) -> list[str]:
        """Give a bar, or a place on a line, for each entry that is shown."""
        values = self.drawn[self.entries]
        if self.step.bar:
            return bars(values, room)
        return tracks(values, room) if self.step.track and values.size else [""] * len(values)

    def _ends(self, room: int) -> str:
        """Write the ends of the line above it, if there is room."""
        values = self.drawn[self.entries]
        if not values.size:
            return ""
        low, high = (self.wanted.style.people(float(end)) for end in (values.min(), values.max()))
        between = room - len(low) - len(high) - 2
        return ours(f"  {low} {'─' * between} {high}", self.wanted) if between > 0 else ""

    def _names(self) -> list[str]:
        if self.step.names:
            named = number(self.known, self.row, self.step.names)
            return [
                name if isinstance(name, str) else self.wanted.style.people(name) for name in named.tolist()
            ]
        return [name.replace("_", ",") for name in entry_names(self.known.report, self.shape)]

    def columns(self) -> tuple[list[str], list[list[str]], list[list[str]]]:
        """Give the heads, the texts below each, and both in one width: a head of numbers stands right."""
        heads = [ours(head, self.wanted) for head, _ in self.step.columns]
        texts = [self.column(template) for _, template in self.step.columns]
        right = [self.numbers(template) is not None for _, template in self.step.columns]
        both = zip(heads, texts, right, strict=True)
        return heads, texts, [padded([head, *below], right=is_right) for head, below, is_right in both]

    def column(self, template: str) -> list[str]:
        """Give the texts of a column, of one width: numbers point under point, terms from the left."""
        values = self.numbers(template)
        if values is not None:
            texts = self.wanted.style.column(values)
            return _signed(texts) if template.endswith(":+}") else texts
        ascii_template = ours(template, self.wanted)
        scopes = (Scope(self.known, self.row, self.wanted, entry=k) for k in self.entries)
        return padded([ascii_template.format_map(scope) for scope in scopes])

    def numbers(self, template: str) -> list[Any] | None:
        """Give the numbers of a column that shows one quantity and nothing else."""
        name = template[1:-1].removesuffix(":+")
        if not re.fullmatch(r"\w+(\[\d+\])?", name) or name in self.known.report.names:
            return None
        vector = np.ravel(number(self.known, self.row, name))
        if vector.dtype.kind == "U":
            return None
        return np.broadcast_to(vector, (self.size,))[self.entries].tolist()  # type: ignore[no-any-return]

    def with_gaps(self, rows: Sequence[list[Strip]]) -> list[Strip]:
        """Say between the entries that are shown how many are not."""
        strips: list[Strip] = []
        before = -1
        for k, row in zip(self.entries, rows, strict=True):
            strips += [*left_out(k - before - 1, self.wanted), *row]
            before = k
        return strips


def _entries(values: np.ndarray[Any, Any], *, whole: bool) -> list[int]:
    size = values.size
    if whole or size <= WHOLE:
        return list(range(size))
    extremes = {int(np.argmax(values)), int(np.argmin(values))}
    return sorted({*range(HEAD), *extremes, *range(size - TAIL, size)})


def _signed(texts: list[str]) -> list[str]:
    return padded([t if t.lstrip().startswith("-") else "+" + t.lstrip() for t in texts], right=True)


def stacked(labels: list[str], heads: list[str], columns: list[list[str]], width: int) -> list[list[Strip]]:
    """Give an entry as its label and, below it, a line for each head."""
    entries = []
    for name, *texts in zip(labels, *columns, strict=True):
        lines = [f" {name}"]
        for head, text in zip(padded(heads), texts, strict=True):
            line = f"   {head}  {text.strip()}"
            lines += [line] if cells(line) <= width else wrapped(f"   {head.strip()} = {text.strip()}", width)
        entries.append([strip(line) for line in lines])
    return entries
