"""Seeds and random numbers that do not depend on the size of the blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.read.numbers import parse_integer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.options import Vector

MAX_SEED = 2**53 - 1
"""The largest integer that every reader of JSON keeps."""


def resolve_seed(seed: str) -> tuple[int, tuple[str, ...]]:
    """Return the seed and a note about it; `random` draws one."""
    if seed != "random":
        return parse_integer(seed, "--seed", 0, MAX_SEED), ()
    import secrets

    drawn = secrets.randbelow(MAX_SEED + 1)
    return drawn, (f"--seed random drew {drawn}",)


def rng_metadata(seed: int) -> dict[str, object]:
    """Return the metadata that reproduces random numbers: the seed and numpy's version."""
    import numpy as np

    return {"seed": seed, "numpy": np.__version__}


def standard_normal(seed: int, rows: Sequence[int], shape: tuple[int, ...]) -> Vector:
    """Return standard normal samples, each row from its own stream of the seed and the row number."""
    import numpy as np

    return np.stack([np.random.default_rng((seed, row)).standard_normal(shape) for row in rows])
