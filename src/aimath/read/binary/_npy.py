"""Readers of NumPy's .npy and .npz, block by block, with strict headers and no pickle.

np.load is not used: on hostile files it raises eight kinds of exception, and it takes trailing
bytes, duplicate keys and 10^12 elements of nothing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from aimath.errors import InputError
from aimath.read._stream import Stream
from aimath.read.binary._elements import StoredArray, read_exactly, read_rows
from aimath.text import escape_unprintable, quote, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipInfo

    from aimath.read.blocks import BlockIterator
    from aimath.read.text._rows import RowParser

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
MAX_MEMBERS, MAX_COMPRESSION_RATIO = 1000, 200
MAX_HEADER_DEPTH = 8  # brackets in brackets; of an honest header that is a number array two
_PYTHON_2_LONG = re.compile(r"(?<=[0-9])[ \t]*L\b")
_KEYS = {"descr", "fortran_order", "shape"}


class UnreadArrayError(InputError):
    """A sound array of a `kind` that is not read: text, objects, complex numbers, a scalar."""

    kind = "it is not read"


def read_npy(stream: Stream, parser: RowParser) -> BlockIterator:
    """Yield the rows of an .npy: one axis is one vector, of more the last is the row's."""
    yield from read_rows(stream, read_header(stream), parser)
    if parser.read_options.range is None and stream.read(1):
        raise InputError("more bytes follow the array")


def read_header(stream: Stream) -> StoredArray:
    """Return the header of an .npy, checked against the size of the file."""
    stored = _parse_header(stream)
    if stream.size is not None:  # of a pipe the end is checked instead
        left, claimed = stream.size - stream.position, stored.size * stored.itemsize
        if left < claimed:
            raise InputError(f"truncated: {left} of {claimed} bytes")
        if left > claimed:
            raise InputError(f"{left - claimed} bytes follow the array")
    return stored


def _parse_header(stream: Stream) -> StoredArray:
    head = read_exactly(stream, 8)
    if head[:6] != MAGIC or head[6] not in (1, 2, 3) or head[7] != 0:
        raise InputError("not an .npy file of version 1, 2 or 3")
    length = int.from_bytes(read_exactly(stream, 2 if head[6] == 1 else 4), "little")
    if length > MAX_HEADER_BYTES:
        raise InputError(f"its header claims {length} bytes; the limit is {MAX_HEADER_BYTES}")
    try:
        text = read_exactly(stream, length).decode("utf-8" if head[6] == 3 else "latin-1")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start + 1} of its header is not UTF-8") from None
    return _parse_header_text(text, python_2=head[6] < 3)


def _parse_header_text(text: str, *, python_2: bool) -> StoredArray:
    """Return the three fields of a header, a literal of Python, read as NumPy reads it but each key once."""
    found = _read_literal(text, python_2=python_2)
    if not isinstance(found, dict):
        raise InputError("its header is not a dictionary")
    if set(found) != _KEYS:
        raise InputError("its header must hold descr, fortran_order and shape, each once")
    descr, fortran, shape = found["descr"], found["fortran_order"], found["shape"]
    dtype = _number_dtype(descr)
    if dtype is None:
        unread = UnreadArrayError(f"its dtype {quote(str(descr))} is not a real number of at most 8 bytes")
        unread.kind = f"the dtype {quote(str(descr))} is not read"
        raise unread
    if not isinstance(fortran, bool):
        raise InputError(f"its fortran_order is {shorten(repr(fortran))}, not True or False")
    if not (isinstance(shape, tuple) and all(type(extent) is int for extent in shape)):
        raise InputError(f"its shape is {shorten(repr(shape))}, not a tuple of whole numbers")
    if not 1 <= len(shape) <= 4 or min(shape) < 1:
        unread = UnreadArrayError(f"its shape {shape} is not of 1 to 4 axes with something on each"[:200])
        unread.kind = "its shape is not of 1 to 4 axes with something on each"
        raise unread
    return StoredArray(dtype, shape, fortran)


def _read_literal(text: str, *, python_2: bool) -> Any:
    """Return the value of a literal, in which Python 2 may have written 3L for 3."""
    import ast  # noqa: PLC0415  numpy loads it anyway
    import warnings  # noqa: PLC0415  the same

    text = text.lstrip(" \t")
    depth = max(accumulate((sign in "([{") - (sign in ")]}") for sign in text), default=0)
    if depth > MAX_HEADER_DEPTH or len(re.findall("[-+~]", text)) > MAX_HEADER_DEPTH:
        raise InputError("its header is not a plain dictionary")  # nor may it exhaust the parser's stack
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in strings
        for source in (text, _PYTHON_2_LONG.sub("", text))[: 1 + python_2]:
            try:
                tree = ast.parse(source, mode="eval").body
                value = ast.literal_eval(tree)
            except SyntaxError:
                continue
            except (ValueError, TypeError, RecursionError):
                break
            if isinstance(tree, ast.Dict) and len(value) < len(tree.keys):
                raise InputError("its header must hold descr, fortran_order and shape, each once")
            return value
    raise InputError("its header is not a literal of Python")


def _number_dtype(descr: Any) -> str | None:
    """Return NumPy's name of a dtype of real numbers of at most 8 bytes, or None for any other."""
    import warnings  # noqa: PLC0415  numpy loads it anyway

    import numpy as np

    if not isinstance(descr, str):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that NumPy gives up
            dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError, OverflowError):
        return None
    return dtype.str if dtype.kind in "fiub" and dtype.itemsize <= 8 else None


def read_npz(stream: Stream, parser: RowParser, name: str | None) -> BlockIterator:
    """Yield the rows of one array of an .npz; FILE:NAME chooses among several."""
    with open_member(stream, name) as opened:
        yield from read_npy(opened, parser)


@contextmanager
def open_member(stream: Stream, name: str | None) -> Iterator[Stream]:
    """Open one .npy of an .npz."""
    with open_archive(stream) as archive:
        info = _select_member(archive.infolist(), name)
        with archive.open(info) as opened:
            yield Stream(cast("BinaryIO", opened), stream.source, info.file_size)


def list_members(stream: Stream) -> list[tuple[str, StoredArray]]:
    """Return the name and header of every array of an .npz, in order."""
    found = []
    for name, stored in inspect_members(stream):
        if isinstance(stored, InputError):
            raise stored
        found.append((name, stored))
    return found


def inspect_members(stream: Stream) -> list[tuple[str, StoredArray | UnreadArrayError]]:
    """Return the name of every array of an .npz with its header, or with why it is not read."""
    with open_archive(stream) as archive:
        infos = archive.infolist()
        check_members(infos)
        found: list[tuple[str, StoredArray | UnreadArrayError]] = []
        for info in infos:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as opened:
                inner = Stream(cast("BinaryIO", opened), stream.source, info.file_size)
                try:
                    found.append((name, read_header(inner)))
                except UnreadArrayError as error:
                    found.append((name, error))
        return found


@contextmanager
def open_archive(stream: Stream) -> Iterator[Any]:
    """Open a zip, with every error of zipfile turned into InputError."""
    import zipfile  # noqa: PLC0415  10 ms, for .npz alone

    if stream.size is None:
        raise InputError("an .npz must be a file, not a pipe or compressed")
    try:
        stream.raw.seek(0)
        with zipfile.ZipFile(stream.raw) as archive:
            yield archive
    except (InputError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  zipfile raises seven kinds on broken files
        raise InputError(f"a broken .npz: {escape_unprintable(str(error))[:200]}") from None


def check_members(members: list[ZipInfo]) -> None:
    """Raise InputError on members that only a hostile archive has."""
    names = {info.filename for info in members}
    if len(members) > MAX_MEMBERS or len(names) < len(members):
        raise InputError(f"has {len(members)} members; at most {MAX_MEMBERS} with different names are read")
    for info in members:
        odd = not info.filename.endswith(".npy") or info.flag_bits & 1 or info.compress_type not in (0, 8)
        if odd:
            raise InputError(f"its member {quote(info.filename)} is not a plain .npy")
        if info.file_size > MAX_COMPRESSION_RATIO * max(info.compress_size, 1024):
            raise InputError(
                f"its member {quote(info.filename)} unpacks to over {MAX_COMPRESSION_RATIO} times its size"
            )


def _select_member(members: list[ZipInfo], name: str | None) -> ZipInfo:
    check_members(members)
    known = [info.filename.removesuffix(".npy") for info in members]
    if name is None and len(known) == 1:
        return members[0]
    if name in known:
        return members[known.index(name)]
    there = ", ".join(map(quote, known[:8])) or "none"
    why = "holds several arrays" if name is None else f"has no array {quote(name)}"
    raise InputError(f"{why}; its arrays are {there}", hint="write FILE:NAME")
