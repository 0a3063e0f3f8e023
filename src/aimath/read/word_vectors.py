"""Words and their vectors: word2vec's and GloVe's text, or a stored array beside a list of labels."""

from __future__ import annotations

import re
from math import isfinite
from pathlib import PurePath  # noqa: TID253  this module is loaded only where it is needed
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, counted
from aimath.read._fast_text import rapid
from aimath.read._sources import opened, verified
from aimath.read._stream import chunks
from aimath.read.blocks import Reading, cut, memory_limit, price
from aimath.read.matrices import STREAMED, again
from aimath.read.numbers import number
from aimath.text import echo, whence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream

    Rows = NDArray[np.float64 | np.float32]

LARGE = 16 << 20  # bytes of text from which on vectors are held as float32
_HEADER = re.compile(rb"([0-9]{1,9})[ \t]+([1-9][0-9]{0,8})[ \t]*\r?")
_NARROW = ("<f4", ">f4", "<f2", ">f2", "bf16")  # what float32 holds without rounding


class WordVectors(NamedTuple):
    """Labels and their vectors."""

    labels: tuple[str, ...]  # (n,)
    vectors: Rows  # (n, d) finite
    notes: tuple[str, ...] = ()


def vectors(
    path: str,
    labels: str | None = None,
    reading: Reading = Reading(),  # noqa: B008  immutable
) -> WordVectors:
    """Read words and their vectors (n, d).

    Text has a word and its d numbers on every line; the first line may hold n and d, as word2vec's
    does. The words of an .npy, .npz or .safetensors stand one a line in the file `labels`, or beside
    it in a .txt of the same name. An array of float32 is held as such, and so is text of over 16 MiB.
    """
    file = PurePath(cut(path)[0])
    if file.suffix.lower()[1:] in STREAMED:
        found, notes = _stored(path, reading)
        names = _names(labels or str(file.with_suffix(".txt")), len(found))
    else:
        notes = ()
        with opened(path) as stream:
            verified(stream, "text")
            single = stream.size is None or stream.size > LARGE
            names, found = _Text(stream, reading, single=single).read()
    twice = len(names) - len(set(names))
    if twice:
        notes += (f"{twice} word{'s are' if twice > 1 else ' is'} there twice: the first vector counts",)
    return WordVectors(tuple(names), found, notes)


class _Text:
    """Lines of a label and d numbers, read a block at a time."""

    def __init__(self, stream: Stream, reading: Reading, *, single: bool) -> None:
        self.stream, self.single = stream, single
        self.limit = memory_limit() if reading.max_memory is None else reading.max_memory
        self.labels: list[str] = []
        self.room: Any = None  # (n or more, d), of which the labels tell how much is used
        self.claimed: int | None = None  # words, by the header
        self.width = 0

    def read(self) -> tuple[list[str], Rows]:
        """Read all lines."""
        line = 1
        for chunk in chunks(self.stream, self.limit):
            data = chunk
            if not self.width:
                data = self._begun(chunk)
                line += self.claimed is not None
            if data:
                self._add(data, line)
                line += data.count(b"\n")
        if self.claimed not in (None, len(self.labels)):
            raise InputError(f"its header claims {self.claimed} words, and {len(self.labels)} are there")
        if not self.labels:
            raise InputError("there are no words")
        self.room.resize((len(self.labels), self.width), refcheck=False)
        return self.labels, self.room

    def _begun(self, data: bytes) -> bytes:
        """Take the header off, if there is one, and count the numbers of a line."""
        first, _, rest = data.partition(b"\n")
        header = _HEADER.fullmatch(first)
        if header and (not rest or len(rest.partition(b"\n")[0].split()) == int(header[2]) + 1):
            self.claimed, self.width = int(header[1]), int(header[2])
            return rest
        self.width = max(1, len(first.split()) - 1)
        return data

    def _add(self, data: bytes, line: int) -> None:
        """Take lines: all at once if each is a word and d numbers, else one by one."""
        import numpy as np

        names, values = _quickly(data, self.width)
        if values is None:
            pairs = list(self._slowly(data, line))
            names = [name for name, _ in pairs]
            values = np.array([row for _, row in pairs], np.float64).reshape(-1, self.width)
        self._hold(names, _narrowed(values) if self.single else values)

    def _hold(self, names: list[str], values: Rows) -> None:
        """Put rows behind those there are; the room grows in place, where a list of parts would be copied."""
        import numpy as np

        first = len(self.labels)
        self.labels += names
        count = len(self.labels)
        size = count * (self.width * values.itemsize + 80)  # 80: a label
        price(size, f"{count} words or more", self.limit)
        if self.room is None:
            self.room = np.empty((0, self.width), values.dtype)
        if count > len(self.room):
            self.room.resize((max(count, len(self.room) * 9 // 8), self.width), refcheck=False)
        self.room[first:count] = values

    def _slowly(self, data: bytes, line: int) -> Iterator[tuple[str, list[float]]]:
        """Read line by line: a label may hold blanks, as some of GloVe's do."""
        for k, raw in enumerate(data.split(b"\n")[:-1], line):
            if raw.strip():
                try:
                    yield self._pair(raw)
                except InputError as error:
                    raise InputError(f"{whence(self.stream.source)}:{k}: {error.why}") from None

    def _pair(self, raw: bytes) -> tuple[str, list[float]]:
        label, *cells = raw.rsplit(None, self.width)
        try:
            name = label.decode()
        except UnicodeDecodeError:
            raise InputError("its word is not UTF-8") from None
        more = name.split()[1:]
        if len(cells) < self.width or (more and _is_number(more[-1])):
            found = len(cells) + sum(map(_is_number, more))
            raise InputError(f"{echo(name)} has {counted(found, 'number')}, not {self.width}")
        values = [number(cell.decode("latin-1")) for cell in cells]
        if not all(map(isfinite, values)):
            raise InputError(f"{echo(name)} has an infinite number")
        return name, values


def _quickly(data: bytes, width: int) -> tuple[list[str], Array | None]:
    """Read lines of one word without blanks and `width` numbers; any other line is not for here."""
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
    values = None if "" in names else rapid(b"\n".join([row[2] for row in rows]) + b"\n", None)
    return names, values if values is not None and values.shape[1] == width else None


def _is_number(text: str) -> bool:
    try:
        number(text)
    except InputError:
        return False
    return True


def _narrowed(values: Array) -> NDArray[np.float32]:
    """Give numbers as float32, if it can hold them."""
    import numpy as np

    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    if not np.isfinite(narrow).all():
        raise InputError("it holds numbers that are no float32")
    return narrow


def _stored(path: str, reading: Reading) -> tuple[Rows, tuple[str, ...]]:
    """Hold a stored matrix, in float32 if that is what it is made of."""
    import numpy as np

    rows = again(path, reading)
    if rows is None:
        raise InputError(f"{whence(path)}: vectors must be a file in C order, not a pipe")
    narrow = rows.dtype in _NARROW
    n, d = rows.shape
    price(n * d * (4 if narrow else 8), f"{n} vectors of {d} numbers", reading.max_memory)
    dtype: Any = np.float32 if narrow else np.float64
    whole, at = np.empty((n, d), dtype), 0
    for block in rows():
        if not np.isfinite(block).all():
            raise InputError(f"{whence(path)}: vector {at + 1} or one behind it is not finite")
        whole[at : at + len(block)] = _narrowed(block) if narrow else block
        at += len(block)
    return whole, rows.notes


def _names(path: str, count: int) -> list[str]:
    """Read labels, one a line, as many as there are vectors."""
    names: list[str] = []
    with opened(path) as stream:
        verified(stream, "text")
        for chunk in chunks(stream):
            names += _decoded(chunk.replace(b"\r\n", b"\n"), len(names) + 1)
            if len(names) > count:
                raise InputError(f"there are more words than the {count} vectors")  # and no end yet
    if len(names) < count:
        raise InputError(f"{whence(path)}: there are {len(names)} words for {count} vectors")
    return names


def _decoded(data: bytes, line: int) -> list[str]:
    try:
        return data.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        bad = line + data.count(b"\n", 0, error.start)
        raise InputError(f"line {bad}: the word is not UTF-8") from None
