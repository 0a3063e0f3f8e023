"""Measure aimath: `python -m tests.benchmarks`, after `pip install '.[test,bench]'`.

Only ratios that were measured side by side count, each the median over pairs A B A B: the machine's
own noise hits both. A peer that isn't installed is skipped by name. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.digits import TOPICS
from tests.benchmarks.rows import HEADS, Plan, Row, aligned

MEMORY = Path("/dev/shm")  # noqa: S108  for the files of data: disks are not what is compared

MODULES = (
    "programs",
    "larger",
    "shared",
    "kernels",
    "matrices",
    "descents",
    "training",
    "gpt",
    "forward",
    "recipes",
)
"""Each has the numbers of its TARGETS, and gives their rows by `measure(plan)`.

Programs come first, while this process is small: a child's peak memory begins with its parent's.
"""

for library in ("OPENBLAS", "OMP", "MKL"):  # one thread on both sides, set before numpy is loaded
    os.environ[f"{library}_NUM_THREADS"] = "1"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--only", metavar="N,N", help="these targets alone, e.g. 6,10")
    parser.add_argument("--rounds", type=int, metavar="N", help="pairs for each ratio (11; 3 if --quick)")
    parser.add_argument(
        "--max", type=float, metavar="R", help="exit 1 if a ratio is above R times its target"
    )
    parser.add_argument(
        "--large",
        type=float,
        metavar="GB",
        help="size of target 15's file (4; .5 if --quick: from there it is read in blocks)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few pairs, a small file for target 15, every eighth command for 2, a seed for 18",
    )
    parser.add_argument(
        "--digits",
        nargs="*",
        choices=TOPICS,
        metavar="TOPIC",
        help="errors in ulp instead of times, or those of some topics",
    )
    parser.add_argument(
        "--training",
        nargs="?",
        const="",
        metavar="WORDS",
        help="what the runs of aimath train reach in how many CPU seconds, three seeds each; of those whose "
        "name and architecture hold WORDS",
    )
    parser.add_argument(
        "--seeds", metavar="N,N", help="seeds of --training (0,1,2): recipes were chosen with seed 0"
    )
    return parser.parse_args()


def times(asked: argparse.Namespace) -> bool:
    """Print a line as soon as it is measured; give whether all are within `--max`."""
    fine = True
    print(aligned(HEADS))
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        plan = Plan(
            only=frozenset(map(int, asked.only.split(","))) if asked.only else frozenset(range(1, 100)),
            rounds=asked.rounds or (3 if asked.quick else 11),
            folder=Path(folder),
            gigabytes=asked.large or (0.5 if asked.quick else 4),
            quick=asked.quick,
        )
        for name in MODULES:
            module = importlib.import_module(f"tests.benchmarks.{name}")
            if not plan.only & module.TARGETS:
                continue
            for row in module.measure(plan):
                print(row.line() if isinstance(row, Row) else row, flush=True)
                fine &= not isinstance(row, Row) or asked.max is None or row.share <= asked.max
    return fine


def main() -> None:
    """Be the command."""
    asked = arguments()
    fine = True
    if asked.training is not None:
        from tests.benchmarks import recipes

        seeds = tuple(map(int, asked.seeds.split(","))) if asked.seeds else recipes.SEEDS
        for line in recipes.lines(asked.training, seeds):
            print(line, flush=True)
        return
    if asked.digits is None:
        fine = times(asked)
    if asked.digits is not None or not (asked.only or asked.quick):
        from tests.benchmarks.digits import table

        table.show(asked.digits)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
