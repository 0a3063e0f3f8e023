"""What came after each context of the lines that are learned from, as distributions to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.training.language_models.kneser_ney import THREE_DISCOUNTS, KneserNey, fit_kneser_ney
from aimath.training.language_models.letters import base_keys, context_windows

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.language_models.letters import Corpus

ORDER = 6
"""Of the Kneser-Ney model whose chances are mixed in."""


class SoftTargets(NamedTuple):
    """The different contexts of lines, with the letters' chances after each."""

    contexts: Indices  # (m, n), the nearest letter last
    probs: FloatArray  # (m, tokens)
    counts: Array  # (m,), how often each context came
    place: Indices  # (letters,), which context each letter of the lines came after
    kneser_ney: KneserNey


def soft_targets(corpus: Corpus, n: int, soft: float) -> SoftTargets:
    """Return (1 - soft) · the letters' shares after each context of n + soft · Kneser-Ney's chances there.

    Shares of a context that came once say that nothing else can come; Kneser-Ney knows better. To learn from
    its chances as well is distillation (Hinton, Vinyals and Dean 2015).
    """
    part, tokens = corpus.training, len(corpus.tokens)
    kneser_ney = fit_kneser_ney(part, ORDER, tokens, THREE_DISCOUNTS)
    windows, letters = context_windows(part, n)
    _, first, place = np.unique(base_keys(windows, tokens), return_index=True, return_inverse=True)
    contexts = windows[first]
    shares = np.bincount(place * tokens + letters, minlength=len(first) * tokens).reshape(-1, tokens)
    counts = shares.sum(axis=1).astype(np.float64)
    before = max(ORDER - 1 - n, 0)  # marks, where contexts are shorter than the model's
    told = kneser_ney.probs(np.pad(contexts, ((0, 0), (before, 0))))
    probs = (1.0 - soft) * shares / counts[:, np.newaxis] + soft * told
    return SoftTargets(contexts, probs.astype(np.float32), counts, place, kneser_ney)
