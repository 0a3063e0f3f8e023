"""A strict reader of .safetensors.

8 bytes give the length of a JSON header, the header gives each tensor's dtype, shape and place, and
the places cover the rest of the file without a hole or an overlap. The reference reader takes a name
given twice, which its README forbids; this one doesn't.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError, closest
from aimath.read.binary._elements import BF16, StoredArray, read_exactly, read_rows
from aimath.read.text._json import reject_duplicates
from aimath.text import first_of, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.read._stream import Stream
    from aimath.read.blocks import BlockIterator
    from aimath.read.text._rows import RowParser

MAX_HEADER_BYTES = 10_000_000
MAX_AXES = 32  # the product of a million extents would take minutes
NUMPY_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": BF16,
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_BITS = {dtype: 8 * StoredArray(code, ()).itemsize for dtype, code in NUMPY_DTYPES.items()} | {
    "C64": 64, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip


class TensorInfo(NamedTuple):
    """The name, dtype, shape and byte range of one tensor of a file."""

    name: str
    dtype: str  # as its file calls it: "BF16" in .safetensors, "<f4" in .npy
    shape: tuple[int, ...]
    begin: int = 0  # bytes from the start of the file
    end: int = 0

    def __str__(self) -> str:
        """Return it as a line of a listing: 'query.weight' F32 768x768."""
        return f"{quote(self.name)} {self.dtype} {'x'.join(map(str, self.shape))[:24] or 'scalar'}"


def read_safetensors(stream: Stream, parser: RowParser, name: str | None) -> BlockIterator:
    """Yield the rows of one tensor; FILE:NAME chooses among several."""
    yield from read_rows(stream, seek_tensor(stream, name), parser)


def seek_tensor(stream: Stream, name: str | None) -> StoredArray:
    """Seek to a tensor and return how it is stored."""
    tensor = _select_tensor(list_tensors(stream), name)
    dtype = NUMPY_DTYPES.get(tensor.dtype)
    if dtype is None:
        why = f"the dtype {quote(tensor.dtype)} of {quote(tensor.name)} is not read"
        raise InputError(why, hint=f"convert it to one of {' '.join(NUMPY_DTYPES)}")
    if 0 in tensor.shape:
        raise InputError(f"{tensor} is empty")
    stream.seek(tensor.begin)
    return StoredArray(dtype, tensor.shape)


def list_tensors(stream: Stream, *, unknown: bool = False) -> list[TensorInfo]:
    """Return every tensor of the checked header, in file order; of an `unknown` dtype too, if asked for."""
    return read_header(stream, unknown=unknown)[0]


def read_header(stream: Stream, *, unknown: bool = False) -> tuple[list[TensorInfo], dict[str, str]]:
    """Return what `list_tensors` does, and the texts of the metadata."""
    if stream.size is None:
        raise InputError("a .safetensors must be a file, not a pipe or compressed")
    length = int.from_bytes(read_exactly(stream, 8), "little")
    left = stream.size - 8
    if length > min(MAX_HEADER_BYTES, left):
        bound = f"the limit is {MAX_HEADER_BYTES}" if length > MAX_HEADER_BYTES else f"{left} follow"
        raise InputError(f"its header claims {length} bytes; {bound}")
    header = _parse_header(read_exactly(stream, length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise InputError("its __metadata__ is not a map of texts")
    found = [_parse_entry(name, entry, 8 + length) for name, entry in header.items()]
    found.sort(key=lambda tensor: (tensor.begin, tensor.end))
    _check_coverage(found, 8 + length, stream.size)
    for tensor in found:
        if not (unknown and tensor.dtype not in _BITS):
            _check_size(tensor)
    return found, metadata


def _parse_header(raw: bytes) -> dict[str, Any]:
    import json  # noqa: PLC0415  orjson keeps the last of two equal keys and doesn't tell

    if not raw.startswith(b"{"):
        raise InputError("not a .safetensors file: its header does not begin with {")
    try:
        header: dict[str, Any] = json.loads(
            raw.decode(),
            object_pairs_hook=reject_duplicates,
            parse_int=_parse_integer,
            parse_float=_parse_integer,
            parse_constant=_parse_integer,
        )
    except UnicodeDecodeError:
        raise InputError("its header is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise InputError(f"its header is not JSON: {error.msg.lower()} at byte {error.pos + 9}") from None
    except RecursionError:
        raise InputError("its header is nested too deeply") from None
    return header


def _parse_integer(text: str) -> int:
    if not re.fullmatch("0|[1-9][0-9]{0,17}", text):
        raise InputError(f"its header holds the number {quote(text)}")
    return int(text)


def _parse_entry(name: str, entry: Any, start: int) -> TensorInfo:
    """Return one entry of the header, checked; `start` is the offset of the data."""
    bad = InputError(f"the entry of {quote(name)} is not dtype, shape and data_offsets")
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise bad
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if (
        not isinstance(dtype, str)
        or not _is_int_list(shape)
        or not _is_int_list(offsets)
        or len(offsets) != 2
    ):
        raise bad
    begin, end = offsets
    if len(shape) > MAX_AXES or begin > end:
        raise InputError(f"{quote(name)} has {len(shape)} axes and lies from {begin} to {end}")
    return TensorInfo(name, dtype, tuple(shape), start + begin, start + end)


def _check_size(tensor: TensorInfo) -> None:
    """Raise InputError if a tensor is not as long as its shape says."""
    name, dtype, shape, begin, end = tensor
    bits = _BITS.get(dtype)
    if bits is None:
        raise InputError(f"{quote(name)} has the dtype {quote(dtype)}, which the format does not know")
    if bits * prod(shape) != 8 * (end - begin):
        shown = "x".join(map(str, shape))[:200]
        raise InputError(f"{quote(name)} is {dtype} {shown or 'scalar'}, but {end - begin} bytes long")


def _is_int_list(value: Any) -> bool:
    return isinstance(value, list) and all(type(part) is int for part in value)


def _check_coverage(tensors: Sequence[TensorInfo], start: int, size: int) -> None:
    """Raise InputError on holes, overlaps and trailing bytes."""
    at = start
    for tensor in tensors:
        if tensor.begin != at:
            what = "a hole before" if tensor.begin > at else "an overlap at"
            raise InputError(f"there is {what} {quote(tensor.name)}")
        at = tensor.end
    if at > size:
        raise InputError(f"truncated: {size - start} of {at - start} bytes")
    if at < size:
        raise InputError(f"{size - at} bytes follow the last tensor")


def _select_tensor(tensors: Sequence[TensorInfo], name: str | None) -> TensorInfo:
    if name is None and len(tensors) == 1:
        return tensors[0]
    match = next((tensor for tensor in tensors if tensor.name == name), None)
    if match is not None:
        return match
    there = first_of([str(one) for one in tensors]) or "none"
    why = f"holds {len(tensors)} tensors" if name is None else f"has no tensor {quote(name)}"
    raise InputError(f"{why}; its tensors are {there}", hint=_suggest_tensor(tensors, name))


def _suggest_tensor(tensors: Sequence[TensorInfo], name: str | None) -> str:
    names = [tensor.name for tensor in tensors[:1000]]  # it takes its time
    ending = [known for known in names if name and known.endswith(f".{name}")]
    near = ending or closest((name or "")[:200], names)
    return f"did you mean {quote(near[0])}?" if near else "write FILE:NAME"
