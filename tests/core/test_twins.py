"""One formula that stands in several places gives the same there: floats, arrays, rows and Tensors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.core import nn, probability
from aimath.core.calculus._operations import OPERATIONS
from aimath.core.numerics import special

EDGES = [0.0, 5e-324, 1e-300, 1e-9, 0.1, 1.0, 26.0, 36.9, 38.4, 39.9, 40.1, 700.0, 745.0, 800.0, 1e300]
POINTS = np.array([sign * x for x in EDGES for sign in (1, -1)] + [x / 7 for x in range(-300, 301)])
ZERO, ONE = np.zeros_like(POINTS), np.ones_like(POINTS)

ARRAYS = {
    "sigmoid": [special.sigmoid, nn.sigmoid],
    "gelu": [special.gelu, nn.gelu],
    "relu": [nn.relu, lambda x: special.activate(x, "relu")],
    "tanh": [np.tanh, nn.tanh],
    "normal_cdf": [lambda x: special.normal_cdf(x, ZERO)],
    "normal_density": [lambda x: special.normal_pdf(x, ZERO, ONE), lambda x: probability.gaussian(x).density],
    "sigmoid_slope": [special.sigmoid_slope, lambda x: nn.gradients(nn.sigmoid, x, weights=ONE).gradients[0]],
    "sech2": [special.sech2, lambda x: nn.gradients(nn.tanh, x, weights=ONE).gradients[0]],
    **{
        name: [] for name in ("softplus", "erf", "bell", "cbrt", "cbrt_slope", "sign", "step", "exp", "log1p")
    },
}
"""The same of arrays elsewhere than among the operations of formulas, by the operation's name."""
TOLERANCE = {"sigmoid": 2, "cbrt": 4, "cbrt_slope": 10}
"""In units of the last place, where it isn't 3: numpy's exp, tanh and cbrt are not the C library's."""


def ulps_apart(one, other):
    """Say how many units of the last place numbers are apart; those below the normal ones have one unit."""
    one, other = np.broadcast_arrays(np.asarray(one, float), np.asarray(other, float))
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    unit = np.spacing(np.maximum(np.abs(other), 2.0**-1022))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.abs(one - other) / unit)


def by_floats(function, points):
    """Give the values of a function of one float, nan or inf where an array has them and floats raise."""
    for x in points.tolist():
        try:
            yield function(x)
        except (ValueError, OverflowError, ZeroDivisionError):
            yield math.nan


@pytest.mark.parametrize("name", ARRAYS)
def test_functions_of_one_number(name):
    floats = np.array([*by_floats(OPERATIONS[name].scalar, POINTS)])
    known = np.isfinite(floats)
    assert known.sum() > 300
    with np.errstate(all="ignore"):
        for function in (OPERATIONS[name].array, *ARRAYS[name]):
            found = np.asarray(function(POINTS))
            assert ulps_apart(found[known], floats[known]).max() <= TOLERANCE.get(name, 3)
            assert not np.isfinite(found[~known]).any()


numbers = st.floats(-50, 50) | st.floats(-1e300, 1e300) | st.sampled_from([0.0, -0.0, 5e-324, -745.2, 709.8])
rows = st.lists(numbers, min_size=1, max_size=6)
near_one = st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=6).map(
    lambda weights: [math.log(w / sum(weights)) for w in weights]
)
"""Log-probabilities, whose log-sum-exp nearly cancels."""


@given(rows | near_one)
def test_softmax(values):
    row = np.array(values)
    wanted = probability.softmax(row).probs
    others = [
        probability.softmax_rows(row)[0],
        nn.softmax(row),
        OPERATIONS["softmax"].scalar(*values),
        OPERATIONS["softmax"].array(*row[:, np.newaxis]),
    ]
    for other in others:
        assert ulps_apart(np.ravel(other), wanted).max() <= 6


@given(rows | near_one)
def test_logsumexp(values):
    row = np.array(values)
    wanted = probability.logsumexp(row).logsumexp
    others = [
        probability.logsumexp_rows(row),
        nn.logsumexp(row),
        OPERATIONS["logsumexp"].scalar(*values),
        OPERATIONS["logsumexp"].array(*row),
    ]
    for other in others:
        assert ulps_apart(other, wanted) <= 4


@given(rows | near_one)
def test_log_softmax(values):
    row = np.array(values)
    wanted = probability.log_softmax(row).log_probs
    assert nn.log_softmax(row).tolist() == wanted.tolist() == probability.softmax(row).log_probs.tolist()
    losses = [nn.cross_entropy(row, k) for k in range(len(row))]
    assert losses == (0.0 - wanted).tolist()


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6), st.data())
def test_the_derivative_of_softmax(values, data):
    slopes = data.draw(st.lists(st.floats(-9, 9), min_size=len(values), max_size=len(values)))
    (tensors,) = nn.gradients(nn.softmax, values, weights=slopes).gradients
    probs = OPERATIONS["softmax"].scalar(*values)
    floats = OPERATIONS["centred"].scalar(probs, *slopes)
    arrays = OPERATIONS["centred"].array([np.array([p]) for p in probs], *np.array(slopes)[:, np.newaxis])
    assert ulps_apart(np.ravel(arrays), floats).max() <= 8
    # By the mean, as for wide rows, it may cancel: it is right beside the largest slope.
    assert tensors == pytest.approx(floats, rel=1e-12, abs=1e-15 * max(1.0, *map(abs, slopes)))
