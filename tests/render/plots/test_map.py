"""Maps of classes: each place in the shade of its class, points by the sign of theirs."""

from __future__ import annotations

import numpy as np
import pytest

from aimath.render.plots._map import COLUMNS, ROWS, draw_map
from aimath.render.report_view import LayoutOptions

NAMES = ("a", "b", "c")
GIVEN = np.repeat([[0, 1, 2]], 3, axis=0)  # three upright bands


def drawn(places, classes, width=80, **options):
    points = np.array(places, np.float64).reshape(-1, 2), np.array(classes, np.intp)
    layout = LayoutOptions(**options)
    lines = draw_map(GIVEN, NAMES, points, (-1.0, 1.0, -1.0, 1.0), ["said"], layout, width)
    return lines[:ROWS], [line.text for line in lines[ROWS:]]


@pytest.mark.parametrize("width", [20, 54, 200])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_each_place_has_the_shade_of_its_class(width, ascii_only):
    rows, below = drawn([], [], width, ascii_only=ascii_only)
    columns = min(width, COLUMNS)
    assert {line.text for line in rows} == {rows[0].text}
    text = rows[0].text.ljust(columns)
    shades = dict.fromkeys(text)
    assert len(shades) == 3
    for column, sign in enumerate(text):
        assert sign == [*shades][column * 3 // columns]
    assert "said" in below[-1]
    assert not ascii_only or all(line.text.isascii() for line in rows)


def test_points_stand_where_they_are_up_is_up():
    rows, _ = drawn([(-0.99, 0.99), (0.99, -0.99), (0.0, 0.0)], [0, 2, 1])
    texts = [line.text for line in rows]
    assert texts[0][0] == "a"
    assert texts[-1][-1] == "c"
    assert texts[ROWS // 2][COLUMNS // 2] == "b"
    assert sum(text.count(sign) for text in texts for sign in "abc") == 3


def test_a_point_on_another_class_is_red_and_one_outside_isnt_drawn():
    rows, _ = drawn([(-0.9, 0.0), (0.9, 0.0), (5.0, 0.0), (-1.0, -7.0)], [0, 0, 1, 1])
    styles = {text: style for line in rows for text, style in line.spans if text.strip() == "a"}
    marked = [style for line in rows for text, style in line.spans if "a" in text]
    assert any("red" in style for style in marked)
    assert any("red" not in style for style in marked) or styles
    assert not any("b" in line.text for line in rows)


def test_points_on_another_s_ground_are_counted_and_blank_ground_is_named():
    given = np.array([[0, 1], [0, 1]])
    places, edges = np.array([[-0.5, 0.5], [0.5, 0.5]]), (-1.0, 1.0, -1.0, 1.0)
    for classes, said in (
        ([0, 1], ""),
        ([1, 1], "1 sign on another's ground"),
        ([1, 0], "2 signs on another's ground"),
    ):
        lines = draw_map(given, ("x", "y"), (places, np.array(classes)), edges, (), LayoutOptions(), 40)
        text = "\n".join(line.text for line in lines)
        assert (said in text) if said else ("another's" not in text)
        assert "x (blank)" in text
