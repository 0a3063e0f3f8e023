"""Plots of a terminal: the lines of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.render._layout import StyledLine, elision, rendered, separated, styled, wrap
from aimath.render.numbers import NumberStyle
from aimath.render.plots._chart import Chart, draw_chart
from aimath.render.plots._frame import said_lines
from aimath.render.plots._images import Gallery
from aimath.render.plots._landscape import draw_landscape
from aimath.render.plots._map import draw_map
from aimath.render.plots._panels import heat_legend, heat_maps
from aimath.render.plots._plots import MAX_BINS, Heat, Plotter, Regions
from aimath.render.plots._scatter import draw_scatter
from aimath.render.plots._sweeps import draw_sweep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np

    from aimath.render.plots._bars import BarChart
    from aimath.render.plots._landscape import Evaluate, Way
    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

MAX_GALLERY_ROWS = 100
"""So many lines of images are kept back, to stand below the numbers."""
LOW_HEIGHT = 6
"""Rows of a histogram that is one of several."""


class TerminalPlotter(Plotter[StyledLine]):
    """A plotter whose pieces are lines of a terminal."""

    def __init__(self, layout: LayoutOptions) -> None:
        super().__init__(layout)
        self.gallery = Gallery(layout, self.width)
        self.max_bins = min(MAX_BINS, max(4, self.width // 3))

    @property
    def shade_ends(self) -> tuple[str, str]:
        """What the least and the largest value of an image look like."""
        return ("black", "white") if self.layout.colour else ("blank", rendered("█", self.layout))

    def draw_bars(self, chart: BarChart) -> list[StyledLine]:
        """Return the bars of all rows."""
        return chart.lines()

    def draw_chart(self, title: str, chart: Chart) -> list[StyledLine]:
        """Return curves and points, or a histogram, below its title."""
        high = LOW_HEIGHT if chart.bins and len(self.samples) > 1 else 0
        return [*_titles(title), *draw_chart(chart, self.layout, self.width, high)]

    def draw_scatter(
        self, points: Values, classes: Sequence[str], axes: tuple[str, str], notes: Sequence[str]
    ) -> list[StyledLine]:
        """Return rows as points, each with the sign of its class."""
        return draw_scatter(points, classes, axes, notes, self.layout, self.width)

    def draw_landscape(
        self, title: str, ways: Sequence[Way], evaluate: Evaluate, names: Sequence[str]
    ) -> list[StyledLine]:
        """Return descents on the contours or the curve of their function."""
        return [*_titles(title), *draw_landscape(ways, evaluate, names, self.layout, self.width)]

    def draw_sweep(
        self, options: Mapping[str, Values], values: Values, failed: Values, name: str
    ) -> list[StyledLine]:
        """Return one number a run as points or a map."""
        return draw_sweep(options, values, failed, name, self.layout, self.width)

    def draw_heat(self, heat: Heat) -> list[StyledLine]:
        """Return matrices as heat maps, or as images where those do not fit."""
        maps = heat_maps(heat.matrices, heat.names, heat.hidden, self.layout, self.width)
        above = [styled(line, "bold") for line in wrap(f" {heat.title}", self.width) if heat.title]
        if maps is None:
            return [*above, *self._heat_as_images(heat)]
        drawn = [[*_titles(heat.titles[k]), *maps[k]] for k in heat.shown]
        if drawn:
            hides = bool(heat.hidden.any())
            drawn[0] = [*above, *drawn[0]]
            drawn[-1] = [*drawn[-1], *heat_legend(heat.matrices, self.layout, self.width, hides=hides)]
        return separated(drawn)

    def _heat_as_images(self, heat: Heat) -> list[StyledLine]:
        for k in heat.shown:
            self.add_image(heat.matrices[k], [heat.titles[k]] if heat.titles[k] else [], heat.matrices)
        style = NumberStyle(digits=2) if self.layout.style.exact else self.layout.style
        ends = (heat.matrices.min(), heat.matrices.max())
        low, high = (style.format_display(float(end)) for end in ends)
        dark, light = self.shade_ends
        said = f"{dark} {low} to {light} {high}"
        return [*self.gallery.lines(), *said_lines([said], self.layout, self.width)]

    def draw_regions(self, regions: Regions) -> list[StyledLine]:
        """Return a map of classes as shades and signs."""
        given, names, points, classes, limits, notes = regions
        return draw_map(given, names, (points, classes), limits, notes, self.layout, self.width)

    def add_image(self, image: Values, caption: Sequence[str], limits: Values | None) -> None:
        """Take an image for the gallery."""
        self.gallery.add(image, caption, limits)

    def draw_images(self, notes: Sequence[str]) -> list[StyledLine]:
        """Return the gallery."""
        return [*self.gallery.lines(), *said_lines(notes, self.layout, self.width)]

    def draw_early(self) -> list[StyledLine]:
        """Return the gallery, if it is very long already."""
        return self.gallery.lines() if len(self.gallery.frame_rows) > MAX_GALLERY_ROWS else []

    def say(self, title: str, text: str) -> list[StyledLine]:
        """Return why there is no picture."""
        return [*_titles(title), *said_lines([text], self.layout, self.width)]

    def say_hidden(self, count: int) -> list[StyledLine]:
        """Return how many pictures are left out, if any."""
        return elision(count, self.layout, "plots")

    def separated(self, blocks: Iterable[Sequence[StyledLine]]) -> list[StyledLine]:
        """Return pictures with a blank line between two."""
        return separated(blocks)


def _titles(title: str) -> list[StyledLine]:
    return [styled(f" {title}", "bold")] if title else []
