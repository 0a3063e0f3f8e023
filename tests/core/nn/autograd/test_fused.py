"""Fused layers beside the same composed of single operations, and by differences; torch's figures are in tests/oracles."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from aimath.core import nn
from aimath.errors import InputError

RNG = np.random.default_rng(0)
ROWS, GAIN, BIAS = RNG.normal(size=(2, 3, 6)), RNG.normal(size=6), RNG.normal(size=6)
MATRIX, CLASSES = RNG.normal(size=(6, 4)), np.array([[0, 5, 2], [1, 3, 3]])
HEADS = RNG.normal(size=(2, 5, 24)) * 2
FAR = np.float32(300.0) * (
    np.arange(24) // 8 == 1
)  # added to the keys: scores of hundreds, and the same weights
SOFT = RNG.dirichlet(np.ones(6), (2, 3))
WEIGHTS = RNG.uniform(0.5, 2, (2, 3))


def composed_attention(packed, heads, groups, causal):
    """softmax(Q Kᵀ / √d) V of each head by itself, a head at a time."""
    d = packed.shape[-1] // (heads + 2 * groups)
    hidden = ~np.tri(packed.shape[-2], dtype=bool) & causal
    parts = []
    for head in range(heads):
        group = head * groups // heads
        q, k, v = (packed[..., d * n : d * (n + 1)] for n in (head, heads + group, heads + groups + group))
        parts.append(nn.softmax(nn.where(hidden, -math.inf, q @ k.swapaxes(-1, -2) / math.sqrt(d))) @ v)
    return nn.concatenate(parts)


def composed_norm(x, gain, bias):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / nn.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-5) * gain + bias


def mean_loss(x, weights):
    return (nn.cross_entropy(x, CLASSES) * weights).sum() / weights.sum()


FUSED = {
    "linear": (nn.linear, lambda x, w, b: x @ w + b, ROWS, MATRIX, BIAS[:4]),
    "linear without a bias": (nn.linear, lambda x, w: x @ w, ROWS, MATRIX),
    "layer_norm": (nn.layer_norm, composed_norm, ROWS, GAIN, BIAS),
    "rms_norm": (
        nn.rms_norm,
        lambda x, w: x / nn.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6) * w,
        ROWS,
        GAIN,
    ),
    **{
        f"attention of {heads} heads in {groups} groups, causal={causal}": (
            lambda x, h=heads, g=groups, c=causal: nn.attention(x, heads=h, kv_heads=g, causal=c),
            lambda x, h=heads, g=groups, c=causal: composed_attention(x, h, g, c),
            HEADS,
        )
        for heads, groups in ((4, 4), (2, 1), (4, 2), (8, 8))
        for causal in (True, False)
    },
    "attention of large scores": (
        lambda x: nn.attention(x + FAR, heads=4),
        lambda x: composed_attention(x + FAR, 4, 4, True),
        HEADS,
    ),
    "attention of three": (
        lambda q, k, v: nn.attention(q, k, v, heads=4),
        lambda q, k, v: composed_attention(nn.concatenate([q, k, v]), 4, 4, True),
        *np.split(HEADS, 3, axis=-1),
    ),
    "cross_entropy_loss": (
        lambda x: nn.cross_entropy_loss(x, CLASSES),
        lambda x: mean_loss(x, np.ones((2, 3))),
        ROWS * 9,
    ),
    "cross_entropy_loss, some ignored": (
        lambda x: nn.cross_entropy_loss(x, CLASSES, ignore=3, weights=WEIGHTS),
        lambda x: mean_loss(x, WEIGHTS * (CLASSES != 3)),
        ROWS,
    ),
    "cross_entropy_loss of soft targets": (
        lambda x: nn.cross_entropy_loss(x, SOFT, weights=WEIGHTS),
        lambda x: -((nn.log_softmax(x) * SOFT).sum(axis=-1) * WEIGHTS).sum() / WEIGHTS.sum(),
        ROWS,
    ),
    "silu": (nn.silu, lambda x: x * nn.sigmoid(x), ROWS * 9),
    "gelu by tanh": (
        lambda x: nn.gelu(x, "tanh"),
        lambda x: 0.5 * x * (1 + nn.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
        ROWS * 2,
    ),
    "dropout": (lambda x: nn.dropout(x, ROWS > 0), lambda x: x * (ROWS > 0), ROWS),
    "split": (
        lambda x: nn.concatenate(nn.split(x, [1, 0, 3, 2])[::-1]) ** 2,
        lambda x: nn.concatenate([x[..., 4:], x[..., 1:4], x[..., :1]]) ** 2,
        ROWS,
    ),
    "embedding": (
        lambda x: nn.embedding(x, CLASSES) ** 2,
        lambda x: nn.stack([nn.stack([x[int(k)] for k in row]) for row in CLASSES]) ** 2,
        MATRIX,
    ),
}


@pytest.mark.parametrize("name", FUSED)
def test_a_fused_layer_is_the_composed_one(name):
    fused, composed, *arrays = FUSED[name]
    value = np.asarray(fused(*arrays))
    weights = np.cos(1.0 + np.arange(value.size)).reshape(value.shape)
    ours, theirs = (nn.gradients(function, *arrays, weights=weights) for function in (fused, composed))
    for one, other in zip((ours.value, *ours.gradients), (theirs.value, *theirs.gradients), strict=True):
        assert np.abs(one - other).max() <= 1e-13 * max(1.0, np.abs(other).max())
    assert nn.check_gradients(fused, *arrays).error < 1e-11


@pytest.mark.parametrize("name", FUSED)
def test_float32_stays_float32(name):
    fused, _, *arrays = FUSED[name]
    tensors = [nn.Tensor(array.astype(np.float32)) for array in arrays]
    result = fused(*tensors)
    wide = nn.gradients(fused, *arrays, weights=np.ones(result.shape))
    result.backward(np.ones(result.shape))
    assert result.value.dtype == np.float32
    assert np.abs(result.value - wide.value).max() < 1e-4 * np.abs(wide.value).max()
    for tensor, gradient in zip(tensors, wide.gradients, strict=True):
        assert tensor.grad.dtype == np.float32
        assert np.abs(tensor.grad - gradient).max() < 1e-3 * np.abs(wide.gradients[0]).max()


ELEMENTWISE = (
    "exp",
    "gelu",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
    "log",
    "sqrt",
)
OPERATIONS = {
    **{name: getattr(nn, name) for name in ELEMENTWISE},
    "arithmetic": lambda x: 1 - (x + 1) / (2 * x) - -x * x + abs(x) ** 1.5 + 2.0**x,
    "sums": lambda x: x.sum(axis=-1) + x.mean(axis=-1) + x.max(axis=-1),
    "indices": lambda x: x[1] + x[np.array([0, 0])] * x[0, np.array([1, 1, 2])],
    "shapes": lambda x: x.reshape(2, -1) @ x.T.reshape(-1, 2),
    "where": lambda x: nn.where([True, False, True], x, 0.5),
    "stack": lambda x: nn.stack([x, x]),
    "cross_entropy": lambda x: nn.cross_entropy(x, np.zeros(x.shape[:-1], int)),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_gradients_are_of_their_operands_type(name):
    for dtype in (np.float32, np.float64):
        x = nn.Tensor(np.array([[0.5, 1.0, 2.0], [1.5, 3.0, 0.1]], dtype))
        OPERATIONS[name](x).sum().backward()
        assert x.grad.dtype == dtype


def test_results_of_float32_are_float32():
    for name in sorted(set(OPERATIONS) - {"cross_entropy", "log_softmax", "logsumexp", "softmax"}):
        x = nn.Tensor(np.array([[0.5, 1.0, 2.0], [1.5, 3.0, 0.1]], np.float32))
        assert OPERATIONS[name](x).value.dtype == np.float32, name


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 6),
    st.booleans(),
    st.floats(0.1, 300),
)
def test_attention_of_any_sizes(groups, shared, d, length, causal, size):
    heads = groups * shared
    packed = np.random.default_rng(length).normal(size=(2, length, (heads + 2 * groups) * d)) * size
    found = nn.attention(packed, heads=heads, kv_heads=groups, causal=causal)
    wanted = composed_attention(packed, heads, groups, causal)
    assert np.abs(found - wanted).max() <= 1e-10 * np.abs(packed).max()


def test_a_later_token_changes_nothing_before_it():
    changed = HEADS.copy()
    changed[:, 3] += 1.0
    before, after = (nn.attention(x, heads=4) for x in (HEADS, changed))
    assert (before[:, :3] == after[:, :3]).all()
    assert (before[:, 3:] != after[:, 3:]).any()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: nn.linear(nn.Tensor(ROWS), MATRIX.T), "matmul: shapes 2x3x6 and 4x6 don't fit"),
        (lambda: nn.linear(nn.Tensor(ROWS), MATRIX, np.ones(3)), "add: shapes 2x3x4 and 3 don't fit"),
        (lambda: nn.attention(HEADS, heads=5), "rows of 24 can't be 5 heads of queries and 5 of keys"),
        (
            lambda: nn.attention(HEADS, heads=4, kv_heads=3),
            "rows of 24 can't be 4 heads of queries and 3 of keys",
        ),
        (lambda: nn.attention(HEADS * 1e200, heads=4), "attention: the result is beyond"),
        (lambda: nn.rms_norm(nn.Tensor(ROWS * 1e300)), r"square\(1.2573e\+299\) at"),
        (lambda: nn.cross_entropy_loss(ROWS, CLASSES + 1), "there is no class 6, only 0 to 5"),
        (lambda: nn.cross_entropy_loss(ROWS, CLASSES[0]), "targets of shape 3 don't fit logits of 2x3x6"),
        (lambda: nn.cross_entropy_loss(ROWS, CLASSES * 0 + 1, ignore=1), "no row counts"),
        (lambda: nn.cross_entropy_loss(ROWS, CLASSES, weights=[1.0]), "1 weights don't fit 6 rows"),
        (lambda: nn.cross_entropy_loss(ROWS, CLASSES * 0.5), "classes must be whole numbers"),
        (lambda: nn.split(nn.Tensor(ROWS), [3, 4]), "parts of 3, 4 don't make up 6"),
        (lambda: nn.gelu(ROWS, "erf"), "approximate is 'none' or 'tanh', not 'erf'"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_each_layer_tells_its_formula_and_its_gradients():
    for name in ("linear", "layer_norm", "rms_norm", "attention", "cross_entropy_loss", "dropout"):
        assert "dL/d" in inspect.getdoc(getattr(nn, name)), name


def whole_beside_a_part(q, k, v):
    """Give attention of the last queries, and the rows of all queries that are theirs."""
    some = q.shape[-2]
    before = np.zeros((*k.shape[:-2], k.shape[-2] - some, q.shape[-1]))
    every = nn.attention(nn.concatenate([before, q], axis=-2), k, v, heads=4, kv_heads=2)
    return nn.attention(q, k, v, heads=4, kv_heads=2), every[..., -some:, :]


@pytest.mark.parametrize("some", [1, 2, 5])
def test_the_last_queries_alone_see_what_they_see_among_all(some):
    rng = np.random.default_rng(some)
    q, k, v = (rng.normal(size=(3, n, d)) for n, d in ((some, 24), (5, 12), (5, 12)))
    alone, among = whole_beside_a_part(q, k, v)
    assert np.abs(alone - among).max() < 1e-14
    gradients = [
        nn.gradients(lambda *qkv, j=j: (whole_beside_a_part(*qkv)[j] ** 2).sum(), q, k, v) for j in (0, 1)
    ]
    for one, other in zip(gradients[0].gradients, gradients[1].gradients, strict=True):
        assert np.abs(one - other).max() < 1e-12


def test_queries_of_another_text_see_all_keys():
    rng = np.random.default_rng(8)
    q, k, v = rng.normal(size=(7, 6)), rng.normal(size=(3, 6)), rng.normal(size=(3, 6))
    found = nn.attention(q, k, v, heads=2, causal=False)
    for head in (slice(0, 3), slice(3, 6)):
        shares = np.exp(q[:, head] @ k[:, head].T / np.sqrt(3))
        shares /= shares.sum(axis=1, keepdims=True)
        assert np.abs(found[:, head] - shares @ v[:, head]).max() < 1e-14
    nn.check_gradients(lambda *qkv: nn.attention(*qkv, heads=2, causal=False).sum(), q, k, v)
    with pytest.raises(InputError, match="7 queries can't be the last of 3 keys; use causal=False"):
        nn.attention(q, k, v, heads=2)
    for rows in (k[None], k[:, :5], k[0]):
        with pytest.raises(InputError):
            nn.attention(q, rows, v, heads=2, causal=False)
