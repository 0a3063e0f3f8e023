"""The forward pass of an encoder with given weights: BERT, RoBERTa and what is built like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.nn._decoder import ACTIVATIONS, project
from aimath.core.nn._sizes import check_heads, check_sizes
from aimath.core.nn.autograd._fused import attend, embedding, layer_norm
from aimath.core.numerics.arrays import Check, check_choice
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, DTypeLike

    from aimath.core.numerics.axes import (
        IntegerScalars,
        Scalars,
        TextVectors,
        TokenIds,
        TokenVectors,
        TokenWeights,
    )
    from aimath.core.numerics.types import Array, FloatArray

NAMES = {
    "tokens": "embeddings.word_embeddings",
    "places": "embeddings.position_embeddings",
    "types": "embeddings.token_type_embeddings",
    "norm": "embeddings.LayerNorm",
    "q": "encoder.layer.{k}.attention.self.query",
    "k": "encoder.layer.{k}.attention.self.key",
    "v": "encoder.layer.{k}.attention.self.value",
    "mixed": "encoder.layer.{k}.attention.output.dense",
    "norm_1": "encoder.layer.{k}.attention.output.LayerNorm",
    "up": "encoder.layer.{k}.intermediate.dense",
    "down": "encoder.layer.{k}.output.dense",
    "norm_2": "encoder.layer.{k}.output.LayerNorm",
}
"""What a part's `.weight` and `.bias` are called in BERT's files; matrices are (outputs, inputs)."""
POOLINGS = ("mean", "cls", "max")
"""How rows of tokens become one vector: their mean, the first of them, or the largest of each entry."""
LETTERS = 256
"""Ids of bytes, behind which stand the two around a text."""
MAX_RANDOM_WIDTH = 1024
PADS = 3
"""Tokens of padding in the pass that checks a vector."""


class EncoderConfig(NamedTuple):
    """The sizes of an encoder: BERT-base's, unless told."""

    vocabulary: int = 30522
    width: int = 768
    layers: int = 12
    heads: int = 12
    inner: int = 3072  # the width within an MLP
    places: int = 512  # rows of the table of positions
    types: int = 2  # of segments; every token is of the first
    activation: str = "gelu"
    eps: float = 1e-12
    first_place: int = 0  # of the first token: RoBERTa's is 2

    @property
    def context(self) -> int:
        """The most tokens of a text."""
        return self.places - self.first_place

    def check(self) -> EncoderConfig:
        """Return the configuration, or raise an InputError if there can't be an encoder of it."""
        check_sizes(self, ("vocabulary", "width", "layers", "heads", "inner", "context", "types"))
        check_heads(self.width, self.heads)
        check_choice("activation", self.activation, ACTIVATIONS)
        return self


class EncoderPass(NamedTuple):
    """What an encoder gives for some tokens."""

    hidden: FloatArray  # (..., T, width), after the last layer
    attention: FloatArray | None  # (layers, ..., heads, T, T), the weights, if kept


class Encoder:
    """An encoder of weights by BERT's names, as they stand in its file.

    x = norm(token + place + type); in each layer x = norm(x + W_o attention(x)) and
    x = norm(x + W_2 f(W_1 x)), where every token sees all others. Devlin et al. (2018).
    """

    def __init__(self, config: EncoderConfig, weights: Mapping[str, Any]) -> None:
        self.config, self.weights = config.check(), weights
        if config.layers > len(weights):
            why = f"{config.layers} layers need more weights than the {len(weights)} that there are"
            raise InputError(why, operand="layers")
        for name, shape in encoder_shapes(config).items():
            if name not in weights:
                raise InputError(f"the weights lack {name}")
            if weights[name].shape != shape:
                has, wanted = ("x".join(map(str, one)) for one in (weights[name].shape, shape))
                raise InputError(f"{name} has a shape of {has or 'one number'}, not of {wanted}")

    @np.errstate(all="ignore")  # what is no number is found in the vector
    def run(self, ids: ArrayLike, mask: ArrayLike | None = None, *, keep: bool = False) -> EncoderPass:
        """Return the rows of tokens ids (..., T); those where `mask` (..., T) is 0 are padding, seen by none.

        `keep` returns attention weights.
        """
        config, tokens = self.config, np.atleast_1d(np.asarray(ids))
        length = tokens.shape[-1]
        if not tokens.size:
            raise InputError("tokens are a list of at least one id")
        if length > config.context:
            raise InputError(f"{length} tokens are more than the {config.context} of the context")
        seen = None if mask is None else as_mask(mask, tokens)[..., np.newaxis, np.newaxis, :]
        first = config.first_place
        x = embedding(self._weight("tokens"), tokens) + self._weight("types")[0]
        x = self._norm("norm", x + self._weight("places")[first : first + length])
        attention = []
        for k in range(config.layers):
            q, keys, values = (self._heads(part, x, k) for part in "qkv")
            weights, heads = attend(q, keys, values, seen)
            attention += [weights] if keep else []
            mixed = np.moveaxis(heads, -3, -2).reshape(x.shape)
            x = self._norm("norm_1", x + self._linear("mixed", mixed, k), k)
            inner = ACTIVATIONS[config.activation](self._linear("up", x, k))
            x = self._norm("norm_2", x + self._linear("down", inner, k), k)
        return EncoderPass(x, np.stack(attention) if keep else None)

    def _heads(self, part: str, x: FloatArray, layer: int) -> FloatArray:
        """Return queries, keys or values (..., heads, T, d)."""
        rows = self._linear(part, x, layer)
        return np.moveaxis(rows.reshape(*rows.shape[:-1], self.config.heads, -1), -3, -2)

    def _linear(self, part: str, rows: FloatArray, layer: int) -> FloatArray:
        return project(rows, self._weight(part, layer), self._bias(part, layer))

    def _norm(self, part: str, x: FloatArray, layer: int = 0) -> FloatArray:
        return np.asarray(layer_norm(x, self._weight(part, layer), self._bias(part, layer), self.config.eps))

    def _weight(self, part: str, layer: int = 0) -> FloatArray:
        return np.asarray(self.weights[f"{NAMES[part].format(k=layer)}.weight"])

    def _bias(self, part: str, layer: int) -> FloatArray:
        return np.asarray(self.weights[f"{NAMES[part].format(k=layer)}.bias"])


def as_mask(mask: ArrayLike, tokens: FloatArray) -> Any:
    """Return a mask as booleans of the tokens' shape, at least one of a text true."""
    seen = np.asarray(mask)
    if seen.shape != tokens.shape or not np.isin(seen, (0, 1)).all():
        raise InputError("a mask has a 1 for each token and a 0 for each of padding", operand="mask")
    if not seen.any(axis=-1).all():
        raise InputError("a text is padding alone", operand="mask")
    return seen.astype(np.bool_)


def encoder_shapes(config: EncoderConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights that an encoder needs."""
    width, inner = config.width, config.inner
    shapes: dict[str, tuple[int, ...]] = {
        f"{NAMES['tokens']}.weight": (config.vocabulary, width),
        f"{NAMES['places']}.weight": (config.places, width),
        f"{NAMES['types']}.weight": (config.types, width),
        f"{NAMES['norm']}.weight": (width,),
        f"{NAMES['norm']}.bias": (width,),
    }
    layer: dict[str, tuple[int, ...]] = {
        **dict.fromkeys(("q", "k", "v", "mixed"), (width, width)),
        "up": (inner, width),
        "down": (width, inner),
        **dict.fromkeys(("norm_1", "norm_2"), (width,)),
    }
    for k in range(config.layers):
        for part, shape in layer.items():
            name = NAMES[part].format(k=k)
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    return shapes


class Route(NamedTuple):
    """What made vectors of tokens."""

    encoder: Encoder
    pooling: str
    no_normalize: bool
    hidden: FloatArray  # (..., T, width), what the last layer gives for each token
    seen: Any  # (..., T), False of padding


class Embedding(NamedTuple):
    """The vectors of texts, and how they came of their tokens."""

    ids: TokenIds
    pooled: TextVectors  # in float64, whatever the encoder computes in
    norm: Scalars  # |pooled|
    vector: TextVectors  # pooled / norm, unless it is left as it is
    route: Route

    @property
    def tokens(self) -> IntegerScalars:
        """How many tokens a text has, with those that the model wants around it."""
        return np.asarray(self.route.seen.sum(axis=-1))

    @property
    def hidden(self) -> TokenVectors:
        """What the last layer gives for each token."""
        return self.route.hidden

    @property
    def first_entries(self) -> TokenWeights:
        """The first entry of each token's row."""
        return np.asarray(self.hidden[..., 0])

    @property
    def row_norms(self) -> TokenWeights:
        """The length of each token's row."""
        rows = self.hidden.astype(np.float64)
        return np.asarray(np.sqrt((rows * rows).sum(axis=-1)))

    @property
    def pooled_1(self) -> Scalars:
        """The first entry of what was pooled."""
        return np.asarray(self.pooled[..., 0])

    def check(self) -> Check:
        """Return the vectors beside those of the same texts with padding behind them, which no token sees."""
        seen = self.route.seen
        pads = min(PADS, self.route.encoder.config.context - seen.shape[-1])
        ahead = [(0, 0)] * (seen.ndim - 1)
        ids, mask = (np.pad(array, (*ahead, (0, pads))) for array in (self.ids, seen))
        encoder, pooling, no_normalize, *_ = self.route
        other = embed(encoder, ids, pooling, no_normalize, mask=mask)
        return Check(self.vector, other.vector, np.abs(self.vector).max(axis=-1, keepdims=True))


def embed(
    encoder: Encoder,
    ids: ArrayLike,
    pooling: str = "mean",
    no_normalize: bool = False,
    *,
    mask: ArrayLike | None = None,
) -> Embedding:
    """Return the vectors of texts of tokens ids (..., T), of which `mask` marks padding by 0.

    pooled = Σ h_t / T of the rows h_t that the last layer gives for T tokens, or the first row ("cls"), or
    the largest of each entry ("max"); vector = pooled / |pooled|, unless it is left as it is. Reimers and
    Gurevych (2019).

    >>> found = embed(letter_encoder(), letter_ids("king"))
    >>> found.vector.shape, round(float(np.linalg.norm(found.vector)), 12)
    ((8,), 1.0)
    """
    if pooling not in POOLINGS:
        why = f"pooling is {', '.join(POOLINGS[:-1])} or {POOLINGS[-1]}, not '{pooling}'"
        raise InputError(why, operand="pooling", usage=True)
    tokens = np.atleast_1d(np.asarray(ids))
    hidden = encoder.run(tokens, mask).hidden
    seen = np.ones(tokens.shape, np.bool_) if mask is None else as_mask(mask, tokens)
    pooled = _pool(hidden, seen, pooling)
    size = np.abs(pooled).max(axis=-1, keepdims=True)
    scaled = pooled / np.where(size > 0.0, size, 1.0)
    length = np.sqrt((scaled * scaled).sum(axis=-1, keepdims=True))
    norm = np.asarray((size * length)[..., 0])
    if not no_normalize and not (norm > 0.0).all():
        hint = Remedy("use {no_normalize}", no_normalize=True)
        raise InputError("the vector is 0, and has no direction", hint=hint)
    vector = np.asarray(pooled if no_normalize else scaled / length, hidden.dtype)
    return Embedding(tokens, pooled, norm, vector, Route(encoder, pooling, no_normalize, hidden, seen))


def _pool(hidden: FloatArray, seen: Any, pooling: str) -> Array:
    """Return one vector (..., width) of rows (..., T, width), of which those of padding don't count."""
    if pooling == "mean":
        counted = np.where(seen[..., np.newaxis], hidden, 0.0)
        pooled = counted.sum(axis=-2, dtype=np.float64) / seen.sum(axis=-1, keepdims=True)
    elif pooling == "cls":
        pooled = hidden[..., 0, :]
    else:
        pooled = np.where(seen[..., np.newaxis], hidden, -np.inf).max(axis=-2)
    if not np.isfinite(pooled).all():
        raise InputError("the numbers of the model are beyond the floating-point range")
    return np.asarray(pooled, np.float64)


def letter_encoder(width: int = 8, dtype: DTypeLike = np.float64) -> Encoder:
    """Return a small encoder of bytes that nobody has trained: what it does is a trained one's arithmetic."""
    if not 2 <= width <= MAX_RANDOM_WIDTH or width % 2:
        raise InputError(f"width must be even, 2 to {MAX_RANDOM_WIDTH}, not {width}", operand="width")
    config = EncoderConfig(LETTERS + 2, width, 1, 2, 2 * width)
    rng = np.random.Generator(np.random.PCG64(0))
    weights = {}
    for name, shape in encoder_shapes(config).items():
        spread = 0.5 if "embeddings" in name else 1.0 / np.sqrt(shape[-1])
        weights[name] = rng.standard_normal(shape) * spread if len(shape) == 2 else np.zeros(shape)
        if name.endswith("LayerNorm.weight"):
            weights[name] += 1.0
    return Encoder(config, {name: array.astype(dtype) for name, array in weights.items()})


def letter_ids(text: str) -> list[int]:
    """Return the ids of a text for `letter_encoder`: its bytes, between one that begins and one that ends.

    >>> letter_ids("ab")
    [256, 97, 98, 257]
    """
    return [LETTERS, *text.encode(), LETTERS + 1]
