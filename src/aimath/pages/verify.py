"""Verification of one's own functions: a line a case, and the slip by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.catalogue import COMMANDS
from aimath.cli.command import command
from aimath.cli.guesses import unknown_name
from aimath.cli.options import Option, TextArguments
from aimath.cli.runner.seeds import resolve_seed
from aimath.errors import InputError, pluralize
from aimath.pages.demo import table_report
from aimath.read.numbers import parse_integer
from aimath.report import Page, PageHeader, Paragraph, Report
from aimath.text import escape_control, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.verify.judge import Verdict
    from aimath.verify.run import Outcome
    from aimath.verify.slips import Finding
    from aimath.verify.task import Case, Task

MAX_SECONDS = 600
SHOWN_ENTRIES = 3
MAX_SHORT, MAX_SENTENCES = 10, 4
HOW_TO_RUN = Paragraph(
    "aimath verify NAME prints a stub; fill it in, then aimath verify NAME FILE. The file runs as you, in a "
    "process with limits: that guards against mistakes, not against malice."
)


@command(
    example="aimath verify",
    answer="a row a case; alone, the list; exit code 4 if one is wrong",
    after="quiz",
    informational=True,
)
def verify(
    given: Annotated[
        list[str],
        TextArguments(
            "A command, and a Python file with your own function of it.", "[NAME [FILE[:FUNCTION]]]"
        ),
    ],
    command_line: Annotated[
        str,
        Option("--command", help="A program in its place, which reads stdin.", metavar="LINE"),
    ] = "",
    seconds: Annotated[str, Option("--seconds", help="Time for all cases, by default 5.", metavar="N")] = "",
    show: Annotated[bool, Option("--show", help="Show a right function.")] = False,
    seed: Annotated[str, Option("--seed", help="Seed of the random cases, by default 0.", metavar="N")] = "",
) -> Report:
    """Check a function of your own against aimath's, case by case, and name the slip.

    Ordinary rows, edges (1000, -inf, ties, a batch) and seeded random ones; NAME_grad, where there is one,
    against differences. A program gets its arguments on standard input, a vector a line, a blank line
    between two. The exit code is 4 if a case is wrong.
    """
    from aimath.verify.tasks import tasks

    name, target, *rest = (*given, "", "")[: max(2, len(given))]
    if rest:
        raise InputError(f"{quote(rest[0])} is one word too many", usage=True)
    if given and not all(word.strip() for word in given):
        raise InputError("a name or a file is empty", usage=True)
    known = tasks()
    if given and name not in known:
        raise unknown_name(name, tuple(known), "function to verify", "aimath verify alone lists them", {})
    if target and command_line:
        raise InputError("a file and --command exclude each other", usage=True)
    _check_idle(name, bool(target or command_line), show=show, named={"--seconds": seconds, "--seed": seed})
    if not given:
        return _listing(known)
    task = known[name]
    if show:
        return _lines(task.solved)
    if not (target or command_line):
        return _lines(task.stub)
    limit = parse_integer(seconds or "5", "--seconds", 1, MAX_SECONDS)
    number, notes = resolve_seed(seed or "0")
    report = _verified(task, target, command_line, limit, number)
    return report._replace(notes=(*notes, *report.notes))


def _check_idle(name: str, runs: bool, *, show: bool, named: dict[str, str]) -> None:
    """Raise InputError about an option that does nothing here."""
    if show and (runs or not name):
        where = "beside a function to check" if runs else "without a name"
        raise InputError(f"--show does nothing {where}", hint="try aimath verify softmax --show", usage=True)
    idle = next((option for option, value in named.items() if value), "")
    if idle and not runs:
        raise InputError(f"{idle} does nothing without a file", hint="name one, or leave it out", usage=True)
    if runs and not name:
        raise InputError(
            "--command needs a name", hint="try aimath verify softmax --command LINE", usage=True
        )


def _listing(known: dict[str, Task]) -> Report:
    """Return what can be verified, chapter by chapter."""
    names: dict[str, list[str]] = {}
    for name in known:
        names.setdefault(COMMANDS[name].chapter, []).append(name)
    rows = (
        {"chapter": chapter, "count": len(those), "functions": " ".join(those)}
        for chapter, those in names.items()
    )
    return table_report(rows)._replace(page=Page(PageHeader((), explain=False), footer=(HOW_TO_RUN,)))


def _lines(text: str) -> Report:
    """Return a text as a report with a row a line, so that a pipe gets it as it is."""
    source = f"import numpy as np\n\n\n{text}".rstrip("\n")
    return table_report([{"source": line} for line in source.split("\n")])._replace(
        page=Page(PageHeader((), explain=False))
    )


def _verified(task: Task, target: str, command_line: str, seconds: int, seed: int) -> Report:
    from aimath.verify.judge import judge
    from aimath.verify.run import run_program
    from aimath.verify.slips import find_slip

    cases = list(task.all_cases(seed))
    if command_line:
        from aimath.verify.task import right_answer

        cases = [case for case in cases if "float32" not in case.name]  # text has no type
        shapes = [right_answer(task, case).shape for case in cases]
        outcome = run_program(cases, shapes, command_line, seconds)
    else:
        outcome = _run_file(task, cases, target, seconds)
    if outcome.error:
        raise InputError(f"{quote(target)}: {escape_control(outcome.error)}")
    verdicts = judge(task, cases, outcome.answers)
    wrong = sum(not verdict.is_right for verdict in verdicts)
    slip = find_slip(task, cases, outcome.answers) if wrong else None
    missing = len(cases) - sum(answer.kind == "answer" for answer in outcome.answers)
    said = [f"{len(verdicts) - wrong} of {pluralize(len(verdicts), 'case')} right."]
    said += _sentences(verdicts)[:MAX_SENTENCES]
    said += [_said(slip)] if slip else []
    said += [f"{pluralize(missing, 'case')} not reached."] if missing else []
    footer = tuple(Paragraph(text) for text in said)
    printed = outcome.printed.strip()
    notes = (f"it prints {quote(printed)}: a function returns its answer",) if printed else ()
    verb = "is" if wrong == 1 else "are"
    failed = f"{wrong} of {pluralize(len(verdicts), 'case')} {verb} wrong" if wrong else ""
    if slip:
        failed += f": {slip.text}"
    return _table(verdicts)._replace(
        page=Page(PageHeader((), explain=False), footer=footer), notes=notes, failed_check=failed
    )


def _said(slip: Finding) -> str:
    where = "" if slip.is_all else f" in {slip.explained} of the {slip.wrong} wrong cases"
    return f"The slip{where}: {slip.text}."


def _run_file(task: Task, cases: Sequence[Case], target: str, seconds: int) -> Outcome:
    from pathlib import Path

    from aimath.verify.run import run_python

    path, colon, function = target.rpartition(":")
    if not colon or Path(target).exists():
        path, function = target, ""
    if not Path(path).is_file():
        raise InputError(
            f"{quote(path)} is not a file", hint=f"aimath verify {task.name} > mine.py begins one"
        )
    return run_python(task, cases, path, function or task.function_name, seconds)


def _table(verdicts: Sequence[Verdict]) -> Report:
    import numpy as np

    from aimath.verify.judge import Verdicts

    columns = Verdicts(
        case=np.array([verdict.case for verdict in verdicts]),
        verdict=np.array(["right" if one.is_right else escape_control(one.said) for one in verdicts]),
        outcome=np.array([_in_short(one) for one in verdicts]),
        yours=np.array(["" if one.yours is None else _shown(one.yours) for one in verdicts]),
        answer=np.array([_shown(verdict.right) for verdict in verdicts]),
        ulp=np.array([verdict.ulp for verdict in verdicts]),
    )
    show = tuple(field for field in columns._fields if field != "outcome")
    return Report(columns, show=show, summary_fields=("case", "outcome", "yours", "answer", "ulp"))


def _in_short(verdict: Verdict) -> str:
    """Return a verdict that leaves room for the numbers beside it."""
    if verdict.is_right:
        return "right"
    if verdict.yours is None:
        return "no answer"
    return verdict.said if len(verdict.said) <= MAX_SHORT else "not right"


def _sentences(verdicts: Sequence[Verdict]) -> list[str]:
    """Return what the table has no room for, each once with the cases that it is said of."""
    cases: dict[str, list[str]] = {}
    for verdict in verdicts:
        if not verdict.is_right and _in_short(verdict) != verdict.said:
            cases.setdefault(verdict.said, []).append(verdict.case)
    return [
        f"{', '.join(those[:3])}{', …' * (len(those) > 3)}: {escape_control(said)}."
        for said, those in cases.items()
    ]


def _shown(array: Any) -> str:
    entries = array.ravel().tolist()
    more = ", …" if len(entries) > SHOWN_ENTRIES else ""
    return ", ".join(f"{x:.6g}" for x in entries[:SHOWN_ENTRIES]) + more
