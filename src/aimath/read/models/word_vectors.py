"""Readers of word vectors: word2vec and GloVe text, or a stored array with a list of labels."""

from __future__ import annotations

import re
from math import isfinite
from pathlib import PurePath  # noqa: TID253  this module is loaded only where it is needed
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, pluralize
from aimath.read._sources import open_source, sniff_format
from aimath.read._stream import line_chunks
from aimath.read.blocks import ReadOptions, check_budget, memory_limit, split_archive_path
from aimath.read.lines import open_text
from aimath.read.matrices import STREAMABLE_FORMATS, reopen
from aimath.read.numbers import parse_number
from aimath.read.text._fast_text import fast_parse
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream

    Rows = NDArray[np.float64 | np.float32]

SINGLE_PRECISION_BYTES = 16 << 20  # bytes of text from which on vectors are held as float32
_HEADER = re.compile(rb"([0-9]{1,9})[ \t]+([1-9][0-9]{0,8})[ \t]*\r?")
_BLANKS = re.compile(rb"[ \t]+")  # any others, such as a no-break space, are signs of a word
_FLOAT32_DTYPES = ("<f4", ">f4", "<f2", ">f2", "bf16")  # what float32 holds without rounding


class WordVectors(NamedTuple):
    """Labels and their vectors."""

    labels: tuple[str, ...]  # (n,)
    vectors: Rows  # (n, d) finite
    notes: tuple[str, ...] = ()


def read_word_vectors(
    path: str,
    labels: str | None = None,
    read_options: ReadOptions = ReadOptions(),  # noqa: B008  immutable
) -> WordVectors:
    """Read words and their vectors (n, d).

    Text has a word and its d numbers on every line; the first line may hold n and d, as word2vec's
    does. The words of an .npy, .npz or .safetensors stand one a line in the file `labels`, or beside
    it in a .txt of the same name. An array of float32 is held as such, and so is text of over 16 MiB.
    """
    file = PurePath(split_archive_path(path)[0])
    if file.suffix.lower()[1:] in STREAMABLE_FORMATS:
        found, notes = _read_array(path, read_options)
        names = _read_labels(labels or str(file.with_suffix(".txt")), len(found))
    else:
        notes = ()
        with open_text(path) as stream:
            sniff_format(stream, "text")
            single = stream.size is None or stream.size > SINGLE_PRECISION_BYTES
            names, found = _TextReader(stream, read_options, single_precision=single).read()
    twice = len(names) - len(set(names))
    if twice:
        notes += (f"{twice} word{'s are' if twice > 1 else ' is'} there twice: the first vector counts",)
    return WordVectors(tuple(names), found, notes)


class _TextReader:
    """A reader of text lines with a label and d numbers each."""

    def __init__(self, stream: Stream, read_options: ReadOptions, *, single_precision: bool) -> None:
        self.stream, self.single_precision = stream, single_precision
        self.limit = memory_limit() if read_options.max_memory is None else read_options.max_memory
        self.labels: list[str] = []
        self.buffer = bytearray()  # of all vectors: it grows in place, as arrays do not from numpy 2.5 on
        self.dtype: Any = None
        self.declared_count: int | None = None  # words, by the header
        self.width = 0

    def read(self) -> tuple[list[str], Rows]:
        """Return all labels and vectors."""
        import numpy as np

        line = 1
        for chunk in line_chunks(self.stream, self.limit):
            data = chunk
            if not self.width:
                data = self._take_header(chunk)
                line += self.declared_count is not None
            if data:
                self._add(data, line)
                line += data.count(b"\n")
        if self.declared_count not in (None, len(self.labels)):
            raise InputError(
                f"its header claims {self.declared_count} words, and {len(self.labels)} are there"
            )
        if not self.labels:
            raise InputError("there are no words")
        return self.labels, np.frombuffer(self.buffer, self.dtype).reshape(-1, self.width)

    def _take_header(self, data: bytes) -> bytes:
        """Remove the header, if there is one, and set the width of the vectors."""
        first, _, rest = data.partition(b"\n")
        header = _HEADER.fullmatch(first)
        if header and (not rest or len(_split_blanks(rest.partition(b"\n")[0])) == int(header[2]) + 1):
            self.declared_count, self.width = int(header[1]), int(header[2])
            return rest
        self.width = max(1, len(_split_blanks(first)) - 1)
        return data

    def _add(self, data: bytes, line: int) -> None:
        """Add lines, parsed fast if regular, else one by one."""
        import numpy as np

        names, values = _parse_fast(data, self.width)
        if values is None:
            pairs = list(self._parse_lines(data, line))
            names = [name for name, _ in pairs]
            values = np.array([row for _, row in pairs], np.float64).reshape(-1, self.width)
        self._append(names, _to_float32(values) if self.single_precision else values)

    def _append(self, names: list[str], values: Rows) -> None:
        """Append rows, all of one type."""
        self.labels += names
        count = len(self.labels)
        size = count * (self.width * values.itemsize + 80)  # 80: a label
        check_budget(size, f"{count} words or more", self.limit)
        self.dtype = values.dtype
        self.buffer += values.tobytes()

    def _parse_lines(self, data: bytes, line: int) -> Iterator[tuple[str, list[float]]]:
        """Yield labels and vectors line by line; a label may hold blanks, as some of GloVe's do."""
        for k, raw in enumerate(data.split(b"\n")[:-1], line):
            if raw.strip(b" \t\r"):
                try:
                    yield self._parse_line(raw)
                except InputError as error:
                    raise error.within(f"{display_path(self.stream.source)}:{k}") from None

    def _parse_line(self, raw: bytes) -> tuple[str, list[float]]:
        line = raw.removesuffix(b"\r").strip(b" \t")
        gaps = [gap.span() for gap in _BLANKS.finditer(line)][-self.width :]
        end, start = gaps[0] if gaps else (len(line), len(line))
        cells = _split_blanks(line[start:])
        try:
            name = line[:end].decode()
        except UnicodeDecodeError:
            raise InputError("its word is not UTF-8") from None
        more = re.split("[ \t]+", name)[1:]
        if len(cells) < self.width or (more and _is_number(more[-1])):
            found = len(cells) + sum(map(_is_number, more))
            raise InputError(f"{quote(name)} has {pluralize(found, 'number')}, not {self.width}")
        values = [parse_number(cell.decode("latin-1")) for cell in cells]
        if not all(map(isfinite, values)):
            raise InputError(f"{quote(name)} has an infinite number")
        return name, values


def _split_blanks(line: bytes) -> list[bytes]:
    r"""Return what stands between blanks and tabs.

    >>> _split_blanks(b" 10\xc2\xa0000 1\t2 ")
    [b'10\xc2\xa0000', b'1', b'2']
    """
    return [part for part in _BLANKS.split(line.removesuffix(b"\r")) if part]


def _parse_fast(data: bytes, width: int) -> tuple[list[str], Array | None]:
    """Return the labels and vectors of regular lines, or None for the vectors if any is not."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if data[-2:-1] == b" ":  # so word2vec's own program ends every line
        data = data.replace(b" \n", b"\n")
    rows = [raw.partition(b" ") for raw in data.split(b"\n")[:-1]]
    try:
        names = b"\n".join([row[0] for row in rows]).decode().split("\n")
    except UnicodeDecodeError:
        return [], None
    values = None if "" in names else fast_parse(b"\n".join([row[2] for row in rows]) + b"\n", None)
    return names, values if values is not None and values.shape[1] == width else None


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except InputError:
        return False
    return True


def _to_float32(values: Array) -> NDArray[np.float32]:
    """Return values as float32, or raise InputError if one overflows."""
    import numpy as np

    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise InputError("it holds numbers that are no float32")
    return narrow


def _read_array(path: str, read_options: ReadOptions) -> tuple[Rows, tuple[str, ...]]:
    """Return a stored matrix, as float32 if it is stored so, and notes."""
    import numpy as np

    rows = reopen(path, read_options)
    if rows is None:
        raise InputError("vectors must be a file in C order, not a pipe").within(display_path(path))
    narrow = rows.dtype in _FLOAT32_DTYPES
    n, d = rows.shape
    check_budget(n * d * (4 if narrow else 8), f"{n} vectors of {d} numbers", read_options.max_memory)
    dtype: Any = np.float32 if narrow else np.float64
    whole, at = np.empty((n, d), dtype), 0
    for block in rows():
        if not np.isfinite(block).all():
            why = f"vector {at + 1} or one behind it is not finite"
            raise InputError(why).within(display_path(path))
        whole[at : at + len(block)] = _to_float32(block) if narrow else block
        at += len(block)
    return whole, rows.notes


def _read_labels(path: str, count: int) -> list[str]:
    """Return the labels of a file, one per line, as many as there are vectors."""
    names: list[str] = []
    with open_source(path) as stream:
        sniff_format(stream, "text")
        for chunk in line_chunks(stream):
            names += _decode_lines(chunk.replace(b"\r\n", b"\n"), len(names) + 1)
            if len(names) > count:
                raise InputError(f"there are more words than the {count} vectors")  # and no end yet
    if len(names) < count:
        why = f"there are {len(names)} words for {count} vectors"
        raise InputError(why).within(display_path(path))
    return names


def _decode_lines(data: bytes, line: int) -> list[str]:
    try:
        return data.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        bad = line + data.count(b"\n", 0, error.start)
        raise InputError(f"line {bad}: the word is not UTF-8") from None
