"""inverse and det: answers worked by hand or in fractions, and derivations that hold."""

from __future__ import annotations

import shlex
from fractions import Fraction

import numpy as np
import pytest


def test_of_several_matrices_the_singular_one_is_named(aimath):
    ran = aimath("inverse", stdin="1 2\n3 4\n\n3 4\n6 8\n")
    assert (ran.out, ran.err) == (
        "-2 1\n1.5 -0.5\n",
        "aimath inverse: error: <stdin>:4: the matrix is singular (rank 1 of 2)\n",
    )


def test_nearly_singular_is_forced(aimath, refused):
    line = "inverse '.1 .3; .3 .9'"
    said = refused(*shlex.split(line), code=1)
    assert "singular within rounding" in said
    assert "use --force" in said
    forced = aimath(*shlex.split(line), "--force")
    assert (forced.code, forced.err) == (0, "")
    a, b, c, d = map(Fraction, (0.1, 0.3, 0.3, 0.9))
    wanted = [float(x / (a * d - b * c)) for x in (d, -b, -c, a)]
    assert [float(word) for word in forced.out.split()] == wanted


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("inverse '1 2 3; 4 5 6; 7 8 9'", 1, "the matrix is singular (rank 2 of 3)"),
        ("inverse '1 2; 3 4; 5 6'", 1, "square"),
        ("det '1 2 3'", 1, "square"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2


def test_a_determinant_within_rounding_of_0_is_not_called_wrong(aimath):
    rows = np.random.default_rng(0).standard_normal((20, 20))
    rows[1] = rows[0]
    literal = "; ".join(" ".join(map(repr, row)) for row in rows.tolist())
    assert "✗" not in aimath("det", literal, "--explain").out
