"""Counts of categories, however rows are cut; conditional entropy at its ends."""

from __future__ import annotations

import io
import math
from collections import Counter
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from tests.digits import near

from aimath.core import information
from aimath.core.information import _categories
from aimath.core.information._categories import CategoriesAccumulator
from aimath.errors import InputError

WORDS = st.sampled_from(["cat", "dog", "", "1", "10", "9", "a,b", "\x1b[31m", "é", None])
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 10.0, 9.0, 2.5, -1e-300, math.inf, math.nan])


@given(st.lists(st.tuples(WORDS, NUMBERS), min_size=1, max_size=30), st.integers(0, 30), st.booleans())
def test_counts_are_those_of_a_counter_however_rows_are_cut(rows, cut, stored):
    texts, numbers = [a for a, _ in rows], np.array([b for _, b in rows])
    parts = []
    for part in (slice(0, cut), slice(cut, None)):
        found = CategoriesAccumulator(2)
        found.update([texts[part], numbers[part]])
        if stored and "\x00" not in "".join(filter(None, texts)):
            kept = io.BytesIO()
            np.savez(kept, **found.state())
            kept.seek(0)
            found = CategoriesAccumulator.of_state(np.load(kept))
        parts.append(found)
    parts[1].merge(parts[0])
    wanted = Counter((a, b + 0.0) for a, b in rows if a is not None and not math.isnan(b))
    if not wanted:
        with pytest.raises(InputError, match="all rows are missing"):
            parts[1].result()
        return
    found = parts[1].result()
    assert (found.rows, found.missing) == (sum(wanted.values()), len(rows) - sum(wanted.values()))
    assert found.counts.sum() == found.rows
    for i, a in enumerate(found.names[0]):
        for j, b in enumerate(found.names[1]):
            assert found.counts[i, j] == wanted[a, float(b)]
    assert [*found.names[1]] == sorted(found.names[1], key=float)


def test_categories_of_two_columns_are_aligned():
    one, other = CategoriesAccumulator(), CategoriesAccumulator()
    one.update([["cat", "dog", "cat"]])
    other.update([["cow", "cat"]])
    names, p, q = information.align_categories(one.result(), other.result())
    assert (names, p.tolist(), q.tolist()) == (("cat", "cow", "dog"), [2, 0, 1], [1, 1, 0])


def test_too_many_categories_are_refused(monkeypatch):
    monkeypatch.setattr(_categories, "MAX_DISTINCT", 10)
    monkeypatch.setattr(_categories, "MAX_TABLE", 60)
    found = CategoriesAccumulator(2)
    found.update([np.arange(8.0), np.arange(8.0)])
    with pytest.raises(InputError, match="a table of 8 x 8 categories is too large"):
        found.result()
    with pytest.raises(InputError, match="too many to count"):
        found.update([np.arange(8.0), np.zeros(8)])
    with pytest.raises(InputError, match="don't go together"):
        found.merge(CategoriesAccumulator(1))
    with pytest.raises(InputError, match="1 columns are given"):
        found.update([np.zeros(1)])
    with pytest.raises(InputError, match="no rows to count"):
        CategoriesAccumulator().result()


@pytest.mark.parametrize("rare", [1.0, 1e-8, 1e-300])
def test_what_is_left_uncertain_keeps_its_digits(rare):
    table = np.array([[1.0, rare, 0.0], [0.0, 2.0, rare]])
    found = information.mutual_information(table, math.e, normalize=True)
    with mp.workdps(400):
        exact = [[mp.mpf(x) for x in row] for row in table.tolist()]
        whole = mp.fsum(x for row in exact for x in row)
        left = mp.fsum(x * mp.log(mp.fsum(row) / x) for row in exact for x in row if x) / whole
    assert float(abs(mp.mpf(float(found.conditional_entropy)) - left) / left) < 8 * 2.0**-52


def test_the_ends_of_conditional_entropy_and_of_nmi():
    same = information.mutual_information([[3, 0], [0, 1]], normalize=True)
    assert (same.conditional_entropy, same.nmi) == (0.0, 1.0)
    apart = information.mutual_information([[1, 1], [1, 1]], normalize=True)
    assert (apart.conditional_entropy, apart.nmi) == (1.0, 0.0)
    alone = information.mutual_information([[5]], normalize=True)
    assert alone.conditional_entropy == 0.0
    assert math.isnan(alone.nmi)


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=4))
def test_conditional_entropy_and_information_make_the_column_entropy(rows):
    table = np.array(rows, float)
    if not table.any():
        return
    found = information.mutual_information(table, math.e, normalize=True)
    share = [Fraction(int(x), int(table.sum())) for x in table.sum(axis=0)]
    own = float(-mp.fsum(x * mp.log(x) for x in map(mp.mpf, map(float, share)) if x))
    assert found.conditional_entropy + found.mutual_information == pytest.approx(own, rel=1e-13, abs=1e-15)
    assert 0.0 <= found.conditional_entropy <= found.column_entropy + 1e-15
    mean = (found.row_entropy + found.column_entropy) / 2
    assert (
        math.isnan(found.nmi)
        if mean == 0
        else found.nmi == near(min(found.mutual_information / mean, 1.0), 1e-15)
    )
