"""Waiting for what another process has come to, however slow or fast it is: never for a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PATIENCE = 120
"""Seconds after which what is waited for counts as hanging: many times what it takes on a busy machine."""


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it has not come to hold"
        time.sleep(0.005)


def unread(pipe: int) -> int:
    """Count the bytes of a pipe that nobody has read yet."""
    count = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


def seconds_of(pid: int) -> float:
    """Return the time of a processor that a process has taken (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_alive(pid: int) -> bool:
    """Say whether a process runs: one that has ended may still be listed (Linux)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def wait_for_the_end_of(processes: Iterable[int]) -> None:
    """Wait until none of some processes runs."""
    wait_until(lambda: not any(map(is_alive, processes)))
