"""The writer of .npy files: rows as they come, the header last, when their number is known."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from aimath.errors import InputError
from aimath.render.fields import Quantities, chosen
from aimath.render.sink import AtomicFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aimath.core.numerics.types import Array
    from aimath.render.fields import Wanted
    from aimath.report import Report

HEADER = 128  # bytes: room for any shape, and a multiple of 64 as the format asks


class Npy:
    """One quantity as float64, (rows,) or (rows, ...); NEP 1's format, version 1."""

    def __init__(self, wanted: Wanted, file: AtomicFile) -> None:
        self.wanted, self.file = wanted, file
        self.rows = 0
        self.shape: tuple[int, ...] = ()
        self.begun = self.whole = False

    def write(self, report: Report) -> bytes:
        """Give the block's values; all rows must have one shape."""
        report = report.spread()
        known = Quantities(report)
        names = chosen(known, self.wanted.fields)
        parts = {name: values for name in names if (values := known[name]) is not None}
        for name, part in parts.items():
            if part.dtype.kind not in "fiub":
                raise InputError(f"{name} isn't a number: no .npy can hold it", usage=True)
        values = next(iter(parts.values()))
        if len(parts) > 1:
            values = np.concatenate([part.reshape(report.rows, -1) for part in parts.values()], axis=1)
        if self.begun and values.shape[1:] != self.shape:
            new, first = ("x".join(map(str, shape)) or "1" for shape in (values.shape[1:], self.shape))
            why = f"an .npy holds rows of one length: a row has {new} numbers, the first {first}"
            raise InputError(why, hint="use --out FILE.txt or FILE.json")
        start = b"" if self.begun else self._header()
        self.begun, self.shape, self.rows = True, values.shape[1:], self.rows + report.rows
        self.whole = report.whole
        return start + np.ascontiguousarray(values, dtype="<f8").tobytes()

    def end(self) -> bytes:
        """Write the header over the room that was kept for it."""
        if not self.begun:
            return self._header()
        self.file.rewrite(self._header())
        return b""

    def _header(self) -> bytes:
        return _header(self.shape if self.whole and self.rows == 1 else (self.rows, *self.shape))


def _header(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    header = b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little")
    return header + text.encode().ljust(HEADER - 11) + b"\n"


def save_together(files: Mapping[str, tuple[tuple[int, ...], Iterable[Array]]], option: str) -> None:
    """Write an option's files of (shape, blocks of rows) so that an error leaves the old ones there."""
    with ExitStack() as opened:
        sinks = [opened.enter_context(AtomicFile(path, option)) for path in files]
        for sink, (shape, rows) in zip(sinks, files.values(), strict=True):
            sink.write(_header(shape))
            for block in rows:
                sink.write(np.ascontiguousarray(block, "<f8").tobytes())
