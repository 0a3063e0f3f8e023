"""Report, the answer of a command: named quantities, which of them to show, and their derivation.

All writers read the same Report, so the answer, the derivation, JSON and the picture can't disagree.
What its quantities' axes are, they say themselves (core/numerics/axes.py): the entries of "batch" are
problems, each with an answer and a derivation of its own, those of "row" are rows of one answer.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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

    `name[0]` is the first matrix of several; `corner` stands above the names of the rows, and
    `names` is the quantity whose entries they are called by, in place of labels or 1, 2, ...
    """

    columns: tuple[tuple[str, str], ...]
    shaded: str = ""
    corner: str = ""
    names: str = ""


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
    undecided: str = ""  # said where the other method is too coarse to tell


class Derivations(NamedTuple):
    """The derivations of other reports, each of a whole: of runs, say, where a row is a step of one."""

    reports: Callable[[], Iterable[Report]]


Step = Line | Table | Panels | Tree | CrossCheck | Derivations


class Reference(NamedTuple):
    """A dashed line in a plot, at a quantity of y (of x, if it is `upright`), with a text as in a Line."""

    at: str
    text: str
    upright: bool = False


class Plot(NamedTuple):
    """What `--plot` draws: `y` over `x` (names of quantities).

    `kind` is "bars", "curve", "histogram", "picture", "heat", "cosines", "map", "scatter", "path" or "sweep".
    Bars may have words for `x`; a curve without `x` runs over its entries, by the number that `positions` is
    the word for; "heat" shades matrices of numbers from -1 to 1, the number in the cell; "cosines" is that of
    the vectors of all rows, each with each, named by `series`; "scatter" puts the first two columns of a
    matrix against each other, marked by the names of its rows; "path" shows where a descent went, on its
    function; "map" shades the classes of a plane, the first row on top, with `points` (their places, their
    classes) on it, within an `area` of one quantity (left, right, bottom, top) and the classes named by
    `series`; "sweep" is points over one swept option or a map over two.
    """

    y: str
    x: str = ""
    kind: str = "bars"
    positions: str = ""
    column: str = ""  # what is drawn beside the rows of a table, if not y
    caption: str = ""  # said below the plot, as a Line
    axes: tuple[str, str] = ("", "")  # what the axes are called, if not by their quantities
    end: str = ""  # bars: the quantity or number at which one is full
    series: str = ""  # curve: the names of several (k, n), a row each; cosines: of the rows
    status: str = ""  # curve, sweep: how each went; what diverged doesn't stretch the axis
    points: tuple[str, str] = ("", "")  # curve: quantities (x, y) that are marked on it
    area: tuple[str, str] = ("", "")  # curve: from here to there it is shaded below
    references: tuple[Reference, ...] = ()
    log_y: bool = False
    log_x: bool = False
    from_zero: bool = False  # curve: the y axis begins at 0
    limits: tuple[float, float] | None = None  # picture: what is black and what white; None: each its own
    under: tuple[
        str, ...
    ] = ()  # picture: lines below each, as Lines, in place of the swept options they name
    title: str = ""  # heat, cosines: what the matrices are, and what their rows and columns
    hidden: str = ""  # heat: which cells (..., rows, columns) are hidden; they have a dot and no number


class Spread(NamedTuple):
    """A quantity whose entries are quantities too, by names of their own: quantiles, as p5 and p95.

    In tables they are columns, in JSON the quantity is an object whose keys are the `keys`.
    """

    quantity: str
    names: tuple[str, ...]
    keys: tuple[str, ...]


class Paragraph(NamedTuple):
    """A paragraph of kind "title", "text", "command" (a line to type) or "item" (below a command)."""

    text: str
    kind: str = "text"


class PageHeader(NamedTuple):
    """The header of a page: its paragraphs, and whether derivations and plots are shown."""

    paragraphs: tuple[Paragraph, ...]
    explain: bool | None = None  # by its derivation; None: as it was asked for
    draw: bool | None = None  # with its plots


class Page(NamedTuple):
    """What people see around an answer: above it, below its table, and below everything."""

    header: PageHeader | None = None  # a page begins here
    is_quiet: bool = False  # a screen shows only what is around the answer, unless all or its derivation
    footnote: str = ""
    footer: tuple[Paragraph, ...] = ()


class Report(NamedTuple):
    """The answer to one or more problems: fields set by the command first, then those set by the runner."""

    result: Any  # a NamedTuple of core, whose quantities declare their axes; None: `extra` is all there is
    show: tuple[str, ...]  # the answer; more than one makes a table with a header
    summary_fields: tuple[str, ...] = ()  # what a terminal shows of an answer too large to be read
    steps: tuple[Step, ...] = ()  # the derivation, first the formula, last the check
    units: Mapping[str, str] = EMPTY  # quantity -> "bits"
    approximate: tuple[str, ...] = ()  # quantities that people see with ≈: estimates of an answer that exists
    companion: str = ""  # the vector shown beside the answer's entries on a terminal
    plot: Plot | tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()  # said once on stderr: what a user might not expect
    warnings: tuple[str, ...] = ()  # the same of what went wrong, though there is an answer
    passed: int = 0  # rows that were passed over, in parts that are combined: the exit code is 3
    failed_check: str = ""  # what `--check` asked for and doesn't hold: the exit code is 4
    is_interrupted: bool = False  # Ctrl-C ended it early: the exit code is 130
    page: Page = Page()  # what people see around the answer
    template_words: Mapping[str, str] = EMPTY  # words for a derivation that aren't numbers
    following: Iterable[Report] = ()  # further rows or other answers, made as they are written
    is_continuation: bool = False  # it has further rows of the answer that it follows
    check_memory: Callable[[str], None] | None = None  # refuses a quantity too large, before it is made
    save: Callable[[], None] | None = None  # writes files beside the answer, once there is one to be shown
    extra: Mapping[str, Any] = EMPTY  # what core doesn't know, such as the seed: the same for a whole batch
    spread: Spread | None = None  # a quantity whose entries have names of their own
    names: Mapping[str, tuple[str, ...]] = EMPTY  # axis -> of its entries; "entry" -> of any vector as long
    ids: Mapping[str, Sequence[str]] = EMPTY  # of each row, what the user has carried through, by name
    is_column: bool = False  # the input was a column: so is the answer
    swept: Mapping[str, Values] = EMPTY  # option -> (batch,), shown as the first columns
    is_missing: bool = False  # the row could not be answered: every quantity is nan
    together: tuple[Report, ...] = ()  # all runs of a sweep over these rows, whose bars have one scale
    drawn: Callable[[], Mapping[str, Any]] | None = None  # quantities of plots alone, of all rows together

    @property
    def is_nothing(self) -> bool:
        """Whether there is no answer and no page: nothing was asked about."""
        return self.result is None and not (self.show or self.extra) and self.page == Page()

    @property
    def plots(self) -> tuple[Plot, ...]:
        """The plots as a tuple."""
        return (self.plot,) if isinstance(self.plot, Plot) else self.plot

    @property
    def kind(self) -> type:
        """The type of the result."""
        return type(self.result)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the entries of vectors are called, if they are."""
        return self.names.get("entry", ())

    @property
    def rows(self) -> int:
        """The number of problems."""
        return self.length("batch")

    def axes(self, name: str) -> tuple[str, ...]:
        """Return the axes of a quantity, as its result declares them."""
        from aimath.core.numerics.axes import axes_of

        if self.spread and name in self.spread.names:
            return axes_of(self.kind, self.spread.quantity)[:-1]
        return axes_of(self.kind, name)

    def is_derivation_only(self, name: str) -> bool:
        """Return whether a quantity is for derivations and `--fields`, too large for every line of JSON."""
        from aimath.core.numerics.axes import is_derivation_only

        return is_derivation_only(self.kind, name)

    def line_axis(self, fields: tuple[str, ...] = ()) -> str:
        """Return the axis of lines: "batch", else "row" if a field has it (by default, any), else ""."""
        if _quantities_along(self.kind, "batch"):
            return "batch"
        of_rows = _quantities_along(self.kind, "row")
        return "row" if of_rows and (not fields or set(fields) & set(of_rows)) else ""

    def length(self, axis: str) -> int:
        """Return how many entries a first axis has, 1 if no quantity has it."""
        import numpy as np

        fields = getattr(self.result, "_fields", ())
        lengths = set[int]()
        for name in _quantities_along(self.kind, axis):
            value: Any = self.value(name) if name in fields else None
            if np.ndim(value):
                lengths.add(len(value))
                if len(value) > 1:  # the others have as many, or one that stands for all
                    break
        return max(lengths, default=1)

    def value(self, name: str) -> Any:
        """Return a quantity as core computed it, or None."""
        if self.spread and name in self.spread.names:
            whole = self.value(self.spread.quantity)
            return None if whole is None else whole[..., self.spread.names.index(name)]
        value = self.extra.get(name)
        if value is None and name in _quantities_of(self.kind):
            if self.check_memory:
                self.check_memory(name)
            value = getattr(self.result, name, None)
        return None if hasattr(value, "_fields") else value  # another result's fields are there by their own

    def quantity_names(self) -> tuple[str, ...]:
        """Return the names of all quantities: fields, derived properties and extras."""
        spread = self.spread.names if self.spread else ()
        return tuple(dict.fromkeys((*_quantities_of(self.kind), *self.extra, *spread)))


@cache
def _quantities_of(kind: type) -> tuple[str, ...]:
    """Return the names of the fields and derived properties of a result type."""
    derived = (name for name, value in vars(kind).items() if isinstance(value, property))
    return (*getattr(kind, "_fields", ()), *derived)


@cache
def _quantities_along(kind: type, axis: str) -> tuple[str, ...]:
    """Return the names of the fields and derived properties of a result type whose first axis is this one."""
    from aimath.core.numerics.axes import axes_of

    return tuple(name for name in _quantities_of(kind) if axes_of(kind, name)[:1] == (axis,))
