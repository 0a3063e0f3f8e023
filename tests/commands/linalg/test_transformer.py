"""Rotary and sinusoidal positions on the command line."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("options", "first"), [((), 0), (("--start", "10"), 10)])
def test_rows_of_the_derivation_are_called_by_their_positions(aimath, options, first):
    ran = aimath("positional", "4x6", "--explain", *options)
    rows = [line.split() for line in ran.out.splitlines()[2:6]]
    assert [(row[0], float(row[1])) for row in rows] == [(str(first + k), first + k) for k in range(4)]
