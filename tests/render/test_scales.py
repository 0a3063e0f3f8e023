"""Scales: where numbers stand, and that ticks are round."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from aimath.render._scales import Scale, fit_scale, tick_labels

NUMBERS = st.floats(-1e300, 1e300, allow_subnormal=False)
POSITIVE = st.floats(1e-300, 1e300)


def digits(x):
    """The digits of a decimal number without its zeros at either end."""
    return repr(x).replace(".", "").replace("-", "").partition("e")[0].strip("0")


@given(NUMBERS, NUMBERS, st.integers(2, 9))
def test_ticks_are_multiples_of_one_two_or_five_within_the_axis(a, b, most):
    low, high = sorted((a, b))
    assume(high / 2 - low / 2 > 1e-290 and high / 2 - low / 2 > 1e-9 * max(abs(low), abs(high)))
    ticks = Scale(low, high).ticks(most)
    assert len(ticks) <= most
    slack = (high / 2 - low / 2) * 1e-6
    assert all(low - slack <= x <= high + slack for x in ticks)
    steps = {Fraction(f"{y:.17g}") - Fraction(f"{x:.17g}") for x, y in itertools.pairwise(ticks)}
    for step in steps:
        assert digits(float(f"{float(step):.6g}")) in {"1", "2", "5"}
    assert len(ticks) >= (2 if most >= 5 else 0)


@given(POSITIVE, POSITIVE, st.integers(2, 9))
def test_ticks_of_a_log_axis_are_powers_of_ten_if_it_has_some(a, b, most):
    low, high = sorted((a, b))
    assume(math.log10(high) - math.log10(low) > 3)
    ticks = Scale(low, high, log=True).ticks(most)
    assert 1 <= len(ticks) <= most
    assert all(digits(x) == "1" for x in ticks)
    assert all(low * 0.999 <= x <= high * 1.001 for x in ticks)


@given(st.lists(NUMBERS, min_size=1, max_size=20), st.integers(3, 8))
def test_a_nice_scale_holds_all_numbers(values, most):
    known = np.array(values)
    scale = fit_scale(known, log=False, nice=most)
    shares = scale.shares(known)
    assert scale.low < scale.high
    assert (shares >= -1e-9).all()
    assert (shares <= 1 + 1e-9).all()


@given(NUMBERS, NUMBERS, st.floats(0.0, 1.0))
def test_value_and_share_undo_each_other(a, b, share):
    low, high = sorted((a, b))
    assume(high / 2 - low / 2 > 1e-6 * max(abs(low), abs(high)) and high - low < 1e300)
    scale = Scale(low, high)
    assert scale.shares(np.array([scale.value(share)]))[0] == pytest.approx(share, abs=1e-6)


def test_the_data_decide_on_a_log_axis():
    assert not fit_scale(np.array([1.0, 1000.0])).log
    assert fit_scale(np.array([1.0, 1001.0])).log
    assert not fit_scale(np.array([0.0, 1e9])).log
    assert not fit_scale(np.array([1.0, 1e9]), log=False).log
    assert fit_scale(np.array([-1.0, 2.0, 3.0]), log=True) == Scale(2.0, 3.0, log=True)


def test_an_axis_of_whole_numbers_has_whole_ticks():
    assert Scale(1.0, 3.0, whole=True).ticks(8) == [1.0, 2.0, 3.0]
    assert Scale(0.0, 40.0, whole=True).ticks(5) == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert Scale(1.0, 3.0).ticks(8) != [1.0, 2.0, 3.0]


def test_cells_outside_are_none():
    scale = Scale(0.0, 1.0)
    assert scale.cells(np.array([-1.0, 0.0, 0.49, 1.0, 2.0, np.nan, np.inf]), 3).tolist() == [
        -1,
        0,
        1,
        2,
        -1,
        -1,
        -1,
    ]


@pytest.mark.parametrize("end", [1.7e308, 5e-324, 1e-300, 0.0])
def test_the_ends_of_float64_are_an_axis(end):
    scale = fit_scale(np.array([-end, end]), nice=5)
    assert math.isfinite(scale.low)
    assert scale.low < scale.high
    assert np.isfinite(scale.shares(np.array([-end, end]))).all()
    assert scale.ticks(5) == sorted(scale.ticks(5))


@given(NUMBERS, NUMBERS, st.integers(2, 9))
def test_labels_of_ticks_read_back_as_the_ticks(a, b, most):
    low, high = sorted((a, b))
    assume(high / 2 - low / 2 > 1e-9 * max(abs(low), abs(high)) and high > low)
    ticks = Scale(low, high).ticks(most)
    labels = tick_labels(ticks)
    assert len(set(labels)) == len(set(ticks))
    for text, x in zip(labels, ticks, strict=True):
        assert float(text) == pytest.approx(x, rel=1e-12, abs=0)
