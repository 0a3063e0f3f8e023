"""NumPy's .npy and .npz, block by block: a header check of our own, and never a pickle.

np.load is not used: on hostile files it raises eight kinds of exception, and it takes trailing
bytes, duplicate keys and 10^12 elements of nothing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from aimath.errors import InputError
from aimath.read._elements import Stored, exactly, rows
from aimath.read._stream import Stream
from aimath.text import echo, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipInfo

    from aimath.read._rows import RowParser
    from aimath.read.blocks import Pieces

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
MOST_MEMBERS, HIGHEST_RATIO = 1000, 200
_ITEM = re.compile(
    r"""\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\d,\s]*)\)|(\[.*\]))\s*,?"""
)
_NUMERIC = re.compile(r"[<>=|]?(f[248]|[iu][1248]|b1)")


def npy(stream: Stream, layout: RowParser) -> Pieces:
    """Read an .npy: one axis is one vector, of more the last is the row's (of matrices the last two)."""
    yield from rows(stream, header(stream), layout)
    if stream.read(1):
        raise InputError("more bytes follow the array")


def header(stream: Stream) -> Stored:
    """Read what an .npy says of its array, up to the array, and hold it against the bytes there are."""
    stored = _header(stream)
    if stream.size is not None:  # of a pipe the end is checked instead
        left, claimed = stream.size - stream.taken, stored.size * stored.itemsize
        if left < claimed:
            raise InputError(f"truncated: {left} of {claimed} bytes")
        if left > claimed:
            raise InputError(f"{left - claimed} bytes follow the array")
    return stored


def _header(stream: Stream) -> Stored:
    head = exactly(stream, 8)
    if head[:6] != MAGIC or head[6] not in (1, 2, 3) or head[7] != 0:
        raise InputError("not an .npy file of version 1, 2 or 3")
    length = int.from_bytes(exactly(stream, 2 if head[6] == 1 else 4), "little")
    if length > LONGEST_HEADER:
        raise InputError(f"its header claims {length} bytes; the limit is {LONGEST_HEADER}")
    text = exactly(stream, length).decode("latin-1").strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise InputError("its header is not a dictionary")
    return _parsed(text[1:-1])


def _parsed(text: str) -> Stored:
    """Take the three keys apart, each exactly once; nothing is evaluated."""
    found: dict[str, Any] = {}
    at, count = 0, 0
    while at < len(text.rstrip()) and (item := _ITEM.match(text, at)):
        _, key, _, word, truth, shape, structure = item.groups()
        found[key] = word or truth or structure or _shape(shape or "")
        at, count = item.end(), count + 1
    if at < len(text.rstrip()) or count != 3 or set(found) != {"descr", "fortran_order", "shape"}:
        raise InputError("its header must hold descr, fortran_order and shape, each once")
    descr, fortran, shape = found["descr"], found["fortran_order"], found["shape"]
    if not isinstance(descr, str) or not _NUMERIC.fullmatch(descr):
        raise InputError(f"its dtype {echo(str(descr))} is not a real number of at most 8 bytes")
    if fortran not in ("True", "False") or not isinstance(shape, tuple):
        raise InputError("its fortran_order or its shape is malformed")
    if not 1 <= len(shape) <= 4 or 0 in shape:
        raise InputError(f"its shape {shape} is not of 1 to 4 axes with something on each"[:200])
    return Stored(descr, shape, fortran == "True")


def _shape(text: str) -> tuple[int, ...]:
    extents = [extent.strip() for extent in text.split(",") if extent.strip()]
    if not all(re.fullmatch("[0-9]{1,18}", extent) for extent in extents):
        raise InputError(f"its shape {echo(f'({text})')} is malformed")
    return tuple(map(int, extents))


def npz(stream: Stream, layout: RowParser, name: str | None) -> Pieces:
    """Read one array of an .npz, a zip of .npy files; FILE:NAME chooses among several."""
    with member(stream, name) as opened:
        yield from npy(opened, layout)


@contextmanager
def member(stream: Stream, name: str | None) -> Iterator[Stream]:
    """Open one .npy of an .npz."""
    with _archive(stream) as archive:
        info = _member(archive.infolist(), name)
        with archive.open(info) as opened:
            yield Stream(cast("BinaryIO", opened), stream.source, info.file_size)


def members(stream: Stream) -> list[tuple[str, Stored]]:
    """Name every array of an .npz, in order."""
    with _archive(stream) as archive:
        infos = archive.infolist()
        _sound(infos)
        found = []
        for info in infos:
            with archive.open(info) as opened:
                inner = Stream(cast("BinaryIO", opened), stream.source, info.file_size)
                found.append((info.filename.removesuffix(".npy"), header(inner)))
        return found


@contextmanager
def _archive(stream: Stream) -> Iterator[Any]:
    """Open a zip; whatever zipfile says of a broken one, also later, becomes one kind of error."""
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
        raise InputError(f"a broken .npz: {visible(str(error))[:200]}") from None


def _sound(members: list[ZipInfo]) -> None:
    """Refuse what only a hostile archive has, before anything is unpacked."""
    names = {info.filename for info in members}
    if len(members) > MOST_MEMBERS or len(names) < len(members):
        raise InputError(f"has {len(members)} members; at most {MOST_MEMBERS} with different names are read")
    for info in members:
        odd = not info.filename.endswith(".npy") or info.flag_bits & 1 or info.compress_type not in (0, 8)
        if odd:
            raise InputError(f"its member {echo(info.filename)} is not a plain .npy")
        if info.file_size > HIGHEST_RATIO * max(info.compress_size, 1024):
            raise InputError(
                f"its member {echo(info.filename)} unpacks to over {HIGHEST_RATIO} times its size"
            )


def _member(members: list[ZipInfo], wanted: str | None) -> ZipInfo:
    """Choose an array by name."""
    _sound(members)
    known = [info.filename.removesuffix(".npy") for info in members]
    if wanted is None and len(known) == 1:
        return members[0]
    if wanted in known:
        return members[known.index(wanted)]
    there = ", ".join(map(echo, known[:8])) or "none"
    why = "holds several arrays" if wanted is None else f"has no array {echo(wanted)}"
    raise InputError(f"{why}; its arrays are {there}", hint="write FILE:NAME")
