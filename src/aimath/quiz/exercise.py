"""What a numeric question is: its text, the command that answers it, the answer, the usual wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render.numbers import Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

APART = 0.04
"""A wrong answer is told from the right one by two digits: they are so far apart, relatively."""
DRAWS = 200


class Near(NamedTuple):
    """Where a usual wrong route leads, and what to say to those who took it."""

    value: float
    said: str


class Exercise(NamedTuple):
    """A question whose answer is a number: `field[at]` of what its command finds."""

    topic: str  # the command that it is about
    text: str
    command: tuple[str, ...]  # the words of the line that answers it, without the program's name
    field: str
    at: tuple[int, ...]
    answer: float  # finite
    near: tuple[Near, ...] = ()
    unit: str = ""

    @property
    def told_apart(self) -> bool:
        """Whether no wrong route leads to the right answer, and the answer can be typed."""
        fair = self.answer == 0 or 1e-3 <= abs(self.answer) < 1e7
        return fair and all(_apart(wrong.value, self.answer) for wrong in self.near)


class Draw:
    """Draws numbers that are easily typed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def whole(self, low: int, high: int, *but: int) -> int:
        """Give an integer from `low` to `high`, other than those of `but`."""
        return int(self.rng.choice([k for k in range(low, high + 1) if k not in but]))

    def wholes(self, n: int, low: int, high: int) -> list[float]:
        """Give n integers, none of them 0."""
        return [float(self.whole(low, high, 0)) for _ in range(n)]

    def tenth(self, low: float, high: float) -> float:
        """Give a number with one decimal, not 0."""
        return self.whole(round(10 * low), round(10 * high), 0) / 10

    def shares(self, n: int) -> list[float]:
        """Give n probabilities in tenths, none of them 0; they sum to 1."""
        cuts = np.sort(self.rng.choice(np.arange(1, 10), n - 1, replace=False))
        return (np.diff([0, *cuts, 10]) / 10).tolist()  # type: ignore[no-any-return]

    def matrix(self, rows: int, columns: int, low: int = -3, high: int = 3) -> list[list[float]]:
        """Give a matrix of integers other than 0."""
        return [self.wholes(columns, low, high) for _ in range(rows)]


Maker = Callable[[Draw], Exercise]


class Makers(dict[str, list[Maker]]):
    """Makers of questions by the command that they are about."""

    def about(self, topic: str) -> Callable[[Maker], Maker]:
        """Register a maker."""

        def register(maker: Maker) -> Maker:
            self.setdefault(topic, []).append(maker)
            return maker

        return register


def exercise(
    topic: str,
    text: str,
    words: Iterable[str],
    place: tuple[Any, str, tuple[int, ...]],
    near: Iterable[tuple[Any, str]],
    unit: str = "",
) -> Exercise:
    """Make a question; `place` is core's result, the field asked for, and which of its entries."""
    result, field, at = place
    value = float(np.asarray(getattr(result, field))[at])
    wrong = tuple(Near(float(other), said) for other, said in near)
    return Exercise(topic, text, (topic, *words), field, at, value, wrong, unit)


def drawn(maker: Maker, rng: np.random.Generator) -> Exercise:
    """Draw until no wrong route leads to the right answer; in the end leave out those that do."""
    draw = Draw(rng)
    for _ in range(DRAWS):
        made = maker(draw)
        if made.told_apart:
            return made
    return made._replace(near=tuple(wrong for wrong in made.near if _apart(wrong.value, made.answer)))


def _apart(wrong: float, right: float) -> bool:
    return math.isfinite(wrong) and abs(wrong - right) > APART * max(abs(wrong), abs(right))


def shown(value: float) -> str:
    """Write a number as it is typed.

    >>> shown(2.0), shown(-0.5)
    ('2', '-0.5')
    """
    return Style().text(value)


def listed(values: Sequence[float]) -> str:
    """Write a vector as a command reads it in one word.

    >>> listed([2.0, -0.5])
    '2,-0.5'
    """
    return ",".join(map(shown, values))


def spaced(values: Sequence[float]) -> str:
    """Write a vector as people read it.

    >>> spaced([2.0, -0.5])
    '(2, -0.5)'
    """
    return f"({', '.join(map(shown, values))})"


def tabled(matrix: Sequence[Sequence[float]]) -> str:
    """Write a matrix as a command reads it, and people too.

    >>> tabled([[1.0, 2.0], [3.0, 4.0]])
    '1 2; 3 4'
    """
    return "; ".join(" ".join(map(shown, row)) for row in matrix)
