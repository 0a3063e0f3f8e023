"""Charts over two axes: curves with letters, points, shaded areas, histograms and reference lines."""

from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import DOT, StyledLine, rendered
from aimath.render._scales import Scale, fit_scale, spans_decades
from aimath.render.plots._canvas import thin
from aimath.render.plots._frame import (
    HEIGHT,
    MARK_STYLE,
    Frame,
    even_rows,
    legend_lines,
    said_lines,
    series_style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

LETTERS = string.ascii_lowercase + string.ascii_uppercase
MAX_MARKED = 24
"""A line through so few points shows each."""
TICKS = 6
FAR_REFERENCE = 1.0
"""A reference line is in the frame if it is no further from the data than so many times their span."""
EXPECTED, EXPECTED_DOTS = "○", "⣀⠤⠒⠉"
"""The sign of an expected count, in the row of cells that it ends in, or at that height in the row."""
WIDE_BAR = 4
"""Bars of a histogram that are so wide are a column apart: two of one height would look like one."""
MAX_NAMED = 4
"""So many runs that leave the frame are named."""


class Series(NamedTuple):
    """Points (n,) of one curve, which is joined in the order given, or a cloud."""

    x: Values
    y: Values
    name: str = ""
    joined: bool = True
    marked: bool | None = None  # each point has a dot of its own; None: if they are few
    left_out: Values | bool = False  # points (n,), or all, that the frame need not hold: of what diverged
    reason: str = ""  # such as "diverged"
    like: int | None = None  # the series whose colour it has, if not its own


class Reference(NamedTuple):
    """A dashed line at a value of y, or of x if it is `upright`."""

    value: float
    text: str
    upright: bool = False


class Bins(NamedTuple):
    """A histogram: counts (k,) between edges (k + 1,), and how many are expected where that is known."""

    edges: Values
    counts: Values
    expected: Values | None = None
    expected_name: str = ""


class Chart(NamedTuple):
    """A chart; `log_x` and `log_y` are None where the data decide it."""

    series: tuple[Series, ...]
    x_name: str
    y_name: str
    log_x: bool | None = None
    log_y: bool | None = None
    references: tuple[Reference, ...] = ()
    area: tuple[float, float] | None = None  # shaded between these x, below the first series
    bins: Bins | None = None
    notes: tuple[str, ...] = ()
    from_zero: bool = False  # the y axis begins at 0


def scales_of(chart: Chart) -> tuple[Scale, Scale]:
    """Return the scales of both axes, which hold all that is not to be left out."""
    drawn = [(one, ~_left_out(one)) for one in chart.series]
    if not any((kept & _finite(one)).any() for one, kept in drawn):
        drawn = [(one, np.ones(len(one.x), np.bool_)) for one in chart.series]
    firsts = [one.y[:1] for one in chart.series if one.joined and one.left_out is True]  # where it came from
    x = np.concatenate([one.x[_finite(one)] for one in chart.series] or [np.zeros(0)])
    y = np.concatenate([*(one.y[kept & _finite(one)] for one, kept in drawn), *firsts, np.zeros(0)])
    if chart.bins:
        counts = np.append(chart.bins.counts, [] if chart.bins.expected is None else chart.bins.expected)
        top = fit_scale(counts, include=(0.0,), log=False, nice=TICKS)
        whole = bool((chart.bins.edges == np.rint(chart.bins.edges)).all())
        return Scale(float(chart.bins.edges[0]), float(chart.bins.edges[-1]), whole=whole), top._replace(
            whole=True
        )
    log_x = is_even_in_logarithms(x) or None if chart.log_x is None else chart.log_x
    upright = [mark.value for mark in chart.references if mark.upright]
    x_scale = fit_scale(x, include=_near(upright, x), log=log_x)
    x_scale = x_scale._replace(whole=x.size > 0 and bool((x == np.rint(x)).all()) and not upright)
    levels = [mark.value for mark in chart.references if not mark.upright]
    ends = (0.0,) if chart.from_zero else ()
    return x_scale, fit_scale(y, include=(*_near(levels, y), *ends), log=chart.log_y, nice=TICKS)


def _left_out(series: Series) -> Values:
    return np.broadcast_to(np.asarray(series.left_out, np.bool_), series.y.shape)


def _finite(series: Series) -> Values:
    return np.isfinite(series.x) & np.isfinite(series.y)


def _near(values: Sequence[float], data: Values) -> tuple[float, ...]:
    """Return the values that are not so far from the data as to flatten them."""
    known = data[np.isfinite(data)]
    if not known.size:
        return tuple(values)
    low, high = float(known.min()), float(known.max())
    reach = FAR_REFERENCE * ((high - low) or abs(high) or 1.0)
    return tuple(x for x in values if low - reach <= x <= high + reach)


def is_even_in_logarithms(x: Values) -> bool:
    """Return whether 4 positive values or more, over a decade or more, are evenly apart in logarithms."""
    values = np.unique(x)
    if len(values) < 4 or not (values > 0.0).all() or values[-1] / 10.0 < values[0]:
        return False
    steps = np.diff(np.log(values))
    return bool(steps.max() - steps.min() < 1e-6 * steps.max()) or spans_decades(values)


def draw_chart(chart: Chart, layout: LayoutOptions, width: int, height: int = 0) -> list[StyledLine]:
    """Return the lines of a chart with its legend, and what could not be drawn said below."""
    chart = as_asked(chart, layout)
    if is_empty(chart):
        return said_lines(notes_of(chart, None, layout), layout, width)
    scales = scales_of(chart)
    names = (chart.x_name, chart.y_name)
    y, rows, marks = even_rows(scales[1], height or HEIGHT, layout)
    frame = Frame((scales[0], y), names, layout, width, rows, y_ticks=marks)
    if chart.bins:
        count = len(chart.bins.counts)  # each bin takes the same number of columns
        rows, top, ticks = _rows_of_bars(chart.bins, scales[1], height or HEIGHT)
        room = frame.room // count * count
        frame = Frame((scales[0], top), names, layout, width, rows, room, y_ticks=ticks, at_edges=True)
        _draw_bins(chart.bins, frame)
    places = [frame.reference(mark.value, upright=mark.upright) for mark in chart.references]
    if chart.area and chart.series:
        _shade(chart.series[0], chart.area, frame)
    shown = [k for k, one in enumerate(chart.series) if one.name]
    letters = {k: LETTERS[i] for i, k in enumerate(shown[: len(LETTERS)])} if len(shown) > 1 else {}
    for k, one in enumerate(chart.series):
        _draw_series(one, frame, series_style(k if one.like is None else one.like), letters.get(k, ""))
    _put_letters(chart.series, letters, frame)
    if chart.bins and chart.bins.expected is not None:
        expected = [(_expected_sign(0.25, frame), chart.bins.expected_name, series_style(1))]
    else:
        expected = []
    entries = expected + [(letters.get(k, ""), chart.series[k].name, series_style(k)) for k in shown]
    beyond = _coinciding(chart.series, letters, frame)
    for mark, place in zip(chart.references, places, strict=True):
        if place < 0:
            beyond.append(f"{mark.text}: beyond the frame")
        elif not frame.put_beside(place, mark.text, upright=mark.upright):
            beyond.append(f"dashed: {mark.text}")
    notes = notes_of(chart, frame.y, layout, beyond)
    return [*frame.lines(), *legend_lines(entries, layout, width), *said_lines(notes, layout, width)]


def as_asked(chart: Chart, layout: LayoutOptions) -> Chart:
    """Return the chart with a logarithmic y axis, if that is asked for and it can have one."""
    if not layout.log_y or chart.bins is not None or chart.from_zero:
        return chart
    positive = any((one.y[_finite(one)] > 0.0).any() for one in chart.series)
    return chart._replace(log_y=True) if positive else chart


def is_empty(chart: Chart) -> bool:
    """Return whether a chart has nothing that can be drawn."""
    return chart.bins is None and not any(_finite(one).any() for one in chart.series)


def notes_of(chart: Chart, y: Scale | None, layout: LayoutOptions, beyond: Sequence[str] = ()) -> list[str]:
    """Return what is said below a chart: what has no place in it, then its own notes."""
    if y is None:
        return _uncounted(chart, None, layout)
    return [*_uncounted(chart, y, layout), *_cut(chart, y, layout), *beyond, *chart.notes]


def _draw_series(one: Series, frame: Frame, style: str, letter: str) -> None:
    """Draw a curve or a cloud, with a sign at each point where there are few."""
    canvas = frame.canvas
    x, y = one.x, one.y
    kept = _finite(one)
    if one.joined:
        columns, rows = _places(one, frame)
        if kept.all() and len(x) > 1 and (x[1:] >= x[:-1]).all():
            cells = np.rint(np.nan_to_num(columns)).astype(np.int64)
            columns, rows = thin(columns, rows, cells)
        canvas.line(columns, rows, style, sign=letter or "*")
    else:
        columns, rows = np.rint(frame.columns(x[kept])), np.rint(frame.rows(y[kept]))
        places = [np.nan_to_num(part, nan=-1.0).clip(-1, 1e6).astype(np.int64) for part in (columns, rows)]
        canvas.dots((places[0], places[1]), style, sign=letter or "*")
    if (len(one.x) <= MAX_MARKED and not letter) if one.marked is None else one.marked:
        cells = np.stack([frame.cell_rows(one.y[kept]), frame.cell_columns(one.x[kept])], axis=1)
        for row, column in np.unique(cells[(cells >= 0).all(axis=1)], axis=0).tolist():
            canvas.text(row, column, rendered(DOT, frame.layout), style)
    if one.left_out is not True:
        for column in np.unique(frame.cell_columns(one.x[kept & _left_out(one)])).tolist():
            canvas.text(0, column, rendered("▲", frame.layout), MARK_STYLE)


def _places(one: Series, frame: Frame) -> tuple[Values, Values]:
    """Return the dots (column, row) of points; what a logarithmic axis can't hold is far below it."""
    below = (one.y <= 0.0) & frame.y.log
    rows = np.where(below, 2.0 * frame.canvas.dots_high, frame.rows(one.y))
    return frame.columns(one.x), rows


def _shade(one: Series, area: tuple[float, float], frame: Frame) -> None:
    """Fill every other dot between the first series and the foot of the frame."""
    canvas = frame.canvas
    dots = np.arange(canvas.dots_wide)
    x = np.array([frame.x.value(k / (canvas.dots_wide - 1)) for k in dots])
    order = np.argsort(one.x)
    tops = np.rint(frame.rows(np.interp(x, one.x[order], one.y[order])))
    inside = (x >= area[0]) & (x <= area[1]) & np.isfinite(tops)
    rows = np.arange(canvas.dots_high)[:, np.newaxis]
    filled = inside & (rows >= tops) & ((rows + dots) % 2 == 0)
    below, across = np.nonzero(filled)
    canvas.dots((across, below), series_style(0), sign=":")


def _rows_of_bars(bins: Bins, y: Scale, most: int) -> tuple[int, Scale, list[float]]:
    """Return a height, and the scale and ticks at which each tick is a whole number of rows above the foot.

    The highest count leaves a row free at most.
    """
    first, second, *_ = y.ticks(TICKS)
    step = second - first
    reach = float(max(bins.counts.max(), 0.0 if bins.expected is None else bins.expected.max())) / step
    each = max(1, int((most - 1) / reach))
    rows = int(reach * each) + 1
    return (
        rows,
        y._replace(low=0.0, high=step / each * rows),
        [step * k for k in range(1 + (rows - 1) // each)],
    )


def _expected_sign(height: float, frame: Frame) -> str:
    """Return the sign of an expected count that ends so high, in rows of cells above the foot."""
    if frame.canvas.size.wide == 1:
        return rendered(EXPECTED, frame.layout)
    return EXPECTED_DOTS[int(height % 1.0 * len(EXPECTED_DOTS))]


def _draw_bins(bins: Bins, frame: Frame) -> None:
    which = np.arange(frame.room) * len(bins.counts) // frame.room
    canvas = frame.canvas
    heights = frame.y.shares(bins.counts[which].astype(np.float64)) * canvas.height
    if frame.room // len(bins.counts) >= WIDE_BAR:
        heights[np.append(which[1:] != which[:-1], True)] = 0.0
    canvas.columns(heights, series_style(0))
    if bins.expected is None:
        return
    wide = frame.room / len(bins.counts)
    tops = np.nan_to_num(frame.y.shares(bins.expected) * canvas.height)
    for k, top in enumerate(tops.tolist()):
        row, column = canvas.height - 1 - int(top), int((k + 0.5) * wide)
        within = canvas.signs[row, column] in ("█", "#")
        ground = f" on {series_style(0)}" if within and frame.layout.colour else ""
        canvas.text(row, column, _expected_sign(top, frame), f"bold {series_style(1)}{ground}")


def histogram_bins(values: Values, most: int) -> Bins:
    """Return a histogram whose edges are multiples of 1, 2 or 5 times a power of ten, in about so many bins.

    The width is the next above that of Freedman and Diaconis (1981), 2 · IQR / n^(1/3).
    """
    known = np.sort(values[np.isfinite(values)])
    low, high = float(known[0]), float(known[-1])
    quarter, three = np.quantile(known / 4.0, [0.25, 0.75])  # what is between finite numbers can overflow
    wished = 2.0 * (three - quarter) / len(known) ** (1 / 3)
    count = (high / 4.0 - low / 4.0) / wished if wished > 0.0 else 10.0
    count = int(min(max(count, 5.0), most))
    scale = fit_scale(known, log=False, nice=max(2, count))
    edges = np.array(scale.ticks(count + 3))
    if len(edges) < 3 or edges[0] > low or edges[-1] < high:
        edges = np.array([scale.value(k / count) for k in range(count + 1)])
    places = np.searchsorted(known, edges)
    places[-1] = len(known)  # the last bin holds its upper edge
    return Bins(edges, np.diff(places))


def _put_letters(series: Sequence[Series], letters: dict[int, str], frame: Frame) -> None:
    """Put each curve's letter where it is furthest from the others, in each third where it is apart."""
    if frame.layout.ascii_only:  # a curve is made of its letter, unless others lie on it
        letters = {k: letter for k, letter in letters.items() if not (frame.canvas.signs == letter).any()}
    rows = {k: _rows_along(series[k], frame) for k in letters}
    taken: set[tuple[int, int]] = set()
    for k, letter in letters.items():
        gaps = _distances(rows[k], [rows[j] for j in letters if j != k])
        for column in _spots(gaps):
            cell = _free_cell(rows[k], column, taken, frame)
            if cell is not None:
                taken.add(cell)
                frame.canvas.text(*cell, letter, f"bold {series_style(k)}")


def _rows_along(one: Series, frame: Frame) -> Values:
    """Return the row of a curve in each column of cells, from above and in cells, nan where it isn't seen."""
    wide = frame.canvas.size.wide
    middles = np.arange(frame.room) * wide + (wide - 1) / 2
    columns, rows = _places(one, frame)
    kept = _finite(one) & np.isfinite(columns) & np.isfinite(rows)
    if not kept.any():
        return np.full(frame.room, np.nan)
    order = np.argsort(columns[kept], kind="stable")
    dots = np.interp(middles, columns[kept][order], rows[kept][order], left=np.nan, right=np.nan)
    seen = (dots > -0.5) & (dots < frame.canvas.dots_high - 0.5)
    return np.where(seen, (dots + 0.5) / frame.canvas.size.high, np.nan)


ALIKE = 0.9
"""Curves that are a dot apart at most along so much of what is seen of them look like one."""


def _coinciding(series: Sequence[Series], letters: dict[int, str], frame: Frame) -> list[str]:
    """Return which curves lie on one another, so that the last drawn hides the others."""
    rows = {k: _rows_along(series[k], frame) * frame.canvas.size.high for k in letters}
    groups: list[list[int]] = []
    for k, seen in rows.items():
        like = next((group for group in groups if _is_alike(rows[group[0]], seen)), None)
        if like is None:
            groups.append([k])
        else:
            like.append(k)
    names = (", ".join(f"{letters[k]} {series[k].name}" for k in group) for group in groups if len(group) > 1)
    return [f"on one line: {said}" for said in names]


def _is_alike(rows: Values, others: Values) -> bool:
    """Return whether two curves, in dots from above, look like one."""
    either = ~(np.isnan(rows) & np.isnan(others))
    close = np.abs(rows - others) <= 1.0
    return bool(either.any() and close.sum() >= ALIKE * either.sum())


MAX_GAP = 4.0
"""Curves so many rows apart are far enough."""


def _distances(rows: Values, others: Sequence[Values]) -> Values:
    """Return how far a curve is from the nearest other in each column, -1 where it isn't seen."""
    gaps = np.full(len(rows), MAX_GAP)
    for other in others:
        gaps = np.fmin(gaps, np.abs(rows - other))
    return np.where(np.isnan(rows), -1.0, gaps)


def _spots(gaps: Values) -> list[int]:
    """Return the column of each third in which a curve is furthest from others, or the best of the three."""
    thirds = [part for part in np.array_split(np.arange(len(gaps)), 3) if len(part)]
    best = [int(part[np.lexsort((np.abs(part - part.mean()), -gaps[part]))[0]]) for part in thirds]
    return [column for column in best if gaps[column] >= 1.0] or sorted(best, key=lambda c: -gaps[c])[:1]


def _free_cell(
    rows: Values, column: int, taken: set[tuple[int, int]], frame: Frame
) -> tuple[int, int] | None:
    """Return the cell of a curve next to a column that has no other letter beside it, or None."""
    for shift in itertools.chain(*((s, -s) for s in range(0, frame.room, 2))):
        place = column + shift
        if 0 <= place < frame.room and not np.isnan(rows[place]):
            cell = (int(rows[place]), place)
            if not any((cell[0], place + d) in taken for d in (-1, 0, 1)):
                return cell
    return None


def _uncounted(chart: Chart, y: Scale | None, layout: LayoutOptions) -> list[str]:
    """Return which points have no place: infinite ones, and on a logarithmic axis those at or below 0."""
    far = [
        (x, value)
        for one in chart.series
        for gone in [~_finite(one) & ~np.isnan(one.x) & ~np.isnan(one.y)]
        for x, value in zip(one.x[gone].tolist(), one.y[gone].tolist(), strict=True)
    ]
    style = layout.style._replace(digits=4) if layout.style.exact else layout.style
    y_name = chart.y_name.partition(",")[0]  # without its unit
    named = (
        f"{chart.x_name} = {style.format_display(x)}, {y_name} {style.format_display(value)}"
        for x, value in far
    )
    points = "; ".join(named) if len(far) <= MAX_NAMED else f"{len(far)} points at infinity"
    said = [f"not drawn: {points}"] if far else []
    if y is not None and y.log:
        below = sum(int((one.y[_finite(one)] <= 0.0).sum()) for one in chart.series)
        said += [f"… {below} at or below 0, which a log scale doesn't have"] if below else []
    return said


def _cut(chart: Chart, y: Scale, layout: LayoutOptions) -> list[str]:
    """Return a note that names what leaves the frame."""
    style = layout.style._replace(digits=4) if layout.style.exact else layout.style
    named = []
    for one in chart.series:
        out = _left_out(one) & ~np.isnan(one.y)
        with np.errstate(invalid="ignore"):
            gone = out & ~((one.y >= y.low) & (one.y <= y.high))
        if not gone.any():
            continue
        if one.left_out is True:
            last = int(np.flatnonzero(gone)[-1])
            value, place = (style.format_display(float(values[last])) for values in (one.y, one.x))
            at = f"{value} at {chart.x_name} {place}"
            named.append(f"{one.name or chart.y_name} {one.reason}: {at}".strip())
        else:
            pairs = (
                map(style.format_display, pair)
                for pair in zip(one.x[gone].tolist(), one.y[gone].tolist(), strict=True)
            )
            named += [f"{chart.x_name} {x} {one.reason}: {value}" for x, value in pairs]
    if not named:
        return []
    more = f", and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    return [f"cut at the frame: {', '.join(named[:MAX_NAMED])}{more}"]
