"""Compressed files: what is written goes through a compressor into a file that is replaced atomically."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

    from aimath.render.sink import AtomicFile


class CompressedFile:
    """A file that holds what is written compressed; the same bytes for the same answer."""

    def __init__(self, file: AtomicFile, kind: str) -> None:
        self.file, self._compressor = file, make_compressor(kind)

    def __enter__(self) -> Self:
        """Open the file."""
        self.file.__enter__()
        return self

    def write(self, data: bytes) -> None:
        """Write all of `data`."""
        self.file.write(self._compressor.compress(data))

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Write what the compressor holds and commit the file, or leave what was there after an error."""
        try:
            if kind is None:
                self.file.write(self._compressor.flush())
        except BaseException as error:
            self.file.__exit__(type(error), error, error.__traceback__)
            raise
        self.file.__exit__(kind, *rest)


def make_compressor(kind: str) -> Any:
    """Return a compressor; of gzip without a time and a name, so that nothing but the data matters."""
    if kind == "gzip":
        import zlib  # noqa: PLC0415  only what is written

        return zlib.compressobj(wbits=31)
    if kind == "bzip2":
        from bz2 import BZ2Compressor  # noqa: PLC0415  the same

        return BZ2Compressor()
    if kind == "xz":
        from lzma import LZMACompressor  # noqa: PLC0415  the same

        return LZMACompressor()
    from aimath.read._compressed import zstd_module  # noqa: PLC0415  the same

    zstd = zstd_module()
    return zstd.ZstdCompressor(options={zstd.CompressionParameter.checksum_flag: 1})
