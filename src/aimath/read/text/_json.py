"""Strict JSON: no duplicate keys, no NaN, no booleans for numbers, and errors with a path."""

from __future__ import annotations

import re
from itertools import compress
from math import isinf
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError, join_and, pluralize
from aimath.read.blocks import Block, Row
from aimath.read.text._classes import class_number, class_numbers
from aimath.read.text._paths import Found, as_named, as_response, find, names_of
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
            parse_constant=_read_constant,
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
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InputError(f"the key {quote(twice)} is there twice")
    return found


def _parse_number(text: str) -> float:
    """Return a number of JSON, however many digits it has, or raise InputError if it overflows."""
    value = float(text)
    if isinf(value):
        raise InputError(f"{quote(text)} overflows float64")
    return value


def _read_constant(name: str) -> Any:
    """Return NaN, which stands for a number that is missing; the others are refused."""
    if name == "NaN":
        return float("nan")
    raise InputError(f"{name} is not a number")


def to_array(value: Any, path: str = "", depth: int = 0, *, missing: str = "error") -> Array:
    """Return nested lists of numbers as an array; `path` locates `value` in errors.

    null and NaN are missing: an error, or nan if `missing` says anything else.

    >>> to_array([[1, 2], [3, 4.5]]).shape
    (2, 2)
    """
    import numpy as np

    if depth >= MAX_DEPTH and type(value) is list:
        raise InputError(f"arrays are nested deeper than {MAX_DEPTH}")
    if type(value) is list and value:
        if set(map(type, value)) <= {int, float}:
            found = np.array(value, np.float64)
            if missing == "error" and (gaps := np.flatnonzero(np.isnan(found))).size:
                raise _no_number(value[gaps[0]], f"{path}[{gaps[0]}]")
            return found
        deeper = depth + 1
        parts = [to_array(part, f"{path}[{k}]", deeper, missing=missing) for k, part in enumerate(value)]
        for k, part in enumerate(parts):
            if part.shape != parts[0].shape:
                sizes = f"{_describe_size(value[k])}, {path}[0] {_describe_size(value[0])}"
                raise InputError(f"{path}[{k}] has {sizes}: rows must be equally long", entry=k)
        return np.stack(parts)
    if type(value) in (int, float) and not (missing == "error" and value != value):  # noqa: PLR0124  nan
        return np.array(value, np.float64)
    if type(value) is str and value in _INFINITE:
        return np.array(_INFINITE[value])
    if missing != "error" and (value is None or value == "nan"):
        return np.array(float("nan"))
    raise _no_number(value, path)


def _no_number(value: Any, path: str) -> InputError:
    what = "an empty array" if value == [] else _TYPE_NAMES.get(type(value).__name__, "NaN")
    place = re.fullmatch(r"\[(\d+)\]", path)
    gap = value is None or value == "nan" or isinstance(value, float)
    return InputError(
        f"{path or 'the value'} is {what}, not a number",
        entry=int(place[1]) if place else None,
        hint="use --missing skip or --missing nan" if gap else "",
    )


def _describe_size(value: Any) -> str:
    return pluralize(len(value), "value") if isinstance(value, list) else "1 number"


def parse_line(data: bytes, layout: RowLayout) -> Row | None:
    """Return one JSON line as a row; a flat array is one row, also of a matrix, and so is an object's.

    None is a row that is passed over, for what it lacks.
    """
    value = loads(data)
    response = _response(value, layout)
    if response is not None:
        rows = response
    elif isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        named = _one_vector(value, layout)
        rows = (
            [named]
            if named
            else [parse_row(one, layout, f"[{k}]", flat_is_row=True) for k, one in enumerate(value)]
        )
    else:
        rows = _ragged_rows(value, layout) or [parse_row(value, layout, flat_is_row=True)]
    kept = [row for row in (_skip_missing(row, layout, whole=False) for row in rows) if row is not None]
    return _join(kept) if kept else None


def _one_vector(objects: list[dict[str, Any]], layout: RowLayout) -> Row | None:
    """Return objects with a number each under --key as one vector, named by their texts, or None."""
    key, names = layout.read_options.key, layout.names
    if key is None or layout.read_options.rows or layout.matrix_names or layout.asked or len(names) > 1:
        return None
    values = [one.get(key) for one in objects]
    if not all(key in one for one in objects) or any(isinstance(one, (list, dict)) for one in values):
        return None
    named = names_of(objects)
    found = to_array(values, key, missing=layout.read_options.missing)
    return Row({layout.names[0]: found.reshape(1, -1)}, named, is_whole=True)


def _response(value: Any, layout: RowLayout) -> list[Row] | None:
    """Return the texts of a language model's response as log-probabilities, or None of anything else."""
    name = layout.response_name
    response = as_response(value) if name and layout.read_options.key is None else None
    if response is None:
        return None
    if layout.names != (name,) and not layout.is_unsettled:
        why = f"it is {response.shape}, which holds log-probabilities of tokens"
        raise InputError(why, hint="use --log-probs in place of what says otherwise, or --key KEY")
    said = f"{response.shape}: log-probabilities of its tokens"
    if response.passed_over:
        said += f"; {pluralize(response.passed_over, 'first token')} without one passed over"
    rows = []
    for k, text in enumerate(response.texts):
        if not text.numbers:
            raise InputError(f"choices[{k}] has no token")
        found = to_array(text.numbers, f"choices[{k}] token ", missing=layout.read_options.missing)
        rows.append(Row({name: found.reshape(1, -1)}, text.names, said=(said,), is_whole=True))
    return rows


def _skip_missing(row: Row, layout: RowLayout, *, whole: bool) -> Row | None:
    """Return a row without what is missing where it is passed over: entries of a vector, else whole rows."""
    import numpy as np

    if layout.read_options.missing != "skip":
        return row
    arrays = row.operands
    gaps = {name: np.isnan(values) for name, values in arrays.items()}
    if not any(gap.any() for gap in gaps.values()):
        return row
    if len(arrays) == 1 and (row.is_whole or whole):
        [(name, values)] = arrays.items()
        if values.ndim == 2 and len(values) == 1:
            kept = ~gaps[name][0]
            labels = (
                tuple(compress(row.labels, kept.tolist())) if len(row.labels) == len(kept) else row.labels
            )
            layout.passed_over += int((~kept).sum())
            return row._replace(operands={name: values[:, kept]}, labels=labels) if kept.any() else None
    if any(values.ndim > 2 for values in arrays.values()):
        return row  # a matrix: its rows are those of the answer
    count = max(len(values) for values in arrays.values())
    lost = np.zeros(count, np.bool_)
    for gap in gaps.values():
        lost |= gap.any(axis=1)
    layout.passed_over += int(lost.sum())
    if lost.all():
        return None
    kept = {name: values[~lost] if len(values) == count else values for name, values in arrays.items()}
    return row._replace(operands=kept)


def _join(rows: list[Row]) -> Row:
    """Return the rows of an array of objects as one Row, with labels if all have the same."""
    import numpy as np

    if len(rows) == 1:
        return rows[0]
    for name, first in rows[0].operands.items():
        for k, row in enumerate(rows):
            if name not in row.operands or row.operands[name].shape[1:] != first.shape[1:]:
                why = f"[{k}] differs in size from [0]: rows must be equally long"
                raise InputError(why, hint="use --input-format json for a whole document")
    joined = {name: np.concatenate([row.operands[name] for row in rows]) for name in rows[0].operands}
    labels = rows[0].labels if len({row.labels for row in rows}) == 1 else ()
    return rows[0]._replace(operands=joined, labels=labels)


def parse_row(value: Any, layout: RowLayout, path: str = "", *, flat_is_row: bool = False) -> Row:
    """Return one JSON value as a Row, with the rows of nested arrays for each operand.

    Where `flat_is_row` a flat array for the one matrix that is read is a row of it, (1, n), not a matrix.
    """
    found = value if isinstance(value, dict) else {layout.names[0]: value}
    if not isinstance(value, dict) and len(layout.names) > 1:
        raise InputError(f"{path or 'the value'} must be an object with the keys {join_and(layout.names)}")
    missing = layout.read_options.missing
    if _is_keyed(found, layout):
        return Row({layout.names[0]: to_array(list(found.values()), missing=missing)[None]}, tuple(found))
    places = {name: _select(found, name, layout) for name in layout.names}
    if isinstance(value, list) and _is_path(value, layout.read_options.key):
        places = {layout.names[0]: find(value, layout.read_options.key or "")}
    places |= {
        name: Found(found[name], name) for name in layout.optional_names if found.get(name) is not None
    }
    operands: dict[str, Array] = {}
    names: tuple[str, ...] = ()
    for name, (held, key) in places.items():
        at = f"{path}.{key}".removeprefix(".") if isinstance(value, dict) else path
        classed = name in layout.per_row_names and _holds_names(held)
        named = None if classed else _as_named_rows(held)
        numbers, names = named or (_class_numbers(found, held, layout) if classed else held, names)
        array = to_array(numbers, at, missing=missing)
        layout.is_scalar = layout.is_scalar or (array.ndim == 0 and layout.read_options.key is not None)
        matrix = name in layout.matrix_names and not (flat_is_row and len(places) == 1 and array.ndim < 2)
        axes = 3 if layout.stacked and array.ndim > 2 else 2
        operands[name] = _as_rows(array, axes if matrix else 1, per_row=name in layout.per_row_names)
    if len({len(rows) for rows in operands.values()}) > 1:
        counts = " and ".join(f"{name} {len(rows)}" for name, rows in operands.items())
        raise InputError(f"the operands have different numbers of rows: {counts}")
    labels = _labels(value, operands) or names
    if not labels and layout.is_scalar and isinstance(value, dict):
        labels = names_of([value])
    return Row(operands, labels)


def _as_named_rows(value: Any) -> tuple[Any, tuple[str, ...]] | None:
    """Return objects that hold numbers with names as these numbers and names, also a list of rows of them."""
    named = as_named(value)
    if named is not None:
        return named.numbers, named.names
    if not (isinstance(value, list) and value and isinstance(value[0], (list, dict))):
        return None
    rows = [as_named(one) for one in value]
    if any(row is None for row in rows):
        return None
    names = {row.names for row in rows if row is not None}
    return [row.numbers for row in rows if row is not None], names.pop() if len(names) == 1 else ()


def _holds_names(value: Any) -> bool:
    """Return whether a value is a text, or a list with one, that is no infinity."""
    return any(
        isinstance(one, str) and one not in _INFINITE
        for one in (value if isinstance(value, list) else [value])
    )


def _class_numbers(found: dict[str, Any], held: Any, layout: RowLayout) -> Any:
    """Return the numbers of the classes that a member names: of the labels of the object, or of all."""
    labels = found.get("labels", ())
    whole = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    classes = class_numbers(layout.class_names or (labels if whole else ()))
    names = held if isinstance(held, list) else [held]
    numbers = [class_number(name, classes) if isinstance(name, str) else name for name in names]
    return numbers if isinstance(held, list) else numbers[0]


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


def _select(found: dict[str, Any], name: str, layout: RowLayout) -> Found:
    """Return what holds an operand: the key or path of --key, or the operand's name."""
    open_names = [one for one in layout.names if one not in layout.asked]
    asked = layout.asked.get(name) or (layout.read_options.key if open_names == [name] else None)
    key = asked or name
    if key in found:
        return Found(found[key], key)
    if asked and ("." in asked or "*" in asked):
        return find(found, asked)
    there = ", ".join(map(quote, list(found)[:8])) or "none"
    raise InputError(
        f"has no key {quote(key)}; its keys are {there}",
        hint="" if asked or len(open_names) > 1 else "use --key KEY",
    )


def _labels(value: Any, operands: dict[str, Array]) -> tuple[str, ...]:
    labels = value.get("labels", ()) if isinstance(value, dict) else ()
    whole = isinstance(labels, list) and all(isinstance(label, str) for label in labels)
    return tuple(labels) if whole and len(labels) in {rows.shape[-1] for rows in operands.values()} else ()


def _as_rows(found: Array, axes: int, *, per_row: bool) -> Array:
    """Return an operand as (rows, n), as (rows, r, c) of 2 axes each, as (rows, 1) of a number a row."""
    if per_row and found.ndim < 2:
        return found.reshape(-1, 1)
    if axes > 1:
        return found.reshape(-1, *found.shape[-axes:]) if found.ndim > 1 else found.reshape(1, 1, -1)
    return found.reshape(-1, found.shape[-1]) if found.ndim else found.reshape(1, 1)


def parse_document(data: bytes, layout: RowLayout) -> Iterator[Block]:
    """Yield the blocks of a whole JSON file: a vector, nested arrays, an object or a list of objects."""
    value = loads(data)
    line = 1
    for row in _document_rows(value, layout):
        found = _skip_missing(row, layout, whole=True)
        if found is None:
            continue
        count = len(next(iter(found.operands.values())))
        lines = range(line, line + count)
        passed = layout.count_passed_over() if found.is_whole or count == 1 else 0
        yield Block(found.operands, layout.source, lines, found.labels, said=found.said, missing=passed)
        line += count


def _document_rows(value: Any, layout: RowLayout) -> Iterator[Row]:
    response = _response(value, layout)
    if response is not None:
        yield from response
        return
    key = layout.read_options.key
    records = isinstance(value, list) and any(isinstance(part, dict) for part in value)
    if records and all(isinstance(part, dict) for part in value) and (vector := _one_vector(value, layout)):
        yield vector
        return
    records = records and not _is_path(value, key)
    ragged = None if records else _ragged_rows(value, layout)
    if ragged is not None:
        yield from ragged
        return
    parts = [(part, f"[{k}]") for k, part in enumerate(value)] if records else [(value, "")]
    for part, path in parts:
        yield parse_row(part, layout, path, flat_is_row=records)


def _is_path(value: list[Any], key: str | None) -> bool:
    """Return whether a key is a path that begins with a place of the list."""
    first = (key or "").partition(".")[0]
    return first == "*" or (first.isascii() and first.isdigit() and int(first[:9]) < len(value))


def _ragged_rows(value: Any, layout: RowLayout) -> list[Row] | None:
    """Return rows of numbers with names of their own, as the likeliest tokens of each place, or None."""
    key = layout.read_options.key
    if key is None or len(layout.names) > 1 or layout.asked or layout.matrix_names:
        return None
    if not (
        "." in key
        or (isinstance(value, dict) and key in value)
        or (isinstance(value, list) and _is_path(value, key))
    ):
        return None
    held, place = find(value, key)
    if not (isinstance(held, list) and held and as_named(held) is None):
        return None
    said: tuple[str, ...] = ()
    first = int(held[0] is None and len(held) > 1)  # of nothing before it a text's first token is likely
    if first:
        said = (f"{place} has null first, which was passed over",)
    rows = [(k, as_named(one)) for k, one in enumerate(held[first:], first)]
    if any(row is None for _, row in rows):
        return None
    missing, name = layout.read_options.missing, layout.names[0]
    return [
        Row(
            {name: to_array(row.numbers, f"{place}[{k}]", missing=missing).reshape(1, -1)},
            row.names,
            said=said,
        )
        for k, row in rows
        if row is not None
    ]
