"""Byte streams: opening files, reading available bytes and splitting at line ends."""

from __future__ import annotations

import io
import os
import select
import stat
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from aimath.errors import InputError
from aimath.read._compressed import MAGIC, Inflated
from aimath.read.blocks import check_text_budget
from aimath.text import display_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOM = b"\xef\xbb\xbf"
BLOCK_BYTES = 1 << 18  # a quarter less time than 1 << 20: all of it stays in the cache
MAX_LINE_BYTES = 64 << 20
_MAGIC = {
    BOM: "text",
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"\0\0\xfe\xff": "utf-32",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    **MAGIC,
}


class Stream:
    """Bytes of a file or pipe, read as they become available, so `tail -f` is answered line by line."""

    def __init__(self, raw: BinaryIO | int, source: str, size: int | None = None) -> None:
        self.raw: Any = raw
        self.source, self.size = source, size  # size: of a regular file, else None
        self.lookahead, self.position = b"", 0  # looked at, and given out
        if isinstance(raw, int):
            self._read_raw: Callable[[int], bytes | None] = partial(os.read, raw)
        else:
            self._read_raw = getattr(raw, "read1", raw.read)

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        """Return available bytes, up to about `size`; empty only at the end."""
        if self.lookahead:
            data, self.lookahead = self.lookahead[:size], self.lookahead[size:]
            self.position += len(data)
            return data
        data = self._read_some(size)
        parts, count = [data], len(data)
        while data and count < size and self._is_ready():
            data = self._read_some(size - count)
            parts.append(data)
            count += len(data)
        self.position += count
        return data if len(parts) == 1 else b"".join(parts)

    def _read_some(self, size: int) -> bytes:
        return self._call_raw(self._read_raw, size) or b""

    def _call_raw(self, how: Callable[[Any], Any], what: Any) -> Any:
        try:
            return how(what)
        except InputError:
            raise
        except (OSError, ValueError) as error:  # ValueError: it was closed
            why = getattr(error, "strerror", None) or "it is closed"
            raise InputError(why).within(f"cannot read {display_path(self.source)}") from None

    def _is_ready(self) -> bool:
        """Return whether reading would not block."""
        try:
            return bool(select.select([self.raw], [], [], 0)[0])
        except (OSError, ValueError, TypeError):  # in memory, or a descriptor above 1023
            return False

    def read_into(self, buffer: memoryview) -> int:
        """Read until `buffer` is full or the end is reached, and return the count."""
        have = 0
        while have < len(buffer) and (count := self._read_into(buffer[have:])):
            have += count
        return have

    def _read_into(self, buffer: memoryview) -> int:
        """Read into `buffer` without copying if the stream is a file, and return the count."""
        if self.lookahead or not isinstance(self.raw, io.BufferedReader):
            data = self.read(min(len(buffer), BLOCK_BYTES))
            buffer[: len(data)] = data
            return len(data)
        count: int = self._call_raw(self.raw.readinto, buffer) or 0
        self.position += count
        return count

    @property
    def seekable(self) -> bool:
        """Whether the stream is a regular file with cheap random access."""
        return isinstance(self.raw, io.BufferedReader) and self.size is not None

    def signature(self) -> tuple[int, ...]:
        """Return what changes when the file is written."""
        status = os.fstat(self.raw.fileno())
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def seek(self, offset: int) -> None:
        """Seek to a byte offset of a regular file."""
        if offset != self.position:
            self.raw.seek(offset)
            self.lookahead, self.position = b"", offset

    def sniff(self) -> str:
        """Return the format that the first bytes reveal, "text" if none; what is compressed is inflated."""
        kind = self._look()
        if kind in MAGIC.values() and not isinstance(self.raw, Inflated):
            held, read_raw = self.lookahead, self._read_raw

            def read(size: int) -> bytes | None:
                nonlocal held
                if held:
                    data, held = held, b""
                    return data
                found: bytes | None = self._call_raw(read_raw, size)
                return found

            self.raw = Inflated(read, kind)
            self._read_raw, self.size = self.raw.read1, None
            kind = self._look()
        return kind

    def _look(self) -> str:
        """Return the format that the first bytes reveal, without taking them."""
        self.lookahead = self._read_some(BLOCK_BYTES)
        while 0 < len(self.lookahead) < 6 and any(mark.startswith(self.lookahead) for mark in _MAGIC):
            more = self._read_some(BLOCK_BYTES)
            if not more:
                break
            self.lookahead += more
        if self.lookahead[3:9] == b"\0\0\0\0\0{":  # a length below 16 MB, and JSON
            return "safetensors"
        return next((kind for mark, kind in _MAGIC.items() if self.lookahead.startswith(mark)), "text")

    def first_line(self) -> bytes:
        """Return the first line that is not blank, without taking it; at most MAX_LINE_BYTES."""
        parts, last = [self.lookahead], self.lookahead.lstrip()
        count = len(last)
        while b"\n" not in last and count <= MAX_LINE_BYTES and (last := self._read_some(BLOCK_BYTES)):
            parts.append(last)
            count += len(last)
        self.lookahead = b"".join(parts)
        return self.lookahead.lstrip().partition(b"\n")[0]

    def read_all(self, max_bytes: int) -> bytes:
        """Return all remaining bytes, at most about `max_bytes`."""
        parts, count = [], 0
        while count <= max_bytes and (data := self.read()):
            parts.append(data)
            count += len(data)
        return b"".join(parts)


def open_file(path: str) -> Stream:
    """Open a file for reading, and raise InputError for directories."""
    place = f"cannot read '{display_path(path)}'"
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL or a surrogate in the name
        why = getattr(error, "strerror", None) or "not a file name"
        raise InputError(why).within(place) from None
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        os.close(descriptor)
        raise InputError("Is a directory").within(place)
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return Stream(os.fdopen(descriptor, "rb"), path, size)


def line_chunks(stream: Stream, limit: int | None = None) -> Iterator[bytes]:
    """Yield blocks of whole lines; the last line gets a newline if it has none.

    A long line, which is taken apart at once, is held against `limit`, the bytes that may be held.
    """
    rest: list[bytes] = []
    held = 0
    while data := stream.read():
        head, newline, tail = data.rpartition(b"\n")
        if newline:
            yield _check_line_budget(b"".join((*rest, head, newline)), limit)
            rest, held = [tail], len(tail)
        else:
            rest.append(tail)
            held += len(tail)
        if held > MAX_LINE_BYTES:
            why = f"a line is longer than {MAX_LINE_BYTES >> 20} MiB"
            raise InputError(why).within(display_path(stream.source))
    if held:
        yield _check_line_budget(b"".join((*rest, b"\n")), limit)


def _check_line_budget(lines: bytes, limit: int | None) -> bytes:
    if len(lines) > 2 * BLOCK_BYTES:  # short lines would be fewer
        check_text_budget(lines, (b",", b" ", b"\t", b";"), f"a line of {len(lines)} bytes", limit)
    return lines
