"""Automatic differentiation: Tensors, functions of them, gradients and their check, one layer by hand.

Each lives in a room of its own; all public names can be had from here.
"""

from __future__ import annotations

from aimath.core.gradients import (
    GradientCheck as GradientCheck,
    Gradients as Gradients,
    check_gradients as check_gradients,
    gradients as gradients,
)
from aimath.core.layer_gradients import (
    LayerGradients as LayerGradients,
    SumGradients as SumGradients,
    layer_gradients as layer_gradients,
    sum_gradients as sum_gradients,
)
from aimath.core.tensor import Tensor as Tensor, absolute as absolute
from aimath.core.tensor_functions import (
    concatenate as concatenate,
    cross_entropy as cross_entropy,
    embedding as embedding,
    exp as exp,
    gelu as gelu,
    layer_norm as layer_norm,
    log as log,
    log_softmax as log_softmax,
    logsumexp as logsumexp,
    relu as relu,
    sigmoid as sigmoid,
    softmax as softmax,
    sqrt as sqrt,
    stack as stack,
    tanh as tanh,
    where as where,
)
