"""Distances of arrays against mpmath."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import linalg
from aimath.errors import InputError

NUMBERS = st.floats(-1e300, 1e300)


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(700):
        yield


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_figures_keep_their_digits(pairs):
    a, b = ([pair[k] for pair in pairs] for k in range(2))
    got = linalg.difference(a, b)
    x, y = ([mp.mpf(v) for v in values] for values in (a, b))
    d = [p - q for p, q in zip(x, y, strict=True)]

    def norm(v):
        return mp.sqrt(mp.fsum(t * t for t in v))

    tiny = 4 * mp.mpf(5e-324)
    assert got.max == float(max(map(abs, d)))
    assert abs(d[got.at[0]]) >= max(map(abs, d)) * (1 - 2**-52)
    assert abs(mp.mpf(got.rmse) - norm(d) / mp.sqrt(len(d))) <= 2**-50 * norm(d) + tiny
    if norm(x) > mp.mpf(1e-290) and norm(d) > mp.mpf(1e-290):
        if norm(d) / norm(x) < mp.mpf(1e308):
            assert got.relative == near(float(norm(d) / norm(x)), 1e-14)
        assert got.snr_db == pytest.approx(float(-20 * mp.log10(norm(d) / norm(x))), abs=1e-11)
    if any(a) and any(b):
        cosine = mp.fsum(p * q for p, q in zip(x, y, strict=True)) / norm(x) / norm(y)
        assert got.cosine == float(cosine)
    check = got.check()
    assert check.holds | check.undecided


def test_a_matrix_is_one_array_and_its_first_largest_is_named():
    a = np.arange(6.0).reshape(2, 3)
    b = a.copy()
    b[1, 0], b[1, 2] = 5.0, 3.0
    got = linalg.difference(a, b)
    assert (got.max, got.at, got.size) == (2.0, (1, 0), 6)


def test_the_same_is_no_distance_away():
    got = linalg.difference([1.0, 2.0], [1.0, 2.0])
    assert (got.max, got.rmse, got.relative, got.snr_db, got.cosine) == (0, 0, 0, math.inf, 1.0)


LARGE = st.floats(-1.79e308, 1.79e308, allow_subnormal=False)


@given(st.lists(st.tuples(LARGE, LARGE), min_size=1, max_size=5))
def test_figures_within_float64_are_given_though_others_are_beyond(pairs):
    x, y = ([mp.mpf(pair[k]) for pair in pairs] for k in range(2))
    square = mp.fsum((p - q) ** 2 for p, q in zip(x, y, strict=True))
    rmse, norm = mp.sqrt(square / len(x)), mp.sqrt(mp.fsum(p * p for p in x))
    if rmse >= mp.mpf(1.79e308):
        return
    got = linalg.difference(*zip(*pairs, strict=True))
    assert got.rmse == near(float(rmse), 1e-15)
    if norm > 1e-290 * mp.sqrt(square) > 0:
        assert got.relative == near(float(mp.sqrt(square) / norm), 2e-15)


def test_a_cosine_of_long_vectors_outlives_cancellation(monkeypatch):
    monkeypatch.setattr("aimath.core.numerics.cosines.MAX_EXACT_ENTRIES", 2)
    monkeypatch.setattr("aimath.core.numerics.cosines.BLOCK", 2)
    assert linalg.difference([1e16, 1, -1e16], [1, 1, 1]).cosine == float(
        1 / (mp.sqrt(3) * mp.sqrt(2 * mp.mpf(10) ** 32 + 1))
    )
    assert linalg.difference([1, 2, 3], [3, 6, 9]).cosine == 1.0
    assert linalg.difference([1, 2, 3], [-3, -6, -9]).cosine == -1.0


def test_a_check_of_what_cancels_is_undecided_and_any_other_can_fail():
    assert linalg.difference([1, 2], [1 + 2**-52, 2]).check().undecided
    sound = linalg.difference([1, 2], [1.01, 2])
    check = sound.check()
    assert check.holds
    assert not check.undecided
    assert not sound._replace(rmse=sound.rmse * (1 + 1e-7)).check().holds


def test_blocks_add_up(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000))
    whole = linalg.difference(a, b)
    monkeypatch.setattr("aimath.core.linalg._difference.BLOCK", 7)
    assert linalg.difference(a, b).rmse == near(whole.rmse, 1e-15)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.difference([1, 2], [1, 2, 3]), "a is 2 and b is 3: shapes must agree"),
        (lambda: linalg.difference([1, 1e308], [1, -1e308]).max, "the distance at entry 2 is beyond float64"),
        (lambda: linalg.difference([1e308], [-1e308]), "the rmse is beyond float64"),
        (lambda: linalg.difference([1.7e308, 1.7e308], [0, 0]).norm, "the norm is beyond float64"),
        (lambda: linalg.difference([0, 0], [1, 0]).relative, "a is zero: nothing is relative to it"),
        (lambda: linalg.difference([1, 0], [0, 0]).cosine, "b is zero: its cosine is undefined"),
    ],
)
def test_what_has_no_answer_says_why(call, why):
    with pytest.raises(InputError, match=why):
        call()


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("operand", ["a", "b"])
def test_what_is_no_number_is_named_by_its_row_and_column(operand, wrong):
    arrays = {"a": np.ones((3, 4)), "b": np.ones((3, 4))}
    arrays[operand][1, 2] = wrong
    with pytest.raises(InputError, match=rf"entry \(2,3\) of {operand} is {wrong}"):
        linalg.difference(**arrays)
    with pytest.raises(InputError, match=rf"value 3 is {wrong}"):
        linalg.difference(*(arrays[name][1] for name in ("a", "b")))
    with pytest.raises(InputError, match=f"value is {wrong}"):
        linalg.difference(*(arrays[name][1, 2] for name in ("a", "b")))
