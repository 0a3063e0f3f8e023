"""Tensors with gradients, networks of them, and the size of a transformer."""

from typing import TYPE_CHECKING

from aimath.core._lazy import attach

if TYPE_CHECKING:
    from aimath.core.nn._architecture import Architecture, check_architecture, tensor_shapes
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
    from aimath.core.nn._model_size import BITS, PARTS
    from aimath.core.nn._params import LIKE, params
    from aimath.core.nn._tensor import Tensor

__all__ = [
    "BITS",
    "LIKE",
    "PARTS",
    "Architecture",
    "Tensor",
    "backprop",
    "check_architecture",
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
    "params",
    "relu",
    "sigmoid",
    "softmax",
    "sqrt",
    "stack",
    "tanh",
    "tensor_shapes",
    "where",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "_architecture": ["Architecture", "check_architecture", "tensor_shapes"],
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
        "_model_size": ["BITS", "PARTS"],
        "_params": ["LIKE", "params"],
        "_tensor": ["Tensor"],
    },
)
