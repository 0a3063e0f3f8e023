"""The four chapters, their topics and their calculators."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A topic of the guide, with a short summary and where AI uses it."""

    id: str
    summary: str
    used_in: str


class Chapter(NamedTuple):
    """A part of the guide."""

    id: str
    title: str
    about: str
    topics: tuple[Topic, ...]


LINEAR_ALGEBRA = Chapter(
    "linear-algebra",
    "Linear algebra",
    "what networks are made of: lists of numbers, multiplied",
    (
        Topic("vectors", "lists of numbers, multiplied", "words, images"),
        Topic("neuron", "a weighted sum and a bias", "every network"),
        Topic("layer", "many neurons: a matrix times x", "every network"),
        Topic("matmul", "rows times columns", "layers, on a batch"),
        Topic("transpose", "rows become columns", "Q·Kᵀ, backprop"),
        Topic("inverse", "undoing a matrix", "least squares"),
        Topic("eigenvalues", "directions only stretched", "PCA, stability"),
        Topic("analogy", "words as vectors, added", "embeddings"),
        Topic("cosine", "how alike two directions are", "search, RAG"),
        Topic("attention", "values mixed by matching keys", "transformers"),
        Topic("pca", "where data spread most", "compression, plots"),
        Topic("svd-approx", "the best matrix of low rank", "compression, LoRA"),
        Topic("lora", "two thin matrices for one update", "fine-tuning"),
    ),
)
CALCULUS = Chapter(
    "calculus",
    "Calculus and optimisation",
    "how a network learns: which way is down, and how far",
    (
        Topic("partials", "the slope in each direction", "gradients"),
        Topic("chain", "slopes of nested steps multiply", "backpropagation"),
        Topic("backprop", "the chain rule, loss to weights", "PyTorch's autograd"),
        Topic("gd", "walking down against the slope", "all training"),
        Topic("learning-rate", "too small crawls, too large flies", "all training"),
        Topic("adam", "steps scaled to each slope's size", "training of LLMs"),
    ),
)
PROBABILITY = Chapter(
    "probability",
    "Probability and statistics",
    "how a network says what it isn't sure of",
    (
        Topic("softmax", "scores become probabilities", "next token, classes"),
        Topic("bayes", "a belief meets evidence", "filters, diagnosis"),
        Topic("gaussian", "the bell curve", "noise, VAE, weights"),
        Topic("diffusion", "an image drowns in noise by steps", "DDPM, image models"),
        Topic("cross-entropy", "the price of a wrong guess", "the loss of LLMs"),
    ),
)
INFORMATION = Chapter(
    "information",
    "Information theory",
    "how to measure surprise, and the distance of two beliefs",
    (
        Topic("entropy", "how uncertain a distribution is", "perplexity, sampling"),
        Topic("temperature", "sharper or flatter choices", "chat, sampling"),
        Topic("kl", "how far apart two beliefs are", "VAE, distillation"),
        Topic("vae", "a code held near the bell curve", "VAE, latent models"),
        Topic("rlhf", "reward, on a leash", "alignment of LLMs"),
    ),
)
CHAPTERS = (LINEAR_ALGEBRA, CALCULUS, PROBABILITY, INFORMATION)
CALCULATORS = {
    "linear-algebra": (
        "dot", "neuron", "layer", "matmul", "transpose", "inverse", "det", "eig", "cosine", "analogy",
        "attention", "pca", "svd-approx", "lora",
    ),
    "calculus": (
        "grad", "backprop", "gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "race",
        "learning-rate", "schedule",
    ),
    "probability": ("softmax", "logsumexp", "cross-entropy", "bayes", "gaussian", "describe", "diffuse"),
    "information": (
        "entropy", "temperature", "perplexity", "kl", "js", "mutual-information", "gaussian-kl", "rlhf",
    ),
}  # fmt: skip
TOPIC_COMMANDS = {
    "vectors": "dot", "eigenvalues": "eig", "partials": "grad", "chain": "backprop", "diffusion": "diffuse",
    "vae": "gaussian-kl",
}  # fmt: skip
"""The guide's topics that are called otherwise than the command which shows them."""
