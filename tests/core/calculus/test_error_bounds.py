"""Many points at once: no row passes that is further off than its bound says, and what doesn't pass is exact."""

import json

import mpmath as mp
import numpy as np
import pytest
from tests.core.calculus import hard_formulas

from aimath.core.calculus import parse_function
from aimath.core.calculus._error_bounds import BOUNDS
from aimath.core.calculus._expression import LIMIT
from aimath.core.calculus._operations import OPERATIONS

TABLE = json.loads(hard_formulas.FILE.read_text())
UNIT = mp.mpf(2) ** -53


def test_every_operation_has_a_bound():
    assert BOUNDS.keys() == OPERATIONS.keys()


def passed(rows):
    """The derivatives (float, bound, truth) of the rows that pass without being redone."""
    for text, names, point, wanted in rows:
        found, bounds = (a[0] for a in parse_function(text, names).gradients_with_bounds(np.array([point])))
        if (np.isfinite(found) & (bounds <= LIMIT * np.abs(found))).all():
            yield from (
                zip(found.tolist(), bounds.tolist(), wanted, strict=True)
                if wanted != "undefined"
                else [(0.0, 0.0, "1")]
            )


def test_what_passes_is_within_its_bound_and_the_limit():
    count = 0
    with mp.workdps(60):
        for found, bound, wanted in passed(TABLE["gradients"]):
            off = abs(mp.mpf(found) - mp.mpf(wanted)) / UNIT
            count += 1
            # What is truly 0 in float64 may have underflowed in the bound as well; the table has 40 digits.
            assert (
                off <= mp.mpf(bound) + abs(mp.mpf(wanted)) * mp.mpf(10) ** -20
                or abs(mp.mpf(wanted)) < mp.mpf(2) ** -1075
            )
            assert off <= LIMIT * abs(mp.mpf(found)) or abs(mp.mpf(wanted)) < mp.mpf(2) ** -1075
    assert count > 400


@pytest.mark.parametrize("order", ["gradients", "hessians"])
def test_rows_are_answered_as_points_are(order):
    for text, names, point, wanted in TABLE[order]:
        f = parse_function(text, names)
        found = (f.gradients if order == "gradients" else f.hessians)(np.array([point])).ravel().tolist()
        verdict = hard_formulas.verdict(None if np.isnan(found).any() else found, wanted)
        if verdict == "wrong":
            with mp.workdps(60):
                for x, truth in zip(found, wanted, strict=True):
                    assert abs(mp.mpf(x) - mp.mpf(truth)) <= LIMIT * UNIT * abs(mp.mpf(x)), (text, point)
        else:
            assert verdict in ("within half an ulp", "refused truly", "refused though it exists"), (
                text,
                point,
            )


def test_a_row_does_not_depend_on_its_neighbours():
    f = parse_function("x/(1+exp(x)) + sqrt(x^2+y^2)")
    points = np.array([[709.0, 1.0], [1.0, 2.0], [1e-200, 1e-200], [40.0, 0.0]])
    together, hessians = f.gradients(points), f.hessians(points)
    for k, point in enumerate(points):
        assert f.gradients(point).tolist() == together[k].tolist()
        assert f.hessians(point).tolist() == hessians[k].tolist()


def test_rows_that_float64_loses_are_exact():
    f = parse_function("exp(x)/(1+exp(x))")
    points = np.array([[300.0], [40.0], [-700.0]])
    assert f.gradients(points).tolist() == [f.gradient(point) for point in points.tolist()]
    assert parse_function("log(cosh(x))").values(np.array([[1000.0]])) == [999.3068528194401]
    values, slopes = parse_function("1e308*x + 1e308*y").value_gradients(np.array([[1.0, 1.0]]))
    assert (values.tolist(), slopes.tolist()) == ([np.inf], [[1e308, 1e308]])


def test_zeros_of_idle_units_are_not_worked_out_again():
    f = parse_function("relu(w*x + b)^2")
    found, bounds = f.gradients_with_bounds(np.array([[1.0, -2.0, 0.5]]))
    assert found.tolist() == bounds.tolist() == [[0, 0, 0]]


def test_constants_that_have_no_value_are_found_in_many_points_too():
    assert np.isnan(parse_function("sigmoid(log(-1))*x").gradients(np.array([[1.0], [2.0]]))).all()
    assert np.isnan(parse_function("relu(log(erf(-1))) + x").gradients(np.array([[1.0]]))).all()
