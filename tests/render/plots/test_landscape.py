"""Landscapes of descents: the whole valley, its contours, and the joined way."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from tests.digits import near
from tests.render.reading import Picture

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.render.plots._landscape import Way, contour_levels, contours, draw_landscape
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width


def walked(text, start, width=80, wanted=LayoutOptions(), **options):  # noqa: B008  immutable
    f = parse_function(text)
    found = optim.minimize(f, start, **options)
    way = Way(*found.whole_run())
    return [line.text for line in draw_landscape([way], found.values_at, f.variables, wanted, width)]


def test_a_curve_has_its_start_its_end_and_its_steps():
    lines = walked("(w-3)^2", [10.0], steps=5)
    picture = Picture(lines)
    for sign, w in (("S", 10.0), ("E", 3 + 7 * 0.8**5)):
        ((column, row),) = picture.signs(sign)
        assert picture.x(column + 0.5) == pytest.approx(w, abs=1.5 * picture.x_cell())
        assert picture.y(row + 0.5) == pytest.approx((w - 3) ** 2, abs=1.5 * picture.y_cell())
    assert len(picture.signs("o")) == 4
    assert lines[-1] == " S start   E end   o between"


@pytest.mark.parametrize(
    ("text", "start", "minimum"), [("(w-3)^2", [10.0], 3.0), ("w^4-w", [2.0], 0.63), ("cosh(w)", [-2.0], 0.0)]
)
def test_the_whole_valley_is_in_the_frame(text, start, minimum):
    picture = Picture(walked(text, start, lr=0.01, steps=30))
    f = parse_function(text)
    left, right = picture.x(0), picture.x(picture.width)
    assert min(left, right) < minimum < max(left, right)
    top = f(start)
    assert f([left]) >= top * 0.7
    assert f([right]) >= top * 0.7  # on both sides it is as high as where the way began


def test_the_end_is_seen_though_many_steps_are_in_its_cell():
    picture = Picture(walked("(w-3)^2", [10.0], steps=500))
    assert len(picture.signs("E")) == 1


def test_of_a_map_the_way_is_joined_and_both_axes_have_one_scale():
    lines = walked("(x-1)^2+10*y^2", [9.0, 2.0], lr=0.08, steps=10)
    picture = Picture(lines)
    assert picture.y_cell() == near(2 * picture.x_cell(), 0.15)  # a cell is twice as high as wide
    ((c, r),), ((c2, r2),) = picture.signs("S"), picture.signs("E")
    assert picture.x(c + 0.5) == pytest.approx(9.0, abs=1.5 * picture.x_cell())
    assert picture.y(r + 0.5) == pytest.approx(2.0, abs=1.5 * picture.y_cell())
    assert picture.x(c2 + 0.5) == pytest.approx(1 + 8 * 0.84**10, abs=1.5 * picture.x_cell())
    assert (c2, r2) != (c, r)
    assert "scale of their own" not in lines[-1]
    left, right = picture.x(0), picture.x(picture.width)
    assert left < 1 - 8
    assert right > 9  # the valley reaches as far beyond the minimum


def test_ways_of_several_have_letters_at_their_ends_and_one_that_diverged_stretches_nothing():
    found = optim.race("x^2+9*y^2", [3.0, 1.0], lr=0.23, optimizers=["gd", "rmsprop"])
    f = parse_function("x^2+9*y^2")
    ways = [
        Way(*path.whole_run(), name, path.status == "diverged")
        for name, path in zip(found.optimizer.tolist(), found.source.paths, strict=True)
    ]
    assert [way.failed for way in ways] == [True, False]
    texts = [
        line.text
        for line in draw_landscape(ways, found.source.paths[0].values_at, f.variables, LayoutOptions(), 80)
    ]
    assert " S start   a gd   b rmsprop" in texts
    picture = Picture(texts)
    largest = max(np.abs(way.points).max() for way in ways[1:])
    assert max(abs(picture.x(0)), abs(picture.x(picture.width))) < 3 * largest
    for letter, way in zip("b", ways[1:], strict=True):
        ((c, r),) = picture.signs(letter)
        off = np.abs(
            (way.points - [picture.x(c + 0.5), picture.y(r + 0.5)]) / [picture.x_cell(), picture.y_cell()]
        )
        assert off.max(axis=1).min() < 1.6
    assert len(picture.signs("S")) == 1
    assert texts[-1] == " cut at the frame: gd diverged"


@pytest.mark.parametrize(("width", "count"), [(110, 3), (80, 3), (60, 2), (40, 2), (24, 1)])
def test_of_more_than_two_ways_each_has_a_map_of_the_same_part_and_its_end_there(width, count):
    found = optim.race("x^2/40+5*y^2", [2.0, 0.5], lr=0.1)
    paths = found.source.paths
    ways = [
        Way(path.whole_run()[0], path.whole_run()[1], name)
        for name, path in zip(found.optimizer.tolist(), paths, strict=True)
    ]
    lines = [
        line.text for line in draw_landscape(ways, paths[0].values_at, ("x", "y"), LayoutOptions(), width)
    ]
    assert max(map(len, lines)) <= width
    wide = (width - 2 * (count - 1)) // count
    starts = [k for k, line in enumerate(lines) if line.startswith(tuple(f" {x} " for x in "abcdef"))]
    maps = [
        [line[k * (wide + 2) : k * (wide + 2) + wide] for line in lines[start : start + 13]]
        for start in starts
        for k in range(count)
    ]
    assert [part[0].strip() for part in maps] == [
        f"{letter} {way.name}" for letter, way in zip("abcdef", ways, strict=True)
    ]
    ends = set()
    for part, way in zip(maps, ways, strict=True):
        picture = Picture(part)
        ((c, r),) = picture.signs("E")
        off = (way.points - [picture.x(c + 0.5), picture.y(r + 0.5)]) / [picture.x_cell(), picture.y_cell()]
        assert np.abs(off).max(axis=1).min() < 1.6
        assert len(picture.signs("S")) == 1
        ends.add((picture.x(0), picture.x(picture.width)))
    assert len(ends) == 1


def test_a_minimum_in_the_middle_is_in_the_row_that_leads_to_it():
    picture = Picture(walked("x^2+4*y^2", [4.0, 2.0], lr=0.1, steps=20))
    ((_, row),) = picture.signs("E")
    steps = sorted(picture.signs("o"))
    assert [r for _, r in steps[:5]] == [row] * 5


def test_contours_stand_where_the_function_has_their_levels():
    lines = walked("x^2+y^2", [3.0, 2.0], lr=0.1, steps=3)
    levels = [float(part) for part in lines[-1].partition("=")[2].split(",")]
    picture = Picture(lines)
    assert levels == sorted(set(levels))
    dots = [(picture.x(c), picture.y(r)) for c, r in picture.dots()]
    way = np.array([[3.0 * 0.8**k, 2.0 * 0.8**k] for k in np.linspace(0, 3, 200)])
    off = [(x, y) for x, y in dots if np.hypot(*(way - [x, y]).T).min() > 2 * picture.y_cell()]
    assert len(off) > 50
    for x, y in off:
        assert min(abs(np.hypot(x, y) - np.sqrt(level)) for level in levels) < picture.y_cell()


def test_where_one_scale_would_hide_the_way_each_axis_has_its_own_and_that_is_said():
    lines = walked("x^2+1e6*y^2", [1.0, 0.001], lr=1e-7, steps=5)
    assert lines[-1] == " x and y each have a scale of their own"


def test_the_edges_of_bands_are_contours():
    values = np.arange(6.0)[np.newaxis].repeat(4, axis=0)
    assert contours(values, [2.5]).nonzero()[1].tolist() == [2] * 4
    assert contours(values.T, [2.5]).nonzero()[0].tolist() == [2] * 4
    assert contours(values, [2.5], 2).nonzero()[0].tolist() == [0, 2]


def test_levels_are_round_and_between_the_least_and_the_most():
    for scale, offset in product([1e-9, 1.0, 1e9], [0.0, 3.0]):
        values = scale * (np.linspace(-3, 3, 50) ** 2 + offset)
        levels = contour_levels(values, values[:5])
        assert 2 <= len(levels) <= 6
        assert all(values.min() < level < values.max() for level in levels)
        assert all(len(f"{level:.6g}".replace(".", "").partition("e")[0].strip("0")) <= 2 for level in levels)


def test_a_function_that_is_flat_has_no_contours():
    assert contour_levels(np.ones((3, 3)), np.ones(2)) == []


def test_places_without_a_value_are_marked():
    way = Way(np.array([[1.0, 0.5], [0.2, 0.1]]), np.array([1.25, 0.05]))
    evaluate = lambda x, y: np.add.outer(y**2, np.where(x < 0, np.nan, x**2))  # noqa: E731
    lines = [line.text for line in draw_landscape([way], evaluate, ["x", "y"], LayoutOptions(), 80)]
    assert lines[-1] == " ? has no value"
    picture = Picture(lines)
    assert len(picture.signs("?")) >= picture.height
    assert all(picture.x(c + 0.5) < picture.x_cell() for c, _ in picture.signs("?"))


@pytest.mark.parametrize(("width", "size"), list(product([20, 33, 80], [1e-300, 1.0, 1e150])))
def test_a_map_fits_whatever_its_numbers(width, size):
    lines = walked(
        f"(x/{size!r})^2 + (y/{size!r})^2",
        [size, -2 * size],
        width=width,
        lr=0.1 * min(size, 1.0) ** 2 or 1e-300,
    )
    assert max(map(display_width, lines)) <= width
    canvas = "".join(line for line in lines if "│" in line or "┤" in line)
    assert canvas.count("E") == 1
    assert canvas.count("S") == (size == 1.0)  # elsewhere a step is too small to leave its cell


@pytest.mark.parametrize("text", ["w*1e-300", "w^2*1e300", "0*w", "exp(w)"])
def test_a_way_without_extent_or_in_a_steep_place_is_drawn(text):
    lines = walked(text, [1.0], steps=0)
    assert any("E" in line for line in lines)


def test_names_of_variables_move_no_terminal_and_ascii_is_ascii():
    points = np.array([[0.0, 0.0], [1.0, 1.0]])
    way = Way(points, np.array([2.0, 1.0]))
    wanted = LayoutOptions(ascii_only=True)
    evaluate = lambda x, y: np.add.outer(y**2, x**2)  # noqa: E731
    lines = [line.text for line in draw_landscape([way], evaluate, ["\x1b[31m", "y"], wanted, 60)]
    assert "\x1b" not in "".join(lines)
    assert "".join(lines).isascii()


@pytest.mark.parametrize("width", [40, 80])
def test_a_flat_valley_has_rows_enough(width):
    found = optim.race(parse_function("x^2/40+5*y^2"), [2.0, 0.5])
    paths = found.source.paths
    ways = [Way(*path.whole_run(), name) for name, path in zip(found.optimizer.tolist(), paths, strict=True)]
    drawn = draw_landscape(ways, paths[0].values_at, ("x", "y"), LayoutOptions(width=width), width)
    lines = [line.text for line in drawn]
    assert Picture(lines).height >= 12
    assert "x and y each have a scale of their own" in " ".join(line.strip() for line in lines)


def test_the_lowest_point_of_a_map_has_a_sign():
    lines = walked("x^2+4*y^2", [4.0, 2.0], steps=20)
    picture = Picture(lines)
    ((column, row),) = picture.signs("*")
    assert picture.x(column + 0.5) == pytest.approx(0.0, abs=picture.x_cell())
    assert picture.y(row + 0.5) == pytest.approx(0.0, abs=picture.y_cell())
    assert " * lowest point of the map" in lines


def test_the_lowest_point_is_said_where_a_sign_stands_on_it_and_isnt_an_edge():
    reached = walked("x^2+10*y^2", [3.0, 2.0], lr=0.04, steps=400)
    assert " lowest point of the map: at E" in reached
    assert not any("lowest" in line for line in walked("x+2*y", [3.0, 2.0], lr=0.04, steps=4))
