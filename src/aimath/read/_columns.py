"""Tables by column: blocks of numbers and of texts, for what is said of each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError, pluralize
from aimath.read._cells import Piece
from aimath.read._fast_text import fast_parse
from aimath.read._records import RecordSplitter
from aimath.read._stream import line_chunks
from aimath.read.blocks import BadRow, Block, with_location
from aimath.read.numbers import is_missing, is_number, parse_number
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.numerics.types import Array
    from aimath.read._rows import RowParser
    from aimath.read._stream import Stream


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
        self._is_text: list[bool | None] = []  # of each column, None as long as nothing is there

    def blocks(self, stream: Stream) -> Iterator[Block]:
        """Yield blocks of columns."""
        records = RecordSplitter(line_chunks(stream, self.parser.read_options.max_memory), self.parser)
        first = records.first()
        if first is None:
            return
        if self.parser.is_json(first.data):
            hint = "give a .csv, .tsv or text, or arrays as .ndjson"
            raise InputError("lines of JSON are no table", hint=hint)
        if self.parser.read_header(first):
            records.take(first)
        self.names = self.parser.labels
        for pieces in records:
            yield from self._parse_pieces(pieces)
        if not self._is_text:
            why = f"{quote(' '.join(self.names))} is a header, and no numbers follow"
            raise InputError(why).within(display_path(self.parser.source))

    def _parse_pieces(self, pieces: Sequence[Piece]) -> Iterator[Block]:
        if len(pieces) == 1 and pieces[0].cells is None and not any(self._is_text):
            piece = pieces[0]
            rows = fast_parse(piece.data, self.parser.delimiter)
            if rows is not None and self._takes(rows.shape[1]):
                self._is_text = [False] * rows.shape[1]
                columns = [Column(name, rows[:, k]) for k, name in enumerate(self.names)]
                yield self._block(columns, range(piece.line, piece.line + len(rows)))
                return
        records, lines = [], []
        for record in self._split(pieces):
            try:
                cells = self.parser.cells_of(record)
                if cells:
                    self._check_width(len(cells))
            except InputError as error:
                raise with_location(BadRow(error, self.parser.source, record.line, 0)) from None
            if cells:
                records.append(cells)
                lines.append(record.line)
        if records:
            columns = [self._column(k, cells, lines) for k, cells in enumerate(zip(*records, strict=True))]
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
        """Return columns as the operand of a block: the one picked, or all of them."""
        picked = self.parser.column_index
        kept = columns if picked is None else columns[picked : picked + 1]
        # Only a reduction that asked for them gets what aren't arrays.
        return Block({self.parser.names[0]: kept}, self.parser.source, lines)  # type: ignore[dict-item]

    def _check_width(self, width: int) -> None:
        if not self._takes(width):
            have = len(self.names)
            raise InputError(f"has {pluralize(width, 'cell')}, the rows above have {have}")

    def _takes(self, width: int) -> bool:
        """Return whether rows of a width go with those above; the first decides if there is no header."""
        self.names = self.names or tuple(str(k + 1) for k in range(width))
        self._is_text = self._is_text or [None] * len(self.names)
        picked = self.parser.column_index
        if picked is not None and picked >= width:
            raise InputError(f"has no column {picked + 1}: it has {width}")
        return width == len(self.names)

    def _column(self, k: int, cells: Sequence[str], lines: Sequence[int]) -> Column:
        """Return the cells of one column."""
        import numpy as np

        there = [cell for cell in cells if not is_missing(cell)]
        if self._is_text[k] is None and there:
            self._is_text[k] = not is_number(there[0])
        if self._is_text[k]:
            return Column(self.names[k], None, [None if is_missing(c) else c for c in cells])
        data = "\n".join(there).encode() + b"\n"
        found = fast_parse(data, ",") if there else np.zeros((0, 1))
        if found is None or found.shape[1] != 1:
            found = np.array([self._parse_cell(k, cells, lines, cell) for cell in there]).reshape(-1, 1)
        if len(there) == len(cells):
            return Column(self.names[k], found[:, 0])
        numbers = np.full(len(cells), np.nan)
        numbers[[not is_missing(cell) for cell in cells]] = found[:, 0]
        return Column(self.names[k], numbers)

    def _parse_cell(self, k: int, cells: Sequence[str], lines: Sequence[int], cell: str) -> float:
        try:
            return parse_number(cell)
        except InputError as error:
            error.entry = k
            error.hint = error.hint or f"column {quote(self.names[k])} began with numbers"
            line = lines[cells.index(cell)]
            raise with_location(BadRow(error, self.parser.source, line, 0)) from None
