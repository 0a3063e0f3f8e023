"""What lies nearest among many vectors, and words that are to others as these are to those."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.linalg._similarity import by_distance, cosine
from aimath.core.numerics.arrays import Check, blame, floats, same_length, vectors
from aimath.errors import InputError, alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import Array, Indices, Real

BLOCK = 1 << 15
"""Similarities (queries times vectors) looked at together: larger blocks took longer to sieve."""
DOTS = 4
"""Queries up to which dot products one by one take less time than a product of matrices (2: a quarter)."""
SPARE = 8
"""How many more than asked for are kept until their cosines are known to the last digit."""
FEW = 20_000
"""Words among which a misspelt one is looked for."""
SHOWN = 12
"""So many words are named if none of them is like the one that was given."""
WORDS = ("king", "queen", "man", "woman")
VECTORS = (
    (0.8, 0.2, 0.9, -0.5),
    (0.7, 0.8, 0.85, -0.4),
    (0.9, 0.1, 0.5, -0.6),
    (0.8, 0.7, 0.45, -0.5),
)
"""The guide's words as vectors of four made-up qualities, small enough to follow by hand."""


class Index(NamedTuple):
    """Vectors that are searched more than once."""

    vectors: Real  # (n, d) float32 or float64, as they came
    scale: Real  # (n,) 1 / length; 0 for a zero vector
    zeros: Indices  # (z,) which vectors are zero: they are near nothing


def index(vectors: ArrayLike) -> Index:
    """Make vectors ready for searching: float32 stays what it is, and nothing is copied.

    >>> index([[3.0, 4.0], [0.0, 0.0]]).scale
    array([0.2, 0. ])
    """
    given = vectors if isinstance(vectors, np.ndarray) and vectors.dtype == np.float32 else None
    x = np.atleast_2d(floats(vectors, operand="vectors")) if given is None else given
    if x.ndim != 2 or not x.size:
        raise InputError("vectors must be the rows of a matrix", operand="vectors")
    with np.errstate(all="ignore"):
        squares = np.vecdot(x, x)
        hard = np.flatnonzero(~((squares > 1e-30) & (squares < 1e30)))
        scale = 1.0 / np.sqrt(squares)
    scale[hard] = [_inverse_length(row) for row in x[hard]]
    lost = np.isnan(scale)
    blame(lost[:, np.newaxis], "a vector has an entry that isn't finite", operand="vectors")
    return Index(x, scale.astype(x.dtype), np.flatnonzero(scale == 0.0))


def _inverse_length(row: Real) -> float:
    """Give 1 / length where the squares left the range; 0 for a zero vector and nan for what isn't finite."""
    largest = float(np.abs(row).max())
    if not 0.0 < largest < np.inf:
        return 0.0 if largest == 0.0 else np.nan
    with np.errstate(all="ignore"):
        tiny = np.finfo(row.dtype).tiny
        return float(
            np.minimum(1.0 / (largest * np.linalg.norm(row.astype(np.float64) / largest)), 1.0 / tiny)
        )


class Nearest(NamedTuple):
    """The vectors nearest to queries, the nearest first."""

    queries: Array  # (q, d)
    top: int
    place: Indices  # (q, top) rows of the vectors that were searched, from 0
    similarity: Array  # (q, top) cosines, falling
    found: Array  # (q, top, d) these vectors

    def check(self) -> Check:
        """Recompute each cosine from the distance of the unit vectors."""
        return Check(self.similarity, by_distance(self.queries[:, np.newaxis], self.found))


def nearest(
    vectors: Index | ArrayLike, queries: ArrayLike, top: int = 10, leave_out: Sequence[int] = ()
) -> Nearest:
    """Find the vectors of the largest cosines with each query, among all: nothing is approximated.

    Candidates come from products in the vectors' own precision, block by block; their cosines are
    then computed anew in float64 and decide the order, ties by place. Zero vectors and the rows in
    leave_out are never found.

    >>> nearest([[1, 0], [0, 1], [1, 1]], [[2, 1]], top=2).place
    array([[2, 0]])
    """
    ready = vectors if isinstance(vectors, Index) else index(vectors)
    q = _queries(queries, ready)
    hidden = np.union1d(np.asarray(leave_out, np.intp), ready.zeros)
    count = len(ready.vectors) - len(hidden)
    if not 1 <= top <= count:
        raise InputError(f"top must be 1 to {count}, not {top}", operand="top")
    unit = q / np.abs(q).max(axis=1, keepdims=True)
    unit = (unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(ready.vectors.dtype)
    place = np.empty((len(q), top), np.intp)
    similarity = np.empty((len(q), top))
    for k, candidates in enumerate(_candidates(ready, unit, min(top + SPARE, count), hidden)):
        exact = cosine(q[k], ready.vectors[candidates].astype(np.float64)).cosine
        order = np.lexsort((candidates, -exact))[:top]
        place[k], similarity[k] = candidates[order], exact[order]
    return Nearest(q, top, place, similarity, ready.vectors[place].astype(np.float64))


def _queries(queries: ArrayLike, ready: Index) -> Array:
    q = np.atleast_2d(vectors(queries, operand="queries"))
    same_length(q, ready.vectors, ("queries", "vectors"))
    blame(np.asarray(~q.any(axis=1))[:, np.newaxis], "a zero vector is near nothing", operand="queries")
    return q


def _candidates(ready: Index, unit: Real, keep: int, hidden: Indices) -> list[Indices]:
    """Give for each query the places of the `keep` largest products with the unit vectors, in no order."""
    n, queries = len(ready.vectors), len(unit)
    step = max(BLOCK // queries, 4 * keep, 1024)
    best = np.full((queries, keep), -np.inf, unit.dtype)
    place = np.zeros((queries, keep), np.intp)
    floor = best.min(axis=1, keepdims=True)
    for start in range(0, n, step):
        part = slice(start, start + step)
        rows = ready.vectors[part]
        scores = np.vecdot(unit[:, np.newaxis], rows) if queries <= DOTS else unit @ rows.T
        scores *= ready.scale[part]
        scores[:, hidden[(hidden >= start) & (hidden < start + step)] - start] = -np.inf
        # After the first blocks few pass: what a full sort of a block would cost is spared.
        asking, columns = np.divmod(np.flatnonzero(scores > floor), scores.shape[1])
        for k in np.unique(asking):
            new = columns[asking == k]
            values = np.concatenate((best[k], scores[k, new]))
            places = np.concatenate((place[k], new + start))
            most = np.argpartition(values, -keep)[-keep:]
            best[k], place[k] = values[most], places[most]
        floor = best.min(axis=1, keepdims=True)
    return list(place)


class Analogy(NamedTuple):
    """Words that complete a - b + c, the nearest first."""

    a: str
    b: str
    c: str
    top: int
    word: str  # the nearest
    similarity: float  # its cosine with the target
    ranking: tuple[str, ...]  # (top,)
    similarities: Array  # (top,) falling
    target: Array  # (d,) a - b + c
    given: Array  # (3, d) the vectors of a, b and c
    found: Array  # (top, d) those of the ranking

    def check(self) -> Check:
        """Recompute the cosines from the distances of unit vectors."""
        return Check(self.similarities, by_distance(self.target, self.found))


def analogy(
    vectors: Index | ArrayLike = VECTORS,
    labels: Sequence[str] = WORDS,
    a: str = "king",
    b: str = "man",
    c: str = "woman",
    top: int = 1,
) -> Analogy:
    """Find the word that is to c as a is to b: nearest to a - b + c, the three themselves left out.

    By cosine with the vectors as they are; word2vec's own tool and gensim bring a, b and c to
    length 1 before they are added. Mikolov, Yih and Zweig (2013).

    >>> analogy().word
    'queen'
    """
    ready = vectors if isinstance(vectors, Index) else index(vectors)
    if len(labels) != len(ready.vectors):
        raise InputError(f"{len(labels)} labels for {len(ready.vectors)} vectors", operand="labels")
    places = [_find(word, labels) for word in (a, b, c)]
    given = ready.vectors[places].astype(np.float64)
    target = given[0] - given[1] + given[2]
    if not target.any():
        raise InputError(f"{a} - {b} + {c} is the zero vector: nothing is near it")
    near = nearest(ready, target, top, leave_out=sorted(set(places)))
    ranking = tuple(labels[k] for k in near.place[0])
    first = float(near.similarity[0, 0])
    return Analogy(a, b, c, top, ranking[0], first, ranking, near.similarity[0], target, given, near.found[0])


def _find(word: str, labels: Sequence[str]) -> int:
    try:
        return labels.index(word)
    except ValueError:
        near = alike(word, labels) if len(labels) <= FEW else []
        near = near or [other for other in (word.lower(), word.capitalize()) if other in labels]
        named = f"choose from {', '.join(labels)}" if len(labels) <= SHOWN else ""
        hint = f"did you mean {near[0]}?" if near else named
        raise InputError(f"'{word}' is not among the {len(labels)} words", hint=hint) from None
