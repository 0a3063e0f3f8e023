"""How good made digits are: told from real ones by a nearest neighbour, copies, read as what they should be.

All is of images (n, 64) with pixels 0 to 16, rounded to whole ones: fractions would tell at once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from aimath.training.runs import _digits_data

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.runs._classifier import Perceptron

TOP, UNIT = 16, 8.0
"""The darkest pixel, and how many pixel values a distance of 1 is: half of the range."""


class Quality(NamedTuple):
    """What is said of made digits."""

    c2st: float  # the share that a nearest neighbour tells right, made or real: .5 is the best there is
    c2st_fake: float  # among the made ones
    c2st_real: float  # among the real ones
    nearest: float  # mean distance to the nearest digit that was learned from: 0 is a copy
    agreement: float  # share that a classifier reads as what was asked for


def measure_quality(images: Array, classes: Indices, real: Array, learned: Array) -> Quality:
    """Return how good images (n, 64) of classes (n,) are, beside real (m, 64) and learned ones (k, 64)."""
    made = to_grid(images)
    fake, true = two_sample_shares(made, real)
    nearest = float(nearest_distances(made, learned).mean())
    read = (reader().logits(made / TOP).argmax(axis=-1) == classes).mean()
    return Quality((fake + true) / 2.0, fake, true, nearest, float(read))


def to_grid(images: Array) -> Array:
    """Return images with their pixels rounded to 0 .. 16."""
    return np.asarray(np.clip(np.rint(images), 0.0, TOP))


def two_sample_shares(made: Array, real: Array) -> tuple[float, float]:
    """Return the shares of made (n, d) and of real rows (m, d) whose nearest other row is of their kind.

    A classifier two-sample test by leave-one-out nearest neighbours: near ½ both where nothing tells them
    apart. Of equally near rows the first counts, the made ones before the real. Lopez-Paz and Oquab (2017).
    """
    rows = np.concatenate([made, real])
    squares = _squared_distances(rows, rows)
    np.fill_diagonal(squares, np.inf)
    right = (squares.argmin(axis=1) < len(made)) == (np.arange(len(rows)) < len(made))
    return float(right[: len(made)].mean()), float(right[len(made) :].mean())


def nearest_distances(rows: Array, others: Array) -> Array:
    """Return the Euclidean distance (n,) of each row (n, d) to the nearest of others, in half ranges."""
    return np.asarray(np.sqrt(_squared_distances(rows, others).min(axis=1)) / UNIT)


def _squared_distances(rows: Array, others: Array) -> Array:
    """Return ‖x - y‖² (n, m): exact for whole numbers of this size, so that ties are ties."""
    squares = (rows * rows).sum(axis=1)[:, np.newaxis] + (others * others).sum(axis=1)
    return np.asarray(np.maximum(squares - 2.0 * (rows @ others.T), 0.0))


@cache
def reader() -> Perceptron:
    """Return the network of `train digits`, seed 0, as it is after its training."""
    from aimath.training.registry import find_recipe  # noqa: PLC0415  its module has runs of its own

    recipe = find_recipe("digits")
    run = recipe.build({**recipe.defaults, "seed": 0}, ())
    while run.done < run.steps:
        run.step()
    return cast("Perceptron", run.model)


class Digits(NamedTuple):
    """The digits that ship with aimath, as images are made here: pixels 0 to 16."""

    pixels: Array  # (n, 64)
    classes: Indices  # (n,)


@cache
def digits_to_learn() -> Digits:
    """Return the 1,297 digits that are learned from."""
    return _of_part(_digits_data.digits_split().train)


@cache
def digits_held_out() -> Digits:
    """Return the 500 digits that nothing is learned from."""
    return _of_part(_digits_data.digits_split().heldout)


def _of_part(part: _digits_data.Digits) -> Digits:
    return Digits(np.rint(part.pixels * TOP), part.classes)


def class_gaussians(learned: Digits, classes: Indices, rng: np.random.Generator) -> Array:
    """Return images (n, 64) drawn from a normal distribution of each class, its mean and covariance."""
    made = np.empty((len(classes), learned.pixels.shape[1]))
    for each in np.unique(classes):
        pixels, asked = learned.pixels[learned.classes == each], classes == each
        made[asked] = rng.standard_normal((asked.sum(), len(pixels))) @ (pixels - pixels.mean(axis=0))
        made[asked] = pixels.mean(axis=0) + made[asked] / np.sqrt(len(pixels) - 1.0)
    return made


def mixture_of_gaussians(
    learned: Digits, classes: Indices, rng: np.random.Generator, count: int = 6, shrink: float = 0.3
) -> Array:
    """Return images (n, 64) of `count` normal distributions a class, around centres that k-means finds.

    Each has its members' covariance, of which `shrink` is replaced by the whole class's.
    """
    made = np.empty((len(classes), learned.pixels.shape[1]))
    for each in np.unique(classes):
        pixels, asked = learned.pixels[learned.classes == each], np.flatnonzero(classes == each)
        member = _k_means(pixels, count, rng)
        source = rng.integers(len(pixels), size=len(asked))  # a component as often as it has members
        whole = pixels - pixels.mean(axis=0)
        for k in range(count):
            rows = asked[member[source] == k]
            near = pixels[member == k] - pixels[member == k].mean(axis=0)
            own = rng.standard_normal((len(rows), len(near))) @ near / np.sqrt(max(len(near) - 1.0, 1.0))
            spread = rng.standard_normal((len(rows), len(whole))) @ whole / np.sqrt(len(whole) - 1.0)
            centre = pixels[member == k].mean(axis=0) if len(rows) else 0.0
            made[rows] = centre + np.sqrt(1.0 - shrink) * own + np.sqrt(shrink) * spread
    return made


def _k_means(rows: Array, count: int, rng: np.random.Generator, rounds: int = 20) -> Indices:
    """Return the cluster (n,) of each row (n, d), from centres that are rows drawn without replacement."""
    centres = rows[rng.permutation(len(rows))[:count]]
    for _ in range(rounds):
        member = _squared_distances(rows, centres).argmin(axis=1)
        centres = np.stack(
            [rows[member == k].mean(axis=0) if (member == k).any() else rows[k] for k in range(count)]
        )
    return np.asarray(_squared_distances(rows, centres).argmin(axis=1))


def manifold_parzen(
    learned: Digits, classes: Indices, rng: np.random.Generator, neighbours: int = 32
) -> Array:
    """Return images (n, 64), each a learned one moved along differences to its nearest of the class.

    x + Σ w (x_k - x) / √k over the k neighbours, each w standard normal. Vincent and Bengio (2003).
    """
    made = np.empty((len(classes), learned.pixels.shape[1]))
    for each in np.unique(classes):
        pixels, asked = learned.pixels[learned.classes == each], classes == each
        order = np.argsort(_squared_distances(pixels, pixels), axis=1, kind="stable")[:, 1 : neighbours + 1]
        chosen = rng.integers(len(pixels), size=asked.sum())
        away = pixels[order[chosen]] - pixels[chosen][:, np.newaxis]
        weights = rng.standard_normal(order[chosen].shape) / np.sqrt(order.shape[1])
        made[asked] = pixels[chosen] + np.einsum("ik,ikd->id", weights, away)
    return made


def baseline_qualities(seed: int = 0) -> dict[str, Quality]:
    """Return how good digits are that are real, or are made without training."""
    learned, held = digits_to_learn(), digits_held_out()
    rng = np.random.default_rng(seed)
    makers = {
        "class Gaussian": class_gaussians,
        "six Gaussians a class": mixture_of_gaussians,
        "manifold Parzen window": manifold_parzen,
    }
    images: dict[str, FloatArray] = {name: make(learned, held.classes, rng) for name, make in makers.items()}
    chosen = rng.permutation(len(learned.classes))[: len(held.classes)]
    real = measure_quality(learned.pixels[chosen], learned.classes[chosen], held.pixels, learned.pixels)
    apart = float(nearest_distances(held.pixels, learned.pixels).mean())
    found = {"real digits": real._replace(nearest=apart)}
    return found | {
        name: measure_quality(made, held.classes, held.pixels, learned.pixels)
        for name, made in images.items()
    }
