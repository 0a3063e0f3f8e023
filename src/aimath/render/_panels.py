"""Matrices beside each other in a derivation, and a matrix as a map of numbers and shades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import BAR, SHADES, Strip, drawn, label, left_out, ours, padded, strip
from aimath.render.fields import entry_names
from aimath.render.numbers import Style
from aimath.render.templates import number
from aimath.text import cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.fields import Quantities, Wanted
    from aimath.report import Panels

    Matrix = np.ndarray[Any, Any]

DIGITS = (4, 3, 2)
"""So many are tried, until the matrices fit beside each other."""
HEAD, TAIL, WHOLE = 5, 2, 12
"""Of more rows than WHOLE the first and the last are shown (`--all` shows each)."""
WORD = 12
CELLS = ((2, 2), (2, 1), (1, 1))
"""Digits and shades of a cell: the first that fits is drawn."""


class PanelStep:
    """Panels of a derivation for one row: matrices (high, any width), and the names of their rows."""

    def __init__(self, step: Panels, known: Quantities, row: int, wanted: Wanted) -> None:
        self.wanted, self.corner = wanted, ours(step.corner, wanted)
        self.heads = [ours(head, wanted) for head, _ in step.columns]
        matrices = [number(known, row, name) for _, name in step.columns]
        high = len(matrices[0])
        cut = high > WHOLE and not wanted.all_rows
        self.rows = [*range(HEAD), *range(high - TAIL, high)] if cut else list(range(high))
        self.hidden = high - len(self.rows)
        self.matrices = [matrix[self.rows] for matrix in matrices]
        names = entry_names(known.report, (high,))
        self.labels = padded([label(names[k], wanted, WORD) for k in self.rows])
        self.marks = [""] * len(self.rows)
        if step.heat:
            shares = number(known, row, step.heat)[self.rows].tolist()
            self.marks = ["".join(map(shade, line)) for line in shares]

    def strips(self, width: int) -> list[Strip]:
        """Set all beside each other, or below each other where there is no room; the shades come last."""
        count = len(self.matrices)
        room = width - len(self.marks[0]) - 2
        lines = self._fitting(range(count), room)
        if lines is not None:
            return self._with_gap(lines, self.marks)
        strips: list[Strip] = []
        start = 0
        while start < count:
            ends = range(count, start, -1)
            end = next((end for end in ends if self._fitting(range(start, end), width)), start + 1)
            group = range(start, end)
            lines = self._fitting(group, width) or self._lines(group, DIGITS[-1], width)
            last = end == count and max(map(cells, lines)) <= room
            strips += self._with_gap(lines, self.marks if last else [""] * len(self.rows))
            start = end
        return strips

    def _fitting(self, chosen: Sequence[int], width: int) -> list[str] | None:
        for digits in DIGITS if self.wanted.style.exact else DIGITS[:1]:
            lines = self._lines(chosen, digits)
            if max(map(cells, lines)) <= width:
                return lines
        return None

    def _lines(self, chosen: Sequence[int], digits: int, width: int = 0) -> list[str]:
        """Give the head and the rows; with a `width`, columns are left out until one matrix fits it."""
        blocks = [padded([self.corner, *self.labels])]
        for k in chosen:
            room = width - cells(blocks[0][0]) - 3 if width else 0
            blocks.append(padded([self.heads[k], *self._block(self.matrices[k], digits, room)]))
        head, *rows = (" " + "  ".join(parts).rstrip() for parts in zip(*blocks, strict=True))
        return [head if cells(head) <= width or not width else head.lstrip(), *rows]

    def _block(self, matrix: Matrix, digits: int, room: int) -> list[str]:
        style = self.wanted.style if not self.wanted.style.exact else Style(digits=digits, narrow=True)
        texts = _aligned(matrix, style)
        if room and matrix.shape[1] * (len(texts[0, 0]) + 1) > room:
            keep = max(1, (room - 1) // (len(texts[0, 0]) + 1) - 2)
            dots = np.full((len(texts), 1), ours("…", self.wanted))
            texts = np.concatenate((texts[:, :keep].astype(object), dots, texts[:, -1:]), axis=1)
        return [" ".join(row) for row in texts.tolist()]

    def _with_gap(self, lines: Sequence[str], marks: Sequence[str]) -> list[Strip]:
        head, *rows = lines
        strips = drawn(padded(rows), marks, self.wanted)
        gap = left_out(self.hidden, self.wanted, "rows")
        return [strip(head, "dim"), *strips[:HEAD], *gap, *strips[HEAD:]]


def _aligned(matrix: Matrix, style: Style) -> Matrix:
    """Give numbers as texts of one width, point under point; infinities don't make room before the point."""
    values = matrix.ravel()
    finite = style.column(values[np.isfinite(values)].tolist())
    texts = np.array([str(value) for value in values.tolist()], object)
    texts[np.isfinite(values)] = finite
    return np.array(padded(texts.tolist(), right=True)).reshape(matrix.shape)


def shade(share: float) -> str:
    """Draw a share of 1: blank is nothing at all, █ more than three quarters.

    >>> "".join(map(shade, [0, 0.01, 0.5, 1]))
    ' ░▒█'
    """
    return SHADES[int(np.clip(np.ceil(share * 4.0), 0, 4))] if share > 0 else SHADES[0]


def heat_maps(
    matrices: Matrix, names: Sequence[str], heads: Sequence[str], wanted: Wanted, width: int
) -> list[list[Strip]] | None:
    """Draw matrices (k, r, c) of numbers from -1 to 1 in shaded cells; None where these have no room.

    The names stand at the edges. The shade says how far from 0; of what is negative it is red.
    """
    labels = padded(["", *(label(name, wanted, WORD) for name in names)])
    for digits, wide in CELLS if wanted.style.exact else [(0, wide) for _, wide in CELLS]:
        texts = _aligned(matrices, Style(digits=digits, narrow=True) if digits else wanted.style)
        cell = len(texts[0, 0, 0]) + wide + wide // 2
        if cells(labels[0]) + 3 + len(heads) * (cell + wide) - wide <= width:
            pairs = zip(matrices, texts, strict=True)
            return [_cells(matrix, text, labels, heads, wanted, wide) for matrix, text in pairs]
    return None


def _cells(
    matrix: Matrix, texts: Matrix, labels: list[str], heads: Sequence[str], wanted: Wanted, wide: int
) -> list[Strip]:
    """Set cells side by side: a number and a shade as wide as the gap behind it."""
    across, gap = len(texts[0, 0]) + wide + wide // 2, " " * wide
    first = padded([label(head, wanted, across) for head in heads])
    strips = [strip(f" {labels[0]}  " + gap.join(head.ljust(across) for head in first).rstrip(), "dim")]
    for name, values, row in zip(labels[1:], matrix, texts, strict=True):
        before, pieces = f" {name}  ", []
        for value, text in zip(values, row, strict=True):
            pieces.append((f"{before}{text}{gap[: wide // 2]}", ""))
            pieces.append((ours(shade(abs(value)) * wide, wanted), "red" if value < 0 else BAR))
            before = gap
        strips.append(Strip(tuple(pieces)))
    return strips
