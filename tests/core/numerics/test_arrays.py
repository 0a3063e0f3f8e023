"""Conversions and refusals that everything stands on."""

import math

import numpy as np
import pytest

from aimath.core import information
from aimath.core.numerics import arrays
from aimath.errors import InputError


def test_together_repeats_single_numbers_and_refuses_other_shapes():
    x, mu = arrays.broadcast_operands(x=np.array([1.0, 2.0]), mu=np.array(3.0))
    assert mu.tolist() == [3.0, 3.0]
    assert x.flags.writeable
    with pytest.raises(InputError, match="shapes differ: x 2, mu 3"):
        arrays.broadcast_operands(x=np.zeros(2), mu=np.zeros(3))


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
        arrays.as_vectors(values, "logit")


def test_an_error_names_row_entry_and_operand():
    with pytest.raises(InputError) as caught:
        arrays.as_vectors([[1, 2], [3, float("nan")]], "value", operand="q")
    assert (caught.value.row, caught.value.entry, caught.value.operand) == (1, 1, "q")


def test_small_integers_are_widened_before_anything_is_computed():
    assert arrays.as_vectors(np.array([100, -100], np.int8)).dtype == np.float64
    assert arrays.as_vectors([2**53 + 2]).tolist() == [2.0**53 + 2]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([1, 1, 1], "sum to 3, not 1; use normalize=True"),
        ([0.5, 0.49], "sum to 0.99, not 1"),
        ([0, 0], "probabilities sum to 0"),
        ([1.2, -0.2], "probability 2 is negative"),
    ],
)
def test_simplex_says_what_is_wrong(values, why):
    with pytest.raises(InputError, match=why):
        arrays.check_simplex(values)


def test_simplex_normalizes_huge_weights():  # scipy's entropy of these is 0
    assert arrays.check_simplex([1e308, 1e308], normalize=True).tolist() == [0.5, 0.5]


def test_positive_refuses_zero_and_says_which():
    assert arrays.as_positive([1, 2], "sigma").tolist() == [1, 2]
    with pytest.raises(InputError, match="sigma 2 must be above 0, not 0"):
        arrays.as_positive([1, 0], "sigma")
    with pytest.raises(InputError, match="sigma must be above 0, not -1"):
        arrays.as_positive([-1], "sigma")


def test_same_length_names_both():
    with pytest.raises(InputError, match="p and q have lengths 2 and 1"):
        arrays.check_same_length(np.zeros(2), np.zeros(1), ("p", "q"))


@pytest.mark.parametrize(
    ("answer", "other", "holds"), [(1.0, 1.0 + 1e-10, True), (1.0, 1.1, False), (np.inf, np.inf, True)]
)
def test_a_check_holds_to_nine_digits(answer, other, holds):
    assert bool(arrays.Check(np.array(answer), np.array(other)).holds) is holds


@pytest.mark.parametrize("sign", [-1, 1])
def test_probabilities_may_be_off_by_a_millionth_and_no_more(sign):  # torch's own bound for a simplex
    assert arrays.check_simplex([0.5, 0.5 + sign * 0.99e-6]).tolist() == [0.5, 0.5 + sign * 0.99e-6]
    with pytest.raises(InputError, match="not 1"):
        arrays.check_simplex([0.5, 0.5 + sign * 1.01e-6])
    with pytest.raises(InputError, match="not 1"):
        information.entropy([0.5, 0.5 + sign * 1.01e-6])


@pytest.mark.parametrize("n", [1, 2, 3, 4, 100, 1000])
@pytest.mark.parametrize("size", [1e-300, 1.0, 1e150, 1e300])
def test_norms_are_those_of_hypot(n, size):
    rows = np.random.default_rng(n).normal(size=(50, n)) * size
    for row, found in zip(rows.tolist(), arrays.row_norms(rows).tolist(), strict=True):
        assert abs(found - math.hypot(*row)) <= 4 * math.ulp(found)
    assert arrays.row_norms(np.zeros((2, n))).tolist() == [0, 0]
