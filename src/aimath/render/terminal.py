"""What people see: paragraphs, tables, derivations and plots, one after the other."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from aimath.render._derivation import Derivation
from aimath.render._layout import Strip, label, strip
from aimath.render._plots import Plotter
from aimath.render._table import Records, single
from aimath.render.fields import Quantities
from aimath.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.render.fields import Wanted
    from aimath.report import Opening, Prose, Report

WORD = r"""(?:-[-\w]+ (?!-[-A-Za-z]))?(?:'[^']*'|"[^"]*"|\S)+"""
"""A word of a command line, behind the option that it belongs to."""
INDENTS = {"title": ("", ""), "text": ("", ""), "command": ("$ ", "    "), "item": ("  ", "  ")}
STYLES = {"title": "bold", "command": "bold"}


def paragraph_strips(prose: Sequence[Prose], wanted: Wanted) -> list[Strip]:
    """Give paragraphs as lines; a blank one stands before a title, and before a command behind a text."""
    lines: list[Strip] = []
    before = ""
    for paragraph in prose:
        apart = paragraph.kind == "title" or {before, paragraph.kind} == {"text", "command"}
        lines += [strip("")] if lines and apart else []
        lines += _paragraph(paragraph, wanted)
        before = paragraph.kind
    return lines


def _paragraph(paragraph: Prose, wanted: Wanted) -> Iterator[Strip]:
    command = paragraph.kind == "command"
    words = re.findall(WORD if command else r"\S+", label(paragraph.text, wanted))
    end = " \\" if command else ""  # so that the shell reads on
    filled = list(_filled(words, wanted.measure - cells(end), INDENTS[paragraph.kind]))
    for k, line in enumerate(filled, 1):
        yield strip(line + end * (k < len(filled)), STYLES.get(paragraph.kind, ""))


def _filled(words: Sequence[str], width: int, indents: tuple[str, str]) -> Iterator[str]:
    """Fill lines with words; one that is too wide has a line of its own."""
    first, later = indents
    line = first
    for word in words:
        if line.strip() not in {"", "$"} and cells(f"{line} {word}") > width:
            yield line.rstrip()
            line = later
        line += word if line in {first, later} else f" {word}"
    yield line.rstrip()


NO_WIDTH = 10_000
"""A pipe has no width: nothing is wrapped or cut there."""


class Book:
    """Turns reports into lines, on a page of their own where they open one; what they say stands around them.

    `explain` gives derivations in place of tables, `draw` adds plots. With `images`, an answer that is
    an image is drawn though no plot was asked for: so people read it.
    """

    def __init__(self, wanted: Wanted, *, explain: bool, draw: bool, images: bool) -> None:
        self.wanted, self.explain, self.draw = wanted, explain, draw
        self.begun = False
        self._turn(explain=explain, draw=draw, images=images)

    def _turn(self, *, explain: bool, draw: bool, images: bool) -> None:
        """Begin a page, which says its formulas anew."""
        self.derivation = Derivation(self.wanted) if explain else None
        self.drawing, self.images = draw, images and not explain
        self.plotter, self.records = Plotter(self.wanted), Records(self.wanted)
        self.page_begun = False

    def add(self, report: Report) -> list[Strip]:
        """Give what one block of rows shows; rows of a table may be kept back until the end."""
        strips = self._opened(report.opening) if report.opening else []
        strips += self._answered(report)
        if report.closing:
            strips += [*self.end(), strip(""), *paragraph_strips(report.closing, self.wanted)]
        self.begun = self.begun or bool(strips)
        return strips

    def end(self) -> list[Strip]:
        """Give the rows and points that were kept back."""
        return self._kept() + self._apart(self.plotter.rest())

    def _opened(self, look: Opening) -> list[Strip]:
        strips = self.end()
        strips += [strip("")] * (self.begun or bool(strips)) + paragraph_strips(look.prose, self.wanted)
        explain = self.explain if look.explain is None else look.explain
        self._turn(explain=explain, draw=self.draw if look.draw is None else look.draw, images=True)
        return strips

    def _answered(self, report: Report) -> list[Strip]:
        known = Quantities(report._replace(show=report.glance or report.show).spread())
        strips: list[Strip] = []
        image = any(plot.kind == "picture" for plot in report.plots)
        drawn = self.drawing or (self.images and image)
        if self.derivation:
            for told in report.told() if report.told else [report] * bool(report.steps):
                for part in self.derivation.parts(Quantities(told)):
                    strips += self._apart(part)
        elif drawn and image:
            pass  # the picture is how people read it
        elif (grid := single(known, self.wanted)) is not None:
            strips += self._kept() + self._apart(grid.strips(self.wanted))
        else:
            strips += [] if self.records.fits(known) else self._kept()
            self.records.add(known)
        if drawn and (lines := self.plotter.add(report)):
            strips += self._kept() + self._apart(lines)
        return strips

    def _kept(self) -> list[Strip]:
        records, self.records = self.records, Records(self.wanted)
        return self._apart(records.grid().strips(self.wanted)) if records.rows else []

    def _apart(self, strips: list[Strip]) -> list[Strip]:
        """Put a blank line before what isn't the first on its page."""
        blank = [strip("")] if self.page_begun and strips else []
        self.page_begun = self.page_begun or bool(strips)
        return blank + strips


class People:
    """The writer for a terminal, in colour where that is wanted."""

    def __init__(
        self, wanted: Wanted, *, explain: bool = False, draw: bool = False, images: bool = False
    ) -> None:
        self.text = painted if wanted.colour else plain
        self.book = Book(wanted, explain=explain, draw=draw, images=images)

    def write(self, report: Report) -> bytes:
        """Give the text of one block of rows."""
        return self.text(self.book.add(report))

    def end(self) -> bytes:
        """Give the text of what was kept back."""
        return self.text(self.book.end())


class Drawing:
    """The writer of plots alone, without colour."""

    def __init__(self, wanted: Wanted) -> None:
        self.plotter, self.begun = Plotter(wanted._replace(colour=False)), False

    def write(self, report: Report) -> bytes:
        """Draw one block of rows."""
        return self._text(self.plotter.add(report))

    def end(self) -> bytes:
        """Draw what needed all rows."""
        return self._text(self.plotter.rest())

    def _text(self, strips: list[Strip]) -> bytes:
        blank = [strip("")] if self.begun and strips else []
        self.begun = self.begun or bool(strips)
        return plain(blank + strips)


def plain(strips: Iterable[Strip]) -> bytes:
    """Give lines without colour."""
    return "".join(line.text + "\n" for line in strips).encode(errors="backslashreplace")


def painted(strips: Iterable[Strip]) -> bytes:
    """Give lines with the codes that colour them; nothing is wrapped, cut or read as markup."""
    from rich.console import Console  # noqa: PLC0415  rich takes 60 ms to import
    from rich.text import Text  # noqa: PLC0415

    out = io.StringIO()
    # Nothing is taken from the environment: who writes has decided on colour already.
    console = Console(
        file=out, width=80, force_terminal=True, color_system="256", no_color=False, markup=False,
        emoji=False, highlight=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for line in strips:
        console.print(Text.assemble(*line.pieces), soft_wrap=True)
    return out.getvalue().encode(errors="backslashreplace")
