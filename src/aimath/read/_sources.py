"""Files and standard input: format by suffix, checked by content, and its reader."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from aimath.errors import InputError
from aimath.read._compressed import MAGIC, PROGRAMS
from aimath.read._foreign import conversion_hint
from aimath.read._stream import BOM, Stream, open_file
from aimath.read.blocks import (
    FORMAT_BY_SUFFIX,
    STDIN,
    check_budget,
    check_text_budget,
    data_suffix,
    memory_limit,
    split_archive_path,
)
from aimath.text import display_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.read.blocks import BlockIterator
    from aimath.read.text._rows import RowParser

BINARY_FORMATS = ("npy", "npz", "parquet", "arrow")
"""Formats that their first bytes tell for sure."""
_CONVERSIONS = {
    "utf-16": "iconv -f UTF-16 -t UTF-8",
    "utf-32": "iconv -f UTF-32 -t UTF-8",
}


def detect_format(path: str, stream: Stream) -> str:
    """Return the format of an opened file by its suffix; what is not a regular file is text."""
    form = FORMAT_BY_SUFFIX.get(data_suffix(path), None if stream.size is not None else "text")
    if form is None:
        why = f"its suffix is none of {' '.join(FORMAT_BY_SUFFIX)}"
        hint = conversion_hint(path) or "use --input-format FORM"
        raise InputError(why, hint=hint, usage=True).within(display_path(path))
    return form


def read_file(path: str, parser: RowParser) -> BlockIterator:
    """Read the rows of a file."""
    path, member = split_archive_path(path)
    with open_source(path) as stream:
        form = parser.format_name or detect_format(path, stream)
        yield from _read_stream(stream, form, parser, member or parser.read_options.key)


def open_stdin(raw: BinaryIO | int, parser: RowParser) -> BlockIterator:
    """Yield the rows of standard input: text unless .npy is detected or --input-format is given."""
    with locate_errors(STDIN):
        yield from _read_stream(Stream(raw, STDIN), parser.format_name, parser, parser.read_options.key)


@contextmanager
def open_source(path: str) -> Iterator[Stream]:
    """Open a file for reading, with its name added to errors about its content."""
    stream = open_file(path)
    with stream.raw, locate_errors(path):
        yield stream


@contextmanager
def locate_errors(source: str) -> Iterator[None]:
    """Add the name of the source to errors that have no place."""
    try:
        yield
    except InputError as error:
        if not (error.usage or error.places):
            error.within(display_path(source))
        raise


def _read_stream(
    stream: Stream, format_name: str | None, parser: RowParser, member: str | None
) -> BlockIterator:
    """Return the rows of a stream by the reader of its format, which is detected if `format_name` is None."""
    format_name = sniff_format(stream, format_name)
    if format_name == "text" and parser.delimiter is None and _opens_document(stream):
        stream, format_name = _read_on(stream, parser)
    parser.set_format(format_name)
    if format_name != "text":  # of that the first line says what it is
        parser.refuse_idle(format_name)
    if format_name in ("npy", "npz", "json", "safetensors"):
        is_json = format_name == "json"
        hint = "use --key KEY in place of --column" if is_json else "give a table: .csv, .tsv or .txt"
        parser.refuse_columns(format_name, hint)
    if format_name == "safetensors":
        from aimath.read.binary._safetensors import read_safetensors  # noqa: PLC0415  one format at a time

        return read_safetensors(stream, parser, member)
    if format_name in ("npy", "npz"):
        from aimath.read.binary import _npy as arrays  # noqa: PLC0415  the same

        return (
            arrays.read_npy(stream, parser)
            if format_name == "npy"
            else arrays.read_npz(stream, parser, member)
        )
    if format_name in ("parquet", "arrow"):
        from aimath.read.binary._arrow import read_arrow  # noqa: PLC0415  the same

        return read_arrow(stream, parser, format_name)
    from aimath.read.text._text import gather_rows, merge_blocks, read_text  # noqa: PLC0415  the same

    if format_name == "json":
        from aimath.read.text import _json as structured  # noqa: PLC0415  one format at a time

        blocks = structured.parse_document(_read_json_document(stream, parser), parser)
        if parser.matrix_names:
            return gather_rows(chain(blocks, (None,)), parser)
        return (block for block in merge_blocks(blocks) if block is not None)
    if parser.read_options.by_column and format_name != "ndjson":
        from aimath.read.text._columns import TableParser  # noqa: PLC0415  the same

        return TableParser(parser).blocks(stream)
    return read_text(stream, parser)


def sniff_format(stream: Stream, format_name: str | None) -> str:
    """Return the format detected from the content, or raise InputError if it contradicts `format_name`.

    Of text the byte order mark is passed over.
    """
    kind = stream.sniff()
    format_name = format_name or (kind if kind in ("npy", "parquet", "arrow") else "text")
    if (
        format_name == "safetensors"
    ):  # begins with a length, which may look like anything; its reader is strict
        return format_name
    if kind in MAGIC.values():
        why = f"it is compressed twice: its content is {kind}"
        raise InputError(why, hint=f"inflate it first: {PROGRAMS[kind]}")
    if kind in _CONVERSIONS:
        raise InputError(f"its content is {kind}", hint=f"convert it with {_CONVERSIONS[kind]}")
    if kind != (format_name if format_name in BINARY_FORMATS else "text"):
        raise InputError(f"its content is {kind}, not {format_name}")
    if kind == "text":
        stream.lookahead = stream.lookahead.removeprefix(BOM)
    return format_name


def _opens_document(stream: Stream) -> bool:
    """Return whether text begins with a line of JSON that leaves a bracket open, as of a pretty document."""
    line = stream.first_line() if stream.lookahead.lstrip()[:1] in (b"[", b"{") else b""
    bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", line)
    return sum(map(bare.count, (b"[", b"{"))) > sum(map(bare.count, (b"]", b"}")))


def _read_on(stream: Stream, parser: RowParser) -> tuple[Stream, str]:
    """Return a stream of what is left and its format: JSON if it is one document, else text."""
    from aimath.read.text import _json as structured  # noqa: PLC0415  one format at a time

    data = _read_json_document(stream, parser)
    held = Stream(io.BytesIO(data), stream.source)
    try:
        structured.loads(data)
    except InputError:
        _, *others = data.strip().split(b"\n")
        if not others or any(map(structured.is_whole, others)):  # lines, of which the first is odd
            return held, "text"
    return held, "json"


def _read_json_document(stream: Stream, parser: RowParser) -> bytes:
    """Return a whole JSON document, within the memory limit."""
    limit = parser.read_options.max_memory
    if stream.size is not None:
        check_budget(4 * stream.size, "a JSON file", limit)
    data = stream.read_all((memory_limit() if limit is None else limit) // 4)
    check_text_budget(data, (b",",), "JSON", limit)
    return data
