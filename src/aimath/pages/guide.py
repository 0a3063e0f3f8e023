"""The guide's pages: chapters, applications, roadmap, resources and checked figures."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.guesses import meant_name
from aimath.cli.options import Option, TextArguments
from aimath.cli.runner.capture import run_captured
from aimath.content import claims
from aimath.content.chapters import CHAPTERS, COMMAND_TOPICS
from aimath.content.demos.catalogue import DEMOS
from aimath.content.guide import MAP, RESOURCES, ROADMAP
from aimath.errors import InputError, Retype, suggest
from aimath.pages.demo import chain, chapter_listing, table_report
from aimath.report import Line, Page, PageHeader, Paragraph, Report
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aimath.content.claims import Claim
    from aimath.content.guide import RoadmapWeek

NO_HEADER = PageHeader((), explain=False)
"""A page with nothing above its table, and nothing to derive."""
CHECK_COLUMNS = ("where", "what", "printed", "true", "verdict", "how")


def check_claims(only: str = "") -> Iterator[Report]:
    """Yield a report for each figure of the article, recomputed; of all chapters, or of one.

    Of all chapters a terminal shows how many figures are wrong in each, so that a screen holds them.
    """
    replay = cache(run_captured)
    chapters = (claims.LINEAR_ALGEBRA, claims.CALCULUS, claims.PROBABILITY, claims.INFORMATION)
    verdicts: list[str] = []
    chosen = [pair for pair in zip(CHAPTERS, chapters, strict=True) if only in ("", pair[0].id)]
    for chapter, several in chosen:
        opening: PageHeader | None = PageHeader((Paragraph(chapter.title, "title"),))
        mine: list[str] = []
        for claim in several:
            report = _claim_report(claim, _recompute(claim, replay(claim.command_line).reports[0]), opening)
            opening = None
            mine += [report.extra["verdict"]] * bool(claim.printed)
            page = report.page._replace(is_quiet=not only)
            if claim is several[-1]:
                verdicts += mine
                said = f"{mine.count('wrong')} of {len(mine)} printed figures are wrong"
                more = f": aimath guide check {chapter.id}" * (not only)
                ending: tuple[Paragraph, ...] = (Paragraph(said + (more or ".")),)
                ending += (Paragraph(""), Paragraph(_summary(verdicts))) * (
                    chapter is CHAPTERS[-1] and not only
                )
                page = page._replace(footer=ending)
            yield report._replace(page=page)


def _recompute(claim: Claim, report: Report) -> list[float]:
    """Return a claim's figures from the report of its command line."""
    from aimath.render.report_view import ReportView

    values: Any = ReportView.of_problems(report)[claim.quantity]  # the claims name what there is
    if claim.is_shape:
        return [float(size) for size in values.shape[1:]]
    return [float(x) for x in values[claim.position].ravel()]


def _claim_report(claim: Claim, values: list[float], opening: PageHeader | None) -> Report:
    """Return the report that compares printed and true figures with recomputed values."""
    from aimath.render.numbers import NumberStyle

    texts = claim.true_value.split()
    shown = (
        NumberStyle(decimals=decimal_places(text)).format(x) for text, x in zip(texts, values, strict=True)
    )
    verdict = ("right" if rounds_to(claim.printed, values) else "wrong") if claim.printed else "not printed"
    true = " ".join(shown)  # to the places of the guide's figure
    columns = zip(
        CHECK_COLUMNS,
        (claim.topic, claim.label, claim.printed, true, verdict, claim.command_line),
        strict=True,
    )
    guide_agrees = rounds_to(claim.true_value, values, exact=True)
    said = f"the guide has {claim.true_value}, and {claim.command_line} gives {' '.join(map(repr, values))}"
    printed = "printed {printed}, true {true}: {verdict}" if claim.printed else "{true}, {verdict}"
    return Report(
        None,
        show=CHECK_COLUMNS,
        summary_fields=CHECK_COLUMNS[:-1],
        steps=(Line(f"$ {claim.command_line}"), Line(f" {{where}}, {{what}}: {printed}")),
        failed_check="" if guide_agrees else f"{claim.topic}, {claim.label}: {said}",
        page=Page(opening),
        extra={**dict(columns), "value": values, "guide_agrees": guide_agrees},
    )


def decimal_places(text: str) -> int:
    """Return the number of decimal places.

    >>> decimal_places("0.9608"), decimal_places("439")
    (4, 0)
    """
    return len(text.partition(".")[2])


def rounds_to(text: str, values: Sequence[float], *, exact: bool = False) -> bool:
    """Return whether values round to the figures; `exact` figures without a point must be equal.

    >>> rounds_to("4", [4.1667]), rounds_to("4", [4.1667], exact=True), rounds_to(".2312", [0.23334])
    (True, False, False)
    """
    figures = text.split()
    if len(figures) != len(values):
        return False
    return all(
        float(figure) == x
        if math.isinf(x) or (exact and not decimal_places(figure))
        # Half a unit of the last place, and what float64 loses on the way there.
        else abs(float(figure) - x) <= 0.5 * 10.0 ** -decimal_places(figure) * (1 + 1e-9)
        for figure, x in zip(figures, values, strict=True)
    )


def _summary(verdicts: Sequence[str]) -> str:
    return (
        f"{verdicts.count('wrong')} of {len(verdicts)} figures that the article prints are wrong. "
        "--explain shows the command line behind each."
    )


@command(
    example="aimath guide",
    answer="`map`, `roadmap`, `resources`, `check`",
    after="demo",
    informational=True,
)
def guide(
    given: Annotated[
        list[str], TextArguments("map, roadmap, resources, check, or a chapter.", "[PAGE [CHAPTER]]")
    ],
    progress: Annotated[
        str, Option("--progress", help="Tick the roadmap by a quiz's --progress FILE.", metavar="FILE")
    ] = "",
) -> Report:
    """Go through the guide: chapters, map, roadmap, resources, checked figures.

    map leads from mathematics to AI, roadmap through four weeks; a chapter lists its demos. check
    recomputes every figure that the article behind the guide prints, and says which are wrong, check
    CHAPTER those of one; it exits with 4 if a figure is not what the guide says it truly is.
    """
    page, *more = given or ["chapters"]
    if progress:
        if page != "roadmap" or more:
            why = "--progress does nothing here"
            raise InputError(why, hint="try aimath guide roadmap --progress FILE", usage=True)
        return _roadmap(progress)
    chapters = {chapter.id: chapter for chapter in CHAPTERS}
    if page == "check" and len(more) == 1 and more[0] in chapters:
        return chain(check_claims(more[0]))
    if page in chapters and not more:
        return chapter_listing(chapters[page])
    if page not in PAGES or more:
        wrong = more[0] if page in PAGES else page
        raise _unknown_page(wrong, alone=not more)
    return PAGES[page]()


def _unknown_page(name: str, *, alone: bool) -> InputError:
    """Return the error for a page that the guide doesn't have; where a demo shows it, this is the way out."""
    demos = (*DEMOS, *(chapter.id for chapter in CHAPTERS))
    if not alone and name in DEMOS:
        hint = f"choose from {', '.join(chapter.id for chapter in CHAPTERS)}"
        return InputError(f"{quote(name)} is no chapter", hint=hint, usage=True)
    if alone and (topic := meant_name(name, demos, COMMAND_TOPICS)):
        why = f"{quote(name)} is no page of the guide but a demo"
        return InputError(why, hint=Retype(("guide", name), ("demo", topic)), usage=True)
    hint = suggest(name, PAGES if alone else (), f"choose from {', '.join(PAGES)}")
    return InputError(f"the guide has no page {quote(name)}", hint=hint, usage=True)


def _chapters() -> Report:
    rows = ({"chapter": c.id, "title": c.title, "about": c.about, "demos": len(c.topics)} for c in CHAPTERS)
    pages = "aimath guide map, roadmap, resources, check: its pages. aimath guide CHAPTER: its demos."
    return _table_page(rows, summary_fields=("chapter", "demos", "about"))._replace(
        page=Page(NO_HEADER, footer=(Paragraph(pages),))
    )


def _roadmap(progress: str = "") -> Report:
    """Return the four weeks; with a file of a quiz's progress, with what was answered right ticked."""
    titles = {chapter.id: chapter.title for chapter in CHAPTERS}
    done: set[str] | None = None
    if progress:
        from aimath.quiz.progress import mastered_topics, read_progress

        done = mastered_topics(read_progress(progress, must_exist=True))
    shown = ("item", "demo", "command", "quiz") if done is None else ("done", "item", "demo", "quiz")

    def week(number: int, one: RoadmapWeek) -> Report:
        rows = (
            {"week": number, "chapter": one.chapter, **item._asdict(), **_tick(item.quiz, done)}
            for item in one.items
        )
        head = Paragraph(f"Week {number}: {titles[one.chapter]}", "title")
        return _table_page(rows, summary_fields=shown)._replace(
            page=Page(PageHeader((head,), explain=False), footer=(Paragraph(f"Build: {one.build}."),))
        )

    return chain(itertools.starmap(week, enumerate(ROADMAP, 1)))


def _tick(topic: str, done: set[str] | None) -> dict[str, str]:
    return {} if done is None else {"done": "✓" if topic in done else "no"}


def _resources() -> Report:
    """Return the resources as a table that a terminal shows as text: their addresses are long."""
    said = (
        part
        for one in RESOURCES
        for part in (Paragraph(f"{one.name} ({one.author}): {one.about}"), Paragraph(one.address, "item"))
    )
    page = Page(PageHeader(tuple(said), explain=False), is_quiet=True)
    return table_report(one._asdict() for one in RESOURCES)._replace(page=page)


def _table_page(rows: Iterable[Mapping[str, Any]], summary_fields: tuple[str, ...] = ()) -> Report:
    """Return rows with the same keys as a page with one table."""
    return table_report(rows)._replace(summary_fields=summary_fields, page=Page(NO_HEADER))


PAGES: dict[str, Callable[[], Report]] = {
    "chapters": _chapters,
    "map": lambda: _table_page(use._asdict() for use in MAP),
    "roadmap": _roadmap,
    "resources": _resources,
    "check": lambda: chain(check_claims()),
}
