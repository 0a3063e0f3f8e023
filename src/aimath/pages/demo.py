"""The demos: command lines that aimath runs itself, with words around them; textbook formulas that break."""

from __future__ import annotations

import inspect
import shlex
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Words
from aimath.cli.replay import replayed
from aimath.content.chapters import CHAPTERS
from aimath.content.demos.catalogue import DEMOS
from aimath.errors import InputError, meant
from aimath.report import Line, Opening, Prose, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from aimath.content.chapters import Chapter, Topic
    from aimath.content.demos.kinds import Demo
    from aimath.pages.naive import Naive

commands: Commands = {}


@command(commands, example="aimath demo", guides=True)
def demo(
    given: Annotated[
        list[str],
        Words("A demo, a chapter or all; behind a demo, numbers of your own.", "[NAME [N...]]", told=True),
    ],
    naive: Annotated[
        bool, Flag("--naive", help="Set the textbook's formula beside the right one, where it breaks.")
    ] = False,
) -> Report:
    """Show each idea of the guide at work, with what to try next.

    Alone it lists the demos. Each runs the command lines that it shows: type them to change a
    number. Options of your own stand behind --.
    """
    name, *own = given or [""]
    chosen = _chosen(name) if given else []
    if own and len(chosen) > 1:
        raise InputError(f"'{name}' is several demos: name one, to give it numbers", usage=True)
    if naive:
        from aimath.pages.naive import NAIVE

        if len(chosen) != 1:
            needed = f"one demo, not '{name}'" if given else "the name of a demo"
            raise InputError(f"--naive needs {needed}", hint=f"choose from {', '.join(NAIVE)}", usage=True)
        return compared(*chosen[0], own)
    if not given:
        return following(_listing(chapter) for chapter in CHAPTERS)
    return following(report for topic, one in chosen for report in _performed(topic, one, own))


def _listing(chapter: Chapter) -> Report:
    rows = (
        {"demo": topic.id, "chapter": chapter.id, "what": topic.what, "used_in": topic.used}
        | {"seconds": DEMOS[topic.id].seconds}
        for topic in chapter.topics
    )
    how = Prose("aimath demo NAME runs one, aimath demo all runs all; numbers of your own may follow a NAME.")
    return listing(rows)._replace(
        glance=("demo", "what", "used_in", "seconds"),
        opening=Opening((Prose(f"{chapter.title} (aimath demo {chapter.id})", "title"),), explain=False),
        closing=(how,) * (chapter is CHAPTERS[-1]),
    )


def listing(rows: Iterable[Mapping[str, Any]]) -> Report:
    """Show rows that have the same names, which head their columns."""
    first, *others = rows
    columns = {name: (value, *(row[name] for row in others)) for name, value in first.items()}
    return Report(None, show=(*columns,), extra=columns, whole=True, by_row=(*columns,))


def following(reports: Iterable[Report]) -> Report:
    """Make one report of several: the first, which the others follow."""
    each = iter(reports)
    return next(each)._replace(series=each)


def _chosen(name: str) -> list[tuple[Topic, Demo]]:
    """Find the demos of a name: one, a chapter's, or all."""
    found = [
        (topic, DEMOS[topic.id])
        for chapter in CHAPTERS
        for topic in chapter.topics
        if name in {topic.id, chapter.id, "all"}
    ]
    if found:
        return found
    names = (*DEMOS, *(chapter.id for chapter in CHAPTERS), "all")
    hint = meant(name, names, "aimath demo alone lists them")
    raise InputError(f"there is no demo '{name}'", hint=hint, usage=True)


def _performed(topic: Topic, shown: Demo, own: Sequence[str]) -> Iterator[Report]:
    """Give what the demo's command lines answer, the words before, and what to try behind."""
    lines = [f"{with_own(shown.lines[0], shown, own)} --explain"] if own else shown.lines
    title = Prose(f"{topic.id}: {topic.what}", "title")
    start: tuple[Prose, ...] = (title, Prose(f"{shown.text} In AI: {topic.used}."))
    for k, line in enumerate(lines, 1):
        typed, output, answers = replayed(line)
        look = Opening((*start, Prose(typed, "command")), explain=output.explain, draw=output.plot)
        closing = _tried(shown) if k == len(lines) else ()
        # What is worth knowing of an answer stands in its derivation.
        bare = (answer._replace(notes=(), warnings=()) for answer in answers)
        yield from page(bare, look, closing, shown.id, typed)
        start = ()


def page(
    reports: Iterable[Report], opening: Opening, closing: tuple[Prose, ...], name: str, line: str
) -> list[Report]:
    """Put words around a line's answers, and say in each of which demo and line it is."""
    extra = {"demo": name, "command": line}
    made = [report._replace(extra={**report.extra, **extra}) for report in reports]
    made[0] = made[0]._replace(opening=opening)
    made[-1] = made[-1]._replace(closing=closing or made[-1].closing)
    return made


def _tried(shown: Demo) -> tuple[Prose, ...]:
    """Give the experiments of a demo."""
    pairs = ((Prose(line, "command"), Prose(said, "item")) for line, said in shown.experiments.items())
    return (Prose("Try:"), *(part for pair in pairs for part in pair))


def with_own(line: str, shown: Demo, own: Sequence[str]) -> str:
    """Put the user's words in place of a line's: by the demo's flags, or as operands."""
    name = shlex.split(line)[1]
    end = next((k for k, word in enumerate(own) if word.startswith("--")), len(own))
    flags = shown.own or ("",) * end
    if end > len(flags):
        takes = " ".join(flag.removeprefix("--") or "operand" for flag in flags)
        raise InputError(f"'{own[len(flags)]}' is one word too many", hint=f"it takes {takes}", usage=True)
    words = [part for flag, word in zip(flags, own[:end], strict=False) for part in (flag, word) if part]
    return shlex.join(["aimath", name, *words, *own[end:]])


def compared(topic: Topic, shown: Demo, own: Sequence[str]) -> Report:
    """Set the textbook's answers to a line, or to the user's numbers, beside the right ones."""
    from aimath.pages.naive import NAIVE

    naive = NAIVE.get(topic.id)
    if naive is None:
        hint = f"choose from {', '.join(NAIVE)}"
        raise InputError(f"the textbook's formula of {topic.id} breaks nowhere", hint=hint, usage=True)
    line = with_own(naive.line, shown, own) if own else naive.line
    prose = (
        Prose(f"{topic.id}: {topic.what}", "title"),
        Prose(f"The right answer, and the textbook's: {naive.formula}"),
        Prose(line, "command"),
    )
    return following(
        page(_pairs(naive, line), Opening(prose, explain=True), (Prose(naive.why),), topic.id, line)
    )


def _pairs(naive: Naive, line: str) -> Iterator[Report]:
    """Give a report for each row that the line answers."""
    import numpy as np

    from aimath.render.fields import Quantities
    from aimath.render.templates import number

    taken = inspect.signature(naive.wrong).parameters
    for report in replayed(line).reports:
        known = Quantities(report)
        for row in range(1 if report.whole or naive.along else report.rows):
            values = {
                name: known[name] if name in naive.along else number(known, row, name)
                for name in (*taken, *naive.along, naive.quantity)
            }
            with np.errstate(all="ignore"):  # it breaks: that is what is shown
                wrong = naive.wrong(**{name: values[name] for name in taken})
            right = np.asarray(values.pop(naive.quantity))[naive.place]
            yield Report(
                None,
                show=("right", "textbook"),
                steps=_steps(values, right),
                labels=report.labels if right.shape == (len(report.labels),) else (),
                extra={"right": right, "textbook": wrong, **values},
                whole=True,
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
