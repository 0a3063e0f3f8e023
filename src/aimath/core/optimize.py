"""Going downhill: update rules, schedules of the learning rate, descents and what happened on the way.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.descent import Runs, descend, descents
from aimath.core.optimizers import (
    ARRAYS,
    FLOATS,
    OPTIMIZERS,
    Rule,
    adam,
    adamw,
    gd,
    momentum,
    nesterov,
    rmsprop,
)
from aimath.core.race import Race, race
from aimath.core.rates import LearningRate, curvatures_at, learning_rate
from aimath.core.schedules import SCHEDULES, Schedule, schedule
from aimath.core.stepper import Stepper
from aimath.core.trajectory import Trajectory

__all__ = [
    "ARRAYS",
    "FLOATS",
    "OPTIMIZERS",
    "SCHEDULES",
    "LearningRate",
    "Race",
    "Rule",
    "Runs",
    "Schedule",
    "Stepper",
    "Trajectory",
    "adam",
    "adamw",
    "curvatures_at",
    "descend",
    "descents",
    "gd",
    "learning_rate",
    "momentum",
    "nesterov",
    "race",
    "rmsprop",
    "schedule",
]
