"""What a demo is: command lines, and words around them."""

from __future__ import annotations

from typing import NamedTuple


class Demo(NamedTuple):
    """What a topic is and why it matters, the command lines that show it, and what to try next.

    `own` are the flags that take a user's own words, in order, in the first line; without any
    they are that command's operands.
    """

    id: str
    text: str
    lines: tuple[str, ...]
    experiments: dict[str, str]  # a command line to try, and what to expect of it
    own: tuple[str, ...] = ()
    seconds: float = 0.2  # about how long it takes
