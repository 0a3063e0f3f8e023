"""Plots in a terminal: bars, curves, clouds, and where descents went."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.core import optim
from aimath.core.calculus import parse_function
from aimath.render._plots import curve, descent_plot, sweep_plot
from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter
from aimath.report import Plot
from aimath.text import display_width


@pytest.fixture
def drawn():
    """Give the lines that --plot draws beside piped data."""

    def lines(*reports, **wanted):
        writer = PlotWriter(LayoutOptions(**wanted))
        return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()

    return lines


def test_bars(five, drawn):
    assert drawn(five, width=40) == [
        " the  0.233344  ████████▉", " cat  0.085842  ███▎", " sat  0.034901  █▍", " on   0.011618  ▌",
        " mat  0.634295  ████████████████████████",
    ]  # fmt: skip


def test_bars_of_several_rows_values_and_signs(answer, drawn):
    out = drawn(answer(y=[[1.0, -0.5], [0.0, 0.0]], plot=Plot("y")), width=20)
    assert out == [" 1   1    + ████████", " 2  -0.5  - ████", "", " 1  0", " 2  0"]
    assert drawn(answer(y=[2.0], plot=Plot("y")), width=20) == [" 1  2  █████████████"]


def test_long_vectors_and_many_rows_are_cut(answer, drawn):
    assert len(drawn(answer(y=np.ones((1, 100)), plot=Plot("y")))) == 26
    assert len(drawn(answer(y=np.ones((1, 100)), plot=Plot("y")), all_rows=True)) == 100
    assert drawn(answer(y=np.ones((30, 1)), plot=Plot("y")))[-1] == " … 10 more rows (--all)"


def test_no_plot_no_lines(answer, drawn, five, seen):
    assert drawn(answer(y=[1.0])) == []
    assert drawn(five._replace(plot=Plot("absent"))) == []
    assert drawn(five._replace(is_missing=True)) == []
    assert seen(answer(y=[1.0]), draw=True) == ["y = 1"]


def test_a_curve_gathers_the_points_of_all_blocks(answer, drawn):
    blocks = [answer(x=[t], y=[t * t], plot=Plot("y", "x", "curve")) for t in (0.0, 1.0, 2.0)]
    out = drawn(*blocks, width=40)
    assert sum(line.count("●") for line in out) == 3
    assert out[0].strip() == "y"
    assert out[1].startswith(" 4 │")
    assert out[12].startswith(" 0 │●")
    assert out[-1].split() == ["0", "x", "2"]


def test_a_curve_over_the_steps(answer, drawn):
    out = drawn(*[answer(y=[3.0, 2.0], plot=Plot("y", "", "curve"))] * 2)
    assert out[-1].split() == ["0", "3"]


def test_a_curve_over_the_whole_range_of_floats(answer, drawn):
    huge = 1.7e308
    out = drawn(answer(x=[-huge, 0.0, huge], y=[huge, 0.0, -huge], plot=Plot("y", "x", "curve")))
    dots = [line.index("●") for line in out if "●" in line]
    assert len(dots) == 3
    assert dots == sorted(dots)


def test_a_point_at_infinity_is_counted_where_it_cannot_be_drawn(answer, drawn):
    out = drawn(answer(x=[0.0, 1.0, np.inf], y=[0.0, 1.0, 2.0], plot=Plot("y", "x", "curve")))
    assert sum(line.count("●") for line in out) == 2
    assert out[-1] == " … 1 at infinity"


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=9), st.sampled_from([20, 40, 80]))
def test_any_points_make_a_curve_that_fits(points, width):
    x, y = np.array(points).reshape(-1, 2).T
    lines = curve(x, y, ("t", "loss"), LayoutOptions(width=width), width)
    assert max(map(display_width, lines), default=0) <= width
    finite = {(a, b) for a, b in points if np.isfinite(a) and np.isfinite(b)}
    drawn = sum(line.count("●") for line in lines)
    assert min(1, len(finite)) <= drawn <= len(finite)


WANTED = LayoutOptions()


def lines(strips):
    return [line.text for line in strips]


def walked(text, start, width=80, wanted=WANTED, **options):
    f = parse_function(text)
    return lines(descent_plot(optim.minimize(f, start, **options), f.variables, wanted, width))


class Flat(NamedTuple):
    """A landscape that was made by hand."""

    path: np.ndarray
    losses: np.ndarray
    x: np.ndarray
    y: np.ndarray
    values: np.ndarray

    def surface(self, _wide, _high):
        return self


def test_a_curve_has_its_start_its_end_and_its_steps():
    seen = "\n".join(walked("(w-3)^2", [10.0], steps=5))
    assert (seen.count("S"), seen.count("E")) == (2, 2)  # once each in the picture and below it
    assert seen.count("o") >= 4
    assert seen.index("S") < seen.index("E")  # the start is higher


def test_the_end_is_seen_though_many_steps_are_in_its_cell():
    seen = "\n".join(walked("(w-3)^2", [10.0], steps=500)[:-1])
    assert seen.count("E") == 1


def test_shades_of_a_map_are_fifths_and_holes_are_marked():
    values = np.arange(10.0).reshape(1, 10).repeat(2, axis=0)
    values[1, 9] = np.nan
    corner = np.array([[0.0, 0.0]])
    made = Flat(corner, np.zeros(1), np.arange(10.0), np.arange(2.0), values)
    rows = lines(descent_plot(made, ["x", "y"], WANTED, 40))
    assert [row.partition("│")[2] for row in rows[:2]] == ["  ░░▒▒▓▓█?", "E ░░▒▒▓▓██"]


def test_steps_stand_where_they_were():
    path = np.array([[0.0, 0.0], [5.0, 1.0], [9.0, 2.0]])
    made = Flat(path, np.zeros(3), np.arange(10.0), np.arange(3.0), np.zeros((3, 10)))
    rows = [row.partition("│")[2] for row in lines(descent_plot(made, ["x", "y"], WANTED, 40))[:3]]
    assert [(row.find("S"), row.find("o"), row.find("E")) for row in rows] == [
        (-1, -1, 9),
        (-1, 5, -1),
        (0, -1, -1),
    ]


@pytest.mark.parametrize(("width", "size"), list(product([20, 33, 80], [1e-300, 1.0, 1e150])))
def test_a_map_fits_whatever_its_numbers(width, size):
    rows = walked(
        f"(x/{size!r})^2 + (y/{size!r})^2",
        [size, -2 * size],
        width=width,
        lr=0.1 * min(size, 1.0) ** 2 or 1e-300,
    )
    assert max(map(len, rows)) <= width


def test_names_of_variables_move_no_terminal_and_ascii_is_ascii():
    made = Flat(np.zeros((1, 2)), np.zeros(1), np.arange(9.0), np.arange(2.0), np.ones((2, 9)))
    rows = lines(descent_plot(made, ["\x1b[31m", "y"], WANTED._replace(ascii_only=True), 60))
    assert "\x1b" not in "".join(rows)
    assert "".join(rows).isascii()


def test_a_sweep_of_one_option_is_a_curve_over_its_logarithm():
    x = np.array([1e-3, 1e-2, 1e-1, 1.0])
    rows = lines(sweep_plot({"lr": x}, np.array([1.0, 2.0, 3.0, 4.0]), "loss", WANTED, 60))
    assert "log10 lr" in rows[-1]
    assert rows[0].strip() == "loss"
    assert sum(row.count("●") for row in rows) == 4
    assert "log10" not in lines(sweep_plot({"lr": x * 0 + [1, 2, 3, 4]}, x * 0.0, "loss", WANTED, 60))[-1]


def test_a_sweep_of_two_options_is_a_map_darker_the_higher():
    first, second = np.array([1.0, 1.0, 2.0, 2.0]), np.array([5.0, 6.0, 5.0, 6.0])
    rows = lines(sweep_plot({"a": first, "b": second}, np.array([0.0, 1.0, 2.0, 30.0]), "loss", WANTED, 60))
    assert rows[0].split() == ["a", "\\", "b", "5", "6"]
    assert rows[1].split()[:2] == ["1", "0"]
    shade = " ░▒▓█"
    cells = [rows[1][-9:-6], rows[1][-2:], rows[2][-9:-6], rows[2][-2:]]
    darkness = [max(shade.index(sign) for sign in cell) for cell in cells]
    assert darkness == sorted(darkness)


def test_a_wide_sweep_is_shades_alone():
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(3.0), np.arange(50.0), indexing="ij"))
    rows = lines(sweep_plot({"a": a, "b": b}, a + b, "loss", WANTED, 60))
    assert rows[0] == " a, down: 0 to 2"
    assert rows[1] == " b, across: 0 to 49"
    assert len(rows) == 5
    assert max(map(len, rows)) <= 60
