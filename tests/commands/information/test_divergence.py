"""kl and js on the command line."""

from __future__ import annotations

import json
import math

from tests.digits import near


def test_reverse_keeps_whose_numbers_are_whose(aimath):
    row = json.loads(aimath("kl", ".9,.1", ".5,.5", "--reverse", "--json").out)
    assert (row["p"], row["q"]) == ([0.9, 0.1], [0.5, 0.5])
    assert aimath("kl", ".9,.1", ".5,.5", "--reverse").out == aimath("kl", ".5,.5", ".9,.1").out
    assert "error: q: probability 2" in aimath("kl", ".5,.5", "1.5,-.5", "--reverse").err
    assert " ✓ " in aimath("kl", ".9,.1", ".5,.5", "--reverse", "--explain").out


def test_js_and_its_distance_have_names_of_their_own(aimath):
    for more, answer in ((), "js"), (("--distance",), "distance"):
        ran = aimath("js", "1,0", ".5,.5", *more, "--json")
        row = json.loads(ran.out)
        assert row["distance"] ** 2 == near(row["js"], 1e-15)
        assert row["js"] == near(0.75 * math.log2(4 / 3), 1e-15)  # H(3/4, 1/4) - 1/2
        assert json.loads(aimath("js", "1,0", ".5,.5", *more).out) == row[answer]
        assert aimath("js", "1,0", ".5,.5", *more, "--csv").out.startswith(f"{answer}\n")
