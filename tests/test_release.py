"""What a release is made of: one version everywhere, and notes that are the changelog's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import aimath
from aimath.pages.man import MAN_DATE

ROOT = Path(__file__).parent.parent
CHANGELOG = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
RELEASES = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)$", CHANGELOG, re.MULTILINE)


def notes(tag, root=ROOT):
    words = [sys.executable, str(root / ".github" / "release_notes.py"), *tag]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_newest_release_of_the_changelog_is_the_version_and_the_date_of_the_manual():
    assert RELEASES[0] == (aimath.__version__, MAN_DATE)


def test_releases_stand_newest_first():
    versions = [tuple(map(int, version.split("."))) for version, _ in RELEASES]
    assert versions == sorted(versions, reverse=True)
    assert [date for _, date in RELEASES] == sorted((date for _, date in RELEASES), reverse=True)
    assert len(versions) >= 2


def test_version_stands_in_one_place():
    other = [
        path for path in (ROOT / "src").rglob("*.py") if f'"{aimath.__version__}"' in path.read_text("utf-8")
    ]
    assert [path.name for path in other] == ["__init__.py"]
    assert aimath.__version__ not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_notes_are_the_section_of_the_tag():
    ran = notes([f"v{aimath.__version__}"])
    assert (ran.returncode, ran.stderr) == (0, "")
    start = CHANGELOG.index(f"## {aimath.__version__} - ")
    section = CHANGELOG[start : CHANGELOG.index(f"## {RELEASES[1][0]} - ")]
    assert ran.stdout.count("\n- ") == section.count("\n- ")
    assert not re.search(r"^## |\]\((?!https://)", ran.stdout, re.MULTILINE)
    assert ran.stdout.endswith("\n")


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ([], "usage: python .github/release_notes.py v1.2.3"),
        (["v9.9.9"], f"the tag is v9.9.9, the version is {aimath.__version__}"),
        ([aimath.__version__], f"the tag is {aimath.__version__}, the version is {aimath.__version__}"),
    ],
)
def test_other_tags_are_refused(tag, said):
    ran = notes(tag)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{said}\n")


@pytest.mark.parametrize(
    "section", ["", "## 1.2.3\n\n- a\n", "## 1.2.3 - 2026-01-01\n\n## 1.2.2 - 2025-01-01\n\n- a\n"]
)
def test_version_without_a_dated_section_is_refused(tmp_path, section):
    (tmp_path / ".github").mkdir()
    (tmp_path / "src" / "aimath").mkdir(parents=True)
    (tmp_path / "src" / "aimath" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    script = (ROOT / ".github" / "release_notes.py").read_text(encoding="utf-8")
    (tmp_path / ".github" / "release_notes.py").write_text(script, encoding="utf-8")
    (tmp_path / ".github" / "CHANGELOG.md").write_text(f"# Changelog\n\n{section}")
    ran = notes(["v1.2.3"], tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "the changelog has no section '## 1.2.3 - YYYY-MM-DD'\n"
