"""Output destinations: file descriptors, and files replaced atomically."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.text import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from aimath.render._temporary import TemporaryFile


class FileDescriptor:
    """An open file descriptor whose write returns after every byte is written."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def write(self, data: bytes) -> None:
        """Write all of `data`, retrying partial writes."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.fd, view) :]
            except BlockingIOError:  # whoever shares it has set it so; wait as if they hadn't
                select.select([], [self.fd], [])


class TerminalDescriptor(FileDescriptor):
    """The descriptor of a terminal, which gets control and bidirectional characters escaped."""

    def write(self, data: bytes) -> None:
        """Write lines of text: only their ends and tabs are kept of what moves a cursor."""
        if re.search(rb"[^\n\t -~]", data):
            parts = re.split("([\n\t])", data.decode(errors="surrogateescape"))
            data = "".join(part if part in "\n\t" else escape_control(part) for part in parts).encode()
        super().write(data)


@contextlib.contextmanager
def _with_filename(path: str) -> Iterator[None]:
    """Set the user's file name on errors of the operating system."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = path, None
        raise
    except UnicodeEncodeError:  # half of a surrogate pair
        raise InputError(f"'{path}' is not a file name", usage=True).within("--out") from None


class AtomicFile:
    """A file written to a temporary and moved into place on success.

    A symbolic link's target is replaced, and what isn't a regular file (/dev/stdout, a pipe) is
    written directly.
    """

    def __init__(self, path: str, option: str = "--out") -> None:
        if not path:
            raise InputError("the file name is empty", usage=True).within(option)
        self.name = path
        self.fd = -1
        self.temporary: TemporaryFile | None = None
        self.is_flushed = self.is_made = False
        from pathlib import Path  # noqa: PLC0415  2 ms for files alone

        with _with_filename(path):
            self.existing_fd = _existing_fd(path)
            self.target = os.path.realpath(path)
            self.directory = str(Path(self.target).parent)
            self.old_status = None if self.existing_fd is not None else _stat_or_none(path)
        if (self.old_status and stat.S_ISDIR(self.old_status.st_mode)) or path.endswith("/"):
            raise InputError(f"{path} is a directory", usage=True).within(option)
        if self.old_status is None and self.existing_fd is None and not Path(self.directory).is_dir():
            parent = self.directory if Path(path).is_symlink() else Path(path).parent
            raise InputError(f"there is no directory {parent}", hint="make it first").within(option)

    def __enter__(self) -> Self:
        """Open the temporary file, or the target itself if it is not a regular file."""
        with _with_filename(self.name):
            if self.existing_fd is not None:
                self.fd = os.dup(self.existing_fd)
            elif self.old_status and not stat.S_ISREG(self.old_status.st_mode):
                self.fd = os.open(self.name, os.O_WRONLY | os.O_NOCTTY)
            else:
                self._make_temporary()
        return self

    def _make_temporary(self) -> None:
        if self.old_status and not os.access(self.target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        from aimath.render._temporary import TemporaryFile  # noqa: PLC0415  only for files

        self.temporary = TemporaryFile(self.directory, 0o600 if self.old_status else 0o666)
        self.fd = self.temporary.fd
        try:
            if self.old_status:
                os.fchmod(self.fd, stat.S_IMODE(self.old_status.st_mode))
        except BaseException:
            self._discard()
            raise

    def write(self, data: bytes) -> None:
        """Write all of `data`."""
        self.is_flushed = False
        with _with_filename(self.name):
            FileDescriptor(self.fd).write(data)

    def overwrite_start(self, start: bytes) -> None:
        """Overwrite the first bytes of the file, which were reserved."""
        self.is_flushed = False
        with _with_filename(self.name):
            os.lseek(self.fd, 0, os.SEEK_SET)
            FileDescriptor(self.fd).write(start)

    def flush(self) -> None:
        """Bring what is written to the disk: what can't be kept fails here, before the file is committed."""
        if self.temporary and not self.is_flushed:
            with _with_filename(self.name):
                os.fsync(self.fd)
            self.is_flushed = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit the file, or remove the temporary after an error."""
        try:
            if kind is None:
                self.flush()
                with _with_filename(self.name):
                    self._commit()
        finally:
            self._discard()

    def _commit(self) -> None:
        if self.temporary:
            self.is_made = self.old_status is None
            self.temporary.move_to(self.target, replace=self.old_status is not None)
            # The file is whole; this makes its name last a power cut.
            with contextlib.suppress(OSError, MemoryError):
                _fsync_directory(self.directory)
        else:
            number, self.fd = self.fd, -1
            os.close(number)

    def withdraw(self) -> None:
        """Remove the file if it was made, without raising."""
        if self.is_made:
            with contextlib.suppress(OSError):
                os.unlink(self.target)  # noqa: PTH108

    def _discard(self) -> None:
        """Close and remove what is left, without raising."""
        if self.temporary:
            self.temporary.discard()
        elif self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
        self.fd, self.temporary = -1, None


@contextlib.contextmanager
def open_together(paths: Iterable[str], option: str) -> Iterator[list[AtomicFile]]:
    """Open files of which all are written, or none that wasn't there."""
    files = [AtomicFile(path, option) for path in paths]
    try:
        with contextlib.ExitStack() as opened:
            yield [opened.enter_context(file) for file in files]
            for file in files:  # a full disk refuses all of them, not the last
                file.flush()
    except BaseException:
        for file in files:
            file.withdraw()
        raise


def _existing_fd(path: str) -> int | None:
    """Return the file descriptor that a path such as /dev/stdout names, or None."""
    found = re.fullmatch(r"/dev/(?:(stdout)|(stderr)|fd/(\d+))|/proc/self/fd/(\d+)", path)
    if not found:
        return None
    return 1 if found[1] else 2 if found[2] else int(found[3] or found[4])


def _stat_or_none(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None


def _fsync_directory(path: str) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
