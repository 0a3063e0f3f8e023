"""Automatic differentiation: Tensors, functions of them, gradients and their check, one layer by hand.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.gradients import GradientCheck, Gradients, check_gradients, gradients
from aimath.core.layer_gradients import LayerGradients, SumGradients, layer_gradients, sum_gradients
from aimath.core.tensor import Tensor, absolute
from aimath.core.tensor_functions import (
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

__all__ = [
    "GradientCheck",
    "Gradients",
    "LayerGradients",
    "SumGradients",
    "Tensor",
    "absolute",
    "check_gradients",
    "concatenate",
    "cross_entropy",
    "embedding",
    "exp",
    "gelu",
    "gradients",
    "layer_gradients",
    "layer_norm",
    "log",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "sqrt",
    "stack",
    "sum_gradients",
    "tanh",
    "where",
]
