"""Reverse mode against mpmath, differences and complex steps; torch's figures are in tests/oracles."""

import math
import operator

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from tests.digits import near, ulps

from aimath.core import nn as nn_
from aimath.core.nn import _functions as ad
from aimath.core.nn._checked import checked
from aimath.core.nn._gradients import check_gradients, gradients
from aimath.core.nn._tensor import Tensor, plain, recorded
from aimath.errors import InputError

RNG = np.random.default_rng(0)


def slope(function, x):
    """The derivative of a function of one number, by reverse mode."""
    (found,) = gradients(lambda t: function(t).sum(), [float(x)]).gradients
    return float(found[0])


def true_slope(function, x):
    with mp.workdps(900):
        return float(mp.diff(function, mp.mpf(x), h=mp.mpf(10) ** -40))


# digits


@pytest.mark.parametrize("x", [-700.0, -40.0, -3.0, -1e-9, 0.0, 0.3, 1.0, 8.5, 19.0, 40.0, 300.0])
@pytest.mark.parametrize(
    ("ours", "truth", "most"),
    [
        (ad.sigmoid, lambda x: 1 / (1 + mp.exp(-x)), 4),
        (ad.tanh, mp.tanh, 5),
        (ad.exp, mp.exp, 1),
    ],
)
def test_slopes_keep_their_digits_in_the_tails(ours, truth, most, x):  # torch: sigmoid'(40) = tanh'(20) = 0
    true = true_slope(truth, x)
    assert ulps(slope(ours, x), true) <= most


@pytest.mark.parametrize("x", [-37.0, -10.0, -3.0, 0.0, 0.5, 3.0, 12.0])
def test_gelu_in_the_tail(x):
    true = true_slope(lambda t: t * mp.ncdf(t), x)
    assert ulps(slope(ad.gelu, x), true) <= 8


@pytest.mark.parametrize("logits", [[40.0, 0.0, 1.0], [0.0, -800.0, 3.0], [1000.0, 1000.0, -5.0]])
@pytest.mark.parametrize("target", [0, 2])
def test_the_right_class_keeps_the_digits_of_the_others(logits, target):  # torch: p - 1 = 0
    (found,) = gradients(lambda z: ad.cross_entropy(z, target), logits).gradients
    with mp.workdps(60):
        weights = [mp.exp(mp.mpf(z) - max(logits)) for z in logits]
        others = [float(w / mp.fsum(weights)) for w in weights]
        others[target] = float(-mp.fsum(w for k, w in enumerate(weights) if k != target) / mp.fsum(weights))
    assert all(a == b or ulps(a, b) <= 4 for a, b in zip(found, others, strict=True))


def test_layer_norm_far_from_0():  # torch at this offset: off by 1e-8 and more
    x = np.array([1e8 + 1, 1e8 + 3, 1e8 + 4])
    z = ad.layer_norm(x, eps=0)
    with mp.workdps(50):
        mean = mp.fsum(x.tolist()) / 3
        std = mp.sqrt(mp.fsum((v - mean) ** 2 for v in x.tolist()) / 3)
        assert np.abs(z - [float((v - mean) / std) for v in x.tolist()]).max() <= 2 * np.spacing(1.0)


# every operation by routes that know no derivative

ONE, TWO = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
OPERATIONS = {
    "add": (lambda a, b: a + b + 1, ONE, TWO[0]),
    "subtract": (lambda a, b: 2 - (a - b), ONE, TWO[:, :1]),
    "multiply": (lambda a, b: a * b * [[2.0], [3.0], [4.0]], ONE, TWO),
    "divide": (lambda a, b: a / b + 1 / a, ONE, TWO + 5),
    "power": (lambda a, b: a**b + a**3 + a**-1.5 + 3**b, abs(ONE) + 0.5, TWO),
    "powers by entries": (lambda a: a ** np.array([0.0, 1.0, 2.0, -1.0]), ONE),
    "negative": (operator.neg, ONE),
    "absolute": (abs, ONE),
    "matmul": (operator.matmul, ONE, TWO.T),
    "matmul of a constant": (lambda a: TWO @ a.T, ONE),
    "matmul of stacks": (lambda a, b: a @ b, RNG.normal(size=(2, 1, 3, 4)), RNG.normal(size=(5, 4, 2))),
    "matmul of vectors": (
        lambda a, b, c: (a @ b) @ c + a @ (b @ c),
        ONE[0],
        RNG.normal(size=(4, 3)),
        TWO[:, 0],
    ),
    "a vector times a stack": (lambda a, b: a @ b, ONE[0], RNG.normal(size=(2, 4, 3))),
    "a stack times a matrix": (lambda a, b: a @ b, RNG.normal(size=(2, 3, 4)), TWO.T),
    "index": (lambda a: a[1] + a[-1, None] * a[..., 1:2] + a[a.shape[0] - 3], ONE),
    "index twice": (lambda a: a[np.array([0, 2, -1, 0])] ** 2, ONE),
    "index pairs": (lambda a: a[[0, 0, 1], [3, 3, 1]] ** 2, ONE),
    "index by truth": (lambda a: a[np.eye(3, 4, dtype=bool)] ** 2, ONE),
    "sum": (lambda a: a.sum() * a.sum(axis=0) * a.sum(axis=(0, 1), keepdims=True), ONE),
    "mean": (lambda a: a.mean() * a.mean(axis=1, keepdims=True) * a.mean(axis=(0,)), ONE),
    "max": (lambda a: a.max() * a.max(axis=0) * a.max(axis=1, keepdims=True), ONE),
    "reshape": (lambda a: a.reshape(2, 6) * a.reshape((2, -1)), ONE),
    "transpose": (lambda a: a.transpose(1, 2, 0) * a.T.swapaxes(0, 1)[:, :, 0:1], RNG.normal(size=(2, 2, 3))),
    "exp, log, sqrt": (lambda a: ad.exp(a) * ad.log(a) / ad.sqrt(a), abs(ONE) + 0.1),
    "tanh": (ad.tanh, ONE),
    "sigmoid": (ad.sigmoid, ONE),
    "relu": (ad.relu, ONE),
    "gelu": (ad.gelu, ONE),
    "softmax": (ad.softmax, ONE),
    "log_softmax": (ad.log_softmax, ONE),
    "logsumexp": (ad.logsumexp, ONE),
    "cross_entropy": (lambda a: ad.cross_entropy(a, [1, 3, 0]), ONE),
    "layer_norm": (ad.layer_norm, ONE, TWO[0], TWO[1]),
    "embedding": (lambda a: ad.embedding(a, [[0, 2], [2, 2]]) ** 2, ONE),
    "where": (lambda a, b: ad.where(ONE > 0, a, b * 2), ONE, TWO),
    "concatenate": (lambda a, b: ad.concatenate([a, b[:1], TWO], axis=0) ** 2, ONE, TWO),
    "stack": (lambda a, b: ad.stack([a, b, b], axis=1) ** 2, ONE, TWO),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_its_gradient(name):
    function, *arrays = OPERATIONS[name]
    found = check_gradients(function, *arrays)
    assert found.error < 1e-11
    assert found.check().holds.all()


ANALYTIC = (
    "add",
    "multiply",
    "divide",
    "power",
    "matmul",
    "matmul of stacks",
    "exp, log, sqrt",
    "tanh",
    "layer_norm",
)


@pytest.mark.parametrize("name", ANALYTIC)
def test_analytic_operations_are_checked_to_all_digits(name):
    function, *arrays = OPERATIONS[name]
    found = check_gradients(function, *arrays)
    assert set(found.routes) == {"complex steps"}
    assert found.error < 2e-14


def test_what_is_not_analytic_falls_back_to_differences():
    for function in (abs, ad.sigmoid, lambda a: abs(a) * a, lambda a: a + 1e-4 * abs(a)):
        assert check_gradients(function, [-1.5, 2.0]).routes == ("central differences",)


def test_results_of_several_numbers_are_weighted():
    found = check_gradients(lambda a: a**2, [1.0, 2.0], weights=[10.0, -1.0])
    assert found.gradients[0].tolist() == [20, -4]
    assert found.others[0].tolist() == near([20, -4], 1e-15)


def test_the_check_sees_a_wrong_derivative():
    def wrong(t):  # as if d exp(x) / dx were 1.00001 exp(x)
        value = np.exp(plain(t))
        return recorded(value, (t, lambda g: g * value * 1.00001))

    found = check_gradients(wrong, [0.5, 1.0])
    assert not found.check().holds.any()
    assert found.error == near(1e-5, 1e-3)


SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


@given(SHAPES, st.sampled_from([operator.add, operator.sub, operator.mul, operator.truediv]), st.randoms())
def test_operands_of_any_shapes_that_fit(shapes, operation, random):
    a, b = (
        np.array([random.uniform(1, 2) for _ in range(math.prod(s))]).reshape(s) for s in shapes.input_shapes
    )
    found = check_gradients(operation, a, b)
    assert [g.shape for g in found.gradients] == [a.shape, b.shape]
    assert found.error < 1e-13


# the record


def test_a_second_backward_does_not_double():
    w = Tensor([1.0, 2.0])
    loss = (w * w).sum()
    loss.backward()
    loss.backward()
    assert w.grad.tolist() == [2, 4]
    (w * 3).sum().backward()  # another result of the same leaf: its gradient alone
    assert w.grad.tolist() == [3, 3]


def test_what_is_used_more_than_once_adds_up():
    x = Tensor(3.0)
    y = x * x
    (y * y + y + x).backward()  # 4x³ + 2x + 1
    assert (float(x.grad), float(y.grad)) == (115, 19)


def test_a_diamond_is_walked_in_order():
    x = Tensor(2.0)
    a = x * 3
    b = a + x  # a is needed by b and by the product: b's share must come first
    (a * b).backward()
    assert (float(a.grad), float(b.grad), float(x.grad)) == (8 + 6, 6, (8 + 6) * 3 + 6)


def test_a_hundred_thousand_operations_one_after_the_other():
    x = y = Tensor(1.0)
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert float(x.grad) == 1
    del y  # and goes without recursion, too


def test_powers_of_two_from_doubling():
    x = y = Tensor(1.0)
    for _ in range(60):
        y = y + y
    y.backward()
    assert float(x.grad) == 2.0**60


def test_nothing_is_kept_or_computed_for_constants():
    data, w = np.ones((5, 3)), Tensor(np.ones((3, 2)))
    assert [operand for operand, _ in (data @ w).edges] == [w]
    assert [operand for operand, _ in (w * 2 - data[0, :2]).edges[0][0].edges] == [w]
    plain = ad.softmax(ad.tanh(data @ w.value))
    assert isinstance(plain, np.ndarray)


def test_arrays_come_before_tensors_too():
    w = Tensor([1.0, 2.0])
    found = np.array([3.0, 4.0]) - np.float64(2) * w / np.array(2.0)
    assert isinstance(found, Tensor)
    assert found.value.tolist() == [2, 2]


def test_a_tensor_is_shown_and_unpacked_as_an_array_is():
    w = Tensor([[1.0, 2.5], [3.0, 4.0]])
    assert repr(w) == "Tensor([[1. , 2.5],\n        [3. , 4. ]])"
    first, second = w
    (first * second).sum().backward()
    assert w.grad.tolist() == [[3, 4], [1, 2.5]]


def test_a_freed_record_is_refused():
    w = Tensor([1.0, 2.0])
    square = w * w
    loss = square.sum()
    loss.backward(free=True)
    assert w.grad.tolist() == [2, 4]
    for again in (loss, (square * 2).sum()):
        with pytest.raises(InputError, match="freed"):
            again.backward()
    (w * w).sum().backward()  # a leaf is never used up
    assert w.grad.tolist() == [2, 4]


def test_a_seed_is_the_gradient_to_start_from():
    w = Tensor([[1.0, 2.0], [3.0, 4.0]])
    (w * w).backward([[1, 0], [0, 10]])
    assert w.grad.tolist() == [[2, 0], [0, 80]]
    (w[:1, :1] * 5).backward()  # one number needs none
    assert w.grad.tolist() == [[5, 0], [0, 0]]


def test_gradients_of_what_is_not_used_are_0():
    found = gradients(lambda a, b: a.sum() + 0 * b.value[0], [1.0, 2.0], [3.0])
    assert float(found.value) == 3
    assert [g.tolist() for g in found.gradients] == [[1, 1], [0]]
    assert gradients(lambda a: a.value * 7, [1.0]).gradients[0].tolist() == [0]


def test_ties_and_kinks():
    assert gradients(lambda a: a.max(), [1.0, 3.0, 3.0]).gradients[0].tolist() == [0, 0.5, 0.5]
    kinks = lambda a: ad.relu(a).sum() + abs(a).sum()  # noqa: E731
    assert gradients(kinks, [0.0, -1.0, 2.0]).gradients[0].tolist() == [0, -1, 2]
    assert gradients(lambda a: (a**0).sum(), [0.0, 2.0]).gradients[0].tolist() == [0, 0]
    zero = gradients(lambda a, b: (a**b).sum(), [0.0, 0.0, 2.0], [2.0, 1.0, 0.0])
    assert [g.tolist() for g in zero.gradients] == [[0, 1, 0], [0, 0, math.log(2)]]


def test_masks_of_minus_infinity():
    scores = RNG.normal(size=(3, 3))
    mask = np.where(np.tri(3) > 0, 0, -np.inf)
    for hide in (lambda a: a + mask, lambda a: ad.where(mask == 0, a, -math.inf)):
        found = gradients(lambda a, hide=hide: (ad.softmax(hide(a)) * scores).sum(), scores)
        assert (found.gradients[0][np.triu_indices(3, 1)] == 0).all()
        assert (found.gradients[0][np.tril_indices(3, -1)] != 0).all()


# refusals


def back(result, seed=None):
    result.backward(seed)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: ad.exp(Tensor([1.0, 1000.0])), r"exp\(1000\) at \[1\] is no finite number"),
        (lambda: ad.log(Tensor([[1.0], [0.0]])), r"log\(0\) at \[1, 0\] is no finite number"),
        (lambda: ad.log(Tensor(-1.0)), r"log\(-1\) is no finite number"),
        (lambda: ad.sqrt(Tensor(-4.0)), r"sqrt\(-4\) is no"),
        (lambda: Tensor([1.0, 2.0]) / Tensor([1.0, 0.0]), r"divide\(2, 0\) at \[1\]"),
        (lambda: Tensor(-8.0) ** 0.5, r"power\(-8, 0.5\) is no"),
        (lambda: Tensor([1e200]) * 1e200, r"multiply\(1e\+200, 1e\+200\) at \[0\]"),
        (lambda: ad.where([True], -np.inf, Tensor([1.0])) + np.inf, "add: invalid value"),
        (lambda: Tensor([1e308, 1e308]).sum(), "add: the result is beyond float64"),
        (lambda: Tensor([[1e200]]) @ [[1e200]], "matmul: the result is beyond float64"),
        (lambda: Tensor([1.0, 2.0]) + np.ones(3), "add: shapes 2 and 3 don't fit"),
        (lambda: Tensor([[1.0, 2.0]]) @ Tensor([[1.0]]), "matmul: shapes 1x2 and 1x1 don't fit"),
        (lambda: Tensor([1.0, 2.0]).reshape(3), "a shape of 2 can't become one of"),
        (lambda: Tensor([1.0, 2.0])[2], "index 2 is out of bounds"),
        (lambda: Tensor([1.0, math.nan]), "entry 2 of the tensor is nan"),
        (lambda: Tensor([1.0, math.inf]), "entry 2 of the tensor is inf"),
        (lambda: Tensor(np.array([1.0, math.inf])), "entry 2 of the tensor is inf"),
        (lambda: Tensor(["a"]), "must be real numbers"),
        (lambda: Tensor([1.0]) * [1.0, math.nan], "entry 2 of an operand is nan"),
        (lambda: back(Tensor([1.0, 2.0])), "backward from a shape of 2 needs a seed"),
        (lambda: back(Tensor([1.0, 2.0]), [1.0]), "the seed has a shape of 1, the value one of 2"),
        (lambda: back(Tensor([1.0]) + -np.inf), "starts from a finite value"),
        (lambda: back(ad.sqrt(Tensor(0.0))), "the derivative of sqrt is infinite or undefined"),
        (lambda: back(Tensor(0.0) ** 0.5), "the derivative of power is infinite"),
        (
            lambda: back(Tensor(-2.0) ** Tensor(2.0)),
            "the derivative of power is infinite or undefined",
        ),
        (lambda: ad.layer_norm(Tensor([2.0, 2.0]), eps=0), "divide"),
        (lambda: ad.embedding(Tensor(np.eye(3)), [0, 3]), "there is no id 3, only 0 to 2"),
        (lambda: ad.embedding(Tensor(np.eye(3)), [-1]), "there is no id -1, only 0 to 2"),
        (lambda: ad.embedding(Tensor(np.eye(3)), [1.0]), "whole numbers"),
        (lambda: ad.cross_entropy(Tensor([1.0, 2.0]), 2), "there is no class 2, only 0 to 1"),
        (lambda: ad.softmax(ad.where([True, True], -np.inf, Tensor([1.0, 2.0]))), "all logits are -inf"),
        (lambda: ad.concatenate([Tensor([1.0]), Tensor([[1.0]])]), "parts of shapes 1, 1x1"),
        (lambda: ad.sigmoid(np.array([1j])), "real numbers only"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()


def test_a_flag_without_a_reason_is_no_refusal():  # Accelerate's matrix products raise some
    def spurious(x):
        np.exp(np.array([1000.0]))
        return x + 1

    assert checked(spurious, np.array([1.0])).tolist() == [2]


def test_an_overflow_on_the_way_is_not_one_of_the_answer():
    assert slope(ad.tanh, 800.0) == 0  # cosh² overflows, its inverse doesn't
    assert true_slope(mp.tanh, 800.0) == 0


# one layer


def test_the_guides_layer():
    found = nn_.sum_gradients([[1, 2, 3], [4, 5, 6]], [1, 2, 3], [0.5, -0.5])
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
    found = nn_.layer_gradients(W, x, b, k)
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
    found = nn_.layer_gradients([[40], [0]], [1], None, 0)
    with mp.workdps(40):
        other = float(1 / (1 + mp.exp(40)))
    assert found.dz.tolist() == near([-other, other], 1e-15)
    assert found.check().other == near(float(found.check().answer), 1e-13)
    assert np.signbit(nn_.layer_gradients([[40], [0]], [0], None, 0).dW).sum() == 0  # no -0


def test_rows_of_a_layer_have_their_own_gradients():
    W, X, b = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 4)), RNG.normal(size=3)
    many = nn_.layer_gradients(W, X, b, [0, 1, 2, 1, 0])
    for k, target in enumerate([0, 1, 2, 1, 0]):
        one = nn_.layer_gradients(W, X[k], b, target)
        for name in ("z", "probs", "loss", "dz", "dW", "db", "dx"):
            assert (getattr(many, name)[k] == getattr(one, name)).all(), name


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_checks_hold_and_can_fail(scale):
    W, X, b = RNG.normal(size=(3, 4)), scale * RNG.normal(size=(5, 4)), RNG.normal(size=3)
    for found in (
        nn_.layer_gradients(W, X, b, 1),
        nn_.layer_gradients(W, X[0], b, 1),
        nn_.sum_gradients(W, X, b),
        nn_.sum_gradients(W, X[0], b),
    ):
        for check in ("check", "check_tape"):
            assert np.all(getattr(found, check)().holds)
            wrong = found._replace(dx=found.dx + 0.01 * scale)
            assert not np.all(getattr(wrong, check)().holds, axis=-1).any()


def test_a_layer_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="x has 1 entries"):
        nn_.layer_gradients([[1, 2]], [1], None, 0)
    with pytest.raises(InputError, match="there is no class 2, only 0 to 1"):
        nn_.layer_gradients([[1, 2], [3, 4]], [1, 2], None, 2)
