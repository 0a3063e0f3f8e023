"""Losses and divergences with options of their own: gammas, temperatures, smoothing, bases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.divergence import js, kl, pairs
from tests.benchmarks.digits.information import nats
from tests.benchmarks.digits.peers import functional, special, stats, torch

from aimath.core import information

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 40


def softmax(z: Any, t: Any = 1) -> list[Any]:
    weights = [mp.exp(v / exact(t)) for v in exact(z)]
    return [w / mp.fsum(weights) for w in weights]


def focal(rng: np.random.Generator) -> list[Case]:
    """Compare losses of several classes by gamma, and of two by gamma and the weight of the right one."""

    def several(z: Any, gamma: float) -> Any:
        p = softmax(z)
        return mp.fsum(p[1:]) ** exact(gamma) * -mp.log(p[0])

    def one(z: float, gamma: float, alpha: float) -> Any:
        wrong, nats = 1 / (1 + mp.exp(exact(z))), mp.log1p(mp.exp(-exact(z)))
        return exact(alpha) * wrong ** exact(gamma) * nats

    def by_torch(z: Any, gamma: float) -> Any:
        logs = torch.log_softmax(torch.tensor(z), -1)
        return -((1 - logs.exp()) ** gamma * logs)[0]

    def by_torch_of_two(z: float, gamma: float, alpha: float) -> Any:  # as torchvision has it
        x, y = torch.tensor(z).double(), torch.tensor(1.0).double()
        p = torch.sigmoid(x)
        return alpha * (1 - p) ** gamma * functional.binary_cross_entropy_with_logits(x, y)

    gammas = (0.5, 1.0, 2.0, 5.0)
    kinds = {
        "N(0, 3²)": [(z, g) for g in gammas for z in rng.normal(0, 3, (SAMPLES, 5))],
        "nearly sure": [(z + 35 * np.eye(5)[0], g) for g in gammas for z in rng.normal(0, 3, (SAMPLES, 5))],
    }
    logits = rng.uniform(-30, 30, (SAMPLES, 1))
    of_two = {"-30 .. 30": [(float(z), g, a) for g in gammas for a in (0.1, 0.7) for z in logits[:, 0]]}
    return [
        *over(
            kinds,
            "focal",
            several,
            lambda z, g: information.focal(z, 0, gamma=g).loss,
            what="gamma .5 .. 5",
            options=("gamma",),
            scipy=lambda z, g: -((1 - (p := special.softmax(z))[0]) ** g) * np.log(p[0]),
            torch=by_torch,
        ),
        *over(
            of_two,
            "focal",
            one,
            lambda z, g, a: information.focal([z], [1], gamma=g, alpha=a).loss,
            what="two classes, alpha",
            options=("gamma", "alpha"),
            torch=by_torch_of_two,
        ),
    ]


def distilled(rng: np.random.Generator) -> list[Case]:
    """Compare the divergence of logits at a temperature, and what distillation makes of it."""

    def truth(a: Any, b: Any, t: float) -> list[Any]:
        found = kl_of(softmax(a, t), softmax(b, t))
        return [found, exact(t) ** 2 * found]

    def ours(a: Any, b: Any, t: float) -> list[float]:
        found = information.kl(a, b, logits=True, temperature=t)
        return [float(found.kl), float(found.distillation)]

    def by_torch(a: Any, b: Any, t: float) -> list[float]:
        p, q = (torch.log_softmax(torch.tensor(x) / t, -1) for x in (a, b))
        found = float(functional.kl_div(q, p, reduction="sum", log_target=True))
        return [found, t * t * found]

    def kind(by: float) -> Operands:
        heat = rng.uniform(0.3, 8, SAMPLES).tolist()
        return [
            (z, z + by * rng.normal(size=8), t)
            for z, t in zip(rng.normal(0, 3, (SAMPLES, 8)), heat, strict=True)
        ]

    return over(
        {"logits 1 apart": kind(1.0), "logits 1e-4 apart": kind(1e-4)},
        "kl",
        truth,
        ours,
        what="T .3 .. 8",
        options=("temperature",),
        scipy=lambda a, b, t: [
            found := special.rel_entr(special.softmax(a / t), special.softmax(b / t)).sum(),
            t * t * found,
        ],
        torch=by_torch,
    )


def kl_of(p: list[Any], q: list[Any]) -> Any:
    return mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True))


def bases(rng: np.random.Generator) -> list[Case]:
    """Compare what is told in other units than nats and bits."""
    near = pairs(rng)["1e-4 apart"][:SAMPLES]
    rows = [(p,) for p, _ in near]
    tables = [(rng.multinomial(4096, rng.dirichlet(np.ones(12))).reshape(3, 4),) for _ in range(SAMPLES)]
    normals = [(*rng.normal(size=1).tolist(), float(rng.uniform(0.5, 2))) for _ in range(SAMPLES)]

    def mutual(counts: Any) -> Any:
        n = int(counts.sum())
        rows, columns = counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()
        return (
            mp.fsum(
                int(c) * mp.log10(mp.mpf(int(c) * n) / (rows[i] * columns[j]))
                for (i, j), c in np.ndenumerate(counts)
                if c
            )
            / n
        )

    def crossed(p: Any, q: Any) -> Any:
        return -mp.fsum(a * mp.log10(b) for a, b in zip(exact(p), exact(q), strict=True))

    def normal(m: float, s: float) -> Any:
        m, s = exact((m, s))
        return (m * m + s * s - 1 - 2 * mp.log(s)) / 2 / mp.log(10)

    def ten(command: str, truth: Any, ours: Any, operands: Any, **peers: Any) -> list[Case]:
        return over({"base 10": operands}, command, truth, ours, options=("base",), **peers)

    def loss(z: Any) -> Any:
        return -mp.log10(softmax(z)[0])

    logits = [(z,) for z in rng.normal(0, 3, (SAMPLES, 6))]
    ln10 = math.log(10)
    return [
        *ten("entropy", lambda p: nats(p) / mp.log(10), lambda p: information.entropy(p, base=10).entropy, rows,
             scipy=lambda p: stats.entropy(p, base=10)),
        *ten("kl", lambda p, q: kl(p, q) / mp.log(10), lambda p, q: information.kl(p, q, base=10).kl, near,
             scipy=lambda p, q: stats.entropy(p, q, base=10)),
        *ten("js", lambda p, q: js(p, q) / mp.log(10), lambda p, q: information.js(p, q, base=10).js, near),
        *ten("cross-entropy", crossed, lambda p, q: information.cross_entropy(p, q, base=10).cross_entropy, near,
             scipy=lambda p, q: -special.xlogy(p, q).sum() / ln10),
        *ten("mutual-information", mutual,
             lambda c: information.mutual_information(c / 4096, base=10).mutual_information, tables),
        *ten("gaussian-kl", normal, lambda m, s: information.gaussian_kl([m], s, base=10).kl, normals),
        *ten("compare", lambda p, q: kl(p, q) / mp.log(10),
             lambda p, q: information.compare(p, q, base=10).kl, near),
        *ten("evaluate", loss, lambda z: information.evaluate(logits=z[None], target=[0], base=10).cross_entropy, logits,
             scipy=lambda z: -special.log_softmax(z)[0] / ln10),
    ]  # fmt: skip


def smoothed(rng: np.random.Generator) -> list[Case]:
    """Compare the loss whose target gives a share to all classes alike."""

    def truth(z: Any, share: float) -> Any:
        logs, share = [mp.log(p) for p in softmax(z)], exact(share)
        return -(1 - share) * logs[0] - share * mp.fsum(logs) / len(logs)

    def by_torch(z: Any, share: float) -> Any:
        return functional.cross_entropy(torch.tensor(z), torch.tensor(0), label_smoothing=share)

    shares = rng.uniform(0.01, 0.3, SAMPLES).tolist()
    rows = list(zip(rng.normal(0, 3, (SAMPLES, 6)), shares, strict=True))
    return over(
        {"N(0, 3²)": rows, "nearly sure": [(z + 35 * np.eye(6)[0], s) for z, s in rows]},
        "cross-entropy",
        truth,
        lambda z, s: information.cross_entropy(logits=z, target=0, label_smoothing=s).cross_entropy,
        what="label smoothing .01 .. .3",
        options=("label_smoothing",),
        torch=by_torch,
    )


def contrasted(rng: np.random.Generator) -> list[Case]:
    def truth(s: Any, t: float) -> Any:
        rows = [[v / exact(t) for v in row] for row in exact(s)]
        turned = [list(column) for column in zip(*rows, strict=True)]
        sides = [
            mp.log(mp.fsum(map(mp.exp, row))) - row[i] for m in (rows, turned) for i, row in enumerate(m)
        ]
        return mp.fsum(sides) / len(sides)

    def by_torch(s: Any, t: float) -> Any:
        x, right = torch.tensor(s) / t, torch.arange(len(s))
        return (functional.cross_entropy(x, right) + functional.cross_entropy(x.T, right)) / 2

    squares = [
        (s + 0.8 * np.eye(6), float(t))
        for s, t in zip(rng.uniform(-0.2, 0.2, (12, 6, 6)), rng.uniform(0.01, 1, 12), strict=True)
    ]
    return over(
        {"T .01 .. 1": squares},
        "info-nce",
        truth,
        lambda s, t: information.info_nce(similarity=s, temperature=t, symmetric=True).loss,
        what="symmetric",
        options=("temperature",),
        torch=by_torch,
    )


def preferred(rng: np.random.Generator) -> list[Case]:
    rows = [(*rng.normal(-50, 10, 4).tolist(), float(b)) for b in rng.uniform(0.01, 2, SAMPLES)]

    def truth(*given: float) -> Any:
        c, r, a, b, beta = exact(given)
        return mp.log1p(mp.exp(-beta * (c - a - r + b)))

    return over(
        {"beta .01 .. 2": rows},
        "dpo",
        truth,
        lambda c, r, a, b, beta: information.dpo([c], [r], [a], [b], beta).losses,
        options=("beta",),
        torch=lambda c, r, a, b, beta: (
            -functional.logsigmoid(torch.tensor(beta * ((c - a) - (r - b))).double())
        ),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    topics = (focal, distilled, bases, smoothed, contrasted, preferred)
    return [case for topic in topics for case in topic(rng)]
