"""What a command line asks for: the form of the command, the operands to read, what is swept."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.command import MEMORY
from aimath.cli.options import INVALID, MISSING, Number, Whole
from aimath.errors import InputError
from aimath.read.numbers import integer, sweep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.options import Form, Input

MOST_RUNS = 1_000_000


class Job(NamedTuple):
    """A command line that has been read: which operands, what is swept, how it is answered."""

    command: Command
    names: tuple[str, ...]  # of the operands to read
    optional: tuple[str, ...]  # what JSON objects may hold beside them
    runs: tuple[dict[str, float], ...]  # the product of all swept options
    swept: tuple[str, ...]  # options with several values
    options: Mapping[str, Any]  # the command's other options, as given
    labels: tuple[str, ...]
    invalid: str
    memory: int | None  # most bytes to hold, if the user said so


def form_of(command: Command, given: Mapping[str, Any]) -> Form:
    """Tell by its options which form of a command is called."""
    chosen = {key for key, value in given.items() if value not in (None, False, [], "")}
    return next((form for form in command.forms[1:] if chosen & set(form.when)), command.forms[0])


def job(
    command: Command, given: dict[str, Any], inputs: Input, flags: Mapping[str, Any], tokens: Sequence[str]
) -> Job:
    one_of("--missing", inputs.missing, MISSING)
    form = form_of(command, given | dict(flags))
    spare = tuple(key for key in form.behind if key not in flags)
    if len(tokens) > len([key for key in form.operands if key not in flags]):
        form = form._replace(operands=form.operands + spare)
    extra = tuple(key for key in flags if key not in form.operands)
    if not form.operands and tokens:
        hint = f"try {command.example}"
        raise InputError(f"takes no operands here, not '{tokens[0]}'", hint=hint, usage=True)
    swept = {key: _values(mark, given.pop(key)) for key, mark in command.numbers.items() if given.get(key)}
    for key in command.numbers:
        given.pop(key, None)
    defaults = _defaults(command, swept)
    marks = command.numbers
    given |= {key: tuple(swept.pop(key)) for key in list(swept) if marks[key].together}
    lists = swept | defaults
    memory = size(inputs.max_memory)
    several = tuple(key for key, values in lists.items() if len(values) > 1)
    return Job(
        command=command,
        names=(*form.operands, *extra),
        optional=_optional(command, form, extra),
        runs=_product(lists),
        swept=several,
        options=given | ({MEMORY: memory} if MEMORY in command.parameters else {}),
        labels=tuple(part.strip() for part in inputs.labels.split(",")) if inputs.labels else (),
        invalid=one_of("--invalid", inputs.invalid, INVALID),
        memory=memory,
    )


def _optional(command: Command, form: Form, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Give the operands that belong to no other form of the command, and to this one if it needs none."""
    others = [one for one in command.forms if one != form]
    taken = {name for one in others for name in (*one.operands, *one.when)} - set(form.when)
    return tuple(key for key in command.operands if key not in (*form.operands, *extra, *taken))


def _defaults(command: Command, swept: Mapping[str, Any]) -> dict[str, list[float]]:
    """Give the options that sweep even when nobody asks (temperature's list of T)."""
    defaults = {key: command.parameters[key].default for key in command.numbers if key not in swept}
    return {key: list(value) for key, value in defaults.items() if isinstance(value, tuple)}


def _product(lists: Mapping[str, Sequence[float]]) -> tuple[dict[str, float], ...]:
    """Give every combination, the last option varying fastest."""
    count = 1
    for values in lists.values():
        count *= len(values)
    if count > MOST_RUNS:
        raise InputError(f"the sweep has {count} combinations, more than {MOST_RUNS}", usage=True)
    return tuple(dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values()))


def _values(mark: Number | Whole, texts: Sequence[str]) -> list[float]:
    flag = mark.flags[0]
    values: list[float] = []
    for text in texts:
        if isinstance(mark, Whole):
            values += [integer(part, flag, mark.low, mark.high) for part in text.split(",")]
        else:
            parts = (part.strip() for part in text.strip(" \t[]").split(","))
            try:
                values += sweep(",".join(str(mark.words.get(part, part)) for part in parts))
            except InputError as error:
                raise InputError(f"{flag}: {error.why}", hint=error.hint, usage=True) from None
    return values


def one_of(flag: str, text: str, right: tuple[str, ...]) -> str:
    if text not in right:
        raise InputError(f"{flag}: '{text}' is not one of {', '.join(right)}", usage=True)
    return text


def size(text: str | None) -> int | None:
    """Read a size such as 512M or 4G."""
    if text is None:
        return None
    units = {"K": 10, "M": 20, "G": 30, "T": 40}
    digits, unit = (text[:-1], text[-1:].upper()) if text[-1:].upper() in units else (text, "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise InputError(f"--max-memory: '{text}' is not a size", hint="write 512M or 4G", usage=True)
    return int(digits) << units.get(unit, 0)
