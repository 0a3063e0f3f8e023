"""The runs by name: which module has the recipes of each."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from aimath.errors import InputError, suggest
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.training.interface import Recipe

RUNS = ("digits", "spiral", "reverse", "names", "ddpm", "vae", "lora", "rlhf")
"""The names of the runs, each that of its module: `RECIPES` there are its recipes by `arch`."""


def recipes(name: str) -> Mapping[str, Recipe]:
    """Return the recipes of a run by architecture, the usual one first; InputError if there is none."""
    if name not in RUNS:
        hint = suggest(name, RUNS, f"choose from {', '.join(RUNS)}")
        raise InputError(f"there is no run {quote(name)}", hint=hint, usage=True)
    found: Mapping[str, Recipe] = importlib.import_module(f"aimath.training.runs.{name}").RECIPES
    return found


def find_recipe(name: str, arch: str = "") -> Recipe:
    """Return the recipe of a run and an architecture; "" is the usual one."""
    known = recipes(name)
    if not arch:
        return next(iter(known.values()))
    if arch not in known:
        named = [each for each in known if each]
        why = f"{name} has no architecture {quote(arch)}" if named else f"{name} has one architecture alone"
        hint = f"choose from {', '.join(named)}" if named else "leave it out"
        raise InputError(why, hint=hint, usage=True).within("--arch")
    return known[arch]
