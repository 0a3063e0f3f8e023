"""grad: answers worked by hand, every way to give a point, mistakes with a caret."""

from __future__ import annotations

import json
import math
import shlex

import pytest
from tests.digits import near

# The command line, and what it must print, worked by hand.
CASES = {
    "grad 'x^2 + 2*x*y + y^2' x=3 y=2": "10 10",  # the guide's
    "grad '(w-3)^2' w=10": "14",
    "grad '-x^2' x=3": "-6",
    "grad '-(x^2)' x=3": "-6",
    "grad '-x*y' x=3 y=2": "-2 -3",
    "grad x y=2 'x*y' x=3": "0 1 3 2",  # several formulas among the values, whose order is the columns'
    "grad 'x*y' 'x + y' x=3 y=2": "2 3 1 1",
    "grad 'x*y' --variables y,x x=3 y=2": "3 2",
    "grad 'x*y' --direction 1,0 x=3 y=2": "2",
    "grad 'x*y' --direction 3,4 x=5 y=10": "10",  # (10, 5) · (.6, .8)
    "grad 'x*y' --direction y=2 x=3 y=2": "3",
    "grad 'x*y' --direction dy=-1,dx=0 x=3 y=2": "-3",
    "grad 'd*dd' --direction d=1 d=3 dd=2": "2",
    "grad 'x^2' x=1,2,3 --no-header": "1 2 2 4 3 6",
    "grad 'x*y' x=lin:0:1:2 y=5,6 --no-header": "0 5 5 0 0 6 6 0 1 5 5 1 1 6 6 1",
    "grad 'x*y' --at '1 2; 3 4'": "2 1 4 3",
    "grad 'x*y' --at 1,2": "2 1",
    "grad 'x*y' x=1/4 y=2^3": "8 0.25",
    "grad 'x^2' x=-3": "-6",
    "grad 'x^3' x=2 --hessian --fields hessian,eigenvalues --no-header": "12 12",
    "grad 'x^2 + y^2' x=0 y=0 --hessian --fields critical": "minimum",
    "grad 'x*y' x=3 y=4 --fields norm,value --no-header": "5 12",
}


@pytest.mark.parametrize("call", CASES)
def test_worked_by_hand(answered, call):
    text = answered(*shlex.split(call))
    assert text.split() == CASES[call].split()


def test_every_quantity_in_json(aimath):
    ran = aimath("grad", "x^2*y", "x=3", "y=2", "--hessian", "--direction", "0,2", "--json")
    row = json.loads(ran.out)
    assert row["eigenvalues"] == near([2 - math.sqrt(40), 2 + math.sqrt(40)])
    assert {name: row[name] for name in row if name not in ("eigenvalues", "norm")} == {
        "labels": ["x", "y"],
        "point": [3, 2],
        "value": 18,
        "gradient": [12, 9],
        "direction": [0, 1],
        "directional": 9,
        "hessian": [[4, 6], [6, 0]],
        "critical": "no",
        "function": "x^2*y",
        "formulas": ["2*x*y", "x^2"],
    }


def test_jacobian_in_json(aimath):
    row = json.loads(aimath("grad", "x*y", "x+y", "x=3", "y=2", "--json").out)
    assert row["jacobian"] == [[2, 3], [1, 1]]
    assert row["value"] == row["values"] == [6, 5]
    assert (row["values"], row["functions"], row["variables"]) == ([6, 5], ["x*y", "x+y"], ["x", "y"])


# Points


def test_points_from_a_pipe(aimath):
    assert aimath("grad", "x*y", "--at", "-", stdin="1 2\n3 4\n") == (0, "2 1\n4 3\n", "")
    assert aimath("grad", "x^2", "--at", "-", "--rows", stdin="1\n2\n") == (0, "2\n4\n", "")
    lines = aimath(
        "grad", "x*y", "--at", "-", "--json", stdin='{"at":[1,2]}\n{"at":[3,4]}\n'
    ).out.splitlines()
    assert [json.loads(line)["gradient"] for line in lines] == [[2, 1], [4, 3]]


def test_points_from_a_table(aimath, tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("y,x\n2,1\n4,3\n")
    assert aimath("grad", "x*y", "--at", f"@{file}", "--variables", "y,x").out == "1 2\n3 4\n"
    ran = aimath("grad", "x*y*z", "--at", f"@{file}")
    assert ran.code == 1
    assert "points.csv:2: the point has y, x: z is not there\n  the variables are x, y and z" in ran.err
    ran = aimath("grad", "x*y*z", "--at", "1,2")
    assert "a point has 3 coordinates (x, y, z), not 2" in ran.err


@pytest.mark.parametrize(
    "stdin",
    ["x=3 y=2\n", "y=2 x=3\n", "y,x\n2,3\n", "y=2\nx=3\n", '{"x":3,"y":2}\n', '{"y":2,"z":9,"x":3}\n', "3 2\n",
     "z,y,x\n9,2,3\n", '{"at":[3,2]}\n', '{"at":[2,3],"labels":["y","x"]}\n'],
)  # fmt: skip
def test_entries_with_names_are_those_variables(aimath, stdin):
    ran = aimath("grad", "x^2*y", "--at", "-", "--json", stdin=stdin)
    row = json.loads(ran.out)
    assert (row["labels"], row["point"], row["gradient"]) == (["x", "y"], [3, 2], [12, 9])
    assert (
        aimath("grad", "x^2*y", "--at", "-", "--explain", stdin=stdin).out.splitlines()[3]
        == " ∂f/∂y = x^2 = 9"
    )


@pytest.mark.parametrize("form", ["json", "csv"])
def test_names_from_elsewhere(aimath, form, tmp_path):
    file = tmp_path / f"points.{form}"
    file.write_text("y,x\n2,3\n1,0\n" if form == "csv" else '[{"y":2,"x":3},{"x":0,"y":1}]')
    assert aimath("grad", "x^2*y", "--at", f"@{file}").out == "12 9\n0 0\n"
    assert aimath("grad", "x^2*y", "--at", "y=2,x=3").out == "12 9\n"
    assert aimath("grad", "x^2*y", "--at", "-", "--labels", "y,x", stdin="2 3\n").out == "12 9\n"
    ran = aimath("grad", "x^2*y", "--at", "-", "--json", stdin="a,b\n3,2\n")  # no variables: in order
    assert [json.loads(ran.out)[key] for key in ("labels", "gradient")] == [["a", "b"], [12, 9]]
    both = aimath("grad", "x^2*y", "y", "--at", "-", "--json", stdin="y=2 x=3\n")
    assert [json.loads(both.out)[key] for key in ("labels", "jacobian")] == [["x", "y"], [[12, 9], [0, 1]]]


@pytest.mark.parametrize(
    ("stdin", "why"),
    [
        ("x=3 z=2\n", "the point has x, z: y is not there"),
        ("x=3 y=2 x=4\n", "the point has x, y, x: x is there twice"),
        ('{"x":3,"y":"2"}\n', "has no key 'at'; its keys are 'x', 'y'"),
    ],
)
def test_names_that_are_wrong(aimath, stdin, why):
    ran = aimath("grad", "x^2*y", "--at", "-", stdin=stdin)
    assert (ran.code, ran.out) == (1, "")
    assert f"<stdin>:1: {why}" in ran.err


def test_rows_with_more_entries_than_variables_may_be_void(aimath):
    rows = "y,z,x\n2,9,3\n0,1,0\n1,0,1\n"
    ran = aimath("grad", "x^2/y", "--at", "-", "--invalid", "nan", stdin=rows)
    assert (ran.code, ran.out) == (3, "3 -2.25\nnan nan\n2 -1\n")


def test_a_million_points_of_a_pipe_are_answered_in_blocks(aimath):
    ran = aimath("grad", "exp(-x)*y", "--at", "-", stdin="0 1\n" * 30_000)
    assert ran == (0, "-1 1\n" * 30_000, "")


def test_points_without_a_slope(aimath):
    rows = "1 2\n0 1\n4 3\n"
    stopped = aimath("grad", "log(x)*y", "--at", "-", stdin=rows)
    assert (stopped.code, stopped.out) == (1, "2 0\n")
    assert "<stdin>:2: log(x): argument is 0 at x=0, and must be above 0" in stopped.err
    passed = aimath("grad", "log(x)*y", "--at", "-", "--invalid", "nan", "--hessian", stdin=rows)
    assert (passed.code, passed.out.splitlines()[1]) == (3, "nan nan")
    skipped = aimath("grad", "log(x-3)*y", "--at", "-", "--invalid", "skip", stdin=rows)
    assert (skipped.code, skipped.out) == (3, "3 0\n")
    both = aimath("grad", "log(x-3)*y", "x/y", "--at", "-", "--invalid", "nan", stdin="0 0\n")
    assert (both.code, both.out) == (3, "nan nan\nnan nan\n")


def test_a_sweep_without_a_slope_names_the_point(refused):
    assert "1/x: division by zero at x=0" in refused("grad", "1/x", "x=lin:-1:1:3", code=1)


# Derivations


def test_partial_derivatives_are_formulas(aimath):
    ran = aimath("grad", "x^2*sin(y)", "x=3", "y=0", "--explain", "--hessian", "--direction", "0,1")
    lines = ran.out.splitlines()
    assert lines[:4] == [
        "f(x, y) = x^2*sin(y)",
        " f = 0 at x = 3, y = 0",
        " ∂f/∂x = 2*x*sin(y) = 0",
        " ∂f/∂y = cos(y)*x^2 = 9",
    ]
    assert " along d = (0, 1) of length 1:   ∇f · d = 9" in lines
    assert (
        sum(line.startswith(" ✓ checked another way: central differences agree within ") for line in lines)
        == 2
    )


def test_many_variables_make_a_table(aimath):
    names = [f"a{k}" for k in range(9)]
    ran = aimath(
        "grad",
        "+".join(f"{k}*{name}" for k, name in enumerate(names)),
        *(f"{n}=1" for n in names),
        "--explain",
    )
    assert " a8   1   8  ████████████████████" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_at_a_kink_nothing_is_compared_and_a_note_is_made(aimath):
    for command in ("grad", "backprop"):
        ran = aimath(command, "relu(x)*2", "x=0", "--explain")
        assert ran.code == 0
        assert ran.out.splitlines()[-1] == " not differentiable at x=0 (relu): 0 is used"
        assert ran.err == f"aimath {command}: note: not differentiable at x=0 (relu): 0 is used\n"
        assert "✓" not in ran.out


def test_a_long_formula_keeps_lines_short(aimath):
    text = "+".join(f"x*{k}" for k in range(100))
    for command in ("grad", "backprop"):
        ran = aimath(command, text, "x=1", "--explain")
        assert max(map(len, ran.out.splitlines())) <= 80


def test_a_curve_of_one_variable(aimath):
    ran = aimath("grad", "x^2", "x=lin:-1:1:9", "--plot")
    assert ran.err.count("●") == 9


# Mistakes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grad"], "needs a formula\n  try aimath grad"),
        (["grad", "x=1"], "needs a formula"),
        (["grad", "2x", "x=1"], "an operator is missing before 'x'\n  2x\n   ^\n  2x: write 2*x\n"),
        (["grad", "x*(y", "x=1"], "the bracket is never closed\n  x*(y\n    ^\n  add a )\n"),
        (["grad", "x\x1b[31m", "x=1"], "U+001B has no place in a formula\n  x\\x1b[31m\n   ^\n"),
        (["grad", "x*y", "x=1"], "no value for y\n  add y=...\n"),
        (["grad", "x*y"], "no value for x and y\n  add x=... y=..., or --at @FILE (--at - in a pipe)\n"),
        (
            ["grad", "x", "x=1", "y=2"],
            "y is not in the formula\n  the variable is x; --variables x,y has y too\n",
        ),
        (["grad", "x", "x=1", "x=2"], "x is given twice"),
        (["grad", "x", "x=l"], "x=l: l is not a variable here\n  l\n  ^\n  write a number\n"),
        (["grad", "x", "x=lin:0:1"], "x: 'lin:0:1' is not a range"),
        (["grad", "x", "x=1,,2"], "x: '' is not a number"),
        (["grad", "x*y", "x=lin:0:1:10000", "y=lin:0:1:10000"], "100000000 combinations, more than 1000000"),
        (["grad", "x", "--at", "1", "x=2"], "--at gives the points, and so does 'x=2'"),
        (
            ["grad", "x*y", "x=1", "y=1", "--direction", "1"],
            "the direction has 1 number for 2 variables (x, y)",
        ),
        (
            ["grad", "x*y", "x=1", "y=1", "--direction", "z=1"],
            "--direction: 'z=1' names no variable\n  the variables are x and y\n",
        ),
        (["grad", "x*y", "x=1", "y=1", "--direction", "dx=1,x=2"], "--direction: x is given twice"),
        (["grad", "x*y", "x=1", "y=1", "--direction", "0,0"], "the direction is zero"),
        (["grad", "x*y", "x=1", "y=1", "--direction", "1,a"], "--direction: 'a' is not a number"),
        (["grad", "x", "y", "x=1", "y=1", "--hessian"], "--hessian is for one formula, and 2 are given"),
        (["grad", "x", "y", "x=1", "y=1", "--direction", "1,0"], "--direction is for one formula"),
        (["grad", "x*y", "--variables", "x", "x=1"], "--variables: x lacks y, which the formula has"),
        (["grad", "3"], "a formula without variables has no slope"),
        (["grad", "x", "-x=3"], "no such option"),
    ],
)
def test_mistakes_of_the_command_line(refused, words, said):
    told = refused(*words)
    assert told.startswith(f"aimath {words[0]}: error: ")
    assert said in told


@pytest.mark.parametrize("command", ["grad", "backprop"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("log(x-3)", "log(x-3): argument is 0 at x=3, and must be above 0"),
        ("sqrt(x-3)", "sqrt(x-3) has no finite derivative at x=3"),
        ("exp(x*1000)", "exp(x*1000) has a derivative beyond float64 at x=3"),
    ],
)
def test_points_that_have_no_answer(aimath, command, text, why):
    ran = aimath(command, text, "x=3")
    assert (ran.code, ran.out, ran.err) == (1, "", f"aimath {command}: error: {why}\n")


# Digits


def test_typed_points_are_answered_to_the_last_digit(answered):
    assert answered("grad", "1/(1+exp(-x))", "x=-400") == "1.9151695967140057e-174\n"
    assert answered("grad", "atan(1/x)", "x=1e-200") == "-1\n"
    assert answered("grad", "log(cosh(x))", "x=1000") == "1\n"
    assert (
        answered("grad", "a-logsumexp(a,b)", "a=37.43", "b=0", "--no-header").split()[0]
        == "5.5508250862537194e-17"
    )
    assert answered("grad", "exp(x)/(1+exp(x))", "--at", "300;40") == (
        "5.148200222412013e-131\n4.248354255291589e-18\n"
    )


def test_rows_are_answered_to_the_last_digit_where_that_is_asked_for(answered):
    rows = ";".join(f"{k / 7}" for k in range(-20, 20))
    typed = [answered("grad", "x/(1+exp(x))", f"x={k / 7!r}") for k in range(-20, 20)]
    assert answered("grad", "x/(1+exp(x))", "--at", rows, "--exact") == "".join(typed)


def test_a_value_that_overflows_is_refused_where_it_is_asked_for(answered, refused):
    words = ("grad", "1e308*x + 1e308*y", "x=1", "y=1")
    assert [float(cell) for cell in answered(*words).split()] == [1e308, 1e308]
    assert "✗" not in answered(*words, "--explain")
    assert "the value overflows float64\n  its derivative is there: --fields gradient" in refused(
        *words, "--fields", "value", code=1
    )
    assert '"value":null' in answered(*words, "--json")


def test_a_derivative_that_is_only_too_small_is_told_from_0(aimath):
    ran = aimath("grad", "exp(-x)*y", "x=800", "y=0")
    assert (ran.code, ran.out) == (0, "0 0\n")
    assert ran.err == "aimath grad: note: ∂f/∂y at x=800, y=0 is below 4.9e-324: 0 is shown\n"


def test_kinks_of_many_points_are_found_among_them(aimath):
    ran = aimath("grad", "abs(x) + max(x, y)", "--at", "-", stdin="1 2\n" * 3000 + "0 3\n4 4\n")
    assert ran.err == (
        "aimath grad: note: not differentiable at x=0 (abs): 0 is used\n"
        "aimath grad: note: not differentiable at x=4, y=4 (max): equal shares are used\n"
    )
