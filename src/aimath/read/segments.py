"""Files of one command line that are read one after the other, and the units of work that they are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError, join_and
from aimath.read.blocks import (
    UNIT_ROWS,
    ReadOptions,
    RowRange,
    data_suffix,
    file_suffix,
    has_known_suffix,
    is_dataset,
    resolve_input_format,
    split_archive_path,
    split_column,
)
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

DIVISIBLE = ("npy", "safetensors")
"""Formats whose rows are found without reading those before them."""
_GLOB_SIGNS = "*?["


class Segment(NamedTuple):
    """Operands that are read in step: their words, and the rows that they have where files tell it."""

    tokens: tuple[str, ...]
    flags: Mapping[str, str]
    rows: int | None = None  # of stored arrays; None: all of it is one unit
    width: int = 1  # numbers that a row of these arrays has

    def count_units(self, unit_rows: int = UNIT_ROWS) -> int:
        """Return how many units it is."""
        return 1 if self.rows is None else max(1, -(-self.rows // unit_rows))

    def row_range(self, first: int, stop: int, unit_rows: int = UNIT_ROWS) -> RowRange | None:
        """Return the rows of some units, None where it is one unit."""
        if self.rows is None:
            return None
        end = stop * unit_rows
        return RowRange(first * unit_rows, None if end >= self.rows else end, unit_rows)

    def describe(self, unit: int, unit_rows: int = UNIT_ROWS) -> str:
        """Return what a unit is: its file, and its rows where it is not all of it."""
        words = [*self.tokens, *self.flags.values()]
        files = [display_path(path) for word in words if (path := file_of(word)) is not None]
        named = join_and(files) or "what is read"
        if self.rows is None or self.rows <= unit_rows:
            return named
        first = unit * unit_rows
        return f"rows {first + 1} to {min(first + unit_rows, self.rows)} of {named}"


def file_of(word: str) -> str | None:
    """Return the file that a word names, without what it names in it, or None."""
    bare = word.strip()
    if bare in {"-", "@-"} or is_dataset(bare) or not (bare.startswith("@") or has_known_suffix(bare)):
        return None
    path, column = split_column(bare.removeprefix("@"))
    return path if column is not None else split_archive_path(path)[0]


def find_segments(
    tokens: Sequence[str], names: Sequence[str], flags: Mapping[str, str], per_row: Collection[str] = ()
) -> list[Segment]:
    """Return the files of a command line one after the other: several words, or patterns such as 'x-*.npy'.

    Of one operand several words that are all files are one after the other; patterns of several operands
    go in step, in the order of the names.
    """
    left = [name for name in names if name not in flags]
    if len(tokens) > 1 and len(left) == 1 and all(map(_is_file, tokens)):
        return _in_step([("", tokens)], flags, per_row, left[0])
    several = [(str(k), found) for k, token in enumerate(tokens) if (found := _expand(token))]
    several += [(name, found) for name, text in flags.items() if (found := _expand(text))]
    if not several:
        return [Segment(tuple(tokens), flags)]
    return _patterns_in_step(tokens, flags, dict(several), per_row)


def _is_file(token: str) -> bool:
    path = file_of(token)
    return path is not None and (token.strip().startswith("@") or os.path.exists(path) or _has_sign(path))  # noqa: PTH110


def _has_sign(path: str) -> bool:
    return any(sign in path for sign in _GLOB_SIGNS)


def _in_step(
    given: Sequence[tuple[str, Sequence[str]]], flags: Mapping[str, str], per_row: Collection[str], name: str
) -> list[Segment]:
    """Return a segment for each file of the one operand that words are."""
    [(_, words)] = given
    files = [one for word in words for one in _expand(word) or [word]]
    fixed = [key for key, text in flags.items() if key in per_row or file_of(text) is not None]
    if fixed:
        why = f"{name} is {len(files)} files, and {join_and(fixed)} one"
        raise InputError(why, hint="write both as a pattern: 'x-*.npy'", usage=True)
    return [Segment((file,), flags) for file in files]


def _patterns_in_step(
    tokens: Sequence[str],
    flags: Mapping[str, str],
    found: Mapping[str, Sequence[str]],
    per_row: Collection[str],
) -> list[Segment]:
    counts = {len(files) for files in found.values()}
    fixed = [text for k, text in enumerate(tokens) if str(k) not in found and file_of(text) is not None]
    fixed += [
        text
        for key, text in flags.items()
        if key not in found and (key in per_row or file_of(text) is not None)
    ]
    if len(counts) > 1 or fixed:
        sizes = [f"{quote(_word(tokens, flags, key))} is {len(files)} files" for key, files in found.items()]
        sizes += [f"{quote(text)} is one" for text in fixed]
        raise InputError(f"{join_and(sizes)}: they must be equally many", usage=True)
    return [
        Segment(
            tuple(found[str(k)][at] if str(k) in found else token for k, token in enumerate(tokens)),
            {key: found[key][at] if key in found else text for key, text in flags.items()},
        )
        for at in range(counts.pop())
    ]


def _word(tokens: Sequence[str], flags: Mapping[str, str], key: str) -> str:
    return flags[key] if key in flags else tokens[int(key)]


def _expand(word: str) -> list[str]:
    """Return the files that a pattern matches, in order, none of a word that is no pattern."""
    path = file_of(word)
    if path is None or not _has_sign(path) or os.path.exists(path):  # noqa: PTH110  2 ms for pathlib
        return []
    before, _, behind = word.strip().partition(path)
    return [f"{before}{one}{behind}" for one in expand_pattern(path)]


def expand_pattern(path: str) -> list[str]:
    """Return the files that a pattern matches, in order; what is no pattern is one by itself."""
    if not _has_sign(path) or os.path.exists(path):  # noqa: PTH110  2 ms for pathlib
        return [path]
    import glob  # noqa: PLC0415  only for patterns

    found = sorted(glob.glob(path))  # noqa: PTH207
    if not found:
        raise InputError(f"no file matches {quote(path)}")
    return found


def count_rows(segment: Segment, matrices: Collection[str], read_options: ReadOptions) -> Segment:
    """Return the segment with the rows of its stored arrays, if they alone say how many there are."""
    words = [*segment.tokens, *segment.flags.values()]
    if matrices or read_options.row_labels or read_options.missing == "skip":
        return segment
    if any(word.strip() in {"-", "@-"} for word in words):
        return segment
    shapes = [shape for word in words if (shape := _stored_shape(word, read_options)) and shape[0] > 1]
    if len({rows for rows, _ in shapes}) != 1:
        return segment
    return segment._replace(rows=shapes[0][0], width=sum(width for _, width in shapes))


def _stored_shape(word: str, read_options: ReadOptions) -> tuple[int, int] | None:
    """Return how many rows a stored array has and how long they are, None of all else."""
    path = file_of(word)
    if path is None or not os.path.isfile(path) or file_suffix(path) != data_suffix(path):  # noqa: PTH113
        return None
    from aimath.read import matrices  # noqa: PLC0415  only for files

    name = split_archive_path(word.strip().removeprefix("@"))[1] or read_options.key
    try:
        form = resolve_input_format(read_options.input_format) or file_suffix(path)[1:]
        if form not in DIVISIBLE:
            return None
        with matrices.open_array(path, name, read_options) as (stream, stored):
            if stored is None or not stream.seekable or (stored.fortran_order and len(stored.shape) > 1):
                return None
            return stored.size // stored.shape[-1], stored.shape[-1]
    except (InputError, OSError):
        return None  # reading it tells what is wrong


def unit_ranges(
    segments: Sequence[Segment], first: int, stop: int, unit_rows: int
) -> Iterator[tuple[int, int, RowRange | None]]:
    """Yield the first of some units in each segment that has some, the segment's place, and their rows."""
    start = 0
    for place, segment in enumerate(segments):
        end = start + segment.count_units(unit_rows)
        low, high = max(first, start), min(stop, end)
        if low < high:
            yield low, place, segment.row_range(low - start, high - start, unit_rows)
        start = end
