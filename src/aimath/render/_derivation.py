"""Rendering of derivations: lines, tables, trees, panels and cross-checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import (
    StyledLine,
    append_marks,
    bars,
    dot_plot,
    elision,
    join_columns,
    pad,
    rendered,
    safe_label,
    singular_units,
    styled,
    sweep_settings,
    wrap,
)
from aimath.render.plots._panels import PanelStep
from aimath.render.report_view import ReportView, entry_names, is_gap, largest_together
from aimath.render.templates import (
    BAR_WIDTH,
    MAX_WORD_WIDTH,
    TemplateScope,
    TemplateValue,
    field_names,
    row_value,
)
from aimath.report import CrossCheck, Derivations, Line, Panels, Step, Table, Tree
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.report_view import LayoutOptions

HEAD_ENTRIES, TAIL_ENTRIES, MAX_FULL_ENTRIES = 5, 2, 12
"""A table of more entries than WHOLE shows the first, the last and the extreme ones."""


MIN_NAMED_BAR = 10
"""Above a shorter bar stands the column's name alone."""


class TableStep:
    """The table of a derivation for one row: the shown entries and their columns."""

    def __init__(self, step: Table, view: ReportView, row: int, layout: LayoutOptions) -> None:
        self.step, self.view, self.row, self.layout = step, view, row, layout
        asked = [name for _, template in step.columns for name in field_names(template)]
        asked = [
            name
            for name in (step.bar or step.dot_plot, *asked)
            if name and name not in view.report.template_words
        ]
        arrays = [np.atleast_1d(row_value(view, row, name)) for name in asked]
        self.shape = max((array.shape for array in arrays), key=np.prod, default=(1,))
        whole = (name for name, array in zip(asked, arrays, strict=True) if array.shape == self.shape)
        self.of_axes = next(whole, "") if len(self.shape) > 1 else ""  # a quantity with axes to be named
        self.size, vectors = int(np.prod(self.shape)), [np.ravel(array) for array in arrays]
        leading = next(
            (v for v in vectors if v.size == self.size and v.dtype.kind != "U"), np.zeros(self.size)
        )
        self.plotted = leading.astype(np.float64)
        self.entries = _shown_entries(leading, show_all=layout.all_rows)

    def lines(self, width: int) -> list[StyledLine]:
        """Return a header and a line per entry with a bar, or a vertical layout on narrow terminals."""
        labels = self.entry_labels()
        heads, columns, blocks = self.columns()
        head, *lines = join_columns([[self.step.names, *labels], *blocks])
        if display_width(head) > width:
            return self.with_elisions(vertical_entries(labels, heads, columns, width))
        room = min(BAR_WIDTH, width - display_width(head) - 2)
        marks = self._marks(room) if room >= 5 else [""] * len(lines)
        head += self._axis_ends(room) if self.step.dot_plot else self._bar_head(room)
        rows = [[row] for row in append_marks(lines, marks, self.layout)]
        return [styled(head, "dim"), *self.with_elisions(rows)]

    def _bar_head(self, room: int) -> str:
        """Return the name of the column that is drawn, as it stands above the bars."""
        name = self.bar_name() if room >= 5 else ""
        if not name:
            return ""
        return f"  {safe_label(name if room < MIN_NAMED_BAR else f'bar: {name}', self.layout, room)}"

    def bar_name(self) -> str:
        """Return the head of the column that bars draw, unless they stand beside it, the last one."""
        return "" if field_names(self.step.columns[-1][1]) == [self.step.bar] else self.drawn_name()

    def drawn_name(self) -> str:
        """Return the head of the column that is drawn, else the quantity's name."""
        drawn = self.step.bar or self.step.dot_plot
        heads = (head for head, template in self.step.columns if field_names(template) == [drawn])
        return next(heads, drawn)

    def entry_labels(self) -> list[str]:
        """Return what the shown entries are called."""
        names = self._entry_names()
        return [safe_label(names[k], self.layout, MAX_WORD_WIDTH) for k in self.entries]

    def _marks(self, room: int) -> list[str]:
        """Return a bar or a dot for each shown entry."""
        values = self.plotted[self.entries]
        if self.step.bar:
            return bars(values, room, self.scale_of_bars())
        return dot_plot(values, room) if self.step.dot_plot and values.size else [""] * len(values)

    def scale_of_bars(self) -> np.ndarray[Any, Any]:
        """Return what the bars are scaled by: the shown ones, and of all rows and runs the largest."""
        values = self.view[self.step.bar]
        if values is None or values.dtype.kind not in "fiu":
            return self.plotted
        return np.append(self.plotted, largest_together(self.view, self.step.bar, self.row))

    def _axis_ends(self, room: int) -> str:
        """Return the axis above a dot plot with its least and largest value, if there is room."""
        values = self.plotted[self.entries]
        if not values.size or room < 5:
            return ""
        low, high = (self.layout.style.format_display(float(end)) for end in (values.min(), values.max()))
        name = safe_label(self.drawn_name(), self.layout, room)
        between = room - len(low) - len(high) - display_width(name) - 4
        if between < 2:
            return f"  {name}"
        dashes = ("─" * (between // 2), "─" * (between - between // 2))
        return rendered(f"  {low} {dashes[0]} {name} {dashes[1]} {high}", self.layout)

    def _entry_names(self) -> list[str]:
        if self.step.names:
            named = row_value(self.view, self.row, self.step.names)
            return [
                name if isinstance(name, str) else self.layout.style.format_display(name)
                for name in named.tolist()
            ]
        return entry_names(self.view.report, self.shape, self.of_axes, ",")

    def columns(self) -> tuple[list[str], list[list[str]], list[list[str]]]:
        """Return the headers, the cells below each, and both padded to one width."""
        heads = [rendered(head, self.layout) for head, _ in self.step.columns]
        texts = [self.column(template) for _, template in self.step.columns]
        right = [self.numbers(template) is not None for _, template in self.step.columns]
        both = zip(heads, texts, right, strict=True)
        return heads, texts, [pad([head, *below], right=is_right) for head, below, is_right in both]

    def column(self, template: str) -> list[str]:
        """Return the cells of a column padded to one width, aligned at the decimal point."""
        values = self.numbers(template)
        if values is not None:
            approximate = set(field_names(template)) & set(self.view.report.approximate)
            mark = rendered("≈" * bool(approximate), self.layout)
            known = [x for x in values if not is_gap(x)]
            numbers = iter(self.layout.style.format_column(known) if known else [])
            texts = ["-" if is_gap(x) else f"{mark}{next(numbers)}" for x in values]
            if template.endswith(":+}"):
                return pad([t if t.lstrip().startswith("-") else "+" + t.lstrip() for t in texts], right=True)
            return texts
        ascii_template = rendered(template, self.layout)
        scopes = (TemplateScope(self.view, self.row, self.layout, entry=k) for k in self.entries)
        return pad([ascii_template.format_map(scope) for scope in scopes])

    def numbers(self, template: str) -> list[Any] | None:
        """Return the numbers of a column that shows a single quantity, or None."""
        name = template[1:-1].removesuffix(":+")
        if not re.fullmatch(r"\w+(\[\d+\])?", name) or name in self.view.report.template_words:
            return None
        vector = np.ravel(row_value(self.view, self.row, name))
        if vector.dtype.kind == "U":
            return None
        return np.broadcast_to(vector, (self.size,))[self.entries].tolist()  # type: ignore[no-any-return]

    def with_elisions(self, rows: Sequence[list[StyledLine]]) -> list[StyledLine]:
        """Return the lines with an elision wherever entries are left out."""
        strips: list[StyledLine] = []
        before = -1
        for k, row in zip(self.entries, rows, strict=True):
            strips += [*elision(k - before - 1, self.layout), *row]
            before = k
        return strips


def _shown_entries(values: np.ndarray[Any, Any], *, show_all: bool) -> list[int]:
    size = values.size
    if show_all or size <= MAX_FULL_ENTRIES:
        return list(range(size))
    extremes = {int(np.argmax(values)), int(np.argmin(values))}
    return sorted({*range(HEAD_ENTRIES), *extremes, *range(size - TAIL_ENTRIES, size)})


def vertical_entries(
    labels: list[str], heads: list[str], columns: list[list[str]], width: int
) -> list[list[StyledLine]]:
    """Return each entry as a label with a line per header below it."""
    entries = []
    for name, *texts in zip(labels, *columns, strict=True):
        lines = [f" {name}"]
        for head, text in zip(pad(heads), texts, strict=True):
            line = f"   {head}  {text.strip()}"
            lines += (
                [line] if display_width(line) <= width else wrap(f"   {head.strip()} = {text.strip()}", width)
            )
        entries.append([styled(line) for line in lines])
    return entries


MAX_TREE_NODES = 60
"""A tree of more nodes than this shows its first ones."""
MIN_NODE_WIDTH = 8
"""A node has room for so many signs, or the columns go below it."""
MAX_INDENT_DEPTH = 6
"""Deeper than this a tree's lines are no longer indented, but numbered."""


class TreeStep(TableStep):
    """The tree of a derivation: a line per node, indented below its parent."""

    def __init__(self, step: Tree, view: ReportView, row: int, layout: LayoutOptions) -> None:
        super().__init__(Table(step.columns), view, row, layout)
        self.node_texts, self.depths = (
            row_value(view, row, name).tolist() for name in (step.node_texts, step.depths)
        )
        cut = self.size > MAX_TREE_NODES and not layout.all_rows
        self.entries = list(range(MAX_TREE_NODES if cut else self.size))

    def lines(self, width: int) -> list[StyledLine]:
        """Return a header and a line per node, with texts truncated where there is no room."""
        heads, columns, blocks = self.columns()
        rest = elision(self.size - len(self.entries), self.layout)
        room = width - sum(display_width(block[0]) + 2 for block in blocks) - 1
        marks = [rendered(mark, self.layout) for mark in tree_prefixes(self.depths)][: len(self.entries)]
        if room < max(map(display_width, marks)) + MIN_NODE_WIDTH:
            texts = self._node_labels([f"{depth}: " for depth in self.depths], width - 1)
            return [*self.with_elisions(vertical_entries(texts, heads, columns, width)), *rest]
        head, *lines = join_columns([["node", *self._node_labels(marks, room)], *blocks])
        return [styled(head, "dim"), *map(styled, lines), *rest]

    def _node_labels(self, marks: Sequence[str], room: int) -> list[str]:
        """Return the shown nodes behind their prefixes, truncated to the room."""
        pairs = zip(marks, self.node_texts, self.entries, strict=False)
        return [mark + safe_label(line, self.layout, room - display_width(mark)) for mark, line, _ in pairs]


def tree_prefixes(depths: Sequence[int]) -> list[str]:
    """Return the box-drawing prefix of each node of a tree in preorder.

    >>> tree_prefixes([0, 1, 2, 1])
    ['', '├─', '│ └─', '└─']
    """
    marks: list[str] = []
    follows: set[int] = set()  # depths at which another node comes below
    for depth in reversed(depths):
        if depth > MAX_INDENT_DEPTH:
            marks.append("  " * MAX_INDENT_DEPTH + f"{depth}: ")
        else:
            before = "".join("│ " if k in follows else "  " for k in range(1, depth))
            marks.append(before + (("├─" if depth in follows else "└─") if depth else ""))
        follows = {k for k in follows if k < depth} | {depth}
    return marks[::-1]


STEP_RENDERERS: dict[type[Step], Any] = {Table: TableStep, Tree: TreeStep, Panels: PanelStep}
"""Who draws a step that is more than a line."""


class Text(NamedTuple):
    """A text of a derivation: its "formula", a "line", a "setting" of a sweep, a "remark", or a check.

    A check "holds", "fails", or is "undecided".
    """

    text: str
    kind: str = "line"

    def lines(self, width: int) -> list[StyledLine]:
        """Return the text wrapped, in the style of its kind."""
        return [styled(line, TEXT_STYLES[self.kind]) for line in wrap(self.text, width)]


TEXT_STYLES = {
    "formula": "bold", "line": "", "setting": "bold", "remark": "dim",
    "holds": "green", "fails": "bold red", "undecided": "yellow",
}  # fmt: skip
Block = Text | TableStep | TreeStep | PanelStep
"""A part of a derivation, which each form draws in its way."""


class DerivationRenderer:
    """A renderer of derivations to blocks, in which lines shared by all rows stand once."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout, self.seen_lines = layout, set[str]()

    def render(self, view: ReportView) -> Iterator[list[Block]]:
        """Yield the blocks of each row's derivation."""
        report = view.report
        if report.steps and isinstance(report.steps[0], Derivations):
            for told in report.steps[0].reports():
                yield from self.render(ReportView(told, ""))
            return
        if report.is_missing:
            yield [Text(" no answer", "remark")] * view.rows
            return
        methods = [step.method for step in report.steps if isinstance(step, CrossCheck)]
        checks = {method: getattr(report.result, method)() for method in methods}
        conditions = [step.condition for step in report.steps if isinstance(step, (Line, CrossCheck))]
        holds = {method: getattr(report.result, method)() for method in conditions if method}
        for row in range(view.rows):
            blocks: list[Block] = []
            for k, step in enumerate(report.steps):
                if k == 1 and (said := "   ".join(sweep_settings(report, row, self.layout))):
                    blocks.append(Text(said, "setting"))
                if isinstance(step, (Line, CrossCheck)) and step.condition:
                    true = _row_value(holds[step.condition], view, row)
                    step = step if true else step._replace(text=step.fallback)  # noqa: PLW2901
                if isinstance(step, Line):
                    blocks += self._render_line(step, view, row, first=k == 0)
                elif isinstance(step, CrossCheck):
                    blocks.append(self._render_check(step, checks[step.method], view, row))
                else:
                    blocks.append(STEP_RENDERERS[type(step)](step, view, row, self.layout))
            yield blocks

    def _render_line(self, step: Line, view: ReportView, row: int, *, first: bool) -> list[Block]:
        if step.nonzero and not np.any(row_value(view, row, step.nonzero)):
            return []
        if not step.nonzero and not any(
            name not in view.report.template_words for name in field_names(step.text)
        ):
            if step.text in self.seen_lines:
                return []
            self.seen_lines.add(step.text)
        text = rendered(step.text, self.layout).format_map(TemplateScope(view, row, self.layout))
        text = singular_units(text).replace(rendered("= ≈", self.layout), rendered("≈ ", self.layout))
        return [Text(text, "formula" if first else "line")]

    def _render_check(self, step: CrossCheck, check: Any, view: ReportView, row: int) -> Text:
        """Return the line of a cross-check, told of in words, with ✓ or ✗, or ? where it can't tell."""
        scope = TemplateScope(view, row, self.layout)
        agrees, coarse = (np.asarray(_row_value(mask, view, row)) for mask in (check.holds, check.undecided))
        holds = bool(agrees.all())
        if coarse.any() and (agrees | coarse).all():
            return Text(f" ? {step.undecided}", "undecided")
        both = [_row_value(value, view, row) for value in check[:2]]
        if np.isnan(both[1]).any() and not np.isnan(both[0]).any():
            return Text(" no other route has a number here: nothing can be checked", "remark")
        for name, value in zip(("answer", "alternative"), both, strict=True):
            # What agrees to nine digits is not set apart by its last ones.
            scope[name] = TemplateValue(_round_to_nine_digits(value) if holds else value, self.layout)
        if "{difference" in step.text:
            # A billionth is what a Check asks for; the digits below it differ from machine to machine.
            difference, size = np.abs(np.subtract(*both)).max(), np.abs(both[0]).max()
            scope["difference"] = TemplateValue(float(max(difference, 1e-9 * size)), self.layout)
        text = rendered(f" {'✓' if holds else '✗'} checked another way: {step.text}", self.layout)
        return Text(text.format_map(scope), "holds" if holds else "fails")


def _row_value(values: Any, view: ReportView, row: int) -> Any:
    """Return what a check says of one row, which may be a number for all of them."""
    array = np.asarray(values)
    if not view.lines:
        return array
    value = array if array.ndim == 0 else array[row if array.shape[0] == view.rows else 0]
    return value.item() if np.ndim(value) == 0 else value


def _round_to_nine_digits(value: Any) -> Any:
    rounded = np.vectorize(lambda x: float(f"{x:.9g}"), otypes=[float])(value)
    return rounded.item() if rounded.ndim == 0 else rounded
