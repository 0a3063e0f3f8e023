"""What a neuron does with its sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.core.normal import lower_tail
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.arrays import Array


def sigmoid(z: Array, rest: Array | None = None) -> Array:
    """Give 1 / (1 + exp(-z)), whose exponential never overflows; `rest` is what rounding took from z.

    >>> sigmoid(np.array([0.0, -800.0]))
    array([0.5, 0. ])
    """
    with np.errstate(under="ignore"):
        small = np.exp(-np.abs(z))
        if rest is not None:
            small -= small * np.copysign(1.0, z) * rest
        return np.asarray(np.where(z >= 0.0, 1.0, small) / (1.0 + small))


def gelu(z: Array, rest: Array | None = None) -> Array:
    """Give z P(Z <= z) with the normal distribution itself, not the approximation by tanh.

    `rest` is what rounding took from z: far below 0 it matters more than z² times.

    >>> gelu(np.array([0.0, 1.0]))
    array([0.        , 0.84134475])
    """
    with np.errstate(under="ignore"):
        return np.asarray(z * lower_tail(z, np.zeros_like(z) if rest is None else rest) + 0.0)


ACTIVATIONS: dict[str, Callable[..., Array]] = {
    "none": np.asarray,
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "gelu": gelu,
}


SHARP = frozenset({"sigmoid", "gelu"})
"""Activations with tails that show what rounding took from a sum."""


def activated(z: Array, activation: str, rest: Array | None = None) -> Array:
    """Give what the activation of that name makes of sums (...), and a sharp one of their rests.

    relu: max(z, 0) (Fukushima 1969). gelu: z Φ(z) (Hendrycks and Gimpel 2016), torch's default; GPT-2
    has the approximation by tanh, which differs by up to 5e-4.
    """
    if activation not in ACTIVATIONS:
        names = ", ".join(ACTIVATIONS)
        raise InputError(f"activation '{activation}' is unknown", hint=f"use one of {names}", usage=True)
    return np.asarray(ACTIVATIONS[activation](*((z, rest) if activation in SHARP else (z,))))
