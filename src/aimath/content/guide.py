"""The guide's tables: applications in AI, a four-week roadmap and resources."""

from __future__ import annotations

from typing import NamedTuple


class Application(NamedTuple):
    """A mathematical topic, its use in AI, and the run of `aimath train` that learns by it."""

    mathematics: str
    used_in: str
    command: str
    demo: str
    train: str


MAP = (
    Application("matrix product", "layers of all networks", "matmul", "matmul", "digits"),
    Application("cosine similarity", "embeddings, search, RAG", "cosine", "cosine", "names"),
    Application("SVD", "compression, LoRA", "svd-approx", "svd-approx", "lora"),
    Application("partial derivatives", "gradients, backprop", "grad", "partials", "spiral"),
    Application("chain rule", "autograd, as in PyTorch", "backprop", "chain", "digits"),
    Application("gradient descent", "training: SGD, Adam", "gd", "gd", "spiral"),
    Application("softmax", "classifiers, attention", "softmax", "softmax", "digits"),
    Application("cross-entropy", "loss of LLMs", "cross-entropy", "cross-entropy", "names"),
    Application("Gaussian", "noise of DDPM, VAE", "gaussian", "gaussian", "ddpm"),
    Application("Bayes' rule", "Bayesian learning", "bayes", "bayes", "names"),
    Application("KL divergence", "VAE, RLHF", "kl", "kl", "rlhf"),
    Application("entropy", "uncertainty, sampling", "entropy", "entropy", "names"),
)


class RoadmapItem(NamedTuple):
    """An item of the roadmap: its demo, its command and its quiz topic."""

    item: str
    demo: str
    command: str
    quiz: str


class RoadmapWeek(NamedTuple):
    """A week of the roadmap: its chapter, its items and a project."""

    chapter: str
    items: tuple[RoadmapItem, ...]
    build: str


ROADMAP = (
    RoadmapWeek(
        "linear-algebra",
        (
            RoadmapItem("vectors", "vectors", "dot", "dot"),
            RoadmapItem("matrix multiplication", "matmul", "matmul", "matmul"),
            RoadmapItem("transpose", "transpose", "transpose", "matmul"),
            RoadmapItem("inverse", "inverse", "inverse", "inverse"),
            RoadmapItem("eigenvalues", "eigenvalues", "eig", "eig"),
        ),
        "a layer and a cosine from scratch in numpy; compare with aimath layer and aimath cosine",
    ),
    RoadmapWeek(
        "calculus",
        (
            RoadmapItem("partial derivatives", "partials", "grad", "grad"),
            RoadmapItem("chain rule", "chain", "backprop", "backprop"),
            RoadmapItem("gradient descent", "gd", "gd", "gd"),
            RoadmapItem("automatic differentiation", "backprop", "backprop", "backprop"),
        ),
        "a small autograd; compare its gradients with aimath backprop",
    ),
    RoadmapWeek(
        "probability",
        (
            RoadmapItem("conditional probability", "bayes", "bayes", "bayes"),
            RoadmapItem("distributions", "gaussian", "gaussian", "gaussian"),
            RoadmapItem("softmax", "softmax", "softmax", "softmax"),
            RoadmapItem("cross-entropy", "cross-entropy", "cross-entropy", "cross-entropy"),
        ),
        "a classifier of the digits that ship with aimath, with softmax and cross-entropy",
    ),
    RoadmapWeek(
        "information",
        (
            RoadmapItem("entropy", "entropy", "entropy", "entropy"),
            RoadmapItem("KL divergence", "kl", "kl", "kl"),
            RoadmapItem("attention, in nanoGPT", "attention", "attention", "attention"),
            RoadmapItem("noising, in a DDPM", "diffusion", "diffuse", "diffuse"),
        ),
        "a nanoGPT and a DDPM: aimath train names --explain and aimath train ddpm --explain show their "
        "formulas at work; name each in their code",
    ),
)


class Resource(NamedTuple):
    """A book, course or video."""

    name: str
    author: str
    about: str  # what it is good for
    address: str


RESOURCES = (
    Resource("Essence of Linear Algebra", "3Blue1Brown", "what matrices do, in pictures",
             "https://www.3blue1brown.com/topics/linear-algebra"),
    Resource("Neural Networks", "3Blue1Brown", "networks and backpropagation, in pictures",
             "https://www.3blue1brown.com/topics/neural-networks"),
    Resource("Mathematics for Machine Learning", "Deisenroth, Faisal, Ong", "a free book: all four chapters",
             "https://mml-book.github.io"),
    Resource("micrograd", "Karpathy", "backpropagation from scratch", "https://github.com/karpathy/micrograd"),
    Resource("CS229", "Stanford", "a course on machine learning, with proofs", "https://cs229.stanford.edu"),
    Resource("Deep Learning, chapters 2-4", "Goodfellow, Bengio, Courville", "the mathematics in short",
             "https://www.deeplearningbook.org"),
    Resource("StatQuest", "Starmer", "statistics, step by step", "https://www.youtube.com/@statquest"),
)  # fmt: skip
