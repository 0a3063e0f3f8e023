"""One step of a training on one example, in numbers: the gradient two ways, and the optimizer's update."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check

if TYPE_CHECKING:
    from aimath.core.numerics.axes import Scalar, Vector
    from aimath.training.interface import Example, Quantity, Run


DIFFERENCE_STEP = 2e-5
"""Relative to a weight, at least to 1."""


class ExplainedStep(NamedTuple):
    """The weight whose gradient is largest, before and after the step of an optimizer."""

    loss: Scalar
    gradient: Scalar  # of the loss by the weight, by the tape
    norm: Scalar  # of the whole gradient
    difference: Scalar  # the same derivative from the loss alone
    weight: Scalar
    lr: Scalar
    new_weight: Scalar
    moved: Scalar  # new_weight - weight
    new_loss: Scalar  # of the example, after the step
    before: Vector  # what the optimizer remembers of the weight
    after: Vector
    probs: Vector  # softmax of the logits, where the example has a target

    def check(self) -> Check:
        """Return the gradient by the tape beside the central difference."""
        return Check(self.gradient, self.difference)


class StepNames(NamedTuple):
    """Words beside the numbers: which weight it is, and what the optimizer calls what it remembers."""

    weight: str
    memory: tuple[str, ...]
    optimizer: str  # "Adam"


class ExplainedExample(NamedTuple):
    """One step of a run on one example in numbers and words alone: it goes from one process to another."""

    text: str
    forward: tuple[Quantity, ...]
    target: int | None
    step: ExplainedStep
    names: StepNames


def explain_next(run: Run) -> ExplainedExample:
    """Return the next step of a run, as if it saw one example alone."""
    example = run.example()
    lr = run.lr or float(run.settings["lr"])  # the last step of a cosine has none
    return ExplainedExample(example.text, example.forward, example.target, *explain(example, lr))


def explain(example: Example, lr: float) -> tuple[ExplainedStep, StepNames]:
    """Return one step on an example at a learning rate, which moves the example's copy of the model."""
    parameters = example.parameters
    loss = example.loss()
    loss.backward()
    place = int(np.abs(parameters.gradient).argmax())
    gradient, weight = float(parameters.gradient[place]), float(parameters.values[place])
    norm = float(np.linalg.norm(parameters.gradient))
    difference = _difference(example, place)
    before = _memory(example, place)
    example.loss().backward()
    example.optimizer.step(lr)
    new_weight = float(parameters.values[place])
    after = _memory(example, place)
    probs = np.zeros(0)
    if example.target is not None:
        logits = np.asarray(example.forward[-1].values, np.float64)
        powers = np.exp(logits - logits.max())
        probs = powers / powers.sum()
    result = ExplainedStep(
        loss=np.asarray(loss.value),
        gradient=np.asarray(gradient),
        norm=np.asarray(norm),
        difference=np.asarray(difference),
        weight=np.asarray(weight),
        lr=np.asarray(lr),
        new_weight=np.asarray(new_weight),
        moved=np.asarray(new_weight - weight),
        new_loss=np.asarray(example.loss().value),
        before=np.array([*before.values()]),
        after=np.array([*after.values()]),
        probs=probs,
    )
    names = StepNames(_weight_name(example, place), tuple(before), type(example.optimizer).__name__)
    return result, names


def _difference(example: Example, place: int) -> float:
    """Return the derivative of the loss by one weight from central differences of fourth order.

    (8 (f(w+h) - f(w-h)) - (f(w+2h) - f(w-2h))) / 12h, with steps so short that no kink of a relu is near.
    """
    values = example.parameters.values
    weight = values[place]
    h = DIFFERENCE_STEP * max(1.0, abs(float(weight)))

    def loss(step: float) -> float:
        values[place] = weight + step
        return float(example.loss().value)

    slope = (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h))) / (12.0 * h)
    values[place] = weight
    return slope


def _memory(example: Example, place: int) -> dict[str, float]:
    """Return what the optimizer remembers of a weight, by the letters of its rule."""
    means = {name: getattr(example.optimizer, name, None) for name in ("m", "v")}
    return {name: float(values[place]) for name, values in means.items() if values is not None}


def _weight_name(example: Example, place: int) -> str:
    """Return the name of a weight: that of its array and its indices in that."""
    first = 0
    for name, values in example.parameters.arrays().items():
        if place < first + values.size:
            index = np.unravel_index(place - first, values.shape)
            return f"{name}[{','.join(str(int(k)) for k in index)}]"
        first += values.size
    raise IndexError(place)
