"""Paragraphs for people: titles, texts, and command lines that can be copied wherever they are broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aimath.render.layout import Strip, label, strip
from aimath.safe import cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.text import Wanted
    from aimath.report import Prose

WORD = r"""(?:-[-\w]+ (?!-[-A-Za-z]))?(?:'[^']*'|"[^"]*"|\S)+"""
"""A word of a command line, behind the option that it belongs to."""
INDENTS = {"title": ("", ""), "text": ("", ""), "command": ("$ ", "    "), "item": ("  ", "  ")}
STYLES = {"title": "bold", "command": "bold"}


def strips(prose: Sequence[Prose], wanted: Wanted) -> list[Strip]:
    """Give paragraphs as lines; a blank one stands before a title, and before a command behind a text."""
    lines: list[Strip] = []
    before = ""
    for paragraph in prose:
        apart = paragraph.kind == "title" or {before, paragraph.kind} == {"text", "command"}
        lines += [strip("")] if lines and apart else []
        lines += _paragraph(paragraph, wanted)
        before = paragraph.kind
    return lines


def _paragraph(paragraph: Prose, wanted: Wanted) -> Iterator[Strip]:
    command = paragraph.kind == "command"
    words = re.findall(WORD if command else r"\S+", label(paragraph.text, wanted))
    end = " \\" if command else ""  # so that the shell reads on
    filled = list(_filled(words, wanted.measure - cells(end), INDENTS[paragraph.kind]))
    for k, line in enumerate(filled, 1):
        yield strip(line + end * (k < len(filled)), STYLES.get(paragraph.kind, ""))


def _filled(words: Sequence[str], width: int, indents: tuple[str, str]) -> Iterator[str]:
    """Fill lines with words; one that is too wide has a line of its own."""
    first, later = indents
    line = first
    for word in words:
        if line.strip() not in {"", "$"} and cells(f"{line} {word}") > width:
            yield line.rstrip()
            line = later
        line += word if line in {first, later} else f" {word}"
    yield line.rstrip()
