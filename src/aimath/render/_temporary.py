"""Temporary files that are never left behind.

They have no name where the system allows that; elsewhere they are removed by whatever ends the program.
"""

from __future__ import annotations

import contextlib
import errno
import os

_NAMELESS = getattr(os, "O_TMPFILE", 0) if hasattr(os, "link") else 0
"""The flag of a file without a name, which is gone with its process, even one that is killed (Linux)."""
_UNSUPPORTED = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS}
"""What a file system says that has no files without a name."""
_FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL")
"""Signals of a broken process, in which no handler can run."""
_HARMLESS = ("SIGCHLD", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGWINCH", "SIGINFO")
"""Signals that do not end a process."""
_names: set[str] = set()
"""The temporary files that have a name just now."""


class TemporaryFile:
    """A new file in a directory, with a descriptor above those of the standard streams."""

    def __init__(self, directory: str, mode: int) -> None:
        self.directory, self.mode = directory, mode
        self.fd, self.name = -1, ""
        _exit_on_signals()
        try:
            self.fd = self._open_nameless()
            if self.fd < 0:
                self.fd = self._open_named(os.O_WRONLY)
        except BaseException:
            self.discard()
            raise

    def _open_nameless(self) -> int:
        """Return the descriptor of a file without a name, or -1 where there are none."""
        if not _NAMELESS:
            return -1
        try:
            fd = os.open(self.directory, _NAMELESS | os.O_RDWR | os.O_CLOEXEC, self.mode)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return -1
            raise
        fd = _above_standard(fd)
        if os.path.lexists(_descriptor_path(fd)):
            return fd
        os.close(fd)  # without /proc it can't be given a name
        return -1

    def _open_named(self, access: int) -> int:
        self._choose_name()
        how = access | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        how |= getattr(os, "O_BINARY", 0)  # or Windows writes \r\n for \n
        return _above_standard(os.open(self.name, how, self.mode))

    def _choose_name(self) -> None:
        self._forget()
        self.name = f"{self.directory}/.aimath-{os.urandom(8).hex()}"
        _names.add(self.name)

    def move_to(self, target: str, *, replace: bool) -> None:
        """Close the file, whose content is on the disk, and give it a name, which may be an older file's."""
        if not (self.name or replace) and self._link(target):
            self.discard()
            return
        if not self.name:
            self._choose_name()
            if not self._link(self.name):
                self._copy()
        number, self.fd = self.fd, -1
        os.close(number)
        os.replace(self.name, target)  # noqa: PTH105  # tests make it fail by this name
        self._forget()

    def _link(self, path: str) -> bool:
        """Give the file a name and return True, or False where the system doesn't or the name is taken."""
        try:
            # With a descriptor for a directory, which an absolute path needs not, links are followed.
            os.link(_descriptor_path(self.fd), path, src_dir_fd=self.fd)
        except OSError:
            return False
        return True

    def _copy(self) -> None:
        """Copy the file into one that has a name, and its rights."""
        nameless, self.fd = self.fd, -1
        try:
            status = os.fstat(nameless)
            self.fd = self._open_named(os.O_WRONLY)
            os.fchmod(self.fd, status.st_mode & 0o7777)
            done = 0
            while done < status.st_size:
                done += os.sendfile(self.fd, nameless, done, status.st_size - done)
            os.fsync(self.fd)
        finally:
            os.close(nameless)

    def discard(self) -> None:
        """Close and remove the file, if it has not been moved, without raising."""
        number, self.fd = self.fd, -1
        with contextlib.suppress(OSError):
            if number >= 0:
                os.close(number)
        with contextlib.suppress(OSError):
            if self.name:
                os.unlink(self.name)  # noqa: PTH108
        self._forget()

    def _forget(self) -> None:
        _names.discard(self.name)
        self.name = ""


def remove_temporary_files() -> None:
    """Remove the temporary files that have a name."""
    for path in list(_names):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


def _descriptor_path(fd: int) -> str:
    return f"/proc/self/fd/{fd}"


def _above_standard(fd: int) -> int:
    """Return the descriptor under a number above 2: the number of a closed standard stream is not for files.

    What a library prints to standard error would else be written into the file.
    """
    if fd > 2:
        return fd
    import fcntl  # noqa: PLC0415  not on Windows

    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    finally:
        os.close(fd)


def _exit_on_signals() -> None:
    """Let every signal that would end the program remove its temporary files first.

    What is ignored stays so, as SIGINT is in the background jobs of sh. A program that only uses aimath
    keeps its handlers: there Ctrl-C is still Python's own.
    """
    import signal  # noqa: PLC0415  5 ms, for files alone

    interrupt = signal.getsignal(signal.SIGINT)
    if interrupt is signal.default_int_handler:
        return
    if interrupt != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _exit_on_signal)
    spared = {getattr(signal, name, None) for name in (*_FAULTS, *_HARMLESS)}
    for number in signal.valid_signals() - spared:
        if signal.getsignal(number) == signal.SIG_DFL:
            with contextlib.suppress(OSError, ValueError):  # SIGKILL and SIGSTOP have no handlers
                signal.signal(number, _exit_on_signal)


def _exit_on_signal(number: int, _frame: object) -> None:
    """End the process without a temporary file and without a word."""
    remove_temporary_files()
    os._exit(128 + number)
