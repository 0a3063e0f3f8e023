"""Images in the cells of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter, TerminalWriter
from aimath.report import Plot, Report
from aimath.text import display_width

if TYPE_CHECKING:
    from aimath.core.numerics.axes import HeadScores

PICTURE = Plot("y", "", "picture")
CHESS = np.array([[[0.0, 1.0], [1.0, 0.0]]])


@pytest.fixture
def drawn():
    """Give the lines that --plot draws beside piped data."""

    def lines(*reports, **wanted):
        writer = PlotWriter(LayoutOptions(**wanted))
        return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()

    return lines


class Shares(NamedTuple):
    weights: HeadScores


def test_images_of_heads_share_their_range_and_say_it(drawn):
    both = np.zeros((2, 20, 20))
    both[0, 0, 0], both[1, 0, 0] = 0.5, 1.0
    plot = Plot("weights", kind="heat")
    report = Report(Shares(both), show=("weights",), plot=plot)
    lines = drawn(report)
    assert lines[0] == "▒▒"
    assert lines[20:23] == ["head 1", "", "██"]
    assert lines[-2:] == ["head 2", " blank 0 to █ 1"]
    narrow = drawn(report, width=20)
    assert max(map(display_width, narrow)) <= 20


def test_images_in_colour_are_two_pixels_a_cell(answer, seen):
    out = seen(answer(y=CHESS, plot=PICTURE), draw=True, colour=True)
    black, white = ("\x1b[38;5;232;48;5;232m▀▀\x1b[0m", "\x1b[38;5;255;48;5;255m▀▀\x1b[0m")
    assert out == [black + white, white + black]  # small ones are enlarged
    large = np.tile([[0.0, 1.0], [1.0, 0.0]], (9, 9))[np.newaxis]
    out = seen(answer(y=large, plot=PICTURE), draw=True, colour=True)
    assert out == ["\x1b[38;5;232;48;5;255m▀\x1b[0m\x1b[38;5;255;48;5;232m▀\x1b[0m" * 9] * 9
    odd = seen(answer(y=np.ones((1, 3, 17)), plot=PICTURE), draw=True, colour=True)
    assert odd == [f"\x1b[38;5;232;48;5;232m{'▀' * 17}\x1b[0m", f"\x1b[38;5;232m{'▀' * 17}\x1b[0m"]


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
    assert max(map(display_width, out)) <= width
    assert len(out) > 5


def test_infinite_pixels_are_the_darkest_and_the_lightest(answer, drawn):
    image = np.array([[[-np.inf, 0.0, 1.0, np.inf]]])
    assert drawn(answer(y=image, plot=PICTURE)) == ["    ████"]
    assert drawn(answer(y=np.full((1, 2, 2), np.inf), plot=PICTURE)) == ["████", "████"]


def test_a_picture_takes_the_place_of_its_numbers_but_not_of_the_derivation(answer, seen):
    from aimath.report import Line

    report = answer(y=CHESS, plot=PICTURE, steps=(Line("x = 1"),))
    assert seen(report, draw=True) == ["  ██", "██"]
    assert seen(report, draw=True, explain=True) == ["x = 1", "", "  ██", "██"]


def test_many_images_are_not_held_back_for_ever(answer):
    writer = PlotWriter(LayoutOptions(width=20, all_rows=True))
    report = answer(y=np.ones((700, 2, 2)), plot=PICTURE)
    assert writer.write(report)
    few = PlotWriter(LayoutOptions(width=20))
    assert not few.write(report)
    assert few.finish().decode().splitlines()[-1] == " … 694 more (--all)"


def test_an_image_is_drawn_where_people_look_though_no_plot_was_asked_for(answer):
    report = answer(y=CHESS, plot=PICTURE)
    at_terminal = TerminalWriter(LayoutOptions(), images=True)
    in_pipe = TerminalWriter(LayoutOptions())
    assert "█" in (at_terminal.write(report) + at_terminal.finish()).decode()
    assert "█" not in (in_pipe.write(report) + in_pipe.finish()).decode()
