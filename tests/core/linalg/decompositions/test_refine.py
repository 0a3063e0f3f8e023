"""Eigenvalues and singular values to their last digits, against mpmath; signs and their ties."""

import mpmath as mp
import numpy as np
import pytest

from aimath.core import linalg
from aimath.core.linalg.decompositions import _refine


def test_sizes_that_differ_by_rounding_only_are_a_tie():
    from aimath.core.linalg.decompositions._refine import svd_flip

    tie = np.array([[0.5, -np.nextafter(0.5, 1)], [-np.nextafter(0.5, 1), 0.5], [0.5, -0.5001]])
    assert svd_flip(tie).tolist() == [1, -1, -1]


def test_hilberts_eigenvalues_are_right_to_1e_16_of_the_largest(monkeypatch):
    monkeypatch.setattr(_refine, "MAX_MULTIPLICATIONS", 0)  # as larger matrices are answered
    n = 8
    hilbert = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    with mp.workdps(50):
        truth = sorted((float(v) for v in mp.eigsy(mp.matrix(hilbert), eigvals_only=True)), reverse=True)
    assert np.abs(linalg.eig(hilbert).re - truth).max() <= 4e-16 * truth[0]


@pytest.mark.parametrize("n", range(2, 9))
def test_small_eigenvalues_have_digits_of_their_own(n):  # LAPACK's are 1e7 ulp off
    hilbert = [[1 / (i + j + 1) for j in range(n)] for i in range(n)]
    with mp.workdps(50):
        truth = list(mp.eigsy(mp.matrix(hilbert), eigvals_only=True))[::-1]
        singular = list(mp.svd_r(mp.matrix(hilbert[:-1]), compute_uv=False))
        for found, true in (
            (linalg.eig(hilbert).re, truth),
            (linalg.svd_approx(hilbert, 1).singular_values, truth),
            (linalg.svd_approx(hilbert[:-1], 1).singular_values, singular),
        ):
            assert all(abs(x - t) <= 0.6 * np.spacing(float(t)) for x, t in zip(found, true, strict=True))


def test_values_of_any_size_are_corrected_or_left_alone():
    a = np.random.default_rng(0).normal(size=(4, 4))
    plain, values = linalg.eig(a + a.T).re, linalg.svd_approx(a, 1).singular_values
    for scale in (2.0**1018, 2.0**-900):
        assert linalg.eig((a + a.T) * scale).re / scale == pytest.approx(plain, rel=1e-15, abs=0)
        assert (linalg.svd_approx(a * scale, 1).singular_values / scale == values).all()
