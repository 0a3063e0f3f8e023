"""Of the product of two lists some pairs in every run, so chosen that each entry of both has its turn; all at night."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

some_and_all = pytest.mark.parametrize(
    "share", [pytest.param(3, id="some"), pytest.param(1, id="all", marks=pytest.mark.exhaustive)]
)
"""A test's `share`: it tries every third of the other list, or all of it (-m exhaustive)."""


def turns(choices: Sequence[T], k: int, share: int) -> list[T]:
    """Return the choices whose turn it is for the k-th of the other list: of a to f a and d, then b and e, c and f."""
    return list(choices[k % share :: share])
