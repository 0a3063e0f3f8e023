"""The axes of quantities: what each axis of an array of a result is called.

A quantity of a result, field or property, is annotated by one of these names, and so declares its axes
once, where it is defined. Two names say what a line of an answer is: the entries of "batch" are
independent problems, each with an answer of its own; those of "row" are rows of one answer. Whatever
has neither belongs to the whole. As in the signatures of numpy's generalized ufuncs, an axis with a ?
may be missing; a batch may have several axes, or none, and one number may stand for all of it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from typing import Annotated, Any

    import numpy as np

    from aimath.core.numerics.types import Array, FloatArray, Indices

    Integers = np.ndarray[Any, np.dtype[np.int64]]
    Texts = np.ndarray[Any, np.dtype[np.str_]]

DERIVATION_ONLY = "derivation only"
"""A mark of quantities that every line of JSON can do without: for `--fields` and derivations."""

# Texts, as so many of typing's own objects would take 2 ms of every start.

# One or more problems, each with an answer of its own
Scalars: TypeAlias = "Annotated[Array, 'batch']"
Classes: TypeAlias = "Annotated[Indices, 'batch']"
Words: TypeAlias = "Annotated[Any, 'batch']"
Entries: TypeAlias = "Annotated[Any, 'batch']"
EntryNumbers: TypeAlias = "Annotated[Any, 'batch', DERIVATION_ONLY]"
Vectors: TypeAlias = "Annotated[Array, 'batch', 'entry']"
QuantilesEach: TypeAlias = "Annotated[Array, 'batch', 'quantile']"
OptionalVectors: TypeAlias = "Annotated[Array, 'batch', 'entry?']"
ImagesOrVectors: TypeAlias = "Annotated[Array, 'batch', 'height?', 'width']"
Joints: TypeAlias = "Annotated[Array, 'batch', 'x', 'y']"
XMarginals: TypeAlias = "Annotated[Array, 'batch', 'x']"
YMarginals: TypeAlias = "Annotated[Array, 'batch', 'y']"
PerHypothesis: TypeAlias = "Annotated[Array, 'batch', 'hypothesis?']"
PerPiece: TypeAlias = "Annotated[Array, 'batch', 'piece']"
PerPieceAndHypothesis: TypeAlias = "Annotated[Array, 'batch', 'piece', 'hypothesis?']"
PerStage: TypeAlias = "Annotated[Array, 'batch', 'stage']"
CountPerStage: TypeAlias = "Annotated[Integers, 'batch', 'stage']"
PerStageAndEntry: TypeAlias = "Annotated[Array, 'batch', 'stage', 'entry', DERIVATION_ONLY]"
Draws: TypeAlias = "Annotated[Integers, 'batch', 'draw']"
IntegerScalars: TypeAlias = "Annotated[Integers, 'batch']"
Inputs: TypeAlias = "Annotated[Array, 'batch', 'input']"
Outputs: TypeAlias = "Annotated[Array, 'batch', 'output']"
WeightsEach: TypeAlias = "Annotated[Array, 'batch', 'output', 'input']"
WeightTerms: TypeAlias = "Annotated[Array, 'batch', 'output', 'input', DERIVATION_ONLY]"
LayerParameters: TypeAlias = "Annotated[Array, 'batch', 'parameter']"
Points: TypeAlias = "Annotated[Array, 'batch', 'variable']"
Hessians: TypeAlias = "Annotated[Array, 'batch', 'variable', 'variable']"
FormulaValues: TypeAlias = "Annotated[Array, 'batch', 'formula']"
Jacobians: TypeAlias = "Annotated[Array, 'batch', 'formula', 'variable']"

# Rows of one answer: data, ranks, tensors, optimisers
Rows: TypeAlias = "Annotated[Any, 'row']"
RowCounts: TypeAlias = "Annotated[Integers, 'row']"
RowQuantiles: TypeAlias = "Annotated[Array, 'row', 'quantile']"
RowScalars: TypeAlias = "Annotated[Array, 'row']"
RowEnds: TypeAlias = "Annotated[Array, 'row', 'end']"
RowImages: TypeAlias = "Annotated[FloatArray, 'row', 'height', 'width']"
RowPoints: TypeAlias = "Annotated[Array, 'row', 'variable']"
Data: TypeAlias = "Annotated[Array, 'row', 'feature']"
Projected: TypeAlias = "Annotated[Array, 'row', 'coordinate']"
Approximations: TypeAlias = "Annotated[Array, 'row', 'i', 'j']"

# Of a whole: matrices and their factors
Scalar: TypeAlias = "Annotated[Array, ()]"
Flag: TypeAlias = "Annotated[np.ndarray[Any, np.dtype[np.bool_]], ()]"
Index: TypeAlias = "Annotated[tuple[int, ...], 'axis']"
Shape: TypeAlias = "Annotated[tuple[int, int], 'side']"
Vector: TypeAlias = "Annotated[Array, 'entry']"
Matrix: TypeAlias = "Annotated[Array, 'i', 'j']"
Weights: TypeAlias = "Annotated[Array, 'output', 'input']"
Bias: TypeAlias = "Annotated[Array, 'output']"
ComplexValues: TypeAlias = "Annotated[Array, 'value', 'part']"
Levels: TypeAlias = "Annotated[tuple[float, ...], 'quantile']"
Quantiles: TypeAlias = "Annotated[Array, 'quantile']"
Pair: TypeAlias = "Annotated[Array, 'side']"
Ends: TypeAlias = "Annotated[Array, 'end']"
Eigenvalues: TypeAlias = "Annotated[Array, 'value']"
Eigenvectors: TypeAlias = "Annotated[Array, 'entry', 'value']"
SingularValues: TypeAlias = "Annotated[Array, 'value']"
LeftFactor: TypeAlias = "Annotated[Array, 'i', 'rank']"
RightFactor: TypeAlias = "Annotated[Array, 'rank', 'j']"
PerFeature: TypeAlias = "Annotated[Array, 'feature']"
PerComponent: TypeAlias = "Annotated[Array, 'component']"
Components: TypeAlias = "Annotated[Array, 'component', 'feature']"
Covariance: TypeAlias = "Annotated[Array, 'feature', 'feature']"
Shares: TypeAlias = "Annotated[Array, 'share']"
RankPerShare: TypeAlias = "Annotated[Integers, 'share']"

# Attention
Queries: TypeAlias = "Annotated[FloatArray, 'query', 'feature']"
Keys: TypeAlias = "Annotated[FloatArray, 'key', 'feature']"
AttentionValues: TypeAlias = "Annotated[FloatArray, 'key', 'value']"
Mixtures: TypeAlias = "Annotated[FloatArray, 'query', 'value']"
Scores: TypeAlias = "Annotated[Array, 'query', 'key']"
Positions: TypeAlias = "Annotated[Array, 'position', 'feature']"
Projection: TypeAlias = "Annotated[Array, 'feature', 'feature']"
HeadQueries: TypeAlias = "Annotated[Array, 'head', 'query', 'feature']"
HeadKeys: TypeAlias = "Annotated[Array, 'head', 'key', 'feature']"
SharedKeys: TypeAlias = "Annotated[FloatArray, 'kv_head', 'key', 'feature']"
HeadValues: TypeAlias = "Annotated[FloatArray, 'kv_head', 'key', 'value']"
HeadMixtures: TypeAlias = "Annotated[FloatArray, 'head', 'query', 'value']"
OptionalHeadMixtures: TypeAlias = "Annotated[FloatArray, 'head?', 'query', 'value']"
HeadScores: TypeAlias = "Annotated[Array, 'head', 'query', 'key']"

# Positions
PerPair: TypeAlias = "Annotated[Array, 'batch', 'pair']"
PositionsEach: TypeAlias = "Annotated[Integers, 'position']"
PositionScalars: TypeAlias = "Annotated[Array, 'position']"
PositionPairs: TypeAlias = "Annotated[Array, 'position', 'pair']"

# Words and their neighbours
WordVector: TypeAlias = "Annotated[Array, 'dimension']"
WordVectors: TypeAlias = "Annotated[Array, 'word', 'dimension']"
QueryVectors: TypeAlias = "Annotated[Array, 'query', 'dimension']"
Neighbours: TypeAlias = "Annotated[tuple[str, ...], 'neighbour']"
Similarities: TypeAlias = "Annotated[Array, 'neighbour']"
NeighbourVectors: TypeAlias = "Annotated[Array, 'neighbour', 'dimension']"
NeighbourPlaces: TypeAlias = "Annotated[Indices, 'query', 'neighbour']"
NeighbourCosines: TypeAlias = "Annotated[Array, 'query', 'neighbour']"
FoundVectors: TypeAlias = "Annotated[Array, 'query', 'neighbour', 'dimension']"

# Texts and the vectors of an encoder
TokenIds: TypeAlias = "Annotated[Integers, 'batch', 'token']"
TokenWeights: TypeAlias = "Annotated[FloatArray, 'batch', 'token', DERIVATION_ONLY]"
TokenVectors: TypeAlias = "Annotated[FloatArray, 'batch', 'token', 'dimension', DERIVATION_ONLY]"
TextVectors: TypeAlias = "Annotated[FloatArray, 'batch', 'dimension']"

# Classifiers
ClassTexts: TypeAlias = "Annotated[Texts, 'entry', DERIVATION_ONLY]"
ClassCounts: TypeAlias = "Annotated[Integers, 'entry']"
ClassScalars: TypeAlias = "Annotated[Array, 'entry']"
Confusion: TypeAlias = "Annotated[Integers, 'entry', 'entry']"
BinEnds: TypeAlias = "Annotated[Array, 'bin']"
BinScalars: TypeAlias = "Annotated[Array, 'bin']"
BinCounts: TypeAlias = "Annotated[Integers, 'bin']"
HeldBinScalars: TypeAlias = "Annotated[Array, 'held', DERIVATION_ONLY]"
HeldBinCounts: TypeAlias = "Annotated[Integers, 'held', DERIVATION_ONLY]"

# The size of a model
PartTexts: TypeAlias = "Annotated[Texts, 'part']"
PartCounts: TypeAlias = "Annotated[Integers, 'part']"
StoreTexts: TypeAlias = "Annotated[Texts, 'store']"
StoreBytes: TypeAlias = "Annotated[Integers, 'store']"
TrainingBytes: TypeAlias = "Annotated[Integers, 'need']"

# A decoder and its parts
VocabularyLogits: TypeAlias = "Annotated[FloatArray, 'vocabulary', DERIVATION_ONLY]"
RowLogits: TypeAlias = "Annotated[FloatArray, 'row', 'vocabulary', DERIVATION_ONLY]"
LayerScalars: TypeAlias = "Annotated[Array, 'layer_part', DERIVATION_ONLY]"
LayerTexts: TypeAlias = "Annotated[Any, 'layer_part', DERIVATION_ONLY]"

# Formulas and schedules
PerVariable: TypeAlias = "Annotated[Array, 'variable']"
PerArray: TypeAlias = "Annotated[tuple[Array, ...], 'array']"
TextPerArray: TypeAlias = "Annotated[tuple[str, ...], 'array']"
PerNode: TypeAlias = "Annotated[Array, 'node']"
NodeDepths: TypeAlias = "Annotated[Integers, 'node']"
NodeTexts: TypeAlias = "Annotated[Texts, 'node']"
PerStep: TypeAlias = "Annotated[Array, 'step']"


def _declaration(kind: type, name: str) -> str:
    """Return what a quantity of a result type is annotated by, as text; a name of this module is replaced."""
    found = vars(kind).get(name)
    if isinstance(found, property):
        hint = found.fget.__annotations__.get("return", "")
    else:
        hint = getattr(kind, "__annotations__", {}).get(name, "")
    text = str(getattr(hint, "__forward_arg__", hint)).removesuffix(" | None")
    return str(globals().get(text, text))


@cache
def axes_of(kind: type, name: str) -> tuple[str, ...]:
    """Return the axes of a quantity of a result type, () for a single number or text.

    >>> from aimath.core.probability import softmax
    >>> axes_of(type(softmax([1.0, 2.0])), "probs")
    ('batch', 'entry')
    """
    return tuple(re.findall(r"'(\w+\??)'", _declaration(kind, name)))


@cache
def is_derivation_only(kind: type, name: str) -> bool:
    """Return whether a quantity is marked as too large for every line of JSON."""
    return "DERIVATION_ONLY" in _declaration(kind, name)
