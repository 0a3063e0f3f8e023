"""Optimisers, their schedules, runs and what becomes of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aimath.core.optim._closed_form import (
        following as following,
        is_steady as is_steady,
        parabola as parabola,
    )
    from aimath.core.optim._comparison import Race as Race, race as race
    from aimath.core.optim._learning_rate import (
        curvatures_at as curvatures_at,
        learning_rate as learning_rate,
    )
    from aimath.core.optim._rules import OPTIMIZERS as OPTIMIZERS
    from aimath.core.optim._runs import (
        Runs as Runs,
        Trajectory as Trajectory,
        descend as descend,
        descents as descents,
    )
    from aimath.core.optim._schedules import schedule as schedule

_HOMES = {
    "OPTIMIZERS": "_rules",
    "Race": "_comparison",
    "Runs": "_runs",
    "Trajectory": "_runs",
    "curvatures_at": "_learning_rate",
    "descend": "_runs",
    "descents": "_runs",
    "following": "_closed_form",
    "is_steady": "_closed_form",
    "learning_rate": "_learning_rate",
    "parabola": "_closed_form",
    "race": "_comparison",
    "schedule": "_schedules",
}
__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import the module that has a name when the name is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
