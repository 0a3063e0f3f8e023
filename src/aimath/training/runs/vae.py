"""The run vae: digits squeezed into two numbers and drawn again from them.

q(z | x) is a normal distribution for each digit, p(x | z) a Bernoulli one for each pixel, whose darkness is
the share of ink. The loss is an upper bound of -log p(x): what is lost in drawing, and beta times
KL(q(z | x) ‖ N(0, 1)). Kingma and Welling (2014); Higgins et al. (2017) for beta. In the first half of the
steps beta grows from 0 to its value (Bowman et al. 2016): one run in four else ended with a number of the
code unused, 1 to 2 nats worse.
"""

from __future__ import annotations

import copy
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import GradientRun, Network, copied, draw_rows, he_start
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
from aimath.training.runs._perceptron_page import cosine_formula, number_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array, FloatArray
    from aimath.training.interface import Asked, Settings, Surprise

PIXELS, CODE, TOP, GRID = 64, 2, 16.0, 9
PREFIXES = ("encoder.0", "encoder.2", "decoder.0", "decoder.2", "decoder.4")


class Autoencoder(Network):
    """64 - width - (2) - width - width - 64, with relu between; named as torch's Sequential names layers."""

    def __init__(self, settings: Settings) -> None:
        width = int(settings["width"])
        rng = np.random.default_rng((int(settings["seed"]), 1))
        sizes = ((PIXELS, width), (width, 2 * CODE), (CODE, width), (width, width), (width, PIXELS))
        arrays: dict[str, FloatArray] = {}
        for prefix, (inputs, outputs) in zip(PREFIXES, sizes, strict=True):
            arrays[f"{prefix}.weight"] = he_start(rng, inputs, outputs).T
            arrays[f"{prefix}.bias"] = np.zeros(outputs)
        arrays["encoder.2.weight"] *= 0.1
        self.parameters = nn.Parameters(arrays, np.float32)

    def _layer(self, prefix: str, x: Any) -> Any:
        return nn.linear(x, self.parameters[f"{prefix}.weight"].T, self.parameters[f"{prefix}.bias"])

    def encode(self, pixels: FloatArray) -> tuple[Any, Any]:
        """Return mean and log variance (n, 2) of the codes of images (n, 64) with pixels 0 to 1."""
        hidden = nn.relu(self._layer("encoder.0", pixels))
        mean, log_variance = nn.split(self._layer("encoder.2", hidden), [CODE, CODE])
        return mean, log_variance

    def decode(self, codes: Any) -> Any:
        """Return the logits (n, 64) of the pixels of codes (n, 2)."""
        hidden = nn.relu(self._layer("decoder.0", codes))
        return self._layer("decoder.4", nn.relu(self._layer("decoder.2", hidden)))

    def parts(self, pixels: FloatArray, noise: FloatArray) -> tuple[Any, Any]:
        """Return reconstruction and KL of images (n, 64), drawn with noise (n, 2): means, in nats a digit.

        z = mean + exp(log variance / 2) · noise; -Σ x log p + (1 - x) log(1 - p), as softplus(l) - x l of the
        logits l; KL = ½ Σ exp(log variance) + mean² - 1 - log variance.
        """
        mean, log_variance = self.encode(pixels)
        logits = self.decode(mean + nn.exp(log_variance * 0.5) * noise)
        reconstruction = nn.bernoulli_loss(logits, pixels)
        kl = (nn.exp(log_variance) + mean * mean - log_variance - 1.0).sum() * (0.5 / len(pixels))
        return reconstruction, kl

    def samples(self, asked: Asked) -> Samples:
        """Return the digits of codes that are drawn from N(0, 1)."""
        if asked.prompt or any(
            each is not None for each in (asked.label, asked.top_k, asked.top_p, asked.min_p)
        ):
            raise InputError(
                "a model of two numbers takes neither a prompt, a label nor what cuts letters off"
            )
        if asked.path:
            raise InputError("an autoencoder draws in one step: there is no --path")
        codes = np.random.default_rng(asked.seed).standard_normal((asked.samples, CODE)) * asked.temperature
        return Samples(images=self.images(codes))

    def images(self, codes: Array) -> Array:
        """Return the images (n, 8, 8), from 0 to 16, of codes (n, 2)."""
        logits = self.decode(codes.astype(np.float32)).value.astype(np.float64)
        return np.asarray(TOP * nn.sigmoid(logits)).reshape(-1, 8, 8)

    def surprise(self, _text: str) -> Surprise:
        """Raise InputError: there are no texts."""
        raise InputError("this model draws digits, and has no texts", usage=True)


class VaeRun(GradientRun):
    """An Autoencoder that learns digits."""

    def __init__(self, settings: Settings) -> None:
        self.model = Autoencoder(settings)
        super().__init__(settings, self.model.parameters, nn.Adam(self.model.parameters))
        self.split = digits_split()
        self._pixels = self.split.train.pixels.astype(np.float32)
        self.beta = float(settings["beta"])

    @property
    def data(self) -> str:
        """What it learns from."""
        sizes = [len(part.classes) for part in self.split[:3]]
        return f"{sizes[0]:,} digits of 8 x 8 pixels; {sizes[1]} to choose by, {sizes[2]} held out"

    @property
    def ignorance(self) -> float:
        """The loss of pixels that are each as likely ink as not, 64 ln 2."""
        return PIXELS * math.log(2.0)

    def batch_loss(self) -> Tensor:
        """Return the loss of digits that are drawn."""
        batch = int(self.settings["batch"])
        rows = draw_rows(self.generator, batch, len(self._pixels))
        noise = self.generator.standard_normal((batch, CODE), np.float32)
        reconstruction, kl = self.model.parts(self._pixels[rows], noise)
        loss: Tensor = reconstruction + kl * (self.beta * min(1.0, 2 * (self.done + 1) / self.steps))
        return loss

    def _parts_of(self, pixels: Array) -> tuple[float, float]:
        """Return reconstruction and KL of images with noise that is always the same, 20 times a digit."""
        many = np.tile(pixels, (20, 1)).astype(np.float32)
        noise = np.random.default_rng(0).standard_normal((len(many), CODE)).astype(np.float32)
        reconstruction, kl = self.model.parts(many, noise)
        return float(reconstruction.value), float(kl.value)

    def validate(self) -> float:
        """Return reconstruction + beta · KL on the digits to choose by."""
        reconstruction, kl = self._parts_of(self.split.validation.pixels)
        return reconstruction + self.beta * kl

    def figures(self) -> Mapping[str, float | str]:
        """Return reconstruction and KL on the digits to choose by."""
        return dict(zip(("reconstruction", "kl"), self._parts_of(self.split.validation.pixels), strict=True))

    def test(self) -> Mapping[str, float]:
        """Return the bound, reconstruction + KL, on the test digits, and both parts."""
        reconstruction, kl = self._parts_of(self.split.test.pixels)
        return {"test": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}

    @cached_property
    def _baselines(self) -> tuple[Baseline, ...]:
        learned, told = self.split.train, self.split.validation
        mean = np.clip(learned.pixels.mean(axis=0), 1e-3, 1.0 - 1e-3)
        by_class = np.stack([learned.pixels[learned.classes == k].mean(axis=0) for k in range(10)])
        by_class = np.clip(by_class, 1e-3, 1.0 - 1e-3)[told.classes]
        return (
            Baseline("half ink everywhere", self.ignorance, "= 64 ln 2"),
            Baseline("the mean digit", _bernoulli(told.pixels, mean)),
            Baseline("the mean of its class, and which", _bernoulli(told.pixels, by_class) + math.log(10.0)),
            Baseline("each pixel as it is", _bernoulli(told.pixels, np.clip(told.pixels, 1e-9, 1.0 - 1e-9))),
        )

    def baselines(self) -> Sequence[Baseline]:
        """Return what means reach without a code, and the least there is."""
        return self._baselines

    def formulas(self) -> Sequence[Formula]:
        """Return the KL of the first test digit's code."""
        mean, log_variance = self.model.encode(self.split.test.pixels[:1].astype(np.float32))
        m, log_v = (np.asarray(each.value[0], np.float64).round(4) for each in (mean, log_variance))
        kl = 0.5 * float((np.exp(log_v) + m * m - 1.0 - log_v).sum())
        line = f"aimath gaussian-kl --mu={number_list(m)} --logvar={number_list(log_v)}"
        return (
            Formula("the KL of the first test digit's code", kl, line, "kl"),
            *cosine_formula(float(self.settings["lr"]), self.steps),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return the digits of a grid of codes, from -2 to 2 both ways."""
        places = np.linspace(-2.0, 2.0, GRID)
        codes = np.stack(np.meshgrid(places, places[::-1]), axis=-1).reshape(-1, CODE)
        images = self.model.images(codes).reshape(GRID, GRID, 8, 8) / TOP
        sheet = images.swapaxes(1, 2).reshape(8 * GRID, 8 * GRID)
        return (Picture("heat", "digits of the codes from -2 to 2", sheet),)

    def example(self) -> Example:
        """Return the first digit's way through the model."""
        twin = copy.copy(self.model)
        twin.parameters = copied(self.model.parameters)
        optimizer = nn.Adam(twin.parameters)
        optimizer.load({name: np.asarray(each, np.float64) for name, each in self.optimizer.state().items()})
        pixels, noise = self.split.train.pixels[:1], np.zeros((1, CODE))
        mean, log_variance = twin.encode(pixels)

        def loss() -> Tensor:
            reconstruction, kl = twin.parts(pixels, noise)
            total: Tensor = reconstruction + kl * self.beta
            return total

        return Example(
            text=f"the first digit, a {self.split.train.classes[0]}, its code at the mean",
            forward=(
                Quantity("x", "the pixels, 0 to 1", pixels[0]),
                Quantity("mean", "of its code", mean.value[0]),
                Quantity("log variance", "of its code", log_variance.value[0]),
                Quantity(
                    "p", "σ(logits), the share of ink", np.asarray(nn.sigmoid(twin.decode(mean).value[0]))
                ),
            ),
            target=None,
            loss=loss,
            parameters=twin.parameters,
            optimizer=optimizer,
        )


def _bernoulli(pixels: Array, share: Array) -> float:
    """Return the mean of -Σ x log p + (1 - x) log(1 - p) over images."""
    return float(-(pixels * np.log(share) + (1.0 - pixels) * np.log1p(-share)).sum(axis=1).mean())


RECIPES = {
    "": Recipe(
        name="vae",
        arch="",
        summary="Digits are squeezed into two numbers and drawn again",
        seen="a plane on which digits turn into one another",
        unit="nats a digit",
        defaults={"steps": 300, "lr": 0.02, "batch": 128, "width": 128, "beta": 1.0, "seed": 0},
        seconds=0.5,
        quality="24.9 nats a digit: reconstruction 22.7, KL 2.2",
        build=lambda settings, _lines: VaeRun(settings),
        restore=lambda settings, _tokens, tensors: Autoencoder(settings).loaded(tensors),
        columns=("reconstruction", "kl"),
        experiments=(
            Experiment("--beta 4", "the code collapses: KL 0, every digit the same grey"),
            Experiment("--steps 800", "a third of a nat less in 1.3 s"),
        ),
        lesson="Near codes are alike digits: to be drawn from noise, no code may lie alone.",
    ),
}
