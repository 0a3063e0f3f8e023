"""Run a command line in this process and capture its reports."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.options import OutputOptions
from aimath.cli.printer import CollectingPrinter
from aimath.cli.runner.job import parse_job
from aimath.errors import InputError

if TYPE_CHECKING:
    from aimath.report import Report


class CapturedRun(NamedTuple):
    """A command line, its output options and its reports."""

    command_line: str
    output: OutputOptions
    reports: tuple[Report, ...]


def run_captured(command_line: str) -> CapturedRun:
    """Run a command line such as `aimath softmax 2 1 0.1 --explain` and return its captured reports.

    >>> run_captured("aimath softmax 0 0").reports[0].value("probs").tolist()
    [[0.5, 0.5]]
    """
    from aimath.cli.runner.run import run_job

    _, name, *words = shlex.split(command_line)
    given = parse_args(lookup(name), escape_negatives(words, lookup(name))) if name in COMMANDS else None
    if given is None:
        raise InputError(f"'{command_line}' is no command line of aimath's", usage=True)
    output = OutputOptions(**{key: given.pop(key) for key in OutputOptions._fields})
    kept = CollectingPrinter()
    run_job(*parse_job(lookup(name), given, stdin=False, draws=output.draws), kept)
    return CapturedRun(command_line, output, tuple(kept.reports))
