"""The guide's pages: chapters, the map from mathematics to AI, the roadmap, resources, checked figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.claims import checked
from aimath.cli.command import Commands, command
from aimath.cli.demo import following
from aimath.cli.options import Words
from aimath.errors import InputError
from aimath.guide.chapters import CHAPTERS
from aimath.guide.map import MAP
from aimath.guide.resources import RESOURCES
from aimath.guide.roadmap import ROADMAP
from aimath.report import Opening, Prose, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

commands: Commands = {}


class Chapters(NamedTuple):
    """The chapters, a row each."""

    chapter: tuple[str, ...]
    title: tuple[str, ...]
    about: tuple[str, ...]
    demos: tuple[int, ...]  # how many


class Uses(NamedTuple):
    """The map, a row a piece of mathematics."""

    mathematics: tuple[str, ...]
    used_in: tuple[str, ...]
    command: tuple[str, ...]
    demo: tuple[str, ...]


class Weeks(NamedTuple):
    """The items of a week, a row each."""

    week: tuple[int, ...]
    chapter: tuple[str, ...]
    item: tuple[str, ...]
    demo: tuple[str, ...]
    command: tuple[str, ...]
    quiz: tuple[str, ...]  # the topic to ask for


class Resources(NamedTuple):
    """Books, courses and films, a row each."""

    name: tuple[str, ...]
    author: tuple[str, ...]
    about: tuple[str, ...]


@command(commands, example="aimath guide", guides=True)
def guide(
    given: Annotated[list[str], Words("map, roadmap, resources or check.", "[PAGE]")],
) -> Report:
    """Go through the guide: chapters, map, roadmap, resources, checked figures.

    map leads from mathematics to AI, roadmap through four weeks. check recomputes every figure that
    the article behind the guide prints, and says which are wrong; it exits with 4 if a figure
    is not what the guide says it truly is.
    """
    page, *more = given or ["chapters"]
    if page not in PAGES or more:
        from difflib import get_close_matches  # noqa: PLC0415  only for typos

        wrong = more[0] if page in PAGES else page
        near = get_close_matches(wrong, PAGES, 1)
        hint = f"did you mean {near[0]}?" if near and not more else f"choose from {', '.join(PAGES)}"
        raise InputError(f"the guide has no page '{wrong}'", hint=hint, usage=True)
    return PAGES[page]()


def _chapters() -> Report:
    rows = Chapters(
        chapter=tuple(chapter.id for chapter in CHAPTERS),
        title=tuple(chapter.title for chapter in CHAPTERS),
        about=tuple(chapter.about for chapter in CHAPTERS),
        demos=tuple(len(chapter.topics) for chapter in CHAPTERS),
    )
    pages = (
        "aimath guide map, roadmap, resources, check: its pages. aimath demo CHAPTER: what a chapter shows."
    )
    return _page(rows, glance=("chapter", "demos", "about"))._replace(closing=(Prose(pages),))


def _map() -> Report:
    return _page(_columns(Uses, MAP))


def _roadmap() -> Report:
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}

    def week(one: Any) -> Report:
        count = len(one.items)
        rows = Weeks((one.number,) * count, (one.chapter,) * count, *zip(*one.items, strict=True))
        head = Prose(f"Week {one.number}: {titles[one.chapter]}", "title")
        return _page(rows, glance=("item", "demo", "command", "quiz"))._replace(
            opening=Opening((head,), explain=False), closing=(Prose(f"Build: {one.build}."),)
        )

    return following(week(one) for one in ROADMAP)


def _resources() -> Report:
    return _page(_columns(Resources, RESOURCES))


def _columns(kind: Any, rows: Iterable[Any]) -> Any:
    return kind(*zip(*rows, strict=True))


def _page(rows: Any, glance: tuple[str, ...] = ()) -> Report:
    nothing = Opening((), explain=False)  # there is nothing to derive
    return Report(rows, show=rows._fields, glance=glance, opening=nothing, whole=True, by_row=rows._fields)


PAGES: dict[str, Callable[[], Report]] = {
    "chapters": _chapters,
    "map": _map,
    "roadmap": _roadmap,
    "resources": _resources,
    "check": checked,
}
