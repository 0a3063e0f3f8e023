"""Colour for lines, by rich."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.layout import Strip


def painted(strips: Sequence[Strip]) -> bytes:
    """Give lines with the codes that colour them; nothing is wrapped, cut or read as markup."""
    out = io.StringIO()
    # Nothing is taken from the environment: who writes has decided on colour already.
    console = Console(
        file=out, width=80, force_terminal=True, color_system="256", no_color=False, markup=False,
        emoji=False, highlight=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for strip in strips:
        console.print(Text.assemble(*strip.pieces), soft_wrap=True)
    return out.getvalue().encode(errors="backslashreplace")
