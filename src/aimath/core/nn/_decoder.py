"""The forward pass of a decoder with given weights: GPT-2, Llama, Qwen and what is built like them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.nn._sizes import check_heads, check_sizes
from aimath.core.nn.autograd._functions import gelu, relu, silu
from aimath.core.nn.autograd._fused import attend, embedding, layer_norm, linear, rms_norm
from aimath.core.numerics.arrays import check_choice
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.numerics.types import FloatArray

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "gelu": gelu,
    "gelu_tanh": lambda x: gelu(x, "tanh"),
    "silu": silu,
}
NAMES = {
    "gpt2": {
        "tokens": "wte",
        "places": "wpe",
        "norm_1": "h.{k}.ln_1",
        "qkv": "h.{k}.attn.c_attn",
        "mixed": "h.{k}.attn.c_proj",
        "norm_2": "h.{k}.ln_2",
        "up": "h.{k}.mlp.c_fc",
        "down": "h.{k}.mlp.c_proj",
        "norm": "ln_f",
        "head": "lm_head",
    },
    "llama": {
        "tokens": "model.embed_tokens",
        "norm_1": "model.layers.{k}.input_layernorm",
        "q": "model.layers.{k}.self_attn.q_proj",
        "k": "model.layers.{k}.self_attn.k_proj",
        "v": "model.layers.{k}.self_attn.v_proj",
        "mixed": "model.layers.{k}.self_attn.o_proj",
        "norm_2": "model.layers.{k}.post_attention_layernorm",
        "q_norm": "model.layers.{k}.self_attn.q_norm",
        "k_norm": "model.layers.{k}.self_attn.k_norm",
        "gate": "model.layers.{k}.mlp.gate_proj",
        "up": "model.layers.{k}.mlp.up_proj",
        "down": "model.layers.{k}.mlp.down_proj",
        "norm": "model.norm",
        "head": "lm_head",
    },
}
NAMES["olmo2"] = NAMES["llama"] | {
    "norm_1": "model.layers.{k}.post_attention_layernorm",
    "norm_2": "model.layers.{k}.post_feedforward_layernorm",
}
"""What a part's `.weight` and `.bias` are called. GPT-2's matrices are (inputs, outputs), others turned."""
LEAST_ROOM = 16
"""Tokens that a cache has room for at first."""
BLOCK_NUMBERS = 1 << 22
"""A head that is read as it is needed is turned into numbers so many at a time."""


class DecoderConfig(NamedTuple):
    """The sizes of a decoder, and which of the known ways each of its parts goes."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int  # as many as heads, or fewer that are shared
    context: int  # the most tokens
    names: str = "gpt2"  # or "llama", "olmo2"
    norm: str = "layer"  # or "rms"
    eps: float = 1e-5
    activation: str = "gelu_tanh"  # "gelu", "relu" or "silu"; of the gate, where there is one
    theta: float | None = None  # of rotary positions; None: learned ones are added to the tokens
    head_width: int | None = None  # width / heads, unless told
    tied: bool = True  # the head is the table of tokens
    norm_first: bool = True  # x + f(norm(x)), and a norm at the end; else norm(x + f(x)), as in GPT-1
    norm_added: bool = False  # x + norm(f(x)) in place of the first, as in OLMo 2
    qk_norm: str = (
        "none"  # RMS norms: "head" of each query and key, as in Qwen 3, "all" of all heads', as in OLMo 2
    )
    rates: tuple[float, ...] | None = None  # the angle a place of each pair, where it isn't theta^(-2i/d)

    @property
    def d(self) -> int:
        """The width of a head."""
        return self.head_width or self.width // self.heads

    def check(self) -> DecoderConfig:
        """Return the configuration, or raise an InputError if there can't be a decoder of it."""
        check_sizes(self, ("vocabulary", "width", "layers", "heads", "kv_heads", "context"))
        if self.heads % self.kv_heads:
            raise InputError(f"{self.heads} heads can't share {self.kv_heads} of keys", operand="kv_heads")
        if self.head_width is None:
            check_heads(self.width, self.heads)
        if self.theta is not None and (self.d % 2 or not 0.0 < self.theta < math.inf):
            raise InputError("rotary positions need a theta above 0 and heads of even width", operand="theta")
        if self.rates is not None and len(self.rates) != self.d // 2:
            raise InputError(
                f"{len(self.rates)} rates don't fit heads of {self.d // 2} pairs", operand="rates"
            )
        if self.norm_added and not self.norm_first:
            raise InputError("norms stand behind what is added, or behind the sum", operand="norm_added")
        choices = {"names": NAMES, "norm": ("layer", "rms"), "activation": ACTIVATIONS}
        choices |= {"qk_norm": ("none", "head", "all")}
        for name, known in choices.items():
            check_choice(name, getattr(self, name), known)
        return self


def project(rows: FloatArray, weight: FloatArray, bias: FloatArray | None = None) -> FloatArray:
    """Return y = x Wᵀ + b of rows x (..., m), W (n, m) as files of most models hold it, b (n,).

    It is computed as (W xᵀ)ᵀ, which of few rows BLAS does in half the time.

    >>> project(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0], [0.0, 1.0]])).tolist()
    [[11.0, 17.0, 2.0]]
    """
    together = rows.reshape(-1, rows.shape[-1])
    y = np.ascontiguousarray((weight @ together.T).T).reshape(*rows.shape[:-1], len(weight))
    return np.asarray(y if bias is None else y + bias)


class KVCache:
    """Keys and values (kv_heads, tokens, d) of each layer for the tokens that a decoder has seen.

    The arrays behind them double when they are full, so that a token costs no copy of those before it.
    """

    def __init__(self) -> None:
        self._rooms: list[tuple[FloatArray, FloatArray]] = []  # with room for more tokens
        self._seen: list[int] = []

    def __len__(self) -> int:
        """Return how many tokens have been seen."""
        return self._seen[-1] if self._seen else 0

    def extend(self, layer: int, k: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all keys and values of a layer, these behind the earlier: views, good until the next."""
        if layer == len(self._rooms):
            self._rooms.append((_roomy(k, 0, k.shape[-2]), _roomy(v, 0, v.shape[-2])))
            self._seen.append(0)
        seen = self._seen[layer]
        end = seen + k.shape[-2]
        if end > self._rooms[layer][0].shape[-2]:
            keys, values = self._rooms[layer]
            self._rooms[layer] = _roomy(keys, seen, end), _roomy(values, seen, end)
        keys, values = self._rooms[layer]
        keys[..., seen:end, :], values[..., seen:end, :] = k, v
        self._seen[layer] = end
        return keys[..., :end, :], values[..., :end, :]

    def copy(self) -> KVCache:
        """Return a cache of the same tokens that goes its own way."""
        twin = KVCache()
        twin._rooms = [(keys.copy(), values.copy()) for keys, values in self._rooms]
        twin._seen = [*self._seen]
        return twin


def _roomy(rows: FloatArray, seen: int, wanted: int) -> FloatArray:
    """Return an array of at least `wanted` tokens, twice those at hand, with the first `seen` of them."""
    size = max(wanted, 2 * rows.shape[-2], LEAST_ROOM)
    room = np.empty((*rows.shape[:-2], size, rows.shape[-1]), rows.dtype)
    room[..., :seen, :] = rows[..., :seen, :]
    return room


class DecoderPass(NamedTuple):
    """What a decoder gives for some tokens, and, if kept, how it came to it."""

    logits: FloatArray  # (T, vocabulary), of the token after each; the last alone if asked
    hidden: FloatArray  # (T, width), from which the head makes them: after the last norm
    contributions: (
        FloatArray | None
    )  # (1 + 2 · layers, T, width): tokens, attention, MLP, ...; T that are kept
    attention: FloatArray | None  # (layers, heads, T, tokens seen), the weights


class Decoder:
    """A decoder of weights by the names of its origin, as they stand in its file.

    x = token + place; in each layer x = x + W_o attention(norm(x)) and x = x + mlp(norm(x)), where mlp is
    W_2 f(W_1 x), or with a gate W_2 (f(W_g x) · W_1 x) (Shazeer 2020); logits = W_head norm(x). Biases are
    added where there are some. Radford et al. (2019); Touvron et al. (2023). A weight is an array, or has a
    shape, rows by their numbers and `__array__`: what is read of a file as it is needed.
    """

    def __init__(self, config: DecoderConfig, weights: Mapping[str, Any]) -> None:
        self.config = config.check()
        self.weights = {name.removeprefix("transformer."): array for name, array in weights.items()}
        self._check_shapes()

    def run(
        self,
        ids: ArrayLike,
        cache: KVCache | None = None,
        *,
        keep: bool | Sequence[int] = False,
        layers: Sequence[int] | None = None,
        last: bool = False,
    ) -> DecoderPass:
        """Return the logits after tokens ids (T,), which come behind those of the cache, if one is given.

        `keep` returns attention weights and what each part added, of all tokens or of those at these places,
        the weights of all layers or of these; `last` makes logits of the last alone.
        """
        config, tokens = self.config, np.atleast_1d(np.asarray(ids))
        seen = len(cache) if cache else 0
        if tokens.ndim != 1 or not tokens.size:
            raise InputError("tokens are a list of at least one id")
        if seen + len(tokens) > config.context:
            raise InputError(f"{seen + len(tokens)} tokens are more than the {config.context} of the context")
        places = np.arange(seen, seen + len(tokens))
        x = self._embedded(tokens)
        if config.theta is None:
            x = x + np.asarray(self._stored("places")[places])
        kept = slice(None) if keep is True else [*keep] if keep else []
        added, attention = [x[kept]], []
        for k in range(config.layers):
            before = config.norm_first and not config.norm_added
            mixed, weights = self._attention(self._norm("norm_1", x, k) if before else x, k, places, cache)
            mixed = self._norm("norm_1", mixed, k) if config.norm_added else mixed
            if keep and (layers is None or k in layers):
                attention.append(weights[:, kept])
            x = x + mixed
            if not config.norm_first:
                x = self._norm("norm_1", x, k)
            inner = self._mlp(self._norm("norm_2", x, k) if before else x, k)
            inner = self._norm("norm_2", inner, k) if config.norm_added else inner
            x = x + inner
            if not config.norm_first:
                x = self._norm("norm_2", x, k)
            added += [mixed[kept], inner[kept]] if keep else []
        x = self._norm("norm", x) if config.norm_first else x
        path = (np.stack(added), np.stack(attention)) if keep else (None, None)
        return DecoderPass(self.unembed(x[-1:] if last else x), x, *path)

    def _embedded(self, tokens: FloatArray) -> FloatArray:
        table = self._stored("tokens")
        if isinstance(table, np.ndarray):
            return np.asarray(embedding(table, tokens))
        embedding(np.empty((self.config.vocabulary, 0)), tokens)  # which checks that there are such ids
        return np.asarray(table[tokens])

    def unembed(self, hidden: FloatArray) -> FloatArray:
        """Return the logits (..., vocabulary) of normed rows (..., width): W_head x."""
        head = self._stored(self._head)
        if isinstance(head, np.ndarray):
            return project(hidden, head)
        step = max(1, BLOCK_NUMBERS // self.config.width)
        blocks = (np.asarray(head[k : k + step]) for k in range(0, self.config.vocabulary, step))
        return np.concatenate([project(hidden, rows) for rows in blocks], axis=-1)

    def head_row(self, token: int) -> FloatArray:
        """Return the head's row (width,) of a token: what its logit is the product with."""
        row: FloatArray = np.asarray(self._stored(self._head)[[token]])[0]
        return row

    @property
    def _head(self) -> str:
        return "tokens" if self.config.tied else "head"

    def final_norm(self, x: FloatArray) -> FloatArray:
        """Return rows (..., width) as the head reads them: what the logit lens applies to earlier layers."""
        return self._norm("norm", x) if self.config.norm_first else x

    def states(self, contributions: FloatArray) -> list[FloatArray]:
        """Return x (..., width) before the first layer and after each, of what each part added."""
        x = contributions[0]
        found = [x]
        for k in range(self.config.layers):
            for part, added in (("norm_1", contributions[2 * k + 1]), ("norm_2", contributions[2 * k + 2])):
                x = x + added
                if not self.config.norm_first:
                    x = self._norm(part, x, k)
            found.append(x)
        return found

    def normed_parts(self, contributions: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return what each part added (1 + 2 · layers, width) as the head reads it, and the norms' biases.

        A norm divides all that it is given by one number, that of their sum, and so acts on each alone.
        """
        parts, bias = contributions.copy(), np.zeros(contributions.shape[-1])
        biased = False
        steps = [("norm", 0, len(parts))]
        if not self.config.norm_first:
            places = [(part, k) for k in range(self.config.layers) for part in ("norm_1", "norm_2")]
            steps = [(part, k, 2 + n) for n, (part, k) in enumerate(places)]
        for part, layer, count in steps:
            x = parts[:count].sum(axis=0) + bias
            gain = self._weight(part, layer).astype(np.float64)
            shift = self._bias(part, layer)
            inner = np.concatenate((parts[:count], bias[np.newaxis]))
            if self.config.norm == "layer":
                inner -= inner.mean(axis=-1, keepdims=True)
                x = x - x.mean()
            inner *= gain / np.sqrt((x * x).mean() + self.config.eps)
            parts[:count], bias = inner[:-1], inner[-1]
            if shift is not None:
                bias, biased = bias + shift, True
        return parts, bias if biased else None

    def _attention(
        self, rows: FloatArray, layer: int, places: FloatArray, cache: KVCache | None
    ) -> tuple[FloatArray, FloatArray]:
        """Return W_o softmax(Q Kᵀ / √d) V (T, width), and the weights (heads, T, tokens seen)."""
        config, groups = self.config, self.config.kv_heads
        q, k, v = self._qkv(rows, layer)
        if config.theta is not None:
            q, k = (rotate(x, places, config.theta, config.rates) for x in (q, k))
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        grouped = q.reshape(groups, -1, *q.shape[-2:])  # (groups, heads / groups, T, d)
        seen = np.arange(k.shape[-2]) <= places[:, np.newaxis]
        weights, grouped = attend(grouped, k[:, np.newaxis], v[:, np.newaxis], seen)
        heads = grouped.reshape(q.shape)
        mixed = np.moveaxis(heads, 0, 1).reshape(len(rows), -1)
        return self._linear("mixed", mixed, layer), weights.reshape(config.heads, *weights.shape[-2:])

    def _qkv(self, rows: FloatArray, layer: int) -> list[FloatArray]:
        """Return Q (heads, T, d), K and V (kv_heads, T, d)."""
        config = self.config
        counts = (config.heads, config.kv_heads, config.kv_heads)
        if "qkv" in NAMES[config.names]:
            ends = np.cumsum(counts)[:2] * config.d
            parts: Sequence[FloatArray] = np.split(self._linear("qkv", rows, layer), ends, axis=-1)
        else:
            parts = [self._linear(part, rows, layer) for part in "qkv"]
        q, k, v = (part.reshape(len(rows), n, config.d) for part, n in zip(parts, counts, strict=True))
        if config.qk_norm != "none":
            q, k = self._norm_of_heads("q_norm", q, layer), self._norm_of_heads("k_norm", k, layer)
        return [np.moveaxis(part, 1, 0) for part in (q, k, v)]

    def _norm_of_heads(self, part: str, rows: FloatArray, layer: int) -> FloatArray:
        """Return rows (T, heads, d) after the norm of each head, or of all of them together."""
        inner = rows if self.config.qk_norm == "head" else rows.reshape(len(rows), -1)
        return np.asarray(rms_norm(inner, self._weight(part, layer), self.config.eps)).reshape(rows.shape)

    def _mlp(self, rows: FloatArray, layer: int) -> FloatArray:
        activation = ACTIVATIONS[self.config.activation]
        up = self._linear("up", rows, layer)
        if "gate" in NAMES[self.config.names]:
            return self._linear("down", activation(self._linear("gate", rows, layer)) * up, layer)
        return self._linear("down", activation(up), layer)

    def _linear(self, part: str, rows: FloatArray, layer: int) -> FloatArray:
        w, bias = self._weight(part, layer), self._bias(part, layer)
        return np.asarray(linear(rows, w, bias)) if self.config.names == "gpt2" else project(rows, w, bias)

    def _norm(self, part: str, x: FloatArray, layer: int = 0) -> FloatArray:
        gain, eps = self._weight(part, layer), self.config.eps
        if self.config.norm == "rms":
            return np.asarray(rms_norm(x, gain, eps))
        bias = self._bias(part, layer)
        return np.asarray(layer_norm(x, gain, 0.0 if bias is None else bias, eps))

    def _stored(self, part: str, layer: int = 0) -> Any:
        """Return a weight as it was given: an array, or what becomes one."""
        return self.weights[f"{NAMES[self.config.names][part].format(k=layer)}.weight"]

    def _weight(self, part: str, layer: int = 0) -> FloatArray:
        return np.asarray(self._stored(part, layer))

    def _bias(self, part: str, layer: int = 0) -> FloatArray | None:
        bias = self.weights.get(f"{NAMES[self.config.names][part].format(k=layer)}.bias")
        return None if bias is None else np.asarray(bias)

    def _check_shapes(self) -> None:
        """Raise an InputError if a weight is missing or not of the configuration's shape."""
        for name, shape in decoder_shapes(self.config).items():
            if name not in self.weights:
                raise InputError(f"the weights lack {name}")
            found = self.weights[name].shape
            if len(found) != len(shape) or any(n not in {m, None} for m, n in zip(found, shape, strict=True)):
                has, wanted = (
                    "x".join("any" if n is None else str(n) for n in one) for one in (found, shape)
                )
                raise InputError(f"{name} has a shape of {has or 'one number'}, not of {wanted}")


def rotate(
    x: FloatArray, places: ArrayLike, theta: float, rates: Sequence[float] | None = None
) -> FloatArray:
    """Return rows x (..., T, d), each pair (x_i, x_i+d/2) turned by place · theta^(-2i/d) or rates_i.

    Su et al. (2021), with the halves of a row as pairs, as in Llama's published weights.

    >>> rotate(np.array([[1.0, 0.0]]), [1], 10000.0).round(6)
    array([[0.540302, 0.841471]])
    """
    half = x.shape[-1] // 2
    turned = theta ** (-np.arange(half) / half) if rates is None else np.asarray(rates)
    angles = np.asarray(places, np.float64)[:, np.newaxis] * turned
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def decoder_shapes(config: DecoderConfig) -> dict[str, tuple[int | None, ...]]:
    """Return the shapes of the weights that a decoder needs; None is a length of its own choice."""
    width, heads, keys = config.width, config.heads * config.d, config.kv_heads * config.d
    layer: dict[str, tuple[int | None, ...]] = {
        "norm_1": (width,),
        "norm_2": (width,),
        "qkv": (width, heads + 2 * keys),
        "q": (width, heads),
        "k": (width, keys),
        "v": (width, keys),
        "mixed": (heads, width),
        "gate": (width, None),
        "up": (width, None),
        "down": (None, width),
    }
    if config.qk_norm != "none":
        layer |= {"q_norm": (config.d,), "k_norm": (config.d,)}
    if config.qk_norm == "all":
        layer |= {"q_norm": (heads,), "k_norm": (keys,)}
    whole: dict[str, tuple[int | None, ...]] = {"tokens": (config.vocabulary, width)}
    if config.theta is None:
        whole["places"] = (config.context, width)
    if config.norm_first:
        whole["norm"] = (width,)
    if not config.tied:
        whole["head"] = (config.vocabulary, width)
    names: dict[str, str] = NAMES[config.check().names]
    shapes: dict[str, tuple[int | None, ...]] = {}
    for part, shape in whole.items():
        if part not in names:
            raise InputError(f"weights by the names of {config.names} have no {part}", operand="names")
        shapes[f"{names[part]}.weight"] = shape
    for k in range(config.layers):
        for part in layer.keys() & names.keys():
            shape = layer[part] if config.names == "gpt2" else layer[part][::-1]
            shapes[f"{names[part].format(k=k)}.weight"] = shape
    return shapes
