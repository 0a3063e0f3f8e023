"""The questions of a quiz: chosen by topic, in an order and with numbers that a seed draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.errors import InputError
from aimath.guide.commands import CALCULATORS, SUBJECTS
from aimath.guide.questions import QUESTIONS, Question
from aimath.quiz import algebra, calculus, chance, information, spectra
from aimath.quiz.answers import Verdict, chosen, graded
from aimath.quiz.exercise import Exercise, Makers, drawn
from aimath.read.numbers import echo
from aimath.render.numbers import Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAKERS: Makers = Makers()
for room in (algebra, spectra, calculus, chance, information):
    MAKERS.update(room.MAKERS)

WORDS = "words"
"""The topic of all questions in words."""
LETTERS = "abcd"


class Numeric(NamedTuple):
    """A question whose answer is a number."""

    exercise: Exercise

    @property
    def topic(self) -> str:
        """The command that it is about."""
        return self.exercise.topic

    @property
    def lines(self) -> tuple[str, ...]:
        """The question."""
        return (self.exercise.text,)

    @property
    def answer(self) -> str:
        """The right answer in short."""
        return f"{Style().people(self.exercise.answer)} {self.exercise.unit}".rstrip()

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the command line that derives the answer."""
        return self.exercise.command

    @property
    def model(self) -> tuple[str, ...]:
        """Nothing: the derivation says it all."""
        return ()

    def grade(self, text: str) -> Verdict:
        """Judge an answer."""
        return graded(text, self.exercise)


class Choice(NamedTuple):
    """A question in words, with an order of its four answers."""

    question: Question
    order: tuple[int, ...]  # 0 is the right one

    @property
    def topic(self) -> str:
        """The command or chapter that it is about."""
        return self.question.topic

    @property
    def lines(self) -> tuple[str, ...]:
        """The question and the answers to choose from."""
        said = (self.question.right, *(wrong.said for wrong in self.question.wrong))
        options = (f"{letter}) {said[k]}" for letter, k in zip(LETTERS, self.order, strict=True))
        return (self.question.text, *options)

    @property
    def answer(self) -> str:
        """The right answer in short."""
        return LETTERS[self.order.index(0)]

    @property
    def command(self) -> tuple[str, ...]:
        """Nothing to derive."""
        return ()

    @property
    def model(self) -> tuple[str, ...]:
        """The answer in full, what it must hold, and what shows it."""
        keys = f"Key points: {'; '.join(self.question.keys)}."
        return self.question.answer, keys, f"See {self.question.command}"

    def grade(self, text: str) -> Verdict:
        """Judge an answer."""
        buts = ("", *(wrong.but for wrong in self.question.wrong))
        return chosen(text, LETTERS, [buts[k] for k in self.order])


Asked = Numeric | Choice


def topics() -> tuple[str, ...]:
    """Name everything that a quiz can be about."""
    return (*CALCULATORS, WORDS, *MAKERS)


def deck(wanted: Sequence[str], seed: int, count: int) -> list[Asked]:
    """Give `count` questions about the topics, or about everything; fewer if words alone are asked for.

    The first round has each question once, in an order of its own; then numbers are drawn anew.
    """
    names = [name for topic in wanted or topics() for name in _named(topic)]
    dealt: list[Asked] = []
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
        from difflib import get_close_matches  # noqa: PLC0415  only for typos

        near = get_close_matches(name, (*topics(), *SUBJECTS), 1)
        hint = f"did you mean {near[0]}?" if near else f"name a command, {', '.join(CALCULATORS)} or {WORDS}"
        raise InputError(f"there is no topic {echo(topic)}", hint=hint, usage=True)
    return (name,)


def _round(names: Sequence[str], *, in_words: bool, seed: int, turn: int) -> Iterator[Asked]:
    """Make every question of a round; its numbers depend on nothing but seed, turn and the question."""
    wanted = dict.fromkeys(names)
    for k, question in enumerate(QUESTIONS):
        if in_words and (question.topic in wanted or WORDS in wanted):
            rng = np.random.default_rng((seed, turn, k))
            yield Choice(question, tuple(rng.permutation(len(LETTERS)).tolist()))
    for name in wanted:
        for maker in MAKERS.get(name, ()):
            rng = np.random.default_rng((seed, turn, *f"{name} {maker.__name__}".encode()))
            yield Numeric(drawn(maker, rng))
