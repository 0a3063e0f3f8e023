"""Gradients of functions of arrays by reverse mode, and gradient checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.nn.autograd._tensor import Tensor, unwrap
from aimath.core.numerics.arrays import Check, as_finite
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import PerArray, TextPerArray
    from aimath.core.numerics.types import Array

    Function = Callable[..., Any]

DIFFERENCE_STEP = np.finfo(np.float64).eps ** 0.2
"""For differences of fourth order: rounding and what is left out of the series weigh the same."""
COMPLEX_STEP = 1e-100
"""For complex steps, which lose nothing to a difference: what is left out is of the order of its square."""
COMPLEX_STEP_RTOL = 1e-6
"""How near a complex step must come to the differences to be believed: abs, say, isn't analytic."""


class Gradients(NamedTuple):
    """A function's value and its gradient by every array it was given."""

    value: Array  # (...)
    gradients: PerArray  # each of its array's shape; of sum(weights · value) if it isn't one number


def gradients(function: Function, *arrays: ArrayLike, weights: ArrayLike | None = None) -> Gradients:
    """Return the value of function(*arrays) and its gradients, by reverse mode.

    Of a result that isn't one number it is the gradient of sum(weights · result). What the function
    doesn't use has the gradient 0.

    >>> gradients(lambda a, b: (a * b).sum(), [1.0, 2.0], [3.0, 4.0]).gradients
    (array([3., 4.]), array([1., 2.]))
    """
    tensors = [Tensor(array) for array in arrays]
    result = function(*tensors)
    if not isinstance(result, Tensor):
        return Gradients(np.asarray(result), tuple(np.zeros(t.shape) for t in tensors))
    result.backward(weights)
    found = (np.zeros(t.shape) if t.grad is None else np.asarray(t.grad) for t in tensors)
    return Gradients(np.asarray(result.value), tuple(found))


class GradientCheck(NamedTuple):
    """Gradients by reverse mode beside the same by another route."""

    gradients: PerArray  # each of its array's shape
    others: PerArray
    routes: TextPerArray  # for each array "complex steps" or "central differences"

    @property
    def error(self) -> float:
        """The largest difference, relative to the largest entry of all gradients."""
        sizes = [np.abs(other).max() for other in self.others]
        apart = [np.abs(g - other).max() for g, other in zip(self.gradients, self.others, strict=True)]
        return float(max(apart) / (max(sizes) or 1.0))

    def check(self) -> Check:
        """Return all gradient entries beside the others, relative to the largest."""
        ours, theirs = (
            np.concatenate([g.ravel() for g in several]) for several in (self.gradients, self.others)
        )
        return Check(ours, theirs, np.abs(theirs).max())


def check_gradients(
    function: Function, *arrays: ArrayLike, weights: ArrayLike | None = None
) -> GradientCheck:
    """Return a function's gradients beside those from its values alone.

    Central differences of fourth order, about 12 digits: (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h)))
    / 12h. Where the function takes complex arrays and is analytic there, Im f(x + ih) / h, all
    digits (Squire and Trapp 1998). Both call it on plain arrays. At a kink neither is a gradient.
    Results that aren't one number are weighted by `weights`, by default cos 1, cos 2, ...

    >>> check_gradients(lambda a: (a**3).sum(), [1.0, 2.0]).routes
    ('complex steps',)
    """
    points = [as_finite(array, "an array").reshape(np.shape(array)) for array in arrays]
    value = np.asarray(unwrap(function(*points)))
    if weights is None:
        weights = (np.ones(1) if value.size == 1 else np.cos(1.0 + np.arange(value.size))).reshape(
            value.shape
        )
    weight = as_finite(weights, "weights").reshape(np.shape(weights))

    def scalar(*given: Array) -> Any:
        return (weight * function(*given)).sum()

    found = gradients(function, *points, weights=weight).gradients
    routes = [_independent_gradient(scalar, points, k) for k in range(len(points))]
    return GradientCheck(found, tuple(other for other, _ in routes), tuple(route for _, route in routes))


def central_differences(function: Function, points: list[Array], k: int) -> Array:
    """Return the gradient of a scalar function by points[k], from central differences.

    >>> bool(abs(central_differences(np.exp, [np.array(0.0)], 0) - 1.0) < 1e-12)
    True
    """
    slopes = []
    for nudged, size in _perturbations(points, k):
        h = DIFFERENCE_STEP * max(1.0, size)
        one, two = ((function(*nudged(n * h)) - function(*nudged(-n * h))) / (2 * n * h) for n in (1, 2))
        slopes.append((4.0 * one - two) / 3.0)
    return np.array(slopes).reshape(points[k].shape)


def _independent_gradient(function: Function, points: list[Array], k: int) -> tuple[Array, str]:
    rough = central_differences(function, points, k)
    try:
        fine = np.array(
            [
                np.imag(function(*nudged(1j * COMPLEX_STEP))) / COMPLEX_STEP
                for nudged, _ in _perturbations(points, k)
            ]
        )
    except (InputError, TypeError):
        return rough, "central differences"
    fine = fine.reshape(rough.shape)
    near = np.abs(fine - rough) <= COMPLEX_STEP_RTOL * np.abs(rough).max()
    return (fine, "complex steps") if near.all() else (rough, "central differences")


def _perturbations(points: list[Array], k: int) -> Iterator[tuple[Callable[[complex], list[Any]], float]]:
    """Return, for each entry of points[k], a function that perturbs it, and the entry's magnitude."""
    for place in np.ndindex(points[k].shape):

        def moved(step: complex, place: tuple[int, ...] = place) -> list[Any]:
            point = points[k].astype(np.result_type(points[k], type(step)))
            point[place] += step
            return [*points[:k], point, *points[k + 1 :]]

        yield moved, float(abs(points[k][place]))
