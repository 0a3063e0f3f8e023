"""Weights were divided, and rounded, before they were used; terms lost the digits that their sum kept.

Against 700 digits of mpmath, over weights of all sizes: far apart, nearly equal, near 2^53, near float64's ends.
"""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from tests.digits import ulps

from aimath.core import information


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(700):
        yield


def exact(x):
    return mp.mpf(x.numerator) / x.denominator


def shares(weights):
    whole = sum(map(Fraction, weights))
    return [Fraction(w) / whole for w in weights]


def xlog(p, x):
    return mp.mpf(0) if p == 0 else exact(p) * mp.log(exact(x))


def near(found, truth, bound=6.0):
    """Within a few units, and of what is below the normal numbers within some of the smallest."""
    for one, true in zip(np.ravel(found), np.ravel(np.array(truth, object)), strict=True):
        if one == true:
            continue
        distance = abs(mp.mpf(float(one)) - true)
        assert ulps(one, true) <= bound or distance <= 64 * mp.mpf(5e-324) * 700, (
            float(one),
            mp.nstr(true, 20),
        )


def draw(rng, n):
    kind = rng.integers(7)
    if kind == 0:
        return rng.random(n)
    if kind == 1:
        return 10.0 ** rng.uniform(-20, 20, n)
    if kind == 2:
        return 2.0**53 - rng.integers(0, 5, n)
    if kind == 3:
        return np.append(rng.random(n - 1), 10.0 ** rng.uniform(15, 30))
    if kind == 4:
        return 1e308 * rng.uniform(0.5, 1.0, n)
    if kind == 5:
        return 1e-307 * rng.uniform(0.5, 1.0, n)
    return rng.integers(0, 100, n) + (np.arange(n) == 0.0)


def pair(rng, n):
    p = draw(rng, n)
    if rng.random() < 0.6:
        q = p * (1 + rng.choice([2.0**-52, 1e-12, 1e-8, 1e-3]) * rng.integers(-2, 3, n))
        return p, q if rng.random() < 0.7 else q * 2.0 ** rng.integers(-1, 1)
    return p, draw(rng, n)


@pytest.mark.parametrize("seed", range(40))
def test_entropy_and_perplexity_of_weights(seed):
    rng = np.random.default_rng(seed)
    w = draw(rng, int(rng.choice([2, 3, 5, 40])))
    p = shares(w.tolist())
    nats = -mp.fsum(xlog(x, x) for x in p)
    for base in (2.0, math.e, 7.0):
        found = information.entropy(w, base, normalize=True)
        near(found.entropy, nats / mp.log(base))
        info = [mp.inf if x == 0 else 0 - mp.log(exact(x)) / mp.log(base) for x in p]
        near(found.surprise, info)
        near(found.terms, [exact(x) * i if x else mp.mpf(0) for x, i in zip(p, info, strict=True)])
    found = information.perplexity(w, normalize=True)
    near(found.nats, nats)
    near(found.terms, [0 - xlog(x, x) for x in p])
    assert 1.0 <= found.perplexity <= len(w)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_divergences_of_weights(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([2, 3, 5, 40]))
    v, w = pair(rng, n)
    if ((w == 0) & (v > 0)).any():
        w = w + 1.0
    p, q = shares(v.tolist()), shares(w.tolist())
    found = information.kl(v, w, normalize=True)
    ratio = [x / y if y else 1 for x, y in zip(p, q, strict=True)]
    terms = [xlog(x, r) for x, r in zip(p, ratio, strict=True)]
    near(found.kl, mp.fsum(terms))
    near(found.terms, terms)
    near(found.cross_entropy, -mp.fsum(xlog(x, y) for x, y in zip(p, q, strict=True)))
    near(found.entropy, -mp.fsum(xlog(x, x) for x in p))
    if all(p):
        back = [xlog(y, y / x) for x, y in zip(p, q, strict=True)]
        near(found.reverse, mp.fsum(back))
        near(found.reverse_terms, back)
    m = [(x + y) / 2 for x, y in zip(p, q, strict=True)]
    one, two = (mp.fsum(xlog(x, x / b if b else 1) for x, b in zip(a, m, strict=True)) for a in (p, q))
    js = information.js(v, w, math.e, normalize=True)
    near(js.js, (one + two) / 2)
    near(js.kl_p, one)
    near(js.kl_q, two)
    cross = information.cross_entropy(v, w, normalize=True)
    near(cross.cross_entropy, -mp.fsum(xlog(x, y) for x, y in zip(p, q, strict=True)))
    near(cross.terms, [0 - xlog(x, y) for x, y in zip(p, q, strict=True)])
    near(cross.kl, mp.fsum(terms))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_mutual_information_of_weights(seed):
    rng = np.random.default_rng(seed)
    r, c = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    kind = rng.integers(4)
    if kind == 0:
        table = draw(rng, r * c).reshape(r, c)
    elif kind == 1:  # nearly independent counts
        table = np.outer(rng.integers(1, 9e7, r), rng.integers(1, 9e7, c)) + rng.integers(0, 2, (r, c)) * 1.0
    elif kind == 2:
        table = np.diag(10.0 ** rng.uniform(-300, 0, max(r, c)))
    else:
        table = 10.0 ** rng.uniform(-200, 200, (r, c))
    cells = [[Fraction(x) for x in row] for row in table.tolist()]
    whole = sum(map(sum, cells))
    rows, columns = [sum(row) for row in cells], [sum(col) for col in zip(*cells, strict=True)]
    ratios = [
        [v * whole / (rows[i] * columns[j]) if v else 1 for j, v in enumerate(row)]
        for i, row in enumerate(cells)
    ]
    terms = [
        [xlog(v / whole, x) for v, x in zip(a, b, strict=True)] for a, b in zip(cells, ratios, strict=True)
    ]
    found = information.mutual_information(table, math.e, normalize=True)
    near(found.mutual_information, mp.fsum(t for row in terms for t in row))
    near(found.terms, terms)
    near(found.row_entropy, -mp.fsum(xlog(x / whole, x / whole) for x in rows), 8)
    assert 0.0 <= found.mutual_information <= min(found.row_entropy, found.column_entropy)


def test_rows_of_a_batch_of_weights_are_as_single():
    rng = np.random.default_rng(0)
    rows = np.stack([pair(rng, 6) for _ in range(40)])
    v, w = rows[:, 0], np.where(rows[:, 0] > 0, np.maximum(rows[:, 1], 1e-307), rows[:, 1])
    for name in ("kl", "js"):
        batch = getattr(information, name)(v, w, normalize=True)
        for k in range(40):
            single = getattr(information, name)(v[k], w[k], normalize=True)
            assert getattr(single, name) == getattr(batch, name)[k]
    batch = information.entropy(v, normalize=True)
    assert all(information.entropy(v[k], normalize=True).entropy == batch.entropy[k] for k in range(40))


@pytest.mark.parametrize("seed", range(20))
def test_policy_of_a_reference_of_weights(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    w, rewards, beta = (
        draw(rng, n),
        rng.normal(size=n) * 10.0 ** rng.integers(-6, 3),
        float(rng.choice([0.1, 1.0, 3.0])),
    )
    tilted = [
        exact(Fraction(x)) * mp.exp(mp.mpf(r) / beta)
        for x, r in zip(w.tolist(), rewards.tolist(), strict=True)
    ]
    policy = [t / mp.fsum(tilted) for t in tilted]
    found = information.rlhf(rewards, w, beta, normalize=True)
    near(found.policy, policy)
    pairs = zip(policy, map(exact, shares(w.tolist())), strict=True)
    near(found.kl, mp.fsum(p * mp.log(p / q) for p, q in pairs if p), 12)


@pytest.mark.parametrize("seed", range(40))
def test_terms_of_probabilities_keep_the_digits_of_their_sum(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([2, 3, 6]))
    p = rng.dirichlet(np.ones(n))
    q = p + rng.choice([1e-15, 1e-12, 1e-9, 1e-4]) * p.min() * rng.normal(size=n)
    q[0] += 1.0 - math.fsum(q)
    found = information.kl(p, q)
    a, b = ([Fraction(x) for x in x.tolist()] for x in (p, q))
    near(found.terms, [xlog(x, x / y) for x, y in zip(a, b, strict=True)])
    near(found.reverse_terms, [xlog(y, y / x) for x, y in zip(a, b, strict=True)])
    joint = np.outer(p, q) * (1.0 + 1e-13 * rng.normal(size=(n, n)))
    joint /= joint.sum()
    cells = [[Fraction(x) for x in row] for row in joint.tolist()]
    rows, columns, whole = (
        [sum(r) for r in cells],
        [sum(c) for c in zip(*cells, strict=True)],
        sum(map(sum, cells)),
    )
    terms = [
        [xlog(v, v * whole / (r * c)) for v, c in zip(row, columns, strict=True)]
        for row, r in zip(cells, rows, strict=True)
    ]
    near(information.mutual_information(joint, math.e).terms, terms)
