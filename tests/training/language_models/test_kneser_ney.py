"""Kneser-Ney beside plain dictionaries, and the figures of the names that ship with aimath."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from aimath.training.language_models.kneser_ney import ONE_DISCOUNT, THREE_DISCOUNTS, fit_kneser_ney
from aimath.training.language_models.letters import context_windows, encode_lines, load_names

NAMES = load_names()


def by_dictionaries(lines, order, discounts, signs):
    """Return p(sign | text before it) by counts in dictionaries, from the formula's own definition."""

    def padded(line):
        return "." * (order - 1) + line + "."

    grams = Counter(text[k : k + order] for text in map(padded, lines) for k in range(len(text) - order + 1))
    counts = {order: grams}
    for size in range(order - 1, 0, -1):
        before = defaultdict(set)
        for gram in counts[size + 1]:
            before[gram[1:]].add(gram[0])
        counts[size] = {gram: len(letters) for gram, letters in before.items()}

    def probability(sign, before, size):
        if size == 0:
            return 1 / len(signs)
        context = before[len(before) - size + 1 :]
        after = {other: counts[size].get(context + other, 0) for other in signs}
        total = sum(after.values())
        below = probability(sign, before, size - 1)
        if not total:
            return below
        taken = {other: discounts[min(n, len(discounts)) - 1] if n else 0 for other, n in after.items()}
        return (after[sign] - taken[sign]) / total + sum(taken.values()) / total * below

    return probability


@pytest.mark.parametrize("discounts", [ONE_DISCOUNT, THREE_DISCOUNTS])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_chances_are_those_of_dictionaries(order, discounts):
    lines = NAMES.training.lines[::90]
    model = fit_kneser_ney(encode_lines(lines, NAMES.tokens), order, 27, discounts)
    oracle = by_dictionaries(lines, order, discounts, NAMES.tokens)
    contexts, _ = context_windows(encode_lines(NAMES.validation.lines[:40], NAMES.tokens), 7)
    probs = model.probs(contexts)
    for context, row in zip(contexts[::7], probs[::7], strict=True):
        before = "".join(NAMES.tokens[k] for k in context)
        expected = [oracle(sign, before, order) for sign in NAMES.tokens]
        np.testing.assert_allclose(row, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("order", "discounts", "validation", "test"),
    [
        (1, THREE_DISCOUNTS, 2.815, 2.816),
        (2, THREE_DISCOUNTS, 2.458, 2.451),
        (3, THREE_DISCOUNTS, 2.216, 2.226),
        (4, THREE_DISCOUNTS, 2.055, 2.061),
        (5, THREE_DISCOUNTS, 1.989, 1.990),
        (6, ONE_DISCOUNT, 1.997, 1.989),
        (6, THREE_DISCOUNTS, 1.989, 1.984),
    ],
)
def test_losses_of_names_are_those_that_were_published_with_them(order, discounts, validation, test):
    model = fit_kneser_ney(NAMES.training, order, 27, discounts)
    assert abs(model.loss(NAMES.validation) - validation) < 6e-4
    assert abs(model.loss(NAMES.test) - test) < 6e-4


def test_chances_add_up_to_one():
    model = fit_kneser_ney(NAMES.training, 5, 27, THREE_DISCOUNTS)
    for level in model.levels:
        np.testing.assert_allclose(level.probs.sum(axis=1), 1.0, rtol=1e-12)
        assert (level.probs > 0.0).all()


def test_a_context_that_was_never_seen_is_told_by_its_end():
    model = fit_kneser_ney(NAMES.training, 4, 27, THREE_DISCOUNTS)
    shorter = model._replace(levels=model.levels[:3])
    unseen = np.array([[17, 24, 24]])  # "qxx"
    np.testing.assert_array_equal(model.probs(unseen), shorter.probs(unseen))
    assert math.isclose(model.probs(unseen).sum(), 1.0)
