"""Rotary and sinusoidal positions against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.core import linalg
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(60):
        yield


def angle(position, i, d, theta):
    return position * mp.power(mp.mpf(theta), mp.mpf(-2 * i) / d)


@pytest.mark.parametrize("theta", [10000.0, 500000.0, 3.7])
@pytest.mark.parametrize("start", [0, 5, 131_071, 10**9 + 7])
def test_encodings_keep_their_digits_at_any_position(start, theta):
    got = linalg.positional((3, 7), theta, start).encoding
    for r in range(3):
        for k in range(7):
            right = (mp.sin, mp.cos)[k % 2](angle(start + r, k // 2, 7, theta))
            assert abs(mp.mpf(float(got[r, k])) - right) <= 2**-53 * 2 * max(abs(right), mp.mpf(2) ** -20)


@given(st.floats(-307, 308).map(lambda power: 10.0**power), st.integers(0, 10**6), st.integers(1, 5))
def test_any_theta_has_encodings_whose_angles_are_small(theta, start, width):
    largest = max(angle(start, i, width, theta) for i in range((width + 1) // 2))
    if largest > 2**53:
        with pytest.raises(InputError, match=r"is above 2\^53"):
            linalg.positional((1, width), theta, start)
        return
    got = linalg.positional((1, width), theta, start).encoding[0]
    for k in range(width):
        right = (mp.sin, mp.cos)[k % 2](angle(start, k // 2, width, theta))
        assert abs(mp.mpf(float(got[k])) - right) <= 2**-52 * max(abs(right), mp.mpf(2) ** -20)


@pytest.mark.parametrize("pairs", ["halves", "interleaved"])
@pytest.mark.parametrize("start", [0, 1, 131_071, 10**9 + 7])
def test_vectors_are_turned_by_their_positions(pairs, start):
    x = np.random.default_rng(start).normal(size=(4, 6))
    got = linalg.rope(x, 10000.0, pairs, start)
    for r in range(4):
        for i in range(3):
            a, b = (i, i + 3) if pairs == "halves" else (2 * i, 2 * i + 1)
            turned = mp.mpc(x[r, a], x[r, b]) * mp.expj(angle(start + r, i, 6, 10000.0))
            far = abs(mp.mpc(got.output[r, a], got.output[r, b]) - turned)
            assert far <= 4 * 2**-53 * abs(turned)
    assert got.check().holds.all()


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["halves", "interleaved"]))
def test_products_depend_on_the_distance_alone(start, distance, pairs):
    rng = np.random.default_rng(7)
    q, k = rng.normal(size=8), rng.normal(size=8)

    def product(at):
        return (
            linalg.rope(q, pairs=pairs, start=at + distance).output
            @ linalg.rope(k, pairs=pairs, start=at).output
        )

    assert abs(product(start) - product(0)) < 1e-13


def test_rows_along_the_axis_before_the_last_are_positions():
    x = np.ones((2, 3, 4))
    got = linalg.rope(x)
    assert got.position.tolist() == [[0, 1, 2]] * 2
    assert got.output[1].tolist() == linalg.rope(x[0]).output.tolist()
    assert got.output[0, 2].tolist() == linalg.rope([1, 1, 1, 1], start=2).output.tolist()


@pytest.mark.parametrize("theta", [5e-324, 1e-300, 1.7e308])
def test_the_ends_of_theta_turn_or_say_what_is_beyond(theta):
    assert linalg.rope([1, 0], theta, start=1).output.tolist() == [float(mp.cos(1)), float(mp.sin(1))]
    assert linalg.rope([1, 0, 1, 0], theta).output.tolist() == [1, 0, 1, 0]


def test_no_output_is_minus_0():
    assert not np.signbit(linalg.rope([[0, 0], [0, 0], [0, 0], [0, 0]]).output).any()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.rope([1, 2, 3]), "x has 3 entries, an odd number"),
        (lambda: linalg.rope([1, 2], theta=0), "theta must be above 0"),
        (lambda: linalg.rope([1, 2], pairs="both"), "pairs must be halves or interleaved, not both"),
        (lambda: linalg.rope([1, 2], start=2**53), "start must be below 2.53"),
        (lambda: linalg.rope([1.7e308, 1.7e308], start=1), "the output of pair 1 is beyond float64"),
        (lambda: linalg.positional((0, 4)), "at least one position"),
    ],
)
def test_what_has_no_answer_says_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
