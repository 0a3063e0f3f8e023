"""Strict JSON: no duplicate keys, no NaN, no booleans for numbers, and errors with a path."""

from __future__ import annotations

import re
from math import isinf
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError, join_and, pluralize
from aimath.read.blocks import Block, Row
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.numerics.types import Array
    from aimath.read.blocks import RowLayout

MAX_DEPTH = 64
_TYPE_NAMES = {
    "bool": "a boolean",
    "NoneType": "null",
    "str": "a string",
    "dict": "an object",
    "list": "an array",
}
_INFINITE = {"inf": float("inf"), "-inf": float("-inf")}  # as aimath itself writes them


def loads(data: bytes) -> Any:
    """Return one JSON value, parsed strictly where orjson is too lenient.

    >>> loads(b"[1, -0]")
    [1.0, -0.0]
    """
    import orjson

    try:
        value = orjson.loads(data)
    except ValueError:
        return _strict_loads(data)
    keys = len(value) if isinstance(value, dict) else 0
    if data.count(b":") == keys and not re.search(rb"-0(?![.0-9eE])", data):
        return value  # as many colons as keys: none was there twice
    return _strict_loads(data)


def is_whole(line: bytes) -> bool:
    """Return whether a line is an array or object by itself.

    >>> is_whole(b" [1, 2]"), is_whole(b" [1, 2],"), is_whole(b"3")
    (True, False, False)
    """
    if line.strip()[:1] not in (b"[", b"{"):
        return False
    try:
        loads(line)
    except InputError:
        return False
    return True


def _strict_loads(data: bytes) -> Any:
    import json  # noqa: PLC0415  rarely needed

    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=reject_duplicates,
            parse_constant=_reject_constant,
            parse_float=_parse_number,
            parse_int=_parse_number,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise InputError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}") from None
    except UnicodeDecodeError as error:
        bad = data[error.start]
        raise InputError(f"byte {error.start + 1} (0x{bad:02x}) is not UTF-8") from None
    except RecursionError:
        raise InputError(f"arrays are nested deeper than {MAX_DEPTH}") from None


def reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object from its pairs, or raise InputError on duplicate keys."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"the key {quote(key)} is there twice")
        found[key] = value
    return found


def _parse_number(text: str) -> float:
    """Return a number of JSON, however many digits it has, or raise InputError if it overflows."""
    value = float(text)
    if isinf(value):
        raise InputError(f"{quote(text)} overflows float64")
    return value


def _reject_constant(name: str) -> Any:
    raise InputError(f"{name} is not a number")


def to_array(value: Any, path: str = "", depth: int = 0) -> Array:
    """Return nested lists of numbers as an array; `path` locates `value` in errors.

    >>> to_array([[1, 2], [3, 4.5]]).shape
    (2, 2)
    """
    import numpy as np

    if depth >= MAX_DEPTH and type(value) is list:
        raise InputError(f"arrays are nested deeper than {MAX_DEPTH}")
    if type(value) is list and value:
        if set(map(type, value)) <= {int, float}:
            return np.array(value, np.float64)
        parts = [to_array(part, f"{path}[{k}]", depth + 1) for k, part in enumerate(value)]
        for k, part in enumerate(parts):
            if part.shape != parts[0].shape:
                sizes = f"{_describe_size(value[k])}, {path}[0] {_describe_size(value[0])}"
                raise InputError(f"{path}[{k}] has {sizes}: rows must be equally long", entry=k)
        return np.stack(parts)
    if type(value) in (int, float):
        return np.array(value, np.float64)
    if type(value) is str and value in _INFINITE:
        return np.array(_INFINITE[value])
    what = "an empty array" if value == [] else _TYPE_NAMES[type(value).__name__]
    place = re.fullmatch(r"\[(\d+)\]", path)
    entry = int(place[1]) if place else None
    raise InputError(f"{path or 'the value'} is {what}, not a number", entry=entry)


def _describe_size(value: Any) -> str:
    return pluralize(len(value), "value") if isinstance(value, list) else "1 number"


def parse_line(data: bytes, layout: RowLayout) -> Row:
    """Return one JSON line as a row; a flat array is one row, also of a matrix, and so is an object's."""
    value = loads(data)
    if not (isinstance(value, list) and value and all(isinstance(part, dict) for part in value)):
        return parse_row(value, layout, flat_is_row=True)
    rows = [parse_row(part, layout, f"[{k}]", flat_is_row=True) for k, part in enumerate(value)]
    return _join(rows)


def _join(rows: list[Row]) -> Row:
    """Return the rows of an array of objects as one Row, with labels if all have the same."""
    import numpy as np

    for name, first in rows[0].operands.items():
        for k, row in enumerate(rows):
            if name not in row.operands or row.operands[name].shape[1:] != first.shape[1:]:
                why = f"[{k}] differs in size from [0]: rows must be equally long"
                raise InputError(why, hint="use --input-format json for a whole document")
    joined = {name: np.concatenate([row.operands[name] for row in rows]) for name in rows[0].operands}
    return Row(joined, rows[0].labels if len({row.labels for row in rows}) == 1 else ())


def parse_row(value: Any, layout: RowLayout, path: str = "", *, flat_is_row: bool = False) -> Row:
    """Return one JSON value as a Row, with the rows of nested arrays for each operand.

    Where `flat_is_row` a flat array for the one matrix that is read is a row of it, (1, n), not a matrix.
    """
    found = value if isinstance(value, dict) else {layout.names[0]: value}
    if not isinstance(value, dict) and len(layout.names) > 1:
        raise InputError(f"{path or 'the value'} must be an object with the keys {join_and(layout.names)}")
    if _is_keyed(found, layout):
        return Row({layout.names[0]: to_array(list(found.values()))[None]}, tuple(found))
    keys = {name: _select_key(found, name, layout) for name in layout.names}
    keys |= {name: name for name in layout.optional_names if found.get(name) is not None}
    operands = {}
    for name, key in keys.items():
        at = f"{path}.{key}".removeprefix(".") if isinstance(value, dict) else path
        array = to_array(found[key], at)
        matrix = name in layout.matrix_names and not (flat_is_row and len(keys) == 1 and array.ndim < 2)
        operands[name] = _as_rows(array, matrix=matrix, per_row=name in layout.per_row_names)
    if len({len(rows) for rows in operands.values()}) > 1:
        counts = " and ".join(f"{name} {len(rows)}" for name, rows in operands.items())
        raise InputError(f"the operands have different numbers of rows: {counts}")
    return Row(operands, _labels(value, operands))


def _is_keyed(found: dict[str, Any], layout: RowLayout) -> bool:
    """Return whether an object maps entry names to the numbers of its only operand."""
    name = layout.names[0]
    if (
        layout.read_options.key
        or not found
        or len(layout.names) > 1
        or name not in layout.keyed_names
        or name in found
    ):
        return False
    return set(map(type, found.values())) <= {int, float}


def _select_key(found: dict[str, Any], name: str, layout: RowLayout) -> str:
    """Return the key that holds an operand: --key, or the operand's name."""
    asked = layout.read_options.key if len(layout.names) == 1 else None
    key = asked or name
    if key in found:
        return key
    there = ", ".join(map(quote, list(found)[:8])) or "none"
    raise InputError(
        f"has no key {quote(key)}; its keys are {there}",
        hint="" if asked or len(layout.names) > 1 else "use --key KEY",
    )


def _labels(value: Any, operands: dict[str, Array]) -> tuple[str, ...]:
    labels = value.get("labels", ()) if isinstance(value, dict) else ()
    whole = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return tuple(labels) if whole and len(labels) in {rows.shape[-1] for rows in operands.values()} else ()


def _as_rows(found: Array, *, matrix: bool, per_row: bool) -> Array:
    """Return an operand as (rows, n), as (rows, r, c) for matrices, as (rows, 1) of a number a row."""
    if per_row and found.ndim < 2:
        return found.reshape(-1, 1)
    if matrix:
        return found.reshape(-1, *found.shape[-2:]) if found.ndim > 1 else found.reshape(1, 1, -1)
    return found.reshape(-1, found.shape[-1]) if found.ndim else found.reshape(1, 1)


def parse_document(data: bytes, layout: RowLayout) -> Iterator[Block]:
    """Yield the blocks of a whole JSON file: a vector, nested arrays, an object or a list of objects."""
    value = loads(data)
    records = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    parts = [(part, f"[{k}]") for k, part in enumerate(value)] if records else [(value, "")]
    line = 1
    for part, path in parts:
        found = parse_row(part, layout, path, flat_is_row=records)
        count = len(next(iter(found.operands.values())))
        yield Block(found.operands, layout.source, range(line, line + count), found.labels)
        line += count
