"""How a source becomes rows, and what a row is: settled by options, a format and first lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.errors import InputError
from aimath.read.blocks import asked_form
from aimath.safe import echo

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aimath.core.arrays import Array
    from aimath.read.blocks import Reading


class Row(NamedTuple):
    """What one line holds: an array an operand, with an axis of rows in front."""

    operands: dict[str, Array]  # name -> (1, n), or (1, r, c)
    labels: tuple[str, ...] = ()


class Layout:
    """How one source becomes rows; its form and its first lines settle what is left open."""

    def __init__(
        self,
        source: str,
        names: Sequence[str],
        reading: Reading,
        *,
        matrices: Collection[str] = (),
        named: Collection[str] = (),
        optional: Collection[str] = (),
    ) -> None:
        self.source, self.names, self.reading = source, tuple(names), reading
        self.matrices, self.named = matrices, named
        self.form = asked_form(reading.input_format)  # None: by suffix or content
        self.optional = optional  # members of JSON objects that are taken if they are there
        self.labels: tuple[str, ...] = ()
        self.pick: int | None = None
        self.width = 0
        self.gaps = True  # whether a blank line ends what came before
        self.settle("text")

    def settle(self, form: str) -> None:
        """Take on the ways of a format: csv, tsv, text, ndjson."""
        self.strict = form in ("csv", "tsv")  # every row as long as the first
        self.json = form == "ndjson"  # every line is JSON, even a bare number
        self.by_json = self.json  # whether the first record is
        self.delimiter = _delimiter(self.reading.delimiter, form)


def _delimiter(given: str | None, form: str) -> str | None:
    """Settle what separates cells: None is blanks, tabs and commas."""
    if given is None:
        return {"csv": ",", "tsv": "\t"}.get(form)
    one = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "blank": " ", "space": " "}.get(
        given, given
    )
    if len(one) != 1 or not one.isascii() or one.isalnum() or one in "\"'+-.%/=#\r\n\0[]{}":
        why = f"--delimiter {echo(given)} can't separate numbers"
        raise InputError(why, hint="give one sign such as , ; or |, or the word tab", usage=True)
    return one
