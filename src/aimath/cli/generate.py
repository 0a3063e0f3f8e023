"""Write the catalogue from the declarations of the commands: `python -m aimath.cli.generate`.

In a checkout it also writes the README's table of commands.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import sys
from typing import TYPE_CHECKING

from aimath.cli.catalogue import CatalogueEntry
from aimath.cli.chapters import commands_by_chapter
from aimath.cli.check import declaration_mistakes, source_location
from aimath.cli.command import DECLARED
from aimath.cli.text_command import TextCommand
from aimath.content.chapters import CHAPTERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aimath.cli.command import Command

CATALOGUE_HEAD = '''"""The entries of the catalogue, written by `python -m aimath.cli.generate`."""

from __future__ import annotations

ENTRIES: dict[str, tuple[str, str, str, str, str, tuple[str, ...], bool]] = {'''
TABLE_HEAD = "| chapter | commands |\n|---|---|\n"


def declared_commands() -> dict[str, Command]:
    """Return every command of the package, by module and in the order of definition."""
    for package in ("commands", "pages"):
        folder = importlib.import_module(f"aimath.{package}").__path__
        for module in pkgutil.walk_packages(folder, f"aimath.{package}."):
            importlib.import_module(module.name)
    found = [one for one in DECLARED.values() if one.function.__module__.startswith("aimath.")]
    return {one.name: one for one in sorted(found, key=lambda one: one.function.__module__)}


def catalogue(commands: Mapping[str, Command]) -> dict[str, CatalogueEntry]:
    """Return the entries of the catalogue, by chapter, each behind the command that it stands after."""
    openers: dict[str, str] = {}  # chapter -> its first command
    followers: dict[str, list[str]] = {name: [] for name in commands}
    above: dict[str, str] = {}  # module -> its last command so far
    for name, command in commands.items():
        declared, module = command.declared, command.function.__module__
        before = declared.after or above.get(module, "")
        above[module] = name
        if declared.chapter:
            openers[declared.chapter] = name
        elif before in commands:
            followers[before].append(name)
        else:
            raise ValueError(f"{source_location(command)}: {name} stands after no command: after={before!r}")

    def listed(name: str) -> list[str]:
        """Return a command and all that stand after it, of several followers the one without any first."""
        return [name, *(other for part in sorted(map(listed, followers[name]), key=len) for other in part)]

    known = [chapter.id for chapter in CHAPTERS]
    chapters = [*known, *(chapter for chapter in openers if chapter not in known)]
    entries = {
        name: _entry(commands[name], chapter) for chapter in chapters for name in listed(openers[chapter])
    }
    for name in commands.keys() - entries.keys():
        raise ValueError(f"{source_location(commands[name])}: {name} stands after itself")
    return entries


def _entry(command: Command, chapter: str) -> CatalogueEntry:
    module = command.function.__module__.removeprefix("aimath.")
    topic = module.split(".")[1]
    return CatalogueEntry(
        module=module,
        chapter=chapter,
        summary=(command.function.__doc__ or "").partition("\n")[0],
        example=command.example,
        answer=command.declared.answer,
        quiz=tuple(f"{topic}.{maker}" for maker in command.declared.quiz),
        is_text=isinstance(command, TextCommand),
    )


def catalogue_source(entries: Mapping[str, CatalogueEntry]) -> str:
    """Return the text of the module with the catalogue's entries."""
    lines = []
    for name, entry in entries.items():
        lines += [f"    {_literal(name)}: (", *(f"        {_literal(value)}," for value in entry), "    ),"]
    return "\n".join([CATALOGUE_HEAD, *lines, "}\n"])


def _literal(value: object) -> str:
    """Return a value as ruff formats it.

    >>> _literal(("a",)), _literal(False)
    ('("a",)', 'False')
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
    plain = isinstance(value, str) and '"' not in value
    return json.dumps(value, ensure_ascii=False) if plain else repr(value)


def readme_table(entries: Mapping[str, CatalogueEntry]) -> str:
    """Return the README's table of commands."""
    chapters = commands_by_chapter(entries).items()
    rows = (f"| {title} | {' '.join(f'`{name}`' for name in names)} |\n" for title, names in chapters)
    return TABLE_HEAD + "".join(rows)


def replace_table(readme: str, table: str) -> str:
    """Return the README's text with another table of commands."""
    return re.sub(rf"{re.escape(TABLE_HEAD)}(\|.*\n)*", lambda _: table, readme)


def write(package: Path) -> None:
    """Write the catalogue, and the README's table where the package lies in a checkout."""
    commands = declared_commands()
    mistakes = [mistake for command in commands.values() for mistake in declaration_mistakes(command)]
    if mistakes:
        raise ValueError("\n".join(mistakes))
    entries = catalogue(commands)
    (package / "cli" / "_generated.py").write_text(catalogue_source(entries), encoding="utf-8")
    readme = package.parents[1] / "README.md"
    if readme.is_file():
        text = replace_table(readme.read_text(encoding="utf-8"), readme_table(entries))
        readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    from pathlib import Path

    try:
        write(Path(__file__).parents[1])
    except ValueError as error:
        sys.exit(str(error))
