"""Operands from several sources, row by row in step; what has one row goes with every row."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read.blocks import BadRow, Block, located

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.read.blocks import Pieces


class Feed:
    """One source of one operand, or of several: pieces, and how far they are used up."""

    def __init__(self, names: Sequence[str], pieces: Pieces, *, waits: bool = False) -> None:
        self.names, self.pieces = tuple(names), pieces
        self.waits = waits  # looking ahead might wait for someone to type
        self.current: Block | BadRow | None = None
        self.at = self.taken = 0

    def constant(self) -> Block | None:
        """Give the block of a source with a single row; None if there are more, and none is lost."""
        first = next(self.pieces, None)
        if first is None:
            raise InputError(f"{' and '.join(self.names)}: there are no rows")
        ahead = [first]
        if isinstance(first, BadRow) or len(first.lines) == 1:
            ahead += islice(self.pieces, 1)
            if len(ahead) == 1:
                if isinstance(first, BadRow):
                    raise located(first)
                return first
        self.pieces = chain(ahead, self.pieces)
        return None

    def head(self) -> Block | BadRow | None:
        """Give what is not used up of the current piece; None at the end."""
        if self.current is None:
            self.current, self.at = next(self.pieces, None), 0
        if self.current is None or isinstance(self.current, BadRow) or not self.at:
            return self.current
        return self.current.part(self.at, len(self.current.lines))

    def advance(self, rows: int) -> None:
        """Use up rows of the head."""
        self.at += rows
        self.taken += rows
        if isinstance(self.current, BadRow) or (self.current and self.at >= len(self.current.lines)):
            self.current = None


def in_step(feeds: Sequence[Feed], names: Sequence[str]) -> Pieces:
    """Join sources to blocks of all operands, in the order of `names`."""
    if len(feeds) == 1:
        yield from feeds[0].pieces
        return
    single = {feed: block for feed in feeds if not feed.waits and (block := feed.constant())}
    many = [feed for feed in feeds if feed not in single]
    if len(many) > 1 and many[0].waits and (block := many[0].constant()):
        single[many.pop(0)] = block
    fixed = list(single.values())
    if not many:
        yield _joined(fixed, names)
    while many:
        heads = [feed.head() for feed in many]
        blocks = [head for head in heads if isinstance(head, Block)]
        count = 1
        if len(blocks) == len(heads):
            count = min(len(block.lines) for block in blocks)
            yield _joined([*(block.part(0, count) for block in blocks), *fixed], names)
        elif None in heads:
            _all_ended(many, heads)
            return
        else:
            yield next(head for head in heads if isinstance(head, BadRow))
        for feed in many:
            feed.advance(count)


def _all_ended(many: Sequence[Feed], heads: Sequence[Block | BadRow | None]) -> None:
    for feed, head in zip(many, heads, strict=True):
        if head is not None:
            ended = many[heads.index(None)]
            short, long = " and ".join(ended.names), " and ".join(feed.names)
            raise InputError(
                f"{short} ends after {ended.taken} rows, {long} goes on: they must be equally many"
            )


def _joined(blocks: Sequence[Block], names: Sequence[str]) -> Block:
    """Put the operands of several blocks into one; that with the most rows names its lines."""
    found = {name: rows for block in blocks for name, rows in block.operands.items()}
    lead = max(blocks, key=lambda block: (len(block.lines), bool(block.source)))
    order = (*names, *(name for name in found if name not in names))
    return lead._replace(
        operands={name: found[name] for name in order},
        labels=next((block.labels for block in blocks if block.labels), ()),
        column=any(block.column for block in blocks),
        row_labels=next((block.row_labels for block in (lead, *blocks) if block.row_labels), ()),
        notes=tuple(dict.fromkeys(note for block in blocks for note in block.notes)),
    )
