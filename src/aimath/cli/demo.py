"""The demos: command lines that aimath runs itself, with words around them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, NamedTuple

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Words
from aimath.cli.replay import replayed
from aimath.demos.catalogue import DEMOS
from aimath.errors import InputError, meant
from aimath.guide.chapters import CHAPTERS
from aimath.report import Opening, Prose, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.cli.replay import Replay
    from aimath.demos.kinds import Demo
    from aimath.guide.chapters import Chapter, Topic

commands: Commands = {}


class Listing(NamedTuple):
    """The demos of a chapter."""

    demo: tuple[str, ...]
    chapter: tuple[str, ...]
    what: tuple[str, ...]
    used_in: tuple[str, ...]
    seconds: tuple[float, ...]  # about how long each takes


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
    if not given:
        if naive:
            raise InputError("--naive needs the name of a demo", hint=_with_naive(), usage=True)
        return following(_listing(chapter) for chapter in CHAPTERS)
    name, *own = given
    chosen = _chosen(name)
    if own and len(chosen) > 1:
        raise InputError(f"'{name}' is several demos: name one, to give it numbers", usage=True)
    if naive:
        from aimath.cli.naive import compared

        if len(chosen) > 1:
            raise InputError(f"--naive needs one demo, not '{name}'", hint=_with_naive(), usage=True)
        return compared(*chosen[0], own)
    return following(report for topic, one in chosen for report in _performed(topic, one, own))


def _with_naive() -> str:
    from aimath.demos.naive import NAIVE

    return f"choose from {', '.join(NAIVE)}"


def _listing(chapter: Chapter) -> Report:
    names = tuple(topic.id for topic in chapter.topics)
    rows = Listing(
        demo=names,
        chapter=(chapter.id,) * len(names),
        what=tuple(topic.what for topic in chapter.topics),
        used_in=tuple(topic.used for topic in chapter.topics),
        seconds=tuple(DEMOS[name].seconds for name in names),
    )
    how = Prose("aimath demo NAME runs one, aimath demo all runs all; numbers of your own may follow a NAME.")
    return Report(
        rows,
        show=Listing._fields,
        glance=("demo", "what", "used_in", "seconds"),
        opening=Opening((Prose(f"{chapter.title} (aimath demo {chapter.id})", "title"),), explain=False),
        closing=(how,) * (chapter is CHAPTERS[-1]),
        whole=True,
        by_row=Listing._fields,
    )


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
    names = [*DEMOS, *(chapter.id for chapter in CHAPTERS), "all"]
    hint = meant(name, names, "aimath demo alone lists them")
    raise InputError(f"there is no demo '{name}'", hint=hint, usage=True)


def _performed(topic: Topic, shown: Demo, own: Sequence[str]) -> Iterator[Report]:
    """Give what the demo's command lines answer, the words before, and what to try behind."""
    lines = [f"{with_own(shown.lines[0], shown, own)} --explain"] if own else shown.lines
    title = Prose(f"{topic.id}: {topic.what}", "title")
    start: tuple[Prose, ...] = (title, Prose(f"{shown.text} In AI: {topic.used}."))
    for k, line in enumerate(lines, 1):
        answers = _opened(replayed(line), start, shown.id)
        if k == len(lines):
            answers[-1] = answers[-1]._replace(closing=_tried(shown))
        yield from answers
        start = ()


def _opened(replay: Replay, start: tuple[Prose, ...], name: str) -> list[Report]:
    """Give the answers of a command line as they follow the words and the line itself."""
    output = replay.output
    look = Opening((*start, Prose(replay.line, "command")), explain=output.explain, draw=output.plot)
    extra = {"demo": name, "command": replay.line}
    reports = [
        # What is worth knowing of an answer stands in its derivation.
        report._replace(extra={**report.extra, **extra}, notes=(), warnings=())
        for report in replay.reports
    ]
    reports[0] = reports[0]._replace(opening=look)
    return reports


def _tried(shown: Demo) -> tuple[Prose, ...]:
    """Give the experiments of a demo."""
    pairs = ((Prose(e.line, "command"), Prose(e.expect, "item")) for e in shown.experiments)
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
