"""cosine: answers worked by hand, and derivations that hold."""

from __future__ import annotations

import json
import math
import shlex

import pytest
from tests.digits import near

# The command line, and what it must print, worked by hand unless it says how.
CASES = {
    "cosine 1,2,3 3,6,9": "1",
    "cosine 1,0 -2,0": "-1",
    "cosine 1,0 0,3": "0",
    "cosine 1,1 1,0": math.sqrt(0.5),
    "cosine 1e200,0 1e200,1e200": math.sqrt(0.5),
    "cosine 3,4 4,3": "0.96",
    "cosine --matrix '1 0; 1 1; -3 0'": " ".join(
        map(str, (1, math.sqrt(0.5), -1, math.sqrt(0.5), 1, -math.sqrt(0.5), -1, -math.sqrt(0.5), 1))
    ),
}  # fmt: skip


# What JSON must hold of each command, with one value to tell that it is the right one.
FIELDS = {
    "cosine 3,4 0,2": {"cosine": 0.8, "dot": 8, "norm_a": 5, "norm_b": 2},
    "cosine 1,0 1,1": {"angle": 45},
    "cosine --matrix '3 4; 0 2'": {"X": [[3, 4], [0, 2]], "norms": [5, 2], "cosine": [[1, 0.8], [0.8, 1]]},
}  # fmt: skip

LARGE = ("cosine --matrix randn:20x30",)


def run(aimath, line, *more, **options):
    return aimath(*shlex.split(line), *more, **options)


@pytest.mark.parametrize("line", CASES)
def test_answer(answered, line):
    text = answered(*shlex.split(line))
    wanted = [float(word) for word in str(CASES[line]).split()]
    assert [float(word) for word in text.split()] == near(wanted, 1e-15)
    assert "-0" not in text.split()


@pytest.mark.parametrize("line", [*CASES, *LARGE])
def test_derivation_holds_and_fits(answered, line):
    text = answered(*shlex.split(line), "--explain")
    assert " ✓ " in text
    assert "✗" not in text
    assert "nan" not in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("line", [*CASES, *LARGE])
def test_plot_draws(aimath, line):
    ran = run(aimath, line, "--plot")
    assert ran.code == 0
    assert ran.err.strip()


@pytest.mark.parametrize("line", FIELDS)
def test_json_holds_every_quantity(aimath, line):
    held = json.loads(run(aimath, line, "--json").out)
    assert {name: held[name] for name in FIELDS[line]} == FIELDS[line]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("cosine 3,4 0,2", "cosine = 8 / (5 · 2) = 0.8"),
    ],
)
def test_derivation_puts_the_numbers_in(aimath, line, text):
    assert text in run(aimath, line, "--explain").out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("cosine --b 1,0", f"{1 / math.sqrt(5)!r}\n0.6\n"),
    ],
)
def test_stdin(answered, line, wanted):
    text = answered(*shlex.split(line), stdin="1 2\n3 4\n")
    assert [float(word) for word in text.split()] == near([float(word) for word in wanted.split()], 1e-15)
    assert len(text.splitlines()) == len(wanted.splitlines())


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("cosine 0,0 1,2", 1, "a is zero"),
        ("cosine --matrix '1 2; 0 0'", 1, "row 2 is zero"),
        ("cosine --matrix '1 2; 3 4' 1,2", 2, "one too many"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2
