"""Cosines and angles against mpmath, rounded once."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near

from aimath.core import linalg
from aimath.errors import InputError


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(60):
        yield


def true_dot(a, b):
    return sum((Fraction(x) * Fraction(y) for x, y in zip(a, b, strict=True)), Fraction())


def rounded(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def true_cosine(a, b):
    d, aa, bb = (true_dot(p, q) for p, q in ((a, b), (a, a), (b, b)))
    ratio = d * d / (aa * bb)
    return mp.sign(d) * mp.sqrt(mp.mpf(ratio.numerator) / ratio.denominator)


def hard_pairs(count=400):
    """Vectors of any length and size: random, short numbers, wide ranges, cancelling, near underflow."""
    rng = np.random.default_rng(1)
    for t in range(count):
        n = int(rng.integers(1, 60))
        a, b = rng.normal(size=n), rng.normal(size=n)
        if t % 6 == 1:
            a, b = a.astype(np.float32).astype(float), b.astype(np.float32).astype(float)
        elif t % 6 == 2:
            a, b = a * 10.0 ** rng.integers(-300, 300, n), b * 10.0 ** rng.integers(-7, 7, n)
        elif t % 6 == 3:
            a, b = np.tile(a, 2), np.concatenate((b, -b * (1 + 1e-15)))
        elif t % 6 == 4:
            a, b = a * 1e-160, b * 1e-160
        elif t % 6 == 5:
            a, b = np.arange(1.0, n + 1) * 0.1, np.arange(1.0, n + 1) * 0.3
        yield a, b


@pytest.mark.slow
def test_a_cosine_is_the_true_one_rounded_once():
    for a, b in hard_pairs(200):
        assert float(linalg.cosine(a, b).cosine) == float(true_cosine(a.tolist(), b.tolist()))


def test_parallel_vectors_have_cosine_1_exactly():  # the usual formula: half of them don't
    rng = np.random.default_rng(7)
    x = rng.normal(size=(500, 3))
    assert (linalg.cosine(x, x).cosine == 1).all()
    assert (linalg.cosine(x, -4 * x).cosine == -1).all()
    assert linalg.cosine([1, 2, 3], [3, 6, 9]).cosine == 1
    assert linalg.cosine([1, 2, 3], [3, 6, 9]).angle == 0


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e308, 5e-320])
def test_cosines_of_huge_and_tiny_vectors(size):  # torch, scikit-learn: 0; numpy: nan
    found = linalg.cosine([size, 0], [size, size])
    assert found.cosine == math.sqrt(0.5)
    assert found.norm_a == size
    assert found.angle == 45
    assert found.norm_b == (math.hypot(size, size) if size < 1e308 else near(2**0.5 * 1e308))
    assert float(found.dot) == rounded(Fraction(size) ** 2)
    assert linalg.cosine(matrix=[[3 * 2.0**500, 4 * 2.0**500]]).norms.tolist() == [5 * 2.0**500]


def test_angles_keep_their_digits():
    assert linalg.cosine([1, 1, 0], [1, 0, 1]).angle == 60
    assert linalg.cosine([1, 2], [-2, 1]).angle == 90
    for step in (1e-12, 1e-5, 0.3, -0.2):
        for turn in (1, -1):
            truth = mp.degrees(mp.atan2(mp.mpf(step), turn))
            assert float(linalg.cosine([1, 0], [turn, step]).angle) == near(abs(float(truth)), 4e-16)


def test_norms_are_rounded_once():
    for a, b in hard_pairs(60):
        truth = mp.sqrt(mp.fsum(mp.mpf(v) ** 2 for v in a.tolist()))
        assert float(linalg.cosine(a, b).norm_a) == float(truth)


def test_all_pairs_are_the_single_pairs_and_large_ones_nearly_so(monkeypatch):
    x = np.random.default_rng(8).normal(size=(12, 5)) * 10.0 ** np.arange(-150, 150, 25)[:, None]
    x[3] = 2 * x[4]
    found = linalg.cosine(matrix=x)
    for i in range(12):
        assert found.cosine[i].tolist() == linalg.cosine(x[i], x).cosine.tolist()
    assert found.cosine[3, 4] == 1
    monkeypatch.setattr("aimath.core.numerics.cosines.MAX_EXACT_ROWS", 3)
    quick = linalg.cosine(matrix=x).cosine
    assert np.abs(quick - found.cosine).max() < 1e-15
    assert (np.diag(quick) == 1).all()
    assert (quick == quick.T).all()
    assert np.abs(quick).max() <= 1


# what is refused


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.cosine([0, 0], [1, 2]), "a is zero: its cosine is undefined"),
        (lambda: linalg.cosine([[1, 2], [3, 4]], [[1, 1], [0, 0]]), "b is zero"),
        (lambda: linalg.cosine(matrix=[[1, 1], [0, 0]]), "row 2 is zero"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
