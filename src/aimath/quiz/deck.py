"""The questions of a quiz: chosen by topic, in an order and with numbers that a seed draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.content.chapters import CALCULATORS, SUBJECTS
from aimath.content.questions import QUESTIONS, Question
from aimath.errors import InputError, meant
from aimath.quiz import (
    calculus as slopes,
    information,
    linalg as algebra,
    optim as calculus,
    probability as chance,
)
from aimath.quiz.answers import Verdict, chosen, graded
from aimath.quiz.exercise import Exercise, Makers, drawn
from aimath.render.numbers import Style
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAKERS: Makers = Makers()
for makers in (algebra.MAKERS, slopes.MAKERS, calculus.MAKERS, chance.MAKERS, information.MAKERS):
    MAKERS.update(makers)
WORDS = "words"
"""The topic of all questions in words."""
LETTERS = "abcd"


class Card(NamedTuple):
    """A question as it is asked: of an exercise, or of four answers to choose from."""

    topic: str  # the command or chapter that it is about
    lines: tuple[str, ...]  # the question, and the answers to choose from
    answer: str  # the right one in short: a number or a letter
    command: tuple[str, ...] = ()  # the words of the command line that derives a number
    model: tuple[str, ...] = ()  # of a choice the answer in full, what it must hold, and what shows it
    exercise: Exercise | None = None
    buts: tuple[str, ...] = ()  # what speaks against each choice; nothing against the right one

    def grade(self, text: str) -> Verdict:
        """Judge an answer."""
        return graded(text, self.exercise) if self.exercise else chosen(text, LETTERS, self.buts)


def numeric(made: Exercise) -> Card:
    """Ask for a number."""
    answer = f"{Style().people(made.answer)} {made.unit}".rstrip()
    return Card(made.topic, (made.text,), answer, command=made.command, exercise=made)


def choice(question: Question, order: Sequence[int]) -> Card:
    """Ask a question in words; `order` is that of its answers, 0 the right one."""
    answers = [(question.right, ""), *question.wrong.items()]
    said, buts = zip(*(answers[k] for k in order), strict=True)
    options = (f"{letter}) {text}" for letter, text in zip(LETTERS, said, strict=True))
    keys = f"Key points: {'; '.join(question.keys)}."
    return Card(
        question.topic,
        (question.text, *options),
        LETTERS[order.index(0)],
        model=(question.answer, keys, f"See {question.command}"),
        buts=buts,
    )


def topics() -> tuple[str, ...]:
    """Name everything that a quiz can be about."""
    return (*CALCULATORS, WORDS, *MAKERS)


def deck(wanted: Sequence[str], seed: int, count: int) -> list[Card]:
    """Give `count` questions about the topics, or about everything; fewer if words alone are asked for.

    The first round has each question once, in an order of its own; then numbers are drawn anew.
    """
    names = [name for topic in wanted or topics() for name in _named(topic)]
    dealt: list[Card] = []
    turn = 0
    while len(dealt) < count:
        cards = list(_round(names, in_words=turn == 0, seed=seed, turn=turn))
        if not cards:
            break
        order = np.random.default_rng((seed, turn)).permutation(len(cards))
        dealt += [cards[k] for k in order]
        turn += 1
    return dealt[:count]


def _named(topic: str) -> tuple[str, ...]:
    """Give the topics that a name stands for: itself, or those of a chapter with their summary."""
    if topic in CALCULATORS:
        return (topic, *CALCULATORS[topic])
    name = SUBJECTS.get(topic, topic)
    if name not in topics():
        hint = meant(name, (*topics(), *SUBJECTS), f"name a command, {', '.join(CALCULATORS)} or {WORDS}")
        raise InputError(f"there is no topic {echo(topic)}", hint=hint, usage=True)
    return (name,)


def _round(names: Sequence[str], *, in_words: bool, seed: int, turn: int) -> Iterator[Card]:
    """Make every question of a round; its numbers depend on nothing but seed, turn and the question."""
    wanted = dict.fromkeys(names)
    for k, question in enumerate(QUESTIONS):
        if in_words and (question.topic in wanted or WORDS in wanted):
            rng = np.random.default_rng((seed, turn, k))
            yield choice(question, rng.permutation(len(LETTERS)).tolist())
    for name in wanted:
        for maker in MAKERS.get(name, ()):
            rng = np.random.default_rng((seed, turn, *f"{name} {maker.__name__}".encode()))
            yield numeric(drawn(maker, rng))
