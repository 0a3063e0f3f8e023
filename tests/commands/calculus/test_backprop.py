"""backprop: answers worked by hand, the tree of nodes, mistakes."""

from __future__ import annotations

import shlex

import pytest

# The command line, and what it must print, worked by hand.
CASES = {
    "backprop '(w*x + b - y)^2' w=2 x=3 b=1 y=5": "12 8 4 -4",
    "backprop 'x*x*x' x=2": "12",
    "backprop x x=5": "1",
    "backprop 'x*y' --variables y,x x=3 y=2": "3 2",
}


@pytest.mark.parametrize("call", CASES)
def test_worked_by_hand(answered, call):
    text = answered(*shlex.split(call))
    assert text.split() == CASES[call].split()


# Derivations


def test_the_tree_as_in_the_notes(aimath):
    ran = aimath("backprop", "(w*x + b - y)^2", "w=2", "x=3", "b=1", "y=5", "--explain")
    assert ran.out == (
        "L = (w*x + b - y)^2      gradient = local derivative × upstream\n"
        " node           value  local  derivative  × upstream  = gradient\n"
        " L = e^2            4                  1           1           1\n"
        " └─e = a - y        2  2*e             4           1           4\n"
        "   ├─a = p + b      7  1               1           4           4\n"
        "   │ ├─p = w*x      6  1               1           4           4\n"
        "   │ │ ├─w          2  x               3           4          12\n"
        "   │ │ └─x          3  w               2           4           8\n"
        "   │ └─b            1  1               1           4           4\n"
        "   └─y              5  -1             -1           4          -4\n"
        " ✓ checked another way: what flows into each variable adds up to its gradient\n"
        " ✓ checked another way: central differences agree within 1e-8\n"
    )


def test_places_of_a_variable_add_up(aimath):
    ran = aimath("backprop", "x*x + x*y", "x=3", "y=2", "--explain")
    assert " x stands in 2 places: 6, 2 add up to 8" in ran.out
    many = "+".join(f"{k}*x" for k in range(2, 9))
    assert (
        " x stands in 7 places: 2, 3, 4, …, 8 add up to 35"
        in aimath("backprop", many, "x=1", "--explain").out
    )


def test_a_large_tree_is_cut_and_a_deep_one_is_numbered(aimath):
    text = "+".join(f"sin({k}*x)" for k in range(2, 60))
    ran = aimath("backprop", text, "x=1", "--explain")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert " more (--all)" in ran.out
    whole = aimath("backprop", text, "x=1", "--explain", "--all").out
    assert " more (--all)" not in whole
    assert whole.count("\n") > ran.out.count("\n")
    assert max(map(len, whole.splitlines())) <= 80
    assert " 57: " in whole


# Mistakes


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backprop"], "needs a formula\n  try aimath backprop"),
        (["backprop", "x", "y", "x=1", "y=1"], "needs one formula, not 2"),
        (["backprop", "3"], "a formula without variables"),
    ],
)
def test_mistakes_of_the_command_line(refused, words, said):
    told = refused(*words)
    assert told.startswith(f"aimath {words[0]}: error: ")
    assert said in told


def test_the_tree_of_a_saturated_neuron_adds_up(answered):
    told = answered("backprop", "-log(1/(1+exp(-z)))", "z=-400", "--explain")
    assert "1.91517e-174" in told
    assert "✓ checked another way: what flows into each variable adds up to its gradient" in told


def test_numbers_of_the_tree_beyond_float64_are_noted(aimath):
    ran = aimath("backprop", "log(cosh(x))", "x=1000")
    assert (ran.code, ran.out) == (0, "1\n")
    assert "numbers of the tree beyond float64 are shown as inf" in ran.err
