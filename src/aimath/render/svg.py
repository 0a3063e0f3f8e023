"""The picture of what a terminal would show, as an SVG that fetches nothing from elsewhere."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from aimath.render.terminal import Book
from aimath.text import cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.render._layout import Strip
    from aimath.render.fields import Wanted
    from aimath.report import Report

WIDE, HIGH, EDGE = 10, 20, 14
"""A cell and the margin, in units of the picture."""
BLOCKS = "▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇"
SHADED = {"░": 0.25, "▒": 0.5, "▓": 0.75}
RUN = re.compile(rf" {{2,}}|[{BLOCKS}]+|░+|▒+|▓+|▀+|[{LEVELS}]+|(?:(?! {{2}})[^{BLOCKS}░▒▓{LEVELS}▀])+")
"""What is drawn as one shape: several blanks, blocks, shades, pixels, little bars, or words."""
PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<title>{title}</title>
<style>
svg {{ --ink: #d8dee9; --paper: #1d2129; --cyan: #4fb3bf; --green: #8fbf6f; --red: #ef6b73; }}
@media (prefers-color-scheme: light) {{
svg {{ --ink: #24292f; --paper: #fbfbfa; --cyan: #16808d; --green: #2e7d32; --red: #c62828; }} }}
text {{ font: 16.6px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d8dee9; fill: var(--ink); }}
.paper {{ fill: #1d2129; fill: var(--paper); }}
.bold {{ font-weight: bold; }}
.dim {{ opacity: 0.65; }}
.ink {{ fill: #d8dee9; fill: var(--ink); }}
.cyan {{ fill: #4fb3bf; fill: var(--cyan); }}
.green {{ fill: #8fbf6f; fill: var(--green); }}
.red {{ fill: #ef6b73; fill: var(--red); }}
</style>
<rect class="paper" width="{width}" height="{height}" rx="8"/>
{body}
</svg>
"""


class Svg:
    """The writer of pictures: everything is kept until the end, when its size is known."""

    def __init__(self, wanted: Wanted, title: str, *, explain: bool = False, draw: bool = False) -> None:
        self.title, self.width = escape(title, quote=False), wanted.width
        self.book = Book(wanted._replace(colour=True), explain=explain, draw=draw, images=True)
        self.strips: list[Strip] = []

    def write(self, report: Report) -> bytes:
        """Take one block of rows."""
        self.strips += self.book.add(report)
        return b""

    def end(self) -> bytes:
        """Give the picture."""
        self.strips += self.book.end()
        widest = max((cells(strip.text) for strip in self.strips), default=0)
        body = [shape for k, strip in enumerate(self.strips) for shape in _line(strip, EDGE + k * HIGH)]
        width, height = max(self.width, widest) * WIDE, max(1, len(self.strips)) * HIGH
        return PAGE.format(
            width=width + 2 * EDGE, height=height + 2 * EDGE, title=self.title, body="\n".join(body)
        ).encode()


def _line(strip: Strip, top: int) -> Iterator[str]:
    """Draw one line: blocks as rectangles, which look the same in every font, and words as text."""
    left = float(EDGE)
    for piece, style in strip.pieces:
        for run in RUN.findall(piece):
            width = cells(run) * WIDE
            if run[0] == "▀" and style.startswith("color("):
                yield from _pixels(left, top, width, style)
            elif run[0] in LEVELS:
                yield from _levels(run, left, top, style)
            elif run[0] in BLOCKS or run[0] in SHADED:
                exact = sum(BLOCKS.find(block) + 1 for block in run) * WIDE / 8 or width
                place = f'x="{left:g}" y="{top + 2}" width="{exact:g}" height="{HIGH - 4}"'
                shade = f' fill-opacity="{SHADED[run[0]]}"' if run[0] in SHADED else ""
                yield f'<rect class="{_kind(style)}" {place}{shade}/>'
            elif run.strip():
                yield _text(run, left, top, style)
            left += width


def _kind(style: str) -> str:
    """Give the class of a shape: one without a colour of its own has that of the words."""
    return style if re.search(r"cyan|green|red", style) else f"ink {style}".rstrip()


def _levels(run: str, left: float, top: int, style: str) -> Iterator[str]:
    """Draw little bars that stand on the line."""
    for k, sign in enumerate(run):
        high = (LEVELS.index(sign) + 1) * (HIGH - 4) / 8
        place = f'x="{left + k * WIDE:g}" y="{top + HIGH - 2 - high:g}" width="{WIDE}" height="{high:g}"'
        yield f'<rect class="{_kind(style)}" {place}/>'


def _text(run: str, left: float, top: int, style: str) -> str:
    left += (len(run) - len(run.lstrip())) * WIDE
    run = run.strip()
    kind = f' class="{style}"' if style else ""
    place = f'x="{left:g}" y="{top + 15}" textLength="{cells(run) * WIDE}" lengthAdjust="spacingAndGlyphs"'
    return f"<text{kind} {place}>{escape(run, quote=False)}</text>"


def _pixels(left: float, top: int, width: int, style: str) -> Iterator[str]:
    """Draw the upper half of cells, and the lower if it is there, in their greys, of 24 in all."""
    for half, colour in enumerate(re.findall(r"\d+", style)):
        level = 8 + 10 * (int(colour) - 232)
        place = f'x="{left:g}" y="{top + half * HIGH // 2}" width="{width}" height="{HIGH // 2}"'
        yield f'<rect {place} fill="#{level:02x}{level:02x}{level:02x}" shape-rendering="crispEdges"/>'
