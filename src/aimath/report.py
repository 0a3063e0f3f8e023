"""What a command answers: named quantities, which of them are asked for, and how they came about.

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

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Line(NamedTuple):
    """One line of a derivation; `{name}` stands for the user's number of that name.

    `{name:+}` keeps the sign, `{name: + }` joins a vector by what stands behind the colon,
    `{name:.4}` shows 4 digits, `{name:%}` a percentage, `{name:bar}` a bar from 0 to 1, and
    `{name:spark}` a vector as a line of little bars.
    `only` names a quantity that must not be 0 for the line to appear.
    """

    text: str
    only: str = ""


class Table(NamedTuple):
    """A line for each entry of the vectors: (head, template) a column, and one quantity drawn as a bar.

    `names` is the quantity whose entries the lines are called by, in place of labels or 1, 2, ...
    """

    columns: tuple[tuple[str, str], ...]
    bar: str = ""
    names: str = ""
    track: str = ""  # or one quantity as a place on a line from its least to its largest


class Panels(NamedTuple):
    """Matrices of equally many rows beside each other: (head, name) each; `heat`'s shares are shaded.

    `name[0]` is the first matrix of several; `corner` stands above the names of the rows.
    """

    columns: tuple[tuple[str, str], ...]
    heat: str = ""
    corner: str = ""


class Tree(NamedTuple):
    """A line for each node of a tree, in the order of reading, and columns as in a Table beside it.

    `lines` names the texts of the nodes, `depths` how far each is from the first, which has 0.
    """

    lines: str
    depths: str
    columns: tuple[tuple[str, str], ...]


class Verify(NamedTuple):
    """A line that compares the answer with another route to it: `{answer}`, `{other}`, how far `{apart}`."""

    text: str
    method: str = "check"  # of the result


Step = Line | Table | Panels | Tree | Verify


class Plot(NamedTuple):
    """What `--plot` draws: `y` over `x` (names of quantities).

    `kind` is "bars", "curve", "picture", "heat", "scatter", "path" or "sweep". Bars may have words for
    `x`; "heat" shades matrices of numbers from -1 to 1, the number in the cell; "scatter" puts the first
    two columns of a matrix against each other, marked by the names of its rows; "path" shows where a
    descent (with a `surface`) went; "sweep" is a curve over one swept option or a map over two.
    """

    y: str
    x: str = ""
    kind: str = "bars"


class Prose(NamedTuple):
    """A paragraph for people. `kind` is "title", "text", "command" (a line to type) or "item" (below one)."""

    text: str
    kind: str = "text"


class Opening(NamedTuple):
    """What begins a page, as each of several command lines does: what is said, and how it is shown."""

    prose: tuple[Prose, ...]
    explain: bool | None = None  # by its derivation; None: as it was asked for
    draw: bool | None = None  # with its plots


class Report(NamedTuple):
    """A block of answered rows. What a command says comes first; what the runner adds, after it."""

    result: Any  # a NamedTuple of core, fields (rows, ...); None: `extra` is all there is
    show: tuple[str, ...]  # the answer; more than one makes a table with a header
    glance: tuple[str, ...] = ()  # what people at a terminal see in place of an answer too large to be read
    steps: tuple[Step, ...] = ()  # the derivation, first the formula, last the check
    units: Mapping[str, str] = NOTHING  # quantity -> "bits"
    beside: str = ""  # the vector shown beside the answer's entries on a terminal
    plot: Plot | tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()  # said once on stderr: what a user might not expect
    warnings: tuple[str, ...] = ()  # the same of what went wrong, though there is an answer
    unmet: str = ""  # what `--check` asked for and doesn't hold: the exit code is 4
    below: str = ""  # said below the table, for people
    opening: Opening | None = None  # for people: a page begins here
    closing: tuple[Prose, ...] = ()  # for people: said below everything
    names: Mapping[str, str] = NOTHING  # words for a derivation that aren't numbers
    whole: bool = False  # the result is of one problem (a matrix, say): its fields have no axis of rows
    by_row: tuple[str, ...] = ()  # of a whole problem: quantities whose first axis is the answer's rows
    shared: tuple[str, ...] = ()  # of rows of their own: quantities that are the same for all, (1, ...)
    stack: str = ""  # what each matrix of a quantity that has several is called: "head"
    unlisted: tuple[str, ...] = ()  # too many numbers for every row of JSON: for `--fields` and derivations
    rest: Iterable[Report] = ()  # further rows of an answer that is not held, made as they are written
    continued: bool = False  # it is of the `rest` of another
    series: Iterable[Report] = ()  # answers of other problems, which follow
    told: Callable[[], Iterable[Report]] | None = None  # whole problems that --explain tells of, not of rows
    afford: Callable[[str], None] | None = None  # refuses a quantity too large to be held, before it is made
    extra: Mapping[str, Any] = NOTHING  # options that core doesn't know, such as the seed
    heads: Mapping[str, tuple[str, ...]] = NOTHING  # quantity -> names of its last axis, where it has its own
    labels: tuple[str, ...] = ()  # of the entries
    row_labels: tuple[str, ...] = ()  # of the answer's rows
    column: bool = False  # the input was a column: so is the answer
    swept: Mapping[str, Values] = NOTHING  # option -> (rows,), shown as the first columns
    void: bool = False  # the row could not be answered: every quantity is nan
    rows: int = 1

    @property
    def plots(self) -> tuple[Plot, ...]:
        """What is drawn, one below the other."""
        return (self.plot,) if isinstance(self.plot, Plot) else self.plot

    def spread(self) -> Report:
        """Give the answer to a whole problem row by row, if it has rows; what is not of one is of all."""
        if not self.by_row or not self.whole:
            return self
        first = next(value for name in self.by_row if (value := self.value(name)) is not None)
        return self._replace(whole=False, rows=len(first))

    def of_fields(self, fields: tuple[str, ...]) -> Report:
        """Leave the rows of an answer out where all that is asked for belongs to them together."""
        if not (fields and self.whole and self.by_row) or {*fields} & {*self.by_row}:
            return self
        return self._replace(by_row=(), rest=self.rest and iter(()))  # a plot still says that rows follow

    def of_all(self, name: str) -> bool:
        """Say whether a quantity of an answer with several rows belongs to all of them together."""
        return name in self.shared or (bool(self.by_row) and name not in self.by_row)

    def value(self, name: str) -> Any:
        """Give a quantity as core has it, or None."""
        value = self.extra.get(name)
        if value is None and name in self.quantities():
            if self.afford:
                self.afford(name)
            value = getattr(self.result, name, None)
        return None if hasattr(value, "_fields") else value  # another result's fields are there by their own

    def quantities(self) -> tuple[str, ...]:
        """Name everything that is known: the fields, then what is derived from them when asked."""
        kind = type(self.result)
        derived = [name for name, value in vars(kind).items() if isinstance(value, property)]
        return (*getattr(kind, "_fields", ()), *derived, *self.extra)
