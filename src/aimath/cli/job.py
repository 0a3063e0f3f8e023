"""A parsed command line as a Job: the usage, the swept options and the rows to answer."""

from __future__ import annotations

import itertools
import math
import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.errors import eprint
from aimath.cli.options import (
    INVALID_POLICIES,
    MAX_MEMORY,
    MEMORY_LIMIT,
    MISSING_POLICIES,
    PLOT_ASKED,
    READING,
    SEED,
    TABLE,
    InputOptions,
    Integer,
    Number,
)
from aimath.cli.seeds import resolve_seed
from aimath.errors import InputError, join_and
from aimath.read.blocks import BadRow, Block, ReadOptions
from aimath.read.numbers import is_number, parse_binary_integer, parse_integer, parse_option, parse_sweep
from aimath.read.operands import NO_STDIN, is_text_read, open_large_matrix, read_blocks
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.options import Operand, Reduction, Usage

MAX_RUNS = 1_000_000


class Job(NamedTuple):
    """A parsed command line: its operands, its swept options and how rows are read."""

    command: Command
    operand_names: tuple[str, ...]  # of the operands to read
    optional_operands: tuple[str, ...]  # what JSON objects may hold beside them
    runs: tuple[dict[str, float], ...]  # the product of all swept options
    swept: tuple[str, ...]  # options with several values
    options: Mapping[str, Any]  # the command's other options, as given
    labels: tuple[str, ...]
    on_invalid: str
    read_options: ReadOptions  # how text becomes rows
    operand_words: tuple[Sequence[str], Sequence[str]] = ((), ())  # which have options, what is typed without
    reduction: Reduction | None = None  # all rows are one answer

    @property
    def needs_no_operand(self) -> bool:
        """Whether a picture is asked for that the command can draw without operands, in its first usage."""
        plotted = self.command.name_of(PLOT_ASKED)
        usual = self.operand_names == self.command.usages[0].operands
        return plotted is not None and usual and bool(self.options.get(plotted))

    def operand_spec(self, name: str) -> Operand:
        """Return the spec of an operand; "likelihood 0" is the first value of a repeated flag."""
        return self.command.operands[name.partition(" ")[0]]


def parse_job(
    command: Command, given: dict[str, Any], *, stdin: bool = True, draws: bool = False
) -> tuple[Job, Iterator[Block | BadRow]]:
    """Parse a command line without its output options into a Job and a lazy iterator of row blocks."""
    inputs = _pop_input_options(command, given)
    tokens = given.pop("operands", None) or []
    readable = (None if sys.stdin is None else 0) if stdin else NO_STDIN
    given |= lone_options(command, given, tokens)
    if command.text_parameter and not select_usage(command, given).operands:
        words = [token.strip() for token in tokens]
        given[command.text_parameter] = command.text_value(_expand_words(command, words, given, readable))
        tokens = []
    flags = {key: text for key in command.operands if (text := given.pop(key, None)) is not None}
    seed = _pop_seed(command, given)
    if plotted := command.name_of(PLOT_ASKED):
        given[plotted] = draws
    asked = _make_job(command, given, inputs, flags, tokens, seed)
    if asked.needs_no_operand and not (tokens or flags) and _nothing_on(stdin=stdin):
        asked = asked._replace(operand_names=())
    apart = {
        key: [f"{key} {k}" for k in range(len(texts))]
        for key, texts in flags.items()
        if isinstance(texts, list)
    }
    for key, names in apart.items():
        flags |= zip(names, flags.pop(key), strict=True)
    asked = asked._replace(
        operand_names=tuple(name for key in asked.operand_names for name in apart.get(key, [key]))
    )
    return asked, _read_blocks(asked, tokens, flags, readable)


def _expand_words(
    command: Command, words: list[str], given: Mapping[str, Any], stdin: int | None
) -> list[str]:
    """Return the words of a command's text, with the lines of files and of standard input."""
    spec = command.text_arguments
    if spec is None or not spec.lines:
        return words
    from aimath.read.lines import expand_lines, has_piped_text  # noqa: PLC0415  only what is read from is loaded

    read = [*command.operands, *filter(None, [command.name_of(TABLE)])]
    taken = [command.flags[key] for key in read if given.get(key) in ("-", "@-")]
    if words and all("=" in word for word in words) and has_piped_text(stdin) and not taken:
        words = ["-", *words]
    if taken and {"-", "@-"} & {*words}:
        raise InputError(f"stdin can be one operand, and {taken[0]} takes it", usage=True)
    return expand_lines(words, stdin)


def lone_options(command: Command, given: Mapping[str, Any], tokens: Sequence[str]) -> Mapping[str, Any]:
    """Return the options that a single argument selects where the command's first usage needs more."""
    first, *others = command.usages
    needed = len(first.operands) - sum(given.get(key) is not None for key in first.operands)
    if len(tokens) != 1 or needed < 2 or select_usage(command, given) != first:
        return {}
    return {key: [text] for usage in others for key, text in usage.lone}


def _nothing_on(*, stdin: bool) -> bool:
    """Return whether nothing is to be read from standard input: it is closed, not ours, or a terminal."""
    try:
        return not stdin or sys.stdin is None or os.isatty(0)
    except OSError:
        return True


def _pop_input_options(command: Command, given: dict[str, Any]) -> InputOptions:
    """Remove the options of reading; a command without operands may have --max-memory as its own."""
    if command.operands:
        return InputOptions(**{key: given.pop(key) for key in InputOptions._fields})
    own = command.name_of(MAX_MEMORY)
    return InputOptions(max_memory=given.pop(own)) if own else InputOptions()


def _pop_seed(command: Command, given: dict[str, Any]) -> int:
    """Remove the seed and return it, drawn once for the rows and the command if it is 'random'."""
    option = command.seed_option
    if option is None:
        return 0
    seed, notes = resolve_seed(given.pop(option))
    for note in notes:
        eprint(f"aimath {command.name}: note: {note}")
    return seed


def _read_blocks(
    job: Job, tokens: Sequence[str], flags: Mapping[str, str], stdin: int | None
) -> Iterator[Block | BadRow]:
    """Yield the blocks of operands, or one empty block for a command without operands."""
    if not job.operand_names:
        _refuse_unread(job)
        for flag, given in (("--labels", job.labels), ("--invalid", job.on_invalid != "stop")):
            if given:
                raise InputError(f"{flag} is about what is read, and nothing is", usage=True)
        yield Block(operands={}, source="", lines=(1,))
        return
    name, *more = job.operand_names
    if job.operand_spec(name).streamed and not more:
        rows = open_large_matrix(tokens, name, flags, job.read_options)
        if rows is not None:
            # Only a command that asked for it gets what isn't an array.
            yield Block(operands={name: rows}, source=rows.source, lines=(1,))  # type: ignore[dict-item]
            return
    known = (*job.operand_names, *job.optional_operands)
    matrices = [name for name in known if job.operand_spec(name).matrix]
    _refuse_row_options(job)
    if not any(map(job.options.get, ("normalize", "logits", "log_probs"))):
        _refuse_lone_probabilities(job, tokens, flags)
    try:
        if not is_text_read(tokens, job.operand_names, flags, matrices):
            _refuse_unread(job)
        for piece in read_blocks(
            tokens,
            job.operand_names,
            flags,
            stdin,
            job.read_options,
            matrix=matrices,
            optional=job.optional_operands,
            per_row=[name for name in known if job.operand_spec(name).per_row],
            keyed=[name for name in job.operand_names if job.operand_spec(name).keyed],
            flag_names={name: job.operand_spec(name).flag for name in flags},
            mark_empty=True,
        ):
            if tokens and "-" not in tokens and isinstance(piece, Block) and piece.is_empty:
                _refuse_missing(job, piece)
            yield piece
    except InputError as error:
        if error.usage:
            from aimath.cli.guesses import meant_operands  # noqa: PLC0415  only for mistakes

            error.hint = meant_operands(job.command, tokens) or error.hint or f"try {job.command.example}"
        raise


def _refuse_row_options(job: Job) -> None:
    """Raise InputError if an option is about the rows of an answer, where all rows are one."""
    if job.reduction and job.labels:
        raise InputError("--labels names the entries of rows, and all rows are one answer", usage=True)
    if job.reduction and job.on_invalid == "nan":
        why = "all rows are one answer, which has no row to be nan"
        raise InputError(why, hint="use skip", usage=True).within("--invalid")


def _refuse_unread(job: Job) -> None:
    """Raise InputError if an option says how something is read, where nothing is."""
    table, read_options = job.command.name_of(TABLE), job.read_options
    if table and job.options.get(table):
        return
    if read_options.column is not None:
        raise InputError("--column picks a column of a table, and none is read", usage=True)
    for name in ("rows", "key", "header", "delimiter", "missing", "input_format"):
        if getattr(read_options, name) != ReadOptions._field_defaults[name]:
            why = f"--{name.replace('_', '-')} says how a file or standard input is read, and none is"
            raise InputError(why, hint="leave it out, or give @FILE or -", usage=True)


def _refuse_lone_probabilities(job: Job, tokens: Sequence[str], flags: Mapping[str, str]) -> None:
    """Raise InputError if a distribution is typed as one probability, as that of a coin's one side."""
    left = [name for name in job.operand_names if name not in flags]
    typed = {**flags, **dict(zip(left, tokens, strict=False))} if len(tokens) == len(left) else {}
    lone = [text for name, text in typed.items() if job.operand_spec(name).distribution and is_number(text)]
    if lone:
        from aimath.cli.guesses import both_sides  # noqa: PLC0415  only for mistakes

        hint = both_sides(lone, alone=len(job.operand_names) == 1)
        if hint:
            why = f"{quote(lone[0])} alone is no distribution: the other outcomes are missing"
            raise InputError(why, hint=hint, usage=True)


def _refuse_missing(job: Job, empty: Block) -> None:
    """Raise InputError about the operands that stdin would have held."""
    missing = [name for name in job.operand_names if not empty.operands[name].size]
    raise InputError(f"nothing to read for {join_and(missing)}", usage=True)


def select_usage(command: Command, given: Mapping[str, Any]) -> Usage:
    """Return the usage of a command that the given options select."""
    chosen = {key for key, value in given.items() if value not in (None, False, [], "")}
    return next((form for form in command.usages[1:] if chosen & set(form.selected_by)), command.usages[0])


def _make_job(
    command: Command,
    given: dict[str, Any],
    inputs: InputOptions,
    flags: Mapping[str, Any],
    tokens: Sequence[str],
    seed: int,
) -> Job:
    check_choice("--missing", inputs.missing, MISSING_POLICIES)
    form = select_usage(command, given | dict(flags))
    spare = tuple(key for key in form.trailing if key not in flags)
    if len(tokens) > len([key for key in form.operands if key not in flags]):
        form = form._replace(operands=form.operands + spare)
    extra = tuple(key for key in flags if key not in form.operands)
    if not form.operands and tokens:
        hint = f"try {command.example}"
        raise InputError(f"takes no operands here, not {quote(tokens[0])}", hint=hint, usage=True)
    marks = command.sweepable
    texts = {key: given.pop(key, None) for key in marks}
    swept = {key: _parse_values(marks[key], text) for key, text in texts.items() if text}
    lists = {key: values for key, values in swept.items() if not marks[key].vectorized} | _default_sweeps(
        command, swept
    )
    given |= {key: tuple(values) for key, values in swept.items() if marks[key].vectorized}
    reading = _make_read_options(inputs, seed)
    if form.reduction and form.reduction.tables:
        reading = reading._replace(by_column=True)
    if seeded := command.name_of(SEED):
        given[seeded] = str(seed)
    if supplied := command.name_of(READING):
        given[supplied] = reading
    if limited := command.name_of(MEMORY_LIMIT):
        given[limited] = reading.max_memory
    return Job(
        command=command,
        operand_names=(*form.operands, *extra),
        optional_operands=_optional_operands(command, form, extra),
        runs=tuple(dict(zip(lists, values, strict=True)) for values in cartesian_product(lists.values())),
        swept=tuple(key for key, values in lists.items() if len(values) > 1),
        options=given,
        labels=split_names("--labels", inputs.labels),
        operand_words=(tuple(flags), tuple(tokens)),
        on_invalid=check_choice("--invalid", inputs.invalid, INVALID_POLICIES),
        read_options=reading,
        reduction=form.reduction,
    )


def _make_read_options(inputs: InputOptions, seed: int) -> ReadOptions:
    shared = {key: value for key, value in inputs._asdict().items() if key in ReadOptions._fields}
    return ReadOptions(**shared | {"max_memory": parse_size(inputs.max_memory), "seed": seed})


def _optional_operands(command: Command, usage: Usage, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Return the operands that this usage may take but does not need."""
    others = [one for one in command.usages if one != usage]
    taken = {name for one in others for name in (*one.operands, *one.selected_by)}
    taken -= set(usage.selected_by)
    return tuple(key for key in command.operands if key not in (*usage.operands, *extra, *taken))


def _default_sweeps(command: Command, swept: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the options whose default is a sweep, such as temperature's list of T."""
    defaults = {key: command.parameters[key].default for key in command.sweepable if key not in swept}
    return {key: list(value) for key, value in defaults.items() if isinstance(value, tuple)}


def cartesian_product(lists: Collection[Sequence[float]]) -> Iterator[tuple[float, ...]]:
    """Return the Cartesian product of lists, with the last list varying fastest."""
    count = math.prod(map(len, lists))
    if count > MAX_RUNS:
        raise InputError(f"the sweep has {count} combinations, more than {MAX_RUNS}", usage=True)
    return itertools.product(*lists)


def _parse_values(spec: Number | Integer, texts: Sequence[str]) -> list[float]:
    flag = spec.flags[0]
    values: list[float] = []
    for text in texts:
        if isinstance(spec, Integer):
            read = parse_binary_integer if spec.binary else parse_integer
            values += [read(part, flag, spec.low, spec.high) for part in text.split(",")]
        else:
            parts = (part.strip() for part in text.strip(" \t[]").split(","))
            values += parse_option(
                flag, parse_sweep, ",".join(str(spec.named_values.get(part, part)) for part in parts)
            )
    return values


def split_names(flag: str, text: str) -> tuple[str, ...]:
    """Return the names that an option lists, or raise InputError if one is empty."""
    names = tuple(part.strip() for part in text.split(",")) if text else ()
    if "" in names:
        raise InputError(f"a name in {quote(text)} is empty", usage=True).within(flag)
    return names


def check_choice(flag: str, text: str, choices: tuple[str, ...]) -> str:
    """Return the text of an option, or raise InputError if it is not one of the choices."""
    if text not in choices:
        raise InputError(f"{quote(text)} is not one of {', '.join(choices)}", usage=True).within(flag)
    return text


def parse_size(text: str | None) -> int | None:
    """Return a size such as 512M or 4G in bytes."""
    if text is None:
        return None
    found = re.fullmatch("([0-9]{1,15})([KMGTkmgt]?)", text)
    if not found:
        error = InputError(f"{quote(text)} is not a size", hint="write 512M or 4G", usage=True)
        raise error.within("--max-memory")
    return int(found[1]) << 10 * " KMGT".index(found[2].upper() or " ")
