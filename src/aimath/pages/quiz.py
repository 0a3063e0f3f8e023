"""The quiz: questions in words and in numbers, two tries each, then the derivation."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from aimath.cli.app import call
from aimath.cli.errors import say
from aimath.cli.options import Flag, Seed, Words
from aimath.cli.output import is_terminal
from aimath.cli.seeds import settled
from aimath.cli.text_command import Voice, talk
from aimath.errors import InputError, counted
from aimath.read.numbers import integer
from aimath.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Commands
    from aimath.quiz.deck import Card

commands: Commands = {}
How = Literal["first", "later", "wrong", "passed"]
"""How a question went: right at the first try or at a later one, wrong, or without an answer."""
MOST = 1000
LINE = 400
"""Characters of an answer that are looked at; the rest of a longer line is passed over."""
LONGEST = 1 << 26
ECHOED = 60
FORMS = ("md", "csv")


@talk(commands, example="aimath quiz softmax --count 3 --export md")
def quiz(
    voice: Voice,
    topics: Annotated[
        list[str],
        Words("Commands, chapters (linear-algebra, ...) or words; everything, if none.", "[TOPIC...]"),
    ],
    topic: Annotated[
        list[str] | None, Flag("--topic", help="The same, as an option.", metavar="TOPIC")
    ] = None,
    count: Annotated[str, Flag("--count", help="How many questions.", metavar="N")] = "10",
    tries: Annotated[str, Flag("--tries", help="Answers to a question, each a line.", metavar="N")] = "2",
    seed: Seed = "0",
    export: Annotated[
        str,
        Flag("--export", help="Print a worksheet and its key: md or csv.", metavar="FORM", choices=FORMS),
    ] = "",
) -> int:
    """Ask questions, in words and in numbers, and explain the answers.

    Answers are typed, or come on standard input, one a line. A number is right if it is right to
    the digits typed; two significant ones are enough. An empty line passes. The exit code is 0 if
    all answers are right, 4 if not.
    """
    if export and export not in FORMS:
        raise InputError(f"--export: '{export}' is not one of {', '.join(FORMS)}", usage=True)
    number = integer(count, "--count", 1, MOST)
    most = integer(tries, "--tries", 1, 9)
    drawn, notes = settled(seed)
    from aimath.quiz.deck import deck

    cards = deck([*topics, *(topic or ())], drawn, number)
    for note in (*notes, *((f"there are {len(cards)} such questions",) * (len(cards) < number))):
        say(f"aimath quiz: note: {note}")
    if export:
        voice.write(_markdown(cards, drawn) if export == "md" else _csv(cards))
        return 0
    return _asked(voice, cards, most)


def _asked(voice: Voice, cards: Sequence[Card], tries: int) -> int:
    """Ask one question after the other, until there are no more answers; give the exit code."""
    answers = Answers(voice)
    voice.say(f"{counted(len(cards), 'question')}. Two significant digits are enough; an empty line passes.")
    went = []
    for k, card in enumerate(cards):
        voice.say()
        voice.say(f"{k + 1} of {len(cards)}: {card.topic}")
        for line in card.lines:
            voice.say(line, indent="  ", hang="     " if line[1:2] == ")" else "  ")
        how = _tried(voice, card, answers, tries)
        if how is None:
            break
        went.append(how)
    unanswered = len(cards) - len(went) + went.count("passed")
    right = len(went) - went.count("passed") - went.count("wrong")
    later = f", {went.count('later')} of them at a later try" if "later" in went else ""
    rest = f"; {unanswered} not answered" if unanswered else ""
    voice.say()
    voice.say(f"{right} of {len(cards)} right{later}{rest}.")
    return 0 if right == len(cards) else 4


def _tried(voice: Voice, card: Card, answers: Answers, tries: int) -> How | None:
    """Let a question be answered, some times over, and explain it at the end; None if nobody answers more."""
    how: How = "passed"
    for k in range(tries):
        text = answers.next()
        if text is None:
            return None
        if not text.strip():
            break
        how = "wrong"
        verdict = card.grade(text)
        if verdict.right:
            voice.say(f"✓ right: {card.answer}", indent="  ", hang="    ")
            _shown(voice, card, derived=False)
            return "later" if k else "first"
        again = "; once more" if k + 1 < tries else ""
        voice.say(f"✗ {verdict.said or 'not right'}{again}", indent="  ", hang="    ")
    voice.say(f"The answer is {card.answer}.", indent="  ")
    _shown(voice, card, derived=True)
    return how


def _shown(voice: Voice, card: Card, *, derived: bool) -> None:
    """Show how the answer comes about: by the command's own derivation, or the answer in full."""
    for paragraph in card.model:
        voice.say(paragraph, indent="  ")
    if card.command:
        voice.write(f"  $ {_line(card)}\n")
        if derived and call([*card.command, "--explain", *(("--ascii",) * voice.ascii_only)]) == 130:
            raise KeyboardInterrupt


class Answers:
    """The lines of standard input, with a prompt where somebody types them."""

    def __init__(self, voice: Voice) -> None:
        self.voice, self.typed = voice, is_terminal(0)
        # Of a closed one the number may by now be that of another file.
        self.lines = io.BytesIO() if sys.stdin is None else os.fdopen(0, "rb", closefd=False)

    def next(self) -> str | None:
        """Give the next line, None at the end; of a line that nobody types the answer is repeated."""
        if self.typed:  # the prompt goes to the terminal, even if standard output goes elsewhere
            os.write(1 if is_terminal(1) else 2, b"  > ")
        line = self._line()
        if line is None:
            if self.typed:
                self.voice.say()
            return None
        text = line.decode("utf-8", "backslashreplace").strip("\r")
        if not self.typed:
            self.voice.write(f"  > {safe(text[:ECHOED])}{'...' * (len(text) > ECHOED)}".rstrip() + "\n")
        return text

    def _line(self) -> bytes | None:
        """Read up to the end of a line, and keep no more of it than an answer needs."""
        line = b""
        with contextlib.suppress(OSError):
            line = self.lines.readline(LONGEST + 1)
        if len(line) > LONGEST:
            raise InputError("<stdin>: an answer has more than 64 MiB")
        return line.removesuffix(b"\n")[: LINE + 1] if line else None


def _markdown(cards: Sequence[Card], seed: int) -> str:
    """Write a worksheet, and the key below it."""
    lines = [f"# Quiz, seed {seed}", ""]
    for k, card in enumerate(cards):
        question, *options = card.lines
        lines += [f"{k + 1}. ({card.topic}) {question}"]
        lines += [*(f"   - {option}" for option in options), ""]
    lines += ["# Key", ""]
    for k, card in enumerate(cards):
        how = f"`{_line(card)}`" if card.command else card.model[0]
        lines += [f"{k + 1}. **{card.answer}** {how}"]
    return "\n".join(lines) + "\n"


def _line(card: Card) -> str:
    """Give the command line that shows how an answer comes about."""
    return shlex.join(["aimath", *card.command, "--explain"])


def _csv(cards: Sequence[Card]) -> str:
    """Write a table of questions with their answers; a question's choices are lines of it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "topic", "question", "answer", "explanation"))
    for k, card in enumerate(cards):
        how = _line(card) if card.command else card.model[0]
        writer.writerow((k + 1, card.topic, "\n".join(card.lines), card.answer, how))
    return out.getvalue()
