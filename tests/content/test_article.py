"""The article from top to bottom: the obvious command line for each of its blocks works the first time.

Each block is a line as a reader would type it, the quantity that the block computes, what is true by
another route (closed forms and fractions, not core), and words that its derivation must show. Figures
that the article prints are those of `claims.py`; here everything that it computes or describes is tried.
"""

from __future__ import annotations

import json
import math
import shlex
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.digits import near

from aimath.content import claims
from aimath.content.chapters import CHAPTERS


class Block(NamedTuple):
    """A block of the article."""

    topic: str  # of the guide
    line: str
    quantity: str  # of JSON
    true: Any
    shown: tuple[str, ...]  # in the derivation


WORDS = "the=2 cat=1 sat=.1 on=-1 mat=3"
LOGITS = (2.0, 1.0, 0.1, -1.0, 3.0)


def softmax(temperature=1.0):
    weights = [math.exp(z / temperature) for z in LOGITS]
    return [weight / math.fsum(weights) for weight in weights]


def bits(probs):
    return math.fsum(p * math.log2(1 / p) for p in probs)


def descent(lr, steps):
    return [float(3 + 7 * (1 - 2 * Fraction(lr)) ** k) for k in range(steps + 1)]


BLOCKS = [
    # Part 1
    Block("neuron", "neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias .1", "output", 2.4, ("0.5", "2.4")),
    Block("layer", "layer randn:4x3 randn:3", "output", (4,), ("W · x",)),
    Block("analogy", "analogy king - man + woman", "target", [0.7, 0.8, 0.85, -0.4], ("A - B + C", "queen")),
    Block("cosine", "cosine .7,.8,.85,-.4 queen", "cosine", 1, ("an angle of 0 degrees",)),
    Block("cosine", "cosine .7,.8,.85,-.4 woman", "cosine", 1.7025 / math.sqrt(2.0125 * 1.5825), ("|a|",)),
    Block("attention", "attention randn:10x64", "output", (10, 64), ("softmax",)),
    Block("attention", "attention randn:2x10x64 --fields scores", "scores", (2, 1, 10, 10), ("Q·Kᵀ",)),
    Block("pca", "pca randn:1000x100 --components 2", "ratio", (2,), ("mean", "variance")),
    Block("svd-approx", "svd-approx digits --rank 16", "parameters", 16 * (1797 + 64), ("s_(r+1)²",)),
    Block("lora", "lora 768x768 --rank 16", "parameters", 768 * 16 + 16 * 768, ("24576", "4.16667")),
    Block("lora", "lora --shape 768x768 --rank 16", "percent_of_full", 100 * 32 / 768, ("589824",)),
    Block("vectors", "dot 1,2,3 4,5,6", "dot", 32, ("4", "10", "18")),
    Block("transpose", "transpose '1 2 3; 4 5 6'", "transposed", [1, 4, 2, 5, 3, 6], ()),
    Block("inverse", "inverse '2 1; 1 2'", "inverse", [2 / 3, -1 / 3, -1 / 3, 2 / 3], ("3",)),
    Block("eigenvalues", "eig '2 1; 1 2'", "re", [3, 1], ("3",)),
    Block("matmul", "matmul '1 2; 3 4' '5 6; 7 8'", "product", [19, 22, 43, 50], ("19",)),
    # Part 2
    Block("partials", "grad 'x^2 + 2xy + y^2' x=3 y=2", "", None, ()),  # as it is printed: refused, see below
    Block("partials", "grad 'x² + 2*x*y + y²' x=3 y=2", "gradient", [10, 10], ("2*x + 2*y",)),
    Block("chain", "backprop --layer '1 2; 3 4' 1,1 0,0 --target 0", "dz", None, ("p - y",)),
    Block("backprop", "backprop --layer '1 2 3; 4 5 6' --x 1,2,3 --bias 0,0", "dW", [1, 2, 3, 1, 2, 3], ("∂L/∂h",)),
    Block("backprop", "backprop --layer '1 2 3; 4 5 6' --x 1,2,3 --bias 0,0", "dx", [5, 7, 9], ()),
    Block("gd", "gd '(w-3)^2' w=10 --lr .1", "point", descent("0.1", 20), ("w ← w - lr·g", "8.6", "31.36")),
    Block("learning-rate", "gd '(w-3)^2' w=10 --lr 1 --steps 3", "point", [10, -4, 10, -4], ("oscillates",)),
    Block("learning-rate", "gd '(w-3)^2' w=10 --lr .01 --steps 2", "point", descent("0.01", 2), ("9.86",)),
    Block("adam", "adam '(w-3)^2' w=10 --lr .001 --steps 1", "point", [10, 9.999], ("β1", "the first step is lr")),
    # Part 3
    Block("softmax", f"softmax {WORDS}", "probs", softmax(), ("0.233344", "the")),
    Block("bayes", "bayes --prior .3 --likelihood .8 --evidence .35", "posterior", 24 / 35, ("0.685714",)),
    Block("gaussian", "gaussian 0", "density", 1 / math.sqrt(2 * math.pi), ("exp(-z²/2)", "0.398942")),
    Block("diffusion", "diffuse 1 -1 .5 --t 500", "noisy", (3,), ("√abar", "noise")),
    Block("cross-entropy", "cross-entropy 0,1,0,0,0 .05,.85,.03,.02,.05", "cross_entropy", -math.log(0.85), ("0.162519",)),
    Block("cross-entropy", "cross-entropy 0,1,0,0,0 .3,.1,.2,.2,.2", "cross_entropy", math.log(10), ("2.30259",)),
    Block("cross-entropy", "cross-entropy --probs .05,.85,.03,.02,.05 --target 1", "cross_entropy", -math.log(0.85), ("0.162519",)),
    # Part 4
    Block("entropy", "entropy .5 .5", "entropy", 1, ("1 bit",)),
    Block("entropy", "entropy .9 .1", "entropy", bits([0.9, 0.1]), ("0.468996 bits",)),
    Block("temperature", f"temperature {WORDS} --temperature 2", "entropy", bits(softmax(2.0)), ("2.01808",)),
    Block("kl", "kl .5,.5 1,0", "kl", math.inf, ("q is 0 at entry 2",)),
    Block("kl", "kl .9,.1 .9,.1", "kl", 0, ("KL",)),
    Block("vae", "gaussian-kl --mu 1 --logvar 0", "kl", 0.5, ("-1/2 Σ (1 + l - mu² - exp(l))",)),
    Block("rlhf", "rlhf 1,0 .5,.5 --beta 1", "policy", [math.e / (1 + math.e), 1 / (1 + math.e)], ("exp",)),
]  # fmt: skip
ANSWERED = [block for block in BLOCKS if block.quantity]
IDS = [f"{k} {block.topic}" for k, block in enumerate(ANSWERED, 1)]


def numbers(rows, quantity):
    """Give a quantity of JSON's rows as one array."""
    values = [row[quantity] for row in rows if quantity in row]
    return np.array([[float(x) for x in np.ravel(value)] for value in values]), np.shape(values[0])


@pytest.mark.parametrize("block", ANSWERED, ids=IDS)
def test_obvious_line_works_the_first_time(aimath, block):
    words = shlex.split(block.line)
    ran = aimath(*words)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out
    more = ("--fields", block.quantity) if block.quantity in ("scores", "dz") else ()
    words = shlex.split(block.line.partition(" --fields")[0])
    rows = [json.loads(line) for line in aimath(*words, "--json", *more).out.splitlines()]
    found, shape = numbers(rows, block.quantity)
    if isinstance(block.true, tuple):  # how many there are
        whole = (len(rows), *shape) if len(block.true) > len(shape) else shape
        assert whole == block.true
    elif block.true is not None:
        assert found.ravel() == pytest.approx(np.ravel(block.true), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("block", ANSWERED, ids=IDS)
def test_answer_is_explained(aimath, block):
    ran = aimath(*shlex.split(block.line.partition(" --fields")[0]), "--explain")
    assert (ran.code, ran.err) == (0, "")
    assert " ✓ checked another way: " in ran.out
    assert "✗" not in ran.out
    for words in block.shown:
        assert words in ran.out


def test_slope_of_softmax_and_cross_entropy_is_p_less_y(aimath):
    row = json.loads(aimath("backprop", "--layer", "1 2; 3 4", "1,1", "0,0", "--target", "0", "--json").out)
    p = np.exp([3 - 7, 0.0]) / np.exp([3 - 7, 0.0]).sum()
    (slopes,) = (np.ravel(row[name]) for name in ("db",))
    assert slopes == near(p - [1, 0], 1e-12)


def test_formula_as_the_article_prints_it_is_told_where_its_sign_is_missing(refused):
    (block,) = (block for block in BLOCKS if not block.quantity)
    assert "2xy: write 2*xy" in refused(*shlex.split(block.line))


BEYOND = {"params", "gpt", "layer-norm", "rope", "sample", "arms", "dpo", "info-nce"}
"""Topics that the article doesn't have."""


def test_every_topic_of_the_article_is_tried():
    topics = {topic.id for chapter in CHAPTERS for topic in chapter.topics}
    assert {block.topic for block in BLOCKS} == topics - BEYOND
    assert {claim.topic for claim in claims.CLAIMS} <= {block.topic for block in BLOCKS}
