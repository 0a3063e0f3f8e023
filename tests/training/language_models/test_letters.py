"""Lines in three parts, and what stood before each letter."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.training.language_models.letters import (
    LONGEST,
    MOST_LETTERS,
    context_windows,
    distinct_contexts,
    encode_lines,
    load_names,
    split_lines,
)

WORDS = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]


def test_names_are_split_by_their_hash():
    names = load_names()
    assert [len(part.lines) for part in names[1:4]] == [26_948, 1_489, 1_473]
    assert [part.size for part in names[1:4]] == [193_471, 10_711, 10_582]
    assert names.tokens == (".", *"abcdefghijklmnopqrstuvwxyz")
    for part, places in zip(names[1:4], (range(2, 20), [1], [0]), strict=True):
        for name in part.lines[:50]:
            assert int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) % 20 in places


def test_a_line_is_in_the_same_part_of_every_list():
    names = load_names()
    half = split_lines(sorted({*names.training.lines[::2], *names.validation.lines, *names.test.lines}))
    assert half.training.lines == names.training.lines[::2]
    assert half.test.lines == names.test.lines


@pytest.mark.parametrize("n", [1, 2, 7])
def test_contexts_are_the_letters_before(n):
    part = encode_lines(["emma", "x", "maximilian"], (".", *"aeilmnx"))
    contexts, letters = context_windows(part, n)
    told = []
    for line in part.lines:
        padded = "." * n + line
        told += [(padded[k : k + n], (line + ".")[k]) for k in range(len(line) + 1)]
    signs = np.array([".", *"aeilmnx"])
    assert ["".join(signs[row]) for row in contexts] == [before for before, _ in told]
    assert [signs[letter] for letter in letters] == [after for _, after in told]


def test_distinct_contexts_hold_every_letter_once():
    names = load_names().validation
    contexts, letters = context_windows(names, 3)
    found = distinct_contexts(names, 3, 27)
    assert len({*map(tuple, contexts.tolist())}) == len(found.contexts)
    told = {tuple(row): counts for row, counts in zip(found.contexts.tolist(), found.counts, strict=True)}
    for context, letter in zip(contexts.tolist(), letters, strict=True):
        told[tuple(context)][letter] -= 1
    assert not found.counts.any()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "there are no lines"),
        (["", "  "], "there are no lines"),
        (["emma"], "one line can't be learned from"),
        (["emma"] * 100, "one line can't be learned from"),
        (WORDS[:20], "20 different lines"),
        ([*WORDS, "a\x00b"], "can't be printed"),
        (["a\x00b"] * 5, "can't be printed"),
        ([*WORDS, "x" * (LONGEST + 1)], f"a line of {LONGEST + 1} letters is too long"),
        ([*WORDS, "a.b"], "marks the end"),
        ([*WORDS, *map(chr, range(0x4E00, 0x4E00 + MOST_LETTERS))], "different letters"),
        ([f"{k:060d}" for k in range(40_000)], "letters are too many"),
    ],
)
def test_lists_that_cannot_be_learned_are_named(lines, words):
    with pytest.raises(InputError, match=words) as raised:
        split_lines(lines)
    assert raised.value.hint


def test_lists_of_ones_own_have_their_letters():
    corpus = split_lines([*WORDS, " Zoë ", "kl", "kl"])
    assert corpus.tokens == (".", *sorted({*"".join(WORDS), *"Zoë"}))
    assert sum(len(part.lines) for part in corpus[1:4]) == len(WORDS) + 2
