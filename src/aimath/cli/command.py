"""The decorator that declares a function from arrays to a Report as a command.

The decorator holds what lists say of the command: its example, its chapter, its line in the manual,
its questions in the quiz. The function's name is the command's, the first line of its docstring the
summary. `python -m aimath.cli.generate` writes all that into the catalogue, which is read at the start.

The function's annotations (options.py) say what its parameters are. From them come the parts of its
command line: one list of operands, a flag for each named operand, the function's own options, and
the options of reading and writing that all commands share.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from aimath.cli.options import (
    SEED,
    InputOptions,
    Integer,
    Number,
    Operand,
    Option,
    OutputOptions,
    Seed,
    Supplied,
    TextArguments,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.cli.options import Applies
    from aimath.report import Report

Function = Callable[..., "Report"]
SPECS = (Operand, Number, Integer, Option, TextArguments, Supplied)
REQUIRED: Any = object()
"""The default of a parameter that has none."""


class Declaration(NamedTuple):
    """What the decorator of a command says of it, for the lists that it stands in."""

    example: str  # a call that works, shown when there is nothing to read
    answer: str = ""  # what it prints, as the manual says it
    quiz: tuple[str, ...] = ()  # the functions of quiz/CHAPTER.py that ask about it
    after: str = ""  # the command behind which it is listed; by default the one above it in its module
    chapter: str = ""  # of the command that opens a chapter: it stands after none
    informational: bool = False  # no calculator: it calculates nothing of its own, or learns from data
    applies: tuple[Applies, ...] = ()  # which options do something only beside others


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


class Parameter(NamedTuple):
    """One parameter of a command's function: its annotation, the spec within it and its default."""

    annotation: Any
    spec: Any  # one of SPECS, or None
    default: Any = REQUIRED


class Command:
    """A command's declaration, each expensive part of its parameters computed on first use."""

    def __init__(self, function: Function, *usages: Usage, name: str, declared: Declaration) -> None:
        self.function, self.name, self.declared, self._usages = function, name, declared, usages
        self.example, self.informational = declared.example, declared.informational

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """The function's parameters by name, with the fields of option groups in their places."""
        flat: dict[str, Parameter] = {}
        for name, parameter in self._signature.items():
            flat |= (
                _group_parameters(parameter.annotation)
                if _is_group(parameter.annotation)
                else {name: parameter}
            )
        return flat

    @cached_property
    def _signature(self) -> Mapping[str, Parameter]:
        """The parameters of the function, a NamedTuple of options as one."""
        hints = inspect.get_annotations(self.function, eval_str=True)
        hints.pop("return")
        code, filled = self.function.__code__, self.function.__defaults__ or ()
        defaults = dict(zip(code.co_varnames[code.co_argcount - len(filled) :], filled, strict=False))
        return _make_parameters(hints, defaults | (self.function.__kwdefaults__ or {}))

    def execute(self, given: Mapping[str, Any]) -> Report:
        """Call the function with values for its parameters."""
        rest = dict(given)
        groups = {
            name: hint(**{field: rest.pop(field) for field in hint._fields if field in rest})
            for name, (hint, *_) in self._signature.items()
            if _is_group(hint)
        }
        return self.function(**groups, **rest)

    def _specs_of(self, *kinds: type) -> dict[str, Any]:
        """Return the specs that are of one of the kinds, by parameter."""
        return {name: one.spec for name, one in self.parameters.items() if isinstance(one.spec, kinds)}

    def supplied(self, values: Mapping[Supplied, Any]) -> dict[str, Any]:
        """Return what the runner gives to the parameters that ask for it."""
        return {name: values[spec] for name, spec in self._specs_of(Supplied).items() if spec in values}

    def name_of(self, spec: Option | Supplied) -> str | None:
        """Return the parameter that has a spec such as SEED or ENTRY_LABELS, or None."""
        for name, parameter in self.parameters.items():
            if parameter.spec == spec:
                return name
        return None

    @cached_property
    def operands(self) -> Mapping[str, Operand]:
        """The parameters that are vectors or matrices."""
        return self._specs_of(Operand)

    @cached_property
    def sweepable(self) -> Mapping[str, Number | Integer]:
        """The parameters that may be swept."""
        return self._specs_of(Number, Integer)

    @cached_property
    def flags(self) -> Mapping[str, str]:
        """The flag of each parameter that has one; of an operand, the switch that says what numbers are."""
        own = {param.name: param.flags[0] for param in self.params if param.flags}
        switches = {param.name: param.flags[0] for param in self.params if param.kind is bool}
        meant = {
            name: switches[usage.selected_by[0]]
            for usage in self.usages
            for name in usage.operands
            if len(usage.selected_by) == 1 and usage.selected_by[0] in switches
        }
        return meant | own

    @cached_property
    def text_parameter(self) -> str | None:
        """The name of the parameter that takes the positional arguments as text, or None."""
        return next(iter(self._specs_of(TextArguments)), None)

    def text_value(self, words: list[str]) -> Any:
        """Return what the parameter of positional arguments gets: them, or a function that reads them."""
        text = self.text_arguments
        return cache(partial(text.read, words)) if text and text.read else words

    @cached_property
    def seed_option(self) -> str | None:
        """The name of the option that seeds random numbers, the command's own or that of its operands."""
        seeded = any(operand.seeded for operand in self.operands.values())
        return self.name_of(SEED) or ("seed" if seeded else None)

    @cached_property
    def usages(self) -> tuple[Usage, ...]:
        """The usages of the command; by default one with every operand that has no default."""
        required = [name for name in self.operands if self.parameters[name].default is REQUIRED]
        return self._usages or (Usage(tuple(required)),)

    def implies_explain(self, given: Mapping[str, Any]) -> bool:
        """Return whether the arguments given imply --explain, also in a pipe."""
        text = self.text_arguments
        return text is not None and text.implies_explain and bool(given.get("operands"))

    @cached_property
    def text_arguments(self) -> TextArguments | None:
        """The spec of the positional arguments that are text, or None."""
        spec = self.parameters[self.text_parameter].spec if self.text_parameter else None
        return spec if isinstance(spec, TextArguments) else None

    @cached_property
    def params(self) -> tuple[Param, ...]:
        """The parameters of the command line."""
        own = [_make_param(name, parameter) for name, parameter in self.parameters.items()]
        seed = (
            () if self.seed_option in (None, self.name_of(SEED)) else (_option_param("seed", SEED_PARAMETER),)
        )
        shared = (InputOptions, OutputOptions) if self.operands else (OutputOptions,)
        return (
            *self._positional_params(),
            *filter(None, own),
            *seed,
            *[param for options in shared for param in shared_params(options)],
        )

    def _positional_params(self) -> tuple[Param, ...]:
        text = self.text_arguments
        if text is not None:
            return (Param("operands", (), list[str], None, text.help, text.metavar),)
        if not any(usage.operands for usage in self.usages):
            return ()
        words = self.usages[0].operands
        metavar = " ".join(words).upper() if len(words) != 1 else f"{words[0].upper()}..."
        helps = [self.operands[word].help for word in words]
        said = [f"{word.upper()}: {text}" for word, text in zip(words, helps, strict=True)]
        return (Param("operands", (), list[str], None, " ".join(said if len(said) > 1 else helps), metavar),)


DECLARED: dict[str, Command] = {}
"""The commands of all modules that are imported, by name."""


def command(
    *usages: Usage,
    example: str,
    answer: str,
    quiz: tuple[str, ...] = (),
    after: str = "",
    chapter: str = "",
    informational: bool = False,
    applies: tuple[Applies, ...] = (),
) -> Callable[[Function], Function]:
    """Declare a function as the command of its name.

    `usages` are the ways to call it, the usual one first; by default it needs every operand without
    a default. The others are the fields of a Declaration.
    """
    declared = Declaration(example, answer, quiz, after, chapter, informational, applies)

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        DECLARED[name] = Command(function, *usages, name=name, declared=declared)
        return function

    return register


def _is_group(hint: Any) -> bool:
    """Return whether a parameter is a NamedTuple of options that several commands share."""
    return isinstance(hint, type) and hasattr(hint, "_field_defaults")


def _group_parameters(group: Any) -> dict[str, Parameter]:
    return _make_parameters(get_type_hints(group, include_extras=True), group._field_defaults)


def _make_parameters(hints: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Parameter]:
    """Return the parameters that have annotations, with their defaults."""
    return {
        name: Parameter(hint, _find_spec(hint), defaults.get(name, REQUIRED)) for name, hint in hints.items()
    }


def _find_spec(hint: Any) -> Any:
    """Return the spec in an annotation, searching nested annotations such as `Distribution | None`."""
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, SPECS):
            return mark
    for part in getattr(hint, "__args__", ()):
        if spec := _find_spec(part):
            return spec
    return None


def _make_param(name: str, parameter: Parameter) -> Param | None:
    """Return the command-line parameter of a function's parameter, or None of what has no flag."""
    spec, default = parameter.spec, parameter.default
    if isinstance(spec, Option):
        return _option_param(name, parameter)
    if isinstance(spec, Operand):
        kind = list[str] if spec.repeatable else str
        return Param(name, (spec.flag,), kind, None, spec.help, "LIST") if spec.flag else None
    if isinstance(spec, (Number, Integer)):
        return Param(name, spec.flags, list[str], None, _help_with_default(spec, default), "N")
    return None


def shared_params(options: type[InputOptions | OutputOptions]) -> list[Param]:
    """Return the parameters of the options of reading or of output, which commands share."""
    hints = options.__annotations__  # no text, as options.py has them: nothing to be evaluated at each start
    return [
        _option_param(name, Parameter(hint, hint.__metadata__[0], options._field_defaults[name]))
        for name, hint in hints.items()
    ]


def _option_param(name: str, parameter: Parameter) -> Param:
    kind, spec = parameter.annotation.__origin__, parameter.spec
    if kind not in (bool, str):
        kind = next((one for one in get_args(kind) if kind == one | None), kind)  # str of `str | None`
    said = spec.help or f"{', '.join(spec.choices[:-1])} or {spec.choices[-1]}."
    return Param(name, (spec.flag,), kind, parameter.default, said, spec.metavar, spec.choices)


SEED_PARAMETER = Parameter(Seed, SEED, "0")
"""The option of a command whose operands may be random numbers."""


def _help_with_default(spec: Number | Integer, default: Any) -> str:
    if default is None:
        return spec.help
    words = {value: word for word, value in spec.named_values.items()} if isinstance(spec, Number) else {}
    values = default if isinstance(default, tuple) else (default,)
    return f"{spec.help} [default: {','.join(words.get(value, f'{value:g}') for value in values)}]"
