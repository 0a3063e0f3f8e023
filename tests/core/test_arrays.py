"""Conversions, refusals and the arithmetic with rests that everything stands on."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from aimath.core import information
from aimath.core.numerics import arrays as arrays_, double_double as arrays
from aimath.errors import InputError

TAME = st.floats(-1e100, 1e100).filter(lambda v: v == 0 or abs(v) > 1e-100)


@given(TAME, TAME)
@settings(deadline=None, max_examples=300)
def test_two_sum_and_two_prod_lose_nothing(a, b):
    for function, exact in (
        (arrays.two_sum, Fraction(a) + Fraction(b)),
        (arrays.two_prod, Fraction(a) * Fraction(b)),
    ):
        value, rest = function(np.array(a), np.array(b))
        assert Fraction(float(value)) + Fraction(float(rest)) == exact


@given(TAME, st.floats(5e-324, 1e100))
@settings(deadline=None, max_examples=300)
def test_quotient_keeps_twice_the_digits(d, by):
    with np.errstate(all="ignore"):
        q, r = arrays.quotient(np.array(d), np.array(0.0), by)
    if 1e-250 < abs(q) < 1e250:
        exact = Fraction(d) / Fraction(by)
        assert abs(Fraction(float(q)) + Fraction(float(r)) - exact) <= abs(exact) * Fraction(2) ** -104


def test_quotient_by_the_smallest_number_and_by_nearly_the_largest():
    for d, by in ((5e-324, 5e-324), (1.7e308, 1.7e308), (1e-300, 3e-300)):
        q, r = arrays.quotient(np.array(d), np.array(0.0), by)
        assert q == float(Fraction(d) / Fraction(by))
        assert abs(r) <= np.spacing(q)


def test_quotient_takes_integers_as_float64():  # ldexp(2, -2) is a float16
    q, r = arrays.quotient(np.array(1.0 + 2.0**-52), np.array(2.0**-60), 2)
    assert (float(q), float(r)) == (0.5 + 2.0**-53, 2.0**-61)


def test_together_repeats_single_numbers_and_refuses_other_shapes():
    x, mu = arrays_.together(x=np.array([1.0, 2.0]), mu=np.array(3.0))
    assert mu.tolist() == [3.0, 3.0]
    assert x.flags.writeable
    with pytest.raises(InputError, match="shapes differ: x 2, mu 3"):
        arrays_.together(x=np.zeros(2), mu=np.zeros(3))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "needs at least one logit"),
        ([1, float("nan")], "logit 2 is nan"),
        ([1, float("inf")], "logit 2 is inf"),
        ([float("-inf"), 1], "logit 1 is -inf"),
        (["a"], "logits must be real numbers"),
        ([True, False], "logits must be real numbers"),
        ([1 + 2j], "logits must be real numbers"),
        ([[1, 2], [3]], "rows of logits differ in length"),
        ([10**400], "within float64"),
    ],
)
def test_vectors_says_what_is_wrong(values, why):
    with pytest.raises(InputError, match=why):
        arrays_.vectors(values, "logit")


def test_an_error_names_row_entry_and_operand():
    with pytest.raises(InputError) as caught:
        arrays_.vectors([[1, 2], [3, float("nan")]], "value", operand="q")
    assert (caught.value.row, caught.value.entry, caught.value.operand) == (1, 1, "q")


def test_small_integers_are_widened_before_anything_is_computed():
    assert arrays_.vectors(np.array([100, -100], np.int8)).dtype == np.float64
    assert arrays_.vectors([2**53 + 2]).tolist() == [2.0**53 + 2]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1, 1, 1], "sum to 3, not 1; use --normalize"),
        ([0.5, 0.49], "sum to 0.99, not 1"),
        ([0, 0], "probabilities sum to 0"),
        ([1.2, -0.2], "probability 2 is negative"),
    ],
)
def test_simplex_says_what_is_wrong(values, why):
    with pytest.raises(InputError, match=why):
        arrays_.simplex(values)


def test_simplex_normalizes_huge_weights():  # scipy's entropy of these is 0
    assert arrays_.simplex([1e308, 1e308], normalize=True).tolist() == [0.5, 0.5]


def test_positive_refuses_zero_and_says_which():
    assert arrays_.positive([1, 2], "sigma").tolist() == [1, 2]
    with pytest.raises(InputError, match="sigma 2 must be above 0, not 0"):
        arrays_.positive([1, 0], "sigma")
    with pytest.raises(InputError, match="sigma must be above 0, not -1"):
        arrays_.positive([-1], "sigma")


def test_same_length_names_both():
    with pytest.raises(InputError, match="p and q have lengths 2 and 1"):
        arrays_.same_length(np.zeros(2), np.zeros(1), ("p", "q"))


def test_row_sum_keeps_what_cancels_and_does_not_look_at_the_batch():
    assert arrays.row_sum(np.array([1e16, 1.0, -1e16])) == 1.0
    assert arrays.row_sum(np.array([1.0, np.inf])) == np.inf
    x = np.random.default_rng(0).normal(0, 1, (7, 3, 100))
    for rows in (x, x[..., :20]):
        together = arrays.row_sum(rows)
        assert all(arrays.row_sum(rows[i, j]) == together[i, j] for i in range(7) for j in range(3))


@pytest.mark.parametrize(
    ("answer", "other", "holds"), [(1.0, 1.0 + 1e-10, True), (1.0, 1.1, False), (np.inf, np.inf, True)]
)
def test_a_check_holds_to_nine_digits(answer, other, holds):
    assert bool(arrays_.Check(np.array(answer), np.array(other)).holds) is holds


@pytest.mark.parametrize("sign", [-1, 1])
def test_probabilities_may_be_off_by_a_millionth_and_no_more(sign):  # torch's own bound for a simplex
    assert arrays_.simplex([0.5, 0.5 + sign * 0.99e-6]).tolist() == [0.5, 0.5 + sign * 0.99e-6]
    with pytest.raises(InputError, match="not 1"):
        arrays_.simplex([0.5, 0.5 + sign * 1.01e-6])
    with pytest.raises(InputError, match="not 1"):
        information.entropy([0.5, 0.5 + sign * 1.01e-6])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100, 1000])
@pytest.mark.parametrize("size", [1e-300, 1.0, 1e150, 1e300])
def test_norms_are_those_of_hypot(n, size):
    rows = np.random.default_rng(n).normal(size=(50, n)) * size
    for row, found in zip(rows.tolist(), arrays_.norms(rows).tolist(), strict=True):
        assert abs(found - math.hypot(*row)) <= 4 * math.ulp(found)
    assert arrays_.norms(np.zeros((2, n))).tolist() == [0, 0]
