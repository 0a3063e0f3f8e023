"""The derivation of a training: one step on one example, by the model's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.report import CrossCheck, Line, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.report import Step
    from aimath.training.explain import ExplainedExample

RULES = {
    "SGD": "w <- w - lr · g",
    "Adam": "m <- β1 m + (1 - β1) g      v <- β2 v + (1 - β2) g²      w <- w - lr · m̂ / (√v̂ + eps)",
    "AdamW": "m <- β1 m + (1 - β1) g      v <- β2 v + (1 - β2) g²      w <- (1 - lr · decay) w - lr · m̂/√v̂",
    "Muon": "m <- β m + (1 - β) g      w <- w - lr · s · O(n), O made orthogonal; Adam for what is no matrix",
    "Momentum": "m <- β m + g      w <- w - lr · m",
}
"""The rules of the optimizers."""


def example_report(example: ExplainedExample, unit: str) -> Report:
    """Return the derivation of a step on one example, whose loss has a unit."""
    extra = {f"forward{k}": quantity.values for k, quantity in enumerate(example.forward)}
    return Report(
        example.step,
        show=("gradient", "difference"),
        steps=tuple(_steps(example, unit)),
        units={"loss": unit},
        extra={**extra, **_entries(example)},
        template_words={"name": example.names.weight},
    )


def _entries(example: ExplainedExample) -> dict[str, Any]:
    import numpy as np

    entries = example.forward[-1].entries if example.forward else ()
    return {"classes": np.array(entries)} if entries else {}


def _steps(example: ExplainedExample, unit: str) -> Iterator[Step]:
    yield Line(f"one step on {example.text}")
    *inner, last = example.forward
    shown = inner if example.target is not None else example.forward
    for k, quantity in enumerate(shown):
        yield Line(f" {quantity.name} = {quantity.formula} = {{forward{k}}}".replace(" =  =", " ="))
    if example.target is not None:
        yield Line(f" {last.name} = {last.formula}      probs = softmax({last.name})")
        yield Table(
            ((last.name, f"{{forward{len(inner)}}}"), ("softmax", "{probs}")),
            bar="probs",
            names="classes" if last.entries else "",
        )
        yield Line(f" loss = -ln probs[{example.target}] = -ln {{probs[{example.target}]}} = {{loss}} {unit}")
    else:
        yield Line(f" loss = {{loss}} {unit}")
    yield Line(" backward: the weight with the largest gradient is {name} = {weight}; ‖g‖ of all is {norm}")
    yield CrossCheck(" g = {answer} by the tape, {alternative} by central differences of the loss")
    yield Line(f" {example.names.optimizer}: {RULES.get(example.names.optimizer, '')}")
    for k, name in enumerate(example.names.memory):
        yield Line(f" {name}: {{before[{k}]}} -> {{after[{k}]}}")
    yield Line(" with lr = {lr} the weight moves by {moved:+} to {new_weight}; the loss is then {new_loss}")
