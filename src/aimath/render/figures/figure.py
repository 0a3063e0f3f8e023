"""The figure writer: the plots of an answer on one page, drawn by matplotlib as .svg, .png or .pdf.

It is imported only where a figure is asked for. Bytes depend on the answer and on matplotlib alone: not on
the time, nor on what the user's own matplotlibrc says.
"""

from __future__ import annotations

import io
import logging
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from aimath.errors import InputError
from aimath.render.figures import _axes as on_axes, _maps as on_maps
from aimath.render.figures._axes import DARK, LIGHT, Look
from aimath.render.numbers import NumberStyle
from aimath.render.plots._chart import Chart, is_empty, notes_of
from aimath.render.plots._plots import Heat, Plotter, Regions
from aimath.render.plots._sweeps import sweep_chart, sweep_maps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from aimath.render.plots._bars import BarChart, Group
    from aimath.render.plots._landscape import Evaluate, Way
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report

    Values = np.ndarray[Any, Any]

WIDTH, CHART_HEIGHT, LINE_HEIGHT, MAP_WIDTH = 6.4, 4.0, 0.18, 4.0
"""Inches: a page's width, a chart's height, that of a line of notes, and a map's width."""
MARGIN = 0.06
DPI = 200
MAX_ROWS = 40
"""So many rows of panels stand on a page; more are counted."""
MAX_BARS, MAX_TOGETHER, MAX_GROUPS = 40, 60, 9
"""Bars with names; those of several groups side by side; and such groups."""
IMAGES_BESIDE = 5
FONTS = (
    "DejaVu Sans", "Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Microsoft YaHei",
    "WenQuanYi Zen Hei", "Noto Emoji", "Symbola", "sans-serif",
)  # fmt: skip
"""What matplotlib brings, then those of a machine for the signs that it lacks."""


class Row(NamedTuple):
    """A row of panels side by side on a page."""

    height: float
    panels: int
    draw: Callable[[Sequence[Axes], Look], None]


def _one(height: float, draw: Callable[[Axes, Look], object]) -> Row:
    return Row(height, 1, lambda axes, look: (draw(axes[0], look), None)[1])


def _words(lines: Sequence[str]) -> list[Row]:
    height = LINE_HEIGHT * len(lines)
    return [_one(height, lambda ax, look: on_axes.draw_words(ax, lines, look))] if lines else []


class FigurePlotter(Plotter[Row]):
    """A plotter whose pieces are rows of panels."""

    def __init__(self, layout: LayoutOptions) -> None:
        super().__init__(layout)
        self.images: list[tuple[Values, Sequence[str], Values | None]] = []

    @property
    def shade_ends(self) -> tuple[str, str]:
        """What the least and the largest value of an image look like."""
        return "black", "white"

    def draw_bars(self, chart: BarChart) -> list[Row]:
        """Return all groups as one panel where they have the same few names, else each as its own."""
        groups = chart.merged()
        hidden = on_axes.wrapped([f"… {chart.count - len(chart.groups)} more rows (--all)"])
        more = _words(hidden) if chart.count > len(chart.groups) else []
        same = len({tuple(group.names) for group in groups}) == 1
        count = sum(len(group.values) for group in groups)
        if same and len(groups) <= MAX_GROUPS and count <= (MAX_BARS if len(groups) == 1 else MAX_TOGETHER):
            return [_bars_row(chart, groups), *more]
        rows = [
            _bars_row(chart, [group]) if len(group.values) <= MAX_BARS else _steps_row(chart, group)
            for group in groups
        ]
        return [*rows, *more]

    def draw_chart(self, title: str, chart: Chart) -> list[Row]:
        """Return a chart and what is said below it."""
        if is_empty(chart):
            return self.say(title, "; ".join(notes_of(chart, None, self.layout)) or "no number to draw")

        def draw(ax: Axes, look: Look) -> None:
            on_axes.draw_chart(ax, chart, self.layout, look)
            on_axes.set_title(ax, title)

        low = chart.bins is not None and len(self.samples) > 1
        height = CHART_HEIGHT * (0.6 if low else 1.0)
        return [_one(height, draw), *_words(on_axes.wrapped(on_axes.notes_below(chart, self.layout)))]

    def draw_scatter(
        self, points: Values, classes: Sequence[str], axes: tuple[str, str], notes: Sequence[str]
    ) -> list[Row]:
        """Return rows as points."""
        lost = int((~np.isfinite(points[:, :2]).all(axis=1)).sum())
        said = [f"… {lost} at infinity" if lost else "", *notes]
        if lost == len(points):
            return self.say("", said[0])
        height = CHART_HEIGHT if axes[1] else CHART_HEIGHT / 3.0
        return [
            _one(height, lambda ax, look: on_axes.draw_scatter(ax, points, classes, axes, look)),
            *_words(on_axes.wrapped(said)),
        ]

    def draw_landscape(
        self, title: str, ways: Sequence[Way], evaluate: Evaluate, names: Sequence[str]
    ) -> list[Row]:
        """Return descents on the curve or on the contours of their function."""
        if ways[0].points.shape[1] == 1:

            def draw_curve(ax: Axes, look: Look) -> None:
                log = self.layout.log_y
                on_maps.draw_curve_below(ax, ways[0], evaluate, names[0], look, log=log)
                on_axes.set_title(ax, title)

            return [_one(CHART_HEIGHT, draw_curve)]
        shown = on_maps.map_around(ways, evaluate)

        def draw(ax: Axes, look: Look) -> None:
            on_maps.draw_map(ax, shown, ways, names, look)
            on_axes.set_title(ax, title)

        below = on_axes.wrapped(on_maps.notes_of_map(shown, ways, names))
        return [_one(min(6.0, MAP_WIDTH * shown.flat + 0.7), draw), *_words(below)]

    def draw_sweep(
        self, options: Mapping[str, Values], values: Values, failed: Values, name: str
    ) -> list[Row]:
        """Return one number a run as points over one option, or maps over two."""
        if len(options) == 1:
            return self.draw_chart("", sweep_chart(options, values, failed, name))
        maps, more = sweep_maps(options, values, failed)
        rows = []
        for one in maps:

            def draw(ax: Axes, look: Look, one: Any = one) -> None:
                on_maps.draw_sweep_map(ax, one, values[~failed], name, look)
                on_axes.set_title(ax, one.title(self.layout.style))

            rows.append(_one(min(6.0, max(2.4, 0.35 * len(one.down) + 0.9)), draw))
        return [*rows, *_words([f"… {more} more maps"] if more else [])]

    def draw_heat(self, heat: Heat) -> list[Row]:
        """Return matrices as heat maps, small ones side by side."""
        high, wide = heat.matrices.shape[1:]
        beside = min(len(heat.shown), 2 if wide <= 12 else 1)
        rows = _words(on_axes.wrapped([heat.title]))
        if not heat.shown:
            return []
        room = (WIDTH - 1.6) / beside
        side = min(0.6, room / wide)
        style = NumberStyle(digits=2) if self.layout.style.exact else self.layout.style
        numbers = style if side >= 0.3 else None
        for start in range(0, len(heat.shown), beside):
            which = heat.shown[start : start + beside]

            def draw(axes: Sequence[Axes], look: Look, which: Sequence[int] = which) -> None:
                on_maps.draw_heat(axes, heat, which, look, numbers=numbers)

            rows.append(Row(max(1.2, side * high + 0.9), beside, draw))
        return [*rows, *_words(["· masked"] if heat.hidden.any() else [])]

    def draw_regions(self, regions: Regions) -> list[Row]:
        """Return a map of classes, with the points that are known."""
        return [
            _one(CHART_HEIGHT, lambda ax, look: on_maps.draw_regions(ax, regions, look)),
            *_words(on_axes.wrapped(regions.notes)),
        ]

    def add_image(self, image: Values, caption: Sequence[str], limits: Values | None) -> None:
        """Take an image that is to stand beside others."""
        self.images.append((image, caption, limits))

    def draw_images(self, notes: Sequence[str]) -> list[Row]:
        """Return the images that were taken, so many side by side."""
        images, self.images = self.images, []
        beside = min(IMAGES_BESIDE, max(2, len(images)))
        rows = []
        for start in range(0, len(images), beside):
            part = images[start : start + beside]

            def draw(axes: Sequence[Axes], look: Look, part: Any = part) -> None:  # noqa: ARG001  black is black
                for ax, one in zip(axes, part, strict=False):
                    on_maps.draw_image(ax, *one)
                for ax in axes[len(part) :]:
                    ax.set_axis_off()

            side = (WIDTH - 0.6) / beside
            flat = max(image.shape[0] / image.shape[1] for image, *_ in part)
            lines = max(len(caption) for _, caption, _ in part)
            rows.append(Row(side * min(flat, 1.5) + LINE_HEIGHT * lines + 0.2, beside, draw))
        return [*rows, *_words(on_axes.wrapped(notes))]

    def say(self, title: str, text: str) -> list[Row]:
        """Return why there is no picture."""
        return _words(on_axes.wrapped([f"{title}: {text}" if title else text]))

    def say_hidden(self, count: int) -> list[Row]:
        """Return how many pictures are left out, if any."""
        return _words([f"… {count} more plots (--all)"] if count > 0 else [])


def _bars_row(chart: BarChart, groups: Sequence[Group]) -> Row:
    """Return bars side by side as a row, whose title is the group's if it stands alone."""
    count = sum(len(group.values) for group in groups)

    def draw(ax: Axes, look: Look) -> None:
        on_axes.draw_bars(ax, chart, groups, look)
        on_axes.set_title(ax, groups[0].title if len(groups) == 1 else "")

    return _one((0.26 if count <= MAX_BARS / 2 else 0.18) * count + 0.9, draw)


def _steps_row(chart: BarChart, group: Group) -> Row:
    return _one(CHART_HEIGHT * 0.7, lambda ax, look: on_axes.draw_steps(ax, chart, group, look))


class FigureWriter:
    """A writer of all plots as one figure, in the form that a suffix names: svg, png or pdf."""

    def __init__(self, layout: LayoutOptions, form: str, title: str, *, dark: bool) -> None:
        self.plotter = FigurePlotter(layout._replace(ascii_only=False, colour=True))
        self.form, self.title, self.look = form, title, DARK if dark else LIGHT
        self.rows: list[Row] = []

    def write(self, report: Report) -> bytes:
        """Take the plots of one block of rows."""
        self.rows += self.plotter.add(report)
        return b""

    def finish(self) -> bytes:
        """Return the figure."""
        rows = [*self.rows, *self.plotter.finish()]
        if not rows:
            raise InputError("this answer has no plot, so there is no figure", usage=True).within("--figure")
        more = len(rows) - MAX_ROWS
        if more > 1:
            rows = [*rows[:MAX_ROWS], *_words([f"… {more} more plots"])]
        with mpl.rc_context(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a sign that no font has is a box
            mpl.rcdefaults()
            mpl.rcParams.update(_settings(self.look))
            return _saved(_page(rows, self.look), self.form, self.title)


def _settings(look: Look) -> Any:
    """Return the settings of a page: its colours, text as text, and ids that are the same each time."""
    ink, faint = look.ink, look.mixed(0.4)
    return {
        "figure.facecolor": look.paper, "savefig.facecolor": look.paper, "axes.facecolor": look.paper,
        "text.color": ink, "axes.labelcolor": ink, "axes.titlecolor": ink, "xtick.labelcolor": ink,
        "ytick.labelcolor": ink, "axes.edgecolor": faint, "xtick.color": faint, "ytick.color": faint,
        "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
        "font.family": FONTS, "font.size": 9, "axes.titlesize": 9, "axes.titleweight": "bold",
        "legend.frameon": False, "legend.fontsize": 8, "legend.title_fontsize": 8, "text.parse_math": False,
        "svg.fonttype": "none", "svg.hashsalt": "aimath", "pdf.fonttype": 42, "image.composite_image": False,
    }  # fmt: skip


def _page(rows: Sequence[Row], look: Look) -> Figure:
    heights = [row.height for row in rows]
    page = Figure(figsize=(WIDTH, sum(heights)), layout="constrained")
    grid = page.add_gridspec(len(rows), 1, height_ratios=heights)
    for k, row in enumerate(rows):
        within = grid[k].subgridspec(1, row.panels)
        row.draw([page.add_subplot(within[0, j]) for j in range(row.panels)], look)
    return page


METADATA: Mapping[str, Mapping[str, str | None]] = {
    "svg": {"Creator": "aimath", "Date": None},
    "pdf": {"Creator": "aimath", "CreationDate": None},
    "png": {"Software": "aimath"},
}


def _saved(page: Figure, form: str, title: str) -> bytes:
    """Return a page as bytes, without the time."""
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)  # of fonts that a machine lacks
    page.draw_without_rendering()
    page.set_layout_engine("none")  # the layout is made: it takes its time
    for ax in page.axes:  # the last digits of its solver, of which names of clips are made, vary
        ax.set_position(np.round(ax.get_position(original=True).bounds, 6).tolist())
    whole = Bbox.union([page.bbox_inches, page.get_tightbbox()]).padded(MARGIN)
    whole = Bbox(np.round(whole.get_points(), 3))
    out = io.BytesIO()
    page.savefig(out, format=form, dpi=DPI, bbox_inches=whole, metadata={**METADATA[form], "Title": title})
    return out.getvalue()
