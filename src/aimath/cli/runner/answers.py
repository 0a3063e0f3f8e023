"""Answers to blocks of rows: a report for each run of a sweep, with bad rows reported or skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.cli.errors import eprint
from aimath.cli.options import (
    ACCUMULATED,
    ENTRY_LABELS,
    HAS_HEADER,
    IGNORE,
    MISSING_COUNT,
    MISSING_ROW,
    OPERAND_WORDS,
    ROW_NUMBERS,
    SHARING,
    SOURCE,
    Supplied,
)
from aimath.cli.runner.reduction import Accumulators, check_labels, named_operands
from aimath.cli.runner.row_errors import (
    as_bad_row,
    find_bad_row,
    gather_operands,
    locate_single_row,
    name_operand,
)
from aimath.cli.runner.share import LocalShare
from aimath.cli.runner.stand_ins import stand_in_operands, tries_all_widths
from aimath.errors import InputError, pluralize
from aimath.read.blocks import BadRow, Block, check_budget, with_location
from aimath.read.numbers import parse_integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.cli.printer import CollectingPrinter, Printer
    from aimath.cli.runner.job import Job
    from aimath.report import Report

MAX_BATCH = 10_000
"""Rows times swept values that are answered together: that bounds what a long sweep holds."""


MIN_RUNS, MAX_NUMBERS = 16, 1 << 20
"""Runs of a sweep that are answered together in any case; and numbers, rows times runs, beyond these."""


class IgnoredRows:
    """The rows that --ignore passes over for their target, of a command that has an answer a row."""

    def __init__(self, job: Job) -> None:
        self.job, self.count = job, 0
        text = job.options.get(job.command.name_of(IGNORE) or "", "")
        self.target = parse_integer(text, "--ignore", -(10**9), 10**9) if text else None
        if self.target is not None and "target" not in job.operand_names and job.operand_words[1]:
            raise InputError("--ignore passes over rows of a target: give --target", usage=True)

    def leave_out(self, pieces: Iterable[Block | BadRow]) -> Iterator[Block | BadRow]:
        """Yield blocks without such rows, what is left between them."""
        for piece in pieces:
            if self.target is None or isinstance(piece, BadRow) or "target" not in piece.operands:
                yield piece
            else:
                yield from self._rest(piece)

    def _rest(self, block: Block) -> Iterator[Block]:
        import numpy as np

        rows = len(block.lines)
        out = np.broadcast_to(block.operands["target"][:, 0] == self.target, rows)
        self.count += int(out.sum())
        ends = np.flatnonzero(np.diff(out, prepend=True, append=True))
        for start, stop in ends.reshape(-1, 2).tolist():
            yield block.slice_rows(start, stop)

    def tell(self) -> None:
        """Say how many rows were passed over."""
        if self.count:
            said = f"{pluralize(self.count, 'row')} passed over for the target {self.target}"
            eprint(f"aimath {self.job.command.name}: note: {said}")


def run_pieces(
    job: Job,
    blocks: Iterable[Block | BadRow],
    out: Printer | CollectingPrinter,
    ignored: IgnoredRows,
    before: int = 0,
) -> Iterator[int]:
    """Answer one block after the other, behind so many rows, and yield how many rows each has without one."""
    import numpy as np

    for piece in ignored.leave_out(_check_before_errors(job, blocks, out)):
        passed = 0
        if isinstance(piece, BadRow):
            if not before:
                check_options(job, {}, out, readable=True)
            width = piece.width  # matrices are taken to be square
            shapes = {
                name: (width,) * (2 if job.operand_spec(name).matrix else 1) for name in job.operand_names
            }
            _reject(job, piece, shapes, out)
            passed, before = 1, before + 1
        elif piece.is_empty and (before or not job.needs_no_operand):
            check_options(job, piece.operands, out)
        elif piece.is_empty:  # there is a picture without operands
            _run_block(job._replace(operand_names=()), Block({}, piece.source, (1,)), before, out)
        else:
            with np.errstate(all="ignore"):  # what is no number is found by its name, not by numpy's warning
                passed = _run_block(job, piece, before, out)
            before += len(piece.lines)
        yield passed


def check_before(job: Job, error: InputError, out: Printer | CollectingPrinter) -> None:
    """Raise what is wrong with the options, if it is rather that than what was read, of which nothing was."""
    if not (error.usage or getattr(error, "begun", False)):
        check_options(job, {}, out, readable=True)


def block_reports(job: Job, pieces: Iterable[Block | BadRow]) -> Iterator[Report]:
    """Yield the reports of blocks, each answered in one go."""
    import numpy as np

    for piece in pieces:
        if isinstance(piece, BadRow):
            raise with_location(piece)
        with np.errstate(all="ignore"):
            yield from _make_reports(job, piece, job.runs)


def reduced_reports(
    job: Job, accumulators: Accumulators, notes: Iterable[str], passed: int = 0
) -> list[Report]:
    """Return the answer of what was learnt of all rows, one for each run of a sweep."""
    reports = [_reduced_report(job, accumulators.of_run(run), run) for run in job.runs]
    reports = [report._replace(warnings=(*report.warnings, *notes)) for report in reports]
    return [reports[0]._replace(passed=passed), *reports[1:]]


def _check_before_errors(
    job: Job, blocks: Iterable[Block | BadRow], out: Printer | CollectingPrinter
) -> Iterator[Block | BadRow]:
    """Yield the blocks; if there is none because of what is read, wrong options are told of first."""
    begun = False
    try:
        for piece in blocks:
            begun = True
            yield piece
    except InputError as error:
        if not (begun or error.usage):
            check_options(job, {}, out)
        raise


def _run_block(job: Job, block: Block, row_offset: int, out: Printer | CollectingPrinter) -> int:
    """Run a block that follows `row_offset` rows, in one batch or up to its first bad row."""
    passed, start, rows = 0, 0, len(block.lines)
    most = limit = _batch_rows(job, out, rows)
    while start < rows:
        part = block.slice_rows(start, min(rows, start + most))
        batches = (_make_reports(job, part, runs, row_offset + start) for runs in _run_batches(job, part))
        reports: list[Report] = []
        try:
            reports = next(batches)
            out.write_reports(reports)
        except InputError as error:
            if reports and error.row is None:
                raise  # not of an answer that a row lacks
            name_operand(error, part)
            bad = find_bad_row(error, part)
            if bad is None or (rows == 1 and not block.source):
                raise locate_single_row(error, part) from None
            if bad > 0 or (reports and len(part.lines) > 1):
                most = max(bad, 1)  # the rows before the bad one are whole: answer them first
                continue
            if not row_offset + start:
                check_options(job, {}, out)
            shapes = {name: values.shape[1:] for name, values in part.operands.items()}
            _reject(job, as_bad_row(error, part), shapes, out)
            passed, start = passed + 1, start + 1
        else:
            for more in batches:
                out.write_reports(more)
            start, most = start + len(part.lines), min(limit, most * 2)
    return passed


def check_options(
    job: Job, given: Mapping[str, Any], out: Printer | CollectingPrinter, *, readable: bool = False
) -> None:
    """Raise InputError if the options are wrong whatever the rows hold, judged by others that stand in.

    Operands that are given stand for themselves. Where there is something to read, `readable`, it may hold
    the optional operands too.
    """
    error = _find_wrong_option(job, given, out)
    if error is not None and readable and job.optional_operands:
        wider = job._replace(operand_names=(*job.operand_names, *job.optional_operands))
        error = error if _find_wrong_option(wider, given, out) else None
    if error is not None:
        raise error


def _find_wrong_option(
    job: Job, given: Mapping[str, Any], out: Printer | CollectingPrinter
) -> InputError | None:
    """Return what is wrong with the options, or None: also where any stand-in has an answer."""
    wrong: dict[tuple[str, ...], InputError] = {}  # by what is wrong
    for operands in stand_in_operands(job, given):
        part = Block(operands=operands, source="", lines=(1,))
        try:
            for report in _make_reports(job._replace(labels=()), part, job.runs[:MAX_BATCH]):
                _check_fields(report, out.fields)
        except InputError as error:
            if error.usage and (error.row is None or error.operand in job.command.sweepable):
                wrong.setdefault((*error.args, str(error.values)), error)
        else:
            return None
    # Of options that ask for wider rows than were tried only what is said whatever the width is true.
    if len(wrong) == 1 or (wrong and tries_all_widths(job)):
        first = next(iter(wrong.values()))
        if first.operand not in job.operand_names:
            return first
    return None


def _check_fields(report: Report, fields: tuple[str, ...]) -> None:
    from aimath.render.report_view import ReportView, select_fields

    if fields:
        select_fields(ReportView.of_lines(report, fields), fields)


def _batch_rows(job: Job, out: Printer | CollectingPrinter, rows: int) -> int:
    """Return how many rows to run together, so that the memory of a sweep is bounded."""
    if len(job.runs) == 1:
        return rows
    matrices = any(job.operand_spec(name).matrix for name in job.operand_names)
    return max(1, min(rows, MAX_BATCH // len(job.runs))) if out.row_oriented and not matrices else 1


def _run_batches(job: Job, part: Block) -> Iterator[Sequence[dict[str, float]]]:
    """Yield the runs of a sweep in batches, or all at once where bad rows are skipped.

    Answers to long rows are large: of these fewer runs are answered together.
    """
    numbers = sum(getattr(values, "size", 1) for values in part.operands.values())
    size = max(MIN_RUNS, min(MAX_BATCH, MAX_NUMBERS // max(1, numbers)))
    if job.on_invalid != "stop":
        size = max(size, len(job.runs))
        check_budget(
            24 * numbers * size,
            f"a sweep of {len(job.runs)} over {numbers} numbers",
            job.read_options.max_memory,
        )
    for first in range(0, len(job.runs), size):
        yield job.runs[first : first + size]


def _reject(
    job: Job, bad: BadRow, shapes: Mapping[str, tuple[int, ...]], out: Printer | CollectingPrinter
) -> None:
    """Raise the error of a bad row, or handle the row as --invalid says."""
    bad.error.flags = bad.error.flags or job.command.flags  # for the way out
    if job.on_invalid == "stop":
        raise with_location(bad)
    if job.on_invalid == "nan":
        labels = () if job.command.name_of(ENTRY_LABELS) else job.labels or bad.labels
        try:
            reports = _missing_reports(job, shapes)
        except InputError:  # no answer has such a shape, so what is wrong is the row
            raise with_location(bad) from None
        out.write_reports([_name_axes(report, entry=labels)._replace(ids=bad.ids) for report in reports])


def _missing_reports(job: Job, shapes: Mapping[str, tuple[int, ...]]) -> list[Report]:
    """Return reports of nan with the shapes that a row of `shapes` would give."""
    import numpy as np

    each = {name for name, operand in job.command.operands.items() if operand.per_row}
    unlabelled = job._replace(labels=())
    if told := job.command.name_of(MISSING_ROW):
        unlabelled = unlabelled._replace(options={**job.options, told: True})
    wrong: InputError | None = None
    for share in (1.0, 0.0):  # of probabilities, or of what must be whole, or not above 0
        stand_in = {name: np.full((1, *shape), share / np.prod(shape)) for name, shape in shapes.items()}
        stand_in |= {name: np.zeros((1, 1)) for name in each & stand_in.keys()}
        try:
            reports = _make_reports(unlabelled, Block(operands=stand_in, source="", lines=(1,)), job.runs)
        except InputError as error:
            wrong = wrong or error
        else:
            return [report._replace(is_missing=True) for report in reports]
    raise wrong or InputError("no row has such a shape")


def _make_reports(
    job: Job, part: Block, runs: Sequence[dict[str, float]], row_offset: int = 0
) -> list[Report]:
    """Return the reports of some rows, one for each combination of swept options."""
    if job.reduction:
        accumulators = Accumulators(job, job.reduction)
        accumulators.update(named_operands(job, part))
        return [_reduced_report(job, accumulators.of_run(run), run) for run in runs]
    operands = gather_operands(job, part)
    known: dict[Supplied, Any] = {
        ROW_NUMBERS: range(row_offset + 1, row_offset + 1 + len(part.lines)),
        OPERAND_WORDS: job.operand_words,
        SHARING: job.share or LocalShare(),
        SOURCE: part.source,
        MISSING_COUNT: part.missing,
        HAS_HEADER: bool(part.labels and part.source) and not part.is_column,
    }
    operands |= job.command.supplied(known)
    labels = check_labels(job.labels, part) or part.labels
    if part.labels and not part.source:
        _refuse_options_as_labels(job)
    if named := job.command.name_of(ENTRY_LABELS):
        operands[named], labels = labels, ()
    reports: list[Report] = []
    for options in runs:
        asked = part.row_labels if part.is_named else ()
        answer = _call_command(job, operands, options)
        report = _name_axes(answer, entry=labels, row=part.row_labels, asked=asked)
        reports.append(
            report._replace(
                swept=_swept_columns(job, report, options),
                warnings=(*report.warnings, *part.notes),
                notes=(*report.notes, *part.said),
                is_column=part.is_column or report.is_column,
                ids=part.ids,
            )
        )
    if len(reports) == 1:
        return reports
    together = tuple(reports)
    return [report._replace(together=together) for report in reports]


def _reduced_report(job: Job, accumulator: Any, options: Mapping[str, float]) -> Report:
    name = job.command.name_of(ACCUMULATED)
    report = _call_command(job, {name: accumulator} if name else {}, options)
    if "entry" not in report.names:
        report = _name_axes(report, entry=job.labels)
    return report._replace(swept=_swept_columns(job, report, options))


def _swept_columns(job: Job, report: Report, options: Mapping[str, float]) -> dict[str, Any]:
    """Return the first columns: those of the report, and the options with several values."""
    import numpy as np

    rows = report.length(report.line_axis())
    columns = {job.command.sweepable[key].quantity or key: options[key] for key in job.swept}
    return {**report.swept, **{key: np.full(rows, value) for key, value in columns.items()}}


def _name_axes(report: Report, **names: tuple[str, ...]) -> Report:
    """Return the report with the user's names, where there are any, for the entries of its axes."""
    return report._replace(names={**report.names, **{axis: words for axis, words in names.items() if words}})


def _refuse_options_as_labels(job: Job) -> None:
    """Raise InputError if a number of the command line is labelled as an option is called: mean=0."""
    from aimath.cli.guesses import meant_labels  # noqa: PLC0415  only where there are labels

    if way_out := meant_labels(job.command, job.operand_words[1]):
        raise InputError("an option is written with its dashes", hint=way_out, usage=True)


def _call_command(job: Job, operands: Mapping[str, Any], options: Mapping[str, float]) -> Report:
    try:
        return job.command.execute({**operands, **job.options, **options})
    except InputError as error:
        error.flags = job.command.flags
        option = job.command.sweepable.get(error.operand or "")
        if option is not None:  # it is at fault, not the data
            error.usage = True
            if not error.names_operand:
                error.within(option.flags[0])
        raise
