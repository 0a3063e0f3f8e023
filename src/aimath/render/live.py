"""A chart that is redrawn in place while a long run goes on: on a terminal only, else nothing is shown."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from aimath.render.plots._chart import Chart, Reference, Series, draw_chart
from aimath.render.plots._frame import HEIGHT
from aimath.render.sink import FileDescriptor
from aimath.render.terminal import encode_ansi, encode_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aimath.render.report_view import LayoutOptions

__all__ = ["Chart", "LiveView", "Reference", "Series", "live"]

INTERVAL = 0.1
"""Seconds between two pictures at least."""
MIN_LINES, LINES_AROUND = 10, 8
"""A terminal of fewer lines shows nothing; of a chart, so many lines are no canvas."""
HIDE_CURSOR, SHOW_CURSOR, TO_LINE_END = b"\x1b[?25l", b"\x1b[?25h", b"\x1b[K"


class LiveView:
    """A view that `update` gives charts to; `is_due` says whether the next would be drawn."""

    def __init__(self, layout: LayoutOptions, fd: int, interval: float, clock: Callable[[], float]) -> None:
        self.layout, self.fd, self.interval, self.clock = layout, fd, interval, clock
        self.enabled = _is_fit(fd)
        self.next_time = -float("inf")
        self.height = 0  # lines of the picture that stands there
        self.waiting: Chart | None = None

    @property
    def is_due(self) -> bool:
        """Whether there is a terminal and enough time has passed: who asks needn't make a chart in vain."""
        return self.enabled and self.clock() >= self.next_time

    def update(self, chart: Chart) -> None:
        """Draw a chart in place of the last, or later if that was drawn a moment ago."""
        self.waiting = chart
        if self.is_due:
            self.next_time = self.clock() + self.interval
            self.draw()

    def draw(self) -> None:
        """Draw the chart that waits."""
        chart, self.waiting = self.waiting, None
        if chart is None or not self.enabled:
            return
        try:
            columns, rows = os.get_terminal_size(self.fd)
            if rows < MIN_LINES or columns < 20:
                return
            layout = self.layout._replace(width=columns)
            lines = draw_chart(chart, layout, layout.text_width, min(HEIGHT, rows - LINES_AROUND) or 2)
            text = (encode_ansi if layout.colour else encode_plain)(lines[: rows - 1])
            drawn = [b"\r" + line + TO_LINE_END + b"\n" for line in text.splitlines()]
            blank = [b"\r" + TO_LINE_END + b"\n"] * (self.height - len(drawn))
            up = b"\x1b[%dA" % self.height if self.height else HIDE_CURSOR
            back = b"\x1b[%dA" % len(blank) if blank else b""
            FileDescriptor(self.fd).write(up + b"".join(drawn + blank) + back)
            self.height = len(drawn)
        except OSError:
            self.enabled = False  # nobody looks any more

    def close(self) -> None:
        """Draw what waits, and give the cursor back."""
        self.draw()
        if self.height and self.enabled:
            with contextlib.suppress(OSError):
                FileDescriptor(self.fd).write(SHOW_CURSOR)


def _is_fit(fd: int) -> bool:
    """Return whether a descriptor is a terminal that can move its cursor."""
    try:
        return os.isatty(fd) and os.environ.get("TERM") != "dumb"
    except OSError:
        return False


@contextlib.contextmanager
def live(
    layout: LayoutOptions,
    fd: int = 2,
    interval: float = INTERVAL,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[LiveView]:
    """Yield a view whose charts replace each other on a terminal, by default standard error.

    with live(layout) as view:
        for step in range(steps):
            ...
            if view.is_due:
                view.update(Chart((Series(steps_so_far, losses),), "step", "loss"))
    """
    view = LiveView(layout, fd, interval, clock)
    try:
        yield view
    finally:
        view.close()
