"""The cards of a quiz, selected by topic and drawn from a seed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.cli.catalogue import COMMANDS
from aimath.cli.chapters import calculators
from aimath.cli.guesses import unknown_name
from aimath.content.chapters import TOPIC_COMMANDS
from aimath.content.questions import QUESTIONS, Question
from aimath.quiz.answers import Verdict, grade_choice, grade_number
from aimath.quiz.exercise import Exercise, ExerciseFactory, sample_exercise
from aimath.render.numbers import NumberStyle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _load_maker(place: str) -> ExerciseFactory:
    """Return a function of the quiz that the catalogue names, as MODULE.FUNCTION."""
    module, _, name = place.partition(".")
    maker: ExerciseFactory = getattr(importlib.import_module(f"aimath.quiz.{module}"), name)
    return maker


EXERCISES = {name: tuple(map(_load_maker, entry.quiz)) for name, entry in COMMANDS.items() if entry.quiz}
"""The numeric questions by command."""
CONCEPTUAL_TOPIC = "words"
"""The topic of all questions in words."""
ARTICLE_QUESTIONS = 8
"""So many of the questions in words, the first ones, are the article's own."""
CHOICE_LETTERS = "abcd"


class Card(NamedTuple):
    """A question as it is asked: a numeric exercise or a multiple choice."""

    topic: str  # the command or chapter that it is about
    lines: tuple[str, ...]  # the question, and the answers to choose from
    answer: str  # the right one in short: a number or a letter
    command: tuple[str, ...] = ()  # the words of the command line that derives a number
    model_answer: tuple[str, ...] = ()  # of a choice the answer in full, what it must hold, and what shows it
    exercise: Exercise | None = None
    explanations: tuple[str, ...] = ()  # what speaks against each choice; nothing against the right one

    def grade(self, text: str) -> Verdict:
        """Return the verdict on an answer."""
        return (
            grade_number(text, self.exercise)
            if self.exercise
            else grade_choice(text, CHOICE_LETTERS, self.explanations)
        )


def numeric_card(exercise: Exercise) -> Card:
    """Return the card of a numeric exercise."""
    answer = f"{NumberStyle().format_display(exercise.answer)} {exercise.unit}".rstrip()
    return Card(exercise.topic, (exercise.text,), answer, command=exercise.command, exercise=exercise)


def choice_card(question: Question, order: Sequence[int]) -> Card:
    """Return the card of a multiple-choice question, its choices in `order` with 0 the correct one."""
    answers = [(question.correct, ""), *question.distractors.items()]
    said, buts = zip(*(answers[k] for k in order), strict=True)
    options = (f"{letter}) {text}" for letter, text in zip(CHOICE_LETTERS, said, strict=True))
    keys = f"Key points: {'; '.join(question.key_points)}."
    return Card(
        question.topic,
        (question.text, *options),
        CHOICE_LETTERS[order.index(0)],
        model_answer=(question.model_answer, keys, f"See {question.command}"),
        explanations=buts,
    )


def all_topics() -> tuple[str, ...]:
    """Return all topics of the quiz."""
    return (*calculators(), CONCEPTUAL_TOPIC, *EXERCISES)


def draw_cards(requested: Sequence[str], seed: int, count: int) -> list[Card]:
    """Return `count` cards on the requested topics, or fewer if only conceptual ones are requested.

    The first round has each question once, in an order of its own, those of the article before the
    others where no topic or all words are asked for; then numbers are drawn anew.
    """
    names = [name for topic in requested or all_topics() for name in _expand_topic(topic)]
    dealt: list[Card] = []
    turn = 0
    while len(dealt) < count:
        cards = list(_make_round(names, conceptual=turn == 0, seed=seed, round_number=turn))
        if not cards:
            break
        order = np.random.default_rng((seed, turn)).permutation(len(cards)).tolist()
        if turn == 0 and (not requested or list(requested) == [CONCEPTUAL_TOPIC]):
            first = range(ARTICLE_QUESTIONS)  # they are the first that are made
            order = [*first, *(k for k in order if k not in first)]
        dealt += [cards[k] for k in order]
        turn += 1
    return dealt[:count]


def _expand_topic(topic: str) -> tuple[str, ...]:
    """Return the topics that a name stands for: itself, or a chapter and its commands."""
    chapters = calculators()
    if topic in chapters:
        return (topic, *chapters[topic])
    name = TOPIC_COMMANDS.get(topic, topic)
    if name not in all_topics():
        fallback = f"name a command, {', '.join(chapters)} or {CONCEPTUAL_TOPIC}"
        raise unknown_name(topic, (*all_topics(), *TOPIC_COMMANDS), "topic", fallback)
    return (name,)


def _make_round(names: Sequence[str], *, conceptual: bool, seed: int, round_number: int) -> Iterator[Card]:
    """Yield every question of a round, whose numbers depend only on seed, round and question."""
    wanted = dict.fromkeys(names)
    for k, question in enumerate(QUESTIONS):
        if conceptual and (question.topic in wanted or CONCEPTUAL_TOPIC in wanted):
            rng = np.random.default_rng((seed, round_number, k))
            yield choice_card(question, rng.permutation(len(CHOICE_LETTERS)).tolist())
    for name in wanted:
        for maker in EXERCISES.get(name, ()):
            rng = np.random.default_rng((seed, round_number, *f"{name} {maker.__name__}".encode()))
            yield numeric_card(sample_exercise(maker, rng))
