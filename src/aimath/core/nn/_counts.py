"""How many numbers each part of a transformer has, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aimath.core.nn._architecture import Architecture


def embeddings(s: Architecture) -> int:
    """Return the numbers in the tables that tokens, positions and segments are looked up in."""
    return (s.vocab + s.positions + s.token_types) * s.d_model


def attention(s: Architecture) -> int:
    """Return the numbers in attention: layers · 2 · d_model · head_dim · (heads + kv_heads)."""
    return s.layers * (attention_matrices(s) + attention_biases(s))


def attention_matrices(s: Architecture) -> int:
    """Return the numbers in the matrices of one layer's attention."""
    if not s.kv_rank:
        return 2 * s.d_model * s.head_dim * (s.heads + s.kv_heads)
    return sum(latent_matrices(s))


def latent_matrices(s: Architecture) -> tuple[int, int, int, int]:
    """Return the numbers in one layer's latent attention: queries, squeezing, spreading, output."""
    up = s.heads * s.head_dim
    return (
        s.q_rank * (s.d_model + up) if s.q_rank else s.d_model * up,
        s.d_model * (s.kv_rank + s.rope_dim),
        s.kv_rank * s.heads * (s.head_dim - s.rope_dim + s.value_dim),
        s.heads * s.value_dim * s.d_model,
    )


def attention_biases(s: Architecture) -> int:
    """Return the numbers in the biases of one layer's attention."""
    down = s.q_rank + s.kv_rank + s.rope_dim
    inputs = down if s.kv_rank else s.head_dim * (s.heads + 2 * s.kv_heads)
    return s.qkv_bias * inputs + s.out_bias * s.d_model


def mlps(s: Architecture) -> int:
    """Return the numbers in all MLPs, experts and routers."""
    return (s.layers - s.expert_layers) * mlp(s, s.d_ff) + s.expert_layers * expert_layer(s)


def mlp(s: Architecture, width: int) -> int:
    """Return the numbers in one MLP: 3 · d_model · width with a gate, else 2, and its biases."""
    return s.mlp_matrices * s.d_model * width + s.mlp_bias * ((s.mlp_matrices - 1) * width + s.d_model)


def expert(s: Architecture) -> int:
    """Return the numbers in one expert."""
    return mlp(s, s.expert_d_ff)


def expert_layer(s: Architecture) -> int:
    """Return the numbers in the experts of a layer, its router and what every token passes."""
    return s.experts * expert(s) + router(s) + shared(s)


def router(s: Architecture) -> int:
    """Return the numbers in a router: d_model an expert, and perhaps a bias."""
    return s.experts * (s.d_model + s.router_bias)


def shared(s: Architecture) -> int:
    """Return the numbers in what every token passes beside the experts that are chosen."""
    return (mlp(s, s.shared_d_ff) if s.shared_d_ff else 0) + s.shared_gate * s.d_model


def norms(s: Architecture) -> int:
    """Return the numbers in all norms."""
    return s.layers * layer_norms(s) + outer_norms(s)


def layer_norms(s: Architecture) -> int:
    """Return the numbers in one layer's norms."""
    ranks = s.q_rank + s.kv_rank
    return (1 + s.norm_bias) * (s.layer_norms * s.d_model + sum(s.qk_norms) + ranks)


def outer_norms(s: Architecture) -> int:
    """Return the numbers in the norms before the first layer and behind the last."""
    return (1 + s.norm_bias) * s.d_model * (s.final_norm + s.embedding_norm)


def head(s: Architecture) -> int:
    """Return the numbers in the head that are not in the table of embeddings, or in a pooler."""
    return s.vocab * s.d_model * (s.decoder and not s.tied) + s.d_model * (s.d_model + 1) * s.pooler


def head_again(s: Architecture) -> int:
    """Return the numbers of a tied head: the table of embeddings, which multiplies there."""
    return s.vocab * s.d_model * (s.decoder and s.tied)


def positions_seen(s: Architecture, context: int) -> int:
    """Return the positions that the last of `context` tokens sees, added up over the layers."""
    narrow = min(context, s.window) if s.window_layers else 0
    return (s.layers - s.window_layers) * context + s.window_layers * narrow


def attention_flops(s: Architecture, context: int) -> int:
    """Return the operations of one token's scores and mixtures: 4 · layers · heads · head_dim · context."""
    return 2 * s.heads * (s.head_dim + s.value_dim) * positions_seen(s, context)


def cached_numbers(s: Architecture) -> int:
    """Return the numbers that a layer keeps of a position: 2 · kv_heads · head_dim; an encoder, none."""
    if not s.decoder:
        return 0
    return s.kv_rank + s.rope_dim if s.kv_rank else s.kv_heads * (s.head_dim + s.value_dim)
