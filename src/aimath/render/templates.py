"""Template substitution for derivations."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import bar, rendered, safe_label, spark
from aimath.render.report_view import is_gap

if TYPE_CHECKING:
    from aimath.render.report_view import LayoutOptions, ReportView

BAR_WIDTH = 20
MAX_TERMS = 6
"""A sum of more terms than this shows its first three and its last."""
MAX_WORD_WIDTH = 24
"""The user's words are cut at so many cells."""


class TemplateValue:
    """A value within a template, `{name}` with an optional format spec (see report.Line)."""

    def __init__(self, value: Any, layout: LayoutOptions, entry: int | None = None, mark: str = "") -> None:
        self.raw, self.layout, self.entry, self.mark = value, layout, entry, mark

    @property
    def value(self) -> Any:
        """The value to show: within a table's line, the entry of that line."""
        if self.entry is None or not isinstance(self.raw, np.ndarray):
            return self.raw
        return np.ravel(self.raw)[self.entry].item()

    def __getitem__(self, row: int) -> TemplateValue:
        """Return a row of a matrix: `{name[0]}`."""
        return TemplateValue(self.raw[row], self.layout, self.entry, self.mark)

    def __format__(self, spec: str) -> str:
        """Return the number as text, or the vector's numbers joined, behind ≈ where they are approximate."""
        mark = "" if spec in ("bar", "spark") else rendered(self.mark, self.layout)
        return mark + self._format(spec)

    def _format(self, spec: str) -> str:
        value, style = self.value, self.layout.style
        if spec[1:].isdigit() and style.exact:
            style = style._replace(digits=int(spec[1:]))
        if spec.startswith("~"):
            return style.format_distinct(value)
        if isinstance(value, np.ndarray) and spec == "spark":
            return spark(value, self.layout)
        if isinstance(value, np.ndarray):
            glue = spec if spec.startswith(" ") else ", "
            items = [
                safe_label(x, self.layout, MAX_WORD_WIDTH) if isinstance(x, str) else style.format_display(x)
                for x in value.flat
            ]
            return rendered(_join_terms(items, glue, show_all=self.layout.all_rows), self.layout)
        if is_gap(value):
            return "-"
        if isinstance(value, str):
            return safe_label(value, self.layout, MAX_WORD_WIDTH)
        if spec == "bar":
            return rendered(bar(float(value), BAR_WIDTH), self.layout)
        if spec == "%":
            return style.format_percent(value)
        text = style.format_display(value)
        return "+" + text if spec == "+" and not text.startswith("-") else text


def _join_terms(items: list[str], separator: str, *, show_all: bool) -> str:
    if len(items) > MAX_TERMS and not show_all:
        items = [*items[:3], "…", items[-1]]
    text = separator.join(items)
    return text.replace("+ -", "- ") if separator.strip() == "+" else text


class TemplateScope(dict[str, TemplateValue]):
    """The quantities of one row by name; within a table's line, a vector gives its entry."""

    def __init__(self, view: ReportView, row: int, layout: LayoutOptions, entry: int | None = None) -> None:
        super().__init__()
        self.view, self.row, self.layout, self.entry = view, row, layout, entry

    def __missing__(self, name: str) -> TemplateValue:
        """Look up a quantity when a template asks for it."""
        words = self.view.report.template_words
        value = words[name] if name in words else row_value(self.view, self.row, name)
        mark = "≈" * (name.partition("[")[0] in self.view.report.approximate)
        shown = self[name] = TemplateValue(value, self.layout, self.entry, mark)
        return shown


def row_value(view: ReportView, row: int, name: str) -> Any:
    """Return a quantity of one row: a scalar, a text or an array."""
    name, _, index = name.partition("[")
    values = view[name]
    if values is None:
        raise KeyError(name)
    value = values[row][int(index[:-1])] if index else values[row]
    return value if np.ndim(value) else value.item()


def field_names(template: str) -> list[str]:
    """Return the field names of a template.

    >>> field_names("{p} · ln({p:.4}/{q})")
    ['p', 'p', 'q']
    """
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]
