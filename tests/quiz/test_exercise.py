"""Every question's answer is what its command answers, and its wrong routes lead elsewhere."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
from tests.digits import near

from aimath.quiz.deck import EXERCISES, numeric_card
from aimath.quiz.exercise import MAX_DRAWS, Sampler, sample_exercise
from aimath.render.numbers import NumberStyle

EVERY = [(topic, maker) for topic, makers in EXERCISES.items() for maker in makers]
BY_ROW = {"gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "race", "weights"}
NAMES = [f"{topic}-{maker.__name__}" for topic, maker in EVERY]
each = pytest.mark.parametrize(("topic", "maker"), EVERY, ids=NAMES)
maker = pytest.mark.parametrize("maker", [maker for _, maker in EVERY], ids=NAMES)


@each
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_answer_is_the_command_s(topic, maker, seed, aimath):
    made = sample_exercise(maker, np.random.default_rng((seed, 7)))
    assert made.command[0] == made.topic == topic
    words = [*made.command]
    if "--fields" in words:
        del words[words.index("--fields") :]
    ran = aimath(*words, "--json")
    assert (ran.code, ran.err) == (0, "")
    rows = [json.loads(row) for row in ran.out.splitlines()]
    row, at = (
        (rows[made.position[0]], made.position[1:])
        if topic in BY_ROW or len(rows) > 1
        else (rows[0], made.position)
    )
    value = row[made.field]
    if np.ndim(value) == len(at) + 1 and len(value) == 1:
        value = value[0]
    for k in at:
        value = value[k]
    assert value == near(made.answer, 1e-15)


@pytest.mark.slow
@maker
def test_wrong_routes_lead_elsewhere(maker):
    for seed in range(40):
        made = sample_exercise(maker, np.random.default_rng((seed, 3)))
        assert made.is_distinguishable
        assert made.distractors
        assert len({wrong.explanation for wrong in made.distractors}) >= len(made.distractors) - 1
        for wrong in made.distractors:
            assert math.isfinite(wrong.value)
            graded = numeric_card(made).grade(NumberStyle().format(wrong.value))
            assert not graded.correct
            assert graded.feedback in {one.explanation for one in made.distractors}


@pytest.mark.slow
@maker
def test_answer_as_it_is_shown_is_right(maker):
    for seed in range(20):
        card = numeric_card(sample_exercise(maker, np.random.default_rng((seed, 5))))
        assert card.grade(card.answer).correct
        assert card.grade(f"{card.exercise.answer:.2e}").correct


@pytest.mark.slow
@maker
def test_numbers_are_drawn_before_patience_ends(maker):
    rng, fair = np.random.default_rng(1), 0
    for _ in range(MAX_DRAWS):
        fair += maker(Sampler(rng)).is_distinguishable
        if fair >= MAX_DRAWS // 10:
            return
    pytest.fail(f"{fair} of {MAX_DRAWS} can be told from wrong routes")


@each
def test_question_holds_all_numbers_that_the_command_gets(topic, maker):
    made = sample_exercise(maker, np.random.default_rng(2))
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


def test_near_misses_of_the_issue_are_named():
    said = {
        wrong.explanation
        for topic, maker in EVERY
        for wrong in sample_exercise(maker, np.random.default_rng(0)).distractors
    }
    for words in (
        "right in nats", "p and q changed places", "T was multiplied", "that is sigma squared", "bias was forgotten",
        "sqrt(d)", "n in place of n - 1", "that is the cosine, not the angle", "bias correction was forgotten",
    ):  # fmt: skip
        assert any(words in one for one in said)
