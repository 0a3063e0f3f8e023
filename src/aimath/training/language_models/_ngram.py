"""Kneser-Ney as a run: nothing is learned by steps, letters are counted once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import copied
from aimath.training.interface import Example, Quantity
from aimath.training.language_models.kneser_ney import THREE_DISCOUNTS, fit_kneser_ney
from aimath.training.language_models.letters import LONGEST, Part
from aimath.training.language_models.spelling import Speller, known_lines, window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Settings
    from aimath.training.language_models.letters import Corpus


class NgramSpeller(Speller):
    """Counts of the letters that came after each context of lines; its tensor is the lines themselves."""

    def __init__(
        self, settings: Settings, tokens: Sequence[str], part: Part, known: Collection[str] | None
    ) -> None:
        super().__init__(tokens, LONGEST, known)
        self.context, self.part = int(settings["context"]), part
        self.model = fit_kneser_ney(part, self.context + 1, len(tokens), THREE_DISCOUNTS)

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The numbers of the letters that were counted, lines between marks."""
        return {"letters": np.asarray(self.part.ids, np.float32)}

    def next_logits(self, ids: Indices) -> FloatArray:
        """Return logarithms of the chances (m, tokens) of the letter after lines (m, t)."""
        return np.log(self.model.probs(window(ids, self.context)))


class NgramRun:
    """A run without steps."""

    def __init__(self, settings: Settings, corpus: Corpus) -> None:
        if int(settings["steps"]):
            raise InputError("counting letters takes no steps", hint="leave it out", usage=True).within(
                "--steps"
            )
        if int(settings["context"]) > 7:
            why = f"must be at most 7 letters here, not {settings['context']}"
            raise InputError(why, usage=True).within("--context")
        self.settings, self.corpus = settings, corpus
        self.steps = self.done = 0
        self.generator = np.random.default_rng(int(settings["seed"]))
        known = frozenset(corpus.training.lines)
        self.model = NgramSpeller(settings, corpus.tokens, corpus.training, known)
        self.kneser_ney = self.model.model
        self.parameters, self.optimizer, self.lr = nn.Parameters({}), None, 0.0

    @property
    def weights(self) -> int:
        """How many groups of letters are counted."""
        return sum(int((level.probs > 0.0).any(axis=1).sum()) for level in self.kneser_ney.levels)

    @property
    def data(self) -> str:
        """What it counts."""
        return self.corpus.description

    @property
    def ignorance(self) -> float:
        """The loss of letters that are equally likely."""
        return math.log(len(self.corpus.tokens))

    def step(self) -> float:
        """Raise InputError: there are no steps."""
        raise InputError("counting letters takes no steps")

    def validate(self) -> float:
        """Return the loss on the lines to choose by."""
        return self.kneser_ney.loss(self.corpus.validation)

    def figures(self) -> Mapping[str, float | str]:
        """There are none beside the losses."""
        return {}

    def test(self) -> Mapping[str, float]:
        """Return the loss on the test lines."""
        return {"test": self.kneser_ney.loss(self.corpus.test)}

    def load(self, _tensors: Mapping[str, FloatArray], _state: Mapping[str, FloatArray], _done: int) -> None:
        """Do nothing: what was counted is counted again."""


def next_letter_example(speller: Speller, text: str, logits: Array) -> Example:
    """Return the chances of the letter after a text, where nothing is learned by steps."""
    empty = nn.Parameters({"none": [0.0]})
    return Example(
        text=f"the letter after '{text}'",
        forward=(Quantity("logits", "ln p by counts", logits, speller.tokens),),
        target=None,
        loss=lambda: nn.Tensor(0.0) * empty["none"].sum(),
        parameters=copied(empty),
        optimizer=nn.Adam(empty),
    )


def restore(settings: Settings, tokens: Sequence[str], tensors: Mapping[str, FloatArray]) -> NgramSpeller:
    """Return the model of a checkpoint, or raise InputError if its letters aren't some."""
    ids = np.asarray(tensors.get("letters", ()))
    whole = ids.ndim == 1 and ids.size > 1 and np.isfinite(ids).all() and (ids == np.rint(ids)).all()
    if not (whole and ids[0] == ids[-1] == 0 and ids.min() >= 0 and ids.max() < len(tokens)):
        raise InputError("its tensor letters is missing, or its numbers are no letters between marks")
    return NgramSpeller(settings, tokens, Part((), ids.astype(np.intp)), known_lines(tokens))
