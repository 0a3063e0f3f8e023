"""Target 15: a file of four times the address space there is; one or two processes of ours, two of dask's."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.programs import AIMATH, Cost, row, run
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.rows import Plan

TARGETS = {15}
LIMITED = ("/bin/sh", "-c", 'ulimit -v 1048576 && exec "$@"', "sh")  # KiB
ALLOWED = 64  # MiB of memory at most
COLUMNS = 100
WORKS = {
    "pca": ("PCA", "@{source}", "--components", "10"),
    "entropy": ("row entropy by two processes", "@{source}", "--workers", "2"),
    "svd-approx": ("rank 16", "@{source}", "--rank", "16"),
}
RATIOS = {"pca": 0.25, "entropy": 0.45, "svd-approx": 0.25}
"""Our time over dask's at most."""


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the target; its file is on disk, for it may be larger than memory."""
    need = plan.gigabytes * 1.1e9
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < need:
            yield f"15  skipped: {folder} has no room for {need / 1e9:.1f} GB"
            return
        source = Path(folder, "large.npy")
        count = str(int(plan.gigabytes * 1e9 / (8 * COLUMNS)))
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.data", "large", str(source), count], check=True
        )
        missing = skipped(15, "dask", "distributed", "scipy")
        if missing:
            yield missing
        for command in WORKS:
            yield from compared(
                command, f"of {plan.gigabytes:g} GB", source, max(1, plan.rounds // 5), dask=not missing
            )


def compared(command: str, what: str, source: Path, rounds: int, *, dask: bool) -> Iterator[Row | str]:
    """Run one command and dask's program turn by turn, on the same file."""
    name, *words = WORKS[command]
    out = str(source.with_name("answer"))
    given = [word.format(source=source) for word in words]
    ours = (*LIMITED, AIMATH, command, *given, "--out", f"{out}.npy")
    theirs = (sys.executable, "-m", "tests.benchmarks.by_dask", command, str(source), out)
    pairs: list[tuple[Cost, Cost]] = []
    alone: list[Cost] = []
    for _ in range(rounds):
        alone.append(run(ours))
        if dask:
            try:
                pairs.append((alone[-1], run(theirs)))
            except SystemExit as error:  # it has run out of its memory, or time
                dask = False
                yield f"15  {name} by dask: {str(error).rpartition(' failed ')[2]}"
    if pairs:
        yield row(15, f"{name} {what} / dask", pairs, "wall", RATIOS[command])
    elif not dask:
        yield f"15  {name} {what}: {min(cost.wall for cost in alone):.1f} s, alone"
    peak = max(cost.peak for cost in alone)
    yield Row(
        15, f"{name} {what}, peak / {ALLOWED} MiB", f"{peak:.0f} MiB", f"{ALLOWED} MiB", peak / ALLOWED, 1.0
    )
