"""The terminal writer: paragraphs, tables, derivations and plots in order."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from aimath.render._derivation import DerivationRenderer
from aimath.render._layout import StyledLine, elision, safe_label, styled
from aimath.render._plots import Plotter
from aimath.render._table import Records, single_answer_grid
from aimath.render.report_view import ReportView
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.render.report_view import LayoutOptions
    from aimath.report import PageHeader, Paragraph, Report

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


UNLIMITED_WIDTH = 10_000
"""A pipe has no width: nothing is wrapped or cut there."""


class Document:
    """A document of pages: reports rendered to lines, with their headers and footers.

    `explain` gives derivations in place of tables, `draw` adds plots. With `images`, an answer that is
    an image is drawn though no plot was asked for: so people read it.
    """

    def __init__(self, layout: LayoutOptions, *, explain: bool, draw: bool, images: bool) -> None:
        self.layout, self.explain, self.draw = layout, explain, draw
        self.started = False
        self._start_page(explain=explain, draw=draw, images=images)

    def _start_page(self, *, explain: bool, draw: bool, images: bool) -> None:
        """Start a page, on which formulas are printed anew."""
        self.derivation = DerivationRenderer(self.layout) if explain else None
        self.draw_plots, self.images = draw, images and not explain
        self.plotter, self.records = Plotter(self.layout), Records(self.layout)
        self.page_started = False
        self.shown_lines = self.hidden = 0

    def add(self, report: Report) -> list[StyledLine]:
        """Return the lines of one block of rows; table rows may be buffered until the end."""
        strips = self._render_header(report.page.header) if report.page.header else []
        strips += self._render_report(report)
        if report.page.footer:
            strips += [*self.finish(), styled(""), *prose_lines(report.page.footer, self.layout)]
        self.started = self.started or bool(strips)
        return strips

    def finish(self) -> list[StyledLine]:
        """Return the buffered rows and plots."""
        hidden = elision(self.hidden, self.layout, "answers")
        self.hidden = 0
        return self._flush_records() + self._separated(hidden) + self._separated(self.plotter.finish())

    def _is_full(self) -> bool:
        """Return whether a screen is filled, so that a further answer is counted and not shown."""
        return 0 < self.layout.max_lines <= self.shown_lines

    def _render_derivations(self, report: Report) -> list[StyledLine]:
        """Return the derivations of all rows, as far as they are shown."""
        strips: list[StyledLine] = []
        if not self.derivation:
            return strips
        for part in self.derivation.render(ReportView.of_problems(report)):
            if self._is_full():
                self.hidden += 1
            else:
                strips += self._separated(part)
                self.shown_lines += len(part) + 1
        return strips

    def _render_header(self, header: PageHeader) -> list[StyledLine]:
        strips = self.finish()
        strips += [styled("")] * (self.started or bool(strips)) + prose_lines(header.paragraphs, self.layout)
        explain = self.explain if header.explain is None else header.explain
        self._start_page(explain=explain, draw=self.draw if header.draw is None else header.draw, images=True)
        return strips

    def _render_report(self, report: Report) -> list[StyledLine]:
        summary = report._replace(show=report.summary_fields or report.show)
        known = ReportView.of_lines(summary, self.layout.fields)
        strips: list[StyledLine] = []
        image = any(plot.kind == "picture" for plot in report.plots)
        drawn = self.draw_plots or (self.images and image)
        a_screen = self.layout.width < UNLIMITED_WIDTH and not self.layout.all_rows
        if report.page.is_quiet and a_screen and not self.derivation:
            return []
        if self.derivation:
            strips += self._render_derivations(report)
        elif drawn and image:
            pass  # the picture is how people read it
        elif (grid := single_answer_grid(known, self.layout)) is not None:
            if self._is_full():
                self.hidden += 1
            else:
                lines = grid.lines(self.layout)
                self.shown_lines += len(lines) + 1
                strips += self._flush_records() + self._separated(lines)
        else:
            strips += [] if self.records.fits(known) else self._flush_records()
            self.records.add(known)
        if drawn and (lines := self.plotter.add(report)):
            strips += self._flush_records() + self._separated(lines)
        return strips

    def _flush_records(self) -> list[StyledLine]:
        records, self.records = self.records, Records(self.layout)
        return self._separated(records.grid().lines(self.layout)) if records.rows else []

    def _separated(self, strips: list[StyledLine]) -> list[StyledLine]:
        """Return lines with a blank one before them unless they are first on the page."""
        blank = [styled("")] if self.page_started and strips else []
        self.page_started = self.page_started or bool(strips)
        return blank + strips


class TerminalWriter:
    """The terminal writer, in colour if asked for."""

    def __init__(
        self, layout: LayoutOptions, *, explain: bool = False, draw: bool = False, images: bool = False
    ) -> None:
        self.encode = encode_ansi if layout.colour else encode_plain
        self.document = Document(layout, explain=explain, draw=draw, images=images)

    def write(self, report: Report) -> bytes:
        """Return the text of one block of rows."""
        return self.encode(self.document.add(report))

    def finish(self) -> bytes:
        """Return the text of what was buffered."""
        return self.encode(self.document.finish())


class PlotWriter:
    """The writer of plots alone, without colour."""

    def __init__(self, layout: LayoutOptions) -> None:
        self.plotter, self.started = Plotter(layout._replace(colour=False)), False

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
    return "".join(line.text + "\n" for line in strips).encode(errors="backslashreplace")


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
        console.print(Text.assemble(*line.spans), soft_wrap=True)
    return out.getvalue().encode(errors="backslashreplace")
