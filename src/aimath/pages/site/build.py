"""The pages of the site, and their files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS
from aimath.cli.chapters import OTHER_CHAPTER, commands_by_chapter
from aimath.cli.command import shared_params
from aimath.cli.options import InputOptions, OutputOptions
from aimath.cli.runner.capture import run_captured
from aimath.content.chapters import CHAPTERS
from aimath.pages.help import FIRST_EXAMPLES
from aimath.pages.man import EXIT_STATUSES
from aimath.pages.site.capture import printed
from aimath.pages.site.commands import command_page
from aimath.pages.site.frame import (
    STYLESHEET,
    Page,
    SiteDocument,
    command_line,
    command_link,
    linked_line,
    style,
    text,
)
from aimath.pages.site.links import dead_links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aimath.content.chapters import Chapter

GUIDE_PAGES = {
    "map": ("From mathematics to AI", "Where AI uses each piece of mathematics, and what shows it."),
    "roadmap": ("Four weeks", "A way through the guide in four weeks, with a project in each."),
    "check": (
        "The article's figures",
        "Every figure that the article behind the guide prints, recomputed: which are right.",
    ),
    "resources": ("Books, courses and videos", "Where to go on reading and watching."),
}
CHAPTER_IDS = {chapter.title: chapter.id for chapter in CHAPTERS} | {OTHER_CHAPTER: "guide"}


def build(folder: Path, changelog: str = "") -> list[Page]:
    """Write the site into a folder and return its pages; a changelog, in Markdown, is one of them.

    Raise ValueError if a link leads nowhere.
    """
    made = list(pages(changelog))
    dead = dead_links({page.path: page.html() for page in made}, known={STYLESHEET})
    if dead:
        raise ValueError("\n".join(dead))
    for page in made:
        place = folder / page.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page.html(), encoding="utf-8")
    (folder / STYLESHEET).write_text(style(), encoding="utf-8")
    return made


def pages(changelog: str = "") -> Iterator[Page]:
    """Yield every page of the site."""
    yield index_page()
    yield guide_page()
    yield from map(chapter_page, CHAPTERS)
    yield from map(guide_subpage, GUIDE_PAGES)
    yield options_page()
    yield from map(command_page, COMMANDS)
    yield changelog_page(changelog)


def index_page() -> Page:
    """Return the first page: what aimath is, its first screen, first examples, and all commands."""
    said = "A command-line calculator for the mathematics behind AI: the right digits, every step shown."
    parts = [
        f'<h1>aimath</h1>\n<p class="lead">{text(said)}</p>\n',
        "<p>With Python 3.11 or later, in a checkout:</p>\n",
        command_line("pip install .", ""),
        "<h2>The first screen</h2>\n", command_line("aimath", ""), _first_screen(),
    ]  # fmt: skip
    for line, about in FIRST_EXAMPLES[:2]:  # the third is a run, whose seconds differ each time
        document = SiteDocument("", explain="--explain" in line, draw="--plot" in line)
        parts += [f"<h2>{text(about[:1].upper() + about[1:])}</h2>\n", command_line(line, "")]
        parts += [document.body(run_captured(line).reports)]
    parts += ['<h2 id="commands">Commands</h2>\n', *_command_lists()]
    return Page("index.html", "aimath: the mathematics behind AI", said, "".join(parts))


def _first_screen() -> str:
    """Return what `aimath` alone prints, the commands that it names as links."""
    lines = "\n".join(map(_linked_screen_line, printed("aimath").splitlines()))
    return f'<pre class="screen">{lines}</pre>\n'


def _linked_screen_line(line: str) -> str:
    """Return a line of the first screen, the command that it runs or the commands that it lists as links."""
    if line.startswith("  aimath "):
        return f"  {linked_line(line[2:], '')}"
    left, gap, names = line.rpartition("  ")
    if not gap or any(name not in COMMANDS for name in names.split()):
        return text(line)
    return f"{text(left)}  {' '.join(command_link(name, '') for name in names.split())}"


def _command_lists() -> Iterator[str]:
    for title, names in commands_by_chapter().items():
        yield f'<h3 id="{CHAPTER_IDS[title]}">{text(title)}</h3>\n<dl class="list">\n'
        for name in names:
            yield f"<dt>{command_link(name, '')}</dt><dd>{text(COMMANDS[name].summary)}</dd>\n"
        yield "</dl>\n"


def guide_page() -> Page:
    """Return the guide's first page: its chapters and topics, and its other pages."""
    parts = ['<h1>The guide</h1>\n<p class="lead">From mathematics to AI, each idea at work.</p>\n']
    for chapter in CHAPTERS:
        parts.append(f'<h2><a href="{chapter.id}.html">{text(chapter.title)}</a></h2>\n')
        parts.append(f'<p>{text(_sentence(chapter.about))}</p>\n<dl class="list">\n')
        parts += [
            f'<dt><a href="{chapter.id}.html#{topic.id}">{topic.id}</a></dt><dd>{text(topic.summary)}</dd>\n'
            for topic in chapter.topics
        ]
        parts.append("</dl>\n")
    parts.append("<h2>Further pages</h2>\n<ul>\n")
    parts += [
        f'<li><a href="{name}.html">{text(title)}</a>. {text(about)}</li>\n'
        for name, (title, about) in GUIDE_PAGES.items()
    ]
    parts.append("</ul>\n")
    return Page(
        "guide/index.html", "The guide of aimath", "From mathematics to AI in four chapters.", "".join(parts)
    )


def _sentence(plain: str) -> str:
    """Return words as a sentence.

    >>> _sentence("what networks are made of")
    'What networks are made of.'
    """
    return f"{plain[:1].upper()}{plain[1:]}."


def chapter_page(chapter: Chapter) -> Page:
    """Return a chapter of the guide: all its demos, with their derivations."""
    document = SiteDocument("../", explain=True)
    return _subpage(
        chapter.id, chapter.title, _sentence(chapter.about), f"aimath demo {chapter.id}", document
    )


def guide_subpage(name: str) -> Page:
    """Return a page of the guide that is a table."""
    return _subpage(
        name, *GUIDE_PAGES[name], f"aimath guide {name}", SiteDocument("../", has_all=name == "check")
    )


def _subpage(name: str, title: str, about: str, line: str, document: SiteDocument) -> Page:
    """Return a page of the guide with a line, and what it answers."""
    parts = [
        '<p class="crumb"><a href="index.html">The guide</a></p>\n',
        f'<h1>{text(title)}</h1>\n<p class="lead">{text(about)}</p>\n',
        command_line(line, "../"),
        document.body(run_captured(line).reports),
    ]
    return Page(f"guide/{name}.html", f"{title}: the guide of aimath", about, "".join(parts))


def options_page() -> Page:
    """Return the options that commands share, and what exit codes mean."""
    parts = ['<h1>Options and exit codes</h1>\n<p class="lead">What all commands share.</p>\n']
    for title, options in (("Reading of files and standard input", InputOptions), ("Output", OutputOptions)):
        parts.append(f'<h2>{title}</h2>\n<dl class="options">\n')
        for one in shared_params(options):
            flags = f"{', '.join(one.flags)} {one.metavar}".strip()
            parts.append(f"<dt>{text(flags)}</dt><dd>{text(one.help)}</dd>\n")
        parts.append("</dl>\n")
    parts.append('<h2>Exit codes</h2>\n<dl class="list">\n')
    parts += [f"<dt>{code}</dt><dd>{text(said)}</dd>\n" for code, said in EXIT_STATUSES]
    parts.append("</dl>\n")
    return Page(
        "options.html",
        "Options of aimath",
        "Options that all commands share, and exit codes.",
        "".join(parts),
    )


def changelog_page(changelog: str) -> Page:
    """Return what changed from version to version, of a text in Markdown; without one, only a sentence."""
    about = "What changed for those who use aimath."
    if not changelog:
        body = "<h1>Changelog</h1>\n<p>It stands in a checkout of aimath, as .github/CHANGELOG.md.</p>\n"
        return Page("changelog.html", "Changes of aimath", about, body)
    from markdown_it import MarkdownIt  # noqa: PLC0415  for this page alone

    # What it links to in the checkout isn't part of the site.
    within = re.sub(r"\[([^\]]+)\]\((?!https://)[^)]+\)", r"\1", changelog)
    body = MarkdownIt("commonmark", {"html": False}).render(within)
    return Page("changelog.html", "Changes of aimath", about, body)
