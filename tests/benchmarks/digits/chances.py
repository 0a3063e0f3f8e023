"""Chances: Bayes' rule, the normal distribution, mean and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import Lazy, special, stats, tensors, torch

from aimath.core import probability

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 100
preprocessing = Lazy("sklearn.preprocessing")


def two(prior: float, likelihood: float, alarm: float) -> list[Any]:
    """Give posterior and odds."""
    p, seen, other = exact((prior, likelihood, alarm))
    return [p * seen / (p * seen + (1 - p) * other), p * seen / ((1 - p) * other)]


def bayes(rng: np.random.Generator) -> list[Case]:
    rare = [(float(p), *rng.uniform(0.5, 1, 2).tolist()) for p in 10.0 ** rng.uniform(-300, -1, SAMPLES)]
    kinds = {
        "0 .. 1": [tuple(rng.uniform(size=3).tolist()) for _ in range(SAMPLES)],
        "a rare disease": rare,
        "an almost certain one": [
            (1 - 2.0**-k, s, a) for k, (_, s, a) in zip([*range(1, 51)] * 2, rare, strict=True)
        ],
    }

    def ours(*chances: float) -> Any:
        found = probability.bayes(chances[0], chances[1], false_positive=chances[2])
        return [float(found.posterior), float(found.odds)]

    def by_numpy(p: float, seen: float, alarm: float) -> Any:
        posterior = p * seen / (p * seen + (1 - p) * alarm)
        return [posterior, np.divide(posterior, 1 - posterior)]

    return over(kinds, "bayes", two, ours, what="posterior, odds", numpy=by_numpy) + sequences(rng)


def sequences(rng: np.random.Generator) -> list[Case]:
    """Compare the posterior after a hundred pieces of evidence."""

    def truth(prior: Any, pieces: Any) -> list[Any]:
        joint = [p * mp.fprod(column) for p, column in zip(exact(prior), exact(pieces.T), strict=True)]
        return [j / mp.fsum(joint) for j in joint]

    kinds = {
        "0 .. 1": [(rng.dirichlet(np.ones(4)), rng.uniform(0.3, 1, (100, 4))) for _ in range(20)],
        "likelihoods of 1e-5": [
            (rng.dirichlet(np.ones(4)), 1e-5 * rng.uniform(0.7, 1, (100, 4))) for _ in range(20)
        ],
    }
    return over(
        kinds,
        "bayes",
        truth,
        lambda p, pieces: probability.bayes_sequence(p, pieces).posterior,
        what="100 pieces",
        numpy=lambda p, pieces: (joint := p * pieces.prod(axis=0)) / joint.sum(),
        scipy=lambda p, pieces: special.softmax(np.log(p) + np.log(pieces).sum(axis=0)),
    )


def quantile(p: float) -> Any:
    with mp.workdps(120):
        return mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1)


def between(a: float, b: float) -> Any:
    return (mp.erfc(-exact(b) / mp.sqrt(2)) - mp.erfc(-exact(a) / mp.sqrt(2))) / 2


def standard() -> Any:
    zero = torch.tensor(0.0).double()
    return torch.distributions.Normal(zero, zero + 1)


def normal(rng: np.random.Generator) -> list[Case]:
    points = {
        "N(0, 1)": [(x,) for x in rng.normal(size=SAMPLES).tolist()],
        "-37 .. 37": [(x,) for x in rng.uniform(-37, 37, SAMPLES).tolist()],
    }
    density = over(
        points,
        "gaussian",
        mp.npdf,
        lambda x: probability.gaussian(x).density,
        what="density",
        scipy=stats.norm.pdf,
        torch=tensors(lambda x: standard().log_prob(x).exp()),
    )
    logs = over(
        points,
        "gaussian",
        lambda x: mp.log(mp.npdf(x)),
        lambda x: probability.gaussian(x).log_density,
        what="log-density",
        scipy=stats.norm.logpdf,
        torch=tensors(lambda x: standard().log_prob(x)),
    )
    below = over(
        points,
        "gaussian",
        mp.ncdf,
        lambda x: probability.gaussian(x).cdf,
        what="cdf",
        scipy=stats.norm.cdf,
        torch=tensors(lambda x: standard().cdf(x)),
    )
    log_below = over(
        points,
        "gaussian",
        lambda x: mp.log1p(-mp.ncdf(-x)) if x > 0 else mp.log(mp.ncdf(x)),
        lambda x: probability.gaussian(x).log_cdf,
        what="log of the cdf",
        scipy=stats.norm.logcdf,
        torch=tensors(torch.special.log_ndtr),
    )
    return density + logs + below + log_below


def quantiles(rng: np.random.Generator) -> list[Case]:
    chances: dict[str, Operands] = {
        "0 .. 1": [(p,) for p in rng.uniform(size=SAMPLES).tolist()],
        "1e-40 .. 1": [(p,) for p in (10.0 ** rng.uniform(-40, 0, SAMPLES)).tolist()],
    }
    found = over(
        chances,
        "gaussian",
        quantile,
        lambda p: probability.gaussian(quantile=p).quantile,
        what="quantile",
        scipy=stats.norm.ppf,
        torch=tensors(lambda p: standard().icdf(p)),
    )
    ends = [sorted(rng.normal(size=2).tolist()) for _ in range(SAMPLES)]
    tails = [
        (float(a), float(a + h))
        for a, h in zip(rng.uniform(-30, 30, SAMPLES), rng.uniform(0, 1, SAMPLES), strict=True)
    ]
    thin = [(a, a + 1e-9) for a, _ in ends]
    return found + over(
        {"N(0, 1)": [tuple(pair) for pair in ends], "tails to 30": tails, "1e-9 wide": thin},
        "gaussian",
        between,
        lambda a, b: probability.gaussian(between=(a, b)).probability,
        what="P(a < X < b)",
        digits=300,
        scipy=lambda a, b: stats.norm.cdf(b) - stats.norm.cdf(a),
        torch=tensors(lambda a, b: standard().cdf(b) - standard().cdf(a)),
    )


def moments(x: Any) -> tuple[Any, Any, Any]:
    values = exact(x)
    mean = mp.fsum(values) / len(values)
    variance = mp.fsum((v - mean) ** 2 for v in values) / len(values)
    return mean, variance, mp.sqrt(variance)


def describe(rng: np.random.Generator) -> list[Case]:
    plain = [(rng.normal(size=50),) for _ in range(SAMPLES)]
    kinds = {"N(0, 1)": plain, "offset 1e8": [(x + 1e8,) for (x,) in plain]}
    found = []
    for k, what in enumerate(("mean", "variance", "std")):
        by = {
            "numpy": (np.mean, np.var, np.std)[k],
            "scipy": (
                stats.tmean,
                lambda x: stats.tvar(x, ddof=0),
                lambda x: stats.tstd(x, ddof=0),
            )[k],
            "torch": tensors(
                (lambda x: x.mean(), lambda x: x.var(correction=0), lambda x: x.std(correction=0))[k]
            ),
            "sklearn": lambda x, k=k: scaler(x)[k],
        }
        truth, mine = (
            (lambda x, k=k: moments(x)[k]),
            (lambda x, what=what: getattr(probability.describe(x), what)),
        )
        found += over(kinds, "describe", truth, mine, what=what, **by)
    return found


def scaler(x: Any) -> tuple[Any, Any, Any]:
    """Give what scikit-learn standardises by."""
    model = preprocessing.StandardScaler().fit(x[:, None])
    return model.mean_, model.var_, model.scale_


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*bayes(rng), *normal(rng), *quantiles(rng), *describe(rng)]
