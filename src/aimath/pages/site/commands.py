"""The page of a command: what it does, an answer of its, the derivation, its options and its function."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.chapters import summary_of
from aimath.cli.options import InputOptions, OutputOptions
from aimath.cli.runner.capture import run_captured
from aimath.content.chapters import CHAPTERS
from aimath.pages.site.capture import printed
from aimath.pages.site.frame import Page, SiteDocument, block, command_line, command_link, command_path, text
from aimath.render.formats import JsonLinesWriter, PlainWriter
from aimath.render.report_view import LayoutOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from aimath.cli.command import Command, Param
    from aimath.render.report_view import Writer
    from aimath.report import Report

SHARED_OPTIONS = {*InputOptions._fields, *OutputOptions._fields}
CORE_PACKAGES = ("linalg", "calculus", "optim", "probability", "information", "nn")
MAX_LINES = 12
"""Of a longer text in a pipe so many lines are shown."""
ROOT = "../"
"""The way from a command's page to the root of the site."""


def command_page(name: str) -> Page:
    """Return the page of a command."""
    command, entry = lookup(name), COMMANDS[name]
    first, *others = _paragraphs(name)
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}
    chapter = titles.get(entry.chapter, "Guide and help")
    parts = [
        f'<p class="crumb"><a href="{ROOT}index.html#{entry.chapter}">{text(chapter)}</a></p>\n',
        f'<h1>{text(name)}</h1>\n<p class="lead">{text(first)}</p>\n',
        *(f"<p>{text(other)}</p>\n" for other in others),
        _text_example(name) if entry.is_text else _example(command),
        _options(command),
        _function(name),
        _see_also(name),
        _neighbours(name),
    ]
    return Page(command_path(name), f"aimath {name}", first, "".join(parts))


def _paragraphs(name: str) -> list[str]:
    """Return the paragraphs of a command's help, the first its summary."""
    return [" ".join(part.split()) for part in inspect.cleandoc(summary_of(name)).split("\n\n")]


def _text_example(name: str) -> str:
    line = COMMANDS[name].example
    return f"<h2>Example</h2>\n{command_line(line, ROOT, name)}{block(_shortened(printed(line)))}"


def _example(command: Command) -> str:
    """Return an answer at a terminal, in a pipe and as JSON, and how it is derived and drawn."""
    line = command.example
    reports = run_captured(line).reports
    plain = _shortened(_written(PlainWriter(LayoutOptions()), reports))
    json = _shortened(_written(JsonLinesWriter(LayoutOptions(), explain=False), reports), 3)
    parts = [
        "<h2>Example</h2>\n", command_line(line, ROOT, command.name), _rendered(reports),
        "<p>In a pipe or a file:</p>\n", block(plain),
        f"<details><summary>As JSON, with every quantity</summary>\n{block(json, 'wrapped')}</details>\n",
    ]  # fmt: skip
    if not command.informational:
        parts += ["<h2>Step by step</h2>\n", _asked(command, "--explain")]
    if any(report.plot for report in reports):
        parts += ["<h2>Drawn</h2>\n", _asked(command, "--plot")]
    return "".join(parts)


def _asked(command: Command, option: str) -> str:
    line = f"{command.example} {option}"
    return command_line(line, ROOT, command.name) + _rendered(run_captured(line).reports, option)


def _rendered(reports: Iterable[Report], option: str = "") -> str:
    document = SiteDocument(ROOT, explain=option == "--explain", draw=option == "--plot")
    document.heading = "h3"  # below the page's own
    return document.body(reports)


def _written(writer: Writer, reports: Iterable[Report]) -> str:
    return (b"".join(map(writer.write, reports)) + writer.finish()).decode()


def _shortened(lines: str, most: int = MAX_LINES) -> str:
    r"""Return at most so many lines of a text, and how many more there are.

    >>> _shortened("1\n2\n3\n", 1)
    '1\n… 2 more lines\n'
    """
    each = lines.splitlines(keepends=True)
    more = len(each) - most
    return lines if more <= 1 else f"{''.join(each[:most])}… {more} more lines\n"


def _options(command: Command) -> str:
    """Return the operands and options of a command, and where those that all share are described."""
    own = [part for part in command.params if part.name not in SHARED_OPTIONS]
    listed = "".join(f"<dt>{_flags(part)}</dt><dd>{text(part.help)}</dd>\n" for part in own)
    shared = [part for part in command.params if part.name in OutputOptions._fields and part.name != "ascii"]
    said = f'<p>Those of <a href="{ROOT}options.html">reading and output</a> too.</p>\n' if shared else ""
    return f'<h2>Operands and options</h2>\n<dl class="options">\n{listed}</dl>\n{said}'


def _flags(part: Param) -> str:
    flags = ", ".join(part.flags)
    return text(f"{flags} {part.metavar}".strip())


def _function(name: str) -> str:
    """Return the function of the library that answers as the command does, if there is one."""
    known = name.replace("-", "_")
    for package in CORE_PACKAGES:
        module = importlib.import_module(f"aimath.core.{package}")
        if known in module.__all__:
            call = f"{package}.{known}{_signature(getattr(module, known))}"
            lines = f"from aimath.core import {package}\n\n{call}\n"
            return f"<h2>In Python</h2>\n{block(lines, 'wrapped')}"
    return ""


def _signature(function: Callable[..., object]) -> str:
    parameters = inspect.signature(function).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(bare))


def _see_also(name: str) -> str:
    """Return what else there is about a command: the guide's demos and the quiz."""
    demos = [
        f'<a href="{ROOT}guide/{chapter.id}.html#{topic.id}">{text(topic.summary)}</a>'
        for chapter in CHAPTERS
        for topic in chapter.topics
        if name == (topic.command or topic.id)
    ]
    items = [f"In the guide: {demo}." for demo in demos]
    if COMMANDS[name].quiz:
        items.append(f"Questions about it: <code>aimath {command_link('quiz', ROOT)} {name}</code>")
    listed = "".join(f"<li>{item}</li>\n" for item in items)
    return f"<h2>See also</h2>\n<ul>\n{listed}</ul>\n" if items else ""


def _neighbours(name: str) -> str:
    """Return links to the commands before and behind it."""
    names: Sequence[str] = list(COMMANDS)
    k = names.index(name)
    before = f"← {command_link(names[k - 1], ROOT)}" if k else ""
    behind = f"{command_link(names[k + 1], ROOT)} →" if k + 1 < len(names) else ""
    return f'<p class="turn"><span>{before}</span><span>{behind}</span></p>\n'
