"""Commands that print text themselves and return an exit code."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from aimath.cli.command import DECLARED, Command, Declaration, Param
from aimath.cli.options import OutputOptions
from aimath.cli.output import detect_terminal, stdout_fd
from aimath.text import display_width, to_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.command import Function

TextFunction = Callable[..., int]
MAX_WIDTH = 80
MIN_WIDTH = 20


class TextOutput:
    """Standard output for text, wrapped to the terminal's width and in ASCII where needed."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        terminal = detect_terminal(OutputOptions(ascii=ascii_only))
        self.ascii_only = terminal.ascii_only
        self.width = max(MIN_WIDTH, min(terminal.width, MAX_WIDTH))

    def paragraph(self, text: str = "", *, indent: str = "", subsequent_indent: str | None = None) -> None:
        """Write a wrapped paragraph, its further lines indented by `subsequent_indent`."""
        lines = textwrap.wrap(
            text,
            self.width,
            initial_indent=indent,
            subsequent_indent=indent if subsequent_indent is None else subsequent_indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        self.write("\n".join(lines or [""]) + "\n")

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None:
        """Write a definition list, with definitions below their terms on narrow terminals."""
        wide = max(display_width(left) for left, _ in rows) + 2
        if self.width - wide < MAX_WIDTH // 4:
            for left, right in rows:
                self.paragraph(left, indent="  ", subsequent_indent="    ")
                self.paragraph(right, indent="    ")
            return
        for left, right in rows:
            self.paragraph(right, indent=f"  {left.ljust(wide)}", subsequent_indent=" " * (wide + 2))

    def write(self, text: str) -> None:
        """Write text unchanged, or raise OSError if not all of it can be written."""
        from aimath.render.sink import FileDescriptor

        data = to_ascii(text) if self.ascii_only else text
        FileDescriptor(stdout_fd()).write(data.encode(errors="backslashreplace"))


class TextCommand(Command):
    """A command that prints text: it has no operands and no output formats."""

    @cached_property
    def params(self) -> tuple[Param, ...]:
        """The parameters of the command line: its own, and --ascii."""
        shared = [part for part in super().params if part.name not in OutputOptions._fields]
        return (*shared, Param("ascii", ("--ascii",), bool, False, "Write ASCII signs only.", ""))

    def run_text(self, given: dict[str, Any]) -> int:
        """Run the function with a TextOutput and return its exit code."""
        voice = TextOutput(ascii_only=given.pop("ascii"))
        if self.text_parameter:
            given[self.text_parameter] = [word.strip() for word in given.pop("operands", None) or []]
        return cast("TextFunction", self.function)(voice, **given)


def text_command(
    *, example: str, answer: str, after: str, name: str = ""
) -> Callable[[TextFunction], TextFunction]:
    """Declare a text function as the command of its name, or of another one."""
    declared = Declaration(example, answer, after=after, informational=True)

    def register(function: TextFunction) -> TextFunction:
        known = name or function.__name__
        DECLARED[known] = TextCommand(cast("Function", function), name=known, declared=declared)
        return function

    return register
