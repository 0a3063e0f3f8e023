"""From Reports to plots: each kind of Plot is gathered over all rows, then drawn on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._bars import BarChart, Group
from aimath.render._chart import MAX_MARKED, Chart, Reference, Series, draw_chart, histogram_bins
from aimath.render._frame import said_lines
from aimath.render._images import Gallery, iter_images
from aimath.render._landscape import Way, draw_landscape
from aimath.render._layout import StyledLine, elision, rendered, separated, styled, sweep_settings
from aimath.render._panels import heat_legend, heat_maps
from aimath.render._scatter import draw_scatter
from aimath.render._sweeps import draw_sweep
from aimath.render._table import FAILED_STATUSES
from aimath.render.numbers import NumberStyle
from aimath.render.report_view import ReportView, entry_names
from aimath.render.templates import TemplateScope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.render.report_view import LayoutOptions
    from aimath.report import Plot, Report

    Values = np.ndarray[Any, Any]

MAX_GALLERY_ROWS = 100
"""So many lines of images are kept back, to stand below the numbers."""
MAX_MATRICES = 6
"""So many heat maps, scatter plots and images are shown of an answer of more (`--all` shows each)."""
MAX_SERIES = 12
MAX_BINS = 40


MIN_BESIDE_WIDTH = 30
"""Columns below which bars stand without the numbers beside them."""


class Curve(NamedTuple):
    """The points of a curve that is being gathered, with the view of the first rows."""

    x: list[Values]
    y: list[Values]
    view: ReportView
    row: int
    points: list[tuple[Values, Values]]  # that are marked on it


class Plotter:
    """A plotter of reports: what has a scale is drawn when all rows are known, matrices at once."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout, self.width = layout, layout.text_width
        self.gallery = Gallery(layout, self.width)
        self.bar_charts: dict[Plot, BarChart] = {}
        self.curves: dict[Plot, dict[str, Curve]] = {}
        self.sweeps: dict[Plot, list[tuple[Mapping[str, Values], Values, Values]]] = {}
        self.samples: dict[tuple[Plot, str], list[tuple[Values, ReportView]]] = {}
        self.captions: list[str] = []  # of pictures
        self.matrices = self.rows = 0

    def add(self, report: Report) -> list[StyledLine]:
        """Return the lines that can be drawn from one block of rows."""
        plots = () if report.is_missing else report.plots
        if not plots:
            return []
        with np.errstate(all="ignore"):  # what can't be drawn is counted
            return self._add(report, plots)

    def _add(self, report: Report, plots: tuple[Plot, ...]) -> list[StyledLine]:
        apart = dict(report.drawn()) if report.drawn else {}
        known = ReportView.of_problems(report._replace(extra={**report.extra, **apart}))
        lines = separated(
            self._draw(plot, known, y, apart) for plot in plots if (y := known[plot.y]) is not None
        )
        self.rows += known.rows
        return lines

    def _draw(self, plot: Plot, view: ReportView, y: Values, apart: Mapping[str, Any]) -> list[StyledLine]:
        match plot.kind:
            case "bars":
                self._add_bars(plot, view, y)
            case "heat":
                return self._heat(plot, view, y)
            case "scatter":
                return self._scatter(plot, view.report, y)
            case "path":
                return self._path(view.report)
            case "picture":
                return self._pictures(plot, view, y)
            case "sweep":
                failed = self._failed(plot, view, y)
                self.sweeps.setdefault(plot, []).append((view.report.swept, y, failed))
            case "histogram":
                self._add_samples(plot, view, y)
            case "curve":
                self._add_curves(plot, view, y, apart)
        return []

    def finish(self) -> list[StyledLine]:
        """Return the plots that needed all rows."""
        with np.errstate(all="ignore"):
            return self._finish()

    def _finish(self) -> list[StyledLine]:
        drawings = [
            [*self.gallery.lines(), *said_lines(self.captions, self.layout, self.width)],
            *(chart.lines() for chart in self.bar_charts.values()),
            *(self._histogram(plot, title, parts) for (plot, title), parts in self.samples.items()),
            *(self._chart(plot, curves) for plot, curves in self.curves.items()),
            *(self._sweep(plot, parts) for plot, parts in self.sweeps.items()),
        ]
        hidden = (
            elision(self.matrices - MAX_MATRICES, self.layout, "plots") if not self.layout.all_rows else []
        )
        self.bar_charts, self.curves, self.sweeps, self.samples, self.matrices = {}, {}, {}, {}, 0
        self.captions = []
        return separated([*drawings, hidden])

    # bars

    def _add_bars(self, plot: Plot, view: ReportView, y: Values) -> None:
        names = entry_names(view.report, y.shape[1:] or (1,), plot.y)
        words = view[plot.x] if plot.x else None
        if words is not None and words.dtype.kind == "U" and len(y) == 1:
            names = list(words[0])
        end = 0.0
        if plot.end:
            known = view[plot.end]
            end = float(plot.end) if known is None else float(np.ravel(known)[0])
        is_named = plot.y not in (*view.report.show, *self.layout.fields)
        name = plot.axes[1] or plot.y.replace("_", " ")
        made = BarChart(self.layout, self.width, name, end, is_named=is_named)
        chart = self.bar_charts.setdefault(plot, made)
        labels = view.report.names.get("row", ())
        for row, values in enumerate(y):
            said = "   ".join(sweep_settings(view.report, row, self.layout))
            number = labels[row] if len(labels) == len(y) > 1 else f"row {self.rows + row + 1}"
            many = bool(self.rows) or len(y) > 1
            beside = self._beside(plot, words, row)
            chart.add(Group(said or (number if many else ""), names, np.ravel(values), beside))

    def _beside(self, plot: Plot, x: Values | None, row: int) -> list[str]:
        """Return the numbers that stand beside the bars of a row, each with its name."""
        if x is None or x.dtype.kind == "U" or self.width < MIN_BESIDE_WIDTH:
            return []
        style = self.layout.style._replace(digits=4) if self.layout.style.exact else self.layout.style
        numbers = style.format_column(np.ravel(x[row]).tolist())
        return [f"{plot.axes[0] or plot.x} = {number}" for number in numbers]

    # curves

    def _add_curves(self, plot: Plot, view: ReportView, y: Values, apart: Mapping[str, Any]) -> None:
        """Gather the points of each curve: by its name, else by what was swept."""
        curves = self.curves.setdefault(plot, {})
        x = view[plot.x] if plot.x else None
        whole = plot.y in apart
        if plot.series:
            names = _entries(view, plot.series)
            for k, name in enumerate(names.tolist()):
                curves[str(name)] = Curve([_row_of(x, k, y[0])], [y[0][k]], view, k, [])
            return
        swept = [key for key in view.report.swept if key != plot.x]
        for row in range(1 if whole else len(y)):
            said = ", ".join(
                f"{key} = {self.layout.style.format_display(view.report.swept[key][row].item())}"
                for key in swept
            )
            curve = curves.setdefault(said, Curve([], [], view, row, []))
            if plot.points[0]:
                marked = [np.ravel(_values(view, name)[row]) for name in plot.points]
                curve.points.append((marked[0].astype(np.float64), marked[1].astype(np.float64)))
            if whole and curve.y:
                continue
            start = sum(map(len, curve.y))
            at = np.arange(start + 1, start + 1 + np.size(y[row])) if x is None else np.ravel(x[row])
            curve.x.append(at.astype(np.float64))
            curve.y.append(np.ravel(y[row]).astype(np.float64))

    def _chart(self, plot: Plot, curves: Mapping[str, Curve]) -> list[StyledLine]:
        """Return a chart of all curves, with the points that are marked and the lines of reference."""
        series = []
        for name, curve in [*curves.items()][:MAX_SERIES]:
            x, y = np.concatenate(curve.x), np.concatenate(curve.y)
            order = np.argsort(x, kind="stable")
            status = self._status(plot, curve)
            series.append(
                Series(
                    x[order], y[order], name, left_out=status in FAILED_STATUSES, reason=status,
                    marked=False if plot.points[0] or len(curves) > 1 else None,
                )
            )  # fmt: skip
        view, row = next(iter(curves.values())).view, next(iter(curves.values())).row
        points = [pair for curve in curves.values() for pair in curve.points]
        if points:
            px, py = (np.concatenate(part) for part in zip(*points, strict=True))
            like = 0 if len(px) > MAX_MARKED and len(curves) == 1 else None  # they hide it: no other curve
            series.append(Series(px, py, joined=False, like=like))
        area = None
        if plot.area[0]:
            low, high = (float(np.ravel(_values(view, name))[0]) for name in plot.area)
            area = (low, high)
        more = [f"… {len(curves) - MAX_SERIES} more curves"] if len(curves) > MAX_SERIES else []
        named = (plot.axes[0] or plot.x or plot.positions, plot.axes[1] or plot.y)
        chart = Chart(
            tuple(series), *named, log_y=True if plot.log_y else None, log_x=True if plot.log_x else None,
            references=tuple(self._references(plot, view, row)), area=area,
            notes=(*more, self._text(plot.caption, view, row)), from_zero=plot.from_zero,
        )  # fmt: skip
        return draw_chart(chart, self.layout, self.width)

    def _status(self, plot: Plot, curve: Curve) -> str:
        if not plot.status:
            return ""
        words = _entries(curve.view, plot.status)
        return str(words[min(curve.row, len(words) - 1)])

    def _references(self, plot: Plot, view: ReportView, row: int) -> Iterator[Reference]:
        for mark in plot.references:
            values = view[mark.at]
            if values is not None and np.size(values):
                value = float(np.ravel(values)[min(row, np.size(values) - 1)])
                yield Reference(value, self._text(mark.text, view, row), mark.upright)

    def _text(self, template: str, view: ReportView, row: int) -> str:
        """Return a template filled in, in the digits of captions."""
        style = self.layout.style
        short = style._replace(digits=4) if style.exact else style
        return template.format_map(TemplateScope(view, row, self.layout._replace(style=short)))

    # sweeps and samples

    def _failed(self, plot: Plot, view: ReportView, y: Values) -> Values:
        """Return which runs diverged, a mask (runs,)."""
        words = view[plot.status] if plot.status else None
        if words is None:
            return np.zeros(len(y), np.bool_)
        return np.broadcast_to(np.isin(np.ravel(words), [*FAILED_STATUSES]), len(y))

    def _sweep(
        self, plot: Plot, parts: list[tuple[Mapping[str, Values], Values, Values]]
    ) -> list[StyledLine]:
        options = {key: np.concatenate([part[key] for part, _, _ in parts]) for key in parts[0][0]}
        values = np.concatenate([y for _, y, _ in parts]).astype(np.float64)
        failed = np.concatenate([mask for _, _, mask in parts])
        last = _last_of_each_run(list(options.values()))
        kept = {key: column[last] for key, column in options.items()}
        return draw_sweep(kept, values[last], failed[last], plot.axes[1] or plot.y, self.layout, self.width)

    def _add_samples(self, plot: Plot, view: ReportView, y: Values) -> None:
        """Gather the values of one histogram, or of one for each row that is a vector."""
        for row, values in enumerate(y if y.ndim > 1 else [y]):
            said = "   ".join(sweep_settings(view.report, row, self.layout))
            number = f"row {self.rows + row + 1}" if y.ndim > 1 and (self.rows or len(y) > 1) else ""
            key = (plot, said or number)
            if key in self.samples or self._takes():
                self.samples.setdefault(key, []).append((np.ravel(values).astype(np.float64), view))

    def _histogram(self, plot: Plot, title: str, parts: list[tuple[Values, ReportView]]) -> list[StyledLine]:
        """Return a histogram of all values, below a curve of the counts that are expected if there is one."""
        titles = [styled(f" {title}", "bold")] if title else []
        values = np.concatenate([part for part, _ in parts])
        view = parts[0][1]
        known = values[np.isfinite(values)]
        names = (plot.axes[0] or plot.y, plot.axes[1] or "count")
        if known.size < 2 or known.min() == known.max():
            said = self.layout.style.format_display(float(known[0])) if known.size else "infinite"
            return [
                *titles,
                *said_lines([f"all {values.size} are {said}: no histogram"], self.layout, self.width),
            ]
        bins = histogram_bins(known, min(MAX_BINS, max(4, self.width // 3)))
        if plot.points[0]:
            x, share = (np.ravel(_values(view, name)[0]).astype(np.float64) for name in plot.points)
            middles, wide = bins.edges[:-1] / 2.0 + bins.edges[1:] / 2.0, np.diff(bins.edges)
            expected = np.interp(middles, x, share, left=0.0, right=0.0) * wide * known.size
            bins = bins._replace(expected=expected, expected_name=self._text(plot.caption, view, 0))
        beyond = values.size - known.size
        notes = (
            *([f"… {beyond} at infinity"] if beyond else []),
            *([] if plot.points[0] else [self._text(plot.caption, view, 0)]),
        )
        return [*titles, *draw_chart(Chart((), *names, bins=bins, notes=notes), self.layout, self.width)]

    # matrices

    def _takes(self) -> bool:
        """Count a picture of a matrix, and return whether there is room for it."""
        self.matrices += 1
        return self.layout.all_rows or self.matrices <= MAX_MATRICES

    def _path(self, report: Report) -> list[StyledLine]:
        result = report.result
        paths = getattr(result.source, "paths", (result,))  # of several optimisers
        names = result.optimizer.tolist() if len(paths) > 1 else [""]
        ways = []
        for name, path in zip(names, paths, strict=True):
            points, losses = path.whole_run()
            ways.append(Way(points[:, :2], losses, name, len(paths) > 1 and path.status in FAILED_STATUSES))
        return draw_landscape(ways, paths[0].values_at, report.labels, self.layout, self.width)

    def _pictures(self, plot: Plot, view: ReportView, y: Values) -> list[StyledLine]:
        limits = None if plot.limits is None else np.array(plot.limits)
        for image, said in iter_images(view, y, self.layout):
            if self._takes():
                self.gallery.add(image, said, limits)
        notes = [plot.caption] if plot.caption else []
        if plot.limits:
            low, high = (self.layout.style.format_display(end) for end in plot.limits)
            notes.append(f"{self._shade_ends()[0]} is {low} or less, {self._shade_ends()[1]} {high} or more")
        self.captions += [note for note in notes if note not in self.captions]
        return self.gallery.lines() if len(self.gallery.frame_rows) > MAX_GALLERY_ROWS else []

    def _shade_ends(self) -> tuple[str, str]:
        """Return what the least and the largest value of an image look like."""
        return ("black", "white") if self.layout.colour else ("blank", rendered("█", self.layout))

    def _scatter(self, plot: Plot, report: Report, y: Values) -> list[StyledLine]:
        """Return scatter plots of the rows of each matrix."""
        names = entry_names(report, y.shape[-1:], plot.y)
        axes = (names[0], names[1] if len(names) > 1 else "")
        words = report.names.get("row", ())
        marks = words if len(words) == y.shape[-2] else ()
        notes = (plot.caption,) if plot.caption else ()
        return separated(
            draw_scatter(matrix, marks, axes, notes, self.layout, self.width)
            for matrix in y.reshape(-1, *y.shape[-2:])
            if self._takes()
        )

    def _heat(self, plot: Plot, view: ReportView, y: Values) -> list[StyledLine]:
        """Return matrices as heat maps, or as images where those do not fit."""
        names, heads = (entry_names(view.report, (size,)) for size in y.shape[-2:])
        matrices = y.reshape(-1, *y.shape[-2:])
        stacked = "" if view.lines else " ".join(view.report.axes(plot.y)[:-2])  # "head"
        titles = [f"{stacked} {k + 1}" if stacked else "" for k in range(len(matrices))]
        shown = [k for k in range(len(matrices)) if self._takes()]
        maps = heat_maps(matrices, names, heads, self.layout, self.width)
        if maps is not None:
            named = [(titles[k], maps[k]) for k in shown]
            drawn = [[*[styled(f" {title}", "bold")] * bool(title), *lines] for title, lines in named]
            legend = heat_legend(matrices, self.layout, self.width)
            if drawn:
                drawn[-1] = [*drawn[-1], *legend]
            return separated(drawn)
        for k in shown:
            self.gallery.add(matrices[k], titles[k], scale_to=matrices)
        style = NumberStyle(digits=2) if self.layout.style.exact else self.layout.style
        low, high = (style.format_display(float(end)) for end in (matrices.min(), matrices.max()))
        dark, light = self._shade_ends()
        said = f"{dark} {low} to {light} {high}"
        return [*self.gallery.lines(), *said_lines([said], self.layout, self.width)]


def _values(view: ReportView, name: str) -> Values:
    """Return a quantity that a plot needs, (rows, ...)."""
    values = view[name]
    if values is None:
        raise KeyError(name)
    return values


def _entries(view: ReportView, name: str) -> Values:
    """Return a quantity's entries (n,), which are a row each, or all of the whole."""
    values = _values(view, name)
    return np.ravel(values if view.has_lines(name) else values[0])


def _row_of(x: Values | None, k: int, y: Values) -> Values:
    """Return the x of the k-th of several curves: one for all, or a row each."""
    if x is None:
        return np.arange(1.0, y.shape[-1] + 1.0)
    at = np.asarray(x[0], np.float64)
    return at[k] if at.ndim > 1 else at


def _last_of_each_run(columns: list[Values]) -> Values:
    """Return a mask of the last row of each run of rows with equal values."""
    changes = [column[1:] != column[:-1] for column in columns]
    return np.append(np.logical_or.reduce(changes), True)
