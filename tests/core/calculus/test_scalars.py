"""Functions of several floats that overflow nothing and stay quick."""

import math

import mpmath as mp
import numpy as np
from hypothesis import given, strategies as st
from tests.digits import near, ulps

from aimath.core.calculus import _scalars
from aimath.core.calculus._operations import OPERATIONS


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_softmax_and_logsumexp_of_floats(values):
    with mp.workdps(60):
        weights = [mp.exp(mp.mpf(x)) for x in values]
        for found, weight in zip(_scalars.softmax(*values), weights, strict=True):
            assert ulps(found, weight / sum(weights)) <= 4
        total = mp.log(sum(weights))
        if abs(total) > 0.5:  # nearer to 0 the terms cancel
            assert ulps(_scalars.logsumexp(*values), total) <= 3


def test_a_wide_softmax_is_centred_in_linear_time():
    values = [math.sin(k) for k in range(_scalars.MAX_PAIRWISE + 1)]
    slopes = [math.cos(k) for k in range(_scalars.MAX_PAIRWISE + 1)]
    probs = _scalars.softmax(*values)
    mean = math.fsum(p * s for p, s in zip(probs, slopes, strict=True))
    wanted = [p * (s - mean) for p, s in zip(probs, slopes, strict=True)]
    assert _scalars.softmax_vjp(probs, *slopes) == near(wanted, 1e-13)
    arrays = OPERATIONS["centred"].array([np.array([p]) for p in probs], *(np.array([s]) for s in slopes))
    assert np.ravel(arrays) == near(wanted, 1e-13)
