"""The runs that learn to spell: what they begin with, how fast they learn, what they write, and their pages."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.training.interface import Asked
from aimath.training.language_models.letters import context_windows, load_names
from aimath.training.registry import recipes

RECIPES = recipes("names")
WORDS = [f"{first}{second}{third}" for first in "klmnp" for second in "aeiou" for third in "rstvz"]


@cache
def trained(arch, steps=50):
    """Return a run after its first steps, of the plan that it has by default."""
    recipe = RECIPES[arch]
    run = recipe.build({**recipe.defaults, "seed": 1}, ())
    while run.done < min(steps, run.steps):
        run.step()
    return run


@pytest.mark.parametrize("arch", ["gpt", "mlp"])
def test_fifty_steps_learn_the_most_of_it(arch):
    assert trained(arch).validate() <= 2.45


def test_gpt_begins_with_letters_that_are_equally_likely():
    recipe = RECIPES["gpt"]
    run = recipe.build(recipe.defaults, ())
    assert np.float32(run.step()) == np.float32(math.log(27))


def test_net_begins_with_the_letters_frequencies():
    recipe = RECIPES["mlp"]
    run = recipe.build(recipe.defaults, ())
    corpus = load_names()
    shares = np.bincount(corpus.training.ids[1:], minlength=27) / corpus.training.size
    assert run.validate() == pytest.approx(-np.log(shares[corpus.validation.ids[1:]]).mean(), abs=1e-5)


@pytest.mark.parametrize("arch", list(RECIPES))
def test_loss_is_the_mean_surprise_of_lines(arch):
    run = trained(arch)
    lines = run.corpus.validation.lines[:12]
    part = run.corpus.validation._replace(
        lines=lines, ids=run.corpus.validation.ids[: sum(len(x) + 1 for x in lines) + 1]
    )
    nats = np.concatenate([run.model.surprise(line).nats for line in lines])
    if arch == "ngram":
        assert run.kneser_ney.loss(part) == pytest.approx(nats.mean(), rel=1e-12, abs=0)
        return
    if arch == "gpt":
        assert run.model.loss_of(part) == pytest.approx(nats.mean(), rel=1e-5, abs=0)
        return
    contexts, letters = context_windows(part, run.model.context)
    ours = -run.model.log_probs(contexts)[np.arange(len(letters)), letters]
    assert ours.mean() == pytest.approx(nats.mean(), rel=1e-5, abs=0)


@pytest.mark.parametrize("arch", list(RECIPES))
def test_samples_are_spelled_as_asked(arch):
    model = trained(arch).model
    made = model.samples(Asked(samples=30, prompt="em", seed=3))
    assert len(made.texts) == len(made.surprise) == 30
    assert all(text.startswith("em") for text in made.texts)
    assert made.texts == model.samples(Asked(samples=30, prompt="em", seed=3)).texts
    known = {*load_names().training.lines}
    assert made.new == sum(text not in known for text in made.texts) / 30
    greedy = model.samples(Asked(samples=4, temperature=0.0))
    assert len(set(greedy.texts)) == 1
    assert len({*model.samples(Asked(samples=30, top_k=1, seed=5)).texts}) == 1


def test_samples_come_as_often_as_they_are_likely():
    model = trained("ngram").model
    drawn = model.samples(Asked(samples=4000, seed=2)).texts
    first = np.array([sum(text.startswith(letter) for text in drawn) for letter in model.tokens[1:]]) / 4000
    expected = model.after("")[1:]
    assert np.abs(first - expected).max() < 5.0 * math.sqrt(0.25 / 4000)


@pytest.mark.parametrize("arch", list(RECIPES))
def test_letters_that_were_not_learned_are_named(arch):
    model = trained(arch).model
    with pytest.raises(InputError, match="'É'"):
        model.surprise("É")
    with pytest.raises(InputError, match="'1'"):
        model.samples(Asked(prompt="r1"))
    with pytest.raises(InputError, match="at most"):
        model.surprise("a" * 100)
    with pytest.raises(InputError, match="images"):
        model.samples(Asked(label=3))


@pytest.mark.parametrize("arch", list(RECIPES))
def test_a_checkpoint_holds_the_whole_model(arch):
    run = trained(arch)
    recipe = RECIPES[arch]
    tensors = {name: np.array(values) for name, values in run.model.tensors.items()}
    again = recipe.restore(run.settings, run.model.tokens, tensors)
    assert np.array_equal(again.surprise("emma").nats, run.model.surprise("emma").nats)
    wrong = {name: values[..., :-1] for name, values in tensors.items()}
    with pytest.raises(InputError):
        recipe.restore(run.settings, run.model.tokens, wrong)


@pytest.mark.parametrize("arch", list(RECIPES))
def test_lines_of_ones_own_are_learned(arch):
    recipe = RECIPES[arch]
    run = recipe.build({**recipe.defaults, "steps": min(recipe.defaults["steps"], 60)}, WORDS * 2 + ["zoé"])
    before = run.validate()
    while run.done < run.steps:
        run.step()
    assert run.validate() < before or arch == "ngram"
    assert run.validate() < math.log(len(run.corpus.tokens))
    assert [one.name for one in run.baselines()][:2] == ["uniform", "unigram"]
    assert len(run.pictures()[0].columns) == len(run.corpus.tokens)


def test_a_run_goes_on_bit_for_bit():
    recipe = RECIPES["mlp"]
    settings = {**recipe.defaults, "steps": 8}
    whole, first, second = (recipe.build(settings, WORDS) for _ in range(3))
    for _ in range(8):
        whole.step()
    for _ in range(4):
        first.step()
    second.load(first.model.tensors, first.optimizer.state(), first.done)
    second.generator.bit_generator.state = first.generator.bit_generator.state
    for _ in range(4):
        second.step()
    assert np.array_equal(second.parameters.values, whole.parameters.values)


def test_mixed_loss_is_that_of_the_mean_of_both():
    run = trained("mlp")
    text = run.corpus.test.lines[0]
    part = run.corpus.test._replace(lines=(text,), ids=run.corpus.test.ids[: len(text) + 2])
    ours = np.exp(-run.model.surprise(text).nats)
    counted = np.exp(-trained("ngram").model.surprise(text).nats)
    assert run.mixed_loss(part) == pytest.approx(-np.log((ours + counted) / 2).mean(), rel=1e-5, abs=0)


def test_counting_takes_no_steps():
    recipe = RECIPES["ngram"]
    with pytest.raises(InputError, match="no steps"):
        recipe.build({**recipe.defaults, "steps": 5}, ())


def test_baselines_of_names_are_those_that_were_published_with_them():
    found = [(one.name, round(one.value, 3)) for one in trained("ngram").baselines()]
    assert found == [
        ("uniform", 3.296),
        ("unigram", 2.815),
        ("bigram", 2.458),
        ("trigram", 2.216),
        ("4-gram", 2.055),
        ("5-gram", 1.989),
        ("Kneser-Ney-6", 1.997),
        ("Kneser-Ney-6", 1.989),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in (1, 2))])
def test_net_is_below_kneser_ney_on_names_it_chose_by(seed):
    recipe = RECIPES["mlp"]
    run = recipe.build({**recipe.defaults, "seed": seed}, ())
    while run.done < run.steps:
        run.step()
    assert run.validate() < 1.980 < run.kneser_ney.loss(run.corpus.validation)
