"""From reports to plots: all rows of an answer in one picture, on one scale."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.render.reading import Picture

from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter
from aimath.report import Plot, Reference


@pytest.fixture
def drawn():
    """Give the lines that --plot draws beside piped data."""

    def lines(*reports, **wanted):
        writer = PlotWriter(LayoutOptions(**wanted))
        return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()

    return lines


def bar_length(line):
    eighths = " ▏▎▍▌▋▊▉█"
    return sum(eighths.index(sign) for sign in line if sign in eighths[1:]) / 8


def test_bars(five, drawn):
    assert drawn(five, width=40) == [
        " the  0.233344  ████████▉", " cat  0.085842  ███▎", " sat  0.034901  █▍", " on   0.011618  ▌",
        " mat  0.634295  ████████████████████████",
    ]  # fmt: skip


def test_bars_of_several_rows_have_one_scale_and_signs(answer, drawn):
    out = drawn(answer(y=[[1.0, -0.5], [0.0, 0.25]], plot=Plot("y")), width=20)
    assert out == [
        " row 1",
        " 1   1    + ████████",
        " 2  -0.5  - ████",
        "",
        " row 2",
        " 1  0",
        " 2  0.25  + ██",
    ]


def test_bars_of_a_sweep_have_one_scale_though_each_run_is_a_report(softmax, drawn):
    runs = [softmax([2, 1, 0.1], t)._replace(swept={"temperature": np.array([t])}) for t in (0.5, 1.0, 2.0)]
    lines = drawn(*runs)
    assert [line for line in lines if "=" in line] == [
        " temperature = 0.5",
        " temperature = 1",
        " temperature = 2",
    ]
    bars = [bar_length(line) for line in lines if line and "=" not in line]
    shares = np.concatenate([run.result.probs[0] for run in runs])
    assert np.array(bars) / max(bars) == pytest.approx(shares / shares.max(), abs=0.05)


def test_one_number_has_a_bar_only_where_its_end_is_known(answer, drawn):
    assert drawn(answer(y=[2.0], plot=Plot("y"))) == [" y  2"]
    (line,) = drawn(answer(y=[0.5], plot=Plot("y", end="1")))
    assert line.endswith("│ 1")
    (line,) = drawn(answer(y=[0.5], top=[2.0], plot=Plot("y", end="top")))
    assert line.endswith("│ 2")


def test_bars_of_what_the_answer_does_not_show_are_named(answer, drawn):
    report = answer(y=[[1.0, 2.0]], z=[3.0], show=("z",), plot=Plot("y"))
    assert drawn(report)[0] == " y"
    assert drawn(report, fields=("y",)) == drawn(report)[1:]


def test_single_numbers_of_many_rows_are_one_chart(answer, drawn):
    lines = drawn(answer(y=[1.0, 2.0], plot=Plot("y")), answer(y=[4.0], plot=Plot("y")))
    assert [line.split()[:3] for line in lines] == [["row", "1", "1"], ["row", "2", "2"], ["row", "3", "4"]]


def test_long_vectors_and_many_rows_are_cut(answer, drawn):
    assert len(drawn(answer(y=np.ones((1, 100)), plot=Plot("y")))) == 26
    assert len(drawn(answer(y=np.ones((1, 100)), plot=Plot("y")), all_rows=True)) == 100
    assert drawn(answer(y=np.ones((30, 2)), plot=Plot("y")))[-1] == " … 10 more rows (--all)"


def test_no_plot_no_lines(answer, drawn, five, seen):
    assert drawn(answer(y=[1.0])) == []
    assert drawn(five._replace(plot=Plot("absent"))) == []
    assert drawn(five._replace(is_missing=True)) == []
    assert seen(answer(y=[1.0]), draw=True) == ["y = 1"]


def test_a_curve_gathers_the_points_of_all_blocks(answer, drawn):
    blocks = [answer(x=[t], y=[t * t], plot=Plot("y", "x", "curve")) for t in (2.0, 0.0, 1.0)]
    picture = Picture(drawn(*blocks))
    places = sorted(picture.signs("●"))
    assert len(places) == 3
    for (c, r), t in zip(places, (0.0, 1.0, 2.0), strict=True):
        assert picture.x(c + 0.5) == pytest.approx(t, abs=picture.x_cell())
        assert picture.y(r + 0.5) == pytest.approx(t * t, abs=1.2 * picture.y_cell())


def test_a_curve_over_its_entries_counts_from_1(answer, drawn):
    out = drawn(*[answer(y=[3.0, 2.0], plot=Plot("y", "", "curve", positions="i"))] * 2)
    picture = Picture(out)
    assert [round(picture.x(c + 0.5)) for c, _ in sorted(picture.signs("●"))] == [1, 2, 3, 4]
    assert "i" in out[-1]


def test_a_curve_for_each_run_of_a_sweep_with_its_letter(answer, drawn):
    t = np.linspace(0.0, 1.0, 50)
    runs = [
        answer(t=[t], y=[t * k], plot=Plot("y", "t", "curve"), swept={"k": np.array([k])}) for k in (1.0, 2.0)
    ]
    assert drawn(*runs)[-1] == " a k = 1   b k = 2"


def test_curves_named_by_a_quantity_and_cut_by_their_status(answer, drawn):
    losses = np.array([[4.0, 2.0, 1.0], [4.0, 1e6, 1e12]])
    report = answer(
        who=["gd", "fast"], how=["going", "diverged"],
        plot=Plot("losses", "k", "curve", series="who", status="how", axes=("step", "loss")),
        drawn=lambda: {"losses": losses, "k": [0, 1, 2]},
    )  # fmt: skip
    lines = drawn(report)
    assert lines[-2] == " a gd   b fast"
    assert lines[-1] == " cut at the frame: fast diverged: 1e+12 at step 2"
    assert max(Picture(lines).y_ticks.values()) < 10


def test_quantities_of_plots_alone_are_made_only_for_plots(answer, drawn, seen):
    made = []
    report = answer(y=[1.0], plot=Plot("y", references=()), drawn=lambda: made.append(1) or {})
    seen(report)
    assert not made
    seen(report, draw=True)
    drawn(report)
    assert made == [1, 1]


def test_marks_areas_and_references_name_quantities(answer, drawn):
    x = np.linspace(-3, 3, 200)
    plot = Plot(
        "curve", "at", "curve", points=("x", "y"), area=("low", "x"), from_zero=True, caption="up to {x}",
        references=(Reference("top", "top {top}"),),
    )  # fmt: skip
    report = answer(
        x=[[1.0]], y=[[np.exp(-0.5)]], plot=plot,
        drawn=lambda: {"at": x, "curve": np.exp(-x * x / 2), "low": -np.inf, "top": 0.75},
    )  # fmt: skip
    lines = drawn(report)
    assert lines[-1] == " up to 1"
    assert any("top 0.75" in line for line in lines)
    picture = Picture(lines)
    ((c, r),) = picture.signs("●")
    assert picture.x(c + 0.5) == pytest.approx(1.0, abs=picture.x_cell())
    assert picture.y(r + 0.5) == pytest.approx(np.exp(-0.5), abs=1.2 * picture.y_cell())


def test_a_histogram_gathers_numbers_of_all_rows(answer, drawn):
    values = np.random.default_rng(0).standard_normal(300)
    plot = Plot("y", kind="histogram")
    assert drawn(answer(y=values[:100], plot=plot), answer(y=values[100:], plot=plot)) == drawn(
        answer(y=values, plot=plot)
    )


def test_a_histogram_for_each_row_that_is_a_vector(answer, drawn):
    lines = drawn(answer(y=[[1.0, 2.0, 2.0], [3.0, 4.0, 4.0]], plot=Plot("y", kind="histogram")))
    assert [line for line in lines if "row" in line] == [" row 1", " row 2"]
    assert drawn(answer(y=[[1.0, 1.0]], plot=Plot("y", kind="histogram"))) == [" all 2 are 1: no histogram"]
    far = drawn(answer(y=[[1.0, 2.0, np.inf]], plot=Plot("y", kind="histogram")))
    assert far[-1] == " … 1 at infinity"


def test_a_curve_over_the_whole_range_of_floats(answer, drawn):
    huge = 1.7e308
    out = drawn(answer(x=[-huge, 0.0, huge], y=[huge, 0.0, -huge], plot=Plot("y", "x", "curve")))
    dots = [line.index("●") for line in out if "●" in line]
    assert len(dots) == 3
    assert dots == sorted(dots)


def test_points_at_infinity_are_named_where_they_cannot_be_drawn(answer, drawn):
    out = drawn(answer(x=[0.0, 1.0, np.inf], y=[0.0, 1.0, 2.0], plot=Plot("y", "x", "curve")))
    assert sum(line.count("●") for line in out) == 2
    assert out[-1] == " not drawn: x = inf, y 2"


def test_more_curves_than_can_be_told_apart_are_counted(answer, drawn):
    t = np.linspace(0.0, 1.0, 50)
    runs = [
        answer(t=[t], y=[t * k], plot=Plot("y", "t", "curve"), swept={"k": np.array([k])})
        for k in np.arange(15.0)
    ]
    assert drawn(*runs)[-1] == " … 3 more curves"


def test_many_points_on_one_curve_have_its_colour_and_few_are_marked_in_another(answer, seen):
    x = np.linspace(0.0, 1.0, 60)
    for count, colours in ((60, {"36"}), (5, {"36", "35"})):
        at = x[:count]
        plot = Plot("curve", "at", "curve", points=("x", "y"))
        report = answer(x=[at], y=[at * at], plot=plot, drawn=lambda: {"at": x, "curve": x * x})
        lines = seen(report, draw=True, colour=True, width=60)
        rows = [line for line in lines if re.search("[\u2801-\u28ff]", line)]
        found = set(re.findall(r"\x1b\[(?:1;)?(3\d)m(?=[\u2801-\u28ff●])", "\n".join(rows)))
        assert found == colours


def test_bars_are_called_by_their_formula_with_the_numbers_that_they_are_of_beside(answer, drawn):
    p = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    plot = Plot("terms", "p", axes=("p", "-p log2 p (bits)"))
    out = drawn(answer(h=[1.0, 2.0], p=p, terms=-p * np.log2(p), show=("h",), plot=plot))
    assert out[0] == " -p log2 p (bits)"
    said = [float(part) for line in out for part in re.findall(r"\d  p = ([\d.]+) +0\.\d+", line)]
    assert said == p.ravel().tolist()
