"""Derivations: formulas, tables and trees, one after the other, and whether another route agrees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import (
    Strip,
    bars,
    drawn,
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
from aimath.render._panels import PanelStep
from aimath.render.fields import entry_names
from aimath.render.templates import BAR, WORD, Scope, Shown, fields, number
from aimath.report import Line, Panels, Step, Table, Tree, Verify
from aimath.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.fields import Quantities, Wanted

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


DRAWN: dict[type[Step], Any] = {Table: TableStep, Tree: TreeStep, Panels: PanelStep}
"""Who draws a step that is more than a line."""


class Derivation:
    """Gives the derivations of rows; what is the same for all, such as the formula, is said once."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.said = wanted, set[str]()
        self.width = wanted.measure

    def parts(self, known: Quantities) -> Iterator[list[Strip]]:
        """Give each row's derivation, every line at most as wide as wanted."""
        report = known.report
        if report.void:
            yield [strip(" no answer", "dim")] * report.rows
            return
        methods = [step.method for step in report.steps if isinstance(step, Verify)]
        checks = {method: getattr(report.result, method)() for method in methods}
        for row in range(report.rows):
            strips: list[Strip] = []
            for k, step in enumerate(report.steps):
                if k == 1:
                    said = "   ".join(settings(report, row, self.wanted))
                    strips += [strip(text, "bold") for text in wrapped(said, self.width) if said]
                if isinstance(step, Line):
                    strips += self._line(step, known, row, first=k == 0)
                elif isinstance(step, Verify):
                    strips += self._verified(step, checks[step.method], known, row)
                else:
                    strips += DRAWN[type(step)](step, known, row, self.wanted).strips(self.width)
            yield strips

    def _line(self, step: Line, known: Quantities, row: int, *, first: bool) -> list[Strip]:
        if step.only and not np.any(number(known, row, step.only)):
            return []
        if not step.only and not any(name not in known.report.names for name in fields(step.text)):
            if step.text in self.said:
                return []
            self.said.add(step.text)
        text = ours(step.text, self.wanted).format_map(Scope(known, row, self.wanted))
        return [strip(line, "bold" if first else "") for line in wrapped(text, self.width)]

    def _verified(self, step: Verify, check: Any, known: Quantities, row: int) -> list[Strip]:
        """Compare the answer with the other route; a sign says whether they agree, colour repeats it."""
        scope = Scope(known, row, self.wanted)
        whole = known.report.whole
        holds = bool(np.all(check.holds if whole else _of_row(check.holds, known.report.rows, row)))
        both = [np.asarray(value) if whole else _of_row(value, known.report.rows, row) for value in check[:2]]
        for name, value in zip(("answer", "other"), both, strict=True):
            # What agrees to nine digits is not set apart by its last ones.
            scope[name] = Shown(_rounded(value) if holds else value, self.wanted)
        if "{apart" in step.text:
            # A billionth is what a Check asks for; the digits below it differ from machine to machine.
            difference, size = np.abs(np.subtract(*both)).max(), np.abs(both[0]).max()
            scope["apart"] = Shown(float(max(difference, 1e-9 * size)), self.wanted)
        sign, style = (" ✓ ", "green") if holds else (" ✗ ", "bold red")
        text = ours(sign + step.text, self.wanted).format_map(scope)
        return [strip(line, style) for line in wrapped(text, self.width)]


def _of_row(values: Any, rows: int, row: int) -> Any:
    array = np.asarray(values)
    value = array if array.ndim == 0 else array[row if array.shape[0] == rows else 0]
    return value.item() if np.ndim(value) == 0 else value


def _rounded(value: Any) -> Any:
    rounded = np.vectorize(lambda x: float(f"{x:.9g}"), otypes=[float])(value)
    return rounded.item() if rounded.ndim == 0 else rounded
