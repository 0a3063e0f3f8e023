"""A gradient's entries stand in the order in which the point was given."""

from __future__ import annotations

import itertools
import json

import pytest

from aimath.core import calculus

SLOPES = {"a": 2.0, "b": 3.0, "c": 5.0}
ORDERS = list(itertools.permutations(SLOPES))


@pytest.mark.parametrize("formula", ORDERS)
@pytest.mark.parametrize("point", ORDERS)
def test_gradient_follows_the_point(aimath, formula, point):
    text = " + ".join(f"{SLOPES[name]}*{name}" for name in formula)
    words = [f"{name}=1" for name in point]
    wanted = [SLOPES[name] for name in point]
    assert [float(x) for x in aimath("grad", text, *words).out.split()] == wanted
    assert json.loads(aimath("backprop", text, *words, "--json").out)["gradients"] == wanted
    assert calculus.grad(text, **dict.fromkeys(point, 1.0)).gradient.tolist() == wanted
    swept = aimath("grad", text, *(f"{name}=1,2" for name in point)).out.splitlines()
    heads = [*(f"point_{name}" for name in point), *(f"gradient_{name}" for name in point)]
    assert swept[0].split() == heads
