"""Gradients, and the check of them by two routes that know no derivative."""

import numpy as np
from tests.digits import near

from aimath.core.nn.autograd import _functions
from aimath.core.nn.autograd._gradients import check_gradients, gradients
from aimath.core.nn.autograd._tensor import record, unwrap


def test_what_is_not_analytic_falls_back_to_differences():
    for function in (abs, _functions.sigmoid, lambda a: abs(a) * a, lambda a: a + 1e-4 * abs(a)):
        assert check_gradients(function, [-1.5, 2.0]).routes == ("central differences",)


def test_results_of_several_numbers_are_weighted():
    found = check_gradients(lambda a: a**2, [1.0, 2.0], weights=[10.0, -1.0])
    assert found.gradients[0].tolist() == [20, -4]
    assert found.others[0].tolist() == near([20, -4], 1e-15)


def test_the_check_sees_a_wrong_derivative():
    def wrong(t):  # as if d exp(x) / dx were 1.00001 exp(x)
        value = np.exp(unwrap(t))
        return record(value, (t, lambda g: g * value * 1.00001))

    found = check_gradients(wrong, [0.5, 1.0])
    assert not found.check().holds.any()
    assert found.error == near(1e-5, 1e-3)


def test_gradients_of_what_is_not_used_are_0():
    found = gradients(lambda a, b: a.sum() + 0 * b.value[0], [1.0, 2.0], [3.0])
    assert float(found.value) == 3
    assert [g.tolist() for g in found.gradients] == [[1, 1], [0]]
    assert gradients(lambda a: a.value * 7, [1.0]).gradients[0].tolist() == [0]
