"""cosine: answers worked by hand, and derivations that hold."""

from __future__ import annotations

import shlex

import pytest


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("cosine 0,0 1,2", 1, "a is zero"),
        ("cosine --matrix '1 2; 0 0'", 1, "row 2 is zero"),
        ("cosine --matrix '1 2; 3 4' 1,2", 2, "one too many"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2


def test_rows_that_are_no_two_vectors_lead_to_the_matrix(refused, answered):
    """The line that one types behind embed."""
    said = refused("cosine", stdin="1 0\n1 1\n", code=1)
    assert "can't hold a and b\n  --matrix - compares rows, each with each" in said
    assert answered("cosine", "--matrix", "-", "--digits", "3", stdin="1 0\n1 1\n") == "1 0.707\n0.707 1\n"
    assert "use JSON objects with the keys p and q" in refused("kl", stdin=".5 .5\n1 0\n", code=1)
