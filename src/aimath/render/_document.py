"""Reports as a document: headers, derivations, tables, plots and footers in order, in whatever form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from aimath.render._derivation import DerivationRenderer
from aimath.render._table import Records, single_answer_grids
from aimath.render.plots._terminal_plots import TerminalPlotter
from aimath.render.report_view import ReportView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render._derivation import Block
    from aimath.render._layout import StyledLine
    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import PageHeader, Paragraph, Report

Piece = TypeVar("Piece")

UNLIMITED_WIDTH = 10_000
"""A pipe and a page have no width: nothing is wrapped or cut there."""


class Document(ABC, Generic[Piece]):
    """A document of pages, made of pieces of a form: reports with their headers and footers.

    `explain` gives derivations in place of tables, `draw` adds plots. With `images`, an answer that is
    an image is drawn though no plot was asked for: so people read it.
    """

    def __init__(self, layout: LayoutOptions, *, explain: bool, draw: bool, images: bool) -> None:
        self.layout, self.explain, self.draw = layout, explain, draw
        self.started = False
        self._start_page(explain=explain, draw=draw, images=images)

    @property
    def plot_layout(self) -> LayoutOptions:
        """The layout of plots."""
        return self.layout

    @property
    def is_screen(self) -> bool:
        """Whether it is read on a screen, which is spared what is quiet."""
        return self.layout.width < UNLIMITED_WIDTH and not self.layout.all_rows

    @abstractmethod
    def prose(self, paragraphs: Sequence[Paragraph]) -> list[Piece]:
        """Return paragraphs as pieces."""

    @abstractmethod
    def derivation(self, blocks: Sequence[Block]) -> list[Piece]:
        """Return the derivation of one row as pieces."""

    @abstractmethod
    def table(self, grid: Grid) -> list[Piece]:
        """Return a table as pieces."""

    @abstractmethod
    def plots(self, lines: Sequence[StyledLine]) -> list[Piece]:
        """Return drawn plots as pieces."""

    @abstractmethod
    def hidden_answers(self, count: int) -> list[Piece]:
        """Return how many answers are not shown, if any."""

    def separated(self, pieces: list[Piece], *, follows: bool) -> list[Piece]:  # noqa: ARG002  lines have blank ones
        """Return pieces set apart from those before, if they follow any."""
        return pieces

    def _start_page(self, *, explain: bool, draw: bool, images: bool) -> None:
        """Start a page, on which formulas are printed anew."""
        self.renderer = DerivationRenderer(self.layout) if explain else None
        self.draw_plots, self.images = draw, images and not explain
        self.plotter, self.records = TerminalPlotter(self.plot_layout), Records(self.layout)
        self.page_started = False
        self.shown_lines = self.hidden = 0

    def add(self, report: Report) -> list[Piece]:
        """Return the pieces of one block of rows; table rows may be buffered until the end."""
        pieces = self._header(report.page.header) if report.page.header else []
        pieces += self._answer(report)
        if report.page.footer:
            pieces += self.finish()
            pieces += self.separated(self.prose(report.page.footer), follows=True)
        self.started = self.started or bool(pieces)
        return pieces

    def finish(self) -> list[Piece]:
        """Return the buffered rows and plots."""
        hidden, self.hidden = self.hidden, 0
        return [
            *self._flush_records(),
            *self._on_page(self.hidden_answers(hidden)),
            *self._on_page(self.plots(self.plotter.finish())),
        ]

    def _is_full(self) -> bool:
        """Return whether a screen is filled, so that a further answer is counted and not shown."""
        return 0 < self.layout.max_lines <= self.shown_lines

    def _derivations(self, renderer: DerivationRenderer, report: Report) -> list[Piece]:
        """Return the derivations of all rows, as far as they are shown."""
        pieces: list[Piece] = []
        for blocks in renderer.render(ReportView.of_problems(report)):
            if self._is_full():
                self.hidden += 1
            else:
                pieces += self._shown(self.derivation(blocks))
        return pieces

    def _shown(self, pieces: list[Piece]) -> list[Piece]:
        self.shown_lines += len(pieces) + 1
        return self._on_page(pieces)

    def _header(self, header: PageHeader) -> list[Piece]:
        pieces = self.finish()
        pieces += self.separated(self.prose(header.paragraphs), follows=self.started or bool(pieces))
        explain = self.explain if header.explain is None else header.explain
        self._start_page(explain=explain, draw=self.draw if header.draw is None else header.draw, images=True)
        return pieces

    def _answer(self, report: Report) -> list[Piece]:
        summary = report._replace(show=report.summary_fields or report.show)
        known = ReportView.of_lines(summary, self.layout.fields)
        pieces: list[Piece] = []
        image = any(plot.kind in {"picture", "map"} for plot in report.plots)
        drawn = self.draw_plots or (self.images and image)
        if report.page.is_quiet and self.is_screen and not self.renderer:
            return []
        if self.renderer:
            pieces += self._derivations(self.renderer, report)
        elif drawn and image:
            pass  # the picture is how people read it
        elif grids := single_answer_grids(known, self.layout):
            for grid in grids:
                if self._is_full():
                    self.hidden += 1
                    continue
                table = self.table(_beside_plots(grid, summary) if drawn else grid)
                pieces += [*self._flush_records(), *self._shown(table)]
        else:
            pieces += [] if self.records.fits(known) else self._flush_records()
            self.records.add(known)
        if drawn and (lines := self.plotter.add(report)):
            pieces += [*self._flush_records(), *self._on_page(self.plots(lines))]
        return pieces

    def _flush_records(self) -> list[Piece]:
        records, self.records = self.records, Records(self.layout)
        if not records.rows:
            return []
        grid = records.grid()
        if self.draw_plots and records.has_bars:
            grid = grid._replace(plotted=())  # its bars stand below, on all the width
        return self._on_page(self.table(grid))

    def _on_page(self, pieces: list[Piece]) -> list[Piece]:
        """Return pieces set apart from what is above on the page."""
        follows, self.page_started = self.page_started, self.page_started or bool(pieces)
        return self.separated(pieces, follows=follows) if pieces else pieces


def _beside_plots(grid: Grid, report: Report) -> Grid:
    """Return the table of an answer as it stands above its plots."""
    if any(plot.kind == "heat" and plot.y not in report.show for plot in report.plots):
        said = "   ".join(part for part in (grid.above, report.show[-1]) if part)
        grid = grid._replace(above=said)  # of two matrices each has its name
    if any(plot.kind == "bars" and plot.y in report.show for plot in report.plots):
        grid = grid._replace(plotted=())  # its bars stand below, on all the width
    return grid
