"""Attention against mpmath and a loop over positions, which share no code with it."""

import math
import tracemalloc

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near

from aimath.core.linalg import attention, multi_head
from aimath.core.linalg.transformer import _attention, _scaled_dot_product
from aimath.errors import InputError

RNG = np.random.default_rng(0)


def true_attention(q, k, v, seen=lambda i, j: i + j >= 0, scale=None):
    """One position after the other, with 50 digits."""
    rows = []
    with mp.workdps(50):
        factor = 1 / mp.sqrt(len(q[0])) if scale is None else mp.mpf(scale)
        for i, row in enumerate(q.tolist()):
            w = [mp.exp(factor * mp.fdot(row, key)) if seen(i, j) else 0 for j, key in enumerate(k.tolist())]
            rows.append([float(mp.fdot(w, column) / mp.fsum(w)) for column in v.T.tolist()])
    return np.array(rows)


def draw(*shape):
    return RNG.normal(size=shape)


def test_attention_is_what_the_definition_says():
    q, k, v = draw(7, 4), draw(9, 4), draw(9, 3)
    assert np.abs(attention(q, k, v).output - true_attention(q, k, v)).max() < 1e-15
    assert np.abs(attention(q, k, v, scale=2).output - true_attention(q, k, v, scale=2)).max() < 4e-15


def test_the_traces_example():
    q, k, v = [[1, 0], [3, 1], [0, 2]], [[1, 0], [0, 1], [1, 1]], [[1, 0], [0, 1], [2, 2]]
    k = np.array([[1, 0], [2, 0], [0, 1]])
    found = attention(q, k, v, causal=True)
    assert found.scores[0].tolist() == [1, 2, 0]
    assert found.scaled[0, 1] == 2 * math.sqrt(0.5)
    assert found.masked[1].tolist() == [*found.scaled[1, :2].tolist(), -math.inf]
    assert found.weights[0].tolist() == [1, 0, 0]
    assert found.output[0].tolist() == [1, 0]


def test_the_guides_shapes():  # batch 2, sequence 10, width 64
    q, k, v = (draw(2, 10, 64) for _ in range(3))
    found = attention(q, k, v)
    assert found.scores.shape == found.weights.shape == (2, 10, 10)
    assert found.output.shape == (2, 10, 64)
    assert found.scale == 0.125
    assert np.abs(found.weights.sum(axis=-1) - 1).max() < 1e-15
    assert np.abs(found.weights @ v - found.output).max() < 1e-14


@pytest.mark.parametrize("block", [1 << 20, 320, 1])
def test_blocks_of_queries_change_nothing_but_last_bits(monkeypatch, block):
    monkeypatch.setattr("aimath.core.linalg.transformer._scaled_dot_product.BLOCK", block)
    q, k, v = draw(11, 4), draw(11, 4), draw(11, 5)
    truth = true_attention(q, k, v, seen=lambda i, j: j <= i)
    assert np.abs(attention(q, k, v, causal=True).output - truth).max() < 2e-15
    mask = draw(11, 11) > -0.5
    np.fill_diagonal(mask, val=True)
    truth = true_attention(q, k, v, seen=lambda i, j: mask[i, j])
    assert np.abs(attention(q, k, v, mask=mask).output - truth).max() < 2e-15
    truth = true_attention(q, k, v, seen=lambda i, j: mask[i, j] and j <= i)
    assert np.abs(attention(q, k, v, causal=True, mask=mask).output - truth).max() < 2e-15


def true_weights(q, k, scale, mask, causal):
    """One query after the other, with 60 digits."""
    with mp.workdps(60):
        factor = 1 / mp.sqrt(len(q[0])) if scale is None else mp.mpf(scale)
        rows = []
        for i, row in enumerate(q.tolist()):
            seen = range(i + 1 if causal else len(k))
            scores = [factor * mp.fdot(row, k[j].tolist()) + mp.mpf(float(mask[i, j])) for j in seen]
            raised = [mp.exp(s) for s in scores]
            rows.append([x / mp.fsum(raised) for x in raised] + [mp.mpf(0)] * (len(k) - len(seen)))
        return rows


WEIGHTS_ULP = 3.0


@pytest.mark.parametrize("size", [1e-3, 1.0, 8.0, 20.0])  # scores of up to a thousand
@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("causal", [False, True])
def test_weights_of_any_scores_are_right_to_the_last_digits(size, scale, causal):
    rng = np.random.default_rng([int(1000 * size), scale is None, causal])
    q, k = size * rng.normal(size=(2, 2, 5, 6))
    mask = np.where(rng.random((2, 5, 5)) < 0.2, -np.inf, rng.normal(0, size, (2, 5, 5)))
    mask[:, range(5), range(5)] = 0.1
    found = attention(q, k, k, causal, mask, scale).weights
    for batch in range(2):
        truth = true_weights(q[batch], k[batch], scale, mask[batch], causal)
        for row, right in zip(found[batch], truth, strict=True):
            for x, t in zip(row, right, strict=True):
                # what underflows has no last digits
                assert abs(mp.mpf(float(x)) - t) <= WEIGHTS_ULP * max(math.ulp(float(t)), 5e-324)


def test_few_scores_and_many_differ_in_last_bits_only(monkeypatch):
    q, k, v = draw(2, 7, 6), draw(2, 7, 6), draw(2, 7, 3)
    mask = np.where(np.eye(7) > 0, 0.0, draw(7, 7))
    few = attention(q, k, v, causal=True, mask=mask)
    monkeypatch.setattr("aimath.core.linalg.transformer._scores.MAX_MULTIPLICATIONS", 0)
    many = attention(q, k, v, causal=True, mask=mask)
    for name in ("scores", "scaled", "masked", "weights", "output"):
        assert getattr(few, name) == near(getattr(many, name)), name
    assert (few.output != many.output).any()


def test_a_score_beyond_float64_counts_only_after_it_was_scaled():
    found = attention([[1e200, 1.0]], [[1e200, 0.0], [1e200, 1.0]], [[1.0], [2.0]], scale=1e-300)
    assert found.scaled.tolist() == [[1e100, 1e100]]
    assert found.weights.tolist() == [[0.5, 0.5]]


def test_a_causal_position_does_not_depend_on_what_follows():
    q, k, v = draw(6, 4), draw(6, 4), draw(6, 4)
    whole = attention(q, k, v, causal=True).output
    k[4:], v[4:] = 1e10, -1e10
    assert np.abs(attention(q, k, v, causal=True).output[:4] - whole[:4]).max() < 1e-15


def test_a_mask_of_truth_is_one_of_0_and_minus_inf():
    q, k, v = draw(3, 2), draw(4, 2), draw(4, 2)
    seen = np.array([[True, False, True, True]] * 3)
    numbers = np.where(seen, 0, -np.inf)
    assert (attention(q, k, v, mask=seen).output == attention(q, k, v, mask=numbers).output).all()
    shifted = attention(q, k, v, mask=numbers + 7).output  # softmax doesn't see a shift of a row
    assert np.abs(shifted - attention(q, k, v, mask=numbers).output).max() < 1e-14
    assert (attention(q, k, v, mask=seen).weights[:, 1] == 0).all()


def test_scores_beyond_exp_and_huge_values():
    q, k, v = draw(4, 3) * 1e4, draw(5, 3), draw(5, 2)
    assert np.abs(attention(q, k, v).output - true_attention(q, k, v)).max() < 1e-10
    found = attention([[1.0]], [[2.0], [2.0]], [[1.7e308], [1.7e308]])
    assert found.output.tolist() == [[1.7e308]]
    assert attention([[0.0]], [[1.0]] * 3, [[-1e308]] * 3).output[0, 0] == near(-1e308)


def test_small_values_survive_small_weights():  # e^-500 * 1e-120 is below the least float64
    assert attention([[1.0]], [[-500.0], [-500.0]], [[1e-120], [3e-120]]).output[0, 0] == 2e-120
    q, k, v = (np.array(x, np.float32) for x in ([[1]], [[-50], [-50]], [[1e-30], [3e-30]]))
    assert attention(q, k, v).output[0, 0] == np.float32(2e-30)


def test_float32_is_answered_in_float32():
    q, k, v = (draw(*size).astype(np.float32) for size in ((7, 8), (7, 8), (7, 3)))
    mask = np.eye(7, dtype=bool) | (draw(7, 7) > 0)
    for how, seen in (
        ({}, lambda i, j: i + j >= 0),
        ({"causal": True}, lambda i, j: j <= i),
        ({"mask": mask}, lambda i, j: mask[i, j]),
    ):
        found = attention(q, k, v, **how)
        assert found.output.dtype == np.float32
        assert np.abs(found.output - true_attention(q, k, v, seen)).max() < 4e-7  # 4 ulp of values 1 .. 2
        assert found.weights.dtype == np.float64
        assert found.check().holds.all()
        assert not found._replace(output=found.output + np.float32(0.001)).check().holds.any()
    assert attention(q, k, v.astype(np.float64)).output.dtype == np.float64


def test_float32_beyond_exp_and_beyond_float32():
    q, k, v = (draw(*size).astype(np.float32) for size in ((4, 3), (5, 3), (5, 2)))
    hard = attention(1000 * q, k, 1e6 * v)
    assert np.abs(hard.output / 1e6 - true_attention(1000 * q, k, v)).max() < 1e-4  # scores to 2^-14
    far = attention(1e30 * q, 1e30 * k, v)  # scores beyond float32: all goes to the largest
    assert (far.output == v[np.argmax(q.astype(float) @ k.T.astype(float), axis=1)]).all()
    with pytest.raises(InputError, match=r"entry \(1,1\) of K is nan"):
        attention(q, k * np.float32(math.nan), v)


def test_the_scores_are_never_all_in_memory():
    q, k, v = (draw(2, 2048, 16) for _ in range(3))
    tracemalloc.start()
    attention(q, k, v, causal=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6 < 2 * 2048 * 2048 * 8  # bytes


# several heads


def test_heads_are_cut_from_columns_and_joined():
    x = draw(2, 5, 6)
    found = multi_head(x, 3, rng=np.random.default_rng(1), causal=True)
    for b in range(2):
        side = []
        for h in range(3):
            part = slice(2 * h, 2 * h + 2)
            q, k, v = (x[b] @ w[:, part] for w in (found.Wq, found.Wk, found.Wv))
            side.append(true_attention(q, k, v, seen=lambda i, j: j <= i))
        assert np.abs(np.concatenate(side, axis=1) @ found.Wo - found.output[b]).max() < 1e-14
    assert found.weights.shape == found.scores.shape == (2, 3, 5, 5)
    assert found.scaled.shape == found.masked.shape == (2, 3, 5, 5)
    assert found.scale == math.sqrt(0.5)


def test_weights_are_drawn_in_order_or_given():
    x, rng = draw(4, 6), np.random.default_rng(2)
    drawn = multi_head(x, 2, rng=np.random.default_rng(2))
    assert (drawn.Wq == rng.standard_normal((6, 6)) / math.sqrt(6)).all()
    weights = {name: getattr(drawn, name) for name in ("Wq", "Wk", "Wv", "Wo")}
    assert (multi_head(x, 2, **weights).output == drawn.output).all()


def test_a_mask_for_each_sequence_holds_for_all_its_heads():
    x = draw(2, 3, 4)
    mask = np.array([np.tri(3, dtype=bool), np.eye(3, dtype=bool)])
    found = multi_head(x, 2, rng=np.random.default_rng(3), mask=mask)
    assert ((found.weights > 0) == mask[:, np.newaxis]).all()
    assert found.check().holds.all()


def test_one_head_of_identities_is_attention():
    x, one = draw(5, 4), np.eye(4)
    found = multi_head(x, 1, one, one, one, one)
    assert np.abs(found.output - attention(x, x, x).output).max() < 1e-15


# heads that are given


@pytest.mark.parametrize(("heads", "kv_heads"), [(1, 1), (3, 3), (4, 2), (6, 3), (5, 1)])
@pytest.mark.parametrize("window", [None, 1, 2, 5, 9])
def test_heads_are_columns_or_an_axis_and_share_keys_with_their_neighbours(heads, kv_heads, window):
    q, k, v = draw(heads, 5, 3), draw(kv_heads, 5, 3), draw(kv_heads, 5, 2)

    def seen(i, j):
        return window is None or i - window < j <= i

    share = heads // kv_heads
    truth = [true_attention(q[h], k[h // share], v[h // share], seen) for h in range(heads)]
    stacked = attention(q, k, v, heads=heads, kv_heads=kv_heads, window=window)
    assert np.abs(stacked.output - truth).max() < 2e-15
    side = [np.concatenate(x, axis=1) for x in (q, k, v)]
    cut = attention(*side, heads=heads, kv_heads=kv_heads, window=window)
    assert np.abs(cut.output - np.concatenate(truth, axis=1)).max() < 2e-15
    assert (cut.mixed == stacked.output).all()
    assert cut.weights.shape == (heads, 5, 5)
    fast = _scaled_dot_product.scaled_dot_product_attention(q, k, v, window=window)
    assert np.abs(fast - truth).max() < 2e-15
    assert stacked.check().holds.all()
    assert cut.check().holds.all()
    assert not cut._replace(mixed=cut.mixed + 1e-6).check().holds.any()


@pytest.mark.parametrize("block", [1 << 20, 500, 1])
@pytest.mark.parametrize("window", [1, 3, 11, 40, 41, 99])
def test_windows_of_many_positions_are_masks(monkeypatch, block, window):
    monkeypatch.setattr("aimath.core.linalg.transformer._scaled_dot_product.BLOCK", block)
    monkeypatch.setattr("aimath.core.linalg.transformer._scores.MAX_MULTIPLICATIONS", 0)
    q, k, v = (draw(2, 40, 3) for _ in range(3))
    back = np.subtract.outer(np.arange(40), np.arange(40))
    near = (back >= 0) & (back < window)
    found = attention(q, k, v, window=window)
    assert np.abs(found.output - attention(q, k, v, mask=near).output).max() < 1e-15
    assert ((found.weights > 0) == near).all()
    assert found.check().holds.all()
    single = [x.astype(np.float32) for x in (q, k, v)]
    assert np.abs(attention(*single, window=window).output - found.output).max() < 1e-6


def test_a_window_beyond_float64_hides_too():
    found = attention([[1e200], [1e200]], [[1e200], [1e200]], [[1.0], [2.0]], window=1)
    assert found.weights.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found.output.tolist() == [[1.0], [2.0]]


def test_a_mask_of_given_heads_is_one_for_all_or_one_each():
    q, k = draw(2, 4, 3, 2), draw(2, 2, 3, 2)
    each = draw(2, 4, 3, 3)
    found = attention(q, k, k, heads=4, kv_heads=2, mask=each)
    assert found.mask.shape == (2, 4, 3, 3)
    for h in range(4):
        alone = attention(q[1, h], k[1, h // 2], k[1, h // 2], mask=each[1, h])
        assert np.abs(found.output[1, h] - alone.output).max() < 1e-15
    one = attention(q, k, k, heads=4, kv_heads=2, mask=each[0, 0])
    assert one.mask.shape == (3, 3)
    assert (attention(q, k, k, kv_heads=2, mask=each[:1, :1]).output == one.output).all()


# refusals and checks


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (
            lambda: attention(draw(2, 3), draw(4, 3), draw(4, 3), causal=True),
            "as many keys as queries, not 4 and 2",
        ),
        (lambda: attention(draw(2, 3), draw(4, 2), draw(4, 2)), "Q has width 3 and K 2"),
        (lambda: attention(draw(2, 3), draw(4, 3), draw(5, 3)), "K has 4 rows and V 5"),
        (
            lambda: attention(draw(2, 2, 3), draw(4, 3), draw(4, 3)),
            "differ in their batches: 2x2x3, 4x3, 4x3",
        ),
        (lambda: attention([[1, math.nan]], [[1, 2]], [[1]]), r"entry \(1,2\) of Q is nan"),
        (lambda: attention([[1]], [[1]], [[1]], scale=math.inf), "scale must be finite"),
        (lambda: attention([[1]], np.zeros((0, 1)), np.zeros((0, 1))), "needs at least one row"),
        (lambda: attention([[1]], [[1]], [[1]], mask=[[1, 2]]), "mask has shape 1x2, but the scores are 1x1"),
        (lambda: attention([[1]], [[1]], [[1]], mask=[[math.inf]]), "the mask holds nan or inf"),
        (lambda: attention([[1]], [[1]], [[1]], mask=[["x"]]), "truth values or numbers"),
        (lambda: attention(draw(2, 6), draw(2, 6), draw(2, 6), heads=4), "share the width 6 of Q"),
        (
            lambda: attention(draw(2, 6), draw(2, 3), draw(2, 3), heads=6, kv_heads=4),
            "share the 4 of kv_heads",
        ),
        (
            lambda: attention(draw(2, 6), draw(2, 3), draw(2, 3), kv_heads=3),
            "kv_heads needs the number of heads",
        ),
        (
            lambda: attention(draw(4, 2, 3), draw(2, 2, 3), draw(2, 2, 3), heads=4),
            "2 heads, not 4; use kv_heads=2",
        ),
        (
            lambda: attention(draw(2, 9, 4), draw(2, 9, 4), draw(2, 9, 4), heads=4),
            "Q is 2x9x4, which is 2 heads",
        ),
        (lambda: attention(draw(2, 2, 3), draw(2, 3), draw(2, 3), heads=2), "differ in their axes"),
        (lambda: attention(draw(3, 2, 2, 3), *[draw(2, 2, 2, 3)] * 2, heads=2), "differ in their batches"),
        (lambda: attention(draw(2, 3), draw(4, 3), draw(4, 3), window=2), "a window needs as many keys"),
        (lambda: attention([[1]], [[1]], [[1]], window=0), "window must be at least 1, not 0"),
        (lambda: attention(X=draw(2, 4), heads=2, kv_heads=1), "kv_heads is for given Q, K and V"),
        (lambda: multi_head(draw(2, 6), 4, rng=RNG), "4 heads can't share a width of 6"),
        (lambda: multi_head(draw(2, 6), 0, rng=RNG), "0 heads can't"),
        (lambda: multi_head(draw(2, 6), 2), "give Wq, or a generator"),
        (lambda: multi_head(draw(2, 6), 2, draw(6, 5), rng=RNG), "Wq is 6x5, but X of width 6 needs 6x6"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()


@pytest.mark.parametrize(
    ("mask", "causal"), [([[True, True], [False, False]], False), ([[True, True], [False, False]], True)]
)
def test_a_query_that_sees_nothing_is_refused(mask, causal):  # torch: zeros
    with pytest.raises(InputError, match="query 2 sees no key") as caught:
        attention(draw(2, 2), draw(2, 2), draw(2, 2), causal=causal, mask=mask)
    assert (caught.value.row, caught.value.operand) == (1, "mask")
    with pytest.raises(InputError, match="query 1 sees no key"):
        attention(draw(2, 2), draw(2, 2), draw(2, 2), causal=True, mask=[[False, True], [True, True]])


def test_checks_hold_and_can_fail():
    q, k, v = draw(2, 5, 3), draw(2, 5, 3), draw(2, 5, 4)
    mask = np.tri(5, dtype=bool).T | np.eye(5, dtype=bool)
    for found in (
        attention(q, k, v),
        attention(q, k, v, causal=True),
        attention(q, k, v, mask=mask),
        attention(q * 1e4, k, v, mask=draw(5, 5)),
        multi_head(v, 2, rng=np.random.default_rng(4)),
        multi_head(v, 4, rng=np.random.default_rng(4), causal=True, mask=np.tri(5, dtype=bool)),
    ):
        assert found.check().holds.all()
        assert not found._replace(output=found.output + 0.01).check().holds.any()


def test_the_room_names_what_it_has():
    assert {"Attention", "MultiHead", "attention", "multi_head"} <= set(dir(_attention))


@pytest.mark.parametrize("seed", range(60))
def test_scores_beyond_float64_made_weights_nan(seed):
    rng = np.random.default_rng(seed)
    power = int(rng.choice([400, 600, 1000]))
    q, k, v = (rng.integers(-3, 4, (3, 2)) * 1.0 for _ in range(3))
    q[0] = 1.0
    huge, scale = np.ldexp(q, power), float(rng.choice([1.0, 2.0**-power, 2.0 ** (-power - 3)]))
    found = attention(huge, np.ldexp(k, 1023 - power), v, scale=scale)
    top = (q @ k.T) * 2.0**20  # far apart, or near where the scale brings them back
    plain = attention(
        q,
        k,
        v,
        scale=2.0**20 if scale == 1.0 else scale * 2.0**1023 if scale * 2.0**1023 < 2.0**1000 else 2.0**900,
    )
    assert top.shape == found.weights.shape
    assert np.allclose(found.weights, plain.weights, rtol=0, atol=1e-12)
    assert np.allclose(found.output, plain.output, rtol=0, atol=1e-12)
    assert not np.isnan(found.weights).any()


@pytest.mark.parametrize("seed", range(40))
def test_a_mean_of_values_left_their_range(seed):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    v = rng.choice([0.7, 0.1, 1e300, 3.3]) * (1 + 2.0**-52 * rng.integers(0, 2, (7, 2)))
    found = attention(q, k, v).output
    assert (found >= v.min(axis=0)).all()
    assert (found <= v.max(axis=0)).all()
