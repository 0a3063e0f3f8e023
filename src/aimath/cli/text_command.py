"""Commands that talk: their function writes words by itself and gives the exit code."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from aimath.cli.command import Command, Commands, Part
from aimath.cli.options import Output
from aimath.cli.output import standard_output, terminal_of
from aimath.text import cells, to_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Function

Talker = Callable[..., int]
WIDEST = 80
NARROWEST = 20


class Voice:
    """Standard output for words: wrapped to its width, in ASCII where nothing else is understood."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        terminal = terminal_of(Output(ascii=ascii_only))
        self.ascii_only = terminal.ascii_only
        self.width = max(NARROWEST, min(terminal.width, WIDEST))

    def say(self, text: str = "", *, indent: str = "", hang: str | None = None) -> None:
        """Write a paragraph; its further lines begin with `hang`."""
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent if hang is None else hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.write("\n".join(lines or [""]) + "\n")

    def rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write words with what is said of them beside, or below where the line is too short."""
        wide = max(cells(left) for left, _ in rows) + 2
        if self.width - wide < WIDEST // 4:
            for left, right in rows:
                self.say(left, indent="  ", hang="    ")
                self.say(right, indent="    ")
            return
        for left, right in rows:
            self.say(right, indent=f"  {left.ljust(wide)}", hang=" " * (wide + 2))

    def write(self, text: str) -> None:
        """Write text as it is; every byte of it, or it is an error."""
        from aimath.render.sink import Descriptor

        data = to_ascii(text) if self.ascii_only else text
        Descriptor(standard_output()).write(data.encode(errors="backslashreplace"))


class Talk(Command):
    """A command that writes words: it has no operands to read and none of the forms of an answer."""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What may stand on its command line: the options of its own, and how to write."""
        shared = [part for part in super().parts if part.key not in Output._fields]
        return (*shared, Part("ascii", ("--ascii",), bool, False, "Write ASCII signs only.", ""))

    def talk(self, given: dict[str, Any]) -> int:
        """Let the function speak, and give its exit code."""
        voice = Voice(ascii_only=given.pop("ascii"))
        if self.words:
            given[self.words] = [word.strip() for word in given.pop("operands", None) or []]
        return cast("Talker", self.function)(voice, **given)


def talk(commands: Commands, *, example: str, name: str = "") -> Callable[[Talker], Talker]:
    """Register a function that talks as one of a topic's commands."""

    def register(function: Talker) -> Talker:
        known = name or function.__name__
        heard = cast("Function", function)
        commands[known] = Talk(heard, name=known, example=example, guides=True)
        return function

    return register
