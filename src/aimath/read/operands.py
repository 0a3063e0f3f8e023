"""Operands from arguments, files and standard input to aligned blocks of rows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from aimath.errors import InputError, join_and
from aimath.read._pairing import OperandSource, name_rows, one_per_row, zip_sources
from aimath.read.blocks import STDIN, Block, ReadOptions, has_known_suffix, is_dataset, split_column
from aimath.read.numbers import is_missing, looks_numeric
from aimath.read.text._classes import class_numbers
from aimath.read.text._rows import RowParser
from aimath.text import quote

if TYPE_CHECKING:
    from aimath.read.blocks import BlockIterator
    from aimath.read.matrices import RowBlocks

_NO_FLAG_NAMES: Mapping[str, str] = {}
_ParserFactory = Callable[[Sequence[str], str], RowParser]


NO_STDIN = -1
"""In place of the descriptor of standard input: it is not for this command line to read."""


class _OperandTokens(NamedTuple):
    """The tokens of one operand, and how each is named in an error."""

    name: str
    tokens: tuple[str, ...]
    locations: tuple[str, ...]


def read_blocks(
    tokens: Sequence[str],
    names: Sequence[str],
    flags: Mapping[str, str],
    stdin: BinaryIO | int | None,
    read_options: ReadOptions = ReadOptions(),  # noqa: B008  immutable
    *,
    matrix: bool | Collection[str] = False,
    per_row: Collection[str] = (),
    keyed: Collection[str] = (),
    optional: Collection[str] = (),
    flag_names: Mapping[str, str] = _NO_FLAG_NAMES,
    mark_empty: bool = False,
    stacked: bool = False,
    class_names: Sequence[str] = (),
    response: str = "",
    distributions: Collection[str] = (),
    unsettled: bool = True,
) -> BlockIterator:
    """Yield blocks of the operands `names`, from `flags` by name, then `tokens`, then stdin.

    Operands of one row are handed on as (1, n) beside the many rows of another; those of many rows
    go in step, row by row. `matrix` names the operands that are matrices, or is True for all;
    `per_row` those whose numbers belong to one row each, such as the target classes of a batch;
    `keyed` those that a JSON object may hold entry by entry, {"x": 3, "y": 2}; `optional` further
    ones that JSON objects on stdin may hold; `flag_names` says what an operand's option is, where it
    isn't `--name`. `class_names` are what the classes of one number a row may be called.
    `response` is the operand that a response of a language model holds, which is taken in place of the
    others where no option has said what the numbers are, `unsettled`. `distributions` are operands
    whose rows sum to 1.
    With `mark_empty` a stdin without rows is a block that is_empty. Of `stacked` matrices the axis
    before them stays with them: heads, say.

    >>> [block.operands["x"].tolist() for block in read_blocks(["2", "1"], ["x"], {}, None)]
    [[[2.0, 1.0]]]
    """
    matrices = frozenset(names if matrix is True else matrix or ())
    assigned = _assign(tokens, names, flags, flag_names, per_row)
    given, stdin_names = assigned.given, assigned.on_stdin(names)
    if len(stdin_names) > 1 and any(one.tokens == ("-",) for one in given):
        both = join_and(sorted(stdin_names, key=names.index))
        raise InputError(f"stdin can be one operand, not {both}", usage=True)
    told = _resolve_columns(assigned, stdin_names, names, class_names, flag_names)

    def layout(these: Sequence[str], source: str) -> RowParser:
        how = read_options._replace(rows=True) if set(these) <= set(per_row) else read_options
        more = optional if source == STDIN else ()
        matrix = matrices.intersection((*these, *more)) if matrices.intersection(these) else frozenset()
        return RowParser(
            source,
            these,
            how,
            matrix_names=matrix,
            keyed_names=keyed,
            optional_names=more,
            per_row_names=per_row,
            stacked=stacked,
            asked={name: told.columns[name] for name in these if name in told.columns},
            class_names=class_names,
            response_name=response,
            distributions=distributions,
            is_unsettled=unsettled,
            is_alone=told.count_sources(matrices) == 1,
        )

    # In this order, so that which numbers they get is not a matter of how they were given.
    drawn = sorted((one.name for one in told.given if one.tokens[0].startswith("randn:")), key=names.index)
    draws = {name: k for k, name in enumerate(drawn)}
    feeds = [
        _open_operand(
            one,
            layout,
            matrix=one.name in matrices,
            per_row=one.name in per_row,
            stream_index=draws.get(one.name, 0),
            beside=told.beside.get(one.name, ()),
        )
        for one in told.given
    ]
    if told.stdin:
        raw = _check_stdin(stdin, told.stdin, alone=len(told.stdin) == len(names))
        per_row_only = set(told.stdin) <= set(per_row)
        feeds.insert(0, _open_stdin(raw, told.stdin, layout, per_row=per_row_only, mark_empty=mark_empty))
    elif read_options.picks and not told.is_file_among(matrices):
        refuse_columns(read_options)
    if read_options.columns and told.columns.keys() >= {*told.stdin, *(one.name for one in told.given)}:
        raise InputError(
            "--column does nothing, as every operand names its own", hint="leave it out", usage=True
        )
    return name_rows(zip_sources(feeds, names, read_options.range), read_options.row_labels)


class _Assigned(NamedTuple):
    """Which operand is given by which tokens, and which by the names of columns."""

    given: list[_OperandTokens]
    named: dict[str, str]  # operand -> column
    table: str = ""  # the token of the one table that all named columns are in

    def on_stdin(self, names: Sequence[str]) -> list[str]:
        """Return the operands that are read from standard input."""
        known = {one.name for one in self.given if one.tokens != ("-",)}
        return [name for name in names if name not in known and name not in self.named]


class _Told(NamedTuple):
    """Where each operand comes from, and which column it is there."""

    given: list[_OperandTokens]  # from arguments and files
    stdin: list[str]
    columns: dict[str, str]
    beside: dict[str, tuple[str, ...]]  # operand -> what comes from the same file

    def is_file_among(self, matrices: Collection[str]) -> bool:
        """Return whether a file is one of the operands."""
        return self.count_sources(matrices) > bool(self.stdin)

    def count_sources(self, matrices: Collection[str]) -> int:
        """Return how many files are read, and standard input."""
        paths = [_token_path(one.tokens[0], matrix=one.name in matrices) for one in self.given]
        return len([path for path in paths if path is not None]) + bool(self.stdin)


def _assign(
    tokens: Sequence[str],
    names: Sequence[str],
    flags: Mapping[str, str],
    flag_names: Mapping[str, str] = _NO_FLAG_NAMES,
    per_row: Collection[str] = (),
) -> _Assigned:
    """Return what the operands are given by: tokens, or names of columns of a table that is read."""
    named = {
        name: text.strip() for name, text in flags.items() if _names_column(text, per_row=name in per_row)
    }
    if named and named.keys() == set(names):
        if len(tokens) == 1:
            return _Assigned([], named, _strip_token(tokens[0]))
        return _Assigned([], named, "" if tokens else "-")
    others = {name: text for name, text in flags.items() if name not in named}
    left = [name for name in names if name not in named]
    if len(left) < len(names) and len(tokens) > 1 and len(left) > len(tokens) + len(others):
        left = left[: len(tokens) + len(others)]
    return _Assigned(_assign_tokens(tokens, left, others, flag_names), named)


def _names_column(text: str, *, per_row: bool) -> bool:
    """Return whether an operand's text is the name of a column, not numbers or a file."""
    text = text.strip()
    if not text or text[0] in "@-[" or (is_dataset(text) and not per_row) or has_known_suffix(text):
        return False
    pieces = [piece.rpartition("=")[2] for piece in re.split(r"[\s,;\[\]]+", text)]
    return not any(looks_numeric(piece) or is_missing(piece) or ":" in piece for piece in pieces)


def _resolve_columns(
    assigned: _Assigned,
    stdin: list[str],
    names: Sequence[str],
    class_names: Sequence[str],
    flag_names: Mapping[str, str],
) -> _Told:
    """Return where each operand comes from: one that is the name of a column is of the one table read."""
    columns: dict[str, str] = {}
    given: list[_OperandTokens] = []
    piped = [*stdin]
    for one in assigned.given:
        bare = one.tokens[0].removeprefix("@")
        path, column = split_column(bare) if _reads_file(one) else ("", None)
        if column is not None:
            columns[one.name] = column
        if path == "-":
            piped.append(one.name)
        elif one.tokens != ("-",):
            given.append(one._replace(tokens=(f"@{path}",)) if column is not None else one)
    if not assigned.named:
        given, beside = _share_tables(given, columns)
        return _Told(given, sorted(piped, key=names.index), columns, beside)
    if assigned.table:
        return _of_one_table(assigned, names)
    files = {one.tokens[0]: one.name for one in given if _reads_file(one)}
    named = sorted(assigned.named, key=names.index)
    if len(files) + bool(piped) > 1:
        first = named[0]
        why = f"{quote(assigned.named[first])} is a column of which file?"
        raise InputError(why, hint=f"write @FILE:{assigned.named[first]}", operand=first, usage=True)
    if not files and not piped:
        return _without_table(assigned, given, names, class_names, flag_names)
    columns |= assigned.named
    if piped:
        return _Told(given, [*sorted(piped, key=names.index), *named], columns, {})
    host = next(iter(files.values()))
    return _Told(given, [], columns, {host: tuple(named)})


def _share_tables(
    given: Sequence[_OperandTokens], columns: Mapping[str, str]
) -> tuple[list[_OperandTokens], dict[str, tuple[str, ...]]]:
    """Return the operands whose files are opened, and which others are columns of the same tables."""
    hosts: dict[str, str] = {}
    beside: dict[str, tuple[str, ...]] = {}
    opened: list[_OperandTokens] = []
    for one in sorted(given, key=lambda one: one.name in columns):  # what is the rest of a table, first
        host = hosts.setdefault(one.tokens[0], one.name) if _reads_file(one) else one.name
        if host == one.name or one.name not in columns:
            opened.append(one)
        else:
            beside[host] = (*beside.get(host, ()), one.name)
    return opened, beside


def _of_one_table(assigned: _Assigned, names: Sequence[str]) -> _Told:
    """Return all operands as columns of the table that is the only argument, or standard input."""
    if assigned.table == "-":
        return _Told([], [*names], assigned.named, {})
    first, *rest = names
    table = assigned.table
    path = table.removeprefix("@")
    if not (table.startswith("@") or has_known_suffix(table)):
        raise _too_many_arguments([table], [])
    one = _OperandTokens(first, (f"@{path}",), ("argument 1",))
    return _Told([one], [], assigned.named, {first: tuple(rest)})


def _without_table(
    assigned: _Assigned,
    given: list[_OperandTokens],
    names: Sequence[str],
    class_names: Sequence[str],
    flag_names: Mapping[str, str],
) -> _Told:
    """Return names as the classes that they are where labels say so; else as numbers, which they aren't."""
    tokens = [token for one in given for token in one.tokens]
    typed = [piece.rpartition("=")[0] for token in tokens for piece in re.split(r"[\s,]+", token)]
    classes = class_numbers([*class_names] or [name for name in typed if name])
    for name in sorted(assigned.named, key=names.index):
        pieces = [piece.strip() for piece in assigned.named[name].split(",")]
        known = all(piece in classes for piece in pieces)
        text = ",".join(str(classes[piece]) for piece in pieces) if known else assigned.named[name]
        given.append(_OperandTokens(name, (text,), (flag_names.get(name, f"--{name}"),)))
    return _Told(given, [], {}, {})


def _reads_file(one: _OperandTokens) -> bool:
    return len(one.tokens) == 1 and _token_path(one.tokens[0], matrix=False) is not None


def refuse_columns(read_options: ReadOptions) -> None:
    """Raise InputError if columns of a table are asked for, where none is read."""
    for name, what in (("column", "picks"), ("exclude", "leaves out"), ("id", "carries through")):
        if getattr(read_options, name):
            raise InputError(f"--{name} {what} a column of a table, and none is read", usage=True)


def is_text_read(
    tokens: Sequence[str], names: Sequence[str], flags: Mapping[str, str], matrices: Collection[str]
) -> bool:
    """Return whether an operand comes from a file or standard input, not from the command line alone."""
    assigned = _assign(tokens, names, flags)
    told = _Told(assigned.given, [], {}, {})
    piped = bool(assigned.on_stdin(names)) or any(one.tokens == ("-",) for one in assigned.given)
    return piped or bool(assigned.table) or told.is_file_among(matrices)


def _mark_empty(blocks: BlockIterator, names: Sequence[str]) -> BlockIterator:
    """Yield the blocks of stdin, or the one that stands for none."""
    first = next(blocks, None)
    if first is not None:
        yield first
        yield from blocks
        return
    import numpy as np

    yield Block({name: np.empty((1, 0)) for name in names}, STDIN, (1,), is_empty=True)


def open_matrix(
    tokens: Sequence[str],
    name: str,
    flags: Mapping[str, str],
    stdin: BinaryIO | int | None,
    read_options: ReadOptions = ReadOptions(),  # noqa: B008  immutable
) -> RowBlocks:
    """Return the one matrix `name` as re-iterable blocks of rows.

    A stored array (.npy, .npz, .safetensors) and randn:MxN are read anew each time, however large;
    text, pipes and digits are held, within the price.

    >>> rows = open_matrix(["randn:3x2"], "X", {}, None)
    >>> rows.shape, [block.shape for block in rows()]
    ((3, 2), [(3, 2)])
    """
    from aimath.read import matrices  # noqa: PLC0415  only what is read from is loaded

    source = _matrix_source(tokens, name, flags)
    found = None if source is None else matrices.reopen(source, read_options)
    if found is not None:
        return found
    return matrices.read_single_matrix(
        read_blocks(tokens, [name], flags, stdin, read_options, matrix=True), name
    )


def open_large_matrix(
    tokens: Sequence[str], name: str, flags: Mapping[str, str], read_options: ReadOptions
) -> RowBlocks | None:
    """Return the one matrix `name` as blocks if it is a stored array too large to hold, else None."""
    source = _matrix_source(tokens, name, flags)
    if source is None or is_dataset(source):
        return None
    from aimath.read import matrices  # noqa: PLC0415  only what is read from is loaded

    found = matrices.reopen(source, read_options)
    return (
        found if found is not None and matrices.should_stream(found.shape, read_options.max_memory) else None
    )


def _matrix_source(tokens: Sequence[str], name: str, flags: Mapping[str, str]) -> str | None:
    """Return the file or data set that a matrix is read from, or None if it is typed or on stdin."""
    given = _assign_tokens(tokens, [name], flags)
    if not given or len(given[0].tokens) > 1:
        return None
    token = given[0].tokens[0]
    return token if is_dataset(token) else _token_path(token, matrix=True)


def _assign_tokens(
    tokens: Sequence[str],
    names: Sequence[str],
    flags: Mapping[str, str],
    flag_names: Mapping[str, str] = _NO_FLAG_NAMES,
) -> list[_OperandTokens]:
    """Return the tokens of each operand; several numbers for the only open operand are one vector."""
    given = [
        _OperandTokens(name, (_strip_token(text),), (flag_names.get(name, f"--{name}"),))
        for name, text in flags.items()
    ]
    left = [name for name in names if name not in flags]
    places = [f"argument {k}" for k in range(1, len(tokens) + 1)]
    texts = [_strip_token(token) for token in tokens]
    if "" in texts:  # as of a shell's variable that isn't set
        only = left[0] if len(left) == 1 else None
        raise InputError("an entry of '' is empty", operand=only, usage=True).within(places[texts.index("")])
    if tokens and len(left) == 1:
        return [*given, _OperandTokens(left[0], tuple(texts), tuple(places))]
    if len(tokens) > len(left):
        raise _too_many_arguments(texts, left)
    return given + [_OperandTokens(*one) for one in zip(left, zip(texts), zip(places), strict=False)]


def _strip_token(text: str) -> str:
    """Return a token without surrounding blanks; @- is stdin, as - is."""
    return text.strip() if text.strip() != "@-" else "-"


def _too_many_arguments(tokens: Sequence[str], operand_names: Sequence[str]) -> InputError:
    """Return the error for too many arguments, with the call that was probably meant."""
    if not operand_names:
        why = f"{quote(tokens[0])} is one too many: every operand is given by its option"
        lone = looks_numeric(tokens[0])  # as the 2 of `--p 1 2`
        hint = "write a list without blanks: 1,2,3" if lone else ""
        return InputError(why, hint=hint, usage=True).within("argument 1")
    each, rest = divmod(len(tokens), len(operand_names))
    hint = "write each as one list, such as .9,.1"
    if not rest and len(tokens) <= 12:
        lists = (",".join(tokens[k : k + each]) for k in range(0, len(tokens), each))
        hint = f"write each as one list: {' '.join(lists)}"
    return InputError(f"{len(tokens)} arguments for {join_and(operand_names)}", hint=hint, usage=True)


def _token_path(token: str, *, matrix: bool) -> str | None:
    """Return the file that a token names: @FILE, or a known suffix if a matrix is wanted or it is there."""
    if token.startswith("@"):
        return token[1:]
    if not has_known_suffix(token):
        return None
    there = os.path.exists(split_column(token)[0])  # noqa: PTH110  pathlib takes 2 ms to load
    return token if matrix or there else None


def _open_operand(
    operand: _OperandTokens,
    make_parser: _ParserFactory,
    *,
    matrix: bool,
    per_row: bool,
    stream_index: int,
    beside: tuple[str, ...],
) -> OperandSource:
    """Return the source of one operand: a file with what is `beside` it there, a data set, literals."""
    first = operand.tokens[0]
    path = _token_path(first, matrix=matrix)
    how = make_parser(
        [operand.name, *beside], path or first
    )  # what --delimiter and --input-format say is looked at here
    odd = next(
        (k for k, t in enumerate(operand.tokens) if t == "-" or t.startswith("@") or is_dataset(t)), None
    )
    if len(operand.tokens) > 1 and odd is not None:
        why = f"{quote(operand.tokens[odd])} can't stand beside other arguments"
        raise InputError(why, operand=operand.name, usage=True).within(operand.locations[odd])
    if path is not None:
        from aimath.read import _sources as sources  # noqa: PLC0415  only what is read from is loaded

        rows = sources.read_file(path, how)
        if per_row and not beside:
            return OperandSource([operand.name], one_per_row(rows, operand.name), one_per_row=True)
        return OperandSource([operand.name, *beside], rows)
    if is_dataset(first) and not per_row:
        from aimath.read._datasets import datasets  # noqa: PLC0415  the same

        return OperandSource(
            [operand.name],
            datasets(
                first,
                operand.name,
                how.read_options,
                matrix=matrix,
                stacked=how.stacked,
                stream_index=stream_index,
            ),
        )
    from aimath.read._literals import parse_literal  # noqa: PLC0415  the same

    block = parse_literal(operand.tokens, operand.locations, operand.name, matrix=matrix)
    if per_row:
        column = block.operands[operand.name].reshape(-1, 1)
        block = block._replace(operands={operand.name: column}, lines=range(1, len(column) + 1))
    return OperandSource([operand.name], iter([block]))


def _open_stdin(
    stdin: BinaryIO | int,
    names: Sequence[str],
    make_parser: _ParserFactory,
    *,
    per_row: bool,
    mark_empty: bool,
) -> OperandSource:
    """Return the source of the operands that are read from standard input."""
    from aimath.read import _sources as sources  # noqa: PLC0415  only what is read from is loaded

    rows = sources.open_stdin(stdin, make_parser(names, STDIN))
    if per_row:
        rows = one_per_row(rows, names[0])
    if mark_empty:
        rows = _mark_empty(rows, names)
    return OperandSource(names, rows, may_block=True, one_per_row=per_row)


def _check_stdin(
    stdin: BinaryIO | int | None, missing_names: Sequence[str], *, alone: bool
) -> BinaryIO | int:
    why = (
        "nothing to read"
        if alone
        else f"{join_and(missing_names)} {'are' if len(missing_names) > 1 else 'is'} missing"
    )
    if stdin is None:
        raise InputError("stdin is closed", usage=True).within(why)
    if stdin == NO_STDIN:
        raise InputError(why, usage=True)
    try:
        terminal = os.isatty(stdin if isinstance(stdin, int) else stdin.fileno())
    except (OSError, ValueError):  # in memory, or closed: reading will tell
        terminal = False
    if terminal:
        raise InputError(why, usage=True)
    return stdin
