"""The answer of a command: every quantity of every result declares its axes, and has them."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from tests.commands.test_variants import CASES

from aimath import core
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.runner.capture import run_captured
from aimath.core.numerics import axes
from aimath.core.numerics.axes import axes_of
from aimath.report import Report
from aimath.training import results

if TYPE_CHECKING:
    from aimath.core.numerics.axes import Vectors

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


def tuples_of_core():
    """Give every class of core that has fields, by name."""
    found = pkgutil.walk_packages(core.__path__, "aimath.core.")
    modules = [importlib.import_module(name) for _, name, is_package in found if not is_package]
    classes = [value for module in modules for value in vars(module).values() if isinstance(value, type)]
    return {kind.__name__: kind for kind in classes if hasattr(kind, "_fields")}


TUPLES = tuples_of_core()
RESULTS = {
    name: kind
    for name, kind in TUPLES.items()
    if hasattr(kind, "check")
    and kind.check.__annotations__["return"] == "Check"  # a config's is of its sizes
}
RESULTS |= {name: kind for name, kind in vars(results).items() if hasattr(kind, "_fields")}


def annotations(kind):
    """Give what each quantity is annotated by, as it is written."""
    derived = {name: value.fget for name, value in vars(kind).items() if isinstance(value, property)}
    hints = kind.__annotations__ | {
        name: function.__annotations__["return"] for name, function in derived.items()
    }
    return {
        name: getattr(hint, "__forward_arg__", hint).removesuffix(" | None") for name, hint in hints.items()
    }


@pytest.mark.parametrize("kind", RESULTS.values(), ids=RESULTS)
def test_every_quantity_of_every_result_declares_its_axes(kind):
    for name, written in annotations(kind).items():
        declares = str(getattr(axes, written, "")).startswith("Annotated[")
        assert declares or written in ONE or written in TUPLES, f"{name}: {written}"


def test_results_are_those_of_the_commands(answers):
    assert {type(answer).__name__ for answer in answers} - {"Table", "NoneType"} <= set(RESULTS)


@pytest.fixture(scope="module")
def answers():
    """Give the results of these lines."""
    return [report.result for line in LINES for report in run_captured(line).reports]


def test_every_array_has_the_axes_that_are_declared(answers):
    quantities = [
        (type(answer), name, getattr(answer, name))
        for answer in answers
        for name in Report(answer, ()).quantity_names()
    ]
    for kind, name, value in quantities:
        if value is None or hasattr(value, "_fields"):
            continue
        declared = axes_of(kind, name)
        needed = [axis for axis in declared if not axis.endswith("?")]
        shape = np.shape(value)
        same = declared[:1] == ("batch",) and not shape  # one number for all problems
        fits = len(needed) <= len(shape) <= len(declared)
        assert fits or same, f"{kind.__name__}.{name}: {shape} is not {declared}"


@pytest.mark.parametrize(
    ("line", "fields", "axis"),
    [
        ("softmax 2 1", (), "batch"),
        ("softmax 2 1", ("temperature",), "batch"),
        ("pca '1 2; 3 4; 5 9'", (), "row"),
        ("pca '1 2; 3 4; 5 9'", ("components", "projected"), "row"),
        ("pca '1 2; 3 4; 5 9'", ("components",), ""),
        ("inverse '2 1; 1 1'", (), ""),
    ],
)
def test_lines_are_problems_or_rows_of_what_is_asked_for(line, fields, axis):
    (report,) = run_captured(f"aimath {line}").reports
    assert report.line_axis(fields) == axis


class Wide(NamedTuple):
    """A result whose first quantity is one for all problems."""

    shared: Vectors
    own: Vectors


def test_one_row_may_stand_for_all():
    report = Report(Wide(np.zeros((1, 2)), np.zeros((3, 2))), show=("own",))
    assert report.rows == 3
    assert Report(Wide(np.zeros((1, 2)), np.zeros((1, 2))), show=("own",)).rows == 1
