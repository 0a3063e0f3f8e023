"""What a transformer weighs and costs, quantity by quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.nn import _counts as counts
from aimath.core.nn._architecture import Architecture, tensor_shapes
from aimath.core.numerics.arrays import Check

if TYPE_CHECKING:
    from aimath.core.numerics.axes import PartCounts, PartTexts, StoreBytes, StoreTexts, TrainingBytes

PARTS = ("embeddings", "attention", "mlp", "norms", "head")
BITS = {
    "bf16": 16, "fp16": 16, "fp32": 32, "fp64": 64, "fp8": 8, "fp4": 4, "int8": 8, "int4": 4,
    "bfloat16": 16, "float16": 16, "float32": 32, "float64": 64, "float8": 8,
}  # fmt: skip
"""Bits of a number by the name of its type; what scales a block of them is not counted."""
GIB = 1 << 30


class ModelSize(NamedTuple):
    """What a transformer weighs, and what a token costs."""

    parameters: int
    part: PartTexts  # embeddings, attention, mlp, norms, head
    by_part: PartCounts  # parameters of each
    non_embedding: int  # without the tables of the vocabulary: embeddings and head (Kaplan et al. 2020)
    active: int  # those that one token passes: of the experts the chosen ones alone
    flops: int  # of one token forward, that sees `context` positions
    flops_training: int  # forward and backward, 3 times that
    kv_cache: int  # bytes of the keys and values of `batch` sequences of length `context`
    memory_inference: int  # bytes of weights and cache
    memory_training: int  # bytes of weights, gradients and Adam's state; activations are not counted
    context: int
    batch: int
    dtype: str
    cache_dtype: str
    architecture: Architecture

    @property
    def store(self) -> StoreTexts:
        """What memory holds: weights and cache to answer; weights and what Adam keeps to learn."""
        return np.array(
            ["weights", "KV cache", *(f"training: {name}" for name in _training_bytes(self.dtype))]
        )

    @property
    def by_store(self) -> StoreBytes:
        """Bytes of each."""
        each = (self.parameters * size for size in self.training_each.tolist())
        return np.array([self.weights, self.kv_cache, *each])

    @property
    def training_each(self) -> TrainingBytes:
        """Bytes a weight of what Adam holds: weight, gradient, a weight in 32 bits beside 16, two means."""
        return np.array(list(_training_bytes(self.dtype).values()))

    @property
    def training_bytes(self) -> int:
        """Bytes a weight while Adam trains it."""
        return sum(_training_bytes(self.dtype).values())

    @property
    def weights(self) -> int:
        """Bytes of the weights."""
        return to_bytes(self.parameters, self.dtype)

    @property
    def weight_bytes(self) -> float:
        """Bytes of one weight."""
        return BITS[self.dtype] / 8

    @property
    def cache_bytes(self) -> float:
        """Bytes of one number of the cache."""
        return BITS[self.cache_dtype] / 8

    @property
    def cached(self) -> int | None:
        """Numbers that a layer keeps of a position: keys and values, or what both are made of."""
        return counts.cached_numbers(self.architecture) or None

    @property
    def seen(self) -> int:
        """Positions that a token sees, added up over the layers: a window hides those further back."""
        return counts.positions_seen(self.architecture, self.context)

    @property
    def narrow(self) -> int | None:
        """Positions that a token sees in a layer with a window."""
        return min(self.context, self.architecture.window) if self.architecture.window else None

    @property
    def attention_flops(self) -> int:
        """Operations of a token's scores and mixtures."""
        return counts.attention_flops(self.architecture, self.context)

    @property
    def multiplied(self) -> int:
        """Weights that a token is multiplied by: no table, which is looked up; the head, tied or not."""
        return self.active - int(self.by_part[0]) + self.head_again

    @property
    def head_again(self) -> int:
        """The head's weights, where they are those of the embeddings."""
        return counts.head_again(self.architecture)

    @property
    def attention_weights(self) -> int:
        """Weights of one layer's attention, without biases."""
        return counts.attention_matrices(self.architecture)

    @property
    def attention_biases(self) -> int:
        """Biases of one layer's attention."""
        return counts.attention_biases(self.architecture)

    @property
    def latent_queries(self) -> int | None:
        """Weights of one layer's queries, in latent attention."""
        return counts.latent_matrices(self.architecture)[0] if self.architecture.kv_rank else None

    @property
    def latent_down(self) -> int | None:
        """Weights that squeeze its keys and values."""
        return counts.latent_matrices(self.architecture)[1] if self.architecture.kv_rank else None

    @property
    def latent_up(self) -> int | None:
        """Weights that spread them again."""
        return counts.latent_matrices(self.architecture)[2] if self.architecture.kv_rank else None

    @property
    def latent_output(self) -> int | None:
        """Weights of its last matrix."""
        return counts.latent_matrices(self.architecture)[3] if self.architecture.kv_rank else None

    @property
    def mlp_layer(self) -> int:
        """Weights of one MLP that every token passes."""
        return counts.mlp(self.architecture, self.architecture.d_ff)

    @property
    def mlp_biases(self) -> int:
        """Biases of it."""
        return self.mlp_layer - self.mlp_matrices * self.d_model * self.d_ff

    @property
    def mlp_matrices(self) -> int:
        """Matrices of an MLP: 3 with a gate, else 2."""
        return self.architecture.mlp_matrices

    @property
    def norm_layer(self) -> int:
        """Weights of one layer's norms."""
        return counts.layer_norms(self.architecture)

    @property
    def norm_outside(self) -> int:
        """Weights of the norms before the first layer and behind the last."""
        return counts.outer_norms(self.architecture)

    @property
    def expert(self) -> int | None:
        """Weights of one expert."""
        return counts.expert(self.architecture) if self.experts else None

    @property
    def router(self) -> int | None:
        """Weights of one layer's router."""
        return counts.router(self.architecture) if self.experts else None

    @property
    def shared(self) -> int | None:
        """Weights of what every token passes beside the experts of a layer."""
        return counts.shared(self.architecture) if self.experts else None

    @property
    def expert_layer(self) -> int | None:
        """Weights of a layer's experts, its router and what is shared."""
        return counts.expert_layer(self.architecture) if self.experts else None

    @property
    def expert_layers(self) -> int | None:
        """Layers with experts."""
        return self.architecture.expert_layers if self.experts else None

    @property
    def dense_layers(self) -> int | None:
        """Layers without, in a model that has some."""
        return self.layers - self.architecture.expert_layers if self.experts else None

    @property
    def value_dim(self) -> int:
        """The width of a value."""
        return self.architecture.value_dim

    @property
    def kv_cache_gib(self) -> float:
        """The cache in units of 2^30 bytes."""
        return self.kv_cache / GIB

    @property
    def memory_inference_gib(self) -> float:
        """Weights and cache in units of 2^30 bytes."""
        return self.memory_inference / GIB

    @property
    def memory_training_gib(self) -> float:
        """What training holds in units of 2^30 bytes."""
        return self.memory_training / GIB

    @property
    def tensors(self) -> int:
        """How many tensors there are."""
        return sum([one.copies for one in tensor_shapes(self.architecture)])

    @property
    def layers(self) -> int:
        """Layers."""
        return self.architecture.layers

    @property
    def d_model(self) -> int:
        """The width of the stream between layers."""
        return self.architecture.d_model

    @property
    def heads(self) -> int:
        """Heads of queries."""
        return self.architecture.heads

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.architecture.kv_heads

    @property
    def head_dim(self) -> int:
        """The width of a query and a key."""
        return self.architecture.head_dim

    @property
    def d_ff(self) -> int:
        """The width of an MLP."""
        return self.architecture.d_ff

    @property
    def vocab(self) -> int:
        """Tokens of the vocabulary."""
        return self.architecture.vocab

    @property
    def positions(self) -> int | None:
        """Rows of the table of positions, if there is one."""
        return self.architecture.positions or None

    @property
    def experts(self) -> int | None:
        """Experts a layer, if there are any."""
        return self.architecture.experts or None

    @property
    def experts_per_token(self) -> int | None:
        """Experts that a token passes."""
        return self.architecture.experts_per_token or None

    @property
    def window(self) -> int | None:
        """Positions that a token sees in layers with a window."""
        return self.architecture.window or None

    @property
    def tensor_sum(self) -> int:
        """The parameters again, from the shapes of all tensors."""
        return sum([one.size for one in tensor_shapes(self.architecture)])

    def check(self) -> Check:
        """Return how many numbers the tensors have beyond the parameters by formula, beside 0: exactly."""
        return Check(np.asarray(self.tensor_sum - self.parameters), np.asarray(0))


def to_bytes(numbers: int, dtype: str) -> int:
    """Return the whole bytes that so many numbers take."""
    return -(-numbers * BITS[dtype] // 8)


def _training_bytes(dtype: str) -> dict[str, int]:
    """Return the bytes a weight of what training by Adam holds.

    Of fewer than 32 bits it is mixed precision (Micikevicius et al. 2018): 16-bit weights and gradients,
    and a copy of the weights in 32 bits, as Adam's means are.
    """
    if BITS[dtype] >= 32:
        return dict.fromkeys(("weights", "gradients", "Adam's m", "Adam's v"), BITS[dtype] // 8)
    return {"weights": 2, "gradients": 2, "weights in fp32": 4, "Adam's m": 4, "Adam's v": 4}
