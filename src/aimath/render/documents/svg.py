"""The SVG writer: what a terminal would show, as a self-contained picture."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from aimath.render.terminal import TerminalDocument
from aimath.text import display_width, escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.render._layout import StyledLine
    from aimath.render.report_view import LayoutOptions
    from aimath.report import Report

CELL_WIDTH, CELL_HEIGHT, MARGIN = 10, 20, 14
"""A cell and the margin, in units of the picture."""
BLOCKS = "▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇"
BRAILLE = "".join(map(chr, range(0x2801, 0x2900)))
BIT_PLACES = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""The (column, row) of the dots that the bits of a Braille pattern stand for."""
GAP = 2
"""Bars leave so much above and below, that lines are told apart; what is one picture leaves none."""
SHADE_OPACITY = {"░": 0.25, "▒": 0.5, "▓": 0.75}
SHAPE_PATTERN = re.compile(
    rf" {{2,}}|[{BLOCKS}]+|░+|▒+|▓+|▀+|[{LEVELS}]+|[{BRAILLE}]+"
    rf"|(?:(?! {{2}})[^{BLOCKS}░▒▓{LEVELS}▀{BRAILLE}])+"
)
"""What is drawn as one shape: several blanks, blocks, shades, pixels, little bars, dots, or words."""
COLOURS = {
    "cyan": ("#4fb3bf", "#16808d"), "magenta": ("#c78bd6", "#9c27b0"), "green": ("#8fbf6f", "#2e7d32"),
    "yellow": ("#e0b84c", "#9a6700"), "red": ("#ef6b73", "#c62828"), "blue": ("#7aa2f7", "#1f5fbf"),
    "orange3": ("#f2955c", "#b4500a"), "medium_purple3": ("#a58cf0", "#6a3fc4"),
    "grey50": ("#8f96a3", "#6e7781"),
}  # fmt: skip
"""The colours of a terminal on dark and on light paper."""
DARK_INK, LIGHT_INK, DARK_PAPER, LIGHT_PAPER = "#d8dee9", "#24292f", "#1d2129", "#fbfbfa"
DOT_SIDE = 3.4
"""A dot of a cell's 2 x 4 is a square of this side."""
SVG_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<title>{title}</title>
<style>
text {{ font: 16.6px "DejaVu Sans Mono", Menlo, Consolas, monospace; }}
.bold {{ font-weight: bold; }}
.dim {{ opacity: 0.65; }}
{dark}
@media (prefers-color-scheme: light) {{
{light}
}}
</style>
<rect class="paper" width="{width}" height="{height}" rx="8"/>
{body}
</svg>
"""


def _style_sheet(used: Iterable[str]) -> dict[str, str]:
    """Return the rules of dark paper, and those of light paper that override them.

    They are plain: a converter that knows neither variables nor media shows dark paper as it is.
    """
    names = [name for name in COLOURS if name in {*used}]
    return {
        "dark": _fill_rules(DARK_INK, DARK_PAPER, {name: COLOURS[name][0] for name in names}),
        "light": _fill_rules(LIGHT_INK, LIGHT_PAPER, {name: COLOURS[name][1] for name in names}),
    }


def _fill_rules(ink: str, paper: str, colours: Mapping[str, str]) -> str:
    """Return a rule for words and shapes of each colour, a line each."""
    fills = {"text, .ink": ink, ".paper": paper} | {f".{name}": fill for name, fill in colours.items()}
    return "\n".join(f"{kind} {{ fill: {fill}; }}" for kind, fill in fills.items())


class SvgWriter:
    """A writer of SVG, buffered until the size is known."""

    def __init__(
        self, layout: LayoutOptions, title: str, *, explain: bool = False, draw: bool = False
    ) -> None:
        self.title, self.width = escape(title, quote=False), layout.width
        self.document = TerminalDocument(
            layout._replace(colour=True), explain=explain, draw=draw, images=True
        )
        self.lines: list[StyledLine] = []

    def write(self, report: Report) -> bytes:
        """Take one block of rows."""
        self.lines += self.document.add(report)
        return b""

    def finish(self) -> bytes:
        """Return the SVG document."""
        self.lines += self.document.finish()
        widest = max((display_width(strip.text) for strip in self.lines), default=0)
        body = _shapes(self.lines, MARGIN)
        width, height = max(self.width, widest) * CELL_WIDTH, max(1, len(self.lines)) * CELL_HEIGHT
        styles = {word for strip in self.lines for _, style in strip.spans for word in style.split()}
        return SVG_TEMPLATE.format(
            **_style_sheet({"cyan", *styles}),
            width=width + 2 * MARGIN,
            height=height + 2 * MARGIN,
            title=self.title,
            body="\n".join(body),
        ).encode()


def drawing(lines: Sequence[StyledLine]) -> str:
    """Return lines as an SVG element that stands in a page, in the colours of its classes."""
    wide = max((display_width(line.text) for line in lines), default=0) * CELL_WIDTH
    high = max(1, len(lines)) * CELL_HEIGHT
    body = "".join(_shapes(lines, 0))
    size = f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
    return f'<svg class="plot" {size} role="img">{body}</svg>'


def _shapes(lines: Sequence[StyledLine], margin: int) -> list[str]:
    return [
        shape
        for k, line in enumerate(lines)
        for shape in _line_shapes(line, margin + k * CELL_HEIGHT, margin)
    ]


def _line_shapes(line: StyledLine, top: int, margin: int = MARGIN) -> Iterator[str]:
    """Yield the shapes of one line: rectangles for blocks, text for words."""
    left = float(margin)
    for piece, style in line.spans:
        for run in SHAPE_PATTERN.findall(escape_control(piece)):
            width = display_width(run) * CELL_WIDTH
            if run[0] == "▀" and style.startswith("color("):
                yield from _pixel_shapes(left, top, width, style)
            elif run[0] in BRAILLE:
                yield from _ground_shape(style, left, top, width)
                yield _dots_shape(run, left, top, style)
            elif run[0] in LEVELS:
                yield from _spark_shapes(run, left, top, style, touching=line.touching)
            elif run[0] in BLOCKS or run[0] in SHADE_OPACITY:
                exact = sum(BLOCKS.find(block) + 1 for block in run) * CELL_WIDTH / 8 or width
                gap = 0 if line.touching else GAP
                place = f'x="{left:g}" y="{top + gap}" width="{exact:g}" height="{CELL_HEIGHT - 2 * gap}"'
                shade = f' fill-opacity="{SHADE_OPACITY[run[0]]}"' if run[0] in SHADE_OPACITY else ""
                yield f'<rect class="{_css_class(style)}" {place}{shade}/>'
            elif run.strip():
                yield from _ground_shape(style, left, top, width)
                yield _text_element(run, left, top, style)
            left += width


def _ground_shape(style: str, left: float, top: int, width: int) -> Iterator[str]:
    """Yield the rectangle of a style such as `red on cyan` behind words."""
    _, on, ground = style.partition(" on ")
    if on:
        yield f'<rect class="{ground}" x="{left:g}" y="{top}" width="{width}" height="{CELL_HEIGHT}"/>'


def _css_class(style: str) -> str:
    return style if COLOURS.keys() & {*style.split()} else f"ink {style}".rstrip()


def _dots_shape(run: str, left: float, top: int, style: str) -> str:
    """Return one path of little squares for the dots of a run of Braille patterns."""
    squares = []
    for k, sign in enumerate(run):
        bits = ord(sign) - 0x2800
        for bit, (column, row) in enumerate(BIT_PLACES):
            if bits >> bit & 1:
                x = left + k * CELL_WIDTH + column * CELL_WIDTH / 2 + (CELL_WIDTH / 2 - DOT_SIDE) / 2
                y = top + row * CELL_HEIGHT / 4 + (CELL_HEIGHT / 4 - DOT_SIDE) / 2
                squares.append(f"M{x:g} {y:g}h{DOT_SIDE:g}v{DOT_SIDE:g}h-{DOT_SIDE:g}z")
    return f'<path class="{_css_class(style.partition(" on ")[0])}" d="{"".join(squares)}"/>'


def _spark_shapes(run: str, left: float, top: int, style: str, *, touching: bool) -> Iterator[str]:
    """Yield the rectangles of a sparkline, or of the tops of columns."""
    gap = 0 if touching else GAP
    for k, sign in enumerate(run):
        high = (LEVELS.index(sign) + 1) * (CELL_HEIGHT - 2 * gap) / 8
        place = (
            f'x="{left + k * CELL_WIDTH:g}" y="{top + CELL_HEIGHT - gap - high:g}" '
            f'width="{CELL_WIDTH}" height="{high:g}"'
        )
        yield f'<rect class="{_css_class(style)}" {place}/>'


def _text_element(run: str, left: float, top: int, style: str) -> str:
    left += (len(run) - len(run.lstrip())) * CELL_WIDTH
    run = run.strip()
    style = style.partition(" on ")[0]
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
