"""Accumulators: the same whatever the blocks and the order of merging, against fractions and numpy."""

from __future__ import annotations

import io
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from tests.digits import near

from aimath.core.numerics.accumulators import (
    MomentsAccumulator,
    QuantileAccumulator,
    combine_states,
    part_of_state,
)
from aimath.core.numerics.cells import interpolate
from aimath.errors import InputError

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ANY = st.one_of(FLOATS, st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1.7e308, 1.0]))
NARROW = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))


@st.composite
def cut_rows(draw, entries, columns=3):
    """Rows with a way to cut them in parts, each a list of blocks."""
    c = draw(st.integers(1, columns))
    rows = draw(st.lists(st.lists(entries, min_size=c, max_size=c), max_size=40))
    table = np.array(rows, np.float64).reshape(-1, c)
    cuts = sorted(draw(st.lists(st.integers(0, len(table)), max_size=5)))
    return table, np.split(table, cuts), draw(st.randoms(use_true_random=False))


def through_a_file(accumulator):
    """The accumulator of a state that was written and read back."""
    held = io.BytesIO()
    np.savez(held, **accumulator.state())
    held.seek(0)
    return type(accumulator).of_state(dict(np.load(held)))


def merged(parts, make, chance):
    """One accumulator of several parts, each of its own and merged two at a time in any order."""
    held = []
    for part in parts:
        one = make()
        one.update(part)
        held.append(one)
    while len(held) > 1:
        a = held.pop(chance.randrange(len(held)))
        b = held.pop(chance.randrange(len(held)))
        a.merge(through_a_file(b))
        held.append(a)
    return held[0] if held else make()


def same_arrays(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert np.array_equal(a[name], b[name], equal_nan=True), name


@given(cut_rows(ANY))
def test_moments_are_the_same_however_rows_are_cut_and_merged(case):
    table, parts, chance = case
    whole = MomentsAccumulator(table.shape[1])
    whole.update(table)
    found = merged(parts, lambda: MomentsAccumulator(table.shape[1]), chance)
    same_arrays(found.state(), whole.state())
    same_arrays(through_a_file(found).state(), whole.state())


@given(cut_rows(ANY))
def test_moments_are_those_of_fractions_rounded_once(case):
    table, parts, _ = case
    moments = MomentsAccumulator(table.shape[1])
    for part in parts:
        moments.update(part)
    found = moments.result()
    for k, column in enumerate(table.T):
        there = column[~np.isnan(column)]
        exact = [Fraction(x) for x in there[np.isfinite(there)].tolist()]
        assert found.counts[k] == len(there)
        if len(exact) < len(there):
            with np.errstate(invalid="ignore"):
                same(found.means[k], there[np.isinf(there)].sum())
            assert math.isnan(found.variances()[k])
            continue
        if not exact:
            assert math.isnan(found.means[k])
            assert math.isnan(found.min[k])
            continue
        mean = sum(exact) / len(exact)
        spread = sum((x - mean) ** 2 for x in exact)
        same(found.means[k], rounded(mean))
        assert (found.min[k], found.max[k]) == (there.min(), there.max())
        for ddof in (0, 1, 0.5):
            enough = len(exact) > ddof
            same(
                found.variances(ddof)[k],
                rounded(spread / (len(exact) - Fraction(ddof))) if enough else math.nan,
            )
        if len(exact) > 1:
            variance = rounded(spread / (len(exact) - 1))
            assert found.standard_errors()[k] == near(math.sqrt(variance / len(exact)), 1e-15)


def rounded(x):
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def same(a, b):
    assert a == b or (math.isnan(a) and math.isnan(b)), (a, b)


@pytest.mark.parametrize(
    ("scale", "count"), [(1.0, 70), (1e300, 70), (1e-310, 300), (1e-160, 70_000), (1.0, 300_000)]
)
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_moments_of_long_columns_are_those_of_integers(scale, count, offset):
    x = np.random.default_rng(count).normal(offset, 1, count) * scale
    moments = MomentsAccumulator(1)
    moments.update(x)
    found = moments.result()
    exact = [Fraction(v) for v in x[:3000].tolist()]
    if count <= len(exact):
        assert found.means[0] == rounded(sum(exact) / count)
        assert found.variances()[0] == rounded(sum(v * v for v in exact) / count - (sum(exact) / count) ** 2)
    else:
        parts = MomentsAccumulator(1)
        for block in np.array_split(x, len(x) // 50):  # too short for slices: by another route
            parts.update(block)
        assert (parts.result().sums, parts.result().squares) == (found.sums, found.squares)
        assert found.means[0] == near(math.fsum(x) / count, 1e-15)


def test_numbers_too_far_apart_for_slices_lose_nothing():
    x = np.array([1e300, 1.0, -1e300, 5e-324, 1e-200] * 20)
    moments = MomentsAccumulator(1)
    moments.update(x)
    exact = [Fraction(v) for v in x.tolist()]
    assert moments.result().sums[0] == sum(exact) * 2**1126
    assert moments.result().squares[0] == sum(v * v for v in exact) * 2**2252


@given(cut_rows(st.one_of(ANY, NARROW), columns=1), st.integers(1, 30))
def test_quantiles_are_the_same_however_numbers_are_cut_and_merged(case, capacity):
    table, parts, chance = case
    whole = QuantileAccumulator(capacity)
    whole.update(table)
    found = merged(parts, lambda: QuantileAccumulator(capacity), chance)
    same_arrays(found.state(), whole.state())
    same_arrays(through_a_file(found).state(), whole.state())
    assert found.count == np.count_nonzero(~np.isnan(table))


LEVELS = (0.0, 0.001, 0.05, 0.25, 0.3, 0.5, 0.7, 0.95, 0.999, 1.0)


@given(st.lists(NARROW, min_size=1, max_size=60))
def test_quantiles_that_fit_are_those_of_numpy(numbers):
    found = QuantileAccumulator()
    for number in numbers:
        found.update([number])
    values, errors = found.quantiles(LEVELS)
    assert not errors.any()
    assert values == pytest.approx(np.quantile(numbers, LEVELS), rel=1e-13, abs=1e-13)


@example([256.09375, 256.094], 1)  # the middle of a cell is rounded
@given(st.lists(st.one_of(FLOATS, NARROW), min_size=1, max_size=200), st.integers(1, 20))
def test_quantiles_that_do_not_fit_are_within_the_error_told(numbers, capacity):
    sketch, exact = QuantileAccumulator(capacity), QuantileAccumulator()
    for k in range(0, len(numbers), 7):
        sketch.update(numbers[k : k + 7])
        exact.update(numbers[k : k + 7])
    found, truth = sketch.quantiles(LEVELS), exact.quantiles(LEVELS)
    assert (np.abs(found.values / 2 - truth.values / 2) <= found.errors * (0.5 + 1e-12)).all()
    assert len(sketch.state()["keys"]) <= capacity
    if len(set(numbers)) <= capacity:
        assert not found.errors.any()


def test_quantiles_beside_an_infinity():
    found = QuantileAccumulator()
    found.update([1.0, math.inf, -math.inf, math.nan])
    values, _ = found.quantiles((0.0, 0.25, 0.5, 0.75, 1.0))
    assert values.tolist() == [-math.inf, -math.inf, 1.0, math.inf, math.inf]
    assert np.isnan(QuantileAccumulator().quantiles([0.5]).values).all()
    assert math.isnan(interpolate(-math.inf, math.inf, Fraction(1, 2)))


def test_a_level_is_the_decimal_that_is_typed():
    found = QuantileAccumulator()
    found.update(np.arange(11.0) * 1e17)
    assert found.quantiles([0.1]).values == [1e17]  # .1 as a float64 is above a tenth, and 10 · .1 above 1


@pytest.mark.slow
def test_cells_are_narrow_where_the_values_crowd():
    x = np.random.default_rng(0).normal(1e8, 1, 1_000_000)
    found = QuantileAccumulator(1 << 16)
    for block in np.array_split(x, 37):
        found.update(block)
    values, errors = found.quantiles((0.05, 0.5, 0.95))
    assert (errors > 0).all()
    assert errors.max() < 1e-3
    assert (np.abs(values - np.quantile(x, (0.05, 0.5, 0.95))) <= errors + 1e-7).all()


def test_accumulators_of_other_kinds_do_not_go_together():
    with pytest.raises(InputError, match="in 7 and in 8 cells"):
        QuantileAccumulator(8).merge(QuantileAccumulator(7))
    with pytest.raises(ValueError, match="zip"):
        MomentsAccumulator(2).merge(MomentsAccumulator(3))


def test_states_of_several_parts_are_one():
    parts = combine_states(a={"x": np.zeros(1)}, b={"x": np.ones(1), "y": np.ones(2)})
    assert list(parts) == ["a.x", "b.x", "b.y"]
    same_arrays(part_of_state(parts, "b"), {"x": np.ones(1), "y": np.ones(2)})
