"""Eigenvalues on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.digits import near


def floats(text):
    return np.array([[float(x) for x in line.split()] for line in text.splitlines()])


def test_eigenvalues_are_a_row_each_with_both_parts(aimath):
    assert aimath("eig", "2 1; 1 2") == (0, "3 0\n1 0\n", "")
    assert aimath("eig", "0 -1; 1 0") == (0, "0 1\n0 -1\n", "")
    assert aimath("eig", "0 -1; 1 0", "--csv").out == "values_re,values_im\n0,1\n0,-1\n"


def test_vectors_are_columns_and_complex_ones_have_two_parts(aimath):
    vectors = floats(aimath("eig", "2 1; 1 3", "--fields", "vectors").out)
    assert np.array([[2, 1], [1, 3]]) @ vectors == near(vectors * [(5 + 5**0.5) / 2, (5 - 5**0.5) / 2])
    row = json.loads(aimath("eig", "0 -1; 1 0", "--json").out)
    both = np.array(row["vectors"]) + 1j * np.array(row["vectors_im"])
    assert np.array(row["A"]) @ both == near(both * [1j, -1j])
    assert "vectors_im" not in json.loads(aimath("eig", "2 1; 1 3", "--json").out)


def test_eig_says_what_kind_of_vectors_there_are(aimath):
    assert "right angles" in aimath("eig", "2 1; 1 2", "--explain").out
    assert "condition of the vectors inf" in aimath("eig", "1 1; 0 1", "--explain").out
    assert "imaginary parts:" in aimath("eig", "0 -1; 1 0", "--explain").out


@pytest.mark.parametrize(
    ("words", "why"),
    [(("1 2 3; 4 5 6",), "the matrix must be square, not 2x3"), (("1 inf; 0 1",), "entry (1,2) of A is inf")],
)
def test_what_has_no_eigenvalues(refused, words, why):
    assert why in refused("eig", *words, code=1)
