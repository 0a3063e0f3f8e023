"""The decorator that registers a function from arrays to a Report as a command.

The function's annotations (options.py) say what its parameters are. From them come the parts of its
command line: one list of operands, a flag for each named operand, the function's own options, and
the options of reading and writing that all commands share.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from aimath.cli.options import (
    InputOptions,
    Integer,
    Number,
    Operand,
    Option,
    OutputOptions,
    Seed,
    TextArguments,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.report import Report

Function = Callable[..., "Report"]
ROW_NUMBERS = "row_numbers"
"""A function with a parameter of this name is given the numbers of its rows, from 1 in all that is read."""
LABELS = "labels"
"""A function with a parameter of this name is given the names of its entries, and names its answer's."""
MEMORY = "memory"
"""A function with a parameter of this name is given --max-memory in bytes, or None: it prices its answer."""
IS_MISSING = "is_missing"
"""A function with a parameter of this name is told that only the shape of its answer matters."""


class Param(NamedTuple):
    """One parameter of the command line: its flags, type, default and help, as text not yet parsed."""

    name: str
    flags: tuple[str, ...]  # none: the operands
    kind: Any  # bool, str, tuple[str, str] or list[str]
    default: Any
    help: str
    metavar: str
    choices: tuple[str, ...] = ()

    @property
    def nargs(self) -> int:
        """The number of arguments that follow the flag."""
        return 0 if self.kind is bool else 2 if self.kind == tuple[str, str] else 1


class Command:
    """A command's metadata, each expensive part computed on first use."""

    def __init__(
        self,
        function: Function,
        *usages: Usage,
        name: str,
        example: str,
        informational: bool,
    ) -> None:
        self.function, self.name, self.example = function, name, example
        self._usages, self.informational = usages, informational

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The function's parameters by name, with annotations evaluated and option groups flattened."""
        flat: dict[str, inspect.Parameter] = {}
        for key, parameter in self._signature_parameters.items():
            group = self._option_groups.get(key)
            flat |= _group_parameters(group) if group else {key: parameter}
        return flat

    @cached_property
    def _signature_parameters(self) -> Mapping[str, inspect.Parameter]:
        """The parameters of the function's signature, with option groups not flattened."""
        return inspect.signature(self.function, eval_str=True).parameters

    @cached_property
    def _option_groups(self) -> Mapping[str, Any]:
        """The parameters that are NamedTuples of shared options."""
        return {
            key: p.annotation
            for key, p in self._signature_parameters.items()
            if hasattr(p.annotation, "_field_defaults")
        }

    def execute(self, given: Mapping[str, Any]) -> Report:
        """Call the function with values for its parameters."""
        rest = dict(given)
        groups = {
            key: group(**{name: rest.pop(name) for name in group._fields if name in rest})
            for key, group in self._option_groups.items()
        }
        return self.function(**groups, **rest)

    @cached_property
    def _specs(self) -> Mapping[str, Operand | Number | Integer | Option | TextArguments | None]:
        return {key: _find_spec(parameter.annotation) for key, parameter in self.parameters.items()}

    @cached_property
    def operands(self) -> Mapping[str, Operand]:
        """The parameters that are vectors or matrices."""
        return {key: mark for key, mark in self._specs.items() if isinstance(mark, Operand)}

    @cached_property
    def sweepable(self) -> Mapping[str, Number | Integer]:
        """The parameters that may be swept."""
        return {key: mark for key, mark in self._specs.items() if isinstance(mark, (Number, Integer))}

    @cached_property
    def flags(self) -> Mapping[str, str]:
        """The flag of each parameter that has one."""
        return {param.name: param.flags[0] for param in self.params if param.flags}

    @cached_property
    def text_parameter(self) -> str | None:
        """The name of the parameter that takes the positional arguments as text, or None."""
        return next((key for key, mark in self._specs.items() if isinstance(mark, TextArguments)), None)

    @cached_property
    def usages(self) -> tuple[Usage, ...]:
        """The usages of the command; by default one with every operand that has no default."""
        empty = inspect.Parameter.empty
        return self._usages or (
            Usage(tuple(k for k in self.operands if self.parameters[k].default is empty)),
        )

    def implies_explain(self, given: Mapping[str, Any]) -> bool:
        """Return whether the arguments given imply --explain, also in a pipe."""
        mark = self._specs[self.text_parameter] if self.text_parameter else None
        return isinstance(mark, TextArguments) and mark.implies_explain and bool(given.get("operands"))

    @cached_property
    def params(self) -> tuple[Param, ...]:
        """The parameters of the command line."""
        own = (
            _make_param(self.parameters[key], mark) for key, mark in self._specs.items() if mark is not None
        )
        seeds = any(operand.seeded for operand in self.operands.values())
        shared = (InputOptions, OutputOptions) if self.operands else (OutputOptions,)
        return (
            *self._positional_params(),
            *(part for part in own if part),
            *((_option_param("seed", Seed, _find_spec(Seed), "0"),) * seeds),
            *(p for one in shared for p in _shared_params(one)),
        )

    def _positional_params(self) -> Iterator[Param]:
        """Yield the parameter of the positional arguments, if there is one."""
        mark = self._specs[self.text_parameter] if self.text_parameter else None
        if isinstance(mark, TextArguments):
            yield Param("operands", (), list[str], None, mark.help, mark.metavar)
        elif any(form.operands for form in self.usages):
            words = self.usages[0].operands
            metavar = " ".join(words).upper() if len(words) != 1 else f"{words[0].upper()}..."
            helps = [self.operands[word].help for word in words]
            said = [f"{word.upper()}: {text}" for word, text in zip(words, helps, strict=True)]
            yield Param("operands", (), list[str], None, " ".join(said if len(said) > 1 else helps), metavar)


Commands = dict[str, Command]


def command(
    registry: Commands,
    *usages: Usage,
    example: str,
    informational: bool = False,
) -> Callable[[Function], Function]:
    """Register a function as one of a topic's commands.

    `usages` are the ways to call it, the usual one first; by default it needs every operand without
    a default. `example` is a call that works, shown when there is nothing to read. A command that
    `informational` calculates nothing of its own: it has no derivation and no plot.
    """

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        registry[name] = Command(function, *usages, name=name, example=example, informational=informational)
        return function

    return register


def _group_parameters(group: Any) -> dict[str, inspect.Parameter]:
    """Return the options of a group as parameters."""
    kind, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    return {
        key: inspect.Parameter(key, kind, default=group._field_defaults.get(key, empty), annotation=hint)
        for key, hint in get_type_hints(group, include_extras=True).items()
    }


def _find_spec(hint: Any) -> Any:
    """Return the spec in an annotation, searching nested annotations such as `Distribution | None`."""
    for extra in get_args(hint):
        found = (
            extra
            if isinstance(extra, (Operand, Number, Integer, Option, TextArguments))
            else _find_spec(extra)
        )
        if found is not None:
            return found
    return None


def _make_param(
    parameter: inspect.Parameter, spec: Operand | Number | Integer | Option | TextArguments
) -> Param | None:
    """Return the command-line parameter of a function's parameter, or None for a positional operand."""
    if isinstance(spec, TextArguments):
        return None
    if isinstance(spec, Option):
        return _option_param(parameter.name, parameter.annotation, spec, parameter.default)
    if isinstance(spec, Operand):
        kind = list[str] if spec.repeatable else str
        return Param(parameter.name, (spec.flag,), kind, None, spec.help, "LIST") if spec.flag else None
    return Param(
        parameter.name, spec.flags, list[str], None, _help_with_default(spec, parameter.default), "N"
    )


def _shared_params(options: type[InputOptions | OutputOptions]) -> Iterator[Param]:
    for key, hint in get_type_hints(options, include_extras=True).items():
        yield _option_param(key, hint, _find_spec(hint), options._field_defaults[key])


def _option_param(key: str, hint: Any, spec: Option, default: Any) -> Param:
    kind = get_args(hint)[0]
    bare = next((one for one in get_args(kind) if kind == one | None), kind)  # str of `str | None`
    said = spec.help or f"{', '.join(spec.choices[:-1])} or {spec.choices[-1]}."
    return Param(key, (spec.flag,), bare, default, said, spec.metavar, spec.choices)


def _help_with_default(spec: Number | Integer, default: Any) -> str:
    if default is None:
        return spec.help
    words = {value: word for word, value in spec.named_values.items()} if isinstance(spec, Number) else {}
    values = default if isinstance(default, tuple) else (default,)
    return f"{spec.help} [default: {','.join(words.get(value, f'{value:g}') for value in values)}]"
