"""From mathematics to AI: what is used where, and where it can be seen here."""

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
