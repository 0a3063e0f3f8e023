"""Noise schedules against products taken with 40 digits, and noising against its own definition by steps."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near, ulps

from aimath.core import probability
from aimath.core.probability import _diffusion
from aimath.errors import InputError


def betas(name, steps, start, end):
    if name == "cosine":
        f = [
            mp.cos((mp.mpf(s) / steps + mp.mpf("0.008")) / mp.mpf("1.008") * mp.pi / 2) ** 2
            for s in range(steps + 1)
        ]
        return [min(1 - f[t + 1] / f[t], mp.mpf(0.999)) for t in range(steps)]
    power = 2 if name == "scaled-linear" else 1
    a, b = (mp.mpf(v) ** (mp.mpf(1) / power) for v in (start, end))
    return [(a + (b - a) * t / max(steps - 1, 1)) ** power for t in range(steps)]


@pytest.mark.parametrize("name", _diffusion.NOISE_SCHEDULES)
@pytest.mark.parametrize(
    ("steps", "start", "end"), [(1, 1e-4, 0.02), (2, 1e-4, 0.02), (1000, 1e-4, 0.02), (100, 0.00085, 0.012)]
)
def test_a_schedule_is_within_4_ulp_of_its_products(name, steps, start, end):  # diffusers: float32
    with mp.workdps(40):
        found, left = probability.noise_schedule(name, steps, start, end), mp.mpf(1)
        for t, beta in enumerate(betas(name, steps, start, end)):
            left *= 1 - beta
            truths = (beta, left, 1 - left, left / (1 - left))
            gots = (found.betas[t], found.alpha_bar[t], found.one_minus_alpha_bar[t], found.snr[t])
            assert max(map(ulps, gots[:3], truths)) <= (4 if name == "cosine" else 0.51)
            assert ulps(found.snr[t], truths[3]) <= 4
    assert found.check().holds.all()


# Edges as every peer was measured at them.
def test_the_figures_of_the_linear_schedule():
    found = probability.noise_schedule()
    assert found.alpha_bar[[0, 500, 999]] == near([0.9999, 0.0777966584, 4.03582977e-5], 1e-8)
    assert found.snr[0] == 9999  # diffusers: 9997.34
    assert int(np.argmax(found.snr < 1)) == 259


def test_the_cosine_schedule_counts_as_the_paper_does_and_clips_its_last_step():
    found = probability.noise_schedule("cosine")
    assert found.alpha_bar[998] == near(2.43e-6, 2e-3)  # f(999/1000): the paper's step 999
    assert found.alpha_bar[999] == near(2.43e-9, 2e-3)  # as diffusers; without the clip 0
    assert found.betas[999] == 0.999
    assert found.betas[998] < 0.999


@given(
    st.sampled_from(_diffusion.NOISE_SCHEDULES),
    st.integers(1, 300),
    st.floats(1e-6, 0.5),
    st.floats(1e-6, 0.5),
)
@settings(deadline=None, max_examples=50)
def test_what_holds_for_every_schedule(name, steps, start, end):
    found = probability.noise_schedule(name, steps, start, end)
    assert len(found.betas) == len(found.alpha_bar) == steps
    assert ((found.betas > 0) & (found.betas < 1)).all()
    assert (np.diff(found.alpha_bar) < 0).all()
    assert (np.diff(found.snr) < 0).all()
    assert found.alpha_bar + found.one_minus_alpha_bar == pytest.approx(np.ones(steps), abs=4e-16)
    assert found.check().holds.all()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("linear", 0), "T must be a whole number from 1 to 1000000, not 0"),  # diffusers accepts it
        (("linear", 10.5), "T must be a whole number"),
        (("linear", 10**12), "T must be a whole number"),
        (("linear", 10, 1e-4, 2), "beta_end must be above 0 and below 1, not 2"),  # and this
        (("linear", 10, 0, 0.02), "beta_start must be above 0 and below 1"),
        (("linear", 10, float("nan")), "beta_start must be above 0 and below 1"),
        (("sigmoid", 10), "schedule 'sigmoid' is not one of linear, scaled-linear, cosine"),
    ],
)
def test_what_is_no_schedule_is_refused(arguments, why):
    with pytest.raises(InputError, match=why):
        probability.noise_schedule(*arguments)


@pytest.mark.parametrize("name", _diffusion.NOISE_SCHEDULES)
@pytest.mark.parametrize("t", [0, 1, 500, 999])
def test_one_stroke_equals_the_steps(name, t):
    x0, noise = np.random.default_rng(0).normal(0, 1, (2, 3, 4))
    found = probability.diffuse(x0, t=t, schedule=name, noise=noise)
    left = probability.noise_schedule(name).alpha_bar[t]
    assert found.noisy == near(np.sqrt(left) * x0 + np.sqrt(1 - left) * noise, 1e-9)
    assert (found.alpha_bar, found.t, found.T) == (left, t, 1000)
    assert found.snr == probability.noise_schedule(name).snr[t]
    assert found.check().holds.all()


def test_a_tiny_step_keeps_the_digits_of_its_noise():  # 1 - alpha_bar from a rounded alpha_bar has 4 of them
    found = probability.diffuse([0.0], t=0, beta_start=1e-12, noise=[1.0])
    assert found.noisy == near(1e-6, 1e-15)


@pytest.mark.parametrize(
    ("left", "noisy", "snr"), [(1, [3, 4], np.inf), (0, [5, 6], 0), (0.64, [5.4, 6.8], 16 / 9)]
)
def test_a_given_alpha_bar_needs_no_schedule(left, noisy, snr):
    found = probability.diffuse([3, 4], alpha_bar=left, noise=[5, 6])
    assert found.noisy == near(noisy, 1e-15)
    assert found.snr == near(snr)
    assert (found.t, found.schedule) == (None, None)
    assert (found.signal_scale**2 + found.noise_scale**2) == near(1, 1e-15)
    assert found.check().holds.all()


def test_noise_comes_from_the_seed_alone_a_stream_for_each_row():
    x0 = np.zeros((2, 2, 3))
    first, again = (probability.diffuse(x0, t=10, seed=3) for _ in range(2))
    assert first.noisy.tolist() == again.noisy.tolist()
    for k, row in enumerate(first.noise.reshape(4, 3), 1):
        assert row.tolist() == np.random.default_rng((3, k)).standard_normal(3).tolist()
    images = probability.diffuse(x0, t=10, image=True, seed=3)
    assert images.noise[1].tolist() == np.random.default_rng((3, 2)).standard_normal((2, 3)).tolist()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"t": -1}, "t must be a whole number from 0 to 999, not -1"),  # diffusers wraps to the last step
        ({"t": 1000}, "t must be a whole number from 0 to 999, not 1000"),
        ({"t": 5, "T": 5}, "from 0 to 4, not 5"),
        ({"t": 1.5}, "t must be a whole number"),
        ({}, "either the step t or alpha_bar"),
        ({"t": 1, "alpha_bar": 0.5}, "either the step t or alpha_bar"),
        ({"alpha_bar": 1.1}, "alpha_bar must be 0 to 1, not 1.1"),
        ({"alpha_bar": float("nan")}, "alpha_bar is nan"),
        ({"t": 1, "noise": [1, 2, 3]}, "x0 and noise have lengths 2 and 3"),
        ({"t": 1, "beta_start": 2.0}, "beta_start must be above 0 and below 1"),
    ],
)
def test_what_cannot_be_noised_is_refused(options, why):
    with pytest.raises(InputError, match=why):
        probability.diffuse([1, 2], **{"noise": [0, 0], **options})


def test_a_row_of_a_batch_equals_the_single_call():
    x0, noise = np.random.default_rng(1).normal(0, 1, (2, 5, 7))
    rows = probability.diffuse(x0, t=77, noise=noise).noisy
    for k in range(5):
        assert probability.diffuse(x0[k], t=77, noise=noise[k]).noisy.tolist() == rows[k].tolist()
