"""Templates of a derivation, filled with the user's own numbers."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import bar, label, ours, spark

if TYPE_CHECKING:
    from aimath.render.fields import Quantities, Wanted

BAR = 20
JOINED = 6
"""A sum of more terms than this shows its first three and its last."""
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


def fields(template: str) -> list[str]:
    """Name what a template asks for.

    >>> fields("{p} · ln({p:.4}/{q})")
    ['p', 'p', 'q']
    """
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]
