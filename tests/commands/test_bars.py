"""Bars of every command stand beside the column that they draw, or are named above; a sweep's have one scale."""

from __future__ import annotations

import re
import shlex

import pytest
from tests.cli.test_names import CALCULATORS, lines, reports

from aimath.cli.catalogue import lookup
from aimath.cli.runner.capture import run_captured
from aimath.content.demos.catalogue import DEMOS
from aimath.errors import InputError
from aimath.render._derivation import TableStep
from aimath.render.report_view import LayoutOptions, ReportView
from aimath.render.templates import field_names
from aimath.report import Derivations, Table


def answers(line):
    try:
        return run_captured(line).reports
    except InputError:  # a switch that doesn't go with the example
        return ()


def tables(view):
    """The tables of a derivation that have bars or dots, each with the view of its report."""
    for step in view.report.steps:
        if isinstance(step, Derivations):
            for inner in step.reports():
                yield from tables(ReportView(inner, ""))
        elif isinstance(step, Table) and (step.bar or step.dot_plot):
            yield step, view


LINES = [line for name in CALCULATORS for line in lines(name)]
LINES += [
    line for demo in DEMOS.values() for line in demo.command_lines if shlex.split(line)[1] in CALCULATORS
]
QUICK = [line for line in LINES if "randn:" not in line]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_bars_draw_the_column_beside_them_or_the_head_names_it(width):
    seen = named = 0
    for line in QUICK:
        for report in answers(line):
            for step, told in tables(ReportView.of_problems(report)):
                drawn = step.bar or step.dot_plot
                head, *rows = TableStep(step, told, 0, LayoutOptions(width=width)).lines(width)
                if not any(mark in row.text for row in rows for mark in "█▌●▏"):
                    continue
                seen += 1
                if step.bar and field_names(step.columns[-1][1]) == [drawn]:
                    continue
                named += 1
                title = next((h for h, template in step.columns if field_names(template) == [drawn]), drawn)
                assert re.search(
                    rf"(bar: |─ |  ){re.escape(title[:4])}\S*$|(bar: |─ ){re.escape(title[:5])}", head.text
                ), (
                    line,
                    head.text,
                )
    assert seen > 20
    assert named > 5


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("softmax 2 1 0.1 --temperature .5,1,2", "probs"),
        ("gaussian -1 0 1 --sigma .5,1,2", "density"),
        ("rlhf --reference .5,.5 --rewards 1,2 --beta .1,1,10", "policy"),
        ("learning-rate 1 9 --lr .01,.1", "factors"),
    ],
)
def test_bars_of_a_sweep_have_one_scale_in_tables_and_derivations(aimath, line, name):
    words = shlex.split(line)
    out = aimath(*words, "--explain").out
    eighths = " ▏▎▍▌▋▊▉█"
    rows = [row for row in out.splitlines() if re.match(r" \d ", row) and "=" not in row]
    lengths = [sum(eighths.index(sign) for sign in row if sign in eighths[1:]) / 8 for row in rows]
    runs = [report.value(name).ravel() for report in reports(f"aimath {line}")]
    numbers = [abs(float(x)) for run in runs for x in run]
    rows_with_numbers = [length for row, length in zip(rows, lengths, strict=True) if len(row.split()) > 2]
    assert len(rows_with_numbers) == len(numbers)
    unit = max(rows_with_numbers) / max(numbers)
    assert rows_with_numbers == pytest.approx([unit * x for x in numbers], abs=0.13)


def test_commands_whose_bars_stood_beside_another_column_name_them(aimath):
    for line, head in (
        ("perplexity --tokens .5,.25,.1 --explain", "bar: p of token"),
        ("cross-entropy --logits 2,1,.1 --target 1 --explain", "bar: "),
        ("pca '1 2; 3 4; 5 9' --explain", "bar: share"),
        ("backprop --layer '.2 .4; -.5 .1; .3 -.2' --x 1,2 --bias 0,0,0 --target 1 --explain", "bar: 2 p"),
        ("gd --function x^2+y^2 --start 2,1 --steps 3 --explain", "bar: f"),
        ("gd --function x^2+y^2 --start 2,1 --steps 3 --format table", "bar: loss"),
        ("temperature 2 1 --format table", "bar: entropy"),
    ):
        assert head in aimath(*shlex.split(line)).out, line
    assert lookup("perplexity").example
