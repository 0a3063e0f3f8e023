"""Tables of Parquet and Arrow (and Feather), by the extra `aimath[arrow]`: numbers, booleans and texts.

A block of rows is read at a time, of the columns that are picked alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from aimath.errors import InputError
from aimath.read.binary._elements import rounding_notes
from aimath.read.blocks import Block, check_budget
from aimath.read.text._choice import Chooser
from aimath.read.text._classes import class_number
from aimath.read.text._columns import Column
from aimath.read.text._text import gather_rows
from aimath.text import quote, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream
    from aimath.read.blocks import BlockIterator
    from aimath.read.text._rows import RowParser

BATCH_ROWS = 1 << 14
MAX_CELL_BYTES = 64
"""Bytes that a cell may take in memory, numbers and short texts; longer texts are priced as they come."""


def read_arrow(stream: Stream, parser: RowParser, form: str) -> BlockIterator:
    """Yield the rows of a table, or one column of it."""
    if stream.size is None:
        raise InputError(f"a .{form} must be a file, not a pipe or compressed")
    try:
        source = _open(stream, form)
        names, kinds = [str(name) for name in source.schema.names], source.schema.types
        parser.labels = tuple(names)
        parser.lay_out(Chooser(names, len(names), parser.source))
        places = tuple(range(len(names))) if parser.places is None else parser.places
        extra = [*parser.id_places.values()]
        extra += [] if parser.row_label_place is None else [parser.row_label_place]
        for place in dict.fromkeys((*places, *extra)):
            _check_type(names[place], kinds[place])
        wanted = list(dict.fromkeys((*places, *extra)))
        size = MAX_CELL_BYTES * len(wanted) * source.largest
        check_budget(size, "a block of the table", parser.read_options.max_memory)
        make = _column_blocks if parser.read_options.by_column else _row_blocks
        blocks = make(source.batches(wanted), places, wanted, parser)
        yield from _finish(blocks, parser)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  pyarrow raises a dozen kinds on broken files
        why = shorten(str(error).partition("\n")[0], 200)
        raise InputError(f"a broken .{form}: {why}") from None


def _finish(blocks: Iterator[Block], parser: RowParser) -> BlockIterator:
    """Yield blocks of rows taken apart, or joined where they are one matrix or one vector."""
    if parser.read_options.by_column:
        yield from blocks
        return
    if parser.is_vector and parser.id_places:
        why = "--id names rows, and a column is one answer"
        raise InputError(why, hint="leave it out, or read its numbers as --rows", usage=True)
    if parser.matrix_names or parser.is_vector:
        joined = gather_rows((block for part in (blocks, (None,)) for block in part), parser)
        yield from (parser.split(block) if isinstance(block, Block) else block for block in joined)
        return
    yield from (parser.split(block) for block in blocks)


def _pyarrow() -> Any:
    return importlib.import_module("pyarrow")


class _Source:
    """A table that gives batches of some of its columns."""

    def __init__(self, schema: Any, largest: int, batches: Any) -> None:
        self.schema, self.largest, self.batches = schema, largest, batches


def _open(stream: Stream, form: str) -> _Source:
    try:
        pa = _pyarrow()
    except ImportError:
        hint = "pip install 'aimath[arrow]', or save it by pandas as .csv"
        raise InputError(f"a .{form} is read by pyarrow, which is not installed", hint=hint) from None
    stream.seek(0)
    if form == "parquet":
        file = importlib.import_module("pyarrow.parquet").ParquetFile(stream.raw)
        sizes = [file.metadata.row_group(k).num_rows for k in range(file.metadata.num_row_groups)]

        def batches(wanted: Sequence[int]) -> Iterator[Any]:
            names = [file.schema_arrow.names[place] for place in wanted]
            return iter(file.iter_batches(BATCH_ROWS, columns=names))

        return _Source(file.schema_arrow, max(sizes, default=0), batches)
    opened = pa.ipc.open_file(stream.raw)

    def pieces(wanted: Sequence[int]) -> Iterator[Any]:
        for k in range(opened.num_record_batches):
            yield opened.get_batch(k).select(wanted)

    return _Source(opened.schema, 0, pieces)


def _check_type(name: str, kind: Any) -> None:
    """Raise InputError about a column that holds no numbers, booleans or texts."""
    pa = _pyarrow()

    plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    words = _is_text(kind)
    if not (plain or words or pa.types.is_null(kind) or pa.types.is_decimal(kind)):
        why = f"column {quote(name)} is of type {quote(str(kind))}, which is no number, boolean or text"
        raise InputError(why, hint=f"leave it out: --exclude {quote(name)}")


def _is_text(kind: Any) -> bool:
    pa = _pyarrow()

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner)
    )


def _texts(column: Any) -> list[str | None]:
    return [None if one is None else str(one) for one in column.to_pylist()]


def _numbers(column: Any) -> Array:
    """Return a column of numbers as float64, nan for null."""
    pa = _pyarrow()

    if not pa.types.is_float16(column.type):
        column = column.cast(pa.float64(), safe=False)
    found: Array = column.to_numpy(zero_copy_only=False).astype("f8")
    return found


def _rounded(columns: Iterable[Any]) -> tuple[str, ...]:
    """Return a note on whole numbers of columns that float64 doesn't hold."""
    import numpy as np

    pa = _pyarrow()
    notes: dict[str, None] = {}
    for column in columns:
        if pa.types.is_int64(column.type) or pa.types.is_uint64(column.type):
            raw = column.drop_null().to_numpy(zero_copy_only=False)
            notes |= dict.fromkeys(rounding_notes(raw, raw.astype(np.float64)))
    return tuple(notes)


def _column_blocks(
    batches: Iterator[Any], places: Sequence[int], wanted: Sequence[int], parser: RowParser
) -> Iterator[Block]:
    first = 1
    for batch in batches:
        columns = []
        notes = _rounded(batch.columns)
        for place in places:
            cells, name = batch.column(wanted.index(place)), parser.labels[place]
            text = _is_text(cells.type)
            columns.append(Column(name, None, _texts(cells)) if text else Column(name, _numbers(cells)))
        # Only a reduction that asked for them gets what aren't arrays.
        lines = range(first, first + batch.num_rows)
        yield Block({parser.names[0]: columns}, parser.source, lines, notes=notes)  # type: ignore[dict-item]
        first += batch.num_rows


def _row_blocks(
    batches: Iterator[Any], places: Sequence[int], wanted: Sequence[int], parser: RowParser
) -> Iterator[Block]:
    """Yield blocks of rows, without those that lack a number where these are passed over."""
    import numpy as np

    first, missing = 1, parser.read_options.missing
    for batch in batches:
        notes = _rounded(batch.column(wanted.index(place)) for place in places)
        rows = np.empty((batch.num_rows, len(places)))
        for k, place in enumerate(places):
            rows[:, k] = _as_numbers(batch.column(wanted.index(place)), place, parser)
        gaps: Any = np.isnan(rows)
        if missing == "error" and gaps.any():
            row, k = np.argwhere(gaps)[0].tolist()
            why = f"row {first + row} of column {quote(parser.labels[places[k]])} is missing"
            raise InputError(why, hint="use --missing skip or --missing nan")
        kept = ~gaps.any(axis=1) if missing == "skip" else np.ones(len(rows), np.bool_)
        parser.passed_over += int((~kept).sum())
        lines = (np.flatnonzero(kept) + first).tolist()
        texts = {
            name: _kept(_texts(batch.column(wanted.index(place))), kept)
            for name, place in [*parser.id_places.items(), ("", parser.row_label_place)]
            if place is not None
        }
        names = tuple(texts.pop("", ()))
        labels = parser.labels if parser.places is None else ()
        first += len(rows)
        if lines:
            found = {parser.names[0]: rows[kept]}
            yield Block(found, parser.source, lines, labels, row_labels=names, ids=texts, notes=notes)


def _kept(texts: Sequence[str | None], kept: Any) -> list[str]:
    return [text or "" for text, there in zip(texts, kept.tolist(), strict=True) if there]


def _as_numbers(column: Any, place: int, parser: RowParser) -> Array:
    """Return a column as numbers, in which names of classes are their numbers."""
    import numpy as np

    if not _is_text(column.type):
        return _numbers(column)
    name = quote(parser.labels[place])
    if place not in parser.class_places:
        hint = f"leave it out: --exclude {name}"
        raise InputError(f"column {name} holds texts, not numbers", hint=hint)
    numbers = [np.nan if text is None else class_number(text, parser.classes) for text in _texts(column)]
    return np.array(numbers, np.float64)
