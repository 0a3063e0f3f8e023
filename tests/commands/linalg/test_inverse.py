"""inverse and det: answers worked by hand or in fractions, and derivations that hold."""

from __future__ import annotations

import json
import shlex
from fractions import Fraction

import numpy as np
import pytest
from tests.digits import near

# The command line, and what it must print, worked by hand unless it says how.
CASES = {
    "inverse '2 1; 1 1'": "1 -1 -1 2",
    "inverse '0 2; 4 0'": "0 0.25 0.5 0",
    "inverse '1 2 3; 0 1 4; 5 6 0'": "-24 18 5 20 -15 -4 -5 4 1",
    "inverse 4": "0.25",
    "inverse '3 1; 1 2'": "0.4 -0.2 -0.2 0.6",
    "det '1 2; 3 4'": "-2",  # numpy: -2.0000000000000004
    "det '1 2; 2 4'": "0",
    "det '1 2 3; 4 5 6; 7 8 9'": "0",  # numpy: 6.66e-16
    "det '1 2 3; 4 5 6; 7 8 10'": "-3",
    "det '2 0 0 0; 0 3 0 0; 0 0 0 5; 0 0 7 0'": "-210",
    "det 5": "5",
}  # fmt: skip


# What JSON must hold of each command, with one value to tell that it is the right one.
FIELDS = {
    "inverse '2 0; 0 1'": {"inverse": [[0.5, 0], [0, 1]], "condition": 2, "rank": 2, "force": False},
    "det '0 1; 1 0'": {"det": -1, "sign": -1, "log_abs_det": 0},
    "det '0 0; 0 0'": {"det": 0, "sign": 0, "log_abs_det": "-inf"},
}  # fmt: skip

LARGE = (
    "inverse randn:20x20",
    "inverse randn:13x13",
    "det randn:20x20",
    "det randn:4x4",
)


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
        ("inverse '2 1; 1 1'", "row 1 · column 2:  2·-1 + 1·2 = 0"),
        ("det '1 2; 3 4'", "det = 1·4 - 2·3 = -2"),
        ("det '1 2 3; 4 5 6; 7 8 10'", "- 2 · (4·10 - 6·7)"),
    ],
)
def test_derivation_puts_the_numbers_in(aimath, line, text):
    assert text in run(aimath, line, "--explain").out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("inverse", "-2 1\n1.5 -0.5\n"),
        ("det", "-2\n"),
    ],
)
def test_stdin(answered, line, wanted):
    text = answered(*shlex.split(line), stdin="1 2\n3 4\n")
    assert [float(word) for word in text.split()] == near([float(word) for word in wanted.split()], 1e-15)
    assert len(text.splitlines()) == len(wanted.splitlines())


def test_of_several_matrices_the_singular_one_is_named(aimath):
    ran = aimath("inverse", stdin="1 2\n3 4\n\n3 4\n6 8\n")
    assert (ran.out, ran.err) == (
        "-2 1\n1.5 -0.5\n",
        "aimath inverse: error: <stdin>:4: the matrix is singular (rank 1 of 2)\n",
    )


def test_nearly_singular_is_forced(aimath, refused):
    line = "inverse '.1 .3; .3 .9'"
    said = refused(*shlex.split(line), code=1)
    assert "singular within rounding" in said
    assert "use --force" in said
    forced = run(aimath, line, "--force")
    assert (forced.code, forced.err) == (0, "")
    a, b, c, d = map(Fraction, (0.1, 0.3, 0.3, 0.9))
    wanted = [float(x / (a * d - b * c)) for x in (d, -b, -c, a)]
    assert [float(word) for word in forced.out.split()] == wanted


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("inverse '1 2 3; 4 5 6; 7 8 9'", 1, "the matrix is singular (rank 2 of 3)"),
        ("inverse '1 2; 3 4; 5 6'", 1, "square"),
        ("det '1 2 3'", 1, "square"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2


def test_a_determinant_within_rounding_of_0_is_not_called_wrong(aimath):
    rows = np.random.default_rng(0).standard_normal((20, 20))
    rows[1] = rows[0]
    literal = "; ".join(" ".join(map(repr, row)) for row in rows.tolist())
    assert "✗" not in aimath("det", literal, "--explain").out
