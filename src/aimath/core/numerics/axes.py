"""The axes of quantities: what each axis of an array of a result is called.

A quantity of a result, field or property, is annotated by one of these names, and so declares its axes
once, where it is defined. Two names say what a line of an answer is: the entries of "batch" are
independent problems, each with an answer of its own; those of "row" are rows of one answer. Whatever
has neither belongs to the whole. As in the signatures of numpy's generalized ufuncs, an axis with a ?
may be missing; a batch may have several axes, or none, and one number may stand for all of it.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from aimath.core.numerics.types import Array, FloatArray, Indices

DERIVATION_ONLY = "derivation only"
"""A mark of quantities with too many numbers for every line of JSON: for `--fields` and derivations."""

Scalar = Annotated[Array, ()]
Flag = Annotated[NDArray[np.bool_], ()]
Shape = Annotated[tuple[int, int], ("side",)]

Scalars = Annotated[Array, ("batch",)]
Classes = Annotated[Indices, ("batch",)]
Words = Annotated[Any, ("batch",)]
Entries = Annotated[Any, ("batch",)]
Vectors = Annotated[Array, ("batch", "entry")]
OptionalVectors = Annotated[Array, ("batch", "entry?")]
ImagesOrVectors = Annotated[Array, ("batch", "height?", "width")]

Joints = Annotated[Array, ("batch", "x", "y")]
XMarginals = Annotated[Array, ("batch", "x")]
YMarginals = Annotated[Array, ("batch", "y")]
PerHypothesis = Annotated[Array, ("batch", "hypothesis?")]
PerStep = Annotated[Array, ("step",)]
PerPiece = Annotated[Array, ("batch", "piece")]
PerPieceAndHypothesis = Annotated[Array, ("batch", "piece", "hypothesis?")]

Vector = Annotated[Array, ("entry",)]
Matrix = Annotated[Array, ("i", "j")]
ComplexValues = Annotated[Array, ("value", "part")]
Eigenvalues = Annotated[Array, ("value",)]
Eigenvectors = Annotated[Array, ("entry", "value")]

Inputs = Annotated[Array, ("batch", "input")]
Outputs = Annotated[Array, ("batch", "output")]
Weights = Annotated[Array, ("output", "input")]
WeightsEach = Annotated[Array, ("batch", "output", "input")]
WeightTerms = Annotated[Array, ("batch", "output", "input"), DERIVATION_ONLY]
Bias = Annotated[Array, ("output",)]
LayerParameters = Annotated[Array, ("batch", "parameter")]

Queries = Annotated[FloatArray, ("query", "feature")]
Keys = Annotated[FloatArray, ("key", "feature")]
AttentionValues = Annotated[FloatArray, ("key", "value")]
Mixtures = Annotated[FloatArray, ("query", "value")]
Scores = Annotated[Array, ("query", "key")]
Positions = Annotated[Array, ("position", "feature")]
Projection = Annotated[Array, ("feature", "feature")]
HeadQueries = Annotated[Array, ("head", "query", "feature")]
HeadKeys = Annotated[Array, ("head", "key", "feature")]
HeadScores = Annotated[Array, ("head", "query", "key")]

Rows = Annotated[Any, ("row",)]
Data = Annotated[Array, ("row", "feature")]
Projected = Annotated[Array, ("row", "coordinate")]
PerFeature = Annotated[Array, ("feature",)]
PerComponent = Annotated[Array, ("component",)]
Components = Annotated[Array, ("component", "feature")]
Covariance = Annotated[Array, ("feature", "feature")]

SingularValues = Annotated[Array, ("value",)]
LeftFactor = Annotated[Array, ("i", "rank")]
RightFactor = Annotated[Array, ("rank", "j")]
Shares = Annotated[Array, ("share",)]
RankPerShare = Annotated[NDArray[np.int64], ("share",)]
RowCounts = Annotated[NDArray[np.int64], ("row",)]
RowScalars = Annotated[Array, ("row",)]
RowPoints = Annotated[Array, ("row", "variable")]
Approximations = Annotated[Array, ("row", "i", "j")]

Neighbours = Annotated[tuple[str, ...], ("neighbour",)]
Similarities = Annotated[Array, ("neighbour",)]
WordVector = Annotated[Array, ("dimension",)]
WordVectors = Annotated[Array, ("word", "dimension")]
QueryVectors = Annotated[Array, ("query", "dimension")]
NeighbourPlaces = Annotated[Indices, ("query", "neighbour")]
NeighbourCosines = Annotated[Array, ("query", "neighbour")]
FoundVectors = Annotated[Array, ("query", "neighbour", "dimension")]
NeighbourVectors = Annotated[Array, ("neighbour", "dimension")]

Points = Annotated[Array, ("batch", "variable")]
Hessians = Annotated[Array, ("batch", "variable", "variable")]
FormulaValues = Annotated[Array, ("batch", "formula")]
Jacobians = Annotated[Array, ("batch", "formula", "variable")]
PerVariable = Annotated[Array, ("variable",)]
PerArray = Annotated[tuple[Array, ...], ("array",)]
TextPerArray = Annotated[tuple[str, ...], ("array",)]
PerNode = Annotated[Array, ("node",)]
NodeDepths = Annotated[NDArray[np.int64], ("node",)]
NodeTexts = Annotated[NDArray[np.str_], ("node",)]


@cache
def _declared(kind: type, name: str) -> tuple[Any, ...]:
    """Return what a quantity's annotation declares: its axes, then marks; () if it declares nothing."""
    found = vars(kind).get(name)
    hints = getattr(found.fget, "__annotations__", {}) if isinstance(found, property) else {}
    hint = hints.get("return") if hints else getattr(kind, "__annotations__", {}).get(name)
    hint = getattr(hint, "__forward_arg__", hint)
    if isinstance(hint, str):
        hint = globals().get(hint.removesuffix(" | None"))
    return getattr(hint, "__metadata__", ())


def axes_of(kind: type, name: str) -> tuple[str, ...]:
    """Return the axes of a quantity of a result type, () for a single number or text.

    >>> from aimath.core.probability import softmax
    >>> axes_of(type(softmax([1.0, 2.0])), "probs")
    ('batch', 'entry')
    """
    declared = _declared(kind, name)
    return tuple(declared[0]) if declared else ()


def is_derivation_only(kind: type, name: str) -> bool:
    """Return whether a quantity is marked as too large for every line of JSON."""
    return DERIVATION_ONLY in _declared(kind, name)
