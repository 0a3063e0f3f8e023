"""Reverse-mode automatic differentiation: arrays that remember how they were made.

Every operation gives a Tensor with an edge to each Tensor it was made of: a function that turns the
gradient by the result into the share of that operand. `backward` walks the edges from the last
result to the first operands (Linnainmaa 1970; Baydin et al. 2018 survey the field). Plain numbers
and arrays are constants: nothing is kept or computed for them. A function of plain arrays gives
a plain array, so the same model runs without a record on its parameters' values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.checked import checked
from aimath.core.matrices import finite, shape
from aimath.core.tape import by_left, by_right, same, scattered, spread, walk
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike

    from aimath.core.arrays import Array
    from aimath.core.tape import Axis, Share


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
