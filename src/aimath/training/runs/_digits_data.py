"""The digits that ship with aimath, split once: to learn from, to choose by and to report."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array, Indices

LEARNED_FROM = 1297
"""Digits to learn from; of the other 500 one half is to choose by, one to report."""
SPLIT_SEED = 0


class Digits(NamedTuple):
    """Images (n, 64) with pixels from 0 to 1, and their classes (n,)."""

    pixels: Array
    classes: Indices


class DigitsSplit(NamedTuple):
    """The three parts, and the 500 that nothing is learned from."""

    train: Digits
    validation: Digits
    test: Digits
    heldout: Digits


@cache
def digits_split() -> DigitsSplit:
    """Return the digits in an order drawn by a seed that is always the same, cut into their parts."""
    from aimath.read._datasets import load_digits  # noqa: PLC0415  not for a list of the runs

    pixels, classes, _ = load_digits("digits")
    order = np.argsort(np.random.default_rng(SPLIT_SEED).random(len(pixels)), kind="stable")
    images, labels = pixels[order] / 16.0, np.array(classes, np.intp)[order]
    middle = LEARNED_FROM + (len(images) - LEARNED_FROM) // 2
    cuts = [slice(LEARNED_FROM), slice(LEARNED_FROM, middle), slice(middle, None), slice(LEARNED_FROM, None)]
    return DigitsSplit(*(Digits(images[part], labels[part]) for part in cuts))
