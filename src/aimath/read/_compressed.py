"""Compressed input, inflated as it is read: gzip, bzip2, xz, and zstd where there is something that can.

Nothing is inflated whole. What inflates to more than MAX_RATIO times its size, beyond the first MiB, is
refused; so are truncated data and bytes that follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.errors import InputError
from aimath.read.blocks import format_size

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_RATIO, FREE_BYTES = 200, 16 << 20
"""How many times its size data may inflate to, and bytes that they may inflate to in any case."""
INPUT_BYTES = 1 << 16
MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""What compressed data begin with."""
PROGRAMS = {"gzip": "gzip -dc", "bzip2": "bzip2 -dc", "xz": "xz -dc", "zstd": "zstd -dc"}


class Inflated:
    """Compressed bytes as the bytes that they hold, some at a time."""

    def __init__(self, read: Callable[[int], bytes | None], kind: str) -> None:
        self.kind, self._read, self._make = kind, read, decompressor_of(kind)
        self._errors = (OSError, EOFError, ValueError, MemoryError, error_of(kind))
        self._decoder: Any = self._make()
        self._left = b""  # read, and not yet given to the decoder
        self._taken = self._given = 0
        self._ended = False

    def read1(self, size: int) -> bytes:
        """Return some bytes, at most `size`; none only at the end."""
        while not self._ended:
            data = self._inflate(size)
            if data:
                self._given += len(data)
                if self._given > FREE_BYTES and self._given > MAX_RATIO * self._taken:
                    self._refuse_bomb()
                return data
        return b""

    def fileno(self) -> int:
        """Raise OSError: what is to be read is not what a descriptor has."""
        raise OSError

    def close(self) -> None:
        """Do nothing: the file is closed by whoever opened it."""

    def _inflate(self, size: int) -> bytes:
        """Return what the next bytes inflate to, perhaps nothing."""
        if self._decoder.eof:
            self._next_member()
            if self._ended:
                return b""
        if self._decoder.needs_input and not self._left:
            self._left = self._read(INPUT_BYTES) or b""
            self._taken += len(self._left)
            if not self._left:
                data = self._decoder.decompress(b"", size)  # what it may hold back
                if data or self._decoder.eof:
                    return bytes(data)
                raise InputError(f"truncated: the {self.kind} data end before their end")
        data, self._left = self._left, b""
        try:
            return bytes(self._decoder.decompress(data, size))
        except self._errors:
            raise InputError(f"damaged: the {self.kind} data can't be decompressed") from None

    def _next_member(self) -> None:
        """Begin another member behind a whole one, or end; gzip and xz may have zeros there."""
        rest = bytes(self._decoder.unused_data)
        while len(rest) < 6 and (more := self._read(INPUT_BYTES)):
            self._taken += len(more)
            rest += more
        while rest and not rest.strip(b"\0") and self.kind in ("gzip", "xz"):
            rest = self._read(INPUT_BYTES) or b""
            self._taken += len(rest)
        if not rest:
            self._ended = True
        elif any(rest.startswith(mark) for mark, kind in MAGIC.items() if kind == self.kind):
            self._decoder, self._left = self._make(), rest
        else:
            raise InputError(f"bytes follow the {self.kind} data that are none")

    def _refuse_bomb(self) -> None:
        why = (
            f"{format_size(self._taken)} of {self.kind} inflate to {format_size(self._given)} or more, "
            f"over {MAX_RATIO} times as much"
        )
        hint = f"if that is right, inflate them yourself: {PROGRAMS[self.kind]} FILE | aimath ..."
        raise InputError(why, hint=hint)


class _GzipDecoder:
    """zlib's decompressor of gzip with the names that those of bz2 and lzma have."""

    def __init__(self) -> None:
        import zlib  # noqa: PLC0415  only what is read

        self._decoder = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    def decompress(self, data: bytes, size: int) -> bytes:
        """Return at most `size` bytes of what was given so far."""
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, size)


def decompressor_of(kind: str) -> Callable[[], Any]:
    """Return what makes a decompressor, or raise InputError where zstd needs an extra that isn't there."""
    if kind == "gzip":
        return _GzipDecoder
    if kind == "bzip2":
        from bz2 import BZ2Decompressor  # noqa: PLC0415  the same

        return BZ2Decompressor
    if kind == "xz":
        from lzma import FORMAT_XZ, LZMADecompressor  # noqa: PLC0415  the same

        return lambda: LZMADecompressor(FORMAT_XZ, memlimit=1 << 28)
    make: Callable[[], Any] = zstd_module().ZstdDecompressor
    return make


def error_of(kind: str) -> type[Exception]:
    """Return the error that the decompressor of a kind raises about its data."""
    if kind == "gzip":
        import zlib  # noqa: PLC0415  the same

        return zlib.error
    if kind == "xz":
        import lzma  # noqa: PLC0415  the same

        return lzma.LZMAError
    error: type[Exception] = zstd_module().ZstdError if kind == "zstd" else OSError
    return error


def zstd_module() -> Any:
    """Return the module for zstd: Python's own from 3.14 on, or that of the extra."""
    import importlib  # noqa: PLC0415  rare

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    hint = "pip install 'aimath[zstd]', use Python 3.14, or pipe it: zstd -dc FILE | aimath ..."
    raise InputError("it is compressed by zstd, for which nothing is installed", hint=hint)
