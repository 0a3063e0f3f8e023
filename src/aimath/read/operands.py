"""The one entrance: operands as they are given, to blocks of rows in step with each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from aimath.errors import InputError, listed
from aimath.read._pairing import Feed, in_step
from aimath.read._rows import RowParser
from aimath.read.blocks import STDIN, Reading, is_named, is_path
from aimath.read.numbers import looks_numeric
from aimath.text import echo

if TYPE_CHECKING:
    from aimath.read.blocks import Pieces
    from aimath.read.matrices import RowBlocks

_BY_NAME: Mapping[str, str] = {}
_Layouts = Callable[[Sequence[str], str], RowParser]


class _Given(NamedTuple):
    """What was typed for one operand, and what each part is called in an error."""

    name: str
    tokens: tuple[str, ...]
    places: tuple[str, ...]


def blocks(
    tokens: Sequence[str],
    names: Sequence[str],
    flags: Mapping[str, str],
    stdin: BinaryIO | int | None,
    reading: Reading = Reading(),  # noqa: B008  immutable
    *,
    matrix: bool | Collection[str] = False,
    each: Collection[str] = (),
    named: Collection[str] = (),
    optional: Collection[str] = (),
    called: Mapping[str, str] = _BY_NAME,
) -> Pieces:
    """Read the operands `names`: from `flags` by name, from `tokens` in order, the rest from stdin.

    Operands of one row are handed on as (1, n) beside the many rows of another; those of many rows
    go in step, row by row. `matrix` names the operands that are matrices, or is True for all;
    `each` those whose numbers belong to one row each, such as the target classes of a batch;
    `named` those that a JSON object may hold entry by entry, {"x": 3, "y": 2}; `optional` further
    ones that JSON objects on stdin may hold; `called` says what an operand's option is, where it
    isn't `--name`.

    >>> [block.operands["x"].tolist() for block in blocks(["2", "1"], ["x"], {}, None)]
    [[[2.0, 1.0]]]
    """
    matrices = frozenset(names if matrix is True else matrix or ())
    given = _assigned(tokens, names, flags, called)
    wanting = [name for name in names if name not in {one.name for one in given}]
    wanting += [one.name for one in given if one.tokens == ("-",)]
    if len(wanting) > 1 and any(one.tokens == ("-",) for one in given):
        raise InputError(
            f"stdin can be one operand, not {listed(sorted(wanting, key=names.index))}", usage=True
        )

    def layout(these: Sequence[str], source: str) -> RowParser:
        how = reading._replace(rows=True) if set(these) <= set(each) else reading
        more = optional if source == STDIN else ()
        matrix = matrices.intersection(these)
        return RowParser(source, these, how, matrices=matrix, named=named, optional=more)

    # In this order, so that which numbers they get is not a matter of how they were given.
    drawn = sorted((one.name for one in given if one.tokens[0].startswith("randn:")), key=names.index)
    draws = {name: k for k, name in enumerate(drawn)}
    feeds = [
        _feed(one, layout, matrix=one.name in matrices, each=one.name in each, draw=draws.get(one.name, 0))
        for one in given
        if one.tokens != ("-",)
    ]
    if wanting:
        from aimath.read import _sources as sources  # noqa: PLC0415  only what is read from is loaded

        raw = _open(stdin, wanting, alone=len(wanting) == len(names))
        feeds.insert(0, Feed(wanting, sources.piped(raw, layout(wanting, STDIN)), waits=True))
    elif reading.column is not None and not any(
        _path(one.tokens[0], matrix=one.name in matrices) for one in given
    ):
        raise InputError("--column picks a column of a table, and none is read", usage=True)
    return in_step(feeds, names)


def matrix_blocks(
    tokens: Sequence[str],
    name: str,
    flags: Mapping[str, str],
    stdin: BinaryIO | int | None,
    reading: Reading = Reading(),  # noqa: B008  immutable
) -> RowBlocks:
    """Read the one matrix `name` as blocks of rows that can be gone through again and again.

    A stored array (.npy, .npz, .safetensors) and randn:MxN are read anew each time, however large;
    text, pipes and digits are held, within the price.

    >>> rows = matrix_blocks(["randn:3x2"], "X", {}, None)
    >>> rows.shape, [block.shape for block in rows()]
    ((3, 2), [(3, 2)])
    """
    from aimath.read import matrices  # noqa: PLC0415  only what is read from is loaded

    source = _source(tokens, name, flags)
    found = None if source is None else matrices.again(source, reading)
    if found is not None:
        return found
    return matrices.held(blocks(tokens, [name], flags, stdin, reading, matrix=True), name)


def streamed(
    tokens: Sequence[str], name: str, flags: Mapping[str, str], reading: Reading
) -> RowBlocks | None:
    """Open the one matrix `name` for reading block by block if it is a stored array too large to be held."""
    source = _source(tokens, name, flags)
    if source is None or is_named(source):
        return None
    from aimath.read import matrices  # noqa: PLC0415  only what is read from is loaded

    found = matrices.again(source, reading)
    return found if found is not None and matrices.too_large(found.shape, reading.max_memory) else None


def _source(tokens: Sequence[str], name: str, flags: Mapping[str, str]) -> str | None:
    """Give the file or the name that a matrix is read from; None if it is typed, or comes from stdin."""
    given = _assigned(tokens, [name], flags)
    if not given or len(given[0].tokens) > 1:
        return None
    token = given[0].tokens[0]
    return token if is_named(token) else _path(token, matrix=True)


def _assigned(
    tokens: Sequence[str],
    names: Sequence[str],
    flags: Mapping[str, str],
    called: Mapping[str, str] = _BY_NAME,
) -> list[_Given]:
    """Say which operand each token belongs to; several numbers for the only open operand are one vector."""
    given = [_Given(name, (_bare(text),), (called.get(name, f"--{name}"),)) for name, text in flags.items()]
    left = [name for name in names if name not in flags]
    places = [f"argument {k}" for k in range(1, len(tokens) + 1)]
    texts = [_bare(token) for token in tokens]
    if tokens and len(left) == 1:
        return [*given, _Given(left[0], tuple(texts), tuple(places))]
    if len(tokens) > len(left):
        raise _too_many(texts, left)
    return given + [_Given(*one) for one in zip(left, zip(texts), zip(places), strict=False)]


def _bare(text: str) -> str:
    """Give a token without the blanks around it; @- is stdin as - is."""
    return text.strip() if text.strip() != "@-" else "-"


def _too_many(tokens: Sequence[str], left: Sequence[str]) -> InputError:
    """Show the call that was probably meant: as many lists as there are operands."""
    if not left:
        why = f"argument 1: {echo(tokens[0])} is one too many: every operand is given by its option"
        lone = looks_numeric(tokens[0])  # as the 2 of `--p 1 2`
        return InputError(why, hint="write a list without blanks: 1,2,3" if lone else "", usage=True)
    each, rest = divmod(len(tokens), len(left))
    hint = "write each as one list, such as .9,.1"
    if not rest and len(tokens) <= 12:
        lists = (",".join(tokens[k : k + each]) for k in range(0, len(tokens), each))
        hint = f"write each as one list: {' '.join(lists)}"
    return InputError(f"{len(tokens)} arguments for {listed(left)}", hint=hint, usage=True)


def _path(token: str, *, matrix: bool) -> str | None:
    """Give the file that a token names: @FILE anywhere, a known suffix where matrices are wanted."""
    if token.startswith("@"):
        return token[1:]
    return token if matrix and is_path(token) else None


def _feed(one: _Given, layout: _Layouts, *, matrix: bool, each: bool, draw: int) -> Feed:
    """Open what one operand was given as: a file, rows that have a name, or numbers."""
    first = one.tokens[0]
    path = _path(first, matrix=matrix)
    how = layout([one.name], path or first)  # what --delimiter and --input-format say is looked at here
    odd = next((k for k, t in enumerate(one.tokens) if t == "-" or t.startswith("@") or is_named(t)), None)
    if len(one.tokens) > 1 and odd is not None:
        why = f"{one.places[odd]}: {echo(one.tokens[odd])} can't stand beside other arguments"
        raise InputError(why, operand=one.name, usage=True)
    if path is not None:
        from aimath.read import _sources as sources  # noqa: PLC0415  only what is read from is loaded

        return Feed([one.name], sources.file(path, how))
    if is_named(first) and not each:
        from aimath.read._datasets import named  # noqa: PLC0415  the same

        return Feed([one.name], named(first, one.name, how.reading, matrix=matrix, draw=draw))
    from aimath.read._literals import literal  # noqa: PLC0415  the same

    block = literal(one.tokens, one.places, one.name, matrix=matrix)
    if each:
        column = block.operands[one.name].reshape(-1, 1)
        block = block._replace(operands={one.name: column}, lines=range(1, len(column) + 1))
    return Feed([one.name], iter([block]))


def _open(stdin: BinaryIO | int | None, wanting: Sequence[str], *, alone: bool) -> BinaryIO | int:
    """Give stdin if there is something to wait for; a person at a terminal is told what is missing."""
    why = "nothing to read" if alone else f"{listed(wanting)} {'are' if len(wanting) > 1 else 'is'} missing"
    if stdin is None:
        raise InputError(f"{why}: stdin is closed", usage=True)
    try:
        terminal = os.isatty(stdin if isinstance(stdin, int) else stdin.fileno())
    except (OSError, ValueError):  # in memory, or closed: reading will tell
        terminal = False
    if terminal:
        raise InputError(why, usage=True)
    return stdin
