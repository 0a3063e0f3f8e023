"""Measure aimath: `python -m tests.benchmarks`, after `pip install '.[test,bench]'`.

Only ratios that were measured side by side count, each the median over pairs A B A B: the machine's
own noise hits both. A peer that isn't installed is skipped by name. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.digits import TOPICS

MEMORY = Path("/dev/shm")  # noqa: S108  for the files of data: disks are not what is compared
TARGETS = {*range(1, 16), 19}

for library in ("OPENBLAS", "OMP", "MKL"):  # one thread on both sides, set before numpy is loaded
    os.environ[f"{library}_NUM_THREADS"] = "1"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--only", metavar="N,N", help="these targets alone")
    parser.add_argument("--rounds", type=int, default=11, metavar="N", help="pairs for each ratio (11)")
    parser.add_argument(
        "--max", type=float, metavar="R", help="exit 1 if a ratio is above R times its target"
    )
    parser.add_argument(
        "--large",
        type=float,
        default=4,
        metavar="GB",
        help="size of target 15's file (4; from .5 it is read in blocks)",
    )
    parser.add_argument(
        "--digits",
        nargs="*",
        choices=TOPICS,
        metavar="TOPIC",
        help="errors in ulp instead of times, or those of some topics",
    )
    return parser.parse_args()


def times(asked: argparse.Namespace) -> bool:
    """Print a line as soon as it is measured; give whether all are within `--max`."""
    from tests.benchmarks import larger, programs
    from tests.benchmarks.rows import HEADS, Row, aligned

    only = {int(number) for number in asked.only.split(",")} if asked.only else TARGETS
    print(aligned(HEADS))
    fine = True

    def show(row: Row | str) -> None:
        nonlocal fine
        print(row if isinstance(row, str) else row.line(), flush=True)
        fine &= isinstance(row, str) or asked.max is None or row.share <= asked.max

    # Programs first, while this process is small: a child's peak memory begins with its parent's.
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        for row in programs.measure(only, asked.rounds, Path(folder)):
            show(row)
        if 15 in only:
            for row in larger.measure(asked.large, asked.rounds, Path(folder)):
                show(row)
    if only & {6, 7}:
        from tests.benchmarks import kernels

        for row in kernels.measure(only, asked.rounds):
            show(row)
    if only & {8, 9, 10, 14}:
        from tests.benchmarks import matrices

        for row in matrices.measure(only, asked.rounds):
            show(row)
    if only & {11, 12}:
        from tests.benchmarks import descents

        for row in descents.measure(only, asked.rounds):
            show(row)
    if 13 in only:
        from tests.benchmarks import training

        for row in training.measure(asked.rounds):
            show(row)
    return fine


def main() -> None:
    """Be the command."""
    asked = arguments()
    fine = True
    if asked.digits is None:
        fine = times(asked)
    if asked.digits is not None or not asked.only:
        from tests.benchmarks.digits import table

        table.show(asked.digits)
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
