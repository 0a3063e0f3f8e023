"""backprop --layer: the guide's layer, softmax and cross-entropy by mpmath, rows, derivations, refusals."""

from __future__ import annotations

import json

import mpmath as mp
import numpy as np
import pytest
from tests.digits import near

W, X, B = ".1 .2 .3; .4 -.5 .6", "1,2,-3", ".5,-.5"

NAMES = ["W1,1", "W1,2", "W1,3", "W2,1", "W2,2", "W2,3", "b1", "b2", "x1", "x2", "x3"]


def true_gradients(target):
    """dW row by row, db, dx of -log softmax(W x + b)[target], and the loss, with 40 digits."""
    with mp.workdps(40):
        weights = [[mp.mpf(w) for w in map(float, row.split())] for row in W.split(";")]
        x, b = [1, 2, -3], [mp.mpf(0.5), mp.mpf(-0.5)]
        z = [mp.fdot(row, x) + c for row, c in zip(weights, b, strict=True)]
        total = mp.fsum(map(mp.exp, z))
        dz = [mp.exp(v) / total - (k == target) for k, v in enumerate(z)]
        dx = [mp.fdot(dz, column) for column in zip(*weights, strict=True)]
        return [float(v) for v in (*(d * v for d in dz for v in x), *dz, *dx)], float(
            mp.log(total) - z[target]
        )


def test_the_guides_layer(aimath):
    ran = aimath("backprop", "--layer", "1 2 3; 4 5 6", "1,2,3", ".1,.2")
    assert (ran.code, ran.err, ran.out) == (0, "", "1 2 3 1 2 3 1 1 5 7 9\n")


@pytest.mark.parametrize("target", [0, 1])
def test_softmax_and_cross_entropy(aimath, target):
    ran = aimath("backprop", "--layer", W, X, B, "--target", str(target))
    gradients, loss = true_gradients(target)
    assert list(map(float, ran.out.split())) == near(gradients, 1e-15)
    told = json.loads(aimath("backprop", "--layer", W, X, B, "--target", str(target), "--json").out)
    assert told["loss"] == near(loss, 1e-15)
    assert told["labels"] == NAMES
    assert [np.shape(told[name]) for name in ("W", "x", "b", "z", "probs", "y")] == [
        (2, 3),
        (3,),
        *[(2,)] * 4,
    ]
    assert [np.shape(told[name]) for name in ("dz", "dW", "db", "dx")] == [(2,), (2, 3), (2,), (3,)]
    assert told["y"] == [float(k == target) for k in (0, 1)]


def test_rows_have_gradients_of_their_own(aimath):
    rows = ["1,2,-3", "0,1,0"]
    single = [aimath("backprop", "--layer", W, x, B, "--target", "1").out for x in rows]
    piped = aimath("backprop", "--layer", W, "--bias", B, "--target", "1", stdin="1 2 -3\n0 1 0\n")
    assert piped.out == "".join(single)
    flags = aimath("backprop", "--layer", W, "--x", rows[0], "--bias", B, "--target", "1")
    assert flags.out == single[0]


def test_without_a_bias_it_is_0_and_nothing_is_waited_for(aimath):
    whole = aimath("backprop", "--layer", W, X, "0,0", "--target", "1", "--json")
    assert whole.code == 0
    for given in ([X], ["--x", X]):
        assert aimath("backprop", "--layer", W, *given, "--target", "1", "--json") == whole
    piped = aimath("backprop", "--layer", W, "--target", "1", stdin=X.replace(",", " ") + "\n")
    assert piped.out == aimath("backprop", "--layer", W, X, "--target", "1").out
    ran = aimath("backprop", "--layer", "1 2; 3 4", stdin='{"x":[1,2],"b":[5,6]}\n{"x":[1,2]}\n')
    assert ran.out == "1 2 1 2 1 1 4 6\n" * 2
    assert "3 arguments for x and b" in aimath("backprop", "--layer", W, "1", "2", "3").err


def test_gradients_of_a_large_layer_have_no_names(aimath):
    ran = aimath("backprop", "--layer", "randn:40x30", "randn:1x30", "randn:1x40", "--target", "39", "--json")
    told = json.loads(ran.out)
    assert "labels" not in told
    assert np.outer(told["dz"], told["x"]).ravel().tolist() == told["gradients"][: 40 * 30]


def test_a_sure_layer(aimath):  # torch: 0
    ran = aimath("backprop", "--layer", "40; 0", "1", "0,0", "--target", "0")
    assert next(map(float, ran.out.split())) == near(-4.248354255291589e-18, 1e-15)


def test_the_derivation_has_every_step_and_holds(aimath):
    ran = aimath("backprop", "--layer", W, X, B, "--target", "1", "--explain")
    for part in (
        "-log softmax(W·x + b)_k",
        "1 z = W·x + b",
        "2 p = softmax(z)",
        "3 ∂L/∂z = p - y",
        "4 ∂L/∂W",
        "5 ∂L/∂b",
        "6 ∂L/∂x",
    ):
        assert part in ran.out, part
    assert ran.out.count("✓") == 2
    assert "✗" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    told = aimath("backprop", "--layer", W, X, B, "--explain").out
    assert "L = Σ h" in told
    assert told.count("✓") == 2
    assert "∂L/∂b = ∂L/∂h = 1, 1" in told


def test_a_table_and_a_picture_name_the_gradients(aimath):
    table = aimath("backprop", "--layer", W, X, B, "--format", "table").out
    assert [line.split()[0] for line in table.splitlines()][2:] == NAMES
    drawn = aimath("backprop", "--layer", W, X, B, "--plot").err
    assert [line.split()[0] for line in drawn.splitlines()] == NAMES
    assert '"gradients_W1,1"' in aimath("backprop", "--layer", W, X, B, "--csv").out


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--layer", W, X, B, "--target", "2"), 1, "there is no class 2, only 0 to 1"),
        (("--layer", W, X, B, "--target", ".5"), 2, "--target: 0.5 is not the number of a class"),
        (("--layer", W, "1,2", B), 1, "x has 2 entries, but W of 2x3 takes 3"),
        (("--layer", W, X, "1"), 1, "b has shape 1, but W of 2x3 gives 2 sums"),
        (("--layer", W, X, B, "5"), 2, "3 arguments for x and b"),
        (("x^2", "x=3", "--target", "1"), 2, "--x, --bias and --target go with --layer"),
        (("--layer", "nonsense", X, B), 2, "nonsense"),
    ],
)
def test_refusals(refused, words, code, why):
    said = refused("backprop", *words, code=code)
    assert why in said.partition("\n")[0]
    assert "Traceback" not in said
