"""Dots in cells: Braille, half blocks and ASCII."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.render.plots._canvas import Canvas, joined, thin
from aimath.render.report_view import LayoutOptions

BRAILLE, BLOCKS, ASCII = LayoutOptions(), LayoutOptions(braille=False), LayoutOptions(ascii_only=True)


def texts(canvas):
    return [line.text for line in canvas.lines()]


def test_each_dot_has_the_sign_that_unicode_names_after_it():
    numbers = {(0, 0): 1, (0, 1): 2, (0, 2): 3, (1, 0): 4, (1, 1): 5, (1, 2): 6, (0, 3): 7, (1, 3): 8}
    for (column, row), number in numbers.items():
        canvas = Canvas(1, 1, BRAILLE)
        canvas.dots((np.array([column]), np.array([row])), "")
        assert unicodedata.name(texts(canvas)[0]) == f"BRAILLE PATTERN DOTS-{number}"


@pytest.mark.parametrize(("layout", "signs"), [(BLOCKS, "▀▄█"), (ASCII, "'.:")])
def test_without_braille_a_cell_has_two_dots(layout, signs):
    for rows, sign in (([0], signs[0]), ([1], signs[1]), ([0, 1], signs[2])):
        canvas = Canvas(1, 1, layout)
        canvas.dots((np.zeros(len(rows), int), np.array(rows)), "")
        assert texts(canvas) == [sign]


def test_dots_outside_are_left_out_and_layers_add_up():
    canvas = Canvas(2, 1, BRAILLE)
    canvas.dots((np.array([0, -1, 4, 0]), np.array([0, 0, 0, 4])), "red")
    canvas.dots((np.array([1, 3]), np.array([3, 3])), "cyan")
    assert texts(canvas) == ["⢁⢀"]
    assert canvas.lines()[0].spans == (("⢁⢀", "cyan"),)
    canvas.dots((np.array([0]), np.array([1])), "green", alone=True)
    assert texts(canvas) == ["⠂⢀"]


PLACES = st.floats(-200, 200)


@given(st.lists(st.tuples(PLACES, PLACES), min_size=2, max_size=6))
def test_a_line_has_no_gap_within_the_canvas(points):
    columns, rows = np.array(points).T
    x, y = joined(columns, rows, (60, 40))
    drawn = {(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True) if 0 <= a < 60 and 0 <= b < 40}
    for k in range(len(points) - 1):
        for share in np.linspace(0, 1, 301):
            a = columns[k] * (1 - share) + columns[k + 1] * share
            b = rows[k] * (1 - share) + rows[k + 1] * share
            if 1 <= a <= 58 and 1 <= b <= 38:
                assert any(abs(a - c) <= 1.01 and abs(b - d) <= 1.01 for c, d in drawn)


def test_a_line_breaks_at_what_is_no_number_and_costs_nothing_far_outside():
    x, y = joined(np.array([0.0, np.nan, 10.0]), np.array([0.0, 0.0, 0.0]), (20, 4))
    assert sorted(zip(x.tolist(), y.tolist(), strict=True)) == [(0, 0), (10, 0)]
    x, y = joined(np.array([0.0, 10.0]), np.array([0.0, 1e12]), (20, 4))
    assert len(x) < 20


def test_of_many_points_a_column_keeps_its_lowest_and_highest():
    x = np.arange(10_000.0)
    y = np.random.default_rng(1).standard_normal(len(x))
    columns = (x / 1000).astype(int)
    few_x, few_y = thin(x, y, columns)
    assert len(few_x) == 40
    for column in range(10):
        part = y[columns == column]
        kept = few_y[(few_x // 1000) == column]
        assert kept.tolist() == [part[0], part.min(), part.max(), part[-1]]


@given(st.lists(st.floats(0, 5), min_size=3, max_size=3))
def test_columns_are_as_high_as_said_in_eighths(heights):
    canvas = Canvas(3, 5, BRAILLE)
    canvas.columns(np.array(heights), "cyan")
    rows = [line.ljust(3) for line in texts(canvas)]
    for k, height in enumerate(heights):
        eighths = sum(" ▁▂▃▄▅▆▇█".index(row[k]) for row in rows)
        assert abs(eighths / 8 - height) <= 1 / 16


def test_text_is_cut_at_the_edges_and_makes_cells_taken():
    canvas = Canvas(4, 2, BRAILLE)
    assert canvas.free(0, 0, 4)
    canvas.text(0, 2, "abc", "")
    canvas.text(5, 0, "x", "")
    assert texts(canvas) == ["  ab", ""]
    assert canvas.free(0, 0, 2)
    assert not canvas.free(0, 1, 2)
    assert not canvas.free(0, -1, 2)
    assert not canvas.free(1, 3, 2)
