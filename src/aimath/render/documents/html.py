"""The HTML writer: derivations, tables, pictures and prose as one self-contained page.

Dark and light by the reader's setting; nothing is loaded, nothing runs, every text is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from aimath.render._derivation import Text
from aimath.render.documents._page import Cells, PageDocument, PageWriter, cells_of_block, cells_of_grid
from aimath.render.documents._tex import clauses
from aimath.render.documents.svg import COLOURS, DARK_INK, DARK_PAPER, LIGHT_INK, LIGHT_PAPER, drawing
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render._derivation import Block
    from aimath.render._layout import StyledLine
    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Paragraph

BAR_SIZE = (160, 12)
"""The width and height of a full bar."""
PAGE_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
"""
PAGE_END = "</main>\n</body>\n</html>\n"
STYLE_TEMPLATE = """\
:root {{ color-scheme: light dark; }}
body {{ margin: 0; font: 17px/1.5 Georgia, "DejaVu Serif", serif; }}
main {{ max-width: 46rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.5rem; }}
h2 {{ font-size: 1.2rem; margin-top: 2.5rem; }}
pre, code, td, th, .formula, .line, .holds, .fails, .undecided, .remark, .setting {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 0.82rem; }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.5rem 0.8rem; border-radius: 6px; }}
pre::before {{ content: "$ "; opacity: 0.6; }}
section {{ margin: 1.2rem 0; }}
section p {{ margin: 0.35rem 0; overflow-wrap: anywhere; }}
p.item {{ margin: 0 0 0.8rem 1rem; }}
.formula, .setting {{ font-weight: bold; }}
.clause {{ display: inline-block; margin-right: 2rem; max-width: 100%; }}
.remark, .note {{ opacity: 0.7; }}
.scroll {{ overflow-x: auto; margin: 0.5rem 0; display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem;
  align-items: flex-end; }}
table {{ border-collapse: collapse; }}
caption {{ text-align: left; font-family: "DejaVu Sans Mono", monospace; font-size: 0.82rem; opacity: 0.7; }}
th {{ text-align: left; font-weight: normal; opacity: 0.7; white-space: nowrap; }}
td, th {{ padding: 0.1rem 0.7rem 0.1rem 0; white-space: pre; }}
td.number, th.number {{ text-align: right; }}
td.shade {{ width: 1.3rem; padding: 0; }}
svg {{ display: block; }}
svg.plot {{ max-width: 100%; height: auto; }}
svg text {{ font: 16.6px "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
.bold {{ font-weight: bold; }}
.dim {{ opacity: 0.65; }}
{light}
@media (prefers-color-scheme: dark) {{
{dark}
}}
"""


def _paper(ink: str, paper: str, block: str, which: int) -> str:
    colours = {name: both[which] for name, both in COLOURS.items()}
    rules = [
        f"body {{ color: {ink}; background: {paper}; }}",
        f"pre {{ background: {block}; }}",
        f"svg text, .ink {{ fill: {ink}; }}",
        f".paper {{ fill: {paper}; }}",
        f".holds {{ color: {colours['green']}; }}",
        f".fails {{ color: {colours['red']}; font-weight: bold; }}",
        f".undecided {{ color: {colours['yellow']}; }}",
        f"td.shade {{ background: color-mix(in srgb, {colours['cyan']} var(--share), transparent); }}",
        *(f".{name} {{ fill: {colour}; }}" for name, colour in colours.items()),
    ]
    return "\n".join(rules)


class HtmlDocument(PageDocument):
    """A document whose pieces are elements."""

    def prose(self, paragraphs: Sequence[Paragraph]) -> list[str]:
        """Return paragraphs as headings, texts and command lines."""
        return [_paragraph(paragraph) for paragraph in paragraphs]

    def derivation(self, blocks: Sequence[Block]) -> list[str]:
        """Return a derivation as a section of lines and tables."""
        return ["<section>\n", *(_block(block) for block in blocks), "</section>\n"]

    def table(self, grid: Grid) -> list[str]:
        """Return a table."""
        return [_tables([cells_of_grid(grid)])]

    def plots(self, lines: Sequence[StyledLine]) -> list[str]:
        """Return what a terminal draws as a drawing."""
        return [f"{drawing(lines)}\n"] if lines else []

    def hidden_answers(self, count: int) -> list[str]:
        """Return how many answers are left out."""
        return [f'<p class="note">… {count} more answers (--all)</p>\n'] if count else []


def _text(text: str) -> str:
    """Return a text with what means something to HTML, and what no one can see, escaped."""
    return escape(escape_control(text))


def _paragraph(paragraph: Paragraph) -> str:
    text = _text(paragraph.text)
    match paragraph.kind:
        case "title":
            return f"<h2>{text}</h2>\n"
        case "command":
            return f"<pre><code>{text}</code></pre>\n"
        case "item":
            return f'<p class="item">{text}</p>\n'
        case _:
            return f"<p>{text}</p>\n"


def _block(block: Block) -> str:
    if not isinstance(block, Text):
        return _tables(cells_of_block(block))
    parts = "".join(f'<span class="clause">{_text(clause)}</span>' for clause in clauses(block.text))
    return f'<p class="{block.kind}">{parts}</p>\n'


def _tables(tables: Sequence[Cells]) -> str:
    """Return tables beside each other, which scroll by themselves where the page is narrow."""
    said = "".join(
        f'<p class="note">{_text(text.strip())}</p>\n'
        for text in (*(table.below for table in tables),)
        if text
    )
    return f'<div class="scroll">\n{"".join(map(_table, tables))}</div>\n{said}'


def _table(cells: Cells) -> str:
    caption = f"<caption>{_text(cells.above)}</caption>" if cells.above else ""
    return f"<table>{caption}{_head(cells)}<tbody>\n{''.join(_rows(cells))}</tbody></table>\n"


def _head(cells: Cells) -> str:
    if not any(cells.heads) and not cells.drawn:
        return ""
    kinds = (' class="number"' if number else "" for number in cells.numeric)
    heads = [f"<th{kind}>{_text(head.strip())}</th>" for head, kind in zip(cells.heads, kinds, strict=True)]
    heads += [f"<th>{_text(cells.drawn)}</th>"] if cells.shares else []
    return f"<thead><tr>{''.join(heads)}</tr></thead>"


def _rows(cells: Cells) -> Iterator[str]:
    """Yield the rows of a table, with a note in place of those that are left out."""
    wide, k = len(cells.heads) + bool(cells.shares), 0
    for row in cells.rows:
        if row is None:
            yield f'<tr><td colspan="{wide}" class="note">…</td></tr>\n'
            continue
        kinds = (' class="number"' if number else "" for number in cells.numeric)
        made = [f"<td{kind}>{_text(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)]
        if cells.shades:
            made = [_shade(share) for share in cells.shades[k]]
        if cells.depths:
            made[0] = f'<td style="padding-left: {cells.depths[k]}em">{_text(row[0])}</td>'
        if cells.shares:
            made.append(f"<td>{_mark(cells, cells.shares[k])}</td>")
        yield f"<tr>{''.join(made)}</tr>\n"
        k += 1
    if cells.hidden:
        yield f'<tr><td colspan="{wide}" class="note">… {cells.hidden} more (--all)</td></tr>\n'


def _shade(share: float) -> str:
    return f'<td class="shade" style="--share: {100 * share:.0f}%">&nbsp;</td>'


def _mark(cells: Cells, share: float) -> str:
    """Return a bar from 0, to the left if it is negative, or a dot on a line."""
    wide, high = BAR_SIZE
    signed = min(cells.shares) < 0.0 and not cells.is_dots
    zero = wide / 2 if signed else 0.0
    length = max(-1.0, min(1.0, share)) * (wide - zero)
    if cells.is_dots:
        shape = f'<circle class="cyan" cx="{4 + share * (wide - 8):.1f}" cy="{high / 2:g}" r="4"/>'
    else:
        colour = "red" if length < 0 else "cyan"
        place = f'x="{min(zero, zero + length):.1f}" width="{abs(length):.1f}" height="{high}"'
        shape = f'<rect class="{colour}" {place}/>'
    return f'<svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" aria-hidden="true">{shape}</svg>'


def stylesheet() -> str:
    """Return the rules by which pages are set: light and dark, by the reader's setting."""
    return STYLE_TEMPLATE.format(
        light=_paper(LIGHT_INK, LIGHT_PAPER, "#f0efeb", 1), dark=_paper(DARK_INK, DARK_PAPER, "#262b34", 0)
    )


def html_writer(layout: LayoutOptions, title: str, *, explain: bool, draw: bool) -> PageWriter:
    """Return a writer of one HTML page."""
    start = PAGE_TEMPLATE.format(title=_text(title), style=stylesheet())
    return PageWriter(HtmlDocument(layout, explain=explain, draw=draw), start, PAGE_END)
