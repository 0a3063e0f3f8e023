"""How a descent is explained: every derivation fits and holds."""

from __future__ import annotations

import pytest

SIX = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw")


def test_the_parabola_is_explained_by_its_curvature(aimath):
    told = aimath("gd", "--explain").out
    for line in (
        "w ← w - lr·g",
        " minimum at 3, curvature f'' = 2",
        " a step multiplies the distance to it by 1 - lr·f'' = 0.8",
        " lr < 2/f'' = 1 converges, there it bounces for ever, above it diverges",
        " ✓ checked another way: 3 + (1 - lr·f'')^20 · (start - 3) = 3.0807",
    ):
        assert line in told.splitlines()


def test_adams_first_step_is_worked_out(aimath):
    told = aimath("adam", "--steps", "3", "--explain").out
    assert "   m = (1-β1)·g = 1.4      m^ = m/(1-β1) = 14" in told
    assert "   w = 10 - 0.1 · 14/(√196 + 1e-8) = 9.9" in told


def test_a_1_is_no_share_of_1(aimath):
    told = aimath("adam", "--start", "w=8", "--steps", "3", "--explain").out
    assert "   m = (1-β1)·g = 1      m^ = m/(1-β1) = 10" in told  # 1 - .9 is rounded
    assert " 1  10.0000  1.00000  10.0000  0.100000  100.000  7.90000" in told


@pytest.mark.parametrize("name", SIX)
@pytest.mark.parametrize(
    "line",
    [
        ["--steps", "0"],
        ["--steps", "1"],
        ["--function", "(1-x)^2+100*(y-x^2)^2", "--start", "-1.2,1", "--lr", "1e-3"],
        ["--function", "a^2+b^2+c^2+d^4", "--start", "1,2,3,4", "--lr", ".01"],
        ["--lr", "3", "--steps", "3000"],
        ["--schedule", "cosine", "--weight-decay", ".1"],
        ["--function", "exp(w)", "--start", "-1", "--steps", "200"],
    ],
)
def test_every_derivation_fits_and_holds(aimath, name, line):
    ran = aimath(name, *line, "--explain")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert " ✓ " in ran.out
    assert "✗" not in ran.out
    assert "nan" not in ran.out


@pytest.mark.parametrize(
    "options", [["--centered", "--momentum", ".5"], ["--momentum", ".9", "--alpha", ".5"]]
)
def test_variants_are_said(aimath, options):
    told = aimath("rmsprop", *options, "--explain").out
    assert ("centred" in told) == ("--centered" in options)
    assert "with momentum" in told
    assert "amsgrad" in aimath("adam", "--amsgrad", "--explain").out
