"""The list of the commands: where each lives, and its help in a line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aimath.cli.command import Command, Commands


class Entry(NamedTuple):
    """Where a command lives, and its help in a line: known without importing it."""

    topic: str
    summary: str
    talks: bool = False  # it writes words, not an answer in one of many forms


COMMANDS = {
    "dot": Entry("commands.linalg.products", "Multiply two vectors entry by entry and add up."),
    "neuron": Entry(
        "commands.linalg.products", "Let a neuron answer: a weighted sum, a bias, an activation."
    ),
    "layer": Entry("commands.linalg.products", "Send inputs through a layer of neurons."),
    "matmul": Entry("commands.linalg.products", "Multiply two matrices."),
    "transpose": Entry("commands.linalg.products", "Swap the rows and columns of a matrix."),
    "inverse": Entry("commands.linalg.inverse", "Invert a square matrix."),
    "det": Entry("commands.linalg.inverse", "Give the determinant of a square matrix."),
    "eig": Entry("commands.linalg.eigen", "Find the directions that a matrix only stretches."),
    "cosine": Entry("commands.linalg.similarity", "Compare the directions of two vectors."),
    "pca": Entry("commands.linalg.pca", "Find the directions in which data spread most."),
    "svd-approx": Entry("commands.linalg.svd", "Approximate a matrix by one of a low rank."),
    "lora": Entry(
        "commands.linalg.lora", "Count the numbers of a low-rank adapter, or find the rank it needs."
    ),
    "grad": Entry("commands.calculus.gradient", "Differentiate a formula at a point, exactly."),
    "backprop": Entry(
        "commands.calculus.backprop", "Send the gradient back through a formula, node by node."
    ),
    "gd": Entry("commands.optim.rules", "Walk downhill against the gradient."),
    "momentum": Entry("commands.optim.rules", "Walk downhill as a heavy ball does."),
    "nesterov": Entry("commands.optim.rules", "Walk downhill with momentum, looking ahead."),
    "rmsprop": Entry("commands.optim.rules", "Walk downhill by gradients divided by their recent size."),
    "adam": Entry(
        "commands.optim.rules",
        "Walk downhill by Adam: momentum over recent size, both corrected for their start.",
    ),
    "adamw": Entry("commands.optim.rules", "Walk downhill by Adam with decoupled weight decay."),
    "race": Entry("commands.optim.comparison", "Let optimisers walk down one function side by side."),
    "learning-rate": Entry(
        "commands.optim.learning_rate", "Say what a learning rate does to gradient descent."
    ),
    "schedule": Entry("commands.optim.schedules", "Give the learning rate of each update."),
    "softmax": Entry("commands.probability.softmax", "Turn logits into probabilities."),
    "logsumexp": Entry("commands.probability.softmax", "Take the logarithm of a sum of exponentials."),
    "temperature": Entry("commands.probability.softmax", "Show what temperature does to a distribution."),
    "bayes": Entry("commands.probability.bayes", "Update a belief with evidence."),
    "gaussian": Entry("commands.probability.gaussian", "Evaluate the normal distribution."),
    "describe": Entry("commands.probability.describe", "Summarise values: mean, variance, extremes."),
    "diffuse": Entry("commands.probability.diffusion", "Noise data as a diffusion model does."),
    "entropy": Entry("commands.information.entropy", "Measure the uncertainty of a distribution."),
    "cross-entropy": Entry(
        "commands.information.cross_entropy", "Measure the loss of predictions against a target."
    ),
    "kl": Entry("commands.information.divergence", "Measure how far one distribution is from another."),
    "js": Entry("commands.information.divergence", "Measure the symmetric divergence of two distributions."),
    "mutual-information": Entry(
        "commands.information.mutual_information", "Measure what two variables tell of each other."
    ),
    "perplexity": Entry(
        "commands.information.perplexity", "Count the choices behind a distribution or a text."
    ),
    "gaussian-kl": Entry(
        "commands.information.gaussian_kl", "Measure the divergence of two normal distributions."
    ),
    "rlhf": Entry("commands.information.rlhf", "Find the best policy near a reference."),
    "attention": Entry("commands.linalg.attention", "Mix values by how well queries match keys."),
    "demo": Entry("pages.demo", "Show each idea of the guide at work, with what to try next."),
    "guide": Entry(
        "pages.guide", "Go through the guide: chapters, map, roadmap, resources, checked figures."
    ),
    "quiz": Entry(
        "pages.quiz", "Ask questions, in words and in numbers, and explain the answers.", talks=True
    ),
    "help": Entry(
        "pages.help", "Show examples of a command with their output, then its options.", talks=True
    ),
    "completion": Entry("pages.completion", "Print a completion script for bash, zsh or fish.", talks=True),
    "man": Entry("pages.man", "Print the manual as a page for man.", talks=True),
    "analogy": Entry("commands.linalg.neighbours", "Find the word that completes an analogy."),
}


def found(name: str) -> Command:
    """Give a command of the list; its topic is imported now."""
    topic = importlib.import_module(f"aimath.{COMMANDS[name].topic}")
    commands: Commands = topic.commands
    return commands[name]
