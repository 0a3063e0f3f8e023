"""The quiz: questions in words and in numbers, two tries each, then the derivation."""

from __future__ import annotations

import csv
import io
import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aimath.cli.app import call
from aimath.cli.chance import settled
from aimath.cli.mistakes import say
from aimath.cli.options import Flag, Seed, Words
from aimath.cli.output import is_terminal
from aimath.cli.talk import Voice, talk
from aimath.errors import InputError
from aimath.read.numbers import integer
from aimath.safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Commands
    from aimath.quiz.deck import Asked

commands: Commands = {}

MOST = 1000
LINE = 400
"""Characters of an answer that are looked at; the rest of a longer line is passed over."""
LONGEST = 1 << 26
ECHOED = 60
FORMS = ("md", "csv")


class Score(NamedTuple):
    """How it went: questions answered right at the first try, right at a later one, wrong, not at all."""

    first: int = 0
    later: int = 0
    wrong: int = 0
    unanswered: int = 0


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


def _asked(voice: Voice, cards: Sequence[Asked], tries: int) -> int:
    """Ask one question after the other, until there are no more answers."""
    answers = Answers(voice)
    voice.say(
        f"{len(cards)} question{'s' * (len(cards) > 1)}. Two significant digits are enough; "
        "an empty line passes."
    )
    score = Score()
    for k, card in enumerate(cards):
        voice.say()
        voice.say(f"{k + 1} of {len(cards)}: {card.topic}")
        for line in card.lines:
            voice.say(line, indent="  ", hang="     " if line[1:2] == ")" else "  ")
        score = _tried(voice, card, answers, tries, score)
        if answers.ended:
            score = score._replace(unanswered=score.unanswered + len(cards) - sum(score))
            break
    return _told(voice, score, len(cards))


def _tried(voice: Voice, card: Asked, answers: Answers, tries: int, score: Score) -> Score:
    """Let a question be answered, some times over; explain it at the end."""
    missed = "unanswered"
    for k in range(tries):
        text = answers.next()
        if text is None:
            return score
        if not text.strip():
            break
        missed = "wrong"
        verdict = card.grade(text)
        if verdict.right:
            voice.say(f"✓ right: {card.answer}", indent="  ", hang="    ")
            _shown(voice, card, derived=False)
            return _counted(score, "later" if k else "first")
        again = "; once more" if k + 1 < tries else ""
        voice.say(f"✗ {verdict.said or 'not right'}{again}", indent="  ", hang="    ")
    voice.say(f"The answer is {card.answer}.", indent="  ")
    _shown(voice, card, derived=True)
    return _counted(score, missed)


def _counted(score: Score, kind: str) -> Score:
    return score._replace(**{kind: getattr(score, kind) + 1})


def _shown(voice: Voice, card: Asked, *, derived: bool) -> None:
    """Show how the answer comes about: by the command's own derivation, or the answer in full."""
    for paragraph in card.model:
        voice.say(paragraph, indent="  ")
    if card.command:
        words = [*card.command, "--explain"]
        voice.write(f"  $ {shlex.join(['aimath', *words])}\n")
        if derived and call([*words, *(("--ascii",) * voice.ascii_only)]) == 130:
            raise KeyboardInterrupt


def _told(voice: Voice, score: Score, count: int) -> int:
    """Sum up, and give the exit code."""
    right = score.first + score.later
    later = f", {score.later} of them at a later try" if score.later else ""
    rest = f"; {score.unanswered} not answered" if score.unanswered else ""
    voice.say()
    voice.say(f"{right} of {count} right{later}{rest}.")
    return 0 if right == count else 4


class Answers:
    """The lines of standard input, with a prompt where somebody types them."""

    def __init__(self, voice: Voice) -> None:
        self.voice, self.ended = voice, False
        self.typed = is_terminal(0)
        self.buffer = b""

    def next(self) -> str | None:
        """Give the next line, None at the end; of a line that nobody types the answer is repeated."""
        if self.typed:
            self._prompt()
        line = self._line()
        if line is None:
            self.ended = True
            if self.typed:
                self.voice.say()
            return None
        text = line.decode("utf-8", "backslashreplace").strip("\r")
        if not self.typed:
            self.voice.write(f"  > {safe(text[:ECHOED])}{'...' * (len(text) > ECHOED)}".rstrip() + "\n")
        return text

    def _prompt(self) -> None:
        """Write to the terminal, even if standard output goes elsewhere."""
        os.write(1 if is_terminal(1) else 2, b"  > ")

    def _line(self) -> bytes | None:
        """Read up to the end of a line, and keep no more of it than an answer needs."""
        kept, seen = b"", 0
        while True:
            if not self.buffer:
                self.buffer = _read()
                if not self.buffer:
                    return kept if seen else None
            part, end, self.buffer = self.buffer.partition(b"\n")
            seen += len(part) + len(end)
            if seen > LONGEST:
                raise InputError("<stdin>: an answer has more than 64 MiB")
            kept = (kept + part)[: LINE + 1]
            if end:
                return kept


def _read() -> bytes:
    """Read what there is of standard input; nothing, if it is closed."""
    if sys.stdin is None:  # its number may by now be that of another file
        return b""
    try:
        return os.read(0, 1 << 16)
    except OSError:
        return b""


def _markdown(cards: Sequence[Asked], seed: int) -> str:
    """Write a worksheet, and the key below it."""
    lines = [f"# Quiz, seed {seed}", ""]
    for k, card in enumerate(cards):
        question, *options = card.lines
        lines += [f"{k + 1}. ({card.topic}) {question}"]
        lines += [*(f"   - {option}" for option in options), ""]
    lines += ["# Key", ""]
    for k, card in enumerate(cards):
        lines += [f"{k + 1}. **{card.answer}** {_how(card)}".rstrip()]
    return "\n".join(lines) + "\n"


def _how(card: Asked) -> str:
    """Say in a line how an answer comes about."""
    if card.command:
        return f"`{_line(card)}`"
    return card.model[0]


def _line(card: Asked) -> str:
    return shlex.join(["aimath", *card.command, "--explain"])


def _csv(cards: Sequence[Asked]) -> str:
    """Write a table of questions with their answers; a question's choices are lines of it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "topic", "question", "answer", "explanation"))
    for k, card in enumerate(cards):
        how = _line(card) if card.command else card.model[0]
        writer.writerow((k + 1, card.topic, "\n".join(card.lines), card.answer, how))
    return out.getvalue()
