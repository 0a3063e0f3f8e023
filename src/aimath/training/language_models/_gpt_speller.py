"""A GPT that learns lines of letters, each as a sequence that begins and ends with the mark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import GradientRun, draw_rows
from aimath.training.language_models._soft_targets import soft_targets
from aimath.training.language_models.letters import LONGEST
from aimath.training.language_models.spelling import Speller, known_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import FloatArray, Indices
    from aimath.training.interface import Optimizer, Settings
    from aimath.training.language_models.letters import Corpus, Part

WARM_UP = 50
"""Steps in which the learning rate rises."""
BLOCK = 256
"""Lines that are asked about at once."""
CONTEXT = 8
"""Letters by which targets are told apart: hardly any two names that share so many differ before."""


class GptSpeller(Speller):
    """A GPT of the letters of a line, by the settings layers, width and heads."""

    def __init__(
        self, settings: Settings, tokens: Sequence[str], context: int, known: Collection[str] | None
    ) -> None:
        super().__init__(tokens, context - 1, known)
        layers, width, heads = (int(settings[name]) for name in ("layers", "width", "heads"))
        config = nn.GPTConfig(len(tokens), context, layers, width, heads)
        self.gpt = nn.GPT(config, int(settings["seed"]), np.float32)

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The weights by GPT-2's names."""
        return self.gpt.parameters.arrays()

    def next_logits(self, ids: Indices) -> FloatArray:
        """Return logits (m, tokens) of the letter after lines (m, t), which begin with the mark."""
        logits: FloatArray = self.gpt.logits(ids).value[:, -1]
        return logits

    def loss_of(self, part: Part) -> float:
        """Return the mean of -ln p over the letters of lines, in nats."""
        total = 0.0
        rows = Rows(part)
        order = np.argsort(rows.lengths, kind="stable")
        for first in range(0, len(order), BLOCK):
            ids, targets, _ = rows.batch(order[first : first + BLOCK])
            loss = self.gpt.loss(ids, targets, ignore=-1)
            total += float(loss.value) * int((targets >= 0).sum())
        return total / part.size


class Rows:
    """Lines as rows of letters, to be cut at the longest of a batch."""

    def __init__(self, part: Part) -> None:
        self.ids, self.starts = part.ids, part.starts
        self.lengths = np.diff(np.append(self.starts, part.size))  # of letters that are told, the mark's too

    def batch(self, lines: Indices) -> tuple[Indices, Indices, Indices]:
        """Return ids (m, t) of lines, what comes after each and its place, both -1 where nothing does."""
        length = int(self.lengths[lines].max())
        steps = np.arange(length)
        within = steps < self.lengths[lines][:, np.newaxis]
        places = np.where(within, self.starts[lines][:, np.newaxis] + steps, 0)
        ids = np.where(within, self.ids[places], 0)
        return ids, np.where(within, self.ids[places + 1], -1), np.where(within, places, -1)


class GptRun(GradientRun):
    """A GPT that learns from lines that are drawn; Muon for matrices within, Adam for the rest."""

    def __init__(self, settings: Settings, corpus: Corpus) -> None:
        self.corpus = corpus
        longest = max(len(line) for part in corpus[1:4] for line in part.lines)
        context = max(int(settings["context"]), longest + 1)
        known = frozenset(corpus.training.lines)
        self.model = GptSpeller(settings, corpus.tokens, context, known)
        self.gpt = self.model.gpt
        optimizer = make_gpt_optimizer(str(settings["optimizer"]), self.gpt)
        super().__init__(settings, self.gpt.parameters, optimizer)
        told = soft_targets(corpus, CONTEXT, float(settings["soft"]))
        self.kneser_ney = told.kneser_ney
        self._rows = Rows(corpus.training)
        self._targets, self._place = told.probs, told.place

    @property
    def data(self) -> str:
        """What it learns from."""
        return self.corpus.description

    @property
    def ignorance(self) -> float:
        """The loss of letters that are equally likely."""
        return math.log(len(self.corpus.tokens))

    @property
    def lr(self) -> float:
        """The rate of the next step: up in 50 steps, then down by half a cosine."""
        return super().lr * min(1.0, (self.done + 1) / WARM_UP)

    def batch_loss(self) -> Tensor:
        """Return the loss of lines that are drawn."""
        lines = draw_rows(self.generator, int(self.settings["batch"]), len(self._rows.starts))
        ids, _, places = self._rows.batch(lines)
        targets = self._targets[self._place[places]]
        loss: Tensor = self.gpt.loss(ids, targets, weights=np.asarray(places >= 0, np.float32))
        return loss

    def validate(self) -> float:
        """Return the loss on the lines to choose by."""
        return self.model.loss_of(self.corpus.validation)

    def test(self) -> Mapping[str, float]:
        """Return the loss on the test lines."""
        return {"test": self.model.loss_of(self.corpus.test)}


def make_gpt_optimizer(name: str, gpt: nn.GPT) -> Optimizer:
    """Return the optimizer of a name for a GPT's weights."""
    if name == "muon":
        return nn.Muon(gpt.parameters, gpt.matrices)
    if name == "adam":
        return nn.Adam(gpt.parameters)
    raise InputError(f"a GPT has no optimizer {name}", hint="choose from muon, adam", usage=True)


def restore(settings: Settings, tokens: Sequence[str], tensors: Mapping[str, FloatArray]) -> GptSpeller:
    """Return the model of a checkpoint, or raise InputError if its tensors aren't its own."""
    places = np.shape(tensors.get("wpe.weight", ()))
    if len(places) != 2 or not 1 < places[0] <= LONGEST + 1:
        raise InputError("its tensor wpe.weight is missing or of another size")
    model = GptSpeller(settings, tokens, places[0], known_lines(tokens))
    model.gpt.parameters.load(tensors)
    return model
