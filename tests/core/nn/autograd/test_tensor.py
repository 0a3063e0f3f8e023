"""What Tensors record, and how a backward pass walks it."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from aimath.core.nn.autograd import _functions
from aimath.core.nn.autograd._gradients import check_gradients
from aimath.core.nn.autograd._tensor import Tensor
from aimath.errors import InputError

SHAPES = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)


# every operation by routes that know no derivative


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


@pytest.mark.slow
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
    plain = _functions.softmax(_functions.tanh(data @ w.value))
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


def back(result, seed=None):
    result.backward(seed)


# refusals


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: Tensor([1.0, 2.0]) / Tensor([1.0, 0.0]), r"divide\(2, 0\) at \[1\]"),
        (lambda: Tensor(-8.0) ** 0.5, r"power\(-8, 0.5\) is no"),
        (lambda: Tensor([1e200]) * 1e200, r"multiply\(1e\+200, 1e\+200\) at \[0\]"),
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
        (lambda: back(Tensor(0.0) ** 0.5), "the derivative of power is infinite"),
        (
            lambda: back(Tensor(-2.0) ** Tensor(2.0)),
            "the derivative of power is infinite or undefined",
        ),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
