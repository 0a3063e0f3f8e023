"""The four chapters and their topics."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A topic of the guide, with a short summary and where AI uses it."""

    id: str
    summary: str
    used_in: str
    command: str = ""  # that shows it, where it is called otherwise


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
        Topic("vectors", "lists of numbers, multiplied", "words, images", command="dot"),
        Topic("neuron", "a weighted sum and a bias", "every network"),
        Topic("layer", "many neurons: a matrix times x", "every network"),
        Topic("matmul", "rows times columns", "layers, on a batch"),
        Topic("transpose", "rows become columns", "Q·Kᵀ, backprop"),
        Topic("inverse", "undoing a matrix", "least squares"),
        Topic("eigenvalues", "directions only stretched", "PCA, stability", command="eig"),
        Topic("analogy", "words as vectors, added", "embeddings"),
        Topic("cosine", "how alike two directions are", "search, RAG"),
        Topic("attention", "values mixed by matching keys", "transformers"),
        Topic("layer-norm", "rows brought to one size", "every transformer"),
        Topic("rope", "positions as angles", "transformers"),
        Topic("pca", "where data spread most", "compression, plots"),
        Topic("svd-approx", "the best matrix of low rank", "compression, LoRA"),
        Topic("lora", "two thin matrices for one update", "fine-tuning"),
        Topic("params", "what a model weighs and costs", "memory, compute"),
        Topic("gpt", "a language model, layer by layer", "LLMs"),
    ),
)
CALCULUS = Chapter(
    "calculus",
    "Calculus and optimisation",
    "how a network learns: which way is down, and how far",
    (
        Topic("partials", "the slope in each direction", "gradients", command="grad"),
        Topic("chain", "slopes of nested steps multiply", "backpropagation", command="backprop"),
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
        Topic("sample", "which words may be drawn", "chat, sampling"),
        Topic("arms", "which of two is better", "A/B tests, bandits", command="bayes"),
        Topic("gaussian", "the bell curve", "noise, VAE, weights"),
        Topic("diffusion", "an image drowns in noise by steps", "DDPM, image models", command="diffuse"),
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
        Topic("vae", "a code held near the bell curve", "VAE, latent models", command="gaussian-kl"),
        Topic("rlhf", "reward, on a leash", "alignment of LLMs"),
        Topic("dpo", "learning from choices", "alignment of LLMs"),
        Topic("info-nce", "finding one's own among others", "CLIP, search"),
    ),
)
CHAPTERS = (LINEAR_ALGEBRA, CALCULUS, PROBABILITY, INFORMATION)
TOPIC_COMMANDS = {
    topic.id: topic.command for chapter in CHAPTERS for topic in chapter.topics if topic.command
}
"""The guide's topics that are called otherwise than the command which shows them."""
COMMAND_TOPICS = {command: topic for topic, command in reversed(TOPIC_COMMANDS.items())}
"""The topics, by these commands."""
