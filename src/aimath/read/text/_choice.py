"""Columns of a table by names, numbers, ranges and globs."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError, join_and
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_GLOB_PARTS = 32
"""So many parts a glob may have: what stands before, between and behind its stars."""
_NUMBER = re.compile("[1-9][0-9]{0,8}")
_RANGE = re.compile("([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")


class Choice(NamedTuple):
    """Columns of a table, from 0, in the order in which they were asked for."""

    places: tuple[int, ...]
    is_single: bool = False  # asked for as one column, by its name or number


class Chooser:
    """The columns of one table, for texts that name some of them."""

    def __init__(self, labels: Sequence[str], width: int, source: str, way_out: str = "") -> None:
        self.labels, self.width, self.source = labels, width, source
        self.way_out = way_out or "count columns from 1"
        self._exact, self._stripped = _by_name(labels), _by_name([label.strip() for label in labels])

    def choose(self, texts: Sequence[str]) -> Choice:
        """Return the columns that texts ask for: each as a whole name first, then by its parts."""
        found: dict[int, None] = {}
        single = len(texts) == 1
        for text in texts:
            place = self._named(text)
            if place is not None:
                found[place] = None
                continue
            parts = [part.strip() for part in text.split(",")]
            if "" in parts:
                raise InputError(f"a name in {quote(text)} is empty", usage=True).within("--column")
            single = single and len(parts) == 1 and _NUMBER.fullmatch(parts[0]) is not None
            for part in parts:
                found |= dict.fromkeys(self._part(part, alone=len(parts) == len(texts) == 1))
        return Choice(tuple(found), single)

    def one(self, text: str) -> int:
        """Return the one column that a text names."""
        places = self.choose([text]).places
        if len(places) != 1:
            raise InputError(f"{quote(text)} is {len(places)} columns, and one is wanted", usage=True)
        return places[0]

    def has(self, text: str) -> bool:
        """Return whether a text is the name of a column."""
        return text in self._exact or text.strip() in self._stripped

    def _named(self, name: str) -> int | None:
        places = self._exact.get(name) or self._stripped.get(name.strip()) or []
        if len(places) > 1:
            numbers = [str(place + 1) for place in places]
            why = f"{display_path(self.source)}: columns {join_and(numbers)} are each called {quote(name)}"
            raise InputError(why, hint=f"use --column {numbers[0]}", usage=True)
        return places[0] if places else None

    def _part(self, part: str, *, alone: bool) -> Sequence[int]:
        place = self._named(part)
        if place is not None:
            return [place]
        if _NUMBER.fullmatch(part):
            return [self._number(part, alone=alone)]
        if found := _RANGE.fullmatch(part):
            first, last = self._number(found[1]), self._number(found[2])
            if last < first:
                why = f"the range {part} runs backwards"
                raise InputError(why, hint=f"write {found[2]}-{found[1]}", usage=True)
            return range(first, last + 1)
        if "*" in part or "?" in part:
            places = [k for k, label in enumerate(self.labels) if matches(part, label.strip())]
            if places:
                return places
        raise self.unknown(part)

    def _number(self, text: str, *, alone: bool = False) -> int:
        """Return a column by its number; one that is picked `alone` may be missing in some rows."""
        place = int(text) - 1
        if place >= self.width and not alone:
            have = f"it has {self.width}"
            why = f"{display_path(self.source)} has no column {text}: {have}"
            raise InputError(why, usage=True)
        return place

    def unknown(self, name: str) -> InputError:
        """Return the error for a name that no column has."""
        known = f"the columns are {', '.join(map(quote, self.labels[:20]))}" if self.labels else ""
        known += ", ..." if len(self.labels) > 20 else ""
        why = "has no column" if known else "has no header line that names"
        hint = known or self.way_out
        return InputError(f"{display_path(self.source)} {why} {quote(name)}", hint=hint, usage=True)


def _by_name(labels: Sequence[str]) -> Mapping[str, list[int]]:
    places: dict[str, list[int]] = {}
    for k, label in enumerate(labels):
        places.setdefault(label, []).append(k)
    return places


def looks_several(text: str) -> bool:
    """Return whether a text asks for columns by a list, a range or a glob, if it is no name itself.

    >>> looks_several("a,b"), looks_several("2-11"), looks_several("p_*"), looks_several("petal-length")
    (True, True, True, False)
    """
    return any(sign in text for sign in ",*?") or _RANGE.fullmatch(text.strip()) is not None


def matches(glob: str, text: str) -> bool:
    """Return whether a glob describes a text: * stands for any signs, ? for one.

    >>> matches("p_*", "p_cat"), matches("p_?", "p_cat"), matches("*a*t", "p_cat")
    (True, False, True)
    """
    if glob.count("*") >= MAX_GLOB_PARTS:
        raise InputError(f"{quote(glob)} has more than {MAX_GLOB_PARTS} parts", usage=True)
    return fnmatchcase(text, glob.replace("[", "[[]"))
