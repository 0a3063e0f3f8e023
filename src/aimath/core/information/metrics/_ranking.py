"""How well scores rank hits before misses: areas under curves of thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.exact import divide_rounded

if TYPE_CHECKING:
    from aimath.core.numerics.tallies import Tally

CHUNK = 1 << 14
"""Numbers that are taken out of arrays at a time."""


class Ranking(NamedTuple):
    """Areas under the curves of all thresholds of a score; nan where hits or misses are missing."""

    auroc: float  # 0..1, the chance that a hit's score is above a miss's, one half where they are equal
    average_precision: float  # 0..1, Σ (recall - recall before) precision, from the highest threshold
    error: float  # by how much either may be off, 0 where each score was kept


def rank_scores(tally: Tally) -> Ranking:
    """Return the areas of a tally of scores.

    auroc = Σ hits (misses below + misses at the same score / 2) / (all hits · all misses), counted in
    whole numbers; average_precision as in scikit-learn, equal scores being one threshold.
    """
    hits, misses = (x[::-1] for x in (tally.hits, tally.misses))  # from the highest score
    above, false_above = np.cumsum(hits), np.cumsum(misses)
    all_hits, all_misses = int(hits.sum()), int(misses.sum())
    if not (all_hits and all_misses):
        only = 1.0 if all_hits else math.nan
        return Ranking(math.nan, only, 0.0)
    below = all_misses - false_above
    pairs = 2 * below + misses  # each a product below 2^127, which whole numbers of Python add
    wins = sum(
        sum(map(int.__mul__, hits[k : k + CHUNK].tolist(), pairs[k : k + CHUNK].tolist()))
        for k in range(0, len(hits), CHUNK)
    )
    precision = above / (above + false_above)
    average = math.fsum(hits * precision) / all_hits
    auroc = divide_rounded(wins, 2 * all_hits * all_misses)
    return Ranking(auroc, average, 0.0 if tally.is_exact else _error(tally, average))


def _error(tally: Tally, average: float) -> float:
    """Return how far the areas may be from those of scores that are joined in a cell."""
    hits, misses = (x[::-1].astype(np.float64) for x in (tally.hits, tally.misses))
    above, false_above = np.cumsum(hits), np.cumsum(misses)
    of_auroc = float((hits * misses).sum() / (2.0 * hits.sum() * misses.sum()))
    with np.errstate(invalid="ignore"):
        best = hits * above / (above + false_above - misses)
        worst = hits * (above - hits + 1.0) / (above - hits + 1.0 + false_above)
    most, least = (float(np.where(hits > 0, x, 0.0).sum() / hits.sum()) for x in (best, worst))
    return max(of_auroc, most - average, average - least)
