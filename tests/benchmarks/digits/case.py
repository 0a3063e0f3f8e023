"""What a row of the table compares, and how far a number is from the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath as mp
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Operands = Sequence[tuple[Any, ...]]
    Function = Callable[..., Any]


def ulps(found: Sequence[float], truth: Sequence[Any]) -> list[float]:
    """Give each number's distance from the truth in units of the last place of the true number."""
    return [float(abs(x - t) / math.ulp(float(t))) for x, t in _pairs(found, truth)]


def of_largest(found: Sequence[float], truth: Sequence[Any]) -> list[float]:
    """Give each number's distance from the truth over the largest true number, in units of 2^-53."""
    largest = max(map(abs, truth))
    return [float(abs(x - t) / largest * 2**53) for x, t in _pairs(found, truth)]


def _pairs(found: Sequence[float], truth: Sequence[Any]) -> list[tuple[Any, Any]]:
    pairs = zip(found, truth, strict=True)
    return [(mp.mpf(x) if math.isfinite(x) else mp.inf, t) for x, t in pairs]


MEASURES = {
    ulps: "worst / median error in ulp",
    of_largest: "... over the answer's largest entry, in 2^-53",
}
"""An ulp is the distance of the true value's neighbours in float64: 0.5 is as near as a double can be.

Of an answer whose small entries no algorithm in float64 promises, it is the largest that sets the scale.
"""


class Case(NamedTuple):
    """A command's function on a kind of input: each side takes the same operands and gives as many numbers."""

    command: str
    what: str
    operands: Operands
    truth: Function
    ours: Function
    peers: dict[str, Function]  # by the name of the library
    measure: Function = ulps
    digits: int = 50  # mpmath's
    options: tuple[str, ...] = ()  # of the command, with values other than their defaults


def over(
    kinds: Mapping[str, Operands],
    command: str,
    truth: Function,
    ours: Function,
    *,
    what: str = "",
    measure: Function = ulps,
    digits: int = 50,
    options: tuple[str, ...] = (),
    **peers: Function,
) -> list[Case]:
    """Give a case for each kind of input."""
    names = {kind: ", ".join(filter(None, (what, kind))) for kind in kinds}
    return [
        Case(command, names[kind], operands, truth, ours, peers, measure, digits, options)
        for kind, operands in kinds.items()
    ]


def exact(x: Any) -> Any:
    """Give the same numbers to mpmath: one, or lists of them."""
    return [exact(v) for v in x] if np.ndim(x) else mp.mpf(float(x))


def flat(values: Any) -> list[Any]:
    """Give all numbers of an answer, however it is nested, in one list."""
    if hasattr(values, "detach"):  # torch's
        values = values.detach().numpy()
    if isinstance(values, (list, tuple)):
        return [x for part in values for x in flat(part)]
    if isinstance(values, mp.matrix):
        return list(values)
    return np.ravel(values).tolist() if isinstance(values, np.ndarray) else [values]
