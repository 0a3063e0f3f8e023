"""Divergences: Kullback-Leibler, Jensen-Shannon, of Gaussians, and the best policy near a reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.information import drawn
from tests.benchmarks.digits.peers import distance, functional, metrics, special, stats, tensors, torch

from aimath.core import information

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 100


def kl(p: Any, q: Any) -> Any:
    return mp.fsum(a * mp.log(a / b) - a + b for a, b in zip(exact(p), exact(q), strict=True))


def js(p: Any, q: Any) -> Any:
    middle = [(a + b) / 2 for a, b in zip(exact(p), exact(q), strict=True)]
    sides = (exact(p), exact(q))
    return mp.fsum(a * mp.log(a / m) for side in sides for a, m in zip(side, middle, strict=True)) / 2


def pairs(rng: np.random.Generator) -> dict[str, Operands]:
    rows = drawn(rng)

    def moved(by: float) -> Operands:
        near = [(p, p * (1 + by * rng.normal(size=len(p)))) for p in rows]
        return [(p, q / q.sum()) for p, q in near]

    unlike = [(p, rng.dirichlet(np.ones(len(p)))) for p in rows]
    return {"unlike": unlike, "1e-4 apart": moved(1e-4), "1e-8 apart": moved(1e-8)}


def discrete(rng: np.random.Generator) -> list[Case]:
    one_way = over(
        pairs(rng),
        "kl",
        kl,
        lambda p, q: information.kl(p, q).kl,
        numpy=lambda p, q: np.sum(p * np.log(p / q)),
        scipy=stats.entropy,
        torch=tensors(lambda p, q: functional.kl_div(q.log(), p, reduction="sum")),
    )
    both = over(
        pairs(rng),
        "js",
        js,
        lambda p, q: information.js(p, q, base=math.e).js,
        scipy=lambda p, q: distance.jensenshannon(p, q) ** 2,
    )
    return one_way + both


def of_logits(a: Any, b: Any) -> list[Any]:
    """Give the divergence and the difference of the negative log-likelihoods of class 0."""
    x, y = exact(a), exact(b)
    shift = mp.log(mp.fsum(map(mp.exp, x))) - mp.log(mp.fsum(map(mp.exp, y)))
    d = [v - w - shift for v, w in zip(x, y, strict=True)]
    weights = [mp.exp(v) for v in x]
    return [mp.fsum(w * e for w, e in zip(weights, d, strict=True)) / mp.fsum(weights), d[0]]


def models(rng: np.random.Generator) -> list[Case]:
    """Compare logits as of a model and of what quantisation left of it: float32, as they come."""

    def ours(a: Any, b: Any) -> list[float]:
        found = information.compare(a, b, [0], logits=True)
        return [found.kl, found.nll_difference]

    def by_scipy(a: Any, b: Any) -> list[float]:
        p, q = (special.log_softmax(x) for x in (a, b))
        return [special.rel_entr(np.exp(p), np.exp(q)).sum(), p[0] - q[0]]

    def by_torch(a: Any, b: Any) -> list[Any]:
        p, q = (functional.log_softmax(torch.tensor(x), -1) for x in (a, b))
        kl = functional.kl_div(q, p, reduction="sum", log_target=True)
        return [float(kl), float(p[0] - q[0])]

    def kind(by: float) -> Operands:
        rows = rng.normal(0, 3, (SAMPLES, 1000)).astype(np.float32)
        moved = (rows + by * rng.normal(size=rows.shape)).astype(np.float32)
        return [(a.astype(float), b.astype(float)) for a, b in zip(rows, moved, strict=True)]

    kinds = {f"logits {by:g} apart": kind(by) for by in (1.0, 0.1, 1e-3, 1e-5)}

    def by_single(a: Any, b: Any) -> list[Any]:
        return by_torch(a.astype(np.float32), b.astype(np.float32))

    return [
        *over(kinds, "compare", of_logits, ours, scipy=by_scipy, torch=by_torch),
        *over(kinds, "compare", of_logits, ours, what="torch in float32", torch=by_single),
    ]


def of_classifier(z: Any, target: Any) -> list[Any]:
    """Give the mean loss and the Brier score of rows of logits."""
    losses, scores = [], []
    for row, k in zip(exact(z), target, strict=True):
        weights = [mp.exp(v) for v in row]
        p = [w / mp.fsum(weights) for w in weights]
        losses.append(-mp.log(p[k]))
        scores.append(mp.fsum((v - (j == k)) ** 2 for j, v in enumerate(p)))
    return [mp.fsum(losses) / len(losses), mp.fsum(scores) / len(scores)]


def classifiers(rng: np.random.Generator) -> list[Case]:
    """Report on rows of logits, from those that guess to those that are nearly sure and right."""

    def ours(z: Any, target: Any) -> list[float]:
        found = information.evaluate(logits=z, target=target)
        return [found.cross_entropy, found.brier]

    def by_sklearn(z: Any, target: Any) -> list[Any]:
        probs, labels = special.softmax(z, axis=1), range(z.shape[1])
        brier = metrics.brier_score_loss(target, probs, labels=labels, scale_by_half=False)
        return [metrics.log_loss(target, probs, labels=labels), brier]

    def by_torch(z: Any, target: Any) -> list[Any]:
        rows, right = torch.tensor(z), torch.tensor(target)
        probs = functional.softmax(rows, -1)
        squares = (probs - functional.one_hot(right, z.shape[1])) ** 2
        return [float(functional.cross_entropy(rows, right)), float(squares.sum(-1).mean())]

    def by_single(z: Any, target: Any) -> list[Any]:
        return by_torch(z.astype(np.float32), target)

    def kind(push: float) -> Operands:
        found = []
        for _ in range(SAMPLES // 5):
            z, target = rng.normal(0, 3, (20, 10)).astype(np.float32), rng.integers(0, 10, 20)
            z[np.arange(20), target] += np.float32(push)
            found.append((z.astype(float), target))
        return found

    kinds = {"guesses": kind(0.0), "mostly right": kind(6.0), "nearly sure": kind(40.0)}
    return [
        *over(kinds, "evaluate", of_classifier, ours, sklearn=by_sklearn, torch=by_torch),
        *over(kinds, "evaluate", of_classifier, ours, what="torch in float32", torch=by_single),
    ]


def normal_kl(m: float, s: float, m2: float, s2: float) -> Any:
    a, b, c, d = exact((m, s, m2, s2))
    return mp.log(d / b) + (b * b + (a - c) ** 2) / (2 * d * d) - mp.mpf(1) / 2


def near(rng: np.random.Generator, by: float) -> tuple[float, ...]:
    m, s = float(rng.normal()), float(rng.uniform(0.5, 2))
    return m, s, m + by * float(rng.normal()), s * (1 + by * float(rng.normal()))


def gaussians(rng: np.random.Generator) -> list[Case]:
    def by_numpy(m: float, s: float, m2: float, s2: float) -> Any:
        return np.log(s2 / s) + (s * s + (m - m2) ** 2) / (2 * s2 * s2) - 0.5

    def by_torch(*four: Any) -> Any:
        made = [torch.distributions.Normal(*four[k : k + 2]) for k in (0, 2)]
        return torch.distributions.kl_divergence(*made)

    kinds = {f"{by:g} apart": [near(rng, by) for _ in range(SAMPLES)] for by in (0.3, 1e-4, 1e-8)}
    plain = over(
        kinds,
        "gaussian-kl",
        normal_kl,
        lambda m, s, m2, s2: information.gaussian_kl([m], s, m2, s2).kl,
        numpy=by_numpy,
        torch=tensors(by_torch),
    )
    return plain + variational(rng)


def variational(rng: np.random.Generator) -> list[Case]:
    def truth(mu: Any, logvar: Any) -> Any:
        pairs = zip(exact(mu), exact(logvar), strict=True)
        return mp.fsum(mp.exp(v) - 1 - v + m * m for m, v in pairs) / 2

    plain = [tuple(rng.normal(size=(2, 8))) for _ in range(SAMPLES)]
    return over(
        {"N(0, 1)": plain, "1e-6 N(0, 1)": [(1e-6 * m, 1e-6 * v) for m, v in plain]},
        "gaussian-kl",
        truth,
        lambda mu, logvar: information.gaussian_kl(mu, logvar=logvar).kl,
        what="of an autoencoder",
        numpy=lambda mu, logvar: -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar)),
        torch=tensors(lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())),
    )


def policy(rewards: Any, reference: Any, beta: float) -> list[Any]:
    pairs = zip(exact(rewards), exact(reference), strict=True)
    weights = [q * mp.exp(r / exact(beta)) for r, q in pairs]
    return [w / mp.fsum(weights) for w in weights]


def figures(rewards: Any, reference: Any, beta: float) -> list[Any]:
    """Give divergence, expected reward and objective."""
    p = policy(rewards, reference, beta)
    cost = mp.fsum(a * mp.log(a / b) - a + b for a, b in zip(p, exact(reference), strict=True))
    gain = mp.fsum(a * r for a, r in zip(p, exact(rewards), strict=True))
    return [cost, gain, gain - exact(beta) * cost]


def rlhf(rng: np.random.Generator) -> list[Case]:
    def kind(low: float, high: float) -> Operands:
        betas = rng.uniform(low, high, SAMPLES).tolist()
        return [(rng.uniform(0, 3, 6), rng.dirichlet(np.ones(6)), beta) for beta in betas]

    kinds = {"beta .5 .. 2": kind(0.5, 2), "beta .01 .. .1": kind(0.01, 0.1)}
    chances = over(
        kinds,
        "rlhf",
        policy,
        lambda r, q, beta: information.rlhf(r, q, beta).policy,
        what="policy",
        options=("beta",),
        scipy=lambda r, q, beta: special.softmax(np.log(q) + r / beta),
        torch=lambda r, q, beta: torch.softmax(torch.tensor(np.log(q) + r / beta), -1),
    )
    return chances + over(
        kinds,
        "rlhf",
        figures,
        lambda r, q, beta: [float(x) for x in information.rlhf(r, q, beta)[4:7]],
        what="KL, reward, objective",
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*discrete(rng), *models(rng), *gaussians(rng), *rlhf(rng), *classifiers(rng)]
