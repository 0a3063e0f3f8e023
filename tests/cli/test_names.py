"""Every name within a string is the name of something: in declarations, usages, derivations and plots.

Reports are those of every example, alone and with each switch and each choice of the command, and of the demos.
"""

from __future__ import annotations

import itertools
import shlex
from collections import Counter

import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.check import declaration_mistakes, source_location
from aimath.cli.command import DECLARED, command as declare
from aimath.cli.options import InputOptions, Operand, OutputOptions, Usage, Vector
from aimath.cli.runner.capture import run_captured
from aimath.content.demos.catalogue import DEMOS
from aimath.errors import InputError
from aimath.render.templates import field_names
from aimath.report import CrossCheck, Derivations, Line, Panels, Plot, Report, Table, Tree

CHECK_NAMES = ("answer", "alternative", "difference")
"""What the template of a CrossCheck may name beside the quantities."""
CALCULATORS = [name for name in COMMANDS if not lookup(name).informational]


def lines(name):
    """Give the examples of a command, alone and with each switch and each choice."""
    command = lookup(name)
    shared = {*InputOptions._fields, *OutputOptions._fields}
    own = [part for part in command.params if part.flags and part.name not in shared]
    more = ["", *(part.flags[0] for part in own if part.kind is bool)]
    more += [f"{part.flags[0]} {choice}" for part in own for choice in part.choices]
    examples = (command.example, *(usage.example for usage in command.usages[1:]))
    return [f"{example} {words}".strip() for example in examples for words in more]


def flat(reports):
    """Give reports with all that follow from them; of a long answer the first."""
    for report in reports:
        yield report
        yield from flat(itertools.islice(report.following, 3))
        for step in report.steps:
            yield from flat(step.reports() if isinstance(step, Derivations) else ())


def reports(line):
    try:
        return list(flat(run_captured(line).reports))
    except InputError:  # a switch that doesn't go with the example
        return []


def report_mistakes(command, report):
    """Yield the names in a report of a command that are the names of nothing."""
    quantities = {*report.quantity_names(), *report.swept}
    words = quantities | {*report.template_words}
    drawn = report.drawn() if report.drawn else {}
    axes = {axis for name in quantities for axis in report.axes(name)}
    for place, known, names in (
        ("show", quantities, report.show),
        ("summary_fields", quantities, report.summary_fields),
        ("units", quantities, report.units),
        ("companion", quantities, (report.companion,)),
        ("names", {*axes, "entry", "row"}, report.names),
        *((f"{plot}", words | {*drawn}, plot_names(plot)) for plot in report.plots),
        *((f"{step}", words, step_names(step)) for step in report.steps),
    ):
        for name in names:
            if name and name not in known:
                yield f"{source_location(command)}: {command.name}: there is no {name}, named by {place}"
    for method in (method for step in report.steps for method in step_methods(step)):
        if not hasattr(report.result, method):
            yield f"{source_location(command)}: {command.name}: the result has no method {method}"


def plot_names(plot):
    texts = (plot.caption, *(mark.text for mark in plot.references))
    end = () if plot.end.isdigit() else (plot.end,)
    status = () if plot.kind == "sweep" else (plot.status,)  # which a sweep of single steps may lack
    return (
        plot.y, plot.x, plot.column, plot.series, *end, *status, *plot.points, *plot.area,
        *(mark.at for mark in plot.references), *(name for text in texts for name in field_names(text)),
    )  # fmt: skip


def step_methods(step):
    """Return the methods of the result that a step names."""
    methods = [step.condition] if isinstance(step, (Line, CrossCheck)) else []
    methods += [step.method] if isinstance(step, CrossCheck) else []
    return [method for method in methods if method]


def step_names(step):
    """Return the quantities that a step names, without indices."""
    if isinstance(step, Line):
        names = [*field_names(step.text + step.fallback), step.nonzero]
    elif isinstance(step, CrossCheck):
        names = [name for name in field_names(step.text + step.fallback) if name not in CHECK_NAMES]
    elif isinstance(step, Derivations):
        names = []  # those of its reports are theirs
    elif isinstance(step, Panels):
        names = [*(name for _, name in step.columns), step.shaded]
    else:
        names = [name for _, template in step.columns for name in field_names(template)]
        if isinstance(step, Table):
            names += [step.bar, step.names, step.dot_plot]
        if isinstance(step, Tree):
            names += [step.node_texts, step.depths]
    return (name.partition("[")[0] for name in names)


def test_declarations_name_what_there_is():
    assert [mistake for name in COMMANDS for mistake in declaration_mistakes(lookup(name))] == []


def test_reports_name_what_there_is():
    checked = Counter()
    mistakes = {}
    demos = [line for demo in DEMOS.values() for line in (*demo.command_lines, *demo.experiments)]
    quick = [line for line in demos if "randn:" not in line]
    for line in [*(line for name in CALCULATORS for line in lines(name)), *quick]:
        name = shlex.split(line)[1]
        for report in reports(line) if name in CALCULATORS else ():
            checked[name] += 1
            mistakes |= dict.fromkeys(report_mistakes(lookup(name), report), line)
    assert mistakes == {}
    assert {*checked} == {*CALCULATORS}


@pytest.mark.parametrize("name", CALCULATORS)
def test_every_usage_has_an_example_that_selects_it(name):
    from aimath.cli.fast_parser import escape_negatives, parse_args
    from aimath.cli.runner.job import select_usage

    command = lookup(name)
    examples = (command.example, *(usage.example for usage in command.usages[1:]))
    for example, usage in zip(examples, command.usages, strict=True):
        given = parse_args(command, escape_negatives(shlex.split(example)[2:]))
        assert select_usage(command, given) == usage
        assert run_captured(example).reports


# What the checks say


@pytest.fixture
def wrong():
    """Give a command whose declaration has a mistake of each kind."""

    @declare(
        Usage(("x", "y")),
        Usage((), selected_by=("z",)),
        example="aimath other 1",
        answer="",
        quiz=("nothing",),
    )
    def mistaken(x: Vector, y: Operand = None) -> Report:
        """Say nothing"""

    mistaken.__module__ = "aimath.commands.linalg.mistaken"
    mistaken.__globals__.setdefault("Vector", Vector)
    yield DECLARED["mistaken"]
    del DECLARED["mistaken"]


def test_a_mistake_in_a_declaration_is_told_with_its_place(wrong):
    told = declaration_mistakes(wrong)
    code = wrong.function.__code__
    assert all(line.startswith(f"{code.co_filename}:{code.co_firstlineno}: mistaken: ") for line in told)
    said = "\n".join(told)
    for word in ("summary", "'aimath other 1'", "no nothing", "parameter x", "names y", "selected by z"):
        assert word in said


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"show": ("probs", "lost")}, "lost"),
        ({"summary_fields": ("lost",)}, "lost"),
        ({"companion": "lost"}, "lost"),
        ({"units": {"lost": "bits"}}, "lost"),
        ({"names": {"lost": ("a", "b")}}, "lost"),
        ({"plot": Plot("lost")}, "lost"),
        ({"plot": (Plot("probs"), Plot("probs", "lost"))}, "lost"),
        ({"steps": (Line(" p = {probs[0]} of {lost[1]:.4}"),)}, "lost"),
        ({"steps": (Line(" p = {probs}", nonzero="lost"),)}, "lost"),
        ({"steps": (Table((("p", "{probs}"), ("q", "{lost}"))),)}, "lost"),
        ({"steps": (Table((("p", "{probs}"),), bar="lost"),)}, "lost"),
        ({"steps": (Panels((("p", "lost[0]"),)),)}, "lost"),
        ({"steps": (Tree("probs", "lost", ()),)}, "lost"),
        ({"steps": (CrossCheck("{answer} {alternative} {difference} {lost}"),)}, "lost"),
        ({"steps": (CrossCheck("{answer}", "check_lost"),)}, "check_lost"),
    ],
)
def test_a_name_of_nothing_is_told_with_its_place(changes, name):
    command = lookup("softmax")
    (report,) = run_captured(command.example).reports
    assert list(report_mistakes(command, report)) == []
    (told,) = report_mistakes(command, report._replace(**changes))
    place = f"softmax.py:{command.function.__code__.co_firstlineno}: softmax: "
    assert place in told
    assert name in told
