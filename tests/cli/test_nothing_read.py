"""An operand that is typed and another that is missing: empty standard input is said, never passed over."""

from __future__ import annotations

import pytest

from aimath.cli.catalogue import COMMANDS, lookup

PAIRS = [
    (name, usage.operands)
    for name in sorted(COMMANDS)
    if not COMMANDS[name].is_text
    for usage in lookup(name).usages[:1]
    if len(usage.operands) > 1
]
CASES = [(name, operands, count) for name, operands in PAIRS for count in range(1, len(operands))]


@pytest.mark.parametrize(("name", "operands", "count"), CASES)
def test_missing_operand_is_refused_by_option_and_by_place(aimath, name, operands, count):
    typed = dict.fromkeys(operands[:count], ".5,.5")
    by_option = [part for key, text in typed.items() for part in (lookup(name).operands[key].flag, text)]
    ran = aimath(name, *by_option)
    assert (ran.code, ran.out) == (2, "")
    assert "error: " in ran.err
    if name in ("kl", "js", "difference", "dot", "cosine", "dpo"):
        assert all(key in ran.err.splitlines()[0] for key in operands[count:])
        assert aimath(name, *typed.values()).code == 2


def test_json_objects_hold_what_the_options_leave_open(aimath):
    assert aimath("kl", "--p", ".5,.5", stdin='{"q": [0.5, 0.5]}\n').code == 0
