"""Report, the answer of a command: named quantities, which of them to show, and their derivation.

A Report covers a block of rows: every field of `result` has one leading axis, the rows. All
writers read the same Report, so the answer, the derivation, JSON and the picture can't disagree.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64] | NDArray[np.int64]

EMPTY: Mapping[str, Any] = MappingProxyType({})


class Line(NamedTuple):
    """One line of a derivation, a template whose `{name}` is replaced by that quantity.

    `{name:+}` keeps the sign, `{name: + }` joins a vector by what stands behind the colon,
    `{name:.4}` shows 4 digits, `{name:%}` a percentage, `{name:bar}` a bar from 0 to 1, and
    `{name:spark}` a vector as a line of little bars. `{name:~}` and `{name:~4}` show more digits than 6
    and 4 where these would make a whole number of what isn't.
    `nonzero` names a quantity that must not be 0 for the line to appear. `condition` names a method of
    the result that says for each row whether the text is true in the digits shown; if not, the line
    is `fallback`.
    """

    text: str
    nonzero: str = ""
    condition: str = ""
    fallback: str = ""


class Table(NamedTuple):
    """A table with one line per entry: (head, template) per column, and one quantity drawn as a bar.

    `template_words` is the quantity whose entries the lines are called by, in place of labels or 1, 2, ...
    """

    columns: tuple[tuple[str, str], ...]
    bar: str = ""
    names: str = ""
    dot_plot: str = ""  # or one quantity as a place on a line from its least to its largest


class Panels(NamedTuple):
    """Matrices with equally many rows side by side, (head, name) each, optionally with a heat map.

    `name[0]` is the first matrix of several; `corner` stands above the names of the rows.
    """

    columns: tuple[tuple[str, str], ...]
    shaded: str = ""
    corner: str = ""


class Tree(NamedTuple):
    """A tree with one line per node in preorder, with columns as in a Table.

    `node_texts` names the texts of the nodes, `depths` how far each is from the first, which has 0.
    """

    node_texts: str
    depths: str
    columns: tuple[tuple[str, str], ...]


class CrossCheck(NamedTuple):
    """A check by another method: `{answer}`, `{alternative}` and the distance `{difference}` of the two."""

    text: str
    method: str = "check"  # of the result
    condition: str = ""  # as in a Line
    fallback: str = ""


Step = Line | Table | Panels | Tree | CrossCheck


class Plot(NamedTuple):
    """What `--plot` draws: `y` over `x` (names of quantities).

    `kind` is "bars", "curve", "picture", "heat", "scatter", "path" or "sweep". Bars may have words for
    `x`; a curve without `x` runs over its entries, by the number that `positions` is the word for;
    "heat" shades matrices of numbers from -1 to 1, the number in the cell; "scatter" puts the first
    two columns of a matrix against each other, marked by the names of its rows; "path" shows where a
    descent (with a `surface`) went; "sweep" is a curve over one swept option or a map over two.
    """

    y: str
    x: str = ""
    kind: str = "bars"
    positions: str = ""


class Paragraph(NamedTuple):
    """A paragraph of kind "title", "text", "command" (a line to type) or "item" (below a command)."""

    text: str
    kind: str = "text"


class PageHeader(NamedTuple):
    """The header of a page: its paragraphs, and whether derivations and plots are shown."""

    paragraphs: tuple[Paragraph, ...]
    explain: bool | None = None  # by its derivation; None: as it was asked for
    draw: bool | None = None  # with its plots


class Report(NamedTuple):
    """The answer to a block of rows: fields set by the command first, then those set by the runner."""

    result: Any  # a NamedTuple of core, fields (rows, ...); None: `extra` is all there is
    show: tuple[str, ...]  # the answer; more than one makes a table with a header
    summary_fields: tuple[
        str, ...
    ] = ()  # what people at a terminal see in place of an answer too large to be read
    steps: tuple[Step, ...] = ()  # the derivation, first the formula, last the check
    units: Mapping[str, str] = EMPTY  # quantity -> "bits"
    companion: str = ""  # the vector shown beside the answer's entries on a terminal
    plot: Plot | tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()  # said once on stderr: what a user might not expect
    warnings: tuple[str, ...] = ()  # the same of what went wrong, though there is an answer
    failed_check: str = ""  # what `--check` asked for and doesn't hold: the exit code is 4
    footnote: str = ""  # said below the table, for people
    page_header: PageHeader | None = None  # for people: a page begins here
    page_footer: tuple[Paragraph, ...] = ()  # for people: said below everything
    template_words: Mapping[str, str] = EMPTY  # words for a derivation that aren't numbers
    unbatched: bool = False  # the result is of one problem (a matrix, say): its fields have no axis of rows
    row_fields: tuple[str, ...] = ()  # of a whole problem: quantities whose first axis is the answer's rows
    shared_fields: tuple[
        str, ...
    ] = ()  # of rows of their own: quantities that are the same for all, (1, ...)
    batch_axis: str = ""  # what each matrix of a quantity that has several is called: "head"
    omitted_fields: tuple[
        str, ...
    ] = ()  # too many numbers for every row of JSON: for `--fields` and derivations
    continuation: Iterable[
        Report
    ] = ()  # further rows of an answer that is not held, made as they are written
    is_continuation: bool = False  # it is of the `continuation` of another
    next_reports: Iterable[Report] = ()  # answers of other problems, which follow
    explain_reports: Callable[[], Iterable[Report]] | None = (
        None  # whole problems that --explain tells of, not of rows
    )
    check_memory: Callable[[str], None] | None = (
        None  # refuses a quantity too large to be held, before it is made
    )
    extra: Mapping[str, Any] = EMPTY  # options that core doesn't know, such as the seed
    axis_labels: Mapping[str, tuple[str, ...]] = (
        EMPTY  # quantity -> names of its last axis, where it has its own
    )
    labels: tuple[str, ...] = ()  # of the entries
    row_labels: tuple[str, ...] = ()  # of the answer's rows
    is_column: bool = False  # the input was a column: so is the answer
    swept: Mapping[str, Values] = EMPTY  # option -> (rows,), shown as the first columns
    is_missing: bool = False  # the row could not be answered: every quantity is nan
    rows: int = 1

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots as a tuple."""
        return (self.plot,) if isinstance(self.plot, Plot) else self.plot

    def split_rows(self) -> Report:
        """Return the report of one problem split into rows, if it has row fields."""
        if not self.row_fields or not self.unbatched:
            return self
        first = next(value for name in self.row_fields if (value := self.value(name)) is not None)
        return self._replace(unbatched=False, rows=len(first))

    def for_fields(self, fields: tuple[str, ...]) -> Report:
        """Return the report without its rows if none of the requested fields has an axis of rows."""
        if not (fields and self.unbatched and self.row_fields) or {*fields} & {*self.row_fields}:
            return self
        return self._replace(
            row_fields=(), continuation=self.continuation and iter(())
        )  # a plot still says that rows follow

    def is_shared(self, name: str) -> bool:
        """Return whether a quantity is shared by all rows."""
        return name in self.shared_fields or (bool(self.row_fields) and name not in self.row_fields)

    def value(self, name: str) -> Any:
        """Return a quantity as core computed it, or None."""
        value = self.extra.get(name)
        if value is None and name in self.quantity_names():
            if self.check_memory:
                self.check_memory(name)
            value = getattr(self.result, name, None)
        return None if hasattr(value, "_fields") else value  # another result's fields are there by their own

    def quantity_names(self) -> tuple[str, ...]:
        """Return the names of all quantities: fields, derived properties and extras."""
        kind = type(self.result)
        derived = [name for name, value in vars(kind).items() if isinstance(value, property)]
        return (*getattr(kind, "_fields", ()), *derived, *self.extra)
