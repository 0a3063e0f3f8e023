"""From logits: softmax, its logarithm, log-sum-exp, temperature, cross-entropy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import functional, special, tensors, torch

from aimath.core import information, probability
from aimath.core.probability import _softmax as softmax_

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 100


def softmax(x: Any, temperature: float = 1.0) -> list[Any]:
    weights = [mp.exp(v / exact(temperature)) for v in exact(x)]
    return [w / mp.fsum(weights) for w in weights]


def logsumexp(x: Any) -> Any:
    return mp.log(mp.fsum(map(mp.exp, exact(x))))


def log_softmax(x: Any) -> list[Any]:
    return [v - logsumexp(x) for v in exact(x)]


def entropy(x: Any, temperature: float = 1.0) -> Any:
    return -mp.fsum(p * mp.log(p, 2) for p in softmax(x, temperature))


def spread(rng: np.random.Generator) -> Operands:
    return [(rng.normal(0, 3, n),) for n in rng.integers(2, 40, SAMPLES)]


def sure(rng: np.random.Generator) -> Operands:
    """Give logits of which the first has nearly all."""
    return [(np.append(rng.uniform(30, 40, 1), rng.normal(0, 1, 4)),) for _ in range(SAMPLES)]


def softmaxes(rng: np.random.Generator) -> list[Case]:
    kinds = {"N(0, 3)": spread(rng), "-700 .. 0": [(rng.uniform(-700, 0, 10),) for _ in range(SAMPLES)]}
    plain = over(
        kinds,
        "softmax",
        softmax,
        lambda x: probability.softmax(x).probs,
        scipy=special.softmax,
        torch=tensors(lambda x: torch.softmax(x, -1)),
    )
    logs = over(
        {"N(0, 3)": spread(rng), "one almost sure": sure(rng)},
        "softmax",
        log_softmax,
        lambda x: softmax_.log_softmax(x).log_probs,
        what="logarithm",
        scipy=special.log_softmax,
        torch=tensors(lambda x: torch.log_softmax(x, -1)),
    )
    return plain + logs


def sums(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 3)": spread(rng),
        "-700 .. 700": [(rng.uniform(-700, 700, 5),) for _ in range(SAMPLES)],
        "0 and -60 .. -5": [(np.array([0.0, x]),) for x in rng.uniform(-60, -5, SAMPLES)],
        "log-probabilities": [(np.log(rng.dirichlet(np.ones(6))),) for _ in range(SAMPLES)],
    }
    weighted = {
        "N(0, 3)": [(x, rng.uniform(0.1, 2, len(x))) for (x,) in kinds["N(0, 3)"]],
        "near 0": [(np.log(w) / 1e3, w) for w in rng.dirichlet(np.ones(6), SAMPLES)],
    }
    by_weight = over(
        weighted,
        "logsumexp",
        lambda x, w: mp.log(mp.fsum(b * mp.exp(a) for a, b in zip(exact(x), exact(w), strict=True))),
        lambda x, w: probability.logsumexp(x, w).logsumexp,
        what="weighted",
        scipy=lambda x, w: special.logsumexp(x, b=w),
    )
    return by_weight + over(
        kinds,
        "logsumexp",
        logsumexp,
        lambda x: probability.logsumexp(x).logsumexp,
        numpy=np.logaddexp.reduce,
        scipy=special.logsumexp,
        torch=tensors(lambda x: torch.logsumexp(x, -1)),
    )


def temperatures(rng: np.random.Generator) -> list[Case]:
    warm = [(rng.normal(0, 3, 8), t) for t in rng.uniform(0.05, 5, SAMPLES).tolist()]
    probs = []
    for command, what in (("temperature", "softmax"), ("softmax", "")):
        probs += over(
            {"T .05 .. 5": warm},
            command,
            softmax,
            lambda x, t: probability.softmax(x, t).probs,
            what=what,
            options=("temperature",),
            scipy=lambda x, t: special.softmax(x / t),
            torch=lambda x, t: torch.softmax(torch.tensor(x) / t, -1),
        )
    bits = over(
        {"T .05 .. 5": warm},
        "temperature",
        entropy,
        lambda x, t: probability.softmax(x, t).entropy,
        what="entropy",
        scipy=lambda x, t: special.entr(special.softmax(x / t)).sum() / math.log(2),
        torch=lambda x, t: (
            torch.distributions.Categorical(logits=torch.tensor(x) / t).entropy() / math.log(2)
        ),
    )
    return probs + bits


def losses(rng: np.random.Generator) -> list[Case]:
    return over(
        {"N(0, 3)": spread(rng), "almost sure": sure(rng)},
        "cross-entropy",
        lambda x: -log_softmax(x)[0],
        lambda x: information.cross_entropy(logits=x, target=0).cross_entropy,
        what="of logits",
        scipy=lambda x: -special.log_softmax(x)[0],
        torch=tensors(lambda x: functional.cross_entropy(x, torch.tensor(0))),
    )


def entropies(rng: np.random.Generator) -> list[Case]:
    return over(
        {"N(0, 3)": spread(rng), "almost sure": sure(rng)},
        "entropy",
        entropy,
        lambda x: information.entropy(logits=x).entropy,
        what="of logits",
        scipy=lambda x: special.entr(special.softmax(x)).sum() / math.log(2),
        torch=tensors(lambda x: torch.distributions.Categorical(logits=x).entropy() / math.log(2)),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*softmaxes(rng), *sums(rng), *temperatures(rng), *losses(rng), *entropies(rng)]
