"""What was answered in quizzes: a file of JSON lines, if one is asked for, a line an answer."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import orjson

from aimath.errors import InputError
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 1 << 26


class Answered(NamedTuple):
    """One question that was answered: what it was about, how it went, and the seed that drew it."""

    topic: str
    question: str
    outcome: str  # "first", "later", "wrong" or "passed"
    seed: int

    @property
    def is_right(self) -> bool:
        """Whether the answer was right, at whatever try."""
        return self.outcome in ("first", "later")


def read_progress(path: str, *, must_exist: bool = False) -> list[Answered]:
    """Return what a file says was answered, in order; of a file that isn't there nothing."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  pathlib is not imported at start-up
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if must_exist:
            raise InputError(
                f"there is no file {quote(path)}", hint="aimath quiz --progress makes it"
            ) from None
        return []
    except OSError as error:
        raise InputError(f"{quote(path)}: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{quote(path)} has more than 64 MiB")
    return [_parse_line(path, k, line) for k, line in enumerate(data.split(b"\n"), 1) if line.strip()]


def _parse_line(path: str, number: int, line: bytes) -> Answered:
    try:
        known = orjson.loads(line)
        made = Answered(known["topic"], known["question"], known["outcome"], known["seed"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        why = f"{quote(path)}, line {number}: that is no line of a quiz's progress"
        raise InputError(why, hint="name another file") from None
    if not (isinstance(made.topic, str) and made.outcome in ("first", "later", "wrong", "passed")):
        raise InputError(f"{quote(path)}, line {number}: that is no line of a quiz's progress")
    return made


class ProgressFile:
    """A file of answers that is appended to, a whole line at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        read_progress(path)  # what is no such file is left alone
        try:
            self.descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as error:
            raise InputError(f"{quote(path)}: {error.strerror or error}") from None

    def append(self, answered: Answered) -> None:
        """Write one answer."""
        line = orjson.dumps(answered._asdict()) + b"\n"
        try:
            written = os.write(self.descriptor, line)
        except OSError as error:
            raise InputError(f"{quote(self.path)}: {error.strerror or error}") from None
        if written < len(line):  # of a disk that is full now: half a line would make the file none
            os.ftruncate(self.descriptor, max(0, os.fstat(self.descriptor).st_size - written))
            raise InputError(f"{quote(self.path)}: it could not be written whole")

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


def missed_topics(answers: Iterable[Answered]) -> list[str]:
    """Return the topics whose last answer was not right, in order."""
    return [topic for topic, one in {one.topic: one for one in answers}.items() if not one.is_right]


def mastered_topics(answers: Iterable[Answered]) -> set[str]:
    """Return the topics whose last answer was right."""
    return {topic for topic, one in {one.topic: one for one in answers}.items() if one.is_right}
