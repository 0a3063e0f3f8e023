"""The terminal writer: paragraphs, tables, derivations and plots in order."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from aimath.render._document import Document
from aimath.render._layout import StyledLine, elision, safe_label, styled
from aimath.render.plots._terminal_plots import TerminalPlotter
from aimath.text import display_width, escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.render._derivation import Block
    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Paragraph, Report

COMMAND_WORD = r"""(?:-[-\w]+ (?!-[-A-Za-z]))?(?:'[^']*'|"[^"]*"|\S)+"""
"""A word of a command line, behind the option that it belongs to."""
INDENTS = {"title": ("", ""), "text": ("", ""), "command": ("$ ", "    "), "item": ("  ", "  ")}
STYLES = {"title": "bold", "command": "bold"}


def prose_lines(paragraphs: Sequence[Paragraph], layout: LayoutOptions) -> list[StyledLine]:
    """Return paragraphs as lines, with blank lines before titles and around commands."""
    lines: list[StyledLine] = []
    before = ""
    for paragraph in paragraphs:
        apart = paragraph.kind == "title" or {before, paragraph.kind} == {"text", "command"}
        lines += [styled("")] if lines and apart else []
        lines += _paragraph_lines(paragraph, layout)
        before = paragraph.kind
    return lines


def _paragraph_lines(paragraph: Paragraph, layout: LayoutOptions) -> Iterator[StyledLine]:
    command = paragraph.kind == "command"
    words = re.findall(COMMAND_WORD if command else r"\S+", safe_label(paragraph.text, layout))
    end = " \\" if command else ""  # so that the shell reads on
    filled = list(_fill(words, layout.text_width - display_width(end), INDENTS[paragraph.kind]))
    for k, line in enumerate(filled, 1):
        yield styled(line + end * (k < len(filled)), STYLES.get(paragraph.kind, ""))


def _fill(words: Sequence[str], width: int, indents: tuple[str, str]) -> Iterator[str]:
    """Yield words filled into lines; a word that is too wide has its own line."""
    first, later = indents
    line = first
    for word in words:
        if line.strip() not in {"", "$"} and display_width(f"{line} {word}") > width:
            yield line.rstrip()
            line = later
        line += word if line in {first, later} else f" {word}"
    yield line.rstrip()


class TerminalDocument(Document[StyledLine]):
    """A document as lines of a terminal, with a blank one between what is apart."""

    def prose(self, paragraphs: Sequence[Paragraph]) -> list[StyledLine]:
        """Return paragraphs as lines."""
        return prose_lines(paragraphs, self.layout)

    def derivation(self, blocks: Sequence[Block]) -> list[StyledLine]:
        """Return the lines of a derivation."""
        return [line for block in blocks for line in block.lines(self.layout.text_width)]

    def table(self, grid: Grid) -> list[StyledLine]:
        """Return the lines of a table."""
        return grid.lines(self.layout)

    def plots(self, lines: Sequence[StyledLine]) -> list[StyledLine]:
        """Return the lines of plots as they are."""
        return list(lines)

    def hidden_answers(self, count: int) -> list[StyledLine]:
        """Return a line that says how many answers are hidden."""
        return elision(count, self.layout, "answers")

    def separated(self, pieces: list[StyledLine], *, follows: bool) -> list[StyledLine]:
        """Return lines with a blank one before them if they follow any."""
        return [styled(""), *pieces] if follows else pieces


class TerminalWriter:
    """The terminal writer, in colour if asked for."""

    def __init__(
        self, layout: LayoutOptions, *, explain: bool = False, draw: bool = False, images: bool = False
    ) -> None:
        self.encode = encode_ansi if layout.colour else encode_plain
        self.document = TerminalDocument(layout, explain=explain, draw=draw, images=images)

    def write(self, report: Report) -> bytes:
        """Return the text of one block of rows."""
        return self.encode(self.document.add(report))

    def finish(self) -> bytes:
        """Return the text of what was buffered."""
        return self.encode(self.document.finish())


class PlotWriter:
    """The writer of plots alone, without colour."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.plotter, self.started = TerminalPlotter(layout._replace(colour=False)), False

    def write(self, report: Report) -> bytes:
        """Return the plots of one block of rows."""
        return self._encode(self.plotter.add(report))

    def finish(self) -> bytes:
        """Return the plots that needed all rows."""
        return self._encode(self.plotter.finish())

    def _encode(self, strips: list[StyledLine]) -> bytes:
        blank = [styled("")] if self.started and strips else []
        self.started = self.started or bool(strips)
        return encode_plain(blank + strips)


def encode_plain(strips: Iterable[StyledLine]) -> bytes:
    """Return lines as bytes without colour."""
    return "".join(escape_control(line.text) + "\n" for line in strips).encode()


def encode_ansi(strips: Iterable[StyledLine]) -> bytes:
    """Return lines as bytes with ANSI colour codes."""
    from rich.console import Console  # noqa: PLC0415  rich takes 60 ms to import
    from rich.text import Text  # noqa: PLC0415

    out = io.StringIO()
    # Nothing is taken from the environment: who writes has decided on colour already.
    console = Console(
        file=out, width=80, force_terminal=True, color_system="256", no_color=False, markup=False,
        emoji=False, highlight=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for line in strips:
        safe = ((escape_control(text), style) for text, style in line.spans)
        console.print(Text.assemble(*safe), soft_wrap=True)
    return out.getvalue().encode(errors="backslashreplace")
