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
