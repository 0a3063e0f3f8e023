"""The guide's pages: chapters, the map from mathematics to AI, the roadmap, resources, checked figures."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.claims import checked
from aimath.cli.command import Commands, command
from aimath.cli.demo import following, listing
from aimath.cli.options import Words
from aimath.errors import InputError, meant
from aimath.guide.chapters import CHAPTERS
from aimath.guide.pages import MAP, RESOURCES, ROADMAP
from aimath.report import Opening, Prose, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aimath.guide.pages import Week

commands: Commands = {}


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
    rows = ({"chapter": c.id, "title": c.title, "about": c.about, "demos": len(c.topics)} for c in CHAPTERS)
    pages = (
        "aimath guide map, roadmap, resources, check: its pages. aimath demo CHAPTER: what a chapter shows."
    )
    return _page(rows, glance=("chapter", "demos", "about"))._replace(closing=(Prose(pages),))


def _roadmap() -> Report:
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}

    def week(number: int, one: Week) -> Report:
        rows = ({"week": number, "chapter": one.chapter, **item._asdict()} for item in one.items)
        head = Prose(f"Week {number}: {titles[one.chapter]}", "title")
        return _page(rows, glance=("item", "demo", "command", "quiz"))._replace(
            opening=Opening((head,), explain=False), closing=(Prose(f"Build: {one.build}."),)
        )

    return following(itertools.starmap(week, enumerate(ROADMAP, 1)))


def _page(rows: Iterable[Mapping[str, Any]], glance: tuple[str, ...] = ()) -> Report:
    """Show a table of rows that have the same names."""
    nothing = Opening((), explain=False)  # there is nothing to derive
    return listing(rows)._replace(glance=glance, opening=nothing)


PAGES: dict[str, Callable[[], Report]] = {
    "chapters": _chapters,
    "map": lambda: _page(use._asdict() for use in MAP),
    "roadmap": _roadmap,
    "resources": lambda: _page(one._asdict() for one in RESOURCES),
    "check": lambda: following(checked()),
}
