"""What the tests of the command line share."""

from __future__ import annotations

import pytest
from tests.cli.warm import Warm


@pytest.fixture(scope="session")
def warm():
    """Run `aimath ARGUMENTS` in a world of its own, from a warm interpreter."""
    runs = Warm()
    yield runs
    runs.close()


@pytest.fixture
def at_terminal(monkeypatch):
    """Let the program believe that its output is a terminal of so many columns."""
    from aimath.cli.output import Terminal

    def be(width, *, colour=False):
        terminal = Terminal(is_terminal=True, width=width, colour=colour, ascii_only=False)
        monkeypatch.setattr("aimath.cli.output.terminal_of", lambda _output: terminal)
        monkeypatch.setattr("aimath.cli.output.is_terminal", lambda number: number == 1)

    return be
