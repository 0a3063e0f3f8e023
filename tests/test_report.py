"""The answer of a command: every quantity of every result declares its axes, and has them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.commands.test_variants import CASES

from aimath.cli.capture import run_captured
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.core.numerics import axes
from aimath.core.numerics.axes import axes_of
from aimath.report import Report

LINES = [
    *(f"aimath {line}" for line in CASES),
    *(lookup(name).example for name, entry in COMMANDS.items() if not entry.is_text),
    "aimath attention '1 0; 0 1; 1 1' --heads 2",
    "aimath backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0",
    "aimath backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0 --target 0",
    "aimath bayes --prior .5,.5 --likelihood .9,.1 --likelihood .8,.3",
    "aimath cosine --matrix '1 0; 1 1; 0 2'",
    "aimath diffuse '1 0; -1 1' --image --t 500",
    "aimath eig '0 1; -1 0'",
    "aimath gaussian --sample 3",
    "aimath gd --lr .1,.2 --steps 3",
    "aimath grad 'x^2*y' x=1,2 y=3 --hessian --direction 1,0",
    "aimath grad 'x*y' 'x + y' 'x^2' x=1 y=2",
    "aimath softmax 1,2,3 --temperature 1,2",
    "aimath svd-approx '2 0 1; 0 3 1' --rank 1,2",
    *(f"aimath {name} --steps 3 --function '(x-1)^2 + y^2' --start x=3,y=2" for name in ("rmsprop --centered", "adam --amsgrad")),
]  # fmt: skip
ONE = ("float", "int", "str", "bool")
"""Annotations of a single number or text, which has no axes."""


@pytest.fixture(scope="module")
def every():
    """Give each quantity of each result of these lines: result type, name and value."""
    results = [report.result for line in LINES for report in run_captured(line).reports]
    return [
        (type(result), name, getattr(result, name))
        for result in results
        for name in Report(result, ()).quantity_names()
    ]


def annotation(kind, name):
    """Give what a quantity is annotated by: a name of axes.py stands for what it is."""
    found = vars(kind).get(name)
    written = (
        found.fget.__annotations__["return"] if isinstance(found, property) else kind.__annotations__[name]
    )
    text = getattr(written, "__forward_arg__", written)
    if not isinstance(text, str):
        return text
    return getattr(axes, text.removesuffix(" | None"), text.removesuffix(" | None"))


def test_every_quantity_declares_its_axes(every):
    for kind, name, value in every:
        written = annotation(kind, name)
        declares = hasattr(written, "__metadata__") or written in ONE or hasattr(value, "_fields")
        assert declares, f"{kind.__name__}.{name}: {written}"


def test_every_array_has_the_axes_that_are_declared(every):
    for kind, name, value in every:
        if value is None or hasattr(value, "_fields"):
            continue
        declared = axes_of(kind, name)
        needed = [axis for axis in declared if not axis.endswith("?")]
        shape = np.shape(value)
        same = declared[:1] == ("batch",) and not shape  # one number for all problems
        fits = len(needed) <= len(shape) <= len(declared)
        assert fits or same, f"{kind.__name__}.{name}: {shape} is not {declared}"
