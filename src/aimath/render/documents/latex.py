r"""The LaTeX writer: a document that compiles as it is, by pdflatex, xelatex or lualatex.

Formulas are mathematics, tables are booktabs', bars are rules. A sign that pdfTeX has no font for
is printed as its number; the others print it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.render._derivation import Text
from aimath.render.documents._page import Cells, PageDocument, PageWriter, cells_of_block, cells_of_grid
from aimath.render.documents._tex import clauses, is_formula, tex_clause, tex_line, tex_math, tex_text
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render._derivation import Block
    from aimath.render._layout import StyledLine
    from aimath.render._table import Grid
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Paragraph

PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage{iftex}
\ifPDFTeX\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\usepackage{lmodern}\else\usepackage{fontspec}\fi
\usepackage{textcomp,amsmath,amssymb,booktabs,graphicx}
\usepackage[margin=2.2cm]{geometry}
\ifPDFTeX\newcommand{\unicodesign}[2]{{\scriptsize U+#1}}\else\newcommand{\unicodesign}[2]{#2}\fi
\newsavebox{\tablebox}
\newcommand{\fitted}[1]{\sbox{\tablebox}{#1}\ifdim\wd\tablebox>\linewidth
  \resizebox{\linewidth}{!}{\usebox{\tablebox}}\else\usebox{\tablebox}\fi}
\setlength{\parindent}{0pt}\setlength{\parskip}{4pt plus 1pt}\allowdisplaybreaks\sloppy
\AtBeginDocument{\abovedisplayskip=4pt \belowdisplayskip=4pt \abovedisplayshortskip=4pt}
\begin{document}
"""
MAX_ALIGNED = 90
"""A formula of more signs is set as running text, which breaks into lines."""
BAR_WIDTH = 7.0
"""The length of a full bar, in em."""


class LatexDocument(PageDocument):
    """A document whose pieces are LaTeX."""

    @property
    def plot_layout(self) -> LayoutOptions:
        """The layout of plots: TeX has no font for dots and blocks."""
        return self.layout._replace(ascii_only=True)

    def prose(self, paragraphs: Sequence[Paragraph]) -> list[str]:
        """Return paragraphs as sections, texts and command lines."""
        return [_paragraph(paragraph) for paragraph in paragraphs]

    def derivation(self, blocks: Sequence[Block]) -> list[str]:
        """Return a derivation: neighbouring formulas are aligned at their first relation."""
        pieces: list[str] = []
        aligned: list[str] = []
        for block in blocks:
            if isinstance(block, Text) and _is_aligned(block):
                aligned.append(_aligned(block.text))
                continue
            pieces += [*_align(aligned), _block(block)]
            aligned = []
        return [*pieces, *_align(aligned), "\\medskip\n\n"]

    def table(self, grid: Grid) -> list[str]:
        """Return a table."""
        return [_tables([cells_of_grid(grid)])]

    def plots(self, lines: Sequence[StyledLine]) -> list[str]:
        """Return what a terminal of ASCII draws, line by line."""
        rows = (tex_text(line.text).replace(" ", "~") or "~" for line in lines)
        text = "\\\\\n".join(rf"\mbox{{}}\texttt{{{row}}}" for row in rows)
        return [f"{{\\footnotesize\\setlength{{\\parskip}}{{0pt}}\n{text}\n\n}}\n"] if lines else []

    def hidden_answers(self, count: int) -> list[str]:
        """Return how many answers are left out."""
        return [rf"\ldots\ {count} more answers (-{{}}-all)" + "\n\n"] if count else []


def _paragraph(paragraph: Paragraph) -> str:
    text = tex_text(escape_control(paragraph.text))
    match paragraph.kind:
        case "title":
            return f"\\section*{{{text}}}\n"
        case "command":
            return f"\\texttt{{\\$ {_command(text)}}}\n\n"
        case "item":
            return f"{{\\leftskip=1.5em {text}\\par}}\n\n"
        case _:
            return f"{text}\n\n"


def _command(text: str) -> str:
    """Return a command line in TeX with the quotes that a shell takes."""
    return text.replace("'", r"\textquotesingle{}")


def _is_aligned(block: Text) -> bool:
    """Return whether a line is one formula, short enough for a line of its own."""
    parts = clauses(block.text)
    single = len(parts) == 1 and is_formula(parts[0]) and len(parts[0]) <= MAX_ALIGNED
    return single and block.kind in {"formula", "line"}


def _aligned(text: str) -> str:
    """Return a formula with a mark before its first relation."""
    math = tex_math(text)
    left, equals, right = math.partition("=")
    return f"{left}&{equals}{right}" if equals else f"&{math}"


def _align(formulas: Sequence[str]) -> list[str]:
    body = " \\\\\n".join(formulas)
    return [f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"] if formulas else []


def _block(block: Block) -> str:
    if not isinstance(block, Text):
        return _tables(cells_of_block(block))
    text = tex_line(escape_control(block.text))
    return f"\\textbf{{\\boldmath {text}}}\n\n" if block.kind in {"formula", "setting"} else f"{text}\n\n"


def _tables(tables: Sequence[Cells]) -> str:
    """Return tables beside each other as far as a line has room, each shrunk if it is wider than that."""
    body = "\\quad\n".join(f"\\fitted{{{_table(cells)}}}" for cells in tables)
    notes = [cells.below.strip() for cells in tables if cells.below]
    said = "".join(f"{tex_text(escape_control(note))}\n\n" for note in notes)
    return f"{{\\raggedright {body}\\par}}\n\n{said}"


def _table(cells: Cells) -> str:
    drawn = bool(cells.shares)
    columns = "".join("r" if number else "l" for number in cells.numeric) + "l" * drawn
    heads = [_cell(head) for head in cells.heads] + [_cell(cells.drawn)] * drawn
    above = f"\\multicolumn{{{len(heads)}}}{{l}}{{{_cell(cells.above)}}} \\\\\n" if cells.above else ""
    head = f"{' & '.join(heads)} \\\\\n\\midrule\n" if any(cells.heads) or cells.drawn else "\\midrule\n"
    more = f"\\ldots\\ {cells.hidden} more \\\\\n" if cells.hidden else ""
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{above}{head}{''.join(_rows(cells))}{more}"
        "\\bottomrule\n\\end{tabular}"
    )


def _rows(cells: Cells) -> Iterator[str]:
    k = 0
    for row in cells.rows:
        if row is None:
            yield "\\ldots \\\\\n"
            continue
        texts = [
            _number(cell) if number else _cell(cell) for cell, number in zip(row, cells.numeric, strict=True)
        ]
        if cells.depths:
            texts[0] = f"\\hspace*{{{cells.depths[k]}em}}{texts[0]}"
        if cells.shades:
            texts = [f"\\rule{{{max(0.0, min(1.0, share)):.2f}em}}{{0.8em}}" for share in cells.shades[k]]
        if cells.shares:
            texts.append(_mark(cells, cells.shares[k]))
        first = "{}" if texts[0].startswith("[") else ""  # a bracket behind \\ is its argument
        yield f"{first}{' & '.join(texts)} \\\\\n"
        k += 1


def _cell(text: str) -> str:
    return tex_clause(escape_control(text.strip()))


def _number(text: str) -> str:
    """Return the number of a cell, with its sign and power as mathematics."""
    return f"${tex_math(escape_control(text.strip()))}$" if text.strip() else ""


def _mark(cells: Cells, share: float) -> str:
    length = BAR_WIDTH * min(1.0, abs(share))
    if cells.is_dots:
        return f"\\hspace*{{{length:.2f}em}}$\\bullet$"
    return f"{'$-$' * (share < 0)}\\rule{{{length:.2f}em}}{{0.7em}}"


def latex_writer(layout: LayoutOptions, title: str, *, explain: bool, draw: bool) -> PageWriter:
    """Return a writer of a document in LaTeX."""
    start = f"{PREAMBLE}\\section*{{{_command(tex_text(title))}}}\n"
    return PageWriter(LatexDocument(layout, explain=explain, draw=draw), start, "\\end{document}\n")
