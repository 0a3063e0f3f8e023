"""The next letter told from the few before it: a table for each place, a gate, and a layer to logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core import nn
from aimath.errors import InputError
from aimath.training.gradient_run import GradientRun
from aimath.training.language_models._soft_targets import ORDER, soft_targets
from aimath.training.language_models.letters import LONGEST, context_windows, distinct_contexts
from aimath.training.language_models.spelling import BLOCK, Speller, known_lines, window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from aimath.core.nn import Tensor
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Settings
    from aimath.training.language_models.letters import Corpus, Distinct, Part

SIGNAL = 5.0
"""What stands for a letter among zeros: rows are then about as long as those of 27 normal numbers."""


class ContextNet(Speller):
    """logits = U a · relu(b) + c, where (a, b) adds up a row of W for the letter at each place before, and d.

    At first U is 0 and c the letters' log frequencies, so that training begins at the unigram's loss.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: Sequence[str],
        known: Collection[str] | None,
        frequencies: Array | None = None,
    ) -> None:
        super().__init__(tokens, LONGEST, known)
        self.context, width, size = int(settings["context"]), int(settings["width"]), len(tokens)
        rng = np.random.default_rng((int(settings["seed"]), 1))
        spread = 1.0 / (SIGNAL * math.sqrt(max(self.context, 1)))
        self.parameters = nn.Parameters(
            {
                "table.weight": rng.normal(0.0, spread, (self.context * size, 2 * width)),
                "table.bias": np.zeros(2 * width),
                "head.weight": np.zeros((width, size)),
                "head.bias": np.zeros(size) if frequencies is None else np.log(frequencies),
            },
            np.float32,
            no_decay=["table.bias", "head.bias"],
        )
        self._identity = SIGNAL * np.eye(size, dtype=np.float32)

    @property
    def tensors(self) -> Mapping[str, FloatArray]:
        """The weights, matrices as (inputs, outputs)."""
        return self.parameters.arrays()

    def signs(self, contexts: Indices) -> FloatArray:
        """Return contexts (m, n) as rows of zeros (m, n · tokens) with a sign at each place's letter."""
        return self._identity.take(contexts, axis=0).reshape(len(contexts), -1)

    def logits(self, contexts: Indices, mask: FloatArray | None = None) -> Any:
        """Return the logits (m, tokens) of the letter after contexts (m, n); `mask` (m, width) drops out."""
        p = self.parameters
        hidden = nn.reglu(nn.linear(self.signs(contexts), p["table.weight"], p["table.bias"]))
        if mask is not None:
            hidden = nn.dropout(hidden, mask)
        return nn.linear(hidden, p["head.weight"], p["head.bias"])

    def next_logits(self, ids: Indices) -> FloatArray:
        """Return logits (m, tokens) of the letter after lines (m, t), which begin with the mark."""
        logits: FloatArray = self.logits(window(ids, self.context)).value
        return logits

    def log_probs(self, contexts: Indices) -> Array:
        """Return the logarithms (m, tokens) of the letters' chances after contexts (m, n)."""
        blocks = [contexts[k : k + BLOCK] for k in range(0, len(contexts), BLOCK)]
        return np.concatenate(
            [nn.log_softmax(self.logits(block).value.astype(np.float64)) for block in blocks]
        )

    def loss_of(self, told: Distinct) -> float:
        """Return the mean of -ln p of what came after contexts, in nats a letter."""
        return float(-(told.counts * self.log_probs(told.contexts)).sum() / told.counts.sum())


class ContextNetRun(GradientRun):
    """A ContextNet that learns from the different contexts, each with the distribution of what came after it.

    A context that was seen k times is drawn with a chance as √k and weighs as √k, together k. `soft` of its
    distribution is Kneser-Ney's, which knows what else may come.
    """

    def __init__(self, settings: Settings, corpus: Corpus) -> None:
        self.corpus, size = corpus, len(corpus.tokens)
        _check(settings)
        told = soft_targets(corpus, int(settings["context"]), float(settings["soft"]))
        letters = np.bincount(corpus.training.ids[1:], minlength=size)
        self.model = ContextNet(
            settings, corpus.tokens, frozenset(corpus.training.lines), letters / letters.sum()
        )
        decay = float(settings["weight_decay"])
        optimizer = nn.AdamW(self.model.parameters, weight_decay=decay)
        super().__init__(settings, self.model.parameters, optimizer)
        self.kneser_ney, self._contexts, self._targets = told.kneser_ney, told.contexts, told.probs
        often = np.sqrt(told.counts)
        self._often = often.astype(np.float32)
        self._reached = np.cumsum(often) / often.sum()
        self._masks = _draw_masks(settings)
        self._validation = distinct_contexts(corpus.validation, int(settings["context"]), size)

    @property
    def data(self) -> str:
        """What it learns from."""
        return self.corpus.description

    @property
    def ignorance(self) -> float:
        """The loss of letters that are equally likely."""
        return math.log(len(self.corpus.tokens))

    def batch_loss(self) -> Tensor:
        """Return the loss of contexts that are drawn."""
        batch = int(self.settings["batch"])
        rows = np.searchsorted(self._reached, self.generator.random(batch))
        mask = None
        if self._masks is not None:
            first = int(self.generator.random() * (len(self._masks) - batch + 1))
            mask = self._masks[first : first + batch]
        logits = self.model.logits(self._contexts[rows], mask)
        loss: Tensor = nn.cross_entropy_loss(logits, self._targets[rows], weights=self._often[rows])
        return loss

    def validate(self) -> float:
        """Return the loss on the lines to choose by."""
        return self.model.loss_of(self._validation)

    def test(self) -> Mapping[str, float]:
        """Return the loss on the test lines, alone and mixed half and half with Kneser-Ney."""
        part = self.corpus.test
        told = distinct_contexts(part, int(self.settings["context"]), len(self.corpus.tokens))
        return {"test": self.model.loss_of(told), "mixed": self.mixed_loss(part)}

    def mixed_loss(self, part: Part) -> float:
        """Return the loss of the mean of both models' chances."""
        contexts, letters = context_windows(part, max(self.model.context, ORDER - 1))
        ours = np.exp(self.model.log_probs(contexts[:, contexts.shape[1] - self.model.context :]))
        mean = 0.5 * (ours + self.kneser_ney.probs(contexts))
        return float(-np.log(mean[np.arange(len(letters)), letters]).mean())


def _check(settings: Settings) -> None:
    if int(settings["context"]) > 8:
        why = f"must be at most 8 letters for this net, not {settings['context']}"
        raise InputError(why, usage=True).within("--context")


def _draw_masks(settings: Settings) -> FloatArray | None:
    """Return rows of dropout's masks, of which each batch takes some neighbours; None without dropout."""
    share, batch = float(settings["dropout"]), int(settings["batch"])
    if not share:
        return None
    rng = np.random.default_rng((int(settings["seed"]), 2))
    kept = rng.random((4096 + batch, int(settings["width"])), np.float32) >= share
    return kept.astype(np.float32) / np.float32(1.0 - share)


def restore(settings: Settings, tokens: Sequence[str], tensors: Mapping[str, FloatArray]) -> ContextNet:
    """Return the model of a checkpoint, or raise InputError if its tensors aren't its own."""
    _check(settings)
    model = ContextNet(settings, tokens, known_lines(tokens))
    model.parameters.load(tensors)
    return model
