"""Text lines and JSON lines to blocks: rows, columns and matrices separated by blank lines."""

from __future__ import annotations

from functools import partial
from itertools import chain, compress, groupby
from typing import TYPE_CHECKING, Any, cast

from aimath.errors import InputError, pluralize
from aimath.read._stream import line_chunks
from aimath.read.blocks import Accumulator, BadRow, Block, Row
from aimath.read.text._cut import locate_cells
from aimath.read.text._fast_text import fast_parse
from aimath.read.text._records import Parsed, RecordSplitter
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream
    from aimath.read.blocks import BlockIterator
    from aimath.read.text._cells import Piece
    from aimath.read.text._cut import Cells
    from aimath.read.text._rows import RowParser

LINE_BY_LINE_BYTES = 512  # bytes that are read line by line once they have refused the fast way


def read_text(stream: Stream, parser: RowParser) -> BlockIterator:
    """Yield the rows or columns of a text stream, as its first record decides."""
    return (
        parser.split(piece) if isinstance(piece, Block) else piece for piece in _read_wide(stream, parser)
    )


def _read_wide(stream: Stream, parser: RowParser) -> BlockIterator:
    """Yield the rows, in which the columns of several operands are side by side."""
    items = read_records(stream, parser)
    first = next((item for item in items if item is not None), None)
    if first is None:
        if parser.labels and not (len(parser.labels) > 1 and parser.strict):
            shown = " ".join(parser.labels)
            why = f"{quote(shown)} is a header, and no numbers follow"
            raise InputError(why).within(display_path(parser.source))
        return
    if parser.strict or parser.places is not None:  # a table is one: blank lines mean nothing
        items = (item for item in items if item is not None)
    if parser.is_vector and parser.id_places:
        why = "--id names rows, and a column is one answer"
        raise InputError(why, hint="leave it out, or read its numbers as --rows", usage=True)
    if parser.matrix_names or parser.is_vector or _is_column(first, parser):
        yield from gather_rows(chain((first,), items, (None,)), parser)
        return
    parser.blank_lines_separate = False  # blank lines mean nothing between rows: longer runs
    yield first
    yield from (item for item in items if item is not None)


def _is_column(first: Block | BadRow, parser: RowParser) -> bool:
    as_rows = parser.read_options.rows or (parser.by_json and not parser.is_scalar)
    if as_rows or len(parser.names) > 1 or parser.places is not None:
        return False
    if isinstance(first, BadRow):
        return (parser.width or first.width) == 1
    width: int = first.operands[parser.names[0]].shape[-1]
    return width == 1


def gather_rows(items: Iterator[Block | BadRow | None], parser: RowParser) -> BlockIterator:
    """Yield rows joined into columns or matrices at gaps (None), or the error that spoils one."""
    held = Accumulator("a matrix" if parser.matrix_names else "a column", parser.read_options.max_memory)
    spoiled = False
    for item in items:
        whole = isinstance(item, Block) and item.operands[parser.names[0]].ndim > 2  # matrices, from JSON
        if item is None or (whole and not spoiled):
            if held.rows:
                yield _join_rows(held, parser)
            held.clear()
            spoiled = False
            if item is not None:
                yield item
        elif not spoiled and (bad := item if isinstance(item, BadRow) else _add_rows(held, item, parser)):
            yield bad
            held.clear()
            spoiled = True


def _add_rows(accumulator: Accumulator, block: Block, parser: RowParser) -> BadRow | None:
    rows = block.operands[parser.names[0]]
    width, line = rows.shape[-1], block.lines[0]
    if not parser.matrix_names and width != max(1, len(parser.parts)):
        error = InputError(
            f"has {pluralize(width, 'number')}, in a column", hint="use --rows to read every line as a row"
        )
    elif accumulator.rows and width != accumulator.blocks[0].shape[-1]:
        error = InputError(
            f"has {pluralize(width, 'number')}, the rows above have {accumulator.blocks[0].shape[-1]}"
        )
    else:
        accumulator.add(rows, line, () if parser.labels else block.labels)
        accumulator.add_names(block)
        return None
    return BadRow(error, parser.source, line, width)


def _join_rows(accumulator: Accumulator, parser: RowParser) -> Block:
    whole = accumulator.concatenated()
    if parser.matrix_names:
        labels = _header_labels(parser, whole.shape[-1])
        return Block(
            {parser.names[0]: whole[None]},
            parser.source,
            [accumulator.first_line],
            labels,
            row_labels=tuple(accumulator.row_labels),
            ids=accumulator.ids,
            notes=tuple(accumulator.notes),
        )
    named = tuple(accumulator.labels) if len(accumulator.labels) == accumulator.rows else ()
    return Block(
        {parser.names[0]: whole.reshape(1, -1)},
        parser.source,
        [accumulator.first_line],
        named,
        is_column=True,
        missing=parser.count_passed_over(),
        notes=tuple(accumulator.notes),
    )


def _header_labels(parser: RowParser, width: int) -> tuple[str, ...]:
    return parser.labels if len(parser.labels) == width and parser.places is None else ()


def read_records(stream: Stream, parser: RowParser) -> Iterator[Block | BadRow | None]:
    """Yield runs of equally long rows, bad rows in place, and None for blank lines."""
    chunks = line_chunks(stream, parser.read_options.max_memory)
    records: RecordSplitter[Block] = RecordSplitter(chunks, parser)
    first = records.first()
    if first is not None and parser.read_header(first):
        records.take(first)
    if parser.labels and parser.matrix_names and parser.places is None and parser.strict:
        parser.see_row(records.peek())
    if parser.is_cut:
        records.parse_bulk = partial(_parse_bulk, parser=parser)
    for pieces in records:
        if isinstance(pieces, list):
            yield from merge_blocks(chain.from_iterable(_parse_piece(piece, parser) for piece in pieces))
        elif len(pieces.lines):
            yield pieces


def _parse_bulk(data: bytes, line: int, parser: RowParser) -> Parsed[Block] | None:
    """Return the rows of the first records of some lines of a table, or None if any is irregular."""
    if not parser.strict and (b"#" in data or b"[" in data or b"{" in data):
        return None
    rows = _parse_fast(data, parser) if parser.places is None and b'"' not in data else None
    if rows is not None:
        labels = _header_labels(parser, rows.shape[-1])
        lines = range(line, line + len(rows))
        return Parsed(Block({parser.names[0]: rows}, parser.source, lines, labels), len(data))
    width, decimal = parser.width if parser.strict else 0, parser.read_options.decimal
    cells = locate_cells(data, parser.delimiter, width, line, quotes=parser.spans_lines, decimal=decimal)
    return None if cells is None else _cut_rows(cells, parser)


def _cut_rows(cells: Cells, parser: RowParser) -> Parsed[Block] | None:
    """Return the rows of a table whose cells are found, or None if one holds no number."""
    import numpy as np

    width = cells.starts.shape[1]
    try:
        parser.check_width(width)
    except InputError:
        return None
    places = tuple(range(width)) if parser.places is None else parser.places
    rows = cut_numbers(cells, places, parser)
    if rows is None:
        return None
    lines = cells.lines
    missing: Any = np.isnan(rows).any(axis=1)
    names = () if parser.row_label_place is None else tuple(cells.texts(parser.row_label_place))
    ids = {name: cells.texts(place) for name, place in parser.id_places.items()}
    if missing.any() and parser.read_options.missing != "nan":
        if parser.read_options.missing == "error":
            return None  # the line parser says where
        parser.passed_over += int(missing.sum())
        rows = rows[~missing]
        left = [not gone for gone in missing.tolist()]
        lines = [*compress(lines, left)]
        names = tuple(compress(names, left))
        ids = {name: [*compress(texts, left)] for name, texts in ids.items()}
    labels = _header_labels(parser, width)
    block = Block({parser.names[0]: rows}, parser.source, lines, labels, row_labels=names, ids=ids)
    return Parsed(block, cells.size)


def cut_numbers(cells: Cells, places: Sequence[int], parser: RowParser) -> Array | None:
    """Return columns as numbers (rows, k), in which names of classes are their numbers, or None."""
    import numpy as np

    decimal = parser.read_options.decimal.encode()
    named = parser.text_places.intersection(places)
    rest = [place for place in places if place not in named]
    rows = cells.numbers(rest, decimal) if rest else np.empty((len(cells.starts), 0))
    if rows is None:
        more = parser.class_places.intersection(rest)
        if not more:
            return None
        parser.text_places |= more
        found = cut_numbers(cells, places, parser)
        if found is None:
            parser.text_places -= more
        return found
    if not named:
        return rows
    wide = np.empty((len(rows), len(places)))
    for k, place in enumerate(places):
        if place not in named:
            wide[:, k] = rows[:, rest.index(place)]
            continue
        texts = cells.texts(place)
        numbers = [parser.classes.get(text) for text in texts]
        if None in numbers:
            return None
        wide[:, k] = numbers
    return wide


def _parse_piece(piece: Piece, parser: RowParser) -> Iterator[Block | BadRow | None]:
    """Return the rows of lines, or of one record with quotes."""
    if piece.cells is None:
        return _parse_chunk(piece.data, piece.line, parser)
    row = parser.parse_record(piece)
    return iter(() if row is None else (_as_block(row, piece.line, parser),))


def _parse_chunk(data: bytes, line: int, parser: RowParser) -> Iterator[Block | BadRow | None]:
    """Yield lines parsed fast, bisecting what fails so that one odd line slows few others."""
    rows = _parse_fast(data, parser)
    middle = data.find(b"\n", len(data) // 2) + 1
    if rows is not None:
        count = len(rows)
        labels = _header_labels(parser, rows.shape[-1])
        yield Block({parser.names[0]: rows}, parser.source, range(line, line + count), labels)
    elif len(data) < LINE_BY_LINE_BYTES or middle == len(data) or data.startswith(b"{"):
        yield from _parse_lines(data, line, parser)
    else:
        yield from _parse_chunk(data[:middle], line, parser)
        yield from _parse_chunk(data[middle:], line + data.count(b"\n", 0, middle), parser)


def _parse_fast(data: bytes, parser: RowParser) -> Array | None:
    if len(parser.names) > 1 or (parser.json_lines and data[:1] != b"["):
        return None
    if parser.id_places or parser.row_label_place is not None:
        return None
    if parser.read_options.decimal == ",":
        if b"." in data or data[:1] == b"[":
            return None
        data = data.translate(bytes.maketrans(b",;", b".;" if parser.delimiter else b".,"))
    rows = fast_parse(data, parser.delimiter)
    if rows is None or data[:1] == b"[":
        return rows
    try:
        parser.check_width(rows.shape[-1])
    except InputError:
        return None
    return rows if parser.places is None else rows[:, parser.places]


def _parse_lines(data: bytes, line: int, parser: RowParser) -> Iterator[Block | BadRow | None]:
    for number, raw in enumerate(data.split(b"\n")[:-1], line):
        if not raw.strip(b" \t\r"):
            if parser.blank_lines_separate:
                yield None
            continue
        row = parser.parse_row(raw, number)
        if row is not None:
            yield _as_block(row, number, parser)


def _as_block(row: Row | BadRow, line: int, parser: RowParser) -> Block | BadRow:
    """Return one row as a block, or a bad one with its labels."""
    if isinstance(row, Row):
        first = next(iter(row.operands.values()))
        one = len(parser.names) == 1
        labels = row.labels or (_header_labels(parser, first.shape[-1]) if one else ())
        ids = {name: [*texts] * len(first) for name, texts in row.ids.items()}
        return Block(
            row.operands, parser.source, [line] * len(first), labels, row_labels=row.row_labels, ids=ids
        )
    return row._replace(labels=_header_labels(parser, row.width))


def merge_blocks(items: Iterator[Block | BadRow | None]) -> Iterator[Block | BadRow | None]:
    """Yield neighbouring blocks of equal shape concatenated."""
    for shape, run in groupby(items, _merge_key):
        if shape is None:
            yield from run
        else:
            yield _concatenate(cast("list[Block]", list(run)))


def _merge_key(item: Block | BadRow | None) -> Any:
    """Return what blocks must share to be merged, or None for anything else."""
    if not isinstance(item, Block):
        return None
    return item.labels, item.said, {name: rows.shape[1:] for name, rows in item.operands.items()}


def _concatenate(blocks: list[Block]) -> Block:
    import numpy as np

    if len(blocks) == 1:
        return blocks[0]
    operands = {
        name: np.concatenate([block.operands[name] for block in blocks]) for name in blocks[0].operands
    }
    return blocks[0]._replace(
        operands=operands,
        lines=[line for block in blocks for line in block.lines],
        row_labels=tuple(name for block in blocks for name in block.row_labels),
        ids={name: [text for block in blocks for text in block.ids[name]] for name in blocks[0].ids},
    )
