"""The table of digits (tests/benchmarks/digits) knows every command, and its oracles are ours on one input each."""

import pytest
from tests.benchmarks.digits.case import of_largest, ulps
from tests.benchmarks.digits.table import cases, errors

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.options import Integer

LISTED = list(cases())
CALCULATING = {
    name for name, entry in COMMANDS.items() if not entry.is_text and not lookup(name).informational
}
CHOOSING = {"until", "components"}
"""Options that take a number to say how much is answered, not what."""


def test_every_command_that_calculates_has_its_digits_measured():
    lacking = CALCULATING - {case.command for case in LISTED}
    assert lacking == set(), "tests/benchmarks/digits has a row for each command"


def test_every_number_that_an_option_takes_has_digits_measured_with_it():
    """So a temperature, a base or a decay of its own has a row; a descent's rates are those of `schedule`."""
    measured = {(case.command, option) for case in LISTED for option in case.options}
    rates = {option for command, option in measured if command == "schedule"}
    for name in CALCULATING:
        options = lookup(name).sweepable
        numbers = {option for option, kind in options.items() if not isinstance(kind, Integer)} - CHOOSING
        descends = name != "schedule" and rates <= options.keys()
        missing = {option for option in numbers if (name, option) not in measured}
        assert missing <= (rates if descends else set()), name


def test_options_that_rows_name_are_options_of_the_command():
    for case in LISTED:
        assert set(case.options) <= lookup(case.command).sweepable.keys(), case.what


@pytest.mark.slow
@pytest.mark.parametrize("case", LISTED, ids=lambda case: f"{case.command} {case.what}")
def test_ours_is_measured_against_its_own_formula(case):
    """A wrong oracle shows as errors of 1e15; the worst that rounding alone leaves is far below."""
    (found,) = errors(case._replace(operands=case.operands[:1]), [case.ours])
    assert max(found) < 1e8


def test_an_error_would_be_seen():
    assert ulps([1.0, 2.0], [1.0 + 2.0**-52, 2.0]) == [1.0, 0.0]
    assert ulps([float("nan")], [1.0]) == [float("inf")]
    assert of_largest([1.0, 2.0**-60], [1.0, 0.0]) == [0.0, 2.0**-7]
