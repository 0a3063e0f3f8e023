"""Gates: activations of two halves of a row, one of which says how much of the other passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn.autograd._errstate import checked_call
from aimath.core.nn.autograd._tensor import record, unwrap
from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array


def reglu(x: Any) -> Any:
    """Return a · relu(b) of rows (..., 2 n), a their first half and b their second: (..., n).

    With g = dL/dy: dL/da = g · relu(b) and dL/db = g · a where b > 0, else 0. Shazeer (2020).

    >>> reglu(np.array([2.0, 3.0, -1.0, 4.0]))
    array([ 0., 12.])
    """
    v = unwrap(x)
    n, odd = divmod(v.shape[-1], 2)
    if odd:
        raise InputError(f"a gate halves its rows, and {v.shape[-1]} is odd")
    a, b = v[..., :n], np.maximum(v[..., n:], 0.0)

    def share(g: Array) -> Array:
        back = np.empty_like(v)
        np.multiply(g, b, out=back[..., :n])
        np.multiply(g, a, out=back[..., n:])
        back[..., n:] *= b > 0.0
        return np.asarray(back)

    return record(checked_call(np.multiply, a, b), (x, share))
