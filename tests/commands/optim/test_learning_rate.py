"""learning-rate on the command line."""

from __future__ import annotations

import json

import pytest


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["learning-rate", "--function", "x*y", "--at", "y=1"], "--at: no value for x\n  add --at x=..."),
        (["learning-rate", "--at", "1,2"], "--at: 2 numbers for w"),
        (["learning-rate", "1", "--lr", "0"], "--lr must be above 0"),
    ],
)
def test_mistakes_of_the_command_line_are_named(refused, line, said):
    told = refused(*line)
    assert said in told
    assert len(told.splitlines()) <= 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["learning-rate", "1", "-2"], "curvature 2 is negative"),
        (["learning-rate", "--function", "x^2-y^2", "--at", "1,1"], "a curvature at x = 1, y = 1 is -2"),
    ],
)
def test_where_there_is_no_answer_that_is_said(refused, line, said):
    assert said in refused(*line, code=1)


def test_learning_rate_of_a_function_is_that_of_its_curvatures(aimath):
    ran = aimath("learning-rate", "--function", "x^2/2 + 9*y^2/2", "--at", "x=5,y=1", "--lr", ".15")
    assert ran.out == aimath("learning-rate", "1", "9", "--lr", ".15").out == "0.85\n"
    row = objects(aimath("learning-rate", "2", "--json").out)[0]
    assert (row["rate"], row["regime"], row["max_lr"], row["best_lr"], row["best_rate"]) == (
        0.8,
        "converges",
        1.0,
        0.5,
        0.0,
    )


def test_learning_rates_of_rows(aimath):
    assert aimath("learning-rate", "--lr", ".5", stdin="1 2\n2 3\n").out == "0.5\n0.5\n"


def test_plot_marks_each_of_several_learning_rates_at_its_rate(aimath):
    for rates in ("0.05", ".05,.1,.15,.25", ".25,.05"):
        drawn = aimath("learning-rate", "2", "10", "--lr", rates, "--plot").err
        canvas, _, said = drawn.partition("└")
        assert canvas.count("●") == rates.count(",") + 1
        assert "L: the largest curvature, 10" in said
        assert "best lr 0.1667" in drawn
