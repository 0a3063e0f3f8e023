"""What no source file may hold, whoever writes it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

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


RUNS_WHAT_IT_IS_ASKED_TO = {
    "aimath/verify/child.py": {"exec", "compile"},
    "aimath/verify/run.py": {"subprocess"},
    "aimath/cli/runner/division/workers.py": {"pickle"},
    "aimath/cli/runner/division/cluster.py": {"socket", "ctypes"},
}
"""`aimath verify` runs the user's own file, named for that, in a process of its own.

Between our own processes errors go through pickles, of which each is tried where it is made. The scheduler
that the user names is asked by a socket whether it is one, and glibc how much memory it keeps.
"""


def found_in(sources, look):
    """Give, by file, what is found in it, if anything is."""
    names = {path: path.relative_to(ROOT.parent).as_posix() for path in sources}
    return {names[path]: found for path in sources if (found := [*look(path.read_text(encoding="utf-8"))])}


@pytest.mark.slow
def test_nothing_runs_a_text():
    for name, found in found_in(SOURCES, forbidden).items():
        said = {part.partition(": ")[2] for part in found}
        assert said <= RUNS_WHAT_IT_IS_ASKED_TO.get(name.removeprefix("src/"), set()), (name, found)


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


def surgery(text):
    """Name where a source takes an error's sentence apart, or makes one where values would be read as templates."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and node.attr in {"message", "problem", "sentence"}:
            yield f"line {node.lineno}: .{node.attr}"
        if isinstance(node, (ast.Call, ast.BinOp, ast.JoinedStr, ast.Compare)):
            parts = [node.func, *node.args] if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
            if any(_is_hint(part) for part in parts):
                yield f"line {node.lineno}: .hint within an expression"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "InputError":
            yield from (f"line {node.lineno}: {wrong}" for wrong in _odd_template(node))


def _odd_template(call):
    """Name what is wrong with the problem of an InputError: values need a literal that names them all."""
    problem = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    keywords = {one.arg for one in call.keywords}
    values = keywords - ERROR_DATA - {None}  # None: the **values of a caller, for the caller's template
    if values and None not in keywords:
        if problem is None:
            yield "a template that is no literal"
        elif {field for _, field, *_ in Formatter().parse(problem) if field} - {"operand"} != values:
            yield f"{problem} isn't of {values}"
    if problem and "{operand}" in problem and "operand" not in keywords:
        yield "no operand"


def _is_hint(node):
    if isinstance(node, ast.FormattedValue):
        node = node.value
    while isinstance(node, ast.Attribute):
        if node.attr == "hint":
            return True
        node = node.value
    return False


ERROR_DATA = {"hint", "snippet", "row", "entry", "operand", "usage"}
WRITERS = {"errors.py", "cli/errors.py"}
"""What makes sentences, and what reads those of typer's."""


@pytest.mark.slow
def test_no_code_reads_or_edits_the_sentence_of_an_error():
    others = [path for path in SOURCES if path.relative_to(ROOT / "aimath").as_posix() not in WRITERS]
    assert found_in(others, surgery) == {}


def test_surgery_would_be_seen():
    for line in (
        "error.message = f'{name}: {error.message}'",
        "InputError(error.message + point)",
        "re.sub('a', 'b', error.hint)",
        "'--normalize' in error.hint",
        "error.hint.removeprefix('use ')",
        "f'{error.hint}!'",
        "InputError(f'{operand} is {{value}}', value=3)",
        "InputError('{operand} is {valu}', operand='p', value=3)",
        "InputError('{operand} is zero')",
    ):
        assert list(surgery(line)), line
    for line in (
        "error.hint = f'try {example}'",
        "error.usage and not error.hint",
        "raise error.within(place) from None",
        "InputError(f'{name} is zero', usage=True)",
        "InputError('{operand} is {value:g}', operand='p', value=3)",
        "InputError(problem, row=row, k=entry + 1, **values)",
    ):
        assert not list(surgery(line)), line


def test_nothing_in_core_speaks_of_flags():
    for source in SOURCES:
        if "core" in source.parts:
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise | ast.Call):
                    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                    assert not [
                        text for text in texts if isinstance(text, str) and re.search("--[a-z]", text)
                    ]


TESTS = sorted((ROOT.parent / "tests").rglob("*.py"))


def loose(text):
    """Name where pytest.approx isn't told `abs`: it takes 1e-12 as well then, whatever `rel` says."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", "") == "approx"
            and not {"abs", None} & {keyword.arg for keyword in node.keywords}
        ):
            yield f"line {node.lineno}"


@pytest.mark.slow
def test_what_is_small_may_not_be_anything():
    """tests.digits.near looks at small numbers too."""
    assert found_in(TESTS, loose) == {}


def test_loose_would_be_seen():
    assert list(loose("assert x == pytest.approx(3, rel=1e-9)")) == ["line 1"]
    assert list(loose("assert x == pytest.approx(3, abs=0)")) == []
