"""The commands of linear algebra: answers worked by hand or in fractions, and derivations that hold."""

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
    "inverse randn:20x20",
    "inverse randn:13x13",
    "det randn:20x20",
    "det randn:4x4",
    "cosine --matrix randn:20x30",
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
        ("inverse '2 1; 1 1'", "row 1 · column 2:  2·-1 + 1·2 = 0"),
        ("det '1 2; 3 4'", "det = 1·4 - 2·3 = -2"),
        ("det '1 2 3; 4 5 6; 7 8 10'", "- 2 · (4·10 - 6·7)"),
        ("cosine 3,4 0,2", "cosine = 8 / (5 · 2) = 0.8"),
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
        ("cosine --b 1,0", f"{1 / math.sqrt(5)!r}\n0.6\n"),
        ("matmul --b '0 1; 1 0'", "2 1\n4 3\n"),
        ("transpose", "1 3\n2 4\n"),
        ("inverse", "-2 1\n1.5 -0.5\n"),
        ("det", "-2\n"),
    ],
)
def test_stdin(answered, line, wanted):
    text = answered(*shlex.split(line), stdin="1 2\n3 4\n")
    assert [float(word) for word in text.split()] == near([float(word) for word in wanted.split()], 1e-15)
    assert len(text.splitlines()) == len(wanted.splitlines())


@pytest.mark.parametrize(
    ("line", "why", "out"),
    [
        (
            "cosine --matrix randn:100000x10",  # which took 74 GiB, or all there was
            "the 100000 x 100000 matrix of cosines with its text needs 447.03 GiB; the limit is",
            "use fewer rows or --max-memory 448G",
        ),
        ("matmul randn:30000x1 randn:1x30000", "the 30000 x 30000 product with its text needs 40.23 GiB", ""),
        ("layer randn:30000x1 randn:30000x1", "the 30000 x 30000 matrix of outputs with its text needs", ""),
        ("matmul randn:2000x1 randn:1x2000 --max-memory 100M", "needs 0.18 GiB; the limit is 100.00 MiB", ""),
        ("gaussian --sample 1000000 --max-memory 10M", "to draw 1000000 numbers and write them needs", ""),
        (
            "svd-approx randn:600x600 --exact --max-memory 5M",
            "its whole SVD needs",
            "use --randomized or --max",
        ),
    ],
)
def test_an_answer_is_priced_before_it_is_made(refused, line, why, out):
    said = refused(*shlex.split(line), code=1)
    assert why in said
    assert out in said


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


@pytest.mark.parametrize(
    ("line", "first", "second"),
    [
        ("det -", "1 2; 3 4", "2 0; 0 7"),
        ("inverse -", "1 2; 3 4", "2 0; 0 8"),
        ("eig -", "1 2; 2 1", "2 0; 0 7; 1 1"),
        ("transpose -", "1 2; 3 4", "2 0 5; 0 7 6"),
        ("matmul - '1 2; 3 4'", "1 2; 3 4", "2 0; 0 7"),
        ("cosine --matrix -", "1 2; 3 4", "2 0; 1 7"),
        ("pca -", "1 2; 3 4", "2 0; 1 7; 3 3"),
        ("svd-approx - --rank 1", "1 2; 3 4", "2 0; 1 7; 3 3"),
        ("attention -Q - -K '1 2; 3 4' -V '1;2'", "1 2; 3 4", "2 0; 0 7"),
    ],
)
def test_several_matrices_are_answered_one_after_the_other(aimath, line, first, second):
    apart = [run(aimath, line, "--json", stdin=text.replace(";", "\n") + "\n") for text in (first, second)]
    texts = [text.replace(";", "\n") for text in (first, second)]
    both = run(aimath, line, "--json", stdin="\n\n".join(texts) + "\n")
    assert both.out == "".join(one.out for one in apart)
    assert [both.code, both.err.partition(": ")[2][:5]] == [apart[1].code, "error" if apart[1].code else ""]


def test_rows_go_through_one_layer(aimath):
    ran = aimath("layer", "-", "1", stdin="[[1], [2]]\n[[3], [4]]\n")
    assert (ran.code, ran.err) == (1, "aimath layer: error: W: 2 are given, and one is wanted\n")


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
        ("dot 1,2 1,2,3", 1, "a and b have lengths 2 and 3"),
        ("neuron --weights 1 --inputs 2 --activation rleu", 2, "activation 'rleu' is not one of none, relu"),
        ("layer '1 2; 0 -1' 1,2,3", 1, "x has 3 entries, but W of 2x2 takes 2"),
        ("layer '1 2; 0 -1' 1,2 --bias 1", 1, "gives 2 sums"),
        ("layer '1 2; 0 -1' 1,2 --bias '1 2; 3 4'", 1, "bias: 2 are given, and one is wanted"),
        ("matmul '1 2 3' '1 0; 0 2'", 1, "a of 1x3 has 3 columns, but b of 2x2 has 2 rows"),
        ("inverse '1 2 3; 4 5 6; 7 8 9'", 1, "the matrix is singular (rank 2 of 3)"),
        ("inverse '1 2; 3 4; 5 6'", 1, "square"),
        ("det '1 2 3'", 1, "square"),
        ("cosine 0,0 1,2", 1, "a is zero"),
        ("cosine --matrix '1 2; 0 0'", 1, "row 2 is zero"),
        ("cosine --matrix '1 2; 3 4' 1,2", 2, "one too many"),
    ],
)
def test_mistakes(refused, line, code, text):
    said = refused(*shlex.split(line), code=code)
    assert text in said
    assert len(said.splitlines()) <= 2


def test_a_product_that_cancels_is_not_called_wrong(aimath):
    assert "✗" not in aimath("matmul", "1e16 1", "1 -1; 1 0", "--explain").out


def test_a_determinant_within_rounding_of_0_is_not_called_wrong(aimath):
    rows = np.random.default_rng(0).standard_normal((20, 20))
    rows[1] = rows[0]
    literal = "; ".join(" ".join(map(repr, row)) for row in rows.tolist())
    assert "✗" not in aimath("det", literal, "--explain").out


def test_npy_of_one_matrix_has_its_shape(aimath, tmp_path):
    assert aimath("matmul", "1 2; 3 4", "1 0 1; 0 1 1", "--out", tmp_path / "x.npy").code == 0
    assert np.load(tmp_path / "x.npy").tolist() == [[1, 2, 3], [3, 4, 7]]
