"""Calibration: how far the confidence of predictions is from the share of them that is right."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import two_prod
from aimath.core.numerics.exact import divide_rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from aimath.core.numerics.cells import Cells
    from aimath.core.numerics.tallies import Tally
    from aimath.core.numerics.types import Array, Indices


class Bins(NamedTuple):
    """Predictions in bins (low, high] of their confidence; nan where a bin is empty."""

    edges: Array  # (bins + 1,)
    counts: NDArray[np.int64]  # (bins,)
    accuracy: Array  # (bins,) the share of hits
    confidence: Array  # (bins,) the mean
    gaps: Array  # (bins,) count / n |accuracy - confidence|, 0 of an empty bin
    error: float  # Σ gaps

    @classmethod
    def of(cls, tally: Tally, edges: Array) -> Bins:
        """Return the bins between edges; what is no larger than the second edge is in the first bin."""
        starts = bin_starts(tally.values, edges)
        counts, accuracy, confidence, gaps = [], [], [], []
        n = int((tally.misses + tally.hits).sum())
        products, low = two_prod((tally.misses + tally.hits).astype(np.float64), tally.values)
        for first, last in zip(starts, [*starts[1:], len(tally.values)], strict=True):
            part = slice(first, last)
            hits = int(tally.hits[part].sum())
            count = hits + int(tally.misses[part].sum())
            terms = (products[part], low[part])
            counts.append(count)
            accuracy.append(hits / count if count else math.nan)
            confidence.append(math.fsum(chain(*terms)) / count if count else math.nan)
            gaps.append(abs(math.fsum(chain(*terms, (-hits,)))) / n)
        shares, means, parts = (np.array(x, np.float64) for x in (accuracy, confidence, gaps))
        return cls(edges, np.array(counts, np.int64), shares, means, parts, math.fsum(gaps))


def rounding_of_bins(tally: Tally, *all_edges: Array) -> float:
    """Return by how much Σ gaps of bins may be off, as cells of several numbers lie across edges."""
    if tally.is_exact:
        return 0.0
    counts = (tally.misses + tally.hits).astype(np.float64)
    n, moved = counts.sum(), []
    for edges in all_edges:
        across = (np.abs(tally.values - edge) <= tally.spread for edge in edges[1:-1].tolist())
        moved.append(sum(float(counts[mask].sum()) for mask in across))
    return float((counts * tally.spread).sum() + 2.0 * max(moved)) / float(n)


def bin_starts(values: Array, edges: Array) -> list[int]:
    """Return where each bin (low, high] starts among ascending values; the first and the last are open."""
    inner = np.searchsorted(values, edges[1:-1], side="right")
    return [0, *inner.tolist()]


def equal_width_edges(bins: int) -> Array:
    """Return the edges k / bins from 0 to 1, each rounded once."""
    return np.arange(bins + 1) / float(bins)


def equal_mass_edges(cells: Cells, bins: int) -> Array:
    """Return the quantiles at k / bins of numbers in cells with counts of two kinds."""
    ends: Indices = np.cumsum(cells.counts.sum(axis=1))
    last = int(ends[-1]) - 1
    return np.array([cells.quantile(Fraction(last * k, bins), ends)[0] for k in range(bins + 1)])


class BrierParts(NamedTuple):
    """Parts of half the Brier score of two classes: reliability - resolution + uncertainty + within."""

    reliability: float  # of bins of the second class's probability, how far each is from its share of hits
    resolution: float  # how far the bins' shares are from that of all
    uncertainty: float  # share (1 - share) of all
    within: float  # what probabilities of the same bin differ by, and what that says of hits
    whole: float  # reliability - resolution + uncertainty + within, rounded once


def brier_parts(tally: Tally, edges: Array) -> BrierParts:
    """Return Murphy's parts of mean (p - y)², with what Stephenson et al. (2008) add within bins.

    Reliability is Σ n_b (mean p - share)² / n over the bins, resolution Σ n_b (share - share of all)² / n,
    within Σ (d² - 2 d (y - share)) / n with d = p - mean p of its bin.
    """
    p, misses, hits = tally.values, tally.misses.astype(np.float64), tally.hits.astype(np.float64)
    n, all_hits = int((tally.misses + tally.hits).sum()), int(tally.hits.sum())
    starts = bin_starts(p, edges)
    products, low = two_prod(misses + hits, p)
    reliability, resolution, within = [], [], []
    for first, last in zip(starts, [*starts[1:], len(p)], strict=True):
        part = slice(first, last)
        hit = int(tally.hits[part].sum())
        count = hit + int(tally.misses[part].sum())
        if not count:
            continue
        terms = (products[part], low[part])
        mean, share = math.fsum(chain(*terms)) / count, hit / count
        reliability.append(math.fsum(chain(*terms, (-hit,))) ** 2 / count)
        resolution.append(float(Fraction(hit * n - all_hits * count, n) ** 2 / count))
        d = p[part] - mean
        of_hits = hits[part] * (d * d - 2.0 * d * (1.0 - share))
        within.append(math.fsum(chain(of_hits, misses[part] * (d * d + 2.0 * d * share))))
    uncertainty = divide_rounded(all_hits * (n - all_hits), n * n)
    parts = (math.fsum(reliability) / n, math.fsum(resolution) / n, uncertainty, math.fsum(within) / n)
    whole = math.fsum([parts[0], -parts[1], parts[2], parts[3]])
    return BrierParts(*parts, whole)
