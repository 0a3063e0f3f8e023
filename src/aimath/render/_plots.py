"""Terminal plots: bar charts, curves, scatter plots and descents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._images import Gallery, iter_images
from aimath.render._layout import (
    BAR_STYLE,
    DOT,
    HEAD_LINES,
    SHADES,
    StyledLine,
    append_marks,
    bars as drawn_bars,
    elision,
    head_tail,
    join_columns,
    pad,
    rendered,
    safe_label,
    scale_to_cells,
    separated,
    styled,
    wrap,
)
from aimath.render._panels import heat_maps
from aimath.render.numbers import NumberStyle
from aimath.render.report_view import ReportView, entry_names
from aimath.text import display_width, escape_control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.render.report_view import LayoutOptions
    from aimath.report import Plot, Report

    Points = np.ndarray[Any, Any]
    Values = np.ndarray[Any, Any]

HEIGHT = 12


def curve(x: Points, y: Points, axes: tuple[str, str], layout: LayoutOptions, width: int) -> list[str]:
    """Return a plot of points (x, y) with axis ranges; nonfinite points are counted."""
    beyond = int((~np.isfinite(x) | ~np.isfinite(y)).sum())
    counted = [rendered(f" … {beyond} at infinity", layout)] * (beyond > 0)
    return [*plot_points(x, y, np.full(len(x), DOT), axes, layout, width), *counted]


def scatter(
    points: Points, names: Sequence[str], axes: tuple[str, str], layout: LayoutOptions, width: int
) -> list[str]:
    """Return a scatter plot of rows (n, 1 or more), each marked by the first character of its name.

    Where several fall into one cell, the commonest sign is drawn; a single number is drawn on a line.
    """
    x = points[:, 0]
    y = points[:, 1] if points.shape[1] > 1 else np.zeros_like(x)
    marks = np.array([_marker(name) for name in names] or [DOT] * len(x))
    return plot_points(x, y, marks, axes, layout, width)


def _marker(name: str) -> str:
    sign = escape_control(name)[:1]
    return sign if sign.strip() and display_width(sign) == 1 else DOT


def plot_points(
    x: Points, y: Points, marks: Points, axes: tuple[str, str], layout: LayoutOptions, width: int
) -> list[str]:
    """Return a plot of points (x, y) with marks; the most common mark of a cell wins."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y, marks = x[keep], y[keep], marks[keep]
    if not x.size:
        return []
    high = HEIGHT if axes[1] else 1
    low, top, left, right = (
        layout.style.format_display(float(end)) for end in (y.min(), y.max(), x.min(), x.max())
    )
    if not axes[1]:
        low = top = ""
    margin = max(len(low), len(top))
    if margin + 2 > width // 3:  # numbers beside the curve would leave it no room
        lines = [*axis_range_lines("y", low, top, width), *axis_range_lines("x", left, right, width)]
        canvas = (f" │{line}".rstrip() for line in _canvas(x, y, marks, width - 2, high))
        return [rendered(line, layout) for line in (*lines, *canvas, " └" + "─" * (width - 2))]
    room = width - margin - 3
    edge = {0: top, high - 1: low}
    drawn = enumerate(_canvas(x, y, marks, room, high))
    lines = [f" {edge.get(k, ''):>{margin}} │{line}".rstrip() for k, line in drawn]
    between = room - len(left) - len(right)
    start = " " * (margin + 2)
    below = [f"{start} {left}{axes[0] if len(axes[0]) + 2 <= between else '':^{max(0, between)}}{right}"]
    below = below if between > 0 else axis_range_lines("x", left, right, width)
    named = [f"{start}{axes[1]}".rstrip()] if axes[1] else []
    return [rendered(line, layout) for line in (*named, *lines, f"{start}└{'─' * room}", *below)]


def axis_range_lines(axis: str, low: str, high: str, width: int) -> list[str]:
    """Return the range of an axis in one line, or in two if too long."""
    line = f" {axis}: {low} to {high}"
    return [line] if len(line) <= width else [f" {axis}: {low}", f" to {high}"]


def _canvas(x: Points, y: Points, marks: Points, room: int, high: int) -> list[str]:
    places = (high - 1 - scale_to_cells(y, high)) * room + scale_to_cells(x, room)
    signs, which = np.unique(marks, return_inverse=True)
    counts = np.zeros((len(signs), high * room), np.int64)
    np.add.at(counts, (which, places), 1)
    drawn = np.where(counts.any(axis=0), signs[counts.argmax(axis=0)], " ").reshape(high, room)
    return ["".join(line) for line in drawn.tolist()]


MAP_HEIGHT, MIN_MAP_WIDTH = 16, 8
CURVE_MARK, STEP_MARK, START_MARK, END_MARK = "·", "o", "S", "E"
LOG_SCALE_RATIO = 50.0
"""Positive numbers whose largest is so many times their smallest are drawn by their logarithms."""


def descent_plot(
    trajectory: Any, names: Sequence[str], layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return a plot of a descent (a Trajectory) on the curve or map of its function."""
    margin = width // 5
    found = trajectory.surface(max(MIN_MAP_WIDTH, width - margin - 3), MAP_HEIGHT)
    named = [escape_control(name) for name in names]
    if len(found.y) == 1:
        lines = _descent_on_curve(found, named[0], layout, width)
    else:
        lines = _descent_on_map(found, named, layout, margin)
    said = wrap(f" {START_MARK} start   {END_MARK} end   {STEP_MARK} between", width)
    return [*(styled(line, BAR_STYLE) for line in lines), *(styled(line, "dim") for line in said)]


def _descent_on_curve(surface: Any, name: str, layout: LayoutOptions, width: int) -> list[str]:
    """Return the curve of the function with the steps on it."""
    x, y = surface.path[:, 0], surface.losses
    marks = np.full(len(x), STEP_MARK)
    marks[[0, -1]] = START_MARK, END_MARK
    # Ends outweigh the steps in their cell.
    often = np.where(marks == STEP_MARK, 1, len(x) + 2)
    ground = np.full(len(surface.x), CURVE_MARK)
    return plot_points(
        np.concatenate((surface.x, np.repeat(x, often))),
        np.concatenate((surface.values[0], np.repeat(y, often))),
        np.concatenate((ground, np.repeat(marks, often))),
        (name, "f"), layout, width,
    )  # fmt: skip


def _descent_on_map(surface: Any, names: Sequence[str], layout: LayoutOptions, margin: int) -> list[str]:
    """Return the map of the function in five shades with the steps on it."""
    finite = surface.values[np.isfinite(surface.values)]
    bounds = np.quantile(finite, np.linspace(0.2, 0.8, 4)) if finite.size else np.zeros(4)
    shades = np.array(list(SHADES))[np.searchsorted(bounds, surface.values)]
    shades[np.isnan(surface.values)] = "?"
    columns, rows = (_axis_cells(surface.path[:, k], axis) for k, axis in enumerate((surface.x, surface.y)))
    shades[rows, columns] = STEP_MARK
    shades[rows[[0, -1]], columns[[0, -1]]] = START_MARK, END_MARK
    ends = [
        layout.style.format_display(float(x))
        for x in (surface.y[-1], surface.y[0], surface.x[0], surface.x[-1])
    ]
    rows_of_map = ["".join(row) for row in shades[::-1].tolist()]
    return [rendered(line, layout) for line in _frame_map(rows_of_map, names, ends, margin)]


def _frame_map(rows: Sequence[str], names: Sequence[str], ends: Sequence[str], margin: int) -> list[str]:
    """Return a map framed by its axis ranges, or with them above if there is no room."""
    top, low, left, right = ends
    wide = len(rows[0])
    between = wide - len(left) - len(right)
    if max(display_width(top), display_width(low)) > margin or between < 1:
        said = [
            *axis_range_lines(names[1][:margin], low, top, wide),
            *axis_range_lines(names[0][:margin], left, right, wide),
        ]
        return [*said, *(f" │{row}" for row in rows), f" └{'─' * wide}"]
    room = max(display_width(top), display_width(low), min(display_width(names[1]), margin))
    edge = {0: top, 1: names[1][:room], len(rows) - 1: low}
    lines = [f" {edge.get(k, ''):>{room}} │{row}" for k, row in enumerate(rows)]
    start = " " * (room + 2)
    return [*lines, f"{start}└{'─' * wide}", f"{start} {left}{names[0][:between]:^{between}}{right}"]


def _axis_cells(values: Values, axis: Values) -> Values:
    """Return the nearest cell of each value on an ascending axis."""
    half = axis / 2
    place = (values / 2 - half[0]) / (half[-1] - half[0]) * (len(axis) - 1)
    return np.asarray(np.clip(np.rint(place), 0, len(axis) - 1), np.int64)


def sweep_plot(
    options: Mapping[str, Values], y: Values, name: str, layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return a plot of one number per run over one or two swept options."""
    if len(options) == 1:
        ((option, x),) = options.items()
        (x, across), (y, up) = _log_if_wide(x, option), _log_if_wide(y, name)
        return [styled(line, BAR_STYLE) for line in curve(x, y, (across, up), layout, width)]
    first, second = list(options.items())[-2:]
    return _sweep_map(first, second, y, layout, width)


def _log_if_wide(values: Values, name: str) -> tuple[Values, str]:
    """Return values and their axis name, as log10 if they span a large ratio."""
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0.0 and finite.max() / LOG_SCALE_RATIO > finite.min():
        return np.log10(values), f"log10 {name}"
    return values, name


def _sweep_map(
    first: tuple[str, Values], second: tuple[str, Values], y: Values, layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return a heat map of numbers over two swept options."""
    down, row = np.unique(first[1], return_inverse=True)
    across, column = np.unique(second[1], return_inverse=True)
    table = np.full((len(down), len(across)), np.nan)
    table[row, column] = y
    order = np.searchsorted(np.sort(table[np.isfinite(table)]), table) / max(1, np.isfinite(table).sum())
    shades = np.array(list(SHADES))[np.minimum((order * len(SHADES)).astype(np.int64), len(SHADES) - 1)]
    short = NumberStyle(digits=2, narrow=True)
    labels = pad([f"{first[0]} \\ {second[0]}", *map(short.format_display, down)])
    blocks = [
        pad(
            [
                short.format_display(x),
                *(f"{short.format_display(v)} {s * 2}" for v, s in zip(*part, strict=True)),
            ],
            right=True,
        )
        for x, part in zip(across, zip(table.T.tolist(), shades.T.tolist(), strict=True), strict=True)
    ]
    lines = [" " + "  ".join(parts) for parts in zip(labels, *blocks, strict=True)]
    if max(map(display_width, lines)) > width:
        head = f" {first[0]}, down: {short.format_display(down[0])} to {short.format_display(down[-1])}"
        side = (
            f" {second[0]}, across: {short.format_display(across[0])} to {short.format_display(across[-1])}"
        )
        lines = [head, side, *(" " + "".join(line[: width - 1]) for line in shades.tolist())]
    return [styled(rendered(line, layout), "dim" if k == 0 else "") for k, line in enumerate(lines)]


MAX_GALLERY_ROWS = 100
"""So many lines of images are kept back, to stand below the numbers."""


class Plotter:
    """A plotter of reports: bars at once, curves and images when all rows are known."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout, self.width = layout, layout.text_width
        self.gallery = Gallery(layout, self.width)
        self.pending: dict[Plot, list[tuple[Any, Values]]] = {}  # x, or the options that are swept; y

    def add(self, report: Report) -> list[StyledLine]:
        """Return the lines that can be drawn from one block of rows."""
        known = ReportView.of_problems(report)
        plots = () if report.is_missing else report.plots
        return separated(self._draw(plot, known, y) for plot in plots if (y := known[plot.y]) is not None)

    def _draw(self, plot: Plot, view: ReportView, y: Values) -> list[StyledLine]:
        match plot.kind:
            case "bars":
                return self._bars(plot, view, y)
            case "heat":
                return self._heat(plot, view, y)
            case "scatter":
                return self._scatter(plot, view.report, y)
            case "path":
                return descent_plot(view.report.result, view.report.labels, self.layout, self.width)
            case "picture":
                for image, said in iter_images(view, y, self.layout):
                    self.gallery.add(image, said)
                return self.gallery.lines() if len(self.gallery.frame_rows) > MAX_GALLERY_ROWS else []
            case "sweep":
                self.pending.setdefault(plot, []).append((view.report.swept, y))
            case "curve":
                x, points = view[plot.x], self.pending.setdefault(plot, [])
                start = sum(len(ys) for _, ys in points)
                points.append((np.ravel(np.arange(start, start + y.size) if x is None else x), np.ravel(y)))
        return []

    def _scatter(self, plot: Plot, report: Report, y: Values) -> list[StyledLine]:
        """Return scatter plots of the rows of each matrix."""
        names = entry_names(report, y.shape[-1:], plot.y)
        axes = (names[0], names[1] if len(names) > 1 else "")
        words = report.names.get("row", ())
        marks = words if len(words) == y.shape[-2] else ()
        clouds = (
            scatter(matrix, marks, axes, self.layout, self.width) for matrix in y.reshape(-1, *y.shape[-2:])
        )
        strips = separated([styled(line, BAR_STYLE) for line in lines] for lines in clouds)
        return [*strips, *[styled(f" {plot.caption}", "dim")] * bool(plot.caption)]

    def _heat(self, plot: Plot, view: ReportView, y: Values) -> list[StyledLine]:
        """Return matrices as heat maps, or as images where those do not fit."""
        names, heads = (entry_names(view.report, (size,)) for size in y.shape[-2:])
        matrices = y.reshape(-1, *y.shape[-2:])
        stacked = "" if view.lines else " ".join(view.report.axes(plot.y)[:-2])  # "head"
        titles = [f"{stacked} {k + 1}" if stacked else "" for k in range(len(matrices))]
        maps = heat_maps(matrices, names, heads, self.layout, self.width)
        if maps is not None:
            named = zip(titles, maps, strict=True)
            return separated([*[styled(f" {title}", "bold")] * bool(title), *lines] for title, lines in named)
        for matrix, title in zip(matrices, titles, strict=True):
            self.gallery.add(matrix, title, scale_to=matrices)
        style = NumberStyle(digits=2) if self.layout.style.exact else self.layout.style
        said = (
            f" from {style.format_display(float(matrices.min()))} to "
            f"{style.format_display(float(matrices.max()))}"
        )
        return [*self.gallery.lines(), *(styled(line, "dim") for line in wrap(said, self.width))]

    def finish(self) -> list[StyledLine]:
        """Return the plots that needed all rows."""
        drawings = (
            self._curve(plot, parts) if plot.kind == "curve" else self._sweep(plot, parts)
            for plot, parts in self.pending.items()
        )
        return separated([self.gallery.lines(), *drawings])

    def _curve(self, plot: Plot, points: list[tuple[Values, Values]]) -> list[StyledLine]:
        x, y = (np.concatenate(part).astype(np.float64) for part in zip(*points, strict=True))
        names = (plot.x or plot.positions, plot.y)
        return [styled(line, BAR_STYLE) for line in curve(x, y, names, self.layout, self.width)]

    def _sweep(self, plot: Plot, parts: list[tuple[Mapping[str, Values], Values]]) -> list[StyledLine]:
        options = {key: np.concatenate([part[key] for part, _ in parts]) for key in parts[0][0]}
        values = np.concatenate([y for _, y in parts]).astype(np.float64)
        last = _last_of_each_run(list(options.values()))
        kept = {key: column[last] for key, column in options.items()}
        return sweep_plot(kept, values[last], plot.y, self.layout, self.width)

    def _bars(self, plot: Plot, view: ReportView, y: Values) -> list[StyledLine]:
        names = entry_names(view.report, y.shape[1:] or (1,))
        words = view[plot.x] if plot.x else None
        if words is not None and words.dtype.kind == "U" and len(y) == 1:
            names = list(words[0])
        shown = y if self.layout.all_rows else y[:HEAD_LINES]
        strips = separated(bar_chart(names, np.ravel(row), self.layout, self.width) for row in shown)
        return [*strips, *elision(len(y) - len(shown), self.layout, "rows")]


def _last_of_each_run(columns: list[Values]) -> Values:
    """Return a mask of the last row of each run of rows with equal values."""
    changes = [column[1:] != column[:-1] for column in columns]
    return np.append(np.logical_or.reduce(changes), True)


def bar_chart(names: list[str], values: Values, layout: LayoutOptions, width: int) -> list[StyledLine]:
    """Return a bar chart with a bar per entry."""
    kept, hidden = head_tail(len(values), layout)
    labels = pad([safe_label(names[k], layout, width // 3) for k in kept])
    lines = join_columns([labels, layout.style.format_column(values[kept].tolist())])
    room = width - display_width(lines[0]) - 2
    marks = drawn_bars(values.astype(np.float64), room) if room >= 3 else [""] * len(values)
    strips = append_marks(lines, (marks[k] for k in kept), layout)
    return [*strips[:HEAD_LINES], *elision(hidden, layout), *strips[HEAD_LINES:]]
