"""The run loop: blocks of rows in, reports out, by one process or several, the whole or a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.cli.errors import eprint
from aimath.cli.options import SHARING, OutputOptions
from aimath.cli.output import open_printer
from aimath.cli.printer import CollectingPrinter, Printer
from aimath.cli.runner.answers import (
    IgnoredRows,
    block_reports,
    check_before,
    check_options,
    reduced_reports,
    run_pieces,
)
from aimath.cli.runner.division.sharing import PartLearntError, PartShare, Share
from aimath.cli.runner.division.work import Work, learn_all
from aimath.cli.runner.job import Job, parse_job
from aimath.cli.text_command import TextCommand
from aimath.errors import InputError, pluralize
from aimath.read.blocks import UNIT_ROWS, BadRow, Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aimath.cli.command import Command
    from aimath.cli.runner.division.units import Learnt


def run(command: Command, given: dict[str, Any], typed: Sequence[str] = ()) -> int:
    """Run a command with parsed arguments and return its exit code; `typed` is what they were parsed from."""
    if isinstance(command, TextCommand):
        return command.run_text(given)
    output = OutputOptions(**{key: given.pop(key) for key in OutputOptions._fields})
    if command.implies_explain(given) and not (output.json or output.format == "json"):
        output = output._replace(explain=True)
    work = Work(command.name, dict(given), output.asks_plot, output.only_fields, UNIT_ROWS)
    asked, pieces = parse_job(command, given, draws=output.asks_plot, fields=output.only_fields)
    if asked.division.part and asked.reads_stdin:
        why = "--part divides files, and standard input is none"
        raise InputError(why, hint="give files, or leave out --part", usage=True)
    learns = asked.reduction or command.name_of(SHARING)
    if asked.division.part and learns:
        return _run_part(asked, pieces, work, output)
    if asked.division.state:
        why = f"{command.name} has an answer a row, which parts print: put their outputs behind each other"
        raise InputError(why, hint="leave out --state", usage=True)
    with (
        Share(asked.division) as share,
        open_printer(output, command.name, typed) as out,
    ):
        passed = run_job(asked._replace(share=share), pieces, out, work)
    passed += out.passed
    _tell_passed(command.name, passed)
    if out.is_interrupted:
        return 130
    if out.failed_check:
        eprint(f"aimath {command.name}: check failed: {out.failed_check}")
        return 4
    return 3 if passed else 0


def _tell_passed(name: str, passed: int) -> None:
    if passed:
        eprint(f"aimath {name}: warning: {pluralize(passed, 'row')} without an answer")


def _run_part(job: Job, pieces: Iterable[Block | BadRow], work: Work, output: OutputOptions) -> int:
    """Run a part of the work of a job and return the exit code."""
    from aimath.cli.runner.division.parts import run_part, write_part  # noqa: PLC0415  only for parts

    name = job.command.name
    if not job.division.state:
        raise InputError("--part needs a file for what is learnt", hint="add --state part.npz", usage=True)
    if output.out is not None or output.figure is not None:
        flag = "--figure" if output.out is None else "--out"
        why = f"{flag} is of the whole answer, which aimath combine gives"
        raise InputError(why, hint=f"give {flag} to combine", usage=True)
    sink = CollectingPrinter()
    if not job.reduction:
        try:
            with PartShare(job.division) as share:
                for _ in block_reports(job._replace(share=share), pieces):
                    break
        except PartLearntError as part:
            write_part(job, work, part)
            return 0
        why = f"there is nothing to divide here: {name} answers this in one go"
        raise InputError(why, hint="leave out --part and --state", usage=True)
    try:
        passed = run_part(job, work, lambda empty: check_options(job, empty.operands, sink))
    except InputError as error:
        check_before(job, error, sink)
        raise
    _tell_passed(name, passed)
    return 3 if passed else 0


def run_job(
    job: Job,
    blocks: Iterable[Block | BadRow],
    out: Printer | CollectingPrinter,
    work: Work | None = None,
) -> int:
    """Run a job over all blocks and return the number of rows skipped; `work` is what it was made of."""
    if job.reduction:
        return _run_reduction(job, out, work)
    ignored = IgnoredRows(job)
    if work is not None and job.division.part and isinstance(out, Printer):
        from aimath.cli.runner.division.rows import run_row_part  # noqa: PLC0415  only for parts

        passed = run_row_part(job, out, work, ignored)
    elif work is not None and job.division.shares(2):
        from aimath.cli.runner.division.rows import run_rows  # noqa: PLC0415  only for several

        passed = run_rows(job, blocks, out, work, ignored)
    else:
        passed = sum(run_pieces(job, blocks, out, ignored))
    ignored.tell()
    return passed


def _run_reduction(job: Job, out: Printer | CollectingPrinter, work: Work | None) -> int:
    """Learn all units, write the one answer and return the number of rows passed over."""
    try:
        tree = learn_all(job, work, lambda empty: check_options(job, empty.operands, out))
    except InputError as error:
        check_before(job, error, out)
        raise
    learnt: Learnt = tree.merged()
    if learnt.begun:
        out.write_reports(reduced_reports(job, learnt.accumulators, learnt.notes))
    return learnt.passed
