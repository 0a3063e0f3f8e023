"""The entry points `aimath` and `python -m aimath`."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # signal takes 5 ms, and then Ctrl-C a traceback
import os
import sys

SIGNAL_GRACE_SECONDS = 0.4
"""Seconds that a signal's handler has, which runs once a call of numpy has returned."""


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        configure_process()
        from aimath.cli.app import invoke  # noqa: PLC0415  not before what it prepares for

        code = invoke(sys.argv[1:])
    except (
        MemoryError,
        RuntimeError,
        SystemError,
    ):  # for want of memory, so early that nothing tells it better
        code = 1
        os.write(2, b"aimath: error: out of memory\n")
    _remove_temporary_files()
    # Everything is written and flushed: tearing the interpreter down takes 10 to 50 ms more.
    os._exit(code)


def configure_process() -> None:
    """Configure signals, threads and memory before any large import."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # a shell's background jobs ignore it
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    import contextlib  # noqa: PLC0415  not before the line above
    import gc  # noqa: PLC0415  the same

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # No such descriptors, or no memory for a thread: then signals wait.
    with contextlib.suppress(ImportError, OSError, RuntimeError):
        _start_signal_watcher()
    # Before numpy is imported: on rows and small matrices BLAS threads cost 7 to 9 times (measured), and
    # digits are summed in another order by another number of them, whoever sets it.
    os.environ.pop("MKL_DOMAIN_NUM_THREADS", None)  # stands above what is set here
    for library in ("OPENBLAS_NUM", "GOTO_NUM", "OMP_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB_MAXIMUM"):
        os.environ[f"{library}_THREADS"] = "1"
    # What is imported stays: looking through it for garbage, as is done every 700 objects, takes 8 ms.
    gc.set_threshold(200_000)
    from aimath.memory import retain_freed_memory  # noqa: PLC0415  not before Ctrl-C is handled

    retain_freed_memory()


def _start_signal_watcher() -> None:
    """Start a thread that watches for signals while a long native call blocks their handlers."""
    import _thread  # noqa: PLC0415  not before Ctrl-C is handled
    import fcntl  # noqa: PLC0415  not on Windows

    both = os.pipe()
    # From 3 on: where standard output is closed, its number must not become that of the pipe.
    reader, writer = (fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3) for number in both)
    for number in both:
        os.close(number)
    os.set_blocking(writer, False)
    _thread.stack_size(1 << 18)  # of little memory 8 MiB are much
    _thread.start_new_thread(_watch_signals, (reader,))
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def _watch_signals(reader: int) -> None:
    """Exit on a signal whose handler did not run, after removing temporary files."""
    import time  # noqa: PLC0415  rarely asked

    (number,) = os.read(reader, 1)
    time.sleep(SIGNAL_GRACE_SECONDS)
    _remove_temporary_files()
    os._exit(128 + number)


def _remove_temporary_files() -> None:
    """Remove what an unfinished file has been written to, if a module for that is there at all."""
    remove = getattr(sys.modules.get("aimath.render._temporary"), "remove_temporary_files", None)
    if remove is not None:
        remove()


if __name__ == "__main__":
    main()
