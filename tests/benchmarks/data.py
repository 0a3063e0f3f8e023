"""What the programs are fed: made from a seed, in a process of its own, for numpy makes its parent large.

`python -m tests.benchmarks.data NAME FILE` writes one of the files; `... large FILE ROWS` one larger than memory.
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


def base_model(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    return logits(rng, rows, n).astype(np.float32)


def other_model(rng: np.random.Generator, rows: int, n: int) -> np.ndarray:
    """Make the base model's logits and what quantisation, say, moved them by."""
    base = logits(rng, rows, n)
    return (base + rng.normal(0, 0.1, base.shape)).astype(np.float32)


SHAPES = {
    "logits-5": (logits, 1_000_000, 5),
    "logits-50": (logits, 100_000, 50),
    "probs-5": (probabilities, 1_000_000, 5),
    "array-5": (logits, 2_000_000, 5),
    "model-base": (base_model, 2_000, 5_000),
    "model-other": (other_model, 2_000, 5_000),
}


def table(path: str, kind: str, rows: int = 1_000_000) -> None:
    """Write a table of a column of texts and two of numbers, as .csv: plain, quoted or with gaps."""
    rng = np.random.default_rng(20261123)
    numbers = [map(repr, column.tolist()) for column in (rng.normal(size=rows), rng.random(rows))]
    first = '"row %d"' if kind == "quoted" else "row %d"
    lines = (
        f"{first % k},{'' if kind == 'gaps' and k % 1000 == 7 else a},{b}\n"
        for k, (a, b) in enumerate(zip(*numbers, strict=True))
    )
    with Path(path).open("w", encoding="ascii") as file:
        file.write("name,a,b\n")
        file.writelines(lines)


def text(rows: np.ndarray) -> bytes:
    """Write numbers with the fewest digits that read back, as peers' output has them."""
    data = orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)
    return data[2:-2].replace(b"],[", b"\n").replace(b",", b" ") + b"\n"


def large(path: str, rows: int, n: int = 100, block: int = 50_000) -> None:
    """Write an .npy of distributions (rows, n) that is never in memory: some rows, their columns turned about."""
    some = probabilities(np.random.default_rng(20261123), min(rows, block), n)
    turned = (np.roll(some, k // block, axis=1)[: rows - k] for k in range(0, rows, block))
    with Path(path).open("wb") as file:
        header = {"descr": some.dtype.str, "fortran_order": False, "shape": (rows, n)}
        np.lib.format.write_array_header_1_0(file, header)
        file.writelines(part.tobytes() for part in turned)


def main(name: str, path: str, rows: str = "") -> None:
    if name.startswith("table-"):
        table(path, name.removeprefix("table-"))
        return
    if name == "large":
        large(path, int(rows))
        return
    make, count, n = SHAPES[name]
    made = make(np.random.default_rng(20261123), count, n)
    if path.endswith(".npy"):
        np.save(path, made)
    else:
        Path(path).write_bytes(text(made))


if __name__ == "__main__":
    main(*sys.argv[1:])
