"""Bars: one scale for all of an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.render.plots._bars import BarChart, Group
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width


def drawn(*groups, width=60, end=0.0, **how):
    chart = BarChart(LayoutOptions(width=width, **how), width, "share", end)
    for title, values in groups:
        chart.add(Group(title, [str(k + 1) for k in range(len(values))], np.array(values)))
    return [line.text for line in chart.lines()]


def length(line):
    eighths = " ▏▎▍▌▋▊▉█"
    return sum(eighths.index(sign) for sign in line if sign in eighths[1:]) / 8


VALUES = st.lists(st.floats(0.0, 1e6), min_size=2, max_size=6)


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_bars_of_all_groups_are_in_proportion_to_their_numbers(groups):
    lines = [
        line
        for line in drawn(*((f"T = {k}", values) for k, values in enumerate(groups)))
        if line and "=" not in line
    ]
    bars = np.array([length(line) for line in lines])
    numbers = np.array([x for values in groups for x in values])
    if numbers.max() > 0:
        starts = {line.index("  ", 4) for line in lines if length(line)}
        assert starts
        # Groups whose numbers are wider have less room; what is compared is each group's own room.
        share = numbers / numbers.max()
        rooms = [57 - max(len(line.split()[1]) for line in lines)] if len(groups) == 1 else None
        if rooms is None:
            assert (
                all(
                    (a > b + 0.35) <= (x > y)
                    for a, x in zip(bars, share, strict=True)
                    for b, y in zip(bars, share, strict=True)
                )
                or len({display_width(line.rstrip("▏▎▍▌▋▊▉█").rstrip()) for line in lines}) > 1
            )
        else:
            assert np.allclose(bars, share * bars.max(), atol=0.2)


def test_a_number_has_the_same_bar_in_each_group():
    lines = drawn(("T = 1", [0.25, 0.5]), ("T = 2", [0.25, 1.0]))
    assert lines[0] == " T = 1"
    assert lines[3] == ""
    bars = [length(line) for line in lines if line and "=" not in line]
    assert bars[0] == pytest.approx(bars[2], abs=0.2)
    assert bars[3] == pytest.approx(2 * bars[1], abs=0.2)


def test_a_sign_anywhere_stands_at_each_bar():
    lines = drawn(("a", [1.0, 2.0]), ("b", [-1.0, 2.0]))
    assert all("+" in line or "- " in line for line in lines if "█" in line)


def test_one_number_has_a_bar_only_where_its_end_is_known():
    assert drawn(("", [5.0])) == [" share  5"]
    (line,) = drawn(("", [0.25]), end=1.0)
    inside = line[line.index("│") + 1 : line.rindex("│")]
    assert line.endswith("│ 1")
    assert length(line) == pytest.approx(0.25 * len(inside), abs=0.1)
    assert drawn(("", [-0.25]), end=1.0) == [" share  -0.25"]
    assert drawn(("", [2.0]), end=1.0) == [" share  2"]
    assert drawn(("", [0.0])) == [" share  0"]


def test_many_single_numbers_are_one_chart():
    lines = drawn(*((f"row {k}", [float(k)]) for k in (1, 2, 4)))
    assert [line.split()[:3] for line in lines] == [["row", "1", "1"], ["row", "2", "2"], ["row", "4", "4"]]
    assert [length(line) for line in lines] == pytest.approx(
        [length(lines[2]) / 4, length(lines[2]) / 2, length(lines[2])], abs=0.1
    )


def test_with_log_y_places_stand_for_lengths_and_the_ends_are_said():
    lines = drawn(("", [1.0, 1e-3, 1e3, 0.0]), log_y=True)
    assert "log scale" in lines[0]
    assert lines[0].split()[0] == "0.001"
    assert lines[0].split()[-1] == "1000"
    places = [line.index("●") for line in lines[1:4]]
    assert places[0] - places[1] == pytest.approx(places[2] - places[0], abs=1)
    assert "●" not in lines[4]


def test_many_groups_are_counted():
    lines = drawn(*((f"row {k}", [1.0, 2.0]) for k in range(30)))
    assert lines[-1] == " … 10 more rows (--all)"
    assert "more" not in drawn(*((f"row {k}", [1.0, 2.0]) for k in range(30)), all_rows=True)[-1]


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("how", [{}, {"ascii_only": True}, {"log_y": True}])
def test_bars_fit(width, how):
    groups = [("a title that is long", [1.0, 1e9, 0.5]), ("b", [2.0, 3e-9, 1.0])]
    assert max(map(display_width, drawn(*groups, width=width, **how))) <= max(width, 22)
