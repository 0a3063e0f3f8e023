"""InputError, the one exception that aimath raises, and helpers for its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Invalid input: a one-sentence message, a hint and where the mistake is.

    `message` names the thing as the user typed it, the value and the bound; `hint` is one way out.
    `row` and `entry` count from 0 within the array that was handed over, and `operand` names
    that array: whoever read it from somewhere turns them into a line and a column.
    `snippet` is the offending text with a caret line below it, where a place can be pointed at.
    `usage` marks a mistake of the command line (exit code 2) rather than of the data (1).
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        snippet: str = "",
        row: int | None = None,
        entry: int | None = None,
        operand: str | None = None,
        usage: bool = False,
    ) -> None:
        super().__init__(message)
        self.message, self.hint, self.snippet = message, hint, snippet
        self.row, self.entry, self.operand = row, entry, operand
        self.usage = usage

    def __str__(self) -> str:
        """Return message and hint in one line."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


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


def closest(name: str, candidates: Iterable[str]) -> list[str]:
    """Return the candidate closest to a name, as a list of at most one."""
    from difflib import get_close_matches  # noqa: PLC0415  only for mistakes

    return get_close_matches(name, list(candidates), 1)


def suggest(name: str, candidates: Iterable[str], fallback: str, prefix: str = "") -> str:
    """Return a "did you mean" hint for an unknown name, or the fallback.

    >>> suggest("expp", ["exp", "log"], "write a number"), suggest("q", ["exp"], "write a number")
    ('did you mean exp?', 'write a number')
    """
    near = closest(name, candidates)
    return f"did you mean {prefix}{near[0]}?" if near else fallback
