"""Information: entropy, cross-entropy, perplexity, mutual information."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import metrics, special, stats, tensors, torch

from aimath.core import information

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 100
COUNTED = 4096
"""Observations in a table: a power of two, so that its shares are exact."""


def drawn(rng: np.random.Generator) -> list[Any]:
    return [rng.dirichlet(np.ones(n)) for n in rng.integers(2, 40, SAMPLES)]


def nats(p: Any) -> Any:
    return -mp.fsum(v * mp.log(v) for v in exact(p) if v)


def kinds(rng: np.random.Generator) -> dict[str, Operands]:
    sure = [np.append(1 - 2.0**-k, rng.dirichlet(np.ones(3)) * 2.0**-k) for k in range(20, 53)]
    return {"Dirichlet": [(p,) for p in drawn(rng)], "almost sure": [(p,) for p in sure]}


def entropies(rng: np.random.Generator) -> list[Case]:
    return over(
        kinds(rng),
        "entropy",
        lambda p: nats(p) / mp.log(2),
        lambda p: information.entropy(p).entropy,
        numpy=lambda p: -np.sum(p * np.log2(p)),
        scipy=lambda p: special.entr(p).sum() / math.log(2),
        torch=tensors(lambda p: torch.special.entr(p).sum() / math.log(2)),
    )


def crossed(rng: np.random.Generator) -> list[Case]:
    pairs = [(p, rng.dirichlet(np.ones(len(p)))) for p in drawn(rng)]
    whole = over(
        {"Dirichlet": pairs},
        "cross-entropy",
        lambda p, q: -mp.fsum(a * mp.log(b) for a, b in zip(exact(p), exact(q), strict=True)),
        lambda p, q: information.cross_entropy(p, q).cross_entropy,
        numpy=lambda p, q: -np.sum(p * np.log(q)),
        scipy=lambda p, q: -special.xlogy(p, q).sum(),
        torch=tensors(lambda p, q: -torch.special.xlogy(p, q).sum()),
    )
    one = over(
        {"almost sure": [(q,) for (q,) in kinds(rng)["almost sure"]]},
        "cross-entropy",
        lambda q: -mp.log(exact(q[0])),
        lambda q: information.cross_entropy([1, 0, 0, 0], q).cross_entropy,
        what="of a class",
        numpy=lambda q: -np.log(q[0]),
        sklearn=lambda q: metrics.log_loss([0], [q], labels=[0, 1, 2, 3]),
    )
    return whole + one


def perplexities(rng: np.random.Generator) -> list[Case]:
    whole = over(
        kinds(rng),
        "perplexity",
        lambda p: mp.exp(nats(p)),
        lambda p: information.perplexity(p).perplexity,
        numpy=lambda p: np.exp(-np.sum(p * np.log(p))),
        scipy=lambda p: np.exp(stats.entropy(p)),
        torch=tensors(lambda p: torch.distributions.Categorical(probs=p).perplexity()),
    )
    tokens = over(
        {
            "Dirichlet": [(p,) for p in drawn(rng)],
            "probabilities of 1e-200": [(10.0 ** rng.uniform(-210, -190, 20),) for _ in range(SAMPLES)],
        },
        "perplexity",
        lambda p: mp.exp(-mp.fsum(map(mp.log, exact(p))) / len(p)),
        lambda p: information.perplexity(tokens=p).perplexity,
        what="of tokens",
        numpy=lambda p: np.exp(-np.mean(np.log(p))),
        scipy=lambda p: 1 / stats.gmean(p),
        torch=tensors(lambda p: torch.exp(-torch.log(p).mean())),
    )
    logs = over(
        {"log-probabilities -9 .. 0": [(rng.uniform(-9, 0, 20),) for _ in range(SAMPLES)]},
        "perplexity",
        lambda p: mp.exp(-mp.fsum(exact(p)) / len(p)),
        lambda p: information.perplexity(log_probs=p).perplexity,
        numpy=lambda p: np.exp(-np.mean(p)),
        torch=tensors(lambda p: torch.exp(-p.mean())),
    )
    return whole + tokens + logs


def tables(rng: np.random.Generator) -> dict[str, Operands]:
    """Give counts; the nearly independent ones have 16 x 16 equal cells but for a few."""

    def independent() -> Any:
        counts = np.full((16, 16), COUNTED // 256)
        counts[rng.integers(1, 16), rng.integers(1, 16)] += 1
        counts[0, 0] -= 1
        return counts

    drawn = [rng.multinomial(COUNTED, rng.dirichlet(np.ones(12))).reshape(3, 4) for _ in range(SAMPLES // 2)]
    return {
        "Dirichlet": [(c,) for c in drawn],
        "nearly independent": [(independent(),) for _ in range(10)],
    }


def mutual(rng: np.random.Generator) -> list[Case]:
    def truth(counts: Any) -> Any:
        n, rows, columns = int(counts.sum()), counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()
        cells = [(c, r, s) for row, r in zip(counts.tolist(), rows, strict=True)
                 for c, s in zip(row, columns, strict=True) if c]  # fmt: skip
        return mp.fsum(c * mp.log(mp.mpf(c * n) / (r * s)) for c, r, s in cells) / n

    def by_numpy(p: Any, q: Any) -> Any:
        return np.sum(p[p > 0] * np.log(p[p > 0] / q[p > 0]))

    def expected(counts: Any) -> tuple[Any, Any]:
        p = counts / COUNTED
        return p, np.outer(p.sum(axis=1), p.sum(axis=0))

    return over(
        tables(rng),
        "mutual-information",
        truth,
        lambda c: information.mutual_information(c / COUNTED, base=math.e).mutual_information,
        numpy=lambda c: by_numpy(*expected(c)),
        scipy=lambda c: stats.entropy(*(x.ravel() for x in expected(c))),
        sklearn=lambda c: metrics.mutual_info_score(None, None, contingency=c),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*entropies(rng), *crossed(rng), *perplexities(rng), *mutual(rng)]
