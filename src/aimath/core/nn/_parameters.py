"""The weights of a network by name, views of one flat vector, and their gradients, views of another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core.nn.autograd._tensor import FLOATS, Tensor
from aimath.core.numerics.arrays import format_shape
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import ArrayLike, DTypeLike

    from aimath.core.numerics.types import FloatArray


KEPT_MEMORY = (1 << 25) - (1 << 16)
"""Bytes, just below the largest block of which the C library learns how much freed memory to keep."""


def keep_freed_memory() -> None:
    """Free one large block that was never touched, so that glibc keeps up to 64 MB of what is freed later.

    A training step frees what it made, and the next makes it again: handed back to the system in between,
    every page of it is fetched anew, which takes half the time of a step. Elsewhere this does nothing.
    """
    np.empty(KEPT_MEMORY, np.uint8)


class Parameter(Tensor):
    """A Tensor that is learned: its value and its gradient are parts of two vectors of all."""

    __slots__ = ("home",)

    def __init__(self, value: FloatArray, grad: FloatArray, home: FloatArray) -> None:
        self.value, self.grad, self.edges, self.home = value, grad, (), home


class Parameters:
    """Named arrays as views of the vector `values`; backward writes their gradients into `gradient`.

    Each name is a Tensor, whose `value` and `grad` are views of its shape: an optimizer that works on the
    vectors has changed them all. A backward pass clears `gradient` first, so that it is that pass's alone.
    `no_decay` names what weight decay leaves alone, as biases and gains.

    >>> parameters = Parameters({"w": [[1.0, 2.0]], "b": [3.0]}, no_decay=["b"])
    >>> (parameters["w"] * parameters["w"] + parameters["b"]).sum().backward()
    >>> parameters.values, parameters.gradient
    (array([1., 2., 3.]), array([2., 4., 2.]))
    """

    def __init__(
        self, arrays: Mapping[str, ArrayLike], dtype: DTypeLike = np.float64, no_decay: Collection[str] = ()
    ) -> None:
        if np.dtype(dtype) not in FLOATS:
            raise InputError(f"weights are float64 or float32, not {np.dtype(dtype)}")
        keep_freed_memory()
        starts = {name: np.asarray(array, dtype) for name, array in arrays.items()}
        self.values = np.concatenate([start.reshape(-1) for start in starts.values()] or [np.zeros(0, dtype)])
        self.gradient = np.zeros_like(self.values)
        self.no_decay = frozenset(no_decay)
        unknown = self.no_decay.difference(starts)
        if unknown:
            raise InputError(f"there is no array {min(unknown)}, only {', '.join(starts)}")
        self._tensors: dict[str, Parameter] = {}
        self._slices: dict[str, slice] = {}
        first = 0
        for name, start in starts.items():
            here = self._slices[name] = slice(first, first + start.size)
            value, grad = (vector[here].reshape(start.shape) for vector in (self.values, self.gradient))
            self._tensors[name] = Parameter(value, grad, self.gradient)
            first += start.size

    def __getitem__(self, name: str) -> Tensor:
        """Return the Tensor of a name."""
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        """Return an iterator over the names, in the order of the vectors."""
        return iter(self._tensors)

    def __len__(self) -> int:
        """Return how many arrays there are."""
        return len(self._tensors)

    def arrays(self) -> dict[str, FloatArray]:
        """Return the arrays by name: views, which change as the network learns."""
        return {name: tensor.value for name, tensor in self._tensors.items()}

    def load(self, arrays: Mapping[str, ArrayLike]) -> None:
        """Take the values of arrays by name, or raise an InputError unless names and shapes are the same."""
        for name in [*self, *arrays]:
            if name not in arrays or name not in self:
                raise InputError(f"{name} is {'missing' if name in self else 'not one of the arrays'}")
            given, here = np.asarray(arrays[name]), self._tensors[name].value
            if given.shape != here.shape:
                why = f"{name} has a shape of {format_shape(given)}, not of {format_shape(here)}"
                raise InputError(why)
        for name, tensor in self._tensors.items():
            tensor.value[...] = arrays[name]

    def slices(self, names: Collection[str]) -> list[slice]:
        """Return where the vectors hold these names: neighbours are one slice.

        >>> Parameters({"a": [1.0], "b": [1.0, 2.0], "c": [3.0]}).slices(["a", "b"])
        [slice(0, 3, None)]
        """
        found: list[slice] = []
        for name, here in self._slices.items():
            if name in names and here.start < here.stop:
                joined = found and found[-1].stop == here.start
                found.append(slice(found.pop().start if joined else here.start, here.stop))
        return found


def clip_norm(gradient: FloatArray, limit: float) -> float:
    """Return the Euclidean norm of a gradient, which is scaled in place to at most the limit.

    g <- g · min(1, limit / ‖g‖). Pascanu, Mikolov and Bengio (2013).

    >>> g = np.array([3.0, 4.0])
    >>> clip_norm(g, 1.0), g
    (5.0, array([0.6, 0.8]))
    """
    if not limit > 0.0:
        raise InputError(f"the limit of a norm must be above 0, not {limit:g}", operand="limit")
    flat = gradient.reshape(-1)
    norm = math.sqrt(float(flat @ flat))
    if limit < norm < math.inf:
        gradient *= limit / norm
    return norm


class EMA:
    """The exponential moving average of weights: a <- decay · a + (1 - decay) · w at each update.

    >>> parameters = Parameters({"w": [0.0]})
    >>> average = EMA(parameters, decay=0.9)
    >>> parameters.values[:] = 1.0
    >>> average.update()
    >>> average.values.round(12)
    array([0.1])
    """

    def __init__(self, parameters: Parameters, decay: float = 0.999) -> None:
        if not 0.0 <= decay < 1.0:
            raise InputError(f"decay must be at least 0 and below 1, not {decay:g}", operand="decay")
        self.parameters, self.decay = parameters, decay
        self.values = parameters.values.copy()

    def update(self) -> None:
        """Move the average by one step toward the weights."""
        self.values += (1.0 - self.decay) * (self.parameters.values - self.values)

    def swap(self) -> None:
        """Exchange weights and average in place: once to use the average, once more to go on."""
        kept = self.values.copy()
        self.values[:] = self.parameters.values
        self.parameters.values[:] = kept
