"""One sign for vectors that are right with either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.arrays import Array


def upright(rows: Array) -> Array:
    """Give for each row (k, n) the sign, 1 or -1, that makes its entry of largest size positive.

    As scikit-learn does since 1.5; but of entries of one size up to rounding the first counts, so
    that [a, -a] doesn't turn over from one machine to the next.

    >>> upright(np.array([[0.6, -0.8], [-0.5, 0.5]]))
    array([-1., -1.])
    """
    return np.where(np.take_along_axis(rows, largest(rows), axis=-1)[..., 0] < 0.0, -1.0, 1.0)


def largest(rows: Array) -> NDArray[np.intp]:
    """Give where each row (..., k, n) is largest in size, (..., k, 1)."""
    sizes = np.abs(rows)
    near = sizes >= sizes.max(axis=-1, keepdims=True) * (1.0 - 1e-9)
    return np.expand_dims(np.argmax(near, axis=-1), -1)
