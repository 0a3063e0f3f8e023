"""What the programs are fed: made from a seed, in a process of its own, for numpy makes its parent large.

`python -m tests.benchmarks.data NAME FILE` writes one of the files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import orjson


def logits(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    return rng.normal(0, 3, (rows, n))


def probabilities(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    return rng.dirichlet(np.ones(n), rows)


SHAPES = {
    "logits-5": (logits, 1_000_000, 5),
    "logits-50": (logits, 100_000, 50),
    "probs-5": (probabilities, 1_000_000, 5),
    "array-5": (logits, 2_000_000, 5),
}


def text(rows: np.ndarray) -> bytes:
    """Write numbers with the fewest digits that read back, as peers' output has them."""
    data = orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)
    return data[2:-2].replace(b"],[", b"\n").replace(b",", b" ") + b"\n"


def main(name: str, path: str) -> None:
    make, rows, n = SHAPES[name]
    made = make(np.random.default_rng(20261123), rows, n)
    if path.endswith(".npy"):
        np.save(path, made)
    else:
        Path(path).write_bytes(text(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
