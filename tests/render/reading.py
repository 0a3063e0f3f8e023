"""Read a plot as a person does: dots by their places, places by the numbers at the ticks."""

from __future__ import annotations

import math
import re

BITS = {
    0x01: (0, 0),
    0x02: (1, 0),
    0x04: (2, 0),
    0x08: (0, 1),
    0x10: (1, 1),
    0x20: (2, 1),
    0x40: (3, 0),
    0x80: (3, 1),
}
NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


class Picture:
    """The rows of a canvas, with the numbers at its axes.

    A dot's value is read between two ticks, so it's known to about a dot of either axis.
    """

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        edges = [re.match(rf" *({NUMBER})?[ ▁]?[│┤]", line) for line in lines]
        self.first = next(k for k, edge in enumerate(edges) if edge)
        self.rows = [line[edge.end() :] for line, edge in zip(lines, edges, strict=True) if edge]
        self.left = next(edge.end() for edge in edges if edge)
        self.y_ticks = {  # a tick is in the middle of its row, or at its lower edge
            k + 0.5 * ("▁" in edge[0]): float(edge[1])
            for k, edge in enumerate(filter(None, edges))
            if edge[1]
        }
        ruler = next(line for line in lines if line.lstrip().startswith("└"))
        below = lines[lines.index(ruler) + 1]
        places = [k - self.left for k, sign in enumerate(ruler) if sign == "┬"]
        numbers = [(m.start(), m.end(), float(m[0])) for m in re.finditer(rf"(?<!\S){NUMBER}(?!\S)", below)]
        self.x_ticks = {}
        for place in places:
            at = place + self.left
            near = min(numbers, key=lambda n: abs((n[0] + n[1] - 1) / 2 - at))
            self.x_ticks[place] = near[2]
        self.height, self.width = len(self.rows), len(ruler) - self.left

    def dots(self) -> list[tuple[float, float]]:
        """The dots as (column, row) in cells, from the left and from above."""
        found = []
        for r, line in enumerate(self.rows):
            for c, sign in enumerate(line):
                if 0x2800 < ord(sign) < 0x2900:
                    found += [
                        (c + dc / 2 + 0.25, r + dr / 4 + 0.125)
                        for bit, (dr, dc) in BITS.items() if ord(sign) - 0x2800 & bit
                    ]  # fmt: skip
        return found

    def signs(self, sign: str) -> list[tuple[int, int]]:
        """Where a sign stands, as (column, row) of cells."""
        return [(c, r) for r, line in enumerate(self.rows) for c, s in enumerate(line) if s == sign]

    @staticmethod
    def _read(ticks: dict[int, float], place: float, *, log: bool) -> float:
        (a, u), (b, v) = min(ticks.items()), max(ticks.items())
        if log:
            u, v = math.log10(u), math.log10(v)
        value = u + (v - u) * (place - a - 0.5) / (b - a)
        return 10**value if log else value

    def x(self, column: float, *, log: bool = False) -> float:
        """The number at a place of the x axis."""
        return self._read(self.x_ticks, column, log=log)

    def y(self, row: float, *, log: bool = False) -> float:
        """The number at a place of the y axis."""
        return self._read(self.y_ticks, row, log=log)

    def x_cell(self) -> float:
        """How much a cell is on the x axis."""
        return abs(self.x(1) - self.x(0))

    def y_cell(self) -> float:
        """How much a cell is on the y axis."""
        return abs(self.y(1) - self.y(0))
