"""Cases of the pieces of today's models: norms, positions, samplers, losses, differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.peers import special, torch

from aimath.core import information, linalg, nn, probability

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Case

SAMPLES = 60


def mean(x: Any) -> Any:
    return mp.fsum(x) / len(x)


def normalized(x: Any, eps: float, *, centred: bool) -> Any:
    """Give x, less its mean if it is centred, over the root of its mean square and eps."""
    x = exact(x)
    x = [v - mean(x) for v in x] if centred else x
    size = mp.sqrt(mean([v * v for v in x]) + exact(eps))
    return [v / size for v in x]


def norms(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 1)": [(rng.normal(size=16),) for _ in range(SAMPLES)],
        "offset 1e6": [(rng.normal(size=16) + 1e6,) for _ in range(SAMPLES)],
    }
    layer = over(
        kinds, "layer-norm", lambda x: normalized(x, 1e-5, centred=True), lambda x: linalg.layer_norm(x).output,
        torch=lambda x: torch.nn.functional.layer_norm(torch.tensor(x), (16,)),
    )  # fmt: skip
    return layer + over(
        kinds, "rms-norm", lambda x: normalized(x, 1e-6, centred=False), lambda x: linalg.rms_norm(x).output,
        torch=lambda x: torch.nn.functional.rms_norm(torch.tensor(x), (16,), eps=1e-6),
    )  # fmt: skip


def turned(x: Any, start: int) -> Any:
    d = len(x)
    found = [mp.mpf(0)] * d
    for i in range(d // 2):
        pair = mp.mpc(exact(x[i]), exact(x[i + d // 2]))
        pair *= mp.expj(start * mp.power(10000, mp.mpf(-2 * i) / d))
        found[i], found[i + d // 2] = pair.real, pair.imag
    return found


def waves(start: int) -> Any:
    angles = [start * mp.power(10000, mp.mpf(-2 * i) / 8) for i in range(4)]
    return [f(a) for a in angles for f in (mp.sin, mp.cos)]


def positions(rng: np.random.Generator) -> list[Case]:
    kinds = {"positions to 1e6": [(rng.normal(size=8), int(p)) for p in rng.integers(0, 10**6, SAMPLES)]}
    rope = over(
        kinds, "rope", turned, lambda x, start: linalg.rope(x, start=start).output, measure=of_largest
    )
    places = {kind: [(start,) for _, start in rows] for kind, rows in kinds.items()}
    return rope + over(
        places, "positional", waves, lambda start: linalg.positional((1, 8), start=start).encoding,
        measure=of_largest,
    )  # fmt: skip


def cut(z: Any, k: int) -> Any:
    weights = [mp.exp(v) if float(v) >= sorted(z)[-k] else mp.mpf(0) for v in exact(z)]
    return [w / mp.fsum(weights) for w in weights if w]


def log_loss(margin: Any) -> Any:
    return mp.log1p(mp.exp(-margin))


def losses(rng: np.random.Generator) -> list[Case]:
    pairs = {"N(-50, 10²)": [tuple(rng.normal(-50, 10, (4, 1))) for _ in range(SAMPLES)]}
    dpo = over(
        pairs, "dpo",
        lambda c, r, a, b: [log_loss(mp.mpf(0.1) * (exact(c)[0] - exact(a)[0] - exact(r)[0] + exact(b)[0]))],
        lambda *x: information.dpo(*x).losses,
        torch=lambda c, r, a, b: -torch.nn.functional.logsigmoid(torch.tensor(0.1 * ((c - a) - (r - b)))),
    )  # fmt: skip
    groups = {"rewards": [(rng.normal(size=8),) for _ in range(SAMPLES)]}

    def advantages(r: Any) -> Any:
        r = exact(r)
        std = mp.sqrt(mp.fsum((v - mean(r)) ** 2 for v in r) / (len(r) - 1))
        return [(v - mean(r)) / std for v in r]

    grpo = over(
        groups, "grpo", advantages, lambda r: information.grpo(r).advantages,
        numpy=lambda r: (r - r.mean()) / r.std(ddof=1),
    )  # fmt: skip
    squares = {"6 pairs": [(rng.uniform(-1, 1, (6, 6)),) for _ in range(SAMPLES // 4)]}

    def contrast(s: Any) -> Any:
        s = [[v / mp.mpf(0.07) for v in row] for row in exact(s)]
        return [mean([mp.log(mp.fsum(map(mp.exp, row))) - row[i] for i, row in enumerate(s)])]

    info_nce = over(
        squares, "info-nce", contrast, lambda s: [float(information.info_nce(similarity=s).loss)],
        torch=lambda s: torch.nn.functional.cross_entropy(torch.tensor(s) / 0.07, torch.arange(6)).reshape(1),
    )  # fmt: skip
    logits = {"N(0, 3²)": [(rng.normal(0, 3, 5),) for _ in range(SAMPLES)]}

    def looked_away(z: Any) -> Any:
        weights = [mp.exp(v) for v in exact(z)]
        rest, total = mp.fsum(weights[1:]), mp.fsum(weights)
        return [(rest / total) ** 2 * -mp.log(weights[0] / total)]

    return [*dpo, *grpo, *info_nce, *over(
        logits, "focal", looked_away, lambda z: [float(information.focal(z, 0).loss)],
        numpy=lambda z: [(1 - np.exp(z[0]) / np.exp(z).sum()) ** 2 * -np.log(np.exp(z[0]) / np.exp(z).sum())],
    )]  # fmt: skip


def samplers(rng: np.random.Generator) -> list[Case]:
    kinds = {"top 4 of 12": [(rng.normal(0, 3, 12), 4) for _ in range(SAMPLES)]}
    return over(
        kinds, "sample", cut, lambda z, k: [p for p in probability.sample(z, top_k=k).probs if p],
        scipy=lambda z, k: [p for p in special.softmax(np.where(z >= np.sort(z)[-k], z, -np.inf)) if p],
    )  # fmt: skip


def apart(a: Any, b: Any) -> Any:
    x, d = exact(a), [p - q for p, q in zip(exact(a), exact(b), strict=True)]
    norm, size = (mp.sqrt(mp.fsum(v * v for v in values)) for values in (d, x))
    return [norm / mp.sqrt(len(d)), norm / size]


def differences(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "float32's rounding": [
            (x, x.astype(np.float32).astype(np.float64)) for x in rng.normal(size=(SAMPLES, 64))
        ]
    }

    def figures(a: Any, b: Any) -> Any:
        found = linalg.difference(a, b)
        return [found.rmse, found.relative]

    return over(
        kinds, "difference", apart, figures, what="rmse, relative",
        numpy=lambda a, b: [np.sqrt(np.mean((a - b) ** 2)), np.linalg.norm(a - b) / np.linalg.norm(a)],
    )  # fmt: skip


def sizes(rng: np.random.Generator) -> list[Case]:
    """List the case of params: whole numbers, by every matrix of the model in turn."""
    shapes = [tuple(int(v) for v in rng.integers(1, 40, 3)) for _ in range(SAMPLES)]

    def total(layers: int, heads: int, vocab: int) -> Any:
        d = 8 * heads
        hidden = 256 * -(-8 * d // (3 * 256))  # Llama's: two thirds of 4 d, to the next multiple of 256
        matrices = [(vocab, d), (vocab, d), (1, d)]
        for _ in range(layers):
            matrices += [(d, d)] * 4 + [(d, hidden)] * 3 + [(1, d)] * 2
        return [mp.fsum(m * n for m, n in matrices)]

    def ours(layers: int, heads: int, vocab: int) -> Any:
        return [nn.params(layers=layers, d_model=8 * heads, heads=heads, vocab=vocab).parameters]

    return over({"random sizes": shapes}, "params", total, ours)


def statistics(rng: np.random.Generator) -> list[Case]:
    """List the cases of weights: moments, and the error of a scale for each row."""

    def figures(w: Any) -> list[Any]:
        x = exact(w.ravel())
        n = len(x)
        mean = mp.fsum(x) / n
        moments = [mp.fsum((v - mean) ** k for v in x) / n for k in (2, 4)]
        return [mp.sqrt(mp.fsum(v * v for v in x) / n), moments[1] / moments[0] ** 2 - 3]

    def ours(w: Any) -> list[Any]:
        found = nn.weights({"w": w})
        return [found.rms[0], found.kurtosis[0]]

    kinds = {
        "N(0, .02²)": [(rng.normal(0, 0.02, (7, 9)),) for _ in range(SAMPLES)],
        "N(1, .001²)": [(rng.normal(1, 0.001, (7, 9)),) for _ in range(SAMPLES)],
    }
    return over(kinds, "weights", figures, ours, what="rms and kurtosis")


def decoders(rng: np.random.Generator) -> list[Case]:
    """List the case of gpt: the logits of a small decoder, by every product in turn."""
    config = nn.DecoderConfig(5, 4, 1, 2, 2, 3, activation="relu", tied=False)
    shapes = {name: tuple(n or 6 for n in shape) for name, shape in nn.decoder_shapes(config).items()}

    def norm(x: list[Any], gain: Any) -> list[Any]:
        mean = mp.fsum(x) / len(x)
        spread = mp.sqrt(mp.fsum((v - mean) ** 2 for v in x) / len(x) + mp.mpf(config.eps))
        return [g * (v - mean) / spread for g, v in zip(gain, x, strict=True)]

    def times(x: list[Any], w: Any) -> list[Any]:
        return [mp.fsum(v * row[k] for v, row in zip(x, w, strict=True)) for k in range(len(w[0]))]

    def plus(x: list[Any], y: list[Any]) -> list[Any]:
        return [a + b for a, b in zip(x, y, strict=True)]

    def logits(*arrays: Any) -> list[Any]:
        w = dict(zip(shapes, map(exact, arrays), strict=True))
        rows = [plus(w["wte.weight"][k], w["wpe.weight"][place]) for place, k in enumerate((3, 1, 4))]
        packed = [times(norm(row, w["h.0.ln_1.weight"]), w["h.0.attn.c_attn.weight"]) for row in rows]
        mixed: list[Any] = []
        for start in (0, 2):
            q = packed[-1][start : start + 2]
            scores = [mp.fdot(q, row[4 + start : 6 + start]) / mp.sqrt(2) for row in packed]
            weights = [mp.exp(s - max(scores)) for s in scores]
            values = zip(*(row[8 + start : 10 + start] for row in packed), strict=True)
            mixed += [mp.fdot(weights, column) / mp.fsum(weights) for column in values]
        x = plus(rows[-1], times(mixed, w["h.0.attn.c_proj.weight"]))
        inner = [max(v, 0) for v in times(norm(x, w["h.0.ln_2.weight"]), w["h.0.mlp.c_fc.weight"])]
        x = norm(plus(x, times(inner, w["h.0.mlp.c_proj.weight"])), w["ln_f.weight"])
        return [mp.fdot(x, row) for row in w["lm_head.weight"]]

    def ours(*arrays: Any) -> Any:
        return nn.Decoder(config, dict(zip(shapes, arrays, strict=True))).run([3, 1, 4]).logits[-1]

    drawn = [tuple(rng.normal(size=shape) for shape in shapes.values()) for _ in range(SAMPLES)]
    return over({"N(0, 1) weights": drawn}, "gpt", logits, ours, what="logits", measure=of_largest)


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [
        *norms(rng),
        *positions(rng),
        *losses(rng),
        *samplers(rng),
        *differences(rng),
        *sizes(rng),
        *statistics(rng),
        *decoders(rng),
    ]
