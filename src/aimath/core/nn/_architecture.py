"""The sizes of a transformer, and the tensors that they make."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from aimath.errors import InputError

MAX_SIZE = 10**9
"""No size is larger: a config that says more is a mistake."""


class Architecture(NamedTuple):
    """What decides how many weights a transformer has; what it doesn't have is 0."""

    layers: int
    d_model: int
    heads: int
    kv_heads: int  # heads of keys and values, which groups of `heads` share
    head_dim: int  # of a query and a key
    value_dim: int  # of a value; it differs from head_dim in latent attention alone
    d_ff: int  # of an MLP that every token passes
    vocab: int
    tied: bool = False  # the head is the table of embeddings again
    decoder: bool = True  # tokens see those before them and a head tells the next; else an encoder
    pooler: bool = False  # BERT's layer behind the last
    gated: bool = True  # an MLP has three matrices, act(x G) * (x U) times D; else two
    positions: int = 0  # rows of a table of positions
    token_types: int = 0  # rows of a table of segments
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    norm_bias: bool = False  # layer norm has one, RMS norm has not
    layer_norms: int = 2  # in each layer, of width d_model
    final_norm: bool = True
    embedding_norm: bool = False
    qk_norm: bool = False  # of each query and key, of width head_dim
    qk_norm_whole: bool = False  # of those of all heads together, as in OLMo 2
    experts: int = 0  # of which a router chooses
    experts_per_token: int = 0
    expert_d_ff: int = 0
    shared_d_ff: int = 0  # of what every token passes beside the chosen experts
    shared_gate: bool = False  # one number decides how much of it
    router_bias: bool = False
    dense_layers: int = 0  # those without experts, in a model that has some
    q_rank: int = 0  # of latent attention: the width that queries are squeezed to
    kv_rank: int = 0  # the same of keys and values: that much is kept in the cache
    rope_dim: int = 0  # of head_dim: what is rotated, and shared by all heads
    window: int = 0  # positions that a token sees in some layers
    window_layers: int = 0

    @property
    def expert_layers(self) -> int:
        """How many layers have experts."""
        return self.layers - self.dense_layers if self.experts else 0

    @property
    def queries(self) -> int:
        """The width of the queries of all heads."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """The width of the keys, and of the values, of all heads that have some."""
        return self.kv_heads * self.head_dim

    @property
    def qk_norms(self) -> tuple[int, int]:
        """The widths of the norms of queries and of keys."""
        if not self.qk_norm:
            return 0, 0
        return (self.queries, self.keys) if self.qk_norm_whole else (self.head_dim, self.head_dim)

    @property
    def values(self) -> int:
        """The width of what all heads give to the last matrix of attention."""
        return self.heads * self.value_dim

    @property
    def mlp_matrices(self) -> int:
        """Matrices of an MLP."""
        return 3 if self.gated else 2


def check_architecture(sizes: Architecture) -> Architecture:
    """Return the sizes, or raise InputError about the first that can't be.

    >>> check_architecture(Architecture(1, 8, 3, 2, 4, 4, 32, 100))
    Traceback (most recent call last):
    aimath.errors.InputError: 3 heads can't share 2 heads of keys and values; take a divisor of 3
    """
    for name in ("layers", "d_model", "heads", "kv_heads", "head_dim", "value_dim", "d_ff", "vocab"):
        check_size(name, getattr(sizes, name))
    if sizes.heads % sizes.kv_heads:
        why = f"{sizes.heads} heads can't share {sizes.kv_heads} heads of keys and values"
        raise InputError(why, hint=f"take a divisor of {sizes.heads}", operand="kv_heads", usage=True)
    if sizes.experts:
        check_size("experts_per_token", sizes.experts_per_token, sizes.experts)
    return sizes


def check_size(name: str, value: int, most: int = MAX_SIZE) -> None:
    """Raise InputError unless 1 <= value <= most."""
    if not 1 <= value <= most:
        raise InputError(
            "{operand} must be 1 to {most}, not {value}", operand=name, most=most, value=value, usage=True
        )


class TensorShape(NamedTuple):
    """Tensors of one shape: a name, the part they belong to, and how many there are."""

    name: str
    part: str
    shape: tuple[int, ...]
    copies: int

    @property
    def size(self) -> int:
        """Numbers in all of them."""
        return self.copies * prod(self.shape)


def tensor_shapes(sizes: Architecture) -> list[TensorShape]:
    """Return every tensor of a transformer; those of equal layers and experts once, with their number.

    >>> sizes = Architecture(2, 8, 2, 2, 4, 4, 32, 100, tied=True)
    >>> [(one.name, one.shape, one.copies) for one in tensor_shapes(sizes)][:2]
    [('embedding.tokens', (100, 8), 1), ('attention.q', (8, 8), 2)]
    """
    s, d = sizes, sizes.d_model
    found = [
        _tensor("embedding.tokens", "embeddings", (s.vocab, d)),
        _tensor("embedding.positions", "embeddings", (s.positions, d)),
        _tensor("embedding.types", "embeddings", (s.token_types, d)),
        *(_norm("embedding.norm", d, 1, bias=s.norm_bias) if s.embedding_norm else []),
        *(_latent_attention(s) if s.kv_rank else _attention(s)),
        *_mlp("mlp", s, s.d_ff, s.layers - s.expert_layers),
        *(_experts(s) if s.expert_layers else []),
        *(_norm("norm.final", d, 1, bias=s.norm_bias) if s.final_norm else []),
        *([_tensor("head", "head", (s.vocab, d))] if s.decoder and not s.tied else []),
        *(_linear("pooler", "head", (d, d), 1, bias=True) if s.pooler else []),
    ]
    for k in range(s.layer_norms):
        found += _norm(f"norm.{k}", d, s.layers, bias=s.norm_bias)
    return [one for one in found if one.size]


def _tensor(name: str, part: str, shape: tuple[int, ...], copies: int = 1) -> TensorShape:
    return TensorShape(name, part, shape, copies)


def _linear(
    name: str, part: str, shape: tuple[int, int], copies: int, *, bias: bool = False
) -> list[TensorShape]:
    """Return the matrix (inputs, outputs) of a linear map, and its bias."""
    biases = [_tensor(f"{name}.bias", part, shape[1:], copies)] if bias else []
    return [_tensor(name, part, shape, copies), *biases]


def _norm(name: str, width: int, copies: int, *, bias: bool) -> list[TensorShape]:
    tensors = ("gain", "bias") if bias else ("gain",)
    return [_tensor(f"{name}.{tensor}", "norms", (width,), copies) for tensor in tensors]


def _attention(s: Architecture) -> list[TensorShape]:
    d, n, (q_norm, k_norm) = s.d_model, s.layers, s.qk_norms
    return [
        *_linear("attention.q", "attention", (d, s.queries), n, bias=s.qkv_bias),
        *_linear("attention.k", "attention", (d, s.keys), n, bias=s.qkv_bias),
        *_linear("attention.v", "attention", (d, s.keys), n, bias=s.qkv_bias),
        *_linear("attention.o", "attention", (s.values, d), n, bias=s.out_bias),
        *_norm("norm.q", q_norm, n, bias=s.norm_bias),
        *_norm("norm.k", k_norm, n, bias=s.norm_bias),
    ]


def _latent_attention(s: Architecture) -> list[TensorShape]:
    """Return the tensors of latent attention (DeepSeek-V2, 2024): few numbers make keys and values."""
    d, n = s.d_model, s.layers
    down, up = (d, s.kv_rank + s.rope_dim), s.heads * (s.head_dim - s.rope_dim) + s.values
    squeezed = _linear("attention.q.down", "attention", (d, s.q_rank), n, bias=s.qkv_bias)
    return [
        *(squeezed if s.q_rank else []),
        *_norm("norm.q", s.q_rank, n, bias=s.norm_bias),
        *_linear("attention.q.up", "attention", (s.q_rank or d, s.queries), n),
        *_linear("attention.kv.down", "attention", down, n, bias=s.qkv_bias),
        *_norm("norm.kv", s.kv_rank, n, bias=s.norm_bias),
        *_linear("attention.kv.up", "attention", (s.kv_rank, up), n),
        *_linear("attention.o", "attention", (s.values, d), n, bias=s.out_bias),
    ]


def _mlp(name: str, s: Architecture, width: int, copies: int) -> list[TensorShape]:
    gate = _linear(f"{name}.gate", "mlp", (s.d_model, width), copies, bias=s.mlp_bias)
    return [
        *(gate if s.gated else []),
        *_linear(f"{name}.up", "mlp", (s.d_model, width), copies, bias=s.mlp_bias),
        *_linear(f"{name}.down", "mlp", (width, s.d_model), copies, bias=s.mlp_bias),
    ]


def _experts(s: Architecture) -> list[TensorShape]:
    n = s.expert_layers
    return [
        *_linear("router", "mlp", (s.d_model, s.experts), n, bias=s.router_bias),
        *_mlp("expert", s, s.expert_d_ff, n * s.experts),
        *(_mlp("shared", s, s.shared_d_ff, n) if s.shared_d_ff else []),
        *([_tensor("shared.weight", "mlp", (s.d_model, 1), n)] if s.shared_gate else []),
    ]
