"""Terminal tables: row selection, digits that fit, horizontal and vertical layouts."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import (
    DOT,
    DOT_LINE,
    HEAD_LINES,
    TAIL_LINES,
    StyledLine,
    append_marks,
    bar,
    dot_plot,
    elision,
    head_tail,
    join_columns,
    pad,
    rendered,
    safe_label,
    singular_units,
    styled,
    sweep_settings,
    wrap,
)
from aimath.render._scales import fit_scale, spans_decades
from aimath.render.numbers import DISPLAY_DIGITS, NumberStyle
from aimath.render.report_view import (
    Column,
    ReportView,
    entry_names,
    expand_columns,
    is_gap,
    largest_together,
    select_fields,
    stacked_titles,
)
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report

FAILED_STATUSES = frozenset({"diverged", "undefined"})
"""How runs ended that stretch no scale: their bars go beyond it."""
MAX_BAR_WIDTH, MIN_BAR_WIDTH = 30, 5
"""Bars are at most and at least this wide."""


MAX_GONE = 5
"""So many columns that don't fit are named; more are counted."""
NO_VALUE = "-"
"""What is shown of a quantity that may lack a value, and does."""


MIN_TEXT = 24
"""Of a text that is cut short, so much is shown at least."""


class Grid(NamedTuple):
    """A table as text, with `hidden` rows elided behind the first HEAD_LINES."""

    heads: tuple[str, ...]
    units: tuple[str, ...]
    columns: list[list[str]]  # the cells of a column, all of one width
    text_columns: frozenset[int] = frozenset()  # columns that aren't numbers
    plotted: tuple[float, ...] = ()  # what is drawn behind each row: as a bar, 0 to 1
    is_dot_plot: bool = False  # or as a place on a line
    is_log: bool = False  # whose scale is logarithmic; nan has no place
    plotted_name: str = ""  # said above what is drawn, where that is not the last column
    above: str = ""
    below: str = ""
    hidden: int = 0

    @property
    def titles(self) -> list[str]:
        """The headers with their units."""
        return [
            f"{head} ({unit})" if unit else head for head, unit in zip(self.heads, self.units, strict=True)
        ]

    def with_note(self, text: str) -> Grid:
        """Return the table with a further note below."""
        return self._replace(below="   ".join(said for said in (self.below, text) if said))

    def with_units_below(self) -> Grid:
        """Return the table with units in a note instead of the headers, which is narrower."""
        heads: dict[str, list[str]] = {}
        for head, unit in zip(self.heads, self.units, strict=True):
            heads.setdefault(unit, []).append(head)
        said = (f"{', '.join(those)} in {unit}" for unit, those in heads.items() if unit)
        return self._replace(units=("",) * len(self.units)).with_note("   ".join(said))

    def narrowed(self, layout: LayoutOptions) -> Grid:
        """Return the table with as many columns as fit, above all the drawn one, and how many more.

        The next is cut to the room that is left, if it is text and enough of it is seen.
        """
        titles = self.with_units_below().heads
        widths = [
            2 + max(display_width(head), display_width(column[0]))
            for head, column in zip(titles, self.columns, strict=True)
        ]
        dots = rendered("…", layout)
        room = layout.width - 3 - len(dots)
        order = sorted(range(len(widths)), key=lambda k: (k > 0, titles[k] != self.plotted_name, k))
        fitting = sum(total <= room for total in itertools.accumulate(widths[k] for k in order))
        kept = sorted(order[: max(1, fitting)])
        columns = dict(enumerate(self.columns))
        left = room - sum(widths[k] for k in kept) - 2
        following = order[len(kept)] if len(kept) < len(order) else 0
        if following in self.text_columns and left >= MIN_TEXT:
            columns[following] = pad([safe_label(text.rstrip(), layout, left) for text in columns[following]])
            kept = sorted([*kept, following])
        narrow = self._replace(
            heads=(*(self.heads[k] for k in kept), dots),
            units=("",) * (len(kept) + 1),
            columns=[*(columns[k] for k in kept), [dots] * len(self.columns[0])],
            text_columns=frozenset(place for place, k in enumerate(kept) if k in self.text_columns),
            plotted=(),
        )
        gone = [head for k, head in enumerate(self.heads) if k not in kept]
        told = f"not shown: {', '.join(gone)} (--all)" if gone else "cut short (--all)"
        return narrow.with_note(told if len(gone) <= MAX_GONE else f"… {len(gone)} more columns (--all)")

    def fits(self, width: int) -> bool:
        """Return whether the table, without bars, is at most `width` wide."""
        both = zip(self.titles, self.columns, strict=True)
        return (
            sum(2 + max(display_width(title), display_width(column[0])) for title, column in both) - 1
            <= width
        )

    def lines(self, layout: LayoutOptions) -> list[StyledLine]:
        """Return the lines of the table, vertical for a single row or if it is too wide."""
        alone = len(self.columns[0]) == 1 and self.heads[0]
        lines = self._horizontal(layout) if self.fits(layout.width) and not alone else self._vertical(layout)
        above = [styled(f" {self.above}", "bold")] if self.above else []
        said = wrap(rendered(f" {self.below}", layout), layout.width) if self.below else []
        return [*above, *lines, *(styled(line, "dim") for line in said)]

    def _horizontal(self, layout: LayoutOptions) -> list[StyledLine]:
        pairs = enumerate(zip(self.titles, self.columns, strict=True))
        blocks = [pad([title, *texts], right=k not in self.text_columns) for k, (title, texts) in pairs]
        head, *lines = join_columns(blocks)
        room = min(MAX_BAR_WIDTH, layout.width - display_width(head) - 2)
        marks = [""] * len(lines)
        if self.plotted and room >= MIN_BAR_WIDTH:
            marks = self._marks(room)
        named = f"{'dots' if self.is_dot_plot else 'bar'}: {self.plotted_name}" if self.plotted_name else ""
        if self.is_log:
            long = f"{named} (log scale)"
            named = long if len(long) <= room else f"log {self.plotted_name}"
        named = f"  {safe_label(named, layout, room)}" if any(marks) and named else ""
        rows = [[row] for row in append_marks(lines, marks, layout)]
        rule = styled(rendered(" " + "─" * (display_width(head) - 1), layout), "dim")
        return [styled(f"{head}{named}", "bold"), rule, *self._with_elision(rows, layout)]

    def _marks(self, room: int) -> list[str]:
        if self.is_log:
            dots = (
                DOT_LINE * round(x * (room - 1)) + DOT if x <= 1.0 else DOT_LINE * (room - 1) + "▶"
                for x in self.plotted
            )
            return ["" if math.isnan(x) else mark for x, mark in zip(self.plotted, dots, strict=True)]
        if self.is_dot_plot:
            return dot_plot(np.array(self.plotted), room)
        return [bar(x, room) if x <= 1.0 else bar(1.0, room - 1) + "▶" for x in self.plotted]

    def _with_elision(self, rows: list[list[StyledLine]], layout: LayoutOptions) -> list[StyledLine]:
        said = elision(self.hidden, layout, "rows")
        return list(itertools.chain(*rows[:HEAD_LINES], said, *rows[HEAD_LINES:]))

    def _vertical(self, layout: LayoutOptions) -> list[StyledLine]:
        start = 1 if self.heads[0] == "" else 0
        labels = self.columns[0] if start else [""] * len(self.columns[0])
        heads = pad(self.heads[start:])
        alone = len(heads) == 1
        rows = []
        for k, (name, *texts) in enumerate(zip(labels, *self.columns[start:], strict=True)):
            names = [name] if start and alone else [f"{name} {head}" if start else head for head in heads]
            both = zip(texts, self.units[start:], strict=True)
            values = (
                singular_units(f"{text.strip()} {unit if text.strip() != NO_VALUE else ''}")
                for text, unit in both
            )
            pairs = zip(names, values, strict=True)
            lines = [
                styled(line) for name, value in pairs for line in _name_value_lines(name, value, layout.width)
            ]
            kept, hidden = head_tail(len(lines), layout)
            lines = [lines[k] for k in kept]
            lines[HEAD_LINES:HEAD_LINES] = elision(hidden, layout)
            rows.append([*([styled("")] if k and not alone else []), *lines])
        return self._with_elision(rows, layout)


def _name_value_lines(name: str, value: str, width: int) -> list[str]:
    """Return `name = value`, in two lines rather than breaking a number."""
    short = name.rstrip()
    lines = (f"{name} = {value}".rstrip() for name in (name, short))
    fitting = next((line for line in lines if display_width(line) <= width), None)
    return [f"{short} =", *wrap(f"  {value}", width)] if fitting is None else [fitting]


MAX_HEADER_WIDTH = 16
"""The user's words may take so many cells, or a third of the terminal."""
MIN_DIGITS = 3
"""A table that is too wide for its terminal is shown with down to so many digits, then without units."""


def single_answer_grids(view: ReportView, layout: LayoutOptions) -> list[Grid]:
    """Return one vector as a line per entry or each matrix of one answer as its rows; else []."""
    report = view.report
    names = select_fields(view, layout.fields)
    values = view[names[-1]] if names else None
    if view.rows != 1 or values is None or len(names) > 1 + len(report.swept):
        return []
    above = sweep_settings(report, 0, layout)
    # Short vectors of a sweep stand below each other in one table.
    if values.ndim == 2 and not (above and values.size * 11 < layout.width):
        return [_vector_grid(view, names[-1], values, layout)._replace(above="   ".join(above))]
    if values.ndim < 3:
        return []
    matrices = values.reshape(-1, *values.shape[-2:])
    titles = stacked_titles(report, names[-1], values.shape[1:-2])
    return [
        _matrix_grid(view, names[-1], matrix, layout)._replace(above="   ".join([*above, *said]))
        for matrix, said in zip(matrices, titles, strict=True)
    ]


def _vector_grid(view: ReportView, name: str, values: np.ndarray[Any, Any], layout: LayoutOptions) -> Grid:
    report = view.report
    beside = view[report.companion] if report.companion not in {"", name} else None
    shown = [(name, values)]
    if beside is not None and beside.shape == values.shape:
        shown.insert(0, (report.companion, beside))
    rows, hidden = head_tail(values.size, layout)
    names = entry_names(report, values.shape[1:])
    labels = pad([safe_label(names[k], layout, layout.width // 3) for k in rows])
    texts = [_format_together(view, name, v[0][rows].tolist(), rows, layout) for name, v in shown]
    if 5 + sum(display_width(column[0]) + 2 for column in (labels, *texts)) > layout.width:
        shown, texts = shown[-1:], texts[-1:]
    heads, units = ["", *(n for n, _ in shown)], ["", *(report.units.get(n, "") for n, _ in shown)]
    shares = _bar_lengths(values[0], largest_together(view, name, 0))
    drawn = tuple(shares[k] for k in rows) if shares else ()
    words = frozenset({0} | {k + 1 for k, (_, v) in enumerate(shown) if v.dtype.kind == "U"})
    return Grid(tuple(heads), tuple(units), [labels, *texts], words, drawn, hidden=hidden)


MAX_ALIKE = 50
"""So many runs of a sweep are written with equally many digits, so that their bars have one scale."""


def _format_together(
    view: ReportView, name: str, values: Sequence[Any], rows: Sequence[int], layout: LayoutOptions
) -> list[str]:
    """Return values as texts as wide as those of the other runs of their sweep."""
    runs, mark = view.report.together, _mark(view.report, name)
    if not 1 < len(runs) <= MAX_ALIKE or any(isinstance(x, str) for x in values):
        return _format_values(values, layout, mark)
    others = [known for run in runs if (known := ReportView(run, view.lines)[name]) is not None]
    alike = [known[0][rows].tolist() for known in others if known.shape[1:] == others[0].shape[1:]]
    return _format_values([x for part in [values, *alike] for x in part], layout, mark)[: len(values)]


def _matrix_grid(view: ReportView, name: str, values: np.ndarray[Any, Any], layout: LayoutOptions) -> Grid:
    report = view.report
    rows, hidden = head_tail(len(values), layout)
    high, wide = values.shape
    names = [safe_label(name, layout, layout.width // 3) for name in entry_names(report, (high,))]
    heads = [safe_label(name, layout, layout.width // 3) for name in entry_names(report, (wide,), name)]
    texts = np.array(_format_values(values[rows].ravel().tolist(), layout, _mark(report, name))).reshape(
        -1, wide
    )
    body = [texts[:, k].tolist() for k in range(wide)]
    labels = pad([names[k] for k in rows])
    widths = [
        max(display_width(head), display_width(column[0])) + 2
        for head, column in zip(heads, body, strict=True)
    ]
    room = layout.width - 1 - display_width(labels[0])
    if sum(widths) > room and not layout.all_rows:
        room -= widths[-1] + 3
        keep = sum(total <= room for total in itertools.accumulate(widths[:-1]))
        dots = rendered("…", layout)
        heads, body = [*heads[:keep], dots, heads[-1]], [*body[:keep], [dots] * len(rows), body[-1]]
    return Grid(("", *heads), ("", *[""] * len(heads)), [labels, *body], frozenset({0}), hidden=hidden)


def _format_values(values: Sequence[Any], layout: LayoutOptions, mark: str = "") -> list[str]:
    """Return values as texts of one width, each behind a mark."""
    if any(isinstance(x, str) for x in values):
        return pad([safe_label(str(x), layout) for x in values])
    mark = rendered(mark, layout)
    return [f"{mark}{text}" for text in layout.style.format_column(values)]


def _mark(report: Report, name: str) -> str:
    """Return what stands before each number of a quantity."""
    return "≈" * (name in report.approximate)


def _format_with_gaps(values: Sequence[Any], layout: LayoutOptions, mark: str = "") -> list[str]:
    """Return the numbers of a column that may lack some."""
    texts = iter(_format_values([x for x in values if not is_gap(x)], layout, mark))
    return pad([NO_VALUE if is_gap(x) else next(texts) for x in values])


def _bar_lengths(values: np.ndarray[Any, Any], largest: float = 0.0) -> tuple[float, ...]:
    """Return values scaled for bars to the largest, if they are finite and nonnegative."""
    if values.dtype.kind != "f" or not np.isfinite(values).all() or (values < 0).any():
        return ()
    largest = largest or float(values.max(initial=0.0))
    return tuple((values / largest).tolist()) if values.size > 1 and values.any() else ()


class Records:
    """Rows gathered for one table, only the first and last kept, so that memory is bounded."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout = layout
        self.columns: list[Column] = []
        self.head: list[tuple[Any, ...]] = []
        self.tail: list[tuple[Any, ...]] = []
        self.rows = 0
        self.plotted_column = self.status_column = self.below = ""
        self.is_dot_plot = False  # what is drawn is a place on a line
        self.has_bars = False  # what is drawn is what --plot draws
        self.may_be_log = False  # losses, whose scale is logarithmic where they span decades

    def fits(self, view: ReportView) -> bool:
        """Return whether a report has the same columns as those gathered."""
        heads = [column.header for column in self._report_columns(view)]
        return not self.columns or heads == [column.header for column in self.columns]

    def add(self, view: ReportView) -> None:
        """Gather the rows of one block."""
        spread, rows = self._report_columns(view), view.rows
        self.columns = self.columns or [column._replace(values=column.values[:0]) for column in spread]
        for plot in view.report.plots:
            one = [column.header for column in spread if column.header.startswith(f"{plot.y}_")]
            self.is_dot_plot = plot.kind == "path" and len(one) == 1
            self.plotted_column = (
                one[0] if self.is_dot_plot else plot.x if plot.kind == "path" else plot.column or plot.y
            )
            self.status_column = plot.status
            self.has_bars = plot.kind == "bars" and self.plotted_column == plot.y
            losses = plot.kind in ("path", "sweep") or (plot.kind == "curve" and plot.column != "")
            self.may_be_log = losses and not plot.from_zero and not self.is_dot_plot
        self.below = self.below or view.report.page.footnote
        start = rows if self.layout.all_rows else min(rows, HEAD_LINES - len(self.head))
        self.head += _row_tuples(spread, 0, start)
        # One row more than is shown: were it alone, it would be shown in place of the gap.
        self.tail = [*self.tail, *_row_tuples(spread, max(start, rows - TAIL_LINES - 1), rows)][
            -TAIL_LINES - 1 :
        ]
        self.rows += rows

    def _report_columns(self, view: ReportView) -> list[Column]:
        names = select_fields(view, self.layout.fields)
        spread = expand_columns(view, names)
        vectors = [name for name in names if (values := view[name]) is not None and values.ndim > 1]
        if len(vectors) != 1 or not view.report.labels:
            return spread
        return [column._replace(header=column.header.removeprefix(f"{vectors[0]}_")) for column in spread]

    def grid(self) -> Grid:
        """Return the table, in fewer digits if it would not fit."""
        full = self._grid(self.layout)
        if self.rows == 1 or full.fits(self.layout.width) or not self.layout.style.exact:
            return full  # a single row is shown as a line a column, which always fits
        grids = []
        for digits in range(DISPLAY_DIGITS - 1, MIN_DIGITS - 1, -1):
            grid = self._grid(self.layout._replace(style=NumberStyle(digits=digits, narrow=True)))
            grids.append(grid.with_note(f"{digits} digits, to fit; --json has all"))
        tried = itertools.chain(grids, (grid.with_units_below() for grid in grids))
        fitting = next((grid for grid in tried if grid.fits(self.layout.width)), None)
        if fitting is None and 0 < self.layout.max_lines < len(full.heads) * len(full.columns[0]):
            # In fewer digits where more columns fit then.
            return max((grid.narrowed(self.layout) for grid in (full, *grids)), key=lambda g: len(g.heads))
        return fitting or full

    def _grid(self, layout: LayoutOptions) -> Grid:
        hidden = self.rows - len(self.head) - len(self.tail)
        tail, hidden = (self.tail[1:], hidden + 1) if hidden else (self.tail, 0)
        rows = self.head + tail
        texts = [
            (_format_with_gaps if column.optional else _format_values)(values, layout, column.mark)
            for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)
        ]
        heads = tuple(
            safe_label(
                column.header, layout, max(MAX_HEADER_WIDTH, layout.width // (3 if self.rows > 1 else 2))
            )
            for column in self.columns
        )
        place = self._place(self.plotted_column)
        values = np.array([row[place] for row in rows]) if place >= 0 else np.zeros(0)
        named = heads[place] if 0 <= place < len(heads) - 1 else ""
        well = (
            [row[k] not in FAILED_STATUSES for row in rows]
            if (k := self._place(self.status_column)) >= 0
            else []
        )
        drawn = _bar_lengths(values, float(values[well].max(initial=0.0)) if any(well) else 0.0)
        is_log = self.may_be_log and bool(drawn) and _spans(values, well)
        if is_log:
            scale = fit_scale(values[well] if any(well) else values, log=True)
            drawn = tuple(scale.shares(values).tolist())
            named = heads[place]
        elif self.is_dot_plot:
            drawn = tuple(values.tolist()) if np.isfinite(values).all() else ()
        units = tuple(column.unit for column in self.columns)
        words = frozenset(k for k, column in enumerate(self.columns) if column.values.dtype.kind == "U")
        return Grid(
            heads, units, texts, words, drawn, self.is_dot_plot or is_log, is_log, named, below=self.below,
            hidden=hidden,
        )  # fmt: skip

    def _place(self, header: str) -> int:
        return next((k for k, column in enumerate(self.columns) if header and column.header == header), -1)


def _spans(values: np.ndarray[Any, Any], well: Sequence[bool]) -> bool:
    """Return whether the values above 0, of those rows that went well, span more than three decades."""
    positive = values[(values > 0.0) & (np.array(well) if any(well) else True)]
    return positive.size > 1 and spans_decades(positive)


def _row_tuples(table: list[Column], start: int, stop: int) -> list[tuple[Any, ...]]:
    return list(zip(*(column.values[start:stop].tolist() for column in table), strict=True))
