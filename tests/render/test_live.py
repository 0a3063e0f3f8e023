"""A chart that is redrawn in place: seen through a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios

import numpy as np
import pytest

from aimath.render.live import Chart, Series, live
from aimath.render.report_view import LayoutOptions

END = b"\x03"


class Screen:
    """A pseudo-terminal, and what stands on it."""

    def __init__(self, columns=60, rows=30):
        self.ours, self.theirs = pty.openpty()
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def sent(self):
        """What was sent since the last look: what comes before a sign that is sent now, through the kernel's queue."""
        os.write(self.theirs, END)
        text = b""
        while not text.endswith(END):
            text += os.read(self.ours, 1 << 16)
        return text.removesuffix(END).decode()

    @staticmethod
    def shown(sent):
        """The lines that stand there after all that was sent."""
        lines, row, written = [""], 0, ""
        for part in re.findall(r"\x1b\[\d*A|\x1b\[K|\x1b\[\?25[lh]|\x1b\[[\d;]*m|\r|\n|[^\x1b\r\n]+", sent):
            if part.endswith("A"):
                row -= int(part[2:-1])
                assert row >= 0
            elif part == "\x1b[K":
                lines[row] = written
            elif part == "\n":
                row += 1
                lines += [""] * (row == len(lines))
            elif part == "\r":
                written = ""
            elif part[0] != "\x1b":
                written += part
        return lines

    def close(self):
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def screen():
    made = Screen()
    yield made
    made.close()


def chart(steps, name="loss"):
    return Chart((Series(np.arange(float(steps)), np.arange(float(steps)) ** 2),), "step", name)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_each_chart_takes_the_place_of_the_last(screen):
    clock = Clock()
    with live(LayoutOptions(), screen.theirs, clock=clock) as view:
        for steps in (3, 30, 300):
            clock.now += 1
            view.update(chart(steps))
            seen = screen.sent()
    seen += screen.sent()
    lines = Screen.shown(seen.replace("\x1b[15A", "", 1))
    assert sum("loss" in line for line in lines) == 1
    assert any("100" in line and "300" not in line for line in lines)


def test_all_that_was_sent_leaves_one_chart(screen):
    clock = Clock()
    with live(LayoutOptions(), screen.theirs, clock=clock) as view:
        for k, name in enumerate(["first", "second", "third"]):
            clock.now += 1
            view.update(chart(5 + k, name))
    lines = Screen.shown(screen.sent())
    assert [word for line in lines for word in ("first", "second", "third") if word in line] == ["third"]
    assert "●" in "".join(lines)


def test_what_comes_too_soon_waits_and_the_last_is_drawn_at_the_end(screen):
    clock = Clock()
    with live(LayoutOptions(), screen.theirs, clock=clock) as view:
        view.update(chart(3, "first"))
        assert not view.is_due
        view.update(chart(4, "second"))
        view.update(chart(5, "third"))
        before = screen.sent()
    assert "second" not in before
    assert "third" in screen.sent()


def test_the_cursor_is_hidden_and_given_back_even_after_an_error(screen):
    def fail():
        with live(LayoutOptions(), screen.theirs) as view:
            view.update(chart(3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    sent = screen.sent()
    assert sent.count("\x1b[?25l") == 1
    assert sent.endswith("\x1b[?25h")


def test_a_smaller_chart_leaves_nothing_of_a_larger_one(screen):
    clock = Clock()
    with live(LayoutOptions(), screen.theirs, clock=clock) as view:
        view.update(chart(30, "large"))
        clock.now += 1
        screen.resize(60, 14)
        view.update(chart(30, "small"))
    lines = Screen.shown(screen.sent())
    assert sum("└" in line for line in lines) == 1
    assert not any("large" in line for line in lines)


def test_it_follows_the_width_of_the_terminal(screen):
    clock = Clock()
    with live(LayoutOptions(), screen.theirs, clock=clock) as view:
        view.update(chart(30))
        screen.sent()
        screen.resize(30, 30)
        clock.now += 1
        view.update(chart(30))
        lines = Screen.shown(re.sub(r"\x1b\[\d+A", "", screen.sent(), count=1))
    assert max(map(len, lines)) <= 30


def test_where_there_is_no_terminal_nothing_is_written(tmp_path, screen, monkeypatch):
    with (tmp_path / "err").open("wb") as file:
        with live(LayoutOptions(), file.fileno()) as view:
            assert not view.is_due
            view.update(chart(3))
        assert file.tell() == 0
    monkeypatch.setenv("TERM", "dumb")
    with live(LayoutOptions(), screen.theirs) as view:
        view.update(chart(3))
    assert screen.sent() == ""


def test_a_terminal_too_low_for_a_chart_stays_empty(screen):
    screen.resize(60, 5)
    with live(LayoutOptions(), screen.theirs) as view:
        view.update(chart(3))
    assert screen.sent() == ""


def test_a_terminal_that_goes_away_ends_no_run():
    screen = Screen()
    with live(LayoutOptions(), screen.theirs, interval=0.0) as view:
        view.update(chart(3))
        os.close(screen.ours)
        view.update(chart(4))
        view.update(chart(5))
    os.close(screen.theirs)
