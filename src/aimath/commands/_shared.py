"""Helpers shared by commands of several chapters: single matrices, memory checks, class indices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.options import (
    Operand,
    Vector,
)
from aimath.errors import InputError
from aimath.read.blocks import check_budget
from aimath.report import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_SHOWN_SIZE = 8
"""Matrices of more rows or columns are left out of a derivation where they aren't its point."""
MAX_TERMS = 4
"""A product that is worked out shows so many of its terms."""
ANSWER_COPIES = 6
"""An answer is held, looked over, and written as text three times as long as its eight bytes a number."""
Left = Annotated[Vector, Operand("The first vector.", flag="--a", seeded=True)]
Right = Annotated[Vector, Operand("The second vector.", flag="--b", seeded=True)]


def single_matrix(matrices: Vector, name: str, *, unbatched: bool = True) -> Vector:
    """Return the one matrix (r, c) of (1, r, c), or the one vector (n,) of (1, n).

    Several are several problems to a command that answers a whole one, and a mistake where rows are answered.
    """
    if len(matrices) != 1:
        # Naming the second makes the runner answer the first by itself, and so on.
        raise InputError(
            "{operand}: {count} are given, and one is wanted",
            row=1 if unbatched else None,
            operand=name,
            count=len(matrices),
        )
    only: Vector = matrices[0]
    return only


def check_memory(shape: tuple[int, int], description: str, memory: int | None) -> None:
    """Raise InputError if an answer and its text are too large for memory."""
    m, n = shape
    check_budget(
        ANSWER_COPIES * 8 * m * n,
        f"the {m} x {n} {description} with its text",
        memory,
        alternative="fewer rows",
    )


def price_quantities(
    sizes: Mapping[str, int], memory: int | None, *, alternative: str, shape: str = ""
) -> Callable[[str], None]:
    """Return a Report's check_memory for quantities of so many numbers, or of a shape, counted together."""
    made: dict[str, None] = {}

    def afford(name: str) -> None:
        if name in sizes:
            made[name] = None
            count = sum(sizes[one] for one in made)
            what = f"{', '.join(made)} of {shape or count} numbers with their text"
            check_budget(ANSWER_COPIES * 8 * count, what, memory, alternative=alternative)

    return afford


def format_dot_product(left: str, right: str, i: int, j: int, terms: int) -> str:
    """Return the template of a dot product of a row and a column, with long ones elided."""
    products = [f"{{{left}[{i}][{k}]:~4}}·{{{right}[{k}][{j}]:~4}}" for k in range(min(terms, MAX_TERMS))]
    if terms > MAX_TERMS:
        last = terms - 1
        products[-2:] = ["…", f"{{{left}[{i}][{last}]:~4}}·{{{right}[{last}][{j}]:~4}}"]
    return " + ".join(products)


def entropy_unit(base: float) -> str:
    """Return the unit of logarithms to `base`.

    >>> entropy_unit(2)
    'bits'
    """
    names = {2.0: "bits", 10.0: "hartleys", math.e: "nats"}
    return names.get(float(base), f"units of log {float(base):g}")


def infinity_footnote(entries: Any, sentence: str) -> Page:
    """Return a page with a footnote on which entry, from 1, makes an answer infinite; 0 stands for none.

    `sentence` says so of `{entry}`.
    """
    import numpy as np

    found = np.ravel(entries)
    if not found.any():
        return Page()
    said = sentence.format(entry=found[np.flatnonzero(found)[0]])
    return Page(footnote=said if len(found) == 1 else f"{said} (in the first such row)")


def refuse_both_scales(*, logits: bool, log_probs: bool, normalize: bool = False) -> None:
    """Raise InputError if numbers are said to be of two kinds, or logits to be divided by their sum."""
    if logits and log_probs:
        raise InputError("--logits and --log-probs exclude each other", usage=True)
    if logits and normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)


def refuse_scales_of_categories(*, logits: bool, log_probs: bool, normalize: bool) -> None:
    """Raise InputError if categories are said to be numbers of a kind."""
    for flag, given in (("--logits", logits), ("--log-probs", log_probs), ("--normalize", normalize)):
        if given:
            raise InputError(f"{flag} does nothing beside --categories, which are counted", usage=True)


def class_indices(target: Any, *, soft: bool = False) -> Any:
    """Return class numbers (rows, 1) as integer indices (rows,), and names as they are.

    Where a target may be `soft`, a distribution, numbers that are one are told of its option.
    """
    import numpy as np

    if target.dtype.kind in "UO":
        return target[..., 0]
    whole = (np.floor(target) == target) & (np.abs(target) < 2.0**53)
    if not whole.all():
        row = int(np.argmin(whole))
        given = target.ravel()
        is_distribution = (
            soft and 1 < len(given) <= MAX_TERMS and (given >= 0).all() and abs(sum(given) - 1) < 1e-6
        )
        listed = ",".join(f"{x:g}" for x in given) if is_distribution else ""
        raise InputError(
            "{operand}: {value:g} is not the number of a class",
            hint=listed and f"a distribution of classes is --p: --p {listed} --logits LIST",
            operand="target",
            row=row,
            usage=True,
            value=float(given[row]),
        )
    return target[..., 0].astype(np.int64)
