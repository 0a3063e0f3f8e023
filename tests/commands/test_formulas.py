"""Points as they are typed beside a formula."""

from __future__ import annotations

import math

import pytest

from aimath.commands.formulas import parse_point
from aimath.errors import InputError


def test_place_reads_formulas_of_numbers():
    assert parse_point(["x", "y", "z"], ["y=1/3", " x = -pi/2", "z=2e-3"]) == [-math.pi / 2, 1 / 3, 0.002]


@pytest.mark.parametrize(
    ("assignments", "why", "hint"),
    [
        ([], "no value for x and y", "add x=... y=..."),
        (["x=1"], "no value for y", "add y=..."),
        (["x=1", "y=2", "x=1"], "x is given twice", ""),
        (["x=1", "y=2", "z=1"], "z is not in the formula", "the variables are x and y"),
        (["x=1", "yy=2"], "yy is not in the formula", "did you mean y?"),
        (["x=1", "e=2"], "e is a constant", ""),
        (["x=1", "exp=2"], "exp is a function", ""),
        (["x=1", "y"], "'y' gives no variable a value", "write x=3"),
        (["x=1", "y="], "'y=' gives no variable a value", "write x=3"),
        (["x=1", "y=x"], "y=x: x is not a variable here", "write a number"),
        (["x=1", "y=1/0"], "y=1/0: 1/0: division by zero", ""),
        (["x=1", "y" * 99 + "\x1b=1"], "y" * 57 + "... is not in the formula", ""),
        (["x=1", "\x1b[31m"], "'\\x1b[31m' gives no variable a value", ""),
        (["x=1", "y=nan"], "y=nan: nan is not a variable here", ""),
    ],
)
def test_place_says_what_is_wrong(assignments, why, hint):
    with pytest.raises(InputError) as caught:
        parse_point(["x", "y"], assignments)
    assert caught.value.message == why or caught.value.message.startswith(why)
    assert hint in caught.value.hint
