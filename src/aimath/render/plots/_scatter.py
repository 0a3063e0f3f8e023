"""Scatter plots: classes have a sign and a colour each, and stand in a legend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.errors import pluralize
from aimath.render._layout import DOT, StyledLine, rendered
from aimath.render._scales import fit_scale
from aimath.render.plots._chart import LETTERS, Chart, Series, draw_chart
from aimath.render.plots._frame import HEIGHT, Frame, even_rows, legend_lines, said_lines, series_style
from aimath.text import display_width, escape_control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

MAX_LEGEND = 20
"""So many classes stand in a legend."""


def draw_scatter(
    points: Values,
    names: Sequence[str],
    axes: tuple[str, str],
    notes: Sequence[str],
    layout: LayoutOptions,
    width: int,
) -> list[StyledLine]:
    """Return rows (n, 1 or more) as points, each with the sign of its class, which is its name.

    Where several fall into one cell, the commonest sign is drawn; a single number is drawn on a line.
    """
    x = points[:, 0]
    y = points[:, 1] if points.shape[1] > 1 else np.zeros_like(x)
    kept = np.isfinite(x) & np.isfinite(y)
    if not names and axes[1]:
        return draw_chart(
            Chart((Series(x, y, joined=False),), *axes, log_y=False, notes=tuple(notes)), layout, width
        )
    if not kept.any():
        return said_lines([f"… {len(x)} at infinity"], layout, width)
    beyond = [f"… {int((~kept).sum())} at infinity"] if not kept.all() else []
    scales = (fit_scale(x[kept], log=False), fit_scale(y[kept], log=False))
    if axes[1]:
        y_scale, high, ticks = even_rows(scales[1], HEIGHT, layout)
        frame = Frame((scales[0], y_scale), axes, layout, width, high, y_ticks=ticks)
    else:
        frame = Frame(scales, axes, layout, width, 1)
    signs = class_signs(names, layout)
    order = [*signs]
    place_of = {name: k for k, name in enumerate(order)}
    places = (
        np.fromiter(map(place_of.__getitem__, names), np.int64, len(names))
        if names
        else np.zeros(len(x), np.int64)
    )
    which = places[kept]
    rows, columns = frame.cell_rows(y[kept]), frame.cell_columns(x[kept])
    for (row, column), k in commonest(rows, columns, which).items():
        sign = signs[order[k]] if order else rendered(DOT, layout)
        frame.canvas.text(row, column, sign, series_style(k))
    counts = dict(zip(order, np.bincount(places, minlength=len(order)).tolist(), strict=False))
    entries = [
        (signs[name], f"{name}: {pluralize(counts[name], 'row')}" if signs[name] != name else
         pluralize(counts[name], "row"), series_style(k))
        for k, name in enumerate(order[:MAX_LEGEND])
    ]  # fmt: skip
    more = [f"… {len(order) - MAX_LEGEND} more classes"] if len(order) > MAX_LEGEND else []
    return [
        *frame.lines(),
        *legend_lines(entries, layout, width),
        *said_lines([*beyond, *more, *notes], layout, width),
    ]


def class_signs(names: Sequence[str], layout: LayoutOptions) -> Mapping[str, str]:
    """Return a sign for each class: its first character where these differ, else letters.

    >>> from aimath.render.report_view import LayoutOptions
    >>> class_signs(["1", "0", "1"], LayoutOptions()), class_signs(["cat", "cow"], LayoutOptions())
    ({'0': '0', '1': '1'}, {'cat': 'a', 'cow': 'b'})
    """
    classes = sorted(set(names))
    firsts = [escape_control(name)[:1] for name in classes]
    if len(set(firsts)) == len(classes) and all(_fills_a_cell(sign, layout) for sign in firsts):
        return dict(zip(classes, firsts, strict=True))
    letters = [*LETTERS, *[rendered(DOT, layout)] * len(classes)]
    return dict(zip(classes, letters, strict=False))


def _fills_a_cell(sign: str, layout: LayoutOptions) -> bool:
    return bool(sign.strip()) and display_width(sign) == 1 and (sign.isascii() or not layout.ascii_only)


def commonest(rows: Values, columns: Values, which: Values) -> dict[tuple[int, int], int]:
    """Return the commonest class of each cell that has points."""
    inside = (rows >= 0) & (columns >= 0)
    rows, columns, which = rows[inside], columns[inside], which[inside]
    if not rows.size:
        return {}
    high, wide, classes = int(rows.max()) + 1, int(columns.max()) + 1, int(which.max()) + 1
    cells = (rows * wide + columns) * classes + which
    counts = np.bincount(cells, minlength=high * wide * classes).reshape(high * wide, classes)
    taken = np.flatnonzero(counts.any(axis=1))
    first = counts[taken].argmax(axis=1)
    return {divmod(cell, wide): k for cell, k in zip(taken.tolist(), first.tolist(), strict=True)}
