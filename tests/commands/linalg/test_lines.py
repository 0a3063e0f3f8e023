"""Lines of matrices and vectors: what each answers, in every way that it can be asked."""

from __future__ import annotations

import json
import math
import shlex
from fractions import Fraction

import pytest
from tests.digits import near

# The command line, and what it must print, worked by hand unless it says how.
CASES = {
    "dot 1,2,3 4,5,6": "32",
    "dot 1e16,1,-1e16 1,1,1": "1",  # numpy and torch: 0
    "dot 0 -1": "0",  # never -0
    "dot .1,.2 .3,.4": float(
        Fraction(0.1) * Fraction(0.3) + Fraction(0.2) * Fraction(0.4),
    ),
    "neuron --weights .5,-.25,1 --inputs 1,2,3": "3",
    "neuron --weights .5,-.25,1 --inputs 1,2,3 --bias -4 --activation relu": "0",
    "neuron --weights .5,-.25,1 --inputs 1,2,3 --bias .5 --activation sigmoid": 1 / (1 + math.exp(-3.5)),
    "neuron --weights 1,1 --inputs 1,2 --bias -2 --activation tanh": math.tanh(1),
    "neuron --weights 1 --inputs 2 --activation gelu": 1 + math.erf(math.sqrt(2)),  # 2 Φ(2)
    "neuron --weights 1 --inputs -1 --activation none": "-1",
    "layer '1 2; 0 -1' 3,4": "11 -4",
    "layer '1 2; 0 -1' 3,4 --bias .5,-1 --activation relu": "11.5 0",
    "layer '1 2; 0 -1; 1 1' --x 3,4 --bias 1,1,1": "12 -3 8",
    "matmul '1 2; 3 4' '5 6; 7 8'": "19 22 43 50",
    "matmul '1 2 3' '4; 5; 6'": "32",
    "matmul '1; 2' '3 4'": "3 4 6 8",
    "matmul '1e16 1 -1e16' '1; 1; 1'": "1",
    "transpose '1 2 3; 4 5 6'": "1 4 2 5 3 6",
    "transpose 1 2 3": "1 2 3",
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
    "dot 1,2 3,4": {"a": [1, 2], "b": [3, 4], "dot": 11, "terms": [3, 8]},
    "neuron --weights 1,2 --inputs 3,4 --bias -12 --activation relu": {
        "weights": [1, 2], "inputs": [3, 4], "bias": -12, "activation": "relu",
        "output": 0, "total": -1, "terms": [3, 8],
    },
    "layer '1 2; 0 -1' 3,4 --bias 1,0 --activation relu": {
        "W": [[1, 2], [0, -1]], "x": [3, 4], "bias": [1, 0], "activation": "relu",
        "output": [12, 0], "total": [12, -4],
    },
    "matmul '1 2' '3; 4'": {"a": [[1, 2]], "b": [[3], [4]], "product": [[11]]},
    "transpose '1 2'": {"a": [[1, 2]], "transposed": [[1], [2]]},
    "inverse '2 0; 0 1'": {"inverse": [[0.5, 0], [0, 1]], "condition": 2, "rank": 2, "force": False},
    "det '0 1; 1 0'": {"det": -1, "sign": -1, "log_abs_det": 0},
    "det '0 0; 0 0'": {"det": 0, "sign": 0, "log_abs_det": "-inf"},
    "cosine 3,4 0,2": {"cosine": 0.8, "dot": 8, "norm_a": 5, "norm_b": 2},
    "cosine 1,0 1,1": {"angle": 45},
    "cosine --matrix '3 4; 0 2'": {"X": [[3, 4], [0, 2]], "norms": [5, 2], "cosine": [[1, 0.8], [0.8, 1]]},
}  # fmt: skip

LARGE = (
    "dot randn:100 randn:100",
    "matmul randn:30x20 randn:20x40",
    "transpose randn:20x30",
    "layer randn:20x30 randn:30",
    "inverse randn:20x20",
    "inverse randn:13x13",
    "det randn:20x20",
    "det randn:4x4",
    "cosine --matrix randn:20x30",
)


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
    ran = aimath(*shlex.split(line), "--plot")
    assert ran.code == 0
    assert ran.err.strip()


@pytest.mark.parametrize("line", FIELDS)
def test_json_holds_every_quantity(aimath, line):
    held = json.loads(aimath(*shlex.split(line), "--json").out)
    assert {name: held[name] for name in FIELDS[line]} == FIELDS[line]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("dot 1,2,3 4,5,-6", "a · b = 4 + 10 - 18 = -4"),
        ("neuron --weights 1,2 --inputs 3,4 --bias 1 --activation relu", "output = relu(12) = 12"),
        ("matmul '1 2; 3 4' '5 6; 7 8'", "2,1:  3·5 + 4·7 = 43"),
        ("inverse '2 1; 1 1'", "row 1 · column 2:  2·-1 + 1·2 = 0"),
        ("det '1 2; 3 4'", "det = 1·4 - 2·3 = -2"),
        ("det '1 2 3; 4 5 6; 7 8 10'", "- 2 · (4·10 - 6·7)"),
        ("cosine 3,4 0,2", "cosine = 8 / (5 · 2) = 0.8"),
    ],
)
def test_derivation_puts_the_numbers_in(aimath, line, text):
    assert text in aimath(*shlex.split(line), "--explain").out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("dot --b 1,10", "21\n43\n"),
        ("neuron --weights 1,10 --bias 1", "22\n44\n"),
        ("layer '1 10; 0 -1'", "21 -2\n43 -4\n"),
        ("matmul --b '0 1; 1 0'", "2 1\n4 3\n"),
        ("transpose", "1 3\n2 4\n"),
        ("inverse", "-2 1\n1.5 -0.5\n"),
        ("det", "-2\n"),
        ("cosine --b 1,0", f"{1 / math.sqrt(5)!r}\n0.6\n"),
    ],
)
def test_stdin(answered, line, wanted):
    text = answered(*shlex.split(line), stdin="1 2\n3 4\n")
    assert [float(word) for word in text.split()] == near([float(word) for word in wanted.split()], 1e-15)
    assert len(text.splitlines()) == len(wanted.splitlines())
