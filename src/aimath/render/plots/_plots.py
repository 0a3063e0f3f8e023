"""From Reports to plots: each kind of Plot is gathered over all rows, then drawn on one scale."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import numpy as np

from aimath.render._layout import sweep_settings
from aimath.render._table import FAILED_STATUSES
from aimath.render.plots._bars import BarChart, Group
from aimath.render.plots._chart import MAX_MARKED, Chart, Reference, Series, histogram_bins
from aimath.render.plots._images import iter_images
from aimath.render.plots._landscape import Way
from aimath.render.report_view import ReportView, entry_names, stacked_titles
from aimath.render.templates import TemplateScope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.render.plots._landscape import Evaluate
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Plot, Report

    Values = np.ndarray[Any, Any]

Piece = TypeVar("Piece")

MAX_MATRICES = 6
"""So many heat maps, scatter plots and images are shown of an answer of more (`--all` shows each)."""
MAX_SERIES = 12
MAX_COMPARED = 100
"""So many vectors are compared, each with each."""
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


class Heat(NamedTuple):
    """Matrices (k, rows, columns) of numbers from -1 to 1, those that are shown, and what they are called."""

    matrices: Values
    hidden: Values  # which cells are masked
    names: tuple[Sequence[str], Sequence[str]]  # of rows and columns
    titles: Sequence[str]
    shown: Sequence[int]
    title: str


class Directions(NamedTuple):
    """The vectors of each row and what the rows are called, gathered to be compared."""

    names: list[str]
    vectors: list[Values]


class Regions(NamedTuple):
    """Classes (r, c) that places are given to, the first row on top, and points (n, 2) of classes (n,)."""

    given: Values
    names: Sequence[str]
    points: Values
    classes: Values
    limits: tuple[float, float, float, float]  # left, right, bottom, top
    notes: Sequence[str]


class Plotter(ABC, Generic[Piece]):
    """A plotter of reports: what has a scale is drawn when all rows are known, matrices at once.

    It gathers; how each kind is drawn, in pieces of lines or panels, is a method of the one who draws.
    """

    max_bins = MAX_BINS

    def __init__(self, layout: LayoutOptions) -> None:
        self.layout, self.width = layout, layout.text_width
        self.bar_charts: dict[Plot, BarChart] = {}
        self.curves: dict[tuple[Plot, str], dict[str, Curve]] = {}
        self.sweeps: dict[Plot, list[tuple[Mapping[str, Values], Values, Values]]] = {}
        self.samples: dict[tuple[Plot, str], list[tuple[Values, ReportView]]] = {}
        self.directions: dict[Plot, Directions] = {}
        self.captions: list[str] = []  # of pictures
        self.matrices = self.rows = self.compared = 0

    @property
    @abstractmethod
    def shade_ends(self) -> tuple[str, str]:
        """What the least and the largest value of an image look like."""

    @abstractmethod
    def draw_bars(self, chart: BarChart) -> list[Piece]:
        """Draw the bars of all rows."""

    @abstractmethod
    def draw_chart(self, title: str, chart: Chart) -> list[Piece]:
        """Draw curves and points, or a histogram."""

    @abstractmethod
    def draw_scatter(
        self, points: Values, classes: Sequence[str], axes: tuple[str, str], notes: Sequence[str]
    ) -> list[Piece]:
        """Draw rows (n, 1 or more) as points, each of its class."""

    @abstractmethod
    def draw_landscape(
        self, title: str, ways: Sequence[Way], evaluate: Evaluate, names: Sequence[str]
    ) -> list[Piece]:
        """Draw descents on their function."""

    @abstractmethod
    def draw_sweep(
        self, options: Mapping[str, Values], values: Values, failed: Values, name: str
    ) -> list[Piece]:
        """Draw one number a run, over the swept options."""

    @abstractmethod
    def draw_heat(self, heat: Heat) -> list[Piece]:
        """Draw matrices as heat maps."""

    @abstractmethod
    def draw_regions(self, regions: Regions) -> list[Piece]:
        """Draw a map of classes."""

    @abstractmethod
    def add_image(self, image: Values, caption: Sequence[str], limits: Values | None) -> None:
        """Take an image that is to stand beside others, from the least to the largest of limits."""

    @abstractmethod
    def draw_images(self, notes: Sequence[str]) -> list[Piece]:
        """Draw the images that were taken."""

    def draw_early(self) -> list[Piece]:
        """Draw images before all are taken, if they are very many."""
        return []

    @abstractmethod
    def say(self, title: str, text: str) -> list[Piece]:
        """Say why there is no picture."""

    @abstractmethod
    def say_hidden(self, count: int) -> list[Piece]:
        """Say how many pictures are left out, if any."""

    def separated(self, blocks: Iterable[list[Piece]]) -> list[Piece]:
        """Return pictures one after the other."""
        return [piece for block in blocks for piece in block]

    def add(self, report: Report) -> list[Piece]:
        """Return the pieces that can be drawn from one block of rows."""
        plots = () if report.is_missing else report.plots
        if not plots:
            return []
        with np.errstate(all="ignore"):  # what can't be drawn is counted
            return self._add(report, plots)

    def _add(self, report: Report, plots: tuple[Plot, ...]) -> list[Piece]:
        apart = dict(report.drawn()) if report.drawn else {}
        known = ReportView.of_problems(report._replace(extra={**report.extra, **apart}))
        pieces = self.separated(
            self._draw(plot, known, y, apart) for plot in plots if (y := known[plot.y]) is not None
        )
        self.rows += known.rows
        return pieces

    def _draw(self, plot: Plot, view: ReportView, y: Values, apart: Mapping[str, Any]) -> list[Piece]:
        match plot.kind:
            case "bars":
                self._add_bars(plot, view, y)
            case "heat":
                return self._heat(plot, view, y)
            case "cosines":
                self._add_directions(plot, view, y)
            case "scatter":
                return self._scatter(plot, view.report, y)
            case "map":
                return self._map(plot, view, y)
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

    def finish(self) -> list[Piece]:
        """Return the plots that needed all rows."""
        with np.errstate(all="ignore"):
            return self._finish()

    def _finish(self) -> list[Piece]:
        drawings = [
            self.draw_images(self.captions),
            *(self.draw_bars(chart) for chart in self.bar_charts.values()),
            *(self._histogram(plot, title, parts) for (plot, title), parts in self.samples.items()),
            *(self._chart(plot, title, curves) for (plot, title), curves in self.curves.items()),
            *(self._sweep(plot, parts) for plot, parts in self.sweeps.items()),
            *(self._cosines(plot, gathered) for plot, gathered in self.directions.items()),
        ]
        hidden = [] if self.layout.all_rows else self.say_hidden(self.matrices - MAX_MATRICES)
        self.bar_charts, self.curves, self.sweeps, self.samples, self.matrices = {}, {}, {}, {}, 0
        self.captions, self.directions = [], {}
        return self.separated([*drawings, hidden])

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
        unit = "" if plot.axes[1] else view.report.units.get(plot.y, "")
        made = BarChart(self.layout, self.width, name, end, unit=unit, is_named=is_named)
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
        """Gather the points of each curve: by its name, else by what was swept.

        Named curves of a sweep have a chart for each run; on those with marked points the runs are points.
        """
        x = view[plot.x] if plot.x else None
        whole = plot.y in apart
        apart_by_run = bool(plot.series) and not plot.points[0]
        within = {key for key, values in view.report.swept.items() if (values != values[0]).any()}
        run = "   ".join(sweep_settings(view.report, 0, self.layout, within)) if apart_by_run else ""
        curves = self.curves.setdefault((plot, run), {})
        if plot.series:
            names = _entries(view, plot.series)
            for k, name in enumerate(names.tolist()):
                curve = curves.setdefault(str(name), Curve([], [], view, k, []))
                curve.x.append(_row_of(x, k, y[0]))
                curve.y.append(y[0][k])
                if plot.points[0] and k == 0:
                    curve.points.append(_marked(plot, view, 0))
            return
        swept = [key for key in view.report.swept if key != plot.x]
        for row in range(1 if whole else len(y)):
            said = ", ".join(
                f"{key} = {self.layout.style.format_display(view.report.swept[key][row].item())}"
                for key in swept
            )
            curve = curves.setdefault(said, Curve([], [], view, row, []))
            if plot.points[0]:
                curve.points.append(_marked(plot, view, row))
            if whole and curve.y:
                continue
            start = sum(map(len, curve.y))
            at = np.arange(start + 1, start + 1 + np.size(y[row])) if x is None else np.ravel(x[row])
            curve.x.append(at.astype(np.float64))
            curve.y.append(np.ravel(y[row]).astype(np.float64))

    def _chart(self, plot: Plot, title: str, curves: Mapping[str, Curve]) -> list[Piece]:
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
        return self.draw_chart(title, chart)

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

    def _sweep(self, plot: Plot, parts: list[tuple[Mapping[str, Values], Values, Values]]) -> list[Piece]:
        options = {key: np.concatenate([part[key] for part, _, _ in parts]) for key in parts[0][0]}
        values = np.concatenate([y for _, y, _ in parts]).astype(np.float64)
        failed = np.concatenate([mask for _, _, mask in parts])
        last = _last_of_each_run(list(options.values()))
        kept = {key: column[last] for key, column in options.items()}
        return self.draw_sweep(kept, values[last], failed[last], plot.axes[1] or plot.y)

    def _add_samples(self, plot: Plot, view: ReportView, y: Values) -> None:
        """Gather the values of one histogram, or of one for each row that is a vector."""
        for row, values in enumerate(y if y.ndim > 1 else [y]):
            said = "   ".join(sweep_settings(view.report, row, self.layout))
            number = f"row {self.rows + row + 1}" if y.ndim > 1 and (self.rows or len(y) > 1) else ""
            key = (plot, said or number)
            if key in self.samples or self._takes():
                self.samples.setdefault(key, []).append((np.ravel(values).astype(np.float64), view))

    def _histogram(self, plot: Plot, title: str, parts: list[tuple[Values, ReportView]]) -> list[Piece]:
        """Return a histogram of all values, below a curve of the counts that are expected if there is one."""
        values = np.concatenate([part for part, _ in parts])
        view = parts[0][1]
        known = values[np.isfinite(values)]
        names = (plot.axes[0] or plot.y, plot.axes[1] or "count")
        if known.size < 2 or known.min() == known.max():
            said = self.layout.style.format_display(float(known[0])) if known.size else "infinite"
            return self.say(title, f"all {values.size} are {said}: no histogram")
        bins = histogram_bins(known, self.max_bins)
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
        return self.draw_chart(title, Chart((), *names, bins=bins, notes=notes))

    # matrices

    def _takes(self) -> bool:
        """Count a picture of a matrix, and return whether there is room for it."""
        self.matrices += 1
        return self.layout.all_rows or self.matrices <= MAX_MATRICES

    def _path(self, report: Report) -> list[Piece]:
        result = report.result
        paths = getattr(result.source, "paths", (result,))  # of several optimisers
        names = result.optimizer.tolist() if len(paths) > 1 else [""]
        ways = []
        for name, path in zip(names, paths, strict=True):
            points, losses = path.whole_run()
            ways.append(Way(points[:, :2], losses, name, len(paths) > 1 and path.status in FAILED_STATUSES))
        said = "   ".join(sweep_settings(report, 0, self.layout))
        return self.draw_landscape(said, ways, paths[0].values_at, report.labels)

    def _pictures(self, plot: Plot, view: ReportView, y: Values) -> list[Piece]:
        limits = None if plot.limits is None else np.array(plot.limits)
        for image, said in iter_images(view, y, self.layout, plot.under):
            if self._takes():
                self.add_image(image, said, limits)
        notes = [plot.caption] if plot.caption else []
        if plot.limits:
            low, high = (self.layout.style.format_display(end) for end in plot.limits)
            notes.append(f"{self.shade_ends[0]} is {low} or less, {self.shade_ends[1]} {high} or more")
        self.captions += [note for note in notes if note not in self.captions]
        return self.draw_early()

    def _scatter(self, plot: Plot, report: Report, y: Values) -> list[Piece]:
        """Draw the rows of each matrix as points."""
        names = entry_names(report, y.shape[-1:], plot.y)
        axes = (names[0], names[1] if len(names) > 1 else "")
        words = report.names.get("row", ())
        marks = words if len(words) == y.shape[-2] else ()
        notes = (plot.caption,) if plot.caption else ()
        return self.separated(
            self.draw_scatter(matrix, marks, axes, notes)
            for matrix in y.reshape(-1, *y.shape[-2:])
            if self._takes()
        )

    def _map(self, plot: Plot, view: ReportView, y: Values) -> list[Piece]:
        """Draw the map of classes that are given to places, with the points that are known."""
        if not self._takes():
            return []
        places, classes = (_values(view, name)[0] for name in plot.points)
        left, right, bottom, top = _values(view, plot.area[0])[0].tolist()
        names = [str(name) for name in _values(view, plot.series)[0].tolist()]
        notes = [plot.caption] if plot.caption else []
        return self.draw_regions(Regions(y[0], names, places, classes, (left, right, bottom, top), notes))

    def _heat(self, plot: Plot, view: ReportView, y: Values) -> list[Piece]:
        names, heads = (entry_names(view.report, (size,)) for size in y.shape[-2:])
        matrices = y.reshape(-1, *y.shape[-2:])
        lead = () if view.lines else y.shape[1:-2]
        said = stacked_titles(view.report, plot.y, lead)  # "head 1"
        titles = [" ".join(words) for words in said] if lead else [""] * len(matrices)
        shown = [k for k in range(len(matrices)) if self._takes()]
        holes = view[plot.hidden] if plot.hidden else None
        hidden = np.zeros(matrices.shape, np.bool_) if holes is None else holes.reshape(matrices.shape)
        return self.draw_heat(Heat(matrices, hidden, (names, heads), titles, shown, plot.title))

    # cosines

    def _add_directions(self, plot: Plot, view: ReportView, y: Values) -> None:
        gathered = self.directions.setdefault(plot, Directions([], []))
        room = MAX_COMPARED - len(gathered.vectors)
        gathered.names.extend(str(name) for name in _entries(view, plot.series).tolist()[:room])
        gathered.vectors.extend(y[:room])
        self.compared += len(y)

    def _cosines(self, plot: Plot, gathered: Directions) -> list[Piece]:
        """Draw the cosine of each vector with each as a heat map; a vector of zeros has none."""
        from aimath.core import linalg  # noqa: PLC0415  only for what is compared

        count, self.compared = self.compared, 0
        if count < 2:
            return self.say(plot.title, "one alone has nothing to be compared with: give another")
        rows = np.array(gathered.vectors, np.float64)
        known = np.flatnonzero(rows.any(axis=1))
        cosines = np.zeros((1, len(rows), len(rows)))
        hidden = np.ones(cosines.shape, np.bool_)
        if known.size:
            cosines[0][np.ix_(known, known)] = linalg.cosine(matrix=rows[known]).cosine
            hidden[0][np.ix_(known, known)] = False
        more = f", of the first {len(rows)} of {count}" if count > len(rows) else ""
        names = (gathered.names, gathered.names)
        return self.draw_heat(Heat(cosines, hidden, names, [""], [0], f"{plot.title}{more}"))


def _values(view: ReportView, name: str) -> Values:
    """Return a quantity that a plot needs, (rows, ...)."""
    values = view[name]
    if values is None:
        raise KeyError(name)
    return values


def _marked(plot: Plot, view: ReportView, row: int) -> tuple[Values, Values]:
    """Return the points (n,), (n,) that a row has on its curve."""
    x, y = (np.ravel(_values(view, name)[row]).astype(np.float64) for name in plot.points)
    return np.broadcast_to(x, y.shape), y


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
