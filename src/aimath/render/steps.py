"""Derivations: templates of a command filled with the user's own numbers."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.fields import entry_names
from aimath.render.layout import (
    Strip,
    bar,
    bars,
    label,
    left_out,
    ours,
    padded,
    side_by_side,
    spark,
    strip,
    tracks,
    wrapped,
)
from aimath.render.panels import Panels as PanelStep
from aimath.report import Line, Panels, Table, Tree, Verify
from aimath.safe import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.fields import Quantities
    from aimath.render.text import Wanted

WIDEST, NARROWEST = 80, 20
BAR = 20
JOINED = 6
"""A sum of more terms than this shows its first three and its last."""
HEAD, TAIL, WHOLE = 5, 2, 12
"""A table of more entries than WHOLE shows the first, the last and the extreme ones."""
WORD = 24
"""The user's words are cut at so many cells."""


class Shown:
    """A quantity within a template: `{name}`, with what may stand behind a colon (see report.Line)."""

    def __init__(self, value: Any, wanted: Wanted, entry: int | None = None) -> None:
        self.raw, self.wanted, self.entry = value, wanted, entry

    @property
    def value(self) -> Any:
        """What is shown: within a table's line, the entry of that line."""
        if self.entry is None or not isinstance(self.raw, np.ndarray):
            return self.raw
        return np.ravel(self.raw)[self.entry].item()

    def __getitem__(self, row: int) -> Shown:
        """Give a row of a matrix: `{name[0]}`."""
        return Shown(self.raw[row], self.wanted, self.entry)

    def __format__(self, spec: str) -> str:
        """Give the number, or the vector's numbers joined, as text."""
        value, style = self.value, self.wanted.style
        if spec.startswith(".") and style.exact:
            style = style._replace(digits=int(spec[1:]))
        if isinstance(value, np.ndarray) and spec == "spark":
            return spark(value, self.wanted)
        if isinstance(value, np.ndarray):
            glue = spec if spec.startswith(" ") else ", "
            items = [
                label(x, self.wanted, WORD) if isinstance(x, str) else style.people(x) for x in value.flat
            ]
            return ours(_joined(items, glue, whole=self.wanted.all_rows), self.wanted)
        if isinstance(value, str):
            return label(value, self.wanted, WORD)
        if spec == "bar":
            return ours(bar(float(value), BAR), self.wanted)
        if spec == "%":
            return style.percent(value)
        text = style.people(value)
        return "+" + text if spec == "+" and not text.startswith("-") else text


def _joined(items: list[str], glue: str, *, whole: bool) -> str:
    if len(items) > JOINED and not whole:
        items = [*items[:3], "…", items[-1]]
    text = glue.join(items)
    return text.replace("+ -", "- ") if glue.strip() == "+" else text


class Scope(dict[str, Shown]):
    """The names of one row's quantities; within a table's line, a vector gives the entry of that line."""

    def __init__(self, known: Quantities, row: int, wanted: Wanted, entry: int | None = None) -> None:
        super().__init__()
        self.known, self.row, self.wanted, self.entry = known, row, wanted, entry

    def __missing__(self, name: str) -> Shown:
        """Look a quantity up when a template asks for it."""
        words = self.known.report.names
        value = words[name] if name in words else number(self.known, self.row, name)
        shown = self[name] = Shown(value, self.wanted, self.entry)
        return shown


def number(known: Quantities, row: int, name: str) -> Any:
    """Give a quantity of one row: a number or a text, or an array of them."""
    name, _, index = name.partition("[")
    values = known[name]
    if values is None:
        raise KeyError(name)
    value = values[row][int(index[:-1])] if index else values[row]
    return value if np.ndim(value) else value.item()


class Derivation:
    """Gives the derivations of rows; what is the same for all, such as the formula, is said once."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.said = wanted, set[str]()
        self.width = max(NARROWEST, min(wanted.width, WIDEST))

    def parts(self, known: Quantities) -> Iterator[list[Strip]]:
        """Give each row's derivation, every line at most as wide as wanted."""
        report = known.report
        if report.void:
            yield [strip(" no answer", "dim")] * report.rows
            return
        checks = {
            step.method: getattr(report.result, step.method)()
            for step in report.steps
            if isinstance(step, Verify)
        }
        for row in range(report.rows):
            strips: list[Strip] = []
            for k, step in enumerate(report.steps):
                if k == 1:
                    strips += [strip(text, "bold") for text in self._swept(known, row)]
                if isinstance(step, Table):
                    strips += TableStep(step, known, row, self.wanted).strips(self.width)
                elif isinstance(step, Tree):
                    from aimath.render.tree import TreeStep  # noqa: PLC0415  it is made of a TableStep

                    strips += TreeStep(step, known, row, self.wanted).strips(self.width)
                elif isinstance(step, Panels):
                    strips += self._panels(step, known, row)
                elif isinstance(step, Verify):
                    strips += self._verified(step, checks[step.method], known, row)
                else:
                    strips += self._line(step, known, row, first=k == 0)
            yield strips

    def _swept(self, known: Quantities, row: int) -> list[str]:
        pairs = (f"{k} = {self.wanted.style.people(v[row].item())}" for k, v in known.report.swept.items())
        text = "   ".join(pairs)
        return wrapped(text, self.width) if text else []

    def _panels(self, step: Panels, known: Quantities, row: int) -> list[Strip]:
        matrices = [number(known, row, name) for _, name in step.columns]
        names = entry_names(known.report, (len(matrices[0]),))
        drawn = PanelStep([head for head, _ in step.columns], matrices, names, self.wanted)
        heat = number(known, row, step.heat) if step.heat else None
        return drawn.strips(self.width, heat, step.corner)

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


def fields(template: str) -> list[str]:
    """Name what a template asks for.

    >>> fields("{p} · ln({p:.4}/{q})")
    ['p', 'p', 'q']
    """
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


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
        heads = [ours(head, self.wanted) for head, _ in self.step.columns]
        columns = [self.column(template) for _, template in self.step.columns]
        blocks = [
            padded([head, *texts], right=self.numbers(template) is not None)
            for head, texts, (_, template) in zip(heads, columns, self.step.columns, strict=True)
        ]
        head, *lines = side_by_side([[self.step.names, *labels], *blocks])
        if cells(head) > width:
            return self.with_gaps(stacked(labels, heads, columns, width))
        room = min(BAR, width - cells(head) - 2)
        drawn = self._drawn(room) if room >= 5 else [""] * len(lines)
        head += self._ends(room) if self.step.track else ""
        rows = [
            [strip(line, "", "  " + ours(mark, self.wanted) if mark else "")]
            for line, mark in zip(lines, drawn, strict=True)
        ]
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
            if k > before + 1:
                strips.append(left_out(k - before - 1, self.wanted))
            strips += row
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
