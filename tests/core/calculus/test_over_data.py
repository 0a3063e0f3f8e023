"""Formulas over data: gradients against fractions, mpmath and differences; rows, names and what is refused."""

import functools
import math
import operator
from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import calculus
from aimath.core.calculus import Batches, _over_data as over_data, as_data, parse_function, parse_over_data
from aimath.errors import InputError

POINTS = {"x": [1.0, 2.0, 3.0, 4.0], "y": [3.1, 4.9, 7.2, 8.8]}


def over(text, data, variables=None):
    return parse_over_data(text, as_data(data), variables)


# Against exact arithmetic


numbers = st.floats(-100.0, 100.0).map(lambda x: round(x, 3))
tables = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12)
few = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4)


@given(tables, numbers, numbers)
def test_least_squares_are_those_of_fractions_to_the_last_digit(rows, w, b):
    x, y = ([Fraction(value) for value in column] for column in zip(*rows, strict=True))
    n, p, q = len(rows), Fraction(w), Fraction(b)
    r = [p * s + q - t for s, t in zip(x, y, strict=True)]
    f = over("mean((w*x+b-y)^2) + 0.5*w^2", {"x": list(map(float, x)), "y": list(map(float, y))})
    assert f([w, b]) == float(sum(e * e for e in r) / n + p * p / 2)
    assert f.gradient([w, b]) == [
        float(2 * sum(e * s for e, s in zip(r, x, strict=True)) / n + p),
        float(2 * sum(r) / n),
    ]
    mean_x = float(2 * sum(x) / n)
    assert f.hessian([w, b]) == [[float(2 * sum(s * s for s in x) / n + 1), mean_x], [mean_x, 2.0]]


@given(few, st.floats(-3.0, 3.0))
def test_a_sum_of_rows_is_the_sum_of_their_formulas(rows, w):
    x, y = map(list, zip(*rows, strict=True))
    whole = over("sum(log(1+exp(-w*x/50))*y)", {"x": x, "y": y})
    each = [parse_function(f"log(1+exp(-w*({a!r})/50))*({b!r})", ["w"]) for a, b in rows]
    for one, parts in (
        (whole.gradient([w])[0], [f.gradient([w])[0] for f in each]),
        (whole([w]), [f([w]) for f in each]),
        (whole.hessian([w])[0][0], [f.hessian([w])[0][0] for f in each]),
    ):
        assert abs(one - math.fsum(parts)) <= 2.0**-52 * math.fsum(map(abs, parts)) + 1e-300


SMOOTH = {
    "mean((w*x+b-y)^2)": lambda r: (r.w * r.x + r.b - r.y) ** 2,
    "mean(tanh(w*x+b)*y)": lambda r: mpmath.tanh(r.w * r.x + r.b) * r.y,
    "mean(softplus(w*x) + b^2*x)": lambda r: mpmath.log(1 + mpmath.exp(r.w * r.x)) + r.b**2 * r.x,
    "mean(logsumexp(w*x, b, y))": lambda r: mpmath.log(
        mpmath.exp(r.w * r.x) + mpmath.exp(r.b) + mpmath.exp(r.y)
    ),
    "mean(max(w*x, b*y))": lambda r: max(r.w * r.x, r.b * r.y),
    "mean(x^w*b)": lambda r: r.x**r.w * r.b,
}


@pytest.mark.parametrize(("text", "term"), SMOOTH.items())
def test_values_are_the_means_of_mpmath(text, term):
    rng = np.random.default_rng(7)
    data = {"x": rng.uniform(0.1, 2.0, 40), "y": rng.normal(size=40)}
    f = over(text, data, ["w", "b"])
    for w, b in rng.uniform(-1.5, 1.5, (5, 2)):
        with mpmath.workdps(40):
            exact = {"w": mpmath.mpf(float(w)), "b": mpmath.mpf(float(b))}
            pairs = zip(data["x"].tolist(), data["y"].tolist(), strict=True)
            rows = [term(SimpleNamespace(x=mpmath.mpf(x), y=mpmath.mpf(y), **exact)) for x, y in pairs]
            truth = float(mpmath.fsum(rows) / 40)
        assert f([w, b]) == truth
        assert f.values(np.array([[w, b]]))[0] == near(truth, 1e-13)


@pytest.mark.parametrize(
    "text",
    [
        *SMOOTH,
        "sqrt(mean((w*x-y)^2)) + b^2",
        "log(mean(exp(w*x+b)))",
        "mean((w*x-mean(w*x*b))^2)",
        "mean(y*w)/sum(x*b)",
        "mean(w*x)*mean(b*y)*sum(w)",
        "mean(sigmoid(w*(x - mean(b*x))))^2",
    ],
)
def test_gradients_and_hessians_are_those_of_differences_exact_or_not(text):
    rng = np.random.default_rng(3)
    f = over(text, {"x": rng.uniform(0.1, 2.0, 30), "y": rng.normal(size=30)}, ["w", "b"])
    for point in rng.uniform(0.3, 1.5, (4, 2)):
        exact = calculus.grad(f, at=point, hessian=True)
        assert exact.check().holds.all()
        assert exact.check_hessian().holds.all()
        quick = calculus.grad(f, at=[point], hessian=True)
        assert quick.gradient[0] == pytest.approx(exact.gradient, rel=1e-11, abs=1e-13)
        assert quick.hessian[0] == pytest.approx(exact.hessian, rel=1e-11, abs=1e-12)


def test_what_moves_with_nothing_in_a_row_counts_for_each_row():
    f = over("sum(w^2) + mean(w)", POINTS)
    assert (f([3.0]), f.gradient([3.0]), f.hessian([3.0])) == (39.0, [25.0], [[8.0]])
    assert f.values(np.array([[3.0]])).tolist() == [39.0]


def test_nested_means_are_means():
    f = over("mean((x - mean(x))^2)*w", POINTS)
    assert f([1.0]) == 1.25
    assert f.gradient([2.0]) == [1.25]


def test_derivatives_are_shown_over_the_rows():
    assert over("mean((w*x+b-y)^2)", POINTS).gradient_formulas() == (
        "2*mean(x*(w*x + b - y))",
        "2*mean(w*x + b - y)",
    )


def test_beyond_the_exact_rows_answers_are_those_of_float64(monkeypatch):
    f = over("mean(tanh(w*x+b-y)^2)", POINTS)
    exact = f([0.3, 0.1]), f.gradient([0.3, 0.1]), f.hessian([0.3, 0.1])
    monkeypatch.setattr(over_data, "EXACT_WORK", 0)
    quick = f([0.3, 0.1]), f.gradient([0.3, 0.1]), f.hessian([0.3, 0.1])
    for a, b in zip(exact, quick, strict=True):
        assert np.array(b) == near(np.array(a), 1e-13)


@pytest.mark.parametrize("exact", [True, False])
def test_an_undefined_row_is_named(exact, monkeypatch):
    if not exact:
        monkeypatch.setattr(over_data, "EXACT_WORK", 0)
    f = over("mean(log(w*x-y))", {"x": [5.0, 6.0, 1.0], "y": [1.0, 2.0, 3.0]})
    for call in (f, f.gradient):
        with pytest.raises(
            InputError, match=r"log\(w\*x-y\): argument is -2 in row 3 of the data, at w=1, x=1, y=3"
        ):
            call([1.0])
    assert np.isnan(f.values(np.array([[1.0], [2.0], [4.0]]))).tolist() == [True, True, False]
    with pytest.raises(InputError, match="overflows float64 in row 2 of the data"):
        over("mean(exp(w*x))", {"x": [1.0, 1000.0]})([1.0])
    with pytest.raises(InputError, match="division by zero in row 2"):
        over("mean(w/x)", {"x": [1.0, 0.0]})([1.0])


# Rows


def test_many_points_and_blocks_of_them_are_each_answered_alone():
    rng = np.random.default_rng(0)
    f = over("mean(exp(-w*x)*b)", {"x": rng.random(5000)})
    points = rng.normal(size=(50, 2))  # more than a block
    values, slopes = f.value_gradients(points)
    for point, value, slope in zip(points, values, slopes, strict=True):
        one = f.value_gradients(point[np.newaxis])
        assert (value, *slope) == (one[0][0], *one[1][0])


def test_batches_are_permutations_of_all_rows_with_a_short_last():
    batches = Batches(10, 4, seed=3)
    found = [rows.tolist() for rows, _ in zip(batches.endless(), range(9), strict=False)]
    assert [len(rows) for rows in found] == [4, 4, 2] * 3
    epochs = [functools.reduce(operator.iadd, found[k : k + 3], []) for k in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    again = [rows.tolist() for rows, _ in zip(Batches(10, 4, seed=3).endless(), range(9), strict=False)]
    assert again == found
    assert found != [
        rows.tolist() for rows, _ in zip(Batches(10, 4, seed=4).endless(), range(9), strict=False)
    ]


@pytest.mark.parametrize("text", ["mean((w*x-y)^2)", "sum((w*x-mean(y))^2)", "mean(x*3)*w", "sum(w)"])
def test_the_gradient_over_some_rows_is_that_of_the_formula_over_them_alone(text):
    rng = np.random.default_rng(5)
    data = {"x": rng.normal(size=50), "y": rng.normal(size=50)}
    f, rows = over(text, data, ["w"]), np.array([3, 1, 40, 7])
    alone = over(text, {name: column[rows] for name, column in data.items()}, ["w"])
    point = np.array([[0.7]])
    for found, wanted in zip(f.value_gradients(point, rows), alone.value_gradients(point), strict=True):
        assert found == near(wanted, 1e-14)


def test_what_is_held_at_once_is_priced_by_rows():
    rng = np.random.default_rng(1)
    sizes = [over("mean((w*x-tanh(w*x))^2)", {"x": rng.random(n)}).peak_memory() for n in (1000, 2000)]
    assert sizes[1] == 2 * sizes[0]
    assert 5 * 8000 <= sizes[0] <= 30 * 8000


# Names and mistakes


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("(w*x-y)^2", "x is a column of the data and stands outside of mean", "write mean((w*x-y)^2)"),
        ("mean(w*x) + y", "y is a column of the data and stands outside of mean", "put it into a mean(...)"),
        ("w^2", "w^2 has no mean(...) and no sum(...)", "leave the data out, or write mean(...)"),
        ("mean(x, y)", "mean takes 1 argument, not 2", ""),
        ("sum()", "sum takes 1 argument, not 0", ""),
        ("mean*x", "mean is a function", "write mean(...)"),
    ],
)
def test_mistakes_are_told(text, why, hint):
    with pytest.raises(InputError) as caught:
        over(text, POINTS)
    assert caught.value.problem.startswith(why)
    assert str(caught.value.hint) == hint


def test_without_data_a_mean_has_no_rows():
    with pytest.raises(InputError, match="goes over the rows of data, and there are none; give data"):
        parse_function("mean(w*x)")
    with pytest.raises(InputError, match="goes over the rows of data"):
        calculus.backprop("sum(w*x)", w=1, x=2)


def test_a_constant_that_is_a_column_too_is_refused():
    with pytest.raises(InputError, match=r"e is the constant 2.71828 and a column of the data"):
        over("mean(w*e*x)", POINTS | {"e": [1.0] * 4})
    assert over("mean(w*x)", POINTS | {"e": [1.0] * 4}).variables == ("w",)  # used nowhere is no error


def test_columns_are_no_variables():
    f = over("mean((w*x+b-y)^2)", POINTS)
    assert f.variables == ("w", "b")
    with pytest.raises(InputError, match=r"x is a column of the data, not a variable; the columns are x, y"):
        f.point(w=1, b=2, x=3)
    with pytest.raises(InputError, match=r"no value for b; the columns are x, y"):
        f.point(w=1)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"x": [1, 2], "y": [1]}, "column y has 1 row, column x 2"),
        ({"x": [1, math.nan]}, "column x has nan in row 2"),
        ({"x": ["a"]}, "column x isn't numbers"),
        ({"x": []}, "column x must be a list of numbers"),
        ({"x": [[1]]}, "column x must be a list of numbers"),
        ({}, "data must be columns by name"),
        ([1, 2], "data must be columns by name"),
    ],
)
def test_columns_that_are_none_are_refused(data, why):
    with pytest.raises(InputError, match=why):
        as_data(data)


def test_kinks_are_counted_in_rows():
    f = over("mean(relu(w*x-2))", {"x": [1.0, 2.0, 2.0]})
    assert f.kinks([1.0]) == ("not differentiable in 2 of 3 rows (relu): 0 is used",)
    assert f.kinks([2.5]) == ()
    tie = over("mean(max(w*x, 2))", {"x": [1.0, 2.0, 2.0]})
    assert tie.kinks([1.0]) == ("not differentiable in 2 of 3 rows (max): equal shares are used",)
    assert over("abs(mean(w*x))", {"x": [1.0, -1.0]}).kinks([3.0]) == ("not differentiable (abs): 0 is used",)
