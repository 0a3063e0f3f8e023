"""kl and js on the command line."""

from __future__ import annotations

import json


def test_reverse_keeps_whose_numbers_are_whose(aimath):
    row = json.loads(aimath("kl", ".9,.1", ".5,.5", "--reverse", "--json").out)
    assert (row["p"], row["q"]) == ([0.9, 0.1], [0.5, 0.5])
    assert aimath("kl", ".9,.1", ".5,.5", "--reverse").out == aimath("kl", ".5,.5", ".9,.1").out
    assert "error: q: probability 2" in aimath("kl", ".5,.5", "1.5,-.5", "--reverse").err
    assert " ✓ " in aimath("kl", ".9,.1", ".5,.5", "--reverse", "--explain").out
