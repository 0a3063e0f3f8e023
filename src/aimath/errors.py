"""The one exception that aimath raises, and the words that its sentences share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """What was given has no answer: one sentence, and where to look.

    `why` names the thing as the user typed it, the value and the bound; `hint` is one way out.
    `row` and `entry` count from 0 within the array that was handed over, and `operand` names
    that array: whoever read it from somewhere turns them into a line and a column.
    `shown` is the offending text with a caret line below it, where a place can be pointed at.
    `usage` marks a mistake of the command line (exit code 2) rather than of the data (1).
    """

    def __init__(
        self,
        why: str,
        *,
        hint: str = "",
        shown: str = "",
        row: int | None = None,
        entry: int | None = None,
        operand: str | None = None,
        usage: bool = False,
    ) -> None:
        super().__init__(why)
        self.why, self.hint, self.shown = why, hint, shown
        self.row, self.entry, self.operand = row, entry, operand
        self.usage = usage

    def __str__(self) -> str:
        """Sentence and way out in one line, as a library's caller sees them."""
        return f"{self.why}; {self.hint}" if self.hint else self.why


def counted(count: int, word: str) -> str:
    """Put a number before a word, in the singular or the plural.

    >>> counted(1, "row"), counted(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count} {word}" + "s" * (count != 1)


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    >>> listed(["Q"]), listed(["Q", "K", "V"])
    ('Q', 'Q, K and V')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def meant(word: str, known: Iterable[str], otherwise: str, before: str = "") -> str:
    """Hint at the known word that is nearest to a mistyped one, `otherwise` where none is near.

    >>> meant("sofmax", ["softmax", "kl"], "see aimath --help")
    'did you mean softmax?'
    """
    from difflib import get_close_matches  # noqa: PLC0415  only for typos

    near = get_close_matches(word, list(known), 1)
    return f"did you mean {before}{near[0]}?" if near else otherwise
