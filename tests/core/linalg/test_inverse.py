"""Inverses and determinants against mpmath."""

import math
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.digits import near

from aimath.core import linalg
from aimath.errors import InputError

SMALL = st.integers(-9, 9)


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(60):
        yield


@pytest.mark.slow
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(SMALL, min_size=n, max_size=n), min_size=n, max_size=n)
    )
)
@settings(deadline=None, max_examples=150)
def test_integer_matrices_are_inverted_exactly_or_known_to_be_singular(rows):
    truth = int(mp.nint(mp.det(mp.matrix(rows))))
    assert linalg.det(rows).det == truth
    if truth == 0:
        with pytest.raises(
            InputError, match=rf"singular \(rank {np.linalg.matrix_rank(rows)} of {len(rows)}\)"
        ):
            linalg.inverse(rows)
    else:
        found = linalg.inverse(rows).inverse
        for i, row in enumerate(mp.inverse(mp.matrix(rows)).tolist()):
            assert [float(v) for v in row] == pytest.approx(found[i].tolist(), rel=1e-15, abs=1e-30)


def test_the_inverse_of_hilberts_matrix_and_its_condition():  # numpy's condition: 15257575563.7
    h = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
    found = linalg.inverse(h)
    truth = mp.inverse(mp.matrix(h.tolist()))
    assert found.inverse.tolist() == [[float(truth[i, j]) for j in range(8)] for i in range(8)]
    s = mp.svd_r(mp.matrix(h.tolist()), compute_uv=False)
    assert found.condition == near(float(s[0] / s[7]), 1e-14)
    assert linalg.det(h).det == float(mp.det(mp.matrix(h.tolist())))
    assert found.rank == 8


def test_rows_of_very_different_size_are_inverted():
    a = np.array([[1e200, 2e200], [3e-200, 4e-200]])
    (p, q), (r, s) = [list(map(Fraction, row)) for row in a.tolist()]
    truth = [[s, -q], [-r, p]]
    found = linalg.inverse(a, force=True).inverse
    assert found.tolist() == [[float(v / (p * s - q * r)) for v in row] for row in truth]


@pytest.mark.parametrize(
    "a", [[[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0.1, 0.2], [0.3, 0.6]], np.zeros((20, 20))]
)
def test_force_does_not_invert_what_has_no_inverse(a):  # numpy: entries of 1e15
    with pytest.raises(InputError, match="singular"):
        linalg.inverse(a, force=True)


def test_nearly_singular_is_refused_unless_forced_or_typed_as_integers():
    near = [[0.1, 0.2], [0.3, 0.6000000000000001]]
    with pytest.raises(InputError, match="singular within rounding") as caught:
        linalg.inverse(near)
    assert caught.value.hint.settings == {"force": True}
    assert linalg.inverse(near, force=True).condition > 1e15
    typed = linalg.inverse([[10**8, 10**8 + 1], [10**8 - 1, 10**8]])
    assert typed.inverse.tolist() == [[1e8, -100000001.0], [-99999999.0, 1e8]]
    large = np.ones((20, 20)) + np.diag(np.full(20, 1e-17)) + np.diag(np.full(19, 1e-15), 1)
    with pytest.raises(InputError, match="singular"):
        linalg.inverse(large)


def test_larger_matrices_go_to_lapack():
    a = np.random.default_rng(6).normal(size=(30, 30))
    found = linalg.inverse(a)
    assert np.abs(found.inverse @ a - np.eye(30)).max() < 1e-12
    assert found.condition == near(np.linalg.cond(a), 1e-10)
    assert linalg.det(a).det == near(float(mp.det(mp.matrix(a.tolist()))), 1e-12)
    assert linalg.det(a * 1e-30).log_abs_det == near(linalg.det(a).log_abs_det - 2072.3265836946, 1e-12)


def test_determinants_at_the_edges():
    assert linalg.det([[1, 2], [3, 4]]).det == -2  # numpy: -2.0000000000000004
    assert linalg.det([[0, 1], [1, 0]])[1:] == (-1.0, -1.0, 0.0)
    assert linalg.det([[1, 2], [2, 4]])[1:] == (0.0, 0.0, -math.inf)
    tiny = linalg.det([[1e-200, 0], [0, -1e-200]])
    assert (tiny.det, tiny.sign) == (0, -1)
    assert tiny.log_abs_det == near(-400 * math.log(10))
    with pytest.raises(InputError, match=r"beyond float64: -exp\(921.034\)"):
        linalg.det([[1e200, 0], [0, -1e200]])


# what is refused


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: linalg.inverse([[1, 2]]), "the matrix must be square, not 1x2"),
        (lambda: linalg.inverse([[5e-324]]), "beyond float64"),
        (lambda: linalg.det([["x"]]), "must be real numbers"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
