"""cross-entropy on the command line: targets, classes, smoothing."""

from __future__ import annotations

import math

import pytest


def test_one_target_stands_for_all_rows(aimath):
    ran = aimath("cross-entropy", "--target", "0", stdin="0 0\n0 0 0 0\n")
    assert ran.code == 0
    assert [float(x) for x in ran.out.split()] == [math.log(2), math.log(4)]


def test_smoothed_targets_are_shown_as_they_enter_the_sum(aimath):
    shown = aimath("cross-entropy", "0,1", ".5,.5", "--label-smoothing", ".5", "--explain").out
    assert "0.75" in shown
    assert "Σ t_i" in shown
    assert "not symmetric" not in aimath("kl", ".5,.5", ".5,.5", "--explain").out


@pytest.mark.parametrize("target", ["inf", "1e300", "-1e300", ".5"])
def test_what_counts_no_classes_is_named(aimath, target):  # a cast gave -2^63, with numpy's warning
    ran = aimath("cross-entropy", "--logits", "1,2", "--target", target)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("aimath cross-entropy: error: --target: ")
    assert "is not the number of a class" in ran.err
