"""Binary array elements to blocks of float64 rows, shared by .npy and .safetensors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aimath.errors import InputError
from aimath.read._stream import BLOCK_BYTES
from aimath.read.blocks import Block, RowRange, check_budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream
    from aimath.read.blocks import BlockIterator
    from aimath.read.text._rows import RowParser

BF16 = "bf16"  # the upper half of a float32; numpy has no such type
MAX_EXACT_INT = 1 << 53  # float64 holds every integer up to here
PREFETCH_BYTES, PREFETCH_BLOCK_BYTES = (
    1 << 28,
    1 << 22,
)  # bytes of a file that is read ahead, and of its blocks
HALF_PRECISION = {
    "<f2": ("float16", 2.0**-11, 3e-8),
    ">f2": ("float16", 2.0**-11, 3e-8),
    BF16: ("bfloat16", 2.0**-8, 0.0),
}
"""Of dtypes of half precision: the name, and what rounding moves a sum of 1 by, in all and for each entry."""
T = TypeVar("T")


class StoredArray(NamedTuple):
    """The dtype, shape and memory order of an array in a file."""

    dtype: str  # numpy's name with the order of bytes, such as "<f4", or "bf16"
    shape: tuple[int, ...]
    fortran_order: bool = False  # the first axis varies fastest

    @property
    def size(self) -> int:
        """The number of elements, as an unbounded int."""
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return 2 if self.dtype == BF16 else int(self.dtype[-1])

    @property
    def matrix_shape(self) -> tuple[int, int]:
        """The shape (m, n) as one matrix; a vector is one row."""
        *stack, m, n = (1, 1, *self.shape)
        if prod(stack) != 1:
            shown = " x ".join(map(str, self.shape))
            raise InputError(f"its shape {shown} is of a stack of matrices, and one is wanted")
        return m, n


def read_rows(stream: Stream, stored: StoredArray, parser: RowParser) -> BlockIterator:
    """Yield blocks of an array's rows; one axis is one vector, of more the last is the row's.

    Where `layout` wants matrices the last two axes are one, of stacked ones the last three.
    """
    axes = 1
    if parser.matrix_names:
        axes = 3 if parser.stacked and len(stored.shape) > 2 else 2
    shape = (1,) * (axes - len(stored.shape)) + stored.shape
    unit = shape[-axes:]  # what stands for one row: a vector or a matrix
    each = prod(unit)
    total = stored.size // each
    strewn = stored.fortran_order and len(stored.shape) > 1  # every row lies all over the file
    size = PREFETCH_BLOCK_BYTES if _is_large(stream, stored) else BLOCK_BYTES
    at_once = total if strewn else min(total, max(1, size // (8 * each)))
    what = (
        "an array in Fortran order" if strewn else f"one {'matrix' if axes > 1 else 'row'} of {each} numbers"
    )
    copies = 2 if strewn or stored.dtype != "<f8" else 1
    check_budget((total if strewn else 1) * each * 8 * copies, what, parser.read_options.max_memory)
    apart = stream.seekable and not strewn and axes == 1 and total > 1
    asked = parser.read_options.range if apart else None
    if asked and asked.start:
        stream.seek(stream.position + asked.start * each * stored.itemsize)
    chunks = _read_chunks(stream, stored, each, _spans(total, at_once, asked))
    for (at, _), (flat, notes) in zip(_spans(total, at_once, asked), chunks, strict=True):
        block = (flat.reshape(shape, order="F") if strewn else flat).reshape(-1, *unit)
        lines: Sequence[int] = range(at + 1, at + 1 + len(block))
        name, missing = parser.names[0], 0
        said = _divide_out(block, stored.dtype) if name in parser.distributions and axes == 1 else ()
        if parser.read_options.missing == "skip":
            block, lines, missing = _without_missing(block, lines)
        if block.size:
            number = None if asked is None else at // asked.unit_rows
            yield Block(
                {name: block}, parser.source, lines, notes=notes, missing=missing, said=said, unit=number
            )


def _spans(total: int, at_once: int, asked: RowRange | None = None) -> Iterator[tuple[int, int]]:
    """Yield the first row and the count of blocks of rows, all or those of a range, cut where units end."""
    start, stop, unit = asked or (0, None, total)
    stop = total if stop is None else min(stop, total)
    while start < stop:
        count = min(at_once, stop - start, unit - start % unit)
        yield start, count
        start += count


def _divide_out(block: Array, dtype: str) -> tuple[str, ...]:
    """Divide rows of probabilities of half precision by their sums, where rounding explains what they miss.

    Return what was done, or nothing. Rounding moves a sum of 1 by at most 2^-11 or 2^-8, and by 3e-8 for
    each entry of float16 that is below its normal numbers.
    """
    import numpy as np

    if dtype not in HALF_PRECISION:
        return ()
    name, least, each = HALF_PRECISION[dtype]
    sums = block.sum(axis=1)
    off = np.abs(sums - 1.0)
    close = (off <= least + each * block.shape[1]) & (off > 0.0) & (block >= 0.0).all(axis=1)
    if not close.any():
        return ()
    block[close] /= sums[close, None]
    return (f"{name} probabilities were divided by their sums, which rounding had moved from 1",)


def _without_missing(block: Array, lines: Sequence[int]) -> tuple[Array, Sequence[int], int]:
    """Return rows without those that lack an entry; or one vector without what it lacks, and its count."""
    import numpy as np

    gaps: Any = np.isnan(block)
    if not gaps.any():
        return block, lines, 0
    if block.ndim > 2:
        whole = gaps.any(axis=-1)
        if len(block) > 1:
            why = "a matrix of several lacks an entry, and without its row it would be of another size"
            raise InputError(why, hint="use --missing nan")
        return block[:, ~whole[0]], lines, 0
    if len(block) == 1:
        return block[:, ~gaps[0]], lines, int(gaps.sum())
    kept = ~gaps.any(axis=1)
    return block[kept], [line for line, there in zip(lines, kept.tolist(), strict=True) if there], 0


def read_row_blocks(
    stream: Stream, stored: StoredArray, block_bytes: int, asked: RowRange | None = None
) -> Iterator[tuple[Array, tuple[str, ...]]]:
    """Yield one matrix in blocks of whole rows (r, n) of about `block_bytes` bytes, each with its notes.

    Of a range, which no matrix in Fortran order has, blocks begin anew in each unit.
    """
    m, n = stored.matrix_shape
    count = max(1, block_bytes // (8 * n))
    start = stream.position
    if stored.fortran_order and min(m, n) > 1:
        yield from (
            _read_fortran_rows(stream, stored, start, first, min(count, m - first))
            for first in range(0, m, count)
        )
        return
    if asked and asked.start:
        stream.seek(start + asked.start * n * stored.itemsize)
    for flat, notes in _read_chunks(stream, stored, n, _spans(m, count, asked)):
        yield flat.reshape(-1, n), notes


def _read_chunks(
    stream: Stream, stored: StoredArray, width: int, spans: Iterable[tuple[int, int]]
) -> Iterator[tuple[Array, tuple[str, ...]]]:
    """Yield the elements of spans of rows, one behind the other, prefetched if the file is large."""
    pieces = (read_elements(stream, count * width, stored) for _, count in spans)
    return prefetch(pieces) if _is_large(stream, stored) else pieces


def _is_large(stream: Stream, stored: StoredArray) -> bool:
    return stream.seekable and stored.size * stored.itemsize >= PREFETCH_BYTES


def prefetch(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items, each fetched in a thread while the previous one is processed.

    >>> list(prefetch(iter("abc")))
    ['a', 'b', 'c']
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  15 ms, for large files alone

    with ThreadPoolExecutor(1) as reader:
        try:
            coming = reader.submit(next, items, None)
        except RuntimeError:  # no room for a thread
            yield from items
            return
        while (piece := coming.result()) is not None:
            coming = reader.submit(next, items, None)
            yield piece


def _read_fortran_rows(
    stream: Stream, stored: StoredArray, start: int, first: int, count: int
) -> tuple[Array, tuple[str, ...]]:
    """Return some rows of a matrix in Fortran order, read column by column."""
    import numpy as np

    m, n = stored.matrix_shape
    block = np.empty((count, n))
    said: tuple[str, ...] = ()
    for k in range(n):
        stream.seek(start + (k * m + first) * stored.itemsize)
        block[:, k], notes = read_elements(stream, count, stored)
        said = said or notes
    return block, said


def read_elements(stream: Stream, count: int, stored: StoredArray) -> tuple[Array, tuple[str, ...]]:
    """Return `count` elements as float64 (count,), and notes if any had to be rounded."""
    import numpy as np

    dtype = np.dtype("<u2" if stored.dtype == BF16 else stored.dtype)
    raw = np.empty(count, dtype)
    have = stream.read_into(raw.view(np.uint8).data)
    if have < raw.nbytes:
        raise InputError(f"truncated: {have} of {raw.nbytes} bytes of the block")
    if stored.dtype == BF16:
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):  # a signalling nan of float32 becomes a quiet one
        values = raw.astype(np.float64, copy=False)
    wide = dtype.kind in "iu" and dtype.itemsize == 8
    return values, rounding_notes(raw, values) if wide else ()


def rounding_notes(raw: Any, values: Array) -> tuple[str, ...]:
    """Return a note if an integer was rounded to float64."""
    import numpy as np

    signed = raw.dtype.kind == "i"
    far = raw > MAX_EXACT_INT
    if signed:
        far |= raw < -MAX_EXACT_INT
    if not far.any():
        return ()
    top = 2.0**63 if signed else 2.0**64  # can't be turned back; no integer far out is 0
    back = np.where(values[far] < top, values[far], 0.0).astype(raw.dtype)
    return (f"{raw.dtype.name} values above 2^53 were rounded",) if (back != raw[far]).any() else ()


def read_exactly(stream: Stream, count: int) -> bytes:
    """Return exactly `count` bytes, or raise InputError at the end of the file."""
    data = bytearray(count)
    if stream.read_into(memoryview(data)) < count:
        raise InputError("truncated: it ends within its header")
    return bytes(data)
