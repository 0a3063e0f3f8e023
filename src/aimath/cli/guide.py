"""The guide's pages: chapters, the map from mathematics to AI, the roadmap, resources, checked figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.claims import checked
from aimath.cli.command import Commands, command
from aimath.cli.demo import following
from aimath.cli.options import Words
from aimath.errors import InputError, meant
from aimath.guide.chapters import CHAPTERS
from aimath.guide.pages import MAP, RESOURCES, ROADMAP, Resource, Use
from aimath.report import Opening, Prose, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.guide.pages import Week

commands: Commands = {}


class Chapters(NamedTuple):
    """The chapters, a row each."""

    chapter: tuple[str, ...]
    title: tuple[str, ...]
    about: tuple[str, ...]
    demos: tuple[int, ...]  # how many


class Weeks(NamedTuple):
    """The items of a week, a row each."""

    week: tuple[int, ...]
    chapter: tuple[str, ...]
    item: tuple[str, ...]
    demo: tuple[str, ...]
    command: tuple[str, ...]
    quiz: tuple[str, ...]  # the topic to ask for


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
        wrong = more[0] if page in PAGES else page
        hint = meant(wrong, () if more else PAGES, f"choose from {', '.join(PAGES)}")
        raise InputError(f"the guide has no page '{wrong}'", hint=hint, usage=True)
    return PAGES[page]()


def _chapters() -> Report:
    rows = Chapters(*zip(*((one.id, one.title, one.about, len(one.topics)) for one in CHAPTERS), strict=True))
    pages = (
        "aimath guide map, roadmap, resources, check: its pages. aimath demo CHAPTER: what a chapter shows."
    )
    return _page(rows, glance=("chapter", "demos", "about"))._replace(closing=(Prose(pages),))


def _map() -> Report:
    return _page(Use._make(zip(*MAP, strict=True)))


def _roadmap() -> Report:
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}

    def week(one: Week) -> Report:
        count = len(one.items)
        rows = Weeks((one.number,) * count, (one.chapter,) * count, *zip(*one.items, strict=True))
        head = Prose(f"Week {one.number}: {titles[one.chapter]}", "title")
        return _page(rows, glance=("item", "demo", "command", "quiz"))._replace(
            opening=Opening((head,), explain=False), closing=(Prose(f"Build: {one.build}."),)
        )

    return following(week(one) for one in ROADMAP)


def _resources() -> Report:
    return _page(Resource._make(zip(*RESOURCES, strict=True)))


def _page(rows: Any, glance: tuple[str, ...] = ()) -> Report:
    """Show a table; each field of `rows` is a column, its entries by row."""
    nothing = Opening((), explain=False)  # there is nothing to derive
    return Report(rows, show=rows._fields, glance=glance, opening=nothing, whole=True, by_row=rows._fields)


PAGES: dict[str, Callable[[], Report]] = {
    "chapters": _chapters,
    "map": _map,
    "roadmap": _roadmap,
    "resources": _resources,
    "check": checked,
}
