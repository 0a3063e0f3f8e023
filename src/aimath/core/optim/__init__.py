"""Optimisers, their schedules, runs and what becomes of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.optim._closed_form import fit_quadratic, has_closed_form, next_points
    from aimath.core.optim._comparison import Comparison, compare
    from aimath.core.optim._learning_rate import hessian_eigenvalues, learning_rate
    from aimath.core.optim._rules import OPTIMIZERS
    from aimath.core.optim._runs import RunBatch, Trajectory, minimize, minimize_batch
    from aimath.core.optim._schedules import schedule

__all__ = [
    "OPTIMIZERS",
    "Comparison",
    "RunBatch",
    "Trajectory",
    "compare",
    "fit_quadratic",
    "has_closed_form",
    "hessian_eigenvalues",
    "learning_rate",
    "minimize",
    "minimize_batch",
    "next_points",
    "schedule",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_closed_form": ["fit_quadratic", "has_closed_form", "next_points"],
        "_comparison": ["Comparison", "compare"],
        "_learning_rate": ["hessian_eigenvalues", "learning_rate"],
        "_rules": ["OPTIMIZERS"],
        "_runs": ["RunBatch", "Trajectory", "minimize", "minimize_batch"],
        "_schedules": ["schedule"],
    },
)
