"""How good digits are, beside plain loops, copies, and figures of baselines."""

from __future__ import annotations

import numpy as np
import pytest

from aimath.training.runs._image_quality import (
    baseline_qualities,
    class_gaussians,
    digits_held_out,
    digits_to_learn,
    measure_quality,
    nearest_distances,
    to_grid,
    two_sample_shares,
)

RNG = np.random.default_rng(20261130)


def by_loops(made, real):
    """Return the shares of rows whose nearest other row is of their kind, by the definition, with integers."""
    rows = [[int(x) for x in row] for row in [*made, *real]]
    right = []
    for k, row in enumerate(rows):
        best, nearest = None, None
        for j, other in enumerate(rows):
            if j == k:
                continue
            distance = sum((x - y) ** 2 for x, y in zip(row, other, strict=True))
            if best is None or distance < best:
                best, nearest = distance, j
        right.append((nearest < len(made)) == (k < len(made)))
    return sum(right[: len(made)]) / len(made), sum(right[len(made) :]) / len(real)


@pytest.mark.parametrize("top", [1, 2, 16])
def test_shares_are_those_of_loops(top):
    for _ in range(10):
        made = RNG.integers(0, top + 1, (RNG.integers(2, 25), 5)).astype(float)
        real = RNG.integers(0, top + 1, (RNG.integers(2, 25), 5)).astype(float)
        assert two_sample_shares(made, real) == by_loops(made, real)


def test_of_equally_near_rows_the_first_counts():
    made, real = np.zeros((2, 3)), np.zeros((2, 3))
    assert two_sample_shares(made, real) == (1.0, 0.0)  # the made ones stand first


def test_rows_far_apart_are_all_told():
    made, real = RNG.normal(size=(20, 4)), RNG.normal(size=(30, 4)) + 100.0
    assert two_sample_shares(made, real) == (1.0, 1.0)


def test_copies_are_at_no_distance():
    learned, held = digits_to_learn(), digits_held_out()
    assert (nearest_distances(learned.pixels[:50], learned.pixels) == 0.0).all()
    assert nearest_distances(held.pixels, learned.pixels).mean() == pytest.approx(2.12, abs=0.05)


def test_images_are_rounded_to_the_grid_of_the_digits():
    grid = to_grid(np.array([[-3.0, 0.4, 7.6, 99.0]]))
    assert grid.tolist() == [[0.0, 0.0, 8.0, 16.0]]


def test_real_digits_are_read_and_blank_ones_are_told():
    learned, held = digits_to_learn(), digits_held_out()
    found = measure_quality(learned.pixels[:500], learned.classes[:500], held.pixels, learned.pixels)
    assert found.agreement > 0.98
    assert found.c2st == pytest.approx(0.5, abs=0.06)
    blank = measure_quality(np.zeros((500, 64)), held.classes, held.pixels, learned.pixels)
    assert blank.c2st_fake == blank.c2st_real == 1.0
    assert blank.agreement < 0.2


def test_a_gaussian_has_the_mean_and_spread_of_its_class():
    learned = digits_to_learn()
    made = class_gaussians(learned, np.full(4000, 3), np.random.default_rng(0))
    pixels = learned.pixels[learned.classes == 3]
    assert np.abs(made.mean(axis=0) - pixels.mean(axis=0)).max() < 0.4
    assert np.abs(np.cov(made.T) - np.cov(pixels.T)).max() < 3.0


def test_baselines_are_as_good_as_was_published_of_them():
    found = baseline_qualities(0)
    assert found["class Gaussian"].c2st == pytest.approx(0.70, abs=0.05)
    assert found["six Gaussians a class"].c2st == pytest.approx(0.64, abs=0.05)
    assert found["manifold Parzen window"].c2st == pytest.approx(0.58, abs=0.05)
    assert found["manifold Parzen window"].nearest == pytest.approx(2.02, abs=0.1)
