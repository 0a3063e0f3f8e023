"""Pictures of every command: each fits, is silent, has round ticks, and explains its letters."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from tests.cli.test_names import CALCULATORS, lines
from tests.render.reading import Picture

from aimath.cli.capture import run_captured
from aimath.errors import InputError
from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import PlotWriter
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


def pictures(line, **how):
    """The lines of what --plot draws of a command line, none where a switch doesn't go with the example."""
    try:
        reports = run_captured(line).reports
    except InputError:
        return []
    writer = PlotWriter(LayoutOptions(**how))
    return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("how", [{}, {"braille": False}, {"ascii_only": True}, {"log_y": True}])
def test_every_picture_fits_and_ascii_is_ascii(width, how):
    drawn = 0
    for line in ALL:
        shown = pictures(line, width=width, **how)
        drawn += bool(shown)
        assert max(map(display_width, shown), default=0) <= width, line
        assert "\x1b" not in "".join(shown)
        if "ascii_only" in how:
            assert "".join(shown).isascii(), line
    assert drawn > 0.9 * len(ALL)


def charts(shown):
    """The charts among the lines of a picture, each with its axes."""
    blanks = [-1, *(k for k, line in enumerate(shown) if not line), len(shown)]
    for start, end in pairwise(blanks):
        if any(line.lstrip().startswith("└") for line in shown[start + 1 : end]):
            yield shown[start + 1 : end]


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
