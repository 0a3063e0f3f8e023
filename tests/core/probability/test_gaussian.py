"""The Gaussian against mpmath at 50 digits, on the doubles that were given."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import probability
from aimath.errors import InputError


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def draws(low, high, count=300):
    return np.random.default_rng(1).uniform(low, high, count)


# z from the deepest tail that float64 can hold to where the cdf is 1
@pytest.mark.parametrize(("low", "high"), [(-38.4, -30), (-30, -5), (-5, 0), (0, 8), (5, 37)])
def test_density_cdf_and_survival_of_the_standard_normal(low, high):
    x = draws(low, high)
    found = probability.gaussian(x)
    for z, density, cdf, survival in zip(
        map(float, x), found.density, found.cdf, found.survival, strict=True
    ):
        assert ulps(density, mp.npdf(mp.mpf(z))) <= 4
        assert ulps(cdf, mp.ncdf(mp.mpf(z))) <= 4
        assert ulps(survival, mp.ncdf(mp.mpf(-z))) <= 4


@pytest.mark.parametrize(
    ("low", "high"), [(-1e9, -1e4), (-1e3, -40), (-40, -34), (-34, -5), (-5, 0), (0, 5), (5, 37.5)]
)
def test_the_log_of_the_cdf_is_right_however_far_out(low, high):
    x = draws(low, high, 60)
    for z, log in zip(x.tolist(), probability.gaussian(x).log_cdf.tolist(), strict=True):
        truth = mp.log1p(-mp.ncdf(-mp.mpf(z))) if z > 0 else log_tail(mp.mpf(z))
        assert ulps(log, truth) <= 4
    assert probability.gaussian(x).check_log_cdf().holds.all()
    moved = 3.0 * x + 1.0
    for at, log in zip(moved.tolist(), probability.gaussian(moved, 1.0, 3.0).log_cdf.tolist(), strict=True):
        z = (mp.mpf(at) - 1) / 3
        assert ulps(log, mp.log1p(-mp.ncdf(-z)) if z > 0 else log_tail(z)) <= 4
    assert probability.gaussian([np.inf, -np.inf]).log_cdf.tolist() == [0, -np.inf]
    assert not np.signbit(probability.gaussian(50).log_cdf)


def log_tail(z):
    """Give log P(Z <= z) of z <= 0; far out by Laplace's continued fraction, where erfc gives up."""
    if z > -50:
        return mp.log(mp.ncdf(z))
    below = t = -z
    for k in range(200, 0, -1):
        below = t + k / below
    return mp.log(mp.npdf(0)) - t * t / 2 - mp.log(below)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e5])
def test_mean_and_width_cost_no_digits(scale):
    rng = np.random.default_rng(2)
    mu, sigma = rng.normal(0, 3 * scale, 200), rng.uniform(0.1, 3, 200) * scale
    x = mu + sigma * rng.uniform(-30, 30, 200)
    found = probability.gaussian(x, mu, sigma)
    for k in range(200):
        z, s = (mp.mpf(float(x[k])) - mp.mpf(float(mu[k]))) / mp.mpf(float(sigma[k])), mp.mpf(float(sigma[k]))
        assert ulps(found.density[k], mp.npdf(z) / s) <= 4
        assert ulps(found.cdf[k], mp.ncdf(z)) <= 4
        assert ulps(found.z[k], z) <= 0.5001
        assert abs(mp.mpf(float(found.log_density[k])) - mp.log(mp.npdf(z) / s)) <= 1e-15 * (z * z / 2 + 8)


# Edges as every peer was measured at them.
def test_the_edges_of_the_density():
    assert probability.gaussian(1e-300, 0, 1e-300).density == near(2.4197072451914337e299, 1e-15)
    assert probability.gaussian(0, 0, 5e-324).density == np.inf
    assert probability.gaussian([np.inf, -np.inf]).density.tolist() == [0, 0]
    assert probability.gaussian([np.inf, -np.inf]).cdf.tolist() == [1, 0]
    assert probability.gaussian([np.inf, -np.inf]).log_density.tolist() == [-np.inf, -np.inf]
    assert probability.gaussian(1e308, -1e308, 1e308).z == 2
    assert probability.gaussian(1e308, 1e308, 5e-324).z == 0
    assert probability.gaussian(40).density == 0
    assert ulps(probability.gaussian(40).log_density, mp.log(mp.npdf(40))) <= 1


def test_a_small_sigma_lifts_a_density_whose_exponential_underflows():
    found = probability.gaussian(39e-300, 0, 1e-300).density  # exp(-760) alone is 0
    z = mp.mpf(39e-300) / mp.mpf(1e-300)
    assert ulps(found, mp.npdf(z) / mp.mpf(1e-300)) <= 4


def test_the_tail_that_torch_and_the_stdlib_lose():  # pytorch#192295: ndtr is 0 below -8.3
    assert probability.gaussian(-10).cdf == near(7.61985302416052e-24, 1e-14)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((0, 0, 0), "sigma must be above 0"),
        ((0, 0, -1), "sigma must be above 0, not -1"),
        ((0, 0, np.inf), "sigma is inf"),
        ((0, np.inf, 1), "mu is inf"),
        ((np.nan,), "x is nan"),
        (([1, 2], [1, 2, 3]), "shapes differ"),
    ],
)
def test_what_is_no_gaussian_is_refused(arguments, why):
    with pytest.raises(InputError, match=why):
        probability.gaussian(*arguments)


def inverse(p):
    """The root of ncdf(x) = p by Newton's steps from the bisected start."""
    p = mp.mpf(float(p))
    x = mp.mpf(0) if p > mp.mpf("1e-3") else -mp.sqrt(-2 * mp.log(p))
    for _ in range(60):
        x -= (mp.log(mp.ncdf(x)) - mp.log(p)) * mp.ncdf(x) / mp.npdf(x)
    return x


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shares", "bound"),
    [
        (draws(0.25, 0.5, 40), 3),
        (0.5 - 10.0 ** draws(-16, -1, 40), 3),
        (draws(1e-3, 0.25, 40), 2),
        (10.0 ** draws(-279, -3, 40), 1),
        (10.0 ** draws(-323, -279, 40), 1.2),
    ],
    ids=["middle", "near half", "tail", "far", "subnormal"],
)
def test_the_quantile_over_the_whole_range(shares, bound):
    for p, z in zip(shares, probability.gaussian(quantile=shares).quantile, strict=True):
        assert ulps(z, inverse(p)) <= bound


@given(st.floats(0.5, 1.0, exclude_max=True))
@settings(deadline=None, max_examples=100)
def test_the_upper_half_mirrors_the_lower(p):
    upper, lower = probability.gaussian(quantile=[p, 1.0 - p]).quantile
    assert upper == -lower


def test_the_ends_of_the_quantile():
    found = probability.gaussian(quantile=[0, 1, 0.5], mu=3, sigma=2)
    assert found.quantile.tolist() == [-np.inf, np.inf, 3]
    assert found.check().holds.all()
    # torch gives -inf here, through 2p - 1
    assert probability.gaussian(quantile=1e-300).quantile == near(-37.0470964, 1e-8)
    for bad in (-0.1, 1.1):
        with pytest.raises(InputError, match="probability must be 0 to 1, not"):
            probability.gaussian(quantile=bad)


def test_a_quantile_that_its_mean_cancels_is_right_to_the_last_digit_of_the_mean():
    truth = mp.mpf(0.5244) + inverse(0.3)  # -5e-7
    assert abs(mp.mpf(float(probability.gaussian(quantile=0.3, mu=0.5244).quantile)) - truth) <= np.spacing(
        0.5244
    )


def interval(low, high, mu, sigma):
    a, b = ((mp.mpf(float(v)) - mp.mpf(float(mu))) / mp.mpf(float(sigma)) for v in (low, high))
    with mp.workdps(80):
        return mp.ncdf(b) - mp.ncdf(a) if b < 0 else mp.ncdf(-a) - mp.ncdf(-b)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1e-12, 1e-3, 0.3, 1.0, 3.0, 40.0])
@pytest.mark.parametrize("span", [0.5, 3, 35])
def test_the_probability_of_an_interval(width, span):
    rng = np.random.default_rng(3)
    low = rng.uniform(-span, span, 60)
    high = low + width * rng.uniform(0.5, 1, 60)
    found = probability.gaussian(None, 0.1, 1.1, between=(low, high))
    for k in range(60):
        truth = interval(low[k], high[k], 0.1, 1.1)
        if truth > 1e-300:
            assert ulps(found.probability[k], truth) <= 4


def test_an_interval_in_the_far_tail_is_not_zero():  # cdf - cdf is, in scipy, torch and the stdlib
    assert probability.gaussian(between=(10, 11)).probability == near(7.6196619e-24, 1e-7)


def test_the_edges_of_an_interval():
    def between(low, high):
        return probability.gaussian(between=(low, high))

    assert between(-np.inf, np.inf).probability == 1
    assert between(3, 3).probability == 0
    assert between(-np.inf, 0).probability == 0.5
    assert between(0, np.inf).probability == 0.5
    assert between(-np.inf, -np.inf).probability == 0
    with pytest.raises(InputError, match="low 2 is above high 1"):
        between(2, 1)


def test_samples_come_from_the_generator_alone():
    drawn = [probability.gaussian(None, 1.0, 2.0, sample=5, seed=7) for _ in range(2)]
    assert drawn[0].sample.tolist() == drawn[1].sample.tolist()
    assert drawn[0].sample.tolist() == (1 + 2 * np.random.default_rng(7).standard_normal(5)).tolist()
    for count in (0, 1.5):
        with pytest.raises(InputError, match="count must be a whole number"):
            probability.gaussian(sample=count)


def test_every_check_holds():
    x = draws(-8, 8, 50)
    assert probability.gaussian(x, 1, 2).check().holds.all()
    assert probability.gaussian(quantile=draws(0, 1, 50), mu=1, sigma=2).check().holds.all()
    assert probability.gaussian(None, 1, 2, between=(x, x + draws(0, 5, 50))).check().holds.all()
    assert probability.gaussian(None, 3, 2, sample=100).check().holds.all()


def test_an_array_gives_what_its_elements_give():
    x = draws(-39, 39, 64).reshape(4, 16)
    p = draws(0, 1, 64).reshape(4, 16)
    found, shares = probability.gaussian(x, 0.3, 1.7), probability.gaussian(quantile=p, mu=0.3, sigma=1.7)
    ends = probability.gaussian(None, 0.3, 1.7, between=(x, x + p))
    for place in np.ndindex(x.shape):
        one = probability.gaussian(x[place], 0.3, 1.7)
        assert (one.density, one.cdf) == (found.density[place], found.cdf[place])
        assert probability.gaussian(quantile=p[place], mu=0.3, sigma=1.7).quantile == shares.quantile[place]
        single = probability.gaussian(None, 0.3, 1.7, between=(x[place], x[place] + p[place]))
        assert single.probability == ends.probability[place]


@given(st.floats(-8, 8), st.floats(-3, 3), st.floats(0.1, 5))
def test_every_check_of_the_gaussian_holds(x, mu, sigma):
    found = probability.gaussian([x], mu, sigma)
    assert np.all(found.check().holds)
    assert np.all(found.check_log().holds)
    assert np.all(found.check_cdf().holds)
    assert np.all(found.check_log_cdf().holds)
    assert (found.mu.shape, found.sigma.shape) == ((), ())  # as given
