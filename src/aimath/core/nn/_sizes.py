"""What the sizes of a model must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_sizes(config: object, names: Iterable[str]) -> None:
    """Raise InputError unless the sizes of these names are at least 1."""
    for name in names:
        if getattr(config, name) < 1:
            raise InputError(f"{name} must be at least 1, not {getattr(config, name)}", operand=name)


def check_heads(width: int, heads: int) -> None:
    """Raise InputError unless the heads share the width evenly."""
    if width % heads:
        raise InputError(f"width {width} isn't a multiple of {heads} heads", operand="heads")
