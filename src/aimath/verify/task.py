"""What a function has to do to be right: its arguments, its cases, the right answers, and the usual slips."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

RANDOM_CASES = 4
"""So many seeded random cases follow the written ones."""


MAX_SMOOTH = 100.0


class Slip(NamedTuple):
    """A usual mistake: what it is, in words, and a function that makes it."""

    text: str
    function: Callable[..., Any]


class Case(NamedTuple):
    """The arguments of one call, and what is special about it."""

    name: str
    arguments: tuple[Any, ...]

    @property
    def is_smooth(self) -> bool:
        """Whether differences tell the derivative by the first argument: a vector of ordinary size."""
        x = np.asarray(self.arguments[0])
        return x.ndim == 1 and x.dtype == np.float64 and bool((np.abs(x) <= MAX_SMOOTH).all())


class Task(NamedTuple):
    """A function to be written: named like the command that computes the same."""

    name: str
    parameters: tuple[str, ...]
    returns: str  # what it must return, in words with its unit
    solution: str  # a right body, shown only when asked for
    reference: Callable[..., Any]
    cases: tuple[Case, ...]
    random: Callable[[np.random.Generator], tuple[Any, ...]]
    slips: tuple[Slip, ...] = ()
    has_gradient: bool = False  # the answer is a number or vector that can be derived by its first argument

    @property
    def function_name(self) -> str:
        """What the function is called in Python."""
        return self.name.replace("-", "_")

    @property
    def stub(self) -> str:
        """The function as it is to be filled in."""
        head = f"def {self.function_name}({', '.join(self.parameters)}):"
        return f'{head}\n    """Return {self.returns}."""\n    raise NotImplementedError\n'

    @property
    def solved(self) -> str:
        """The function as it is when it is right."""
        return self.stub.replace("raise NotImplementedError", self.solution.replace("\n", "\n    "))

    def all_cases(self, seed: int) -> Iterator[Case]:
        """Yield the written cases, then seeded random ones."""
        rng = np.random.default_rng(seed)
        drawn = (Case(f"random {k}", self.random(rng)) for k in range(1, RANDOM_CASES + 1))
        return itertools.chain(self.cases, drawn)


def right_answer(task: Task, case: Case) -> Array:
    """Return the right answer of a case in float64."""
    with np.errstate(all="ignore"):
        return np.asarray(task.reference(*case.arguments), np.float64)


def slip_answer(slip: Slip, case: Case) -> Array | None:
    """Return what a slip answers in a case, None where it can't."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(slip.function(*case.arguments), np.float64)
        except (ArithmeticError, IndexError, TypeError, ValueError, np.linalg.LinAlgError):
            return None


def numerical_gradient(task: Task, case: Case) -> Array:
    """Return the derivatives of the right answer by its first argument, (*answer, *argument).

    By central differences of two steps, extrapolated (Richardson), so that about ten digits are right.
    """
    x = np.asarray(case.arguments[0], np.float64)
    answer = right_answer(task, case)
    derivatives = np.empty((*answer.shape, *x.shape))
    for place in np.ndindex(*x.shape):
        step = 1e-3 * max(1.0, abs(float(x[place])))
        coarse, fine = (_difference(task, case, x, place, h) for h in (step, step / 2.0))
        derivatives[(..., *place)] = (4.0 * fine - coarse) / 3.0
    return derivatives


def _difference(task: Task, case: Case, x: Array, place: tuple[int, ...], step: float) -> Array:
    """Return the central difference of the right answer along one entry."""
    ends = []
    for sign in (1.0, -1.0):
        moved = x.copy()
        moved[place] += sign * step
        ends.append(right_answer(task, case._replace(arguments=(moved, *case.arguments[1:]))))
    return np.asarray((ends[0] - ends[1]) / (2.0 * step))
