"""NumPy's .npy and .npz, block by block: a header check of our own, and never a pickle.

np.load is not used: on hostile files it raises eight kinds of exception, and it takes trailing
bytes, duplicate keys and 10^12 elements of nothing.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from aimath.errors import InputError
from aimath.read.blocks import Block, price
from aimath.read.numbers import echo, visible
from aimath.read.stream import BLOCK, Stream

if TYPE_CHECKING:
    from zipfile import ZipInfo

    from aimath.core.arrays import Array
    from aimath.read.blocks import Pieces
    from aimath.read.table import Layout

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
MOST_MEMBERS, HIGHEST_RATIO = 1000, 200
_ITEM = re.compile(
    r"""\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([\d,\s]*)\)|(\[.*\]))\s*,?"""
)
_NUMERIC = re.compile(r"[<>=|]?(f[248]|[iu][1248]|b1)")


class Header(NamedTuple):
    """What an .npy says about its array."""

    dtype: str
    fortran: bool
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements, as an int of Python that can't wrap."""
        return prod(self.shape)


def npy(stream: Stream, layout: Layout) -> Pieces:
    """Read an .npy: one axis is one vector, of more the last is the row's (of matrices the last two)."""
    import numpy as np

    header = _header(stream)
    dtype = np.dtype(header.dtype)
    _measured(stream, header, dtype.itemsize)
    yield from _rows(stream, header, dtype, layout)


def _header(stream: Stream) -> Header:
    head = _exactly(stream, 8)
    if head[:6] != MAGIC or head[6] not in (1, 2, 3) or head[7] != 0:
        raise InputError("not an .npy file of version 1, 2 or 3")
    length = int.from_bytes(_exactly(stream, 2 if head[6] == 1 else 4), "little")
    if length > LONGEST_HEADER:
        raise InputError(f"its header claims {length} bytes; the limit is {LONGEST_HEADER}")
    text = _exactly(stream, length).decode("latin-1").strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise InputError("its header is not a dictionary")
    return _parsed(text[1:-1])


def _parsed(text: str) -> Header:
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
    return Header(descr, fortran == "True", shape)


def _shape(text: str) -> tuple[int, ...]:
    extents = [extent.strip() for extent in text.split(",") if extent.strip()]
    if not all(re.fullmatch("[0-9]{1,18}", extent) for extent in extents):
        raise InputError(f"its shape {echo(f'({text})')} is malformed")
    return tuple(map(int, extents))


def _measured(stream: Stream, header: Header, itemsize: int) -> None:
    """Compare what the header claims with what is there, before anything is allocated."""
    if stream.size is None:
        return  # a pipe; its end is checked instead
    left, claimed = stream.size - stream.taken, header.size * itemsize
    if left < claimed:
        raise InputError(f"truncated: {left} of {claimed} bytes")
    if left > claimed:
        raise InputError(f"{left - claimed} bytes follow the array")


def _rows(stream: Stream, header: Header, dtype: Any, layout: Layout) -> Pieces:
    import numpy as np

    axes = 2 if layout.matrices else 1
    shape = (1,) * (axes - len(header.shape)) + header.shape
    unit = shape[-axes:]  # what stands for one row: a vector or a matrix
    each = prod(unit)
    total = header.size // each
    strewn = header.fortran and len(header.shape) > 1  # every row lies all over the file
    at_once = total if strewn else min(total, max(1, BLOCK // (8 * each)))
    what = (
        "an array in Fortran order" if strewn else f"one {'matrix' if axes > 1 else 'row'} of {each} numbers"
    )
    price(at_once * each * (16 if strewn or dtype != np.float64 else 8), what, layout.reading.max_memory)
    for first in range(0, total, at_once):
        count = min(at_once, total - first)
        flat = _elements(stream, count * each, dtype)
        if strewn:
            flat = flat.reshape(shape, order="F")
        block = flat.reshape(count, *unit)
        yield Block({layout.names[0]: block}, layout.source, range(first + 1, first + count + 1))
    if stream.read(1):
        raise InputError("more bytes follow the array")


def _elements(stream: Stream, count: int, dtype: Any) -> Array:
    """Read `count` elements as float64; integers above 2^53 are rounded to even, as text is."""
    import numpy as np

    raw = np.empty(count, dtype)
    have = stream.fill(memoryview(raw.view(np.uint8)))  # type: ignore[arg-type]
    if have < raw.nbytes:
        raise InputError(f"truncated: {have} of {raw.nbytes} bytes of the block")
    return raw.astype(np.float64, copy=False)


def _exactly(stream: Stream, count: int) -> bytes:
    data = bytearray(count)
    if stream.fill(memoryview(data)) < count:
        raise InputError("truncated: it ends within its header")
    return bytes(data)


def npz(stream: Stream, layout: Layout, member: str | None) -> Pieces:
    """Read one array of an .npz, a zip of .npy files; FILE:NAME chooses among several."""
    import zipfile  # noqa: PLC0415  10 ms, for .npz alone

    if stream.size is None:
        raise InputError("an .npz must be a file, not a pipe")
    try:
        stream.raw.seek(0)
        with zipfile.ZipFile(stream.raw) as archive:
            info = _member(archive.infolist(), member)
            with archive.open(info) as opened:
                yield from npy(Stream(cast("BinaryIO", opened), stream.source, info.file_size), layout)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  zipfile raises seven kinds on broken files
        raise InputError(f"a broken .npz: {visible(str(error))[:200]}") from None


def _member(members: list[ZipInfo], wanted: str | None) -> ZipInfo:
    """Choose an array by name; refuse what only a hostile archive has, before anything is unpacked."""
    names = [info.filename for info in members]
    if len(members) > MOST_MEMBERS or len(set(names)) < len(names):
        raise InputError(f"has {len(members)} members; at most {MOST_MEMBERS} with different names are read")
    for info in members:
        odd = not info.filename.endswith(".npy") or info.flag_bits & 1 or info.compress_type not in (0, 8)
        if odd:
            raise InputError(f"its member {echo(info.filename)} is not a plain .npy")
        if info.file_size > HIGHEST_RATIO * max(info.compress_size, 1024):
            raise InputError(
                f"its member {echo(info.filename)} unpacks to over {HIGHEST_RATIO} times its size"
            )
    known = [name.removesuffix(".npy") for name in names]
    if wanted is None and len(known) == 1:
        return members[0]
    if wanted in known:
        return members[known.index(wanted)]
    there = ", ".join(map(echo, known[:8])) or "none"
    why = "holds several arrays" if wanted is None else f"has no array {echo(wanted)}"
    raise InputError(f"{why}; its arrays are {there}", hint="write FILE:NAME")
