"""A small GPT that learns: its sizes, its weights by GPT-2's names, and its forward pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.nn._parameters import Parameters
from aimath.core.nn._sizes import check_heads, check_sizes
from aimath.core.nn.autograd._functions import gelu, relu, silu
from aimath.core.nn.autograd._fused import (
    attention,
    cross_entropy_loss,
    dropout,
    embedding,
    layer_norm,
    linear,
)
from aimath.core.numerics.arrays import check_choice
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, DTypeLike

    from aimath.core.numerics.types import FloatArray

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu, "silu": silu}


class GPTConfig(NamedTuple):
    """The sizes of a GPT with learned positions, norms before each part, a head of its own and no biases."""

    vocabulary: int
    context: int  # the most tokens that it sees at once
    layers: int = 2
    width: int = 48
    heads: int = 4
    activation: str = "relu"

    def check(self) -> GPTConfig:
        """Return the configuration, or raise an InputError if there can't be a GPT of it."""
        check_sizes(self, self._fields[:5])
        check_heads(self.width, self.heads)
        check_choice("activation", self.activation, ACTIVATIONS)
        return self


class GPT:
    """A GPT (Radford et al. 2019) whose weights are Parameters, by GPT-2's names.

    At the start the head and what a block adds are 0, so that all tokens are equally likely: the loss is
    ln(vocabulary) exactly. The other matrices (m, n) are normal with variance 1/m, embeddings with .02².

    >>> gpt = GPT(GPTConfig(27, 16))
    >>> len(gpt.parameters.values)
    58896
    >>> float(gpt.loss([[0, 1, 2]], [[1, 2, 3]]).value) == math.log(27)
    True
    """

    def __init__(self, config: GPTConfig, seed: int = 0, dtype: DTypeLike = np.float64) -> None:
        self.config = config.check()
        rng = np.random.default_rng(seed)
        shapes = weight_shapes(config)
        starts = {name: _start(name, shape, rng) for name, shape in shapes.items()}
        gains = [name for name, shape in shapes.items() if len(shape) == 1]
        self.parameters = Parameters(starts, dtype, no_decay=[*gains, "wte.weight", "wpe.weight"])

    @property
    def matrices(self) -> list[str]:
        """The names of the matrices within blocks: those that Muon is for."""
        return [name for name in self.parameters if name.startswith("h.") and self.parameters[name].ndim == 2]

    def logits(self, ids: ArrayLike, masks: Mapping[str, FloatArray] | None = None) -> Any:
        """Return the logits (..., T, vocabulary) of the token after each of ids (..., T), T up to `context`.

        x = wte[id] + wpe[place]; in each block x = x + W_o attention(norm(x)), x = x + W_2 f(W_1 norm(x));
        logits = W_head norm(x). `masks` of dropout, by the names "embedding", "h.0.attn", "h.0.mlp" and so
        on.
        """
        p, masks, tokens = self.parameters, masks or {}, np.asarray(ids)
        length = tokens.shape[-1]
        if length > self.config.context:
            raise InputError(f"{length} tokens are more than the {self.config.context} of the context")

        def maybe_dropped(name: str, x: Any) -> Any:
            return dropout(x, masks[name]) if name in masks else x

        x = embedding(p["wte.weight"], tokens) + p["wpe.weight"][:length]
        x = maybe_dropped("embedding", x)
        activation = ACTIVATIONS[self.config.activation]
        for k in range(self.config.layers):
            block = f"h.{k}"
            rows = layer_norm(x, p[f"{block}.ln_1.weight"])
            mixed = attention(linear(rows, p[f"{block}.attn.c_attn.weight"]), heads=self.config.heads)
            x = x + maybe_dropped(f"{block}.attn", linear(mixed, p[f"{block}.attn.c_proj.weight"]))
            rows = layer_norm(x, p[f"{block}.ln_2.weight"])
            inner = activation(linear(rows, p[f"{block}.mlp.c_fc.weight"]))
            x = x + maybe_dropped(f"{block}.mlp", linear(inner, p[f"{block}.mlp.c_proj.weight"]))
        return linear(layer_norm(x, p["ln_f.weight"]), p["lm_head.weight"].T)

    def loss(
        self,
        ids: ArrayLike,
        targets: ArrayLike,
        ignore: int | None = None,
        weights: ArrayLike | None = None,
        masks: Mapping[str, FloatArray] | None = None,
    ) -> Any:
        """Return the mean cross-entropy, in nats, of targets (..., T) after ids (..., T)."""
        return cross_entropy_loss(self.logits(ids, masks), targets, ignore, weights)


def weight_shapes(config: GPTConfig) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a GPT's weights by GPT-2's names; matrices of blocks are (inputs, outputs)."""
    d = config.width
    shapes: dict[str, tuple[int, ...]] = {
        "wte.weight": (config.vocabulary, d),
        "wpe.weight": (config.context, d),
    }
    for k in range(config.layers):
        shapes |= {
            f"h.{k}.ln_1.weight": (d,),
            f"h.{k}.attn.c_attn.weight": (d, 3 * d),
            f"h.{k}.attn.c_proj.weight": (d, d),
            f"h.{k}.ln_2.weight": (d,),
            f"h.{k}.mlp.c_fc.weight": (d, 4 * d),
            f"h.{k}.mlp.c_proj.weight": (4 * d, d),
        }
    return shapes | {"ln_f.weight": (d,), "lm_head.weight": (config.vocabulary, d)}


def _start(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    if len(shape) == 1:
        return np.ones(shape)
    if name == "lm_head.weight" or name.endswith("c_proj.weight"):
        return np.zeros(shape)
    spread = 0.02 if name in {"wte.weight", "wpe.weight"} else 1.0 / math.sqrt(shape[0])
    return rng.normal(0.0, spread, shape)
