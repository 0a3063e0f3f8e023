"""The way back from a result to what it was made of, each gradient shared out on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.arrays import Array
from aimath.core.checked import RAISE
from aimath.core.matrices import finite, shape
from aimath.core.shares import shrunk
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.tensor import Tensor

Share = Callable[[Array], Array]
"""From the gradient by a result to the part of it that is due to one operand."""


def walk(root: Tensor, seed: ArrayLike | None, *, free: bool) -> None:
    """Give each Tensor that the root was made of its gradient, in an order without recursion.

    A Tensor is ready when every result it was used in has handed over its share (Kahn 1962).
    """
    uses = _uses(root)
    root.grad = _seed(root.value, seed)
    ready = [root]
    with np.errstate(**RAISE):
        while ready:
            node = ready.pop()
            for operand, share in node.edges or ():
                part = _part(share, node.grad)
                if part.shape != operand.value.shape:
                    part = shrunk(part, operand.value.shape)
                # Never in place: one array may have been handed to several operands.
                operand.grad = part if operand.grad is None else operand.grad + part
                uses[operand] -= 1
                if not uses[operand]:
                    ready.append(operand)
            if free and node.edges:
                node.edges = None


def _uses(root: Tensor) -> dict[Tensor, int]:
    """Count how often each Tensor that the root was made of is used, and clear its gradient."""
    uses, found = {root: 0}, [root]
    while found:
        node = found.pop()
        if node.edges is None:
            raise InputError("this was freed by backward(free=True)", hint="compute it again first")
        for operand, _ in node.edges:
            if operand in uses:
                uses[operand] += 1
            else:
                uses[operand], operand.grad = 1, None
                found.append(operand)
    return uses


def _seed(value: Array, seed: ArrayLike | None) -> Array:
    if not np.isfinite(value).all():
        raise InputError("backward starts from a finite value, and this one isn't")
    if seed is None:
        if value.size != 1:
            raise InputError(
                f"backward from a shape of {shape(value)} needs a seed of that shape",
                hint="or start from one number, such as its sum() or mean()",
            )
        return np.ones(value.shape)
    given = finite(seed, "the seed").reshape(np.shape(seed))
    if given.shape != value.shape:
        raise InputError(f"the seed has a shape of {shape(given)}, the value one of {shape(value)}")
    return given


def _part(share: Share, gradient: Any) -> Array:
    try:
        return share(gradient)
    except FloatingPointError:
        with np.errstate(all="ignore"):
            part = share(gradient)
        if np.isfinite(part).all():  # an overflow on the way, such as cosh² in 1 / cosh²
            return part
        name = share.__qualname__.partition(".<locals>")[0]
        raise InputError(f"the derivative of {name} is infinite or undefined here") from None
