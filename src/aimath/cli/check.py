"""Checks of declarations and reports: every name within a string is the name of something.

Each mistake is one line that begins with the file and line of the command's function.
"""

from __future__ import annotations

import importlib
from collections import Counter
from typing import TYPE_CHECKING

from aimath.cli.options import Supplied
from aimath.cli.text_command import TextCommand
from aimath.report import CrossCheck, Derivations, Line, Panels, Table, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aimath.cli.command import Command
    from aimath.report import Plot, Report, Step

CHECK_NAMES = ("answer", "alternative", "difference")
"""What the template of a CrossCheck may name beside the quantities."""


def source_location(command: Command) -> str:
    """Return the file and line of a command's function."""
    code = command.function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def declaration_mistakes(command: Command) -> list[str]:
    """Return what is wrong with the declaration of a command."""
    start = f"{source_location(command)}: {command.name}: "
    return [start + mistake for mistake in (*_lists_mistakes(command), *_parameter_mistakes(command))]


def _lists_mistakes(command: Command) -> Iterator[str]:
    """Yield what is wrong with what lists say of a command."""
    summary = (command.function.__doc__ or "").partition("\n")[0]
    if not summary.endswith("."):
        yield f"the docstring's first line is the summary, a sentence, not {summary!r}"
    for example in (command.example, *(usage.example for usage in command.usages[1:])):
        if not f"{example} ".startswith(f"aimath {command.name} "):
            yield f"the example does not call it: {example!r}"
    topic = command.function.__module__.split(".")[2]
    for maker in command.declared.quiz:
        if not hasattr(importlib.import_module(f"aimath.quiz.{topic}"), maker):
            yield f"quiz/{topic}.py has no {maker}"


def _parameter_mistakes(command: Command) -> Iterator[str]:
    """Yield what is wrong with the parameters and usages of a command."""
    own = {name: one.spec for name, one in command.parameters.items()}
    bare = [name for name, spec in own.items() if spec is None]
    for name in bare[isinstance(command, TextCommand) :]:  # whose first is where it writes
        yield f"parameter {name} is annotated as nothing of cli/options.py"
    unknown = [
        f"{usage} names {name}, which is no operand"
        for usage in command.usages
        for name in (*usage.operands, *usage.trailing)
        if name not in command.operands
    ]
    yield from unknown
    for usage in command.usages:
        for name in usage.selected_by:
            if name not in own or isinstance(own[name], Supplied):
                yield f"{usage} is selected by {name}, which is no parameter"
    yield from _applies_mistakes(command)
    params = () if unknown else command.params  # which are made of the operands
    for word, count in Counter(word for part in params for word in (part.name, *part.flags)).items():
        if count > 1:
            yield f"two parameters are called {word}"


def _applies_mistakes(command: Command) -> Iterator[str]:
    """Yield the names and values in what is said of options that do something only beside others."""
    for rule in command.declared.applies:
        for name in (*rule.options, rule.beside):
            if name not in command.flags:
                yield f"{rule} names {name}, which has no flag"
        choices = getattr(command.parameters[rule.beside].spec, "choices", ()) if rule.values else ()
        for value in rule.values:
            if value not in choices:
                yield f"{rule} names {value}, which is no choice of {rule.beside}"


def report_mistakes(command: Command, report: Report) -> Iterator[str]:
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
        *((f"{plot}", words | {*drawn}, _plot_names(plot)) for plot in report.plots),
        *((f"{step}", words, _step_names(step)) for step in report.steps),
    ):
        for name in names:
            if name and name not in known:
                yield f"{source_location(command)}: {command.name}: there is no {name}, named by {place}"
    for method in (method for step in report.steps for method in _step_methods(step)):
        if not hasattr(report.result, method):
            yield f"{source_location(command)}: {command.name}: the result has no method {method}"


def _plot_names(plot: Plot) -> Iterable[str]:
    from aimath.render.templates import field_names

    texts = (plot.caption, *(mark.text for mark in plot.references))
    end = () if plot.end.isdigit() else (plot.end,)
    status = () if plot.kind == "sweep" else (plot.status,)  # which a sweep of single steps may lack
    return (
        plot.y, plot.x, plot.column, plot.series, *end, *status, *plot.points, *plot.area,
        *(mark.at for mark in plot.references), *(name for text in texts for name in field_names(text)),
    )  # fmt: skip


def _step_methods(step: Step) -> list[str]:
    """Return the methods of the result that a step names."""
    methods = [step.condition] if isinstance(step, (Line, CrossCheck)) else []
    methods += [step.method] if isinstance(step, CrossCheck) else []
    return [method for method in methods if method]


def _step_names(step: Step) -> Iterable[str]:
    """Return the quantities that a step names, without indices."""
    from aimath.render.templates import field_names

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
