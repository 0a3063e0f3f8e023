"""Going downhill: update rules, schedules of the learning rate, descents and what happened on the way.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.descent import Runs as Runs, descend as descend, descents as descents
from aimath.core.optimizers import (
    ARRAYS as ARRAYS,
    FLOATS as FLOATS,
    OPTIMIZERS as OPTIMIZERS,
    Rule as Rule,
    adam as adam,
    adamw as adamw,
    gd as gd,
    momentum as momentum,
    nesterov as nesterov,
    rmsprop as rmsprop,
)
from aimath.core.race import Race as Race, race as race
from aimath.core.rates import (
    LearningRate as LearningRate,
    curvatures_at as curvatures_at,
    learning_rate as learning_rate,
)
from aimath.core.schedules import SCHEDULES as SCHEDULES, Schedule as Schedule, schedule as schedule
from aimath.core.stepper import Stepper as Stepper
from aimath.core.trajectory import Trajectory as Trajectory
