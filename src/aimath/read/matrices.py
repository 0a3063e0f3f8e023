"""Matrices as re-iterable blocks of rows in bounded memory."""

from __future__ import annotations

import itertools
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError
from aimath.read._sources import detect_format, open_source, sniff_format
from aimath.read.blocks import (
    UNIT_ROWS,
    BadRow,
    RowRange,
    check_budget,
    is_dataset,
    memory_limit,
    resolve_input_format,
    split_archive_path,
    with_location,
)
from aimath.text import display_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aimath.core.numerics.types import Array
    from aimath.core.numerics.units import Begin
    from aimath.read._stream import Stream
    from aimath.read.binary._elements import StoredArray
    from aimath.read.binary._safetensors import TensorInfo
    from aimath.read.blocks import BlockIterator, ReadOptions

BLOCK_BYTES = 1 << 22  # bytes of a block: large enough for a product of matrices to be fast
STREAMABLE_FORMATS = ("npy", "npz", "safetensors")
MAX_HELD_BYTES = 1 << 29
"""A larger matrix, in bytes, is gone through block by block by the commands that can do so."""
WORKING_COPIES = 4
"""So is one that so many times doesn't fit: what is computed of it takes room too."""
SMALL_BYTES = 1 << 24
"""A matrix of so many bytes is held in any case."""


class RowBlocks:
    """A matrix read in blocks: each call iterates over its blocks (r, n) from the start.

    Its rows are units of work (core/numerics/units.py: Units). `notes` says what happened to the numbers,
    once they have been read.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        blocks: Callable[[], Iterator[tuple[Array, tuple[str, ...]]]],
        source: str = "",
        *,
        dtype: str = "<f8",
        divided: Callable[[RowRange], Iterator[tuple[Array, tuple[str, ...]]]] | None = None,
        read_options: ReadOptions | None = None,
    ) -> None:
        self.shape, self.source, self.read_options = shape, source, read_options
        self._divided = divided  # where rows are found without reading those before them
        self.unit_rows = UNIT_ROWS
        self.reducer: Callable[[RowBlocks, Begin], Any] | None = None  # what shares the units, if anything
        self.dtype = dtype  # as stored; every block is float64
        self.notes: tuple[str, ...] = ()
        self._blocks = blocks

    def __call__(self) -> Iterator[Array]:
        """Iterate over the blocks of rows."""
        for block, notes in self._blocks():
            self._note(notes)
            yield block

    @property
    def is_divisible(self) -> bool:
        """Whether another process can read some of its rows."""
        return self._divided is not None

    def count_units(self) -> int:
        """Return how many units its rows are."""
        return -(-self.shape[0] // self.unit_rows)

    def name_of_unit(self, unit: int) -> str:
        """Return what a unit is, for messages."""
        first = unit * self.unit_rows
        last = min(first + self.unit_rows, self.shape[0])
        return f"rows {first + 1} to {last} of {display_path(self.source)}"

    def first_block(self) -> Array | None:
        """Return the first block of rows, None if there is none."""
        return next(iter(self()), None)

    def reduce(self, begin: Begin) -> Any:
        """Return one accumulator of all rows, None of none; `begin` gives that of a unit by its number."""
        if self.reducer is not None:
            return self.reducer(self, begin)
        return self.learn(begin, 0, self.count_units()).merged()

    def learn(self, begin: Begin, first: int, stop: int) -> Any:
        """Return the tree of what accumulators learn of some units, each of which gets its own blocks."""
        from aimath.core.numerics.accumulators import MergeTree

        tree = MergeTree(first)
        for unit, blocks in itertools.groupby(self._unit_blocks(first, stop), lambda one: one[0]):
            found = begin(unit)
            for _, block in blocks:
                found.update(block)
            tree.add(found)
        return tree

    def _unit_blocks(self, first: int, stop: int) -> Iterator[tuple[int, Array]]:
        """Yield the blocks of some units, cut where units end, with the numbers of their units."""
        start, end = first * self.unit_rows, stop * self.unit_rows
        if self._divided is None:
            at, blocks = 0, self._blocks()
        else:
            at, blocks = start, self._divided(RowRange(start, end, self.unit_rows))
        for block, notes in blocks:
            self._note(notes)
            row = 0
            while row < len(block) and at < end:
                count = min(len(block) - row, self.unit_rows - at % self.unit_rows)
                if at >= start:
                    yield at // self.unit_rows, block[row : row + count]
                row, at = row + count, at + count

    def _note(self, notes: tuple[str, ...]) -> None:
        if notes and not set(notes) <= set(self.notes):
            self.notes = (*self.notes, *notes)

    def to_array(self, limit: int | None = None, copies: int = 1) -> Array:
        """Return all rows (m, n) if `copies` of them are within the memory limit."""
        import numpy as np

        m, n = self.shape
        shown = f"{m} x {n} float64 matrix"
        check_budget(8 * m * n * copies, f"a {shown}" if copies == 1 else f"{copies} times a {shown}", limit)
        out, at = np.empty(self.shape), 0
        for block in self():
            if len(block) == m:
                return block
            out[at : at + len(block)] = block
            at += len(block)
        return out


def reopen(token: str, read_options: ReadOptions, block_bytes: int = BLOCK_BYTES) -> RowBlocks | None:
    """Return a re-iterable matrix for a stored array or randn:MxN, or None for other sources."""
    if token.startswith("randn:"):
        from aimath.read._datasets import draw_blocks, parse_shape  # noqa: PLC0415  only what is read from is loaded

        count, m, n = parse_shape(token)
        if count > 1:
            return None
        return RowBlocks(
            (m, n), lambda: ((block, ()) for block in draw_blocks(m, n, read_options, block_bytes)), token
        )
    if is_dataset(token):
        return None
    path, name = split_archive_path(token)
    name = name or read_options.key
    if not _is_regular_file(path):
        return None
    with open_array(path, name, read_options) as (stream, stored):
        # A member of a zip in Fortran order would be unpacked once for every column.
        strewn = stored is not None and stored.fortran_order and min(stored.matrix_shape) > 1
        if stored is None or (strewn and not stream.seekable):
            return None
        shape, dtype, stamp = stored.matrix_shape, stored.dtype, _file_signature(stream)
        divisible = stream.seekable and not strewn
    check_budget(8 * shape[1], f"one row of {shape[1]} numbers", read_options.max_memory)

    def blocks(asked: RowRange | None = None) -> Iterator[tuple[Array, tuple[str, ...]]]:
        from aimath.read.binary._elements import read_row_blocks  # noqa: PLC0415  the same

        with open_array(path, name, read_options) as (stream, stored):
            if stored is None or _file_signature(stream) != stamp:
                raise InputError("it was changed while it was read")
            yield from read_row_blocks(stream, stored, block_bytes, asked)

    divided = blocks if divisible else None
    return RowBlocks(shape, blocks, token, dtype=dtype, divided=divided, read_options=read_options)


def should_stream(shape: tuple[int, int], limit: int | None) -> bool:
    """Return whether a matrix should be streamed in blocks rather than held."""
    size = 8 * shape[0] * shape[1]
    return size > MAX_HELD_BYTES or (
        size > SMALL_BYTES and WORKING_COPIES * size > (memory_limit() if limit is None else limit)
    )


def limit_to_stream(shape: tuple[int, int]) -> int | None:
    """Return a memory limit, in bytes, that makes a matrix be streamed; None if it is held in any case."""
    size = 8 * shape[0] * shape[1]
    return WORKING_COPIES * size // 2 if size > SMALL_BYTES else None


def _is_regular_file(path: str) -> bool:
    """Return whether a path is a regular file; a missing one counts, as opening it reports the error."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  2 ms for pathlib
    except (OSError, ValueError):
        return True


@contextmanager
def open_array(
    path: str, name: str | None, read_options: ReadOptions
) -> Iterator[tuple[Stream, StoredArray | None]]:
    """Open a file at the start of its array; None if its rows can't be re-read."""
    with open_source(path) as stream:
        form = resolve_input_format(read_options.input_format) or detect_format(path, stream)
        if form not in STREAMABLE_FORMATS:
            yield stream, None
            return
        sniff_format(stream, form)
        if form == "safetensors":
            from aimath.read.binary import _safetensors as safetensors  # noqa: PLC0415  one format at a time

            yield stream, safetensors.seek_tensor(stream, name)
            return
        from aimath.read.binary import _npy as arrays  # noqa: PLC0415  the same

        if form == "npy":
            yield stream, arrays.read_header(stream)
        else:
            with arrays.open_member(stream, name) as inner:
                yield inner, arrays.read_header(inner)


def _file_signature(stream: Stream) -> tuple[int, ...]:
    return stream.signature() if stream.seekable else ()


def read_single_matrix(blocks: BlockIterator, name: str) -> RowBlocks:
    """Take the one matrix that was read whole."""
    first = next(blocks, None)
    if first is None:
        raise InputError("there are no rows", operand=name).within(name)
    second = next(blocks, None)
    for piece in (first, second):
        if isinstance(piece, BadRow):
            raise with_location(piece)
    if isinstance(first, BadRow) or second is not None or len(first.operands[name]) != 1:
        raise InputError("several matrices are given, and one is wanted", operand=name).within(name)
    [matrix] = first.operands[name]
    notes = first.notes
    return RowBlocks(matrix.shape, lambda: iter([(matrix, notes)]), first.source)


def list_tensors(path: str) -> list[TensorInfo]:
    """Return name, dtype and shape of every array of a file, in file order.

    An .npy has one, without a name.
    """
    # Only what is read from is loaded.
    from aimath.read.binary import _npy as arrays, _safetensors as safetensors  # noqa: PLC0415

    with open_source(path) as stream:
        form = detect_format(path, stream)
        if form not in STREAMABLE_FORMATS:
            raise InputError(
                "it does not hold weights", hint=f"weights come as {', '.join(STREAMABLE_FORMATS)}"
            )
        sniff_format(stream, form)
        if form == "safetensors":
            return safetensors.list_tensors(stream)
        found = arrays.list_members(stream) if form == "npz" else [("", arrays.read_header(stream))]
        return [safetensors.TensorInfo(name, stored.dtype, stored.shape) for name, stored in found]
