"""Spectra by Gram matrices against numpy's SVD."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core.linalg import gram_matrix, gram_values, spectrum


def by_svd(w):
    """The same figures, from singular values by numpy."""
    s = np.linalg.svd(w, compute_uv=False)
    shares = np.cumsum(s**2) / np.sum(s**2)
    p = s / s.sum()
    p = p[p > 0]
    return {
        "spectral_norm": s[0],
        "stable_rank": (s**2).sum() / s[0] ** 2,
        "effective_rank": np.exp(-(p * np.log(p)).sum()),
        "rank_90": int(np.argmax(shares >= 0.9)) + 1,
        "rank_99": int(np.argmax(shares >= 0.99)) + 1,
        "top_energy": shares[max(1, round(len(s) / 100)) - 1],
        "noise_edge": w.std() * (np.sqrt(w.shape[0]) + np.sqrt(w.shape[1])),
    }


def measured(w, rows=7):
    blocks = [w[k : k + rows] for k in range(0, len(w), rows)]
    return spectrum(blocks, w.shape, float(w.std()), float(np.abs(w).max()))


KINDS = {
    "normal": lambda rng, m, n: rng.normal(size=(m, n)),
    "of rank 2": lambda rng, m, n: rng.normal(size=(m, 2)) @ rng.normal(size=(2, n)),
    "of rank 2 in float32": lambda rng, m, n: (rng.normal(size=(m, 2)) @ rng.normal(size=(2, n))).astype(np.float32).astype(float),
    "falling": lambda rng, m, n: rng.normal(size=(m, n)) * 10.0 ** -np.linspace(0, 12, n),
    "1e200": lambda rng, m, n: 1e200 * rng.normal(size=(m, n)),
    "1e-200": lambda rng, m, n: 1e-200 * rng.normal(size=(m, n)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_spectra_are_those_of_an_svd(kind, m, n, seed):
    w = KINDS[kind](np.random.default_rng(seed), m, n)
    size = np.abs(w).max()
    blocks = [w[k : k + 7] for k in range(0, m, 7)]
    found, truth = spectrum(blocks, (m, n), (w / size).std() * size, size), by_svd(w / size)
    for name in ("spectral_norm", "noise_edge"):
        truth[name] *= size
    for name, value in truth.items():
        if name == "noise_edge" and m * n == 1:
            continue
        assert getattr(found, name) == near(value, 1e-8), name
    assert np.count_nonzero(found.values > found.noise_edge) == found.beyond_edge


@pytest.mark.parametrize("shape", [(400, 600), (600, 400), (500, 500)])
def test_noise_ends_at_its_edge(shape):
    """Marchenko and Pastur (1967); fluctuations about the edge are of order n^(-2/3)."""
    noise = 0.02 * np.random.default_rng(1).normal(size=shape)
    found = measured(noise, 64)
    assert found.spectral_norm == near(found.noise_edge, 0.02)
    spiked = noise + 0.01 * np.ones(shape)
    assert measured(spiked, 64).beyond_edge >= 1
    assert measured(spiked, 64).spectral_norm > 2 * found.noise_edge


def test_nothing_has_no_ranks():
    found = measured(np.zeros((3, 4)))
    assert (found.spectral_norm, found.rank_90, found.beyond_edge) == (0.0, 0, 0)
    assert math.isnan(found.stable_rank)
    assert math.isnan(found.effective_rank)


def test_a_tall_matrix_is_not_held():
    """Of 2,000 rows in blocks of 50 no more than a block and the 8 x 8 products are made at a time."""
    rng = np.random.default_rng(2)
    made = []

    class Blocks:
        def __iter__(self):
            for _ in range(40):
                made.append(rng.normal(size=(50, 8)))
                yield made[-1]

    gram = gram_matrix(Blocks(), (2000, 8))
    whole = np.concatenate(made)
    assert gram_values(gram) == near(np.linalg.svd(whole, compute_uv=False), 1e-12)
