"""A small GPT: its size, its start, its gradients, what it can't see, and that it learns. torch's figures are in tests/oracles."""

import math

import numpy as np
import pytest
from tests.digits import near

from aimath.core import nn
from aimath.errors import InputError

CONFIG = nn.GPTConfig(vocabulary=5, context=4, layers=2, width=6, heads=2)
IDS = np.array([[0, 1, 2, 3], [4, 4, 0, 2]])
NEXT = np.array([[1, 2, 3, 4], [4, 0, 2, -1]])


def moved(config=CONFIG, dtype=np.float64):
    """A GPT away from its start, where some weights are 0."""
    gpt = nn.GPT(config, seed=1, dtype=dtype)
    gpt.parameters.values += np.random.default_rng(2).normal(0, 0.3, gpt.parameters.values.size).astype(dtype)
    return gpt


@pytest.mark.parametrize("vocabulary", [2, 27, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_knows_nothing_at_the_start(vocabulary, dtype):
    gpt = nn.GPT(nn.GPTConfig(vocabulary, 8, width=8, heads=2), seed=3, dtype=dtype)
    rows = np.random.default_rng(0).integers(0, vocabulary, (4, 8))
    loss = gpt.loss(rows, rows)
    assert loss.value.dtype == dtype
    assert float(loss.value) == near(math.log(vocabulary), float(np.finfo(dtype).eps))
    assert (gpt.logits(rows).value == 0).all()


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
def test_its_gradient_by_differences(activation):
    gpt = moved(CONFIG._replace(activation=activation))
    vector = gpt.parameters.values
    gpt.loss(IDS, NEXT, ignore=-1).backward()
    rng = np.random.default_rng(5)
    for _ in range(5):
        direction, start, h = rng.normal(size=vector.size), vector.copy(), 1e-6
        values = []
        for sign in (1, -1):
            vector[:] = start + sign * h * direction
            values.append(float(gpt.loss(IDS, NEXT, ignore=-1).value))
        vector[:] = start
        slope = (values[0] - values[1]) / (2 * h)
        assert float(gpt.parameters.gradient @ direction) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_a_token_sees_only_those_before_it():
    gpt, changed = moved(), IDS.copy()
    changed[:, 2] = (changed[:, 2] + 1) % 5
    before, after = (gpt.logits(rows).value for rows in (IDS, changed))
    assert (before[:, :2] == after[:, :2]).all()
    assert (before[:, 2:] != after[:, 2:]).any(axis=-1).all()
    assert np.abs(gpt.logits(IDS[:, :3]).value - before[:, :3]).max() < 1e-14  # shorter rows are a part of it


def test_masks_of_dropout_have_their_places():
    gpt, shape = moved(), (2, 4, 6)
    without = gpt.logits(IDS).value
    names = ["embedding", "h.0.attn", "h.0.mlp", "h.1.attn", "h.1.mlp"]
    assert (gpt.logits(IDS, {name: np.ones(shape) for name in names}).value == without).all()
    for name in names:
        assert (gpt.logits(IDS, {name: np.zeros(shape)}).value != without).any()


def test_the_same_seed_is_the_same_gpt():
    one, same, other = (nn.GPT(CONFIG, seed).parameters.values for seed in (7, 7, 8))
    assert one.tolist() == same.tolist() != other.tolist()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "maker", [lambda g: nn.Muon(g.parameters, g.matrices), lambda g: nn.Adam(g.parameters)]
)
def test_it_learns_in_its_own_type(maker, dtype):
    gpt = nn.GPT(CONFIG._replace(width=16), seed=1, dtype=dtype)
    optimizer = maker(gpt)
    for _ in range(40):
        loss = gpt.loss(IDS, NEXT, ignore=-1)
        loss.backward(free=True)
        optimizer.step(0.02)
    assert float(loss.value) < 0.05
    assert {gpt.parameters.values.dtype, gpt.parameters.gradient.dtype, loss.value.dtype} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: nn.GPT(CONFIG._replace(layers=0)), "layers must be at least 1, not 0"),
        (lambda: nn.GPT(CONFIG._replace(heads=4)), "width 6 isn't a multiple of 4 heads"),
        (
            lambda: nn.GPT(CONFIG._replace(activation="erf")),
            "activation 'erf' is not one of relu, gelu, silu",
        ),
        (lambda: nn.GPT(CONFIG).logits([[0, 1, 2, 3, 4]]), "5 tokens are more than the 4 of the context"),
        (lambda: nn.GPT(CONFIG).logits([[0, 5]]), "there is no id 5, only 0 to 4"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
