"""Options of optimisers within their bounds: one number, or an array of one a run."""

from __future__ import annotations

from typing import Any

import numpy as np

from aimath.errors import InputError

SMALLEST = 2.0**-1022
"""What stands for eps = 0: added to any root of a normal number it changes nothing, and 0 / 0 becomes 0."""


def positive_rate(lr: Any) -> Any:
    """Give a learning rate, or rates, if it can be one: above 0 and finite."""
    refuse(~((np.asarray(lr) > 0.0) & np.isfinite(lr)), "lr", lr, "must be above 0 and finite")
    return lr


def share(name: str, value: Any, *, closed: bool = False) -> Any:
    """Give an option from 0 to below 1, or (`closed`) to 1."""
    x = np.asarray(value)
    fine = (x >= 0.0) & ((x <= 1.0) if closed else (x < 1.0))
    refuse(~fine, name, value, "must be within 0 and 1" if closed else "must be at least 0 and below 1")
    return value


def at_least_0(name: str, value: Any) -> Any:
    """Give an option that may be any finite number from 0."""
    x = np.asarray(value)
    refuse(~((x >= 0.0) & np.isfinite(x)), name, value, "must be at least 0 and finite")
    return value


def epsilon(eps: Any) -> Any:
    """Give what is added to a root, never quite 0."""
    at_least_0("eps", eps)
    return np.maximum(eps, SMALLEST) if np.ndim(eps) else max(eps, SMALLEST)


def refuse(bad: Any, name: str, value: Any, bound: str) -> None:
    """Name the first value that is out of bounds."""
    if np.any(bad):
        first = float(np.broadcast_to(value, np.shape(bad))[bad][0])
        raise InputError(f"{name} {bound}, not {first:g}", operand=name)
