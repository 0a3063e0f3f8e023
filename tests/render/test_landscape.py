"""Pictures of descents and sweeps: what stands where, at any width and size of numbers."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest

from aimath.core import optim as optimize
from aimath.core.calculus import function
from aimath.render._plots import swept, way
from aimath.render.fields import Wanted

WANTED = Wanted()


def lines(strips):
    return [line.text for line in strips]


def drawn(text, start, width=80, wanted=WANTED, **options):
    f = function(text)
    return lines(way(optimize.descend(f, start, **options), f.variables, wanted, width))


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
    seen = "\n".join(drawn("(w-3)^2", [10.0], steps=5))
    assert (seen.count("S"), seen.count("E")) == (2, 2)  # once each in the picture and below it
    assert seen.count("o") >= 4
    assert seen.index("S") < seen.index("E")  # the start is higher


def test_the_end_is_seen_though_many_steps_are_in_its_cell():
    seen = "\n".join(drawn("(w-3)^2", [10.0], steps=500)[:-1])
    assert seen.count("E") == 1


def test_shades_of_a_map_are_fifths_and_holes_are_marked():
    values = np.arange(10.0).reshape(1, 10).repeat(2, axis=0)
    values[1, 9] = np.nan
    corner = np.array([[0.0, 0.0]])
    made = Flat(corner, np.zeros(1), np.arange(10.0), np.arange(2.0), values)
    rows = lines(way(made, ["x", "y"], WANTED, 40))
    assert [row.partition("│")[2] for row in rows[:2]] == ["  ░░▒▒▓▓█?", "E ░░▒▒▓▓██"]


def test_steps_stand_where_they_were():
    path = np.array([[0.0, 0.0], [5.0, 1.0], [9.0, 2.0]])
    made = Flat(path, np.zeros(3), np.arange(10.0), np.arange(3.0), np.zeros((3, 10)))
    rows = [row.partition("│")[2] for row in lines(way(made, ["x", "y"], WANTED, 40))[:3]]
    assert [(row.find("S"), row.find("o"), row.find("E")) for row in rows] == [
        (-1, -1, 9),
        (-1, 5, -1),
        (0, -1, -1),
    ]


@pytest.mark.parametrize(("width", "size"), list(product([20, 33, 80], [1e-300, 1.0, 1e150])))
def test_a_map_fits_whatever_its_numbers(width, size):
    rows = drawn(
        f"(x/{size!r})^2 + (y/{size!r})^2",
        [size, -2 * size],
        width=width,
        lr=0.1 * min(size, 1.0) ** 2 or 1e-300,
    )
    assert max(map(len, rows)) <= width


def test_names_of_variables_move_no_terminal_and_ascii_is_ascii():
    made = Flat(np.zeros((1, 2)), np.zeros(1), np.arange(9.0), np.arange(2.0), np.ones((2, 9)))
    rows = lines(way(made, ["\x1b[31m", "y"], WANTED._replace(ascii_only=True), 60))
    assert "\x1b" not in "".join(rows)
    assert "".join(rows).isascii()


def test_a_sweep_of_one_option_is_a_curve_over_its_logarithm():
    x = np.array([1e-3, 1e-2, 1e-1, 1.0])
    rows = lines(swept({"lr": x}, np.array([1.0, 2.0, 3.0, 4.0]), "loss", WANTED, 60))
    assert "log10 lr" in rows[-1]
    assert rows[0].strip() == "loss"
    assert sum(row.count("●") for row in rows) == 4
    assert "log10" not in lines(swept({"lr": x * 0 + [1, 2, 3, 4]}, x * 0.0, "loss", WANTED, 60))[-1]


def test_a_sweep_of_two_options_is_a_map_darker_the_higher():
    first, second = np.array([1.0, 1.0, 2.0, 2.0]), np.array([5.0, 6.0, 5.0, 6.0])
    rows = lines(swept({"a": first, "b": second}, np.array([0.0, 1.0, 2.0, 30.0]), "loss", WANTED, 60))
    assert rows[0].split() == ["a", "\\", "b", "5", "6"]
    assert rows[1].split()[:2] == ["1", "0"]
    shade = " ░▒▓█"
    cells = [rows[1][-9:-6], rows[1][-2:], rows[2][-9:-6], rows[2][-2:]]
    darkness = [max(shade.index(sign) for sign in cell) for cell in cells]
    assert darkness == sorted(darkness)


def test_a_wide_sweep_is_shades_alone():
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(3.0), np.arange(50.0), indexing="ij"))
    rows = lines(swept({"a": a, "b": b}, a + b, "loss", WANTED, 60))
    assert rows[0] == " a, down: 0 to 2"
    assert rows[1] == " b, across: 0 to 49"
    assert len(rows) == 5
    assert max(map(len, rows)) <= 60
