"""Printers: reports to their destination, notes and progress to standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.errors import eprint
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.report_view import Writer
    from aimath.render.sink import AtomicFile, FileDescriptor
    from aimath.report import Report

PROGRESS_DELAY, PROGRESS_INTERVAL = 1.0, 0.5
"""Seconds before the first word of progress, and between two."""


class Aside(NamedTuple):
    """A writer of what stands beside the answer, a plot, and where it goes."""

    writer: Writer
    sink: AtomicFile | StandardError


class Printer:
    """Writes reports to their destination, plots to theirs, and notes to standard error."""

    def __init__(
        self,
        writer: Writer,
        sink: AtomicFile | FileDescriptor,
        *,
        row_oriented: bool,
        fields: tuple[str, ...],
        asides: Sequence[Aside],
        progress: Progress,
    ) -> None:
        self.writer, self.sink, self.fields = writer, sink, fields
        self.asides, self.progress = asides, progress
        self.row_oriented = row_oriented  # each row becomes a line
        self.seen_notes: set[str] = set()
        self.failed_check = ""  # what --check found not to hold
        self.passed = 0  # rows without an answer, of parts that are combined
        self.is_interrupted = False  # Ctrl-C ended what was written

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Write the reports of some rows, one for each combination of swept options."""
        reports = [report for report in reports if not report.is_nothing]
        if not reports:
            return
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

    def write_bytes(self, data: bytes, rows: int, said: Sequence[tuple[str, str]]) -> None:
        """Write rows that another process has answered, and what it had to say."""
        self.sink.write(data)
        self.progress.add(rows)
        for kind, note in said:
            self.say(kind, note)

    def adopt(self, writer: Writer) -> None:
        """Go on as a writer would that has written further rows in another process."""
        kept = {name: value for name, value in vars(self.writer).items() if name in {"file", "rows"}}
        more = kept.get("rows", 0) + getattr(writer, "rows", 0)
        vars(self.writer).update({**vars(writer), **kept, **({"rows": more} if "rows" in kept else {})})

    def _write_together(self, reports: Sequence[Report], rows: int) -> list[bytes]:
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
        for aside in self.asides:
            aside.sink.write(aside.writer.write(report))
        self.failed_check = self.failed_check or report.failed_check
        self.passed += report.passed
        self.is_interrupted = self.is_interrupted or report.is_interrupted
        for kind, notes in (("note", report.notes), ("warning", report.warnings)):
            for note in notes:
                self.say(kind, note)

    def say(self, kind: str, note: str) -> None:
        """Write a note or a warning to standard error, once."""
        if note not in self.seen_notes:
            self.seen_notes.add(note)
            self.progress.clear()
            eprint(f"aimath {self.progress.name}: {kind}: {note}")

    def finish(self) -> None:
        """Write what the writer still buffers."""
        self.sink.write(self.writer.finish())
        for aside in self.asides:
            aside.sink.write(aside.writer.finish())


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


class StandardError:
    """Standard error, if it is open."""

    def write(self, data: bytes) -> None:
        """Write all of `data`."""
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
