"""The calculators of each chapter, in the order in which they are learned."""

from __future__ import annotations

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

SUBJECTS = {
    "vectors": "dot", "eigenvalues": "eig", "partials": "grad", "chain": "backprop", "diffusion": "diffuse",
    "vae": "gaussian-kl",
}  # fmt: skip
"""The guide's topics that are called otherwise than the command which shows them."""
