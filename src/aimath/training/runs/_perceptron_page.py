"""One example of a perceptron in numbers, and the formulas of a classifier's figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.training.gradient_run import copied, make_optimizer
from aimath.training.interface import Example, Formula, Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.numerics.types import Array
    from aimath.training.interface import Optimizer
    from aimath.training.runs._classifier import Perceptron


def classified_example(
    perceptron: Perceptron,
    optimizer: Optimizer,
    name: str,
    text: str,
    x: Array,
    target: int,
    classes: Sequence[str],
) -> Example:
    """Return one row's way through a perceptron: layers, logits, softmax and loss."""
    parameters = copied(perceptron.parameters)
    twin = make_optimizer(name, parameters)
    twin.load(optimizer.state())
    row, label = x[np.newaxis], np.array([target])
    outputs = [np.asarray(layer.value)[0] for layer in perceptron.layers(row, parameters)]
    forward = [Quantity("x", "", x)]
    hidden = "x"
    for k, values in enumerate(outputs[:-1], 1):
        forward.append(Quantity(f"h{k}", f"{perceptron.activation}(W{k} {hidden} + b{k})", values))
        hidden = f"h{k}"
    forward.append(
        Quantity("logits", f"W{len(outputs)} {hidden} + b{len(outputs)}", outputs[-1], tuple(classes))
    )
    return Example(
        text=text,
        forward=tuple(forward),
        target=target,
        loss=lambda: perceptron.loss(row, label, parameters),
        parameters=parameters,
        optimizer=twin,
    )


def number_list(values: Array, digits: int = 5) -> str:
    """Return numbers as a list for a command line.

    >>> number_list(np.array([1.0, -0.25]))
    '1,-0.25'
    """
    return ",".join(f"{value:.{digits}g}" for value in np.ravel(values).tolist())


def uniform_formula(what: str, classes: int) -> Formula:
    """Return the loss of equally likely classes, ln n, with the command that says so."""
    line = f"aimath entropy --base e --normalize {','.join(['1'] * classes)}"
    return Formula(f"{what}, ln {classes}", math.log(classes), line, "entropy")


def cosine_formula(lr: float, steps: int) -> tuple[Formula, ...]:
    """Return the learning rate half-way along a cosine, with the command that says so."""
    if steps < 2 or steps % 2:
        return ()
    line = f"aimath schedule {steps // 2} --steps {steps} --lr {lr:g} --schedule cosine"
    return (Formula(f"the learning rate of step {steps // 2} of {steps}", lr / 2.0, line, "lr"),)
