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
    ASKED_FIELDS,
    DASK,
    EACH_COLUMN,
    ENTRY_LABELS,
    INVALID_POLICIES,
    MAX_MEMORY,
    MEMORY_LIMIT,
    MISSING_POLICIES,
    PART,
    PLOT_ASKED,
    READING,
    SEED,
    STATE,
    TABLE,
    VECTORS,
    WORD_LIST,
    WORKERS,
    InputOptions,
    Integer,
    Number,
)
from aimath.cli.runner.seeds import resolve_seed
from aimath.errors import InputError, join_and, suggest
from aimath.read.blocks import BadRow, Block, ReadOptions
from aimath.read.numbers import is_number, parse_binary_integer, parse_integer, parse_option, parse_sweep
from aimath.read.operands import NO_STDIN, is_text_read, open_large_matrix, read_blocks, refuse_columns
from aimath.read.segments import Segment, file_of, find_segments
from aimath.read.text._choice import looks_several
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from aimath.cli.command import Command
    from aimath.cli.options import Operand, Reduction, Usage

MAX_RUNS = 1_000_000


class Division(NamedTuple):
    """How the work of a command line is divided."""

    workers: int = 1
    part: tuple[int, int] | None = None  # i of n, from 1
    state: str = ""  # the file that what is learnt of the part goes to
    dask: str = ""  # the address of a cluster

    def shares(self, tasks: int) -> bool:
        """Return whether so many tasks are given to others; a cluster that is named gets a single one too."""
        return tasks > 0 if self.dask else self.workers > 1 and tasks > 1


WHOLE = Division()
MAX_WORKERS, MAX_PARTS = 1024, 10**6
_PART = re.compile("([0-9]{1,7})/([0-9]{1,7})")


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
    segments: tuple[Segment, ...] = ()  # what is read, one after the other
    stdin: int | None = None
    division: Division = WHOLE
    share: Any = None  # what learns of units, for a command that asks for it

    def shares(self, tasks: int) -> bool:
        """Return whether so many tasks on what is read are given to others, who can't read standard input."""
        return self.division.shares(tasks) and (tasks > 1 or self._reads_files())

    def _reads_files(self) -> bool:
        words = [word for one in self.segments for word in (*one.tokens, *one.flags.values())]
        piped = any(word.strip() in {"-", "@-"} for word in words)
        each = len(self.segments) * len(self.operand_names)
        return len(words) >= each and not piped and any(file_of(word) is not None for word in words)

    @property
    def needs_no_operand(self) -> bool:
        """Whether a picture is asked for that the command can draw without operands, in its first usage."""
        plotted = self.command.name_of(PLOT_ASKED)
        usual = self.operand_names == self.command.usages[0].operands
        return plotted is not None and usual and bool(self.options.get(plotted))

    @property
    def reads_stdin(self) -> bool:
        """Whether an operand comes from standard input: said so, or not given at all."""
        given = [[*one.tokens, *one.flags.values()] for one in self.segments]
        named = any(
            word.strip() in {"-", "@-"} or word.startswith(("-:", "@-:")) for one in given for word in one
        )
        return named or any(not one for one in given if self.operand_names)

    def operand_spec(self, name: str) -> Operand:
        """Return the spec of an operand; "likelihood 0" is the first value of a repeated flag."""
        return self.command.operands[name.partition(" ")[0]]


def parse_job(
    command: Command,
    given: dict[str, Any],
    *,
    stdin: bool = True,
    draws: bool = False,
    fields: tuple[str, ...] = (),
    reads: bool = True,
) -> tuple[Job, Iterator[Block | BadRow]]:
    """Parse a command line without its output options into a Job and a lazy iterator of row blocks.

    `fields` are those that alone are printed. One that `reads` nothing looks for no files.
    """
    inputs = _pop_input_options(command, given)
    division = _parse_division(command, given, inputs)
    tokens = given.pop("operands", None) or []
    readable = (None if sys.stdin is None else 0) if stdin else NO_STDIN
    given |= lone_options(command, given, tokens)
    given |= _column_options(command, inputs)
    if (vectors := command.name_of(VECTORS)) and given.get(vectors):
        tokens = _vectors_of_words(command, given, tokens)
    if command.text_parameter and not select_usage(command, given).operands:
        words = [token.strip() for token in tokens]
        given[command.text_parameter] = command.text_value(_expand_words(command, words, given, readable))
        tokens = []
    flags = {key: text for key in command.operands if (text := given.pop(key, None)) is not None}
    seed = _pop_seed(command, given)
    given |= command.supplied({PLOT_ASKED: draws, ASKED_FIELDS: fields})
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
    segments = _find_segments(asked, tokens, flags) if reads else ()
    asked = asked._replace(segments=segments, stdin=readable, division=division)
    return asked, read_segments(asked)


def _find_segments(job: Job, tokens: Sequence[str], flags: Mapping[str, str]) -> tuple[Segment, ...]:
    """Return the files that are read one after the other; what is a matrix is read as it is typed."""
    known = (*job.operand_names, *job.optional_operands)
    if any(job.operand_spec(name).matrix for name in known) or (job.reduction and job.reduction.apart):
        return (Segment(tuple(tokens), flags),)
    per_row = [name for name in known if job.operand_spec(name).per_row]
    return tuple(find_segments(tokens, job.operand_names, flags, per_row))


def read_segments(job: Job) -> Iterator[Block | BadRow]:
    """Yield the blocks of all that is read, one segment after the other."""
    for segment in job.segments:
        yield from read_segment(job, segment)


def read_segment(job: Job, segment: Segment) -> Iterator[Block | BadRow]:
    """Yield the blocks of a segment."""
    return _read_blocks(job, segment.tokens, segment.flags, job.stdin)


def _parse_division(command: Command, given: dict[str, Any], inputs: InputOptions) -> Division:
    """Remove the options that divide the work of a command without operands, and return those of any."""
    own = {
        key: name
        for key, spec in _DIVIDING.items()
        if not command.operands and (name := command.name_of(spec))
    }
    texts = {key: given.get(own[key], "") if key in own else getattr(inputs, key) for key in _DIVIDING}
    workers = parse_integer(texts["workers"], "--workers", 1, MAX_WORKERS) if texts["workers"] else 1
    part = parse_part(texts["part"]) if texts["part"] else None
    if texts["state"] and part is None:
        raise InputError("--state is of a part: say which by --part", hint="use --part 1/4", usage=True)
    if texts["dask"] and texts["workers"]:
        why = "--dask has the workers of its cluster, and --workers are processes of this machine"
        raise InputError(why, hint="give one of the two", usage=True)
    dask = parse_option("--dask", parse_address, texts["dask"]) if texts["dask"] else ""
    return Division(workers, part, texts["state"], dask)


_DIVIDING = {"workers": WORKERS, "part": PART, "state": STATE, "dask": DASK}


_ADDRESS = re.compile(r"tcp://(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5})")


def parse_address(text: str) -> str:
    """Return the address of a dask cluster, or local, or raise InputError.

    >>> parse_address("tcp://10.0.0.5:8786"), parse_address("local")
    ('tcp://10.0.0.5:8786', 'local')
    """
    found = _ADDRESS.fullmatch(text)
    if text != "local" and not (found and 0 < int(found[2]) < 1 << 16):
        hint = "write tcp://HOST:PORT, or local for processes of this machine"
        raise InputError(f"{quote(text)} is no address of a scheduler", hint=hint, usage=True)
    return text


def parse_part(text: str) -> tuple[int, int]:
    """Return part i of n, from 1, or raise InputError.

    >>> parse_part("2/8")
    (2, 8)
    """
    found = _PART.fullmatch(text.strip())
    i, n = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= i <= n <= MAX_PARTS:
        why = f"{quote(text)} is no part: it is I/N with I from 1 to N"
        raise InputError(why, hint="use --part 1/4", usage=True).within("--part")
    return i, n


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


def _vectors_of_words(command: Command, given: Mapping[str, Any], words: Sequence[str]) -> list[str]:
    """Return words as their vectors, each a list of numbers, from the file that --vectors names."""
    from aimath.read.models.word_vectors import read_word_vectors  # noqa: PLC0415  only for files

    path = given[command.name_of(VECTORS) or ""].removeprefix("@")
    named = given.get(command.name_of(WORD_LIST) or "") or ""
    labels, rows, notes = read_word_vectors(path, named.removeprefix("@") or None)
    places = {label: k for k, label in reversed([*enumerate(labels)])}
    for note in notes:
        eprint(f"aimath {command.name}: note: {note}")
    texts = []
    for number, word in enumerate(words, 1):
        if word.strip() not in places:
            why = f"{quote(word)} is none of the {len(labels)} words of {display_path(path)}"
            hint = suggest(word, places, "give words of that file")
            raise InputError(why, hint=hint, usage=True).within(f"argument {number}")
        texts.append(",".join(map(repr, rows[places[word.strip()]].tolist())))
    return texts


def _column_options(command: Command, inputs: InputOptions) -> Mapping[str, bool]:
    """Return the option that asks for a row a column, where several are picked of a command that has it."""
    each, picked = command.name_of(EACH_COLUMN), inputs.column or ()
    several = inputs.exclude or len(picked) > 1 or any(map(looks_several, picked))
    return {each: True} if each and several else {}


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
        named = job.read_options.row_labels
        for flag, given in (
            ("--labels", job.labels),
            ("--row-labels", named),
            ("--invalid", job.on_invalid != "stop"),
        ):
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
    distributions: list[str] = []
    if not any(map(job.options.get, ("normalize", "logits", "log_probs"))):
        _refuse_lone_probabilities(job, tokens, flags)
        distributions = [name for name in known if job.operand_spec(name).distribution]
    if job.reduction and job.reduction.apart and len(job.operand_names) > 1:
        yield from _read_apart(job, tokens, flags, stdin)
        return
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
            stacked=any(name in run for run in job.runs[:1] for name in job.operand_spec(known[0]).stacked),
            class_names=job.labels,
            response=next((key for key, spec in job.command.operands.items() if spec.responses), ""),
            distributions=distributions,
            unsettled=job.operand_names == job.command.usages[0].operands,
        ):
            if tokens and "-" not in tokens and isinstance(piece, Block) and piece.is_empty:
                _refuse_missing(job, piece)
            yield piece
    except InputError as error:
        if error.usage:
            from aimath.cli.guesses import meant_operands  # noqa: PLC0415  only for mistakes

            error.hint = meant_operands(job.command, tokens) or error.hint or f"try {job.command.example}"
        raise


def _read_apart(
    job: Job, tokens: Sequence[str], flags: Mapping[str, str], stdin: int | None
) -> Iterator[Block | BadRow]:
    """Yield the blocks of one operand after the other, which needn't have equally many rows."""
    left = iter(tokens)
    given = {
        name: [flags[name]] if name in flags else [*itertools.islice(left, 1)] for name in job.operand_names
    }
    if extra := [*left]:
        raise InputError(f"{quote(extra[0])} is one too many: give {join_and(job.operand_names)}", usage=True)
    if sum(words in ([], ["-"], ["@-"]) for words in given.values()) > 1:
        raise InputError(f"stdin can be one operand, not {join_and(job.operand_names)}", usage=True)
    for name, words in given.items():
        alone = job._replace(operand_names=(name,), optional_operands=())
        yield from _read_blocks(alone, words, {}, stdin)


def _refuse_row_options(job: Job) -> None:
    """Raise InputError if an option is about the rows of an answer, where all rows are one."""
    named = job.command.name_of(ENTRY_LABELS) or any(
        job.operand_spec(name).per_row for name in job.operand_names
    )
    if job.reduction and job.labels and not named:
        raise InputError("--labels names the entries of rows, and all rows are one answer", usage=True)
    if job.reduction and (job.read_options.id or job.read_options.row_labels):
        flag = "--id" if job.read_options.id else "--row-labels"
        raise InputError(f"{flag} names rows, and all rows are one answer", hint="leave it out", usage=True)
    if job.reduction and job.on_invalid == "nan":
        why = "all rows are one answer, which has no row to be nan"
        raise InputError(why, hint="use skip", usage=True).within("--invalid")


def _refuse_unread(job: Job) -> None:
    """Raise InputError if an option says how something is read, where nothing is."""
    table, read_options = job.command.name_of(TABLE), job.read_options
    if table and job.options.get(table):
        return
    refuse_columns(read_options)
    for name in ("rows", "key", "header", "delimiter", "decimal", "missing", "input_format"):
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
    """Return the usage of a command that the given options select, by default the first."""
    chosen = {key for key, value in given.items() if value not in (None, False, [], "")}
    return next((form for form in command.usages if chosen & set(form.selected_by)), command.usages[0])


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
    lists = {key: values for key, values in swept.items() if not marks[key].vectorized}
    for key in marks:  # temperature's default is a list of T
        if key not in swept and isinstance(default := command.parameters[key].default, tuple):
            lists[key] = list(default)
    given |= {key: tuple(values) for key, values in swept.items() if marks[key].vectorized}
    reading = _make_read_options(inputs, seed)
    if form.reduction and form.reduction.tables:
        reading = reading._replace(by_column=True)
    if seeded := command.name_of(SEED):
        given[seeded] = str(seed)
    given |= command.supplied({READING: reading, MEMORY_LIMIT: reading.max_memory})
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
    shared |= {key: tuple(shared.get(key) or ()) for key in ("column", "exclude", "id")}
    return ReadOptions(**shared | {"max_memory": parse_size(inputs.max_memory), "seed": seed})


def _optional_operands(command: Command, usage: Usage, extra: tuple[str, ...]) -> tuple[str, ...]:
    """Return the operands that this usage may take but does not need."""
    others = [one for one in command.usages if one != usage]
    taken = {name for one in others for name in (*one.operands, *one.selected_by)}
    taken -= set(usage.selected_by)
    return tuple(key for key in command.operands if key not in (*usage.operands, *extra, *taken))


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
