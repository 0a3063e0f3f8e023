"""Which runs a command line asks for: settings by name, swept ones in all their combinations."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.options import Integer, Number, Option
from aimath.cli.runner.job import cartesian_product, check_choice
from aimath.cli.runner.seeds import MAX_SEED, resolve_seed
from aimath.errors import InputError, join_and
from aimath.read.lines import expand_lines
from aimath.read.numbers import parse_integer
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.training.checkpoint import Checkpoint
    from aimath.training.interface import Recipe, Run, Setting

OPTIMIZERS = ("sgd", "adam", "adamw", "muon")
LARGEST = 100_000
"""No width, batch or number of layers is larger."""


class TrainingOptions(NamedTuple):
    """The settings of runs, each of which may be swept; what isn't given is as the run has it."""

    steps: Annotated[
        Any, Integer(("--steps",), "Steps in all; 0 is the untrained model.", 0, 10**9, vectorized=True)
    ] = None
    lr: Annotated[Any, Number(("--lr",), "Learning rate.", vectorized=True)] = None
    batch: Annotated[Any, Integer(("--batch",), "Examples a step.", 1, LARGEST, vectorized=True)] = None
    layers: Annotated[Any, Integer(("--layers",), "Layers.", 0, 64, vectorized=True)] = None
    width: Annotated[Any, Integer(("--width",), "Width of a layer.", 1, 4096, vectorized=True)] = None
    heads: Annotated[Any, Integer(("--heads",), "Heads of attention.", 1, 64, vectorized=True)] = None
    context: Annotated[
        Any, Integer(("--context",), "Letters that are seen before the next.", 1, 64, vectorized=True)
    ] = None
    rank: Annotated[Any, Integer(("--rank",), "Rank of an update.", 1, 64, vectorized=True)] = None
    beta: Annotated[Any, Number(("--beta",), "Weight of the KL divergence.", vectorized=True)] = None
    dropout: Annotated[
        Any, Number(("--dropout",), "Share of activations that are dropped.", vectorized=True)
    ] = None
    weight_decay: Annotated[
        Any, Number(("--weight-decay",), "Shrinks the weights by lr times this a step.", vectorized=True)
    ] = None
    optimizer: Annotated[str, Option("--optimizer", metavar="RULE", choices=OPTIMIZERS)] = ""
    fast: Annotated[bool, Option("--fast", help="A smaller model in less time, where there is one.")] = False
    seed: Annotated[
        str, Option("--seed", help="Seeds of the random numbers, as 1,2,3, or 'random'.", metavar="N")
    ] = "0"


class Plan(NamedTuple):
    """The runs of a command line."""

    recipe: Recipe
    runs: tuple[Mapping[str, Setting], ...]  # all settings of each
    swept: tuple[str, ...]  # the settings with several values
    notes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()  # the user's own
    data: str = ""  # fingerprint of these
    checkpoint: Checkpoint | None = None  # that is gone on with

    @property
    def is_usual(self) -> bool:
        """Whether all settings but the seed are the recipe's."""
        return all(
            settings[name] == value
            for settings in self.runs
            for name, value in self.recipe.defaults.items()
            if name != "seed"
        )

    def name_run(self, number: int) -> str:
        """Return what sets a run apart from the others: "lr 0.1, width 32"."""
        return ", ".join(f"{name} {self.runs[number][name]}" for name in self.swept)

    def build(self, settings: Mapping[str, Setting]) -> Run:
        """Return one run, as it is before its next step."""
        run = self.recipe.build(settings, self.lines)
        if self.checkpoint is not None:
            from aimath.training import checkpoint

            checkpoint.resume(run, self.checkpoint)
        return run


def make_plan(recipe: Recipe, options: TrainingOptions) -> Plan:
    """Return the runs that options ask for, or raise InputError about a setting that the run lacks."""
    check_choice("--optimizer", options.optimizer or OPTIMIZERS[0], OPTIMIZERS)
    seeds, notes = _seeds(options.seed)
    lists: dict[str, Sequence[Setting]] = {"seed": seeds}
    for name, given in options._asdict().items():
        if name != "seed" and given not in (None, "", False):
            values = given if isinstance(given, tuple) else (given,)
            lists[name] = [_checked(recipe, name, value) for value in values]
    lists = {name: lists[name] for name in (*(key for key in lists if key != "seed"), "seed")}
    runs = [
        {**recipe.defaults, **dict(zip(lists, values, strict=True))}
        for values in cartesian_product(lists.values())  # type: ignore[arg-type]  # of numbers and words alike
    ]
    return Plan(recipe, tuple(runs), tuple(key for key, values in lists.items() if len(values) > 1), notes)


def _seeds(text: str) -> tuple[list[int], tuple[str, ...]]:
    if text == "random":
        seed, notes = resolve_seed(text)
        return [seed], notes
    return [parse_integer(part.strip(), "--seed", 0, MAX_SEED) for part in text.split(",")], ()


def _checked(recipe: Recipe, name: str, value: Any) -> Setting:
    from aimath.training.settings import check_setting

    flag = f"--{name.replace('_', '-')}"
    if name not in recipe.defaults:
        known = [f"--{each.replace('_', '-')}" for each in recipe.defaults]
        whose = f"{recipe.name} --arch {recipe.arch}" if recipe.arch else recipe.name
        raise InputError(f"{whose} has no {flag}", hint=f"it has {join_and(known)}", usage=True)
    check_setting(name, value)
    kind = type(recipe.defaults[name])
    return value if kind is bool else kind(value)


def resumed_plan(path: str, name: str, arch: str, options: TrainingOptions, limit: int | None) -> Plan:
    """Return the plan that goes on with a checkpoint, or raise InputError if other settings are asked for."""
    from aimath.training import checkpoint

    found = checkpoint.read(path, limit)
    recipe = found.recipe
    if (name or recipe.name) != recipe.name or (arch or recipe.arch) != recipe.arch:
        whose = f"{recipe.name} --arch {recipe.arch}" if recipe.arch else recipe.name
        raise InputError(
            f"{quote(path)} is of {whose}", hint=f"try aimath train {whose} --resume", usage=True
        )
    given = [key for key, value in options._asdict().items() if value != TrainingOptions._field_defaults[key]]
    for key in given:
        if key != "steps":
            flag = f"--{key.replace('_', '-')}"
            raise InputError(
                f"{flag} is as {quote(path)} has it", hint="only --steps may be others", usage=True
            )
    settings = dict(found.settings)
    if options.steps:
        if len(options.steps) > 1:
            raise InputError("a run goes on once: give one number", usage=True).within("--steps")
        settings["steps"] = int(options.steps[0])
    return Plan(recipe, (settings,), (), checkpoint=found)


def with_lines(plan: Plan, file: Sequence[str]) -> Plan:
    """Return the plan with the user's own lines and their fingerprint, or raise InputError."""
    wanted = plan.checkpoint.data if plan.checkpoint else ""
    if not file:
        if wanted:
            why = "it was trained on lines of your own"
            raise InputError(why, hint=f"try aimath train {plan.recipe.name} FILE --resume ...", usage=True)
        return plan
    if not plan.recipe.takes_lines:
        raise InputError(f"{plan.recipe.name} takes no file, not {quote(file[0])}", usage=True)
    lines = expand_lines([f"@{file[0].removeprefix('@')}" if file[0] != "-" else "-"], 0)
    if not lines:
        raise InputError(f"{quote(file[0])} has no lines")
    print_of = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    if plan.checkpoint and print_of != wanted:
        raise InputError(f"{quote(file[0])} is not what the checkpoint was trained on")
    return plan._replace(lines=tuple(lines), data=print_of)


def save_path(path: str, plan: Plan) -> str:
    """Return the path to save to, or raise InputError if nothing could be written there."""
    if not path:
        return ""
    if not path.endswith(".safetensors"):
        hint = f"use --save {path.partition('.')[0] or 'model'}.safetensors"
        raise InputError(f"{quote(path)} would be a .safetensors", hint=hint, usage=True).within("--save")
    if len(plan.runs) > 1:
        raise InputError(f"{len(plan.runs)} runs don't fit one file", hint="save one", usage=True).within(
            "--save"
        )
    from aimath.render.sink import AtomicFile

    AtomicFile(path, "--save")  # which looks at its folder before a run has taken its time
    return path
