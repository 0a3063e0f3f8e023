"""The SVG writer: what a terminal would show, as a self-contained picture."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from aimath.render.terminal import Document
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.render._layout import StyledLine
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report

CELL_WIDTH, CELL_HEIGHT, MARGIN = 10, 20, 14
"""A cell and the margin, in units of the picture."""
BLOCKS = "▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇"
SHADE_OPACITY = {"░": 0.25, "▒": 0.5, "▓": 0.75}
SHAPE_PATTERN = re.compile(
    rf" {{2,}}|[{BLOCKS}]+|░+|▒+|▓+|▀+|[{LEVELS}]+|(?:(?! {{2}})[^{BLOCKS}░▒▓{LEVELS}▀])+"
)
"""What is drawn as one shape: several blanks, blocks, shades, pixels, little bars, or words."""
SVG_TEMPLATE = """\
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


class SvgWriter:
    """A writer of SVG, buffered until the size is known."""

    def __init__(
        self, layout: LayoutOptions, title: str, *, explain: bool = False, draw: bool = False
    ) -> None:
        self.title, self.width = escape(title, quote=False), layout.width
        self.document = Document(layout._replace(colour=True), explain=explain, draw=draw, images=True)
        self.lines: list[StyledLine] = []

    def write(self, report: Report) -> bytes:
        """Take one block of rows."""
        self.lines += self.document.add(report)
        return b""

    def finish(self) -> bytes:
        """Return the SVG document."""
        self.lines += self.document.finish()
        widest = max((display_width(strip.text) for strip in self.lines), default=0)
        body = [
            shape
            for k, strip in enumerate(self.lines)
            for shape in _line_shapes(strip, MARGIN + k * CELL_HEIGHT)
        ]
        width, height = max(self.width, widest) * CELL_WIDTH, max(1, len(self.lines)) * CELL_HEIGHT
        return SVG_TEMPLATE.format(
            width=width + 2 * MARGIN, height=height + 2 * MARGIN, title=self.title, body="\n".join(body)
        ).encode()


def _line_shapes(line: StyledLine, top: int) -> Iterator[str]:
    """Yield the shapes of one line: rectangles for blocks, text for words."""
    left = float(MARGIN)
    for piece, style in line.spans:
        for run in SHAPE_PATTERN.findall(piece):
            width = display_width(run) * CELL_WIDTH
            if run[0] == "▀" and style.startswith("color("):
                yield from _pixel_shapes(left, top, width, style)
            elif run[0] in LEVELS:
                yield from _spark_shapes(run, left, top, style)
            elif run[0] in BLOCKS or run[0] in SHADE_OPACITY:
                exact = sum(BLOCKS.find(block) + 1 for block in run) * CELL_WIDTH / 8 or width
                place = f'x="{left:g}" y="{top + 2}" width="{exact:g}" height="{CELL_HEIGHT - 4}"'
                shade = f' fill-opacity="{SHADE_OPACITY[run[0]]}"' if run[0] in SHADE_OPACITY else ""
                yield f'<rect class="{_css_class(style)}" {place}{shade}/>'
            elif run.strip():
                yield _text_element(run, left, top, style)
            left += width


def _css_class(style: str) -> str:
    """Return the CSS class of a shape."""
    return style if re.search(r"cyan|green|red", style) else f"ink {style}".rstrip()


def _spark_shapes(run: str, left: float, top: int, style: str) -> Iterator[str]:
    """Yield the rectangles of a sparkline."""
    for k, sign in enumerate(run):
        high = (LEVELS.index(sign) + 1) * (CELL_HEIGHT - 4) / 8
        place = (
            f'x="{left + k * CELL_WIDTH:g}" y="{top + CELL_HEIGHT - 2 - high:g}" '
            f'width="{CELL_WIDTH}" height="{high:g}"'
        )
        yield f'<rect class="{_css_class(style)}" {place}/>'


def _text_element(run: str, left: float, top: int, style: str) -> str:
    left += (len(run) - len(run.lstrip())) * CELL_WIDTH
    run = run.strip()
    kind = f' class="{style}"' if style else ""
    place = (
        f'x="{left:g}" y="{top + 15}" '
        f'textLength="{display_width(run) * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"'
    )
    return f"<text{kind} {place}>{escape(run, quote=False)}</text>"


def _pixel_shapes(left: float, top: int, width: int, style: str) -> Iterator[str]:
    """Yield the grey rectangles of the upper and lower halves of cells."""
    for half, colour in enumerate(re.findall(r"\d+", style)):
        level = 8 + 10 * (int(colour) - 232)
        place = (
            f'x="{left:g}" y="{top + half * CELL_HEIGHT // 2}" width="{width}" height="{CELL_HEIGHT // 2}"'
        )
        yield f'<rect {place} fill="#{level:02x}{level:02x}{level:02x}" shape-rendering="crispEdges"/>'
