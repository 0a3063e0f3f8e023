"""Printers: reports to their destination, notes and progress to standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from aimath.cli.errors import eprint
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.report_view import Writer
    from aimath.render.sink import AtomicFile, FileDescriptor
    from aimath.report import Report

PROGRESS_DELAY, PROGRESS_INTERVAL = 1.0, 0.5
"""Seconds before the first word of progress, and between two."""


class Printer:
    """Writes reports to their destination, and notes and plots beside piped data to standard error."""

    def __init__(
        self,
        writer: Writer,
        sink: AtomicFile | FileDescriptor,
        *,
        row_oriented: bool,
        fields: tuple[str, ...],
        plot_writer: Writer | None,
        progress: Progress,
    ) -> None:
        self.writer, self.sink, self.fields = writer, sink, fields
        self.plot_writer, self.progress = plot_writer, progress
        self.row_oriented = row_oriented  # each row becomes a line
        self.seen_notes: set[str] = set()
        self.failed_check = ""  # what --check found not to hold

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Write the reports of some rows, one for each combination of swept options."""
        rows = reports[0].rows
        writers = [one for one in (self.writer, getattr(self.writer, "table", None)) if one is not None]
        states = [dict(vars(one)) for one in writers]
        try:
            parts = self._write_together(reports, rows)
        except InputError as error:  # a row lacks a quantity: as if nothing had been written
            for one, state in zip(writers, states, strict=True):
                vars(one).update(state)
            if len(reports) == 1 or not _announce(reports, writers, error):
                raise
            parts = self._write_together(reports, rows)
        for report in reports:
            if report.save and not report.is_missing:
                report.save()
        self.sink.write(b"".join(parts))
        self.progress.add(rows)
        for report in reports:
            self._write_notes(report)
            for more in following(report, self.fields):
                self.write_reports([more])

    def _write_together(self, reports: Sequence[Report], rows: int) -> list[bytes]:
        """Return the bytes of reports of the same rows."""
        if len(reports) == 1 or rows == 1:
            return [self.writer.write(report) for report in reports]
        return list(self._interleave(reports, rows))

    def _interleave(self, reports: Sequence[Report], rows: int) -> Iterator[bytes]:
        """Yield the lines of row 1 of every report, then of row 2, and so on."""
        split = [self.writer.write(report).splitlines(keepends=True) for report in reports]
        header = len(split[0]) - rows
        yield from split[0][:header]
        split[0] = split[0][header:]
        for lines in zip(*split, strict=True):
            yield from lines

    def _write_notes(self, report: Report) -> None:
        if self.plot_writer:
            _write_stderr(self.plot_writer.write(report))
        self.failed_check = self.failed_check or report.failed_check
        for kind, notes in (("note", report.notes), ("warning", report.warnings)):
            for note in notes:
                if note not in self.seen_notes:
                    self.seen_notes.add(note)
                    self.progress.clear()
                    eprint(f"aimath {self.progress.name}: {kind}: {note}")

    def finish(self) -> None:
        """Write what the writer still buffers."""
        self.sink.write(self.writer.finish())
        if self.plot_writer:
            _write_stderr(self.plot_writer.finish())


def _announce(reports: Sequence[Report], writers: Sequence[Writer], error: InputError) -> bool:
    """Tell tables that aren't begun of a sweep's columns, if these differ; return whether there are any."""
    from aimath.render.formats import TabularWriter, UnevenRowsError

    tables = [one for one in writers if isinstance(one, TabularWriter) and not one.header]
    if not isinstance(error, UnevenRowsError):
        return False
    for table in tables:
        table.announce(reports)
    return bool(tables)


def following(report: Report, fields: tuple[str, ...] = ()) -> Iterator[Report]:
    """Yield the reports that follow, without further rows if the fields asked for have none."""
    for more in report.following:
        if more.is_continuation and not report.line_axis(fields):
            return
        yield more._replace(swept=more.swept or report.swept) if more.is_continuation else more


def _write_stderr(data: bytes) -> None:
    """Write to standard error, if it is open."""
    from aimath.render.sink import FileDescriptor

    if sys.stderr is not None:
        FileDescriptor(2).write(data)


class Progress:
    """A counter of rows on standard error, silent where that is no terminal."""

    def __init__(self, name: str, *, enabled: bool) -> None:
        self.name, self.enabled = name, enabled
        self.rows = self.width = 0
        self.next_update = time.monotonic() + PROGRESS_DELAY

    def add(self, rows: int) -> None:
        """Count more rows and update the line if it is due."""
        self.rows += rows
        now = time.monotonic()
        if self.enabled and now >= self.next_update:
            self.next_update = now + PROGRESS_INTERVAL
            self._write(f"aimath {self.name}: {self.rows} rows")

    def clear(self) -> None:
        """Clear the progress line."""
        if self.width:
            self._write("")

    def _write(self, text: str) -> None:
        line = f"\r{text:<{self.width}}" + ("\r" if not text else "")
        self.width = len(text)
        try:
            os.write(2, line.encode())
        except OSError:
            self.enabled = False  # nobody looks any more


class CollectingPrinter:
    """A printer that collects reports in a list."""

    row_oriented = False  # row by row, as people read
    fields: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Collect reports and those that follow them."""
        for report in reports:
            self.reports += _flatten(report)


def _flatten(report: Report) -> Iterator[Report]:
    yield report._replace(following=())
    for more in following(report):
        yield from _flatten(more)
