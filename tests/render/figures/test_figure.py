"""Figures: what they show is what the plot is of, the same bytes each time, and any text as it is typed."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import os
import re
import sys
import unicodedata

import numpy as np
import pytest
from tests.cli.test_names import CALCULATORS, lines
from tests.commands.test_pictures import ALL, MORE, pictures, reports_of
from tests.render.reading_svg import LINK, SVG, Figure, number

from aimath.cli.runner.capture import run_captured
from aimath.errors import InputError
from aimath.render.report_view import LayoutOptions
from aimath.report import Plot, Reference
from aimath.text import escape_control

pytest.importorskip("matplotlib")
from aimath.render.figures._axes import DARK, LIGHT, number_text
from aimath.render.figures.figure import FigureWriter

CASES = ("softmax", "2", "1", "0.1")
FIRST, SECOND = LIGHT.colour(0), LIGHT.colour(1)


def figure(*reports, form="svg", dark=False, **wanted):
    """Give the bytes of the figure of some reports."""
    writer = FigureWriter(LayoutOptions(**wanted), form, "aimath", dark=dark)
    assert b"".join(map(writer.write, reports)) == b""
    return writer.finish()


def panel(*reports, **wanted):
    (one,) = Figure(figure(*reports, **wanted)).panels[:1]
    return one


def captured(line):
    try:
        return run_captured(line).reports
    except InputError:
        return []


# The same numbers


def test_bars_are_as_long_as_their_numbers_which_stand_beside(softmax):
    report = softmax([2, 1, -3])
    shown = panel(report)
    found = shown.rectangles(FIRST)
    probs = report.result.probs[0]
    assert shown.read(0, found[:, 1]) == pytest.approx(probs, abs=2e-4)
    assert shown.read(0, found[:, 0]) == pytest.approx(np.zeros(3), abs=2e-4)
    assert [number(word) for word in shown.words if re.fullmatch(r"0\.\d{3,}", word)] == pytest.approx(
        probs, rel=1e-3, abs=0
    )


def test_negative_bars_go_to_the_left_and_a_log_axis_has_dots(answer):
    y = [[1.0, -2.5, 0.25]]
    shown = panel(answer(y=y, plot=Plot("y"), units={"y": "nats"}))
    ends = shown.rectangles(FIRST)
    assert shown.read(0, ends[:, 1]) == pytest.approx([1.0, 0.0, 0.25], abs=1e-3)
    assert shown.read(0, ends[:, 0]) == pytest.approx([0.0, -2.5, 0.0], abs=1e-3)
    assert "y, nats" in shown.words
    logs = panel(answer(y=[[1.0, 1e-3, 1e3]], plot=Plot("y")), log_y=True)
    assert logs.read(0, logs.markers(FIRST)[:, 0]) == pytest.approx([1.0, 1e-3, 1e3], rel=1e-2, abs=0)
    assert "y (log scale)" in logs.words


def test_rows_with_the_same_names_stand_side_by_side_with_a_legend(softmax):
    runs = [softmax([2, 1], t)._replace(swept={"temperature": np.array([t])}) for t in (0.5, 2.0)]
    shown = panel(*runs)
    for k, run in enumerate(runs):
        ends = shown.rectangles(LIGHT.colour(k))
        assert shown.read(0, ends[:2, 1]) == pytest.approx(run.result.probs[0], abs=2e-4)
        assert f"temperature = {run.swept['temperature'][0]:g}" in shown.words


@pytest.mark.slow
def test_a_long_vector_is_an_outline_and_many_rows_are_panels(answer):
    y = np.linspace(1.0, 3.0, 200)
    (shown,) = Figure(figure(answer(y=[y], plot=Plot("y")))).panels
    assert {"entry", "y"} <= set(shown.words)
    rows = Figure(figure(answer(y=np.ones((22, 2)), plot=Plot("y"))))
    assert len(rows.panels) == 21
    assert rows.words[-1] == "… 2 more rows (--all)"


@pytest.mark.parametrize(("low", "y"), [(-2.0, lambda x: x * x), (0.01, lambda x: 10.0**x)])
def test_points_of_a_curve_are_where_their_numbers_are(answer, low, y):
    x = np.linspace(low, 6.0, 13)
    report = answer(x=x, y=y(x), plot=Plot("y", "x", "curve"))
    shown = panel(report)
    places = shown.markers(FIRST)
    assert shown.read(0, places[:, 0]) == pytest.approx(x, abs=2e-3)
    assert shown.read(1, places[:, 1]) == pytest.approx(y(x), rel=1e-2, abs=5e-2)
    assert len(shown.lines(FIRST)) == 1


def test_curves_references_areas_and_what_diverges_are_named(answer):
    losses = np.array([[4.0, 2.0, 1.0], [4.0, 1e6, 1e12]])
    report = answer(
        who=["gd", "fast"], how=["going", "diverged"], top=[3.0],
        plot=Plot("losses", "k", "curve", series="who", status="how", axes=("step", "loss"),
                  references=(Reference("top", "top {top}"), Reference("top", "at {top}", upright=True))),
        drawn=lambda: {"losses": losses, "k": [0, 1, 2]},
    )  # fmt: skip
    shown = Figure(figure(report))
    assert {"gd", "fast", "step", "loss", "top 3"} <= set(shown.words)
    assert "cut at the frame: fast diverged: 1e+12 at step 2" in shown.words
    assert max(shown.panels[0].fits(1)[1]) < 10
    assert shown.panels[0].read(1, shown.panels[0].lines(FIRST)[0][:, 1]) == pytest.approx(
        [4, 2, 1], abs=0.01
    )


def test_a_histogram_has_the_counts_of_the_terminal(answer):
    values = np.random.default_rng(0).standard_normal(300)
    shown = panel(answer(y=values, plot=Plot("y", kind="histogram")))
    bars = shown.rectangles(FIRST)
    edges = [round(x, 2) for x in (*shown.read(0, bars[:, 0]), shown.read(0, bars[-1, 1]))]
    counts = np.histogram(values, edges)[0]
    assert counts.sum() == 300
    assert shown.read(1, bars[:, 2]) == pytest.approx(counts, abs=0.2)
    said = Figure(figure(answer(y=[[1.0, 1.0]], plot=Plot("y", kind="histogram"))))
    assert said.words == ["all 2 are 1: no histogram"]


def test_classes_have_a_colour_and_a_marker_each():
    report = captured("aimath pca digits:0,1 -k 2")
    shown = panel(*report)
    projected = report[0].result.projected
    label = np.array(report[0].names["row"])
    for k, name in enumerate(("0", "1")):
        places = shown.markers(LIGHT.colour(k))
        assert shown.read(0, places[:, 0]) == pytest.approx(projected[label == name, 0], abs=0.05)
        assert shown.read(1, places[:, 1]) == pytest.approx(projected[label == name, 1], abs=0.05)
        assert f"{name}: {(label == name).sum()} rows" in shown.words


def test_a_heat_map_has_its_numbers_in_the_cells():
    line = "aimath attention -Q '1 0; 1 1' -K '1 0; 2 1' -V '1 0; 0 1' --tokens the,cat --causal"
    (report,) = captured(line)
    shown = Figure(figure(report))
    weights = report.result.weights.ravel()
    said = shown.panels[1].words
    assert said[:4] == ["the", "cat", "the", "cat"]
    assert sorted(number(word) for word in said[4:] if word != "·") == pytest.approx(
        sorted(weights[weights > 0]), abs=0.006
    )
    assert said.count("·") == 1
    assert "· masked" in shown.words


def pixels(one):
    image = pytest.importorskip("PIL.Image")
    for found in one.group.iter(f"{SVG}image"):
        data = base64.b64decode(found.get(LINK).partition("base64,")[2])
        yield np.asarray(image.open(io.BytesIO(data)).convert("L")).astype(float)


def test_an_image_keeps_its_pixels(answer):
    image = np.arange(16.0).reshape(1, 4, 4)
    (found,) = pixels(panel(answer(y=image, plot=Plot("y", kind="picture"))))
    assert found.shape == (4, 4)
    assert found / 255.0 == pytest.approx(image[0] / 15.0, abs=0.01)


def test_a_descent_ends_where_it_ends_on_its_contours():
    (report, *_) = captured("aimath gd x^2+4*y^2 x=4 y=2 --lr .1")
    shown = panel(report)
    points, _ = report.result.whole_run()
    steps = shown.lines(SECOND)[0]
    assert shown.read(0, steps[[0, -1], 0]) == pytest.approx(points[[0, -1], 0], abs=0.02)
    assert shown.read(1, steps[[0, -1], 1]) == pytest.approx(points[[0, -1], 1], abs=0.02)
    assert {"start", "end", "lowest point", "x", "y"} <= set(shown.words)


def test_a_sweep_is_points_over_one_option_and_a_map_over_two(answer):
    runs = [
        answer(y=[y], plot=Plot("y", kind="sweep"), swept={"lr": np.array([lr])})
        for lr, y in ((0.1, 3.0), (0.2, 1.0), (0.4, 2.0))
    ]
    shown = panel(*runs)
    places = shown.markers(FIRST)
    assert shown.read(0, places[:, 0]) == pytest.approx([0.1, 0.2, 0.4], abs=2e-3)
    assert shown.read(1, places[:, 1]) == pytest.approx([3.0, 1.0, 2.0], abs=2e-3)
    words = Figure(figure(*captured("aimath adam --lr .01,.1 --beta1 .8,.9 --last"))).words
    assert {"lr", "beta1", "0.01", "0.1", "0.8", "0.9", "least fifth"} <= set(words)


def test_numbers_are_printed_with_the_signs_of_print():
    for text in ("0", "-2", "1e-4", "-1e7", "2.5e-300", "-3e9", "0.05"):
        assert number(number_text(text)) == pytest.approx(float(text), rel=1e-12, abs=0)


# Every command, light and dark, in every form


@pytest.mark.parametrize("name", CALCULATORS)
def test_every_command_has_a_figure(name):
    reports = captured(lines(name)[0])
    first = figure(*reports, dark=True)
    assert first == figure(*reports, dark=True)
    shown = Figure(first)
    assert shown.words
    assert DARK.paper.encode() in first


@functools.cache
def with_reports(*, each):
    """The lines that have a picture: each, or of those whose pictures in characters are the same the first."""
    found = [line for line in ALL if reports_of(line)]
    return (
        found if each else list({(line.split()[1], *pictures(line)): line for line in found[::-1]}.values())
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize(
    "wanted",
    [{}, *(pytest.param({one: True}, marks=pytest.mark.exhaustive) for one in ("log_y", "all_rows"))],
)
def test_every_picture_is_a_figure(wanted, part):
    assert len(with_reports(each=True)) > 250  # the others are switches that do not go together
    assert len(with_reports(each=False)) > 150
    for line in with_reports(each=bool(wanted))[part::3]:
        shown = Figure(figure(*reports_of(line), **wanted))
        assert not [word for word in shown.words if "\N{REPLACEMENT CHARACTER}" in word], line


@pytest.mark.slow
@pytest.mark.parametrize("line", MORE)
def test_other_forms_are_what_they_say_and_the_same_each_time(line):
    reports = captured(line)
    for form, begins in (("png", b"\x89PNG\r"), ("pdf", b"%PDF-")):
        data = figure(*reports, form=form)
        assert data.startswith(begins)
        assert b"CreationDate" not in data
        if form == ("png", "pdf")[MORE.index(line) % 2]:
            assert data == figure(*reports, form=form)


@pytest.mark.slow
def test_the_bytes_are_the_same_in_each_process_and_whatever_the_user_has_set(program, tmp_path):
    made = []
    for k, hashing in enumerate(("0", "1")):
        home = tmp_path / str(k)
        home.mkdir()
        if k:
            (home / "matplotlibrc").write_text("text.usetex: True\naxes.facecolor: red\nfont.size: 30\n")
        world = {**os.environ, "PYTHONHASHSEED": hashing, "MPLCONFIGDIR": str(home), "TZ": f"UTC{k}"}
        file = home / "x.svg"
        ran = program("race", "--figure", str(file), env=world)
        assert (ran.returncode, ran.stderr) == (0, "")
        made.append(file.read_bytes())
    assert made[0] == made[1]


# Text of the user


HOSTILE = (
    "$x$", "$", r"\$y\$", "_hidden", "<b>&amp;", "]]>", "a\nb", "a\tb", "\x1b[31m", "\u202eabc", "\x00", "{0} %s", "'\"", "$\\frac{",
    "e\u0301", "猫", "", " ", "\ud800", "\ufffe", "^_", "[nolegend]",
)  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE, ids=ascii)
@pytest.mark.parametrize("form", ["svg", "png"])
def test_labels_stand_as_they_are_typed_with_what_cannot_be_seen_escaped(answer, label, form):
    runs = [
        answer(y=[[1.0, 2.0]], plot=Plot("y"), names={"entry": (label, "b")}, swept={label: np.array([t])})
        for t in (1.0, 2.0)
    ]
    curves = answer(
        who=[label, "other"], plot=Plot("losses", "k", "curve", series="who", axes=(label, label), caption=escape_control(label).replace("{", "{{").replace("}", "}}")),
        drawn=lambda: {"losses": np.ones((2, 3)), "k": [0, 1, 2]},
    )  # fmt: skip
    data = figure(*runs, curves, form=form)
    if form != "svg":
        return
    words = Figure(data).words
    shown = escape_control(label)
    unseen = [sign for word in words for sign in word if unicodedata.category(sign) in ("Cc", "Cf", "Cs")]
    assert unseen == []
    if shown.strip():
        assert words.count(shown) >= 3  # the entry, both axes, the legend
        assert f"{shown} = 1" in words


EXTREMES = (1.7e308, -1.7e308, 5e-324, 0.0, 1.0, np.inf, -np.inf, np.nan, 1e-300, 1e15)


@pytest.mark.parametrize("kind", ["bars", "curve", "histogram", "picture", "heat", "sweep"])
@pytest.mark.parametrize("log_y", [False, True])
def test_any_numbers_have_a_figure(answer, kind, log_y):
    rng, drawn = np.random.default_rng(5), 0
    for size in (2, 4, 45):
        values = rng.choice(EXTREMES, size)
        if kind == "sweep":
            report = answer(y=values, plot=Plot("y", kind=kind), swept={"k": np.arange(float(size))})
        elif kind == "heat":
            report = answer(
                y=np.clip(np.nan_to_num(values), -1, 1).reshape(1, 1, -1), plot=Plot("y", kind=kind)
            )
        elif kind == "curve":
            report = answer(x=rng.choice(EXTREMES, size), y=values, plot=Plot("y", "x", kind))
        else:
            report = answer(y=values.reshape(1, -1), plot=Plot("y", kind=kind))
        with contextlib.suppress(InputError):  # nan has no value, whatever is drawn
            Figure(figure(report, log_y=log_y))
            drawn += 1
    assert drawn >= 2


# The command line


def test_the_figure_stands_beside_the_answer(aimath, tmp_path):
    file = tmp_path / "x.svg"
    plain = aimath(*CASES)
    assert aimath(*CASES, "--figure", file) == plain
    assert "0.659" in Figure(file.read_bytes()).words
    both = aimath(*CASES, "--figure", file, "--plot", "--json")
    assert both.err == aimath(*CASES, "--plot").err
    assert both.out == aimath(*CASES, "--json").out
    assert aimath(*CASES, "--figure", file, "--out", tmp_path / "x.json")[:2] == (0, "")
    assert aimath(*CASES, "--log-y", "--figure", file) == plain  # it is how the figure is drawn
    assert "probs (log scale)" in Figure(file.read_bytes()).words


def test_a_dark_figure_is_called_so(aimath, tmp_path):
    for name, look in (("x.svg", LIGHT), ("x.dark.svg", DARK), ("X.DARK.SVG", DARK), ("dark.svg", LIGHT)):
        assert aimath(*CASES, "--figure", tmp_path / name).code == 0
        assert f"fill: {look.paper}" in (tmp_path / name).read_text()


def test_a_figure_without_operands(aimath, tmp_path):
    assert aimath("gaussian", "--figure", tmp_path / "x.pdf").code == 0
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.jpg", "is none of svg, png, pdf"),
        ("x", "is none of svg, png, pdf"),
        ("x.svg.gz", "is none of svg, png, pdf"),
        (".svg", "is a suffix without a name"),
        (".dark.png", "is a suffix without a name"),
        ("none/x.svg", "there is no directory"),
        ("d.svg", "is a directory"),
        ("", "empty"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_is_read(refused, tmp_path, name, said):
    (tmp_path / "d.svg").mkdir()
    before = sorted(tmp_path.iterdir())
    code = 1 if "no directory" in said else 2
    err = refused("softmax", "@absent.csv", "--figure", str(tmp_path / name) if name else "", code=code)
    assert "--figure" in err
    assert said in err
    assert [one for one in sorted(tmp_path.iterdir()) if one.name != ".stdin"] == before


def test_it_is_given_once_and_not_where_the_answer_goes(refused, tmp_path):
    file = tmp_path / "x.svg"
    (tmp_path / "link.svg").symlink_to(file)
    assert "--figure is given twice" in refused(*CASES, "--figure", file, "--figure", "y.svg")
    for other in (file, tmp_path / "." / "x.svg", tmp_path / "link.svg"):
        assert "--out and --figure are both" in refused(*CASES, "--figure", file, "--out", other)
    assert not file.exists()


def test_a_mistake_leaves_the_old_figure(refused, tmp_path):
    file = tmp_path / "x.svg"
    file.write_text("old")
    refused("softmax", "1", "x", "--figure", file)
    assert file.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir() if one.name != ".stdin") == ["x.svg"]


@pytest.mark.parametrize(
    "words", [("quiz",), ("help", "softmax"), ("completion", "bash"), ("guide", "map")], ids=" ".join
)
def test_what_has_no_plot_refuses_a_figure(aimath, tmp_path, words):
    plots, figures = (aimath(*words, *more) for more in (("--plot",), ("--figure", str(tmp_path / "x.svg"))))
    if plots.code:
        assert (figures.code, figures.out) == (plots.code, "")
        assert "--figure" in figures.err
    else:
        assert figures.code == 2
        assert "has no plot" in figures.err
    assert not (tmp_path / "x.svg").exists()


def test_without_matplotlib_one_line_says_how_to_get_it(refused, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    err = refused(*CASES, "--figure", tmp_path / "x.svg", code=1)
    assert err == (
        "aimath softmax: error: --figure draws by matplotlib, which is not installed\n"
        "  pip install 'aimath[figures]'\n"
    )
    assert not (tmp_path / "x.svg").exists()
