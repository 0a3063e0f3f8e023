"""The table of digits (tests/benchmarks/digits) knows every command, and its oracles are ours on one input each."""

import pytest
from tests.benchmarks.digits.case import of_largest, ulps
from tests.benchmarks.digits.table import cases, errors

from aimath.cli.catalogue import COMMANDS, lookup

LISTED = list(cases())


def test_every_command_that_calculates_has_its_digits_measured():
    calculating = {
        name for name, entry in COMMANDS.items() if not entry.is_text and not lookup(name).informational
    }
    assert calculating - {case.command for case in LISTED} == set()


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
