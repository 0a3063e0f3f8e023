"""Pages of the guide: the map from mathematics to AI, a roadmap of four weeks, where to read and watch on."""

from __future__ import annotations

from typing import NamedTuple


class Use(NamedTuple):
    """A piece of mathematics and its place in AI."""

    mathematics: str
    used_in: str
    command: str
    demo: str


MAP = (
    Use("matrix product", "layers of all networks", "matmul", "matmul"),
    Use("cosine similarity", "embeddings, search, RAG", "cosine", "cosine"),
    Use("SVD", "compression, LoRA", "svd-approx", "svd-approx"),
    Use("partial derivatives", "gradients, backprop", "grad", "partials"),
    Use("chain rule", "autograd, as in PyTorch", "backprop", "chain"),
    Use("gradient descent", "training: SGD, Adam", "gd", "gd"),
    Use("softmax", "classifiers, attention", "softmax", "softmax"),
    Use("cross-entropy", "loss of LLMs", "cross-entropy", "cross-entropy"),
    Use("Gaussian", "noise of DDPM, VAE", "gaussian", "gaussian"),
    Use("Bayes' rule", "Bayesian learning", "bayes", "bayes"),
    Use("KL divergence", "VAE, RLHF", "kl", "kl"),
    Use("entropy", "uncertainty, sampling", "entropy", "entropy"),
)


class Item(NamedTuple):
    """Something to learn: its demo, its command, and the topic to ask the quiz for."""

    item: str
    demo: str
    command: str
    quiz: str


class Week(NamedTuple):
    """A week: its chapter, its items, and something to build."""

    chapter: str
    items: tuple[Item, ...]
    build: str


ROADMAP = (
    Week(
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


class Resource(NamedTuple):
    """Something to read or watch."""

    name: str
    author: str
    about: str  # what it is good for


RESOURCES = (
    Resource("Essence of Linear Algebra", "3Blue1Brown", "what matrices do, in pictures"),
    Resource("Neural Networks", "3Blue1Brown", "networks and backpropagation, in pictures"),
    Resource("Mathematics for Machine Learning", "Deisenroth, Faisal, Ong", "a free book: all four chapters"),
    Resource("micrograd", "Karpathy", "backpropagation from scratch"),
    Resource("CS229", "Stanford", "a course on machine learning, with proofs"),
    Resource("Deep Learning, chapters 2-4", "Goodfellow, Bengio, Courville", "the mathematics in short"),
    Resource("StatQuest", "Starmer", "statistics, step by step"),
)
