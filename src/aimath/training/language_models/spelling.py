"""What every model of letters can do: write lines letter by letter, and tell its surprise at one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.probability import sample, softmax_rows
from aimath.errors import InputError
from aimath.text import quote
from aimath.training.interface import Samples, Surprise
from aimath.training.language_models.letters import encode_lines, load_names

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aimath.core.numerics.types import Array, FloatArray, Indices
    from aimath.training.interface import Asked

BLOCK = 4096
"""Contexts that are asked about at once."""


class Speller:
    """A model of the letter that comes after those before it in a line.

    `longest` is how many letters a line of its own may have; `known` are the lines it learned, None where
    they aren't at hand.
    """

    def __init__(self, tokens: Sequence[str], longest: int, known: Collection[str] | None) -> None:
        self.tokens, self.longest, self.known = tuple(tokens), longest, known

    def next_logits(self, ids: Indices) -> FloatArray:
        """Return logits (m, tokens) of the letter after lines (m, t), which begin with the mark."""
        raise NotImplementedError

    def samples(self, asked: Asked) -> Samples:
        """Return lines, each until its end mark is drawn or it is as long as may be."""
        if asked.label is not None or asked.path:
            raise InputError(f"{'--label' if asked.label is not None else '--path'} is for images")
        rng = np.random.default_rng(asked.seed)
        start = encode_lines([asked.prompt], self.tokens).ids[:-1]
        if len(asked.prompt) > self.longest:
            raise InputError(f"a prompt has at most {self.longest} letters here, not {len(asked.prompt)}")
        ids = np.tile(start, (asked.samples, 1))
        surprise, going = np.zeros(asked.samples), np.ones(asked.samples, np.bool_)
        while going.any() and ids.shape[1] <= self.longest:
            logits = np.asarray(self.next_logits(ids[going]), np.float64)
            drawn = _draw(logits, asked, rng.random(asked.samples)[going])
            surprise[going] -= np.log(softmax_rows(logits)[0][np.arange(len(drawn)), drawn])
            ids = np.column_stack([ids, np.zeros(asked.samples, np.intp)])
            ids[going, -1] = drawn
            going[going] = drawn != 0
        texts = tuple("".join(self.tokens[k] for k in row if k) for row in ids)
        new = None if self.known is None or not texts else sum(text not in self.known for text in texts)
        share = None if new is None else new / len(texts)
        return Samples(texts=texts, surprise=tuple(surprise.tolist()), new=share)

    def surprise(self, text: str) -> Surprise:
        """Return -ln p of each letter of a line and of its end mark."""
        ids = encode_lines([text], self.tokens).ids
        if len(text) > self.longest:
            raise InputError(f"{quote(text)} has {len(text)} letters, at most {self.longest} can be told")
        nats = [self._surprise_at(ids, t) for t in range(1, len(ids))]
        return Surprise(text, tuple(self.tokens[k] for k in ids[1:]), np.array(nats))

    def _surprise_at(self, ids: Indices, t: int) -> float:
        return float(-np.log(self.next_probs(ids[np.newaxis, :t])[0, ids[t]]))

    def next_probs(self, ids: Indices) -> Array:
        """Return the chances (m, tokens) of the letter after lines (m, t), which begin with the mark."""
        return np.asarray(softmax_rows(np.asarray(self.next_logits(ids), np.float64))[0])

    def after(self, text: str) -> Array:
        """Return the chances (tokens,) of the letter after a text."""
        return np.asarray(self.next_probs(encode_lines([text], self.tokens).ids[np.newaxis, :-1])[0])


def _draw(logits: Array, asked: Asked, uniform: Array) -> Indices:
    """Return what is drawn of each row of logits, after the stages that were asked for."""
    stages: dict[str, Any] = {
        name: value for name in ("top_k", "top_p", "min_p") if (value := getattr(asked, name)) is not None
    }
    probs: Array = sample(logits, asked.temperature, **stages).probs
    reached = np.cumsum(probs, axis=1) > uniform[:, np.newaxis]
    last = probs.shape[1] - 1 - np.argmax(probs[:, ::-1] > 0.0, axis=1)
    return np.asarray(np.where(reached.any(axis=1), reached.argmax(axis=1), last))


def window(ids: Indices, n: int) -> Indices:
    """Return the last n letters (m, n) of lines (m, t), marks before where there are fewer.

    >>> window(np.array([[0, 3, 5]]), 5)
    array([[0, 0, 0, 3, 5]])
    """
    short = max(n - ids.shape[1], 0)
    whole = np.pad(ids, ((0, 0), (short, 0)))
    return np.asarray(whole[:, whole.shape[1] - n :])


def known_lines(tokens: Sequence[str]) -> Collection[str] | None:
    """Return the names that ship with aimath, if these are their letters, else None."""
    names = load_names()
    return frozenset(names.training.lines) if tuple(tokens) == names.tokens else None
