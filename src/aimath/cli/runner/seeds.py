"""Seeds of random numbers, and how an answer tells of them."""

from __future__ import annotations

from aimath.read.numbers import parse_integer

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
