"""Maps of classes: which each place of a plane is given to, with the points that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.errors import pluralize
from aimath.render._layout import SHADES, StyledLine, rendered
from aimath.render.plots._canvas import Canvas
from aimath.render.plots._frame import legend_lines, said_lines, series_style
from aimath.render.plots._scatter import class_signs, commonest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

ROWS, COLUMNS = 22, 54
"""Cells of a map, which are twice as high as wide."""


def draw_map(
    given: Values,
    names: Sequence[str],
    points: tuple[Values, Values],
    limits: tuple[float, float, float, float],
    notes: Sequence[str],
    layout: LayoutOptions,
    width: int,
) -> list[StyledLine]:
    """Return classes (r, c), the first row on top, as shades, and points (n, 2) of classes (n,) as signs.

    The sign of a point is its class's, in red where the place is given to another.
    """
    columns, rows = min(width, COLUMNS), ROWS
    canvas = Canvas(columns, rows, layout)
    down = (np.arange(rows) * len(given) // rows)[:, np.newaxis]
    across = np.arange(columns) * given.shape[1] // columns
    seen = given[down, across]
    shades = [rendered(SHADES[k % len(SHADES)], layout) for k in range(len(names))]
    for row in range(rows):
        for column in range(columns):
            k = int(seen[row, column])
            canvas.text(row, column, shades[k], series_style(k))
    signs = [*class_signs(names, layout).values()]
    strays = _put_points(canvas, seen, points, limits, signs)
    entries = [
        (shade + sign, f"{name * (name != sign)}{' (blank)' * shade.isspace()}".strip(), series_style(k))
        for k, (name, sign, shade) in enumerate(zip(names, signs, shades, strict=True))
    ]
    more = [f"{'red: ' * layout.colour}{pluralize(strays, 'sign')} on another's ground"] if strays else []
    said = said_lines([*notes, *more], layout, width)
    return [*canvas.lines(), *legend_lines(entries, layout, width), *said]


def _put_points(
    canvas: Canvas,
    seen: Values,
    points: tuple[Values, Values],
    limits: tuple[float, float, float, float],
    signs: Sequence[str],
) -> int:
    """Put the commonest class of the points of each cell there, and return how many stand on another's."""
    places, classes = points
    left, right, bottom, top = limits
    columns = np.floor((places[:, 0] - left) / (right - left) * canvas.width).astype(np.int64)
    rows = np.floor((top - places[:, 1]) / (top - bottom) * canvas.height).astype(np.int64)
    inside = (columns < canvas.width) & (rows < canvas.height)
    strays = 0
    for (row, column), k in commonest(rows[inside], columns[inside], classes[inside]).items():
        strays += int(seen[row, column] != k)
        style = f"bold {series_style(k)}" if seen[row, column] == k else "bold red"
        canvas.text(row, column, signs[k], style)
    return strays
