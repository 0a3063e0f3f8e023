"""Interpolated Kneser-Ney: letters told from counts of what stood before them, without training.

Each order's counts are lowered by a discount, and what that sets free goes to the order below, which asks
not how often a letter came but after how many different letters. Kneser and Ney (1995); the discounts by
count of Chen and Goodman (1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.training.language_models.letters import base_keys, context_windows

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.language_models.letters import Part

ONE_DISCOUNT, THREE_DISCOUNTS = (0.9,), (0.8, 1.1, 1.4)
"""What is taken from each count, or from counts of 1, 2, and 3 or more."""


class Level(NamedTuple):
    """What one order knows: its contexts, as increasing keys, and the letters' chances after each."""

    keys: Indices  # (m,), of the order - 1 letters before
    probs: Array  # (m, tokens)


class KneserNey(NamedTuple):
    """The levels of a model, order 1 first."""

    levels: tuple[Level, ...]
    tokens: int

    @property
    def order(self) -> int:
        """How many letters it looks at, the one that is told counted."""
        return len(self.levels)

    def probs(self, contexts: Indices) -> Array:
        """Return the letters' chances (m, tokens) after contexts (m, n), n at least the order - 1.

        A context that was never seen is told by the longest end of it that was.
        """
        answer = np.empty((len(contexts), self.tokens))
        for order, level in enumerate(self.levels, 1):
            wanted = base_keys(contexts[:, contexts.shape[1] - order + 1 :], self.tokens)
            place = np.minimum(np.searchsorted(level.keys, wanted), len(level.keys) - 1)
            seen = level.keys[place] == wanted
            answer[seen] = level.probs[place[seen]]
        return answer

    def loss(self, part: Part) -> float:
        """Return the mean of -ln p over the letters of lines, in nats."""
        contexts, letters = context_windows(part, max(self.order - 1, 1))
        probs = self.probs(contexts)[np.arange(len(letters)), letters]
        return float(-np.log(probs).mean())


def fit_kneser_ney(part: Part, order: int, tokens: int, discounts: tuple[float, ...]) -> KneserNey:
    """Return the model of an order, from 1 on, by the counts of lines.

    p(y | c) = max(n(c y) - D, 0) / n(c) + (D N(c) / n(c)) p(y | c without its first letter), with n the
    counts of the highest order, below it the number of different letters before c y, and N(c) the number
    of different letters after c. Order 1 falls back to 1 / tokens.
    """
    levels: list[Level] = []
    below = np.full((1, tokens), 1.0 / tokens)
    parents = np.zeros(1, np.int64)
    for k, (grams, counts) in enumerate(_count_grams(part, order, tokens), 1):
        keys, first = np.unique(grams // tokens, return_index=True)
        context = np.repeat(np.arange(len(keys)), np.diff(np.append(first, len(grams))))
        lowered = np.array([0.0, *discounts])[np.minimum(counts, len(discounts))]
        total = np.add.reduceat(counts, first)
        free = np.add.reduceat(lowered, first) / total
        parent = np.searchsorted(parents, keys % tokens ** max(k - 2, 0))
        probs = free[:, np.newaxis] * below[parent]
        probs[context, grams % tokens] += (counts - lowered) / total[context]
        levels.append(Level(keys, probs))
        below, parents = probs, keys
    return KneserNey(tuple(levels), tokens)


def _count_grams(part: Part, order: int, tokens: int) -> list[tuple[Indices, FloatArray]]:
    """Return the letter groups of each order, as keys in increasing order, with what each order counts."""
    contexts, letters = context_windows(part, max(order - 1, 1))
    window = np.column_stack([contexts[:, contexts.shape[1] - order + 1 :], letters])
    found = [np.unique(base_keys(window, tokens), return_counts=True)]
    for shorter in range(order - 1, 0, -1):
        found.append(np.unique(found[-1][0] % tokens**shorter, return_counts=True))
    return found[::-1]
