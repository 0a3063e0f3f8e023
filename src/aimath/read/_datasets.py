"""Built-in data sets: `load_digits`, which ships with aimath, `randn:MxN`, which is drawn, and four words."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._stream import BLOCK_BYTES
from aimath.read.blocks import WORDS, Block, ReadOptions, check_budget
from aimath.read.numbers import parse_integer
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from aimath.core.numerics.types import Array
    from aimath.read.blocks import BlockIterator

DIGITS_PATH = f"{os.path.dirname(os.path.dirname(__file__))}/data/digits.npy"  # noqa: PTH120  2 ms for pathlib
_DRAW_CHUNK = 1 << 20  # numbers at once: Ctrl-C is answered in between
_EXTENTS = re.compile(r"[1-9][0-9]{0,17}(?:x[1-9][0-9]{0,17}){0,2}")


def datasets(
    token: str,
    name: str,
    read_options: ReadOptions,
    *,
    matrix: bool,
    stacked: bool = False,
    stream_index: int = 0,
) -> BlockIterator:
    """Return the rows of a data set token, or all of them as one matrix.

    `draw` counts the operands of a command that are drawn: each has its own numbers.

    >>> [block.operands["x"].shape for block in datasets("randn:2x3", "x", ReadOptions(), matrix=True)]
    [(1, 2, 3)]
    """
    if token in WORDS:
        return iter([Block({name: _word_vector(token).reshape((1,) * matrix + (1, -1))}, token, (1,))])
    if token.startswith("randn:"):
        if not matrix:
            return _random_rows(token, name, read_options, stream_index)
        count, m, n = parse_shape(token)
        drawn = draw_matrix(count * m, n, read_options, stream_index).reshape(count, m, n)
        drawn = drawn[None] if stacked and token.count("x") > 1 else drawn
        return iter([Block({name: drawn}, token, range(1, len(drawn) + 1))])
    pixels, classes, lines = load_digits(token)
    labels = tuple(map(str, classes))
    if matrix:
        return iter([Block({name: pixels[None]}, token, (1,), row_labels=labels)])
    return iter([Block({name: pixels}, token, lines, row_labels=labels)])


def parse_shape(token: str) -> tuple[int, int, int]:
    """Return how many matrices randn:BxMxN draws, and of which sides; randn:N is one of one row.

    >>> parse_shape("randn:3x4"), parse_shape("randn:2x3x4")
    ((1, 3, 4), (2, 3, 4))
    """
    text = token.removeprefix("randn:")
    if not _EXTENTS.fullmatch(text):
        raise InputError(
            f"{quote(token)} is not a size", hint="write randn:3x4, randn:4 or randn:2x3x4", usage=True
        )
    sides = [int(side) for side in text.split("x")]
    count, m, n = [1] * (3 - len(sides)) + sides
    return count, m, n


def _word_vector(word: str) -> Array:
    """Return the vector (4,) of one of the guide's words."""
    import numpy as np

    from aimath.core.linalg import EXAMPLE_VECTORS, EXAMPLE_WORDS

    return np.array(EXAMPLE_VECTORS[EXAMPLE_WORDS.index(word)])


def draw_matrix(m: int, n: int, read_options: ReadOptions, stream_index: int = 0) -> Array:
    """Return one random matrix (m, n), within the memory limit."""
    import numpy as np

    check_budget(
        8 * m * n, f"a {m} x {n} float64 matrix", read_options.max_memory, alternative="a smaller size"
    )
    whole = np.empty(m * n)
    numbers = make_generator(read_options.seed, stream_index)
    for first in range(0, m * n, _DRAW_CHUNK):
        numbers.standard_normal(out=whole[first : first + _DRAW_CHUNK])
    return whole.reshape(m, n)


def draw_blocks(
    m: int, n: int, read_options: ReadOptions, block_bytes: int, stream_index: int = 0
) -> Iterator[Array]:
    """Draw the same numbers as `draw_matrix` does, as blocks (r, n) of about `at_once` bytes."""
    count = max(1, block_bytes // (8 * n))
    check_budget(
        8 * n * min(m, count),
        f"one row of {n} numbers",
        read_options.max_memory,
        alternative="a smaller size",
    )
    numbers = make_generator(read_options.seed, stream_index)
    for first in range(0, m, count):
        yield numbers.standard_normal((min(count, m - first), n))


def make_generator(seed: int, stream_index: int) -> np.random.Generator:
    """Return default_rng(seed), or default_rng((seed, k)) for the k-th random operand."""
    import numpy as np

    return np.random.default_rng((seed, stream_index + 1) if stream_index else seed)


def _random_rows(token: str, name: str, read_options: ReadOptions, stream_index: int) -> BlockIterator:
    first = 1
    count, m, n = parse_shape(token)
    for block in draw_blocks(count * m, n, read_options, BLOCK_BYTES, stream_index):
        yield Block({name: block}, token, range(first, first + len(block)))
        first += len(block)


def load_digits(token: str) -> tuple[Array, list[int], Sequence[int]]:
    """Return digit images (m, 64), their classes (m,) and their line numbers from 1 (m,).

    `digits:0,1` are those of a 0 or a 1, `digits:3#7` is the seventh three alone.
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository 1998; see data/digits.txt.

    >>> pixels, classes, places = load_digits("digits:3")
    >>> pixels.shape, set(classes), places[0]
    ((183, 64), {3}, 4)
    """
    import numpy as np

    from aimath.read._sources import open_source  # noqa: PLC0415  the same
    from aimath.read.binary._elements import read_elements  # noqa: PLC0415  the same
    from aimath.read.binary._npy import read_header  # noqa: PLC0415  only what is read from is loaded

    classes, numbered, number = token.partition("#")
    wanted = _parse_classes(classes)
    with open_source(DIGITS_PATH) as stream:
        stored = read_header(stream)
        table = read_elements(stream, stored.size, stored)[0].reshape(stored.shape)
    lines: Sequence[int] = range(1, len(table) + 1)
    if len(wanted) < 10:
        chosen = np.isin(table[:, -1], wanted)
        table, lines = table[chosen], (np.flatnonzero(chosen) + 1).tolist()
    if numbered:
        place = parse_integer(number, f"the image of {quote(token)}", 1, len(table)) - 1
        table, lines = table[place : place + 1], lines[place : place + 1]
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64).tolist(), lines


def _parse_classes(token: str) -> list[int]:
    """Return the classes that digits:0,1,4 selects, all ten by default."""
    _, colon, text = token.partition(":")
    if not colon:
        return list(range(10))
    return sorted({parse_integer(part, f"each class of {quote(token)}", 0, 9) for part in text.split(",")})
