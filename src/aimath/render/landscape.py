"""Where descents went: along a curve, over a map of heights, and how low they came in a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.canvas import curve, marked, ranged
from aimath.render.layout import BAR, SHADES, Strip, ours, padded, strip, wrapped
from aimath.render.numbers import Style
from aimath.safe import cells, safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.render.text import Wanted

    Values = np.ndarray[Any, Any]

HIGH, NARROW = 16, 8
GROUND, WAY, START, END = "·", "o", "S", "E"
SPREAD = 50.0
"""Positive numbers whose largest is so many times their smallest are drawn by their logarithms."""


def way(descent: Any, names: Sequence[str], wanted: Wanted, width: int) -> list[Strip]:
    """Draw a descent (a Trajectory of core) from S to E over the curve or the map of its function."""
    margin = width // 5
    found = descent.surface(max(NARROW, width - margin - 3), HIGH)
    named = [safe(name) for name in names]
    if len(found.y) == 1:
        lines = _along(found, named[0], wanted, width)
    else:
        lines = _over(found, named, wanted, margin)
    said = wrapped(f" {START} start   {END} end   {WAY} between", width)
    return [*(strip(line, BAR) for line in lines), *(strip(line, "dim") for line in said)]


def _along(found: Any, name: str, wanted: Wanted, width: int) -> list[str]:
    """Draw the curve, and the steps on it."""
    x, y = found.path[:, 0], found.losses
    marks = np.full(len(x), WAY)
    marks[[0, -1]] = START, END
    # Ends outweigh the steps in their cell.
    often = np.where(marks == WAY, 1, len(x) + 2)
    ground = np.full(len(found.x), GROUND)
    return marked(
        np.concatenate((found.x, np.repeat(x, often))),
        np.concatenate((found.values[0], np.repeat(y, often))),
        np.concatenate((ground, np.repeat(marks, often))),
        (name, "f"), wanted, width,
    )  # fmt: skip


def _over(found: Any, names: Sequence[str], wanted: Wanted, margin: int) -> list[str]:
    """Draw heights as shades, a fifth of the map each, blank the lowest; and the steps on them."""
    finite = found.values[np.isfinite(found.values)]
    bounds = np.quantile(finite, np.linspace(0.2, 0.8, 4)) if finite.size else np.zeros(4)
    shades = np.array(list(SHADES))[np.searchsorted(bounds, found.values)]
    shades[np.isnan(found.values)] = "?"
    columns, rows = (_places(found.path[:, k], axis) for k, axis in enumerate((found.x, found.y)))
    shades[rows, columns] = WAY
    shades[rows[[0, -1]], columns[[0, -1]]] = START, END
    ends = [wanted.style.people(float(x)) for x in (found.y[-1], found.y[0], found.x[0], found.x[-1])]
    rows_of_map = ["".join(row) for row in shades[::-1].tolist()]
    return [ours(line, wanted) for line in _framed(rows_of_map, names, ends, margin)]


def _framed(rows: Sequence[str], names: Sequence[str], ends: Sequence[str], margin: int) -> list[str]:
    """Set the ends of both axes around a map, or above it where they have no room beside it."""
    top, low, left, right = ends
    wide = len(rows[0])
    between = wide - len(left) - len(right)
    if max(cells(top), cells(low)) > margin or between < 1:
        said = [*ranged(names[1][:margin], low, top, wide), *ranged(names[0][:margin], left, right, wide)]
        return [*said, *(f" │{row}" for row in rows), f" └{'─' * wide}"]
    room = max(cells(top), cells(low), min(cells(names[1]), margin))
    edge = {0: top, 1: names[1][:room], len(rows) - 1: low}
    lines = [f" {edge.get(k, ''):>{room}} │{row}" for k, row in enumerate(rows)]
    start = " " * (room + 2)
    return [*lines, f"{start}└{'─' * wide}", f"{start} {left}{names[0][:between]:^{between}}{right}"]


def _places(values: Values, axis: Values) -> Values:
    """Give the cell of each value on an ascending axis."""
    half = axis / 2
    place = (values / 2 - half[0]) / (half[-1] - half[0]) * (len(axis) - 1)
    return np.asarray(np.clip(np.rint(place), 0, len(axis) - 1), np.int64)


def swept(options: Mapping[str, Values], y: Values, name: str, wanted: Wanted, width: int) -> list[Strip]:
    """Draw one number a run over the option that was swept, or over two of them."""
    if len(options) == 1:
        ((option, x),) = options.items()
        (x, across), (y, up) = _spread(x, option), _spread(y, name)
        return [strip(line, BAR) for line in curve(x, y, (across, up), wanted, width)]
    first, second = list(options.items())[-2:]
    return _map(first, second, y, wanted, width)


def _spread(values: Values, name: str) -> tuple[Values, str]:
    """Give what is drawn of numbers, and how it is called: their logarithms where they span much."""
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() > 0.0 and finite.max() / SPREAD > finite.min():
        return np.log10(values), f"log10 {name}"
    return values, name


def _map(
    first: tuple[str, Values], second: tuple[str, Values], y: Values, wanted: Wanted, width: int
) -> list[Strip]:
    """Draw numbers in rows by one option and columns by another, darker the higher among all."""
    down, row = np.unique(first[1], return_inverse=True)
    across, column = np.unique(second[1], return_inverse=True)
    table = np.full((len(down), len(across)), np.nan)
    table[row, column] = y
    order = np.searchsorted(np.sort(table[np.isfinite(table)]), table) / max(1, np.isfinite(table).sum())
    shades = np.array(list(SHADES))[np.minimum((order * len(SHADES)).astype(np.int64), len(SHADES) - 1)]
    short = Style(digits=2, narrow=True)
    labels = padded([f"{first[0]} \\ {second[0]}", *map(short.people, down)])
    blocks = [
        padded(
            [short.people(x), *(f"{short.people(v)} {s * 2}" for v, s in zip(*part, strict=True))], right=True
        )
        for x, part in zip(across, zip(table.T.tolist(), shades.T.tolist(), strict=True), strict=True)
    ]
    lines = [" " + "  ".join(parts) for parts in zip(labels, *blocks, strict=True)]
    if max(map(cells, lines)) > width:
        head = f" {first[0]}, down: {short.people(down[0])} to {short.people(down[-1])}"
        side = f" {second[0]}, across: {short.people(across[0])} to {short.people(across[-1])}"
        lines = [head, side, *(" " + "".join(line[: width - 1]) for line in shades.tolist())]
    return [strip(ours(line, wanted), "dim" if k == 0 else "") for k, line in enumerate(lines)]
