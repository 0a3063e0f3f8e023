"""Charts say what their numbers say: dots are read back at the ticks."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.render.reading import Picture

from aimath.render.plots._canvas import Canvas
from aimath.render.plots._chart import Bins, Chart, Reference, Series, draw_chart, histogram_bins
from aimath.render.report_view import LayoutOptions
from aimath.text import display_width

X = np.linspace(-4.0, 4.0, 161)
BELL = np.exp(-X * X / 2)


def drawn(chart, width=80, **how):
    return [line.text for line in draw_chart(chart, LayoutOptions(width=width, **how), width)]


def near_curve(picture, x, y, dots, slack=1.3):
    """Whether each dot is within about a cell of the curve (x, y), read at the ticks."""
    wide, high = picture.x_cell(), picture.y_cell()
    return [min(np.hypot((picture.x(c) - x) / wide, (picture.y(r) - y) / high)) < slack for c, r in dots]


@pytest.mark.parametrize("width", [30, 40, 80])
@pytest.mark.parametrize("curve", [lambda x: np.exp(-x * x / 2), lambda x: 100 + x**3, lambda x: -np.abs(x)])
def test_the_dots_of_a_curve_stand_where_its_numbers_are(width, curve):
    fine = np.linspace(-4.0, 4.0, 4001)
    picture = Picture(drawn(Chart((Series(fine, curve(fine)),), "x", "y", log_y=False), width))
    dots = picture.dots()
    assert len(dots) > width
    assert all(near_curve(picture, fine, curve(fine), dots))
    ends = {round(picture.x(min(c for c, _ in dots))), round(picture.x(max(c for c, _ in dots)))}
    assert ends == {-4, 4}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=12))
def test_marked_points_stand_where_their_numbers_are(points):
    x, y = np.array(points).T
    lines = drawn(Chart((Series(x, y, joined=False, marked=True),), "x", "y", log_x=False, log_y=False))
    try:
        picture = Picture(lines)
        assert len(picture.x_ticks) > 1
        assert len(picture.y_ticks) > 1
    except (AssertionError, StopIteration, ValueError):
        return  # numbers so alike that the ends of the axes are said in words
    wide, high = picture.x_cell(), picture.y_cell()
    places = picture.signs("●")
    assert 1 <= len(places) <= len(points)
    for c, r in places:
        assert min(np.maximum(abs(picture.x(c + 0.5) - x) / wide, abs(picture.y(r + 0.5) - y) / high)) < 1.6


def test_a_log_axis_is_said_and_read_in_powers():
    steps = np.arange(0.0, 101.0)
    loss = 10.0 ** (-steps / 10)
    lines = drawn(Chart((Series(steps, loss),), "step", "loss"))
    assert lines[0].strip() == "loss (log scale)"
    picture = Picture(lines)
    assert all(np.log10(tick) == round(np.log10(tick)) for tick in picture.y_ticks.values())
    for c, r in picture.dots():
        assert np.log10(picture.y(r, log=True)) == pytest.approx(-picture.x(c) / 10, abs=0.8)
    assert "log" not in drawn(Chart((Series(steps, loss),), "step", "loss", log_y=False))[0]
    assert "log" in drawn(Chart((Series(steps, 1 + steps),), "step", "loss"), log_y=True)[0]


def test_what_a_log_axis_does_not_have_is_counted():
    one = Series(np.arange(4.0), np.array([0.0, -1.0, 1.0, 10.0]))
    lines = drawn(Chart((one,), "x", "y", log_y=True))
    assert lines[-1] == " … 2 at or below 0, which a log scale doesn't have"


@pytest.mark.parametrize("how", [{}, {"braille": False}, {"ascii_only": True}])
def test_each_of_several_curves_has_its_letter_in_the_picture_and_in_the_legend(how):
    names = ["gd", "momentum", "adam"]
    curves = tuple(Series(X, BELL * k, name) for k, name in enumerate(names, 1))
    lines = drawn(Chart(curves, "x", "y"), **how)
    legend = dict(zip(*[iter(lines[-1].split())] * 2, strict=True))
    assert legend == {"a": "gd", "b": "momentum", "c": "adam"}
    canvas = "".join(line for line in lines[1:13])
    assert all(letter in canvas for letter in legend)


@pytest.mark.parametrize("how", [{}, {"braille": False}, {"ascii_only": True}])
def test_a_curve_below_another_still_has_its_letter(how):
    lines = drawn(Chart((Series(X, BELL, "first"), Series(X, BELL, "second")), "x", "y"), **how)
    canvas = "".join(lines[1:13])
    assert "a" in canvas
    assert "b" in canvas


def test_letters_stand_on_their_curves():
    curves = tuple(Series(X, BELL * k, f"k{k}") for k in (1, 2, 3))
    picture = Picture(drawn(Chart(curves, "x", "y", log_y=False)))
    for k, letter in enumerate("abc", 1):
        places = picture.signs(letter)
        assert places
        assert all(near_curve(picture, X, BELL * k, [(c + 0.5, r + 0.5) for c, r in places]))


@pytest.mark.parametrize("width", [20, 26, 40, 80, 200])
@pytest.mark.parametrize("how", [{}, {"braille": False}, {"ascii_only": True}, {"colour": True}])
def test_a_chart_fits_its_width(width, how):
    curves = tuple(Series(X, BELL * k * 1e9, f"optimizer {k}") for k in (1, 2, 3))
    references = (Reference(2e9, "a line with many words in it"), Reference(1.0, "upright", upright=True))
    lines = drawn(Chart(curves, "learning rate", "the loss of it all", references=references), width, **how)
    assert max(map(display_width, lines)) <= width
    if how.get("ascii_only"):
        assert all(line.isascii() for line in lines)


VALUES = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(VALUES, VALUES), max_size=9),
    st.sampled_from([20, 40, 80]),
    st.booleans(),
    st.booleans(),
)
def test_any_points_make_a_chart_that_fits(points, width, joined, log):
    x, y = np.array(points).reshape(-1, 2).T
    lines = drawn(Chart((Series(x, y, joined=joined),), "t", "loss"), width, log_y=log)
    assert max(map(display_width, lines), default=0) <= width
    finite = np.isfinite(x) & np.isfinite(y)
    if finite.any() and not log:
        assert any("●" in line for line in lines)
    infinite = int((~finite & ~np.isnan(x) & ~np.isnan(y)).sum())
    _, *said = " ".join(" ".join(lines).split()).split("not drawn: ")
    assert len(said) == (infinite > 0)
    if infinite > 4:
        assert said[0].startswith(f"{infinite} points at infinity")
    elif infinite:
        assert said[0].count("t = ") == infinite
        assert "inf" in said[0]


def test_a_reference_line_is_at_its_number_with_its_words():
    picture = Picture(
        drawn(Chart((Series(X, BELL),), "x", "y", log_y=False, references=(Reference(0.5, "half"),)))
    )
    row = next(r for r, line in enumerate(picture.rows) if "half" in line)
    dashes = [
        r for c, r in picture.dots() if c < 5
    ]  # left of the bell there is nothing but the line and the foot
    assert any(picture.y(r) == pytest.approx(0.5, abs=picture.y_cell() / 2) for r in dashes)
    assert picture.y(row + 0.5) == pytest.approx(0.5, abs=2 * picture.y_cell())


def test_a_reference_line_far_away_is_said_and_flattens_nothing():
    lines = drawn(Chart((Series(X, BELL),), "x", "y", log_y=False, references=(Reference(1e9, "max"),)))
    assert lines[-1] == " max: beyond the frame"
    assert max(Picture(lines).y_ticks.values()) <= 2


def test_words_of_references_never_stand_on_a_curve():
    x = np.linspace(0, 1, 400)
    dense = tuple(Series(x, np.sin(40 * x + k), f"s{k}") for k in range(4))
    lines = drawn(Chart(dense, "x", "y", references=(Reference(0.0, "nothing at all here"),)), 40)
    assert lines[-1] == " dashed: nothing at all here"


def test_a_diverged_run_is_cut_at_the_frame_and_named():
    k = np.arange(21.0)
    runs = (Series(k, 49 * 0.64**k, "gd"), Series(k, 49 * 1.44**k, "fast", left_out=True, reason="diverged"))
    lines = drawn(Chart(runs, "step", "loss", log_y=False))
    assert max(Picture(lines).y_ticks.values()) <= 60
    assert lines[-1] == " cut at the frame: fast diverged: 7.202e+4 at step 20"
    alone = drawn(Chart(runs[1:], "step", "loss", log_y=False))
    assert max(Picture(alone).y_ticks.values()) > 5e4
    assert "cut" not in alone[-1]


def test_runs_of_a_sweep_that_diverged_are_marked_at_the_upper_edge():
    one = Series(
        np.array([1.0, 2.0, 3.0]),
        np.array([5.0, 1.0, 1e9]),
        left_out=np.array([False, False, True]),
        reason="diverged",
    )
    lines = drawn(Chart((one,), "lr", "loss"))
    picture = Picture(lines)
    ((column, row),) = picture.signs("▲")
    assert row == 0
    assert picture.x(column + 0.5) == pytest.approx(3.0, abs=picture.x_cell())
    assert lines[-1] == " cut at the frame: lr 3 diverged: 1e+9"


def test_an_area_is_shaded_between_its_ends_and_below_its_curve():
    plain = Picture(drawn(Chart((Series(X, BELL),), "x", "y", from_zero=True)))
    shaded = Picture(drawn(Chart((Series(X, BELL),), "x", "y", from_zero=True, area=(-1.0, 2.0))))
    more = set(shaded.dots()) - set(plain.dots())
    assert len(more) > 200
    for c, r in more:
        assert -1.0 - shaded.x_cell() <= shaded.x(c) <= 2.0 + shaded.x_cell()
        assert shaded.y(r) <= np.exp(-(shaded.x(c) ** 2) / 2) + shaded.y_cell()


@settings(max_examples=60)
@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=200), st.integers(4, 40))
def test_a_histogram_counts_each_value_once_between_round_edges(values, most):
    known = np.array(values)
    if known.min() == known.max() or known.max() - known.min() < 1e-6 * abs(known).max():
        return
    edges, counts, *_ = histogram_bins(known, most)
    assert counts.sum() == len(known)
    assert edges[0] <= known.min()
    assert known.max() <= edges[-1]
    width = edges[1] - edges[0]
    assert np.allclose(np.diff(edges), width, rtol=1e-6)


def test_the_columns_of_a_histogram_are_as_high_as_their_counts():
    bins = Bins(np.arange(0.0, 6.0), np.array([4, 0, 8, 2, 6]))
    picture = Picture(drawn(Chart((), "x", "count", bins=bins)))
    assert picture.width % 5 == 0
    wide = picture.width // 5
    for k, count in enumerate(bins.counts):
        column = [line.ljust(picture.width)[k * wide + wide // 2] for line in picture.rows]
        eighths = sum(" ▁▂▃▄▅▆▇█".index(sign) for sign in column)
        assert picture.y(picture.height - eighths / 8) == pytest.approx(count, abs=picture.y_cell() / 15.9)
    assert picture.y(picture.height) == 0  # bars begin at the tick of 0
    assert max(picture.y_ticks.values()) == 8


@given(st.lists(st.integers(0, 10**6) | st.integers(0, 12), min_size=2, max_size=20).filter(any))
def test_bars_are_read_at_their_ticks_to_a_sixteenth_of_a_row(counts):
    bins = Bins(np.arange(len(counts) + 1.0), np.array(counts))
    picture = Picture(drawn(Chart((), "x", "count", bins=bins)))
    assert 5 <= picture.height <= 13
    wide = picture.width // len(counts)
    for k, count in enumerate(counts):
        column = [line.ljust(picture.width)[k * wide] for line in picture.rows]
        top = sum(" ▁▂▃▄▅▆▇█".index(sign) for sign in column) / 8
        assert picture.y(picture.height - top) == pytest.approx(count, abs=picture.y_cell() / 15.9)


def test_expected_counts_stand_in_their_bins_and_have_a_legend():
    bins = Bins(np.arange(0.0, 4.0), np.array([4, 8, 4]), np.array([2.0, 4.0, 8.0]), "expected")
    lines = drawn(Chart((), "x", "count", bins=bins))
    picture = Picture(lines)
    assert lines[-1] == " ⠤ expected"
    marks = sorted({(c // 1, r) for c, r in picture.dots()})
    assert [c * 3 // picture.width for c, _ in marks] == [0, 1, 2]
    for (_, row), count in zip(marks, bins.expected, strict=True):
        assert picture.y(row) == pytest.approx(count, abs=picture.y_cell() / 7.9)
    rings = Picture(drawn(Chart((), "x", "count", bins=bins), braille=False)).signs("○")
    assert [picture.y(row + 0.5) for _, row in sorted(rings)] == pytest.approx(
        bins.expected, abs=picture.y_cell() / 1.9
    )


def test_ticks_are_round():
    for high in (1.0, 7.3, 0.00123, 98765.0):
        picture = Picture(
            drawn(Chart((Series(np.array([0.0, high * 3]), np.array([0.0, high])),), "x", "y", log_y=False))
        )
        for ticks in (picture.x_ticks, picture.y_ticks):
            steps = {
                f"{b - a:.6g}"
                for a, b in zip(sorted(ticks.values()), sorted(ticks.values())[1:], strict=False)
            }
            assert len(steps) == 1
            assert re.sub(r"[.0\-]|e-?\d+", "", steps.pop()) in {"1", "2", "5"}


@pytest.mark.slow
def test_of_a_million_points_few_are_joined_and_cover_the_same_dots(monkeypatch):
    x = np.arange(1_000_000.0)
    y = np.random.default_rng(0).standard_normal(len(x)).cumsum()
    counts, real = [], Canvas.line

    def counted(self, columns, rows, *arguments, **keywords):
        counts.append(len(columns))
        return real(self, columns, rows, *arguments, **keywords)

    monkeypatch.setattr(Canvas, "line", counted)
    assert len(drawn(Chart((Series(x, y),), "i", "y"))) > 12
    assert max(counts) < 1000  # four of each column of dots
    part = Chart((Series(x[:50_000], y[:50_000]),), "i", "y")
    thinned = drawn(part)
    monkeypatch.setattr("aimath.render.plots._chart.thin", lambda x, y, _: (x, y))
    assert drawn(part) == thinned
    assert max(counts) == 50_000


def test_a_curve_that_reaches_0_leaves_a_log_axis_below_and_letters_stand_on_the_lines():
    x = np.arange(11.0)
    falling = Series(x, np.where(x < 1.0, 100.0, 0.0), "falling")
    other = Series(x, 100.0 * 10.0**-x, "other")
    text = drawn(Chart((falling, other), "x", "y", log_y=True), 60)
    assert any("10 at or below 0" in line for line in text)
    picture = Picture(text)
    column = max(c for c, r in picture.dots() if r > picture.height - 1 and c < picture.width / 2)
    assert picture.x(column) < 1.0  # on its way to 0 at x = 1
    for c, r in picture.signs("b"):
        at = picture.y(r + 0.5, log=True)
        assert np.log10(at) == pytest.approx(2.0 - picture.x(c + 0.5), abs=1.5)


@pytest.mark.parametrize("how", [{}, {"braille": False}])
@given(st.floats(-1e4, 1e4), st.floats(1e-2, 1e5), st.booleans())
def test_ticks_are_evenly_apart_and_a_value_at_a_tick_is_in_its_row(how, low, span, from_zero):
    def picture(x, y):
        one = Series(np.array(x), np.array(y), joined=False, marked=True)
        return Picture(drawn(Chart((one,), "x", "y", log_y=False, from_zero=from_zero), **how))

    empty = picture([0.0, 1.0], [low, low + span])
    rows, values = list(empty.y_ticks), list(empty.y_ticks.values())
    assert len({b - a for a, b in itertools.pairwise(rows)}) == 1
    assert 3 <= len(rows) <= empty.height <= 13
    full = picture([0.0, 1.0, *np.linspace(0.1, 0.9, len(values))], [low, low + span, *values])
    assert full.y_ticks == empty.y_ticks
    assert {row for _, row in full.signs("●")} >= {*rows}


@given(st.floats(-12, 6), st.floats(3.1, 15))
def test_ticks_of_a_log_axis_are_evenly_apart_too(low, decades):
    y = 10.0 ** np.array([low, low + decades])
    rows = [*Picture(drawn(Chart((Series(np.arange(2.0), y),), "x", "y"))).y_ticks]
    assert len({b - a for a, b in itertools.pairwise(rows)}) <= 1


def test_a_dashed_line_at_a_tick_is_in_its_row_and_in_the_same_dots_of_it_as_a_curve_there():
    flat = np.full(161, 2.0)
    for value in (2.0, 4.0, 6.0):
        series = (Series(X, flat * value / 2.0), Series(X, np.linspace(0.0, 8.0, 161)))
        chart = Chart(series, "x", "y", references=(Reference(value, "here"),))
        picture = Picture(drawn(chart))
        (row,) = (row for row, at in picture.y_ticks.items() if at == value)
        level = {round((at - row) * 4 - 0.5) for _, at in picture.dots() if row <= at < row + 1}
        assert max(sum(round((at - row) * 4 - 0.5) == dot for _, at in picture.dots()) for dot in level) > 140


def test_the_name_of_an_axis_stands_below_its_numbers_alone():
    *_, numbers, name = drawn(Chart((Series(X, BELL),), "the x", "y"))
    assert name.split() == ["the", "x"]
    assert all(re.fullmatch(r"-?[\d.]+", word) for word in numbers.split())


@pytest.mark.parametrize("how", [{}, {"ascii_only": True}, {"braille": False}])
@pytest.mark.parametrize("width", [40, 80])
def test_curves_that_hide_each_other_are_named(how, width):
    x = np.linspace(0.0, 1.0, 200)
    names = ["up", "as up", "down", "nearly down", "across"]
    curves = [x, x + 1e-4, 1 - x, np.where(x < 0.97, 1 - x, 0.5), 0 * x + 0.5]
    series = tuple(Series(x, y, name) for y, name in zip(curves, names, strict=True))
    said = [line for line in drawn(Chart(series, "x", "y"), width, **how) if "on one line" in line]
    assert said == [" on one line: a up, b as up", " on one line: c down, d nearly down"]
    assert not any("on one line" in line for line in drawn(Chart(series[::2], "x", "y"), width, **how))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12), st.sampled_from([60, 80, 110]))
def test_bars_of_a_histogram_are_apart_where_there_is_room(counts, width):
    bins = Bins(np.arange(len(counts) + 1.0), np.array(counts))
    lines = drawn(Chart((), "x", "count", bins=bins), width)
    foot = next(line for line in lines if line.lstrip().startswith("0"))
    bars = foot.partition("│")[2].split()
    assert len(bars) == len(counts)
    assert {len(bar) for bar in bars} == {len(bars[0])}
