"""The demos: command lines run live with text around them, and naive formulas that break."""

from __future__ import annotations

import inspect
import shlex
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.command import command
from aimath.cli.guesses import unknown_name
from aimath.cli.options import Option, TextArguments
from aimath.cli.runner.capture import run_captured
from aimath.content.chapters import CHAPTERS, COMMAND_TOPICS
from aimath.content.demos.catalogue import DEMOS
from aimath.errors import InputError
from aimath.report import Line, Page, PageHeader, Paragraph, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.content.chapters import Chapter, Topic
    from aimath.content.demos.demo import Demo
    from aimath.pages.naive import NaiveFormula


@command(
    example="aimath demo",
    answer="a text; alone, the list; `--naive`, `--json`",
    chapter="guide",
    informational=True,
)
def demo(
    given: Annotated[
        list[str],
        TextArguments(
            "A demo, a chapter or all; behind a demo, numbers of your own.",
            "[NAME [N...]]",
            implies_explain=True,
        ),
    ],
    naive: Annotated[
        bool, Option("--naive", help="Set the textbook's formula beside the right one, where it breaks.")
    ] = False,
) -> Report:
    """Show each idea of the guide at work, with what to try next.

    Alone it lists the demos. Each runs the command lines that it shows: type them to change a
    number. Options of your own stand behind --.
    """
    name, *own = given or [""]
    chosen = _select_demos(name) if given else []
    if own and len(chosen) > 1:
        raise InputError(f"'{name}' is several demos: name one, to give it numbers", usage=True)
    if naive:
        from aimath.pages.naive import NAIVE

        if len(chosen) != 1:
            needed = f"one demo, not '{name}'" if given else "the name of a demo"
            raise InputError(f"--naive needs {needed}", hint=f"choose from {', '.join(NAIVE)}", usage=True)
        return compare_naive(*chosen[0], own)
    if not given:
        return chain(_demo_list())
    return chain(report for topic, one in chosen for report in _demo_reports(topic, one, own))


def chapter_listing(chapter: Chapter) -> Report:
    """Return the demos of a chapter, and what each shows, as a page with a table."""
    rows = (
        {"demo": topic.id, "chapter": chapter.id, "what": topic.summary, "used_in": topic.used_in}
        | {"seconds": DEMOS[topic.id].seconds}
        for topic in chapter.topics
    )
    title = Paragraph(f"{chapter.title} (aimath demo {chapter.id})", "title")
    return table_report(rows)._replace(
        summary_fields=("demo", "what", "used_in", "seconds"), page=Page(PageHeader((title,), explain=False))
    )


HOW_TO_RUN = Paragraph(
    "aimath demo NAME runs one, aimath demo CHAPTER several, aimath demo all runs all; numbers of your own "
    "may follow a NAME. aimath guide CHAPTER says what each shows."
)


def _demo_list() -> Iterator[Report]:
    """Yield the demos by chapter: at a terminal their names alone, so that a screen holds them."""
    for chapter in CHAPTERS:
        names = Paragraph(", ".join(topic.id for topic in chapter.topics), "item")
        listing = chapter_listing(chapter)
        header = PageHeader((*(listing.page.header or PageHeader(())).paragraphs, names), explain=False)
        yield listing._replace(
            page=Page(header, is_quiet=True, footer=(HOW_TO_RUN,) * (chapter is CHAPTERS[-1]))
        )


def table_report(rows: Iterable[Mapping[str, Any]]) -> Report:
    """Return rows with the same keys as a report with those columns."""
    from aimath.core.numerics.axes import Rows

    first, *others = rows
    columns = {name: (value, *(row[name] for row in others)) for name, value in first.items()}
    kind = NamedTuple("Table", [(name, Rows) for name in columns])  # type: ignore[misc]  # made of the rows
    return Report(kind(**columns), show=(*columns,))


def chain(reports: Iterable[Report]) -> Report:
    """Return the first report, with the others chained to it."""
    each = iter(reports)
    return next(each)._replace(following=each)


def _select_demos(name: str) -> list[tuple[Topic, Demo]]:
    found = [
        (topic, DEMOS[topic.id])
        for chapter in CHAPTERS
        for topic in chapter.topics
        if name in {topic.id, chapter.id, "all"}
    ]
    if found:
        return found
    names = (*DEMOS, *(chapter.id for chapter in CHAPTERS), "all")
    raise unknown_name(name, names, "demo", "aimath demo alone lists them", COMMAND_TOPICS)


def _demo_reports(topic: Topic, demo_spec: Demo, user_args: Sequence[str]) -> Iterator[Report]:
    """Yield the reports of a demo's command lines, with its text before and experiments after."""
    lines = (
        [f"{substitute_args(demo_spec.command_lines[0], demo_spec, user_args)} --explain"]
        if user_args
        else demo_spec.command_lines
    )
    title = Paragraph(f"{topic.id}: {topic.summary}", "title")
    start: tuple[Paragraph, ...] = (title, Paragraph(f"{demo_spec.text} In AI: {topic.used_in}."))
    for k, line in enumerate(lines, 1):
        typed, output, answers = run_captured(line)
        look = PageHeader((*start, Paragraph(typed, "command")), explain=output.explain, draw=output.draws)
        closing = _experiments(demo_spec) if k == len(lines) else ()
        # What is worth knowing of an answer stands in its derivation.
        bare = (answer._replace(notes=(), warnings=()) for answer in answers)
        yield from as_page(bare, look, closing, demo_spec.id, typed)
        start = ()


def as_page(
    reports: Iterable[Report],
    opening: PageHeader,
    closing: tuple[Paragraph, ...],
    name: str,
    command_line: str,
) -> list[Report]:
    """Return reports with a page header, a footer, and the demo's name and line in each."""
    extra = {"demo": name, "command": command_line}
    made = [report._replace(extra={**report.extra, **extra}) for report in reports]
    made[0] = _with_page(made[0], header=opening)
    made[-1] = _with_page(made[-1], footer=closing or made[-1].page.footer)
    return made


def _with_page(report: Report, **parts: Any) -> Report:
    return report._replace(page=report.page._replace(**parts))


def _experiments(demo_spec: Demo) -> tuple[Paragraph, ...]:
    pairs = (
        (Paragraph(line, "command"), Paragraph(said, "item")) for line, said in demo_spec.experiments.items()
    )
    return (Paragraph("Try:"), *(part for pair in pairs for part in pair))


def substitute_args(command_line: str, demo_spec: Demo, user_args: Sequence[str]) -> str:
    """Return a command line with the user's arguments in place, by the demo's flags or as operands."""
    name = shlex.split(command_line)[1]
    end = next((k for k, word in enumerate(user_args) if word.startswith("--")), len(user_args))
    flags = demo_spec.user_flags or ("",) * end
    if end > len(flags):
        takes = " ".join(flag.removeprefix("--") or "operand" for flag in flags)
        raise InputError(
            f"'{user_args[len(flags)]}' is one word too many", hint=f"it takes {takes}", usage=True
        )
    words = [
        part for flag, word in zip(flags, user_args[:end], strict=False) for part in (flag, word) if part
    ]
    return shlex.join(["aimath", name, *words, *user_args[end:]])


def compare_naive(topic: Topic, demo_spec: Demo, user_args: Sequence[str]) -> Report:
    """Return the report that compares a naive formula with the right answer."""
    from aimath.pages.naive import NAIVE

    naive = NAIVE.get(topic.id)
    if naive is None:
        hint = f"choose from {', '.join(NAIVE)}"
        raise InputError(f"the textbook's formula of {topic.id} breaks nowhere", hint=hint, usage=True)
    line = substitute_args(naive.command_line, demo_spec, user_args) if user_args else naive.command_line
    prose = (
        Paragraph(f"{topic.id}: {topic.summary}", "title"),
        Paragraph(f"The right answer, and the textbook's: {naive.formula}"),
        Paragraph(line, "command"),
    )
    return chain(
        as_page(
            _comparison_reports(naive, line),
            PageHeader(prose, explain=True),
            (Paragraph(naive.explanation),),
            topic.id,
            line,
        )
    )


def _comparison_reports(naive: NaiveFormula, command_line: str) -> Iterator[Report]:
    """Yield a comparison for each row of the answer."""
    import numpy as np

    from aimath.render.report_view import ReportView
    from aimath.render.templates import row_value

    taken = inspect.signature(naive.compute).parameters
    for report in run_captured(command_line).reports:
        known = ReportView.of_problems(report)
        for row in range(1 if naive.trajectory_fields else known.rows):
            values = {
                name: known[name] if name in naive.trajectory_fields else row_value(known, row, name)
                for name in (*taken, *naive.trajectory_fields, naive.quantity)
            }
            with np.errstate(all="ignore"):  # it breaks: that is what is shown
                wrong = naive.compute(**{name: values[name] for name in taken})
            right = np.asarray(values.pop(naive.quantity))[naive.position]
            yield Report(
                None,
                show=("right", "textbook"),
                steps=_steps(values, right),
                names={"entry": report.labels} if right.shape == (len(report.labels),) else {},
                extra={"right": right, "textbook": wrong, **values},
            )


def _steps(inputs: Mapping[str, Any], right: Any) -> tuple[Line | Table, ...]:
    import numpy as np

    if not right.shape:
        return (Line("right     {right:.10}"), Line("textbook  {textbook:.10}"))
    if "step" in inputs:
        both = (("right", "{right}"), ("textbook", "{textbook}"))
        return (Table(both, names="step" if right.size == len(inputs["step"]) else ""),)
    beside = [name for name, value in inputs.items() if np.shape(value) == right.shape]
    columns = (*((name, f"{{{name}}}") for name in beside), ("right", "{right}"), ("textbook", "{textbook}"))
    return (Table(columns),)
