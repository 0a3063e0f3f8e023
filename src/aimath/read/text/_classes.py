"""Classes by their names: those of labels, or of the columns that hold what is said of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aimath.errors import InputError, closest
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def class_number(name: str, classes: Mapping[str, int]) -> int:
    """Return the number of a class by its name, or raise InputError if it is none of the `classes`."""
    if name in classes:
        return classes[name]
    if not classes:
        why = f"{quote(name)} is not a number"
        raise InputError(why, hint="name the classes by --labels, in their order")
    near = closest(name, classes)
    hint = f"did you mean {near[0]}?" if near else "name other classes by --labels, in their order"
    known = [*{number: short for short, number in reversed([*classes.items()])}.values()][::-1]
    raise InputError(f"{quote(name)} is none of the classes {', '.join(map(quote, known[:8]))}", hint=hint)


def class_numbers(names: Sequence[str]) -> Mapping[str, int]:
    """Return the number of each class by its name, with and without the prefix that all share.

    >>> class_numbers(["logit_cat", "logit_dog"])["dog"]
    1
    """
    short = without_prefix(names)
    return {name: k for k, name in enumerate(short)} | {name: k for k, name in enumerate(names)}


def without_prefix(names: Sequence[str]) -> list[str]:
    """Return names without the prefix that they share, up to its last _ . : / - or blank.

    >>> without_prefix(["p_cat", "p_cow"]), without_prefix(["cat", "cow"])
    (['cat', 'cow'], ['cat', 'cow'])
    """
    if len(names) < 2:
        return [*names]
    low, high = min(names), max(names)
    shared = next(
        (k for k, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    found = re.match(r".*[_.:/ -]", low[:shared], re.DOTALL)
    return [name[found.end() :] for name in names] if found else [*names]
