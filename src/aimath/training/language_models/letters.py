"""Lines of letters to learn from: which are held out, what their letters are called, and their contexts."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.errors import InputError
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.numerics.types import FloatArray, Indices

MARK = "."
"""What the end of a line is called, and what stands before its first letter."""
FEWEST, LONGEST, MOST_LETTERS, MOST_CELLS = 50, 64, 100, 20_000_000
"""Lines at least, letters of a line, different letters, and letters times different ones at most."""


class Part(NamedTuple):
    """Some of the lines, as one array of token numbers with a mark, 0, before, between and behind."""

    lines: tuple[str, ...]
    ids: Indices

    @property
    def size(self) -> int:
        """How many letters there are to tell, the mark behind each line counted."""
        return self.ids.size - 1

    @property
    def starts(self) -> Indices:
        """The places in `ids` of the mark before each line."""
        return np.flatnonzero(self.ids[:-1] == 0)


class Corpus(NamedTuple):
    """Lines in three parts, what token numbers stand for, the mark first, and what lines are called."""

    tokens: tuple[str, ...]
    training: Part
    validation: Part
    test: Part
    called: str = "lines"

    @property
    def description(self) -> str:
        """How many lines are learned from and held out."""
        sizes = [f"{len(part.lines):,}" for part in (self.training, self.validation, self.test)]
        return f"{sizes[0]} {self.called}; {sizes[1]} to choose by, {sizes[2]} held out"


class Distinct(NamedTuple):
    """The different contexts of some lines, and how often each letter came after each of them."""

    contexts: Indices  # (m, n), the nearest letter last, 0 before the first
    counts: FloatArray  # (m, tokens)


@cache
def load_names() -> Corpus:
    """Return the 29,910 first names that ship with aimath; see data/names.txt.

    >>> names = load_names()
    >>> names.description
    '26,948 names; 1,489 to choose by, 1,473 held out'
    """
    import gzip  # noqa: PLC0415  what a list of the runs doesn't need
    import importlib.resources  # noqa: PLC0415  the same

    packed = importlib.resources.files("aimath").joinpath("data/names.txt.gz").read_bytes()
    return split_lines(gzip.decompress(packed).decode("ascii").split())._replace(called="names")


def split_lines(lines: Sequence[str]) -> Corpus:
    """Return lines in three parts, by their SHA-256: 18 of 20 are learned from, 1 chosen by, 1 tested on.

    A line is the same part's in every list. Blank lines and blanks at the ends don't count, and of equal
    lines one alone is kept: a line that was learned would be no test.
    """
    kept = tuple(dict.fromkeys(stripped for line in lines if (stripped := line.strip())))
    _check_lines(kept)
    tokens = (MARK, *sorted(set("".join(kept))))
    _check_letters(kept, tokens)
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for line in kept:
        parts[{0: 2, 1: 1}.get(hash_place(line), 0)].append(line)
    for part, purpose in zip(parts, ("learn from", "choose by", "test on"), strict=True):
        if not part:
            raise InputError(f"of {len(kept)} lines none is left to {purpose}", hint="give more of them")
    learned, validation, test = (encode_lines(part, tokens) for part in parts)
    return Corpus(tokens, learned, validation, test)


def hash_place(line: str) -> int:
    """Return the twentieth that a line belongs to: its SHA-256's first 12 digits, modulo 20.

    >>> hash_place("emma")
    4
    """
    return int(hashlib.sha256(line.encode()).hexdigest()[:12], 16) % 20


def _check_lines(lines: Sequence[str]) -> None:
    for line in lines:
        if not line.isprintable():
            why = f"{quote(line[:LONGEST])} holds what can't be printed"
            raise InputError(why, hint="give lines of plain text")
        if len(line) > LONGEST:
            why = f"a line of {len(line):,} letters is too long: {quote(line[:20] + '…')}"
            raise InputError(why, hint=f"at most {LONGEST}: a name, a word or a short title a line")
    if len(lines) < FEWEST:
        many = f"{len(lines)} different lines" if len(lines) != 1 else "one line"
        hint = f"give at least {FEWEST}, one name or word a line"
        raise InputError(f"{many} can't be learned from" if lines else "there are no lines", hint=hint)


def _check_letters(lines: Sequence[str], tokens: Sequence[str]) -> None:
    if MARK in tokens[1:]:
        line = next(line for line in lines if MARK in line)
        why = f"{quote(line)} holds {quote(MARK)}, which marks the end of a line here"
        raise InputError(why, hint="leave it out, or write another sign")
    letters = len(tokens) - 1
    if letters > MOST_LETTERS:
        why = f"there are {letters:,} different letters, at most {MOST_LETTERS} are learned"
        raise InputError(why, hint="write the lines in one alphabet, say in lower case alone")
    total = sum(len(line) + 1 for line in lines)
    if total * len(tokens) > MOST_CELLS:
        most = MOST_CELLS // len(tokens)
        raise InputError(f"{total:,} letters are too many, at most {most:,}", hint="give fewer lines")


def encode_lines(lines: Sequence[str], tokens: Sequence[str]) -> Part:
    """Return lines as token numbers.

    >>> encode_lines(["ab", "b"], (".", "a", "b")).ids
    array([0, 1, 2, 0, 2, 0])
    """
    number = {ord(token): k for k, token in enumerate(tokens)}
    text = MARK + MARK.join(lines) + MARK
    try:
        ids = np.array([number[ord(letter)] for letter in text], np.intp)
    except KeyError as unknown:
        hint = f"its letters are {''.join(token for token in tokens if token != MARK)}"
        raise InputError(f"there is no {quote(chr(unknown.args[0]))} among its letters", hint=hint) from None
    return Part(tuple(lines), ids)


def context_windows(part: Part, n: int) -> tuple[Indices, Indices]:
    """Return the n letters before each letter of lines, 0 where a line had not begun (m, n), and it (m,).

    >>> contexts, letters = context_windows(encode_lines(["ab"], (".", "a", "b")), 2)
    >>> contexts.tolist(), letters.tolist()
    ([[0, 0], [0, 1], [1, 2]], [1, 2, 0])
    """
    places = np.arange(part.size)
    starts = part.starts
    start = starts[np.searchsorted(starts, places, "right") - 1]
    back = places[:, np.newaxis] - np.arange(n - 1, -1, -1)
    contexts = np.where(back > start[:, np.newaxis], part.ids[np.maximum(back, 0)], 0)
    return contexts, part.ids[1:]


def base_keys(digits: Indices, base: int) -> Indices:
    """Return rows of digits (m, n) as whole numbers (m,), the first digit the most significant.

    >>> base_keys(np.array([[1, 2], [0, 3]]), 10)
    array([12,  3])
    """
    keys = np.zeros(len(digits), np.int64)
    for column in digits.T:
        keys = keys * base + column
    return keys


def distinct_contexts(part: Part, n: int, tokens: int) -> Distinct:
    """Return the different contexts of n letters, in order of their letters, and what came after them."""
    contexts, letters = context_windows(part, n)
    _, first, place = np.unique(base_keys(contexts, tokens), return_index=True, return_inverse=True)
    counts = np.bincount(place * tokens + letters, minlength=len(first) * tokens)
    return Distinct(contexts[first], counts.reshape(-1, tokens).astype(np.float32))
