"""N17: a derivative by what a formula doesn't depend on is 0, not refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aimath.core import calculus, optim

FORMULAS = ["7", "-1/3", "pi^2", "exp(2)", "x^2", "sin(x)", "3*y", "x*y", "log(x)+y", "x-x"]
POINTS = [["x=1"], ["x=1", "y=2"], ["y=2", "x=1"], ["z=0", "y=2", "x=1"]]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("point", POINTS)
def test_more_variables_than_the_formula_has(aimath, formula, point):
    """Beside the derivatives by those that it has, which another line answers, all are 0."""
    names = [word[0] for word in point]
    own = [name for name in "xy" if name in formula.replace("exp", "")]
    if not set(own) <= set(names):
        pytest.skip("the point lacks a variable")
    alone = aimath("grad", formula, *(word for word in point if word[0] in own)).out.split() if own else []
    slopes = dict(zip([name for name in names if name in own], alone, strict=True))
    wanted = [slopes.get(name, "0") for name in names]
    listed = ["--variables", ",".join(names)]
    assert aimath("grad", formula, *point, *listed).out.split() == wanted
    assert aimath("backprop", formula, *point, *listed).out.split() == wanted
    assert json.loads(aimath("grad", formula, *point, *listed, "--hessian", "--json").out)["point"]
    values = {word[0]: float(word[2:]) for word in point}
    found = calculus.grad(formula, **values, variables=names)
    assert found.gradient.tolist() == [float(word) for word in wanted]
    if not own:
        assert aimath("grad", formula, *point).out.split() == wanted
        assert aimath("backprop", formula, *point).out.split() == wanted
        assert calculus.grad(formula, **values).gradient.tolist() == [0.0] * len(names)
        assert calculus.backprop(formula, **values).gradients.tolist() == [0.0] * len(names)


def test_descent_on_a_constant_stays(aimath):
    rows = aimath("gd", "--function", "7", "--start", "w=1,v=2", "--steps", "2", "--no-header").out
    assert [line.split() for line in rows.splitlines()] == [
        [str(k), "1", "2", "7", "0", "0"] for k in range(3)
    ]
    assert np.array_equal(optim.gd("7", w=1.0, steps=2).point[:, 0], [1.0, 1.0, 1.0])


def test_remedy_for_a_variable_that_the_formula_lacks_works(aimath):
    refused = aimath("grad", "x^2", "x=1", "y=2")
    more = refused.err.partition("--variables ")[2].split()[0]
    assert aimath("grad", "x^2", "x=1", "y=2", "--variables", more).out == "2 0\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["X=3"], "the variable is x"),  # a slip, not another variable
        (["x=1", "pi=2"], "pi is a constant"),
        (["x=1", "--variables", "y"], "lacks x"),
        (["x=1", "--variables", "x,x"], "is there twice"),
        (["x=1", "--variables", "x,sin"], "'sin' is no name"),
        (["x=1", "--variables", "x,"], "'' is no name"),
        (["x=1", "--variables", "x,y"], "no value for y"),
    ],
)
def test_slips_are_told(refused, line, said):
    assert said in refused("grad", "x^2", *line)
