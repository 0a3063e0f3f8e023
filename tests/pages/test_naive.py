"""The textbook's formulas beside ours."""

from __future__ import annotations

import json
import math
import shlex

import numpy as np
import pytest
from tests.digits import near

from aimath.pages.naive import NAIVE


def words(line):
    return shlex.split(line)[1:]


def rows(ran):
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.parametrize("name", sorted(NAIVE))
def test_both_answers_stand_side_by_side(aimath, answered, name):
    text = answered("demo", name, "--naive")
    assert f"$ {NAIVE[name].command_line}\n" in text
    assert "right" in text
    assert "textbook" in text
    (row,) = rows(aimath("demo", name, "--naive", "--json"))
    core = rows(aimath(*words(NAIVE[name].command_line), "--json"))
    right = [step["point"] for step in core] if name == "adam" else core[0][NAIVE[name].quantity]
    assert row["right"] == (right[0] if name == "pca" else right)
    assert row["right"] != row["textbook"]


@pytest.mark.parametrize(
    ("given", "tolerance"),
    [
        (("softmax", "1", "2", "3"), 1e-15),
        (("cosine", "1,2,3", "3,2,1"), 1e-15),
        (("entropy", ".5", ".25", ".25"), 1e-8),
        (("cross-entropy", "0,1", ".5,.5"), 1e-8),
        (("kl", ".9,.1", ".5,.5"), 1e-8),
        (("gaussian", "1", "2"), 1e-15),
        (("pca", "1 2; -1 -2; 2 1; -2 -1"), 1e-15),
    ],
)
def test_where_the_textbook_holds_both_agree(aimath, given, tolerance):
    (row,) = rows(aimath("demo", given[0], "--naive", "--json", *given[1:2], *given[2:]))
    assert np.allclose(row["right"], row["textbook"], rtol=tolerance, atol=0)


def test_adam_without_correction_by_hand(aimath):
    (row,) = rows(aimath("demo", "adam", "--naive", "--json"))
    w, m, v = 10.0, 0.0, 0.0
    by_hand = [[w]]
    for _ in range(3):
        g = 2 * (w - 3)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= 0.1 * m / (math.sqrt(v) + 1e-8)
        by_hand.append([w])
    assert np.allclose(row["textbook"], by_hand, rtol=1e-14, atol=0)


def test_each_row_is_compared(aimath):
    found = rows(aimath("demo", "softmax", "--naive", "1 2; 1000 1001", "--json"))
    assert [row["textbook"][0] for row in found] == [near(1 / (1 + math.e)), "nan"]
