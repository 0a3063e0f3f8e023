"""The run digits: images of 8 x 8 pixels are told apart by a small network, or by softmax regression."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.training.gradient_run import GradientRun, draw_rows, make_optimizer
from aimath.training.interface import Baseline, Experiment, Formula, Recipe
from aimath.training.runs._classifier import Perceptron, cross_entropy_rows
from aimath.training.runs._digits_data import digits_split
from aimath.training.runs._perceptron_page import (
    classified_example,
    cosine_formula,
    number_list,
    uniform_formula,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array
    from aimath.training.interface import Example, Settings

CLASSES = tuple("0123456789")
SHIFTS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
"""By so many rows and columns an image may be moved: it stays the same digit."""


class DigitsRun(GradientRun):
    """A network that learns which digit an image shows."""

    def __init__(self, settings: Settings) -> None:
        self.model = make_model(settings)
        decay = float(settings["weight_decay"])
        optimizer = make_optimizer(str(settings["optimizer"]), self.model.parameters, decay)
        super().__init__(settings, self.model.parameters, optimizer)
        self.split = digits_split()

    @property
    def data(self) -> str:
        """What it learns from."""
        train, validation, test, _ = (len(part.classes) for part in self.split)
        return f"{train:,} images of 8 x 8 pixels; {validation} to choose by, {test} held out"

    @property
    def ignorance(self) -> float:
        """The loss of ten equally likely classes, ln 10."""
        return math.log(len(CLASSES))

    def batch_loss(self) -> Tensor:
        """Return the loss of a batch that is drawn, a part of it moved by a pixel."""
        train, batch = self.split.train, int(self.settings["batch"])
        rows = draw_rows(self.generator, batch, len(train.classes))
        images = train.pixels[rows]
        moved = round(float(self.settings["shift"]) * batch)
        if moved:
            images[:moved] = shift_images(images[:moved], self.generator)
        dropped = float(self.settings["dropout"])
        if dropped:
            images *= self.generator.random(images.shape) >= dropped
        return self.model.loss(images, train.classes[rows])

    def validate(self) -> float:
        """Return the loss on the images that are held out to choose by."""
        part = self.split.validation
        return float(self.model.loss(part.pixels, part.classes).value)

    def figures(self) -> Mapping[str, float | str]:
        """Return the share of the images held out to choose by that are told right."""
        part = self.split.validation
        return {"accuracy": self.model.accuracy(part.pixels, part.classes)}

    def test(self) -> Mapping[str, float]:
        """Return the share of test images that are told right, and their loss."""
        part = self.split.test
        loss = float(self.model.loss(part.pixels, part.classes).value)
        return {"test": self.model.accuracy(part.pixels, part.classes), "test_loss": loss}

    def baselines(self) -> Sequence[Baseline]:
        """Return what knowing nothing and the nearest neighbour reach."""
        train, validation, *_ = self.split
        squares = (train.pixels**2).sum(axis=1) - 2.0 * validation.pixels @ train.pixels.T
        nearest = train.classes[squares.argmin(axis=1)]
        share = float((nearest == validation.classes).mean())
        return (
            Baseline("all alike", math.log(len(CLASSES)), "= ln 10"),
            Baseline("nearest neighbour", share, "of the images right", column="accuracy"),
        )

    def formulas(self) -> Sequence[Formula]:
        """Return the loss before the first step, that of an image, and a learning rate."""
        image, target = self._one_image()
        logits = self.model.logits(image[np.newaxis])[0].round(4)
        loss = float(cross_entropy_rows(logits, np.array(target)))
        typed = number_list(logits)
        return (
            uniform_formula("the loss before the first step", 10),
            Formula(
                f"the loss of the first test image, a {target}",
                loss,
                f"aimath cross-entropy --logits {typed} --target {target}",
                "cross_entropy",
            ),
            *cosine_formula(float(self.settings["lr"]), self.steps),
        )

    def _one_image(self) -> tuple[Array, int]:
        return self.split.test.pixels[0], int(self.split.test.classes[0])

    def example(self) -> Example:
        """Return the first image's way through the network."""
        train = self.split.train
        logits = self.model.logits(train.pixels)
        hardest = int(cross_entropy_rows(logits, train.classes).argmax())
        image, target = train.pixels[hardest], int(train.classes[hardest])
        name = str(self.settings["optimizer"])
        text = f"the image with the largest loss, a {target}"
        return classified_example(self.model, self.optimizer, name, text, image, target, CLASSES)


def shift_images(images: Array, generator: np.random.Generator) -> Array:
    """Return images (n, 64) each moved by a pixel one of four ways, or not at all; what enters is 0."""
    side = 8
    padded = np.zeros((len(images), side + 2, side + 2))
    padded[:, 1:-1, 1:-1] = images.reshape(-1, side, side)
    down, right = np.array(SHIFTS)[draw_rows(generator, len(images), len(SHIFTS))].T
    places = np.arange(1, side + 1)
    rows, columns = places - down[:, np.newaxis], places - right[:, np.newaxis]
    which = np.arange(len(images))[:, np.newaxis, np.newaxis]
    moved: Array = padded[which, rows[:, :, np.newaxis], columns[:, np.newaxis, :]]
    return moved.reshape(len(images), -1)


def make_model(settings: Settings) -> Perceptron:
    """Return the network of these settings, as it is before the first step."""
    hidden = [int(settings["width"])] * int(settings["layers"]) if "layers" in settings else []
    generator = np.random.default_rng((int(settings["seed"]), 1))
    return Perceptron((64, *hidden, len(CLASSES)), generator)


SHARED: dict[str, int | float | str | bool] = {
    "seed": 0,
    "optimizer": "adam",
    "shift": 0.5,
    "dropout": 0.0,
    "weight_decay": 0.0,
}
RECIPES = {
    "mlp": Recipe(
        name="digits",
        arch="mlp",
        summary="A network learns which digit an image shows",
        seen="the loss falling from ln 10, and every formula of one step",
        unit="nats",
        defaults={"steps": 400, "lr": 0.02, "batch": 96, "layers": 1, "width": 128, **SHARED},
        seconds=0.5,
        quality="97 % of the images told right after 400 steps",
        build=lambda settings, _lines: DigitsRun(settings),
        restore=lambda settings, _tokens, tensors: make_model(settings).loaded(tensors),
        columns=("accuracy",),
        experiments=(
            Experiment("--arch softmax", "no hidden layer: softmax regression"),
            Experiment(
                "--steps 1800 --batch 128 --dropout .1", "98.6 % in 2 s: pixels are left out as it learns"
            ),
            Experiment("--optimizer sgd --lr .1", "plain descent is slower"),
        ),
    ),
    "softmax": Recipe(
        name="digits",
        arch="softmax",
        summary="Softmax regression learns which digit an image shows",
        seen="how far one matrix comes",
        unit="nats",
        defaults={"steps": 200, "lr": 0.1, "batch": 128, **SHARED, "shift": 0.0},
        seconds=0.2,
        quality="96 % of the images told right after 200 steps",
        build=lambda settings, _lines: DigitsRun(settings),
        restore=lambda settings, _tokens, tensors: make_model(settings).loaded(tensors),
        columns=("accuracy",),
    ),
}
