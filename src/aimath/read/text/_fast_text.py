"""A fast parser of regular text through orjson; None leaves a block to the line parser.

Everything here may say None, "not mine": the slow way then gives the same numbers or names the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.read.numbers import MAX_CHARS

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array

_NUMBER_BYTES = b"0123456789+-.eE"


def fast_parse(data: bytes, delimiter: str | None) -> Array | None:
    r"""Return newline-terminated lines of equally many numbers as (rows, n), or None.

    >>> fast_parse(b"1 2\n3 4\n", None)
    array([[1., 2.],
           [3., 4.]])
    """
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    layout = data.translate(None, _NUMBER_BYTES)  # what is left are separators: the same in each line?
    values = _parse_uniform(data, layout, delimiter)
    if values is None and delimiter is None and not layout.translate(None, b" \t\n"):
        lines = [b",".join(line.split()) for line in data.split(b"\n")]  # columns aligned by blanks
        if b"" not in lines[:-1]:
            data = b"\n".join(lines)
            return _parse_uniform(data, data.translate(None, _NUMBER_BYTES), delimiter)
    return values


def _parse_uniform(data: bytes, skeleton: bytes, delimiter: str | None) -> Array | None:
    rows = data.count(b"\n")
    line = skeleton[: skeleton.find(b"\n") + 1]
    if skeleton != line * rows:
        return None
    bracketed = delimiter is None and line[:1] == b"[" and line[-2:-1] == b"]"
    separators = line[1:-2] if bracketed else line[:-1]
    separator = _find_separator(separators, b"," if bracketed else delimiter.encode() if delimiter else None)
    if separator is None:
        return None
    flat = _join_cells(data, separator, bracketed=bracketed)
    values = parse_cells(flat, rows * (len(separators) // len(separator) + 1), strict=bracketed)
    return None if values is None else values.reshape(rows, -1)


def _find_separator(separators: bytes, delimiter: bytes | None) -> bytes | None:
    """Return the separator of all cells of a line, or None; "," for a single cell."""
    if delimiter is not None:
        known = [delimiter, delimiter + b" "] if delimiter == b"," else [delimiter]
    else:
        known = [b",", b" ", b"\t", b", "]
    return next((one for one in known if separators == one * (len(separators) // len(one))), None)


def _join_cells(data: bytes, separator: bytes, *, bracketed: bool) -> bytes:
    """Return all cells joined by commas."""
    if bracketed:  # a bracket anywhere else is left, and orjson refuses it
        data = data[1:-2].replace(b"]\n[", b"\n") + b"\n"
    flat = data[:-1].replace(b"\n", b",")
    return flat if separator == b"," else flat.replace(separator, b",")


def parse_cells(flat: bytes, count: int, *, strict: bool = False) -> Array | None:
    """Return `count` cells as floats (count,), or None if any is malformed."""
    import numpy as np

    half = MAX_CHARS // 2  # a cell longer than LONGEST would fill one of these windows
    windows = np.frombuffer(flat, np.uint8)[: len(flat) // half * half].reshape(-1, half)
    if b" " in flat or b"\r" in flat or not (windows == ord(",")).any(axis=1).all():
        return None
    values = _loads_floats(flat, count)
    if values is None:
        repaired = None if strict else _to_json_numbers(b"," + flat + b",")
        return None if repaired is None else _loads_floats(repaired[1:-1], count)
    if not values.all() and b"-0" in flat:  # JSON's -0 is an integer and has no sign
        return _loads_floats((flat + b",").replace(b"-0,", b"-0.0,")[:-1], count)
    return values


def _loads_floats(flat: bytes, count: int) -> Array | None:
    import struct  # noqa: PLC0415

    import numpy as np
    import orjson

    try:
        cells = orjson.loads(b"[%b]" % flat)
    except ValueError:
        return None
    if len(cells) != count:
        return None
    values = np.empty(count)
    struct.pack_into(f"{count}d", values.data, 0, *cells)  # half the time of np.array(cells)
    return values


def _to_json_numbers(flat: bytes) -> bytes | None:
    """Return +1, .5 and 1. rewritten as JSON numbers, or None if that is ambiguous."""
    if any(odd in flat for odd in (b",.,", b"-.,", b"+.,", b"+-", b"++")):
        return None  # the replacements would make numbers of these
    flat = flat.replace(b",+", b",").replace(b".,", b".0,")
    return flat.replace(b",.", b",0.").replace(b",-.", b",-0.").replace(b"-0,", b"-0.0,")
