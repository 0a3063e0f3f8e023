"""Verdicts on a function: its answers beside the right ones, and which slip explains them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.axes import Rows  # noqa: TC001  the axes of a result are read
from aimath.core.numerics.types import may_lack_value
from aimath.verify.task import numerical_gradient, right_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.verify.run import Answer
    from aimath.verify.task import Case, Task

    Array = np.ndarray[Any, Any]

TOLERANCE, SINGLE_TOLERANCE, GRADIENT_TOLERANCE = 1e-9, 1e-5, 1e-6
"""How far an answer may be from the right one, relatively: in float64, of float32 input, of a gradient."""
SLIP_TOLERANCE = 1e-6
CANCELLED = 1e-15
"""What may be left of terms that cancel, beside the largest argument."""


class Verdict(NamedTuple):
    """What is to be said of one case."""

    case: str
    is_right: bool
    said: str  # what is wrong, in words; or nothing
    yours: Array | None
    right: Array
    ulp: float  # the largest error, in units in the last place of the right answer; nan without one


@may_lack_value("ulp")
class Verdicts(NamedTuple):
    """The verdicts of all cases, as columns of texts and of errors in units in the last place."""

    case: Rows
    verdict: Rows
    outcome: Rows  # the verdict in a word or two
    yours: Rows
    answer: Rows
    ulp: Rows


def judge(task: Task, cases: Sequence[Case], answers: Sequence[Answer]) -> list[Verdict]:
    """Return a verdict for each answer."""
    return [_judge_one(task, cases[answer.case], answer) for answer in answers]


def _judge_one(task: Task, case: Case, answer: Answer) -> Verdict:
    is_gradient = answer.kind == "gradient"
    right = numerical_gradient(task, case) if is_gradient else right_answer(task, case)
    name = f"{case.name}: gradient" if is_gradient else case.name
    if answer.error:
        return Verdict(name, False, answer.error, None, right, np.nan)
    yours = answer.values
    if yours is None:
        return Verdict(name, False, "no answer", None, right, np.nan)
    single = _is_single(case)
    error = (
        _ulp(yours, right.astype(np.float32) if single else right) if yours.shape == right.shape else np.nan
    )
    said = _what_is_wrong(task, case, answer, yours, right, is_gradient=is_gradient)
    return Verdict(name, not said, said, yours, right, error)


def _what_is_wrong(
    task: Task, case: Case, answer: Answer, yours: Array, right: Array, *, is_gradient: bool
) -> str:
    if answer.changed:
        names = ", ".join(task.parameters[k - 1] for k in answer.changed)
        return f"it changes its argument {names}: work on a copy"
    if yours.shape != right.shape:
        return f"the shape is {_shape(yours)}, it must be {_shape(right)}"
    if answer.dtype in ("float16", "float32") and not _is_single(case):
        return f"it answers in {answer.dtype}: half of the digits are lost"
    if is_right(yours, right, case, GRADIENT_TOLERANCE if is_gradient else tolerance_of(case)):
        return ""
    if np.isnan(yours).any() and not np.isnan(right).any():
        return "nan"
    if np.isinf(yours).any() and not np.isinf(right).any():
        return "infinite"
    return "wrong"


def _is_single(case: Case) -> bool:
    return any(getattr(part, "dtype", None) == np.float32 for part in case.arguments)


def tolerance_of(case: Case) -> float:
    """Return how far an answer may be from the right one in a case."""
    return SINGLE_TOLERANCE if _is_single(case) else TOLERANCE


def are_close(yours: Array, right: Array, tolerance: float) -> bool:
    """Return whether arrays agree to a share of each entry, or of the largest where an entry is near 0."""
    if yours.shape != right.shape:
        return False
    finite = np.abs(right[np.isfinite(right)])
    floor = tolerance * 1e-3 * float(finite.max(initial=0.0))
    return bool(np.allclose(yours, right, rtol=tolerance, atol=floor, equal_nan=True))


def is_right(yours: Array, right: Array, case: Case, tolerance: float) -> bool:
    """Return whether an answer is right; where it is to be 0, the rounding of its terms may stay."""
    if are_close(yours, right, tolerance):
        return True
    if yours.shape != right.shape or right.any():
        return False
    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in case.arguments), default=0.0)
    return bool(np.all(np.abs(yours) <= CANCELLED * largest))


def _ulp(yours: Array, right: Array) -> float:
    """Return the largest error in units in the last place of the right answer."""
    with np.errstate(all="ignore"):
        errors = np.abs(yours - right) / np.spacing(np.abs(right))
        errors = np.where((yours == right) | (np.isnan(yours) & np.isnan(right)), 0.0, errors)
    worst = float(np.max(errors, initial=0.0))
    return np.inf if np.isnan(worst) else worst


def _shape(array: Array) -> str:
    return " x ".join(map(str, array.shape)) if array.shape else "a single number"
