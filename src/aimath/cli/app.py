"""The entry point of the command line: parse the arguments and run the command they name."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.errors import ClosedStdout, report_error
from aimath.cli.fast_parser import escape_negatives, parse_args
from aimath.cli.runner.given import check_given

if TYPE_CHECKING:
    from collections.abc import Sequence


def invoke(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code, with errors reported on standard error."""
    if sys.stdout is None:
        sys.stdout = ClosedStdout()  # Typer would print nothing, and not say so
    try:
        return run_line(arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("AIMATH_DEBUG"):
            raise
        return report_error(error, arguments)


def run_line(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code, with its output flushed and its errors raised."""
    code = _dispatch(arguments)
    sys.stdout.flush()
    return code


def _dispatch(arguments: Sequence[str]) -> int:
    """Run a command from its arguments, and leave help and usage errors to typer."""
    if not arguments:
        page = importlib.import_module("aimath.pages.help")  # by its name: pages stand above
        return int(page.welcome())
    command = lookup(arguments[0]) if arguments[0] in COMMANDS else None
    args = escape_negatives(arguments, command)
    if command is not None:
        check_given(command, args[1:])
        given = parse_args(command, args[1:])
        if given is not None:
            from aimath.cli.runner.run import run

            return run(command, given, arguments)
    from aimath.cli.typer_group import run_typer  # noqa: PLC0415  25 ms

    return run_typer(args)
