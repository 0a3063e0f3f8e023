"""Rows that have a name and no file: `digits` ships with aimath, `randn:MxN` is drawn."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TID253  this module is loaded only where it is needed
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._stream import BLOCK
from aimath.read.blocks import Block, Reading, price
from aimath.read.numbers import integer
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from aimath.core.numerics.types import Array
    from aimath.read.blocks import Pieces

DIGITS = Path(__file__).parents[1] / "data" / "digits.npy"
_DRAWN = 1 << 20  # numbers at once: Ctrl-C is answered in between
_EXTENTS = re.compile(r"([1-9][0-9]{0,17})(?:x([1-9][0-9]{0,17}))?")


def named(token: str, name: str, reading: Reading, *, matrix: bool, draw: int = 0) -> Pieces:
    """Give the rows that a token names, or all of them as one matrix.

    `draw` counts the operands of a command that are drawn: each has its own numbers.

    >>> [block.operands["x"].shape for block in named("randn:2x3", "x", Reading(), matrix=True)]
    [(1, 2, 3)]
    """
    if token.startswith("randn:"):
        m, n = extents(token)
        if not matrix:
            return _rows(token, name, reading, draw)
        return iter([Block({name: drawn(m, n, reading, draw)[None]}, token, (1,))])
    pixels, classes, lines = digits(token)
    labels = tuple(map(str, classes))
    if matrix:
        return iter([Block({name: pixels[None]}, token, (1,), row_labels=labels)])
    return iter([Block({name: pixels}, token, lines, row_labels=labels)])


def extents(token: str) -> tuple[int, int]:
    """Give the rows and columns of randn:MxN; randn:N is one row."""
    found = _EXTENTS.fullmatch(token.removeprefix("randn:"))
    if not found:
        raise InputError(f"{echo(token)} is not a size", hint="write randn:3x4 or randn:4", usage=True)
    return (int(found[1]), int(found[2])) if found[2] else (1, int(found[1]))


def drawn(m: int, n: int, reading: Reading, draw: int = 0) -> Array:
    """Draw one matrix (m, n), within the price."""
    import numpy as np

    price(8 * m * n, f"a {m} x {n} float64 matrix", reading.max_memory, instead="a smaller size")
    whole = np.empty(m * n)
    numbers = generator(reading.seed, draw)
    for first in range(0, m * n, _DRAWN):
        numbers.standard_normal(out=whole[first : first + _DRAWN])
    return whole.reshape(m, n)


def draws(m: int, n: int, reading: Reading, at_once: int, draw: int = 0) -> Iterator[Array]:
    """Draw the same numbers as `drawn` does, as blocks (r, n) of about `at_once` bytes."""
    count = max(1, at_once // (8 * n))
    price(8 * n * min(m, count), f"one row of {n} numbers", reading.max_memory, instead="a smaller size")
    numbers = generator(reading.seed, draw)
    for first in range(0, m, count):
        yield numbers.standard_normal((min(count, m - first), n))


def generator(seed: int, draw: int) -> np.random.Generator:
    """Give numpy's default_rng(seed); to the k-th operand of a command, default_rng((seed, k))."""
    import numpy as np

    return np.random.default_rng((seed, draw + 1) if draw else seed)


def _rows(token: str, name: str, reading: Reading, draw: int) -> Pieces:
    first = 1
    for block in draws(*extents(token), reading, BLOCK, draw):
        yield Block({name: block}, token, range(first, first + len(block)))
        first += len(block)


def digits(token: str) -> tuple[Array, list[int], Sequence[int]]:
    """Give images of handwritten digits (m, 64), the digit of each (m,), and its place from 1 (m,).

    `digits:0,1` are those of a 0 or a 1. E. Alpaydin and C. Kaynak, Optical Recognition of
    Handwritten Digits, UCI Machine Learning Repository 1998; see data/digits.txt.

    >>> pixels, classes, places = digits("digits:3")
    >>> pixels.shape, set(classes), places[0]
    ((183, 64), {3}, 4)
    """
    import numpy as np

    from aimath.read._elements import elements  # noqa: PLC0415  the same
    from aimath.read._npy import header  # noqa: PLC0415  only what is read from is loaded
    from aimath.read._sources import opened  # noqa: PLC0415  the same

    wanted = _classes(token)
    with opened(str(DIGITS)) as stream:
        stored = header(stream)
        table = elements(stream, stored.size, stored)[0].reshape(stored.shape)
    lines: Sequence[int] = range(1, len(table) + 1)
    if len(wanted) < 10:
        chosen = np.isin(table[:, -1], wanted)
        table, lines = table[chosen], (np.flatnonzero(chosen) + 1).tolist()
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64).tolist(), lines


def _classes(token: str) -> list[int]:
    """Give the digits that digits:0,1,4 asks for; all ten without them."""
    _, colon, text = token.partition(":")
    if not colon:
        return list(range(10))
    return sorted({integer(part, f"each class of {echo(token)}", 0, 9) for part in text.split(",")})
