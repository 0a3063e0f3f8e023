"""Checkpoints: a .safetensors with the model's tensors, and what made them in its metadata.

The tensors stand under the names of the architecture's origin, so that other programs open them too; what
the optimizer remembers stands beside them under names that begin with OPTIMIZER, for `--resume`.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath import __version__
from aimath.errors import InputError
from aimath.read.models.tensors import CHECKPOINT, OPTIMIZER, read_tensors
from aimath.render.sink import AtomicFile
from aimath.text import display_path, quote
from aimath.training.registry import find_recipe
from aimath.training.settings import check_setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.core.numerics.types import FloatArray
    from aimath.training.interface import Model, Recipe, Run, Settings

MAX_STEPS = 10**9
FORMAT = "1"
"""The version of what stands in the metadata: a reader refuses another."""


class Checkpoint(NamedTuple):
    """What a file holds: how the run was made, how far it was, and its numbers."""

    path: str
    recipe: Recipe
    settings: Settings
    tokens: tuple[str, ...]
    data: str  # fingerprint of the user's own lines, "" for the data that ships
    done: int
    generator: dict[str, Any]  # the state of a PCG64
    tensors: Mapping[str, FloatArray]
    state: Mapping[str, FloatArray]  # of the optimizer


def save(path: str, recipe: Recipe, run: Run, data: str = "") -> None:
    """Write a run to a file: atomically, or not at all."""
    from safetensors.numpy import save as serialize  # noqa: PLC0415  only what writes loads it

    state = run.optimizer.state() if run.optimizer is not None else {}
    tensors = {**run.model.tensors, **{OPTIMIZER + name: values for name, values in state.items()}}
    about = {
        "format": FORMAT,
        "aimath": __version__,
        "run": recipe.name,
        "arch": recipe.arch,
        "settings": dict(run.settings),
        "tokens": list(run.model.tokens),
        "data": data,
        "done": run.done,
        "generator": run.generator.bit_generator.state,
    }
    whole = {name: np.array(values, order="C") for name, values in tensors.items()}
    with AtomicFile(path, "--save") as file:
        file.write(serialize(whole, {CHECKPOINT: json.dumps(about)}))


def read(path: str, limit: int | None = None) -> Checkpoint:
    """Return what a file holds, or raise InputError if it isn't a checkpoint of this version of aimath's."""
    tensors, metadata = read_tensors(path, limit)
    with _located(path):
        if CHECKPOINT not in metadata:
            hint = "aimath train NAME --save FILE.safetensors writes one"
            raise InputError("it is no checkpoint of aimath train", hint=hint)
        about = _Metadata(_parse_json(metadata[CHECKPOINT]))
        if about.text("format") != FORMAT:
            hint = "train it again, or read it by the aimath that wrote it"
            raise InputError(f"its form is {quote(about.text('format'))}, and {FORMAT} is read", hint=hint)
        recipe = find_recipe(about.text("run"), about.text("arch"))
        settings = about.settings(recipe)
        tokens, data, done = about.texts("tokens"), about.text("data"), about.count("done")
        generator = about.entries("generator")
    return Checkpoint(
        path,
        recipe,
        settings,
        tokens,
        data,
        done,
        generator,
        {name: values for name, values in tensors.items() if not name.startswith(OPTIMIZER)},
        {name[len(OPTIMIZER) :]: values for name, values in tensors.items() if name.startswith(OPTIMIZER)},
    )


@contextlib.contextmanager
def _located(path: str) -> Iterator[None]:
    """Say of errors that they are about a file, not about the command line."""
    try:
        yield
    except InputError as error:
        error.usage = False
        raise error if error.places else error.within(display_path(path)) from None


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("its metadata are damaged") from None


class _Metadata:
    """What a header says of its tensors, each entry held to its type."""

    def __init__(self, entries: Any) -> None:
        if not isinstance(entries, dict):
            raise InputError("its metadata are no object")
        self._entries = entries

    def _entry(self, name: str, kind: type) -> Any:
        value = self._entries.get(name)
        if type(value) is not kind:
            raise InputError(f"its metadata have no {name}")
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        return str(self._entry(name, str))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self._entry(name, list)
        if not all(type(text) is str for text in found):
            raise InputError(f"its metadata have no {name}")
        return tuple(found)

    def count(self, name: str) -> int:
        """Return a number of steps."""
        value = int(self._entry(name, int))
        if not 0 <= value <= MAX_STEPS:
            raise InputError(f"it claims {value} steps")
        return value

    def entries(self, name: str) -> dict[str, Any]:
        """Return an object."""
        return dict(self._entry(name, dict))

    def settings(self, recipe: Recipe) -> Settings:
        """Return the settings, which must be the recipe's, each of its type."""
        found, known = self.entries("settings"), recipe.defaults
        if found.keys() != known.keys():
            raise InputError(f"its settings are not those of {recipe.name}")
        for name, value in found.items():
            if type(value) is not type(known[name]):
                raise InputError(f"its setting {name} is of another type")
            check_setting(name, value)
        return found


def open_model(checkpoint: Checkpoint) -> Model:
    """Return the model of a checkpoint, or raise InputError if its tensors aren't those of its settings."""
    with _located(checkpoint.path):
        return checkpoint.recipe.restore(checkpoint.settings, checkpoint.tokens, checkpoint.tensors)


def resume(run: Run, checkpoint: Checkpoint) -> None:
    """Put a run where a checkpoint left it: weights, optimizer, steps and random numbers."""
    with _located(checkpoint.path):
        run.load(checkpoint.tensors, checkpoint.state, checkpoint.done)
        try:
            run.generator.bit_generator.state = checkpoint.generator
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise InputError("the state of its random numbers is damaged") from None
