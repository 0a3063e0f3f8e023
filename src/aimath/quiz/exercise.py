"""Numeric exercises: the question, the command that answers it, the answer and distractors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render.numbers import NumberStyle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIN_RELATIVE_GAP = 0.04
"""A wrong answer is told from the right one by two digits: they are so far apart, relatively."""
MAX_DRAWS = 200


class Distractor(NamedTuple):
    """A distractor: the value of a common mistake and its explanation."""

    value: float
    explanation: str


class Exercise(NamedTuple):
    """A numeric question whose answer is `field[at]` of the command's result."""

    topic: str  # the command that it is about
    text: str
    command: tuple[str, ...]  # the words of the line that answers it, without the program's name
    field: str
    position: tuple[int, ...]
    answer: float  # finite
    distractors: tuple[Distractor, ...] = ()
    unit: str = ""

    @property
    def is_distinguishable(self) -> bool:
        """Whether no distractor equals the answer, and the answer can be typed."""
        fair = self.answer == 0 or 1e-3 <= abs(self.answer) < 1e7
        return fair and all(_is_distinct(wrong.value, self.answer) for wrong in self.distractors)


class Sampler:
    """A sampler of numbers that are easily typed."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def integer(self, low: int, high: int, *exclude: int) -> int:
        """Return a random integer from `low` to `high`, excluding those of `exclude`."""
        return int(self.rng.choice([k for k in range(low, high + 1) if k not in exclude]))

    def integers(self, n: int, low: int, high: int) -> list[float]:
        """Return n random nonzero integers as floats."""
        return [float(self.integer(low, high, 0)) for _ in range(n)]

    def decimal(self, low: float, high: float) -> float:
        """Return a random nonzero number with one decimal."""
        return self.integer(round(10 * low), round(10 * high), 0) / 10

    def probabilities(self, n: int) -> list[float]:
        """Return n nonzero probabilities in tenths that sum to 1."""
        cuts = np.sort(self.rng.choice(np.arange(1, 10), n - 1, replace=False))
        return (np.diff([0, *cuts, 10]) / 10).tolist()  # type: ignore[no-any-return]

    def matrix(self, rows: int, columns: int, low: int = -3, high: int = 3) -> list[list[float]]:
        """Return a random matrix of nonzero integers."""
        return [self.integers(columns, low, high) for _ in range(rows)]


ExerciseFactory = Callable[[Sampler], Exercise]


def make_exercise(
    topic: str,
    text: str,
    args: Iterable[str],
    target: tuple[Any, str, tuple[int, ...]],
    distractors: Iterable[tuple[Any, str]],
    unit: str = "",
) -> Exercise:
    """Return an exercise; `target` is core's result, the field asked for, and the index of the entry."""
    result, field, at = target
    value = float(np.asarray(getattr(result, field))[at])
    wrong = tuple(Distractor(float(other), said) for other, said in distractors)
    return Exercise(topic, text, (topic, *args), field, at, value, wrong, unit)


def sample_exercise(factory: ExerciseFactory, rng: np.random.Generator) -> Exercise:
    """Return an exercise whose distractors all differ from the answer, dropping those that do not."""
    draw = Sampler(rng)
    for _ in range(MAX_DRAWS):
        made = factory(draw)
        if made.is_distinguishable:
            return made
    return made._replace(
        distractors=tuple(wrong for wrong in made.distractors if _is_distinct(wrong.value, made.answer))
    )


def _is_distinct(wrong: float, right: float) -> bool:
    return math.isfinite(wrong) and abs(wrong - right) > MIN_RELATIVE_GAP * max(abs(wrong), abs(right))


def format_number(value: float) -> str:
    """Return a number as text to type.

    >>> format_number(2.0), format_number(-0.5)
    ('2', '-0.5')
    """
    return NumberStyle().format(value)


def format_vector_arg(values: Sequence[float]) -> str:
    """Return a vector as one command-line argument.

    >>> format_vector_arg([2.0, -0.5])
    '2,-0.5'
    """
    return ",".join(map(format_number, values))


def format_vector(values: Sequence[float]) -> str:
    """Return a vector as text in parentheses.

    >>> format_vector([2.0, -0.5])
    '(2, -0.5)'
    """
    return f"({', '.join(map(format_number, values))})"


def format_matrix(matrix: Sequence[Sequence[float]]) -> str:
    """Return a matrix as one command-line argument.

    >>> format_matrix([[1.0, 2.0], [3.0, 4.0]])
    '1 2; 3 4'
    """
    return "; ".join(" ".join(map(format_number, row)) for row in matrix)
