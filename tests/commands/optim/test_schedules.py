"""schedule on the command line."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["schedule", "1", "--wholly", "9"], "no such option: --wholly\n  see aimath schedule --help\n"),
        (["schedule", "1", "--schedule", "cosin"], "--schedule: 'cosin' is not one of"),
    ],
)
def test_mistakes_of_the_command_line_are_named(refused, line, said):
    told = refused(*line)
    assert said in told
    assert len(told.splitlines()) <= 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["schedule", "0.5"], "a step must be a whole number from 0, not 0.5"),
    ],
)
def test_where_there_is_no_answer_that_is_said(refused, line, said):
    assert said in refused(*line, code=1)


def test_schedules_answer_vectors_columns_and_sweeps(aimath):
    assert aimath("schedule", "0", "5", "10", "--schedule", "linear", "--steps", "10").out == "0.1 0.05 0\n"
    assert aimath("schedule", "--schedule", "linear", stdin="0\n10\n20\n").out == "0.1\n0.05\n0\n"
    found = aimath("schedule", "0", "1", "--schedule", "exponential", "--gamma", ".5,.25", "--lr", "1").out
    assert found.splitlines() == ["gamma\tlr_1\tlr_2", "0.5\t1\t0.5", "0.25\t1\t0.25"]


def test_a_swept_lr_is_the_base_beside_the_answer(aimath):
    rows = aimath("schedule", "0", "10", "--schedule", "linear", "--lr", ".1,.2", "--json").out.splitlines()
    assert [(row["base_lr"], row["lr"]) for row in map(json.loads, rows)] == [
        (0.1, [0.1, 0.05]),
        (0.2, [0.2, 0.1]),
    ]
    assert aimath("schedule", "0", "--lr", ".1,.2").out == "base_lr\tlr_1\n0.1\t0.1\n0.2\t0.2\n"
    assert json.loads(aimath("schedule", "0", "--json").out)["base_lr"] == 0.1


@pytest.mark.parametrize("kind", ["constant", "step", "exponential", "linear", "cosine", "warmup-cosine"])
def test_steps_alone_give_all_rates_without_standard_input(aimath, kind):
    asked = "".join(f"{k}\n" for k in range(7))
    ends = ["--steps", "7"] if kind in ("linear", "cosine", "warmup-cosine") else []
    piped = aimath("schedule", "-", "--schedule", kind, *ends, stdin=asked)
    alone = aimath("schedule", "--schedule", kind, "--steps", "7", stdin="1e9\nx\n")
    assert (alone.code, alone.out) == (0, piped.out)
    assert len(alone.out.splitlines()) == 7


def test_steps_beside_step_numbers_are_the_end(aimath, refused):
    assert aimath("schedule", "0", "5", "--steps", "10", "--schedule", "linear").out == "0.1 0.05\n"
    assert (
        aimath("schedule", "0", "5", "--steps", "10").out == "0.1 0.1\n"
    )  # that a constant one needs none is no mistake
    assert "--max-memory" in refused("schedule", "--steps", "1000000000", code=1)
