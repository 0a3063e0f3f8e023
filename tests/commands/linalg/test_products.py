"""dot, neuron, layer, matmul and transpose: answers worked by hand or in fractions, derivations that hold."""

from __future__ import annotations

import json
import shlex
import tracemalloc

import numpy as np
import pytest


def run(aimath, line, *more, **options):
    return aimath(*shlex.split(line), *more, **options)


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
