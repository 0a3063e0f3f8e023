"""bayes on the command line: several hypotheses and several pieces of evidence."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("second", [".8", ".8,.1,.1"])
def test_likelihoods_are_as_many_as_hypotheses(aimath, refused, second):
    assert "--prior has 2" in refused(
        "bayes", "--prior", ".5,.5", "--likelihood", ".9,.1", "--likelihood", second
    )
    assert aimath("bayes", "--prior", ".5,.5", "--likelihood", second).code == 2


def test_several_hypotheses_do_not_pass_over_a_false_positive_rate(aimath):  # with several pieces they did
    pieces = ("--likelihood", ".9,.1", "--likelihood", ".8,.3")
    for more in ("--false-positive", "--evidence"):
        ran = aimath("bayes", "--prior", ".5,.5", *pieces, more, ".2")
        assert (ran.code, ran.out) == (2, "")
        assert "several hypotheses need only --prior and --likelihood" in ran.err


def test_a_single_likelihood_stands_for_all_rows_of_another(aimath):  # it ended in a ValueError of numpy's
    ran = aimath(
        "bayes",
        *[
            "--prior",
            ".3",
            "--likelihood",
            ".8",
            "--likelihood",
            ".9;.8",
            "--false-positive",
            ".1",
            "--false-positive",
            ".2",
        ],
    )
    assert (ran.code, ran.err) == (0, "")
    odds = [0.3 / 0.7 * 0.8 * second / (0.1 * 0.2) for second in (0.9, 0.8)]
    assert [float(line) for line in ran.out.split()] == pytest.approx(
        [x / (1 + x) for x in odds], rel=1e-14, abs=0
    )
