"""Columns of tables against numpy and fractions, however their rows are cut."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import probability
from aimath.core.probability._columns import ColumnsAccumulator, quantile_name
from aimath.core.probability._describe import quantiles_of_rows
from aimath.errors import InputError

LEVELS = (0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0)
TEXTS = st.sampled_from(["a", "b", "ä", "a long one" * 9, None])
NUMBERS = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan))


def through_a_file(accumulator):
    held = io.BytesIO()
    np.savez(held, **accumulator.state())
    held.seek(0)
    return ColumnsAccumulator.of_state(dict(np.load(held)))


@given(
    st.lists(st.tuples(NUMBERS, TEXTS, NUMBERS), min_size=1, max_size=30),
    st.lists(st.integers(0, 30), max_size=4),
)
def test_columns_are_the_same_however_rows_are_cut_and_merged(rows, cuts):
    names = ("x", "text", "y")

    def accumulated(part):
        found = ColumnsAccumulator()
        for k in range(0, len(part), 4):
            x, text, y = zip(*part[k : k + 4], strict=True)
            found.update_columns(names, [np.array(x), list(text), np.array(y)])
        return found

    whole = accumulated(rows).result(1.0, LEVELS)
    ends = sorted(min(cut, len(rows)) for cut in (0, *cuts, len(rows)))
    found = ColumnsAccumulator()
    for k in range(len(ends) - 1):
        part = accumulated(rows[ends[k] : ends[k + 1]])
        found.merge(through_a_file(part) if part.names else part)
    merged = found.result(1.0, LEVELS)
    for name in set(whole._fields) - {"plain", "levels"}:
        one, other = np.asarray(getattr(merged, name)), np.asarray(getattr(whole, name))
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
    assert merged.check().holds.all()


def test_columns_are_those_of_numpy():
    rng = np.random.default_rng(0)
    table = rng.normal([0, 1e8, -3], [1, 2, 1e-3], (501, 3))
    table[rng.random(table.shape) < 0.1] = np.nan
    found = probability.describe(table, ddof=1, quantiles=LEVELS, each_column=True)
    there = [column[~np.isnan(column)] for column in table.T]
    assert found.column.tolist() == ["1", "2", "3"]
    assert found.count.tolist() == [len(column) for column in there]
    assert found.missing.tolist() == [501 - len(column) for column in there]
    assert found.mean == near([math.fsum(column) / len(column) for column in there], 1e-15)
    assert found.std == near([column.std(ddof=1) for column in there], 1e-9)
    assert found.stderr == near([column.std(ddof=1) / len(column) ** 0.5 for column in there], 1e-9)
    assert found.quantiles == near(np.array([np.quantile(column, LEVELS) for column in there]), 1e-13)
    assert found.median == near([np.median(column) for column in there], 1e-15)
    assert (found.min == [column.min() for column in there]).all()
    assert (found.max == [column.max() for column in there]).all()
    assert not found.quantile_error.any()


def test_what_has_no_value_is_nan():
    found = ColumnsAccumulator()
    found.update_columns(["one", "none", "text"], [np.array([3.0]), np.array([np.nan]), ["a"]])
    result = found.result(1)
    assert np.isnan(result.stderr).all()
    assert result.mean.tolist()[0] == 3
    assert np.isnan(result.mean[1:]).all()
    assert result.count.tolist() == [1, 0, 1]
    assert result.unique.tolist()[2] == 1
    assert (result.top.tolist(), result.missing.tolist()) == (["", "", "a"], [0, 1, 0])


def test_the_most_frequent_text_is_the_first_of_several_and_cut_where_it_is_long():
    found = ColumnsAccumulator()
    found.update_columns(["t"], [["b", "a", "a", None, "b"]])
    assert (found.result().top[0], found.result().unique[0]) == ("b", 2)
    found.update_columns(["t"], [["x" * 100] * 3])
    assert found.result().top[0] == "x" * 39 + "…"


def test_tables_of_other_columns_do_not_go_together():
    one, other = ColumnsAccumulator(), ColumnsAccumulator()
    one.update([[1.0, 2.0]])
    other.update([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="different columns"):
        one.merge(other)
    with pytest.raises(InputError, match="3 columns where the first has 2"):
        one.update([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="no rows"):
        ColumnsAccumulator().result()


# Quantiles and standard errors of vectors


@given(
    st.lists(
        st.one_of(st.floats(-1e9, 1e9), st.sampled_from([1.7e308, -1.7e308, 5e-324])), min_size=1, max_size=40
    )
)
def test_quantiles_of_vectors_are_those_of_columns(values):
    exact = probability.describe(np.array(values)[:, None], quantiles=LEVELS, each_column=True)
    found = probability.describe(values, quantiles=LEVELS)
    assert np.allclose(found.quantiles, exact.quantiles[0], rtol=1e-15, atol=1e-320)
    assert np.allclose(found.median, exact.median[0], rtol=1e-15, atol=1e-320)  # a unit of the least floats


def test_quantiles_of_a_batch_are_those_of_each():
    rows = np.random.default_rng(0).normal(size=(4, 3, 17))
    found = quantiles_of_rows(rows, LEVELS)
    assert found == near(np.moveaxis(np.quantile(rows, LEVELS, axis=-1), 0, -1), 1e-13)


def test_the_standard_error_is_scipy_s():
    stats = pytest.importorskip("scipy.stats")
    for ddof in (0, 1, 2):
        for scale in (1.0, 1e-300, 1e200):
            x = np.random.default_rng(3).normal(size=9)
            assert probability.describe(x * scale, ddof).stderr == near(stats.sem(x) * scale, 1e-14)
    assert np.isnan(probability.describe([3]).stderr)


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (0.05, "p5"),
        (0.5, "median"),
        (0.999, "p99.9"),
        (0.1, "p10"),
        (1.0, "p100"),
        (0.0, "p0"),
        (1e-05, "p0.001"),
    ],
)
def test_names_of_quantiles(level, name):
    assert quantile_name(level) == name


@pytest.mark.parametrize("level", [-0.1, 1.5, math.nan])
def test_levels_outside_0_and_1_are_refused(level):
    with pytest.raises(InputError, match="quantiles must be 0 to 1"):
        probability.describe([1, 2], quantiles=[level])
