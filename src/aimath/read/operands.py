"""Operands from arguments, files and standard input to aligned blocks of rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from aimath.errors import InputError, join_and
from aimath.read._pairing import OperandSource, one_per_row, zip_sources
from aimath.read._rows import RowParser
from aimath.read.blocks import STDIN, Block, ReadOptions, has_known_suffix, is_dataset
from aimath.read.numbers import looks_numeric
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
) -> BlockIterator:
    """Yield blocks of the operands `names`, from `flags` by name, then `tokens`, then stdin.

    Operands of one row are handed on as (1, n) beside the many rows of another; those of many rows
    go in step, row by row. `matrix` names the operands that are matrices, or is True for all;
    `each` those whose numbers belong to one row each, such as the target classes of a batch;
    `named` those that a JSON object may hold entry by entry, {"x": 3, "y": 2}; `optional` further
    ones that JSON objects on stdin may hold; `called` says what an operand's option is, where it
    isn't `--name`. With `mark_empty` a stdin without rows is a block that is_empty.

    >>> [block.operands["x"].tolist() for block in read_blocks(["2", "1"], ["x"], {}, None)]
    [[[2.0, 1.0]]]
    """
    matrices = frozenset(names if matrix is True else matrix or ())
    given = _assign_tokens(tokens, names, flags, flag_names)
    wanting = [name for name in names if name not in {one.name for one in given}]
    wanting += [one.name for one in given if one.tokens == ("-",)]
    if len(wanting) > 1 and any(one.tokens == ("-",) for one in given):
        raise InputError(
            f"stdin can be one operand, not {join_and(sorted(wanting, key=names.index))}", usage=True
        )

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
        )

    # In this order, so that which numbers they get is not a matter of how they were given.
    drawn = sorted((one.name for one in given if one.tokens[0].startswith("randn:")), key=names.index)
    draws = {name: k for k, name in enumerate(drawn)}
    feeds = [
        _open_operand(
            one,
            layout,
            matrix=one.name in matrices,
            per_row=one.name in per_row,
            stream_index=draws.get(one.name, 0),
        )
        for one in given
        if one.tokens != ("-",)
    ]
    if wanting:
        from aimath.read import _sources as sources  # noqa: PLC0415  only what is read from is loaded

        raw = _check_stdin(stdin, wanting, alone=len(wanting) == len(names))
        rows = sources.open_stdin(raw, layout(wanting, STDIN))
        counted = set(wanting) <= set(per_row)
        rows = one_per_row(rows, wanting[0]) if counted else rows
        rows = _mark_empty(rows, wanting) if mark_empty else rows
        feeds.insert(0, OperandSource(wanting, rows, may_block=True, one_per_row=counted))
    elif read_options.column is not None and not _is_file_among(given, matrices):
        raise InputError("--column picks a column of a table, and none is read", usage=True)
    return zip_sources(feeds, names)


def _is_file_among(given: Sequence[_OperandTokens], matrices: Collection[str]) -> bool:
    """Return whether a file is one of the operands."""
    return any(_token_path(one.tokens[0], matrix=one.name in matrices) is not None for one in given)


def is_text_read(
    tokens: Sequence[str], names: Sequence[str], flags: Mapping[str, str], matrices: Collection[str]
) -> bool:
    """Return whether an operand comes from a file or standard input, not from the command line alone."""
    given = _assign_tokens(tokens, names, flags)
    piped = len(given) < len(names) or any(one.tokens == ("-",) for one in given)
    return piped or _is_file_among(given, matrices)


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
    """Return the file that a token names: @FILE, or a known suffix where matrices are expected."""
    if token.startswith("@"):
        return token[1:]
    return token if matrix and has_known_suffix(token) else None


def _open_operand(
    operand: _OperandTokens, make_parser: _ParserFactory, *, matrix: bool, per_row: bool, stream_index: int
) -> OperandSource:
    """Return the source of one operand: a file, a data set or literals."""
    first = operand.tokens[0]
    path = _token_path(first, matrix=matrix)
    how = make_parser(
        [operand.name], path or first
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
        if per_row:
            return OperandSource([operand.name], one_per_row(rows, operand.name), one_per_row=True)
        return OperandSource([operand.name], rows)
    if is_dataset(first) and not per_row:
        from aimath.read._datasets import datasets  # noqa: PLC0415  the same

        return OperandSource(
            [operand.name],
            datasets(first, operand.name, how.read_options, matrix=matrix, stream_index=stream_index),
        )
    from aimath.read._literals import parse_literal  # noqa: PLC0415  the same

    block = parse_literal(operand.tokens, operand.locations, operand.name, matrix=matrix)
    if per_row:
        column = block.operands[operand.name].reshape(-1, 1)
        block = block._replace(operands={operand.name: column}, lines=range(1, len(column) + 1))
    return OperandSource([operand.name], iter([block]))


def _check_stdin(
    stdin: BinaryIO | int | None, missing_names: Sequence[str], *, alone: bool
) -> BinaryIO | int:
    """Return stdin, or raise InputError if it is closed or a terminal."""
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
