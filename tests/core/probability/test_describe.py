"""Describe against mpmath, at any offset."""

from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import probability
from aimath.errors import InputError

NAN = float("nan")


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(400):  # 1 + e^-800 must be more than 1
        yield


def moments(values, ddof):
    exact = [Fraction(float(v)) for v in values]
    mean = sum(exact) / len(exact)
    return mean, sum((v - mean) ** 2 for v in exact) / (len(exact) - ddof)


@pytest.mark.parametrize("offset", [0, 1e8, -1e12])
@pytest.mark.parametrize("n", [2, 7, 33, 1001])
@pytest.mark.parametrize("ddof", [0, 1])
def test_an_offset_costs_no_digits(offset, n, ddof):  # np.var: 7 ulp, one-pass: 4.8e16
    values = np.random.default_rng(n).normal(offset, 1, n)
    found, (mean, variance) = probability.describe(values, ddof), moments(values, ddof)
    mean, variance = (mp.mpf(v.numerator) / v.denominator for v in (mean, variance))
    assert ulps(found.mean, mean) <= 1
    assert ulps(found.variance, variance) <= 1
    assert ulps(found.std, mp.sqrt(variance)) <= 1.5
    assert (found.min, found.max, found.count) == (values.min(), values.max(), n)


def test_describe_at_its_edges():
    assert probability.describe([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], 1).variance == 30  # one-pass: -170.67
    assert probability.describe([1e16, 1, -1e16]).mean == 1 / 3
    assert probability.describe([0.1] * 10).variance == 0
    assert probability.describe([0, 0]).std == 0
    assert probability.describe([1.7e308, 1.7e308]).mean == 1.7e308
    assert probability.describe([1e-200, 3e-200]).std == 1e-200
    with pytest.raises(InputError, match="variance is beyond float64"):
        _ = probability.describe([1e200, -1e200]).variance
    for bad in (1, 2, -1, NAN):
        with pytest.raises(InputError, match="ddof must be at least 0 and below the count 1"):
            probability.describe([3], bad)


def test_describe_takes_rows_as_it_takes_one():
    rows = np.random.default_rng(0).normal(5, 2, (4, 3, 37))
    found = probability.describe(rows, 1)
    assert found.check().holds.all()
    for place in np.ndindex(4, 3):
        one = probability.describe(rows[place], 1)
        assert (one.mean, one.variance, one.std) == (
            found.mean[place],
            found.variance[place],
            found.std[place],
        )


def test_describe_shows_its_deviations():
    found = probability.describe([2, 4, 4, 4, 5, 5, 7, 9], ddof=1)
    assert found.deviations.tolist() == [-3, -1, -1, -1, 0, 0, 2, 4]
    assert found.squares == near(32, 1e-15)


@pytest.mark.parametrize("seed", range(200))
def test_a_mean_was_rounded_twice_and_left_its_values(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    x = rng.choice([0.7, 0.1, 1e308, 5e-324, 1e16, rng.normal()]) * (1 + 2.0**-52 * rng.integers(0, 3, n))
    if seed % 4 == 0:
        x = rng.normal(size=n) * 10.0 ** rng.uniform(-300, 300, n)
    found = probability.describe(x)
    mean = sum(map(Fraction, x.tolist())) / n
    assert float(found.mean) == float(mean)
    assert found.min <= found.mean <= found.max
    assert found.deviations.tolist() == near_all([float(Fraction(v) - mean) for v in x.tolist()])


def near_all(figures):
    return [near(figure, 1e-13) if figure else 0.0 for figure in figures]
