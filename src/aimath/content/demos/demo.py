"""The Demo data type."""

from __future__ import annotations

from typing import NamedTuple


class Demo(NamedTuple):
    """A demo: its explanation, its command lines, and experiments to try next.

    `user_flags` are the flags that take a user's own words, in order, in the first line; without any
    they are that command's operands.
    """

    id: str
    text: str
    command_lines: tuple[str, ...]
    experiments: dict[str, str]  # a command line to try, and what to expect of it
    user_flags: tuple[str, ...] = ()
    seconds: float = 0.2  # about how long it takes
