"""Lines of text and JSON lines to blocks: rows, columns up to a blank line, matrices."""

from __future__ import annotations

from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, cast

from aimath.errors import InputError, counted
from aimath.read._fast_text import rapid
from aimath.read._stream import chunks
from aimath.read.blocks import BadRow, Block, Held, Row
from aimath.text import echo, whence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.core.numerics.types import Array
    from aimath.read._rows import RowParser
    from aimath.read._stream import Stream
    from aimath.read.blocks import Pieces

SMALL = 512  # bytes that are read line by line once they have refused the fast way


def text(stream: Stream, layout: RowParser) -> Pieces:
    """Read a stream of lines; its first record settles whether it is rows or a column."""
    items = records(stream, layout)
    first = next((item for item in items if item is not None), None)
    if first is None:
        if layout.labels and not (len(layout.labels) > 1 and layout.strict):
            shown = " ".join(layout.labels)
            raise InputError(f"{whence(layout.source)}: {echo(shown)} is a header, and no numbers follow")
        return
    if layout.pick is not None:  # of a table: blank lines mean nothing
        items = (item for item in items if item is not None)
    if layout.matrices or layout.pick is not None or _is_column(first, layout):
        yield from _gathered(chain((first,), items, (None,)), layout)
        return
    layout.gaps = False  # blank lines mean nothing between rows: longer runs
    yield first
    yield from (item for item in items if item is not None)


def _is_column(first: Block | BadRow, layout: RowParser) -> bool:
    if layout.reading.rows or len(layout.names) > 1 or layout.by_json:
        return False
    if isinstance(first, BadRow):
        return (layout.width or first.width) == 1
    width: int = first.operands[layout.names[0]].shape[-1]
    return width == 1


def _gathered(items: Iterator[Block | BadRow | None], layout: RowParser) -> Pieces:
    """Join rows up to the next gap (None) into one column or matrix; a bad row spoils all of it."""
    held = Held("a matrix" if layout.matrices else "a column", layout.reading.max_memory)
    spoiled = False
    for item in items:
        whole = isinstance(item, Block) and item.operands[layout.names[0]].ndim > 2  # matrices, from JSON
        if item is None or (whole and not spoiled):
            if held.rows:
                yield _joined(held, layout)
            held.clear()
            spoiled = False
            if item is not None:
                yield item
        elif not spoiled and (bad := item if isinstance(item, BadRow) else _added(held, item, layout)):
            yield bad
            held.clear()
            spoiled = True


def _added(held: Held, block: Block, layout: RowParser) -> BadRow | None:
    rows = block.operands[layout.names[0]]
    width, line = rows.shape[-1], block.lines[0]
    if not layout.matrices and width != 1:
        error = InputError(
            f"has {counted(width, 'number')}, in a column", hint="use --rows to read every line as a row"
        )
    elif held.rows and width != held.parts[0].shape[-1]:
        error = InputError(f"has {counted(width, 'number')}, the rows above have {held.parts[0].shape[-1]}")
    else:
        held.add(rows, line, () if layout.labels else block.labels)
        return None
    return BadRow(error, layout.source, line, width)


def _joined(held: Held, layout: RowParser) -> Block:
    whole = held.whole()
    if layout.matrices:
        labels = _header(layout, whole.shape[-1])
        return Block({layout.names[0]: whole[None]}, layout.source, [held.line], labels)
    named = tuple(held.labels) if len(held.labels) == held.rows else ()
    return Block({layout.names[0]: whole.reshape(1, -1)}, layout.source, [held.line], named, column=True)


def _header(layout: RowParser, width: int) -> tuple[str, ...]:
    return layout.labels if len(layout.labels) == width and layout.pick is None else ()


def records(stream: Stream, layout: RowParser) -> Iterator[Block | BadRow | None]:
    """Give runs of equally long rows, bad rows in their place, and None for a gap of blank lines."""
    line, begun = 1, False
    for chunk in chunks(stream, layout.reading.max_memory):
        start = 0
        while not begun and start < len(chunk):
            end = chunk.index(b"\n", start)
            raw = chunk[start:end]
            if raw.strip() and not raw.lstrip(b" \t").startswith(b"#"):
                begun = True
                if not layout.begin(raw):
                    break
            start, line = end + 1, line + 1
        data = chunk[start:]
        if data:
            yield from _merged(_pieces(data, line, layout))
            line += data.count(b"\n")


def _pieces(data: bytes, line: int, layout: RowParser) -> Iterator[Block | BadRow | None]:
    """Read lines the fast way, halving what refuses it, so that one odd line slows down few others."""
    rows = _rapidly(data, layout)
    middle = data.find(b"\n", len(data) // 2) + 1
    if rows is not None:
        count = len(rows)
        labels = _header(layout, rows.shape[-1])
        yield Block({layout.names[0]: rows}, layout.source, range(line, line + count), labels)
    elif len(data) < SMALL or middle == len(data) or data.startswith(b"{"):
        yield from _slowly(data, line, layout)
    else:
        yield from _pieces(data[:middle], line, layout)
        yield from _pieces(data[middle:], line + data.count(b"\n", 0, middle), layout)


def _rapidly(data: bytes, layout: RowParser) -> Array | None:
    if len(layout.names) > 1 or (layout.json and data[:1] != b"["):
        return None
    rows = rapid(data, layout.delimiter)
    if rows is None or data[:1] == b"[":
        return rows
    try:
        layout.measure(rows.shape[-1])
    except InputError:
        return None
    return rows if layout.pick is None else rows[:, layout.pick : layout.pick + 1].copy()


def _slowly(data: bytes, line: int, layout: RowParser) -> Iterator[Block | BadRow | None]:
    """Read line by line: gives what rapid() gives, and says what is wrong with the others."""
    for number, raw in enumerate(data.split(b"\n")[:-1], line):
        if not raw.strip(b" \t\r"):
            if layout.gaps:
                yield None
            continue
        row = layout.row(raw, number)
        if isinstance(row, Row):
            first = row.operands[layout.names[0]]
            one = len(layout.names) == 1
            labels = row.labels or (_header(layout, first.shape[-1]) if one else ())
            yield Block(row.operands, layout.source, [number] * len(first), labels)
        elif row is not None:
            yield row._replace(labels=_header(layout, row.width))


def _merged(items: Iterator[Block | BadRow | None]) -> Iterator[Block | BadRow | None]:
    """Join neighbouring blocks of equally long rows: what answers them costs by the block."""
    for shape, run in groupby(items, _shape):
        if shape is None:
            yield from run
        else:
            yield _one(cast("list[Block]", list(run)))


def _shape(item: Block | BadRow | None) -> Any:
    """Give what blocks must have in common to be joined; None for what is no block."""
    if not isinstance(item, Block):
        return None
    return item.labels, {name: rows.shape[1:] for name, rows in item.operands.items()}


def _one(run: list[Block]) -> Block:
    import numpy as np

    if len(run) == 1:
        return run[0]
    operands = {name: np.concatenate([block.operands[name] for block in run]) for name in run[0].operands}
    return run[0]._replace(operands=operands, lines=[line for block in run for line in block.lines])
