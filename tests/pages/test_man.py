"""The manual: every command and option of it, and no complaint of the programs that set it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from aimath.cli.catalogue import COMMANDS, lookup


def set_by_groff(page):
    ran = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii", "-P-cbou"], input=page, capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return re.sub(r"\s+", " ", ran.stdout)


PAGES = [[], *([name] for name in COMMANDS)]


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("names", [[], ["softmax"], ["grad"], ["svd-approx"], ["quiz"]])
def test_groff_sets_it(aimath, names):
    text = set_by_groff(aimath("man", *names).out)
    for name in names or COMMANDS:
        assert COMMANDS[name].summary.rstrip(".").replace("- ", "-")[:30] in text
        assert lookup(name).example.partition("'")[0].strip() in text


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("names", PAGES, ids=lambda names: "".join(names) or "all")
def test_mandoc_has_nothing_to_say(aimath, names):
    page = aimath("man", *names).out
    ran = subprocess.run(["mandoc", "-T", "lint"], input=page, capture_output=True, text=True, check=False)
    assert ran.stdout + ran.stderr == ""


@pytest.mark.parametrize("names", PAGES, ids=lambda names: "".join(names) or "all")
def test_every_option_is_described(aimath, names):
    page = aimath("man", *names).out
    assert page.isascii()
    assert page.startswith(".TH ")
    for name in names or COMMANDS:
        for part in lookup(name).params:
            for flag in part.flags:
                assert flag.replace("-", "\\-") in page


@pytest.mark.slow
@pytest.mark.parametrize("words", [("man", "softmax"), ("softmax", "--help")])
def test_python_without_docstrings_says_what_it_has_and_that_there_was_more(words):
    ran = subprocess.run(
        [sys.executable, "-OO", "-m", "aimath", *words], capture_output=True, text=True, check=True
    )
    assert COMMANDS["softmax"].summary.rstrip(".") in ran.stdout
    assert "The rest of this text is dropped by python" in ran.stdout


def test_no_line_of_text_is_a_request(aimath):
    requests = {"TH", "SH", "SS", "TP", "PP", "B", "BR", "EX", "EE"}
    for line in aimath("man").out.splitlines():
        assert not line.startswith("'")
        assert not line.startswith(".") or line[1:].split()[0] in requests
