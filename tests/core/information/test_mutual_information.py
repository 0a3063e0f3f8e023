"""Mutual information against mpmath, of nearly independent tables too."""

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near, ulps

from aimath.core import information
from aimath.errors import InputError


@pytest.fixture(autouse=True, scope="module")
def _digits():
    with mp.workdps(120):
        yield


def m(x):
    return mp.mpf(float(x))


@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        (information.mutual_information, ([[0.5, 0.6], [0, 0]],), r"sum to 1\.1"),
        (information.mutual_information, ([0.5, 0.5],), "single row"),
    ],
)
def test_what_has_no_answer_says_why(f, arguments, message):
    with pytest.raises(InputError, match=message):
        f(*arguments)


def true_mi(joint):
    r, c = [mp.fsum(map(m, row)) for row in joint], [mp.fsum(map(m, col)) for col in zip(*joint, strict=True)]
    cells = [(m(v), r[i] * c[j] / mp.fsum(r)) for i, row in enumerate(joint) for j, v in enumerate(row)]
    return mp.fsum(v * mp.log(v / e, 2) for v, e in cells if v)


@pytest.mark.parametrize("size", [1, 1e-2, 1e-5, 1e-8])
def test_mutual_information_of_nearly_independent_tables(size):
    """scikit-learn#13847: slightly negative; differences of entropies have no digits left here."""
    d = round(size * 2**50 / 16) / 2**50
    table = [[0.25 + d, 0.125 - d, 0.125], [0.25 - d, 0.125 + d, 0.125]]
    assert ulps(information.mutual_information(table).mutual_information, true_mi(table)) <= 4


@pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9])
def test_nearly_independent_tables_of_any_numbers(size):
    """Here r c and the marginals round, by more than what the table differs from r c."""
    rng = np.random.default_rng(3)
    for shape in ((2, 2), (3, 5), (40, 3)):
        table = np.outer(rng.dirichlet(np.ones(shape[0])), rng.dirichlet(np.ones(shape[1])))
        table *= 1 + size * rng.uniform(-1, 1, shape)
        table /= table.sum()
        assert ulps(information.mutual_information(table).mutual_information, true_mi(table)) <= 4


def test_mutual_information_of_independent_and_of_equal_variables():
    rows, columns = np.array([1, 3, 4]) / 8, np.array([1, 1, 6]) / 8
    assert information.mutual_information(np.outer(rows, columns)).mutual_information == 0
    assert information.mutual_information(np.eye(8) / 8).mutual_information == 3
    got = information.mutual_information([[0.5, 0], [0.25, 0.25]])
    assert got.row_marginal.tolist() == [0.5, 0.5]
    assert got.column_marginal.tolist() == [0.75, 0.25]
    assert got.expected.tolist() == [[0.375, 0.125], [0.375, 0.125]]


def test_mutual_information_is_symmetric_and_batched():
    wide = np.random.default_rng(0).dirichlet(np.ones(3600), 9).reshape(9, 40, 90)
    many = information.mutual_information(wide).mutual_information
    assert many.tolist() == [information.mutual_information(t).mutual_information for t in wide]
    t = np.random.default_rng(0).dirichlet(np.ones(12), 20).reshape(20, 3, 4)
    many = information.mutual_information(t).mutual_information
    for k in range(20):
        assert many[k] == information.mutual_information(t[k]).mutual_information
        assert many[k] == near(information.mutual_information(t[k].T).mutual_information, 1e-15)
        assert ulps(many[k], true_mi(t[k])) <= 4
