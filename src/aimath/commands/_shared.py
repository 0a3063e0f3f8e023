"""What commands of several chapters share: one matrix of several, prices, class numbers."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.options import (
    Operand,
    Vector,
)
from aimath.errors import InputError
from aimath.read.blocks import price

SHOWN = 8
"""Matrices of more rows or columns are left out of a derivation where they aren't its point."""
TERMS_SHOWN = 4
"""A product that is worked out shows so many of its terms."""
COPIES = 6
"""An answer is held, looked over, and written as text three times as long as its eight bytes a number."""
Left = Annotated[Vector, Operand("The first vector.", flag="--a", drawn=True)]
Right = Annotated[Vector, Operand("The second vector.", flag="--b", drawn=True)]


def one(several: Vector, name: str, *, whole: bool = True) -> Vector:
    """Give the one matrix (r, c) of (1, r, c), the one vector (n,) of (1, n).

    Several are several problems to a command that answers a whole one, and a mistake where rows are answered.
    """
    if len(several) != 1:
        why = f"{name}: {len(several)} are given, and one is wanted"
        # Naming the second makes the runner answer the first by itself, and so on.
        raise InputError(why, row=1 if whole else None, operand=name)
    only: Vector = several[0]
    return only


def afford(shape: tuple[int, int], what: str, memory: int | None) -> None:
    """Refuse an answer that is too large to be held, with its text."""
    m, n = shape
    price(COPIES * 8 * m * n, f"the {m} x {n} {what} with its text", memory, instead="fewer rows")


def worked(left: str, right: str, i: int, j: int, terms: int) -> str:
    """Write a row times a column with the numbers of both, the middle of a long one left out."""
    products = [f"{{{left}[{i}][{k}]:.4}}·{{{right}[{k}][{j}]:.4}}" for k in range(min(terms, TERMS_SHOWN))]
    if terms > TERMS_SHOWN:
        last = terms - 1
        products[-2:] = ["…", f"{{{left}[{i}][{last}]:.4}}·{{{right}[{last}][{j}]:.4}}"]
    return " + ".join(products)


def classes(target: Vector) -> Any:
    """Give class numbers (rows, 1) as integers (rows,)."""
    import numpy as np

    whole = (np.floor(target) == target) & (np.abs(target) < 2.0**53)
    if not whole.all():
        wrong = float(target[~whole][0])
        raise InputError(f"--target: {wrong:g} is not the number of a class", operand="target", usage=True)
    return target[..., 0].astype(np.int64)
