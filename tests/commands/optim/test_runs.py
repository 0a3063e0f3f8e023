"""Descents on the command line: starts, traces, sweeps, what is said of the end, and how to be told off."""

from __future__ import annotations

import json
import re

import pytest
from tests import pseudo


def rows(out):
    head, *lines = (line.split("\t") for line in out.splitlines())
    return [dict(zip(head, line, strict=True)) for line in lines]


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


# Traces


def test_a_schedule_shows_its_rates(aimath):
    found = rows(aimath("gd", "--schedule", "step", "--step-size", "2", "--gamma", ".5", "--steps", "5").out)
    assert [row["rate"] for row in found] == ["0", "0.1", "0.1", "0.05", "0.05", "0.025"]


@pytest.mark.parametrize(
    ("start", "first"),
    [("x=3,y=2", "3"), ("y=2 x=3", "3"), ("3,2", "3"), ("[-1, 2]", "-1"), ("x=1/2,y=pi", "0.5")],
)
def test_a_start_is_named_or_in_order(aimath, start, first):
    ran = aimath("gd", "--function", "x^2+y^2", "--start", start, "--steps", "0")
    assert (ran.code, rows(ran.out)[0]["point_x"]) == (0, first), ran.err


def test_every_and_last_keep_the_ends(aimath):
    steps = [row["step"] for row in rows(aimath("gd", "--every", "8").out)]
    assert steps == ["0", "8", "16", "20"]
    last = rows(aimath("gd", "--last").out)
    assert [list(row.values())[-1] for row in last] == ["going"]
    assert last[0]["step"] == "20"


@pytest.mark.slow
def test_rows_of_a_long_trace_come_in_blocks(aimath):
    ran = aimath("gd", "--steps", "150000", "--lr", "1e-6")
    table = ran.out.splitlines()
    assert len(table) == 150_002
    assert [int(line.split("\t")[0]) for line in table[1::50_000]] == [0, 50_000, 100_000, 150_000]
    shown = aimath("gd", "--steps", "150000", "--lr", "1e-6", "--format", "table").out
    assert "149976 more rows" in shown
    assert shown.rstrip().endswith("after 150000 steps")


# What is said of the end


def test_a_divergence_is_an_answer_with_a_warning(aimath):
    ran = aimath("gd", "--lr", "1.1")
    assert ran.code == 0
    assert ran.err.startswith("aimath gd: warning: diverged: the loss grew from 49 to ")
    assert "lr 1.1 is above 2/curvature = 1" in ran.err
    assert {row["status"] for row in objects(aimath("gd", "--lr", "1.1", "--json").out)} == {"diverged"}


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (["--until", "1e-6", "--steps", "1000"], 0, ""),
        (
            [],
            4,
            "aimath gd: check failed: going: not there yet, |gradient| = 0.161409 > 1e-06 after 20 steps\n",
        ),
        (["--lr", "1"], 4, "aimath gd: check failed: oscillates: for ever between w = -4 and w = 10"),
        (
            ["--lr", "1.1", "--steps", "5000"],
            4,
            "aimath gd: check failed: diverged: beyond float64 at step 1936",
        ),
        (
            ["--lr", ".1,.2,1.5", "--steps", "100"],
            4,
            "aimath gd: check failed: 2 of 3 runs converged, 1 of 3 runs diverged\n",
        ),
    ],
)
def test_check_asks_for_convergence(aimath, line, code, said):
    ran = aimath("gd", *line, "--check")
    assert ran.code == code
    assert said in ran.err
    assert ran.out == aimath("gd", *line).out


def test_leaving_the_domain_names_the_part(aimath):
    ran = aimath("gd", "--function", "log(w)", "--start", "w=0.3", "--lr", ".5")
    assert ran.code == 0
    assert "warning: undefined: step 1 leads to w = -1.36667: log(w): argument is -1.36667" in ran.err
    assert len(ran.out.splitlines()) == 2


def test_no_number_on_the_way_is_nan(aimath):
    for line in (
        ["--lr", "1e200"],
        ["--function", "exp(w^2)", "--start", "w=5"],
        ["--lr", "1e308", "--steps", "3"],
    ):
        for form in ("--json", "--explain", "--csv"):
            ran = aimath("gd", *line, form)
            assert ran.code == 0
            assert "nan" not in ran.out
            assert "Traceback" not in ran.err


# Sweeps


def test_swept_values_come_first_and_the_last_varies_fastest(aimath):
    found = rows(aimath("adam", "--lr", "log:1e-3:1e-1:3", "--beta1", ".8,.9", "--last").out)
    assert list(found[0])[:2] == ["lr", "beta1"]
    assert [(row["lr"], row["beta1"]) for row in found] == [
        (lr, beta1) for lr in ("0.001", "0.01", "0.1") for beta1 in ("0.8", "0.9")
    ]
    alone = rows(aimath("adam", "--lr", ".01", "--beta1", ".8", "--last").out)[0]
    assert {key: found[2][key] for key in alone} == alone


def test_a_sweep_has_the_rows_of_its_runs(aimath):
    swept = rows(aimath("gd", "--lr", ".1,.4", "--steps", "3").out)
    alone = [row for lr in (".1", ".4") for row in rows(aimath("gd", "--lr", lr, "--steps", "3").out)]
    assert [{k: v for k, v in row.items() if k != "lr"} for row in swept] == alone
    assert [row["lr"] for row in swept] == ["0.1"] * 4 + ["0.4"] * 4


def test_whole_numbers_are_swept_too(aimath):
    found = rows(aimath("gd", "--steps", "5,10", "--last").out)
    assert [(row["steps"], row["step"]) for row in found] == [("5", "5"), ("10", "10")]
    found = rows(aimath("gd", "--schedule", "step", "--step-size", "2,5", "--last").out)
    assert [row["step_size"] for row in found] == ["2", "5"]


def test_a_sweep_in_json_and_its_derivations(aimath):
    found = objects(aimath("gd", "--lr", ".1,1.1", "--last", "--json").out)
    assert [(row["lr"], row["run"], row["status"]) for row in found] == [
        (0.1, 0, "going"),
        (1.1, 1, "diverged"),
    ]
    told = aimath("gd", "--lr", ".1,1.1", "--explain").out
    assert told.count(" ✓ ") == 2
    assert "lr = 0.1" in told
    assert "lr = 1.1" in told


def test_a_sweep_of_many_is_one_computation(aimath, monkeypatch):
    from aimath.core.optim import _runs

    calls = []
    original = _runs.run_many
    monkeypatch.setattr(_runs, "run_many", lambda *a: calls.append(1) or original(*a))
    ran = aimath("adam", "--lr", "log:1e-3:1:50", "--beta1", "lin:.5:.9:5", "--steps", "10", "--last")
    assert len(ran.out.splitlines()) == 251
    assert calls == [1]


def test_plot_of_a_few_runs_is_their_losses_step_by_step_with_what_diverged_named(aimath):
    for rows in ((), ("--last",)):
        drawn = aimath("gd", "--lr", ".1,.4,1.1", *rows, "--plot").err
        assert "loss (log scale)" in drawn
        assert "a lr = 0.1   b lr = 0.4   c lr = 1.1" in drawn
        assert "lr = 1.1 diverged: 7.202e+4 at step 20" in drawn
        assert drawn.count("\u2812") > 5  # lines of dots
    below_zero = aimath("gd", "--function", "x^2-5", "--start", "x=1", "--lr", ".1,.2", "--plot").err
    assert "log scale" not in below_zero


def test_plot_of_many_runs_is_a_point_each_where_they_end(aimath):
    drawn = aimath("gd", "--lr", "log:1e-3:.1:9", "--last", "--plot").err
    assert "loss after 20 steps (log scale)" in drawn
    assert "lr (log scale)" in drawn
    assert drawn.count("●") == 9
    assert not re.search("[\u2801-\u28ff]", drawn)
    stopped = aimath("gd", "--lr", "log:1e-3:.1:9", "--until", ".1", "--last", "--plot").err
    assert "last loss (log scale)" in stopped


def test_plot_of_two_options_is_a_map(aimath):
    drawn = aimath("adam", "--lr", "log:1e-3:1:4", "--beta1", ".8,.9", "--plot").err
    assert r"lr \ beta1" in drawn
    assert "██" in drawn


# Limits and mistakes


def test_more_updates_than_the_limit_are_asked_for_by_name(aimath, refused):
    said = refused("gd", "--steps", "10000001", code=1)
    assert "10000001 updates are more than 10000000" in said
    assert "--max-steps 10000001 allows them" in said
    ran = aimath("gd", "--steps", "2000", "--lr", "lin:.001:1:10000")
    assert "20000000 updates are more than 10000000" in ran.err
    assert aimath("gd", "--steps", "11", "--max-steps", "10").code == 1
    assert "a way of 500000000 steps needs 29.80 GiB; the limit is 1.00 GiB" in refused(
        "gd", "--steps", "500000000", "--max-steps", "500000000", "--max-memory", "1G", code=1
    )
    assert aimath("gd", "--steps", "300000", "--max-memory", "10M", "--last").code == 1
    assert aimath("gd", "--steps", "300000", "--max-memory", "20M", "--last").code == 0
    assert aimath("gd", "--steps", "10", "--max-steps", "10").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["gd", "--lr", "0"], "--lr must be above 0 and finite, not 0"),
        (["gd", "--lr", "-1"], "--lr must be above 0 and finite, not -1"),
        (["gd", "--lr", "inf"], "--lr must be above 0 and finite, not inf"),
        (["gd", "--lr", ".1,0"], "--lr must be above 0 and finite, not 0"),
        (["gd", "--steps", "1.5"], "--steps must be a whole number, not '1.5'"),
        (["gd", "--steps", "-1"], "--steps must be 0 to"),
        (["gd", "--until", "-1"], "--until must be at least 0"),
        (["gd", "--every", "0"], "--every must be 1 to"),
        (["gd", "--schedule", "cosin"], "--schedule: 'cosin' is not one of constant, step"),
        (["gd", "--function", "x^2+y"], "--start: no value for x and y"),
        (["gd", "--function", "x^2", "--start", "z=1"], "--start: z is not in the formula"),
        (["gd", "--function", "x^2", "--start", "1,2"], "--start: 2 numbers for x"),
        (["gd", "--function", "2*3"], "--function: 2*3 has no variable"),
        (["gd", "--function", "2x"], "an operator is missing"),
        (["gd", "7"], "gd: error: 7 has no variable to change\n"),
        (["adam", ""], "adam: error: an operand is empty\n"),
        (["gd", "x^2", ""], "gd: error: an operand is empty\n"),
        (["gd", "x^2"], "gd: error: no value for x\n  add x=...\n"),
        (["gd", "x^2", "y=1"], "gd: error: y is not in the formula\n"),
        (["gd", "x^2", "1", "2"], "gd: error: 2 numbers for x\n"),
        (["gd", "x^2", "x=1", "--function", "x^4"], "--function gives the formula, and so does 'x^2'"),
        (["race", "x^2", "x=1", "--start", "x=3"], "--start says where to begin, and so does 'x=1'"),
        (["adam", "--beta1", "1"], "--beta1 must be at least 0 and below 1, not 1"),
        (["adam", "--eps", "-1"], "--eps must be at least 0"),
        (["momentum", "--momentum", "1.5"], "--momentum must be at least 0 and below 1"),
        (["rmsprop", "--alpha", "2"], "--alpha must be at least 0 and below 1"),
        (["gd", "--schedule", "cosine", "--min-lr", "1"], "--min-lr must be at least 0 and at most lr"),
        (
            ["gd", "--schedule", "warmup-cosine", "--warmup", "21"],
            "--warmup must be at least 0 and at most all steps",
        ),
        (["gd", "--gamma", "0", "--schedule", "step"], "--gamma must be above 0"),
    ],
)
def test_mistakes_of_the_command_line_are_named(refused, line, said):
    told = refused(*line)
    assert said in told
    assert len(told.splitlines()) <= 4


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["gd", "--function", "log(w)", "--start", "w=-1"], "log(w): argument is -1"),
        (["gd", "--function", "sqrt(w)", "--start", "w=0"], "no finite derivative"),
    ],
)
def test_where_there_is_no_answer_that_is_said(refused, line, said):
    assert said in refused(*line, code=1)


def test_the_hint_for_a_start_can_be_typed(aimath):
    err = aimath("gd", "--function", "x^2+y").err
    assert "add --start x=...,y=..." in err


def test_a_start_may_have_blanks(aimath):
    for start in ("w = 5", "w =5", " w= 5 "):
        assert aimath("gd", "--start", start) == aimath("gd", "--start", "5")
    assert aimath("gd", "--function", "x*y", "--start", "y = 2,  x = 3").code == 0


# At a terminal


def test_a_person_sees_the_way_and_how_it_ended(warm):
    seen = pseudo.seen(warm, "gd", "--plot", env={"NO_COLOR": "1"}).splitlines()
    assert seen[2].endswith("●")
    assert [line.index("●") for line in seen[2:6]] == sorted(
        (line.index("●") for line in seen[2:6]), reverse=True
    )
    assert " going: not there yet, |gradient| = 0.161409 > 1e-06 after 20 steps" in seen
    assert seen[0].endswith("dots: point_w")
    assert any("S" in line and ("│" in line or "┤" in line) for line in seen)


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_map_fits_its_terminal(warm, columns):
    line = ("gd", "--function", "x^2+3*y^2", "--start", "2,1", "--plot", "--ascii")
    seen = pseudo.seen(warm, *line, columns=columns, env={"NO_COLOR": "1"})
    assert seen.isascii()
    assert max(map(len, seen.splitlines())) <= columns
    drawn = [row.partition("|")[2] for row in seen.splitlines() if "|" in row]
    assert sum(row.count("S") for row in drawn) == sum(row.count("E") for row in drawn) == 1


def test_a_start_is_given_at_once_or_piece_by_piece(aimath, refused):
    bowl = ("gd", "--function", "x^2+y^2", "--steps", "0")
    answer = aimath(*bowl, "--start", "x=3,y=2").out
    assert answer.splitlines()[1].startswith("0\t3\t2\t13")
    assert aimath(*bowl, "--start", "x=3", "--start", "y=2").out == answer
    assert "x is given twice" in refused(*bowl, "--start", "x=3", "--start", "x=2", "--start", "y=1")


def test_the_number_of_steps_is_said_where_another_option_is_swept(aimath):
    for line in (["--steps", "50"], []):
        drawn = aimath("gd", "--lr", "log:1e-3:.1:9", *line, "--last", "--plot").err
        assert f"loss after {50 if line else 20} steps" in drawn
