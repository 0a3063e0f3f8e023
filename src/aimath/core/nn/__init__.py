"""Tensors with gradients, and networks of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.nn._layer import layer_gradients, sum_gradients

__all__ = ["layer_gradients", "sum_gradients"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_layer": ["layer_gradients", "sum_gradients"],
    },
)
