"""The run ddpm: a network that takes noise off digits draws new ones, beginning with noise alone.

x_t = x + σ ε is a digit with noise. The network tells each pixel's distribution given x_t: a logistic one
whose ends beyond blank and full are blank and full, so that white stays white. A step draws pixels from it
and goes to a smaller σ by the posterior of the noise. Ho, Jain and Abbeel (2020), whose discretized decoder
is used at every step here; the scalings by σ are those of Karras et al. (2022).
"""

from __future__ import annotations

import copy
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import GradientRun, Network, copied, draw_rows
from aimath.training.interface import (
    Baseline,
    Example,
    Experiment,
    Formula,
    Picture,
    Quantity,
    Recipe,
    Samples,
)
from aimath.training.runs._digits_data import digits_split
from aimath.training.runs._image_quality import (
    TOP,
    UNIT,
    Quality,
    baseline_qualities,
    digits_held_out,
    digits_to_learn,
    measure_quality,
    to_grid,
    two_sample_shares,
)
from aimath.training.runs._perceptron_page import cosine_formula, number_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Asked, Settings, Surprise
    from aimath.training.runs._digits_data import Digits

PIXELS, CLASSES, FREQUENCIES = 64, 10, 8
SPREAD = 0.75
"""The standard deviation of pixels from -1 to 1, about: what the scalings by σ take it to be."""
LARGEST_SIGMA, SMALLEST_SIGMA, STEEPNESS = 10.0, 0.08, 7.0
"""From where to where a sampler goes, and how its steps crowd at the end (Karras et al. 2022)."""
LOG_SIGMA_MEAN, LOG_SIGMA_SPREAD = -1.0, 1.2
"""Of the normal distribution that training draws log σ from."""
STATES = 30
WARM_UP = 50
"""Steps in which the learning rate rises."""


class Denoiser(Network):
    """Two residual blocks with layer norm, whose gains are told by the class and by the noise."""

    def __init__(self, settings: Settings) -> None:
        width, self.blocks = int(settings["width"]), int(settings["layers"])
        rng = np.random.default_rng((int(settings["seed"]), 1))
        told = CLASSES + 2 * FREQUENCIES
        arrays: dict[str, Array] = {
            "input.weight": rng.normal(0.0, 1.0 / math.sqrt(PIXELS), (PIXELS, width)),
            "input.bias": np.zeros(width),
            "condition.weight": rng.normal(0.0, 0.1, (told, width * (self.blocks + 1))),
        }
        for k in range(self.blocks):
            arrays |= {
                f"blocks.{k}.up.weight": rng.normal(0.0, 1.0 / math.sqrt(width), (width, width)),
                f"blocks.{k}.up.bias": np.zeros(width),
                f"blocks.{k}.down.weight": rng.normal(0.0, 0.2 / math.sqrt(width), (width, width)),
                f"blocks.{k}.down.bias": np.zeros(width),
            }
        start = rng.normal(0.0, 0.2 / math.sqrt(width), (width, 2 * PIXELS))
        start[:, PIXELS:] = 0.0
        arrays |= {"output.weight": start, "output.bias": np.zeros(2 * PIXELS)}
        self.parameters = nn.Parameters(arrays, np.float32)

    def distribution(self, noisy: FloatArray, classes: Indices, sigma: FloatArray) -> tuple[Any, Any]:
        """Return mean and log scale (n, 64) of the pixels' logistic distributions, in pixel values 0 .. 16.

        Of noisy images (n, 64), whose pixels were -1 to 1 before noise of standard deviation sigma (n,).
        """
        p = self.parameters
        condition = _condition(classes, sigma)
        noise = sigma[:, np.newaxis]
        total = np.sqrt(noise**2 + np.float32(SPREAD**2))
        told = nn.linear(condition, p["condition.weight"])
        width = p["input.bias"].shape[0]
        first, *gains = nn.split(told, [width] * (self.blocks + 1))
        x = nn.linear(noisy / total, p["input.weight"], p["input.bias"]) + first
        for k, gain in enumerate(gains):
            rows = nn.layer_norm(x, gain + 1.0)
            inner = nn.relu(nn.linear(rows, p[f"blocks.{k}.up.weight"], p[f"blocks.{k}.up.bias"]))
            x = x + nn.linear(inner, p[f"blocks.{k}.down.weight"], p[f"blocks.{k}.down.bias"])
        mean, scale = nn.split(nn.linear(x, p["output.weight"], p["output.bias"]), [PIXELS, PIXELS])
        left = noise * np.float32(SPREAD) / total  # the standard deviation that a normal pixel has left
        kept = np.asarray(noisy * (np.float32(SPREAD) / total) ** 2 * UNIT + UNIT, np.float32)
        return mean * (left * np.float32(UNIT)) + kept, nn.tanh(scale * 0.4) * 2.5 + np.log(0.6 * UNIT * left)

    def loss(self, noisy: FloatArray, classes: Indices, sigma: FloatArray, levels: FloatArray) -> Tensor:
        """Return the mean of -log p of pixel values (n, 64) given them with noise, in nats a pixel."""
        mean, log_scale = self.distribution(noisy, classes, sigma)
        loss: Tensor = nn.discretized_logistic_loss(mean, log_scale, levels, TOP) * (1.0 / PIXELS)
        return loss

    def draw(
        self, classes: Indices, rng: np.random.Generator, temperature: float = 1.0, states: int = STATES
    ) -> list[Array]:
        """Return the images (n, 64), in pixel values, on the way from noise to digits of these classes."""
        sigmas = noise_levels(states)
        x = np.asarray(rng.standard_normal((len(classes), PIXELS)) * sigmas[0], np.float32)
        found = [x * UNIT + UNIT]
        for sigma, smaller in zip(sigmas, [*sigmas[1:], 0.0], strict=True):
            mean, log_scale = self.distribution(x, classes, np.full(len(classes), sigma, np.float32))
            share = np.clip(rng.random(mean.shape), 1e-12, 1.0 - 1e-12)
            drawn = mean.value + temperature * np.exp(log_scale.value) * np.log(share / (1.0 - share))
            clean = np.clip(np.rint(drawn), 0.0, TOP) / UNIT - 1.0
            kept = (smaller / sigma) ** 2
            x = clean + kept * (x - clean)
            x += smaller * math.sqrt(1.0 - kept) * rng.standard_normal(x.shape)
            x = np.asarray(x, np.float32)
            found.append(x * UNIT + UNIT)
        return [np.asarray(state, np.float64) for state in found]

    def samples(self, asked: Asked) -> Samples:
        """Return digits, of the class that was asked for or of all in turn."""
        if asked.prompt or any(each is not None for each in (asked.top_k, asked.top_p, asked.min_p)):
            raise InputError(
                "a model of images takes --label, and neither a prompt nor what cuts letters off"
            )
        if asked.label is not None and not 0 <= asked.label < CLASSES:
            raise InputError(f"--label is a digit from 0 to 9, not {asked.label}")
        classes = (
            np.arange(asked.samples) % CLASSES if asked.label is None else np.full(asked.samples, asked.label)
        )
        way = self.draw(classes, np.random.default_rng(asked.seed), asked.temperature)
        path = np.stack([np.clip(state, 0.0, TOP).reshape(-1, 8, 8) for state in way]) if asked.path else None
        return Samples(images=way[-1].reshape(-1, 8, 8), labels=tuple(classes.tolist()), path=path)

    def surprise(self, _text: str) -> Surprise:
        """Raise InputError: there are no texts."""
        raise InputError("this model draws digits, and has no texts", usage=True)


def _condition(classes: Indices, sigma: FloatArray) -> FloatArray:
    """Return what a class and a noise level are told as (n, 26): a sign of the class, waves of log σ."""
    waves = np.log(sigma)[:, np.newaxis] * (0.5 * np.arange(1, FREQUENCIES + 1, dtype=np.float32))
    signs = np.eye(CLASSES, dtype=np.float32)[classes]
    return np.concatenate([signs, np.cos(waves), np.sin(waves)], axis=1)


def noise_levels(count: int) -> Array:
    """Return the sigmas of a sampler's states, from the largest to the smallest.

    (a + k / (n - 1) (b - a))^7, a and b the seventh roots of the ends. Karras et al. (2022), equation 5.
    """
    first, last = (sigma ** (1.0 / STEEPNESS) for sigma in (LARGEST_SIGMA, SMALLEST_SIGMA))
    return np.asarray(np.linspace(first, last, count) ** STEEPNESS)


class DdpmRun(GradientRun):
    """A Denoiser that learns digits: each step some, each with noise of its own strength."""

    def __init__(self, settings: Settings) -> None:
        self.model = Denoiser(settings)
        super().__init__(settings, self.model.parameters, nn.Adam(self.model.parameters))
        self.split = digits_split()
        learned = digits_to_learn()
        self._levels, self._classes = learned.pixels.astype(np.float32), learned.classes

    @property
    def data(self) -> str:
        """What it learns from."""
        sizes = [len(part.classes) for part in self.split[:3]]
        return f"{sizes[0]:,} digits of 8 x 8 pixels; {sizes[1]} to choose by, {sizes[2]} held out"

    @property
    def ignorance(self) -> float:
        """The loss of 17 equally likely pixel values, ln 17."""
        return math.log(TOP + 1)

    @property
    def lr(self) -> float:
        """The rate of the next step: up in 50 steps, then down by half a cosine."""
        return super().lr * min(1.0, (self.done + 1) / WARM_UP)

    def batch_loss(self) -> Tensor:
        """Return the loss of digits that are drawn, with noise."""
        rows = draw_rows(self.generator, int(self.settings["batch"]), len(self._classes))
        return self._noisy_loss(self._levels[rows], self._classes[rows], self.generator)

    def _noisy_loss(self, levels: FloatArray, classes: Indices, generator: np.random.Generator) -> Tensor:
        logs = LOG_SIGMA_MEAN + LOG_SIGMA_SPREAD * generator.standard_normal(len(levels), np.float32)
        sigma = np.exp(np.clip(logs, math.log(SMALLEST_SIGMA * 0.6), math.log(LARGEST_SIGMA)))
        noise = generator.standard_normal(levels.shape, np.float32)
        noisy = levels / np.float32(UNIT) - np.float32(1.0) + sigma[:, np.newaxis] * noise
        return self.model.loss(noisy, classes, sigma, levels)

    def _loss_of(self, part: Digits) -> float:
        """Return the loss of digits with noise that is always the same."""
        levels = np.rint(part.pixels * TOP).astype(np.float32)
        rng = np.random.default_rng(0)
        return float(np.mean([self._noisy_loss(levels, part.classes, rng).value for _ in range(4)]))

    def validate(self) -> float:
        """Return the loss on the digits to choose by."""
        return self._loss_of(self.split.validation)

    def figures(self) -> Mapping[str, float | str]:
        """Return how often a neighbour tells made digits from those to choose by."""
        part = self.split.validation
        made = to_grid(self.model.draw(part.classes, np.random.default_rng(0))[-1])
        return {"c2st": sum(two_sample_shares(made, np.rint(part.pixels * TOP))) / 2.0}

    def quality(self, seed: int = 0) -> Quality:
        """Return how good as many digits are as are held out, of the same classes."""
        held, learned = digits_held_out(), digits_to_learn()
        made = self.model.draw(held.classes, np.random.default_rng(seed))[-1]
        return measure_quality(made, held.classes, held.pixels, learned.pixels)

    def test(self) -> Mapping[str, float]:
        """Return the loss on the test digits, and how good made ones are."""
        return {"test": self._loss_of(self.split.test), **self.quality()._asdict()}

    @cached_property
    def _baselines(self) -> tuple[Baseline, ...]:
        made = tuple(
            Baseline(name, each.c2st, f"c2st, at distance {each.nearest:.2f}", column="c2st")
            for name, each in baseline_qualities().items()
        )
        return (Baseline("uniform", self.ignorance, "= ln 17"), *made)

    def baselines(self) -> Sequence[Baseline]:
        """Return the loss of equal chances, and how good digits are that are real or made by no net."""
        return self._baselines

    def formulas(self) -> Sequence[Formula]:
        """Return the loss of equal chances, and the surprise at one pixel's being blank."""
        digit = digits_to_learn().pixels[:1]
        noisy = np.asarray(digit / UNIT - 1.0, np.float32)
        mean, log_scale = self.model.distribution(noisy, self.split.train.classes[:1], np.ones(1, np.float32))
        pixel = PIXELS // 2 + 3
        logit = float((0.5 - mean.value[0, pixel]) / np.exp(log_scale.value[0, pixel]))
        typed = number_list(np.array([logit, 0.0]))
        said = float(typed.split(",")[0])
        return (
            Formula(
                "the loss of 17 equally likely pixel values, ln 17",
                self.ignorance,
                f"aimath entropy --base e --normalize {','.join(['1'] * (TOP + 1))}",
                "entropy",
            ),
            Formula(
                "the surprise if a middle pixel of the first digit is blank, -ln σ((½ - mean) / s)",
                float(np.logaddexp(0.0, -said)),
                f"aimath cross-entropy --logits={typed} --target 0",
                "cross_entropy",
            ),
            *(cosine_formula(float(self.settings["lr"]), self.steps) if self.steps >= 2 * WARM_UP else ()),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return five digits on their way from noise, a digit a row."""
        way = self.model.draw(np.arange(5), np.random.default_rng(0))
        shown = np.stack([np.clip(state / TOP, 0.0, 1.0) for state in way[:: STATES // 5]])
        sheet = shown.reshape(-1, 5, 8, 8).transpose(1, 2, 0, 3).reshape(5 * 8, -1)
        return (Picture("heat", "digits on their way from noise", sheet),)

    def example(self) -> Example:
        """Return the first digit's way through the network, with noise of 1."""
        twin = copy.copy(self.model)
        twin.parameters = copied(self.model.parameters)
        optimizer = nn.Adam(twin.parameters)
        optimizer.load({name: np.asarray(each, np.float64) for name, each in self.optimizer.state().items()})
        levels, classes = digits_to_learn().pixels[:1], digits_to_learn().classes[:1]
        sigma = np.ones(1)
        noisy = levels / UNIT - 1.0 + np.random.default_rng(0).standard_normal((1, PIXELS))
        mean, log_scale = twin.distribution(noisy, classes, sigma)
        return Example(
            text=f"the first digit, a {classes[0]}, with noise of σ = 1",
            forward=(
                Quantity("x", "the pixels, -1 to 1, + σ ε", noisy[0]),
                Quantity("mean", "of each pixel, 0 to 16", mean.value[0]),
                Quantity("log s", "of each pixel's scale", log_scale.value[0]),
            ),
            target=None,
            loss=lambda: twin.loss(noisy, classes, sigma, levels),
            parameters=twin.parameters,
            optimizer=optimizer,
        )


RECIPES = {
    "": Recipe(
        name="ddpm",
        arch="",
        summary="Digits are learned from what noise leaves of them, and drawn from noise",
        seen="digits that condense out of noise, and whether a neighbour tells them from real ones",
        unit="nats a pixel",
        defaults={"steps": 1200, "lr": 0.008, "batch": 256, "layers": 2, "width": 160, "seed": 0},
        seconds=10.0,
        quality="a nearest neighbour tells them from real digits in 6 of 10 cases",
        build=lambda settings, _lines: DdpmRun(settings),
        restore=lambda settings, _tokens, tensors: Denoiser(settings).loaded(tensors),
        columns=("c2st",),
        experiments=(
            Experiment("--steps 200", "blots"),
            Experiment("--layers 1 --width 64", "a smaller net in a third of the time"),
        ),
        lesson="c2st near .5 would be digits that nothing tells from real ones; nearest 0 would be copies.",
    ),
}
