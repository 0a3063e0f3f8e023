"""Four weeks: what to learn, with a demo, a command and a topic of the quiz for each item."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """Something to learn: its demo, its command, and the topic to ask the quiz for."""

    item: str
    demo: str
    command: str
    quiz: str


class Week(NamedTuple):
    """A week: its chapter, its items, and something to build."""

    number: int
    chapter: str
    items: tuple[Item, ...]
    build: str


ROADMAP = (
    Week(
        1,
        "linear-algebra",
        (
            Item("vectors", "vectors", "dot", "dot"),
            Item("matrix multiplication", "matmul", "matmul", "matmul"),
            Item("transpose", "transpose", "transpose", "matmul"),
            Item("inverse", "inverse", "inverse", "inverse"),
            Item("eigenvalues", "eigenvalues", "eig", "eig"),
        ),
        "a layer and a cosine from scratch in numpy; compare with aimath layer and aimath cosine",
    ),
    Week(
        2,
        "calculus",
        (
            Item("partial derivatives", "partials", "grad", "grad"),
            Item("chain rule", "chain", "backprop", "backprop"),
            Item("gradient descent", "gd", "gd", "gd"),
            Item("automatic differentiation", "backprop", "backprop", "backprop"),
        ),
        "a small autograd; compare its gradients with aimath backprop",
    ),
    Week(
        3,
        "probability",
        (
            Item("conditional probability", "bayes", "bayes", "bayes"),
            Item("distributions", "gaussian", "gaussian", "gaussian"),
            Item("softmax", "softmax", "softmax", "softmax"),
            Item("cross-entropy", "cross-entropy", "cross-entropy", "cross-entropy"),
        ),
        "a classifier of the digits that ship with aimath, with softmax and cross-entropy",
    ),
    Week(
        4,
        "information",
        (
            Item("entropy", "entropy", "entropy", "entropy"),
            Item("KL divergence", "kl", "kl", "kl"),
            Item("attention, in nanoGPT", "attention", "attention", "attention"),
            Item("noising, in a DDPM", "diffusion", "diffuse", "diffuse"),
        ),
        "read the code of nanoGPT and of a DDPM, and name the mathematics of each line",
    ),
)
