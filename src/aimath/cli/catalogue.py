"""The catalogue of commands: the module and the one-line help of each."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aimath.cli.command import Command, Commands


class CatalogueEntry(NamedTuple):
    """The module and the one-line help of a command, known without importing it."""

    module: str
    summary: str
    is_text: bool = False  # it writes words, not an answer in one of many forms


COMMANDS = {
    "dot": CatalogueEntry("commands.linalg.products", "Multiply two vectors entry by entry and add up."),
    "neuron": CatalogueEntry(
        "commands.linalg.products", "Let a neuron answer: a weighted sum, a bias, an activation."
    ),
    "layer": CatalogueEntry("commands.linalg.products", "Send inputs through a layer of neurons."),
    "matmul": CatalogueEntry("commands.linalg.products", "Multiply two matrices."),
    "transpose": CatalogueEntry("commands.linalg.products", "Swap the rows and columns of a matrix."),
    "inverse": CatalogueEntry("commands.linalg.inverse", "Invert a square matrix."),
    "det": CatalogueEntry("commands.linalg.inverse", "Give the determinant of a square matrix."),
    "eig": CatalogueEntry("commands.linalg.eigen", "Find the directions that a matrix only stretches."),
    "cosine": CatalogueEntry("commands.linalg.similarity", "Compare the directions of two vectors."),
    "pca": CatalogueEntry("commands.linalg.pca", "Find the directions in which data spread most."),
    "svd-approx": CatalogueEntry("commands.linalg.svd", "Approximate a matrix by one of a low rank."),
    "lora": CatalogueEntry(
        "commands.linalg.lora", "Count the numbers of a low-rank adapter, or find the rank it needs."
    ),
    "grad": CatalogueEntry("commands.calculus.gradient", "Differentiate a formula at a point, exactly."),
    "backprop": CatalogueEntry(
        "commands.calculus.backprop", "Send the gradient back through a formula, node by node."
    ),
    "gd": CatalogueEntry("commands.optim.rules", "Walk downhill against the gradient."),
    "momentum": CatalogueEntry("commands.optim.rules", "Walk downhill as a heavy ball does."),
    "nesterov": CatalogueEntry("commands.optim.rules", "Walk downhill with momentum, looking ahead."),
    "rmsprop": CatalogueEntry(
        "commands.optim.rules", "Walk downhill by gradients divided by their recent size."
    ),
    "adam": CatalogueEntry(
        "commands.optim.rules",
        "Walk downhill by Adam: momentum over recent size, both corrected for their start.",
    ),
    "adamw": CatalogueEntry("commands.optim.rules", "Walk downhill by Adam with decoupled weight decay."),
    "race": CatalogueEntry(
        "commands.optim.comparison", "Let optimisers walk down one function side by side."
    ),
    "learning-rate": CatalogueEntry(
        "commands.optim.learning_rate", "Say what a learning rate does to gradient descent."
    ),
    "schedule": CatalogueEntry("commands.optim.schedules", "Give the learning rate of each update."),
    "softmax": CatalogueEntry("commands.probability.softmax", "Turn logits into probabilities."),
    "logsumexp": CatalogueEntry(
        "commands.probability.softmax", "Take the logarithm of a sum of exponentials."
    ),
    "temperature": CatalogueEntry(
        "commands.probability.softmax", "Show what temperature does to a distribution."
    ),
    "bayes": CatalogueEntry("commands.probability.bayes", "Update a belief with evidence."),
    "gaussian": CatalogueEntry("commands.probability.gaussian", "Evaluate the normal distribution."),
    "describe": CatalogueEntry(
        "commands.probability.describe", "Summarise values: mean, variance, extremes."
    ),
    "diffuse": CatalogueEntry("commands.probability.diffusion", "Noise data as a diffusion model does."),
    "entropy": CatalogueEntry("commands.information.entropy", "Measure the uncertainty of a distribution."),
    "cross-entropy": CatalogueEntry(
        "commands.information.cross_entropy", "Measure the loss of predictions against a target."
    ),
    "kl": CatalogueEntry(
        "commands.information.divergence", "Measure how far one distribution is from another."
    ),
    "js": CatalogueEntry(
        "commands.information.divergence", "Measure the symmetric divergence of two distributions."
    ),
    "mutual-information": CatalogueEntry(
        "commands.information.mutual_information", "Measure what two variables tell of each other."
    ),
    "perplexity": CatalogueEntry(
        "commands.information.perplexity", "Count the choices behind a distribution or a text."
    ),
    "gaussian-kl": CatalogueEntry(
        "commands.information.gaussian_kl", "Measure the divergence of two normal distributions."
    ),
    "rlhf": CatalogueEntry("commands.information.rlhf", "Find the best policy near a reference."),
    "attention": CatalogueEntry("commands.linalg.attention", "Mix values by how well queries match keys."),
    "demo": CatalogueEntry("pages.demo", "Show each idea of the guide at work, with what to try next."),
    "guide": CatalogueEntry(
        "pages.guide", "Go through the guide: chapters, map, roadmap, resources, checked figures."
    ),
    "quiz": CatalogueEntry(
        "pages.quiz", "Ask questions, in words and in numbers, and explain the answers.", is_text=True
    ),
    "help": CatalogueEntry(
        "pages.help", "Show examples of a command with their output, then its options.", is_text=True
    ),
    "completion": CatalogueEntry(
        "pages.completion", "Print a completion script for bash, zsh or fish.", is_text=True
    ),
    "man": CatalogueEntry("pages.man", "Print the manual as a page for man.", is_text=True),
    "analogy": CatalogueEntry("commands.linalg.neighbours", "Find the word that completes an analogy."),
}


def lookup(name: str) -> Command:
    """Return a command by name, importing its module."""
    topic = importlib.import_module(f"aimath.{COMMANDS[name].module}")
    commands: Commands = topic.commands
    return commands[name]
