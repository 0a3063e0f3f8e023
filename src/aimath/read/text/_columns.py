"""Tables by column: blocks of numbers and of texts, for what is said of each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError, pluralize
from aimath.read._stream import line_chunks
from aimath.read.blocks import BadRow, Block, with_location
from aimath.read.numbers import is_missing, is_number
from aimath.read.text._cells import Piece
from aimath.read.text._cut import locate_cells
from aimath.read.text._records import Parsed, RecordSplitter
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream
    from aimath.read.text._rows import RowParser


class Column(NamedTuple):
    """The cells of a column of a table, in one block: numbers, nan where one is missing, or texts."""

    name: str
    numbers: Array | None  # (rows,)
    texts: Sequence[str | None] = ()  # None where one is missing


class TableParser:
    """A parser of the lines of a table into columns: of numbers if the first cell that is there is one."""

    def __init__(self, parser: RowParser) -> None:
        self.parser = parser
        self.names: tuple[str, ...] = ()
        self._is_text: dict[int, bool] = {}  # of each column that is read, once something is there

    def blocks(self, stream: Stream) -> Iterator[Block]:
        """Yield blocks of columns."""
        chunks = line_chunks(stream, self.parser.read_options.max_memory)
        records: RecordSplitter[Block] = RecordSplitter(chunks, self.parser)
        first = records.first()
        if first is None:
            return
        if self.parser.is_json(first.data):
            hint = "give a .csv, .tsv or text, or arrays as .ndjson"
            raise InputError("lines of JSON are no table", hint=hint)
        if self.parser.read_header(first):
            records.take(first)
        self.names, records.parse_bulk = self.parser.labels, self._parse_bulk
        begun = False
        for found in records:
            for block in self._parse_pieces(found) if isinstance(found, list) else [found]:
                begun = True
                yield block
        if not begun:
            why = f"{quote(' '.join(self.names))} is a header, and no numbers follow"
            raise InputError(why).within(display_path(self.parser.source))

    def _picked(self, width: int) -> tuple[int, ...]:
        places = self.parser.places
        return tuple(range(width)) if places is None else places

    def _parse_bulk(self, data: bytes, line: int) -> Parsed[Block] | None:
        """Return the columns of the first records of some lines, or None if any is irregular."""
        if b"#" in data and not self.parser.strict:
            return None
        decimal = self.parser.read_options.decimal
        quotes = self.parser.spans_lines
        cells = locate_cells(
            data, self.parser.delimiter, len(self.names), line, quotes=quotes, decimal=decimal
        )
        if cells is None or not self._takes(cells.starts.shape[1]):
            return None
        import numpy as np

        columns = []
        for place in self._picked(cells.starts.shape[1]):
            numbers = None
            if not self._is_text.get(place):
                numbers = cells.numbers([place], decimal.encode())
                if numbers is None and place in self._is_text:
                    return None
            if numbers is None:
                columns.append(self._column(place, cells.texts(place), cells.lines))
            else:
                if not np.isnan(numbers).all():
                    self._is_text[place] = False
                columns.append(Column(self.names[place], numbers[:, 0]))
        return Parsed(self._block(columns, cells.lines), cells.size)

    def _parse_pieces(self, pieces: Sequence[Piece]) -> Iterator[Block]:
        records, lines = [], []
        for record in self._split(pieces):
            try:
                cells = self.parser.cells_of(record)
                if cells and not self._takes(len(cells)):
                    have = len(self.names)
                    raise InputError(f"has {pluralize(len(cells), 'cell')}, the rows above have {have}")  # noqa: TRY301
            except InputError as error:
                raise with_location(BadRow(error, self.parser.source, record.line, 0)) from None
            if cells:
                records.append(cells)
                lines.append(record.line)
        if records:
            table = [*zip(*records, strict=True)]
            columns = [self._column(place, table[place], lines) for place in self._picked(len(table))]
            yield self._block(columns, lines)

    def _split(self, pieces: Sequence[Piece]) -> Iterator[Piece]:
        """Yield the records of pieces one by one, without blank lines."""
        for piece in pieces:
            if piece.cells is not None:
                yield piece
                continue
            lines = enumerate(piece.data.split(b"\n")[:-1], piece.line)
            yield from (Piece(raw, number) for number, raw in lines if raw.strip(b" \t\r"))

    def _block(self, columns: list[Column], lines: Sequence[int]) -> Block:
        # Only a reduction that asked for them gets what aren't arrays.
        return Block({self.parser.names[0]: columns}, self.parser.source, lines)  # type: ignore[dict-item]

    def _takes(self, width: int) -> bool:
        """Return whether rows of a width go with those above; the first decides if there is no header."""
        self.names = self.names or tuple(str(k + 1) for k in range(width))
        picked = self.parser.places
        if picked and max(picked) >= width:
            raise InputError(f"the row has no column {max(picked) + 1}: it has {width}")
        return width == len(self.names)

    def _column(self, k: int, cells: Sequence[str], lines: Sequence[int]) -> Column:
        import numpy as np

        there = [cell for cell in cells if not is_missing(cell)]
        if k not in self._is_text and there:
            self._is_text[k] = not is_number(there[0].replace(self.parser.read_options.decimal, "."))
        if self._is_text.get(k):
            return Column(self.names[k], None, [None if is_missing(c) else c for c in cells])
        found = np.array([self._parse_cell(k, cells, lines, cell) for cell in there])
        if len(there) == len(cells):
            return Column(self.names[k], found)
        numbers = np.full(len(cells), np.nan)
        numbers[[not is_missing(cell) for cell in cells]] = found
        return Column(self.names[k], numbers)

    def _parse_cell(self, k: int, cells: Sequence[str], lines: Sequence[int], cell: str) -> float:
        try:
            return self.parser.parse_number(cell)
        except InputError as error:
            error.entry = k
            error.hint = error.hint or f"column {quote(self.names[k])} began with numbers"
            line = lines[cells.index(cell)]
            raise with_location(BadRow(error, self.parser.source, line, 0)) from None
