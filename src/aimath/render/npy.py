"""The .npy writer: rows are streamed and the header is written last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.errors import InputError
from aimath.render.report_view import ReportView, select_fields
from aimath.render.sink import open_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aimath.core.numerics.types import Array
    from aimath.render.report_view import LayoutOptions
    from aimath.render.sink import AtomicFile
    from aimath.report import Report

HEADER_BYTES = 128  # bytes: room for any shape, and a multiple of 64 as the format asks


class NpyWriter:
    """A writer of one quantity as float64, (rows,) or (rows, ...), in NPY format version 1.0."""

    def __init__(self, layout: LayoutOptions, file: AtomicFile) -> None:
        self.layout, self.file = layout, file
        self.rows = 0
        self.shape: tuple[int, ...] = ()
        self.started = self.is_whole = False

    def write(self, report: Report) -> bytes:
        """Return the bytes of a block; all rows must have one shape."""
        if report.ids:
            why = "--id carries texts, and an .npy holds numbers alone"
            raise InputError(why, hint="use --out FILE.csv", usage=True)
        known = ReportView.of_lines(report, self.layout.fields)
        names = select_fields(known, self.layout.fields)
        parts = {name: values for name in names if (values := known[name]) is not None}
        for name, part in parts.items():
            if part.dtype.kind not in "fiub":
                raise InputError(f"{name} isn't a number: no .npy can hold it", usage=True)
        values = next(iter(parts.values()))
        if len(parts) > 1:
            values = np.concatenate([part.reshape(known.rows, -1) for part in parts.values()], axis=1)
        if self.started and values.shape[1:] != self.shape:
            new, first = ("x".join(map(str, shape)) or "1" for shape in (values.shape[1:], self.shape))
            why = f"an .npy holds rows of one length: a row has {new} numbers, the first {first}"
            raise InputError(why, hint="use --out FILE.txt or FILE.json")
        start = b"" if self.started else self._header()
        self.started, self.shape, self.rows = True, values.shape[1:], self.rows + known.rows
        self.is_whole = not known.lines
        return start + np.ascontiguousarray(values, dtype="<f8").tobytes()

    def finish(self) -> bytes:
        """Write the header into the space reserved for it."""
        if not self.started:
            return self._header()
        self.file.overwrite_start(self._header())
        return b""

    def _header(self) -> bytes:
        return _npy_header(self.shape if self.is_whole and self.rows == 1 else (self.rows, *self.shape))


def _npy_header(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    header = b"\x93NUMPY\x01\x00" + (HEADER_BYTES - 10).to_bytes(2, "little")
    return header + text.encode().ljust(HEADER_BYTES - 11) + b"\n"


def save_npy_files(files: Mapping[str, tuple[tuple[int, ...], Iterable[Array]]], option: str) -> None:
    """Write several .npy files from (shape, blocks of rows), all or none."""
    with open_together(files, option) as sinks:
        for sink, (shape, rows) in zip(sinks, files.values(), strict=True):
            sink.write(_npy_header(shape))
            for block in rows:
                sink.write(np.ascontiguousarray(block, "<f8").tobytes())
