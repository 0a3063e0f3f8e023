"""bayes of successes in trials, and of several priors."""

import json

import pytest
from tests.digits import near


def test_an_arm_a_line(answered):
    lines = answered("bayes", "--successes", "120,100", "--trials", "1000,1000", "--csv").splitlines()
    assert lines[0] == "arm,posterior_mean,interval_low,interval_high,p_best,difference"
    first, second = (line.split(",") for line in lines[1:])
    assert (first[0], second[0]) == ("1", "2")
    assert float(first[1]) == 121 / 1002
    assert float(first[4]) == near(0.92318343897356, 1e-13)
    assert float(first[4]) + float(second[4]) == 1.0
    assert float(second[5]) == 101 / 1002 - 121 / 1002


def test_arms_have_names_and_json_the_inputs(aimath):
    ran = aimath("bayes", "--successes", "3,1,2", "--trials", "9,9,9", "--labels", "old,new,other", "--json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["label"] for row in rows] == ["old", "new", "other"]
    assert [row["a"] for row in rows] == [4, 2, 3]
    assert all(row["interval"][0] < row["posterior_mean"] < row["interval"][1] for row in rows)


def test_explain_and_plot_of_arms(aimath):
    line = ("bayes", "--successes", "120,100", "--trials", "1000,1000")
    out = aimath(*line, "--explain").out
    assert "P(best) by quadrature: 0.923183, 0.0768166" in out
    assert max(map(len, out.splitlines())) <= 80
    drawn = aimath(*line, "--plot").err
    assert "a arm 1: 120 of 1000   b arm 2: 100 of 1000" in drawn


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--successes", "9", "--trials", "3"), "arm 1 has more successes than trials", 1),
        (("--successes", "9,2", "--trials", "30"), "--trials has 1 number, and successes 2", 2),
        (
            ("--successes", "1", "--trials", "3", "--prior", ".5"),
            "--prior does nothing beside --successes",
            2,
        ),
        (("--successes", "1", "--trials", "3", "--pseudo-counts", "1"), "--pseudo-counts are two", 2),
        (
            ("--prior", ".1,.2", "--likelihood", ".5,.4", "--evidence", ".3"),
            "several hypotheses need only",
            2,
        ),
    ],
)
def test_what_is_wrong_is_said(refused, words, said, code):
    assert said in refused("bayes", *words, code=code)


@pytest.mark.parametrize("told", [("--false-positive", ".01"), ("--evidence", ".4")])
def test_several_priors_are_a_sweep(answered, told):
    priors = ["0.2", "0.3", "0.4"]
    lines = answered("bayes", "--prior", ",".join(priors), "--likelihood", ".9", *told, "--csv").splitlines()
    assert lines[0] == "prior,posterior"
    alone = [answered("bayes", "--prior", p, "--likelihood", ".9", *told).strip() for p in priors]
    assert lines[1:] == [f"{p},{posterior}" for p, posterior in zip(priors, alone, strict=True)]


def test_several_priors_with_pieces_of_evidence(answered):
    words = ["--likelihood", ".9", "--likelihood", ".8", "--false-positive", ".1", "--false-positive", ".3"]
    lines = answered("bayes", "--prior", ".1,.5", *words).splitlines()
    odds = [p / (1 - p) * 9 * 8 / 3 for p in (0.1, 0.5)]
    assert [float(line.split()[1]) for line in lines[1:]] == near([o / (1 + o) for o in odds], 1e-14)
