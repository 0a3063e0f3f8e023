"""Races are the descents that they are made of."""

import numpy as np
import pytest

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.errors import InputError


def test_a_race_is_its_descents():
    f = parse_function("(1-x)^2 + 100*(y-x^2)^2")
    found = optim.race(f, [-1.2, 1.0], lr=1e-3, steps=50)
    assert found.optimizer.tolist() == list(optim.OPTIMIZERS)
    for name, loss, point in zip(found.optimizer, found.loss, found.point, strict=True):
        alone = optim.minimize(f, [-1.2, 1.0], str(name), lr=1e-3, steps=50)
        assert (loss, point.tolist()) == (alone.loss[-1], alone.point[-1].tolist())
    assert np.all(found.check().holds)
    assert sorted(found.place.tolist()) == [1, 2, 3, 4, 5, 6]
    assert found.winner == found.optimizer[found.place == 1][0]


def test_a_race_needs_runners():
    with pytest.raises(InputError, match="at least one optimizer"):
        optim.race("w^2", [1.0], optimizers=[])
