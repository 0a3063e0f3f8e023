"""The run spiral: a network draws borders between the arms of a spiral, by Adam and beside it by descent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.training.gradient_run import GradientRun, make_optimizer
from aimath.training.interface import Baseline, Experiment, Formula, Picture, Recipe
from aimath.training.runs._classifier import Perceptron, cross_entropy_rows
from aimath.training.runs._perceptron_page import classified_example, number_list, uniform_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Example, Settings

ARMS = ("a", "b", "c")
POINTS = 100
"""Points of each arm, in each of the three parts of the data."""
TURNS, NOISE = 6.0, 0.2
"""Radians that an arm turns by, and the standard deviation of a point's angle."""
SGD_RATE = 0.5
"""The learning rate of plain descent, a good one of .1, .2, .5 and 1."""
MAP_ROWS, MAP_COLUMNS, EDGE = 40, 80, 1.1


class Points(NamedTuple):
    """Points (n, 2) and their arms (n,)."""

    places: Array
    arms: Indices


class SpiralRun(GradientRun):
    """A network that learns which arm a point lies on, with a twin that plain descent teaches."""

    def __init__(self, settings: Settings) -> None:
        self.model = make_model(settings)
        optimizer = make_optimizer(str(settings["optimizer"]), self.model.parameters)
        super().__init__(settings, self.model.parameters, optimizer)
        self.train_points, self.validation_points, self.test_points = (
            draw_spiral(np.random.default_rng((int(settings["seed"]), 2 + part))) for part in range(3)
        )
        self.twin = make_model(settings)
        self.twin_optimizer = make_optimizer("sgd", self.twin.parameters)

    @property
    def data(self) -> str:
        """What it learns from."""
        size = POINTS * len(ARMS)
        return f"{size} points of {len(ARMS)} arms; {size} to choose by, {size} held out"

    @property
    def ignorance(self) -> float:
        """The loss of three equally likely arms, ln 3."""
        return math.log(len(ARMS))

    @property
    def lr(self) -> float:
        """The learning rate, which stays as it is."""
        return float(self.settings["lr"])

    def batch_loss(self) -> Tensor:
        """Return the loss of all points; the twin takes its step on the same."""
        places, arms = self.train_points
        self.twin.loss(places, arms).backward(free=True)
        self.twin_optimizer.step(SGD_RATE)
        return self.model.loss(places, arms)

    def validate(self) -> float:
        """Return the loss on the points to choose by."""
        return float(self.model.loss(*self.validation_points).value)

    def figures(self) -> Mapping[str, float | str]:
        """Return the shares of the points to choose by that both networks tell right."""
        return {
            "accuracy": self.model.accuracy(*self.validation_points),
            "by_descent": self.twin.accuracy(*self.validation_points),
        }

    def test(self) -> Mapping[str, float]:
        """Return the shares of the test points that both networks tell right."""
        return {
            "test": self.model.accuracy(*self.test_points),
            "test_by_descent": self.twin.accuracy(*self.test_points),
        }

    def baselines(self) -> Sequence[Baseline]:
        """Return what knowing nothing reaches, and straight borders between the arms' centres."""
        places, arms = self.train_points
        centres = np.stack([places[arms == k].mean(axis=0) for k in range(len(ARMS))])
        others, right = self.validation_points
        nearest = ((others[:, np.newaxis] - centres) ** 2).sum(axis=-1).argmin(axis=1)
        share = float((nearest == right).mean())
        return (
            Baseline("all alike", math.log(len(ARMS)), "= ln 3"),
            Baseline("nearest centre", share, "of the points right", column="accuracy"),
        )

    def formulas(self) -> Sequence[Formula]:
        """Return the loss before the first step and that of a point."""
        place, arm = self.test_points.places[:1], int(self.test_points.arms[0])
        logits = self.model.logits(place)[0].round(4)
        loss = float(cross_entropy_rows(logits, np.array(arm)))
        line = f"aimath cross-entropy --logits {number_list(logits)} --target {arm}"
        return (
            uniform_formula("the loss before the first step", 3),
            Formula(f"the loss of the first test point, of arm {ARMS[arm]}", loss, line, "cross_entropy"),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return the map of which arm each place is given to, with the points learned from."""
        y, x = np.mgrid[EDGE : -EDGE : MAP_ROWS * 1j, -EDGE : EDGE : MAP_COLUMNS * 1j]
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        given = self.model.logits(cells).argmax(axis=1).reshape(MAP_ROWS, MAP_COLUMNS)
        places, arms = self.train_points
        title = "the arm that the network gives each place to, and the points it learned from"
        edges = (-EDGE, EDGE, -EDGE, EDGE)
        return (Picture("map", title, given, rows=ARMS, points=places, classes=arms, limits=edges),)

    def example(self) -> Example:
        """Return the way of the point with the largest loss through the network."""
        places, arms = self.train_points
        hardest = int(cross_entropy_rows(self.model.logits(places), arms).argmax())
        arm = int(arms[hardest])
        name, text = str(self.settings["optimizer"]), f"the point with the largest loss, of arm {ARMS[arm]}"
        return classified_example(self.model, self.optimizer, name, text, places[hardest], arm, ARMS)

    def load(self, tensors: Mapping[str, FloatArray], state: Mapping[str, FloatArray], done: int) -> None:
        """Go on from a checkpoint; the twin, which is none of it, takes its steps again."""
        super().load(tensors, state, done)
        places, arms = self.train_points
        for _ in range(done):
            self.twin.loss(places, arms).backward(free=True)
            self.twin_optimizer.step(SGD_RATE)


def draw_spiral(generator: np.random.Generator) -> Points:
    """Return points along three arms, evenly by radius, each angle with normal noise."""
    radius = np.tile(np.linspace(0.05, 1.0, POINTS), len(ARMS))
    arms = np.repeat(np.arange(len(ARMS)), POINTS)
    noise = NOISE * generator.standard_normal(len(arms))
    angle = TURNS * radius + 2.0 * np.pi * arms / len(ARMS) + noise
    return Points(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), arms)


def make_model(settings: Settings) -> Perceptron:
    """Return the network of these settings, as it is before the first step."""
    generator = np.random.default_rng((int(settings["seed"]), 1))
    return Perceptron((2, *[int(settings["width"])] * int(settings["layers"]), len(ARMS)), generator)


RECIPES = {
    "": Recipe(
        name="spiral",
        arch="",
        summary="A network draws borders between the arms of a spiral",
        seen="the borders on a map; Adam beside plain descent",
        unit="nats",
        defaults={"steps": 600, "lr": 0.01, "layers": 2, "width": 32, "optimizer": "adam", "seed": 0},
        seconds=0.7,
        quality="97 % of the points told right after 600 steps",
        build=lambda settings, _lines: SpiralRun(settings),
        restore=lambda settings, _tokens, tensors: make_model(settings).loaded(tensors),
        columns=("accuracy", "by_descent"),
        experiments=(
            Experiment("--steps 0", "before the first step all places are given to one arm"),
            Experiment("--layers 0", "no hidden layer: straight borders, half of the points right"),
            Experiment("--lr 10", "too large a step: it diverges, exit 4"),
        ),
    )
}
