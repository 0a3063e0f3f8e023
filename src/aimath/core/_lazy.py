"""Packages whose public names are imported when they are first asked for."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def attach(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return `__getattr__`, `__dir__` and `__all__` of a package whose private modules define its names.

    `names` maps each module to its names. Modules begin with an underscore: importing `_pca` sets the
    attribute `_pca` of the package, and would hide the function `pca` if it were called the same.
    """
    home = {name: module for module, group in names.items() for name in group}

    def getattr_(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    public = sorted(home)
    return getattr_, lambda: public, public
