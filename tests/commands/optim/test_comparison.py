"""race on the command line."""

from __future__ import annotations

import pytest


def rows(out):
    head, *lines = (line.split("\t") for line in out.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["race", "--optimizers", "gd,sgd"], "--optimizers: 'sgd' is not one of gd, momentum"),
    ],
)
def test_mistakes_of_the_command_line_are_named(refused, line, said):
    told = refused(*line)
    assert said in told
    assert len(told.splitlines()) <= 4


def test_a_race_is_its_runners(aimath):
    found = rows(aimath("race", "--optimizers", "gd,adam", "--lr", ".1,.2").out)
    assert [(row["lr"], row["optimizer"]) for row in found] == [
        ("0.1", "gd"), ("0.1", "adam"), ("0.2", "gd"), ("0.2", "adam"),
    ]  # fmt: skip
    alone = aimath("gd", "x^2/40 + 5*y^2", "x=2", "y=.5", "--last").out
    assert found[0]["loss"] == rows(alone)[0]["loss"]


def test_valley_of_the_race_gives_adam_something_to_do(aimath):
    lost = {row["optimizer"]: float(row["loss"]) for row in rows(aimath("race").out)}
    assert lost["adam"] < min(lost[name] for name in ("gd", "momentum", "nesterov"))
    assert lost["adam"] < lost["gd"] / 5


def test_a_race_warns_of_who_went_up(aimath):
    ran = aimath("race", "--lr", "1.1", "--optimizers", "gd,adam")
    assert ran.code == 0
    assert "warning: gd diverged: the loss grew" in ran.err


def test_plots_of_a_sweep_say_which_run_each_is_of(aimath):
    drawn = [line.strip() for line in aimath("race", "--lr", ".05,.1", "--plot").err.splitlines()]
    assert [drawn.count(f"lr = {lr}") for lr in (0.05, 0.1)] == [2, 2]  # a map and the losses
