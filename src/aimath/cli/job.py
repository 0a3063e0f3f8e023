"""What a command line asks for: the form of the command, what is swept, and the rows that answer it."""

from __future__ import annotations

import itertools
import math
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.command import MEMORY
from aimath.cli.errors import say
from aimath.cli.options import INVALID, MISSING, Input, Number, Whole
from aimath.cli.seeds import settled
from aimath.errors import InputError
from aimath.read.blocks import BadRow, Block, Reading
from aimath.read.numbers import integer, read_as, sweep
from aimath.read.operands import blocks, streamed
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.options import Form, Operand

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
    reading: Reading  # how text becomes rows

    def operand(self, name: str) -> Operand:
        """Give what is known of an operand; each text of a repeated flag is one ("likelihood 0")."""
        return self.command.operands[name.partition(" ")[0]]


def asked_for(
    command: Command, given: dict[str, Any], *, stdin: bool = True
) -> tuple[Job, Iterator[Block | BadRow]]:
    """Read a command line without its options of output: what is asked, and the rows, read when taken."""
    inputs = Input(**{key: given.pop(key) for key in Input._fields if key in given})
    tokens = given.pop("operands", None) or []
    if command.words and not form_of(command, given).operands:
        given[command.words], tokens = [token.strip() for token in tokens], []
    flags = {key: text for key in command.operands if (text := given.pop(key, None)) is not None}
    _settle_seed(command.name, given)
    asked = _job(command, given, inputs, flags, tokens)
    apart = {
        key: [f"{key} {k}" for k in range(len(texts))]
        for key, texts in flags.items()
        if isinstance(texts, list)
    }
    for key, names in apart.items():
        flags |= zip(names, flags.pop(key), strict=True)
    asked = asked._replace(names=tuple(name for key in asked.names for name in apart.get(key, [key])))
    return asked, _pieces(asked, tokens, flags, 0 if stdin and sys.stdin is not None else None)


def _settle_seed(name: str, given: dict[str, Any]) -> None:
    """Let `--seed random` draw once, for the rows that are drawn and for the command itself."""
    if "seed" in given:
        seed, notes = settled(given["seed"])
        given["seed"] = str(seed)
        for note in notes:
            say(f"aimath {name}: note: {note}")


def _pieces(
    asked: Job, tokens: Sequence[str], flags: Mapping[str, str], stdin: int | None
) -> Iterator[Block | BadRow]:
    """Read the operands; a command without any is answered once."""
    if not asked.names:
        yield Block(operands={}, source="", lines=(1,))
        return
    name, *more = asked.names
    if asked.operand(name).streamed and not more:
        rows = streamed(tokens, name, flags, asked.reading)
        if rows is not None:
            # Only a command that asked for it gets what isn't an array.
            yield Block(operands={name: rows}, source=rows.source, lines=(1,))  # type: ignore[dict-item]
            return
    try:
        yield from blocks(
            tokens,
            asked.names,
            flags,
            stdin,
            asked.reading,
            matrix=[name for name in asked.names if asked.operand(name).matrix],
            optional=asked.optional,
            each=[name for name in asked.names if asked.operand(name).each],
            named=[name for name in asked.names if asked.operand(name).named],
            called={name: asked.operand(name).flag for name in flags},
        )
    except InputError as error:
        if error.usage and not error.hint:
            error.hint = f"try {asked.command.example}"
        raise


def form_of(command: Command, given: Mapping[str, Any]) -> Form:
    """Tell by its options which form of a command is called."""
    chosen = {key for key, value in given.items() if value not in (None, False, [], "")}
    return next((form for form in command.forms[1:] if chosen & set(form.when)), command.forms[0])


def _job(
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
        raise InputError(f"takes no operands here, not {echo(tokens[0])}", hint=hint, usage=True)
    marks = command.numbers
    texts = {key: given.pop(key, None) for key in marks}
    swept = {key: _values(marks[key], text) for key, text in texts.items() if text}
    lists = {key: values for key, values in swept.items() if not marks[key].together} | _defaults(
        command, swept
    )
    given |= {key: tuple(values) for key, values in swept.items() if marks[key].together}
    reading = _reading(inputs, given)
    if "seed" not in command.parameters:
        given.pop("seed", None)  # it was for the reading
    if MEMORY in command.parameters:
        given[MEMORY] = reading.max_memory
    return Job(
        command=command,
        names=(*form.operands, *extra),
        optional=_optional(command, form, extra),
        runs=tuple(dict(zip(lists, values, strict=True)) for values in combinations(lists.values())),
        swept=tuple(key for key, values in lists.items() if len(values) > 1),
        options=given,
        labels=tuple(part.strip() for part in inputs.labels.split(",")) if inputs.labels else (),
        invalid=one_of("--invalid", inputs.invalid, INVALID),
        reading=reading,
    )


def _reading(inputs: Input, given: Mapping[str, Any]) -> Reading:
    shared = {key: value for key, value in inputs._asdict().items() if key in Reading._fields}
    return Reading(**shared | {"max_memory": size(inputs.max_memory), "seed": int(given.get("seed", 0))})


def _optional(command: Command, form: Form, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Give the operands that belong to no other form of the command, and to this one if it needs none."""
    others = [one for one in command.forms if one != form]
    taken = {name for one in others for name in (*one.operands, *one.when)} - set(form.when)
    return tuple(key for key in command.operands if key not in (*form.operands, *extra, *taken))


def _defaults(command: Command, swept: Mapping[str, Any]) -> dict[str, list[float]]:
    """Give the options that sweep even when nobody asks (temperature's list of T)."""
    defaults = {key: command.parameters[key].default for key in command.numbers if key not in swept}
    return {key: list(value) for key, value in defaults.items() if isinstance(value, tuple)}


def combinations(lists: Collection[Sequence[float]]) -> Iterator[tuple[float, ...]]:
    """Give every combination, the last list varying fastest."""
    count = math.prod(map(len, lists))
    if count > MOST_RUNS:
        raise InputError(f"the sweep has {count} combinations, more than {MOST_RUNS}", usage=True)
    return itertools.product(*lists)


def _values(mark: Number | Whole, texts: Sequence[str]) -> list[float]:
    flag = mark.flags[0]
    values: list[float] = []
    for text in texts:
        if isinstance(mark, Whole):
            values += [integer(part, flag, mark.low, mark.high) for part in text.split(",")]
        else:
            parts = (part.strip() for part in text.strip(" \t[]").split(","))
            values += read_as(flag, sweep, ",".join(str(mark.words.get(part, part)) for part in parts))
    return values


def one_of(flag: str, text: str, right: tuple[str, ...]) -> str:
    """Give the text of an option that must be one of a few words."""
    if text not in right:
        raise InputError(f"{flag}: {echo(text)} is not one of {', '.join(right)}", usage=True)
    return text


def size(text: str | None) -> int | None:
    """Read a size such as 512M or 4G."""
    if text is None:
        return None
    found = re.fullmatch("([0-9]{1,15})([KMGTkmgt]?)", text)
    if not found:
        raise InputError(f"--max-memory: {echo(text)} is not a size", hint="write 512M or 4G", usage=True)
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")
