"""The table of errors: a line a case, a column a library."""

from __future__ import annotations

import importlib
from statistics import median
from typing import TYPE_CHECKING

import mpmath as mp
import numpy as np
from tests.benchmarks.digits import TOPICS
from tests.benchmarks.digits.case import MEASURES, Case, flat
from tests.benchmarks.digits.peers import COLUMNS, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

SEED = 20261123
WIDTHS = (49, *(18,) * (1 + len(COLUMNS)))


def cases(topics: Sequence[str] = TOPICS) -> Iterator[Case]:
    """Give the cases of some topics; each has its own generator, so that it prints the same alone."""
    for topic in topics:
        module = importlib.import_module(f"tests.benchmarks.digits.{topic}")
        yield from module.cases(np.random.default_rng(SEED))


def errors(case: Case, functions: Sequence[Callable[..., Any]]) -> list[list[float]]:
    """Give the errors of several functions of the same, all numbers of all operands together."""
    together: list[list[float]] = [[] for _ in functions]
    with mp.workdps(case.digits), np.errstate(all="ignore"):
        for operands in case.operands:
            truth = flat(case.truth(*operands))
            for k, function in enumerate(functions):
                together[k] += case.measure(flat(function(*operands)), truth)
    return together


def line(case: Case, skipped: Sequence[str]) -> str:
    """Give a case as a line of the table."""
    shown = {name: function for name, function in case.peers.items() if name not in skipped}
    found = dict(zip(("aimath", *shown), errors(case, (case.ours, *shown.values())), strict=True))
    texts = (written(found[name]) if name in found else "-" for name in ("aimath", *COLUMNS))
    return aligned((f"{case.command}: {case.what}", *texts))


def written(found: list[float]) -> str:
    """Give the worst and the median error."""
    return f"{short(max(found))} / {short(median(found))}"


def short(x: float) -> str:
    """Give two digits or so: 0, 0.43, 18.3, 431, 9e15; a thousandth is nothing."""
    if x < 1e-3:
        return "0"
    return f"{x:.3g}" if x < 1e3 else f"{x:.0e}".replace("e+", "e")


def aligned(cells: Sequence[str]) -> str:
    """Set cells under each other."""
    first, *others = (cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    return first.strip().ljust(WIDTHS[0]) + "".join(others)


def show(topics: Sequence[str]) -> None:
    """Print the table, measure by measure."""
    skipped = missing()
    for name in skipped:
        print(f"digits: {COLUMNS[name]} is not installed")
    listed = list(cases(topics or TOPICS))
    for measure, head in MEASURES.items():
        some = [case for case in listed if case.measure is measure]
        if some:
            print("\n" + aligned((head, "aimath", *COLUMNS.values())))
        for case in some:
            print(line(case, skipped), flush=True)
