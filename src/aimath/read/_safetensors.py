"""Weights in .safetensors, by the format's own rules: what its reference refuses is refused here too.

8 bytes give the length of a JSON header, the header gives each tensor's dtype, shape and place, and
the places cover the rest of the file without a hole or an overlap. The reference reader takes a name
given twice, which its README forbids; this one doesn't.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, alike
from aimath.read._elements import BF16, Stored, exactly, rows
from aimath.read._json import unique
from aimath.text import echo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.read._rows import RowParser
    from aimath.read._stream import Stream
    from aimath.read.blocks import Pieces

LONGEST_HEADER = 10_000_000
MOST_AXES = 32  # the product of a million extents would take minutes
SHOWN = 8  # tensors named in a message
_READ = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": BF16,
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_BITS = {dtype: 8 * Stored(code, ()).itemsize for dtype, code in _READ.items()} | {
    "C64": 64, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip


class Tensor(NamedTuple):
    """One tensor of a file: what is known before it is read."""

    name: str
    dtype: str  # as its file calls it: "BF16" in .safetensors, "<f4" in .npy
    shape: tuple[int, ...]
    begin: int = 0  # bytes from the start of the file
    end: int = 0

    def __str__(self) -> str:
        """Show it as a line of a list does: 'query.weight' F32 768x768."""
        return f"{echo(self.name)} {self.dtype} {'x'.join(map(str, self.shape))[:24] or 'scalar'}"


def safetensors(stream: Stream, layout: RowParser, name: str | None) -> Pieces:
    """Read one tensor; FILE:NAME chooses among several."""
    yield from rows(stream, placed(stream, name), layout)


def placed(stream: Stream, name: str | None) -> Stored:
    """Choose a tensor and go to where it begins."""
    tensor = _chosen(tensors(stream), name)
    dtype = _READ.get(tensor.dtype)
    if dtype is None:
        why = f"the dtype {echo(tensor.dtype)} of {echo(tensor.name)} is not read"
        raise InputError(why, hint=f"convert it to one of {' '.join(_READ)}")
    if 0 in tensor.shape:
        raise InputError(f"{tensor} is empty")
    stream.seek(tensor.begin)
    return Stored(dtype, tensor.shape)


def tensors(stream: Stream) -> list[Tensor]:
    """Read and check the header: every tensor, in the order in which they lie."""
    if stream.size is None:
        raise InputError("a .safetensors must be a file, not a pipe")
    length = int.from_bytes(exactly(stream, 8), "little")
    left = stream.size - 8
    if length > min(LONGEST_HEADER, left):
        bound = f"the limit is {LONGEST_HEADER}" if length > LONGEST_HEADER else f"{left} follow"
        raise InputError(f"its header claims {length} bytes; {bound}")
    header = _parsed(exactly(stream, length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise InputError("its __metadata__ is not a map of texts")
    found = [_tensor(name, entry, 8 + length) for name, entry in header.items()]
    found.sort(key=lambda tensor: (tensor.begin, tensor.end))
    _covered(found, 8 + length, stream.size)
    return found


def _parsed(raw: bytes) -> dict[str, Any]:
    import json  # noqa: PLC0415  orjson keeps the last of two equal keys and doesn't tell

    if not raw.startswith(b"{"):
        raise InputError("not a .safetensors file: its header does not begin with {")
    try:
        header: dict[str, Any] = json.loads(
            raw.decode(),
            object_pairs_hook=unique,
            parse_int=_whole,
            parse_float=_whole,
            parse_constant=_whole,
        )
    except UnicodeDecodeError:
        raise InputError("its header is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"its header is not JSON: {error.msg.lower()} at byte {error.pos + 9}") from None
    except RecursionError:
        raise InputError("its header is nested too deeply") from None
    return header


def _whole(text: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,17}", text):
        raise InputError(f"its header holds the number {echo(text)}")
    return int(text)


def _tensor(name: str, entry: Any, start: int) -> Tensor:
    """Check one entry of the header by itself; `start` is where the data begin."""
    bad = InputError(f"the entry of {echo(name)} is not dtype, shape and data_offsets")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise bad
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or not _of_whole(shape) or not _of_whole(offsets) or len(offsets) != 2:
        raise bad
    begin, end = offsets
    if len(shape) > MOST_AXES or begin > end:
        raise InputError(f"{echo(name)} has {len(shape)} axes and lies from {begin} to {end}")
    bits = _BITS.get(dtype)
    if bits is None:
        raise InputError(f"{echo(name)} has the dtype {echo(dtype)}, which the format does not know")
    if bits * prod(shape) != 8 * (end - begin):
        shown = "x".join(map(str, shape))[:200]
        raise InputError(f"{echo(name)} is {dtype} {shown or 'scalar'}, but {end - begin} bytes long")
    return Tensor(name, dtype, tuple(shape), start + begin, start + end)


def _of_whole(value: Any) -> bool:
    return isinstance(value, list) and all(type(part) is int for part in value)


def _covered(found: Sequence[Tensor], start: int, size: int) -> None:
    """Refuse holes, overlaps, and bytes that belong to no tensor."""
    at = start
    for tensor in found:
        if tensor.begin != at:
            what = "a hole before" if tensor.begin > at else "an overlap at"
            raise InputError(f"there is {what} {echo(tensor.name)}")
        at = tensor.end
    if at > size:
        raise InputError(f"truncated: {size - start} of {at - start} bytes")
    if at < size:
        raise InputError(f"{size - at} bytes follow the last tensor")


def _chosen(found: Sequence[Tensor], name: str | None) -> Tensor:
    """Choose a tensor by name, or say which there are."""
    if name is None and len(found) == 1:
        return found[0]
    match = next((tensor for tensor in found if tensor.name == name), None)
    if match is not None:
        return match
    there = ", ".join(map(str, found[:SHOWN])) or "none"
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    why = f"holds {len(found)} tensors" if name is None else f"has no tensor {echo(name)}"
    raise InputError(f"{why}; its tensors are {there}{more}", hint=_nearest(found, name))


def _nearest(found: Sequence[Tensor], name: str | None) -> str:
    names = [tensor.name for tensor in found[:1000]]  # it takes its time
    ending = [known for known in names if name and known.endswith(f".{name}")]
    near = ending or alike((name or "")[:200], names)
    return f"did you mean {echo(near[0])}?" if near else "write FILE:NAME"
