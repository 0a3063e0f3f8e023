"""Target 22: two processes of ours against one, the same command line with --workers 2 and without."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.programs import AIMATH, Cost, row, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.rows import Plan, Row

TARGETS = {22}
WORKS = {
    "row entropy of": ("entropy", "@{folder}/large.npy", "--out", "{folder}/answer.npy"),
    "PCA's variance of": ("pca", "@{folder}/large.npy", "--components", "10", "--fields", "variance"),
    "weights --spectra of tensors of": ("weights", "{folder}/model.safetensors", "--spectra"),
}
MODEL = """
import numpy as np, sys
from safetensors.numpy import save_file
rng = np.random.default_rng(0)
one = lambda: rng.standard_normal((2048, 2048), np.float32)
save_file({f"h.{k}.weight": one() for k in range(int(sys.argv[1]))}, sys.argv[2])
"""


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the target, for rows of so many gigabytes, and 16 tensors."""
    size, rounds, folder = plan.gigabytes, plan.rounds, plan.folder
    if (os.cpu_count() or 1) < 2:
        yield "22  skipped: there is one processor"
        return
    count = str(int(size * 1e9 / 800))
    source = folder / "large.npy"
    subprocess.run([sys.executable, "-m", "tests.benchmarks.data", "large", str(source), count], check=True)
    model = folder / "model.safetensors"
    subprocess.run([sys.executable, "-c", MODEL, "16", str(model)], check=True)
    for name, words in WORKS.items():
        line = [word.format(folder=folder) for word in words]
        pairs: list[tuple[Cost, Cost]] = []
        for _ in range(max(1, rounds // 3)):
            two = run((AIMATH, *line, "--workers", "2"))
            pairs.append((two, run((AIMATH, *line))))
        what = "268 MB" if "tensors" in name else f"{size:g} GB"
        yield row(22, f"{name} {what}: two processes / one", pairs, "wall", 0.60)
    source.unlink()
    model.unlink()
