"""Every quantity of every command, at the ends of float64 and near them: a number within its bounds, or a refusal."""

from __future__ import annotations

import random
import shlex
import warnings

import numpy as np
import pytest
from tests.properties.bounds import bound_of, is_within, may_be_infinite
from tests.properties.hard_lines import CALCULATORS, ENDS, forms, lines, reports

from aimath.cli.catalogue import lookup
from aimath.errors import InputError
from aimath.render.report_view import ReportView

QUICK = 4
MORE = pytest.mark.parametrize(
    "count", [pytest.param(12, marks=pytest.mark.slow), pytest.param(150, marks=pytest.mark.exhaustive)]
)
"""So many lines of each command are drawn."""
"""Lines drawn of each form."""


def quantities(name, line):
    """Yield each quantity that a line answers: its report, its name, what the library and what a writer gives."""
    try:
        found = list(reports(line))
    except InputError:
        return
    for report in found:
        view = ReportView.of_lines(report, report.show)
        for quantity in report.quantity_names():
            assert bound_of(name, report.result, quantity), f"no bound of {name}.{quantity} in bounds.py"
            try:
                value = report.value(quantity)
                shown = view[quantity]
            except InputError:
                continue
            if value is not None and np.asarray(value).dtype.kind == "f":
                yield report, quantity, np.asarray(value), shown


def methods(report):
    """Give the methods of the result that the derivation names: its checks and conditions."""
    for step in report.steps:
        for method in {getattr(step, "condition", ""), getattr(step, "method", "")} - {""}:
            yield getattr(report.result, method)


def check_within_bounds(line):
    name = shlex.split(line)[0]
    for report, quantity, value, shown in quantities(name, line):
        lacking = quantity in getattr(report.result, "optional_fields", ())
        assert lacking or not np.isnan(shown).any(), f"{line}: {quantity} is nan"
        bound = bound_of(name, report.result, quantity)
        if isinstance(bound, tuple):
            try:
                within = lacking or is_within(report.result, value, bound)
            except InputError:  # an end of it is refused
                continue
            assert within, f"{line}: {quantity} = {value!r} is not within {bound}"
        assert lacking or np.isfinite(shown).all() or may_be_infinite(name, report.result, quantity), (
            f"{line}: {quantity} is inf"
        )


def check_silent(line):
    """No function of the library warns, nor a quantity, nor a check or condition of a derivation."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = np.geterr()
        try:
            found = list(reports(line))
        except InputError:
            found = []
        for report in found:
            for quantity in report.quantity_names():
                try:
                    report.value(quantity)
                except InputError:
                    continue
                except RuntimeWarning as warning:
                    raise AssertionError(f"{line}: {quantity}: {warning}") from warning
            for method in methods(report):
                try:
                    getattr(method(), "holds", None)
                except InputError:
                    continue
                except RuntimeWarning as warning:
                    raise AssertionError(f"{line}: {method}: {warning}") from warning
        assert np.geterr() == before, line


def drawn(name, count, seed, numbers):
    rng = random.Random(seed)  # noqa: S311
    return [
        line
        for form in forms(name)
        for line in lines(form, count, rng, numbers)
        if shlex.split(line)[0] == name
    ]


@pytest.mark.parametrize("name", CALCULATORS)
def test_quantities_are_within_their_bounds(name):
    for line in drawn(name, QUICK, 1, ENDS) + drawn(name, QUICK, 2, ()):
        check_within_bounds(line)


@pytest.mark.parametrize("name", CALCULATORS)
def test_nothing_warns(name):
    for line in drawn(name, QUICK, 3, ENDS):
        check_silent(line)


@MORE
@pytest.mark.parametrize("name", CALCULATORS)
def test_more_quantities_are_within_their_bounds(name, count):
    for line in drawn(name, count, 4, ENDS) + drawn(name, count, 5, ()):
        check_within_bounds(line)


@MORE
@pytest.mark.parametrize("name", CALCULATORS)
def test_nothing_else_warns(name, count):
    for line in drawn(name, count, 6, ENDS):
        check_silent(line)


SHOWN = (["--json"], ["--csv"], ["--format", "table"], ["--explain"], ["--plot"])


def check_forms(aimath, line, rng):
    """Every form and a field of its own of a line end in an answer or one line of refusal, without a warning."""
    words = shlex.split(line)
    found = tolerant(line)
    names = [name for report in found for name in report.quantity_names()]
    lacking = {name for report in found for name in getattr(report.result, "optional_fields", ())}
    fields = [["--fields", name] for name in rng.sample(sorted(set(names)), min(3, len(set(names))))]
    for form in (*SHOWN, *fields):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ran = aimath(*words, *form)
        told = (line, form, ran.err)
        assert ran.code in {0, 1, 2, 3}, told
        assert not {"Warning", "Traceback", "internal"} & {*ran.err.replace(":", " ").split()}, told
        if form[-1] not in lacking:
            assert "nan" not in ran.out.replace(",", " ").replace('"', " ").split(), told
        assert (ran.code in {0, 3}) == bool(ran.out), told


def tolerant(line):
    try:
        return list(reports(line))
    except InputError:
        return []


@pytest.mark.parametrize("name", CALCULATORS)
def test_forms_are_silent(aimath, name):
    rng = random.Random(7)  # noqa: S311
    for line in drawn(name, 2, 7, ENDS)[:2]:
        check_forms(aimath, line, rng)


@pytest.mark.parametrize(
    "count", [pytest.param(4, marks=pytest.mark.slow), pytest.param(15, marks=pytest.mark.exhaustive)]
)
@pytest.mark.parametrize("name", CALCULATORS)
def test_all_forms_are_silent(aimath, name, count):
    rng = random.Random(8)  # noqa: S311
    for line in drawn(name, count, 8, ENDS):
        check_forms(aimath, line, rng)


@pytest.mark.parametrize("name", CALCULATORS)
def test_lines_reach_every_kind_of_result(name):
    command = lookup(name)
    examples = [command.example, *(usage.example for usage in command.usages if usage.example)]
    wanted = {
        type(report.result).__name__
        for example in examples
        for report in reports(example.removeprefix("aimath "))
    }
    reached = {
        type(report.result).__name__
        for line in drawn(name, 20, 9, ("1", "0.5", "0", "-1"))
        for report in tolerant(line)
    }
    assert wanted <= reached, f"hard_lines.py has lines of {name} for each kind of result"
