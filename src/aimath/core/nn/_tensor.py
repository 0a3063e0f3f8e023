"""Reverse-mode automatic differentiation: arrays that remember how they were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn._checked import RAISE, checked
from aimath.core.numerics.arrays import finite, shape
from aimath.core.numerics.types import Array
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

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


def add(a: Any, b: Any) -> Any:
    """Give a + b."""
    return recorded(checked(np.add, plain(a), plain(b)), (a, same), (b, same))


def subtract(a: Any, b: Any) -> Any:
    """Give a - b."""
    return recorded(checked(np.subtract, plain(a), plain(b)), (a, same), (b, np.negative))


def multiply(a: Any, b: Any) -> Any:
    """Give a · b, entry by entry."""
    x, y = plain(a), plain(b)
    return recorded(checked(np.multiply, x, y), (a, lambda g: g * y), (b, lambda g: g * x))


def divide(a: Any, b: Any) -> Any:
    """Give a / b."""
    y = plain(b)
    q = checked(np.divide, plain(a), y)
    return recorded(q, (a, lambda g: g / y), (b, lambda g: -g * q / y))


def power(a: Any, b: Any) -> Any:
    """Give a ** b; the derivative by b is 0 at a = 0, as in torch.

    The derivative by a is infinite at a = 0 < b < 1, and that by b is not real at a < 0: `backward`
    says so.
    """
    x, n = plain(a), plain(b)
    y = checked(np.power, x, n)

    def by_base(g: Array) -> Array:
        lower = n - 1 if isinstance(n, (int, float)) and n else np.where(n == 0.0, 0.0, np.subtract(n, 1.0))
        return np.asarray(g * (n * x**lower))

    return recorded(y, (a, by_base), (b, lambda g: g * (y * np.log(np.where(x == 0.0, 1.0, x)))))


def matmul(a: Any, b: Any) -> Any:
    """Give a @ b: vectors, matrices, or stacks of them whose leading axes are broadcast."""
    x, y = plain(a), plain(b)
    product = checked(np.matmul, x, y)
    return recorded(product, (a, lambda g: by_left(g, x, y)), (b, lambda g: by_right(g, x, y)))


def absolute(a: Any) -> Any:
    """Give |a|, whose derivative at 0 is 0, as in torch."""
    x = plain(a)
    return recorded(np.abs(x), (a, lambda g: g * np.sign(x)))


def negative(a: Any) -> Any:
    """Give -a."""
    return recorded(-plain(a), (a, np.negative))


def _swapped(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: operation(b, a)


class Tensor:
    """An array (...) of float64, what it was made of, and after `backward` its gradient (...).

    `value` may be bound to a new array between two passes, as an optimiser does. Don't change it in
    place, nor `grad`: arrays are shared, not copied.

    >>> w = Tensor([3.0, 4.0])
    >>> (w * w).sum().backward()
    >>> w.grad
    array([6., 8.])
    """

    __slots__ = ("edges", "grad", "value")
    __array_ufunc__ = None  # numpy leaves array + Tensor to __radd__

    value: Array
    grad: Array | None
    edges: tuple[tuple[Tensor, Share], ...] | None  # (operand, its share); None once freed

    def __init__(self, values: ArrayLike) -> None:
        quick = isinstance(values, np.ndarray) and values.dtype == np.float64 and np.isfinite(values).all()
        self.value = np.asarray(values if quick else finite(values, "the tensor").reshape(np.shape(values)))
        self.grad, self.edges = None, ()

    def backward(self, seed: ArrayLike | None = None, *, free: bool = False) -> None:
        """Set `grad` of every Tensor this one was made of: the gradient of sum(seed · self), of its shape.

        A single number needs no seed: it is 1. Gradients are those of this call alone: an earlier
        call's are replaced, where torch adds to them. `free` drops the record on the way, as torch
        does unless told otherwise; what is freed can't be walked again.
        """
        walk(self, seed, free=free)

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
    __sub__, __rsub__ = subtract, _swapped(subtract)
    __mul__ = __rmul__ = multiply
    __truediv__, __rtruediv__ = divide, _swapped(divide)
    __pow__, __rpow__ = power, _swapped(power)
    __matmul__, __rmatmul__ = matmul, _swapped(matmul)
    __neg__, __abs__ = negative, absolute

    def __repr__(self) -> str:
        """Show the numbers, as numpy does."""
        return f"Tensor({np.array2string(np.asarray(self.value), separator=', ', prefix='Tensor(')})"

    def __iter__(self) -> Iterator[Any]:
        """Give what stands along the first axis, one after the other."""
        return (self[k] for k in range(len(self.value)))

    def __getitem__(self, index: Any) -> Any:
        """Pick entries as numpy does: by numbers, slices, arrays of either, or truth values."""
        before = self.shape
        try:
            value = self.value[index]
        except IndexError as error:
            raise InputError(str(error)) from None
        return recorded(value, (self, lambda g: scattered(g, index, before)))

    def sum(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Add up along axes, all of them by default."""
        before = self.shape
        total = checked(np.add.reduce, self.value, axis=axis, keepdims=keepdims)
        return recorded(total, (self, lambda g: spread(g, before, axis, keepdims=keepdims)))

    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Give the mean along axes, all of them by default."""
        before = self.shape
        total = checked(np.add.reduce, self.value, axis=axis, keepdims=keepdims)
        n = self.value.size // max(total.size, 1)
        mean = checked(np.divide, total, n)
        return recorded(mean, (self, lambda g: spread(g / n, before, axis, keepdims=keepdims)))

    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Any:
        """Give the largest along axes; what ties for it shares the gradient equally, as in torch's amax."""
        x = self.value
        largest = checked(np.maximum.reduce, x, axis=axis, keepdims=keepdims)

        def share(g: Array) -> Array:
            ties = x == spread(largest, x.shape, axis, keepdims=keepdims)
            parts = ties / ties.sum(axis=axis, keepdims=True)
            return np.asarray(spread(g, x.shape, axis, keepdims=keepdims) * parts)

        return recorded(largest, (self, share))

    def reshape(self, *lengths: Any) -> Any:
        """Read the same numbers, the last axis fastest, into axes of other lengths."""
        before = self.shape
        try:
            value = self.value.reshape(*lengths)
        except ValueError:
            raise InputError(f"a shape of {shape(self.value)} can't become one of {lengths}") from None
        return recorded(value, (self, lambda g: g.reshape(before)))

    def transpose(self, *axes: int) -> Any:
        """Put the axes in another order, by default in reverse."""
        back = np.argsort([axis % self.ndim for axis in axes]) if axes else None
        return recorded(self.value.transpose(*axes), (self, lambda g: g.transpose(back)))

    def swapaxes(self, first: int, second: int) -> Any:
        """Swap two axes."""
        return recorded(self.value.swapaxes(first, second), (self, lambda g: g.swapaxes(first, second)))


def plain(operand: Any) -> Any:
    """Give the numbers of a Tensor, an array or a nested list."""
    if isinstance(operand, Tensor):
        return operand.value
    known = isinstance(operand, (np.ndarray, np.generic, float, int))
    return operand if known else finite(operand, "an operand")


def recorded(value: Any, *edges: tuple[Any, Share]) -> Any:
    """Give a Tensor that was made of those operands that are Tensors; the value itself if none is."""
    for operand, _ in edges:
        if not isinstance(operand, Tensor):
            edges = tuple([edge for edge in edges if isinstance(edge[0], Tensor)])
            if not edges:
                return value
            break
    node = Tensor.__new__(Tensor)
    node.value, node.edges, node.grad = value, edges, None
    return node
