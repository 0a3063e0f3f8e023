"""Optimisers, their schedules, runs and what becomes of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.optim._comparison import Comparison as Comparison, race as race
    from aimath.core.optim._descents import (
        adam as adam,
        adamw as adamw,
        gd as gd,
        momentum as momentum,
        nesterov as nesterov,
        rmsprop as rmsprop,
    )
    from aimath.core.optim._learning_rate import learning_rate as learning_rate
    from aimath.core.optim._rules import (
        OPTIMIZERS as OPTIMIZERS,
        Optimizer as Optimizer,
        UpdateRule as UpdateRule,
    )
    from aimath.core.optim._runs import (
        RunBatch as RunBatch,
        Trajectory as Trajectory,
        minimize as minimize,
        minimize_batch as minimize_batch,
    )
    from aimath.core.optim._schedules import schedule as schedule

__getattr__, __dir__, __all__ = attach(
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
