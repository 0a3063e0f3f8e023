"""Functions of the core and a peer's, in one process, turn by turn, on one thread, in CPU time. Targets 6 and 7 are scipy's."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tests.benchmarks.rows import Row, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.rows import Plan

TARGETS = {6, 7}


class Work(NamedTuple):
    """One comparison: both functions take what `make` gives."""

    number: int
    name: str
    target: float
    make: Callable[[np.random.Generator], tuple[Any, ...]]
    ours: Callable[..., Any]
    peer: Callable[..., Any]
    whose: str = "scipy"


def works() -> list[Work]:
    """List the comparisons."""
    from scipy import special

    from aimath.core import information, probability

    def logits(rows: int, n: int) -> Callable[[np.random.Generator], tuple[Any, ...]]:
        return lambda rng: (rng.normal(0, 3, (rows, n)),)

    def distribution(rng: np.random.Generator) -> tuple[Any, ...]:
        weights = rng.exponential(size=10_000_000)
        return (weights / weights.sum(),)

    def softmax(x: Any) -> Any:
        return special.softmax(x, axis=-1)

    return [
        Work(6, "softmax 2e6 x 5", 0.5, logits(2_000_000, 5), probability.softmax, softmax),
        Work(6, "softmax 2e5 x 50", 0.7, logits(200_000, 50), probability.softmax, softmax),
        Work(6, "softmax 200 x 50000", 0.8, logits(200, 50_000), probability.softmax, softmax),
        Work(
            7,
            "logsumexp 1e7",
            0.25,
            lambda rng: (rng.normal(0, 3, 10_000_000),),
            probability.logsumexp,
            special.logsumexp,
        ),
        Work(7, "entropy 1e7", 0.4, distribution, information.entropy, lambda p: special.entr(p).sum()),
        Work(
            7,
            "kl 1e7",
            0.2,
            lambda rng: distribution(rng) + distribution(rng),
            information.kl,
            lambda p, q: special.rel_entr(p, q).sum(),
        ),
    ]


def seconds(function: Callable[..., Any], operands: tuple[Any, ...]) -> float:
    """Time one call on the processor, where others' load counts little; its result is dropped outside the time."""
    start = time.process_time()
    result = function(*operands)
    took = time.process_time() - start
    del result
    return took


def compared(work: Work, rounds: int) -> Row:
    """Run both turn by turn on the same data, after one turn that warms the caches."""
    operands = work.make(np.random.default_rng(20261123))
    pairs = [(seconds(work.ours, operands), seconds(work.peer, operands)) for _ in range(rounds + 1)][1:]
    ours, peer = (f"{median(pair[k] for pair in pairs) * 1000:.1f} ms" for k in (0, 1))
    ratio = median(a / b for a, b in pairs)
    return Row(work.number, f"{work.name} / {work.whose}", ours, peer, ratio, work.target)


def measure(plan: Plan) -> Iterator[Row | str]:
    """Give the rows of the targets asked for."""
    missing = [skipped(number, "scipy") for number in sorted(plan.only & TARGETS)]
    if any(missing):
        yield from missing
        return
    yield from (compared(work, plan.rounds) for work in works() if work.number in plan.only)
