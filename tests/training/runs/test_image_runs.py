"""The runs that draw digits: what they learn at once, what they draw, and what they refuse."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.training.interface import Asked
from aimath.training.registry import recipes
from aimath.training.runs.ddpm import LARGEST_SIGMA, SMALLEST_SIGMA, noise_levels


@cache
def trained(name, steps, **settings):
    """Return a run after its first steps, of a plan that ends with them."""
    recipe = recipes(name)[""]
    run = recipe.build({**recipe.defaults, "steps": steps, "seed": 1, **settings}, ())
    while run.done < steps:
        run.step()
    return run


def test_ddpm_learns_in_sixty_steps():
    run = trained("ddpm", 60)
    begun = recipes("ddpm")[""].build(run.settings, ()).validate()
    assert 1.5 < begun < run.ignorance
    assert run.validate() < 1.30


def test_ddpm_draws_digits_on_the_grid():
    model = trained("ddpm", 60).model
    made = model.samples(Asked(samples=12, seed=2, path=True))
    assert made.images.shape == (12, 8, 8)
    assert np.array_equal(made.images, np.rint(made.images))
    assert made.images.min() >= 0.0
    assert made.images.max() <= 16.0
    assert made.labels == (*range(10), 0, 1)
    assert made.path.shape[1:] == (12, 8, 8)
    assert np.array_equal(made.path[-1], made.images)
    assert np.array_equal(made.images, model.samples(Asked(samples=12, seed=2)).images)
    assert set(model.samples(Asked(samples=5, label=7)).labels) == {7}


def test_noise_falls_from_the_largest_to_the_smallest():
    sigmas = noise_levels(20)
    assert sigmas[0] == pytest.approx(LARGEST_SIGMA, rel=1e-6, abs=0)
    assert sigmas[-1] == pytest.approx(SMALLEST_SIGMA, rel=1e-6, abs=0)
    assert (np.diff(sigmas) < 0.0).all()


def test_vae_is_better_than_the_mean_digit_in_eighty_steps():
    run = trained("vae", 80)
    mean = next(one.value for one in run.baselines() if one.name == "the mean digit")
    assert run.validate() < mean


def test_vae_begins_above_what_knows_nothing_at_most_by_half():
    recipe = recipes("vae")[""]
    run = recipe.build(recipe.defaults, ())
    assert run.ignorance == 64.0 * math.log(2.0)
    assert run.validate() < 1.5 * run.ignorance


def test_vae_with_a_large_beta_collapses():
    run = trained("vae", 200, beta=4.0)
    assert run.figures()["kl"] < 0.01


def test_vae_draws_every_code():
    made = trained("vae", 80).model.samples(Asked(samples=6))
    assert made.images.shape == (6, 8, 8)
    assert ((made.images >= 0.0) & (made.images <= 16.0)).all()


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ddpm", Asked(prompt="a")),
        ("ddpm", Asked(top_k=3)),
        ("ddpm", Asked(label=10)),
        ("vae", Asked(label=1)),
        ("vae", Asked(prompt="a")),
        ("vae", Asked(path=True)),
    ],
)
def test_what_a_model_of_images_cannot_heed_is_refused(name, asked):
    recipe = recipes(name)[""]
    with pytest.raises(InputError):
        recipe.build(recipe.defaults, ()).model.samples(asked)


@pytest.mark.parametrize("name", ["ddpm", "vae"])
def test_a_checkpoint_holds_the_whole_model(name):
    run = trained(name, 60 if name == "ddpm" else 80)
    tensors = {key: np.array(values) for key, values in run.model.tensors.items()}
    again = recipes(name)[""].restore(run.settings, (), tensors)
    asked = Asked(samples=3, seed=4)
    assert np.array_equal(again.samples(asked).images, run.model.samples(asked).images)
    with pytest.raises(InputError):
        recipes(name)[""].restore(run.settings, (), {**tensors, "more": np.ones(2)})


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (1, 2))])
def test_a_neighbour_tells_digits_from_real_ones_in_six_of_ten_cases(seed):
    recipe = recipes("ddpm")[""]
    run = recipe.build({**recipe.defaults, "seed": seed}, ())
    while run.done < run.steps:
        run.step()
    found = run.quality()
    assert found.c2st <= 0.64
    assert found.nearest >= 1.9
    assert found.agreement >= 0.98
