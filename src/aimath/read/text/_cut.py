"""Cells of some columns of a table, cut from blocks of whole records by the places of their separators.

Everything here may say None, "not mine": the line parser then gives the same cells or names the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.read.numbers import is_missing, parse_number
from aimath.read.text._fast_text import parse_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

    Places = NDArray[np.int64]

_NEWLINE, _QUOTE = ord("\n"), ord('"')
_OF_NUMBERS = b"0123456789+-.eE,"
_MISSING = frozenset((b"", b"NA", b"nan", b"NaN", b"null", b"N/A", b"na", b"n/a"))


class Cells(NamedTuple):
    """Where the cells of some records are."""

    data: bytes
    starts: Places  # (rows, width)
    ends: Places  # (rows, width), of the separators
    delimiter: bytes
    size: int  # bytes of the records
    lines: Sequence[int]  # the line that each record begins in

    def texts(self, place: int) -> list[str]:
        """Return the cells of a column as texts."""
        blanks = b" \t".replace(self.delimiter, b"")
        pairs = zip(self.starts[:, place].tolist(), self.ends[:, place].tolist(), strict=True)
        cells = [self.data[start:end].strip(blanks) for start, end in pairs]
        if b'"' in self.data:
            cells = [cell[1:-1].replace(b'""', b'"') if cell[:1] == b'"' else cell for cell in cells]
        return [cell.decode() for cell in cells]

    def numbers(self, places: Sequence[int], decimal: bytes) -> Array | None:
        """Return the cells of some columns as numbers (rows, k), nan where one is missing, or None."""
        order = sorted(set(places))
        flat = self._joined(order, decimal)
        count = len(self.starts) * len(order)
        values = None if flat is None else _parse_with_gaps(flat, count)
        if values is None:
            return None
        table = values.reshape(-1, len(order))
        return table if order == [*places] else table[:, [order.index(place) for place in places]]

    def _joined(self, places: Sequence[int], decimal: bytes) -> bytes | None:
        """Return the cells of columns, in their order in the table, with a comma behind each."""
        import numpy as np

        flat = self.data
        if len(places) < self.starts.shape[1] or self.size < len(flat):
            starts, stops = self.starts[:, places].ravel(), self.ends[:, places].ravel() + 1
            runs = np.empty(2 * len(starts) + 1, np.int64)  # of bytes that are left out, kept, left out, ...
            runs[0], runs[-1] = starts[0], len(flat) - stops[-1]
            runs[1::2] = stops - starts
            runs[2:-1:2] = starts[1:] - stops[:-1]
            kept = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
            flat = np.frombuffer(flat, np.uint8)[kept].tobytes()
        if decimal != b".":
            if b"." in flat:
                return None
            flat = flat.translate(bytes.maketrans(decimal, b"."))
        flat = flat.translate(bytes.maketrans(self.delimiter + b"\n", b",,"))
        if b'"' in flat:
            flat = (b"," + flat).replace(b',"",', b",,").replace(b',"",', b",,")[1:]
            if b'""' in flat:
                return None
            flat = flat.replace(b'"', b"")
        return flat


def _parse_with_gaps(flat: bytes, count: int) -> Array | None:
    """Return cells as numbers, nan where one is empty, or None."""
    import numpy as np

    if b",," not in flat and flat[:1] != b",":
        return _parse(flat, count)
    stops = np.flatnonzero(np.frombuffer(flat, np.uint8) == ord(","))
    if len(stops) != count:
        return None
    empty = np.diff(stops, prepend=-1) == 1
    filled = (b"," + flat).replace(b",,", b",0,").replace(b",,", b",0,")[1:]
    values = _parse_plain(filled[:-1], count)
    if values is None:
        return _parse(flat, count)
    values[empty] = float("nan")
    return values


def _parse_plain(flat: bytes, count: int) -> Array | None:
    """Return cells as numbers, or None if any has a sign that no number has: `true` is JSON too."""
    return None if flat.translate(None, _OF_NUMBERS) else parse_cells(flat, count)


def _parse(flat: bytes, count: int) -> Array | None:
    """Return `count` cells, each with a comma behind it, as numbers, nan where one is missing, or None."""
    values = None if b",," in flat or flat[:1] == b"," else _parse_plain(flat[:-1], count)
    if values is not None:
        return values
    cells = flat[:-1].split(b",")
    if len(cells) != count:
        return None
    if b" " in flat or b"\t" in flat:
        cells = [cell.strip(b" \t") for cell in cells]
    odd: dict[int, float] = {k: float("nan") for k, cell in enumerate(cells) if cell in _MISSING}
    values = _parse_plain(_without(cells, odd), count)
    if values is None:
        plain = set(b"0123456789+-.eE")
        try:
            odd |= {
                k: _number(cell)
                for k, cell in enumerate(cells)
                if k not in odd and not plain.issuperset(cell)
            }
        except InputError:
            return None
        values = _parse_plain(_without(cells, odd), count)
    if values is not None and odd:
        values[[*odd]] = [*odd.values()]
    return values


def _without(cells: list[bytes], odd: dict[int, float]) -> bytes:
    """Return the cells joined by commas, with 0 in place of some."""
    if odd:
        cells = cells.copy()
        for k in odd:
            cells[k] = b"0"
    return b",".join(cells)


def _number(cell: bytes) -> float:
    text = cell.decode()
    return float("nan") if is_missing(text) else parse_number(text)


def locate_cells(
    data: bytes, delimiter: str | None, width: int, line: int, *, quotes: bool, decimal: str = "."
) -> Cells | None:
    """Return where the cells of the records in whole lines are, or None if any is irregular.

    With `quotes` cells may have them, as RFC 4180 has it, and a last record that goes on is left out.
    `width` is 0 if the first record decides. Without a delimiter it is the one that the lines have.
    """
    import numpy as np

    plain = _with_newlines(data)
    if plain is None or (b'"' in data and not quotes):
        return None
    whole, returns, data = len(data), len(plain) < len(data), plain
    text = np.frombuffer(data, np.uint8)
    quoted = np.flatnonzero(text == _QUOTE) if b'"' in data else None
    sign = delimiter.encode() if delimiter else _sniff_delimiter(data, text, quoted, decimal)
    if sign is None or sign == decimal.encode():
        return None
    ends = np.flatnonzero((text == sign[0]) | (text == _NEWLINE))
    if quoted is not None:
        if not _are_quotes_whole(text, quoted, sign[0]):
            return None
        ends = _outside(ends, quoted)
    newlines = ends[text[ends] == _NEWLINE]
    if not len(newlines):
        return None
    size = int(newlines[-1]) + 1
    if returns and size < len(data):
        return None  # how many bytes that was is not known
    width = width or int(np.searchsorted(ends, newlines[0])) + 1
    ends = ends[: width * len(newlines)]
    if len(ends) != width * len(newlines) or (ends[width - 1 :: width] != newlines).any():
        return None
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    if width == 1 and (b" " in data or b"\t" in data or (starts == ends).any()):
        return None  # blank lines
    lines: Sequence[int] = range(line, line + len(newlines))
    if quoted is not None and data.count(b"\n", 0, size) > len(newlines):
        if returns:
            return None
        through = np.searchsorted(np.flatnonzero(text == _NEWLINE), newlines) + 1
        lines = [line, *(through[:-1] + line).tolist()]
    taken = whole if size == len(data) else size
    return Cells(data, starts.reshape(-1, width), ends.reshape(-1, width), sign, taken, lines)


def _with_newlines(data: bytes) -> bytes | None:
    """Return lines of UTF-8 without the carriage returns at their ends, or None if anything is odd."""
    if b"\0" in data or not _is_utf8(data):
        return None
    data = data.replace(b"\r\n", b"\n") if b"\r" in data else data
    return None if b"\r" in data else data


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _outside(places: Places, quoted: Places) -> Places:
    """Return the places that are outside of quotes."""
    import numpy as np

    found: Places = places[np.searchsorted(quoted, places) % 2 == 0]
    return found


def _sniff_delimiter(data: bytes, text: Any, quoted: Places | None, decimal: str) -> bytes | None:
    """Return the one sign that separates cells where blanks, tabs and commas may, or None of several.

    Where the comma is decimal the semicolon separates.
    """
    import numpy as np

    signs = [sign for sign in (b"," if decimal == "." else b";", b"\t", b" ") if sign in data]
    if quoted is not None:
        signs = [sign for sign in signs if len(_outside(np.flatnonzero(text == sign[0]), quoted))]
    if len(signs) > 1:
        return None
    sign = signs[0] if signs else b","
    blanks = sign in (b" ", b"\t")
    if blanks and (quoted is not None or any(odd in data for odd in (sign * 2, sign + b"\n", b"\n" + sign))):
        return None
    return None if blanks and data[:1] == sign else sign


def _are_quotes_whole(text: Any, at: Places, sign: int) -> bool:
    """Return whether each quote opens or closes a cell, or is one of two within."""
    opening, closing = at[::2], at[1::2]
    before = text[opening[opening > 0] - 1]
    after = text[closing + 1]
    return all(
        bool(((side == sign) | (side == _NEWLINE) | (side == _QUOTE)).all()) for side in (before, after)
    )
