"""The bounds of settings, those of a command line and those that a checkpoint states alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.training.interface import Setting

SIZES = {
    "steps": (0, 10**9),
    "batch": (1, 100_000),
    "layers": (0, 64),
    "width": (1, 4096),
    "heads": (1, 64),
    "context": (1, 64),
    "rank": (1, 64),
    "seed": (0, 2**53 - 1),
}
"""From the least to the largest of each whole number."""
ABOVE_ZERO = ("lr", "beta")


def check_setting(name: str, value: Setting) -> Setting:
    """Return a setting, or raise InputError if it is out of bounds.

    >>> check_setting("width", 32)
    32
    """
    if isinstance(value, bool | str):
        return value
    if name in SIZES:
        low, high = SIZES[name]
        if not low <= value <= high:
            raise InputError(
                "{operand} must be {low} to {high}, not {value:g}",
                operand=name,
                usage=True,
                low=low,
                high=high,
                value=value,
            )
    elif not math.isfinite(value) or value < 0.0 or (value == 0.0 and name in ABOVE_ZERO):
        bound = "above 0" if name in ABOVE_ZERO else "at least 0"
        raise InputError(
            "{operand} must be {bound} and finite, not {value:g}",
            operand=name,
            usage=True,
            bound=bound,
            value=value,
        )
    elif name in {"dropout", "shift"} and value > 0.95:
        raise InputError(
            "{operand} must be at most .95, not {value:g}", operand=name, value=value, usage=True
        )
    return value
