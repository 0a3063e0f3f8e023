"""Differences know how far off they are."""

import math

import numpy as np
import pytest
from tests.digits import near

from aimath.core.numerics.finite_differences import central_difference


@pytest.mark.parametrize(
    ("slope", "at", "values"),
    [
        (12, 2.0, lambda x: x**3),
        (math.exp(3), 3.0, np.exp),
        (1 / 1e-20, 1e-20, np.log),
        (1e-8 / 2, 1e16, np.sqrt),
        (0, 0.0, np.cos),
        (2 * math.pi, 3.0, lambda x: np.sin(2 * math.pi * x)),  # coarse steps see nothing but zeros
        (-2e6 * 1e-4 * math.exp(-1e-2), 0.5001, lambda x: np.exp(-1e6 * (x - 0.5) ** 2)),  # a narrow hill
        (0, 0.0, np.abs),  # the mean of both sides
        (5, 0.0, lambda x: np.where(x > 0, 7 * x, 3 * x)),
    ],
)
def test_differences_know_how_far_off_they_are(slope, at, values):
    found = central_difference(lambda points: values(points[..., 0]), np.array([[at]]), np.array([[1.0]]))
    assert abs(found.value - slope) <= found.error + 1e-15 * abs(slope)
    assert found.error <= 1e-8 * max(abs(slope), 1)


def test_differences_at_points_of_every_size_at_once():
    points = np.array([[1e-300], [0.5], [3.0], [1e200], [0.5]])
    found = central_difference(lambda points: points[..., 0], points, np.ones((5, 1)))
    assert found.value == near(np.ones(5), 1e-12)
    for k in range(5):
        alone = central_difference(lambda points: points[..., 0], points[k : k + 1], np.ones((1, 1)))
        assert (alone.value, alone.error) == (found.value[k], found.error[k])


def test_differences_where_there_is_nothing_on_one_side():
    found = central_difference(lambda points: np.sqrt(points[..., 0]), np.array([[0.0]]), np.array([[1.0]]))
    assert not np.isfinite(found.error)
