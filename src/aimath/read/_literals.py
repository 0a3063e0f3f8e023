"""Literals typed as arguments: 2 1 0.1, a list, name=number, or '1 2; 3 4' for several rows."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read.blocks import Block, has_known_suffix
from aimath.read.numbers import is_missing, parse_number, parse_sweep
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIST = re.compile(r"[^\s,],[^\s,]")
_ENTRY = re.compile(r"[^\s,;\[\]]+")
_RANGE = re.compile(r"(?<![^\s,;\[\]])(?:lin|log):[^\s,;\[\]]*")


def parse_literal(
    tokens: Sequence[str], locations: Sequence[str], name: str, *, matrix: bool = False
) -> Block:
    """Return all tokens as one vector, or as the rows of a matrix.

    >>> parse_literal(["[2, 1]"], ["argument 1"], "x").operands["x"]
    array([[2., 1.]])
    """
    import numpy as np

    typed = tokens
    tokens = [_expand_ranges(token, place, name) for token, place in zip(typed, locations, strict=True)]
    lists = [k for k, token in enumerate(typed) if _LIST.search(token)]
    if len(lists) > 1 and not any(sign in token for token in tokens for sign in ";[]"):
        why = f"{quote(tokens[lists[1]])} is a second list, where one vector, {name}, is asked for"
        error = InputError(why, hint="write rows as '1,2; 3,4'", operand=name, usage=True)
        raise error.within(locations[lists[1]])
    whole = " ".join(tokens)
    starts = list(accumulate((len(token) + 1 for token in tokens), initial=0))
    values, labels = [], []
    for k, match in enumerate(_ENTRY.finditer(whole)):
        place = locations[bisect_right(starts, match.start()) - 1]
        label, _, value = match[0].rpartition("=")
        try:
            values.append(parse_number(value if label and value else match[0]))
        except InputError as error:
            from aimath.read._foreign import conversion_hint  # noqa: PLC0415  only for mistakes

            known = f"a file is given as @{match[0]}" if has_known_suffix(match[0]) else ""
            foreign = "" if known else conversion_hint(match[0])
            if known or foreign:  # one that is there would have been read
                why = "is of a kind that is not read" if foreign else "is no file that is there"
                error = InputError(f"{quote(match[0])} {why}")
            error.hint = known or foreign or _missing_hint(match[0].rpartition("=")[2])
            error.entry, error.operand, error.usage = k, name, True
            raise error.within(place) from None
        if label:
            labels.append(label)
    widths = _row_widths(whole, locations, name)
    if labels and (len(labels) < len(values) or len(widths) > 1):
        why = "name all the entries of a row or none of them"
        raise InputError(why, operand=name, usage=True).within(locations[0])
    rows = np.array(values, np.float64).reshape(len(widths), widths[0])
    operand = rows[None] if matrix else rows
    return Block({name: operand}, "", range(1, len(operand) + 1), tuple(labels))


def _missing_hint(token: str) -> str:
    """Return the way out for what stands for a missing number, or nothing."""
    return (
        "leave out what is missing; a file or - takes --missing skip or nan"
        if token and is_missing(token)
        else ""
    )


def _expand_ranges(token: str, location: str, name: str) -> str:
    """Return a token with each lin:A:B:N and log:A:B:N as the numbers that it stands for."""
    if ":" not in token:
        return token
    try:
        return _RANGE.sub(lambda found: ",".join(map(repr, parse_sweep(found[0]))), token)
    except InputError as error:
        error.operand, error.usage = name, True
        raise error.within(location) from None


def _row_widths(whole: str, locations: Sequence[str], name: str) -> list[int]:
    """Return the lengths of the rows, from brackets, commas and semicolons."""
    shape = re.sub(r"\s*([,;\[\]])\s*", r"\1", _ENTRY.sub("x", whole).strip())
    shape = re.sub(r"\s+", ",", shape).replace("][", "],[")
    if shape.startswith("[[") and shape.endswith("]]"):
        shape = shape[2:-2].replace("],[", ";")
    elif shape.startswith("[") and shape.endswith("]"):
        shape = shape[1:-1]
    rows = [row.split(",") for row in shape.split(";")]
    place = locations[0] if len(locations) == 1 else "arguments"
    for row in rows:
        if any(entry not in ("", "x") for entry in row):
            why = f"the brackets of {quote(whole)} don't match"
            raise InputError(why, operand=name, usage=True).within(place)
        if "" in row:
            why = f"an entry of {quote(whole)} is empty"
            raise InputError(why, operand=name, usage=True).within(place)
    widths = [len(row) for row in rows]
    if len(set(widths)) > 1:
        counts = ", ".join(map(str, widths[:10]))
        why = f"rows must be equally long, not {counts}"
        raise InputError(why, operand=name, usage=True).within(place)
    return widths
