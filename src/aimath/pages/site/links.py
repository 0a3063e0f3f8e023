"""Links that lead nowhere."""

from __future__ import annotations

import posixpath
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LOADING = ("src", "srcset", "poster", "data", "action")
"""Attributes by which a page would load something."""


class PageLinks(HTMLParser):
    """The links of a page, the places in it that can be linked to, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the attributes of an element."""
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.places.append(given["id"])
        if "href" in given:
            self.targets.append(given["href"])
            if tag == "link":
                self.loaded.append(given["href"])
        self.loaded += [given[name] for name in LOADING if name in given]


def dead_links(pages: Mapping[str, str], known: Collection[str] = ()) -> list[str]:
    """Return a sentence for each link of a page, by its path, that leads nowhere in the site.

    Also for each place that a page has twice, and for what it would load from elsewhere. `known` are the
    site's files that are no pages.

    >>> dead_links({"a.html": '<a href="b.html#x">b</a><a href="c.html">c</a>', "b.html": '<h2 id="y">'})
    ['a.html: b.html has no place x', 'a.html: there is no c.html']
    """
    read = {path: PageLinks(html) for path, html in pages.items()}
    found: list[str] = []
    for path, page in read.items():
        found += [f"{path}: loads {each}" for each in page.loaded if _is_foreign(each)]
        found += [
            f"{path}: has two places {each}"
            for each in sorted({each for each in page.places if page.places.count(each) > 1})
        ]
        for target in page.targets:
            if _is_foreign(target):
                continue
            place, _, fragment = target.partition("#")
            goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), place)) if place else path
            if goal not in read and goal not in known:
                found.append(f"{path}: there is no {goal}")
            elif fragment and fragment not in read[goal].places:
                found.append(f"{path}: {goal} has no place {fragment}")
    return found


def _is_foreign(target: str) -> bool:
    return "//" in target or ":" in target.partition("/")[0]
