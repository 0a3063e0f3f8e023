"""Files and stdin: the format by suffix, verified by content, and the reader for it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from aimath.errors import InputError
from aimath.read._stream import BOM, Stream, open_file
from aimath.read.blocks import STDIN, SUFFIXES, cut, memory_limit, price, price_text, suffix
from aimath.text import whence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.read._rows import RowParser
    from aimath.read.blocks import Pieces

_WAYS_OUT = {"utf-16": "iconv -f UTF-16 -t UTF-8", "utf-32": "iconv -f UTF-32 -t UTF-8", "gzip": "gzip -dc"}


def form_of(path: str, stream: Stream) -> str:
    """Give the form of an opened file by its suffix; what is no file at all is read as stdin is."""
    form = SUFFIXES.get(suffix(path), None if stream.size is not None else "text")
    if form is None:
        why = f"{whence(path)}: its suffix is none of {' '.join(SUFFIXES)}"
        raise InputError(why, hint="use --input-format FORM", usage=True)
    return form


def file(path: str, layout: RowParser) -> Pieces:
    """Read the rows of a file."""
    path, member = cut(path)
    with opened(path) as stream:
        form = layout.form or form_of(path, stream)
        yield from _read(stream, form, layout, member or layout.reading.key)


def piped(raw: BinaryIO | int, layout: RowParser) -> Pieces:
    """Read the rows of stdin: lines, unless it begins as an .npy does or --input-format says."""
    with _placed(STDIN):
        yield from _read(Stream(raw, STDIN), layout.form, layout, layout.reading.key)


@contextmanager
def opened(path: str) -> Iterator[Stream]:
    """Open a file to read; an error in what it holds gets its name."""
    stream = open_file(path)
    with stream.raw, _placed(path):
        yield stream


@contextmanager
def _placed(source: str) -> Iterator[None]:
    """Name the source in an error that doesn't."""
    try:
        yield
    except InputError as error:
        shown = whence(source)
        why = error.why if error.usage or shown in error.why else f"{shown}: {error.why}"
        raise InputError(why, hint=error.hint, usage=error.usage) from None


def _read(stream: Stream, form: str | None, layout: RowParser, member: str | None) -> Pieces:
    """Choose the reader; `form` None takes what the content looks like."""
    form = verified(stream, form)
    layout.settle(form)
    if layout.reading.column is not None and form in ("npy", "npz", "json", "safetensors"):
        hint = "use --key KEY" if form == "json" else "give a table: .csv, .tsv or .txt"
        raise InputError(f"--column picks a column of a table, and {form} is none", hint=hint, usage=True)
    if form == "safetensors":
        from aimath.read._safetensors import safetensors  # noqa: PLC0415  one format at a time

        return safetensors(stream, layout, member)
    if form in ("npy", "npz"):
        from aimath.read import _npy as arrays  # noqa: PLC0415  the same

        return arrays.npy(stream, layout) if form == "npy" else arrays.npz(stream, layout, member)
    if form == "json":
        from aimath.read import _json as structured  # noqa: PLC0415  one format at a time

        return structured.document(_whole(stream, layout), layout)
    from aimath.read._text import text  # noqa: PLC0415  the same

    return text(stream, layout)


def verified(stream: Stream, form: str | None) -> str:
    """Give the form of what is there, if it is what it should be; None takes what it looks like.

    Of text the byte order mark is passed over.
    """
    kind = stream.kind()
    form = form or ("npy" if kind == "npy" else "text")
    if form == "safetensors":  # begins with a length, which may look like anything; its reader is strict
        return form
    if kind in _WAYS_OUT:
        raise InputError(f"its content is {kind}", hint=f"convert it with {_WAYS_OUT[kind]}")
    if kind != (form if form in ("npy", "npz") else "text"):
        raise InputError(f"its content is {kind}, not {form}")
    if kind == "text":
        stream.ahead = stream.ahead.removeprefix(BOM)
    return form


def _whole(stream: Stream, layout: RowParser) -> bytes:
    """Read a JSON document, which is parsed whole."""
    limit = layout.reading.max_memory
    if stream.size is not None:
        price(4 * stream.size, "a JSON file", limit)
    data = stream.whole((memory_limit() if limit is None else limit) // 4)
    price_text(data, (b",",), "JSON", limit)
    return data
