"""Readers of NumPy's .npy and .npz, block by block, with strict headers and no pickle.

np.load is not used: on hostile files it raises eight kinds of exception, and it takes trailing
bytes, duplicate keys and 10^12 elements of nothing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from aimath.errors import InputError
from aimath.read._elements import StoredArray, read_exactly, read_rows
from aimath.read._stream import Stream
from aimath.text import escape_unprintable, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipInfo

    from aimath.read._rows import RowParser
    from aimath.read.blocks import BlockIterator

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
MAX_MEMBERS, MAX_COMPRESSION_RATIO = 1000, 200
_ITEM = re.compile(
    r"""\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\d,\s]*)\)|(\[.*\]))\s*,?"""
)
_NUMERIC = re.compile(r"[<>=|]?(f[248]|[iu][1248]|b1)")


def read_npy(stream: Stream, parser: RowParser) -> BlockIterator:
    """Yield the rows of an .npy: one axis is one vector, of more the last is the row's."""
    yield from read_rows(stream, read_header(stream), parser)
    if stream.read(1):
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
    text = read_exactly(stream, length).decode("latin-1").strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise InputError("its header is not a dictionary")
    return _parse_dict(text[1:-1])


def _parse_dict(text: str) -> StoredArray:
    """Return the three header fields, parsed without evaluating anything."""
    found: dict[str, Any] = {}
    at, count = 0, 0
    while at < len(text.rstrip()) and (item := _ITEM.match(text, at)):
        _, key, _, word, truth, shape, structure = item.groups()
        found[key] = word or truth or structure or _parse_shape(shape or "")
        at, count = item.end(), count + 1
    if at < len(text.rstrip()) or count != 3 or set(found) != {"descr", "fortran_order", "shape"}:
        raise InputError("its header must hold descr, fortran_order and shape, each once")
    descr, fortran, shape = found["descr"], found["fortran_order"], found["shape"]
    if not isinstance(descr, str) or not _NUMERIC.fullmatch(descr):
        raise InputError(f"its dtype {quote(str(descr))} is not a real number of at most 8 bytes")
    if fortran not in ("True", "False") or not isinstance(shape, tuple):
        raise InputError("its fortran_order or its shape is malformed")
    if not 1 <= len(shape) <= 4 or 0 in shape:
        raise InputError(f"its shape {shape} is not of 1 to 4 axes with something on each"[:200])
    return StoredArray(descr, shape, fortran == "True")


def _parse_shape(text: str) -> tuple[int, ...]:
    extents = [extent.strip() for extent in text.split(",") if extent.strip()]
    if not all(re.fullmatch("[0-9]{1,18}", extent) for extent in extents):
        raise InputError(f"its shape {quote(f'({text})')} is malformed")
    return tuple(map(int, extents))


def read_npz(stream: Stream, parser: RowParser, name: str | None) -> BlockIterator:
    """Yield the rows of one array of an .npz; FILE:NAME chooses among several."""
    with open_member(stream, name) as opened:
        yield from read_npy(opened, parser)


@contextmanager
def open_member(stream: Stream, name: str | None) -> Iterator[Stream]:
    """Open one .npy of an .npz."""
    with _open_archive(stream) as archive:
        info = _select_member(archive.infolist(), name)
        with archive.open(info) as opened:
            yield Stream(cast("BinaryIO", opened), stream.source, info.file_size)


def list_members(stream: Stream) -> list[tuple[str, StoredArray]]:
    """Return the name and header of every array of an .npz, in order."""
    with _open_archive(stream) as archive:
        infos = archive.infolist()
        _check_members(infos)
        found = []
        for info in infos:
            with archive.open(info) as opened:
                inner = Stream(cast("BinaryIO", opened), stream.source, info.file_size)
                found.append((info.filename.removesuffix(".npy"), read_header(inner)))
        return found


@contextmanager
def _open_archive(stream: Stream) -> Iterator[Any]:
    """Open a zip, with every error of zipfile turned into InputError."""
    import zipfile  # noqa: PLC0415  10 ms, for .npz alone

    if stream.size is None:
        raise InputError("an .npz must be a file, not a pipe")
    try:
        stream.raw.seek(0)
        with zipfile.ZipFile(stream.raw) as archive:
            yield archive
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  zipfile raises seven kinds on broken files
        raise InputError(f"a broken .npz: {escape_unprintable(str(error))[:200]}") from None


def _check_members(members: list[ZipInfo]) -> None:
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
    """Return the member of a name, or the only one."""
    _check_members(members)
    known = [info.filename.removesuffix(".npy") for info in members]
    if name is None and len(known) == 1:
        return members[0]
    if name in known:
        return members[known.index(name)]
    there = ", ".join(map(quote, known[:8])) or "none"
    why = "holds several arrays" if name is None else f"has no array {quote(name)}"
    raise InputError(f"{why}; its arrays are {there}", hint="write FILE:NAME")
