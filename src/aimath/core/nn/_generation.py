"""A text that a decoder goes on with, token by token, from what it has seen of the tokens before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.nn._decoder import KVCache
from aimath.core.nn._decoder_views import finite
from aimath.core.probability import log_softmax_rows, sample

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aimath.core.nn._decoder import Decoder


class Sampling(NamedTuple):
    """How the next token is drawn, as `sample` has it: stages in vLLM's order."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0


class Continued(NamedTuple):
    """Tokens that a decoder wrote, and how surprising they were to it, in nats."""

    ids: tuple[int, ...]
    nats: float
    ended: bool  # by a token that ends a text, which is not among them


def continue_tokens(
    decoder: Decoder,
    ids: Sequence[int],
    most: int,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    ends: Collection[int] = (),
    seen: tuple[KVCache, np.ndarray] | None = None,
) -> Continued:
    """Return up to `most` tokens after ids, each drawn from what the decoder says after those before it.

    It stops before a token of `ends`, and where the context is full. `seen` is what `read_prompt` gave: a
    prompt that several texts begin with is run once.
    """
    how = sampling or Sampling()
    cache, logits = read_prompt(decoder, ids) if seen is None else (seen[0].copy(), seen[1])
    written: list[int] = []
    nats = 0.0
    while len(written) < most:
        told = finite(logits).astype(np.float64)
        left = sample(told, how.temperature, how.top_k, how.top_p, how.min_p).probs
        token = _draw(left, rng.random())
        nats -= float(log_softmax_rows(told)[token])
        if token in ends:
            return Continued(tuple(written), nats, ended=True)
        written.append(token)
        if len(written) == most or len(ids) + len(written) > decoder.config.context:
            break
        logits = decoder.run([token], cache, last=True).logits[0]
    return Continued(tuple(written), nats, ended=False)


def read_prompt(decoder: Decoder, ids: Sequence[int]) -> tuple[KVCache, np.ndarray]:
    """Return what is kept of a prompt, and the logits after it."""
    cache = KVCache()
    return cache, decoder.run(ids, cache, last=True).logits[0]


def _draw(probs: np.ndarray, uniform: float) -> int:
    """Return the first token whose running sum exceeds a random number, or the last that may be."""
    reached = np.cumsum(probs) > uniform
    return int(reached.argmax() if reached.any() else np.flatnonzero(probs)[-1])
