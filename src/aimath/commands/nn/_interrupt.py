"""Ctrl-C that ends a training between two steps, so that what was learned is written."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield what says whether Ctrl-C was pressed; a second one ends the program as ever.

    Where signals can't be handled, as in a thread, it never says so.
    """
    pressed: list[int] = []
    try:
        before = signal.getsignal(signal.SIGINT)
        watched = signal.set_wakeup_fd(-1)  # whose thread would end the program before the step has ended
    except ValueError:
        yield lambda: False
        return

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)
        signal.signal(number, before)

    ignored = before == signal.SIG_IGN  # a shell's background jobs ignore it
    try:
        if not ignored:
            signal.signal(signal.SIGINT, note)
        yield lambda: bool(pressed)
    finally:
        if not ignored:
            signal.signal(signal.SIGINT, before)
        signal.set_wakeup_fd(watched, warn_on_full_buffer=False)
