"""Posteriors, statistics, samplers, norms and positions with parameters of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.chances import quantile, two
from tests.benchmarks.digits.options import softmax
from tests.benchmarks.digits.peers import functional, stats, tensors, torch

from aimath.core import information, linalg, probability

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 40


def posteriors(rng: np.random.Generator) -> list[Case]:
    """Compare Beta posteriors of counts, and Bayes' rule for a sweep of priors."""

    def arms(wins: Any, trials: Any) -> tuple[list[Any], list[Any]]:
        a = [mp.mpf(int(w)) + mp.mpf(1) / 2 for w in wins]
        return a, [mp.mpf(int(n - w)) + mp.mpf(1) / 2 for w, n in zip(wins, trials, strict=True)]

    def means(wins: Any, trials: Any) -> list[Any]:
        a, b = arms(wins, trials)
        return [x / (x + y) for x, y in zip(a, b, strict=True)] + [
            mp.sqrt(x * y / (x + y + 1)) / (x + y) for x, y in zip(a, b, strict=True)
        ]

    def ends(wins: Any, trials: Any) -> list[Any]:
        found = []
        for x, y, (low, high) in zip(*arms(wins, trials), ours(wins, trials).interval.tolist(), strict=True):
            # from where ours has it: the secant steps of mpmath do the rest
            found += [
                mp.findroot(
                    lambda p, x=x, y=y, q=q: mp.betainc(x, y, 0, p, regularized=True) - q,
                    (at, at * (1 + 1e-9)),
                )
                for q, at in ((exact(0.025), low), (exact(0.975), high))
            ]
        return found

    def best(wins: Any, trials: Any) -> list[Any]:
        (a, c), (b, d) = arms(wins, trials)
        scale = mp.beta(c, d)
        second = mp.quad(
            lambda p: mp.betainc(a, b, 0, p, regularized=True) * p ** (c - 1) * (1 - p) ** (d - 1) / scale,
            [0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1],
        )
        return [1 - second, second]

    def ours(wins: Any, trials: Any) -> Any:
        return probability.bayes(successes=wins, trials=trials, pseudo_counts=[0.5, 0.5])

    trials = rng.integers(40, 400, (SAMPLES, 2))
    counts = [(rng.binomial(n, 0.1) + 1, n) for n in trials]
    swept = [(rng.uniform(0, 1, 7), *rng.uniform(0.01, 1, 2).tolist()) for _ in range(SAMPLES)]

    def theirs(wins: Any, trials: Any) -> Any:
        return wins + 0.5, trials - wins + 0.5

    def posterior(priors: Any, seen: float, alarm: float) -> list[Any]:
        return [two(p, seen, alarm)[0] for p in priors]

    return [
        *over(
            {"Beta(.5, .5), 40 .. 400 trials": counts},
            "bayes",
            means,
            lambda w, n: [*ours(w, n).posterior_mean, *ours(w, n).std],
            what="mean, std",
            scipy=lambda w, n: [*stats.beta.mean(*theirs(w, n)), *stats.beta.std(*theirs(w, n))],
            torch=lambda w, n: [
                *(b := torch.distributions.Beta(*map(torch.tensor, theirs(w, n)))).mean.tolist(),
                *b.stddev.tolist(),
            ],
        ),
        *over(
            {"Beta(.5, .5)": counts[:6]},
            "bayes",
            ends,
            lambda w, n: ours(w, n).interval,
            what="95 % intervals",
            scipy=lambda w, n: np.stack(stats.beta.interval(0.95, *theirs(w, n)), -1),
        ),
        *over(
            {"Beta(.5, .5)": counts[:3]},
            "bayes",
            best,
            lambda w, n: ours(w, n).p_best,
            what="best of two",
            digits=25,
        ),
        *over(
            {"7 at once": swept},
            "bayes",
            posterior,
            lambda p, s, a: probability.bayes(p, [s], false_positive=[a]).posterior,
            what="swept priors",
            numpy=lambda p, s, a: p * s / (p * s + (1 - p) * a),
        ),
    ]


def moments(rng: np.random.Generator) -> list[Case]:
    """Compare statistics and normal laws with parameters of their own."""

    def spread(x: Any, ddof: float) -> list[Any]:
        values, left = exact(x), len(x) - exact(ddof)
        mean = mp.fsum(values) / len(values)
        variance = mp.fsum((v - mean) ** 2 for v in values) / left
        return [variance, mp.sqrt(variance)]

    def ours(x: Any, ddof: float) -> list[float]:
        found = probability.describe(x, ddof=ddof)
        return [float(found.variance), float(found.std)]

    def law(x: float, mu: float, sigma: float) -> list[Any]:
        x, mu, sigma = exact((x, mu, sigma))
        return [mp.npdf(x, mu, sigma), mp.ncdf(x, mu, sigma)]

    def ours_of_law(x: float, mu: float, sigma: float) -> list[float]:
        found = probability.gaussian(x, mu, sigma)
        return [float(found.density), float(found.cdf)]

    samples = [(x, d) for d in (1.0, 1.5) for x in rng.normal(5, 2, (SAMPLES, 20))]
    points = [
        (m + s * z, m, s)
        for m, s, z in zip(*rng.uniform((-9, 0.1, -8), (9, 3, 8), (SAMPLES, 3)).T.tolist(), strict=True)
    ]
    chances = [(p, m, s) for p, m, s in rng.uniform((0, -9, 0.1), (1, 9, 3), (SAMPLES, 3)).tolist()]
    return [
        *over(
            {"ddof 1, 1.5": samples},
            "describe",
            spread,
            ours,
            what="variance, std",
            options=("ddof",),
            numpy=lambda x, d: [np.var(x, ddof=d), np.std(x, ddof=d)],
        ),
        *over(
            {"8 deviations": points},
            "gaussian",
            law,
            ours_of_law,
            what="of mu and sigma",
            options=("mu", "sigma"),
            scipy=lambda x, m, s: [stats.norm.pdf(x, m, s), stats.norm.cdf(x, m, s)],
        ),
        *over(
            {"0 .. 1": chances},
            "gaussian",
            lambda p, m, s: exact(m) + exact(s) * quantile(p),
            lambda p, m, s: probability.gaussian(quantile=p, mu=m, sigma=s).quantile,
            what="quantile of mu and sigma",
            options=("mu", "sigma"),
            scipy=stats.norm.ppf,
        ),
    ]


def samplers(rng: np.random.Generator) -> list[Case]:
    """Compare what is left of a distribution by top-p and min-p, at a temperature."""

    def cut(z: Any, t: float, share: float, least: float) -> list[Any]:
        """Apply min-p, then top-p to what is left of it, as vLLM does."""
        p = softmax(z, t)
        left = sorted((k for k in range(len(p)) if p[k] >= exact(least) * max(p)), key=lambda k: -p[k])
        whole, kept = mp.fsum(p[k] for k in left), []
        while mp.fsum(p[k] for k in kept) < exact(share) * whole:
            kept.append(left[len(kept)])
        return [p[k] / mp.fsum(p[j] for j in kept) if k in kept else mp.mpf(0) for k in range(len(p))]

    rows = [
        (z, float(t), 0.9, 0.02)
        for z, t in zip(rng.normal(0, 3, (SAMPLES, 12)), rng.uniform(0.5, 2, SAMPLES), strict=True)
    ]
    return over(
        {"T .5 .. 2, top-p .9, min-p .02": rows},
        "sample",
        cut,
        lambda z, t, share, least: probability.sample(z, temperature=t, top_p=share, min_p=least).probs,
        options=("temperature", "top_p", "min_p"),
    )


def pieces(rng: np.random.Generator) -> list[Case]:
    """Compare norms with gains and an eps of their own, positions of other bases."""

    def normalized(x: Any, gain: Any, eps: float, *, centred: bool) -> list[Any]:
        x = exact(x)
        mean = mp.fsum(x) / len(x) if centred else 0
        x = [v - mean for v in x]
        size = mp.sqrt(mp.fsum(v * v for v in x) / len(x) + exact(eps))
        return [v / size * g for v, g in zip(x, exact(gain), strict=True)]

    def turned(x: Any, theta: float, start: int) -> list[Any]:
        d, found = len(x), []
        for i in range(d // 2):
            pair = mp.mpc(*exact(x[2 * i : 2 * i + 2]))
            pair *= mp.expj(start * mp.power(exact(theta), mp.mpf(-2 * i) / d))
            found += [pair.real, pair.imag]
        return found

    def waves(theta: float, start: int) -> list[Any]:
        angles = [start * mp.power(exact(theta), mp.mpf(-2 * i) / 8) for i in range(4)]
        return [f(a) for a in angles for f in (mp.sin, mp.cos)]

    rows = [(x, g, eps) for eps in (1e-3, 1e-8) for x, g in rng.normal(size=(SAMPLES, 2, 16))]
    places = [(float(theta), int(p)) for theta in (500_000.0, 100.0) for p in rng.integers(0, 10**6, SAMPLES)]
    return [
        *over(
            {"eps 1e-3, 1e-8": rows},
            "layer-norm",
            lambda x, g, eps: normalized(x, g, eps, centred=True),
            lambda x, g, eps: linalg.layer_norm(x, gain=g, eps=eps).output,
            what="with gain",
            options=("eps",),
            torch=lambda x, g, eps: functional.layer_norm(torch.tensor(x), (16,), torch.tensor(g), eps=eps),
        ),
        *over(
            {"eps 1e-3, 1e-8": rows},
            "rms-norm",
            lambda x, g, eps: normalized(x, g, eps, centred=False),
            lambda x, g, eps: linalg.rms_norm(x, gain=g, eps=eps).output,
            what="with gain",
            options=("eps",),
            torch=lambda x, g, eps: functional.rms_norm(torch.tensor(x), (16,), torch.tensor(g), eps=eps),
        ),
        *over(
            {"theta 100, 5e5": [(rng.normal(size=8), *place) for place in places]},
            "rope",
            turned,
            lambda x, theta, start: linalg.rope(x, theta=theta, pairs="interleaved", start=start).output,
            what="interleaved",
            measure=of_largest,
            options=("theta", "start"),
        ),
        *over(
            {"theta 100, 5e5": places},
            "positional",
            waves,
            lambda theta, start: linalg.positional((1, 8), theta=theta, start=start).encoding,
            measure=of_largest,
            options=("theta", "start"),
        ),
    ]


def paired(rng: np.random.Generator) -> list[Case]:
    """Compare the mean difference of two systems' scores, and its standard error."""

    def truth(a: Any, b: Any) -> list[Any]:
        d = [y - x for x, y in zip(exact(a), exact(b), strict=True)]
        mean = mp.fsum(d) / len(d)
        return [mean, mp.sqrt(mp.fsum((v - mean) ** 2 for v in d) / (len(d) - 1) / len(d))]

    def ours(a: Any, b: Any) -> list[float]:
        found = information.compare(a, b, paired=True)
        return [found.difference, found.stderr]

    def kind(by: float) -> Operands:
        return [(x, x + by * rng.normal(size=30)) for x in rng.uniform(0, 1, (6, 30))]

    return over(
        {"scores .3 apart": kind(0.3), "1e-6 apart": kind(1e-6)},
        "compare",
        truth,
        ours,
        what="paired",
        scipy=lambda a, b: [(b - a).mean(), stats.sem(b - a)],
        torch=tensors(lambda a, b: torch.stack([(b - a).mean(), (b - a).std() / len(a) ** 0.5])),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    topics = (posteriors, moments, samplers, pieces, paired)
    return [case for topic in topics for case in topic(rng)]
