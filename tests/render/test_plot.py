"""Pictures: bars, curves and images in the cells of a terminal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.render._plots import curve
from aimath.render.fields import Wanted
from aimath.render.terminal import Drawing, People
from aimath.report import Plot, Report
from aimath.text import cells

PICTURE = Plot("y", "", "picture")
CHESS = np.array([[[0.0, 1.0], [1.0, 0.0]]])


@pytest.fixture
def drawn():
    """Give the lines that --plot draws beside piped data."""

    def lines(*reports, **wanted):
        writer = Drawing(Wanted(**wanted))
        return (b"".join(map(writer.write, reports)) + writer.end()).decode().splitlines()

    return lines


class Shares(NamedTuple):
    weights: np.ndarray


@pytest.fixture
def heat(drawn):
    def lines(matrix, width, labels=(), **wanted):
        plot = Plot("weights", kind="heat")
        report = Report(Shares(np.array(matrix)), show=("weights",), plot=plot, whole=True, labels=labels)
        return drawn(report, width=width, **wanted)

    return lines


def test_heat_has_the_number_in_the_cell(heat):
    matrix = [[1.0, 0.0, -0.25], [0.5, 0.004, -1.0]]
    assert heat(matrix, 80) == [
        "    1         2         3",
        " 1   1.00 ██   0        -0.25 ░░",
        " 2   0.50 ▒▒   4e-3 ░░  -1.00 ██",
    ]


def test_heat_takes_less_room_before_it_loses_its_numbers(heat):
    shares = np.full((5, 5), 0.2) + np.eye(5) / 100
    assert heat(shares, 60)[1] == " 1  0.21 ░░  0.20 ░░  0.20 ░░  0.20 ░░  0.20 ░░"
    assert heat(shares, 40)[:2] == ["    1     2     3     4     5", " 1  0.21░ 0.20░ 0.20░ 0.20░ 0.20░"]
    assert heat(shares, 30, ascii_only=True)[1] == " 1  0.2. 0.2. 0.2. 0.2. 0.2."
    assert heat(shares, 20)[0] == "██"  # an image
    for width in range(20, 60):
        assert max(map(cells, heat(shares, width, ("a", "bb", "猫猫猫猫猫猫猫", "c", "ö")))) <= width


def test_heat_of_several_matrices_names_each_and_writes_all_alike(drawn):
    both = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.75], [0.004, 0.996]]])
    plot = Plot("weights", kind="heat")
    report = Report(Shares(both), show=("weights",), plot=plot, whole=True, stack="head")
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
    ]


def test_images_of_heads_share_their_range_and_say_it(drawn):
    both = np.zeros((2, 20, 20))
    both[0, 0, 0], both[1, 0, 0] = 0.5, 1.0
    plot = Plot("weights", kind="heat")
    report = Report(Shares(both), show=("weights",), plot=plot, whole=True, stack="head")
    lines = drawn(report)
    assert lines[0] == "▒▒"
    assert lines[20:23] == ["head 1", "", "██"]
    assert lines[-2:] == ["head 2", " from 0 to 1"]
    narrow = drawn(report, width=20)
    assert max(map(cells, narrow)) <= 20


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
    assert drawn(five._replace(void=True)) == []
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
    lines = curve(x, y, ("t", "loss"), Wanted(width=width), width)
    assert max(map(cells, lines), default=0) <= width
    finite = {(a, b) for a, b in points if np.isfinite(a) and np.isfinite(b)}
    drawn = sum(line.count("●") for line in lines)
    assert min(1, len(finite)) <= drawn <= len(finite)


def test_images_in_colour_are_two_pixels_a_cell(answer, seen):
    out = seen(answer(y=CHESS, plot=PICTURE), draw=True, colour=True)
    assert out == ["\x1b[38;5;232;48;5;255m▀\x1b[0m\x1b[38;5;255;48;5;232m▀\x1b[0m"]
    odd = seen(answer(y=np.ones((1, 3, 2)), plot=PICTURE), draw=True, colour=True)
    assert odd == ["\x1b[38;5;232;48;5;232m▀▀\x1b[0m", "\x1b[38;5;232m▀▀\x1b[0m"]


def test_images_without_colour_are_shades_and_in_ascii_signs(answer, drawn):
    ramp = np.linspace(0, 1, 5).reshape(1, 1, 5)
    assert drawn(answer(y=ramp, plot=PICTURE)) == ["  ░░▒▒▓▓██"]
    assert drawn(answer(y=ramp, plot=PICTURE), ascii_only=True) == ["  ..--++##"]


def test_vectors_of_square_length_are_square_images(answer, drawn):
    assert drawn(answer(y=CHESS.reshape(1, 4), plot=PICTURE)) == ["  ██", "██"]
    assert drawn(answer(y=[[0.0, 1.0, 0.0]], plot=PICTURE)) == ["  ██"]


def test_images_stand_side_by_side_with_what_was_swept(answer, drawn):
    reports = [answer(y=CHESS, plot=PICTURE, swept={"t": np.array([t])}) for t in (0, 10, 20)]
    out = drawn(*reports, width=20)
    assert out == ["  ██     ██", "██     ██", "t = 0  t = 10", "", "  ██", "██", "t = 20"]
    assert drawn(answer(y=np.concatenate([CHESS] * 2), plot=PICTURE)) == ["  ██    ██", "██    ██"]


def test_images_of_different_heights(answer, drawn):
    low, high = answer(y=np.ones((1, 1, 1)), plot=PICTURE), answer(y=CHESS, plot=PICTURE)
    assert drawn(high, low) == ["  ██", "██"]
    assert drawn(low, high) == ["      ██", "    ██"]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_wide_images_are_shrunk(answer, seen, width):
    out = seen(
        answer(y=np.arange(10_000.0).reshape(1, 100, 100), plot=PICTURE), draw=True, width=width, colour=False
    )
    assert max(map(cells, out)) <= width
    assert len(out) > 5


def test_infinite_pixels_are_the_darkest_and_the_lightest(answer, drawn):
    image = np.array([[[-np.inf, 0.0, 1.0, np.inf, np.nan]]])
    assert drawn(answer(y=image, plot=PICTURE)) == ["    ████"]
    assert drawn(answer(y=np.full((1, 2, 2), np.inf), plot=PICTURE)) == ["████", "████"]


def test_a_picture_takes_the_place_of_its_numbers_but_not_of_the_derivation(answer, seen):
    from aimath.report import Line

    report = answer(y=CHESS, plot=PICTURE, steps=(Line("x = 1"),))
    assert seen(report, draw=True) == ["  ██", "██"]
    assert seen(report, draw=True, explain=True) == ["x = 1", "", "  ██", "██"]


def test_many_images_are_not_held_back_for_ever(answer):
    writer = Drawing(Wanted(width=20))
    report = answer(y=np.ones((700, 2, 2)), plot=PICTURE)
    assert writer.write(report)


def test_plots_stand_below_their_tables(five, answer, seen):
    out = seen(five, five, draw=True)
    assert out.count("") == 3
    rows = [answer(x=[t], h=[t], plot=Plot("h", "x", "curve")) for t in (1.0, 2.0)]
    out = seen(*rows, draw=True)
    assert out[0].split() == ["x", "h"]
    assert out[4:6] == ["", "   h"]


def test_an_image_is_drawn_where_people_look_though_no_plot_was_asked_for(answer):
    report = answer(y=CHESS, plot=PICTURE)
    at_terminal = People(Wanted(), images=True)
    in_pipe = People(Wanted())
    assert "█" in (at_terminal.write(report) + at_terminal.end()).decode()
    assert "█" not in (in_pipe.write(report) + in_pipe.end()).decode()
