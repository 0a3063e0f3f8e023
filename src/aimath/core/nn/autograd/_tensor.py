"""Tensors with reverse-mode automatic differentiation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn.autograd._errstate import RAISE_ALL, checked_call
from aimath.core.numerics.arrays import as_finite, format_shape
from aimath.core.numerics.types import Array
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
Axis = int | tuple[int, ...] | None
Vjp = Callable[[Array], Array]
"""From the gradient by a result to the part of it that is due to one operand."""


def backpropagate(root: Tensor, seed: ArrayLike | None, *, free: bool) -> None:
    """Set the gradient of every Tensor that the root depends on, without recursion.

    A Tensor is ready when every result it was used in has handed over its share (Kahn 1962).
    """
    uses = _count_uses(root)
    root.grad = _check_seed(root.value, seed)
    ready = [root]
    with np.errstate(**RAISE_ALL):
        while ready:
            node = ready.pop()
            for operand, share in node.edges or ():
                part, value = _call_vjp(share, node.grad), operand.value
                if part.shape != value.shape:
                    part = unbroadcast(part, value.shape)
                if part.dtype is not value.dtype:
                    part = part.astype(value.dtype, copy=False)
                if operand.grad is None:
                    operand.grad = part
                elif operand.home is None:  # Never in place: one array may be handed to several operands.
                    operand.grad = operand.grad + part
                else:  # its own place in the vector of all gradients
                    operand.grad += part
                uses[operand] -= 1
                if not uses[operand]:
                    ready.append(operand)
            if free and node.edges:
                node.edges = None


def _count_uses(root: Tensor) -> dict[Tensor, int]:
    """Return how often each Tensor that the root depends on is used, and clear its gradient."""
    uses, found = {root: 0}, [root]
    homes: dict[int, Array] = {}
    while found:
        node = found.pop()
        if node.edges is None:
            raise InputError("this was freed by backward(free=True)", hint="compute it again first")
        for operand, _ in node.edges:
            if operand in uses:
                uses[operand] += 1
                continue
            uses[operand] = 1
            found.append(operand)
            if operand.home is None:
                operand.grad = None
            else:
                homes[id(operand.home)] = operand.home
    for home in homes.values():
        home.fill(0.0)
    return uses


def _check_seed(value: Array, seed: ArrayLike | None) -> Array:
    if not (math.isfinite(value.item()) if value.size == 1 else np.isfinite(value).all()):
        raise InputError("backward starts from a finite value, and this one isn't")
    if seed is None:
        if value.size != 1:
            why = f"backward from a shape of {format_shape(value)} needs a seed of that shape"
            raise InputError(why, hint="or start from one number, such as its sum() or mean()")
        return np.ones(value.shape, value.dtype)
    given = as_finite(seed, "the seed").reshape(np.shape(seed)).astype(value.dtype, copy=False)
    if given.shape != value.shape:
        raise InputError(
            f"the seed has a shape of {format_shape(given)}, the value one of {format_shape(value)}"
        )
    return given


def _call_vjp(vjp: Vjp, gradient: Any) -> Array:
    try:
        return vjp(gradient)
    except FloatingPointError:
        with np.errstate(all="ignore"):
            part = vjp(gradient)
        if np.isfinite(part).all():  # an overflow on the way, such as 2x in 1 / cosh² x
            return part
        name = vjp.__qualname__.partition(".<locals>")[0]
        raise InputError(f"the derivative of {name} is infinite or undefined here") from None


def identity(g: Array) -> Array:
    """Return the gradient unchanged: the vjp of a sum's operand."""
    return g


def unbroadcast(g: Array, lengths: tuple[int, ...]) -> Array:
    """Return the gradient summed over broadcast axes.

    >>> unbroadcast(np.ones((3, 2)), (1, 2))
    array([[3., 3.]])
    """
    if g.ndim > len(lengths):
        g = np.add.reduce(g, axis=tuple(range(g.ndim - len(lengths))))
    if g.shape != lengths:
        repeated = tuple([k for k, n in enumerate(lengths) if n != g.shape[k]])
        g = np.add.reduce(g, axis=repeated, keepdims=True)
    return np.asarray(g)


def expand_reduced(g: Array, lengths: tuple[int, ...], axis: Axis, *, keepdims: bool) -> Array:
    """Return the gradient of a reduction, broadcast to the shape of its operand."""
    whole = np.empty(lengths, g.dtype)
    whole[...] = g if axis is None or keepdims else np.expand_dims(g, axis)
    return whole


def scatter_add(g: Array, index: Any, lengths: tuple[int, ...]) -> Array:
    """Return zeros with the gradient added at the indexed places.

    >>> scatter_add(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), (3,))
    array([5., 0., 2.])
    """
    whole = np.zeros(lengths, g.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts):
        whole[index] = g
    elif isinstance(index, np.ndarray) and index.dtype != bool:
        _add_at_rows(whole, index.ravel() % lengths[0], g.reshape(-1, *lengths[1:]))
    else:
        np.add.at(whole, index, g)
    return whole


def _add_at_rows(whole: Array, rows: Any, g: Array) -> None:
    """Add g[k] to whole[rows[k]], in order of the rows: a fifth of the time that np.add.at takes."""
    if rows.size:
        order = np.argsort(rows, kind="stable")
        rows = rows[order]
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        whole[rows[first]] = np.add.reduceat(g[order], first, axis=0)


def matmul_vjp_left(g: Array, x: Array, y: Array) -> Array:
    """Return the vjp of x @ y by x: g yᵀ."""
    if y.ndim == 1:
        return np.asarray(g[..., np.newaxis] * y)
    if x.ndim == 1:
        return np.asarray((y @ g[..., np.newaxis])[..., 0])
    return np.asarray(product_of_rows(g, y.mT))


def matmul_vjp_right(g: Array, x: Array, y: Array) -> Array:
    """Return the vjp of x @ y by y: xᵀ g."""
    if y.ndim == 1:
        return np.asarray(x * g[..., np.newaxis])
    if x.ndim == 1:
        return np.asarray(x[:, np.newaxis] * g[..., np.newaxis, :])
    if y.ndim == 2 < x.ndim:  # one matrix for a stack: one product instead of one each, and their sum
        return np.asarray(x.reshape(-1, x.shape[-1]).T @ g.reshape(-1, g.shape[-1]))
    return np.asarray(x.mT @ g)


def product_of_rows(x: Array, y: Array) -> Array:
    """Return x @ y; of a stack and one matrix it is one product of all rows, which BLAS does faster."""
    if x.ndim > 2 == y.ndim and x.size and x.shape[-1] == len(y):
        return np.asarray(np.matmul(x.reshape(-1, len(y)), y).reshape(*x.shape[:-1], y.shape[1]))
    return np.asarray(np.matmul(x, y))


product_of_rows.__name__ = "matmul"  # what an error calls it


def add(a: Any, b: Any) -> Any:
    """Return a + b."""
    return record(checked_call(np.add, unwrap(a), unwrap(b)), (a, identity), (b, identity))


def subtract(a: Any, b: Any) -> Any:
    """Return a - b."""
    return record(checked_call(np.subtract, unwrap(a), unwrap(b)), (a, identity), (b, np.negative))


def multiply(a: Any, b: Any) -> Any:
    """Return a · b, entry by entry."""
    x, y = unwrap(a), unwrap(b)
    return record(checked_call(np.multiply, x, y), (a, lambda g: g * y), (b, lambda g: g * x))


def divide(a: Any, b: Any) -> Any:
    """Return a / b."""
    y = unwrap(b)
    q = checked_call(np.divide, unwrap(a), y)
    return record(q, (a, lambda g: g / y), (b, lambda g: -g * q / y))


def power(a: Any, b: Any) -> Any:
    """Return a ** b; the derivative by b is 0 at a = 0, as in torch.

    The derivative by a is infinite at a = 0 < b < 1, and that by b is not real at a < 0: `backward`
    says so.
    """
    x, n = unwrap(a), unwrap(b)
    y = checked_call(np.power, x, n)

    def by_base(g: Array) -> Array:
        lower = n - 1 if isinstance(n, (int, float)) and n else np.where(n == 0.0, 0.0, np.subtract(n, 1.0))
        return np.asarray(g * (n * x**lower))

    return record(y, (a, by_base), (b, lambda g: g * (y * np.log(np.where(x == 0.0, 1.0, x)))))


def matmul(a: Any, b: Any) -> Any:
    """Return a @ b: vectors, matrices, or stacks of them whose leading axes are broadcast."""
    x, y = unwrap(a), unwrap(b)
    return record(
        checked_call(product_of_rows, x, y),
        (a, lambda g: matmul_vjp_left(g, x, y)),
        (b, lambda g: matmul_vjp_right(g, x, y)),
    )


def absolute(a: Any) -> Any:
    """Return |a|, whose derivative at 0 is 0, as in torch."""
    x = unwrap(a)
    return record(np.abs(x), (a, lambda g: g * np.sign(x)))


def negative(a: Any) -> Any:
    """Return -a."""
    return record(-unwrap(a), (a, np.negative))


def _reflected(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: operation(b, a)


class Tensor:
    """An array (...) of float64 or float32 with its operands and, after `backward`, its gradient (...).

    An array of either type keeps it, and so do results and gradients; all else becomes float64. `value`
    may be bound to a new array between two passes, as an optimiser does. Don't change it in place, nor
    `grad`: arrays are shared, not copied.

    >>> w = Tensor([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> w.grad
    array([6., 8.])
    """

    __slots__ = ("edges", "grad", "value")
    __array_ufunc__ = None  # numpy leaves array + Tensor to __radd__
    home: Array | None = None  # the vector of gradients that `grad` is a part of: see Parameters

    value: Array
    grad: Array | None
    edges: tuple[tuple[Tensor, Vjp], ...] | None  # (operand, its share); None once freed

    def __init__(self, values: ArrayLike) -> None:
        quick = isinstance(values, np.ndarray) and values.dtype in FLOATS and np.isfinite(values).all()
        self.value = np.asarray(
            values if quick else as_finite(values, "the tensor").reshape(np.shape(values))
        )
        self.grad, self.edges = None, ()

    def backward(self, seed: ArrayLike | None = None, *, free: bool = False) -> None:
        """Set `grad` of every Tensor this one depends on, to the gradient of sum(seed · self).

        A single number needs no seed: it is 1. Gradients are those of this call alone: an earlier
        call's are replaced, where torch adds to them. `free` drops the record on the way, as torch
        does unless told otherwise; what is freed can't be walked again.
        """
        backpropagate(self, seed, free=free)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        lengths: tuple[int, ...] = self.value.shape
        return lengths

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return self.value.ndim

    @property
    def T(self) -> Tensor:  # noqa: N802
        """All axes in reverse, as in numpy."""
        turned: Tensor = self.transpose()
        return turned

    __add__ = __radd__ = add
    __sub__, __rsub__ = subtract, _reflected(subtract)
    __mul__ = __rmul__ = multiply
    __truediv__, __rtruediv__ = divide, _reflected(divide)
    __pow__, __rpow__ = power, _reflected(power)
    __matmul__, __rmatmul__ = matmul, _reflected(matmul)
    __neg__, __abs__ = negative, absolute

    def __repr__(self) -> str:
        """Return the values as numpy shows them."""
        return f"Tensor({np.array2string(np.asarray(self.value), separator=', ', prefix='Tensor(')})"

    def __iter__(self) -> Iterator[Any]:
        """Return an iterator along the first axis."""
        return (self[k] for k in range(len(self.value)))

    def __getitem__(self, index: Any) -> Any:
        """Return entries by numpy's indexing."""
        before = self.shape
        try:
            value = self.value[index]
        except IndexError as error:
            raise InputError(str(error)) from None
        return record(value, (self, lambda g: scatter_add(g, index, before)))

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Return the sum along axes, all of them by default."""
        before = self.shape
        total = checked_call(np.add.reduce, self.value, axis=axis, keepdims=keepdims)
        return record(total, (self, lambda g: expand_reduced(g, before, axis, keepdims=keepdims)))

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Return the mean along axes, all of them by default."""
        before = self.shape
        total = checked_call(np.add.reduce, self.value, axis=axis, keepdims=keepdims)
        n = self.value.size // max(total.size, 1)
        mean = checked_call(np.divide, total, n)
        return record(mean, (self, lambda g: expand_reduced(g / n, before, axis, keepdims=keepdims)))

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Return the maximum along axes; ties share the gradient equally, as in torch's amax."""
        x = self.value
        largest = checked_call(np.maximum.reduce, x, axis=axis, keepdims=keepdims)

        def share(g: Array) -> Array:
            ties = x == expand_reduced(largest, x.shape, axis, keepdims=keepdims)
            parts = ties / ties.sum(axis=axis, keepdims=True)
            return np.asarray(expand_reduced(g, x.shape, axis, keepdims=keepdims) * parts)

        return record(largest, (self, share))

    def reshape(self, *lengths: Any) -> Any:
        """Return the same values with another shape."""
        before = self.shape
        try:
            value = self.value.reshape(*lengths)
        except ValueError:
            raise InputError(f"a shape of {format_shape(self.value)} can't become one of {lengths}") from None
        return record(value, (self, lambda g: g.reshape(before)))

    def transpose(self, *axes: int) -> Any:
        """Return the Tensor with axes permuted, reversed by default."""
        back = np.argsort([axis % self.ndim for axis in axes]) if axes else None
        return record(self.value.transpose(*axes), (self, lambda g: g.transpose(back)))

    def swapaxes(self, first: int, second: int) -> Any:
        """Return the Tensor with two axes swapped."""
        return record(self.value.swapaxes(first, second), (self, lambda g: g.swapaxes(first, second)))


def unwrap(operand: Any) -> Any:
    """Return the array of a Tensor; other operands as they are, or as an array."""
    if isinstance(operand, Tensor):
        return operand.value
    known = isinstance(operand, (np.ndarray, np.generic, float, int))
    return operand if known else as_finite(operand, "an operand")


def record(value: Any, *edges: tuple[Any, Vjp]) -> Any:
    """Return a Tensor with its operands recorded; the value itself if none is a Tensor."""
    for operand, _ in edges:
        if not isinstance(operand, Tensor):
            edges = tuple([edge for edge in edges if isinstance(edge[0], Tensor)])
            if not edges:
                return value
            break
    node = Tensor.__new__(Tensor)
    node.value, node.edges, node.grad = value, edges, None
    return node
