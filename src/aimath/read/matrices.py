"""One matrix as blocks of rows, to be gone through again and again in bounded memory."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path  # noqa: TID253  this module is loaded only where it is needed
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._sources import form_of, opened, verified
from aimath.read.blocks import BadRow, asked_form, cut, is_named, located, memory_limit, price

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aimath.core.numerics.types import Array
    from aimath.read._elements import Stored
    from aimath.read._safetensors import Tensor
    from aimath.read._stream import Stream
    from aimath.read.blocks import Pieces, Reading

AT_ONCE = 1 << 22  # bytes of a block: large enough for a product of matrices to be fast
STREAMED = ("npy", "npz", "safetensors")
HELD = 1 << 29
"""A larger matrix, in bytes, is gone through block by block by the commands that can do so."""
COPIES = 4
"""So is one that so many times doesn't fit: what is computed of it takes room too."""


class RowBlocks:
    """A matrix of which a few rows are held: calling it gives its blocks (r, n), from the first again.

    `notes` says what happened to the numbers, once they have been read.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        blocks: Callable[[], Iterator[tuple[Array, tuple[str, ...]]]],
        source: str = "",
        *,
        dtype: str = "<f8",
    ) -> None:
        self.shape, self.source = shape, source
        self.dtype = dtype  # as stored; every block is float64
        self.notes: tuple[str, ...] = ()
        self._blocks = blocks

    def __call__(self) -> Iterator[Array]:
        """Go through the rows."""
        for block, notes in self._blocks():
            if notes and not set(notes) <= set(self.notes):
                self.notes = (*self.notes, *notes)
            yield block

    def whole(self, limit: int | None = None, copies: int = 1) -> Array:
        """Hold all rows (m, n), if `copies` of them are within the price."""
        import numpy as np

        m, n = self.shape
        shown = f"{m} x {n} float64 matrix"
        price(8 * m * n * copies, f"a {shown}" if copies == 1 else f"{copies} times a {shown}", limit)
        out, at = np.empty(self.shape), 0
        for block in self():
            if len(block) == m:
                return block
            out[at : at + len(block)] = block
            at += len(block)
        return out


def again(token: str, reading: Reading, at_once: int = AT_ONCE) -> RowBlocks | None:
    """Open what can be read again: a stored array or randn:MxN. None for what must be held whole."""
    if token.startswith("randn:"):
        from aimath.read._datasets import draws, extents  # noqa: PLC0415  only what is read from is loaded

        m, n = extents(token)
        return RowBlocks((m, n), lambda: ((block, ()) for block in draws(m, n, reading, at_once)), token)
    if is_named(token):
        return None
    path, name = cut(token)
    name = name or reading.key
    if not _is_file(path):
        return None
    with _opened(path, name, reading) as (stream, stored):
        # A member of a zip in Fortran order would be unpacked once for every column.
        if stored is None or (stored.fortran and min(stored.matrix) > 1 and not stream.seekable):
            return None
        shape, dtype, stamp = stored.matrix, stored.dtype, _stamp(stream)
    price(8 * shape[1], f"one row of {shape[1]} numbers", reading.max_memory)

    def blocks() -> Iterator[tuple[Array, tuple[str, ...]]]:
        from aimath.read._elements import parts  # noqa: PLC0415  the same

        with _opened(path, name, reading) as (stream, stored):
            if stored is None or _stamp(stream) != stamp:
                raise InputError("it was changed while it was read")
            yield from parts(stream, stored, at_once)

    return RowBlocks(shape, blocks, token, dtype=dtype)


def too_large(shape: tuple[int, int], limit: int | None) -> bool:
    """Tell whether a matrix is better gone through block by block than held."""
    size = 8 * shape[0] * shape[1]
    return size > HELD or (size > 1 << 24 and COPIES * size > (memory_limit() if limit is None else limit))


def _is_file(path: str) -> bool:
    """Tell a regular file from a pipe, which can be opened only once; opening says what is not there."""
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return True


@contextmanager
def _opened(path: str, name: str | None, reading: Reading) -> Iterator[tuple[Stream, Stored | None]]:
    """Open a file where its array begins; None if rows can't be read from it again."""
    with opened(path) as stream:
        form = asked_form(reading.input_format) or form_of(path, stream)
        if form not in STREAMED:
            yield stream, None
            return
        verified(stream, form)
        if form == "safetensors":
            from aimath.read import _safetensors as safetensors  # noqa: PLC0415  one format at a time

            yield stream, safetensors.placed(stream, name)
            return
        from aimath.read import _npy as arrays  # noqa: PLC0415  the same

        if form == "npy":
            yield stream, arrays.header(stream)
        else:
            with arrays.member(stream, name) as inner:
                yield inner, arrays.header(inner)


def _stamp(stream: Stream) -> tuple[int, ...]:
    """Give what changes when a file does."""
    if not stream.seekable:
        return ()
    status = os.fstat(stream.raw.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def held(pieces: Pieces, name: str) -> RowBlocks:
    """Take the one matrix that was read whole."""
    first = next(pieces, None)
    if first is None:
        raise InputError(f"{name}: there are no rows", operand=name)
    second = next(pieces, None)
    for piece in (first, second):
        if isinstance(piece, BadRow):
            raise located(piece)
    if isinstance(first, BadRow) or second is not None or len(first.operands[name]) != 1:
        raise InputError(f"{name}: several matrices are given, and one is wanted", operand=name)
    [matrix] = first.operands[name]
    notes = first.notes
    return RowBlocks(matrix.shape, lambda: iter([(matrix, notes)]), first.source)


def tensors(path: str) -> list[Tensor]:
    """List every array of a file of weights: name, dtype and shape, in the order in which they lie.

    An .npy has one, without a name.
    """
    # Only what is read from is loaded.
    from aimath.read import _npy as arrays, _safetensors as safetensors  # noqa: PLC0415

    with opened(path) as stream:
        form = form_of(path, stream)
        if form not in STREAMED:
            raise InputError("it does not hold weights", hint=f"weights come as {', '.join(STREAMED)}")
        verified(stream, form)
        if form == "safetensors":
            return safetensors.tensors(stream)
        found = arrays.members(stream) if form == "npz" else [("", arrays.header(stream))]
        return [safetensors.Tensor(name, stored.dtype, stored.shape) for name, stored in found]
