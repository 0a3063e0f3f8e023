"""Scatter plots: classes by sign, colour and legend."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tests.render.reading import Picture

from aimath.render.plots._scatter import class_signs, commonest, draw_scatter
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width

RNG = np.random.default_rng(3)
POINTS = RNG.standard_normal((60, 2)) * [5, 1]
NAMES = [str(k % 3) for k in range(60)]


def lines_of(points=POINTS, names=NAMES, axes=("PC1", "PC2"), notes=(), width=80, **how):
    return draw_scatter(points, names, axes, notes, LayoutOptions(width=width, **how), width)


def test_each_class_has_its_sign_its_colour_and_its_line_in_the_legend():
    lines = lines_of(notes=("said below",))
    texts = [line.text for line in lines]
    assert texts[-2:] == [" 0 20 rows   1 20 rows   2 20 rows", " said below"]
    styles = {}
    for line in lines[1:-4]:
        for text, style in line.spans[1:]:
            for sign in text.strip():
                styles.setdefault(sign, set()).add(style)
    assert set(styles) == {"0", "1", "2"}
    assert all(len(found) == 1 for found in styles.values())
    assert len(set.union(*styles.values())) == 3
    legend = {text.split()[0]: style for text, style in lines[-2].spans if text.strip()}
    assert {sign: {style} for sign, style in legend.items()} == styles


def test_points_stand_where_their_numbers_are():
    picture = Picture([line.text for line in lines_of()])
    for sign in "012":
        mine = POINTS[[name == sign for name in NAMES]]
        places = picture.signs(sign)
        assert 0 < len(places) <= len(mine)
        for c, r in places:
            off = np.abs(
                (mine - [picture.x(c + 0.5), picture.y(r + 0.5)]) / [picture.x_cell(), picture.y_cell()]
            )
            assert off.max(axis=1).min() < 1.6


def test_the_commonest_class_of_a_cell_is_drawn():
    which = np.array([0, 1, 1, 0, 2])
    rows, columns = np.array([0, 0, 0, 1, -1]), np.array([0, 0, 0, 1, 0])
    assert commonest(rows, columns, which) == {(0, 0): 1, (1, 1): 0}


def test_classes_that_begin_alike_have_letters_which_the_legend_explains():
    names = ["cat", "cow", "dog"] * 20
    texts = [line.text for line in lines_of(names=names)]
    assert texts[-1] == " a cat: 20 rows   b cow: 20 rows   c dog: 20 rows"
    counts = Counter("".join(texts[1:13]))
    assert all(counts[sign] for sign in "abc")


@pytest.mark.parametrize("names", [["\x1b[31m", "b"], ["猫", "b"], [" ", "b"], ["é", "b"]])
def test_signs_fill_one_cell_and_move_no_terminal(names):
    for layout in (LayoutOptions(), LayoutOptions(ascii_only=True)):
        signs = class_signs(names, layout)
        assert set(signs) == set(names)
        assert all(len(sign) == display_width(sign) == 1 and sign.isprintable() for sign in signs.values())
        assert len(set(signs.values())) == 2
        assert not layout.ascii_only or all(sign.isascii() for sign in signs.values())


def test_without_classes_points_are_dots():
    picture = Picture([line.text for line in lines_of(names=())])
    assert len(POINTS) * 0.8 < len(picture.dots()) <= len(POINTS)


def test_one_coordinate_is_a_line_and_infinite_points_are_counted():
    texts = [line.text for line in lines_of(POINTS[:, :1], axes=("PC1", ""))]
    assert len(texts) == 5
    far = POINTS.copy()
    far[0] = np.inf
    assert " … 1 at infinity" in [line.text for line in lines_of(far)]
    assert [line.text for line in lines_of(far[:1], names=["0"])] == [" … 1 at infinity"]


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("names", [NAMES, (), [f"class number {k}" for k in range(60)]])
def test_a_scatter_plot_fits(width, names):
    for how in ({}, {"ascii_only": True}):
        texts = [line.text for line in lines_of(names=names, width=width, **how)]
        assert max(map(display_width, texts)) <= width
        assert not how or all(text.isascii() for text in texts)


def test_ten_classes_differ_by_sign_and_by_colour():
    lines = lines_of(names=[str(k % 10) for k in range(60)])
    legend = {text.split()[0]: style for line in lines[-3:] for text, style in line.spans if " rows" in text}
    assert [*legend] == [*"0123456789"]
    assert len({*legend.values()}) == 10
