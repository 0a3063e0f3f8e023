"""dot, neuron, layer, matmul and transpose: answers worked by hand or in fractions, derivations that hold."""

from __future__ import annotations

import json
import math
import shlex
import tracemalloc
from fractions import Fraction

import numpy as np
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
}  # fmt: skip

LARGE = (
    "dot randn:100 randn:100",
    "matmul randn:30x20 randn:20x40",
    "transpose randn:20x30",
    "layer randn:20x30 randn:30",
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
        ("dot 1,2,3 4,5,-6", "a · b = 4 + 10 - 18 = -4"),
        ("neuron --weights 1,2 --inputs 3,4 --bias 1 --activation relu", "output = relu(12) = 12"),
        ("matmul '1 2; 3 4' '5 6; 7 8'", "2,1:  3·5 + 4·7 = 43"),
    ],
)
def test_derivation_puts_the_numbers_in(aimath, line, text):
    assert text in run(aimath, line, "--explain").out


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("dot --b 1,10", "21\n43\n"),
        ("neuron --weights 1,10 --bias 1", "22\n44\n"),
        ("layer '1 10; 0 -1'", "21 -2\n43 -4\n"),
        ("matmul --b '0 1; 1 0'", "2 1\n4 3\n"),
        ("transpose", "1 3\n2 4\n"),
    ],
)
def test_stdin(answered, line, wanted):
    text = answered(*shlex.split(line), stdin="1 2\n3 4\n")
    assert [float(word) for word in text.split()] == near([float(word) for word in wanted.split()], 1e-15)
    assert len(text.splitlines()) == len(wanted.splitlines())


@pytest.mark.slow
def test_a_large_product_is_not_counted_out(aimath):  # a list of all its places took 700 MB
    tracemalloc.start()
    ran = run(aimath, "matmul randn:2000x1 randn:1x2000 --fields a --out /dev/null")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ran.code == 0
    assert peak < 6 * 32e6  # bytes; a list of places takes 300e6 more


def test_a_matrix_is_a_table_that_reads_back(aimath, tmp_path):  # it was one line of all its entries
    assert run(aimath, "transpose '1 2 3; 4 5 6' --csv").out == "transposed_1,transposed_2\n1,4\n2,5\n3,6\n"
    assert run(aimath, "transpose '1 2' --format markdown").out.splitlines()[2:] == ["| 1 |", "| 2 |"]
    file = tmp_path / "inverse.csv"
    assert run(aimath, f"inverse '2 1; 1 1' --out {file}").code == 0
    assert run(aimath, f"inverse {file}").out == "2 1\n1 1\n"
    both = run(aimath, "inverse '2 0; 0 1' --csv --fields inverse,rank,condition").out
    assert both == "inverse_1,inverse_2,rank,condition\n0.5,0,2,2\n0,1,2,2\n"
    flat = run(aimath, "cosine --matrix '3 4; 0 2' --csv --fields norms,cosine").out
    assert flat.startswith("norms_1,norms_2,cosine_1_1,")


def test_a_layer_writes_its_weights_once(aimath):  # 300 rows of 256 through 256 neurons were 479 MB of JSON
    ran = run(aimath, "layer '1 10; 0 -1' --bias 1,2 --json", stdin="1 2\n3 4\n5 6\n")
    first, *others = map(json.loads, ran.out.splitlines())
    assert (first["W"], first["bias"]) == ([[1, 10], [0, -1]], [1, 2])
    assert [set(row) for row in others] == [{"x", "activation", "output", "total"}] * 2
    assert set(first) == {"x", "activation", "output", "total", "W", "bias"}
    ran = run(aimath, "layer '1 10; 0 -1' --json --fields terms", stdin="1 2\n3 4\n")
    assert [json.loads(line) for line in ran.out.splitlines()] == [
        {"terms": [[1, 20], [0, -2]]},
        {"terms": [[3, 40], [0, -4]]},
    ]


def test_a_layer_explains_each_row(aimath):
    ran = run(aimath, "layer '1 10; 0 -1; 2 2' --bias 1,2,3 --explain", stdin="1 2\n3 4\n5 6\n")
    assert ran.out.count("✓") == 3
    assert "x = 5, 6" in ran.out


def test_files_and_draws(aimath, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("1,2\n3,4\n")
    assert aimath("matmul", file, "1 0; 0 2").out == "1 4\n3 8\n"
    assert aimath("cosine", "--matrix", file).out == aimath("cosine", "--matrix", "1 2; 3 4").out
    first = aimath("matmul", "randn:2x3", "randn:3x2").out
    assert first == aimath("matmul", "randn:2x3", "randn:3x2", "--seed", "0").out
    assert first != aimath("matmul", "randn:2x3", "randn:3x2", "--seed", "1").out


def test_rows_go_through_one_layer(aimath):
    ran = aimath("layer", "-", "1", stdin="[[1], [2]]\n[[3], [4]]\n")
    assert (ran.code, ran.err) == (1, "aimath layer: error: W: 2 are given, and one is wanted\n")


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("dot 1,2 1,2,3", 1, "a and b have lengths 2 and 3"),
        ("neuron --weights 1 --inputs 2 --activation rleu", 2, "activation 'rleu' is not one of none, relu"),
        ("layer '1 2; 0 -1' 1,2,3", 1, "x has 3 entries, but W of 2x2 takes 2"),
        ("layer '1 2; 0 -1' 1,2 --bias 1", 1, "gives 2 sums"),
        ("layer '1 2; 0 -1' 1,2 --bias '1 2; 3 4'", 1, "bias: 2 are given, and one is wanted"),
        ("matmul '1 2 3' '1 0; 0 2'", 1, "a of 1x3 has 3 columns, but b of 2x2 has 2 rows"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2


def test_a_product_that_cancels_is_not_called_wrong(aimath):
    assert "✗" not in aimath("matmul", "1e16 1", "1 -1; 1 0", "--explain").out


def test_npy_of_one_matrix_has_its_shape(aimath, tmp_path):
    assert aimath("matmul", "1 2; 3 4", "1 0 1; 0 1 1", "--out", tmp_path / "x.npy").code == 0
    assert np.load(tmp_path / "x.npy").tolist() == [[1, 2, 3], [3, 4, 7]]
