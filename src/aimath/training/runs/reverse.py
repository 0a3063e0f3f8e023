"""The run reverse: a transformer of one layer and one head learns to write six digits backwards."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.text import quote
from aimath.training.gradient_run import GradientRun, Network, copied, draw_rows
from aimath.training.interface import (
    Baseline,
    Example,
    Experiment,
    Formula,
    Picture,
    Quantity,
    Recipe,
    Samples,
    Surprise,
)
from aimath.training.runs._classifier import cross_entropy_rows
from aimath.training.runs._perceptron_page import number_list, uniform_formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Asked, Optimizer, Settings

DIGITS = tuple("0123456789")
LENGTH = 6
"""Digits of an input; as many follow, the same backwards."""
CONTEXT = 2 * LENGTH - 1
VALIDATION, TEST = 500, 2000
"""Inputs to choose by and to report, drawn by seeds that training doesn't draw from."""
NOT_ASKED = -1
"""The target of a token whose next is no part of the answer."""


class ReverseModel(Network):
    """A GPT over ten digits that sees an input and what of the answer stands already."""

    tokens = DIGITS

    def __init__(self, settings: Settings) -> None:
        width, heads = int(settings["width"]), int(settings["heads"])
        config = nn.GPTConfig(len(DIGITS), CONTEXT, int(settings["layers"]), width, heads)
        self.gpt = nn.GPT(config, int(settings["seed"]), np.float32)
        self.parameters = self.gpt.parameters  # by GPT-2's names

    def logits(self, inputs: Indices) -> FloatArray:
        """Return the logits (n, LENGTH, 10) of each digit of the answer, those before it being right."""
        rows, _ = with_answers(inputs)
        return np.asarray(self.gpt.logits(rows).value)[:, LENGTH - 1 :]

    def right(self, inputs: Indices) -> Array:
        """Return for inputs (n, LENGTH) whether the whole answer is right.

        If the likeliest digit is right at each place where those before it are, so is the answer.
        """
        return np.asarray((self.logits(inputs).argmax(axis=-1) == inputs[:, ::-1]).all(axis=1))

    def answer(self, digits: Indices) -> str:
        """Return what the model writes after the digits (LENGTH,), each time the likeliest."""
        row = digits.tolist()
        for _ in range(LENGTH):
            logits = np.asarray(self.gpt.logits(np.array([row])).value)[0, -1]
            row.append(int(logits.argmax()))
        return "".join(DIGITS[digit] for digit in row[LENGTH:])

    def samples(self, asked: Asked) -> Samples:
        """Return answers to an input that is asked for, or to some that are drawn."""
        if asked.prompt:
            inputs = _parse_digits(asked.prompt)[np.newaxis]
        else:
            inputs = draw_inputs(np.random.default_rng((asked.seed, 9)), asked.samples)
        texts = (f"{''.join(DIGITS[digit] for digit in row)} -> {self.answer(row)}" for row in inputs)
        return Samples(texts=tuple(texts))

    def surprise(self, text: str) -> Surprise:
        """Return -ln p of each digit of the answer to six digits."""
        inputs = _parse_digits(text)[np.newaxis]
        answer = inputs[0, ::-1]
        nats = cross_entropy_rows(np.asarray(self.logits(inputs)[0], np.float64), answer)
        return Surprise(text, tuple(DIGITS[digit] for digit in answer), nats)


def _parse_digits(text: str) -> Indices:
    if not re.fullmatch(f"[0-9]{{{LENGTH}}}", text):
        raise InputError(f"{quote(text)} is not {LENGTH} digits", hint="write 123456", usage=True)
    return np.array([int(sign) for sign in text], np.intp)


class ReverseRun(GradientRun):
    """A transformer that learns to reverse."""

    def __init__(self, settings: Settings) -> None:
        self.model = ReverseModel(settings)
        gpt = self.model.gpt
        super().__init__(settings, gpt.parameters, make_optimizer(str(settings["optimizer"]), self.model))
        self.validation, self.test_inputs = (
            draw_inputs(np.random.default_rng((int(settings["seed"]), 2 + part)), count)
            for part, count in enumerate((VALIDATION, TEST))
        )

    @property
    def data(self) -> str:
        """What it learns from."""
        examples = self.steps * int(self.settings["batch"])
        return f"{examples:,} of 10^{LENGTH} inputs; {VALIDATION} to choose by, {TEST:,} held out"

    @property
    def ignorance(self) -> float:
        """The loss of ten equally likely digits, ln 10."""
        return math.log(len(DIGITS))

    @property
    def lr(self) -> float:
        """The learning rate, which falls to 0 in a straight line."""
        return float(self.settings["lr"]) * (1.0 - self.done / max(1, self.steps))

    def batch_loss(self) -> Tensor:
        """Return the loss of inputs that are drawn."""
        inputs = draw_inputs(self.generator, int(self.settings["batch"]))
        return self._loss(self.model.gpt, inputs)

    @staticmethod
    def _loss(gpt: nn.GPT, inputs: Indices) -> Tensor:
        rows, targets = with_answers(inputs)
        loss: Tensor = gpt.loss(rows, targets, ignore=NOT_ASKED)
        return loss

    def validate(self) -> float:
        """Return the loss on inputs to choose by."""
        return float(self._loss(self.model.gpt, self.validation).value)

    def figures(self) -> Mapping[str, float | str]:
        """Return the share of inputs to choose by whose whole answer is right."""
        return {"accuracy": float(self.model.right(self.validation).mean())}

    def test(self) -> Mapping[str, float]:
        """Return the share of test inputs whose whole answer is right."""
        return {"test": float(self.model.right(self.test_inputs).mean())}

    def baselines(self) -> Sequence[Baseline]:
        """Return what knowing nothing reaches, and copying from the wrong end."""
        copied_right = float((self.validation == self.validation[:, ::-1]).all(axis=1).mean())
        return (
            Baseline("all alike", math.log(len(DIGITS)), "= ln 10"),
            Baseline("the input as it is", copied_right, "of the answers right", column="accuracy"),
        )

    def formulas(self) -> Sequence[Formula]:
        """Return the loss before the first step, a weight of attention, and a digit's surprise."""
        row = self.test_inputs[0]
        scores = attention_scores(self.model.gpt, row[np.newaxis])[0, 0, :LENGTH].astype(np.float64).round(4)
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        surprise = self.model.surprise("".join(DIGITS[digit] for digit in row))
        logits = np.asarray(self.model.logits(row[np.newaxis])[0, 0], np.float64).round(4)
        first = int(row[-1])
        return (
            uniform_formula("the loss before the first step", 10),
            Formula(
                f"the surprise of the first digit of {surprise.text} backwards",
                float(cross_entropy_rows(logits, np.array(first))),
                f"aimath cross-entropy --logits {number_list(logits)} --target {first}",
                "cross_entropy",
            ),
            Formula(
                "how uncertain the head is where to look, before it writes that digit",
                float(-(weights * np.log2(weights)).sum()),
                f"aimath softmax {number_list(scores)}",
                "entropy",
            ),
        )

    def pictures(self) -> Sequence[Picture]:
        """Return where the first layer's heads look as they write: mean weights over inputs to choose by."""
        scores = attention_scores(self.model.gpt, self.validation)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        title = "attention: a row for each digit written, a column for each digit of the input"
        return (Picture("heat", title, weights.mean(axis=0)[:, :LENGTH]),)

    def example(self) -> Example:
        """Return one input's way to the first digit of its answer."""
        inputs = self.test_inputs[:1]
        twin = nn.GPT(self.model.gpt.config)
        twin.parameters = copied(self.parameters)
        optimizer = make_optimizer(str(self.settings["optimizer"]), self.model, twin)
        optimizer.load(self.optimizer.state())
        row = inputs[0].tolist()
        p = twin.parameters
        embedded = np.asarray(p["wte.weight"].value)[row[-1]] + np.asarray(p["wpe.weight"].value)[LENGTH - 1]
        scores = attention_scores(twin, inputs)[0, 0]
        weights = np.exp(scores - scores[:LENGTH].max())
        logits = np.asarray(twin.logits(with_answers(inputs)[0]).value)[0, LENGTH - 1]

        def first_digit_loss() -> Tensor:
            rows, targets = with_answers(inputs)
            targets[:, LENGTH:] = NOT_ASKED
            loss: Tensor = twin.loss(rows, targets, ignore=NOT_ASKED)
            return loss

        return Example(
            text=f"{''.join(map(str, row))} -> the first digit of the answer, {row[-1]}",
            forward=(
                Quantity("x", f"wte[{row[-1]}] + wpe[{LENGTH - 1}]", embedded),
                Quantity("scores", "q · k / √d with the keys of all six digits", scores[:LENGTH]),
                Quantity("weights", "softmax(scores)", weights[:LENGTH] / weights[:LENGTH].sum()),
                Quantity("logits", "W_head norm(x + attention + mlp)", logits, DIGITS),
            ),
            target=row[-1],
            loss=first_digit_loss,
            parameters=twin.parameters,
            optimizer=optimizer,
        )


def make_optimizer(name: str, model: ReverseModel, gpt: nn.GPT | None = None) -> Optimizer:
    """Return the optimizer of a name on a model's weights, or on those of a copy."""
    gpt = model.gpt if gpt is None else gpt
    if name == "muon":
        return nn.Muon(gpt.parameters, gpt.matrices)
    if name in {"adam", "sgd"}:
        return nn.Adam(gpt.parameters) if name == "adam" else nn.SGD(gpt.parameters)
    hint = "choose from muon, adam, sgd"
    raise InputError(
        "{operand}: this run has no {name}", operand="optimizer", hint=hint, usage=True, name=name
    )


def attention_scores(gpt: nn.GPT, inputs: Indices) -> FloatArray:
    """Return q · k / √d (n, LENGTH, CONTEXT) of the first head where each digit of the answer is written.

    Keys that a place doesn't see have -inf.
    """
    p, config = gpt.parameters, gpt.config
    rows, _ = with_answers(inputs)
    x = np.asarray(p["wte.weight"].value)[rows] + np.asarray(p["wpe.weight"].value)
    normed = nn.layer_norm(x, p["h.0.ln_1.weight"])
    packed = np.asarray(nn.linear(normed, p["h.0.attn.c_attn.weight"]).value)
    d = config.width // config.heads
    q, k = packed[..., :d], packed[..., config.width : config.width + d]
    scores = q[:, LENGTH - 1 :] @ k.mT / math.sqrt(d)
    seen = np.tri(LENGTH, CONTEXT, LENGTH - 1, dtype=np.bool_)
    return np.where(seen, scores, -np.inf)


def draw_inputs(generator: np.random.Generator, count: int) -> Indices:
    """Return inputs (count, LENGTH) of digits, each as likely as any other."""
    return draw_rows(generator, count * LENGTH, len(DIGITS)).reshape(count, LENGTH)


def with_answers(inputs: Indices) -> tuple[Indices, Indices]:
    """Return what the model sees (n, CONTEXT) of inputs and their answers, and the targets (n, CONTEXT)."""
    whole = np.concatenate([inputs, inputs[:, ::-1]], axis=1)
    targets = whole[:, 1:].copy()
    targets[:, : LENGTH - 1] = NOT_ASKED
    return whole[:, :-1], targets


RECIPES = {
    "": Recipe(
        name="reverse",
        arch="",
        summary="A transformer learns to write six digits backwards",
        seen="attention on the anti-diagonal",
        unit="nats a digit",
        defaults={
            "steps": 40, "lr": 0.05, "batch": 64, "layers": 1, "width": 32, "heads": 1, "optimizer": "muon",
            "seed": 0,
        },
        seconds=0.2,
        quality="every answer right after 40 steps",
        build=lambda settings, _lines: ReverseRun(settings),
        restore=lambda settings, _tokens, tensors: ReverseModel(settings).loaded(tensors),
        columns=("accuracy",),
        experiments=(
            Experiment("--optimizer adam --lr .01 --steps 80", "Adam needs twice the steps"),
            Experiment("--width 8", "keys of 8 numbers must hold 12 places: not every answer is right"),
            Experiment("--plot", "where it looks as it writes: the anti-diagonal"),
        ),
        lesson="Each digit written looks at one digit of the input: the last first.",
    )
}  # fmt: skip
