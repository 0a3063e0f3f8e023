"""The list of the commands, and the way from a command line to one of them."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, found
from aimath.cli.errors import Closed, tell
from aimath.cli.fast_parser import guarded, plainly

if TYPE_CHECKING:
    from collections.abc import Sequence


def call(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; mistakes are said on standard error."""
    if sys.stdout is None:
        sys.stdout = Closed()  # Typer would print nothing, and not say so
    try:
        code = _answer(guarded(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("AIMATH_DEBUG"):
            raise
        return tell(error, arguments)
    return code


def _answer(words: list[str]) -> int:
    """Run the command of a plain line; typer has help for the others, and sees what is wrong."""
    if not words:
        page = importlib.import_module("aimath.pages.help")  # by its name: pages stand above
        return int(page.welcome())
    if words[0] in COMMANDS:
        command = found(words[0])
        given = plainly(command, words[1:])
        if given is not None:
            from aimath.cli.run import run

            return run(command, given)
    from aimath.cli.typer_group import grouped  # noqa: PLC0415  25 ms

    return grouped(words)
