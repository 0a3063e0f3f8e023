"""Tensors with gradients, and networks of them."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.nn._functions import (
        concatenate,
        cross_entropy,
        embedding,
        exp,
        gelu,
        layer_norm,
        log,
        log_softmax,
        logsumexp,
        relu,
        sigmoid,
        softmax,
        sqrt,
        stack,
        tanh,
        where,
    )
    from aimath.core.nn._gradients import check_gradients, gradients
    from aimath.core.nn._layer import backprop
    from aimath.core.nn._tensor import Tensor

__all__ = [
    "Tensor",
    "backprop",
    "check_gradients",
    "concatenate",
    "cross_entropy",
    "embedding",
    "exp",
    "gelu",
    "gradients",
    "layer_norm",
    "log",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "sqrt",
    "stack",
    "tanh",
    "where",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_functions": [
            "concatenate",
            "cross_entropy",
            "embedding",
            "exp",
            "gelu",
            "layer_norm",
            "log",
            "log_softmax",
            "logsumexp",
            "relu",
            "sigmoid",
            "softmax",
            "sqrt",
            "stack",
            "tanh",
            "where",
        ],
        "_gradients": ["check_gradients", "gradients"],
        "_layer": ["backprop"],
        "_tensor": ["Tensor"],
    },
)
