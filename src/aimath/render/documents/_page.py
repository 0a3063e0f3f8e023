"""What documents have in common: derivations and tables as texts and cells, of no width."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.render._derivation import TableStep, TreeStep
from aimath.render._document import UNLIMITED_WIDTH, Document
from aimath.render._layout import HEAD_LINES
from aimath.render.plots._panels import PanelStep
from aimath.render.report_view import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report


class Cells(NamedTuple):
    """A table of texts: a row is its cells, or None where some are left out.

    `shares` are what is drawn beside each row, from -1 to 1, `is_dots` as places from 0 to 1; `depths`
    indent the first column; `shades` (0 to 1) lie behind the cells of a row.
    """

    heads: tuple[str, ...]
    rows: list[tuple[str, ...] | None]
    numeric: tuple[bool, ...]
    shares: tuple[float, ...] = ()
    drawn: str = ""  # what is drawn is called
    is_dots: bool = False
    depths: tuple[int, ...] = ()
    shades: tuple[tuple[float, ...], ...] = ()
    hidden: int = 0
    above: str = ""
    below: str = ""


class PageDocument(Document[str]):
    """A document as a page that is written whole: pieces are texts of its language."""

    def __init__(self, layout: LayoutOptions, *, explain: bool, draw: bool) -> None:
        whole = layout._replace(width=UNLIMITED_WIDTH, max_lines=0, colour=True)
        super().__init__(whole, explain=explain, draw=draw, images=True)


class PageWriter(Writer):
    """A writer of one document: its start, the pieces of its reports, its end."""

    def __init__(self, document: PageDocument, start: str, end: str = "") -> None:
        self.document, self.start, self.end = document, start, end

    def write(self, report: Report) -> bytes:
        """Return the text of one block of rows."""
        return self._encode(self.document.add(report))

    def finish(self) -> bytes:
        """Return the text of what was buffered, and the end."""
        return self._encode([*self.document.finish(), self.end])

    def _encode(self, pieces: Sequence[str]) -> bytes:
        start, self.start = self.start, ""
        return "".join([start, *pieces]).encode(errors="backslashreplace")


def cells_of_block(block: TableStep | TreeStep | PanelStep) -> list[Cells]:
    """Return a block of a derivation as tables: panels are several, beside each other."""
    if isinstance(block, PanelStep):
        return _cells_of_panels(block)
    return [_cells_of_tree(block) if isinstance(block, TreeStep) else _cells_of_table(block)]


def _cells_of_table(step: TableStep) -> Cells:
    heads, texts, _ = step.columns()
    numeric = [step.numbers(template) is not None for _, template in step.step.columns]
    rows = list(zip(step.entry_labels(), *texts, strict=True))
    shares, drawn = _shares_of_table(step)
    return Cells(
        (step.step.names, *heads), _with_gaps(rows, step.entries), (False, *numeric), shares, drawn,
        is_dots=bool(step.step.dot_plot), hidden=step.size - len(step.entries),
    )  # fmt: skip


def _shares_of_table(step: TableStep) -> tuple[tuple[float, ...], str]:
    """Return what is drawn beside the entries of a table and its name; the gaps have none."""
    name = step.step.bar or step.step.dot_plot
    if not name:
        return (), ""
    values = np.nan_to_num(step.plotted[step.entries], posinf=0.0, neginf=0.0)
    if step.step.bar:
        together = np.nan_to_num(step.scale_of_bars(), posinf=0.0, neginf=0.0)
        return tuple((values / (np.abs(together).max(initial=0.0) or 1.0)).tolist()), step.bar_name()
    span = float(np.ptp(values)) if values.size else 0.0
    places = (values - values.min(initial=np.inf)) / (span or 1.0)
    return tuple(places.tolist()), step.drawn_name()


def _with_gaps(rows: Sequence[tuple[str, ...]], entries: Sequence[int]) -> list[tuple[str, ...] | None]:
    """Return rows with None wherever entries are left out between two."""
    made: list[tuple[str, ...] | None] = []
    before = -1
    for entry, row in zip(entries, rows, strict=True):
        made += [None] * (entry > before + 1)
        made.append(row)
        before = entry
    return made


def _cells_of_tree(step: TreeStep) -> Cells:
    heads, texts, _ = step.columns()
    nodes = [step.node_texts[k] for k in step.entries]
    numeric = [step.numbers(template) is not None for _, template in step.step.columns]
    return Cells(
        ("node", *heads), list(zip(nodes, *texts, strict=True)), (False, *numeric),
        depths=tuple(step.depths[: len(nodes)]), hidden=step.size - len(step.entries),
    )  # fmt: skip


def _cells_of_panels(step: PanelStep) -> list[Cells]:
    """Return the matrices as tables, the first with the names of the rows, the last with what is shaded."""
    tables: list[Cells] = []
    for head, texts in zip(step.heads, step.texts(), strict=True):
        names = [(label.strip(),) for label in step.labels] if not tables else [()] * len(texts)
        rows = [(*name, *cells) for name, cells in zip(names, texts.tolist(), strict=True)]
        wide = texts.shape[1]
        corner, is_number = ((step.corner,), (False,)) if not tables else ((), ())
        heads, numeric = (*corner, *[""] * wide), (*is_number, *[True] * wide)
        tables.append(Cells(heads, _with_gaps(rows, step.rows), numeric, above=head, hidden=step.hidden))
    if step.shades:
        wide = len(step.shades[0])
        blank = _with_gaps([("",) * wide] * len(step.rows), step.rows)
        tables.append(Cells(("",) * wide, blank, (False,) * wide, shades=tuple(map(tuple, step.shades))))
    return tables


def cells_of_grid(grid: Grid) -> Cells:
    """Return a table of answers as cells; a single row has its columns below each other."""
    titles = grid.titles
    numeric = tuple(k not in grid.text_columns for k in range(len(titles)))
    rows: list[tuple[str, ...] | None] = list(zip(*grid.columns, strict=True))
    if len(rows) == 1 and titles[0]:
        pairs = zip(titles, rows[0] or (), strict=True)
        return Cells(
            ("", ""), [(title, text.strip()) for title, text in pairs], (False, False), below=grid.below
        )
    if grid.hidden:
        rows.insert(HEAD_LINES, None)
    shares = grid.plotted
    if grid.is_log:
        shares = tuple(min(x, 1.0) if x > 0.0 else 0.0 for x in shares)  # also for nan
    elif grid.is_dot_plot and shares:
        low, span = min(shares), max(shares) - min(shares)
        shares = tuple((x - low) / (span or 1.0) for x in shares)
    name = grid.plotted_name + " (log scale)" * grid.is_log
    return Cells(
        tuple(titles), rows, numeric, shares, name, grid.is_dot_plot,
        hidden=grid.hidden, above=grid.above, below=grid.below,
    )  # fmt: skip
