"""Elements as files store them, to blocks of float64 rows: what .npy and .safetensors share."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aimath.errors import InputError
from aimath.read._stream import BLOCK
from aimath.read.blocks import Block, price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.numerics.types import Array
    from aimath.read._rows import RowParser
    from aimath.read._stream import Stream
    from aimath.read.blocks import Pieces

BF16 = "bf16"  # the upper half of a float32; numpy has no such type
EXACT = 1 << 53  # float64 holds every integer up to here
LARGE, AT_ONCE = 1 << 28, 1 << 22  # bytes of a file that is read ahead, and of its blocks
T = TypeVar("T")


class Stored(NamedTuple):
    """How an array lies in a file."""

    dtype: str  # numpy's name with the order of bytes, such as "<f4", or "bf16"
    shape: tuple[int, ...]
    fortran: bool = False  # the first axis varies fastest

    @property
    def size(self) -> int:
        """Number of elements, as an int of Python that can't wrap."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return 2 if self.dtype == BF16 else int(self.dtype[-1])

    @property
    def matrix(self) -> tuple[int, int]:
        """Rows and columns, if it is one matrix; a vector is one row."""
        *stack, m, n = (1, 1, *self.shape)
        if prod(stack) != 1:
            shown = " x ".join(map(str, self.shape))
            raise InputError(f"its shape {shown} is of a stack of matrices, and one is wanted")
        return m, n


def rows(stream: Stream, stored: Stored, layout: RowParser) -> Pieces:
    """Read an array from where it begins: of one axis it is one vector, of more the last is the row's.

    Where `layout` wants matrices the last two axes are one.
    """
    axes = 2 if layout.matrices else 1
    shape = (1,) * (axes - len(stored.shape)) + stored.shape
    unit = shape[-axes:]  # what stands for one row: a vector or a matrix
    each = prod(unit)
    total = stored.size // each
    strewn = stored.fortran and len(stored.shape) > 1  # every row lies all over the file
    size = AT_ONCE if _is_large(stream, stored) else BLOCK
    at_once = total if strewn else min(total, max(1, size // (8 * each)))
    what = (
        "an array in Fortran order" if strewn else f"one {'matrix' if axes > 1 else 'row'} of {each} numbers"
    )
    copies = 2 if strewn or stored.dtype != "<f8" else 1
    price((total if strewn else 1) * each * 8 * copies, what, layout.reading.max_memory)
    first = 1
    for flat, notes in _pieces(stream, stored, total, each, at_once):
        block = (flat.reshape(shape, order="F") if strewn else flat).reshape(-1, *unit)
        lines = range(first, first + len(block))
        first = lines.stop
        yield Block({layout.names[0]: block}, layout.source, lines, notes=notes)


def parts(stream: Stream, stored: Stored, at_once: int) -> Iterator[tuple[Array, tuple[str, ...]]]:
    """Read one matrix as blocks of whole rows (r, n) of about `at_once` bytes, each with its notes."""
    m, n = stored.matrix
    count = max(1, at_once // (8 * n))
    start = stream.taken
    if stored.fortran and min(m, n) > 1:
        yield from (
            _across(stream, stored, start, first, min(count, m - first)) for first in range(0, m, count)
        )
        return
    for flat, notes in _pieces(stream, stored, m, n, count):
        yield flat.reshape(-1, n), notes


def _pieces(
    stream: Stream, stored: Stored, rows: int, width: int, at_once: int
) -> Iterator[tuple[Array, tuple[str, ...]]]:
    """Read the elements of `at_once` rows at a time; of a large file, ahead of their use."""
    pieces = (elements(stream, min(at_once, rows - k) * width, stored) for k in range(0, rows, at_once))
    return ahead(pieces) if _is_large(stream, stored) else pieces


def _is_large(stream: Stream, stored: Stored) -> bool:
    return stream.seekable and stored.size * stored.itemsize >= LARGE


def ahead(pieces: Iterator[T]) -> Iterator[T]:
    """Give the same, and fetch each while the one before is worked on; it mustn't be written over.

    >>> list(ahead(iter("abc")))
    ['a', 'b', 'c']
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  15 ms, for large files alone

    with ThreadPoolExecutor(1) as reader:
        try:
            coming = reader.submit(next, pieces, None)
        except RuntimeError:  # no room for a thread
            yield from pieces
            return
        while (piece := coming.result()) is not None:
            coming = reader.submit(next, pieces, None)
            yield piece


def _across(
    stream: Stream, stored: Stored, start: int, first: int, count: int
) -> tuple[Array, tuple[str, ...]]:
    """Read some rows of a matrix in Fortran order: a piece of every column."""
    import numpy as np

    m, n = stored.matrix
    block = np.empty((count, n))
    said: tuple[str, ...] = ()
    for k in range(n):
        stream.seek(start + (k * m + first) * stored.itemsize)
        block[:, k], notes = elements(stream, count, stored)
        said = said or notes
    return block, said


def elements(stream: Stream, count: int, stored: Stored) -> tuple[Array, tuple[str, ...]]:
    """Read `count` elements as float64 (count,), and say whether any had to be rounded."""
    import numpy as np

    dtype = np.dtype("<u2" if stored.dtype == BF16 else stored.dtype)
    raw = np.empty(count, dtype)
    have = stream.fill(raw.view(np.uint8).data)
    if have < raw.nbytes:
        raise InputError(f"truncated: {have} of {raw.nbytes} bytes of the block")
    if stored.dtype == BF16:
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):  # a signalling nan of float32 becomes a quiet one
        values = raw.astype(np.float64, copy=False)
    wide = dtype.kind in "iu" and dtype.itemsize == 8
    return values, _rounded(raw, values) if wide else ()


def _rounded(raw: Any, values: Array) -> tuple[str, ...]:
    """Say so if an integer has more bits than a float64: it was rounded to even, as text is."""
    import numpy as np

    signed = raw.dtype.kind == "i"
    far = raw > EXACT
    if signed:
        far |= raw < -EXACT
    if not far.any():
        return ()
    top = 2.0**63 if signed else 2.0**64  # can't be turned back; no integer far out is 0
    back = np.where(values[far] < top, values[far], 0.0).astype(raw.dtype)
    return (f"{raw.dtype.name} values above 2^53 were rounded",) if (back != raw[far]).any() else ()


def exactly(stream: Stream, count: int) -> bytes:
    """Read `count` bytes of a header."""
    data = bytearray(count)
    if stream.fill(memoryview(data)) < count:
        raise InputError("truncated: it ends within its header")
    return bytes(data)
