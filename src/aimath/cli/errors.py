"""Error reporting: one greppable line on standard error, then one hint."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

from aimath.errors import InputError, Retype, closest, explain
from aimath.text import escape_control, quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from typer import TyperException

MAX_LINE_CHARS = 900


class ClosedStdout(io.TextIOBase):
    """A stand-in for a closed standard output, whose write raises InputError."""

    def write(self, _text: str) -> int:
        """Raise InputError."""
        raise InputError("standard output is closed")


def report_error(error: BaseException, arguments: Sequence[str]) -> int:
    """Report an error on standard error and return the exit code."""
    if isinstance(error, BrokenPipeError):
        return 141
    from aimath.cli.catalogue import COMMANDS  # noqa: PLC0415  only for mistakes

    command = next((token for token in arguments if not token.startswith("-")), "")
    if command not in COMMANDS:
        command = ""  # there is none of this name
    why, hint, code = _describe_error(error, command, arguments)
    eprint(f"{program_name(command)}: error: {why}")
    for line in getattr(error, "snippet", "").splitlines():
        eprint(f"  {line}")
    if hint:
        eprint(f"  {hint}")
    return code


def program_name(command: str) -> str:
    """Return the program name with the command, as in "aimath softmax"."""
    return f"aimath {command}".rstrip()


def eprint(line: str) -> None:
    """Write a line to standard error, if open, with control characters escaped."""
    if sys.stderr is None:
        return
    try:
        os.write(2, (escape_control(line)[:MAX_LINE_CHARS] + "\n").encode(errors="backslashreplace"))
    except OSError:
        return  # there is nobody left to tell


def _describe_error(error: BaseException, command: str, arguments: Sequence[str]) -> tuple[str, str, int]:
    """Return the message, the hint and the exit code of an error."""
    if isinstance(error, InputError):
        why, hint = explain(error, error.flags or {})
        if isinstance(error.hint, Retype):
            from aimath.cli.guesses import retyped  # noqa: PLC0415  only for mistakes

            hint = f"try {retyped(arguments, error.hint)}"
        return why, hint, 2 if error.usage else 1
    if _is_typer_error(error):
        return _describe_usage_error(error, command, arguments)
    # Where numpy and CPython forget to look for want of memory, they end in a SystemError.
    if isinstance(error, MemoryError | SystemError) or _lacks_lock(error):
        return "out of memory", "use smaller blocks of data, or more memory", 1
    if isinstance(error, ImportError):
        why = str(error).strip().rpartition("Original error was: ")[2].partition("\n")[0]  # numpy's is a page
        return f"cannot load a package: {why}", "is there enough memory? if so, install aimath anew", 1
    if isinstance(error, RecursionError):
        return "nested too deeply", "", 1
    if isinstance(error, OSError):
        place = os.fsdecode(error.filename) if error.filename else "standard output"
        return f"{place}: {(error.strerror or str(error)).lower()}", "", 1
    why = f"unexpected {type(error).__name__}: {error}"
    return why, "this is a mistake of aimath's; AIMATH_DEBUG=1 shows where it happened", 1


def _lacks_lock(error: BaseException) -> bool:
    """Return whether CPython had no memory for a lock or a thread, which it tells in words only."""
    return isinstance(error, RuntimeError) and str(error).startswith(
        ("can't allocate lock", "can't start new")
    )


def _is_typer_error(error: BaseException) -> TypeGuard[TyperException]:
    typer = sys.modules.get("typer")  # not loaded, it raised nothing
    return typer is not None and isinstance(error, typer.TyperException)


def _describe_usage_error(
    error: TyperException, command: str, arguments: Sequence[str]
) -> tuple[str, str, int]:
    """Return typer's error as message, hint and exit code in aimath's wording."""
    if command and arguments[0] == command and hasattr(error, "possibilities"):
        from aimath.cli.guesses import unknown_option  # noqa: PLC0415  only for mistakes

        why, hint = unknown_option(arguments)
        if why:
            return why, hint, 2
    possible = getattr(error, "possibilities", None)
    why = (error.message if possible else error.format_message()).strip().rstrip(".").replace("\n", " ")
    why = why[:1].lower() + why[1:]
    if possible:
        bare = {option.lstrip("-"): option for option in possible}  # whose dashes would count as a likeness
        near = closest(getattr(error, "option_name", "").lstrip("-"), bare)
        return why, f"did you mean {bare[near[0]]}?" if near else f"see {program_name(command)} --help", 2
    _, extra, words = why.partition("unexpected extra argument(s) ")
    if extra:
        why = f"takes no operands, not {quote(words[1:-1])}"
    return why, f"see {program_name(command)} --help", 2
