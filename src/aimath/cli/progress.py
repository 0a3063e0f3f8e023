"""How far a long stream has come, for a person who waits."""

from __future__ import annotations

import os
import time

AFTER, EVERY = 1.0, 0.5
"""Seconds before the first word, and between two."""


class Progress:
    """Counts rows on standard error; silent where that is no terminal, or where the answer is shown."""

    def __init__(self, name: str, *, shown: bool) -> None:
        self.name, self.shown = name, shown
        self.rows = self.width = 0
        self.due = time.monotonic() + AFTER

    def add(self, rows: int) -> None:
        """Count more rows, and say so if it is time."""
        self.rows += rows
        now = time.monotonic()
        if self.shown and now >= self.due:
            self.due = now + EVERY
            self._write(f"aimath {self.name}: {self.rows} rows")

    def end(self) -> None:
        """Wipe what was said."""
        if self.width:
            self._write("")

    def _write(self, text: str) -> None:
        line = f"\r{text:<{self.width}}" + ("\r" if not text else "")
        self.width = len(text)
        try:
            os.write(2, line.encode())
        except OSError:
            self.shown = False  # nobody looks any more
