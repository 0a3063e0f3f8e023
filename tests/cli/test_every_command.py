"""What holds for every command; a new one is found by enumeration and can't escape."""

from __future__ import annotations

import csv
import json
import math
import os
import pty
import re
import shlex
import subprocess
import sys
import xml.dom.minidom

import pytest

from aimath.cli.catalogue import COMMANDS, lookup


def example(name):
    return shlex.split(lookup(name).example)[1:]


ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
CALCULATORS = [name for name in ALL if not lookup(name).informational]


@pytest.fixture(params=ALL)
def line(request):
    return example(request.param)


@pytest.fixture(params=CALCULATORS)
def calculation(request):
    return example(request.param)


def numbers(text):
    number = r"-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf)"
    return [float(token) for token in re.split(r"[\s,|]+", text) if re.fullmatch(number, token)]


@pytest.mark.parametrize("name", COMMANDS)
def test_summary_is_the_docstring(name):
    assert lookup(name).function.__doc__.partition("\n")[0] == COMMANDS[name].summary


@pytest.mark.parametrize(
    "form",
    [
        "plain",
        "csv",
        "json",
        "table",
        *(pytest.param(form, marks=pytest.mark.slow) for form in ("tsv", "markdown")),
    ],
)
def test_every_form_holds_the_answer(aimath, answered, line, form):
    text = answered(*line, "--format", form)
    assert "\x1b" not in text
    bare = re.sub(r'[\[\]{}":,|]', " ", text)
    shown = numbers(bare)
    answer = aimath(*line, "--format", "plain", "--no-header").out
    assert numbers(answer) or set(answer.split()) <= set(bare.split())
    for number in numbers(answer):
        assert any(math.isclose(number, other, rel_tol=1e-3) for other in shown)


def test_json_reads_back_and_holds_what_fields_may_name(aimath, line):
    rows = [json.loads(row) for row in aimath(*line, "--json").out.splitlines()]
    assert rows
    for row in rows:
        assert not any(isinstance(v, float) and not math.isfinite(v) for v in row.values())
    names = [name for name in rows[0] if name != "labels"]
    ran = aimath(*line, "--fields", ",".join(names), "--format", "json")
    assert [list(json.loads(row)) for row in ran.out.splitlines()] == [list(row) for row in rows]


def test_csv_is_even(aimath, line):
    rows = list(csv.reader(aimath(*line, "--csv").out.splitlines()))
    assert len({len(row) for row in rows}) == 1
    assert len(rows) >= 2


def test_explain_fits_and_ends_in_a_check(answered, calculation):
    shown = answered(*calculation, "--explain")
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) >= 3
    assert any(text.startswith(" ✓") for text in lines) or "--sample" in calculation
    assert "✗" not in shown
    assert "\x1b" not in shown
    assert "nan" not in shown


def test_checks_are_named_in_json_if_asked_for(aimath, calculation):
    plain = [json.loads(row) for row in aimath(*calculation, "--json").out.splitlines()]
    asked = [json.loads(row) for row in aimath(*calculation, "--json", "--explain").out.splitlines()]
    assert [{k: v for k, v in row.items() if k != "checks"} for row in asked] == plain
    checks = [check for row in asked for check in row.get("checks", ())]
    assert checks or "point" in plain[0]  # a descent's derivation is one of whole runs
    assert all(check["holds"] and len(check["method"]) > 1 and "{" not in check["method"] for check in checks)
    assert not any("checks" in row for row in plain)


def test_explain_in_ascii(aimath, calculation):
    ran = aimath(*calculation, "--explain", "--ascii")
    assert ran.out.isascii()
    assert " ok " in ran.out


def test_plot_stands_beside_the_data(aimath, calculation):
    ran = aimath(*calculation, "--plot")
    assert ran.code == 0
    assert ran.out == aimath(*calculation).out
    assert ran.err.strip()


def test_svg_is_a_picture(aimath, line, tmp_path):
    ran = aimath(*line, "--explain", "--out", tmp_path / "x.svg")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    text = (tmp_path / "x.svg").read_text()
    assert xml.dom.minidom.parseString(text).documentElement.tagName == "svg"
    assert "http" not in text.replace("http://www.w3.org/", "")


@pytest.mark.slow
def test_out_is_what_a_pipe_gets(aimath, line, tmp_path):
    for suffix, form in (
        ("csv", "csv"),
        ("tsv", "tsv"),
        ("json", "json"),
        ("txt", "plain"),
        ("md", "markdown"),
    ):
        file = tmp_path / f"x.{suffix}"
        assert aimath(*line, "--out", file)[:2] == (0, "")
        assert file.read_text() == aimath(*line, "--format", form).out


def test_unknown_field_lists_the_right_ones(aimath, line):
    ran = aimath(*line, "--fields", "nonsense")
    assert ran.code == 2
    assert ran.out == ""
    assert "no field 'nonsense'" in ran.err
    assert "choose from" in ran.err


def test_typo_in_an_option_is_named(refused, line):
    said = refused(*line, "--explian")
    assert "--explian" in said
    assert "did you mean --explain?" in said


def test_bad_token_is_one_line_that_names_it(aimath, calculation):
    spoilt = [*calculation]
    place = next(k for k, token in reversed(list(enumerate(calculation))) if re.search(r"\d", token))
    spoilt[place] = re.sub(r"\d", "l", spoilt[place], count=1)
    ran = aimath(*spoilt)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"aimath {calculation[0]}: error: ")
    assert "l" in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) <= 4  # the sentence, the text with a caret, a way out


@pytest.mark.slow
def test_environment_changes_no_byte(warm, line):
    plain = warm(*line).out
    for change in (
        {"COLUMNS": "20"},
        {"COLUMNS": "0", "TERM": "dumb"},
        {"FORCE_COLOR": "1"},
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "ascii"},
    ):
        assert warm(*line, env=change)[:3] == (0, plain, b"")


HEAVY = (
    "numpy",
    "rich",
    "pydantic",
    "typer",
    "pathlib",
    "shutil",
    "subprocess",
    "tempfile",
    "matplotlib",
    "logging",
)
STATIC = (
    ["--help"],
    ["help"],
    [],
    ["man", "kl"],
    ["completion", "zsh"],
    *([name, "--help"] for name in COMMANDS),
)
COLD = """
import json, os, sys
from aimath.cli.app import invoke

def loaded(words):  # in a fork of what has imported nothing else
    reader, writer = os.pipe()
    if not os.fork():
        for number, way in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            os.dup2(os.open(os.devnull, way), number)
        code = invoke(words)
        os.write(writer, json.dumps([code, [name for name in sys.argv[1:] if name in sys.modules]]).encode())
        os._exit(0)
    os.wait()
    return json.loads(os.read(reader, 1000))

print(json.dumps([loaded(words) for words in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def loaded():
    """Give, by command line, its exit code and what it imports of the modules that take their time."""
    lines = [*STATIC, *map(example, COMMANDS)]
    asked = [sys.executable, "-c", COLD, *HEAVY]
    ran = subprocess.run(asked, input=json.dumps(lines), capture_output=True, text=True, check=True)
    return dict(zip(map(tuple, lines), json.loads(ran.stdout), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("words", STATIC, ids=" ".join)
def test_what_is_static_imports_neither_numpy_nor_rich(loaded, words):
    code, modules = loaded[tuple(words)]
    assert (code, {"numpy", "rich", "pydantic"}.intersection(modules)) == (0, set())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "help"])  # whose text typer writes
def test_a_pipe_gets_its_answer_without_typer_and_rich(loaded, name):
    code, modules = loaded[tuple(example(name))]
    assert code == 0
    assert modules == (["numpy"] if name in ALL else [name for name in modules if name == "numpy"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_nothing_to_read_is_answered_by_an_example(warm, name):
    if not lookup(name).usages[0].operands:
        pytest.skip("works without operands")
    terminal, other = pty.openpty()
    ran = warm(name, stdin=other)
    os.close(terminal)
    os.close(other)
    assert ran.code == 2
    assert "aimath " in ran.text.splitlines()[-1]
