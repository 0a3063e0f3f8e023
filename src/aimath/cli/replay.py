"""Command lines that aimath runs itself, so that what it shows of a command is what the command answers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.catalogue import COMMANDS, found
from aimath.cli.fast_parser import guarded, plainly
from aimath.cli.job import asked_for
from aimath.cli.options import Output
from aimath.cli.printer import Kept
from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.report import Report


class Replay(NamedTuple):
    """A command line, its options of output, and its answers."""

    line: str
    output: Output
    reports: tuple[Report, ...]


def replayed(line: str) -> Replay:
    """Run a command line such as `aimath softmax 2 1 0.1 --explain`, and keep its answers.

    >>> replayed("aimath softmax 0 0").reports[0].value("probs").tolist()
    [[0.5, 0.5]]
    """
    from aimath.cli.run import answer

    _, name, *words = shlex.split(line)
    given = plainly(found(name), guarded(words)) if name in COMMANDS else None
    if given is None:
        raise InputError(f"'{line}' is no command line of aimath's", usage=True)
    output = Output(**{key: given.pop(key) for key in Output._fields})
    kept = Kept()
    try:
        answer(*asked_for(found(name), given, stdin=False), kept)
    except InputError as error:
        error.why = error.why.removesuffix(": stdin is closed")  # it isn't: a replay doesn't read it
        raise
    return Replay(line, output, tuple(kept.reports))
