"""Print what the changelog says of the version that a tag names: `python .github/release_notes.py v0.2.0`.

Nothing is printed, and the exit code is 1, if the tag is not that of the version of the package, or if the
changelog has no dated section of it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(version: str, changelog: str) -> str:
    """Return the section of a version, without its heading, its links into the checkout as their texts.

    Raise ValueError if there is none, or one without a date.
    """
    found = re.search(
        rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)",
        changelog,
        re.MULTILINE | re.DOTALL,
    )
    if found is None or not found[1].strip():
        raise ValueError(f"the changelog has no section '## {version} - YYYY-MM-DD'")
    return re.sub(r"\[([^\]]+)\]\((?!https://)[^)]+\)", r"\1", found[1].strip()) + "\n"


def main(arguments: list[str]) -> str | None:
    """Print the notes of a tag and return None, or what is wrong."""
    if len(arguments) != 1:
        return "usage: python .github/release_notes.py v1.2.3"
    declared = (ROOT / "src" / "aimath" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "([^"]+)"$', declared, re.MULTILINE)
    if version is None or arguments[0] != f"v{version[1]}":
        return f"the tag is {arguments[0]}, the version is {version and version[1]}"
    try:
        text = notes(version[1], (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8"))
    except ValueError as error:
        return str(error)
    sys.stdout.write(text)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
