"""The run lora: a network that knows digits learns turned ones by thin matrices beside its own."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.training.gradient_run import GradientRun, copied, draw_rows, make_optimizer
from aimath.training.interface import Baseline, Example, Experiment, Formula, Quantity, Recipe
from aimath.training.runs import digits
from aimath.training.runs._classifier import Perceptron, cross_entropy_rows
from aimath.training.runs._digits_data import Digits, digits_split
from aimath.training.runs._perceptron_page import number_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Parameters, Tensor
    from aimath.core.numerics.types import Array, FloatArray
    from aimath.training.interface import Setting, Settings

KNOWN: Mapping[str, Setting] = {"steps": 200, "lr": 0.005, "shift": 0.0}
"""How the network learned upright digits, where not as `train digits` does."""
FULL_RATE = 0.01
"""The learning rate of full tuning, a good one of .003, .01 and .03 on the digits to choose by."""


class AdaptedPerceptron(Perceptron):
    """A perceptron whose matrices W stay as they are: each layer has (W + B A) x + b, A (r, m) and B (n, r).

    B begins at 0, so that at first nothing changes; without the adapter nothing ever did.
    """

    def __init__(self, base: Perceptron, rank: int, generator: np.random.Generator) -> None:
        self.sizes, self.activation = base.sizes, base.activation
        self.base = {name: np.array(values) for name, values in base.tensors.items()}
        arrays: dict[str, Array] = {}
        for name, values in self.base.items():
            if name.endswith("weight"):
                outputs, inputs = values.shape
                layer = name.removesuffix(".weight")
                start = generator.standard_normal((rank, inputs)) / math.sqrt(inputs)
                arrays |= {f"{layer}.lora_A": start, f"{layer}.lora_B": np.zeros((outputs, rank))}
        self.parameters = nn.Parameters(arrays)

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The matrices that stay, and the adapter's."""
        return {**self.base, **self.parameters.arrays()}

    def layers(self, x: Any, parameters: Parameters | None = None) -> list[Any]:
        """Return what each layer gives of rows (n, inputs), the adapter's part added."""
        p = self.parameters if parameters is None else parameters
        found = []
        last = len(self.sizes) - 2
        for k in range(last + 1):
            own = nn.linear(x, self.base[f"{2 * k}.weight"].T, self.base[f"{2 * k}.bias"])
            update = nn.linear(nn.linear(x, p[f"{2 * k}.lora_A"].T), p[f"{2 * k}.lora_B"].T)
            x = own + update
            x = nn.relu(x) if k < last else x
            found.append(x)
        return found


class LoraRun(GradientRun):
    """An adapter that learns digits turned by 90 degrees, beside full tuning of the same network."""

    def __init__(self, settings: Settings) -> None:
        seed = int(settings["seed"])
        self.known = learned_digits(seed)
        self.model = AdaptedPerceptron(self.known, int(settings["rank"]), np.random.default_rng((seed, 1)))
        optimizer = make_optimizer(str(settings["optimizer"]), self.model.parameters)
        super().__init__(settings, self.model.parameters, optimizer)
        self.upright = digits_split()
        self.turned = tuple(Digits(turn(part.pixels), part.classes) for part in self.upright)
        self.full = digits.make_model({**digits.RECIPES["mlp"].defaults, "seed": seed})
        self.full.parameters.load(self.known.tensors)
        self.full_optimizer = make_optimizer("adam", self.full.parameters)

    @property
    def data(self) -> str:
        """What it learns from."""
        train, validation, test, _ = (len(part.classes) for part in self.turned)
        full = len(self.full.parameters.values)
        share = f"{self.weights / full:.0%} of the {full:,} of full tuning"
        return f"{share}; {train:,} turned digits; {validation} to choose by, {test} held out"

    @property
    def ignorance(self) -> float:
        """The loss that the network has on turned digits before it learns them: it is sure, and wrong."""
        return max(math.log(10.0), self._loss_of(self.known))

    def _loss_of(self, model: Perceptron) -> float:
        return float(model.loss(self.turned[1].pixels, self.turned[1].classes).value)

    def batch_loss(self) -> Tensor:
        """Return the loss of turned digits that are drawn; full tuning takes its step on the same."""
        part = self.turned[0]
        rows = draw_rows(self.generator, int(self.settings["batch"]), len(part.classes))
        images, classes = part.pixels[rows], part.classes[rows]
        self.full.loss(images, classes).backward(free=True)
        self.full_optimizer.step(FULL_RATE * self.lr / float(self.settings["lr"]))
        return self.model.loss(images, classes)

    def validate(self) -> float:
        """Return the adapter's loss on the turned digits to choose by."""
        return self._loss_of(self.model)

    def figures(self) -> Mapping[str, float | str]:
        """Return shares told right: by the adapter, by full tuning, and of upright digits after that."""
        turned, upright = self.turned[1], self.upright[1]
        return {
            "accuracy": self.model.accuracy(*turned),
            "full": self.full.accuracy(*turned),
            "full_upright": self.full.accuracy(*upright),
        }

    def test(self) -> Mapping[str, float]:
        """Return the same of test digits; without its adapter the network is what it was."""
        turned, upright = self.turned[2], self.upright[2]
        return {
            "test": self.model.accuracy(*turned),
            "test_full": self.full.accuracy(*turned),
            "test_full_upright": self.full.accuracy(*upright),
            "test_adapter_off": self.known.accuracy(*upright),
        }

    def baselines(self) -> Sequence[Baseline]:
        """Return what the network tells of turned digits before it learns them."""
        share = self.known.accuracy(*self.turned[1])
        return (
            Baseline("as it was", self._loss_of(self.known)),
            Baseline("as it was", share, "of the turned digits right", column="accuracy"),
        )

    def formulas(self) -> Sequence[Formula]:
        """Return the adapter's share of a layer, and the loss of an image."""
        rank = int(self.settings["rank"])
        outputs, inputs = self.model.base["0.weight"].shape
        image, target = self.turned[2].pixels[:1], int(self.turned[2].classes[0])
        logits = self.model.logits(image)[0].round(4)
        return (
            Formula(
                f"weights of an update of rank {rank} to the first layer",
                float(rank * (inputs + outputs)),
                f"aimath lora --shape {outputs}x{inputs} --rank {rank}",
                "parameters",
            ),
            Formula(
                f"the loss of the first turned test image, a {target}",
                float(cross_entropy_rows(logits, np.array(target))),
                f"aimath cross-entropy --logits {number_list(logits)} --target {target}",
                "cross_entropy",
            ),
        )

    def example(self) -> Example:
        """Return the way of the turned image with the largest loss through the adapted network."""
        part = self.turned[0]
        hardest = int(cross_entropy_rows(self.model.logits(part.pixels), part.classes).argmax())
        row, target = part.pixels[hardest : hardest + 1], int(part.classes[hardest])
        parameters = copied(self.parameters)
        optimizer = make_optimizer(str(self.settings["optimizer"]), parameters)
        optimizer.load(self.optimizer.state())
        hidden, logits = (np.asarray(layer.value)[0] for layer in self.model.layers(row, parameters)[-2:])
        a = np.asarray(parameters["0.lora_A"].value) @ row[0]
        return Example(
            text=f"the turned image with the largest loss, a {target}",
            forward=(
                Quantity("x", "", row[0]),
                Quantity("A1 x", "", a),
                Quantity("h1", "relu(W1 x + B1 (A1 x) + b1)", hidden),
                Quantity("logits", "W2 h1 + B2 (A2 h1) + b2", logits, digits.CLASSES),
            ),
            target=target,
            loss=lambda: self.model.loss(row, np.array([target]), parameters),
            parameters=parameters,
            optimizer=optimizer,
        )

    def load(self, tensors: Mapping[str, FloatArray], state: Mapping[str, FloatArray], done: int) -> None:
        """Go on from a checkpoint; full tuning, which is none of it, takes its steps again."""
        for step in range(done):  # which draws from the generator, before that is set anew
            self.done = step
            self.batch_loss()
        load_adapter(self.model, tensors)
        self.optimizer.load(state)
        self.done = done


@cache
def learned_digits(seed: int) -> Perceptron:
    """Return a network that has learned upright digits, and isn't too sure of them."""
    run = digits.DigitsRun({**digits.RECIPES["mlp"].defaults, **KNOWN, "seed": seed})
    for _ in range(run.steps):
        run.step()
    return run.model


def turn(images: Array) -> Array:
    """Return images (n, 64) turned by 90 degrees, counterclockwise.

    >>> turn(np.arange(64.0)[np.newaxis])[0, :2].tolist()
    [7.0, 15.0]
    """
    return np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(len(images), -1)


def load_adapter(model: AdaptedPerceptron, tensors: Mapping[str, FloatArray]) -> None:
    """Take a checkpoint's adapter and what it stands beside, or raise InputError if they don't fit."""
    whole = nn.Parameters(model.tensors)
    whole.load(tensors)
    arrays = whole.arrays()
    model.base = {name: np.array(arrays[name]) for name in model.base}
    model.parameters.load({name: arrays[name] for name in model.parameters})


def restore(
    settings: Settings, _tokens: Sequence[str], tensors: Mapping[str, FloatArray]
) -> AdaptedPerceptron:
    """Return the adapted network of a checkpoint."""
    seed = int(settings["seed"])
    base = digits.make_model({**digits.RECIPES["mlp"].defaults, "seed": seed})
    model = AdaptedPerceptron(base, int(settings["rank"]), np.random.default_rng((seed, 1)))
    load_adapter(model, tensors)
    return model


RECIPES = {
    "": Recipe(
        name="lora",
        arch="",
        summary="A network that knows digits learns turned ones by two thin matrices a layer",
        seen="a rank of 4 does nearly what full tuning does, and forgets nothing",
        unit="nats",
        defaults={"steps": 400, "lr": 0.05, "batch": 96, "rank": 4, "optimizer": "adam", "seed": 0},
        seconds=1.0,
        quality="93 % of the turned digits told right",
        build=lambda settings, _lines: LoraRun(settings),
        restore=restore,
        columns=("accuracy", "full", "full_upright"),
        experiments=(
            Experiment("--rank 1,2,4,8,16 --last", "what each rank reaches, beside full tuning"),
            Experiment("--rank 1", "one direction a layer is too few"),
            Experiment("--explain", "how B, which begins at 0, gets its gradient through A"),
        ),
        lesson="Switched off, the adapter leaves the network as it was; full tuning forgets upright digits.",
    )
}
