"""The quiz: conceptual and numeric questions, several tries each, then the derivation."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from aimath.cli.app import invoke
from aimath.cli.errors import eprint
from aimath.cli.options import Option, TextArguments
from aimath.cli.output import is_terminal
from aimath.cli.runner.seeds import resolve_seed
from aimath.cli.text_command import TextOutput, text_command
from aimath.content.chapters import COMMAND_TOPICS
from aimath.errors import InputError, pluralize
from aimath.read.numbers import parse_integer
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.quiz.deck import Card
    from aimath.quiz.progress import ProgressFile

Outcome = Literal["first", "later", "wrong", "passed"]
"""How a question went: right at the first try or at a later one, wrong, or without an answer."""
MAX_QUESTIONS = 1000
MAX_ANSWER_CHARS = 400
"""Characters of an answer that are looked at; the rest of a longer line is passed over."""
MAX_LINE_BYTES = 1 << 26
MAX_ECHO_CHARS = 60
EXPORT_FORMATS = ("md", "csv")


@text_command(
    example="aimath quiz softmax --count 3 --export md",
    answer="exit code 0 if all are right; `--export md, csv`",
    after="guide",
)
def quiz(
    out: TextOutput,
    topics: Annotated[
        list[str],
        TextArguments(
            "Commands, chapters (linear-algebra, ...) or words; everything, if none.", "[TOPIC...]"
        ),
    ],
    topic: Annotated[
        list[str] | None, Option("--topic", help="The same, as an option.", metavar="TOPIC")
    ] = None,
    count: Annotated[str, Option("--count", help="How many questions.", metavar="N")] = "10",
    tries: Annotated[str, Option("--tries", help="Answers to a question, each a line.", metavar="N")] = "2",
    seed: Annotated[
        str,
        Option("--seed", help="Draws the questions; at a terminal a new one.", metavar="N"),
    ] = "",
    progress: Annotated[
        str, Option("--progress", help="Append each answer to FILE, as a JSON line.", metavar="FILE")
    ] = "",
    missed: Annotated[bool, Option("--missed", help="Ask what went wrong last, by --progress.")] = False,
    export: Annotated[
        str,
        Option(
            "--export",
            help="Print a worksheet and its key: md or csv.",
            metavar="FORM",
            choices=EXPORT_FORMATS,
        ),
    ] = "",
) -> int:
    """Ask questions, in words and in numbers, and explain the answers.

    Answers are typed, or come on standard input, one a line. A number is right if it is right to
    the digits typed; two significant ones are enough. An empty line passes, ? says what may be typed,
    q ends; what can't be read is no try. The exit code is 0 if all answers are right, 4 if not.
    """
    if export and export not in EXPORT_FORMATS:
        why = f"'{export}' is not one of {', '.join(EXPORT_FORMATS)}"
        raise InputError(why, usage=True).within("--export")
    number = parse_integer(count, "--count", 1, MAX_QUESTIONS)
    most = parse_integer(tries, "--tries", 1, 9)
    if missed and not progress:
        raise InputError("--missed needs --progress FILE, which holds what went wrong", usage=True)
    if missed and (topics or topic):
        raise InputError("--missed and topics exclude each other", usage=True)
    if export and progress:
        raise InputError("--export asks nothing: --progress does nothing beside it", usage=True)
    is_dialogue = is_terminal(0) and not export
    drawn, notes = resolve_seed(seed or ("random" if is_dialogue else "0"))
    from aimath.quiz.deck import draw_cards
    from aimath.quiz.progress import ProgressFile, missed_topics, read_progress

    wanted = missed_topics(read_progress(progress, must_exist=True)) if missed else [*topics, *(topic or ())]
    if missed and not wanted:
        out.paragraph("Nothing was missed.")
        return 0
    cards = draw_cards(wanted, drawn, number)
    if is_dialogue and not seed:
        out.paragraph(f"Seed {drawn}: with --seed {drawn} the same questions come again.")
        notes = ()
    for note in (*notes, *((f"there are {len(cards)} such questions",) * (len(cards) < number))):
        eprint(f"aimath quiz: note: {note}")
    if export:
        out.write(_markdown(cards, drawn) if export == "md" else _csv(cards))
        return 0
    if not progress:
        return _ask_all(out, cards, most, drawn, None)
    with contextlib.closing(ProgressFile(progress)) as file:
        return _ask_all(out, cards, most, drawn, file)


def _ask_all(
    out: TextOutput, cards: Sequence[Card], tries: int, seed: int, progress: ProgressFile | None
) -> int:
    """Ask every question until the answers end, say what to look at again, and return the exit code."""
    from aimath.quiz.progress import Answered

    answers = AnswerReader(out)
    asked = pluralize(len(cards), "question")
    out.paragraph(f"{asked}. Two digits are enough; an empty line passes, ? helps, q ends.")
    went = []
    for k, card in enumerate(cards):
        out.paragraph()
        out.paragraph(f"{k + 1} of {len(cards)}: {card.topic}")
        for line in card.lines:
            out.paragraph(line, indent="  ", subsequent_indent="     " if line[1:2] == ")" else "  ")
        how = _ask(out, card, answers, tries)
        if how is None:
            break
        went.append(how)
        if progress:
            progress.append(Answered(card.topic, card.lines[0], how, seed))
    unanswered = len(cards) - len(went) + went.count("passed")
    right = len(went) - went.count("passed") - went.count("wrong")
    later = f", {went.count('later')} of them at a later try" if "later" in went else ""
    rest = f"; {unanswered} not answered" if unanswered else ""
    out.paragraph()
    out.paragraph(f"{right} of {len(cards)} right{later}{rest}.")
    missed = [card.topic for card, how in zip(cards, went, strict=False) if how in ("wrong", "passed")]
    for topic in dict.fromkeys(missed):
        out.paragraph(f"To look at again: {topic}, aimath demo {COMMAND_TOPICS.get(topic, topic)}")
    return 0 if right == len(cards) else 4


def _ask(out: TextOutput, card: Card, answers: AnswerReader, tries: int) -> Outcome | None:
    """Ask one question up to `tries` times, explain it, and return the outcome, or None at end of input."""
    how: Outcome = "passed"
    k = 0
    while k < tries:
        text = answers.read_answer()
        if text is None or text.strip().lower() == "q":
            return None
        if text.strip() == "?":
            _help(out, card)
            continue
        if not text.strip():
            break
        verdict = card.grade(text)
        if verdict.correct:
            out.paragraph(f"✓ right: {card.answer}", indent="  ", subsequent_indent="    ")
            _explain(out, card, with_derivation=False)
            return "later" if k else "first"
        if verdict.is_typo:
            out.paragraph(f"? {verdict.feedback}", indent="  ", subsequent_indent="    ")
            continue
        how, k = "wrong", k + 1
        again = "; once more" if k < tries else ""
        out.paragraph(f"✗ {verdict.feedback or 'not right'}{again}", indent="  ", subsequent_indent="    ")
    out.paragraph(f"The answer is {card.answer}.", indent="  ")
    _explain(out, card, with_derivation=True)
    return how


def _help(out: TextOutput, card: Card) -> None:
    """Say what may be typed, and what shows how the question is answered."""
    form = "a number, as 0.63, 1e-3, 2/3 or 4.2%" if card.exercise else "one of the letters"
    demo = COMMAND_TOPICS.get(card.topic, card.topic)
    said = f"Type {form}; an empty line passes, q ends. aimath demo {demo} shows it."
    out.paragraph(said, indent="  ")


def _explain(out: TextOutput, card: Card, *, with_derivation: bool) -> None:
    """Print how the answer is derived, or the model answer in full."""
    for paragraph in card.model_answer:
        out.paragraph(paragraph, indent="  ")
    if card.command:
        out.write(f"  $ {_command_line(card)}\n")
        if with_derivation and invoke([*card.command, "--explain", *(("--ascii",) * out.ascii_only)]) == 130:
            raise KeyboardInterrupt


class AnswerReader:
    """A reader of answers from standard input, with a prompt at a terminal."""

    def __init__(self, out: TextOutput) -> None:
        self.out, self.interactive = out, is_terminal(0)
        # Of a closed one the number may by now be that of another file.
        self.stream = io.BytesIO() if sys.stdin is None else os.fdopen(0, "rb", closefd=False)

    def read_answer(self) -> str | None:
        """Return the next answer or None at the end, echoing it if input is not a terminal."""
        if self.interactive:  # the prompt goes to the terminal, even if standard output goes elsewhere
            os.write(1 if is_terminal(1) else 2, b"  > ")
        line = self._read_line()
        if line is None:
            if self.interactive:
                self.out.paragraph()
            return None
        text = line.decode("utf-8", "backslashreplace").strip("\r")
        if not self.interactive:
            self.out.write(
                f"  > {escape_control(text[:MAX_ECHO_CHARS])}{'...' * (len(text) > MAX_ECHO_CHARS)}".rstrip()
                + "\n"
            )
        return text

    def _read_line(self) -> bytes | None:
        """Return one line, truncated to what an answer may need, or None at the end."""
        line = b""
        with contextlib.suppress(OSError):
            line = self.stream.readline(MAX_LINE_BYTES + 1)
        if len(line) > MAX_LINE_BYTES:
            raise InputError("<stdin>: an answer has more than 64 MiB")
        return line.removesuffix(b"\n")[: MAX_ANSWER_CHARS + 1] if line else None


def _markdown(cards: Sequence[Card], seed: int) -> str:
    lines = [f"# Quiz, seed {seed}", ""]
    for k, card in enumerate(cards):
        question, *options = card.lines
        lines += [f"{k + 1}. ({card.topic}) {question}"]
        lines += [*(f"   - {option}" for option in options), ""]
    lines += ["# Key", ""]
    for k, card in enumerate(cards):
        how = f"`{_command_line(card)}`" if card.command else card.model_answer[0]
        lines += [f"{k + 1}. **{card.answer}** {how}"]
    return "\n".join(lines) + "\n"


def _command_line(card: Card) -> str:
    return shlex.join(["aimath", *card.command, "--explain"])


def _csv(cards: Sequence[Card]) -> str:
    """Return the cards as CSV, with the choices of a question in its cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("number", "topic", "question", "answer", "explanation"))
    for k, card in enumerate(cards):
        how = _command_line(card) if card.command else card.model_answer[0]
        writer.writerow((k + 1, card.topic, "\n".join(card.lines), card.answer, how))
    return out.getvalue()
