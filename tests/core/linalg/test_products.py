"""Dot products, matrices, neurons and layers against fractions and mpmath, which share no code with them."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from aimath.core import linalg
from aimath.core.numerics import exact
from aimath.errors import InputError

ANY = st.floats(allow_nan=False, allow_infinity=False, width=64)


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


# dot


def test_a_dot_product_is_the_true_one_rounded_once():
    for a, b in hard_pairs():
        assert float(linalg.dot(a, b).dot) == rounded(true_dot(a.tolist(), b.tolist()))


@pytest.mark.slow
@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=6))
@settings(deadline=None, max_examples=200)
def test_a_dot_product_of_any_floats_at_all(pairs):
    a, b = zip(*pairs, strict=True)
    truth = rounded(true_dot(a, b))
    if math.isinf(truth):
        with pytest.raises(InputError, match="the dot product is beyond float64"):
            linalg.dot(a, b)
    else:
        assert float(linalg.dot(a, b).dot) == truth


@pytest.mark.parametrize(
    ("a", "b", "truth"),
    [
        ([1e16, 1, -1e16], [1, 1, 1], 1.0),  # numpy and torch: 0
        ([1e200, 1e200, 1e-150], [1e100, -1e100, 1], 1e-150),  # the products have no common scale
        ([2.0**600, 2.0**600, 2.0**-500], [1, -1, 1], 2.0**-500),  # beside its row's largest the last is 0
        ([1e308, 1e308, -1e308], [1, 1, 1], 1e308),  # overflows on the way
        ([5e-324, 5e-324], [0.5, 0.5], 5e-324),
        ([2**62, 2**62], [2, 2], 2.0**64),  # int64 wraps to 0
        ([0, -0.0], [-1, 1], 0.0),
    ],
)
def test_dot_where_peers_are_wrong(a, b, truth):
    found = float(linalg.dot(a, b).dot)
    assert found == truth
    assert math.copysign(1, found) == 1


def test_integers_are_widened_before_they_are_multiplied():
    assert linalg.dot(np.array([100, 100], np.int8), np.array([100, 100], np.int8)).dot == 20000


def test_a_row_of_a_batch_equals_the_single_call_bit_for_bit():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(3000, 37)), rng.normal(size=(3000, 37))
    w, bias = rng.normal(size=(50, 37)), rng.normal(size=50)
    found = (linalg.dot(a, b).dot, linalg.dot(a, b[0]).dot, linalg.cosine(a, b).cosine)
    layers = linalg.layer(w, a, bias).output
    for k in (0, 1, 1717, 2999):
        single = (linalg.dot(a[k], b[k]).dot, linalg.dot(a[k], b[0]).dot, linalg.cosine(a[k], b[k]).cosine)
        assert [float(x[k]) for x in found] == [float(x) for x in single]
        assert (linalg.layer(w, a[k], bias).output == layers[k]).all()
        assert float(linalg.neuron(w[7], a[k], bias[7]).output) == layers[k, 7]


def test_rows_may_have_more_axes_than_one():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert linalg.dot(x, x).dot.tolist() == np.einsum("ijk,ijk->ij", x, x).tolist()
    assert linalg.dot([1, 1, 1, 1], x).dot.tolist() == x.sum(axis=-1).tolist()
    assert linalg.layer(np.eye(4), x).output.tolist() == x.tolist()


def test_terms_add_up_to_the_dot_product():
    found = linalg.dot([1, 2, 3], [4, 5, 6])
    assert found.terms.tolist() == [4, 10, 18]
    assert found.dot == 32
    assert linalg.neuron([1, 2], [3, 4]).terms.tolist() == [3, 8]
    assert linalg.layer([[1, 2], [0, 1]], [3, 4]).terms.tolist() == [[3, 8], [0, 4]]


# neuron and layer


def test_the_guides_neuron_is_2_4_not_2_5():
    found = linalg.neuron([0.5, -0.3, 0.8], [1, 2, 3], bias=0.1)
    truth = true_dot([0.5, -0.3, 0.8, 0.1], [1, 2, 3, 1])
    assert float(found.total) == float(found.output) == float(truth) == 2.4000000000000004


@pytest.mark.parametrize("z", [-800.0, -40.0, -3.3, -1e-20, 0.0, 1e-9, 0.7, 5.0, 40.0, 800.0])
def test_activations_within_4_ulp(z):
    x = mp.mpf(z)
    truths = {
        "none": x,
        "relu": max(x, mp.mpf(0)),
        "tanh": mp.tanh(x),
        "sigmoid": 1 / (1 + mp.exp(-x)),
        "gelu": x * mp.ncdf(x),
    }
    for name, truth in truths.items():
        got = float(linalg.neuron([z], [1.0], activation=name).output)
        assert abs(got - truth) <= 4 * math.ulp(float(truth)), name


@pytest.mark.parametrize("name", ["sigmoid", "gelu"])
def test_tails_do_not_show_what_rounding_took_from_the_sum(
    name,
):  # it would be z² ulp: 738 of gelu, 19 of sigmoid
    rng = np.random.default_rng(6)
    truth = {"sigmoid": lambda z: 1 / (1 + mp.exp(-z)), "gelu": lambda z: z * mp.ncdf(z)}[name]
    for aim in rng.uniform(-36, 36, 40):
        w, x = rng.normal(size=(2, 8))
        bias = float(aim - w @ x)
        true = truth(mp.fdot(map(mp.mpf, w), map(mp.mpf, x)) + mp.mpf(bias))
        alone = linalg.neuron(w, x, bias, name).output
        assert abs(float(alone) - true) <= 3 * math.ulp(float(true)), aim
        assert linalg.layer([w, x], x, [bias, 0], name).output[0] == alone
        assert linalg.neuron([w, x], x, [bias, 0], name).output[0] == alone


def test_a_bias_is_added_before_rounding():
    assert linalg.neuron([1e16, 1], [1, 1], bias=-1e16).output == 1
    assert linalg.layer([[1e16, 1]], [1, 1], bias=[-1e16]).output.tolist() == [1]
    assert linalg.neuron([[1, 2], [3, 4]], [1, 1], bias=[1, -10], activation="relu").output.tolist() == [4, 0]


# matrices


def test_entries_of_a_product_are_rounded_once():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(40, 30)) * 10.0 ** rng.integers(-9, 9, (40, 1)), rng.normal(size=(30, 7))
    found = linalg.matmul(a, b).product
    for i, row in enumerate(a.tolist()):
        assert found[i].tolist() == [float(true_dot(row, column)) for column in b.T.tolist()]


def test_a_product_that_cancels_everywhere_is_still_nearly_right():
    q = np.linalg.qr(np.random.default_rng(5).normal(size=(30, 30)))[0]
    assert linalg.matmul(q, q.T).product[3, 4] == float(true_dot(q[3].tolist(), q[4].tolist()))
    exact_terms, exact.MAX_INTEGER_TERMS = exact.MAX_INTEGER_TERMS, 0
    try:
        error = linalg.matmul(q, q.T).product[3, 4] - float(true_dot(q[3].tolist(), q[4].tolist()))
    finally:
        exact.MAX_INTEGER_TERMS = exact_terms
    assert abs(error) < 2.0**-70


def test_a_huge_product_is_left_to_blas(monkeypatch):
    monkeypatch.setattr(exact, "MAX_EXACT_MULTIPLICATIONS", 10)
    a = np.arange(16.0).reshape(4, 4)
    assert (linalg.matmul(a, a).product == a @ a).all()


def test_transpose_turns_rows_into_columns():
    assert linalg.transpose([[1, 2, 3], [4, 5, 6]]).transposed.tolist() == [[1, 4], [2, 5], [3, 6]]


# what is refused


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.dot([1, 2], [1, 2, 3]), "a and b have lengths 2 and 3"),
        (lambda: linalg.dot([1, math.nan], [1, 2]), "value 2 is nan"),
        (lambda: linalg.dot([[1, 2]] * 2, [[1, 2]] * 3), "a has 2 rows and b has 3"),
        (lambda: linalg.neuron([1, 2], [1]), "weights and inputs have lengths 2 and 1"),
        (lambda: linalg.neuron([1], [1], bias=[1, 2]), "2 biases for 1 sums"),
        (lambda: linalg.neuron([1], [1], activation="swish"), "activation 'swish' is not one of none, relu"),
        (lambda: linalg.layer([[1, 2]], [1, 2, 3]), "x has 3 entries, but W of 1x2 takes 2"),
        (lambda: linalg.layer([[1, 2]], [1, 2], [1, 2]), "bias has shape 2, but W of 1x2 gives 1"),
        (lambda: linalg.layer([[1e300]], [1e300]), "beyond float64"),
        (lambda: linalg.matmul([[1, 2]], [[1, 2]]), "2 columns, but b of 1x2 has 1 row"),
        (lambda: linalg.matmul(np.zeros((2, 2, 2)), [[1]]), "a must be a matrix, not of shape 2x2x2"),
        (lambda: linalg.transpose([[1, math.inf]]), r"entry \(1,2\) of a is inf"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
