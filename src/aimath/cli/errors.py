"""Errors as people and scripts read them: one greppable line, then one way out."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING

from aimath.errors import InputError, alike
from aimath.text import echo, safe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeGuard

    from typer import TyperException

LONGEST = 900


class Closed(io.TextIOBase):
    """Stands for a standard output that is closed: writing to it fails."""

    def write(self, _text: str) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "it is closed")


def tell(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what went wrong and give the exit code."""
    if isinstance(error, BrokenPipeError):
        return 141
    command = next((token for token in arguments if not token.startswith("-")), "")
    if _of_typer(error) and getattr(getattr(error, "ctx", None), "parent", "") is None:
        command = ""  # there is none of this name
    why, hint, code = _parts(error, command)
    say(f"{program(command)}: error: {why}")
    for line in getattr(error, "shown", "").splitlines():
        say(f"  {line}")
    if hint:
        say(f"  {hint}")
    return code


def program(command: str) -> str:
    """Name the program as it was called."""
    return f"aimath {command}".rstrip()


def say(line: str) -> None:
    """Write a line to standard error, where there is one, with what would steer a terminal made visible."""
    if sys.stderr is None:
        return
    try:
        os.write(2, (safe(line)[:LONGEST] + "\n").encode(errors="backslashreplace"))
    except OSError:
        return  # there is nobody left to tell


def _parts(error: BaseException, command: str) -> tuple[str, str, int]:
    """Give the sentence, the way out and the exit code of an error."""
    if isinstance(error, InputError):
        return error.why, error.hint, 2 if error.usage else 1
    if _of_typer(error):
        return _usage(error, command)
    # Where numpy and CPython forget to look for want of memory, they end in a SystemError.
    if isinstance(error, MemoryError | SystemError):
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


def _of_typer(error: BaseException) -> TypeGuard[TyperException]:
    typer = sys.modules.get("typer")  # not loaded, it raised nothing
    return typer is not None and isinstance(error, typer.TyperException)


def _usage(error: TyperException, command: str) -> tuple[str, str, int]:
    """Put typer's sentence in our form; it has already looked for what was meant."""
    possible = getattr(error, "possibilities", None)
    why = (error.message if possible else error.format_message()).strip().rstrip(".").replace("\n", " ")
    why = why[:1].lower() + why[1:]
    if possible:
        bare = {option.lstrip("-"): option for option in possible}  # whose dashes would count as a likeness
        near = alike(getattr(error, "option_name", "").lstrip("-"), bare)
        return why, f"did you mean {bare[near[0]]}?" if near else f"see {program(command)} --help", 2
    _, extra, words = why.partition("unexpected extra argument(s) ")
    if extra:
        why = f"takes no operands, not {echo(words[1:-1])}"
    why, meant, best = why.partition(". Did you mean ")
    best = best.strip("?'")
    return why, f"did you mean {best}?" if meant else f"see {program(command)} --help", 2
