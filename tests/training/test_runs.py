"""Every run: its gradients, its first loss, its determinism, its checkpoint, its formulas, its experiments."""

from __future__ import annotations

import json
import math
import shlex

import numpy as np
import pytest

from aimath.cli.catalogue import lookup
from aimath.cli.fast_parser import parse_args
from aimath.commands.nn._plan import TrainingOptions
from aimath.errors import InputError
from aimath.training import checkpoint, explain, loop
from aimath.training.interface import Asked
from aimath.training.registry import RUNS, find_recipe, recipes

RECIPES = [recipe for name in RUNS for recipe in recipes(name).values()]
LEARNED_BY_STEPS = [recipe for recipe in RECIPES if recipe.defaults["steps"]]


def named(recipe):
    return "-".join(filter(None, (recipe.name, recipe.arch)))


def made(recipe, steps=6, **settings):
    steps = min(steps, recipe.defaults["steps"])  # counting takes none
    return recipe.build({**recipe.defaults, "steps": steps, **settings}, ())


def stepped(run, until=None):
    while run.done < (run.steps if until is None else until):
        run.step()
    return run


every = pytest.mark.parametrize("recipe", RECIPES, ids=named)
learned = pytest.mark.parametrize("recipe", LEARNED_BY_STEPS, ids=named)


@learned
@pytest.mark.parametrize("steps", [0, 3])
def test_gradients_are_those_of_differences(recipe, steps):
    """Of the weights with the largest gradients and of some others, by the loss alone."""
    run = stepped(made(recipe), steps)
    example = run.example()
    example.loss().backward()
    values, gradient = example.parameters.values, example.parameters.gradient.copy()
    assert values.dtype == np.float64
    largest = np.argsort(-np.abs(gradient))[:4]
    others = np.random.default_rng(steps).integers(0, len(values), 12)
    for place in {*largest.tolist(), *others.tolist()}:
        weight, h = values[place], 1e-5
        losses = []
        for step in (h, -h):
            values[place] = weight + step
            losses.append(float(example.loss().value))
        values[place] = weight
        slope = (losses[0] - losses[1]) / (2 * h)
        assert abs(slope - gradient[place]) <= 1e-6 * max(1.0, np.abs(gradient).max())
    assert np.abs(gradient).max() > 0.0


@learned
def test_the_step_that_is_explained_is_the_optimizers(recipe):
    """Its check holds, it moves the copy alone, and Adam's rule by hand gives the same weight."""
    run = stepped(made(recipe), 3)
    before = run.parameters.values.copy()
    example = run.example()
    found, names = explain.explain(example, 0.01)
    assert found.check().holds
    assert (run.parameters.values == before).all()
    assert float(found.weight + found.moved) == pytest.approx(float(found.new_weight), abs=1e-12)
    if type(example.optimizer).__name__ == "Adam":
        m, v = found.before * [0.9, 0.999] + [0.1 * found.gradient, 0.001 * found.gradient**2]
        assert found.after == pytest.approx([m, v], rel=1e-5, abs=0)
        step = 0.01 * (m / (1 - 0.9**4)) / (math.sqrt(v / (1 - 0.999**4)) + 1e-8)
        assert float(found.weight - found.new_weight) == pytest.approx(step, rel=1e-5, abs=0)
        assert names.memory == ("m", "v")


KNOWING_NOTHING = [recipe for recipe in LEARNED_BY_STEPS if recipe.name in {"digits", "spiral", "reverse"}]


@pytest.mark.parametrize("recipe", KNOWING_NOTHING, ids=named)
def test_before_the_first_step_all_is_equally_likely(recipe):
    classes = {"digits": 10, "spiral": 3, "reverse": 10}[recipe.name]
    run = made(recipe, 0)
    assert run.ignorance == math.log(classes)
    assert run.validate() == pytest.approx(
        math.log(classes), rel=1e-12 if recipe.name != "reverse" else 4e-6, abs=0
    )  # float32


@every
def test_the_same_seed_makes_the_same_weights_and_another_makes_others(recipe):
    one, two, other = (stepped(made(recipe, seed=seed)) for seed in (1, 1, 2))
    two.validate()
    for name, values in one.model.tensors.items():
        assert (values == two.model.tensors[name]).all(), name
    if recipe in LEARNED_BY_STEPS:
        assert any((values != other.model.tensors[name]).any() for name, values in one.model.tensors.items())


@every
def test_asking_draws_nothing_from_what_trains(recipe):
    run = stepped(made(recipe), min(2, recipe.defaults["steps"]))
    state = run.generator.bit_generator.state
    run.validate(), run.figures(), run.test(), run.baselines(), run.formulas(), run.pictures()
    run.model.samples(Asked(samples=2))
    assert run.generator.bit_generator.state == state


@learned
def test_a_run_goes_on_bit_for_bit(recipe, tmp_path):
    path = str(tmp_path / "half.safetensors")
    whole = stepped(made(recipe))
    half = stepped(made(recipe), 3)
    checkpoint.save(path, recipe, half)
    found = checkpoint.read(path)
    assert (found.recipe, found.settings, found.done) == (recipe, half.settings, 3)
    other = recipe.build(found.settings, ())
    checkpoint.resume(other, found)
    stepped(other)
    for name, values in whole.model.tensors.items():
        assert values.tobytes() == other.model.tensors[name].tobytes(), name
    assert (whole.validate(), whole.figures()) == (other.validate(), other.figures())


@every
def test_a_saved_model_is_the_model(recipe, tmp_path):
    path = str(tmp_path / "model.safetensors")
    run = stepped(made(recipe))
    checkpoint.save(path, recipe, run)
    first = (tmp_path / "model.safetensors").read_bytes()
    checkpoint.save(path, recipe, run)
    assert (tmp_path / "model.safetensors").read_bytes() == first
    model = checkpoint.open_model(checkpoint.read(path))
    assert model.tensors.keys() == run.model.tensors.keys()
    for name, values in run.model.tensors.items():
        assert values.dtype == model.tensors[name].dtype
        assert (values == model.tensors[name]).all()
    for asked in (Asked(samples=3, seed=2), Asked(samples=3, seed=2, temperature=0.5)):
        ours, theirs = run.model.samples(asked), model.samples(asked)
        assert ours.texts == theirs.texts
        assert (ours.images is None) == (theirs.images is None)
        assert ours.images is None or (ours.images == theirs.images).all()


@every
def test_the_safetensors_package_reads_the_same_weights(recipe, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "model.safetensors"
    run = stepped(made(recipe), min(2, recipe.defaults["steps"]))
    checkpoint.save(str(path), recipe, run)
    stored = safetensors.load_file(path)
    for name, values in run.model.tensors.items():
        assert (stored[name] == values).all()


@every
def test_formulas_are_recomputed_by_the_commands_beside_them(recipe, aimath):
    run = stepped(made(recipe), min(5, recipe.defaults["steps"]))
    formulas = run.formulas()
    assert formulas
    for formula in formulas:
        words = shlex.split(formula.command_line)
        assert words[0] == "aimath"
        ran = aimath(*words[1:], "--json")
        assert (ran.code, ran.err) == (0, ""), formula.command_line
        found = json.loads(ran.out)[formula.field]
        (value,) = np.ravel(found).tolist()
        assert value == pytest.approx(formula.value, rel=10.0 ** (1 - formula.digits), abs=0), (
            formula.command_line
        )


@every
def test_what_is_said_of_a_run_is_whole(recipe):
    assert recipe.summary[0].isupper()
    assert not recipe.summary.endswith(".")
    assert {"steps", "seed"} <= recipe.defaults.keys()
    assert find_recipe(recipe.name, recipe.arch) is recipe
    run = made(recipe, min(2, recipe.defaults["steps"]))
    assert run.weights > 0
    assert run.settings.keys() == recipe.defaults.keys()
    assert tuple(run.figures()) == recipe.columns
    assert next(iter(run.test())) == "test"
    for baseline in run.baselines():
        assert math.isfinite(baseline.value)
        assert baseline.column in {"", *recipe.columns, *run.test()}
    for value in run.figures().values():
        assert isinstance(value, str) or math.isfinite(value)


@every
def test_experiments_are_command_lines(recipe, aimath):
    """Of runs of a second with one step; of longer ones as far as they are read."""
    for experiment in recipe.experiments:
        words = shlex.split(experiment.options)
        arch = ["--arch", recipe.arch] if recipe.arch and "--arch" not in words else []
        if recipe.seconds <= 1.0 and recipe in LEARNED_BY_STEPS:
            short = [word for k, word in enumerate(words) if "--steps" not in words[max(0, k - 1) : k + 1]]
            ran = aimath("train", recipe.name, *arch, *short, "--steps", "1")
            assert ran.code in {0, 4}, ran.err
        given = parse_args(lookup("train"), [recipe.name, *arch, *words])
        asked = find_recipe(recipe.name, given["arch"])
        for name, value in given.items():
            if name in TrainingOptions._fields and value not in (None, "", False, "0"):
                assert name in asked.defaults, experiment


def test_a_loss_that_is_no_number_or_too_large_is_a_divergence():
    run = made(find_recipe("spiral"), 50, lr=30.0)
    with pytest.raises(loop.DivergenceError, match="twice that of a model that knows nothing") as caught:
        list(loop.train(run))
    assert caught.value.step == run.done > 0


def test_a_weight_that_is_no_number_is_a_divergence_with_its_step():
    run = made(find_recipe("digits"), 50)
    rows = loop.train(run)
    next(rows)
    run.parameters.values[:] = np.nan
    with pytest.raises(loop.DivergenceError) as caught:
        list(rows)
    assert caught.value.step == run.done + (caught.value.step > run.done)


def test_rows_of_the_log_share_the_steps_evenly_and_tell_the_mean_loss():
    run, seen = made(find_recipe("spiral"), 25), []
    clock = iter(range(1000))
    rows = list(loop.train(run, 4, watch=lambda step, loss: seen.append((step, loss)), clock=clock.__next__))
    assert [row.step for row in rows] == [0, 7, 13, 19, 25]
    assert [step for step, _ in seen] == [*range(1, 26)]
    losses = [loss for _, loss in seen]
    assert rows[0].train == losses[0]
    assert rows[1].train == pytest.approx(np.mean(losses[:7]), rel=1e-12, abs=0)
    assert rows[-1].train == pytest.approx(np.mean(losses[19:]), rel=1e-12, abs=0)
    assert rows[-1].heldout == run.validate()


@pytest.mark.parametrize("at", [1, 7, 8])
def test_a_training_that_is_stopped_ends_with_the_row_of_its_last_step(at):
    run = made(find_recipe("spiral"), 25)
    rows = list(loop.train(run, 4, stop=lambda: run.done >= at))
    assert [row.step for row in rows] == [0, *([7] if at > 7 else []), at]
    assert run.done == at


def test_no_steps_are_the_untrained_model():
    run = made(find_recipe("digits"), 0)
    (row,) = loop.train(run)
    assert (row.step, row.heldout, math.isnan(row.train)) == (0, run.validate(), True)


def test_a_run_that_isnt_there_is_told_with_one_that_is():
    with pytest.raises(InputError, match="did you mean digits"):
        find_recipe("digitz")
    with pytest.raises(InputError, match="has no architecture 'gru'; choose from mlp, softmax"):
        find_recipe("digits", "gru")
    with pytest.raises(InputError, match="one architecture alone"):
        find_recipe("spiral", "mlp")
