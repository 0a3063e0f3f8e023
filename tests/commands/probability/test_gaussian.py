"""gaussian on the command line: intervals and samples."""

from __future__ import annotations

import pytest
from tests.digits import near


def test_between_names_its_option(aimath):
    ran = aimath("gaussian", "--between", "a", "1")
    assert ran.code == 2
    assert "--between: 'a' is not a number" in ran.err


@pytest.mark.parametrize("ends", [("10", "11"), ("-30", "-20"), ("8", "inf"), ("-1", "1")])
def test_check_of_a_tail_is_no_zero(aimath, ends):
    out = aimath("gaussian", "--between", *ends, "--explain").out
    answer = aimath("gaussian", "--between", *ends).out
    assert float(out.split()[-1]) == near(float(answer), 1e-4)
    assert " ✓ " in out


def test_sampling_is_reproducible(aimath):
    first = aimath("gaussian", "--sample", "5", "--seed", "7").out
    assert first == aimath("gaussian", "--sample", "5", "--seed", "7").out
    assert len(first.split()) == 5
    drawn = aimath("gaussian", "--sample", "5", "--seed", "random")
    assert "drew" in drawn.err
    seed = drawn.err.split()[-1]
    assert aimath("gaussian", "--sample", "5", "--seed", seed).out == drawn.out
