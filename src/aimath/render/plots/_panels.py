"""Matrices side by side in a derivation, and heat maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render._layout import (
    BAR_STYLE,
    SHADES,
    StyledLine,
    append_marks,
    elision,
    pad,
    rendered,
    safe_label,
    styled,
)
from aimath.render.numbers import NumberStyle
from aimath.render.plots._frame import legend_lines
from aimath.render.report_view import entry_names
from aimath.render.templates import row_value
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.report_view import LayoutOptions, ReportView
    from aimath.report import Panels

    Matrix = np.ndarray[Any, Any]

DIGITS = (4, 3, 2)
"""So many are tried, until the matrices fit beside each other."""
HEAD_ROWS, TAIL_ROWS, MAX_FULL_ROWS = 5, 2, 12
"""Of more rows than WHOLE the first and the last are shown (`--all` shows each)."""
MAX_LABEL_WIDTH = 12
HIDDEN = ("·", ".")
"""What stands in a cell of a heat map that is hidden by a mask, and in ASCII."""
CELL_SIZES = ((2, 2), (2, 1), (1, 1))
"""Digits and shades of a cell: the first that fits is drawn."""


class PanelStep:
    """The panels of a derivation for one row: matrices of equal height, and their row labels."""

    def __init__(self, step: Panels, view: ReportView, row: int, layout: LayoutOptions) -> None:
        self.layout, self.corner = layout, rendered(step.corner, layout)
        self.heads = [rendered(head, layout) for head, _ in step.columns]
        matrices = [row_value(view, row, name) for _, name in step.columns]
        high = len(matrices[0])
        cut = high > MAX_FULL_ROWS and not layout.all_rows
        self.rows = [*range(HEAD_ROWS), *range(high - TAIL_ROWS, high)] if cut else list(range(high))
        self.hidden = high - len(self.rows)
        self.matrices = [matrix[self.rows] for matrix in matrices]
        own = [str(name) for name in row_value(view, row, step.names).tolist()] if step.names else []
        names = own or entry_names(view.report, (high,))
        self.labels = pad([safe_label(names[k], layout, MAX_LABEL_WIDTH) for k in self.rows])
        self.shades: list[list[float]] = (
            row_value(view, row, step.shaded)[self.rows].tolist() if step.shaded else []
        )
        self.marks = ["".join(map(shade, line)) for line in self.shades] or [""] * len(self.rows)

    def lines(self, width: int) -> list[StyledLine]:
        """Return the matrices side by side, or below each other where they do not fit."""
        count = len(self.matrices)
        room = width - len(self.marks[0]) - 2
        lines = self._fit(range(count), room)
        if lines is not None:
            return self._with_elision(lines, self.marks)
        strips: list[StyledLine] = []
        start = 0
        while start < count:
            ends = range(count, start, -1)
            end = next((end for end in ends if self._fit(range(start, end), width)), start + 1)
            group = range(start, end)
            lines = self._fit(group, width) or self._lines(group, DIGITS[-1], width)
            last = end == count and max(map(display_width, lines)) <= room
            strips += self._with_elision(lines, self.marks if last else [""] * len(self.rows))
            start = end
        return strips

    def texts(self) -> list[Matrix]:
        """Return the shown numbers of each matrix as texts, all in the most digits."""
        return [_align_numbers(matrix, self._style(DIGITS[0])) for matrix in self.matrices]

    def _style(self, digits: int) -> NumberStyle:
        exact = self.layout.style.exact
        return NumberStyle(digits=digits, narrow=True) if exact else self.layout.style

    def _fit(self, indices: Sequence[int], width: int) -> list[str] | None:
        for digits in DIGITS if self.layout.style.exact else DIGITS[:1]:
            lines = self._lines(indices, digits)
            if max(map(display_width, lines)) <= width:
                return lines
        return None

    def _lines(self, indices: Sequence[int], digits: int, width: int = 0) -> list[str]:
        """Return the header and rows; with a `width`, columns are elided to fit one matrix."""
        blocks = [pad([self.corner, *self.labels])]
        for k in indices:
            room = width - display_width(blocks[0][0]) - 3 if width else 0
            blocks.append(pad([self.heads[k], *self._matrix_lines(self.matrices[k], digits, room)]))
        head, *rows = (" " + "  ".join(parts).rstrip() for parts in zip(*blocks, strict=True))
        return [head if display_width(head) <= width or not width else head.lstrip(), *rows]

    def _matrix_lines(self, matrix: Matrix, digits: int, room: int) -> list[str]:
        texts = _align_numbers(matrix, self._style(digits))
        if room and matrix.shape[1] * (len(texts[0, 0]) + 1) > room:
            keep = max(1, (room - 1) // (len(texts[0, 0]) + 1) - 2)
            dots = np.full((len(texts), 1), rendered("…", self.layout))
            texts = np.concatenate((texts[:, :keep].astype(object), dots, texts[:, -1:]), axis=1)
        return [" ".join(row) for row in texts.tolist()]

    def _with_elision(self, lines: Sequence[str], marks: Sequence[str]) -> list[StyledLine]:
        head, *rows = lines
        strips = append_marks(pad(rows), marks, self.layout)
        gap = elision(self.hidden, self.layout, "rows")
        return [styled(head, "dim"), *strips[:HEAD_ROWS], *gap, *strips[HEAD_ROWS:]]


def _align_numbers(matrix: Matrix, style: NumberStyle) -> Matrix:
    """Return numbers as texts of one width aligned at the decimal point."""
    values = matrix.ravel()
    finite = style.format_column(values[np.isfinite(values)].tolist())
    texts = np.array([str(value) for value in values.tolist()], object)
    texts[np.isfinite(values)] = finite
    return np.array(pad(texts.tolist(), right=True)).reshape(matrix.shape)


def shade(share: float) -> str:
    """Return the block character of a share from 0 to 1.

    >>> "".join(map(shade, [0, 0.01, 0.5, 1]))
    ' ░▒█'
    """
    return SHADES[int(np.clip(np.ceil(share * 4.0), 0, 4))] if share > 0 else SHADES[0]


def heat_maps(
    matrices: Matrix,
    names: tuple[Sequence[str], Sequence[str]],
    hidden: Matrix,
    layout: LayoutOptions,
    width: int,
) -> list[list[StyledLine]] | None:
    """Return matrices (k, r, c) of values from -1 to 1 as heat maps, or None if they do not fit.

    The names of rows and columns stand at the edges. The shade says how far from 0; of what is negative
    it is red. What is hidden (k, r, c) has a dot for a number.
    """
    rows, heads = names
    labels = pad(["", *(safe_label(name, layout, MAX_LABEL_WIDTH) for name in rows)])
    for digits, wide in CELL_SIZES if layout.style.exact else [(0, wide) for _, wide in CELL_SIZES]:
        texts = _align_numbers(matrices, NumberStyle(digits=digits, narrow=True) if digits else layout.style)
        texts[hidden] = HIDDEN[layout.ascii_only].ljust(len(texts[0, 0, 0]))
        cell = len(texts[0, 0, 0]) + wide + wide // 2
        if display_width(labels[0]) + 3 + len(heads) * (cell + wide) - wide <= width:
            pairs = zip(matrices, texts, strict=True)
            return [_render_heat_map(matrix, text, labels, heads, layout, wide) for matrix, text in pairs]
    return None


def heat_legend(
    matrices: Matrix, layout: LayoutOptions, width: int, *, hides: bool = False
) -> list[StyledLine]:
    """Return what the shades of heat maps stand for."""
    entries = [(rendered(sign * 2, layout), f"to {k / 4:g}", BAR_STYLE) for k, sign in enumerate(SHADES) if k]
    if (matrices < 0.0).any():
        entries.append(("", "red: below 0" if layout.colour else "by size, whatever the sign", ""))
    if hides:
        entries.append((HIDDEN[layout.ascii_only], "masked", ""))
    return legend_lines(entries, layout, width, "dim")


def _render_heat_map(
    matrix: Matrix,
    texts: Matrix,
    labels: list[str],
    heads: Sequence[str],
    layout: LayoutOptions,
    shade_width: int,
) -> list[StyledLine]:
    """Return the lines of one heat map: a number and a shade per cell."""
    across, gap = len(texts[0, 0]) + shade_width + shade_width // 2, " " * shade_width
    first = pad([safe_label(head, layout, across) for head in heads])
    strips = [styled(f" {labels[0]}  " + gap.join(head.ljust(across) for head in first).rstrip(), "dim")]
    for name, values, row in zip(labels[1:], matrix, texts, strict=True):
        before, pieces = f" {name}  ", []
        for value, text in zip(values, row, strict=True):
            pieces.append((f"{before}{text}{gap[: shade_width // 2]}", ""))
            pieces.append(
                (rendered(shade(abs(value)) * shade_width, layout), "red" if value < 0 else BAR_STYLE)
            )
            before = gap
        strips.append(StyledLine(tuple(pieces)))
    return strips
