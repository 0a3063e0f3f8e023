"""Seeded random formulas at hard points, and a table of the truth for a sample of them.

`python -m tests.core.calculus.hard_formulas` writes the table anew (hard_formulas.json).
"""

import json
import math
import random
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import mpmath as mp
from tests.core.calculus import jets

FILE = Path(__file__).with_suffix(".json")
ONE = [*{*jets.FUNCTIONS} - {"min", "max", "logsumexp", "ln"}]
ONE.sort()
NUMBERS = ["1", "2", "3", "0.5", "0.1", "10", "1e-10", "pi", "7", "-1"]
EXPONENTS = ["2", "3", "0.5", "-1", "-2", "1.5", "-0.5", "4", "0.1", "1/3"]


def formula(rng, names, depth):
    """A random formula of some variables."""
    if depth == 0 or rng.random() < 0.08:
        return rng.choice(names) if rng.random() < 0.8 else f"({rng.choice(NUMBERS)})"
    kind = rng.random()
    sub = lambda: formula(rng, names, depth - 1)  # noqa: E731
    if kind < 0.45:
        return f"{rng.choice(ONE)}({sub()})"
    if kind < 0.82:
        return f"({sub()}{rng.choice('+-*/')}{sub()})"
    if kind < 0.9:
        return f"({sub()})^({rng.choice(EXPONENTS)})"
    if kind < 0.93:
        return f"({sub()})^({sub()})"
    return f"{rng.choice(['min', 'max', 'logsumexp'])}({sub()},{sub()})"


def coordinate(rng):
    """A random number where formulas are hard: huge and tiny, in the tails, near kinks and on them."""
    side, kind = rng.choice((1, -1)), rng.random()
    if kind < 0.2:
        return side * 10 ** rng.uniform(-300, 300)
    if kind < 0.4:
        return side * 10 ** rng.uniform(-12, 12)
    if kind < 0.6:
        return side * 10 ** rng.uniform(-1, 3)
    if kind < 0.75:
        return rng.choice((0.0, 1.0, -1.0, 0.5, 2.0)) + side * 10 ** rng.uniform(-17, -1)
    if kind < 0.8:
        return rng.choice((0.0, 1.0, -1.0, 0.5, 2.0))
    return rng.gauss(0, 1)


def cases(seed, count, deepest=5):
    """Formulas with their variables and a point."""
    rng = random.Random(seed)  # noqa: S311
    for _ in range(count):
        names = ["x", "y", "z"][: rng.randint(1, 3)]
        text = formula(rng, names, rng.randint(1, deepest))
        yield text, names, [coordinate(rng) for _ in names]


@contextmanager
def within(seconds):
    """Raise TimeoutError when the time is over."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def answer(text, names, point, order=1, seconds=5):
    """The true derivatives ("undefined" if there are none), or None where the oracle doesn't know."""
    try:
        with within(seconds):
            return jets.truth(text, names, point, order)
    except jets.NoAnswerError:
        return "undefined"
    except Exception:  # noqa: BLE001  towers of exponentials break mpmath in many ways
        return None


def interesting(rng, found):
    """Keep most that have an answer that isn't 0."""
    if found is None:
        return False
    if found == "undefined":
        return rng.random() < 0.1
    return any(found) or rng.random() < 0.1


def table(seed, count, deepest=5, order=1):
    """So many cases with the truth: [text, names, point, answers as text]."""
    rng, rows = random.Random(seed), []  # noqa: S311
    for text, names, point in cases(seed, sys.maxsize, deepest):
        found = answer(text, names, point, order)
        if interesting(rng, found):
            rows.append(
                [text, names, point, found if found == "undefined" else [mp.nstr(x, 40) for x in found]]
            )
            if len(rows) == count:
                return rows
    return rows


def verdict(found, wanted):
    """What an answer (floats, or None if it was refused) is worth beside the truth."""
    if wanted == "undefined":
        return "refused truly" if found is None else "answered what is undefined"
    with mp.workdps(60):
        exact = [mp.mpf(x) for x in wanted]
        if any(abs(x) >= mp.mpf(2) ** 1024 * (1 - mp.mpf(2) ** -54) for x in exact):
            return "refused truly" if found is None else "answered what is beyond"
        if found is None:
            return "refused though it exists"
        worst = max(map(ulps, found, exact))
        return "within half an ulp" if worst <= mp.mpf(1) / 2 + mp.mpf(10) ** -15 else "wrong"


def ulps(found, wanted):
    return abs(mp.mpf(found) - wanted) / mp.mpf(math.ulp(float(wanted)))


def main():
    """Write the table of a sample."""
    tables = {"gradients": table(11, 400), "hessians": table(12, 60, deepest=3, order=2)}
    FILE.write_text(json.dumps(tables, indent=None).replace('], ["', '],\n["') + "\n")


if __name__ == "__main__":
    main()
