"""A command line that is wrong is exit code 2, whatever standard input holds."""

from __future__ import annotations

import pytest
from tests.cli.test_grammar import Call, literal
from tests.covering import some_and_all, turns

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.options import Integer, Number

pytestmark = pytest.mark.slow
READERS = sorted(name for name, entry in COMMANDS.items() if not entry.is_text and lookup(name).operands)
BY_ROWS = (
    *(
        "--labels",
        "--row-labels",
        "--tokens",
        "--column",
        "--exclude",
        "--id",
        "--key",
        "--out",
        "--alpha",
        "--ignore",
    ),
)
"""Options whose values are right for some rows."""
WRONG = ("-1", "0", "x", "1.5")
INPUTS = (b"", b"# nothing\n\n", b"x\n", b"1 x\n", b"\xff\n")


@pytest.fixture(params=READERS)
def call(request):
    return Call(request.param)


def test_nothing_in_is_nothing_out(warm, call):
    required = [key for key in call.command.usages[0].operands if key in call.operands]
    if required:
        given = [key for key in call.by_flag if key not in required and call.command.operands[key].per_row]
        fixed = [
            word for key in given for word in (call.command.operands[key].flag, literal(call.operands[key]))
        ]
        assert warm(call.name, *call.others, *fixed)[:3] == (0, b"", b"")


@some_and_all
def test_wrong_option_is_told_of_before_the_rows(warm, call, share):
    others = {name for form in call.command.usages[1:] for name in form.selected_by} | {
        *call.command.operands
    }
    own = [part for part in call.command.params if part.flags and part.name not in others]
    flags = {part.flags[0] for part in own if part.nargs == 1}
    late = []
    for k, flag in enumerate(sorted(flags - {*call.others, *BY_ROWS})):
        for j, value in enumerate(WRONG):
            if warm(*call.line(), flag, value).code == 2:
                inputs = turns(INPUTS, k + j, share)
                codes = [warm(call.name, *call.others, flag, value, stdin=data).code for data in inputs]
                late += [(flag, value, codes)] if set(codes) != {2} else []
    assert not late


def test_unknown_field_is_told_of_before_the_rows(warm, call):
    for data in INPUTS:
        assert warm(call.name, *call.others, "--fields", "nope", stdin=data).code == 2, data


def test_missing_operand_is_told_of(warm, call):
    form = call.command.usages[0].operands
    if len(form) > 1 and not call.by_flag and len(call.operands) > 1:
        first = call.line().index(call.line()[1])
        ran = warm(*call.line()[: first + 1], *call.others)
        assert (ran.code, ran.out) == (2, b"")


@pytest.mark.parametrize("name", READERS)
def test_option_that_is_right_for_some_rows_waits_for_them(warm, name):
    command = lookup(name)
    for key, spec in command.sweepable.items():
        if isinstance(spec, (Integer, Number)) and key in ("heads", "components", "rank", "top"):
            for count in ("1", "2", "5", "12", "97", "300", "4096"):
                assert warm(name, spec.flags[0], count)[:3] == (0, b"", b""), (key, count)


@pytest.mark.parametrize(
    "line",
    [
        "attention -Q q.npy --X x.npy --heads 12",
        "attention -Q 1;2 -K 1;2 -V 1;2 --X 1;2",
    ],
)
def test_operand_of_another_form_is_refused(warm, line):
    for data in (b"", b"1 2\n3 4\n"):
        ran = warm(*line.split(), stdin=data)
        assert (ran.code, ran.out) == (2, b"")
