"""Divergences of Gaussians against mpmath."""

import mpmath as mp
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):
        yield


def m(x):
    return mp.mpf(float(x))


@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.gaussian_kl, ([0], [0]), "sigma must be above 0"),
        (information.gaussian_kl, ([0, 1], [1, 1], 0, [1, 1, 1]), "mu and sigma2 have lengths 2 and 3"),
        (lambda mu, v: information.gaussian_kl(mu, logvar=v), ([0, 1], [1]), "lengths 2 and 1"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def true_gaussian(m1, s1, m2, s2):
    ratio, z = m(s1) / m(s2), (m(m1) - m(m2)) / m(s2)
    return (ratio**2 - 1) / 2 - mp.log(ratio) + z**2 / 2


@pytest.mark.parametrize(
    ("m1", "s1", "m2", "s2"),
    [
        (0, 1 + 2**-26, 0, 1),  # torch: 2e-9 relative
        (2**-30, 1, 0, 1),  # torch: 0
        (0, 1e-200, 0, 1),  # torch: inf
        (0, 1, 0, 1e-100),
        *((0.1, s, 0.1, 1) for s in (1e-3, 0.4999, 0.5, 0.51, 0.9, 0.999, 1.001, 1.1, 1.9, 2, 2.1, 50)),
        (3, 0.7, -1, 0.3),
        (1e308, 1e308, -1e308, 1e308),
        (0, 5e-324, 0, 1),
    ],
)
def test_gaussian_divergence_keeps_its_digits(m1, s1, m2, s2):
    assert ulps(information.gaussian_kl(m1, s1, m2, s2).kl, true_gaussian(m1, s1, m2, s2)) <= 4


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(st.floats(-3, 3), st.floats(0.01, 100), st.floats(-3, 3), st.floats(0.01, 100))
def test_gaussian_divergence_anywhere(m1, s1, m2, s2):
    truth = true_gaussian(m1, s1, m2, s2)
    assert ulps(information.gaussian_kl(m1, s1, m2, s2).kl, truth) <= 6 or truth < 1e-290
    assert information.gaussian_kl(m1, s1, m1, s1).kl == 0


@pytest.mark.parametrize("logvar", [0, 1e-9, -1e-9, 1e-4, 0.1, -0.1, 0.99, 1, 1.01, -1, -1.01, 5, -50, 700])
@pytest.mark.parametrize("mu", [0, 1e-10, 1.5])
def test_vae_divergence_keeps_its_digits(mu, logvar):
    truth = (mp.exp(m(logvar)) - 1 - m(logvar) + m(mu) ** 2) / 2
    assert ulps(information.gaussian_kl([mu], logvar=[logvar]).kl, truth) <= 4
    assert information.gaussian_kl([mu], logvar=[logvar], base=2).kl == near(float(truth / mp.log(2)), 1e-15)


def test_gaussian_divergence_adds_over_dimensions_and_broadcasts_numbers():
    got = information.gaussian_kl([[0, 1], [2, 3]], [1, 2], sigma2=2)
    assert got.kl.shape == (2,)
    assert got.kl[1] == information.gaussian_kl([2, 3], [1, 2], [0, 0], [2, 2]).kl
    assert ulps(got.kl[0], true_gaussian(0, 1, 0, 2) + true_gaussian(1, 2, 0, 2)) <= 4
