"""Quantities against mpmath in hundreds of digits where float64 is left on the way: batches of hard rows."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core import information, linalg, probability

ROWS, DIGITS = 40, 700


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(DIGITS):
        yield


def rng_of(seed):
    return random.Random(seed)  # noqa: S311


def weights(seed, n=3):
    """Give rows of weights from 1e-300 to 1e300, some near others, some 0."""
    rng = rng_of(seed)
    rows = []
    for _ in range(ROWS):
        scale = rng.choice([1.0, 1e-300, 1e300, 1e20])
        row = [
            scale * 10.0 ** rng.choice([0, 0, -1, -8, -20, -160]) * rng.uniform(0.5, 1.5) for _ in range(n)
        ]
        row[0] = row[0] or scale  # one of them is above 0
        if rng.random() < 0.3:
            row[1] = row[0] * (1.0 + rng.randrange(-3, 4) * 2.0**-50)
        if rng.random() < 0.2:
            row[2] = 0.0
        rows.append(row)
    return np.array(rows)


def shares(row):
    whole = mp.fsum(map(mp.mpf, row))
    return [mp.mpf(x) / whole for x in row]


def kl(p, q):
    if any(a and not b for a, b in zip(p, q, strict=True)):
        return mp.inf
    return mp.fsum(a * mp.log(a / b) for a, b in zip(p, q, strict=True) if a)


def entropy(p):
    return -mp.fsum(a * mp.log(a) for a in p if a)


def all_near(found, truths, most):
    for k, (value, truth) in enumerate(zip(np.ravel(found), truths, strict=True)):
        if mp.isinf(truth) or abs(truth) > mp.mpf(2) ** 1024:
            assert math.isinf(value), (k, value)
        else:
            assert ulps(value, truth) <= most or abs(mp.mpf(float(value)) - truth) <= mp.mpf(2) ** -1073, (
                k,
                value,
                mp.nstr(truth, 20),
            )


@pytest.mark.parametrize("seed", range(3))
def test_batches_of_weights(seed):
    v, w = weights(seed), weights(seed + 100)
    p, q = [*map(shares, v)], [*map(shares, w)]
    pairs = [*zip(p, q, strict=True)]
    all_near(information.entropy(v, math.e, normalize=True).entropy, map(entropy, p), 4)
    all_near(information.perplexity(v, normalize=True).perplexity, [mp.exp(entropy(a)) for a in p], 4)
    all_near(information.kl(v, w, normalize=True).kl, [kl(a, b) for a, b in pairs], 8)
    all_near(
        information.cross_entropy(v, w, normalize=True).cross_entropy,
        [kl(a, b) + entropy(a) for a, b in pairs],
        8,
    )
    middle = [[(x + y) / 2 for x, y in zip(a, b, strict=True)] for a, b in pairs]
    truths = [(kl(a, m) + kl(b, m)) / 2 for (a, b), m in zip(pairs, middle, strict=True)]
    all_near(information.js(v, w, math.e, normalize=True).js, truths, 8)
    assert ulps(information.kl(v[0], w[0], normalize=True).kl, kl(p[0], q[0])) <= 8 or math.isinf(
        kl(p[0], q[0])
    )


@pytest.mark.parametrize("seed", range(3))
def test_mutual_information_of_counts(seed):
    tables = weights(seed + 50, 4).reshape(-1, 2, 2)
    truths = []
    for table in tables:
        a, b, c, d = shares(table.ravel())
        rows, columns = (a + b, c + d), (a + c, b + d)
        expected = [rows[0] * columns[0], rows[0] * columns[1], rows[1] * columns[0], rows[1] * columns[1]]
        truths.append(kl((a, b, c, d), expected))
    all_near(information.mutual_information(tables, math.e, normalize=True).mutual_information, truths, 8)


LOGITS = [1e308, -1e308, 9e307, 1.7e308, 0.0, 1.0, 1e-300, 700.0, -745.0, 36.7, 1e10, 1e10 + 1e-5]
TEMPERATURES = [1e308, 1e300, 5e307, 1e10, 100.0, 1.0, 0.1, 1e-10, 1e-300, 5e-324]


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_softmax_at_any_temperature(temperature):
    rng = rng_of(7)
    z = np.array([[rng.choice(LOGITS) for _ in range(3)] for _ in range(ROWS)])
    for found, row in zip(probability.softmax(z, temperature).probs, z, strict=True):
        all_near(found, probs_at(row, temperature), 4)
    for found, row in zip(probability.log_softmax(z, temperature).log_probs, z, strict=True):
        all_near(found, [log_or_bound(row, k, temperature) for k in range(3)], 4)


def probs_at(row, temperature):
    top = mp.mpf(max(row))
    parts = [mp.exp(max((mp.mpf(x) - top) / mp.mpf(temperature), mp.mpf(-10000))) for x in row]
    return [part / mp.fsum(parts) for part in parts]


def log_or_bound(row, k, temperature):
    """Give the logarithm of a probability: exp of nothing below -10000 adds to the sum's digits here."""
    top, t = mp.mpf(max(row)), mp.mpf(temperature)
    rest = mp.fsum(mp.exp(max((mp.mpf(x) - top) / t, mp.mpf(-1500))) for x in row)
    return (mp.mpf(row[k]) - top) / t - mp.log(rest)


@pytest.mark.parametrize("beta", [1e308, 1e20, 1.0, 1e-3, 1e-300])
def test_policies_at_any_beta(beta):
    rng = rng_of(8)
    r = np.array([[rng.choice([*LOGITS, 2.0, -3.5]) for _ in range(3)] for _ in range(ROWS)])
    reference = np.array([0.5, 0.3, 0.2])
    found = information.rlhf(r, reference, beta)
    for k, row in enumerate(r):
        top = mp.mpf(max(row))
        parts = [
            mp.mpf(q) * mp.exp(max((mp.mpf(x) - top) / mp.mpf(beta), mp.mpf(-10000)))
            for q, x in zip(reference, row, strict=True)
        ]
        all_near(found.policy[k], [part / mp.fsum(parts) for part in parts], 8)


@pytest.mark.parametrize("seed", range(2))
def test_posteriors_of_tiny_products(seed):
    rng = rng_of(seed)
    tiny = [1e-200, 1e-300, 0.5, 1.0, 1e-10, 0.9999999999999999, 3e-308, 0.3]
    prior, seen, alarm = (np.array([rng.choice(tiny) for _ in range(ROWS)]) for _ in range(3))
    truths = []
    for p, a, b in zip(prior.tolist(), seen.tolist(), alarm.tolist(), strict=True):
        joint, other = mp.mpf(p) * mp.mpf(a), (1 - mp.mpf(p)) * mp.mpf(b)
        truths.append(joint / (joint + other))
    all_near(probability.bayes(prior, seen, false_positive=alarm).posterior, truths, 4)
    several = np.stack((prior, alarm), axis=-1)
    likelihood = np.stack((seen, alarm[::-1]), axis=-1)
    truths = []
    for (p, q), (a, b) in zip(several.tolist(), likelihood.tolist(), strict=True):
        joint, other = mp.mpf(p) * mp.mpf(a), mp.mpf(q) * mp.mpf(b)
        truths += [joint / (joint + other), other / (joint + other)]
    all_near(probability.bayes(several, likelihood, normalize=True).posterior, truths, 8)


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e-160, 1e150, 1e300])
def test_norms_of_updates(scale):
    rng = np.random.default_rng(3)
    base = {"a": scale * rng.normal(size=(4, 3)), "b": scale * rng.normal(size=(5, 5))}
    tuned = {key: value + scale * 1e-3 * rng.normal(size=value.shape) for key, value in base.items()}
    found = linalg.lora(base, tuned, energy=[0.9])

    def norm(parts):
        squares = sum((Fraction(x) ** 2 for part in parts for x in part), Fraction())
        return mp.sqrt(mp.mpf(squares.numerator) / squares.denominator)

    steps = {
        key: [Fraction(t) - Fraction(b) for b, t in zip(base[key].ravel(), tuned[key].ravel(), strict=True)]
        for key in base
    }
    for k, keys in enumerate((["a"], ["b"], ["a", "b"])):
        update = norm([steps[key] for key in keys])
        assert ulps(found.update[k], update) <= 8, (keys, scale)
        assert (
            ulps(found.relative_update[k], update / norm([base[key].ravel().tolist() for key in keys])) <= 12
        )


def test_what_is_no_weight_is_listed_and_not_counted(aimath, tmp_path):
    rng = np.random.default_rng(4)
    base = {"w": rng.normal(size=(4, 3)), "v": rng.normal(size=(2, 2))}
    tuned = {key: value + 1e-3 for key, value in base.items()}
    others = {"position_ids": np.arange(10**6, 10**6 + 24).reshape(4, 6), "flags": np.ones((3, 3), np.bool_)}
    outs = []
    for name, extra in (("plain", {}), ("mixed", others)):
        files = [str(tmp_path / f"{name}_{kind}.npz") for kind in ("base", "tuned")]
        for file, tensors in zip(files, (base, tuned), strict=True):
            np.savez(file, **tensors, **extra)
        outs.append(aimath("lora", *files, "--json"))
    assert outs[0].code == outs[1].code == 0
    assert outs[0].out == outs[1].out
    assert "'position_ids', 'flags'" in outs[1].err
