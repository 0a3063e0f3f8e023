"""Which slip explains wrong answers: one that the task names, or one that any function may have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.verify.judge import SLIP_TOLERANCE, TOLERANCE, are_close, is_right, tolerance_of
from aimath.verify.task import Slip, right_answer, slip_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aimath.verify.run import Answer
    from aimath.verify.task import Case, Task

    Array = np.ndarray[Any, Any]

FACTORS = {
    -1.0: "right but for the sign", 2.0: "twice as much: a half is missing", 0.5: "half as much",
    math.log(2.0): "nats in place of bits: divide by ln 2",
    1.0 / math.log(2.0): "bits in place of nats: the natural logarithm",
    math.log10(2.0): "log10 in place of log2", 1.0 / math.log(10.0): "log10 in place of ln",
}  # fmt: skip
"""Answers that are the right ones times a number."""
MAX_DECIMALS = 8


class Tried(NamedTuple):
    """A case with what was answered there."""

    case: Case
    yours: Array | None  # None where it failed
    right: Array
    is_wrong: bool
    is_batch: bool


class Finding(NamedTuple):
    """A slip, and how many of the wrong cases it explains."""

    text: str
    explained: int
    wrong: int

    @property
    def is_all(self) -> bool:
        """Whether nothing else is wrong."""
        return self.explained == self.wrong


def find_slip(task: Task, cases: Sequence[Case], answers: Sequence[Answer]) -> Finding | None:
    """Return the slip that explains all answers, or all the wrong ones, or else most of them."""
    tried = [*_tried(task, cases, answers)]
    wrong = [one for one in tried if one.is_wrong]
    if not wrong:
        return None
    vectors = [one for one in tried if not one.is_batch]
    plain = [one for one in wrong if _is_plain(one)]
    for chosen in (tried, wrong, vectors, plain):
        told = [one for one in chosen if one.is_wrong]
        if len(told) < (2 if chosen is plain else 1) or (chosen is wrong and not plain):
            continue
        slip = next((slip for slip in task.slips if _explains(slip, chosen)), None)
        text = slip.text if slip else _general(told) if all(map(_is_plain, told)) else ""
        if text:
            return Finding(text, len(told), len(wrong))
    text = _where(tried)
    return Finding(text, len(wrong), len(wrong)) if text else None


def _tried(task: Task, cases: Sequence[Case], answers: Sequence[Answer]) -> Iterator[Tried]:
    """Yield what was answered in each case; an answer of too few digits tells nothing."""
    first = np.ndim(cases[0].arguments[0])
    for answer in answers:
        case = cases[answer.case]
        if answer.kind == "answer" and not (
            answer.dtype in ("float16", "float32") and tolerance_of(case) == TOLERANCE
        ):
            right, yours = right_answer(task, case), answer.values
            is_wrong = yours is None or not is_right(yours, right, case, tolerance_of(case))
            yield Tried(case, yours, right, is_wrong, np.ndim(case.arguments[0]) > first == 1)


def _is_plain(one: Tried) -> bool:
    """Return whether a wrong answer has the right shape and is finite, of a vector: only its values tell."""
    fits = one.yours is not None and one.yours.shape == one.right.shape and np.isfinite(one.yours).all()
    return bool(fits) and one.is_wrong and not one.is_batch


def _explains(slip: Slip, tried: Sequence[Tried]) -> bool:
    """Return whether a slip answers the same in all these cases, and is wrong where these are.

    Python raises where numpy answers nan or inf, so that an error is the same as these.
    """
    is_told = False
    for one in tried:
        made = slip_answer(slip, one.case)
        is_same = (
            _is_undefined(made)
            if one.yours is None
            else made is not None and are_close(one.yours, made, SLIP_TOLERANCE)
        )
        if not is_same:
            return False
        is_told = is_told or (one.is_wrong and (made is None or not are_close(made, one.right, TOLERANCE)))
    return is_told


def _is_undefined(made: Array | None) -> bool:
    """Return whether an answer is none, or has an entry that is no number."""
    return made is None or not np.isfinite(made).all()


def _general(wrong: Sequence[Tried]) -> str:
    """Return the slip of any function that explains these answers, finite and of the right shape."""
    pairs = [(one.yours, one.right) for one in wrong if one.yours is not None]
    for factor, text in FACTORS.items():
        if _all(pairs, lambda yours, right, factor=factor: are_close(yours, factor * right, SLIP_TOLERANCE)):
            return text
    if _all(pairs, lambda yours, right: are_close(np.abs(yours), np.abs(right), SLIP_TOLERANCE)):
        return FACTORS[-1.0]
    if _all(
        pairs, lambda yours, right: are_close(np.sort(yours, None), np.sort(right, None), SLIP_TOLERANCE)
    ):
        return "the right numbers in another order"
    for decimals in range(1, MAX_DECIMALS + 1):
        if _all(pairs, lambda yours, right, k=decimals: bool(np.all(yours == np.round(right, k)))):
            return f"rounded to {decimals} decimals: give all digits"
    ratios = [_ratio(yours, right) for yours, right in pairs]
    if len(ratios) > 1 and np.allclose(ratios, ratios[0], rtol=SLIP_TOLERANCE, atol=0.0):
        return f"every answer is {ratios[0]:.6g} times the right one"
    return ""


def _all(pairs: Sequence[tuple[Array, Array]], test: Callable[..., bool]) -> bool:
    return bool(pairs) and all(test(yours, right) for yours, right in pairs)


def _ratio(yours: Array, right: Array) -> float:
    """Return the one ratio of all entries, nan if there is none."""
    with np.errstate(all="ignore"):
        ratios = (yours / right)[(right != 0.0) | (yours != 0.0)]
    if not ratios.size or not np.allclose(ratios, ratios.flat[0], rtol=SLIP_TOLERANCE, atol=0.0):
        return math.nan
    return float(ratios.flat[0])


def _where(tried: Sequence[Tried]) -> str:
    """Return in what kind of case alone the function is wrong, or nothing."""
    wrong = [one for one in tried if one.is_wrong]
    right_vectors = any(not one.is_batch and not one.is_wrong for one in tried)
    if right_vectors and all(one.is_batch for one in wrong):
        return (
            "made for one vector: a batch is a matrix with a vector in each row, so work along its last axis"
        )
    usual = [one for one in tried if one.case.name == "ordinary" or one.case.name.startswith("random")]
    if usual and not any(one.is_wrong for one in usual):
        names = ", ".join(dict.fromkeys(one.case.name for one in wrong))
        return f"made for ordinary rows, not for {names}"
    return ""
