"""The function and the point at which a descent begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aimath.core import calculus
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.calculus import Data, Function

DEFAULT_FUNCTION = "(w-3)^2"
VALLEY = "x^2/40 + 5*y^2"
"""200 times as steep across as along: gradient descent crawls, and other optimisers have something to do."""
DEFAULT_STARTS = {DEFAULT_FUNCTION: (10.0,), VALLEY: (2.0, 0.5)}


def resolve_start(
    function: str | Function,
    start: Mapping[str, float] | Sequence[float] | None,
    named: Mapping[str, float],
    data: Mapping[str, ArrayLike] | Data | None = None,
) -> tuple[Function, list[float]]:
    """Return the parsed function and the start, by name or in order of its variables.

    Without a start the default functions have their own.
    """
    f = calculus.parse_over_data(function, None if data is None else calculus.as_data(data))
    names = (*(start if isinstance(start, Mapping) else ()), *named)
    if not f.variables and names:  # it is as good everywhere
        f = calculus.parse_function(f, names)
    if not f.variables:
        raise InputError(f"{f.short_text()} has no variable to change", usage=True)
    if start is None and not named and f.text in DEFAULT_STARTS:
        return f, list(DEFAULT_STARTS[f.text])
    return f, [float(x) for x in f.point(start, **named)]
