"""The gradients of one layer against mpmath."""

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near

from aimath.core import nn
from aimath.errors import InputError

RNG = np.random.default_rng(0)


def test_the_guides_layer():
    found = nn.backprop([[1, 2, 3], [4, 5, 6]], [1, 2, 3], [0.5, -0.5])
    assert found.h.tolist() == [14.5, 31.5]
    assert float(found.loss) == 46
    assert found.dW.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert found.db.tolist() == found.dh.tolist() == [1, 1]
    assert found.dx.tolist() == [5, 7, 9]


@pytest.mark.parametrize("sure", [0, 35])  # then rounded logits would cost 16 ulp of the probabilities
@pytest.mark.parametrize("seed", range(10))
def test_a_layer_with_softmax_against_mpmath(seed, sure):
    rng = np.random.default_rng(seed)
    W, x, b, k = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=3), 1
    b[k] += sure
    found = nn.backprop(W, x, b, k)
    with mp.workdps(50):
        z = [mp.fdot(row, x.tolist()) + c for row, c in zip(W.tolist(), b.tolist(), strict=True)]
        total = mp.fsum(mp.exp(v) for v in z)
        dz = [mp.exp(v) / total - (j == k) for j, v in enumerate(z)]
        true = {
            "z": z,
            "probs": [mp.exp(v) / total for v in z],
            "loss": mp.log(total) - z[k],
            "dz": dz,
            "db": dz,
            "dW": [[d * v for v in x.tolist()] for d in dz],
            "dx": [mp.fdot(dz, column) for column in W.T.tolist()],
        }
        true = {name: np.array(value, float) for name, value in true.items()}
    for name, value in true.items():
        size = np.abs(value).max() if name == "dx" else np.abs(value)  # of sums that may cancel the largest
        assert (np.abs(getattr(found, name) - value) <= 4 * np.spacing(size)).all(), name
    assert found.y.tolist() == [0, 1, 0]


def test_a_sure_layer_still_has_gradients():  # torch: p - 1 = 0, and so is everything
    found = nn.backprop([[40], [0]], [1], None, 0)
    with mp.workdps(40):
        other = float(1 / (1 + mp.exp(40)))
    assert found.dz.tolist() == near([-other, other], 1e-15)
    assert found.check().alternative == near(float(found.check().answer), 1e-13)
    assert np.signbit(nn.backprop([[40], [0]], [0], None, 0).dW).sum() == 0  # no -0


def test_rows_of_a_layer_have_their_own_gradients():
    W, X, b = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4)), RNG.normal(size=3)
    many = nn.backprop(W, X, b, [0, 1, 2, 1, 0])
    for k, target in enumerate([0, 1, 2, 1, 0]):
        one = nn.backprop(W, X[k], b, target)
        for name in ("z", "probs", "loss", "dz", "dW", "db", "dx"):
            assert (getattr(many, name)[k] == getattr(one, name)).all(), name


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_checks_hold_and_can_fail(scale):
    W, X, b = RNG.normal(size=(3, 4)), scale * RNG.normal(size=(5, 4)), RNG.normal(size=3)
    for found in (
        nn.backprop(W, X, b, 1),
        nn.backprop(W, X[0], b, 1),
        nn.backprop(W, X, b),
        nn.backprop(W, X[0], b),
    ):
        for check in ("check", "check_tape"):
            assert np.all(getattr(found, check)().holds)
            wrong = found._replace(dx=found.dx + 0.01 * scale)
            assert not np.all(getattr(wrong, check)().holds, axis=-1).any()


def test_a_layer_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="x has 1 entries"):
        nn.backprop([[1, 2]], [1], None, 0)
    with pytest.raises(InputError, match="there is no class 2, only 0 to 1"):
        nn.backprop([[1, 2], [3, 4]], [1, 2], None, 2)
