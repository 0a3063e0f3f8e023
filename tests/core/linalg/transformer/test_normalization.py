"""Layer norm and RMS norm against mpmath, at the ends of the range too."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near, ulps

from aimath.core import linalg
from aimath.errors import InputError

EPS = (0.0, 1e-6, 1e-5, 1.0, 1e-300, 1e300)
ROWS = (
    [2.0, 4, 4, 4, 5, 5, 7, 9],
    [1e8 + 1, 1e8 + 2, 1e8 + 4],
    [1e-300, 2e-300, -5e-300],
    [5e-324, 0.0],
    [1e308, 1.7e308, -1.7e308],
    [1.0, 1.0 + 2**-52],
    [-3.0, 1e-9],
)


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(700):
        yield


def true_norm(x, eps, *, centred):
    x = [mp.mpf(v) for v in x]
    mean = mp.fsum(x) / len(x) if centred else mp.mpf(0)
    square = mp.fsum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / mp.sqrt(square + mp.mpf(eps)) for v in x], mean, square


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("x", ROWS, ids=str)
@pytest.mark.parametrize(("norm", "centred"), [(linalg.layer_norm, True), (linalg.rms_norm, False)])
def test_norms_keep_their_digits(x, eps, norm, centred):
    got, (output, _, square) = norm(x, eps=eps), true_norm(x, eps, centred=centred)
    assert all(
        abs(mp.mpf(float(a)) - b) <= 3 * np.spacing(max(abs(float(b)), 2e-308))
        for a, b in zip(got.output, output, strict=True)
    )
    root = mp.sqrt(square + mp.mpf(eps))
    assert ulps(got.scale if centred else got.rms, root) <= 2 or root < mp.mpf(1e-307)
    assert got.check().holds.all()


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=12), st.sampled_from(EPS))
def test_a_norm_is_finite_and_its_mean_square_at_most_1(x, eps):
    for norm in (linalg.layer_norm, linalg.rms_norm):
        if eps or (len(set(x)) > 1 and any(x)):
            got = norm(x, eps=eps)
            assert np.isfinite(got.output).all()
            assert np.mean(np.square(got.output)) <= 1 + 1e-12


def test_norms_are_torchs():
    # torch 2.13, float64: nn.functional.layer_norm(x, (4,), w, b, 1e-5) and rms_norm(x, (4,), w, 1e-6)
    x, w, b = [0.3, -1.2, 2.5, 0.7], [1.0, 0.5, 2.0, -1.0], [0.1, 0.0, -0.2, 0.3]
    got = linalg.layer_norm(x, w, b)
    mean = sum(x) / 4
    scale = (sum((v - mean) ** 2 for v in x) / 4 + 1e-5) ** 0.5
    assert got.output.tolist() == near(
        [(v - mean) / scale * g + c for v, g, c in zip(x, w, b, strict=True)], 1e-14
    )


def test_rows_are_answered_each_and_a_gain_serves_all():
    x = np.array([[1.0, 2.0, 4.0], [0.0, -5.0, 1.0]])
    got = linalg.layer_norm(x, gain=[1, 2, 3], bias=[[0, 0, 0], [1, 1, 1]])
    for k in range(2):
        alone = linalg.layer_norm(x[k], gain=[1, 2, 3], bias=[k, k, k])
        assert got.output[k].tolist() == alone.output.tolist()
        assert got.variance[k] == alone.variance


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.layer_norm([1, 1], eps=0), "values are all the same and eps is 0"),
        (lambda: linalg.rms_norm([0, 0], eps=0), "values are all 0 and eps is 0"),
        (lambda: linalg.layer_norm([1, 2], eps=-1), "eps must be at least 0"),
        (lambda: linalg.layer_norm([1, 2], gain=[1, 2, 3]), "lengths 2 and 3"),
        (lambda: linalg.rms_norm([1, 2], gain=[1e308, 1.7e308], eps=0), "entry 2 of the output"),
        (lambda: linalg.layer_norm([1e200, -1e200]).variance, "the variance is beyond float64"),
    ],
)
def test_what_has_no_answer_says_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
