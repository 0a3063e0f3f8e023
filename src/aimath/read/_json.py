"""JSON, strictly: no duplicate keys, no NaN, no booleans for numbers; an error names the path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError, counted, listed
from aimath.read.blocks import Block, Row
from aimath.read.numbers import number
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.numerics.types import Array
    from aimath.read.blocks import Layout

DEEPEST = 64
_KINDS = {"bool": "a boolean", "NoneType": "null", "str": "a string", "dict": "an object", "list": "an array"}
_INFINITE = {"inf": float("inf"), "-inf": float("-inf")}  # as aimath itself writes them


def loads(data: bytes) -> Any:
    """Parse one JSON value; what orjson takes too lightly goes to the strict parser.

    >>> loads(b"[1, -0]")
    [1.0, -0.0]
    """
    import orjson

    try:
        value = orjson.loads(data)
    except ValueError:
        return _strict(data)
    keys = len(value) if isinstance(value, dict) else 0
    if data.count(b":") == keys and not re.search(rb"-0(?![.0-9eE])", data):
        return value  # as many colons as keys: none was there twice
    return _strict(data)


def _strict(data: bytes) -> Any:
    import json  # noqa: PLC0415  rarely needed

    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=unique,
            parse_constant=_no_constant,
            parse_float=number,
            parse_int=number,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise InputError(f"not JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}") from None
    except UnicodeDecodeError as error:
        bad = data[error.start]
        raise InputError(f"byte {error.start + 1} (0x{bad:02x}) is not UTF-8") from None
    except RecursionError:
        raise InputError(f"arrays are nested deeper than {DEEPEST}") from None


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members, for json's `object_pairs_hook`: none may be there twice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"the key {echo(key)} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise InputError(f"{name} is not a number")


def array(value: Any, path: str = "", depth: int = 0) -> Array:
    """Turn nested lists of numbers into an array; `path` is where `value` stands ("[1][2]").

    >>> array([[1, 2], [3, 4.5]]).shape
    (2, 2)
    """
    import numpy as np

    if depth >= DEEPEST and type(value) is list:
        raise InputError(f"arrays are nested deeper than {DEEPEST}")
    if type(value) is list and value:
        if set(map(type, value)) <= {int, float}:
            return np.array(value, np.float64)
        parts = [array(part, f"{path}[{k}]", depth + 1) for k, part in enumerate(value)]
        for k, part in enumerate(parts):
            if part.shape != parts[0].shape:
                sizes = f"{_size(value[k])}, {path}[0] {_size(value[0])}"
                raise InputError(f"{path}[{k}] has {sizes}: rows must be equally long", entry=k)
        return np.stack(parts)
    if type(value) in (int, float):
        return np.array(value, np.float64)
    if type(value) is str and value in _INFINITE:
        return np.array(_INFINITE[value])
    what = "an empty array" if value == [] else _KINDS[type(value).__name__]
    place = re.fullmatch(r"\[(\d+)\]", path)
    entry = int(place[1]) if place else None
    raise InputError(f"{path or 'the value'} is {what}, not a number", entry=entry)


def _size(value: Any) -> str:
    return counted(len(value), "value") if isinstance(value, list) else "1 number"


def line(data: bytes, layout: Layout) -> Row:
    """Read one line of JSON; a flat array is one row, of a matrix too."""
    value = loads(data)
    found = row(value, layout)
    if layout.matrices and isinstance(value, list) and not isinstance(value[0], list):
        return Row({name: matrices[0] for name, matrices in found.operands.items()})
    return found


def row(value: Any, layout: Layout, path: str = "") -> Row:
    """Turn one JSON value into a row, or into the rows of a nested array, for each operand."""
    found = value if isinstance(value, dict) else {layout.names[0]: value}
    if not isinstance(value, dict) and len(layout.names) > 1:
        raise InputError(f"{path or 'the value'} must be an object with the keys {listed(layout.names)}")
    if _by_name(found, layout):
        return Row({layout.names[0]: array(list(found.values()))[None]}, tuple(found))
    keys = {name: _key(found, name, layout) for name in layout.names}
    keys |= {name: name for name in layout.optional if found.get(name) is not None}
    operands = {}
    for name, key in keys.items():
        at = f"{path}.{key}".removeprefix(".") if isinstance(value, dict) else path
        operands[name] = _shaped(array(found[key], at), matrix=name in layout.matrices)
    if len({len(rows) for rows in operands.values()}) > 1:
        counts = " and ".join(f"{name} {len(rows)}" for name, rows in operands.items())
        raise InputError(f"the operands have different numbers of rows: {counts}")
    return Row(operands, _labels(value, operands))


def _by_name(found: dict[str, Any], layout: Layout) -> bool:
    """Tell whether an object holds the entries of its only operand under their names."""
    name = layout.names[0]
    if layout.reading.key or not found or len(layout.names) > 1 or name not in layout.named or name in found:
        return False
    return set(map(type, found.values())) <= {int, float}


def _key(found: dict[str, Any], name: str, layout: Layout) -> str:
    """Choose the member that holds an operand: --key, else its name."""
    asked = layout.reading.key if len(layout.names) == 1 else None
    key = asked or name
    if key in found:
        return key
    there = ", ".join(map(echo, list(found)[:8])) or "none"
    raise InputError(
        f"has no key {echo(key)}; its keys are {there}",
        hint="" if asked or len(layout.names) > 1 else "use --key KEY",
    )


def _labels(value: Any, operands: dict[str, Array]) -> tuple[str, ...]:
    labels = value.get("labels", ()) if isinstance(value, dict) else ()
    whole = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return tuple(labels) if whole and len(labels) in {rows.shape[-1] for rows in operands.values()} else ()


def _shaped(found: Array, *, matrix: bool) -> Array:
    """Give the axes of an operand: (rows, n), or (rows, r, c) for matrices."""
    if matrix:
        return found.reshape(-1, *found.shape[-2:]) if found.ndim > 1 else found.reshape(1, 1, -1)
    return found.reshape(-1, found.shape[-1]) if found.ndim else found.reshape(1, 1)


def document(data: bytes, layout: Layout) -> Iterator[Block]:
    """Read a whole JSON file: a vector, nested arrays, an object, or a list of such objects."""
    value = loads(data)
    records = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    parts = [(part, f"[{k}]") for k, part in enumerate(value)] if records else [(value, "")]
    line = 1
    for part, path in parts:
        found = row(part, layout, path)
        count = len(next(iter(found.operands.values())))
        yield Block(found.operands, layout.source, range(line, line + count), found.labels)
        line += count
