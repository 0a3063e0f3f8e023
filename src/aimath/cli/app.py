"""The list of the commands, and the way from a command line to one of them."""

from __future__ import annotations

import importlib
import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.mistakes import Closed, tell
from aimath.cli.plain import plainly
from aimath.read.numbers import looks_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Command, Commands


_FORMULA = re.compile(r"-\s*(?:\(|[A-Za-z]\w*\s*[*/^+(])")
"""How a formula may start with a minus, and no option does."""


class Entry(NamedTuple):
    """Where a command lives, and its help in a line: known without importing it."""

    topic: str
    summary: str
    talks: bool = False  # it writes words, not an answer in one of many forms


COMMANDS = {
    "dot": Entry("linear", "Multiply two vectors entry by entry and add up."),
    "neuron": Entry("linear", "Let a neuron answer: a weighted sum, a bias, an activation."),
    "layer": Entry("linear", "Send inputs through a layer of neurons."),
    "matmul": Entry("linear", "Multiply two matrices."),
    "transpose": Entry("linear", "Swap the rows and columns of a matrix."),
    "inverse": Entry("inversion", "Invert a square matrix."),
    "det": Entry("inversion", "Give the determinant of a square matrix."),
    "eig": Entry("decompose", "Find the directions that a matrix only stretches."),
    "cosine": Entry("linear", "Compare the directions of two vectors."),
    "pca": Entry("decompose", "Find the directions in which data spread most."),
    "svd-approx": Entry("lowrank", "Approximate a matrix by one of a low rank."),
    "lora": Entry("lora", "Count the numbers of a low-rank adapter, or find the rank it needs."),
    "grad": Entry("calculus", "Differentiate a formula at a point, exactly."),
    "backprop": Entry("calculus", "Send the gradient back through a formula, node by node."),
    "gd": Entry("optimize", "Walk downhill against the gradient."),
    "momentum": Entry("optimize", "Walk downhill as a heavy ball does."),
    "nesterov": Entry("optimize", "Walk downhill with momentum, looking ahead."),
    "rmsprop": Entry("optimize", "Walk downhill by gradients divided by their recent size."),
    "adam": Entry(
        "optimize", "Walk downhill by Adam: momentum over recent size, both corrected for their start."
    ),
    "adamw": Entry("optimize", "Walk downhill by Adam with decoupled weight decay."),
    "race": Entry("rates", "Let optimisers walk down one function side by side."),
    "learning-rate": Entry("rates", "Say what a learning rate does to gradient descent."),
    "schedule": Entry("rates", "Give the learning rate of each update."),
    "softmax": Entry("probability", "Turn logits into probabilities."),
    "logsumexp": Entry("probability", "Take the logarithm of a sum of exponentials."),
    "temperature": Entry("probability", "Show what temperature does to a distribution."),
    "bayes": Entry("bayes", "Update a belief with evidence."),
    "gaussian": Entry("gaussian", "Evaluate the normal distribution."),
    "describe": Entry("probability", "Summarise values: mean, variance, extremes."),
    "diffuse": Entry("diffusion", "Noise data as a diffusion model does."),
    "entropy": Entry("information", "Measure the uncertainty of a distribution."),
    "cross-entropy": Entry("information", "Measure the loss of predictions against a target."),
    "kl": Entry("divergence", "Measure how far one distribution is from another."),
    "js": Entry("divergence", "Measure the symmetric divergence of two distributions."),
    "mutual-information": Entry("divergence", "Measure what two variables tell of each other."),
    "perplexity": Entry("information", "Count the choices behind a distribution or a text."),
    "gaussian-kl": Entry("divergence", "Measure the divergence of two normal distributions."),
    "rlhf": Entry("divergence", "Find the best policy near a reference."),
    "attention": Entry("attention", "Mix values by how well queries match keys."),
    "demo": Entry("demo", "Show each idea of the guide at work, with what to try next."),
    "guide": Entry("guide", "Go through the guide: chapters, map, roadmap, resources, checked figures."),
    "quiz": Entry("quiz", "Ask questions, in words and in numbers, and explain the answers.", talks=True),
    "help": Entry("help", "Show examples of a command with their output, then its options.", talks=True),
    "completion": Entry("completion", "Print a completion script for bash, zsh or fish.", talks=True),
    "man": Entry("man", "Print the manual as a page for man.", talks=True),
    "analogy": Entry("words", "Find the word that completes an analogy."),
}


def found(name: str) -> Command:
    """Give a command of the list; its topic is imported now."""
    topic = importlib.import_module(f"aimath.cli.{COMMANDS[name].topic}")
    commands: Commands = topic.commands
    return commands[name]


def call(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; mistakes are said on standard error."""
    if sys.stdout is None:
        sys.stdout = Closed()  # Typer would print nothing, and not say so
    try:
        code = _answer(guarded(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("AIMATH_DEBUG"):
            raise
        return tell(error, arguments)
    return code


def _answer(words: list[str]) -> int:
    """Run the command of a plain line; typer has help for the others, and sees what is wrong."""
    if not words:
        page = importlib.import_module("aimath.pages.help")  # by its name: pages stand above
        return int(page.welcome())
    if words[0] in COMMANDS:
        command = found(words[0])
        given = plainly(command, words[1:])
        if given is not None:
            from aimath.cli.run import run

            return run(command, given)
    from aimath.cli.group import grouped  # noqa: PLC0415  25 ms

    return grouped(words)


def guarded(arguments: Sequence[str]) -> list[str]:
    """Give numbers and formulas that start with a minus a leading blank, which their readers strip.

    So `-1e3` and `-x^2` are operands, and a typo in an option still gets its "Did you mean".
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = (
        f" {token}" if token.startswith("-") and (looks_numeric(token) or _FORMULA.match(token)) else token
        for token in arguments[:end]
    )
    return [*words, *arguments[end:]]
