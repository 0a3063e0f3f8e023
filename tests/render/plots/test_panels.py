"""A matrix as a map of numbers and shades."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter
from aimath.report import Plot, Report
from aimath.text import display_width

if TYPE_CHECKING:
    from aimath.core.numerics.axes import HeadScores


@pytest.fixture
def drawn():
    """Give the lines that --plot draws beside piped data."""

    def lines(*reports, **wanted):
        writer = PlotWriter(LayoutOptions(**wanted))
        return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()

    return lines


class Shares(NamedTuple):
    weights: np.ndarray


class Heads(NamedTuple):
    weights: HeadScores


@pytest.fixture
def heat(drawn):
    def lines(matrix, width, labels=(), **wanted):
        plot = Plot("weights", kind="heat")
        report = Report(Shares(np.array(matrix)), show=("weights",), plot=plot, names={"entry": labels})
        return drawn(report, width=width, **wanted)

    return lines


def test_heat_has_the_number_in_the_cell(heat):
    matrix = [[1.0, 0.0, -0.25], [0.5, 0.004, -1.0]]
    assert heat(matrix, 80) == [
        "    1         2         3",
        " 1   1.00 ██   0        -0.25 ░░",
        " 2   0.50 ▒▒   4e-3 ░░  -1.00 ██",
        " ░░ to 0.25   ▒▒ to 0.5   ▓▓ to 0.75   ██ to 1   by size, whatever the sign",
    ]


def test_heat_takes_less_room_before_it_loses_its_numbers(heat):
    shares = np.full((5, 5), 0.2) + np.eye(5) / 100
    assert heat(shares, 60)[1] == " 1  0.21 ░░  0.20 ░░  0.20 ░░  0.20 ░░  0.20 ░░"
    assert heat(shares, 40)[:2] == ["    1     2     3     4     5", " 1  0.21░ 0.20░ 0.20░ 0.20░ 0.20░"]
    assert heat(shares, 30, ascii_only=True)[1] == " 1  0.2. 0.2. 0.2. 0.2. 0.2."
    assert heat(shares, 20)[0] == "██"  # an image
    for width in range(20, 60):
        assert max(map(display_width, heat(shares, width, ("a", "bb", "猫猫猫猫猫猫猫", "c", "ö")))) <= width


def test_heat_of_several_matrices_names_each_and_writes_all_alike(drawn):
    both = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.75], [0.004, 0.996]]])
    plot = Plot("weights", kind="heat")
    report = Report(Heads(both), show=("weights",), plot=plot)
    assert drawn(report) == [
        " head 1",
        "    1         2",
        " 1  1.00  ██  0",
        " 2  0.50  ▒▒  0.50  ▒▒",
        "",
        " head 2",
        "    1         2",
        " 1  0.25  ░░  0.75  ▓▓",
        " 2  4e-3  ░░  0.996 ██",
        " ░░ to 0.25   ▒▒ to 0.5   ▓▓ to 0.75   ██ to 1",
    ]
