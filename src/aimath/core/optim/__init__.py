"""Optimisers, their schedules, runs and what becomes of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.optim._closed_form import following, is_steady, parabola
    from aimath.core.optim._comparison import Race, race
    from aimath.core.optim._learning_rate import curvatures_at, learning_rate
    from aimath.core.optim._rules import OPTIMIZERS
    from aimath.core.optim._runs import Runs, Trajectory, descend, descents
    from aimath.core.optim._schedules import schedule

__all__ = [
    "OPTIMIZERS",
    "Race",
    "Runs",
    "Trajectory",
    "curvatures_at",
    "descend",
    "descents",
    "following",
    "is_steady",
    "learning_rate",
    "parabola",
    "race",
    "schedule",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_closed_form": ["following", "is_steady", "parabola"],
        "_comparison": ["Race", "race"],
        "_learning_rate": ["curvatures_at", "learning_rate"],
        "_rules": ["OPTIMIZERS"],
        "_runs": ["Runs", "Trajectory", "descend", "descents"],
        "_schedules": ["schedule"],
    },
)
