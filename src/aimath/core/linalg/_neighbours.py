"""Exact nearest-neighbour search by cosine similarity, and word analogies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.linalg._similarity import cosine, cosine_by_distance, cosines_with_sum
from aimath.core.numerics.arrays import (
    Check,
    as_floats,
    as_vectors,
    check_between,
    check_same_length,
    raise_at,
)
from aimath.core.numerics.exact import integer_sum, integer_to_float
from aimath.errors import InputError, closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.axes import (
        FoundVectors,
        NeighbourCosines,
        NeighbourPlaces,
        Neighbours,
        NeighbourVectors,
        QueryVectors,
        Similarities,
        WordVector,
        WordVectors,
    )
    from aimath.core.numerics.types import Array, FloatArray, Indices

BLOCK = 1 << 15
"""Similarities (queries times vectors) looked at together: larger blocks took longer to sieve."""
MAX_VECDOT_QUERIES = 4
"""Queries up to which dot products one by one take less time than a product of matrices (2: a quarter)."""
EXTRA_CANDIDATES = 8
"""How many more than asked for are kept until their cosines are known to the last digit."""
MAX_SUGGESTION_WORDS = 20_000
"""Words among which a misspelt one is looked for."""
MAX_LISTED_WORDS = 12
"""So many words are named if none of them is like the one that was given."""
DEFAULT_TOP = 10
"""So many words are found unless another number is asked for."""
EXAMPLE_WORDS = ("king", "queen", "man", "woman")
EXAMPLE_VECTORS = (
    (0.8, 0.2, 0.9, -0.5),
    (0.7, 0.8, 0.85, -0.4),
    (0.9, 0.1, 0.5, -0.6),
    (0.8, 0.7, 0.45, -0.5),
)
"""The guide's words as vectors of four made-up qualities, small enough to follow by hand."""


class VectorIndex(NamedTuple):
    """A searchable index of vectors."""

    vectors: FloatArray  # (n, d) float32 or float64, as they came
    scale: FloatArray  # (n,) 1 / length; 0 for a zero vector
    zeros: Indices  # (z,) which vectors are zero: they are near nothing


def build_index(vectors: ArrayLike) -> VectorIndex:
    """Return a searchable index of vectors; float32 is kept, nothing is copied.

    >>> build_index([[3.0, 4.0], [0.0, 0.0]]).scale
    array([0.2, 0. ])
    """
    given = vectors if isinstance(vectors, np.ndarray) and vectors.dtype == np.float32 else None
    x = np.atleast_2d(as_floats(vectors, operand="vectors")) if given is None else given
    if x.ndim != 2 or not x.size:
        raise InputError("vectors must be the rows of a matrix", operand="vectors")
    with np.errstate(all="ignore"):
        squares = np.vecdot(x, x)
        hard = np.flatnonzero(~((squares > 1e-30) & (squares < 1e30)))
        scale = 1.0 / np.sqrt(squares)
    scale[hard] = [_inverse_norm(row) for row in x[hard]]
    lost = np.isnan(scale)
    raise_at(lost[:, np.newaxis], "a vector has an entry that isn't finite", operand="vectors")
    return VectorIndex(x, scale.astype(x.dtype), np.flatnonzero(scale == 0.0))


def _inverse_norm(row: FloatArray) -> float:
    """Return 1 / norm of a row whose squares overflow or underflow; 0 for a zero row."""
    largest = float(np.abs(row).max())
    if not 0.0 < largest < np.inf:
        return 0.0 if largest == 0.0 else np.nan
    with np.errstate(all="ignore"):
        tiny = np.finfo(row.dtype).tiny
        return float(
            np.minimum(1.0 / (largest * np.linalg.norm(row.astype(np.float64) / largest)), 1.0 / tiny)
        )


class NearestNeighbours(NamedTuple):
    """The vectors nearest to queries, the nearest first."""

    queries: QueryVectors
    top: int
    place: NeighbourPlaces  # rows of the vectors that were searched, from 0
    similarity: NeighbourCosines  # cosines, falling
    found: FoundVectors  # these vectors

    def check(self) -> Check:
        """Return the cosines beside those from distances of unit vectors."""
        return Check(self.similarity, cosine_by_distance(self.queries[:, np.newaxis], self.found))


def nearest_neighbours(
    vectors: VectorIndex | ArrayLike,
    queries: ArrayLike,
    top: int = 10,
    exclude: Sequence[int] = (),
    summands: Sequence[Array] | None = None,
) -> NearestNeighbours:
    """Return the exact nearest neighbours of queries by cosine similarity.

    Candidates come from products in the vectors' own precision, block by block; their cosines are
    then computed anew in float64 and decide the order, ties by place. Zero vectors and the rows in
    `exclude` are never found. Queries that are sums are taken exactly by their `summands` (p, n) each.

    >>> nearest_neighbours([[1, 0], [0, 1], [1, 1]], [[2, 1]], top=2).place
    array([[2, 0]])
    """
    ready = vectors if isinstance(vectors, VectorIndex) else build_index(vectors)
    q = _check_queries(queries, ready)
    hidden = np.union1d(np.asarray(exclude, np.intp), ready.zeros)
    count = len(ready.vectors) - len(hidden)
    check_between("top", top, 1, count)
    unit = q / np.abs(q).max(axis=1, keepdims=True)
    unit = (unit / np.linalg.norm(unit, axis=1, keepdims=True)).astype(ready.vectors.dtype)
    place = np.empty((len(q), top), np.intp)
    similarity = np.empty((len(q), top))
    for k, candidates in enumerate(_top_candidates(ready, unit, min(top + EXTRA_CANDIDATES, count), hidden)):
        rows = ready.vectors[candidates].astype(np.float64)
        exact = cosine(q[k], rows).cosine if summands is None else cosines_with_sum(summands[k], rows)
        order = np.lexsort((candidates, -exact))[:top]
        place[k], similarity[k] = candidates[order], exact[order]
    return NearestNeighbours(q, top, place, similarity, ready.vectors[place].astype(np.float64))


def _check_queries(queries: ArrayLike, vector_index: VectorIndex) -> Array:
    q = np.atleast_2d(as_vectors(queries, operand="queries"))
    check_same_length(q, vector_index.vectors, ("queries", "vectors"))
    raise_at(np.asarray(~q.any(axis=1))[:, np.newaxis], "a zero vector is near nothing", operand="queries")
    return q


def _top_candidates(
    vector_index: VectorIndex, unit_queries: FloatArray, count: int, excluded: Indices
) -> list[Indices]:
    """Return for each query the indices of the `count` largest dot products, unsorted."""
    n, queries = len(vector_index.vectors), len(unit_queries)
    step = max(BLOCK // queries, 4 * count, 1024)
    best = np.full((queries, count), -np.inf, unit_queries.dtype)
    place = np.zeros((queries, count), np.intp)
    floor = best.min(axis=1, keepdims=True)
    for start in range(0, n, step):
        part = slice(start, start + step)
        rows = vector_index.vectors[part]
        scores = (
            np.vecdot(unit_queries[:, np.newaxis], rows)
            if queries <= MAX_VECDOT_QUERIES
            else unit_queries @ rows.T
        )
        scores *= vector_index.scale[part]
        scores[:, excluded[(excluded >= start) & (excluded < start + step)] - start] = -np.inf
        # After the first blocks few pass: what a full sort of a block would cost is spared.
        asking, columns = np.divmod(np.flatnonzero(scores > floor), scores.shape[1])
        for k in np.unique(asking):
            new = columns[asking == k]
            values = np.concatenate((best[k], scores[k, new]))
            places = np.concatenate((place[k], new + start))
            most = np.argpartition(values, -count)[-count:]
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
    ranking: Neighbours
    similarities: Similarities  # falling
    target: WordVector  # a - b + c
    given: WordVectors  # the vectors of a, b and c
    found: NeighbourVectors  # those of the ranking

    def check(self) -> Check:
        """Return the cosines beside those from distances of unit vectors."""
        return Check(self.similarities, cosine_by_distance(self.target, self.found))


def analogy(
    a: str,
    b: str,
    c: str,
    vectors: VectorIndex | ArrayLike = EXAMPLE_VECTORS,
    words: Sequence[str] = EXAMPLE_WORDS,
    top: int = DEFAULT_TOP,
) -> Analogy:
    """Return the `top` words nearest to a - b + c by cosine, excluding a, b and c; all if there are fewer.

    By cosine with the vectors as they are; word2vec's own tool and gensim bring a, b and c to
    length 1 before they are added. Mikolov, Yih and Zweig (2013).

    >>> analogy("king", "man", "woman").word
    'queen'
    """
    ready = vectors if isinstance(vectors, VectorIndex) else build_index(vectors)
    if len(words) != len(ready.vectors):
        raise InputError(f"{len(words)} words for {len(ready.vectors)} vectors", operand="words")
    if top < 1:
        raise InputError("{operand} must be at least 1, not {value}", operand="top", value=top)
    top = min(top, _count_candidates(ready, words, (a, b, c)))
    places = [_find_word(word, words) for word in (a, b, c)]
    given = ready.vectors[places].astype(np.float64)
    summands = given * [[1.0], [-1.0], [1.0]]
    whole, power = integer_sum(summands)
    if not any(whole):
        raise InputError(f"{a} - {b} + {c} is the zero vector: nothing is near it")
    target = np.array([integer_to_float(k, power) for k in whole])
    near = nearest_neighbours(ready, target, top, exclude=sorted(set(places)), summands=[summands])
    ranking = tuple(words[k] for k in near.place[0])
    first = float(near.similarity[0, 0])
    return Analogy(a, b, c, top, ranking[0], first, ranking, near.similarity[0], target, given, near.found[0])


def _count_candidates(ready: VectorIndex, words: Sequence[str], given: Sequence[str]) -> int:
    """Return the number of words that can be answers: neither given nor with a zero vector."""
    known = (words.index(word) for word in given if word in words)
    others = len(words) - len({*ready.zeros.tolist(), *known})
    if others == 0:
        raise InputError(f"there is no other word among the {len(words)}")
    return others


def _find_word(word: str, labels: Sequence[str]) -> int:
    try:
        return labels.index(word)
    except ValueError:
        near = closest(word, labels) if len(labels) <= MAX_SUGGESTION_WORDS else []
        near = near or [other for other in (word.lower(), word.capitalize()) if other in labels]
        named = f"choose from {', '.join(labels)}" if len(labels) <= MAX_LISTED_WORDS else ""
        hint = f"did you mean {near[0]}?" if near else named
        raise InputError(f"'{word}' is not among the {len(labels)} words", hint=hint) from None
