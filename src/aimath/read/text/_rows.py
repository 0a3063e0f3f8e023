"""A parser of text lines into rows: cells, headers, labels, selected column and missing values."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from aimath.errors import InputError, Remedy, join_and, pluralize
from aimath.read.blocks import NO_IDS, BadRow, Block, ReadOptions, Row, RowLayout
from aimath.read.numbers import is_missing, is_number, looks_numeric, parse_number
from aimath.read.text._cells import CellReader, Piece, cut_comment, split_cells
from aimath.read.text._choice import Choice, Chooser, looks_several
from aimath.read.text._classes import class_number, class_numbers, without_prefix
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BINARY = ("npy", "npz", "safetensors", "parquet", "arrow")
_STRUCTURED = (*_BINARY, "json", "JSON", "ndjson")
IDLE_FORMATS = {
    "key": ("csv", "tsv", "text", "npy", "parquet", "arrow"),
    "header": _STRUCTURED,
    "delimiter": _STRUCTURED,
    "decimal": _STRUCTURED,
}
"""Options of reading -> the formats that they do nothing for."""
NO_CONSTANTS: Mapping[str, str] = MappingProxyType({})
NO_PLACES: Mapping[str, int] = MappingProxyType({})
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?")
_COLUMN_NUMBER = re.compile("[1-9][0-9]{0,8}")
_WORD = re.compile("[A-Za-z]{2}")


def _holds_numbers(cells: list[str]) -> bool:
    """Return whether the first line is data: a cell is a number, or all may be mistyped ones, such as 0.l.

    A header's cell may start like a number: 1stFlrSF, 2020Q1 beside a name.
    """
    return any(map(is_number, cells)) or not any(
        _WORD.search(cell) or not looks_numeric(cell) for cell in cells
    )


def decode_line(raw: bytes) -> str:
    """Return a line or a record as text without its end, or raise InputError that names a byte of it."""
    try:
        text = raw.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        bad = raw[error.start]
        raise InputError(
            f"byte {error.start + 1} (0x{bad:02x}) is not UTF-8",
            hint="if it is Latin-1, convert it with iconv -f LATIN1 -t UTF-8",
        ) from None
    if "\0" in text:
        raise InputError(f"byte {raw.find(0) + 1} is a NUL inside the line")
    return text


class RowParser(RowLayout):
    """A parser of lines into rows, as configured by its layout.

    Of a table the columns that are picked for all operands come as one array, side by side, which split()
    takes apart.
    """

    comment_passed = False  # whether a line before the first record was a comment
    by_json = False
    places: tuple[int, ...] | None = None  # of the columns that are picked, or None: all cells of each row
    parts: tuple[tuple[str, int, int], ...] = ()  # of each operand, where its columns are among the places
    is_vector = False  # one column is picked, as one vector
    id_places: Mapping[str, int] = NO_PLACES  # the columns that are carried through
    row_label_place: int | None = None  # the column that has the rows' names
    has_named_rows: bool | None = None  # below a header the first column names the rows; not known yet
    classes: Mapping[str, int] = NO_PLACES  # what a class may be called in a column of one number a row
    class_places: frozenset[int] = frozenset()  # the columns that may hold names of classes
    constants: Mapping[str, str] = NO_CONSTANTS  # operand -> the name of the class that all rows have
    text_places: frozenset[int] = frozenset()  # of these, the ones that do

    def read_header(self, record: Piece) -> bool:
        """Read the first record, and return whether it is a header."""
        how = self.read_options
        self.by_json = self.is_json(record.data)
        self.classes = class_numbers(self.class_names)
        self.refuse_idle("JSON" if self.by_json else "text")
        if self.by_json:
            self.refuse_columns("JSON", "use --key KEY in place of --column")
            return False
        try:
            cells = self.cells_of(record)
        except InputError as error:
            named = [
                text for text in (*how.columns, *self.asked.values()) if not _COLUMN_NUMBER.fullmatch(text)
            ]
            if how.header or how.exclude or how.id or named:
                raise error.within(f"{display_path(self.source)}:{record.line}") from None
            cells = ["0"]  # parse_row() says what is wrong with it
        numeric = _holds_numbers([cell.rpartition("=")[2] for cell in cells])
        is_class = self.holds_classes and self.classes.keys() >= set(cells)
        is_header = how.header or not (numeric or is_class or all(map(is_missing, cells)))
        if is_header:
            self.labels = tuple(cells)
            self.width = len(cells) if self.strict else 0
        way_out = ""
        if self.comment_passed and self.strict:
            way_out = "a line that begins with # is a comment; use --header if it is the header"
        self.lay_out(Chooser(self.labels, len(cells), self.source, way_out))
        if (
            self.places is None
            and not is_header
            and self.matrix_names
            and _is_named_row(cells, self.delimiter)
        ):
            self.places = tuple(range(1, len(cells)))
            self.row_label_place = None if how.row_labels else 0
        return is_header

    def see_row(self, line: bytes) -> None:
        """Take the first column of a matrix below a header for the rows' names, if the first row has one."""
        try:
            word, *numbers = self.cells_of(Piece(line, 1)) or [""]
        except InputError:
            return  # whoever parses the line tells of it
        named = not (is_number(word) or is_missing(word) or looks_numeric(word))
        if (
            named
            and len(numbers) > 1
            and len(numbers) == len(self.labels) - 1
            and all(map(is_number, numbers))
        ):
            self.row_label_place, self.places = 0, tuple(range(1, len(self.labels)))

    def refuse_idle(self, format_name: str) -> None:
        """Raise InputError if an option of reading does nothing for the only thing that is read."""
        if not self.is_alone:
            return
        how, plain = self.read_options, ReadOptions()
        for name in ("key", "header", "delimiter", "decimal"):
            if getattr(how, name) != getattr(plain, name) and format_name in IDLE_FORMATS[name]:
                what = "the key of JSON or of an archive" if name == "key" else "about tables and text"
                why = f"--{name} is {what}, and {display_path(self.source)} is {format_name}"
                raise InputError(why, hint="leave it out", usage=True)

    def refuse_columns(self, format_name: str, hint: str) -> None:
        """Raise InputError if columns of a table are asked for, where there is none."""
        if self.asked and format_name not in ("JSON", "json"):
            name, text = next(iter(self.asked.items()))
            why = f"{quote(text)} names a column of a table, and {format_name} is none"
            raise InputError(why, hint="give a file of its own: @FILE", usage=True).within(f"--{name}")
        how = self.read_options
        flag = next((f"--{name}" for name in ("column", "exclude", "id") if getattr(how, name)), "")
        if flag:
            verb = {"--column": "picks", "--exclude": "leaves out"}.get(flag, "carries through")
            why = f"{flag} {verb} a column of a table, and {format_name} is none"
            raise InputError(why, hint=hint, usage=True)

    def lay_out(self, columns: Chooser) -> None:
        """Set which columns are picked for what."""
        how = self.read_options
        self.id_places = {
            columns.labels[place].strip() if columns.labels else str(place + 1): place
            for place in columns.choose(how.id).places
        }
        if how.row_labels and columns.has(how.row_labels):
            self.row_label_place = columns.one(how.row_labels)
        if not (how.columns or how.exclude or how.id or self.asked or self.row_label_place is not None):
            return
        used = {*self.id_places.values(), *(() if self.row_label_place is None else (self.row_label_place,))}
        picked: dict[str, Choice] = {}
        for name in [name for name in self.names if name in self.asked]:
            text = self.asked[name]
            if name in self.per_row_names and self._is_class(name, text, columns):
                self.constants = {**self.constants, name: text}
                picked[name] = Choice(())
            else:
                picked[name] = columns.choose([text])
            used.update(picked[name].places)
        without = set(columns.choose(how.exclude).places)
        open_names = [name for name in self.names if name not in picked]
        if len(open_names) > 1:
            both = join_and(open_names)
            raise InputError(
                f"which columns are {both}?", hint=f"name them: --{open_names[0]} COLUMN", usage=True
            )
        for name in open_names:
            picked[name] = self._pick_rest(columns, without, used)
        self._place(picked, columns)

    def _is_class(self, name: str, text: str, columns: Chooser) -> bool:
        """Return whether a text is no column, and so a class; raise InputError if it is both."""
        if not columns.has(text):
            return not (looks_several(text) or _COLUMN_NUMBER.fullmatch(text))
        if text not in self.class_names:
            return False
        number = self.class_names.index(text)
        why = f"{quote(text)} is a column, and class {number} by --labels"
        hint = f"write @FILE:{text} for the column, {number} for the class"
        raise InputError(why, hint=hint, usage=True).within(f"--{name}")

    def _pick_rest(self, columns: Chooser, without: set[int], used: set[int]) -> Choice:
        """Return the columns of the operand that isn't told which they are: --column, or all others."""
        if self.read_options.columns:
            asked = columns.choose(self.read_options.columns)
            if not without:
                return asked
            choice = Choice(tuple(place for place in asked.places if place not in without))
        else:
            out = without | used
            choice = Choice(tuple(place for place in range(columns.width) if place not in out))
        if not choice.places:
            raise InputError("no column is left to be read", usage=True).within(display_path(self.source))
        return choice

    def _place(self, picked: Mapping[str, Choice], columns: Chooser) -> None:
        """Set the places of the operands' columns, side by side."""
        places: list[int] = []
        parts: list[tuple[str, int, int]] = []
        for name in self.names:
            parts.append((name, len(places), len(places) + len(picked[name].places)))
            places += picked[name].places
        self.places, self.parts = (
            tuple(places),
            tuple(part for part in parts if part[0] not in self.constants),
        )
        rows = self.read_options.rows or self.matrix_names or set(self.names) & set(self.per_row_names)
        self.is_vector = not rows and all(choice.is_single for choice in picked.values())
        counted = [picked[name].places for name in self.names if name in self.per_row_names]
        self.class_places = frozenset(place for those in counted for place in those)
        if self.class_places or self.constants:
            first = (
                [self.labels[place].strip() for place in picked[self.names[0]].places] if self.labels else []
            )
            own = () if self.names[0] in self.per_row_names else first
            self.classes = class_numbers(self.class_names or own)
        for text in self.constants.values():
            if text not in self.classes:
                raise columns.unknown(text)

    @property
    def holds_classes(self) -> bool:
        """Whether all that is read are classes, by their numbers or names."""
        return set(self.names) <= set(self.per_row_names)

    @property
    def is_cut(self) -> bool:
        """Whether the lines are of a table, from which columns are cut."""
        one = len(self.names) == 1 or bool(self.parts)
        return one and not self.by_json and (self.places is not None or self.delimiter is not None)

    def split(self, block: Block) -> Block:
        """Return a block with the columns of each operand for its own."""
        if self.places is None:
            return block
        wide = block.operands[self.names[0]]
        if self.is_vector:
            return block if len(self.parts) < 2 else self._split_vectors(block)
        if wide.shape[-1] != len(self.places):
            return block
        import numpy as np

        operands = {name: wide[..., start:stop] for name, start, stop in self.parts} or block.operands
        for name, text in self.constants.items():
            operands[name] = np.full((len(wide), 1), float(class_number(text, self.classes)))
        named = self.row_label_place is not None
        return block._replace(
            operands=operands, labels=self._entry_labels(), columns=self.places, is_named=named
        )

    def _split_vectors(self, block: Block) -> Block:
        wide = block.operands[self.names[0]].reshape(-1, len(self.parts))
        return block._replace(operands={name: wide[None, :, k] for k, (name, _, _) in enumerate(self.parts)})

    def _entry_labels(self) -> tuple[str, ...]:
        """Return what the entries of the operands are called: as their columns, if they all are the same."""
        if not self.labels or self.places is None:
            return ()
        names = [self.labels[place].strip() for place in self.places]
        if len(self.parts) < 2:
            return tuple(names)
        several = [names[start:stop] for _, start, stop in self.parts if stop - start > 1]
        if len(several) == 1:
            return tuple(several[0])
        short = {tuple(without_prefix(part)) for part in several}
        return short.pop() if len(short) == 1 else ()

    def ids_of(self, cells: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return what is carried through of one row."""
        if not self.id_places:
            return NO_IDS
        return {name: (cells[place] if place < len(cells) else "",) for name, place in self.id_places.items()}

    def is_json(self, raw: bytes) -> bool:
        """Return whether a line is JSON; a .csv never is."""
        return self.json_lines or (not self.strict and raw.lstrip(b" \t")[:1] in (b"[", b"{"))

    def is_leading_comment(self, raw: bytes) -> bool:
        """Return whether a line before the first record is a comment."""
        found = raw.lstrip(b" \t").startswith(b"#") and not (
            self.json_lines or (self.strict and self.read_options.header)
        )
        self.comment_passed |= found
        return found

    @property
    def spans_lines(self) -> bool:
        """Whether a quoted cell may hold line breaks: in a table; elsewhere a line is a row."""
        how = self.read_options
        picked = how.picks or how.by_column or self.asked
        table = self.strict or how.header or picked or how.delimiter is not None
        return bool(table) and not self.json_lines

    def parse_row(self, raw: bytes, line: int) -> Row | BadRow | None:
        """Return one non-empty line as a row, or None if it is a comment or skipped."""
        if self.is_json(raw):
            from aimath.read.text import _json as structured  # noqa: PLC0415  only text is common

            try:
                return structured.parse_line(raw, self)
            except InputError as error:
                return self._bad_row(error, raw, line)
        return self.parse_record(Piece(raw, line))

    def parse_record(self, record: Piece) -> Row | BadRow | None:
        """Return a record of text as a row, or None if it is a comment or skipped."""
        cells: list[str] = []
        try:
            cells = self.cells_of(record)
            return self._parse_text_row(cells) if cells else None
        except InputError as error:
            bad = self._bad_row(error, record.data, record.line, len(cells))
            return bad._replace(ids=self.ids_of(cells)) if self.id_places else bad

    def _bad_row(self, error: InputError, raw: bytes, line: int, cells: int = 0) -> BadRow:
        width = (self.width if self.strict else 0) or cells
        width = width or len(raw.split(self.delimiter.encode() if self.delimiter else None))
        return BadRow(error, self.source, line, width or 1)

    def cell_reader(self) -> CellReader:
        """Return a reader of the cells of one record."""
        return CellReader(self.delimiter, comments=not self.strict, decimal=self.read_options.decimal)

    def cells_of(self, record: Piece) -> list[str]:
        """Return the cells of a record, none of a comment."""
        text = decode_line(record.data)
        if record.cells is not None:
            if isinstance(record.cells, InputError):
                raise record.cells
            return record.cells
        if '"' in text and not (text.lstrip(" \t").startswith("#") and not self.strict):
            reader = self.cell_reader()
            reader.feed(text)
            if reader.is_open:
                raise InputError("a quote is open at the end of the line")
            return reader.cells
        if "\r" in text:
            at = record.data.index(b"\r") + 1
            raise InputError(f"byte {at} is a carriage return inside the line")
        if "#" in text and not self.strict:
            text = cut_comment(text)
        return split_cells(text, self.delimiter, self.read_options.decimal)

    def _parse_text_row(self, cells: list[str]) -> Row | None:
        if len(self.names) > 1 and not self.parts:
            both = join_and(self.names)
            hint = f"use JSON objects with the keys {both}, or give all but one by their options"
            compares = Remedy("{matrix} compares rows, each with each", otherwise=hint, matrix="-")
            raise InputError(f"a row of text can't hold {both}", hint=compares)
        if self.has_named_rows is None:
            self._look_for_names(cells)
        self.check_width(len(cells))
        picked = cells if self.places is None else [cells[place] for place in self.places]
        labels, values = self._parse_labelled(picked)
        if None in values:
            self.passed_over += 1
            return None
        import numpy as np

        named = () if self.row_label_place is None else (cells[self.row_label_place],)
        found = np.array(values, np.float64).reshape(1, -1)
        return Row({self.names[0]: found}, labels, self.ids_of(cells), named)

    def _look_for_names(self, cells: Sequence[str]) -> None:
        """Take the first column for the rows' names, if below a header it has a word beside numbers."""
        open_table = self.places is None and bool(self.labels) and len(cells) == len(self.labels)
        self.has_named_rows = open_table and bool(self.matrix_names) and _is_named_row(cells, None)
        if self.has_named_rows:
            self.row_label_place = 0
            self.lay_out(Chooser(self.labels, len(cells), self.source, ""))

    def check_width(self, width: int) -> None:
        """Raise InputError on a row without a selected column or, in a .csv, of another width."""
        self.width = self.width or width
        if self.strict and width != self.width:
            raise InputError(f"has {pluralize(width, 'cell')}, the rows above have {self.width}")
        if self.places is not None:
            more = [*self.id_places.values(), -1 if self.row_label_place is None else self.row_label_place]
            last = max(*self.places, *more)
            if last >= width:
                raise InputError(f"the row has no column {last + 1}: it has {width}")
            self._check_words(width)

    def _check_words(self, width: int) -> None:
        """Raise InputError on a word with more numbers than the first has."""
        first = len(self.places or ())
        if self.row_label_place == 0 and not (self.labels or self.asked) and width != 1 + first:
            have = pluralize(width - 1, "number")
            raise InputError(f"has {have} behind its word, the rows above have {first}")

    def _parse_labelled(self, cells: list[str]) -> tuple[tuple[str, ...], list[float | None]]:
        if self.read_options.decimal == ".":
            try:
                return (), [parse_number(cell) for cell in cells]
            except InputError:
                pass  # names, something missing, or a mistake
        names: list[str] = []
        values: list[float | None] = []
        for k, cell in enumerate(cells):
            name, _, value = cell.rpartition("=") if self.delimiter is None else ("", "", cell)
            entry = k if self.places is None else self.places[k]
            if k and bool(name) != bool(names):
                why = f"{quote(cell)}: name all the entries of a row or none of them"
                raise InputError(why, entry=entry)
            try:
                values.append(self._parse_cell(value if name else cell, entry))
            except InputError as error:
                error.entry = entry
                error.hint = error.hint or self._columns_of_numbers(cells)
                raise
            names += [name] if name else []
        return tuple(names), values

    def _columns_of_numbers(self, cells: Sequence[str]) -> str:
        """Return the way out of a table whose row holds texts too, or nothing."""
        if self.places is not None or not self.is_alone or not 1 < len(cells) == len(self.labels):
            return ""
        found = [k for k, cell in enumerate(cells) if is_number(cell) or is_missing(cell)]
        if not found or any(looks_numeric(cells[k]) for k in {*range(len(cells))} - {*found}):
            return ""  # 0.l is a slip, not a text
        labels = [self.labels[k].strip() for k in found]
        plain = all(re.fullmatch(r"[A-Za-z]\w*", label) and self.labels.count(label) == 1 for label in labels)
        picked = labels if plain else [str(k + 1) for k in found]
        return f"use --column {','.join(picked)} for the columns of numbers"

    def _parse_cell(self, cell: str, place: int) -> float | None:
        """Return one cell as a number, or nan or None where it is missing."""
        if not is_missing(cell):
            may_be_class = self.holds_classes or place in self.class_places
            named = may_be_class and not (is_number(cell) or looks_numeric(cell))
            return float(class_number(cell, self.classes)) if named else self.parse_number(cell)
        if self.read_options.missing == "error":
            what = f"{quote(cell)} is not a number" if cell else "the cell is empty"
            raise InputError(what, hint="use --missing skip or --missing nan")
        return float("nan") if self.read_options.missing == "nan" else None

    def parse_number(self, cell: str) -> float:
        """Return a cell that is there as a number, whose decimal sign is what --decimal says."""
        if self.read_options.decimal == ".":
            try:
                return parse_number(cell)
            except InputError as error:
                if _DECIMAL_COMMA.fullmatch(cell.strip()):
                    error.hint = "if the comma is decimal, use --decimal ,"
                raise
        if "." in cell:
            why = f"{quote(cell)} has a point, where --decimal says that the comma is decimal"
            raise InputError(why, hint="leave out marks of thousands")
        return parse_number(cell.replace(",", "."))


def _is_named_row(cells: Sequence[str], delimiter: str | None) -> bool:
    """Return whether a row of text is a word and its numbers, as vectors of words are written."""
    word, *numbers = cells
    named = delimiter is None and "=" not in word and not looks_numeric(word) and not is_missing(word)
    return named and len(numbers) > 1 and all(map(is_number, numbers))
