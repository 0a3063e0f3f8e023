"""Random numbers that are the same for the same seed, whatever the size of the blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.read.numbers import integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.options import Vector

LARGEST = 2**53 - 1
"""The largest integer that every reader of JSON keeps."""


def settled(seed: str) -> tuple[int, tuple[str, ...]]:
    """Give the seed, and what to say of it: `random` draws one."""
    if seed != "random":
        return integer(seed, "--seed", 0, LARGEST), ()
    import secrets

    drawn = secrets.randbelow(LARGEST + 1)
    return drawn, (f"--seed random drew {drawn}",)


def origin(seed: int) -> dict[str, object]:
    """Give what random numbers depend on: the seed, and numpy's version (its streams may change)."""
    import numpy as np

    return {"seed": seed, "numpy": np.__version__}


def normal(seed: int, rows: Sequence[int], shape: tuple[int, ...]) -> Vector:
    """Draw standard normal numbers, each row from its own stream, named by the seed and the row's number."""
    import numpy as np

    return np.stack([np.random.default_rng((seed, row)).standard_normal(shape) for row in rows])
