"""The decorator that makes a command of a function from arrays to a Report.

The function's annotations (options.py) say what its parameters are. From them comes the signature
that typer sees: one list of operands, a flag for each named operand, the function's own options,
and the options of reading and writing that all commands share.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_type_hints

import typer

from aimath.cli.options import Form, Input, Number, Operand, Output, Whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.report import Report

Function = Callable[..., "Report"]

LINES = "lines"
"""A function with a parameter of this name is given the numbers of its rows."""


class Command(NamedTuple):
    """What is known of a command before it is called."""

    name: str
    function: Function
    forms: tuple[Form, ...]
    operands: Mapping[str, Operand]
    numbers: Mapping[str, Number | Whole]
    aliases: tuple[str, ...]
    example: str
    wants_lines: bool


def command(
    app: typer.Typer,
    *forms: Form,
    example: str,
    name: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Register a function as a command of `app`.

    `forms` are the ways to call it, the usual one first; by default it needs every operand without
    a default. `aliases` are keys under which JSON objects may hold the operand. `example` is a
    call that works, shown when there is nothing to read.
    """

    def register(function: Function) -> Function:
        hints = get_type_hints(function, include_extras=True)
        marks = {key: _mark(hint) for key, hint in hints.items()}
        parameters = inspect.signature(function).parameters
        operands = {key: mark for key, mark in marks.items() if isinstance(mark, Operand)}
        needed = tuple(key for key in operands if parameters[key].default is inspect.Parameter.empty)
        this = Command(
            name=name or function.__name__.replace("_", "-"),
            function=function,
            forms=forms or (Form(needed),),
            operands=operands,
            numbers={key: mark for key, mark in marks.items() if isinstance(mark, (Number, Whole))},
            aliases=aliases,
            example=example,
            wants_lines=LINES in parameters,
        )

        def call(**given: Any) -> int:
            from aimath.cli.run import run

            return run(this, given)

        call.__name__, call.__doc__ = function.__name__, function.__doc__
        signature = _signature(this, parameters, hints)
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {key: p.annotation for key, p in signature.parameters.items()}
        call.command = this  # type: ignore[attr-defined]
        app.command(name=this.name, epilog=f"Example: {example}")(call)
        return function

    return register


def _mark(hint: Any) -> Any:
    """Find what an annotation says of its parameter; `Distribution | None` has it one level down."""
    for extra in get_args(hint):
        found = extra if isinstance(extra, (Operand, Number, Whole)) else _mark(extra)
        if found is not None:
            return found
    return None


def _signature(
    this: Command, parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]
) -> inspect.Signature:
    """Give the signature that typer sees; every value arrives as text and is read by us."""
    seen: list[inspect.Parameter] = []

    def add(key: str, annotation: Any, default: Any) -> None:
        kind = inspect.Parameter.KEYWORD_ONLY
        seen.append(inspect.Parameter(key, kind, default=default, annotation=annotation))

    if any(form.operands for form in this.forms):
        words = [key.upper() for key in this.forms[0].operands]
        metavar = " ".join(words) if len(words) != 1 else f"{words[0]}..."
        text = ", or ".join(" and ".join(form.operands) for form in this.forms if form.operands)
        add("operands", Annotated[list[str] | None, typer.Argument(metavar=metavar, help=text)], None)
    for key, parameter in parameters.items():
        if key == LINES:
            continue
        mark = this.operands.get(key) or this.numbers.get(key)
        if isinstance(mark, Operand):
            if mark.flag:
                kind = list[str] | None if mark.repeat else str | None
                add(key, Annotated[kind, typer.Option(mark.flag, help=mark.help, metavar="LIST")], None)
        elif mark is not None:
            option = typer.Option(*mark.flags, help=_with_default(mark, parameter.default), metavar="N")
            add(key, Annotated[list[str] | None, option], None)
        else:
            add(key, hints[key], parameter.default)
    for shared in (Input, Output) if this.operands else (Output,):
        for key, hint in get_type_hints(shared, include_extras=True).items():
            add(key, hint, shared._field_defaults[key])
    return inspect.Signature(seen)


def _with_default(mark: Number | Whole, default: Any) -> str:
    if default is None:
        return mark.help
    words = {value: word for word, value in mark.words.items()} if isinstance(mark, Number) else {}
    values = default if isinstance(default, tuple) else (default,)
    return f"{mark.help} [default: {','.join(words.get(value, f'{value:g}') for value in values)}]"
