"""What holds of all results of linear algebra: errors name their place, checks hold and can fail."""

import math

import numpy as np
import pytest

from aimath.core import linalg
from aimath.core.linalg import _neighbours
from aimath.errors import InputError


def test_a_refusal_names_row_and_entry():
    with pytest.raises(InputError) as caught:
        linalg.cosine([[1, 2], [3, 4]], [[1, 1], [0, 0]])
    assert (caught.value.row, caught.value.operand) == (1, "b")
    with pytest.raises(InputError) as caught:
        linalg.det([[1, 2], [3, math.nan]])
    assert (caught.value.row, caught.value.entry, caught.value.operand) == (1, 1, "a")


def test_checks_hold_and_can_fail():
    rng = np.random.default_rng(11)
    x, w = rng.normal(size=(5, 40)), rng.normal(size=(3, 40))
    square = rng.normal(size=(6, 6))
    found = [
        (linalg.dot(x, x[::-1]), "dot"),
        (linalg.dot([1e16, 1, -1e16], [1, 1, 1]), "dot"),
        (linalg.dot(np.ones(30_000), np.ones(30_000)), "dot"),
        (linalg.neuron(x, x[0], bias=2, activation="gelu"), "output"),
        (linalg.layer(w, x, activation="tanh"), "output"),
        (linalg.matmul(w, x.T), "product"),
        (linalg.transpose(w), "transposed"),
        (linalg.inverse(square), "inverse"),
        (linalg.inverse(rng.normal(size=(20, 20))), "inverse"),
        (linalg.inverse([[10**8, 10**8 + 1], [10**8 - 1, 10**8]]), "inverse"),
        (linalg.det(square), "det"),
        (linalg.det(rng.normal(size=(20, 20))), "log_abs_det"),
        (linalg.cosine(x, x[::-1]), "cosine"),
        (linalg.cosine(matrix=x), "cosine"),
        (_neighbours.nearest_neighbours(x, w, 2), "similarity"),
        (linalg.analogy("king", "man", "woman"), "similarities"),
    ]
    for result, answer in found:
        assert np.all(result.check().holds), result
        wrong = result._replace(**{answer: np.asarray(getattr(result, answer)) * 1.01 + 0.01})
        assert not np.all(wrong.check().holds), result
