"""Rows that are answered by several processes, and written by this one in their order.

The bytes are those of one process: every worker writes its rows as the writer would that has written the
first row. Where a later row would change that (rows of another kind), this process goes on alone from there.
"""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, NamedTuple

from aimath.cli.options import ROW_NUMBERS
from aimath.cli.printer import Printer, Progress
from aimath.cli.runner.answers import IgnoredRows, run_pieces
from aimath.cli.runner.division.pools import open_pool
from aimath.cli.runner.division.units import RowUnits, read_range
from aimath.cli.runner.division.work import units_of_part
from aimath.cli.runner.job import read_segments
from aimath.errors import InputError
from aimath.read.blocks import BadRow, RowRange
from aimath.read.segments import unit_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.cli.printer import CollectingPrinter
    from aimath.cli.runner.division.work import Work
    from aimath.cli.runner.job import Job
    from aimath.read.blocks import Block
    from aimath.read.segments import Segment
    from aimath.render.report_view import Writer
    from aimath.report import Report

TASK_NUMBERS = 1 << 21
"""About so many numbers are a task, of an array whose rows are found without reading those before them."""
CHUNK_BYTES = 1 << 20
REHEARSED = 8
"""Blocks that are tried until one has an answer, to see how a writer begins."""


class Rows(NamedTuple):
    """Rows that are answered as one task."""

    segment: int
    rows: RowRange | None  # None: all of the segment
    before: int  # rows before these


class Chunk(NamedTuple):
    """Bytes of rows that are answered, and what was said."""

    data: bytes
    rows: int
    said: tuple[tuple[str, str], ...]

    @property
    def size(self) -> int:
        """How many bytes wait until they are written."""
        return len(self.data)


class Finished(NamedTuple):
    """What is left to say of a task."""

    passed: int
    ignored: int
    failed_check: str
    writer: Writer


def run_rows(
    job: Job,
    blocks: Iterable[Block | BadRow],
    out: Printer | CollectingPrinter,
    work: Work,
    ignored: IgnoredRows,
) -> int:
    """Answer all rows by several processes, if they can be divided, and return how many have no answer."""
    job = job._replace(segments=tuple(RowUnits(job, work.unit_rows).segments))
    tasks = plan_tasks(job, work.unit_rows)
    steady = _rehearse(job, out) if job.shares(len(tasks)) else None
    if steady is None or not isinstance(out, Printer):
        return sum(run_pieces(job, blocks, out, ignored))
    return _share(job, tasks, out, work, ignored, steady)


def run_row_part(job: Job, out: Printer, work: Work, ignored: IgnoredRows) -> int:
    """Answer the rows of a part, which follow those of the parts before it, and return how many have none.

    So the first part has the header, and parts behind each other are the whole; an .npy is one by itself.
    """
    units = RowUnits(job, work.unit_rows)
    job = job._replace(segments=tuple(units.segments))
    chosen = units_of_part(job.division, units.count)
    tasks = plan_tasks(job, work.unit_rows, chosen)
    if not tasks and chosen:
        if units.count > 1:
            why = f"{job.command.name} goes by the numbers of rows, and not every file says how many it has"
            hint = "use --workers, or .npy files of several rows"
            raise InputError(why, hint=hint, usage=True).within("--part")
        tasks = [Rows(0, None, 0)]
    steady = _rehearse(job, out)
    if steady is not None and chosen.start and not hasattr(out.writer, "file"):
        out.adopt(steady)
    if steady is None or not job.shares(len(tasks)):
        return _go_on(job, tasks, out, ignored)
    return _share(job, tasks, out, work, ignored, steady)


def _share(
    job: Job, tasks: Sequence[Rows], out: Printer, work: Work, ignored: IgnoredRows, steady: Writer
) -> int:
    """Answer tasks by several processes, and return how many rows have no answer."""
    passed: int = 0
    names = [segment.describe(0) for segment in job.segments]
    given = (work, job.segments, tasks[0], _portable(out.writer), steady)
    with open_pool(job.division, len(tasks), _RowWorker, *given) as pool:
        for number, message in pool.results(tasks, lambda task: _name(task, names)):
            if isinstance(message, Chunk):
                out.write_bytes(message.data, message.rows, message.said)
                continue
            passed += message.passed
            ignored.count += message.ignored
            out.failed_check = out.failed_check or message.failed_check
            out.adopt(message.writer)
            if _state(out.writer) != _state(steady):
                pool.close()
                return passed + _go_on(job, tasks[number + 1 :], out, ignored)
    return passed


def _name(task: Rows, names: Sequence[str]) -> str:
    if task.rows is None:
        return names[task.segment]
    stop = "the last" if task.rows.stop is None else task.rows.stop
    return f"rows {task.rows.start + 1} to {stop} of {names[task.segment]}"


def plan_tasks(job: Job, unit_rows: int, chosen: range | None = None) -> list[Rows]:
    """Return the tasks that the rows of some units of a job, by default all, are divided into."""
    units = RowUnits(job, unit_rows)
    chosen = range(units.count) if chosen is None else chosen
    if not job.operand_names or any(job.operand_spec(name).matrix for name in job.operand_names):
        return []
    if job.command.name_of(ROW_NUMBERS) and None in [one.rows for one in units.segments[:-1]]:
        return []
    starts = [0, *itertools.accumulate(one.rows or 0 for one in units.segments)]
    tasks: list[Rows] = []
    for _, place, rows in unit_ranges(units.segments, chosen.start, chosen.stop, unit_rows):
        segment, before = units.segments[place], starts[place]
        if rows is None or segment.rows is None:
            tasks.append(Rows(place, None, before or place))
            continue
        step = max(2, TASK_NUMBERS // segment.width)
        end = segment.rows if rows.stop is None else rows.stop
        for start in range(rows.start, end, step):
            stop = min(start + step, end)
            asked = RowRange(start, None if stop == segment.rows else stop, step)
            tasks.append(Rows(place, asked, before + start))
    return tasks


class _RowWorker:
    """What answers rows in a process of its own."""

    def __init__(
        self, work: Work, segments: Sequence[Segment], first: Rows, pristine: Writer, steady: Writer
    ) -> None:
        self.job = work.job()._replace(segments=tuple(segments))
        self.first, self.pristine, self.steady = first, pristine, steady

    def __call__(self, task: Rows) -> Iterator[Chunk | Finished]:
        """Yield the bytes of some rows, in order, and what is left to say."""
        writer = self.pristine if task == self.first else self.steady
        out = _ChunkPrinter(copy.deepcopy(writer), self.job.command.name)
        ignored, passed = IgnoredRows(self.job), 0
        try:
            for skipped in run_pieces(self.job, _blocks(self.job, task), out, ignored, task.before):
                passed += skipped
                if out.waiting >= CHUNK_BYTES:
                    yield out.take()
        except InputError:
            yield out.take()  # the rows before it have their answers
            raise
        yield out.take()
        yield Finished(passed, ignored.count, out.failed_check, out.writer)


def _blocks(job: Job, task: Rows) -> Iterator[Block | BadRow]:
    return read_range(job, job.segments[task.segment], task.rows)


class _ChunkPrinter(Printer):
    """A printer that keeps bytes and notes until they are taken."""

    def __init__(self, writer: Writer, name: str) -> None:
        self.data: list[bytes] = []
        self.said: list[tuple[str, str]] = []
        self.waiting = self.count = 0
        super().__init__(
            writer,
            self,  # type: ignore[arg-type]  # it is its own sink
            row_oriented=not hasattr(writer, "file"),
            fields=writer.layout.fields,  # type: ignore[attr-defined]
            asides=(),
            progress=Progress(name, enabled=False),
        )

    def write(self, data: bytes) -> None:
        """Keep bytes."""
        self.data.append(data)
        self.waiting += len(data)

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Write reports, and count their rows."""
        super().write_reports(reports)
        self.count += reports[0].rows

    def say(self, kind: str, note: str) -> None:
        """Keep a note."""
        self.said.append((kind, note))

    def take(self) -> Chunk:
        """Return what was kept."""
        found = Chunk(b"".join(self.data), self.count, tuple(dict.fromkeys(self.said)))
        self.data, self.said, self.waiting, self.count = [], [], 0, 0
        return found


def _rehearse(job: Job, out: Printer | CollectingPrinter) -> Writer | None:
    """Return a writer that has written the first answer, None if there is more to it than bytes in order."""
    if not isinstance(out, Printer) or out.asides:
        return None
    if not (out.row_oriented or hasattr(out.writer, "file")):  # lines, or the numbers of an .npy
        return None
    trial = _Rehearsal(_portable(out.writer), job.command.name)
    ranged = job.read_options._replace(range=RowRange())
    try:
        pieces = read_segments(job._replace(read_options=ranged))
        for _ in run_pieces(job, itertools.islice(pieces, REHEARSED), trial, IgnoredRows(job)):
            if trial.waiting:
                if hasattr(trial.writer, "rows"):
                    trial.writer.rows = 0  # each counts its own
                return None if trial.has_more else trial.writer
    except InputError:
        pass  # it is told when it comes
    return None


class _Rehearsal(_ChunkPrinter):
    """A printer that sees whether answers are more than lines: files are saved, other answers follow."""

    has_more = False

    def write_reports(self, reports: Sequence[Report]) -> None:
        """Write reports, and see what they have."""
        self.has_more |= any(one.save or one.following or one.is_continuation for one in reports)
        super().write_reports([one._replace(save=None, following=()) for one in reports])


def _go_on(job: Job, tasks: Sequence[Rows], out: Printer, ignored: IgnoredRows) -> int:
    """Answer the rows of tasks in this process, and return how many have no answer."""
    return sum(sum(run_pieces(job, _blocks(job, task), out, ignored, task.before)) for task in tasks)


def _portable(writer: Writer) -> Writer:
    """Return a writer as it is now without the file that it writes to."""
    found = copy.copy(writer)
    if hasattr(found, "file"):
        found.file = None
    return copy.deepcopy(found)


def _state(writer: Writer) -> str:
    """Return what a writer has learnt of the rows that it has written, but for how many these are."""
    held = {name: value for name, value in vars(writer).items() if name not in {"layout", "file", "rows"}}
    return repr({name: _state(value) if hasattr(value, "write") else value for name, value in held.items()})
