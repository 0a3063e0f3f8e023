"""Answers on their way out: the data to their place, all that is said beside them to standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from aimath.cli.errors import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.fields import Writer
    from aimath.render.sink import AtomicFile, Descriptor
    from aimath.report import Report

AFTER, EVERY = 1.0, 0.5
"""Seconds before the first word of progress, and between two."""


class Printer:
    """Takes reports, gives bytes to their place; notes and plots beside the data go to standard error."""

    def __init__(
        self,
        writer: Writer,
        sink: AtomicFile | Descriptor,
        *,
        by_line: bool,
        fields: tuple[str, ...],
        aside: Writer | None,
        progress: Progress,
    ) -> None:
        self.writer, self.sink, self.fields = writer, sink, fields
        self.aside, self.progress = aside, progress
        self.by_line = by_line  # each row becomes a line
        self.said: set[str] = set()
        self.unmet = ""  # what --check found not to hold

    def rows(self, reports: Sequence[Report]) -> None:
        """Write some rows: for each row its answers, one for each combination that is swept."""
        reports = [report.of_fields(self.fields) for report in reports]
        rows = reports[0].rows
        if len(reports) == 1 or rows == 1:
            parts = [self.writer.write(report) for report in reports]
        else:
            parts = list(self._interleaved(reports, rows))
        self.sink.write(b"".join(parts))
        self.progress.add(rows)
        for report in reports:
            self._beside(report)
            for more in following(report):
                self.rows([more])

    def _interleaved(self, reports: Sequence[Report], rows: int) -> Iterator[bytes]:
        """Give row 1 of every report, then row 2, by their lines."""
        split = [self.writer.write(report).splitlines(keepends=True) for report in reports]
        header = len(split[0]) - rows
        yield from split[0][:header]
        split[0] = split[0][header:]
        for lines in zip(*split, strict=True):
            yield from lines

    def _beside(self, report: Report) -> None:
        if self.aside:
            _aloud(self.aside.write(report))
        self.unmet = self.unmet or report.unmet
        for kind, notes in (("note", report.notes), ("warning", report.warnings)):
            for note in notes:
                if note not in self.said:
                    self.said.add(note)
                    self.progress.end()
                    say(f"aimath {self.progress.name}: {kind}: {note}")

    def end(self) -> None:
        """Write what the writer kept back."""
        self.sink.write(self.writer.end())
        if self.aside:
            _aloud(self.aside.end())


def following(report: Report) -> Iterator[Report]:
    """Give what comes behind a report: further rows of its answer, then other answers."""
    for more in report.rest:
        yield more._replace(swept=more.swept or report.swept, continued=True)
    yield from report.series


def _aloud(data: bytes) -> None:
    """Write to standard error, where there is one: its number may by now be that of another file."""
    from aimath.render.sink import Descriptor

    if sys.stderr is not None:
        Descriptor(2).write(data)


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


class Kept:
    """Takes reports as a printer does, and keeps them one by one."""

    by_line = False  # row by row, as people read

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def rows(self, reports: Sequence[Report]) -> None:
        """Keep some answers, and what follows them."""
        for report in reports:
            self.reports += _flat(report)


def _flat(report: Report) -> Iterator[Report]:
    yield report._replace(rest=(), series=())
    for more in following(report):
        yield from _flat(more)
