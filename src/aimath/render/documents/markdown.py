"""The Markdown writer of derivations: formulas between dollars, as KaTeX and most readers take them."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from aimath.render._derivation import Text
from aimath.render._layout import SHADES, bar
from aimath.render.documents._page import Cells, PageDocument, PageWriter, cells_of_block, cells_of_grid
from aimath.render.documents._tex import clauses, is_formula, split_lead, tex_math
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.render._derivation import Block
    from aimath.render._layout import StyledLine
    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Paragraph

BAR_WIDTH = 16


class MarkdownDocument(PageDocument):
    """A document whose pieces are blocks of Markdown."""

    def prose(self, paragraphs: Sequence[Paragraph]) -> list[str]:
        """Return paragraphs as headings, texts and command lines."""
        return [_paragraph(paragraph) for paragraph in paragraphs]

    def derivation(self, blocks: Sequence[Block]) -> list[str]:
        """Return a derivation as formulas and tables."""
        return [_block(block) for block in blocks]

    def table(self, grid: Grid) -> list[str]:
        """Return a table."""
        return [_table(cells_of_grid(grid))]

    def plots(self, lines: Sequence[StyledLine]) -> list[str]:
        """Return what a terminal draws, line by line."""
        return [_code("\n".join(line.text for line in lines))] if lines else []

    def hidden_answers(self, count: int) -> list[str]:
        """Return how many answers are left out."""
        return [f"… {count} more answers (--all)\n\n"] if count else []


def escape_markdown(text: str) -> str:
    r"""Return a text of which Markdown and HTML take nothing for their own.

    >>> print(escape_markdown("a|b *c* <d>"))
    a\|b \*c\* &lt;d&gt;
    """
    line = re.sub(r"[\r\n]+", " ", escape_control(text))
    return escape(re.sub(r"[\\`*_{}\[\]#|$~!]", r"\\\g<0>", line), quote=False)


def _code(text: str, language: str = "") -> str:
    """Return lines as they are, between fences longer than any within."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}\n\n"


def _paragraph(paragraph: Paragraph) -> str:
    match paragraph.kind:
        case "title":
            return f"## {escape_markdown(paragraph.text)}\n\n"
        case "command":
            return _code(escape_control(paragraph.text), "sh")
        case _:
            return f"{escape_markdown(paragraph.text)}\n\n"


def _block(block: Block) -> str:
    if not isinstance(block, Text):
        return "".join(map(_table, cells_of_block(block)))
    parts = clauses(block.text)
    if block.kind == "formula" and is_formula(parts[0]):
        rest = "".join(f"{_clause(part)}\n\n" for part in parts[1:])
        return f"$${tex_math(parts[0])}$$\n\n{rest}"
    return " &emsp; ".join(map(_clause, parts)) + "\n\n"


def _clause(clause: str) -> str:
    """Return a clause as a formula between dollars, or as words."""
    lead, clause = split_lead(clause)
    return escape_markdown(lead) + (
        f"${tex_math(clause)}$" if is_formula(clause) else escape_markdown(clause)
    )


def _table(cells: Cells) -> str:
    heads, numeric = list(cells.heads), list(cells.numeric)
    if cells.shades:  # a row of them is one cell
        heads, numeric = [""], [False]
    if cells.shares:
        heads, numeric = [*heads, cells.drawn], [*numeric, False]
    lines = [_row(map(escape_markdown, heads)), _row("---:" if number else "---" for number in numeric)]
    notes = [f"… {cells.hidden} more (--all)"] * bool(cells.hidden) + [cells.below.strip()]
    above = f"{escape_markdown(cells.above)}\n\n" if cells.above else ""
    below = "".join(f"{escape_markdown(note)}\n\n" for note in notes if note)
    return "".join([above, *lines, *_rows(cells), "\n", below])


def _rows(cells: Cells) -> Iterator[str]:
    k = 0
    for row in cells.rows:
        if row is None:
            yield _row(["…"])
            continue
        texts = [escape_markdown(cell.strip()) for cell in row]
        if cells.depths:
            texts[0] = "&emsp;" * cells.depths[k] + texts[0]
        if cells.shares:
            share = cells.shares[k]
            texts.append("·" * round(share * BAR_WIDTH) + "●" if cells.is_dots else _bar(share))
        if cells.shades:
            texts = ["".join(SHADES[round(max(0.0, min(1.0, share)) * 4)] for share in cells.shades[k])]
        yield _row(texts)
        k += 1


def _bar(share: float) -> str:
    return ("-" if share < 0 else "") + bar(abs(share), BAR_WIDTH)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def markdown_writer(layout: LayoutOptions, title: str, *, explain: bool, draw: bool) -> PageWriter:
    """Return a writer of a document in Markdown."""
    return PageWriter(MarkdownDocument(layout, explain=explain, draw=draw), f"# {escape_markdown(title)}\n\n")
