"""Random numbers that do not depend on how rows are cut into blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aimath.core.numerics.types import Array


def standard_normal(seed: int, rows: Iterable[int], shape: tuple[int, ...]) -> Array:
    """Return standard normal samples (rows, *shape), each row from a stream of its own."""
    return np.stack([np.random.default_rng((seed, row)).standard_normal(shape) for row in rows])
