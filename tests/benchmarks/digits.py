"""How many digits are right: errors in ulp against mpmath at 50 digits, on the exact doubles given.

One ulp is the distance of the true value's neighbours in float64, so 0.5 is as near as a double can
be. Peers get the form of the formula that their own documentation recommends.
"""

from __future__ import annotations

import importlib.util
import math
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath as mp
import numpy as np

from aimath.core import diffusion, information, probability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SAMPLES = 200


class Case(NamedTuple):
    """A function on a kind of input; each function takes the same operands and gives one or many numbers."""

    name: str
    operands: list[tuple[Any, ...]]
    truth: Callable[..., Any]
    ours: Callable[..., Any]
    scipy: Callable[..., Any] | None = None
    numpy: Callable[..., Any] | None = None


def ulps(found: Any, truth: Iterable[Any]) -> list[float]:
    """Give the distance of each number from the truth in units of its last place."""
    pairs = zip(np.ravel(found).tolist(), truth, strict=True)
    return [
        (float(abs(mp.mpf(x) - t) / math.ulp(float(t))) if math.isfinite(x) else math.inf) for x, t in pairs
    ]


def listed(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (list, tuple)) else [values]


def summary(case: Case, function: Callable[..., Any] | None, truths: list[list[Any]]) -> str:
    """Give worst and median error of one side."""
    if function is None:
        return "-"
    with np.errstate(all="ignore"):
        errors = [
            e
            for operands, truth in zip(case.operands, truths, strict=True)
            for e in ulps(function(*operands), truth)
        ]
    return f"{max(errors):.3g} / {median(errors):.2g}"


def exact(x: Sequence[float]) -> list[Any]:
    return [mp.mpf(v) for v in x.tolist()]


def softmax(x: Any, temperature: float = 1.0) -> list[Any]:
    weights = [mp.exp(v / mp.mpf(temperature)) for v in exact(x)]
    return [w / mp.fsum(weights) for w in weights]


def logsumexp(x: Any) -> Any:
    return mp.log(mp.fsum(map(mp.exp, exact(x))))


def log_softmax(x: Any) -> list[Any]:
    return [v - logsumexp(x) for v in exact(x)]


def entropy(p: Any) -> Any:
    return -mp.fsum(v * mp.log(v, 2) for v in exact(p) if v)


def kl(p: Any, q: Any) -> Any:
    return mp.fsum(a * mp.log(a / b) - a + b for a, b in zip(exact(p), exact(q), strict=True))


def js(p: Any, q: Any) -> Any:
    middle = [(a + b) / 2 for a, b in zip(exact(p), exact(q), strict=True)]
    sides = (exact(p), exact(q))
    return mp.fsum(a * mp.log(a / m) for side in sides for a, m in zip(side, middle, strict=True)) / 2


def quantile(p: float) -> Any:
    with mp.workdps(120):
        return mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1)


def variance(x: Any) -> Any:
    mean = mp.fsum(exact(x)) / len(x)
    return mp.fsum((v - mean) ** 2 for v in exact(x)) / len(x)


def snr(t: int, steps: int, start: float, end: float) -> Any:
    first, last = mp.mpf(start), mp.mpf(end)
    left = mp.fprod(1 - (first + (last - first) * k / (steps - 1)) for k in range(t + 1))
    return left / (1 - left)


def snr_by_numpy(t: int, steps: int, start: float, end: float) -> Any:
    left = np.cumprod(1.0 - np.linspace(start, end, steps))[t]
    return left / (1.0 - left)


def logits_cases(rng: np.random.Generator) -> list[Case]:
    from scipy import special

    rows = [(rng.normal(0, 3, n),) for n in rng.integers(2, 40, SAMPLES)]
    tails = [(rng.uniform(-700, 0, 10),) for _ in range(SAMPLES)]
    warm = [(rng.normal(0, 3, 8), t) for t in rng.uniform(0.05, 5, SAMPLES).tolist()]
    sure = [(np.append(rng.uniform(30, 40, 1), rng.normal(0, 1, 4)),) for _ in range(SAMPLES)]
    chances = [(np.log(rng.dirichlet(np.ones(6))),) for _ in range(SAMPLES)]

    def ours(x: Any, temperature: float = 1.0) -> Any:
        return probability.softmax(x, temperature).probs

    def logs(x: Any) -> Any:
        return probability.log_softmax(x).log_probs

    def sums(x: Any) -> Any:
        return probability.logsumexp(x).logsumexp

    def loss(x: Any) -> Any:
        return information.cross_entropy_of_logits(x, 0).cross_entropy

    return [
        Case("softmax, N(0, 3)", rows, softmax, ours, special.softmax),
        Case("softmax, logits -700 .. 0", tails, softmax, ours, special.softmax),
        Case("softmax at a temperature", warm, softmax, ours, lambda x, t: special.softmax(x / t)),
        Case("logsumexp, N(0, 3)", rows, logsumexp, sums, special.logsumexp, np.logaddexp.reduce),
        Case(
            "logsumexp of log-probabilities", chances, logsumexp, sums, special.logsumexp, np.logaddexp.reduce
        ),
        Case("log-softmax, N(0, 3)", rows, log_softmax, logs, special.log_softmax),
        Case("log-softmax, one almost sure", sure, log_softmax, logs, special.log_softmax),
        Case(
            "cross-entropy of logits, almost sure",
            sure,
            lambda x: -log_softmax(x)[0],
            loss,
            lambda x: -special.log_softmax(x)[0],
        ),
    ]


def divergence_cases(rng: np.random.Generator) -> list[Case]:
    from scipy import special, stats
    from scipy.spatial import distance

    rows = [rng.dirichlet(np.ones(n)) for n in rng.integers(2, 40, SAMPLES)]
    pairs = [(p, rng.dirichlet(np.ones(len(p)))) for p in rows]

    def moved(by: float) -> list[tuple[Any, Any]]:
        near = [(p, p * (1 + by * rng.normal(size=len(p)))) for p in rows]
        return [(p, q / q.sum()) for p, q in near]

    def both(name: str, operands: list[tuple[Any, Any]]) -> list[Case]:
        return [
            Case(f"kl, {name}", operands, kl, lambda p, q: information.kl(p, q).kl, stats.entropy,
                 lambda p, q: np.sum(p * np.log(p / q))),
            Case(f"js, {name}", operands, js, lambda p, q: information.js(p, q, base=math.e).js,
                 lambda p, q: distance.jensenshannon(p, q) ** 2),
        ]  # fmt: skip

    one = [(p,) for p in rows]
    ours = lambda p: information.entropy(p).entropy  # noqa: E731
    return [
        Case("entropy", one, entropy, ours, lambda p: special.entr(p).sum() / math.log(2),
             lambda p: -np.sum(p * np.log2(p))),
        *both("unlike", pairs),
        *both("1e-4 apart", moved(1e-4)),
        *both("1e-8 apart", moved(1e-8)),
    ]  # fmt: skip


def other_cases(rng: np.random.Generator) -> list[Case]:
    from scipy import stats

    points = [(x,) for x in [*rng.normal(size=SAMPLES), *rng.uniform(-37, 37, SAMPLES)]]
    chances = [(p,) for p in [*rng.uniform(size=SAMPLES), *(10.0 ** rng.uniform(-40, 0, SAMPLES))]]
    steps = [(t, 1000, 1e-4, 0.02) for t in (0, 1, 10, 100, 258, 500, 999)]
    return [
        Case("normal density", points, mp.npdf, lambda x: probability.gaussian(x).density, stats.norm.pdf),
        Case("normal cdf", points, mp.ncdf, lambda x: probability.gaussian(x).cdf, stats.norm.cdf),
        Case("normal quantile", chances, quantile,
             lambda p: probability.gaussian_quantile(p).quantile, stats.norm.ppf),
        Case("variance at offset 1e8", [(1e8 + rng.normal(size=50),) for _ in range(SAMPLES)], variance,
             lambda x: probability.describe(x).variance, lambda x: stats.tvar(x, ddof=0), np.var),
        Case("signal to noise of 1000 steps", steps, snr,
             lambda t, *how: diffusion.schedule("linear", *how).snr[t], None, snr_by_numpy),
    ]  # fmt: skip


def show() -> None:
    """Print the table."""
    if importlib.util.find_spec("scipy") is None:
        print("digits skipped: scipy is not installed")
        return
    rng = np.random.default_rng(20261123)
    print(f"\n{'worst / median error in ulp':40}{'ours':>14}{'scipy':>20}{'numpy':>20}")
    with mp.workdps(50):
        for case in [*logits_cases(rng), *divergence_cases(rng), *other_cases(rng)]:
            truths = [listed(case.truth(*operands)) for operands in case.operands]
            texts = (summary(case, side, truths) for side in (case.ours, case.scipy, case.numpy))
            print(f"{case.name:40}{next(texts):>14}{next(texts):>20}{next(texts):>20}", flush=True)
