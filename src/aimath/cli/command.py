"""The decorator that makes a command of a function from arrays to a Report.

The function's annotations (options.py) say what its parameters are. From them come the parts of its
command line: one list of operands, a flag for each named operand, the function's own options, and
the options of reading and writing that all commands share.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from aimath.cli.options import Flag, Form, Input, Number, Operand, Output, Seed, Whole, Words

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
VOID = "void"
"""A function with a parameter of this name is told that only the shape of its answer matters."""


class Part(NamedTuple):
    """A part of the command line. Its words stay text, which is read by us."""

    key: str
    flags: tuple[str, ...]  # none: the operands
    kind: Any  # bool, str, tuple[str, str] or list[str]
    default: Any
    help: str
    metavar: str
    choices: tuple[str, ...] = ()

    @property
    def values(self) -> int:
        """How many words follow its flag."""
        return 0 if self.kind is bool else 2 if self.kind == tuple[str, str] else 1


class Command:
    """What is known of a command before it is called; what takes time is found when first asked for."""

    def __init__(
        self,
        function: Function,
        *forms: Form,
        name: str,
        example: str,
        guides: bool,
    ) -> None:
        self.function, self.name, self.example = function, name, example
        self._forms, self.guides = forms, guides

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The function's parameters by name, their annotations evaluated; those of a group one by one."""
        flat: dict[str, inspect.Parameter] = {}
        for key, parameter in self._own.items():
            group = self._groups.get(key)
            flat |= _members(group) if group else {key: parameter}
        return flat

    @cached_property
    def _own(self) -> Mapping[str, inspect.Parameter]:
        """The parameters as they are written."""
        return inspect.signature(self.function, eval_str=True).parameters

    @cached_property
    def _groups(self) -> Mapping[str, Any]:
        """The parameters that stand for options which several commands share, as NamedTuples."""
        return {key: p.annotation for key, p in self._own.items() if hasattr(p.annotation, "_field_defaults")}

    def answer(self, given: Mapping[str, Any]) -> Report:
        """Call the function with values for its parameters."""
        rest = dict(given)
        groups = {
            key: group(**{name: rest.pop(name) for name in group._fields if name in rest})
            for key, group in self._groups.items()
        }
        return self.function(**groups, **rest)

    @cached_property
    def _marks(self) -> Mapping[str, Operand | Number | Whole | Flag | Words | None]:
        return {key: _mark(parameter.annotation) for key, parameter in self.parameters.items()}

    @cached_property
    def operands(self) -> Mapping[str, Operand]:
        """The parameters that are vectors to work on."""
        return {key: mark for key, mark in self._marks.items() if isinstance(mark, Operand)}

    @cached_property
    def numbers(self) -> Mapping[str, Number | Whole]:
        """The parameters that may be swept."""
        return {key: mark for key, mark in self._marks.items() if isinstance(mark, (Number, Whole))}

    @cached_property
    def words(self) -> str | None:
        """The parameter that gets what stands on the command line by itself, if that isn't numbers."""
        return next((key for key, mark in self._marks.items() if isinstance(mark, Words)), None)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The ways to call it; the only one may be to give every operand without a default."""
        empty = inspect.Parameter.empty
        return self._forms or (Form(tuple(k for k in self.operands if self.parameters[k].default is empty)),)

    def tells(self, given: Mapping[str, Any]) -> bool:
        """Say whether the words that are given ask for a text for people, in a pipe too."""
        mark = self._marks[self.words] if self.words else None
        return isinstance(mark, Words) and mark.told and bool(given.get("operands"))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What may stand on its command line."""
        own = (_part(self.parameters[key], mark) for key, mark in self._marks.items() if mark is not None)
        seeds = any(operand.drawn for operand in self.operands.values())
        shared = (Input, Output) if self.operands else (Output,)
        return (
            *self._listed(),
            *(part for part in own if part),
            *((_of_flag("seed", Seed, _mark(Seed), "0"),) * seeds),
            *(p for one in shared for p in _shared(one)),
        )

    def _listed(self) -> Iterator[Part]:
        """Give the operands without a flag, if any form has some, or the words."""
        mark = self._marks[self.words] if self.words else None
        if isinstance(mark, Words):
            yield Part("operands", (), list[str], None, mark.help, mark.metavar)
        elif any(form.operands for form in self.forms):
            words = self.forms[0].operands
            metavar = " ".join(words).upper() if len(words) != 1 else f"{words[0].upper()}..."
            helps = [self.operands[word].help for word in words]
            said = [f"{word.upper()}: {text}" for word, text in zip(words, helps, strict=True)]
            yield Part("operands", (), list[str], None, " ".join(said if len(said) > 1 else helps), metavar)


Commands = dict[str, Command]


def command(
    commands: Commands,
    *forms: Form,
    example: str,
    guides: bool = False,
) -> Callable[[Function], Function]:
    """Register a function as one of a topic's commands.

    `forms` are the ways to call it, the usual one first; by default it needs every operand without
    a default. `example` is a call that works, shown when there is nothing to read. A command that
    `guides` calculates nothing of its own: it has no derivation and no plot.
    """

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        commands[name] = Command(function, *forms, name=name, example=example, guides=guides)
        return function

    return register


def _members(group: Any) -> dict[str, inspect.Parameter]:
    """Give the options of a group as parameters."""
    kind, empty = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty
    return {
        key: inspect.Parameter(key, kind, default=group._field_defaults.get(key, empty), annotation=hint)
        for key, hint in get_type_hints(group, include_extras=True).items()
    }


def _mark(hint: Any) -> Any:
    """Find what an annotation says of its parameter; `Distribution | None` has it one level down."""
    for extra in get_args(hint):
        found = extra if isinstance(extra, (Operand, Number, Whole, Flag, Words)) else _mark(extra)
        if found is not None:
            return found
    return None


def _part(parameter: inspect.Parameter, mark: Operand | Number | Whole | Flag | Words) -> Part | None:
    """Give a parameter's part of the command line; an operand without a flag has none of its own."""
    if isinstance(mark, Words):
        return None
    if isinstance(mark, Flag):
        return _of_flag(parameter.name, parameter.annotation, mark, parameter.default)
    if isinstance(mark, Operand):
        kind = list[str] if mark.repeat else str
        return Part(parameter.name, (mark.flag,), kind, None, mark.help, "LIST") if mark.flag else None
    return Part(parameter.name, mark.flags, list[str], None, _with_default(mark, parameter.default), "N")


def _shared(options: type[Input | Output]) -> Iterator[Part]:
    for key, hint in get_type_hints(options, include_extras=True).items():
        yield _of_flag(key, hint, _mark(hint), options._field_defaults[key])


def _of_flag(key: str, hint: Any, mark: Flag, default: Any) -> Part:
    kind = get_args(hint)[0]
    bare = next((one for one in get_args(kind) if kind == one | None), kind)  # str of `str | None`
    said = mark.help or f"{', '.join(mark.choices[:-1])} or {mark.choices[-1]}."
    return Part(key, (mark.flag,), bare, default, said, mark.metavar, mark.choices)


def _with_default(mark: Number | Whole, default: Any) -> str:
    if default is None:
        return mark.help
    words = {value: word for word, value in mark.words.items()} if isinstance(mark, Number) else {}
    values = default if isinstance(default, tuple) else (default,)
    return f"{mark.help} [default: {','.join(words.get(value, f'{value:g}') for value in values)}]"
