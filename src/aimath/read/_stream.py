"""Bytes in: opening files, reading what is there now, and cutting it at line ends."""

from __future__ import annotations

import io
import os
import select
import stat
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from aimath.errors import InputError
from aimath.read.blocks import price_text
from aimath.text import whence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOM = b"\xef\xbb\xbf"
BLOCK = 1 << 18  # a quarter less time than 1 << 20: all of it stays in the cache
LONGEST_LINE = 64 << 20
_MARKS = {
    BOM: "text",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\0\0\xfe\xff": "utf-32",
    b"\x1f\x8b": "gzip",
}


class Stream:
    """Bytes of a file or a pipe, in blocks of what has come so far: `tail -f` is answered line by line."""

    def __init__(self, raw: BinaryIO | int, source: str, size: int | None = None) -> None:
        self.raw: Any = raw
        self.source, self.size = source, size  # size: of a regular file, else None
        self.ahead, self.taken = b"", 0  # looked at, and given out
        if isinstance(raw, int):
            self.unread: Callable[[int], bytes | None] = partial(os.read, raw)
        else:
            self.unread = getattr(raw, "read1", raw.read)

    def read(self, size: int = BLOCK) -> bytes:
        """Give what is there, up to about `size` bytes; nothing only at the end."""
        if self.ahead:
            data, self.ahead = self.ahead[:size], self.ahead[size:]
            self.taken += len(data)
            return data
        data = self._some(size)
        parts, count = [data], len(data)
        while data and count < size and self._more():
            data = self._some(size - count)
            parts.append(data)
            count += len(data)
        self.taken += count
        return data if len(parts) == 1 else b"".join(parts)

    def _some(self, size: int) -> bytes:
        return self._asked(self.unread, size) or b""

    def _asked(self, how: Callable[[Any], Any], what: Any) -> Any:
        try:
            return how(what)
        except (OSError, ValueError) as error:  # ValueError: it was closed
            why = getattr(error, "strerror", None) or "it is closed"
            raise InputError(f"cannot read {whence(self.source)}: {why}") from None

    def _more(self) -> bool:
        """Tell whether reading on would not wait."""
        try:
            return bool(select.select([self.raw], [], [], 0)[0])
        except (OSError, ValueError, TypeError):  # in memory, or a descriptor above 1023
            return False

    def fill(self, view: memoryview) -> int:
        """Read until `view` is full or the end has come; give the count."""
        have = 0
        while have < len(view) and (count := self._into(view[have:])):
            have += count
        return have

    def _into(self, view: memoryview) -> int:
        """Read into `view` straight from a file, by way of `read` from anything else."""
        if self.ahead or not isinstance(self.raw, io.BufferedReader):
            data = self.read(min(len(view), BLOCK))
            view[: len(data)] = data
            return len(data)
        count: int = self._asked(self.raw.readinto, view) or 0
        self.taken += count
        return count

    @property
    def seekable(self) -> bool:
        """Whether its bytes can be read in any order at no cost: a regular file, no member of a zip."""
        return isinstance(self.raw, io.BufferedReader) and self.size is not None

    def seek(self, place: int) -> None:
        """Go on reading at a byte of a regular file."""
        if place != self.taken:
            self.raw.seek(place)
            self.ahead, self.taken = b"", place

    def kind(self) -> str:
        """Name the format that the first bytes give away, "text" if none."""
        self.ahead = self._some(BLOCK)
        while 0 < len(self.ahead) < 6 and any(mark.startswith(self.ahead) for mark in _MARKS):
            more = self._some(BLOCK)
            if not more:
                break
            self.ahead += more
        if self.ahead[3:9] == b"\0\0\0\0\0{":  # a length below 16 MB, and JSON
            return "safetensors"
        return next((kind for mark, kind in _MARKS.items() if self.ahead.startswith(mark)), "text")

    def whole(self, most: int) -> bytes:
        """All that is left, but no more than `most` + 1 bytes: the caller refuses those."""
        parts, count = [], 0
        while count <= most and (data := self.read()):
            parts.append(data)
            count += len(data)
        return b"".join(parts)


def open_file(path: str) -> Stream:
    """Open a file to read, never a directory, and never as our terminal."""
    shown = f"'{whence(path)}'"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL or a surrogate in the name
        why = getattr(error, "strerror", None) or "not a file name"
        raise InputError(f"cannot read {shown}: {why}") from None
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        os.close(descriptor)
        raise InputError(f"cannot read {shown}: Is a directory")
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return Stream(os.fdopen(descriptor, "rb"), path, size)


def chunks(stream: Stream, limit: int | None = None) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines; the last line gets its newline if it had none.

    A long line, which is taken apart at once, is held against `limit`, the bytes that may be held.
    """
    rest: list[bytes] = []
    held = 0
    while data := stream.read():
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            yield _priced(b"".join((*rest, head, newline)), limit)
            rest, held = [tail], len(tail)
        else:
            rest.append(tail)
            held += len(tail)
        if held > LONGEST_LINE:
            raise InputError(f"{whence(stream.source)}: a line is longer than {LONGEST_LINE >> 20} MiB")
    if held:
        yield _priced(b"".join((*rest, b"\n")), limit)


def _priced(lines: bytes, limit: int | None) -> bytes:
    if len(lines) > 2 * BLOCK:  # short lines would be fewer
        price_text(lines, (b",", b" ", b"\t", b";"), f"a line of {len(lines)} bytes", limit)
    return lines
