"""Of each model: its gradient beside differences, and its printed figures beside the commands they name."""

from __future__ import annotations

import json
import shlex
from functools import cache

import numpy as np
import pytest

from aimath.training.registry import recipes

MODELS = [("names", "gpt"), ("names", "mlp"), ("names", "ngram"), ("ddpm", ""), ("vae", "")]


@cache
def begun(name, arch):
    """Return a run after a few steps, so that no weight is 0 any more that began so."""
    recipe = recipes(name)[arch]
    run = recipe.build(recipe.defaults, ())
    while run.done < min(run.steps, 5):
        run.step()
    return run


@pytest.mark.parametrize(("name", "arch"), [each for each in MODELS if each != ("names", "ngram")])
def test_gradients_are_those_of_differences(name, arch):
    example = begun(name, arch).example()
    loss, parameters = example.loss, example.parameters
    loss().backward()
    gradient = parameters.gradient.copy()
    rng = np.random.default_rng(20261130)
    shown = np.argsort(-np.abs(gradient))[:: len(gradient) // 200][:20]  # of every size
    h = 1e-6
    for place in [*shown, *rng.integers(len(gradient), size=10)]:
        kept, found = parameters.values[place], []
        for move in (h, -h):
            parameters.values[place] = kept + move
            found.append(float(loss().value))
        parameters.values[place] = kept
        difference = (found[0] - found[1]) / (2.0 * h)
        assert gradient[place] == pytest.approx(difference, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(("name", "arch"), MODELS)
def test_an_example_is_of_the_models_own_weights(name, arch):
    run = begun(name, arch)
    example = run.example()
    if example.target is not None:
        logits = np.asarray(example.forward[-1].values, np.float64)
        loss = np.log(np.exp(logits - logits.max()).sum()) - (logits - logits.max())[example.target]
        assert float(example.loss().value) == pytest.approx(loss, rel=1e-9, abs=0)
    before = run.parameters.values.copy()
    example.parameters.values[:] += 1.0
    assert np.array_equal(run.parameters.values, before)


@pytest.mark.parametrize(("name", "arch"), MODELS)
def test_printed_figures_are_recomputed_by_the_commands_beside_them(name, arch, answered):
    formulas = begun(name, arch).formulas()
    assert formulas
    for formula in formulas:
        program, *words = shlex.split(formula.command_line)
        assert program == "aimath"
        told = json.loads(answered(*words, "--json"))
        assert np.ravel(told[formula.field])[0] == pytest.approx(
            formula.value, rel=0.5 * 10.0 ** (1 - formula.digits), abs=0
        )
