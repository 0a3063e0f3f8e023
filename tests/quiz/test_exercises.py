"""Every question's answer is what its command answers, and its wrong routes lead elsewhere."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from tests.digits import near

from aimath.cli.catalogue import COMMANDS, found
from aimath.content.chapters import CALCULATORS, CHAPTERS, SUBJECTS
from aimath.content.guide import ROADMAP
from aimath.content.questions import QUESTIONS
from aimath.quiz.deck import MAKERS, deck, numeric, topics
from aimath.quiz.exercise import DRAWS, Draw, drawn
from aimath.render.numbers import Style

EVERY = [(topic, maker) for topic, makers in MAKERS.items() for maker in makers]
BY_ROW = {"gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "race"}
NAMES = [f"{topic}-{maker.__name__}" for topic, maker in EVERY]
each = pytest.mark.parametrize(("topic", "maker"), EVERY, ids=NAMES)
maker = pytest.mark.parametrize("maker", [maker for _, maker in EVERY], ids=NAMES)


def test_every_calculator_has_questions_and_a_chapter():
    calculators = {name for name in COMMANDS if not found(name).guides}
    assert set(MAKERS) == calculators
    assert sorted(name for names in CALCULATORS.values() for name in names) == sorted(calculators)
    assert list(CALCULATORS) == [chapter.id for chapter in CHAPTERS]


def test_every_topic_of_the_guide_can_be_asked_for():
    for chapter in CHAPTERS:
        for topic in chapter.topics:
            assert deck([topic.id], 0, 1)
    for week in ROADMAP:
        for item in week.items:
            assert deck([item.quiz], 0, 1)
    assert set(SUBJECTS.values()) <= set(MAKERS)


@each
@pytest.mark.parametrize("seed", range(4))
def test_answer_is_the_command_s(topic, maker, seed, aimath):
    made = drawn(maker, np.random.default_rng((seed, 7)))
    assert made.command[0] == made.topic == topic
    words = [*made.command]
    if "--fields" in words:
        del words[words.index("--fields") :]
    ran = aimath(*words, "--json")
    assert (ran.code, ran.err) == (0, "")
    rows = [json.loads(row) for row in ran.out.splitlines()]
    row, at = (rows[made.at[0]], made.at[1:]) if topic in BY_ROW else (rows[0], made.at)
    value = row[made.field]
    if topic == "grad":
        at = made.at[1:]  # its first axis is that of the points
    if np.ndim(value) == len(at) + 1 and len(value) == 1:
        value = value[0]
    for k in at:
        value = value[k]
    assert value == near(made.answer, 1e-15)


@maker
def test_wrong_routes_lead_elsewhere(maker):
    for seed in range(40):
        made = drawn(maker, np.random.default_rng((seed, 3)))
        assert made.told_apart
        assert made.near
        assert len({wrong.said for wrong in made.near}) >= len(made.near) - 1
        for wrong in made.near:
            assert math.isfinite(wrong.value)
            assert not numeric(made).grade(Style().text(wrong.value)).right
            said = numeric(made).grade(Style().text(wrong.value)).said
            assert said in {one.said for one in made.near}


@maker
def test_answer_as_it_is_shown_is_right(maker):
    for seed in range(20):
        card = numeric(drawn(maker, np.random.default_rng((seed, 5))))
        assert card.grade(card.answer).right
        assert card.grade(f"{card.exercise.answer:.2e}").right


@maker
def test_numbers_are_drawn_before_patience_ends(maker):
    rng, fair = np.random.default_rng(1), 0
    for _ in range(DRAWS):
        fair += maker(Draw(rng)).told_apart
    assert fair >= DRAWS // 10


@each
def test_question_holds_all_numbers_that_the_command_gets(topic, maker):
    made = drawn(maker, np.random.default_rng(2))
    if topic == "svd-approx":
        return  # its singular values stand for a diagonal matrix
    words = made.command[1:]
    values = [
        w
        for k, w in enumerate(words)
        if w[:2] != "--" and words[k - 1] not in {"-V", "--fields", "--steps", "--ddof", "--components"}
    ]
    percents = {f"{float(x) / 100:g}" for x in re.findall(r"([\d.]+) %", made.text)}
    roots = {f"{float(x) ** 0.5:g}" for x in re.findall(r"variance ([\d.]+)", made.text)}
    for number in re.findall(r"(?<![\w.])-?\d+\.?\d*", " ".join(values).replace("x", " x ")):
        assert number in made.text or number in percents | roots


# By hand: no core here.


def test_answers_by_hand():
    by_hand = {
        "entropy": lambda w: sum(-float(p) * math.log2(float(p)) for p in w),
        "dot": lambda w: sum(
            float(a) * float(b) for a, b in zip(w[0].split(","), w[1].split(","), strict=True)
        ),
        "kl": lambda w: sum(
            float(p) * math.log(float(p) / float(q))
            for p, q in zip(w[0].split(","), w[1].split(","), strict=True)
        ),
        "det": lambda w: float(np.linalg.det([[float(x) for x in row.split()] for row in w[0].split(";")])),
    }
    for topic, rule in by_hand.items():
        for card in deck([topic], 3, 6):
            if rule and card.exercise:
                assert card.exercise.answer == near(rule(card.command[1:]), 1e-12)


def test_near_misses_of_the_issue_are_named():
    said = {wrong.said for topic, maker in EVERY for wrong in drawn(maker, np.random.default_rng(0)).near}
    for words in (
        "right in nats", "p and q changed places", "T was multiplied", "that is sigma squared", "bias was forgotten",
        "sqrt(d)", "n in place of n - 1", "that is the cosine, not the angle", "bias correction was forgotten",
    ):  # fmt: skip
        assert any(words in one for one in said)


# The deck


def test_same_seed_same_quiz_and_another_seed_another():
    assert deck([], 5, 60) == deck([], 5, 60)
    assert deck([], 5, 20) != deck([], 6, 20)
    assert deck([], 5, 20) == deck([], 5, 60)[:20]


def test_numbers_depend_on_nothing_but_the_question():
    alone = [card for card in deck(["kl"], 5, 1) if card.exercise]
    assert alone
    assert alone[0] in deck([], 5, len(EVERY) + len(QUESTIONS))


def test_second_round_has_other_numbers():
    cards = deck(["det"], 0, 5)
    assert len({card.lines for card in cards}) == 5


def test_words_are_the_eight_and_four_questions():
    cards = deck(["words"], 0, 99)
    assert [q.topic for q in QUESTIONS] == [
        "matmul", "lora", "backprop", "softmax", "cross-entropy", "diffuse", "temperature", "rlhf", *CALCULATORS,
    ]  # fmt: skip
    assert sorted(card.topic for card in cards) == sorted(q.topic for q in QUESTIONS)
    assert set(topics()) >= {q.topic for q in QUESTIONS}


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.topic for q in QUESTIONS])
def test_question_in_words_is_whole_and_its_command_runs(question, aimath):
    import shlex

    said = [question.right, *question.wrong]
    assert len(set(said)) == 4
    assert all(question.wrong.values())
    assert len(question.keys) >= 3
    ran = aimath(*shlex.split(question.command)[1:])
    assert ran.code == 0
    assert max(map(len, said)) <= 1.25 * min(map(len, said))  # the longest gives nothing away


def test_right_letter_gives_nothing_away():
    letters = [card.answer for seed in range(30) for card in deck(["words"], seed, 12)]
    assert {letter: letters.count(letter) > len(letters) / 8 for letter in "abcd"} == dict.fromkeys(
        "abcd", True
    )
