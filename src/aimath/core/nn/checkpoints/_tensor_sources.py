"""Tensors by name whose entries are gone through in blocks, and those of two models beside each other."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.errors import InputError
from aimath.text import first_quoted, quote, wildcard_match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.core.numerics.types import Array

BLOCK_NUMBERS = 1 << 18
"""About so many numbers are gone through at a time: all of it stays in the cache."""
ROWS_TOGETHER = 64
"""Blocks but the last have a multiple of so many rows: formats of blocks don't see where they are cut."""


class TensorSource(NamedTuple):
    """A tensor whose entries are read when they are asked for, as often as they are."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    blocks: Callable[[], Iterator[Array]] = lambda: iter(())  # rows (r, last axis) in order
    remark: str = ""  # why its entries can't be read
    listed: bool = True  # its name is one that a model gave it

    @property
    def size(self) -> int:
        """How many entries it has."""
        return prod(self.shape)

    @property
    def matrix_shape(self) -> tuple[int, int] | None:
        """Its sides as a matrix, further axes joined to the second; None of fewer than two axes."""
        return (self.shape[0], prod(self.shape[1:])) if len(self.shape) > 1 and self.size else None

    def whole(self) -> Array:
        """Return all entries."""
        parts = list(self.blocks())
        return (parts[0] if len(parts) == 1 else np.concatenate(parts)).reshape(self.shape)


def rows_in_block(shape: Sequence[int]) -> int:
    """Return how many rows of the last axis a block has.

    >>> rows_in_block((50257, 768)), rows_in_block((4, 1 << 20))
    (320, 64)
    """
    wanted = BLOCK_NUMBERS // max(1, shape[-1] if shape else 1)
    return max(ROWS_TOGETHER, wanted // ROWS_TOGETHER * ROWS_TOGETHER)


def source_of_array(name: str, values: Any) -> TensorSource:
    """Return an array as a tensor."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{quote(name)} is {array.dtype}, not numbers", operand="tensors")
    shape = array.shape
    rows = array.reshape(-1, shape[-1] if shape else 1) if array.size else array.reshape(0, 1)
    step = rows_in_block(shape)

    def blocks() -> Iterator[Array]:
        return (rows[k : k + step].astype(np.float64) for k in range(0, len(rows), step))

    return TensorSource(name, shape, array.dtype.name, blocks)


def sources_of(tensors: Any, operand: str) -> list[TensorSource]:
    """Return arrays by name, or one array, as tensors."""
    if not hasattr(tensors, "items"):
        tensors = {operand: tensors}
    found = [source_of_array(name, values) for name, values in tensors.items()]
    if not found:
        raise InputError("there are no tensors", operand=operand)
    return found


def select_tensors(found: Sequence[TensorSource], match: str | None) -> list[TensorSource]:
    """Return the tensors whose names a pattern is found in, or raise InputError if there is none."""
    kept = [one for one in found if not match or wildcard_match(match, one.name)]
    if not kept:
        names = first_quoted(one.name for one in found)
        raise InputError(f"no tensor's name holds {quote(match or '')}; they are {names}", operand="match")
    return kept


class Pair(NamedTuple):
    """A tensor of one model and its partner in another."""

    base: TensorSource | None
    other: TensorSource | None
    status: str  # "paired", "renamed", "reshaped", "missing" in the other, "added" by it


def pair_tensors(base: Sequence[TensorSource], other: Sequence[TensorSource]) -> list[Pair]:
    """Return each tensor with its partner: of the same name; else of the same shape and entries or ending.

    An ending is as in "model.wte.weight" and "wte.weight", where only one tensor has it. Where each
    model has one tensor these are partners, whatever they are called.
    """
    if len(base) == len(other) == 1:
        return [Pair(base[0], other[0], "paired" if base[0].shape == other[0].shape else "reshaped")]
    by_name = {one.name: one for one in other}
    names = {one.name for one in base}
    left = [one for one in other if one.name not in names]
    renamed = _renamed([one for one in base if one.name not in by_name], left)
    pairs = []
    for one in base:
        partner = by_name.get(one.name) or renamed.get(one.name)
        if partner is None:
            pairs.append(Pair(one, None, "missing"))
        elif partner.shape != one.shape:
            pairs.append(Pair(one, partner, "reshaped"))
        else:
            pairs.append(Pair(one, partner, "paired" if partner.name == one.name else "renamed"))
    taken = {one.name for one in renamed.values()}
    return pairs + [Pair(None, one, "added") for one in left if one.name not in taken]


def _renamed(missing: Sequence[TensorSource], added: Sequence[TensorSource]) -> dict[str, TensorSource]:
    """Return the partners of tensors under other names, each of one tensor alone."""
    free = {one.name: one for one in added}
    found = {}
    digests: dict[str, bytes] = {}
    for one in missing:
        alike = [candidate for candidate in free.values() if candidate.shape == one.shape]
        ended = [c for c in alike if _ends_as(c.name, one.name)]
        chosen = ended if len(ended) == 1 else []
        if not chosen and alike and not one.remark:
            for candidate in (one, *alike):
                digests.setdefault(candidate.name, _digest(candidate))
            chosen = [c for c in alike if not c.remark and digests[c.name] == digests[one.name]]
        if chosen:
            found[one.name] = free.pop(chosen[0].name)
    return found


def _ends_as(a: str, b: str) -> bool:
    return a.endswith(f".{b}") or b.endswith(f".{a}")


def _digest(one: TensorSource) -> bytes:
    import hashlib  # noqa: PLC0415  for renamed tensors alone

    held = hashlib.blake2b(digest_size=16)
    for block in one.blocks():
        held.update(np.ascontiguousarray(block + 0.0).tobytes())
    return held.digest()


def names_by_block(names: Sequence[str]) -> Mapping[str, list[int]]:
    """Return the places of names by the block they belong to, which ends in its first number.

    >>> names_by_block(["wte", "h.0.w", "h.0.b"])
    {'h.0.*': [1, 2]}
    """
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        parts = name.split(".")
        number = next((k for k, part in enumerate(parts[:-1]) if part.isdecimal() and k), None)
        if number is not None:
            found.setdefault(".".join((*parts[: number + 1], "*")), []).append(place)
    return found
