"""Beyond one machine, by script: `python -m tests.benchmarks.scale`.

Merges the states of 10,000 parts as `combine` does, in seconds, and works out what a pair of models of 70B
parameters takes from what a few sizes of tensors take: hours of a core for `lora` and for `weights`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

PARTS = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
UNIT = 4
"""Rows of a part: each has some."""
PAIR_70B = (  # the matrices of a layer, of 80: grouped keys of 8 heads
    ((8192, 8192), 2),
    ((1024, 8192), 2),
    ((28672, 8192), 2),
    ((8192, 28672), 1),
)
LAYERS = 80
SIZES = ((512, 512), (1024, 1024), (2048, 2048), (1024, 4096))


def merge_parts(folder: Path, parts: int) -> float:
    """Return the seconds that combine takes for parts of a comparison, a few rows each: their states first."""
    rng = np.random.default_rng(0)
    np.save(folder / "a.npy", rng.normal(size=(parts * UNIT, 8)))
    np.save(folder / "b.npy", rng.normal(size=(parts * UNIT, 8)))
    line = ["compare", f"@{folder}/a.npy", f"@{folder}/b.npy", "--logits"]
    states = write_states(folder, line, parts)
    start = time.perf_counter()
    command = [sys.executable, "-m", "aimath", "combine", f"{folder}/S*.npz"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    assert len(states) == parts
    return seconds


def write_states(folder: Path, line: list[str], parts: int) -> list[Path]:
    """Write the state of each part, by the program itself in this process."""
    from aimath.cli.app import invoke
    from aimath.cli.runner import run

    run.UNIT_ROWS = UNIT
    found = []
    for part in range(1, parts + 1):
        found.append(folder / f"S{part:05d}.npz")
        assert invoke([*line, "--part", f"{part}/{parts}", "--state", str(found[-1])]) == 0
    return found


def lora_seconds(shape: tuple[int, int]) -> float:
    """Return the CPU seconds of the least rank of an update."""
    from aimath.core import linalg

    rng = np.random.default_rng(1)
    base, change = rng.normal(size=(2, *shape))
    start = time.process_time()
    linalg.lora_update(base, base + change, [0.9])
    return time.process_time() - start


def weights_seconds(shape: tuple[int, int]) -> float:
    """Return the CPU seconds of a tensor's row, with its spectrum."""
    from aimath.core import nn

    matrix = np.random.default_rng(1).normal(size=shape)
    start = time.process_time()
    nn.weights({"w": matrix}, spectra=True)
    return time.process_time() - start


def operations(shape: tuple[int, int]) -> float:
    """Return about how many operations the smaller Gram matrix and its eigenvalues are."""
    m, n = max(shape), min(shape)
    return 2.0 * m * n * n + 4.0 / 3.0 * n**3


def hours(measured: dict[tuple[int, int], float]) -> float:
    """Return the hours of the pair, by the least rate of the larger sizes."""
    rate = max(seconds / operations(shape) for shape, seconds in list(measured.items())[2:])
    return LAYERS * sum(count * rate * operations(shape) for shape, count in PAIR_70B) / 3600.0


def main() -> None:
    """Print what was measured, and what follows of it."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"{PARTS} states merged: {merge_parts(Path(folder), PARTS):.2f} s (target 5)")
    for name, cost in (("lora", lora_seconds), ("weights --spectra", weights_seconds)):
        measured = {shape: min(cost(shape) for _ in range(3)) for shape in SIZES}
        told = ", ".join(f"{m}x{n} {seconds:.3f} s" for (m, n), seconds in measured.items())
        tensors = LAYERS * sum(count for _, count in PAIR_70B)
        print(f"{name}: {told}; {tensors} tensors of a 70B pair: {hours(measured):.1f} hours of a core")


if __name__ == "__main__":
    main()
