"""What no source file may hold, whoever writes it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src"
SOURCES = sorted(ROOT.rglob("*.py"))
CODE = {"eval", "exec", "compile", "__import__"}
UNSAFE = {
    "pickle",
    "marshal",
    "shelve",
    "subprocess",
    "socket",
    "urllib",
    "http",
    "ctypes",
    "sympy",
    "numexpr",
    "torch",
}
"""What makes objects or code of a file or a text, starts programs, or asks the network."""


def forbidden(text):
    """Name what a source holds that it may not, with the line."""
    for node in ast.walk(ast.parse(text)):
        name = next(_names(node), None)
        if name:
            yield f"line {node.lineno}: {name}"


def _names(node):
    if isinstance(node, ast.Assert):
        yield "assert"  # -O takes it away
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        modules = (
            [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        )
        yield from UNSAFE.intersection(module.partition(".")[0] for module in modules)
    if isinstance(node, ast.Name) and node.id in CODE:  # called, or given to what would call it
        yield node.id
    if isinstance(node, ast.Attribute) and node.attr in {"from_markup", "system", "popen"}:
        yield node.attr
    if isinstance(node, ast.keyword) and node.arg in {
        "allow_pickle",
        "markup",
        "emoji",
        "highlight",
        "shell",
    }:
        value = node.value
        if not (isinstance(value, ast.Constant) and value.value is False):
            yield f"{node.arg}="
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in {"print", "rule"} and any(isinstance(a, ast.JoinedStr) for a in node.args):
            yield "a text of the user's within what rich prints"
        if node.func.attr == "load" and getattr(node.func.value, "id", "") in {"np", "numpy"}:
            yield "np.load"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_runs_a_text(source):
    assert list(forbidden(source.read_text(encoding="utf-8"))) == []


def test_it_would_be_seen():
    assert len(SOURCES) > 50
    for line in (
        "x = eval(text)",
        "map(eval, texts)",
        "def f(x):\n    assert x",
        "np.load(f)",
        "f(allow_pickle=True)",
        "f(allow_pickle=wanted)",
        "exec(code)",
        "compile(text, '', 'eval')",
        "import pickle",
        "from pickle import loads",
        "import os.path, urllib.request",
        "Console(markup=True)",
        "console.print(f'[b]{label}[/b]')",
        "Text.from_markup(label)",
        "os.system(text)",
    ):
        assert list(forbidden(line)), line
    for line in (
        "re.compile(text)",
        "self.evaluate(x)",
        "retrieval(x)",
        "Console(markup=False)",
        "console.print(text)",
        "'a pickle, never'",
    ):
        assert not list(forbidden(line)), line


TESTS = sorted((ROOT.parent / "tests").rglob("*.py"))


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.relative_to(ROOT.parent).as_posix())
def test_what_is_small_may_not_be_anything(test):
    """Where pytest.approx isn't told `abs`, it takes 1e-12 as well, whatever `rel` says: tests.digits.near doesn't."""
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "approx":
            assert {"abs", None} & {keyword.arg for keyword in node.keywords}, f"line {node.lineno}"
