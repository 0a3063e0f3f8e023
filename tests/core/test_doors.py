"""The doors of core's packages: two lists that are one, nothing private in them, and no way around them."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import aimath

ROOT = Path(aimath.__file__).parent
PACKAGES = sorted(
    path.parent.name for path in (ROOT / "core").glob("*/__init__.py") if path.parent.name != "numerics"
)
OUTSIDE = sorted(
    path
    for folder in ("commands", "quiz", "pages", "cli", "render", "content")
    for path in (ROOT / folder).rglob("*.py")
)


def imported(tree):
    """Give (module, name) of every import from a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_editors_see_is_what_there_is(package):
    tree = ast.parse((ROOT / "core" / package / "__init__.py").read_text(encoding="utf-8"))
    home = f"aimath.core.{package}."
    seen = {(module.removeprefix(home), name) for module, name in imported(tree) if module.startswith(home)}
    (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    attached = {(module, name) for module, names in ast.literal_eval(call.args[1]).items() for name in names}
    door = importlib.import_module(f"aimath.core.{package}")
    assert seen == attached
    assert sorted(name for _, name in attached) == sorted(door.__all__) == dir(door)
    assert not [name for name in door.__all__ if name.startswith("_")]
    rooms = {path.parent.name for path in (ROOT / "core" / package).glob("*/__init__.py")}
    assert not rooms & {*door.__all__}, "importing a room would hide the name"
    for module, name in attached:
        assert getattr(door, name) is getattr(importlib.import_module(home + module), name)
        assert getattr(door, name).__doc__ or name.isupper()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_not_there_is_an_attribute_error(package):
    door = importlib.import_module(f"aimath.core.{package}")
    with pytest.raises(AttributeError, match=f"module 'aimath.core.{package}' has no attribute 'nothing'"):
        _ = door.nothing


def test_a_door_loads_a_module_when_it_is_asked_for():
    code = (
        "import sys; from aimath.core import linalg, nn, optim; loaded = set(sys.modules); linalg.dot; "
        "print('numpy' in loaded, sorted(m for m in set(sys.modules) - loaded if m.startswith('aimath.core.')))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.startswith("False")
    assert "aimath.core.linalg._products" in out
    assert "aimath.core.linalg.decompositions._svd" not in out


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_who_is_not_of_core_comes_by_the_doors(path):
    for module, name in imported(ast.parse(path.read_text(encoding="utf-8"))):
        if module == "aimath.core":
            assert name in (*PACKAGES, "numerics")
        elif module.startswith("aimath.core."):
            _, _, package, *inner = module.split(".")
            assert package == "numerics" or not inner, f"{module} is private"
            assert package == "numerics" or name in importlib.import_module(module).__all__
