"""InputError, the one exception that aimath raises, and explain, the one place that makes sentences of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Remedy:
    """A way out that names parameters, by the values to set them to; ... leaves the value to the reader.

    >>> str(Remedy("use {normalize} to divide by the sum", normalize=True))
    'use normalize=True to divide by the sum'
    """

    def __init__(self, text: str, /, *, otherwise: str = "", **settings: object) -> None:
        self.text, self.otherwise, self.settings = text, otherwise, settings

    def __str__(self) -> str:
        """Return the way out in the words of the library."""
        return self.text.format(
            **{name: name if value is ... else f"{name}={value!r}" for name, value in self.settings.items()}
        )

    def in_flags(self, flags: Mapping[str, str]) -> str:
        """Return the way out in the flags of a command, or the other one if it lacks one of the parameters.

        >>> Remedy("use {components}", components=2).in_flags({"components": "--components"})
        'use --components 2'
        """
        if not self.settings.keys() <= flags.keys():
            return self.otherwise
        return self.text.format(
            **{
                name: flags[name] if value is True or value is ... else f"{flags[name]} {value}"
                for name, value in self.settings.items()
            }
        )


class Retype(NamedTuple):
    """A way out that is the command line again with some of its words, in their order, replaced by others.

    The library has no command line, and so says nothing.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]

    def __str__(self) -> str:
        """Return nothing."""
        return ""


class InputError(ValueError):
    """Invalid input, as data: what is wrong, with which operand, where, and a way out.

    `problem` says what is wrong, with {operand} where it names the operand, the parameter it is about.
    Given `values`, it is a template of these: "{operand} must be above 0, not {value:g}".
    `row` and `entry` count from 0 within the array that was handed over: whoever read it from
    somewhere turns them into a line and a column.
    `hint` is one way out, in plain words, as a Remedy or as a Retype.
    `snippet` is the offending text with a caret line below it, where a place can be pointed at.
    `usage` marks a mistake of the command line (exit code 2) rather than of the data (1).
    `places` say where it happened, the outermost first: within() adds one.
    """

    def __init__(
        self,
        problem: str,
        *,
        hint: str | Remedy | Retype = "",
        snippet: str = "",
        row: int | None = None,
        entry: int | None = None,
        operand: str | None = None,
        usage: bool = False,
        **values: object,
    ) -> None:
        super().__init__(problem)
        self.problem, self.values, self.hint, self.snippet = problem, values, hint, snippet
        self.row, self.entry, self.operand = row, entry, operand
        self.usage = usage
        self.places: tuple[str, ...] = ()
        self.flags: Mapping[str, str] | None = None
        """The flags of the command that failed, by the parameters they set; None in the library."""

    @property
    def names_operand(self) -> bool:
        """Whether the problem itself names the operand."""
        return "{operand}" in self.problem

    def within(self, place: str) -> Self:
        """Return the error with a place in front of those it has: an option, an argument, a file's line."""
        self.places = (place, *self.places)
        return self

    def advise(self, hint: str) -> None:
        """Add a way out after the one that the error has, if any.

        >>> wrong = InputError("no value for w", hint="add w=...")
        >>> wrong.advise("the columns are x, y")
        >>> wrong.hint
        'add w=...; the columns are x, y'
        """
        self.hint = "; ".join(filter(None, (str(self.hint), hint)))

    @property
    def message(self) -> str:
        """What is wrong, in the words of the library."""
        return explain(self).sentence

    def __str__(self) -> str:
        """Return what is wrong and the way out in one line, in the words of the library."""
        return "; ".join(filter(None, explain(self)))


class Explanation(NamedTuple):
    """An error in words: what is wrong, and one way out."""

    sentence: str
    hint: str


def explain(error: InputError, flags: Mapping[str, str] | None = None) -> Explanation:
    """Return an error in words: those of the library, or a command's, given its flags by parameter.

    What a command line gets wrong is called by its flag, and what is wrong in data by its name.

    >>> wrong = InputError("{operand} must be at least {least}", operand="lr", least=0, usage=True)
    >>> explain(wrong).sentence, explain(wrong, {"lr": "--lr"}).sentence
    ('lr must be at least 0', '--lr must be at least 0')
    """
    operand = error.operand or ""
    if error.usage and flags:
        operand = flags.get(operand, operand)
    problem = (
        error.problem.format(operand=operand, **error.values)
        if error.values
        else error.problem.replace("{operand}", operand)
    )
    hint = error.hint
    said = hint.in_flags(flags) if isinstance(hint, Remedy) and flags is not None else str(hint)
    return Explanation(": ".join((*error.places, problem)), said)


def pluralize(count: int, noun: str) -> str:
    """Return a count with its noun in the singular or the plural.

    >>> pluralize(1, "row"), pluralize(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count} {noun}" + "s" * (count != 1)


def join_and(names: Sequence[str]) -> str:
    """Return names joined by commas and a final "and".

    >>> join_and(["Q"]), join_and(["Q", "K", "V"])
    ('Q', 'Q, K and V')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def closest(name: str, candidates: Iterable[str], likeness: float = 0.6) -> list[str]:
    """Return the candidate closest to a name, at least so alike, as a list of at most one."""
    from difflib import get_close_matches  # noqa: PLC0415  only for mistakes

    return get_close_matches(name, list(candidates), 1, likeness)


def suggest(name: str, candidates: Iterable[str], fallback: str, prefix: str = "") -> str:
    """Return a "did you mean" hint for an unknown name, or the fallback.

    >>> suggest("expp", ["exp", "log"], "write a number"), suggest("q", ["exp"], "write a number")
    ('did you mean exp?', 'write a number')
    """
    near = closest(name, candidates)
    return f"did you mean {prefix}{near[0]}?" if near else fallback
