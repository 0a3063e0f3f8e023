"""The way back from a result to what it was made of, each gradient shared out on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.arrays import Array
from aimath.core.checked import RAISE
from aimath.core.matrices import finite, shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from aimath.core.tensor import Tensor

Axis = int | tuple[int, ...] | None
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
            why = f"backward from a shape of {shape(value)} needs a seed of that shape"
            raise InputError(why, hint="or start from one number, such as its sum() or mean()")
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


def same(g: Array) -> Array:
    """Give the gradient as it is: the share of a summand."""
    return g


def shrunk(g: Array, lengths: tuple[int, ...]) -> Array:
    """Add up along the axes that broadcasting had repeated.

    >>> shrunk(np.ones((3, 2)), (1, 2))
    array([[3., 3.]])
    """
    if g.ndim > len(lengths):
        g = np.add.reduce(g, axis=tuple(range(g.ndim - len(lengths))))
    if g.shape != lengths:
        repeated = tuple([k for k, n in enumerate(lengths) if n != g.shape[k]])
        g = np.add.reduce(g, axis=repeated, keepdims=True)
    return np.asarray(g)


def spread(g: Array, lengths: tuple[int, ...], axis: Axis, *, keepdims: bool) -> Array:
    """Repeat the gradient of a sum for each of its terms."""
    whole = np.empty(lengths)
    whole[...] = g if axis is None or keepdims else np.expand_dims(g, axis)
    return whole


def scattered(g: Array, index: Any, lengths: tuple[int, ...]) -> Array:
    """Put the gradient of what was picked back in its places; what was picked twice adds up.

    >>> scattered(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), (3,))
    array([5., 0., 2.])
    """
    whole = np.zeros(lengths)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts):
        whole[index] = g
    elif isinstance(index, np.ndarray) and index.dtype != bool:
        _add_rows(whole, index.ravel() % lengths[0], g.reshape(-1, *lengths[1:]))
    else:
        np.add.at(whole, index, g)
    return whole


def _add_rows(whole: Array, rows: Any, g: Array) -> None:
    """Add g[k] to whole[rows[k]], in order of the rows: a fifth of the time that np.add.at takes."""
    if rows.size:
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        whole[rows[first]] = np.add.reduceat(g[order], first, axis=0)


def by_left(g: Array, x: Array, y: Array) -> Array:
    """Give the gradient by x of x @ y: g yᵀ."""
    if y.ndim == 1:
        return np.asarray(g[..., np.newaxis] * y)
    if x.ndim == 1:
        return np.asarray((y @ g[..., np.newaxis])[..., 0])
    return np.asarray(g @ y.mT)


def by_right(g: Array, x: Array, y: Array) -> Array:
    """Give the gradient by y of x @ y: xᵀ g."""
    if y.ndim == 1:
        return np.asarray(x * g[..., np.newaxis])
    if x.ndim == 1:
        return np.asarray(x[:, np.newaxis] * g[..., np.newaxis, :])
    if y.ndim == 2 < x.ndim:  # one matrix for a stack: one product instead of one each, and their sum
        return np.asarray(x.reshape(-1, x.shape[-1]).T @ g.reshape(-1, g.shape[-1]))
    return np.asarray(x.mT @ g)
