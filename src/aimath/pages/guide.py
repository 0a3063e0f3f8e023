"""The guide's pages: chapters, the map from mathematics to AI, roadmap, resources, checked figures."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import Words
from aimath.cli.replay import replayed
from aimath.content import claims
from aimath.content.chapters import CHAPTERS
from aimath.content.guide import MAP, RESOURCES, ROADMAP
from aimath.errors import InputError, meant
from aimath.pages.demo import following, listing
from aimath.report import Line, Opening, Prose, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aimath.content.claims import Claim
    from aimath.content.guide import Week

SHOWN = ("where", "what", "printed", "true", "verdict", "how")


def checked() -> Iterator[Report]:
    """Recompute every figure, a report each."""
    replay = cache(replayed)
    chapters = (claims.LINEAR_ALGEBRA, claims.CALCULUS, claims.PROBABILITY, claims.INFORMATION)
    verdicts: list[str] = []
    for chapter, several in zip(CHAPTERS, chapters, strict=True):
        opening: Opening | None = Opening((Prose(chapter.title, "title"),))
        for claim in several:
            report = _judged(claim, _recomputed(claim, replay(claim.line).reports[0]), opening)
            opening = None
            verdicts += [report.extra["verdict"]] * bool(claim.printed)
            if claim is chapters[-1][-1]:
                report = report._replace(closing=(Prose(_summary(verdicts)),))
            yield report


def _recomputed(claim: Claim, report: Report) -> list[float]:
    """Take a claim's figures from what its command line answers."""
    from aimath.render.fields import Quantities

    values: Any = Quantities(report)[claim.quantity]  # the claims name what there is
    if claim.shape:
        return [float(size) for size in values.shape[1:]]
    return [float(x) for x in values[claim.at].ravel()]


def _judged(claim: Claim, values: list[float], opening: Opening | None) -> Report:
    """Compare what is printed, and what the guide calls true, with the recomputed figures."""
    from aimath.render.numbers import Style

    texts = claim.true.split()
    shown = (Style(decimals=places(text)).text(x) for text, x in zip(texts, values, strict=True))
    verdict = ("right" if holds(claim.printed, values) else "wrong") if claim.printed else "not printed"
    true = " ".join(shown)  # to the places of the guide's figure
    columns = zip(SHOWN, (claim.topic, claim.what, claim.printed, true, verdict, claim.line), strict=True)
    agrees = holds(claim.true, values, exact=True)
    said = f"the guide has {claim.true}, and {claim.line} gives {' '.join(map(repr, values))}"
    printed = "printed {printed}, true {true}: {verdict}" if claim.printed else "{true}, {verdict}"
    return Report(
        None,
        show=SHOWN,
        glance=SHOWN[:-1],
        steps=(Line(f"$ {claim.line}"), Line(f" {{where}}, {{what}}: {printed}")),
        unmet="" if agrees else f"{claim.topic}, {claim.what}: {said}",
        opening=opening,
        extra={**dict(columns), "value": values, "agrees": agrees},
        whole=True,
    )


def places(text: str) -> int:
    """Count the digits behind the point.

    >>> places("0.9608"), places("439")
    (4, 0)
    """
    return len(text.partition(".")[2])


def holds(text: str, values: Sequence[float], *, exact: bool = False) -> bool:
    """Say whether figures are what values round to; `exact` ones without a point are the values.

    >>> holds("4", [4.1667]), holds("4", [4.1667], exact=True), holds(".2312", [0.23334])
    (True, False, False)
    """
    figures = text.split()
    if len(figures) != len(values):
        return False
    return all(
        float(figure) == x
        if math.isinf(x) or (exact and not places(figure))
        # Half a unit of the last place, and what float64 loses on the way there.
        else abs(float(figure) - x) <= 0.5 * 10.0 ** -places(figure) * (1 + 1e-9)
        for figure, x in zip(figures, values, strict=True)
    )


def _summary(verdicts: Sequence[str]) -> str:
    return (
        f"{verdicts.count('wrong')} of {len(verdicts)} figures that the article prints are wrong. "
        "--explain shows the command line behind each."
    )


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
