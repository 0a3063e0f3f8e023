"""Maps on matplotlib's axes: descents on their function, heat maps, sweeps over two options, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Patch

from aimath.render._scales import Scale, tick_labels
from aimath.render.figures._axes import (
    MARKERS,
    MAX_VECTORS,
    NAME_ROOM,
    add_entries,
    add_legend,
    number_text,
    places_of,
    set_axes,
    set_title,
    words,
)
from aimath.render.numbers import NumberStyle
from aimath.render.plots._landscape import MAX_STEPS_MARKED, contour_levels, curve_below, together, valley_of
from aimath.render.plots._sweeps import FAILED, fifths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from aimath.render.figures._axes import Look
    from aimath.render.plots._landscape import Ends, Evaluate, Way
    from aimath.render.plots._plots import Heat, Regions
    from aimath.render.plots._sweeps import SweepMap

    Values = np.ndarray[Any, Any]

GRID, FLATTEST = (160, 240), 0.3
"""Points of a map, (high, wide); and how flat one may be at a scale for both axes."""
MIN_STEP = 0.02
"""A way that would be so short a part of the map gets a scale for each axis."""
SHORT = NumberStyle(digits=2, narrow=True)
MAX_CELLS_NAMED, MAX_NUMBERS = 24, 200
"""So many rows or columns of a matrix have their name; so many runs have their number."""


def draw_curve_below(ax: Axes, way: Way, evaluate: Evaluate, name: str, look: Look, *, log: bool) -> None:
    """Draw a descent on the curve of its function of one variable."""
    x, y, scale = curve_below(way, evaluate, log=log)
    scales = (Scale(float(x[0]), float(x[-1])), scale)
    set_axes(ax, *scales, (name, "f"))
    ax.grid(visible=True, color=look.mixed(0.12), linewidth=0.6)
    ax.plot(*places_of(x, y, scales), color=look.mixed(0.5), linewidth=1.5)
    places = places_of(way.points[:, 0], way.losses, scales)
    add_entries(ax, _draw_way(ax, places, "", look, 0))


class Map(NamedTuple):
    """A function of two variables around its descents: the ends of both axes, and the values on a grid."""

    ends: tuple[Ends, Ends]
    has_one_scale: bool
    flat: float  # the height of the map over its width
    values: Values  # GRID
    levels: list[float]


def map_around(ways: Sequence[Way], evaluate: Evaluate) -> Map:
    """Return the map on which descents are seen whole, with the valley that they came down."""
    way = together(ways)
    ends, one_scale, flat = _map_box(way, valley_of(way, evaluate))
    x, y = (
        np.array([Scale(*part).value(k / (size - 1)) for k in range(size)])
        for part, size in zip(ends, GRID[::-1], strict=True)
    )
    with np.errstate(all="ignore"):
        values = evaluate(x, y)
    return Map(ends, one_scale, flat, values, contour_levels(values, way.losses, 8))


def notes_of_map(shown: Map, ways: Sequence[Way], names: Sequence[str]) -> list[str]:
    """Return what is said below a map."""
    failed = ", ".join(one.name for one in ways if one.failed)
    return [
        f"contours at f = {', '.join(map(number_text, tick_labels(shown.levels)))}" if shown.levels else "",
        "blank: no value" if np.isnan(shown.values).any() else "",
        f"cut at the frame: {failed} diverged" if failed else "",
        "" if shown.has_one_scale else f"{names[0]} and {names[1]} each have a scale of their own",
    ]


def draw_map(ax: Axes, shown: Map, ways: Sequence[Way], names: Sequence[str], look: Look) -> None:
    """Draw descents on the contours of their function."""
    scales = (Scale(*shown.ends[0]), Scale(*shown.ends[1]))
    set_axes(ax, *scales, (names[0], names[1]))
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    ax.set_box_aspect(shown.flat)
    x, y = (np.linspace(0.0, 1.0, size) for size in GRID[::-1])
    if shown.levels:
        _draw_contours(ax, (x, y, shown.values), shown.levels, look)
    entries = []
    for k, one in enumerate(ways):
        places = places_of(one.points[:, 0], one.points[:, 1], scales)
        entries += _draw_way(ax, places, one.name if len(ways) > 1 else "", look, k)
    known = np.where(np.isfinite(shown.values), shown.values, np.inf)
    row, column = np.unravel_index(int(known.argmin()), known.shape)
    if 0 < row < GRID[0] - 1 and 0 < column < GRID[1] - 1 and known[row, column] < known.max():
        place = (x[[column]], y[[row]])
        (lowest,) = ax.plot(*place, "*", color=look.ink, markersize=9, zorder=5, markeredgewidth=0.0)
        entries.append((lowest, "lowest point"))
    add_entries(ax, entries)


def _draw_way(
    ax: Axes, places: tuple[Values, Values], name: str, look: Look, k: int
) -> list[tuple[Any, str]]:
    """Draw a way with its steps, its start and its end; return what stands in the legend."""
    x, y = places
    few = len(x) <= MAX_STEPS_MARKED and not name
    colour = look.colour(k if name else 1)
    (line,) = ax.plot(x, y, color=colour, linewidth=1.3, marker="o" if few else "", markersize=3.5, zorder=4)
    end: Any = {"linestyle": "", "zorder": 6, "markeredgecolor": look.paper, "markeredgewidth": 0.8}
    (start,) = ax.plot(x[:1], y[:1], marker="s", color=look.ink, markersize=7, **end)
    seen = np.flatnonzero((np.abs(x - 0.5) <= 0.5) & (np.abs(y - 0.5) <= 0.5))
    last = seen[-1:] if seen.size else slice(0, 0)
    marker = MARKERS[k % len(MARKERS)] if name else "D"
    (stop,) = ax.plot(x[last], y[last], marker=marker, color=colour, markersize=7, **end)
    if name:
        line.set_marker(marker)  # in the legend alone
        line.set_markevery([])
        return [(start, "start")] * (k == 0) + [((line, stop), name)]
    return [(start, "start"), (stop, "end"), *([(line, "between")] if few and len(x) > 2 else [])]


def _map_box(way: Way, valley: tuple[Ends, Ends]) -> tuple[tuple[Ends, Ends], bool, float]:
    """Return the ends of both axes, whether they have one scale, and the height of the map over its width.

    At one scale the shorter axis is made longer, until the map is no flatter or narrower than FLATTEST.
    """
    halves = [high / 2.0 - low / 2.0 for low, high in valley]
    longest = max(halves)
    steps = [float(np.ptp(way.points[:, k] / 2.0)) / 2.0 / longest for k in (0, 1)]
    if (
        not np.isfinite(longest)
        or min(halves) < FLATTEST / 3.0 * longest
        or (len(way.points) > 1 and 0.0 < min(steps) < MIN_STEP)
    ):
        return valley, False, 0.7
    wide, high = (max(half, FLATTEST * longest) for half in halves)
    made = [
        (low / 2.0 + top / 2.0 - half, low / 2.0 + top / 2.0 + half)
        for (low, top), half in zip(valley, (wide, high), strict=True)
    ]
    if not np.isfinite(made).all():
        return valley, False, 0.7
    return (made[0], made[1]), True, high / wide


def _draw_contours(
    ax: Axes, grid: tuple[Values, Values, Values], levels: Sequence[float], look: Look
) -> None:
    """Draw the contours of a function, darker towards its least value."""
    x, y, values = grid
    known = values[np.isfinite(values)]
    height = Scale(
        min(float(known.min()), levels[0]), max(float(levels[-1]), float(np.nextafter(levels[0], np.inf)))
    )
    with np.errstate(all="ignore"):
        z = np.where(np.isposinf(values), 2.0, np.minimum(height.shares(values), 2.0))
    z = np.ma.masked_invalid(z)
    places = height.shares(np.array(levels))
    if len(np.unique(places)) < len(places):
        return
    tints = [look.mixed(0.30 * (1.0 - k / len(levels)), look.colour(0)) for k in range(len(levels) + 1)]
    ax.contourf(x, y, z, [min(-0.01, places[0] - 0.01), *places, 2.1], colors=tints)
    lines = ax.contour(x, y, z, places, colors=[look.mixed(0.35)], linewidths=0.8)
    texts = dict(zip(places.tolist(), map(number_text, tick_labels(levels)), strict=True))
    ax.clabel(lines, fmt=texts, fontsize=7, colors=[look.mixed(0.7)])


def ramp(look: Look, *, signed: bool) -> LinearSegmentedColormap:
    """Return the colours of numbers from 0 to 1, or from -1 to 1."""
    ends = (look.below, look.ramp[2])
    both = (ends[0], look.mixed(0.5, ends[0]), look.paper, look.mixed(0.5, ends[1]), ends[1])
    colours = both if signed else look.ramp
    return LinearSegmentedColormap.from_list("aimath", colours)


def draw_heat(
    axes: Sequence[Axes], heat: Heat, which: Sequence[int], look: Look, *, numbers: NumberStyle | None
) -> None:
    """Draw matrices as heat maps, with `numbers` in the cells, on one scale of colours."""
    signed = bool((heat.matrices < 0.0).any())
    colours = ramp(look, signed=signed)
    for ax, k in zip(axes, which, strict=False):
        shown = np.ma.masked_array(heat.matrices[k], heat.hidden[k])
        image = ax.imshow(
            shown, cmap=colours, vmin=-1.0 if signed else 0.0, vmax=1.0, interpolation="none", aspect="equal"
        )
        _name_cells(ax, heat.names)
        set_title(ax, heat.titles[k])
        if numbers is not None:
            for (row, column), value in np.ndenumerate(heat.matrices[k]):
                hidden = heat.hidden[k][row, column]
                text = "·" if hidden else number_text(numbers.format_display(float(value)))
                colour = look.ink if hidden else _ink_on(image.to_rgba(np.array([value]))[0], look)
                ax.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    for ax in axes[len(which) :]:
        ax.set_axis_off()
    bar = axes[0].figure.colorbar(image, ax=list(axes), shrink=0.8)
    bar.outline.set_visible(False)
    for part in bar.ax.collections:
        part.set_clip_on(False)  # the name of its clip path is another one each time
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0] if signed else [0.0, 0.25, 0.5, 0.75, 1.0]
    bar.set_ticks(ticks, labels=[number_text(f"{tick:g}") for tick in ticks])


def _ink_on(ground: Values, look: Look) -> str:
    """Return the colour of the page that is further from a ground."""
    light = float(np.dot(ground[:3], (0.3, 0.6, 0.1)))
    return max(
        (look.ink, look.paper), key=lambda one: abs(float(np.dot(to_rgb(one), (0.3, 0.6, 0.1))) - light)
    )


def _name_cells(ax: Axes, names: tuple[Sequence[str], Sequence[str]]) -> None:
    """Write the names of rows and columns at the edges of a matrix, of many each so many."""
    rows, columns = ([words(name, NAME_ROOM // 2) for name in part] for part in names)
    for axis, texts in ((ax.yaxis, rows), (ax.xaxis, columns)):
        every = -(-len(texts) // MAX_CELLS_NAMED)
        axis.set_ticks(range(0, len(texts), every), labels=texts[::every])
    ax.xaxis.tick_top()
    shown = columns[:: -(-len(columns) // MAX_CELLS_NAMED)]
    upright = len(shown) * (max(map(len, shown), default=0) + 1) > 48
    ax.tick_params(length=0)
    ax.tick_params(axis="x", rotation=90 if upright else 0)
    for side in ax.spines.values():
        side.set_visible(False)


def draw_sweep_map(ax: Axes, one: SweepMap, reference: Values, name: str, look: Look) -> None:
    """Draw a number a run over two options, in fifths of all runs that went well."""
    bounds = fifths(reference[np.isfinite(reference)])
    colours = ramp(look, signed=False)
    which = np.searchsorted(bounds, np.nan_to_num(one.table, nan=-np.inf), side="right")
    grounds = colours(0.05 + which / 5.0)
    lost = one.failed | ~np.isfinite(one.table)
    grounds[lost] = (*to_rgb(look.mixed(0.08)), 1.0)
    ax.imshow(grounds, interpolation="none", aspect="auto")
    for (row, column), value in np.ndenumerate(one.table):
        text = FAILED if lost[row, column] else number_text(SHORT.format_display(float(value)))
        colour = _ink_on(grounds[row, column], look)
        if one.table.size <= MAX_NUMBERS:
            ax.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    texts = [[number_text(SHORT.format_display(x)) for x in part.tolist()] for part in (one.down, one.across)]
    _name_cells(ax, (texts[0], texts[1]))
    ax.xaxis.tick_bottom()
    ax.set_ylabel(words(one.names[0]))
    ax.set_xlabel(words(one.names[1]))
    starts = ["least fifth", *(f"from {number_text(SHORT.format_display(x))}" for x in bounds.tolist())]
    edge = look.mixed(0.3)
    patches = [Patch(facecolor=colours(0.05 + k / 5.0), edgecolor=edge) for k in range(5)]
    if one.failed.any():
        patches.append(Patch(facecolor=look.mixed(0.08), edgecolor=edge))
        starts.append(f"{FAILED} diverged")
    add_legend(ax, patches, starts, name)


def draw_regions(ax: Axes, regions: Regions, look: Look) -> None:
    """Draw which class each place is given to, and points in the colour and the marker of their own."""
    left, right, bottom, top = regions.limits
    scales = (Scale(left, right), Scale(bottom, top))
    set_axes(ax, *scales, ("x", "y"))
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    grounds = np.array([to_rgb(look.mixed(0.25, look.colour(k))) for k in range(len(regions.names))])
    ax.imshow(grounds[regions.given], extent=(0.0, 1.0, 0.0, 1.0), interpolation="none", aspect="auto")
    entries = []
    x, y = places_of(regions.points[:, 0], regions.points[:, 1], scales)
    for k, name in enumerate(regions.names):
        mine = regions.classes == k
        (drawn,) = ax.plot(
            x[mine], y[mine], linestyle="", marker=MARKERS[k % len(MARKERS)], color=look.colour(k),
            markersize=4.5, markeredgecolor=look.paper, markeredgewidth=0.5, rasterized=len(x) > MAX_VECTORS,
        )  # fmt: skip
        entries.append((drawn, name))
    add_entries(ax, entries)


def draw_image(ax: Axes, image: Values, caption: Sequence[str], limits: Values | None) -> None:
    """Draw an image in greys from the least to the largest of limits, or of itself."""
    of = image if limits is None else limits
    known = of[np.isfinite(of)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    shares = Scale(low, high).shares(image) if high > low else np.zeros_like(image)
    level = np.clip(np.where(np.isposinf(image), 1.0, np.nan_to_num(shares)), 0.0, 1.0)
    ax.imshow(level, cmap="gray", vmin=0.0, vmax=1.0, interpolation="none", aspect="equal")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("\n".join(words(line, NAME_ROOM) for line in caption), fontsize=8)
