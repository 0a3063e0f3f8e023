"""Alignment of operands from several sources row by row, with single rows broadcast."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from aimath.errors import InputError, pluralize
from aimath.read.blocks import BadRow, Block, with_location

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aimath.read.blocks import BlockIterator, Origin, RowRange


class OperandSource:
    """A source of one or more operands, with its position."""

    def __init__(
        self,
        names: Sequence[str],
        blocks: BlockIterator,
        *,
        may_block: bool = False,
        one_per_row: bool = False,
    ) -> None:
        self.names, self.blocks = tuple(names), blocks
        self.may_block = may_block  # looking ahead might wait for someone to type
        self.one_per_row = one_per_row  # holds a number for each row of another: a single one is for one row
        self.current: Block | BadRow | None = None
        self.offset = self.rows_consumed = 0

    def single_row_block(self) -> Block | None:
        """Return the block of a source with a single row, or None if it has more."""
        first = next(self.blocks, None)
        if first is None:
            raise InputError("there are no rows").within(" and ".join(self.names))
        ahead = [first]
        if isinstance(first, BadRow) or (len(first.lines) == 1 and not first.unit):
            ahead += islice(self.blocks, 1)
            if len(ahead) == 1:
                if isinstance(first, BadRow):
                    raise with_location(first)
                return first
        self.blocks = chain(ahead, self.blocks)
        return None

    def is_empty(self) -> bool:
        """Return whether what comes stands for a source without rows."""
        first = next(self.blocks, None)
        if first is not None:
            self.blocks = chain((first,), self.blocks)
        return isinstance(first, Block) and first.is_empty

    def peek(self) -> Block | BadRow | None:
        """Return the unconsumed part of the current block, or None at the end."""
        if self.current is None:
            self.current, self.offset = next(self.blocks, None), 0
        if self.current is None or isinstance(self.current, BadRow) or not self.offset:
            return self.current
        return self.current.slice_rows(self.offset, len(self.current.lines))

    def ends(self, rows: int) -> bool:
        """Return whether the source has no more than `rows` rows left."""
        left = self.peek()
        if not isinstance(left, Block) or len(left.lines) > rows:
            return False
        ahead = next(self.blocks, None)
        self.blocks = chain(() if ahead is None else (ahead,), self.blocks)
        return ahead is None

    def skip(self, rows: int) -> None:
        """Consume the first rows, unless its blocks are of an array that is read from there on."""
        while rows and (head := self.peek()) is not None and getattr(head, "unit", None) is None:
            count = 1 if isinstance(head, BadRow) else min(rows, len(head.lines))
            self.advance(count)
            rows -= count

    def advance(self, rows: int) -> None:
        """Consume rows of the current block."""
        self.offset += rows
        self.rows_consumed += rows
        if isinstance(self.current, BadRow) or (self.current and self.offset >= len(self.current.lines)):
            self.current = None


def zip_sources(
    sources: Sequence[OperandSource], names: Sequence[str], rows: RowRange | None = None
) -> BlockIterator:
    """Yield blocks with the operands of all sources, in the order of `names`; of a range, those rows alone.

    Arrays of a range are read from its start on; of all else with several rows the first are passed over.
    """
    if len(sources) == 1:
        yield from sources[0].blocks
        return
    single = {feed: block for feed in sources if not feed.may_block and (block := feed.single_row_block())}
    many = [feed for feed in sources if feed not in single]
    for feed in [feed for feed in single if feed.one_per_row and many]:
        feed.blocks = iter((single.pop(feed),))
        many.append(feed)
    if many and many[0].may_block and many[0].is_empty():
        heads = [feed.peek() for feed in many]
        if bad := next((head for head in heads if isinstance(head, BadRow)), None):
            raise with_location(bad)
        blocks = [head.slice_rows(0, 1) for head in heads if isinstance(head, Block)]
        yield _merge_blocks(blocks, single.values(), names)
        many[0].current = None
    piped = many[0] if len(many) > 1 and many[0].may_block and not many[0].one_per_row else None
    if piped is not None and (block := piped.single_row_block()):
        single[many.pop(0)] = block
    fixed = list(single.values())
    if not many:
        yield _merge_blocks((), fixed, names)
    left = _begin_range(many, rows)
    while many and left != 0:
        heads = [feed.peek() for feed in many]
        blocks = [head for head in heads if isinstance(head, Block)]
        count = 1
        if len(blocks) == len(heads):
            count = min(len(block.lines) for block in blocks)
            count = count if left is None else min(count, left)
            if (
                count < max(len(block.lines) for block in blocks)
                and not any(f.may_block for f in many)
                and count != left
            ):
                _check_none_ends(many, count)
            yield _merge_blocks([block.slice_rows(0, count) for block in blocks], fixed, names)
        elif None in heads:
            _check_all_ended(many, heads)
            return
        else:
            yield next(head for head in heads if isinstance(head, BadRow))
        for feed in many:
            feed.advance(count)
        left = None if left is None else left - count


def _begin_range(many: Sequence[OperandSource], rows: RowRange | None) -> int | None:
    """Pass over the rows before a range, and return how many it has; None goes to the end."""
    if rows is None:
        return None
    for feed in many:
        feed.skip(rows.start)
    return None if rows.stop is None else rows.stop - rows.start


def _check_all_ended(many: Sequence[OperandSource], heads: Sequence[Block | BadRow | None]) -> None:
    for feed, head in zip(many, heads, strict=True):
        if head is not None:
            ended = many[heads.index(None)]
            raise _unequal_counts(ended, ended.rows_consumed, feed)


def _check_none_ends(many: Sequence[OperandSource], rows: int) -> None:
    """Raise InputError, before anything is answered, if a source ends within a block of another."""
    longer = next(feed for feed in many if isinstance(head := feed.peek(), Block) and len(head.lines) > rows)
    for feed in many:
        if feed.ends(rows):
            raise _unequal_counts(feed, feed.rows_consumed + rows, longer)


def _unequal_counts(short: OperandSource, rows: int, long: OperandSource) -> InputError:
    ended, goes_on = " and ".join(short.names), " and ".join(long.names)
    return InputError(
        f"{ended} ends after {pluralize(rows, 'row')}, {goes_on} goes on: they must be equally many"
    )


def one_per_row(blocks: BlockIterator, name: str) -> BlockIterator:
    """Yield blocks (r, 1) of numbers that belong to a row each, written one a row or all in one row."""
    first = next(blocks, None)
    if isinstance(first, Block) and len(first.lines) == 1 < first.operands[name].shape[-1]:
        second = next(blocks, None)
        if second is None:
            column = first.operands[name].reshape(-1, 1)
            places = range(1, len(column) + 1)
            yield first._replace(operands={name: column}, lines=places, labels=(), is_column=False)
            return
        blocks = chain((second,), blocks)
    for block in chain(() if first is None else (first,), blocks):
        width = block.width if isinstance(block, BadRow) else block.operands[name].shape[-1]
        if isinstance(block, BadRow) or width == 1:
            yield block._replace(labels=())
        else:
            why = f"has {width} numbers, and {name} has one a row"
            error = InputError(why, hint="write one a line, or all in one line")
            yield BadRow(error, block.source, block.lines[0], width)


def name_rows(blocks: BlockIterator, text: str) -> BlockIterator:
    """Yield blocks with the names of a list for their rows, unless a column has named them."""
    names = tuple(part.strip() for part in text.split(",")) if text else ()
    at = 0
    for block in blocks:
        if not names or isinstance(block, BadRow) or block.is_empty or (block.row_labels and block.is_named):
            at += 1
            yield block
            continue
        whole = next((rows.shape[-2] for rows in block.operands.values() if rows.ndim > 2), 0)
        count = whole or len(block.lines)
        first = 0 if whole else at
        at += count
        mine = names[first : first + count]
        if len(mine) < count or (whole and len(names) > whole):
            raise _unequal_names(names, max(count, at))
        yield block._replace(row_labels=mine, is_named=True)
    if names and 0 < at < len(names):
        raise _unequal_names(names, at)


def _unequal_names(names: Sequence[str], rows: int) -> InputError:
    why = f"{pluralize(len(names), 'name')} for {pluralize(rows, 'row')}"
    error = InputError(why, hint="give one name for each row, or the name of a column", usage=True)
    return error.within("--row-labels")


def _merge_blocks(aligned: Collection[Block], single: Collection[Block], names: Sequence[str]) -> Block:
    """Return one block with the operands of several, of which the single rows are for all the others."""
    blocks = (*aligned, *single)
    found = {name: rows for block in blocks for name, rows in block.operands.items()}
    lead = max(blocks, key=lambda block: (len(block.lines), bool(block.source)))
    order = (*names, *(name for name in found if name not in names))
    return lead._replace(
        operands={name: found[name] for name in order},
        labels=next((block.labels for block in blocks if block.labels), ()),
        is_column=any(block.is_column for block in blocks),
        row_labels=next((block.row_labels for block in (lead, *blocks) if block.row_labels), ()),
        is_empty=any(block.is_empty for block in blocks),
        notes=tuple(dict.fromkeys(note for block in blocks for note in block.notes)),
        ids={name: texts for block in blocks for name, texts in block.ids.items()},
        is_named=any(block.is_named for block in blocks),
        said=tuple(dict.fromkeys(text for block in blocks for text in block.said)),
        unit=next((block.unit for block in blocks if block.unit is not None), None),
        origins=_origins(aligned, is_for_all=False) | _origins(single, is_for_all=True),
    )


def _origins(blocks: Collection[Block], *, is_for_all: bool) -> dict[str, Origin]:
    return {
        name: block.origin(name)._replace(is_for_all=is_for_all)
        for block in blocks
        for name in block.operands
    }
