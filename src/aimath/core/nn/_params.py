"""A transformer's size: its parameters by part, operations a token, and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.nn import _counts as counts
from aimath.core.nn._architecture import Architecture, check_architecture, check_size
from aimath.core.nn._model_size import BITS, PARTS, ModelSize, to_bytes
from aimath.errors import InputError, Remedy, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable

NEEDED = {"layers", "d_model", "heads", "vocab"}
MAX_EXACT = 1 << 53
"""Whole numbers beyond it are no longer all float64."""
DEFAULT_CONTEXT = 2048
LIKE: dict[str, dict[str, Any]] = {
    "llama": {},
    "gpt2": {
        "gated": False, "norm_bias": True, "qkv_bias": True, "out_bias": True, "mlp_bias": True, "tied": True,
        "positions": 1024,
    },
    "bert": {
        "gated": False, "norm_bias": True, "qkv_bias": True, "out_bias": True, "mlp_bias": True,
        "decoder": False, "positions": 512, "token_types": 2,
        "embedding_norm": True, "final_norm": False, "pooler": True,
    },
}  # fmt: skip
"""What models of a family have in common beside their sizes."""


def params(
    config: Architecture | None = None,
    *,
    layers: int | None = None,
    d_model: int | None = None,
    heads: int | None = None,
    vocab: int | None = None,
    kv_heads: int | None = None,
    head_dim: int | None = None,
    d_ff: int | None = None,
    positions: int | None = None,
    tied: bool = False,
    like: str = "llama",
    experts: int | None = None,
    experts_per_token: int | None = None,
    window: int | None = None,
    context: int | None = None,
    batch: int = 1,
    dtype: str = "bf16",
    cache_dtype: str | None = None,
) -> ModelSize:
    """Return the parameters of a transformer by part, its operations a token and its memory.

    Of an Architecture, or of layers, d_model, heads and vocab: `like` llama (RMS norm, three matrices
    an MLP, no biases), gpt2 (layer norm, biases, a table of positions, a tied head) or bert.
    flops = 2 · weights multiplied + 4 · layers · heads · head_dim · context (Kaplan et al. 2020).

    >>> params(layers=12, d_model=768, heads=12, vocab=50257, like="gpt2").parameters
    124439808
    >>> params(layers=32, d_model=4096, heads=32, vocab=32000).parameters
    6738415616
    """
    sizes = {
        "layers": layers, "d_model": d_model, "heads": heads, "vocab": vocab, "kv_heads": kv_heads,
        "head_dim": head_dim, "d_ff": d_ff, "positions": positions, "experts": experts,
        "experts_per_token": experts_per_token, "window": window,
    }  # fmt: skip
    given = {name: value for name, value in sizes.items() if value is not None}
    if bool(given) == bool(config) or not (config or given.keys() >= NEEDED):
        raise InputError("give config, or layers, d_model, heads and vocab", usage=True)
    architecture = check_architecture(config) if config else _describe(given, tied=tied, like=like)
    for name, count in {"context": context, "batch": batch}.items():
        if count is not None:
            check_size(name, count)
    for name, word in {"dtype": dtype, "cache_dtype": cache_dtype or dtype}.items():
        _check_word(name, word, BITS)
    rows = architecture.positions
    length = context or rows or DEFAULT_CONTEXT
    if rows and length > rows:
        raise InputError(
            "{operand} is {value}, and the table of positions has {rows} rows",
            operand="context",
            value=length,
            rows=rows,
            usage=True,
        )
    return _measure(architecture, length, batch, dtype, cache_dtype or dtype)


def _check_word(name: str, word: str, known: Iterable[str]) -> None:
    if word not in known:
        hint = suggest(word, known, f"choose from {', '.join(known)}")
        raise InputError("{operand}: {word!r} is not known", operand=name, word=word, hint=hint, usage=True)


def _describe(given: dict[str, int], *, tied: bool, like: str) -> Architecture:
    """Return the architecture of a family with the sizes given, and the usual ones for the rest."""
    _check_word("like", like, LIKE)
    for name, value in given.items():
        check_size(name, value)
    if "experts_per_token" in given and "experts" not in given:
        more = Remedy("give {experts} too", experts=...)
        raise InputError("{operand} is of experts", operand="experts_per_token", hint=more, usage=True)
    family = {"tied": tied} | LIKE[like]
    d, heads, experts = given["d_model"], given["heads"], given.get("experts", 0)
    if d % heads and "head_dim" not in given:
        why = f"{d} is no multiple of {heads} heads"
        raise InputError(
            f"{{operand}}: {why}",
            operand="d_model",
            hint=Remedy("give {head_dim} too", head_dim=...),
            usage=True,
        )
    width = given.get("d_ff", 4 * d if like != "llama" else -(-(8 * d // 3) // 256) * 256)
    sizes = {
        "layers": given["layers"], "d_model": d, "heads": heads, "kv_heads": given.get("kv_heads", heads),
        "head_dim": given.get("head_dim", d // heads), "value_dim": given.get("head_dim", d // heads),
        "d_ff": width, "vocab": given["vocab"], "experts": experts, "expert_d_ff": width if experts else 0,
        "experts_per_token": given.get("experts_per_token", min(2, experts)) if experts else 0,
        "window": given.get("window", 0), "window_layers": given["layers"] if "window" in given else 0,
    }  # fmt: skip
    table = {"positions": given["positions"]} if "positions" in given else {}
    return check_architecture(Architecture(**family | sizes | table))


def _measure(s: Architecture, context: int, batch: int, dtype: str, cache_dtype: str) -> ModelSize:
    each = [
        count(s) for count in (counts.embeddings, counts.attention, counts.mlps, counts.norms, counts.head)
    ]
    total = sum(each)
    active = total - s.expert_layers * (s.experts - s.experts_per_token) * counts.expert(s)
    multiplied = active - each[0] + counts.head_again(s)
    flops = 2 * multiplied + counts.attention_flops(s, context)
    cache = to_bytes(batch * counts.positions_seen(s, context) * counts.cached_numbers(s), cache_dtype)
    words = s.decoder * s.vocab * s.d_model * (not s.tied)  # the head's, not a pooler's
    size = ModelSize(
        parameters=total,
        part=np.array(PARTS),
        by_part=np.array(each if total <= MAX_EXACT else [0] * len(PARTS)),
        non_embedding=total - each[0] - words,
        active=active,
        flops=flops,
        flops_training=3 * flops,
        kv_cache=cache,
        memory_inference=to_bytes(total, dtype) + cache,
        memory_training=0,
        context=context,
        batch=batch,
        dtype=dtype,
        cache_dtype=cache_dtype,
        architecture=s,
    )
    size = size._replace(memory_training=total * size.training_bytes)
    _check_exact(size)
    return size


def _check_exact(size: ModelSize) -> None:
    """Raise InputError if a quantity is too large to be told to the last digit."""
    told = {
        "parameters": size.parameters,
        "FLOPs a token to train": size.flops_training,
        "bytes to infer": size.memory_inference,
        "bytes to train": size.memory_training,
    }
    for what, value in told.items():
        if value > MAX_EXACT:
            raise InputError(f"{float(value):.3g} {what} are more than 2^53, and no more are counted")
