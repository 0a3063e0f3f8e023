"""The functions that can be verified, each with ordinary rows, edges, and the slips that people make."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import information, linalg, probability
from aimath.verify.task import Case, Slip, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]

LN2 = math.log(2.0)


def _array(*values: Any, dtype: str = "float64") -> Array:
    return np.array(values, dtype)


def _rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of vectors applied to each row of a batch."""

    def of_rows(*arguments: Any) -> Any:
        if all(np.ndim(argument) < 2 for argument in arguments):
            return function(*arguments)
        rows = max(len(argument) for argument in arguments if np.ndim(argument) == 2)
        each = [argument if np.ndim(argument) == 2 else [argument] * rows for argument in arguments]
        return np.array([function(*row) for row in zip(*each, strict=True)])

    return of_rows


def _probs(rng: np.random.Generator, n: int = 4) -> Array:
    return np.asarray(rng.dirichlet(np.ones(n)))


def _logits(rng: np.random.Generator) -> tuple[Array]:
    return (np.asarray(rng.normal(0.0, 3.0, 5)),)


def _pair(rng: np.random.Generator) -> tuple[Array, Array]:
    return np.asarray(rng.normal(size=4)), np.asarray(rng.normal(size=4))


P, Q = _array(0.5, 0.25, 0.125, 0.125), _array(0.25, 0.25, 0.25, 0.25)
Z, BATCH = _array(2.0, 1.0, 0.1), _array([2.0, 1.0, 0.1], [0.0, 3.0, -1.0])
SQUARE = _array([2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.5, 0.0, 1.0])
TWO_BY_TWO = (_array([1.0, 2.0], [3.0, 4.0]), _array([5.0, 6.0], [7.0, 8.0]))
X = _array(2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)
VECTOR_EDGES = (
    Case("ordinary", (Z,)), Case("ties", (_array(1.0, 1.0, 1.0),)), Case("one entry", (_array(3.0),)),
    Case("large: 1000", (_array(1000.0, 999.0, 0.0),)), Case("small: -1000", (_array(-1000.0, -1001.0),)),
    Case("-inf", (_array(1.0, -np.inf, 0.0),)), Case("float32", (_array(2.0, 1.0, 0.1, dtype="float32"),)),
    Case("a batch, a vector a row", (BATCH,)),
)  # fmt: skip


def _softmax(z: Array) -> Array:
    weights = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


SOFTMAX = Task(
    "softmax", ("z",), "the probabilities exp(z_i) / sum exp(z_j) of each row",
    "z = z - z.max(axis=-1, keepdims=True)\nweights = np.exp(z)\nreturn weights / weights.sum(axis=-1, keepdims=True)",
    lambda z: probability.softmax(z).probs, VECTOR_EDGES, _logits,
    (
        Slip("no shift: exp overflows above 709; take the largest logit off first", lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)),
        Slip("no shift, and one sum for the whole batch", lambda z: np.exp(z) / np.exp(z).sum()),
        Slip("axis 0: a batch has its vectors in rows, so sum along the last axis", lambda z: np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0)),
        Slip("one sum for the whole batch: sum along the last axis, with keepdims", lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()),
        Slip("eps in the denominator: the probabilities no longer sum to 1", lambda z: np.exp(z - np.max(z, -1, keepdims=True)) / (np.exp(z - np.max(z, -1, keepdims=True)).sum(-1, keepdims=True) + 1e-8)),
        Slip("no exponential: the logits themselves are divided", lambda z: z / z.sum(axis=-1, keepdims=True)),
        Slip("powers of 2 in place of e", lambda z: _softmax(z * LN2)),
        Slip("the sign is turned: a larger logit must be more likely", lambda z: _softmax(-z)),
        Slip("that is its logarithm, log_softmax", lambda z: np.log(_softmax(z))),
        Slip("not divided by the sum", lambda z: np.exp(z - np.max(z, -1, keepdims=True))),
        Slip("a sigmoid of each logit: the probabilities depend on all of them", lambda z: 1.0 / (1.0 + np.exp(-z))),
        Slip("divided by the length: by the sum the probabilities add up to 1", lambda z: _softmax(z) / np.linalg.norm(_softmax(z), axis=-1, keepdims=True)),
    ), has_gradient=True,
)  # fmt: skip

LOGSUMEXP = Task(
    "logsumexp", ("z",), "ln(sum exp(z_i)) of each row",
    "m = z.max(axis=-1, keepdims=True)\nreturn np.squeeze(m, -1) + np.log(np.exp(z - m).sum(axis=-1))",
    lambda z: probability.logsumexp(z).logsumexp, VECTOR_EDGES, _logits,
    (
        Slip("no shift: exp overflows above 709", lambda z: np.log(np.exp(z).sum(axis=-1))),
        Slip("the shift is not added back", lambda z: np.log(np.exp(z - np.max(z, -1, keepdims=True)).sum(axis=-1))),
        Slip("a mean in place of the sum", lambda z: probability.logsumexp(z).logsumexp - math.log(z.shape[-1])),
        Slip("bits in place of nats: the natural logarithm", lambda z: probability.logsumexp(z).logsumexp / LN2),
        Slip("the logarithm is missing", lambda z: np.exp(z).sum(axis=-1)),
        Slip("that is the largest alone", lambda z: np.max(z, axis=-1)),
        Slip("one sum for the whole batch", lambda z: np.max(z) + np.log(np.exp(z - np.max(z)).sum())),
        Slip("the logarithm of each and then the sum: that adds up the logits", lambda z: z.sum(axis=-1)),
        Slip("taken off the logits: that is log_softmax", lambda z: np.log(_softmax(z))),
        Slip("the logarithm of the largest: the largest itself is added back", lambda z: np.log(np.max(z, -1)) + np.log(np.exp(z - np.max(z, -1, keepdims=True)).sum(-1))),
    ), has_gradient=True,
)  # fmt: skip

TEMPERATURE = Task(
    "temperature", ("z", "t"), "softmax(z / t)",
    "z = z / t\nweights = np.exp(z - z.max())\nreturn weights / weights.sum()",
    lambda z, t: probability.softmax(z, t).probs,
    (Case("ordinary", (Z, 0.5)), Case("hot", (Z, 5.0)), Case("cold: 0.001", (Z, 0.001)), Case("1", (Z, 1.0))),
    lambda rng: (*_logits(rng), float(rng.uniform(0.3, 3.0))),
    (
        Slip("no shift: exp overflows above 709", lambda z, t: np.exp(z / t) / np.exp(z / t).sum()),
        Slip("T is multiplied: the logits are divided by it", lambda z, t: _softmax(z * t)),
        Slip("the probabilities are divided by T, not the logits", lambda z, t: _softmax(z) / t),
        Slip("T is not used", lambda z, t: _softmax(z)),
        Slip("the probabilities are raised to T and not to 1/T", lambda z, t: _softmax(z) ** t / (_softmax(z) ** t).sum()),
        Slip("the shift is divided by T and the logits are not", lambda z, t: np.exp(z - z.max() / t) / np.exp(z - z.max() / t).sum()),
    ),
)  # fmt: skip


def _plogp(p: Array, log: Callable[[Any], Any] = np.log2) -> Array:
    return np.where(p > 0, p * log(np.where(p > 0, p, 1.0)), 0.0)


PROB_EDGES = (
    Case("ordinary", (P,)), Case("a certain outcome", (_array(1.0, 0.0, 0.0),)), Case("uniform", (Q,)),
    Case("one entry", (_array(1.0),)), Case("tiny: 1e-300", (_array(1.0, 1e-300),)),
    Case("float32", (_array(0.5, 0.25, 0.25, dtype="float32"),)),
    Case("a batch, a distribution a row", (_array([0.5, 0.5, 0.0], [0.2, 0.3, 0.5]),)),
)  # fmt: skip

ENTROPY = Task(
    "entropy", ("p",), "the entropy -sum p_i log2 p_i of each row, in bits",
    "safe = np.where(p > 0, p, 1)\nreturn -(p * np.log2(safe)).sum(axis=-1)",
    lambda p: information.entropy(p).entropy, PROB_EDGES, lambda rng: (_probs(rng),),
    (
        Slip("nats for bits: log2, not ln", lambda p: -_plogp(p, np.log).sum(axis=-1)),
        Slip("0 · log 0 is nan in floats; its limit is 0", lambda p: -(p * np.log2(p)).sum(axis=-1)),
        Slip("nats for bits, and 0 · log 0 is nan in floats; its limit is 0", lambda p: -(p * np.log(p)).sum(axis=-1)),
        Slip("eps in the logarithm: nothing has to be added, 0 · log 0 is 0", lambda p: -(p * np.log2(p + 1e-9)).sum(axis=-1)),
        Slip("eps in the logarithm, and nats for bits", lambda p: -(p * np.log(p + 1e-9)).sum(axis=-1)),
        Slip("eps in the logarithm: nothing has to be added, 0 · log 0 is 0", lambda p: -(p * np.log2(p + 1e-12)).sum(axis=-1)),
        Slip("the sign is missing", lambda p: _plogp(p).sum(axis=-1)),
        Slip("a mean in place of the sum", lambda p: -_plogp(p).mean(axis=-1)),
        Slip("p is missing before the logarithm", lambda p: -np.log2(p).sum(axis=-1)),
        Slip("one sum for the whole batch: sum along the last axis", lambda p: -_plogp(p).sum()),
        Slip("axis 0: a batch has its distributions in rows", lambda p: -_plogp(p).sum(axis=0)),
        Slip("eps in the logarithm: nothing has to be added, 0 · log 0 is 0", lambda p: -(p * np.log2(p + 1e-10)).sum(axis=-1)),
        Slip("p is clipped: nothing has to be, 0 · log 0 is 0", lambda p: -(p * np.log2(np.maximum(p, 1e-12))).sum(axis=-1)),
        Slip("p is clipped: nothing has to be, 0 · log 0 is 0", lambda p: -(p * np.log2(np.maximum(p, 1e-9))).sum(axis=-1)),
        Slip("that is the perplexity, 2 to the entropy", lambda p: 2.0 ** -_plogp(p).sum(axis=-1)),
        Slip("1 - sum p²: that is the Gini impurity", lambda p: 1.0 - (p * p).sum(axis=-1)),
        Slip("divided by log n: that is the share of the largest entropy", lambda p: -_plogp(p).sum(axis=-1) / np.log2(p.shape[-1])),
    ),
)  # fmt: skip

PAIR_EDGES = (
    Case("ordinary", (P, Q)), Case("the same twice", (P, P)), Case("p has a 0", (_array(1.0, 0.0), _array(0.5, 0.5))),
    Case("both have a 0", (_array(0.5, 0.5, 0.0), _array(0.25, 0.75, 0.0))), Case("q rules out what happens", (_array(0.5, 0.5), _array(1.0, 0.0))),
    Case("float32", (_array(0.5, 0.5, dtype="float32"), _array(0.25, 0.75, dtype="float32"))),
    Case("a batch, a pair a row", (_array([0.5, 0.5], [0.9, 0.1]), _array([0.25, 0.75], [0.5, 0.5]))),
)  # fmt: skip


def _kl(p: Array, q: Array) -> Array:
    ratio = np.where(p > 0, p, 1.0) / np.where(p > 0, q, 1.0)
    return np.asarray(np.where(p > 0, p * np.log(ratio), 0.0).sum(axis=-1))


KL = Task(
    "kl", ("p", "q"), "the divergence KL(p||q) = sum p_i ln(p_i / q_i) of each row, in nats",
    "with np.errstate(divide='ignore'):\n    terms = np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.where(p > 0, q, 1)), 0)\nreturn terms.sum(axis=-1)",
    lambda p, q: information.kl(p, q).kl, PAIR_EDGES, lambda rng: (_probs(rng), _probs(rng)),
    (
        Slip("p and q are swapped", lambda p, q: _kl(q, p)),
        Slip("bits for nats: the natural logarithm", lambda p, q: _kl(p, q) / LN2),
        Slip("0 · log 0 is nan in floats; its limit is 0", lambda p, q: (p * np.log(p / q)).sum(axis=-1)),
        Slip("eps in the logarithm: it is infinite where q = 0 < p", lambda p, q: (p * np.log((p + 1e-9) / (q + 1e-9))).sum(axis=-1)),
        Slip("eps in the logarithm: it is infinite where q = 0 < p", lambda p, q: (p * np.log(p / (q + 1e-9))).sum(axis=-1)),
        Slip("terms with q = 0 are left out: it is infinite where q = 0 < p", lambda p, q: np.where((p > 0) & (q > 0), p * np.log(np.where(p > 0, p, 1) / np.where(q > 0, q, 1)), 0).sum(-1)),
        Slip("that is the cross-entropy: the entropy of p is still to be taken off", lambda p, q: _kl(p, q) - _plogp(p, np.log).sum(-1)),
        Slip("the sign is turned", lambda p, q: -_kl(p, q)),
        Slip("a mean in place of the sum", lambda p, q: _kl(p, q) / p.shape[-1]),
        Slip("one sum for the whole batch: sum along the last axis", lambda p, q: _kl(p.ravel(), q.ravel())),
        Slip("each term by its size: terms may be negative, the sum never is", lambda p, q: np.abs(np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.where(p > 0, q, 1)), 0)).sum(-1)),
        Slip("weighted by q: the mean is over p", lambda p, q: (q * np.log(p / q)).sum(-1)),
        Slip("eps in the logarithm: it is infinite where q = 0 < p", lambda p, q: (p * np.log((p + 1e-12) / (q + 1e-12))).sum(-1)),
        Slip("eps in the logarithm: it is infinite where q = 0 < p", lambda p, q: (p * np.log((p + 1e-10) / (q + 1e-10))).sum(-1)),
    ),
)  # fmt: skip


def _js(p: Array, q: Array) -> Array:
    m = (p + q) / 2.0
    return (_kl(p, m) + _kl(q, m)) / 2.0 / LN2


JS = Task(
    "js", ("p", "q"), "the Jensen-Shannon divergence of each row, in bits",
    "m = (p + q) / 2\nterm = lambda a: np.where(a > 0, a * np.log2(np.where(a > 0, a, 1) / np.where(a > 0, m, 1)), 0).sum(axis=-1)\nreturn (term(p) + term(q)) / 2",
    lambda p, q: information.js(p, q).js, PAIR_EDGES, lambda rng: (_probs(rng), _probs(rng)),
    (
        Slip("nats for bits: log2, not ln", lambda p, q: _js(p, q) * LN2),
        Slip("the half is missing", lambda p, q: 2.0 * _js(p, q)),
        Slip("that is the distance, the square root of the divergence", lambda p, q: np.sqrt(_js(p, q))),
        Slip("the mean of both KL: each is to the mixture, not to the other", lambda p, q: (_kl(p, q) + _kl(q, p)) / 2.0 / LN2),
        Slip("0 · log 0 is nan in floats; its limit is 0", lambda p, q: (p * np.log2(2 * p / (p + q)) + q * np.log2(2 * q / (p + q))).sum(-1) / 2),
        Slip("p + q in place of their mean: a half is missing in the mixture", lambda p, q: _js(p, q) - 1.0),
    ),
)  # fmt: skip


def _cross_entropy(p: Array, q: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.where(p > 0, p * np.log(np.where(p > 0, q, 1.0)), 0.0).sum(axis=-1))


CROSS_ENTROPY = Task(
    "cross-entropy", ("p", "q"), "the cross-entropy -sum p_i ln q_i of each row, in nats",
    "with np.errstate(divide='ignore'):\n    return -np.where(p > 0, p * np.log(np.where(p > 0, q, 1)), 0).sum(axis=-1)",
    lambda p, q: information.cross_entropy(p, q).cross_entropy, PAIR_EDGES, lambda rng: (_probs(rng), _probs(rng)),
    (
        Slip("p and q are swapped", lambda p, q: _cross_entropy(q, p)),
        Slip("bits for nats: the natural logarithm", lambda p, q: _cross_entropy(p, q) / LN2),
        Slip("eps in the logarithm: the loss of being sure and wrong is infinite", lambda p, q: -(p * np.log(q + 1e-9)).sum(-1)),
        Slip("q is clipped: the loss of being sure and wrong is infinite", lambda p, q: -(p * np.log(np.clip(q, 1e-12, 1.0))).sum(-1)),
        Slip("q is clipped: the loss of being sure and wrong is infinite", lambda p, q: -(p * np.log(np.clip(q, 1e-15, 1.0))).sum(-1)),
        Slip("0 · log 0 is nan in floats; its limit is 0", lambda p, q: -(p * np.log(q)).sum(-1)),
        Slip("a mean over the entries in place of their sum", lambda p, q: _cross_entropy(p, q) / p.shape[-1]),
        Slip("that is the divergence: the entropy of p is taken off", _kl),
        Slip("the sign is missing", lambda p, q: -_cross_entropy(p, q)),
        Slip("a mean over the rows: each has its own loss", lambda p, q: _cross_entropy(p, q).mean()),
        Slip("q is clipped: the loss of being sure and wrong is infinite", lambda p, q: -(p * np.log(np.clip(q, 1e-7, 1.0 - 1e-7))).sum(-1)),
        Slip("(1 - p) ln(1 - q) too much: that is the loss of yes and no", lambda p, q: -(p * np.log(q) + (1 - p) * np.log(1 - q)).sum(-1)),
    ),
)  # fmt: skip

PERPLEXITY = Task(
    "perplexity", ("log_probs",), "exp(-mean of the natural log-probabilities of tokens)",
    "return np.exp(-np.mean(log_probs))",
    lambda x: information.perplexity(log_probs=x).perplexity,
    (
        Case("ordinary", (_array(-0.5, -1.2, -2.0),)), Case("one token", (_array(-0.7),)), Case("certain", (_array(0.0, 0.0),)),
        Case("an impossible token", (_array(-1.0, -np.inf),)), Case("long", (np.full(2000, -1.5),)),
    ),
    lambda rng: (-rng.exponential(1.0, 6),),
    (
        Slip("the sum in place of the mean", lambda x: np.exp(-x.sum())),
        Slip("2 to the power: natural logarithms need e", lambda x: 2.0 ** -x.mean()),
        Slip("the sign is missing", lambda x: np.exp(x.mean())),
        Slip("that is the mean surprise, still to be exponentiated", lambda x: -x.mean()),
        Slip("a product of probabilities underflows: stay with logarithms", lambda x: np.prod(np.exp(x)) ** (-1 / len(x))),
        Slip("10 to the power: natural logarithms need e", lambda x: 10.0 ** -x.mean()),
        Slip("the mean of 1/p: the mean is taken of the logarithms", lambda x: np.exp(-x).mean()),
    ), has_gradient=True,
)  # fmt: skip


def _mutual(joint: Array, log: Callable[[Any], Any] = np.log2) -> Array:
    outer = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    return np.asarray(np.where(joint > 0, joint * log(np.where(joint > 0, joint / outer, 1.0)), 0.0).sum())


MUTUAL_INFORMATION = Task(
    "mutual-information", ("joint",), "the mutual information of a joint table, in bits",
    "outer = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)\nratio = np.where(joint > 0, joint / np.where(outer > 0, outer, 1), 1)\nreturn (joint * np.log2(ratio)).sum()",
    lambda joint: information.mutual_information(joint).mutual_information,
    (
        Case("ordinary", (_array([0.4, 0.1], [0.1, 0.4]),)), Case("independent", (_array([0.25, 0.25], [0.25, 0.25]),)),
        Case("one decides the other", (_array([0.5, 0.0], [0.0, 0.5]),)), Case("a column of zeros", (_array([0.5, 0.0], [0.5, 0.0]),)),
        Case("2 x 3", (_array([0.1, 0.2, 0.1], [0.3, 0.1, 0.2]),)),
    ),
    lambda rng: (_probs(rng, 6).reshape(2, 3),),
    (
        Slip("nats for bits: log2, not ln", lambda joint: _mutual(joint, np.log)),
        Slip("0 · log 0 is nan in floats; its limit is 0", lambda j: (j * np.log2(j / (j.sum(1, keepdims=True) * j.sum(0)))).sum()),
        Slip("that is the joint entropy", lambda joint: -_plogp(joint).sum()),
        Slip("that is the conditional entropy", lambda joint: -_plogp(joint).sum() + _plogp(joint.sum(0)).sum()),
        Slip("eps in the logarithm", lambda j: (j * np.log2((j + 1e-9) / (j.sum(1, keepdims=True) * j.sum(0) + 1e-9))).sum()),
        Slip("the sign is turned", lambda joint: -_mutual(joint)),
        Slip("that is the entropy of the rows", lambda j: -_plogp(j.sum(1)).sum()),
        Slip("the product of the sums is transposed: rows first", lambda j: (j * np.log2(j / np.outer(j.sum(0), j.sum(1)))).sum()),
    ),
)  # fmt: skip

DOT = Task(
    "dot", ("a", "b"), "the sum of a_i b_i", "return (a * b).sum()",
    lambda a, b: linalg.dot(a, b).dot,
    (Case("ordinary", (_array(1.0, 2.0, 3.0), _array(4.0, 5.0, 6.0))), Case("at right angles", (_array(1.0, 0.0), _array(0.0, 1.0))), Case("one entry", (_array(2.0), _array(-3.0)))),
    _pair,
    (
        Slip("the products are not added", lambda a, b: a * b),
        Slip("a mean in place of the sum", lambda a, b: (a * b).mean()),
        Slip("the sums are multiplied, not the entries", lambda a, b: a.sum() * b.sum()),
        Slip("the entries are added, not multiplied", lambda a, b: (a + b).sum()),
        Slip("the first entry is left out: Python counts from 0", lambda a, b: (a * b)[1:].sum()),
        Slip("every entry times every other: that is the outer product", np.outer),
    ), has_gradient=True,
)  # fmt: skip

COSINE = Task(
    "cosine", ("a", "b"), "a · b / (|a| |b|)",
    "a, b = a / np.abs(a).max(), b / np.abs(b).max()\nreturn a @ b / np.sqrt((a @ a) * (b @ b))",
    lambda a, b: linalg.cosine(a, b).cosine,
    (
        Case("ordinary", (_array(1.0, 2.0, 3.0), _array(4.0, 5.0, 6.0))), Case("opposite", (_array(1.0, 2.0), _array(-2.0, -4.0))),
        Case("at right angles", (_array(1.0, 0.0), _array(0.0, 2.0))), Case("large: 1e200", (_array(3e200, 4e200), _array(4e200, 3e200))),
        Case("small: 1e-200", (_array(3e-200, 4e-200), _array(4e-200, 3e-200))),
    ),
    _pair,
    (
        Slip("the squares overflow at 1e200: scale each vector first", lambda a, b: a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b))),
        Slip("the squares overflow at 1e200: scale each vector first", lambda a, b: a @ b / np.sqrt((a @ a) * (b @ b))),
        Slip("that is the distance 1 - cosine", lambda a, b: 1.0 - linalg.cosine(a, b).cosine),
        Slip("eps in the denominator", lambda a, b: a @ b / (np.sqrt(a @ a) * np.sqrt(b @ b) + 1e-8)),
        Slip("the lengths are missing: that is the dot product", lambda a, b: a @ b),
        Slip("the squares of the lengths: their roots are missing", lambda a, b: a @ b / ((a @ a) * (b @ b))),
        Slip("only one of the lengths", lambda a, b: a @ b / np.sqrt(a @ a)),
        Slip("the arc cosine: that is the angle", lambda a, b: np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))),
        Slip("the means are taken off: that is the correlation", lambda a, b: (a - a.mean()) @ (b - b.mean()) / (np.linalg.norm(a - a.mean()) * np.linalg.norm(b - b.mean()))),
        Slip("sums of absolute values in place of the lengths", lambda a, b: a @ b / (np.abs(a).sum() * np.abs(b).sum())),
    ),
)  # fmt: skip

MATMUL = Task(
    "matmul", ("a", "b"), "the product of two matrices", "return a @ b",
    lambda a, b: linalg.matmul(a, b).product,
    (Case("ordinary", TWO_BY_TWO), Case("2 x 3 times 3 x 1", (_array([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), _array([1.0], [0.0], [-1.0])))),
    lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=(3, 3))),
    (
        Slip("entry by entry: a row of a times a column of b", lambda a, b: a * b),
        Slip("b · a: the order matters", lambda a, b: b @ a),
        Slip("b is transposed", lambda a, b: a @ b.T),
        Slip("a is transposed", lambda a, b: a.T @ b),
        Slip("the product is transposed: (a b)ᵀ = bᵀ aᵀ", lambda a, b: (a @ b).T),
        Slip("every entry times every other: that is the outer product", np.outer),
    ),
)  # fmt: skip

NEURON = Task(
    "neuron", ("weights", "inputs", "bias"), "weights · inputs + bias", "return weights @ inputs + bias",
    lambda w, x, b: linalg.neuron(w, x, b).output,
    (Case("ordinary", (_array(0.5, -0.25, 1.0), _array(1.0, 2.0, 3.0), 0.5)), Case("no bias", (_array(1.0, 2.0), _array(3.0, 4.0), 0.0))),
    lambda rng: (*_pair(rng), float(rng.normal())),
    (
        Slip("the bias is missing", lambda w, x, b: w @ x),
        Slip("the bias is taken off", lambda w, x, b: w @ x - b),
        Slip("the bias is added to each product", lambda w, x, b: (w * x + b).sum()),
        Slip("a relu too many", lambda w, x, b: max(0.0, float(w @ x + b))),
        Slip("the products are not added", lambda w, x, b: w * x + b),
    ),
)  # fmt: skip

LAYER = Task(
    "layer", ("W", "x", "bias"), "W · x + bias, a neuron a row of W", "return W @ x + bias",
    lambda w, x, b: linalg.layer(w, x, b).output,
    (Case("ordinary", (_array([1.0, 2.0], [0.0, -1.0]), _array(3.0, 4.0), _array(0.5, -1.0))), Case("3 x 2", (_array([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]), _array(1.0, -1.0), _array(0.0, 1.0, 2.0)))),
    lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)),
    (
        Slip("the bias is missing", lambda w, x, b: w @ x),
        Slip("x · W: a neuron is a row of W, so W comes first", lambda w, x, b: x @ w + b),
        Slip("entry by entry: each row has to be summed", lambda w, x, b: w * x + b),
        Slip("W is transposed: a neuron is a row of W", lambda w, x, b: w.T @ x + b),
    ),
)  # fmt: skip

TRANSPOSE = Task(
    "transpose", ("A",), "the matrix with rows and columns swapped", "return A.T",
    lambda a: linalg.transpose(a).transposed,
    (Case("ordinary", (_array([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),)), Case("square", (SQUARE,))),
    lambda rng: (rng.normal(size=(2, 4)),),
    (
        Slip("the entries are only put into another shape", lambda a: a.reshape(a.shape[::-1])),
        Slip("the rows are turned round, not swapped with the columns", lambda a: a[::-1]),
        Slip("turned by 90 degrees", np.rot90),
    ),
)  # fmt: skip

DET = Task(
    "det", ("A",), "the determinant", "return np.linalg.det(A)",
    lambda a: linalg.det(a).det,
    (Case("ordinary", (_array([1.0, 2.0], [3.0, 4.0]),)), Case("3 x 3", (SQUARE,)), Case("singular", (_array([1.0, 2.0], [2.0, 4.0]),)), Case("needs a swap of rows", (_array([0.0, 1.0], [1.0, 0.0]),))),
    lambda rng: (rng.normal(size=(3, 3)),),
    (
        Slip("the sign is turned: each swap of rows turns it once", lambda a: -np.linalg.det(a)),
        Slip("the sign is lost", lambda a: np.abs(np.linalg.det(a))),
        Slip("that is the product of the diagonal", lambda a: np.prod(np.diag(a))),
        Slip("that is the trace, the sum of the diagonal", np.trace),
        Slip("only the upper left 2 x 2", lambda a: a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]),
    ),
)  # fmt: skip

INVERSE = Task(
    "inverse", ("A",), "the inverse matrix", "return np.linalg.inv(A)",
    lambda a: linalg.inverse(a).inverse,
    (Case("ordinary", (_array([2.0, 1.0], [1.0, 2.0]),)), Case("3 x 3", (SQUARE,)), Case("needs a swap of rows", (_array([0.0, 2.0], [1.0, 0.0]),))),
    lambda rng: (rng.normal(size=(3, 3)) + 3.0 * np.eye(3),),
    (
        Slip("one over each entry: that is not the inverse of a matrix", lambda a: 1.0 / a),
        Slip("transposed", lambda a: np.linalg.inv(a).T),
        Slip("not divided by the determinant", lambda a: np.linalg.inv(a) * np.linalg.det(a)),
        Slip("divided by the determinant twice", lambda a: np.linalg.inv(a) / np.linalg.det(a)),
        Slip("only transposed: that is the inverse of a rotation", np.transpose),
    ),
)  # fmt: skip

EIG = Task(
    "eig", ("A",), "the eigenvalues of a symmetric matrix, largest first", "return np.linalg.eigvalsh(A)[::-1]",
    lambda a: np.asarray(linalg.eig(a).values)[:, 0],
    (Case("ordinary", (_array([2.0, 1.0], [1.0, 2.0]),)), Case("diagonal", (np.diag([1.0, 3.0, 2.0]),)), Case("a negative one", (_array([0.0, 1.0], [1.0, 0.0]),))),
    lambda rng: ((lambda m: m + m.T)(rng.normal(size=(3, 3))),),
    (
        Slip("in ascending order: the largest comes first", np.linalg.eigvalsh),
        Slip("those are singular values: an eigenvalue may be negative", lambda a: np.linalg.svd(a, compute_uv=False)),
        Slip("that is the diagonal", np.diag),
        Slip("in the order of their sizes without sign: the largest comes first, the most negative last", lambda a: np.array(sorted(np.linalg.eigvalsh(a), key=abs, reverse=True))),
        Slip("as numpy finds them: the largest comes first", lambda a: np.linalg.eig(a)[0]),
    ),
)  # fmt: skip


def _attention(q: Array, k: Array, v: Array, scale: float) -> Array:
    return _softmax(q @ k.T * scale) @ v


ATTENTION = Task(
    "attention", ("Q", "K", "V"), "softmax(Q Kᵀ / √d) V, a query a row",
    "scores = Q @ K.T / np.sqrt(Q.shape[-1])\nweights = np.exp(scores - scores.max(axis=-1, keepdims=True))\nreturn weights / weights.sum(axis=-1, keepdims=True) @ V",
    lambda q, k, v: linalg.attention(q, k, v).output,
    (
        Case("ordinary", (_array([1.0, 0.0], [1.0, 1.0], [0.0, 1.0]), _array([1.0, 0.0], [2.0, 1.0], [0.0, 1.0]), _array([1.0, 0.0], [0.0, 1.0], [2.0, 2.0]))),
        Case("two queries, three keys", (_array([1.0, 2.0, 0.5, 1.0], [0.0, 1.0, 1.0, -1.0]), _array([1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 0.0]), _array([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]))),
        Case("large scores", (_array([100.0, 0.0], [0.0, 100.0]), _array([100.0, 0.0], [0.0, 100.0]), _array([1.0, 2.0], [3.0, 4.0]))),
    ),
    lambda rng: tuple(rng.normal(size=(3, 4)) for _ in range(3)),
    (
        Slip("the scale 1/√d is missing", lambda q, k, v: _attention(q, k, v, 1.0)),
        Slip("divided by d: the scale is 1/√d", lambda q, k, v: _attention(q, k, v, 1.0 / q.shape[-1])),
        Slip("√d of the number of keys: d is the width of a key", lambda q, k, v: _attention(q, k, v, len(k) ** -0.5)),
        Slip("multiplied by √d: the scale is 1/√d", lambda q, k, v: _attention(q, k, v, q.shape[-1] ** 0.5)),
        Slip("softmax over the queries: each query's weights sum to 1, the last axis", lambda q, k, v: _softmax((q @ k.T / q.shape[-1] ** 0.5).T).T @ v),
        Slip("no shift: exp overflows above 709", lambda q, k, v: np.exp(q @ k.T / q.shape[-1] ** 0.5) / np.exp(q @ k.T / q.shape[-1] ** 0.5).sum(-1, keepdims=True) @ v),
        Slip("a causal mask too many: every query sees every key", lambda q, k, v: linalg.attention(q, k, v, causal=True).output),
        Slip("those are the weights, still to be multiplied by V", lambda q, k, v: _softmax(q @ k.T / q.shape[-1] ** 0.5)),
        Slip("no softmax: the scores themselves weigh the values", lambda q, k, v: q @ k.T / q.shape[-1] ** 0.5 @ v),
        Slip("√d divides the output: it divides the scores, before softmax", lambda q, k, v: _attention(q, k, v, 1.0) / q.shape[-1] ** 0.5),
        Slip("one sum for all queries: each query's weights sum to 1", lambda q, k, v: (lambda e: e / e.sum() @ v)(np.exp(q @ k.T / q.shape[-1] ** 0.5 - np.max(q @ k.T / q.shape[-1] ** 0.5)))),
        Slip("√d of the width of V: d is the width of a key", lambda q, k, v: _attention(q, k, v, v.shape[-1] ** -0.5)),
    ),
)  # fmt: skip

LAYER_NORM = Task(
    "layer-norm", ("x",), "(x - mean) / √(variance + 1e-5) of each row",
    "mean = x.mean(axis=-1, keepdims=True)\nvariance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)\nreturn (x - mean) / np.sqrt(variance + 1e-5)",
    lambda x: linalg.layer_norm(x).output,
    (Case("ordinary", (X,)), Case("all equal", (_array(3.0, 3.0, 3.0),)), Case("small", (_array(1e-4, -1e-4, 2e-4),)), Case("a batch, a vector a row", (BATCH,))),
    lambda rng: (rng.normal(2.0, 3.0, 6),),
    (
        Slip("divides by n - 1: the variance here is by n", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, ddof=1, keepdims=True) + 1e-5)),
        Slip("no eps: it is part of the definition, 1e-5", lambda x: (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)),
        Slip("eps outside the root: it is added to the variance", lambda x: (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-5)),
        Slip("eps is 1e-5 here, not 1e-6", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)),
        Slip("eps is 1e-5 here, not 1e-8", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-8)),
        Slip("the root is missing: divide by the standard deviation", lambda x: (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + 1e-5)),
        Slip("the mean is not taken off: that is rms-norm's way", lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)),
        Slip("one mean for the whole batch: along the last axis", lambda x: (x - x.mean()) / np.sqrt(x.var() + 1e-5)),
        Slip("axis 0: that is batch norm; a vector is a row", lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)),
        Slip("eps is 1e-5 here, not 1e-12", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)),
        Slip("divides by n - 1 and has no eps", lambda x: (x - x.mean(-1, keepdims=True)) / x.std(-1, ddof=1, keepdims=True)),
        Slip("the root of the deviation: it is one root too many", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.std(-1, keepdims=True) + 1e-5)),
        Slip("from 0 to 1 by minimum and maximum: that is another scaling", lambda x: (x - x.min(-1, keepdims=True)) / np.ptp(x, -1, keepdims=True)),
    ), has_gradient=True,
)  # fmt: skip

RMS_NORM = Task(
    "rms-norm", ("x",), "x / √(mean of x² + 1e-6) of each row", "return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6)",
    lambda x: linalg.rms_norm(x).output,
    (Case("ordinary", (_array(3.0, -4.0, 0.0, 5.0),)), Case("small", (_array(1e-4, -1e-4),)), Case("zeros", (_array(0.0, 0.0),)), Case("a batch, a vector a row", (BATCH,))),
    lambda rng: (rng.normal(2.0, 3.0, 6),),
    (
        Slip("the mean is taken off: that is layer norm's way", lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)),
        Slip("the sum of the squares in place of their mean", lambda x: x / np.sqrt((x * x).sum(-1, keepdims=True) + 1e-6)),
        Slip("no eps: it is part of the definition, 1e-6", lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True))),
        Slip("eps outside the root", lambda x: x / (np.sqrt((x * x).mean(-1, keepdims=True)) + 1e-6)),
        Slip("eps is 1e-6 here, not 1e-5", lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)),
        Slip("the root is missing", lambda x: x / ((x * x).mean(-1, keepdims=True) + 1e-6)),
        Slip("divided by the length: the mean of the squares, not their sum, and eps", lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)),
        Slip("eps is 1e-6 here, not 1e-8", lambda x: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-8)),
        Slip("multiplied by the root: x is divided by it", lambda x: x * np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)),
    ), has_gradient=True,
)  # fmt: skip


def _rope(x: Array, *, sign: float = 1.0, first: int = 0, width: float = 2.0) -> Array:
    n, d = x.shape
    angles = np.outer(np.arange(n) + first, 10000.0 ** (-width * np.arange(d // 2) / d)) * sign
    a, b = x[:, : d // 2], x[:, d // 2 :]
    return np.concatenate(
        (a * np.cos(angles) - b * np.sin(angles), b * np.cos(angles) + a * np.sin(angles)), axis=1
    )


def _interleaved(x: Array) -> Array:
    return np.asarray(linalg.rope(x, pairs="interleaved").output)


ROPE = Task(
    "rope", ("x",), "row r turned by r · 10000^(-2i/d) in the pairs (i, i + d/2)",
    "n, d = x.shape\nangle = np.outer(np.arange(n), 10000.0 ** (-2 * np.arange(d // 2) / d))\na, b = x[:, :d // 2], x[:, d // 2:]\nreturn np.concatenate([a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)], axis=1)",
    lambda x: linalg.rope(x).output,
    (Case("ordinary", (np.tile([1.0, 2.0, 3.0, 4.0], (3, 1)),)), Case("one row", (_array([1.0, 2.0, 3.0, 4.0]),)), Case("width 2", (np.ones((4, 2)),))),
    lambda rng: (rng.normal(size=(4, 6)),),
    (
        Slip("pairs of neighbours (2i, 2i + 1): transformers' checkpoints pair i with i + d/2", _interleaved),
        Slip("turned the other way", lambda x: _rope(x, sign=-1.0)),
        Slip("positions from 1: the first row is position 0 and stays", lambda x: _rope(x, first=1)),
        Slip("10000^(-i/d): the exponent is -2i/d", lambda x: _rope(x, width=1.0)),
        Slip("the sign of the exponent is turned: later pairs turn more slowly", lambda x: _rope(x, width=-2.0)),
    ),
)  # fmt: skip


def _positional(n: int, d: int, *, first: int = 0, width: float = 2.0, halves: bool = False) -> Array:
    angles = np.outer(np.arange(int(n)) + first, 10000.0 ** (-width * np.arange(int(d) // 2) / d))
    if halves:
        return np.concatenate((np.sin(angles), np.cos(angles)), axis=1)
    return np.stack((np.sin(angles), np.cos(angles)), axis=2).reshape(int(n), int(d))


POSITIONAL = Task(
    "positional", ("n", "d"), "n rows of sinusoids: sin(r · 10000^(-2i/d)) at 2i, cos at 2i + 1",
    "angle = np.outer(np.arange(int(n)), 10000.0 ** (-2 * np.arange(int(d) // 2) / d))\nreturn np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(int(n), int(d))",
    lambda n, d: linalg.positional((int(n), int(d))).encoding,
    (Case("4 x 6", (4, 6)), Case("one row", (1, 4)), Case("long", (300, 2))),
    lambda rng: (int(rng.integers(2, 6)), 2 * int(rng.integers(1, 5))),
    (
        Slip("all sines before all cosines: they alternate", lambda n, d: _positional(n, d, halves=True)),
        Slip("positions from 1: the first row is position 0", lambda n, d: _positional(n, d, first=1)),
        Slip("10000^(-i/d): the exponent is -2i/d", lambda n, d: _positional(n, d, width=1.0)),
        Slip("cosine first: sine stands at 2i", lambda n, d: _positional(n, d)[:, np.arange(int(d)) ^ 1]),
        Slip("an exponent of its own for each column: sine and cosine of a pair share it", lambda n, d: (lambda a: np.where(np.arange(int(d)) % 2 == 0, np.sin(a), np.cos(a)))(np.outer(np.arange(int(n)), 10000.0 ** (-2.0 * np.arange(int(d)) / d)))),
        Slip("an exponent of its own for each column: sine and cosine of a pair share it", lambda n, d: (lambda a: np.where(np.arange(int(d)) % 2 == 0, np.sin(a), np.cos(a)))(np.outer(np.arange(int(n)), 10000.0 ** (-1.0 * np.arange(int(d)) / d)))),
    ),
)  # fmt: skip

BAYES = Task(
    "bayes", ("prior", "likelihood", "evidence"), "P(A|B) = P(B|A) P(A) / P(B)", "return likelihood * prior / evidence",
    lambda p, l, e: probability.bayes(p, l, e).posterior,
    (Case("ordinary", (0.3, 0.8, 0.35)), Case("certain", (1.0, 0.5, 0.5)), Case("impossible", (0.0, 0.5, 0.2))),
    lambda rng: (lambda p, l: (p, l, p * l + float(rng.uniform(0.05, 0.4)) * (1 - p)))(float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.1, 0.9))),
    (
        Slip("not divided by the evidence", lambda p, l, e: l * p),
        Slip("the prior is not used: a rare thing stays rare", lambda p, l, e: l / e),
        Slip("that is the likelihood, the other way round", lambda p, l, e: l),
        Slip("multiplied by the evidence", lambda p, l, e: l * p * e),
        Slip("the evidence from 1 - likelihood: it is given", lambda p, l, e: p * l / (p * l + (1 - p) * (1 - l))),
        Slip("prior and evidence are swapped", lambda p, l, e: e * l / p if p else math.inf),
        Slip("likelihood and evidence are swapped", lambda p, l, e: p * e / l),
        Slip("the likelihood is not used", lambda p, l, e: p / e),
    ),
)  # fmt: skip

GAUSSIAN = Task(
    "gaussian", ("x", "mu", "sigma"), "the density exp(-((x - mu)/sigma)²/2) / (sigma √(2π))",
    "z = (x - mu) / sigma\nreturn np.exp(-z * z / 2) / (sigma * np.sqrt(2 * np.pi))",
    lambda x, m, s: probability.gaussian(x, m, s).density,
    (Case("ordinary", (_array(0.0, 1.0, 2.0), 0.0, 1.0)), Case("shifted, narrow", (_array(1.0, 1.1), 1.0, 0.1)), Case("far out", (_array(50.0), 0.0, 1.0)), Case("wide", (_array(-3.0, 3.0), 1.0, 4.0))),
    lambda rng: (rng.normal(size=4), float(rng.normal()), float(rng.uniform(0.3, 3.0))),
    (
        Slip("sigma is missing below: a narrow curve is higher", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2) / math.sqrt(2 * math.pi)),
        Slip("√(2π) is missing", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2) / s),
        Slip("the half in the exponent is missing", lambda x, m, s: np.exp(-((x - m) / s) ** 2) / (s * math.sqrt(2 * math.pi))),
        Slip("sigma taken for the variance: it is the standard deviation", lambda x, m, s: np.exp(-((x - m) ** 2) / (2 * s)) / math.sqrt(2 * math.pi * s)),
        Slip("that is its logarithm", lambda x, m, s: -((x - m) / s) ** 2 / 2 - np.log(s * math.sqrt(2 * math.pi))),
        Slip("2π without its root", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2) / (s * 2 * math.pi)),
        Slip("not divided by sigma √(2π): the area must be 1", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2)),
        Slip("multiplied by sigma² in the exponent: brackets around 2 sigma²", lambda x, m, s: np.exp(-((x - m) ** 2) / 2 * s**2) / (s * math.sqrt(2 * math.pi))),
        Slip("the sign of the exponent is missing", lambda x, m, s: np.exp(((x - m) / s) ** 2 / 2) / (s * math.sqrt(2 * math.pi))),
        Slip("multiplied by √(2π): brackets around sigma √(2π)", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2) / s * math.sqrt(2 * math.pi)),
        Slip("the square in the exponent is missing", lambda x, m, s: np.exp(-(x - m) / (2 * s**2)) / (s * math.sqrt(2 * math.pi))),
        Slip("√sigma below: sigma itself stands outside the root", lambda x, m, s: np.exp(-((x - m) / s) ** 2 / 2) / math.sqrt(2 * math.pi * s)),
    ),
)  # fmt: skip


def _described(x: Array, ddof: int = 0) -> tuple[float, float, float, float, float]:
    return float(x.mean()), float(x.var(ddof=ddof)), float(x.std(ddof=ddof)), float(x.min()), float(x.max())


DESCRIBE = Task(
    "describe", ("x",), "mean, variance (by n), standard deviation, minimum and maximum, in this order",
    "return x.mean(), x.var(), x.std(), x.min(), x.max()",
    lambda x: (lambda r: (r.mean, r.variance, r.std, r.min, r.max))(probability.describe(x)),
    (Case("ordinary", (X,)), Case("all equal", (_array(2.0, 2.0),)), Case("far from 0: 1e9", (_array(1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16),)), Case("one entry", (_array(5.0),))),
    lambda rng: (rng.normal(3.0, 2.0, 7),),
    (
        Slip("divides by n - 1: the variance here is by n", lambda x: _described(x, 1)),
        Slip("mean of the squares less the square of the mean: far from 0 no digit is left", lambda x: (x.mean(), (x * x).mean() - x.mean() ** 2, np.sqrt(np.maximum((x * x).mean() - x.mean() ** 2, 0)), x.min(), x.max())),
        Slip("deviation before variance: the order is mean, variance, deviation", lambda x: (x.mean(), x.std(), x.var(), x.min(), x.max())),
        Slip("the median in place of the mean", lambda x: (np.median(x), x.var(), x.std(), x.min(), x.max())),
    ),
)  # fmt: skip


def _alpha_bar(t: int, *, steps: int | None = None) -> float:
    betas = np.linspace(1e-4, 0.02, 1000)
    return float(np.prod(1.0 - betas[: (int(t) + 1 if steps is None else steps)]))


def _diffused(x: Array, t: int, noise: Array, bar: float) -> Array:
    return np.asarray(math.sqrt(bar) * x + math.sqrt(1.0 - bar) * noise)


DIFFUSE = Task(
    "diffuse", ("x0", "t", "noise"), "√ᾱ_t x0 + √(1 - ᾱ_t) noise, betas linear from 1e-4 to .02 in 1000 steps, t from 0",
    "bar = np.prod(1 - np.linspace(1e-4, 0.02, 1000)[:int(t) + 1])\nreturn np.sqrt(bar) * x0 + np.sqrt(1 - bar) * noise",
    lambda x, t, e: _diffused(np.asarray(x), t, np.asarray(e), float(probability.diffuse([1.0], t=int(t), noise=[0.0]).alpha_bar)),
    (Case("ordinary", (_array(1.0, -1.0), 500, _array(0.5, 0.2))), Case("t = 0", (_array(1.0, 2.0), 0, _array(1.0, 1.0))), Case("the last", (_array(1.0), 999, _array(-1.0)))),
    lambda rng: (rng.normal(size=3), int(rng.integers(1, 999)), rng.normal(size=3)),
    (
        Slip("t steps in place of t + 1: t = 0 has one step of noise", lambda x, t, e: _diffused(x, t, e, _alpha_bar(t, steps=int(t)))),
        Slip("the roots are missing: ᾱ and 1 - ᾱ are variances", lambda x, t, e: _alpha_bar(t) * x + (1 - _alpha_bar(t)) * e),
        Slip("1 - beta_t of this step alone: ᾱ is the product of all so far", lambda x, t, e: _diffused(x, t, e, 1 - np.linspace(1e-4, 0.02, 1000)[int(t)])),
        Slip("1 - √ᾱ in place of √(1 - ᾱ)", lambda x, t, e: math.sqrt(_alpha_bar(t)) * x + (1 - math.sqrt(_alpha_bar(t))) * e),
        Slip("the weights are swapped: noise has √(1 - ᾱ)", lambda x, t, e: _diffused(e, t, x, _alpha_bar(t))),
    ),
)  # fmt: skip

GAUSSIAN_KL = Task(
    "gaussian-kl", ("mu", "sigma"), "KL(N(mu, sigma²) || N(0, 1)) summed over the entries, in nats",
    "return (mu**2 + sigma**2 - 1 - 2 * np.log(sigma)).sum() / 2",
    lambda m, s: information.gaussian_kl(m, s).kl,
    (Case("ordinary", (_array(0.5, -1.0), _array(0.8, 1.2))), Case("the same", (_array(0.0), _array(1.0))), Case("narrow", (_array(0.0), _array(1e-3)))),
    lambda rng: (rng.normal(size=3), rng.uniform(0.3, 2.0, 3)),
    (
        Slip("the half is missing", lambda m, s: (m**2 + s**2 - 1 - 2 * np.log(s)).sum()),
        Slip("sigma in place of its square", lambda m, s: (m**2 + s - 1 - np.log(s)).sum() / 2),
        Slip("ln sigma in place of ln sigma²", lambda m, s: (m**2 + s**2 - 1 - np.log(s)).sum() / 2),
        Slip("the sign is turned: 1 + ln sigma² - mu² - sigma² is to be subtracted", lambda m, s: -(m**2 + s**2 - 1 - 2 * np.log(s)).sum() / 2),
        Slip("a mean over the entries: independent entries add up", lambda m, s: (m**2 + s**2 - 1 - 2 * np.log(s)).mean() / 2),
    ), has_gradient=True,
)  # fmt: skip


def _policy(r: Array, p: Array, scale: float) -> Array:
    w = p * np.exp(r * scale - (r * scale).max())
    return np.asarray(w / w.sum())


RLHF = Task(
    "rlhf", ("rewards", "reference", "beta"), "the best policy, proportional to reference · exp(rewards / beta)",
    "w = reference * np.exp((rewards - rewards.max()) / beta)\nreturn w / w.sum()",
    lambda r, p, b: information.rlhf(r, p, b).policy,
    (Case("ordinary", (_array(1.0, 2.0, 3.0), _array(0.3, 0.3, 0.4), 1.0)), Case("small beta", (_array(1.0, 2.0), _array(0.5, 0.5), 1e-3)), Case("large beta", (_array(1.0, 2.0), _array(0.9, 0.1), 100.0))),
    lambda rng: (rng.normal(size=4), _probs(rng), float(rng.uniform(0.3, 3.0))),
    (
        Slip("multiplied by beta: rewards are divided by it", lambda r, p, b: _policy(r, p, b)),
        Slip("beta is not used", lambda r, p, b: _policy(r, p, 1.0)),
        Slip("the reference is not used", lambda r, p, b: _policy(r, np.ones_like(p), 1.0 / b)),
        Slip("no shift: exp overflows above 709", lambda r, p, b: p * np.exp(r / b) / (p * np.exp(r / b)).sum()),
        Slip("the reference is added: it multiplies", lambda r, p, b: _softmax(r / b + p)),
        Slip("not divided by the sum", lambda r, p, b: p * np.exp((r - r.max()) / b)),
        Slip("neither the reference is used nor the sum", lambda r, p, b: np.exp((r - r.max()) / b)),
    ),
)  # fmt: skip


def _nll_sigmoid(x: Any) -> Any:
    return np.logaddexp(0.0, -np.asarray(x, np.float64))


DPO = Task(
    "dpo", ("chosen", "rejected", "ref_chosen", "ref_rejected"),
    "the mean over pairs of -ln σ(0.1 ((chosen - ref_chosen) - (rejected - ref_rejected)))",
    "x = 0.1 * ((chosen - ref_chosen) - (rejected - ref_rejected))\nreturn np.logaddexp(0, -x).mean()",
    lambda c, r, rc, rr: information.dpo(c, r, rc, rr).loss,
    (Case("ordinary", (_array(-12.0, -1.0), _array(-14.0, -2.0), _array(-12.5, -3.0), _array(-13.5, -1.0))), Case("far apart", (_array(-1e5), _array(0.0), _array(0.0), _array(0.0)))),
    lambda rng: tuple(-rng.exponential(10.0, 3) for _ in range(4)),
    (
        Slip("the sign is turned: the chosen answer should gain", lambda c, r, rc, rr: _nll_sigmoid(-0.1 * ((c - rc) - (r - rr))).mean()),
        Slip("the reference is not used", lambda c, r, rc, rr: _nll_sigmoid(0.1 * (c - r)).mean()),
        Slip("beta is missing, 0.1", lambda c, r, rc, rr: _nll_sigmoid((c - rc) - (r - rr)).mean()),
        Slip("the reference's difference is added: it is taken off", lambda c, r, rc, rr: _nll_sigmoid(0.1 * ((c + rc) - (r + rr))).mean()),
        Slip("ln of a sigmoid that is 0: use logaddexp(0, -x)", lambda c, r, rc, rr: -np.log(1 / (1 + np.exp(-0.1 * ((c - rc) - (r - rr))))).mean()),
        Slip("the sum over the pairs in place of their mean", lambda c, r, rc, rr: _nll_sigmoid(0.1 * ((c - rc) - (r - rr))).sum()),
    ),
)  # fmt: skip

GRPO = Task(
    "grpo", ("rewards",), "the advantages (r - mean) / s, s by n - 1, zeros if all are equal",
    "s = rewards.std(ddof=1)\nreturn (rewards - rewards.mean()) / s if s else np.zeros_like(rewards)",
    lambda r: information.grpo(r).advantages,
    (Case("ordinary", (_array(1.0, 0.0, 0.0, 1.0, 1.0),)), Case("all equal", (_array(1.0, 1.0, 1.0),)), Case("two", (_array(0.0, 1.0),))),
    lambda rng: (rng.normal(size=5),),
    (
        Slip("s by n: here it is by n - 1", lambda r: (r - r.mean()) / r.std() if r.std() else np.zeros_like(r)),
        Slip("0/0 where all are equal: nothing is better, so 0", lambda r: (r - r.mean()) / r.std(ddof=1)),
        Slip("not divided by s", lambda r: r - r.mean()),
        Slip("divided by the variance", lambda r: (r - r.mean()) / r.var(ddof=1) if r.var() else np.zeros_like(r)),
        Slip("eps in the denominator", lambda r: (r - r.mean()) / (r.std(ddof=1) + 1e-4)),
    ),
)  # fmt: skip


def _info_nce(a: Array, b: Array, temperature: float = 0.07, *, unit: bool = True) -> float:
    if unit:
        a, b = a / np.linalg.norm(a, axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True)
    return float(-np.diag(np.log(_softmax(a @ b.T / temperature))).mean())


INFO_NCE = Task(
    "info-nce", ("a", "b"), "the mean over rows of -ln softmax(cosine(a_i, b_j) / 0.07) at j = i",
    "a = a / np.linalg.norm(a, axis=1, keepdims=True)\nb = b / np.linalg.norm(b, axis=1, keepdims=True)\nz = a @ b.T / 0.07\nz = z - z.max(axis=1, keepdims=True)\nreturn (np.log(np.exp(z).sum(axis=1)) - np.diag(z)).mean()",
    lambda a, b: information.info_nce(a, b).loss,
    (Case("ordinary", (_array([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]), _array([1.0, 0.5], [0.0, 1.0], [0.5, 1.0]))), Case("two", (_array([1.0, 2.0], [2.0, 1.0]), _array([1.0, 1.0], [3.0, 1.0])))),
    lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))),
    (
        Slip("the temperature 0.07 is missing", lambda a, b: _info_nce(a, b, 1.0)),
        Slip("the rows are not normalised: cosines, not dot products", lambda a, b: _info_nce(a, b, unit=False)),
        Slip("over the columns: each row of a looks among the rows of b", lambda a, b: _info_nce(b, a)),
        Slip("CLIP's mean of both directions: here only a -> b", lambda a, b: (_info_nce(a, b) + _info_nce(b, a)) / 2),
        Slip("a sum over the rows: their mean", lambda a, b: _info_nce(a, b) * len(a)),
        Slip("multiplied by the temperature: cosines are divided by it", lambda a, b: _info_nce(a, b, 1.0 / 0.07)),
    ),
)  # fmt: skip


def _focal(z: Array, k: int, gamma: float = 2.0) -> float:
    p = _softmax(z)[int(k)]
    return float(-((1 - p) ** gamma) * np.log(p))


FOCAL = Task(
    "focal", ("logits", "target"), "-(1 - p_t)² ln p_t of the softmax, t counted from 0",
    "z = logits - logits.max()\nlog_p = z[int(target)] - np.log(np.exp(z).sum())\nreturn -(1 - np.exp(log_p)) ** 2 * log_p",
    lambda z, k: information.focal(z, int(k)).loss,
    (Case("ordinary", (Z, 0)), Case("unlikely", (Z, 2)), Case("far off", (_array(0.0, 1000.0), 0))),
    lambda rng: (*_logits(rng), int(rng.integers(0, 5))),
    (
        Slip("that is the cross-entropy: (1 - p)² is missing", lambda z, k: _focal(z, k, 0.0)),
        Slip("gamma 1 in place of 2", lambda z, k: _focal(z, k, 1.0)),
        Slip("p² in place of (1 - p)²", lambda z, k: float(-(_softmax(z)[int(k)] ** 2) * np.log(_softmax(z)[int(k)]))),
        Slip("the sign is missing", lambda z, k: -_focal(z, k)),
        Slip("targets from 1: the first class is 0", lambda z, k: _focal(z, int(k) - 1)),
        Slip("ln of a probability that is 0: stay with logarithms", _focal),
        Slip("eps in the logarithm: stay with logarithms", lambda z, k: float(-((1 - _softmax(z)[int(k)]) ** 2) * np.log(_softmax(z)[int(k)] + 1e-9))),
    ),
)  # fmt: skip

DIFFERENCE = Task(
    "difference", ("a", "b"), "the root mean square √(mean (a - b)²)", "return np.sqrt(((a - b) ** 2).mean())",
    lambda a, b: linalg.difference(a, b).rmse,
    (Case("ordinary", TWO_BY_TWO), Case("the same", (Z, Z)), Case("vectors", (_array(1.0, 2.0, 3.0), _array(1.5, 2.0, 1.0)))),
    _pair,
    (
        Slip("the root is missing: that is the mean square", lambda a, b: ((a - b) ** 2).mean()),
        Slip("the sum in place of the mean", lambda a, b: np.sqrt(((a - b) ** 2).sum())),
        Slip("that is the mean absolute difference", lambda a, b: np.abs(a - b).mean()),
        Slip("the squares are missing: differences cancel", lambda a, b: (a - b).mean()),
        Slip("by n - 1", lambda a, b: np.sqrt(((a - b) ** 2).sum() / (a.size - 1))),
        Slip("that is the largest difference", lambda a, b: np.abs(a - b).max()),
    ),
)  # fmt: skip


def _low_rank(w: Array, places: Any, *, scaled: bool = True) -> Array:
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return np.asarray(u[:, places] * (s[places] if scaled else 1.0) @ v[places])


def _low_rank_transposed(w: Array, rank: int) -> Array:
    u, s, v = np.linalg.svd(w, full_matrices=False)
    return np.asarray(u[:, :rank] * s[:rank] @ v.T[:rank])


SVD_APPROX = Task(
    "svd-approx", ("W", "rank"), "the nearest matrix of that rank", "u, s, v = np.linalg.svd(W, full_matrices=False)\nr = int(rank)\nreturn u[:, :r] * s[:r] @ v[:r]",
    lambda w, r: _low_rank(np.asarray(w), slice(0, int(r))),
    (Case("ordinary", (_array([2.0, 0.0, 1.0], [0.0, 3.0, 1.0]), 1)), Case("3 x 3", (SQUARE, 2)), Case("full rank", (SQUARE, 3))),
    lambda rng: (rng.normal(size=(4, 3)), int(rng.integers(1, 3))),
    (
        Slip("the singular values are missing", lambda w, r: _low_rank(w, slice(0, int(r)), scaled=False)),
        Slip("one rank too few", lambda w, r: _low_rank(w, slice(0, int(r) - 1))),
        Slip("one rank too many", lambda w, r: _low_rank(w, slice(0, int(r) + 1))),
        Slip("the smallest singular values are kept, not the largest", lambda w, r: _low_rank(w, slice(-int(r), None))),
        Slip("numpy's third matrix is Vᵀ already: it is transposed once too often", lambda w, r: _low_rank_transposed(w, int(r))),
        Slip("the largest singular values are taken away, not kept", lambda w, r: _low_rank(w, slice(int(r), None))),
        Slip("all singular values are kept", lambda w, r: np.asarray(w)),
    ),
)  # fmt: skip


def _variances(x: Array, ddof: int = 0) -> Array:
    return np.asarray(np.linalg.svd(x - x.mean(0), compute_uv=False) ** 2 / (len(x) - ddof))


PCA = Task(
    "pca", ("X",), "the share of the variance along each principal component, largest first",
    "s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2\nreturn s / s.sum()",
    lambda x: _variances(np.asarray(x)) / _variances(np.asarray(x)).sum(),
    (Case("ordinary", (_array([1.0, 2.0], [3.0, 4.0], [5.0, 9.0]),)), Case("far from 0", (_array([101.0, 2.0], [103.0, 4.0], [105.0, 9.0]),)), Case("three columns", (_array([2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.5, 0.0, 1.0], [1.0, 1.0, 3.0]),))),
    lambda rng: (rng.normal(size=(6, 3)) * [3.0, 1.0, 0.5] + 4.0,),
    (
        Slip("not centred: the mean of each column is taken off first", lambda x: (lambda s: s / s.sum())(np.linalg.svd(x, compute_uv=False) ** 2)),
        Slip("the singular values are not squared", lambda x: (lambda s: s / s.sum())(np.linalg.svd(x - x.mean(0), compute_uv=False))),
        Slip("those are the variances, still to be divided by their sum", _variances),
        Slip("those are the variances by n - 1, still to be divided by their sum", lambda x: _variances(x, 1)),
        Slip("the rows are centred: take the mean of each column", lambda x: (lambda s: s / s.sum())(np.linalg.svd(x - x.mean(1, keepdims=True), compute_uv=False) ** 2)),
        Slip("each column is divided by its deviation: that is PCA of correlations", lambda x: (lambda s: s / s.sum())(np.linalg.svd((x - x.mean(0)) / x.std(0), compute_uv=False) ** 2)),
        Slip("in ascending order: the largest comes first", lambda x: (lambda s: s[::-1] / s.sum())(_variances(x))),
    ),
)  # fmt: skip


@cache
def tasks() -> dict[str, Task]:
    """Return all tasks by the names of their commands."""
    found = (value for value in globals().values() if isinstance(value, Task))
    return {task.name: task for task in found}
