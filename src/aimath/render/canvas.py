"""Points on a canvas of characters: curves, and clouds whose points have names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.layout import DOT, ours, scaled
from aimath.safe import cells, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.text import Wanted

    Points = np.ndarray[Any, Any]

HEIGHT = 12


def curve(x: Points, y: Points, axes: tuple[str, str], wanted: Wanted, width: int) -> list[str]:
    """Draw points (x, y) with their ranges at the edges; what is infinite or nan is only counted."""
    beyond = int((~np.isfinite(x) | ~np.isfinite(y)).sum())
    counted = [ours(f" … {beyond} at infinity", wanted)] * (beyond > 0)
    return [*marked(x, y, np.full(len(x), DOT), axes, wanted, width), *counted]


def cloud(
    points: Points, names: Sequence[str], axes: tuple[str, str], wanted: Wanted, width: int
) -> list[str]:
    """Draw rows (n, 1 or more) by their first two numbers, each as the first sign of its name.

    Where several fall into one cell, the commonest sign is drawn; a single number is drawn on a line.
    """
    x = points[:, 0]
    y = points[:, 1] if points.shape[1] > 1 else np.zeros_like(x)
    marks = np.array([_mark(name) for name in names] or [DOT] * len(x))
    return marked(x, y, marks, axes, wanted, width)


def _mark(name: str) -> str:
    sign = safe(name)[:1]
    return sign if sign.strip() and cells(sign) == 1 else DOT


def marked(
    x: Points, y: Points, marks: Points, axes: tuple[str, str], wanted: Wanted, width: int
) -> list[str]:
    """Draw points (x, y), each as its mark; where several fall into one cell, the commonest is drawn."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y, marks = x[keep], y[keep], marks[keep]
    if not x.size:
        return []
    high = HEIGHT if axes[1] else 1
    low, top, left, right = (wanted.style.people(float(end)) for end in (y.min(), y.max(), x.min(), x.max()))
    if not axes[1]:
        low = top = ""
    margin = max(len(low), len(top))
    if margin + 2 > width // 3:  # numbers beside the curve would leave it no room
        lines = [*ranged("y", low, top, width), *ranged("x", left, right, width)]
        canvas = (f" │{line}".rstrip() for line in _canvas(x, y, marks, width - 2, high))
        return [ours(line, wanted) for line in (*lines, *canvas, " └" + "─" * (width - 2))]
    room = width - margin - 3
    edge = {0: top, high - 1: low}
    drawn = enumerate(_canvas(x, y, marks, room, high))
    lines = [f" {edge.get(k, ''):>{margin}} │{line}".rstrip() for k, line in drawn]
    between = room - len(left) - len(right)
    start = " " * (margin + 2)
    below = [f"{start} {left}{axes[0] if len(axes[0]) + 2 <= between else '':^{max(0, between)}}{right}"]
    below = below if between > 0 else ranged("x", left, right, width)
    named = [f"{start}{axes[1]}".rstrip()] if axes[1] else []
    return [ours(line, wanted) for line in (*named, *lines, f"{start}└{'─' * room}", *below)]


def ranged(axis: str, low: str, high: str, width: int) -> list[str]:
    """Say the ends of an axis in a line, or in two where it would be too long."""
    line = f" {axis}: {low} to {high}"
    return [line] if len(line) <= width else [f" {axis}: {low}", f" to {high}"]


def _canvas(x: Points, y: Points, marks: Points, room: int, high: int) -> list[str]:
    places = (high - 1 - scaled(y, high)) * room + scaled(x, room)
    signs, which = np.unique(marks, return_inverse=True)
    counts = np.zeros((len(signs), high * room), np.int64)
    np.add.at(counts, (which, places), 1)
    drawn = np.where(counts.any(axis=0), signs[counts.argmax(axis=0)], " ").reshape(high, room)
    return ["".join(line) for line in drawn.tolist()]
