"""Sweeps: a curve over one option, maps over more."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.render.reading import Picture

from aimath.render.plots._sweeps import draw_sweep
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width


def drawn(options, y, failed=None, width=60, **how):
    y = np.asarray(y, float)
    bad = np.zeros(len(y), bool) if failed is None else np.asarray(failed)
    layout = LayoutOptions(width=width, **how)
    return [line.text for line in draw_sweep(options, y, bad, "loss", layout, width)]


def grid(*axes):
    return [part.ravel() for part in np.meshgrid(*axes, indexing="ij")]


def test_one_option_is_a_curve_over_its_logarithm_where_that_is_even():
    x = np.array([1e-3, 1e-2, 1e-1, 1.0])
    lines = drawn({"lr": x}, [1.0, 2.0, 3.0, 4.0])
    assert any("lr (log scale)" in line for line in lines)
    picture = Picture(lines)
    places = sorted(picture.signs("●"))
    for (c, r), lr, loss in zip(places, x, [1, 2, 3, 4], strict=True):
        assert np.log10(picture.x(c + 0.5, log=True)) == pytest.approx(np.log10(lr), abs=0.1)
        assert picture.y(r + 0.5) == pytest.approx(loss, abs=1.2 * picture.y_cell())
    assert not any("log" in line for line in drawn({"lr": np.arange(1.0, 5.0)}, [1.0, 2.0, 3.0, 4.0]))


def test_two_options_are_a_map_darker_the_higher_with_a_legend():
    a, b = grid([1.0, 2.0], [5.0, 6.0])
    lines = drawn({"a": a, "b": b}, [0.0, 1.0, 2.0, 30.0])
    assert lines[0].split() == ["a", "\\", "b", "5", "6"]
    shade = " ░▒▓█"
    cells = [cell for line in lines[1:3] for cell in re.findall(r"(\d+) ([ ░▒▓█]{2})", line[7:].ljust(20))]
    assert [float(number) for number, _ in cells] == [0, 1, 2, 30]
    darkness = [shade.index(sign[0]) for _, sign in cells]
    assert darkness == sorted(darkness)
    bounds = [float(x) for x in re.findall(r"from ([\d.e+-]+)", " ".join(lines[3:]))]
    assert bounds == sorted(bounds)
    for (number, _), dark in zip(cells, darkness, strict=True):
        assert dark == sum(float(number) >= bound for bound in bounds)


def test_runs_that_diverged_are_crossed_out_and_shade_nothing():
    a, b = grid([1.0, 2.0], [5.0, 6.0])
    well = drawn({"a": a[:3], "b": b[:3]}, [0.0, 1.0, 2.0])
    lines = drawn({"a": a, "b": b}, [0.0, 1.0, 2.0, 1e30], [False, False, False, True])
    assert lines[2].endswith("××")
    legends = [
        "   ".join(line.strip() for line in found[3:]) for found in (lines, well)
    ]  # of several lines each
    assert legends[0] == legends[1] + "   ×× diverged"


def test_of_three_options_there_is_a_map_for_each_value_of_the_first():
    a, b, c = grid([1.0, 2.0], [5.0, 6.0], [7.0, 8.0])
    lines = drawn({"a": a, "b": b, "c": c}, np.arange(8.0))
    assert [line for line in lines if "=" in line] == [" a = 1", " a = 2"]
    numbers = [
        float(x) for line in lines for x in re.findall(r"(\d) (?=[ ░▒▓█]{1,2})", line.replace("\\", ""))
    ]
    assert numbers
    many = grid(np.arange(9.0), [5.0, 6.0], [7.0, 8.0])
    assert drawn(dict(zip("abc", many, strict=True)), np.arange(36.0))[-1] == " … 3 more maps"


def test_a_wide_sweep_is_shades_alone():
    a, b = grid(np.arange(3.0), np.arange(50.0))
    lines = drawn({"a": a, "b": b}, a + b)
    assert lines[0] == " a, down: 0 to 2"
    assert lines[1] == " b, across: 0 to 49"
    assert max(map(display_width, lines)) <= 60


@pytest.mark.parametrize("width", [20, 40, 80])
def test_maps_fit(width):
    a, b = grid(np.arange(3.0), np.arange(6.0))
    for how in ({}, {"ascii_only": True}):
        lines = drawn({"learning_rate": a, "momentum": b}, 1e6 * a + b, width=width, **how)
        assert max(map(display_width, lines)) <= width
