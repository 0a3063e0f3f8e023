"""Optimisers, their schedules, runs and what becomes of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.optim._comparison import Comparison, race
    from aimath.core.optim._descents import adam, adamw, gd, momentum, nesterov, rmsprop
    from aimath.core.optim._learning_rate import learning_rate
    from aimath.core.optim._rules import OPTIMIZERS, Optimizer, UpdateRule
    from aimath.core.optim._runs import RunBatch, Trajectory, minimize, minimize_batch
    from aimath.core.optim._schedules import schedule

__all__ = [
    "OPTIMIZERS",
    "Comparison",
    "Optimizer",
    "RunBatch",
    "Trajectory",
    "UpdateRule",
    "adam",
    "adamw",
    "gd",
    "learning_rate",
    "minimize",
    "minimize_batch",
    "momentum",
    "nesterov",
    "race",
    "rmsprop",
    "schedule",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_comparison": ["Comparison", "race"],
        "_descents": ["adam", "adamw", "gd", "momentum", "nesterov", "rmsprop"],
        "_learning_rate": ["learning_rate"],
        "_rules": ["OPTIMIZERS", "Optimizer", "UpdateRule"],
        "_runs": ["RunBatch", "Trajectory", "minimize", "minimize_batch"],
        "_schedules": ["schedule"],
    },
)
