"""What all pages of the site share: their frame, their stylesheet, and texts of any kind as HTML."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from aimath import __version__
from aimath.cli.catalogue import COMMANDS
from aimath.render.documents.html import HtmlDocument, stylesheet
from aimath.render.report_view import LayoutOptions
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.render._layout import StyledLine
    from aimath.report import Paragraph, Report

STYLESHEET = "style.css"
PAGE_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self' 'unsafe-inline'">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="stylesheet" href="{root}{stylesheet}">
</head>
<body>
<header><nav aria-label="Site">{links}</nav></header>
<main>
{body}</main>
<footer>aimath {version}. What looks like output is output: aimath was run for these pages.</footer>
</body>
</html>
"""
SITE_LINKS = (
    ("aimath", "index.html"),
    ("Commands", "index.html#commands"),
    ("Guide", "guide/index.html"),
    ("Options", "options.html"),
    ("Changes", "changelog.html"),
)
OWN_STYLE = """\
header, footer { max-width: 46rem; margin: 0 auto; padding: 0.8rem 1rem; }
header nav { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; }
header nav a:first-child { font-weight: bold; margin-right: auto; }
footer { opacity: 0.7; font-size: 0.85rem; margin-top: 2rem; }
h1 { margin: 0.5rem 0; font-size: 1.9rem; }
h2 { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding-top: 0.8rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 0.3rem; }
a { color: inherit; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent);
  text-underline-offset: 0.15em; }
a:hover { text-decoration-color: currentColor; }
.lead { font-size: 1.15rem; margin: 0 0 1rem; }
.crumb { margin: 0; opacity: 0.7; }
pre { overflow-x: auto; }
pre::before { content: none; }
pre.line::before { content: "$ "; opacity: 0.6; }
.flag { white-space: nowrap; }
pre.wrapped { white-space: pre-wrap; }
pre.screen, pre.text { white-space: pre; overflow-wrap: normal; }
dl.list { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.15rem 1rem;
  margin: 0.5rem 0; }
dl.list dt, dl.options dt { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 0.82rem;
  line-height: 1.85; }
dl.list dd { margin: 0; }
dl.options dd { margin: 0 0 0.5rem 1.5rem; }
section, .scroll { font-variant-numeric: tabular-nums; }
details { margin: 0.8rem 0; }
summary { cursor: pointer; }
ul { padding-left: 1.3rem; }
li { margin: 0.25rem 0; }
.turn { display: flex; justify-content: space-between; gap: 1rem; margin-top: 2.5rem; }
@media (max-width: 40rem) {
  body { font-size: 16px; }
  header nav { font-size: 0.9rem; gap: 0.2rem 0.9rem; }
  svg.plot { max-width: none; flex: none; zoom: 0.75; }
  dl.list { grid-template-columns: 1fr; gap: 0; }
  dl.list dd { margin: 0 0 0.5rem 1.5rem; }
}
"""


class Page(NamedTuple):
    """A page of the site: its place in the folder, its title, what it is about, and its body."""

    path: str  # from the root, as guide/index.html
    title: str
    description: str
    body: str

    @property
    def root(self) -> str:
        """The way from the page to the root of the site."""
        return "../" * self.path.count("/")

    def html(self) -> str:
        """Return the whole page."""
        links = "".join(f'<a href="{self.root}{path}">{text(name)}</a>' for name, path in SITE_LINKS)
        return PAGE_TEMPLATE.format(
            title=text(self.title), description=text(self.description), root=self.root,
            stylesheet=STYLESHEET, links=links, body=self.body, version=__version__,
        )  # fmt: skip


def style() -> str:
    """Return the stylesheet of all pages: that of a single derivation, and the site's own rules."""
    return stylesheet() + OWN_STYLE


def text(plain: str) -> str:
    """Return a text with what means something to HTML, and what no one can see, escaped."""
    return escape(escape_control(plain))


def prose(plain: str) -> str:
    """Return a sentence, in which addresses are links.

    >>> prose("see https://a.org & b")
    'see <a href="https://a.org">https://a.org</a> &amp; b'
    """
    return re.sub(r"https://[^\s<]+", lambda found: f'<a href="{found[0]}">{found[0]}</a>', text(plain))


def command_path(name: str) -> str:
    """Return the place of a command's page."""
    return f"commands/{name}.html"


def command_link(name: str, root: str) -> str:
    """Return a link to a command's page."""
    return f'<a href="{root}{command_path(name)}">{text(name)}</a>'


def command_line(line: str, root: str, here: str = "") -> str:
    """Return a command line as a block, the command a link to its page, unless that is `here`."""
    return f'<pre class="line"><code>{linked_line(line, root, here)}</code></pre>\n'


def linked_line(line: str, root: str, here: str = "") -> str:
    """Return a command line with its command a link, and no flag that breaks behind its dashes.

    >>> linked_line("aimath kl .9,.1 .5,.5", "../")
    'aimath <a href="../commands/kl.html">kl</a> .9,.1 .5,.5'
    """
    program, _, rest = line.partition(" ")
    name, blank, words = rest.partition(" ")
    if program != "aimath" or name not in COMMANDS or name == here:
        return _with_flags(line)
    return f"aimath {command_link(name, root)}{blank}{_with_flags(words)}"


def _with_flags(words: str) -> str:
    return re.sub(r"(?<![\w-])--[a-z][\w-]*", r'<span class="flag">\g<0></span>', text(words))


def block(lines: str, kind: str = "text") -> str:
    """Return lines as they are printed, which scroll where they are too wide."""
    return f'<pre class="{kind}">{escape(lines)}</pre>\n'


class SiteDocument(HtmlDocument):
    """Reports within a page of the site: their command lines are links, their titles have places to link to.

    As on a screen, what is quiet there is left out, unless the page has all.
    """

    heading = "h2"

    def __init__(
        self, root: str, *, explain: bool = False, draw: bool = False, has_all: bool = False
    ) -> None:
        super().__init__(LayoutOptions(), explain=explain, draw=draw)
        self.root, self.has_all = root, has_all

    @property
    def is_screen(self) -> bool:
        """Whether what is quiet on a screen is left out."""
        return not self.has_all

    def plots(self, lines: Sequence[StyledLine]) -> list[str]:
        """Return plots, which scroll by themselves where the page is narrow."""
        return [f'<div class="scroll">{drawn}</div>\n' for drawn in super().plots(lines)]

    def prose(self, paragraphs: Sequence[Paragraph]) -> list[str]:
        """Return paragraphs as headings, sentences and command lines."""
        return [self._paragraph(paragraph) for paragraph in paragraphs]

    def _paragraph(self, paragraph: Paragraph) -> str:
        match paragraph.kind:
            case "title":
                level = self.heading
                return f'<{level} id="{anchor(paragraph.text)}">{text(paragraph.text)}</{level}>\n'
            case "command":
                return command_line(paragraph.text, self.root)
            case "item":
                return f'<p class="item">{prose(paragraph.text)}</p>\n'
            case _:
                return f"<p>{prose(paragraph.text)}</p>\n" if paragraph.text else ""

    def body(self, reports: Iterable[Report]) -> str:
        """Return all of a run's reports as HTML."""
        pieces = [piece for report in reports for piece in self.add(report)]
        return "".join([*pieces, *self.finish()])


def anchor(title: str) -> str:
    """Return the name by which a heading is linked to: what stands before its colon, in small letters.

    >>> anchor("vectors: lists of numbers, multiplied"), anchor("Week 1: Linear algebra")
    ('vectors', 'week-1')
    """
    return "-".join(re.findall(r"[\w]+", title.partition(":")[0].lower()))
