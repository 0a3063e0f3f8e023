"""The deck: who is asked what, from which seed; answers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.digits import near

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import calculators
from aimath.content.chapters import CHAPTERS, TOPIC_COMMANDS
from aimath.content.guide import ROADMAP
from aimath.content.questions import QUESTIONS
from aimath.quiz.deck import EXERCISES, all_topics, draw_cards

EVERY = [(topic, maker) for topic, makers in EXERCISES.items() for maker in makers]


def test_every_calculator_has_questions_and_a_chapter():
    # What reduces files to one answer has no question that could be asked on a line.
    calculating = {name for name in COMMANDS if not lookup(name).informational}
    assert set(EXERCISES) == {name for name in calculating if not lookup(name).usages[0].reduction}
    assert sorted(name for names in calculators().values() for name in names) == sorted(calculating)
    assert list(calculators()) == [chapter.id for chapter in CHAPTERS]


def test_every_topic_of_the_guide_can_be_asked_for():
    for chapter in CHAPTERS:
        for topic in chapter.topics:
            assert draw_cards([topic.id], 0, 1)
    for week in ROADMAP:
        for item in week.items:
            assert draw_cards([item.quiz], 0, 1)
    assert set(TOPIC_COMMANDS.values()) <= set(EXERCISES)


# By hand: no core here.


def heated(text, temperature):
    """Give the probabilities of logits at a temperature."""
    raised = [math.exp(float(z) / temperature) for z in text.split(",")]
    return [x / sum(raised) for x in raised]


def divergence(w):
    """Give KL of two lists of probabilities, or of logits at a temperature."""
    if w[0] == "--logits":
        pairs = zip(*(heated(text, float(w[4])) for text in w[1:3]), strict=True)
    else:
        pairs = zip(*([float(x) for x in text.split(",")] for text in w[:2]), strict=True)
    return sum(p * math.log(p / q) for p, q in pairs)


def test_answers_by_hand():
    by_hand = {
        "entropy": lambda w: sum(-float(p) * math.log2(float(p)) for p in w),
        "dot": lambda w: sum(
            float(a) * float(b) for a, b in zip(w[0].split(","), w[1].split(","), strict=True)
        ),
        "kl": divergence,
        "det": lambda w: float(np.linalg.det([[float(x) for x in row.split()] for row in w[0].split(";")])),
    }
    for topic, rule in by_hand.items():
        for card in draw_cards([topic], 3, 6):
            if rule and card.exercise:
                assert card.exercise.answer == near(rule(card.command[1:]), 1e-12)


# The deck


@pytest.mark.slow
def test_same_seed_same_quiz_and_another_seed_another():
    assert draw_cards([], 5, 60) == draw_cards([], 5, 60)
    assert draw_cards([], 5, 20) != draw_cards([], 6, 20)
    assert draw_cards([], 5, 20) == draw_cards([], 5, 60)[:20]


def test_numbers_depend_on_nothing_but_the_question():
    alone = [card for card in draw_cards(["kl"], 5, 1) if card.exercise]
    assert alone
    assert alone[0] in draw_cards([], 5, len(EVERY) + len(QUESTIONS))


def test_second_round_has_other_numbers():
    cards = draw_cards(["det"], 0, 5)
    assert len({card.lines for card in cards}) == 5


def test_words_are_the_eight_and_four_questions():
    cards = draw_cards(["words"], 0, 99)
    assert [q.topic for q in QUESTIONS] == [
        "matmul", "lora", "backprop", "softmax", "cross-entropy", "diffuse", "temperature", "rlhf", *calculators(),
    ]  # fmt: skip
    assert sorted(card.topic for card in cards) == sorted(q.topic for q in QUESTIONS)
    assert set(all_topics()) >= {q.topic for q in QUESTIONS}


def test_right_letter_gives_nothing_away():
    letters = [card.answer for seed in range(30) for card in draw_cards(["words"], seed, 12)]
    assert {letter: letters.count(letter) > len(letters) / 8 for letter in "abcd"} == dict.fromkeys(
        "abcd", True
    )
