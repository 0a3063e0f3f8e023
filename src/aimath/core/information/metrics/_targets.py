"""The right classes of rows, as numbers from 0 or by name, and which rows they leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aimath.errors import InputError, Remedy, pluralize
from aimath.text import first_quoted, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Indices

NO_CLASS = -(1 << 62)
"""What stands in a state for no number to ignore."""


def as_targets(
    target: ArrayLike, rows: int, classes: int, *, ignore: int | None = None, names: Sequence[str] = ()
) -> tuple[Indices, NDArray[np.bool_]]:
    """Return the class numbers (rows,) of targets, one for all or one each, and which rows are kept.

    Targets are whole numbers from 0, or texts among the `names` of the classes. Rows whose target is the
    number to `ignore` are not kept.
    """
    given = np.asarray(target).reshape(-1)
    if given.size not in (1, rows):
        raise InputError(
            "{count} {operand} classes for {rows}: give as many, or one for all",
            operand="target",
            count=given.size,
            rows=pluralize(rows, "row"),
        )
    if given.dtype.kind in "UO":
        given = _numbers_of_names(given, names, ignore)
    if given.dtype.kind not in "iu":
        raise InputError("a {operand} class must be a whole number, counted from 0", operand="target")
    found = np.broadcast_to(given, rows).astype(np.intp)
    kept = found != ignore if ignore is not None else np.ones(rows, np.bool_)
    bad = kept & ((found < 0) | (found >= classes))
    if bad.any():
        row = int(np.argmax(bad))
        hint = Remedy("use {ignore} to pass over such rows", ignore=int(found[row]))
        why = f"there is no class {found[row]}, only 0 to {classes - 1}"
        raise InputError(why, row=row, operand="target", hint=hint if found[row] < 0 else "")
    return found, kept


def _numbers_of_names(given: NDArray[np.str_], names: Sequence[str], ignore: int | None) -> Indices:
    """Return the numbers of classes that are given by name; what is no name may be the number to ignore."""
    places = {name: k for k, name in reversed([*enumerate(names)])}
    if ignore is not None:
        places.setdefault(str(ignore), ignore)
    found = np.empty(len(given), np.intp)
    for row, name in enumerate(given.tolist()):
        if name not in places and names:
            raise InputError(
                "there is no class {name}, only {classes}",
                row=row, operand="target", name=quote(name), classes=first_quoted(names),
            )  # fmt: skip
        if name not in places:
            hint = Remedy("say with {labels} what the classes are called", labels=...)
            raise InputError("{name} names no class", row=row, operand="target", name=quote(name), hint=hint)
        found[row] = places[name]
    return found
