"""Lines to records: in a table a quoted cell may hold line breaks, and the first lines may be comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from aimath.errors import InputError
from aimath.read._stream import BLOCK_BYTES
from aimath.read.text._cells import Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aimath.read.text._cells import CellReader
    from aimath.read.text._rows import RowParser

MAX_RECORD_BYTES = 8 << 20  # of a record of several lines: what a quote that nobody closes can hold


MIN_BULK_BYTES, MAX_BULK_BYTES = 1 << 12, 1 << 19
"""Bytes of lines that are offered to be parsed at once: a half of what was refused, twice what was taken."""
T = TypeVar("T")


class Parsed(NamedTuple, Generic[T]):
    """What was made of the first records of some lines, which have so many bytes."""

    found: T
    size: int


class RecordSplitter(Generic[T]):
    """An iterator over lists of pieces: what can be parsed without waiting for further lines.

    `parse_bulk` is offered whole lines with the number of the first; what it parses is handed on as it is.

    A record whose quotes are not closed, or closed where no cell ends, costs its first line only: reading
    goes on behind it. The lines that it ran through are then records each, so that no line is looked at
    more than three times.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        parser: RowParser,
    ) -> None:
        self._chunks, self._parser = chunks, parser
        self.parse_bulk: Callable[[bytes, int], Parsed[T] | None] | None = None
        self._bulk_bytes = MAX_BULK_BYTES
        self._data, self._at, self._line = b"", 0, 1  # what is held, and the place of the next record
        self._ended = False
        self._reader: CellReader | None = None  # of a record that more lines belong to
        self._fed = 0  # bytes of it that were read
        self._single_before = 0  # a line before this one is a record
        given = parser.read_options.max_memory
        self._limit = MAX_RECORD_BYTES if given is None else min(MAX_RECORD_BYTES, given // 4)

    def first(self) -> Piece | None:
        """Return the first record behind blank lines and comments, without taking it."""
        while self._holds_more():
            raw = self._line_at(self._at)
            if raw.strip(b" \t\r\n") and not self._parser.is_leading_comment(raw):
                while (piece := self._read_record()) is None:
                    self._extend()
                return piece
            self.take(Piece(raw, self._line))
        return None

    def peek(self) -> bytes:
        """Return the next line without taking it, nothing at the end."""
        return self._line_at(self._at) if self._holds_more() else b""

    def take(self, piece: Piece) -> Piece:
        """Go on behind a piece, and return it."""
        self._at += len(piece.data)
        self._line += piece.data.count(b"\n")
        return piece

    def __iter__(self) -> Iterator[list[Piece] | T]:
        """Iterate over the pieces, as they become available."""
        while self._holds_more():
            bulk = self._take_bulk()
            if bulk is not None:
                yield bulk.found
                continue
            most = BLOCK_BYTES if self.parse_bulk is None else self._bulk_bytes
            pieces: list[Piece] = []
            size, piece = 0, self._next_piece(most)
            while piece is not None:
                pieces.append(self.take(piece))
                size += len(piece.data)
                piece = self._next_piece(most) if size < most and self._at < len(self._data) else None
            if pieces:
                yield pieces
            if self._reader is not None:
                self._extend()

    def _take_bulk(self) -> Parsed[T] | None:
        """Go on behind the records that can be parsed at once, and return them, or None if there are none."""
        if self.parse_bulk is None or self._reader is not None:
            return None
        while True:
            stop = self._data.find(b"\n", self._at + self._bulk_bytes) + 1 or len(self._data)
            found = self.parse_bulk(self._data[self._at : stop], self._line)
            if found is not None:
                self.take(Piece(self._data[self._at : self._at + found.size], self._line))
                self._bulk_bytes = min(2 * self._bulk_bytes, MAX_BULK_BYTES)
                return found
            if self._bulk_bytes == MIN_BULK_BYTES:
                return None
            self._bulk_bytes = max(MIN_BULK_BYTES, min(self._bulk_bytes, stop - self._at) // 2)

    def _next_piece(self, most: int) -> Piece | None:
        """Return lines without quotes or the next record, or None if that goes on behind what is held."""
        stop = self._find_quoted(most)
        return Piece(self._data[self._at : stop], self._line) if stop > self._at else self._read_record()

    def _holds_more(self) -> bool:
        return self._at < len(self._data) or self._extend()

    def _extend(self) -> bool:
        """Read more lines behind those that are held, and return whether there are any."""
        more = next(self._chunks, b"")
        self._ended = not more
        self._data, self._at = self._data[self._at :] + more, 0
        return bool(more)

    def _line_at(self, start: int) -> bytes:
        return self._data[start : self._data.index(b"\n", start) + 1]

    def _through_next_quote(self, start: int) -> bytes:
        """Return the lines up to the next that has a quote, or all."""
        found = self._data.find(b'"', start)
        return self._data[start:] if found < 0 else self._data[start : self._data.index(b"\n", found) + 1]

    def _find_quoted(self, most: int) -> int:
        """Return where the next record with quotes begins, or the end of a block of lines without."""
        last = self._data.find(b"\n", self._at + most) + 1 or len(self._data)
        if not self._parser.spans_lines:
            return last
        found = self._at
        while (found := self._data.find(b'"', found, last)) >= 0:
            start = self._data.rfind(b"\n", self._at, found) + 1 or self._at
            raw = self._line_at(start)
            if not self._parser.is_json(raw):
                return start
            found = start + len(raw)
        return last

    def _read_record(self) -> Piece | None:
        """Return the next record, or None if it goes on behind what is held."""
        raw = self._line_at(self._at)
        if b'"' not in raw or not self._parser.spans_lines or self._parser.is_json(raw):
            return Piece(raw, self._line)
        reader, self._reader = self._reader or self._parser.cell_reader(), None
        try:
            while self._fed == 0 or reader.is_open:
                if self._fed:
                    if self._at + self._fed == len(self._data) and not self._ended:
                        self._reader = reader
                        return None
                    self._check_open()
                    raw = self._through_next_quote(self._at + self._fed)
                reader.feed(raw.decode(errors="surrogateescape"))
                self._fed += len(raw)
        except InputError as error:
            through = self._data.count(b"\n", self._at, self._at + self._fed)
            self._single_before = max(self._single_before, self._line + through)
            self._fed = 0
            return Piece(self._line_at(self._at), self._line, error)
        size, self._fed = self._fed, 0
        return Piece(self._data[self._at : self._at + size], self._line, reader.cells)

    def _check_open(self) -> None:
        """Raise InputError if an open record may not go on behind what was read of it."""
        hint = 'write a quote inside of quotes as ""'
        if self._line < self._single_before:
            raise InputError("a quote is open at the end of the line", hint=hint)
        if self._at + self._fed == len(self._data):
            raise InputError("a quote is opened and never closed", hint=hint)
        if self._fed > self._limit:
            raise InputError(f"a quote is opened and not closed within {self._limit} bytes", hint=hint)
