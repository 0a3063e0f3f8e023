"""Where bytes go: a file descriptor, or a file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
from typing import TYPE_CHECKING

from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_unfinished: set[str] = set()
"""Files that are written beside their place; a program that is ended in a hurry takes them away."""


def abandon() -> None:
    """Take away what is half written, in place of the `with` that would."""
    for path in list(_unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


class Descriptor:
    """An open descriptor such as standard output; every byte is written before `write` returns."""

    def __init__(self, number: int) -> None:
        self.number = number

    def write(self, data: bytes) -> None:
        """Write all of `data`, however little the system takes at a time."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.number, view) :]
            except BlockingIOError:  # whoever shares it has set it so; wait as if they hadn't
                select.select([], [self.number], [])


@contextlib.contextmanager
def _named(path: str) -> Iterator[None]:
    """Let errors of the system carry the name that the user gave."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise
    except UnicodeEncodeError:  # half of a surrogate pair
        raise InputError(f"--out: '{path}' is not a file name", usage=True) from None


class AtomicFile:
    """A file written beside its place and moved there when it is whole; an error leaves the old one.

    A symbolic link's target is replaced, and what isn't a regular file (/dev/stdout, a pipe) is
    written directly.
    """

    def __init__(self, path: str, option: str = "--out") -> None:
        if not path:
            raise InputError(f"{option}: the file name is empty", usage=True)
        self.name = path
        self.number, self.temporary = -1, ""
        from pathlib import Path  # noqa: PLC0415  2 ms for files alone

        with _named(path):
            self.open_already = _descriptor(path)
            self.place = os.path.realpath(path)
            self.folder = str(Path(self.place).parent)
            self.old = None if self.open_already is not None else _status(path)
        if (self.old and stat.S_ISDIR(self.old.st_mode)) or path.endswith("/"):
            raise InputError(f"{option}: {path} is a directory", usage=True)
        if self.old is None and self.open_already is None and not Path(self.folder).is_dir():
            parent = self.folder if Path(path).is_symlink() else Path(path).parent
            raise InputError(f"{option}: there is no directory {parent}", hint="make it first")

    def __enter__(self) -> Self:
        """Open the file that will take the place."""
        with _named(self.name):
            if self.open_already is not None:
                self.number = os.dup(self.open_already)
            elif self.old and not stat.S_ISREG(self.old.st_mode):
                self.number = os.open(self.name, os.O_WRONLY | os.O_NOCTTY)
            else:
                self._make_temporary()
        return self

    def _make_temporary(self) -> None:
        if self.old and not os.access(self.place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self.temporary = f"{self.folder}/.aimath-{os.urandom(8).hex()}"
        _unfinished.add(self.temporary)
        try:
            how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
            self.number = os.open(self.temporary, how, 0o600 if self.old else 0o666)
            if self.old:
                os.fchmod(self.number, stat.S_IMODE(self.old.st_mode))
        except BaseException:
            self._discard()
            raise

    def write(self, data: bytes) -> None:
        """Write all of `data`."""
        with _named(self.name):
            Descriptor(self.number).write(data)

    def rewrite(self, start: bytes) -> None:
        """Write `start` over the file's first bytes, which were kept free for it."""
        with _named(self.name):
            os.lseek(self.number, 0, os.SEEK_SET)
            Descriptor(self.number).write(start)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the file in its place, or take it away after an error."""
        try:
            if kind is None:
                with _named(self.name):
                    self._finish()
        finally:
            self._discard()

    def _finish(self) -> None:
        if self.temporary:
            os.fsync(self.number)
        number, self.number = self.number, -1
        os.close(number)
        if self.temporary:
            os.replace(self.temporary, self.place)  # noqa: PTH105  # tests make it fail by this name
            _unfinished.discard(self.temporary)
            self.temporary = ""
            # The file is whole; this makes its name last a power cut.
            with contextlib.suppress(OSError, MemoryError):
                _sync_directory(self.folder)

    def _discard(self) -> None:
        """Leave nothing open and nothing behind; the first error is the one to tell."""
        with contextlib.suppress(OSError):
            if self.number >= 0:
                os.close(self.number)
        with contextlib.suppress(OSError):
            if self.temporary:
                os.unlink(self.temporary)  # noqa: PTH108
        _unfinished.discard(self.temporary)
        self.number, self.temporary = -1, ""


def _descriptor(path: str) -> int | None:
    """Give the number of a descriptor that is open already, where a path names one."""
    found = re.fullmatch(r"/dev/(?:(stdout)|(stderr)|fd/(\d+))|/proc/self/fd/(\d+)", path)
    if not found:
        return None
    return 1 if found[1] else 2 if found[2] else int(found[3] or found[4])


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None


def _sync_directory(path: str) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
