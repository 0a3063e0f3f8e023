"""The landscape of a descent: contours or a curve of its function, and the way that it took."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import StyledLine, safe_label, styled
from aimath.render._scales import LARGEST, ROUND, Scale, fit_scale, tick_labels
from aimath.render.plots._canvas import dot_size
from aimath.render.plots._frame import HEIGHT, Frame, even_rows, legend_lines, said_lines, series_style
from aimath.text import display_width, escape_control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]
    Ends = tuple[float, float]
    Evaluate = Callable[[Values, Values], Values]  # axes (wide,), (high,) -> values (high, wide)

MAP_HEIGHT, MIN_MAP_HEIGHT, MIN_MAP_WIDTH = 19, 7, 21
"""Rows and columns of a map at most and at least: odd, so that its middle is the middle of a cell."""
OWN_SCALE_HEIGHT = 13
"""Rows of a map whose axes each have a scale of their own."""
CURVE_POINTS = 400
COARSE = 65
"""Points along each axis of the grid on which the valley is looked for."""
REACHES = (2.0, 4.0, 8.0, 16.0)
"""So many times the way's extent the valley is looked for around its end, until its edges are found."""
MIN_DOTS = 6
"""A way that would be so few dots wide or high at one scale gets a scale for each axis.

So does a valley that would be flat."""
CONTOURS, ROWS_PER_CONTOUR = 6, 3
MAX_STEPS_MARKED = 40
MAX_ON_ONE_MAP = 2
"""So many descents are told apart on one map; of more each has a small one."""
SMALL_MAP_WIDTHS, SMALL_MAP_HEIGHT = (24, 16), 9
"""Columns of a small map with its margin, where three stand beside each other or two; and its rows."""
LOWEST = "*"
"""The sign of the lowest point that the map has, where no other sign stands."""
START, END, STEP, LETTERS = "S", "E", "o", "abcdefghijklmnopqrstuvwxyz"


class Way(NamedTuple):
    """A descent: points (rows, 1 or 2), its losses (rows,), whose it is, and whether it went astray."""

    points: Values
    losses: Values
    name: str = ""
    failed: bool = False


def draw_landscape(
    ways: Sequence[Way], evaluate: Evaluate, names: Sequence[str], layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return descents from one start on the contours of their function, or the first on its curve."""
    safe = [escape_control(name) for name in names]
    if ways[0].points.shape[1] == 1:
        return _on_curve(ways[0], evaluate, safe[0], layout, width)
    if len(ways) > MAX_ON_ONE_MAP:
        return _on_maps_apart(ways, evaluate, (safe[0], safe[1]), layout, width)
    return _on_map(ways, evaluate, (safe[0], safe[1]), layout, width)


def _on_curve(way: Way, evaluate: Evaluate, name: str, layout: LayoutOptions, width: int) -> list[StyledLine]:
    """Return the curve of the function with the steps on it."""
    x, y, scale = curve_below(way, evaluate, log=layout.log_y)
    ends = (float(x[0]), float(x[-1]))
    scale, high, ticks = even_rows(scale, HEIGHT, layout)
    frame = Frame((Scale(*ends), scale), (name, "f"), layout, width, high, y_ticks=ticks)
    frame.canvas.line(frame.columns(x), frame.rows(y), series_style(0), sign="*")
    rows, columns = frame.cell_rows(way.losses), frame.cell_columns(way.points[:, 0])
    _mark_steps(frame, rows, columns)
    return [*frame.lines(), *_legend([way], layout, width)]


def curve_below(way: Way, evaluate: Evaluate, *, log: bool) -> tuple[Values, Values, Scale]:
    """Return the function of one variable around a way, (n,), (n,), and the scale of what is seen of it."""
    line = np.zeros(1)
    ends = valley_of(way, lambda x, _: evaluate(x, line))[0]
    x = np.linspace(0.0, 1.0, CURVE_POINTS)
    x = ends[0] * (1.0 - x) + ends[1] * x
    y = evaluate(x, line)[0]
    top = _highest_seen(y, way.losses)
    return x, y, fit_scale(np.append(np.where(y <= top, y, np.nan), way.losses), nice=6, log=log)


def _highest_seen(y: Values, losses: Values) -> float:
    """Return up to where the curve is seen: a little above the way, so that no wall flattens it."""
    low = float(np.nanmin(np.append(y[np.isfinite(y)], losses)))
    high = float(losses.max())
    return high + 0.3 * (high - low) if high > low else math.inf


def together(ways: Sequence[Way]) -> Way:
    """Return the points of all ways that went well as one, which ends where the lowest is."""
    well = [way for way in ways if not way.failed] or [*ways]
    lowest = min(well, key=lambda way: float(way.losses[-1]))
    order = [*(way for way in well if way is not lowest), lowest]
    return Way(np.concatenate([way.points for way in order]), np.concatenate([way.losses for way in order]))


def _on_map(
    ways: Sequence[Way], evaluate: Evaluate, names: tuple[str, str], layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return the contours of the function with the joined steps on them."""
    way = together(ways)
    ends, kept, room, high = _map_shape(way, valley_of(way, evaluate), layout, width)
    scales = (Scale(*ends[0]), Scale(*ends[1]))
    frame = Frame(scales, names, layout, width, height=high, room=room)
    canvas = frame.canvas
    values = _values_on(frame, evaluate)
    levels = contour_levels(values, way.losses, min(CONTOURS, max(2, high // ROWS_PER_CONTOUR)))
    every = 1 if layout.ascii_only else 2  # a dotted line, beside which the way is a whole one
    rows, columns = np.nonzero(contours(values, levels, every) & ~np.isnan(values))
    canvas.dots((columns, rows), "dim", sign=".")
    _mark_holes(frame, values)
    drawn = [_up_to_the_frame(one, frame) if one.failed else one for one in ways]
    for k, one in enumerate(drawn):
        places = (frame.columns(one.points[:, 0]), frame.rows(one.points[:, 1]))
        canvas.line(*places, series_style(k), alone=True, sign="+")
    for k, one in enumerate(drawn):
        cells = (frame.cell_rows(one.points[:, 1]), frame.cell_columns(one.points[:, 0]))
        if len(ways) == 1:
            _mark_steps(frame, *cells)
        else:
            _mark_end(frame, *cells, LETTERS[k], series_style(k))
    legend = [*_legend(ways, layout, width), *_mark_lowest(frame, values, layout, width)]
    said = _said_of_map(levels, values, ways)
    said += [] if kept else [f"{names[0]} and {names[1]} each have a scale of their own"]
    return [*frame.lines(), *legend, *said_lines(said, layout, width)]


def _on_maps_apart(
    ways: Sequence[Way], evaluate: Evaluate, names: tuple[str, str], layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return a small map for each way, all of the same part of the function: where the ways went."""
    count = next((k for k, least in zip((3, 2), SMALL_MAP_WIDTHS, strict=True) if width // k >= least), 1)
    wide = (width - 2 * (count - 1)) // count
    well = [way for way in ways if not way.failed] or [*ways]
    points = np.concatenate([way.points for way in well])
    scales = [Scale(*_with_margin(float(part.min()), float(part.max()))) for part in points.T]
    frames = [Frame((scales[0], scales[1]), names, layout, wide, height=SMALL_MAP_HEIGHT) for _ in ways]
    values = _values_on(frames[0], evaluate)
    losses = np.concatenate([way.losses for way in well])
    levels = contour_levels(values, losses, SMALL_MAP_HEIGHT // ROWS_PER_CONTOUR + 1)
    every = 1 if layout.ascii_only else 2
    rows, columns = np.nonzero(contours(values, levels, every) & ~np.isnan(values))
    for k, (way, frame) in enumerate(zip(ways, frames, strict=True)):
        frame.canvas.dots((columns, rows), "dim", sign=".")
        _mark_holes(frame, values)
        seen = _up_to_the_frame(way, frame) if way.failed else way
        places = (frame.columns(seen.points[:, 0]), frame.rows(seen.points[:, 1]))
        frame.canvas.line(*places, series_style(k), alone=True, sign="+")
        cells = (frame.cell_rows(seen.points[:, 1]), frame.cell_columns(seen.points[:, 0]))
        _mark_end(frame, *cells, END, "")
    titled = [
        [
            styled(f" {safe_label(f'{LETTERS[k]} {way.name}', layout, wide - 1)}", f"bold {series_style(k)}"),
            *frame.lines(),
        ]
        for k, (way, frame) in enumerate(zip(ways, frames, strict=True))
    ]
    shelves = (titled[k : k + count] for k in range(0, len(titled), count))
    said = _said_of_map(levels, values, ways)
    said.append(f"{names[0]} and {names[1]} each have a scale of their own, the same in all")
    legend = legend_lines([(START, "start", ""), (END, "end", "")], layout, width)
    beside = [line for shelf in shelves for line in _beside(shelf, wide)]
    return [*beside, *legend, *said_lines(said, layout, width)]


def _values_on(frame: Frame, evaluate: Evaluate) -> Values:
    """Return a function at the dots (high, wide) of a frame, from above."""
    canvas = frame.canvas
    x = np.array([frame.x.value(k / (canvas.dots_wide - 1)) for k in range(canvas.dots_wide)])
    y = np.array([frame.y.value(k / (canvas.dots_high - 1)) for k in range(canvas.dots_high)])
    return evaluate(x, y)[::-1]


def _said_of_map(levels: Sequence[float], values: Values, ways: Sequence[Way]) -> list[str]:
    """Return what is said below maps: of contours, of holes and of ways that left."""
    failed = [way.name for way in ways if way.failed]
    said = [f"contours at f = {', '.join(tick_labels(levels))}"] if levels else []
    said += ["? has no value"] if np.isnan(values).any() else []
    return [*said, f"cut at the frame: {', '.join(failed)} diverged"] if failed else said


def _beside(pictures: Sequence[Sequence[StyledLine]], wide: int) -> list[StyledLine]:
    """Return pictures of equally many lines side by side, each so wide."""
    lines = []
    for parts in zip(*pictures, strict=True):
        spans: list[tuple[str, str]] = []
        for part in parts:
            used = sum(display_width(text) for text, _ in part.spans)
            spans += [*part.spans, (" " * (wide + 2 - used), "")]
        lines.append(StyledLine(tuple(spans[:-1]), touching=parts[0].touching))
    return lines


def _map_shape(
    way: Way, valley: tuple[Ends, Ends], layout: LayoutOptions, width: int
) -> tuple[tuple[Ends, Ends], bool, int, int]:
    """Return the ends of both axes, whether they have one scale, and the map's columns and rows of cells.

    Where one scale is kept, the shorter axis is made longer until the map has its least size.
    """
    size = dot_size(layout)
    most = max(9, width - _margin(valley[1]) - 3)
    extents = [high / 2.0 - low / 2.0 for low, high in valley]
    unit = max(extents[0] / (most * size.wide), extents[1] / (MAP_HEIGHT * size.high))
    steps = [float(np.ptp(way.points[:, k] / 2.0)) / unit if unit > 0.0 else 0.0 for k in (0, 1)]
    flat = extents[1] / unit / size.high < MIN_MAP_HEIGHT if unit > 0.0 else False
    if not math.isfinite(unit) or (len(way.points) > 1 and (flat or 0.0 < min(steps) < MIN_DOTS)):
        return valley, False, most, OWN_SCALE_HEIGHT
    room = min(most, max(MIN_MAP_WIDTH, math.ceil(extents[0] / unit / size.wide)))
    room -= room % 2 == 0
    high = min(MAP_HEIGHT, max(MIN_MAP_HEIGHT, math.ceil(extents[1] / unit / size.high) | 1))
    dots = (room * size.wide - 1, high * size.high - 1)
    unit = max(extents[0] / dots[0], extents[1] / dots[1])
    ends = [around(valley[k], unit * dots[k]) for k in (0, 1)]
    return (ends[0], ends[1]), True, room, high


def _margin(ends: Ends) -> int:
    return max(map(len, tick_labels(Scale(*ends).ticks(MAP_HEIGHT // 2))), default=0) + 1


def around(ends: Ends, half: float) -> Ends:
    """Return the interval of a half length around the middle of another."""
    middle = ends[0] / 2.0 + ends[1] / 2.0
    return max(middle - half, -LARGEST), min(middle + half, LARGEST)


def valley_of(way: Way, evaluate: Evaluate) -> tuple[Ends, Ends]:
    """Return the ends of x and y between which the way lies, and the valley that it came down.

    The valley is what is connected with the end and no higher than the start. Of one without an edge
    as much is shown as the first of the REACHES holds.
    """
    first: list[Ends] = []
    for reach in REACHES:
        axes, inside = _valley_within(way, evaluate, reach)
        ends = [
            _with_margin(float(part.min()), float(part.max()))
            for k, axis in enumerate(axes)
            for part in [np.append(axis[inside.any(axis=k)], way.points[:, k])]
        ]
        first = first or ends
        sides = [inside[:, [0, -1]], inside[[0, -1]]][: len(axes)]
        if not any(side.any() for side in sides):
            first = ends
            break
    return first[0], first[-1]


def _valley_within(way: Way, evaluate: Evaluate, reach: float) -> tuple[list[Values], Values]:
    """Return the axes of a coarse grid around the end, and which points (high, wide) are in the valley."""
    boxes = [_reach(way.points[:, k], reach) for k in range(way.points.shape[1])]
    axes = [low * (1.0 - _SHARES) + high * _SHARES for low, high in boxes]
    x, y = axes[0], axes[1] if len(axes) > 1 else np.zeros(1)
    with np.errstate(all="ignore"):
        low = evaluate(x, y) <= way.losses.max()
    seeds = [int(np.argmin(np.abs(axis / 2.0 - way.points[-1, k] / 2.0))) for k, axis in enumerate(axes)]
    return axes, _connected(low, seeds[1] if len(seeds) > 1 else 0, seeds[0])


_SHARES = np.linspace(0.0, 1.0, COARSE)


def _reach(values: Values, times: float) -> Ends:
    """Return the interval around the end that is so many times as long as the way went from it."""
    last = float(values[-1])
    with np.errstate(over="ignore"):
        far = float(np.abs(values / 2.0 - last / 2.0).max()) * 2.0 * times or max(abs(last), 1.0)
        return max(last - far, -LARGEST), min(last + far, LARGEST)


def _connected(mask: Values, row: int, column: int) -> Values:
    """Return the part of a mask that is connected with one place."""
    part = np.zeros_like(mask)
    part[row, column] = True
    while True:
        wider = part.copy()
        wider[1:] |= part[:-1]
        wider[:-1] |= part[1:]
        wider[:, 1:] |= part[:, :-1]
        wider[:, :-1] |= part[:, 1:]
        wider &= mask
        wider[row, column] = True
        if (wider == part).all():
            return part
        part = wider


def _with_margin(low: float, high: float) -> Ends:
    """Return ends a twentieth further apart on each side."""
    margin = 0.05 * (high - low) if math.isfinite(high - low) else 0.05 * (high / 2.0 - low / 2.0)
    margin = margin or max(abs(low), 1.0) * 0.1
    return max(low - margin, -LARGEST), min(high + margin, LARGEST)


def contour_levels(values: Values, losses: Values, count: int = CONTOURS) -> list[float]:
    """Return round numbers at which contours are drawn, closer to each other towards the least value.

    Of a bowl they are about equally far apart, up to a little above where the way began.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return []
    low, high = (
        min(float(known.min()), float(losses.min())),
        min(float(known.max()), float(losses.max()) * 1.5 or 1.0),
    )
    high = max(high, float(losses.max()))
    span = high - low
    if not (math.isfinite(span) and span > 0.0):
        return []
    wished = (low + span * (k / count) ** 2 for k in range(1, count + 1))
    return sorted(
        {found for level in wished if low < (found := _round_near(level, span)) < float(known.max())}
    )


def _round_near(value: float, span: float) -> float:
    """Return a number of one digit near a value, or of two beside a span that is smaller."""
    if value == 0.0:
        return 0.0
    power = math.floor(math.log10(abs(value)))
    if abs(value) > 10.0 * span:
        step = float(f"1e{math.floor(math.log10(span)) - 1}")
        return round(value / step) * step
    digits = [float(f"{digit}e{power}") for digit in (*ROUND, 3, 4, 7, 10)]
    return math.copysign(min(digits, key=lambda d: abs(d - abs(value))), value)


def contours(values: Values, levels: Sequence[float], every: int = 1) -> Values:
    """Return the dots (high, wide) at which the function crosses a level on the way to a neighbour.

    With `every` 2 a contour has a dot in every second row where it is steep, or column where it is flat.
    """
    bands = np.searchsorted(np.asarray(levels), values)
    edges = np.zeros(values.shape, np.bool_)
    edges[::every, :-1] |= (bands[:, :-1] != bands[:, 1:])[::every]
    edges[:-1, ::every] |= (bands[:-1] != bands[1:])[:, ::every]
    return edges


def _mark_holes(frame: Frame, values: Values) -> None:
    """Put a question mark into each cell where the function has no value."""
    high, wide = frame.canvas.size
    blocks = np.isnan(values).reshape(frame.canvas.height, high, frame.room, wide).all(axis=(1, 3))
    for row, column in np.argwhere(blocks).tolist():
        frame.canvas.text(row, column, "?", "dim")


def _mark_lowest(frame: Frame, values: Values, layout: LayoutOptions, width: int) -> list[StyledLine]:
    """Put a sign where the map is lowest, unless that is at its edge; return what is said of it."""
    known = np.where(np.isfinite(values), values, np.inf)
    row, column = np.unravel_index(int(known.argmin()), known.shape)
    high, wide = frame.canvas.size
    cell = (int(row) // high, int(column) // wide)
    at_edge = row in (0, known.shape[0] - 1) or column in (0, known.shape[1] - 1)
    if at_edge or known[row, column] == known.max():
        return []
    sign = str(frame.canvas.signs[cell])
    if not sign:
        frame.canvas.text(*cell, LOWEST, "bold")
        return legend_lines([(LOWEST, "lowest point of the map", "")], layout, width)
    return said_lines([f"lowest point of the map: at {sign}"], layout, width)


def _mark_steps(frame: Frame, rows: Values, columns: Values) -> None:
    """Put signs where the way began, where it is, and at its steps if they are few."""
    if len(rows) <= MAX_STEPS_MARKED:
        for row, column in zip(rows[1:-1].tolist(), columns[1:-1].tolist(), strict=True):
            frame.canvas.text(row, column, STEP, series_style(0))
    for k, sign in ((0, START), (-1, END)):
        frame.canvas.text(int(rows[k]), int(columns[k]), sign, "bold")


def _up_to_the_frame(way: Way, frame: Frame) -> Way:
    """Return a way up to the first point outside the frame."""
    inside = (frame.cell_columns(way.points[:, 0]) >= 0) & (frame.cell_rows(way.points[:, 1]) >= 0)
    seen = len(inside) if inside.all() else int(np.argmin(inside)) + 1
    return way._replace(points=way.points[:seen], losses=way.losses[:seen])


def _mark_end(frame: Frame, rows: Values, columns: Values, letter: str, style: str) -> None:
    """Put a letter at the last point of a way that is in the frame, or next to one that stands there."""
    seen = np.flatnonzero((rows >= 0) & (columns >= 0))
    for k in seen[::-1].tolist():
        cell = (int(rows[k]), int(columns[k]))
        if frame.canvas.signs[cell] == "":
            frame.canvas.text(*cell, letter, f"bold {style}")
            break
    frame.canvas.text(int(rows[0]), int(columns[0]), START, "bold")


def _legend(ways: Sequence[Way], layout: LayoutOptions, width: int) -> list[StyledLine]:
    if len(ways) > 1:
        entries = [(LETTERS[k], way.name, series_style(k)) for k, way in enumerate(ways)]
        return legend_lines([(START, "start", ""), *entries], layout, width)
    entries = [(START, "start", ""), (END, "end", "")]
    entries += [(STEP, "between", "")] if 2 < len(ways[0].points) <= MAX_STEPS_MARKED else []
    return legend_lines(entries, layout, width)
