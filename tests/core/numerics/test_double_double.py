"""Sums, products and quotients with their rests, against fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from aimath.core.numerics import double_double

TAME = st.floats(-1e100, 1e100).filter(lambda v: v == 0 or abs(v) > 1e-100)


@pytest.mark.slow
@given(TAME, TAME)
@settings(deadline=None, max_examples=300)
def test_two_sum_and_two_prod_lose_nothing(a, b):
    for function, exact in (
        (double_double.two_sum, Fraction(a) + Fraction(b)),
        (double_double.two_prod, Fraction(a) * Fraction(b)),
    ):
        value, rest = function(np.array(a), np.array(b))
        assert Fraction(float(value)) + Fraction(float(rest)) == exact


@pytest.mark.slow
@given(TAME, st.floats(5e-324, 1e100))
@settings(deadline=None, max_examples=300)
def test_quotient_keeps_twice_the_digits(d, by):
    with np.errstate(all="ignore"):
        q, r = double_double.divide_dd(np.array(d), np.array(0.0), by)
    if 1e-250 < abs(q) < 1e250:
        exact = Fraction(d) / Fraction(by)
        assert abs(Fraction(float(q)) + Fraction(float(r)) - exact) <= abs(exact) * Fraction(2) ** -104


def test_quotient_by_the_smallest_number_and_by_nearly_the_largest():
    for d, by in ((5e-324, 5e-324), (1.7e308, 1.7e308), (1e-300, 3e-300)):
        q, r = double_double.divide_dd(np.array(d), np.array(0.0), by)
        assert q == float(Fraction(d) / Fraction(by))
        assert abs(r) <= np.spacing(q)


def test_quotient_takes_integers_as_float64():  # ldexp(2, -2) is a float16
    q, r = double_double.divide_dd(np.array(1.0 + 2.0**-52), np.array(2.0**-60), 2)
    assert (float(q), float(r)) == (0.5 + 2.0**-53, 2.0**-61)


def test_row_sum_keeps_what_cancels_and_does_not_look_at_the_batch():
    assert double_double.compensated_sum(np.array([1e16, 1.0, -1e16])) == 1.0
    assert double_double.compensated_sum(np.array([1.0, np.inf])) == np.inf
    x = np.random.default_rng(0).normal(0, 1, (7, 3, 100))
    for rows in (x, x[..., :20]):
        together = double_double.compensated_sum(rows)
        assert all(
            double_double.compensated_sum(rows[i, j]) == together[i, j] for i in range(7) for j in range(3)
        )
