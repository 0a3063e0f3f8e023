"""Plots on matplotlib's axes: each kind as a figure has it.

Places on both axes are shares from 0 to 1 of aimath's own scales (_scales.py): so ticks are those of the
terminal, and numbers beyond what matplotlib can hold have their place too.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.colors import to_rgb

from aimath.errors import pluralize
from aimath.render._scales import Scale, fit_scale, tick_labels
from aimath.render.documents.svg import COLOURS, DARK_INK, DARK_PAPER, LIGHT_INK
from aimath.render.plots._bars import values_of
from aimath.render.plots._chart import MAX_MARKED, as_asked, notes_of, scales_of
from aimath.render.plots._scatter import MAX_LEGEND
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from aimath.render.plots._bars import BarChart, Group
    from aimath.render.plots._chart import Bins, Chart, Reference, Series
    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

X_TICKS, Y_TICKS, TICK_ROOM = 8, 6, 64
"""Ticks of an axis at most; and signs of all that stand beside each other."""
NAME_ROOM, NOTE_WIDTH = 28, 92
"""Signs of a user's name, and of a line of notes."""
NEAR = 0.07
"""A curve so near to the text of an upright line, in lengths of the frame, has it at the other end."""
FAR = 20.0
"""So far outside the frame, in its lengths, is far enough."""
MAX_VECTORS = 5000
"""More points than this are pixels of a vector figure."""
MAX_NUMBERS = 40
"""So many bars have their number beside them."""
MARKERS = "os^Dv<>PX*"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Look(NamedTuple):
    """The colours of a page: its ink and paper, and those of series, in order."""

    ink: str
    paper: str
    series: tuple[str, ...]
    ramp: tuple[str, ...]  # from nothing to all
    below: str  # the end of what is negative

    def colour(self, k: int) -> str:
        """Return the colour of the k-th of several series."""
        return self.series[k % len(self.series)]

    def mixed(self, share: float, colour: str = "") -> str:
        """Return a colour, by default the ink, in so large a share with the paper."""
        pairs = zip(to_rgb(colour or self.ink), to_rgb(self.paper), strict=True)
        return "#" + "".join(f"{round(255 * (a * share + b * (1.0 - share))):02x}" for a, b in pairs)


_ORDER = ("cyan", "orange3", "medium_purple3", "green", "red", "blue", "magenta", "yellow", "grey50")
LIGHT = Look(LIGHT_INK, "#ffffff", tuple(COLOURS[name][1] for name in _ORDER),
             ("#ffffff", "#7cc4cc", "#16808d", "#0a454d"), "#a61e1e")  # fmt: skip
DARK = Look(DARK_INK, DARK_PAPER, tuple(COLOURS[name][0] for name in _ORDER),
            (DARK_PAPER, "#28666e", "#4fb3bf", "#c8f0f4"), "#ef6b73")  # fmt: skip


def words(text: str, room: int = NOTE_WIDTH) -> str:
    """Return a text as it stands in a figure: what can't be seen escaped, cut where it is very long."""
    text = escape_control(text)
    return text if len(text) <= room else f"{text[: room - 1]}…"


def wrapped(notes: Iterable[str]) -> list[str]:
    """Return notes as lines."""
    return [line for note in notes if note for line in textwrap.wrap(words(note, 1000), NOTE_WIDTH)]


def number_text(text: str) -> str:
    """Return a number with the signs of print.

    >>> number_text("1e-4"), number_text("-2.5e7"), number_text("0.1")
    ('10⁻⁴', '−2.5·10⁷', '0.1')
    """
    mantissa, power, exponent = text.partition("e")
    mantissa = mantissa.replace("-", "−")
    if not power:
        return mantissa
    ten = f"10{exponent.translate(SUPERSCRIPTS)}"
    return {"1": ten, "−1": f"−{ten}"}.get(mantissa, f"{mantissa}·{ten}")


def set_axes(ax: Axes, x: Scale, y: Scale, names: tuple[str, str], *, at_foot: bool = False) -> None:
    """Set the ticks and names of both axes; `at_foot`, what is at the least y stands on the x axis."""
    margin = 0.025
    ax.set_xlim(-margin, 1.0 + margin)
    ax.set_ylim(0.0 if at_foot else -margin, 1.0 + margin)
    fitting = (texts for most in range(X_TICKS, 1, -1) if _fit(texts := tick_labels(x.ticks(most))))
    count = len(next(fitting, []))
    _set_ticks(ax.xaxis, x, next((n for n in range(X_TICKS, 1, -1) if len(x.ticks(n)) == count), 0))
    _set_ticks(ax.yaxis, y, Y_TICKS if names[1] else 0)
    ax.set_xlabel(_axis_name(names[0], x))
    ax.set_ylabel(_axis_name(names[1], y))


def _fit(texts: Sequence[str]) -> bool:
    return sum(len(text) + 2 for text in texts) <= TICK_ROOM


def _set_ticks(axis: Any, scale: Scale, most: int) -> None:
    ticks = scale.ticks(most) if most else []
    axis.set_ticks(scale.shares(np.array(ticks)), labels=[number_text(text) for text in tick_labels(ticks)])


def _axis_name(name: str, scale: Scale) -> str:
    return f"{words(name)} (log scale)" if scale.log and name else words(name)


def set_title(ax: Axes, title: str) -> None:
    """Set the title of a panel, which says which of several it is."""
    if title:
        ax.set_title(words(title), loc="left")


def draw_words(ax: Axes, lines: Sequence[str], look: Look) -> None:
    """Write lines in place of a picture."""
    ax.set_axis_off()
    ax.text(0.0, 1.0, "\n".join(lines), va="top", ha="left", fontsize=8, color=look.mixed(0.75))


def add_legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str], title: str = "") -> None:
    """Put a legend beside a picture."""
    names = [words(label, NAME_ROOM) for label in labels]
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
    ax.legend(handles, names, title=words(title, NAME_ROOM) or None, alignment="left", **place)


def add_entries(ax: Axes, entries: Sequence[tuple[Any, str]]) -> None:
    """Put a legend of (handle, label) beside a picture."""
    add_legend(ax, [handle for handle, _ in entries], [text for _, text in entries])


# bars


def draw_bars(ax: Axes, chart: BarChart, groups: Sequence[Group], look: Look) -> None:
    """Draw groups of bars with the same names side by side, with their numbers where they are few."""
    scale = _scale_of_bars(chart)
    zero = 0.0 if scale.log else float(scale.shares(np.zeros(1))[0])
    count, high = len(groups[0].values), 0.8 / len(groups)
    numbers = chart.layout.style._replace(digits=4) if chart.layout.style.exact else chart.layout.style
    wide, handles = 0.0, list[Any]()
    for k, group in enumerate(groups):
        values = np.ravel(group.values).astype(np.float64)
        ends = np.nan_to_num(scale.shares(values), nan=zero)
        places = np.arange(count) + (k - (len(groups) - 1) / 2.0) * high
        if scale.log:
            ax.hlines(places, zero, ends, color=look.mixed(0.25), linewidth=1.0)
            handles.append(ax.plot(ends, places, "o", color=look.colour(k), markersize=5)[0])
        else:
            handles.append(ax.barh(places, ends - zero, 0.9 * high, zero, color=look.colour(k)))
        if count * len(groups) > MAX_NUMBERS:
            continue
        texts = [number_text(numbers.format_display(x)) for x in values.tolist()]
        wide = max(wide, 0.013 * max(map(len, texts)) + 0.02)
        for text, end, place in zip(texts, ends.tolist(), places.tolist(), strict=True):
            side = (-6, "right") if end < zero else (6, "left")
            ax.annotate(
                text, (end, place), (side[0], 0), textcoords="offset points", ha=side[1],
                va="center_baseline", fontsize=8,
            )  # fmt: skip
    set_axes(ax, scale, Scale(0.0, 1.0), (_name_of_bars(chart), ""))
    beside = groups[0].beside if len(groups) == 1 else ()
    said = [
        f"{words(name, NAME_ROOM)}   {words(text)}"
        for name, text in zip(groups[0].names, beside, strict=False)
    ]
    ax.set_yticks(range(count), labels=said or [words(name, NAME_ROOM) for name in groups[0].names])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(count - 0.5, -0.5)
    ax.set_xlim(-wide if zero > 0.0 else 0.0, 1.0 + max(wide, 0.02))
    ax.axvline(zero, color=look.ink, linewidth=0.8)
    if len(groups) > 1:
        add_legend(ax, handles, [group.title for group in groups])


def _name_of_bars(chart: BarChart) -> str:
    return f"{chart.name}, {chart.unit}" if chart.unit else chart.name


def _scale_of_bars(chart: BarChart) -> Scale:
    values = values_of(chart.groups)
    if chart.layout.log_y and (values > 0.0).any():
        return fit_scale(values, log=True)
    ends = (chart.end,) if chart.is_single and chart.end > 0.0 else ()
    return fit_scale(values, include=(0.0, *ends), log=False, nice=Y_TICKS)


def draw_steps(ax: Axes, chart: BarChart, group: Group, look: Look) -> None:
    """Draw a long vector as an outline of bars side by side, over the numbers of its entries."""
    scale, values = _scale_of_bars(chart), np.ravel(group.values).astype(np.float64)
    x = Scale(1.0, float(len(values)), whole=True)
    edges = x.shares(np.arange(len(values) + 1.0) + 0.5)
    zero = 0.0 if scale.log else float(scale.shares(np.zeros(1))[0])
    ends = np.nan_to_num(scale.shares(values), nan=zero)
    set_axes(ax, x, scale, ("entry", _name_of_bars(chart)), at_foot=zero == 0.0)
    ax.stairs(ends, edges, baseline=zero, fill=True, color=look.colour(0))
    ax.axhline(zero, color=look.ink, linewidth=0.8)
    set_title(ax, group.title)


# charts


def draw_chart(ax: Axes, chart: Chart, layout: LayoutOptions, look: Look) -> None:
    """Draw curves, points and lines of reference, or a histogram."""
    chart = as_asked(chart, layout)
    x, y = scales_of(chart)
    set_axes(
        ax, x, y, (chart.x_name, chart.y_name), at_foot=bool(chart.bins) or (chart.from_zero and y.low == 0.0)
    )
    ax.grid(visible=True, color=look.mixed(0.12), linewidth=0.6)
    handles, labels = [], []
    if chart.bins:
        handles = _draw_bins(ax, chart.bins, (x, y), look)
        labels = ["counted", chart.bins.expected_name]
        expected = np.zeros(1) if chart.bins.expected is None else chart.bins.expected
        ax.set_ylim(0.0, 1.08 * float(np.nanmax(y.shares(np.append(chart.bins.counts, expected)))))
    for mark in chart.references:
        _draw_reference(ax, mark, chart.series, (x, y), look)
    if chart.area and chart.series:
        _shade(ax, chart.series[0], chart.area, (x, y), look)
    for k, one in enumerate(chart.series):
        drawn = _draw_series(ax, one, (x, y), look.colour(k if one.like is None else one.like))
        handles += [drawn] * bool(one.name)
        labels += [one.name] * bool(one.name)
    if len(handles) > 1:
        add_legend(ax, handles, labels)


def notes_below(chart: Chart, layout: LayoutOptions) -> list[str]:
    """Return what is said below a chart."""
    chart = as_asked(chart, layout)
    scales = scales_of(chart)
    beyond = [
        f"{mark.text}: beyond the frame"
        for mark in chart.references
        if not _is_inside(mark.value, scales[0 if mark.upright else 1])
    ]
    return notes_of(chart, scales[1], layout, beyond)


def _is_inside(value: float, scale: Scale) -> bool:
    share = float(scale.shares(np.array([value]))[0])
    return -1e-9 <= share <= 1.0 + 1e-9


def places_of(x: Values, y: Values, scales: tuple[Scale, Scale]) -> tuple[Values, Values]:
    """Return where points are; on a logarithmic axis what is at 0 or less is far below."""
    down = scales[1].shares(y)
    if scales[1].log:
        down = np.where(np.asarray(y) <= 0.0, -FAR, down)
    return np.clip(scales[0].shares(x), -FAR, FAR), np.clip(down, -FAR, FAR)


def _draw_series(ax: Axes, one: Series, scales: tuple[Scale, Scale], colour: str) -> Any:
    x, y = places_of(one.x, one.y, scales)
    marked = len(one.x) <= MAX_MARKED if one.marked is None else one.marked
    size = 5.0 if len(x) <= MAX_MARKED * 4 else 3.0
    (line,) = ax.plot(
        x, y, color=colour, linewidth=1.5, linestyle="-" if one.joined else "", markersize=size,
        marker="o" if marked or not one.joined else "", rasterized=not one.joined and len(x) > MAX_VECTORS,
        solid_joinstyle="round", zorder=3 if one.joined else 4,
    )  # fmt: skip
    if one.left_out is not True and np.any(one.left_out):
        out = np.broadcast_to(one.left_out, x.shape) & ~((y >= 0.0) & (y <= 1.0)) & ~np.isnan(x)
        ax.plot(x[out], np.ones(int(out.sum())), "^", color=colour, markersize=6, zorder=4)
    return line


def _draw_reference(
    ax: Axes, mark: Reference, series: Sequence[Series], scales: tuple[Scale, Scale], look: Look
) -> None:
    """Draw a dashed line with its text at the end, on the paper's own ground."""
    scale = scales[0 if mark.upright else 1]
    if not _is_inside(mark.value, scale):
        return
    place = float(scale.shares(np.array([mark.value]))[0])
    line: Any = {"color": look.mixed(0.6), "linewidth": 1.0, "linestyle": (0, (4, 3)), "zorder": 2}
    text: Any = {"fontsize": 8, "color": look.mixed(0.8), "zorder": 5}
    ground = {"facecolor": look.paper, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    if mark.upright:
        ax.axvline(place, **line)
        drawn = [places_of(one.x, one.y, scales) for one in series]
        above = any(((np.abs(x - place) < NEAR) & (y > 1.0 - 4.0 * NEAR)).any() for x, y in drawn)
        ax.annotate(
            words(mark.text), (place, 0.0 if above else 1.0), (-4, 2 if above else -2), bbox=ground,
            xycoords=("data", "axes fraction"), textcoords="offset points", ha="right",
            va="bottom" if above else "top", rotation=90, **text,
        )  # fmt: skip
    else:
        ax.axhline(place, **line)
        ax.annotate(
            words(mark.text), (1.0, place), (-2, 3), xycoords=("axes fraction", "data"), bbox=ground,
            textcoords="offset points", ha="right", va="bottom", **text,
        )  # fmt: skip


def _shade(ax: Axes, one: Series, area: tuple[float, float], scales: tuple[Scale, Scale], look: Look) -> None:
    """Shade what is below a curve between two x."""
    order = np.argsort(one.x)
    ends = np.clip(np.array(area), scales[0].low, scales[0].high)
    x = np.unique(np.concatenate([one.x[(one.x >= ends[0]) & (one.x <= ends[1])], ends]))
    places = places_of(x, np.interp(x, one.x[order], one.y[order]), scales)
    ax.fill_between(*places, -FAR, color=look.colour(0), alpha=0.3, linewidth=0.0)


def _draw_bins(ax: Axes, bins: Bins, scales: tuple[Scale, Scale], look: Look) -> list[Any]:
    edges, counts = scales[0].shares(bins.edges), scales[1].shares(bins.counts.astype(np.float64))
    drawn: list[Any] = [
        ax.bar(edges[:-1], counts, np.diff(edges), align="edge", color=look.colour(0), edgecolor=look.paper,
               linewidth=0.8, zorder=2)
    ]  # fmt: skip
    if bins.expected is not None:
        middles = (edges[:-1] + edges[1:]) / 2.0
        drawn += ax.plot(
            middles, scales[1].shares(bins.expected), "o-", color=look.colour(1), markersize=4, linewidth=1.2
        )
    return drawn


def draw_scatter(ax: Axes, points: Values, classes: Sequence[str], axes: tuple[str, str], look: Look) -> None:
    """Draw rows as points; each class has a marker and a colour."""
    x = points[:, 0]
    y = points[:, 1] if points.shape[1] > 1 else np.zeros_like(x)
    kept = np.isfinite(x) & np.isfinite(y)
    scales = (fit_scale(x[kept], log=False), fit_scale(y[kept], log=False))
    set_axes(ax, *scales, axes)
    ax.grid(visible=bool(axes[1]), color=look.mixed(0.12), linewidth=0.6)
    order = sorted(set(classes))
    which = np.searchsorted(order, np.array(classes)) if order else np.zeros(len(x), np.int64)
    places = places_of(x, y, scales)
    handles, labels = [], []
    for k in range(max(1, len(order))):
        chosen = kept & (which == k)
        (drawn,) = ax.plot(
            places[0][chosen], places[1][chosen], linestyle="", marker=MARKERS[k % len(MARKERS)],
            color=look.colour(k), markersize=4.0, alpha=0.8, markeredgewidth=0.0,
            rasterized=len(x) > MAX_VECTORS,
        )  # fmt: skip
        handles.append(drawn)
        labels += (
            [f"{words(order[k], NAME_ROOM // 2)}: {pluralize(int((which == k).sum()), 'row')}"]
            if order
            else []
        )
    if order:
        add_legend(ax, handles[:MAX_LEGEND], labels[:MAX_LEGEND])
