"""Eigenvalues against polynomials and mpmath."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from tests.digits import near

from aimath.core import linalg
from aimath.errors import InputError


@pytest.mark.parametrize(
    ("matrix", "values"),
    [
        ([[2, 1], [1, 2]], [(3, 0), (1, 0)]),
        ([[1, 0, 0], [0, 3, 0], [0, 0, 2]], [(3, 0), (2, 0), (1, 0)]),  # numpy: 1, 3, 2
        ([[0, -1], [1, 0]], [(0, 1), (0, -1)]),
        ([[2, 1], [0, 3]], [(3, 0), (2, 0)]),
        ([[-5]], [(-5, 0)]),
        ([[0, 1, 0], [0, 0, 1], [1, 0, 0]], [(1, 0), (-0.5, 0.75**0.5), (-0.5, -(0.75**0.5))]),
        ([[0, 0], [0, 0]], [(0, 0), (0, 0)]),
        ([[1e200, 0], [0, 1e-200]], [(1e200, 0), (1e-200, 0)]),
    ],
)
def test_eigenvalues_descend_and_pairs_begin_with_plus(matrix, values):
    found = linalg.eig(matrix)
    assert found.values == pytest.approx(np.array(values, float), rel=1e-14, abs=1e-14)
    assert found.check().holds.all()
    assert not np.signbit(found.values[found.values == 0]).any()


def test_only_what_is_exactly_symmetric_is_treated_so():
    found = linalg.eig([[[2, 1], [1, 2]], [[2, 1], [1.0000001, 2]]])
    assert found.symmetric.tolist() == [True, False]
    lopsided = linalg.eig([[1, 100], [0, 1.5]])  # eigh would read one triangle: 1.5 and 1, but e_1 and e_2
    assert abs(lopsided.vectors[:, 0] @ lopsided.vectors[:, 1]) > 0.99
    assert lopsided.vectors_im is None


def test_signs_are_fixed_and_a_tie_goes_to_the_first_entry():
    found = linalg.eig([[2, -1], [-1, 2]])
    assert found.vectors == near(np.array([[1, 1], [-1, 1]]) / 2**0.5, 1e-14)
    turned = linalg.eig([[0, -1], [1, 0]])
    assert turned.vectors[0] == near([0.5**0.5] * 2, 1e-14)  # real and positive first
    assert turned.vectors_im[1] == near([-(0.5**0.5), 0.5**0.5], 1e-14)


@pytest.mark.parametrize("n", [3, 5, 7, 8])
def test_of_entries_of_one_size_the_first_is_real_and_positive(n):
    found = linalg.eig(
        np.roll(np.diag(np.arange(1.0, n + 1)), 1, axis=0) @ np.diag(1 / np.arange(1.0, n + 1))
    )
    assert found.vectors[0] == near(np.full(n, n**-0.5), 1e-12)
    assert found.vectors_im[0] == pytest.approx(np.zeros(n), abs=1e-15)


def test_a_defective_matrix_says_so():
    assert linalg.eig([[1, 1], [0, 1]]).condition == np.inf
    assert linalg.eig([[2, 1], [1, 2]]).condition == near(1)
    assert linalg.eig([[0, 2], [0, 0]]).spectral_radius == 0


def test_a_row_of_a_batch_is_the_single_call():
    stack = np.random.default_rng(0).normal(size=(5, 4, 4))
    stack[2] += stack[2].T.copy()
    every = linalg.eig(stack)
    for k in range(5):
        one = linalg.eig(stack[k])
        assert (every.values[k] == one.values).all()
        assert (every.vectors[k] == one.vectors).all()
        assert every.condition[k] == near(one.condition)


@given(hnp.arrays(np.float64, (4, 4), elements=st.integers(-9, 9)))
def test_trace_and_vectors_hold(matrix):
    found = linalg.eig(matrix)
    assert found.check().holds.all()
    assert found.trace == np.trace(matrix)
    assert found.re.sum() == pytest.approx(np.trace(matrix), abs=1e-9)
    norms = np.square(found.vectors).sum(axis=0)
    norms = norms if found.vectors_im is None else norms + np.square(found.vectors_im).sum(axis=0)
    assert norms == near(np.ones(4))


@pytest.mark.parametrize(
    "matrix", [[[1, 2, 3], [4, 5, 6]], [1, 2], [[1, np.nan], [0, 1]], [[np.inf]], [], [["a"]]]
)
def test_what_has_no_eigenvalues_is_refused(matrix):
    with pytest.raises(InputError):
        linalg.eig(matrix)


@pytest.mark.parametrize("seed", range(60))
def test_repeated_eigenvalues_split(seed):
    """A block diagonal of Jordan blocks, turned by a matrix of integers whose inverse has integers too."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    truth, jordan, k = [], np.zeros((n, n)), 0
    while k < n:
        size, value = int(rng.integers(1, n - k + 1)), int(rng.integers(-4, 5))
        jordan[k : k + size, k : k + size] = value * np.eye(size) + np.eye(size, k=1)
        truth, k = truth + [value] * size, k + size
    turn, back = np.eye(n), np.eye(n)
    for _ in range(n):
        i, j = rng.choice(n, 2, replace=False)
        turn[i] += turn[j]
        back[:, j] -= back[:, i]
    matrix = turn @ jordan @ back
    assert (turn @ back == np.eye(n)).all()
    scale = 2.0 ** int(rng.integers(-300, 300))
    found = linalg.eig(matrix * scale)
    truth = np.array(sorted(truth, reverse=True))
    assert np.allclose(found.re / scale, truth, rtol=0, atol=1e-12)
    assert not found.im.any()
    if len(set(truth)) < n:
        assert (found.re / scale).tolist() == truth.tolist()


@pytest.mark.parametrize("seed", range(40))
def test_singular_by_its_determinant_and_not_by_its_eigenvalues_or_singular_values(seed):
    rng = np.random.default_rng(seed)
    n, rank = int(rng.integers(2, 9)), 0
    rank = int(rng.integers(1, n))
    tall = rng.integers(-5, 6, (n, rank)) * 1.0
    assert linalg.det(tall @ tall.T).det == 0.0
    kept = int(np.linalg.matrix_rank(tall))
    assert np.count_nonzero(linalg.eig(tall @ tall.T).re) == kept
    wide = tall @ (rng.integers(-5, 6, (rank, n + 2)) * 1.0)
    values = linalg.svd_approx(wide, 1).singular_values
    assert np.count_nonzero(values) == np.linalg.matrix_rank(wide)


@pytest.mark.parametrize("seed", range(40))
def test_entries_far_apart_were_scaled_away(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    plain = rng.integers(-9, 10, (n, n)) * 1.0
    shifts = rng.integers(-500, 500, n)
    far = np.ldexp(plain, shifts - shifts[:, None])
    found, truth = linalg.eig(far), linalg.eig(plain)
    assert np.allclose(found.re, truth.re, rtol=0, atol=1e-12 * np.abs(plain).max())
    assert np.allclose(np.abs(found.im), np.abs(truth.im), rtol=0, atol=1e-12 * np.abs(plain).max())


@pytest.mark.parametrize("n", [2, 3, 4, 6])
def test_vectors_of_a_defective_matrix_belong_to_its_repeated_eigenvalue(n):
    turn = np.eye(n) + np.triu(np.ones((n, n)), 1)  # whole, as is its inverse
    back = np.eye(n) - np.eye(n, k=1)
    for value in (-2.0, 0.0, 3.0):
        matrix = turn.T @ (turn @ (value * np.eye(n) + np.eye(n, k=1)) @ back) @ back.T
        found = linalg.eig(matrix)
        assert found.values[:, 0].tolist() == [value] * n
        assert np.abs(matrix @ found.vectors - value * found.vectors).max() < 1e-12 * np.abs(matrix).max()


@pytest.mark.parametrize("kind", ["even", "steep", "nearly equal"])
def test_vectors_of_symmetric_matrices_are_right_to_the_last_digit(kind):
    rng = np.random.default_rng(["even", "steep", "nearly equal"].index(kind))
    for _ in range(8):
        a = rng.normal(size=(4, 4))
        a = {"even": a, "steep": a * np.outer(*[[1, 1e-3, 1e-6, 1e-9]] * 2), "nearly equal": 1e-8 * a}[kind]
        a = a + a.T + (np.eye(4) if kind == "nearly equal" else 0.0)
        found = linalg.eig(a)
        with mp.workdps(60):
            values, vectors = mp.eigsy(mp.matrix(a.tolist()))
            for k in range(4):
                truth = vectors[:, 3 - k]
                truth *= mp.sign(mp.fdot(truth, found.vectors[:, k].tolist()))
                off = max(abs(t - float(x)) for t, x in zip(truth, found.vectors[:, k], strict=True))
                assert off <= 2.0**-53
                assert abs(float(values[3 - k]) - found.re[k]) <= 1e-15 * abs(found.re[k])
