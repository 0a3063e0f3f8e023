"""Gradients of one dense layer in closed form.

In the order of the chain rule: from the loss to the sums z = W x + b, from there to W, b and x.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core import information, linalg
from aimath.core.nn.autograd._errstate import checked_call
from aimath.core.nn.autograd._functions import cross_entropy, softmax_residual
from aimath.core.nn.autograd._gradients import COMPLEX_STEP, gradients
from aimath.core.numerics.arrays import Check
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        Bias,
        Classes,
        Inputs,
        LayerParameters,
        Outputs,
        Scalars,
        Weights,
        WeightsEach,
    )
    from aimath.core.numerics.types import Array


@overload
def backprop(
    layer: ArrayLike, x: ArrayLike, b: ArrayLike | None = ..., *, target: ArrayLike
) -> LayerGradients: ...
@overload
def backprop(
    layer: ArrayLike, x: ArrayLike, b: ArrayLike | None = ..., target: None = None
) -> SumGradients: ...
def backprop(
    layer: ArrayLike, x: ArrayLike, b: ArrayLike | None = None, target: ArrayLike | None = None
) -> LayerGradients | SumGradients:
    """Return the gradients of a layer W x + b for each row of x, back to W, x and b.

    From the cross-entropy of its softmax if the target class is given, else from the sum of what it
    gives. For a formula see calculus.backprop. Rumelhart, Hinton and Williams (1986).

    >>> backprop([[0, 0], [0, 0]], [2, 4], target=0).dW
    array([[-1., -2.],
           [ 1.,  2.]])
    >>> backprop([[1, 2, 3], [4, 5, 6]], [1, 2, 3]).dx
    array([5., 7., 9.])
    """
    try:
        return _sum_gradients(layer, x, b) if target is None else _loss_gradients(layer, x, b, target)
    except InputError as error:
        error.operand = {"W": "layer", "bias": "b"}.get(error.operand or "", error.operand)
        raise


class LayerGradients(NamedTuple):
    """The loss of a layer of m classes with softmax and cross-entropy, and its gradients."""

    W: Weights  # a class a row, as torch's Linear has it
    x: Inputs
    b: Bias
    target: Classes  # 0 .. m - 1, the right class
    z: Outputs  # W x + b, the logits
    probs: Outputs  # softmax(z)
    loss: Scalars  # -log probs[target], nats
    dz: Outputs  # probs - y, which adds up to 0
    dW: WeightsEach  # noqa: N815  dz xᵀ
    db: Outputs  # dz
    dx: Inputs  # Wᵀ dz

    @property
    def gradients(self) -> LayerParameters:
        """DW row by row, then db, then dx."""
        return _concatenate_flat(self.x, self.dW, self.db, self.dx)

    @property
    def y(self) -> Outputs:
        """The target as a distribution: 1 for the right class, 0 for the others."""
        return np.asarray(np.arange(self.z.shape[-1]) == self.target[..., np.newaxis], np.float64)

    def check(self) -> Check:
        """Return the directional derivative along random signs beside a complex step's."""
        place = self.target[..., np.newaxis]

        def loss(W: Any, x: Any, b: Any) -> Any:  # noqa: N803
            z = _affine(W, x, b)
            z = z - np.take_along_axis(z, place, axis=-1)  # the target's own exponential is 1, its slope 0
            return np.log(np.exp(z - z.real.max(axis=-1, keepdims=True)).sum(axis=-1))

        return _check_directional_derivative(self, loss)

    def check_tape(self) -> Check:
        """Return every gradient beside reverse mode's."""
        return _check_by_reverse_mode(self, lambda *three: cross_entropy(_affine(*three), self.target))


def _loss_gradients(W: ArrayLike, x: ArrayLike, b: ArrayLike | None, target: ArrayLike) -> LayerGradients:  # noqa: N803
    """Return the gradients of -log softmax(W x + b)[target] for each row of x.

    dL/dz = probs - y; dL/dW = dL/dz xᵀ; dL/db = dL/dz; dL/dx = Wᵀ dL/dz. For the right class probs - y
    is minus the others' sum, which keeps the digits that torch's p - 1 loses. Each row has its own
    loss and gradients; torch gives those of the mean. Rumelhart, Hinton and Williams (1986).
    """
    forward = linalg.layer(W, x, b)
    found = information.cross_entropy(logits=forward.total, target=target)
    lost = forward.rounding_errors()  # by the logits: exponentials and a small loss would show it
    lost -= np.take_along_axis(lost, found.target[..., np.newaxis], axis=-1)
    lost[np.abs(lost) > 1e-3] = 0.0  # of logits beyond 1e12 it is no small correction
    moved = (found.probs * lost).sum(axis=-1)
    probs = found.probs * (1.0 + (lost - moved[..., np.newaxis]))
    dz = softmax_residual(probs, found.target)
    dW, dx = _layer_vjp(forward.W, forward.x, dz)  # noqa: N806
    return LayerGradients(
        forward.W,
        forward.x,
        forward.bias,
        found.target,
        forward.total,
        probs,
        found.cross_entropy + moved,
        dz,
        dW,
        dz,
        dx,
    )


class SumGradients(NamedTuple):
    """The sum of what a layer of m neurons gives, and its gradients."""

    W: Weights  # a neuron a row
    x: Inputs
    b: Bias
    h: Outputs  # W x + b
    loss: Scalars  # sum of h
    dh: Outputs  # 1
    dW: WeightsEach  # noqa: N815  dh xᵀ: x in every row
    db: Outputs  # dh
    dx: Inputs  # Wᵀ dh: the sums of W's columns

    @property
    def gradients(self) -> LayerParameters:
        """DW row by row, then db, then dx."""
        return _concatenate_flat(self.x, self.dW, self.db, self.dx)

    def check(self) -> Check:
        """Return the directional derivative along random signs beside a complex step's."""
        return _check_directional_derivative(self, _sum_of_affine)

    def check_tape(self) -> Check:
        """Return every gradient beside reverse mode's."""
        return _check_by_reverse_mode(self, _sum_of_affine)


def _sum_gradients(W: ArrayLike, x: ArrayLike, b: ArrayLike | None) -> SumGradients:  # noqa: N803
    """Return the gradients of sum(W x + b) for each row of x.

    dL/dh = 1; dL/dW = dL/dh xᵀ; dL/db = dL/dh; dL/dx = Wᵀ dL/dh.
    """
    forward = linalg.layer(W, x, b)
    dh = np.ones(forward.total.shape)
    dW, dx = _layer_vjp(forward.W, forward.x, dh)  # noqa: N806
    loss = np.asarray(checked_call(np.add.reduce, forward.total, axis=-1))
    return SumGradients(forward.W, forward.x, forward.bias, forward.total, loss, dh, dW, dh, dx)


def _layer_vjp(W: Array, x: Array, dz: Array) -> tuple[Array, Array]:  # noqa: N803
    """Return dW = dz xᵀ and dx = Wᵀ dz."""
    dW = checked_call(np.multiply, dz[..., np.newaxis], x[..., np.newaxis, :])  # noqa: N806
    return dW + 0.0, linalg.layer(W.T, dz).total + 0.0  # + 0: no -0


def _check_directional_derivative(found: LayerGradients | SumGradients, loss: Callable[..., Any]) -> Check:
    """Return the derivative along random signs beside Im loss(point + ih · direction) / h."""
    rng = np.random.default_rng(0)
    signs = [rng.choice([-1.0, 1.0], part.shape) for part in (found.W, found.x, found.b)]
    moved = (
        part + COMPLEX_STEP * 1j * sign for part, sign in zip((found.W, found.x, found.b), signs, strict=True)
    )
    with np.errstate(all="ignore"):
        slope = (found.dW * signs[0]).sum(axis=(-1, -2)) + (found.dx * signs[1]).sum(axis=-1)
        slope = np.asarray(slope + (found.db * signs[2]).sum(axis=-1))
        size = np.abs(found.dW).sum(axis=(-1, -2)) + np.abs(found.dx).sum(axis=-1)
        return Check(slope, np.imag(loss(*moved)) / COMPLEX_STEP, np.maximum(size, 1.0))


def _check_by_reverse_mode(found: LayerGradients | SumGradients, loss: Callable[..., Any]) -> Check:
    """Return every gradient beside reverse mode's, each row with its own copy of the weights."""
    point = (np.broadcast_to(found.W, found.dW.shape), found.x, np.broadcast_to(found.b, found.db.shape))
    others = gradients(lambda *three: loss(*three).sum(), *point).gradients
    dW, dx, db = others  # noqa: N806
    theirs = _concatenate_flat(found.x, dW, db, dx)
    return Check(found.gradients, theirs, np.abs(theirs).max(axis=-1, keepdims=True))


def _concatenate_flat(x: Array, *parts: Array) -> Array:
    """Return gradients (..., *) flattened and concatenated for each x (..., n)."""
    return np.concatenate([part.reshape(*x.shape[:-1], -1) for part in parts], axis=-1)


def _affine(W: Any, x: Any, b: Any) -> Any:  # noqa: N803
    return (W @ x[..., np.newaxis])[..., 0] + b


def _sum_of_affine(W: Any, x: Any, b: Any) -> Any:  # noqa: N803
    return _affine(W, x, b).sum(axis=-1)
