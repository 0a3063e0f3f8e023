"""Pictures of every command: each fits, is silent, has round ticks, and explains its letters."""

from __future__ import annotations

import functools
import re
from itertools import pairwise

import numpy as np
import pytest
from tests.cli.test_names import CALCULATORS, lines
from tests.render.reading import Picture

from aimath.cli.runner.capture import run_captured
from aimath.errors import InputError
from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter, TerminalWriter
from aimath.text import display_width

MORE = [
    "aimath softmax randn:40x6 --temperature .5,1,2",
    "aimath gaussian --sample 300 --sigma 1,2",
    "aimath gd --lr .1,.5,1,1.1 --last",
    "aimath gd --function (1-x)^2+100*(y-x^2)^2 --start x=-1.2,y=1 --lr .001 --steps 300",
    "aimath adam --lr .01,.1 --beta1 .8,.9 --beta2 .9,.99 --last",
    "aimath race --function x^2+9*y^2 --start x=3,y=1 --lr .23",
    "aimath pca digits:0,1,4 -k 2",
    "aimath diffuse digits:3 --t 0,10 --T 50",
    "aimath cosine --matrix randn:9x4",
    "aimath grad x^2 x=lin:-1:1:9",
    "aimath attention randn:12x8 --heads 4",
]
ALL = [line for name in CALCULATORS for line in lines(name)] + MORE


@functools.cache
def reports_of(line):
    """The reports of a command line, none where a switch doesn't go with the example."""
    try:
        return run_captured(line).reports
    except InputError:
        return []


def pictures(line, **how):
    """The lines of what --plot draws of a command line."""
    reports = reports_of(line)
    if not reports:
        return []
    writer = PlotWriter(LayoutOptions(**how))
    return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()


def has_picture(line):
    """Give whether the answer of a line declares a plot; one that is refused has none."""
    return any(report.plots for report in reports_of(line))


@pytest.mark.slow
@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("how", [{}, {"braille": False}, {"ascii_only": True}, {"log_y": True}])
def test_every_picture_fits_and_ascii_is_ascii(width, how):
    drawn, idle = 0, 0
    for line in ALL:
        shown = pictures(line, width=width, **how)
        drawn += bool(shown)
        idle += not shown and not has_picture(line)
        assert max(map(display_width, shown), default=0) <= width, line
        assert "\x1b" not in "".join(shown)
        if "ascii_only" in how:
            assert "".join(shown).isascii(), line
    assert drawn > 0.9 * (len(ALL) - idle)


def charts(shown):
    """The charts among the lines of a picture, each with its axes."""
    blanks = [-1, *(k for k, line in enumerate(shown) if not line), len(shown)]
    for start, end in pairwise(blanks):
        part = shown[start + 1 : end]
        axes = [k for k, line in enumerate(part) if line.lstrip().startswith("└")]
        if axes and part[axes[0]].count("└") > 1:
            yield from maps_beside(part, axes)
        elif axes:
            yield part


def maps_beside(part, axes, width=80):
    """The maps that stand beside each other, those of each x axis in turn."""
    for start, axis in zip([0, *(axis + 3 for axis in axes)], axes, strict=False):
        count = part[axis].count("└")
        wide = (width - 2 * (count - 1)) // count
        for left in range(0, width, wide + 2)[:count]:
            yield [line[left : left + wide].rstrip() for line in part[start : axis + 3]]


def test_ticks_of_every_chart_are_round_and_letters_are_in_the_legend():
    seen = lettered = 0
    for line in ALL:
        for part in charts(pictures(line)):
            try:
                picture = Picture(part)
            except (StopIteration, ValueError):
                continue
            seen += 1
            for ticks in (picture.x_ticks, picture.y_ticks):
                values = sorted(ticks.values())
                ratios = {round(float(np.log10(b / a)), 6) for a, b in pairwise(values) if a > 0}
                even = {f"{b - a:.5g}" for a, b in pairwise(values)}
                assert all(
                    re.fullmatch(r"-?[125]?0*(\.0*[125]?)?(e-?\d+)?|-?\d+(\.\d+)?", f"{v:.6g}")
                    for v in values
                )
                assert len(even) <= 1 or ratios <= {0.30103, 0.39794, 1.0, 2.0, 3.0, 5.0, 10.0}, (
                    line,
                    values,
                )
            text = "\n".join(part)
            legend = dict(re.findall(r"(?:^|   ) ?([a-z]) (\S+)", part[-1] if "   b " in part[-1] else ""))
            letters = {sign for row in picture.rows for sign in row if sign in "abcdefghijkl"}
            if legend:
                lettered += 1
                drawn = {sign for sign in letters if sign in legend}
                assert drawn == set(legend), (line, text)
    assert seen > 15
    assert lettered >= 1


def test_every_calculator_has_a_picture_or_says_a_number():
    without = {name for name in CALCULATORS if not any(pictures(line) for line in lines(name))}
    assert without == set()


def quantity(line, name):
    """A quantity of the first report of a line, those that only its picture needs too."""
    report = run_captured(line).reports[0]
    apart = report.drawn() if report.drawn else {}
    return np.asarray(apart[name] if name in apart else getattr(report.result, name))


@pytest.mark.parametrize("n", range(2, 8))
def test_bars_of_a_determinant_sum_to_it(n):
    a = np.random.default_rng(n).integers(-9, 10, (n, n))
    line = f"aimath det '{'; '.join(' '.join(map(str, row)) for row in a)}'"
    assert quantity(line, "expansion").sum() == pytest.approx(np.linalg.det(a), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(("formula", "x"), [("x^2", 3.0), ("sin(x)", 0.5), ("exp(-x)", -7.0), ("x^3", 0.0)])
def test_a_formula_touches_its_tangent_at_the_point_and_leaves_it_slowly(formula, x):
    line = f"aimath grad '{formula}' x={x:g}"
    at, (curve, tangent) = quantity(line, "curve_x"), quantity(line, "curves")
    middle = len(at) // 2
    assert at[middle] == x
    assert curve[middle] == pytest.approx(tangent[middle], rel=1e-6, abs=0)
    off = np.abs(curve - tangent)
    near = np.abs(at - x) < 0.1
    assert (off[near] <= off.max() * (at[near] - x) ** 2 + 1e-12).all()


def test_loss_of_a_preference_stands_on_the_curve_of_all_margins():
    line = "aimath dpo --chosen -12,-90 --rejected -14,-8 --ref-chosen -12.5,-9 --ref-rejected -13.5,-9"
    x, y = quantity(line, "curve_x"), quantity(line, "curve")
    margins, losses = quantity(line, "margin").ravel(), quantity(line, "losses").ravel()
    assert x[0] <= margins.min() < margins.max() <= x[-1]
    assert np.interp(margins, x, y) == pytest.approx(losses, rel=1e-3, abs=0)


@pytest.mark.parametrize(
    ("line", "second"),
    [
        ("aimath gaussian-kl --mu 1 --sigma 2 --mu2 -3 --sigma2 .5", (-3.0, 0.5)),
        ("aimath gaussian-kl --mu 1 --logvar 1.3862943611198906", (0.0, 1.0)),
    ],
)
def test_densities_of_two_gaussians_are_theirs(line, second):
    x, both = quantity(line, "curve_x"), quantity(line, "densities")
    for (mu, sigma), density in zip([(1.0, 2.0), second], both, strict=True):
        mean = np.trapezoid(x * density, x)
        assert np.trapezoid(density, x) == pytest.approx(1.0, abs=1e-3)
        assert mean == pytest.approx(mu, abs=1e-2)
        assert np.trapezoid((x - mean) ** 2 * density, x) == pytest.approx(sigma**2, rel=1e-2, abs=0)


@pytest.mark.parametrize(
    "line", ["aimath softmax 2 1 0.1", "aimath sample 2 1 .1 --top-k 2", "aimath layer-norm 1 2 4"]
)
def test_bars_are_drawn_once(line):
    report = run_captured(line).reports[0]
    writer = TerminalWriter(LayoutOptions(), draw=True)
    text = (writer.write(report) + writer.finish()).decode()
    entries = np.count_nonzero(getattr(report.result, report.show[-1]))
    assert sum("█" in row for row in text.splitlines()) == entries


def test_curves_of_a_sweep_are_in_one_chart_without_the_title_of_the_first():
    shown = pictures("aimath gd x^2 x=3 --lr .1,.5,1.1")
    assert not any(row.strip() == "lr = 0.1" for row in shown)
    assert any("a lr = 0.1   b lr = 0.5   c lr = 1.1" in row for row in shown)
