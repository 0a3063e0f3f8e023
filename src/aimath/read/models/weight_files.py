"""The tensors of a model: of a file, or of the files of a folder, read one after the other.

A folder has model.safetensors, the shards that an index lists, or .safetensors that share no name. What
a file says is held against its size before anything is read, names of shards are names in that folder,
and pickles are not opened.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from aimath.errors import InputError, pluralize
from aimath.read._foreign import conversion_hint
from aimath.read._sources import open_source, sniff_format
from aimath.read.binary import _npy as arrays, _safetensors as safetensors
from aimath.read.binary._elements import StoredArray, read_elements
from aimath.read.blocks import check_budget, file_suffix, has_known_suffix, split_archive_path
from aimath.read.models.tensors import CHECKPOINT, OPTIMIZER
from aimath.read.text._json import loads
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.core.nn import TensorSource
    from aimath.core.numerics.types import Array
    from aimath.read._stream import Stream
    from aimath.read.binary._safetensors import TensorInfo

SUFFIXES = (".safetensors", ".npz", ".npy", ".gguf")
INDEX = "model.safetensors.index.json"
MAX_INDEX_BYTES = 64 << 20
MAX_FILES = 10_000
_SHARD = re.compile(r"[^/\\\0]{1,255}\.safetensors")
_SMALL_TYPES = {
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz", "F4": "float4_e2m1fn",
}  # fmt: skip
"""What ml_dtypes calls the types of a .safetensors that numpy doesn't have."""
EXTRA = "pip install 'aimath[weights]'"


class HasName(Protocol):
    """A tensor of any kind."""

    @property
    def name(self) -> str:
        """What its file calls it."""


Named = TypeVar("Named", bound=HasName)


class WeightFiles(NamedTuple):
    """The tensors of a model, in the order of its files, and what is to be said of these."""

    tensors: tuple[TensorSource, ...]
    notes: tuple[str, ...] = ()
    path: str = ""  # as it was given


def has_weights(path: str) -> bool:
    """Return whether a path is a folder or has the suffix of a file of tensors, alone or with a name."""
    path = path.removeprefix("@")
    return os.path.isdir(path) or file_suffix(split_archive_path(path)[0]) in SUFFIXES  # noqa: PTH112


def read_weights(path: str, limit: int | None = None) -> WeightFiles:
    """Return the tensors of a file, of FILE:NAME or of a folder, whose headers alone are read.

    Any other matrix, as a table or randn:64x64, is one tensor.
    """
    return _read_weights(path, limit)._replace(path=path)


def _read_weights(path: str, limit: int | None) -> WeightFiles:
    if not has_weights(path):
        return WeightFiles((_matrix_source(path, limit),))
    path = path.removeprefix("@")
    if os.path.isdir(path):  # noqa: PTH112  2 ms for pathlib
        found, notes = read_folder(path.rstrip("/") or "/", lambda file: _read_file(file, limit))
        return WeightFiles(tuple(found), notes)
    file, name = split_archive_path(path)
    found = _read_file(file, limit)
    if name is None:
        return WeightFiles(tuple(found))
    chosen = tuple(one._replace(listed=False) for one in found if one.name == name)
    if not chosen:
        names = ", ".join(quote(one.name) for one in found[:8])
        raise InputError(f"has no tensor {quote(name)}; its tensors are {names}").within(display_path(file))
    return WeightFiles(chosen)


def _matrix_source(token: str, limit: int | None) -> TensorSource:
    from aimath.core.nn import TensorSource, rows_in_block
    from aimath.read.blocks import ReadOptions  # noqa: PLC0415  only for what is no file of tensors
    from aimath.read.operands import open_matrix  # noqa: PLC0415  the same

    try:
        matrix = open_matrix([token], "W", {}, None, ReadOptions(max_memory=limit))
    except InputError as error:
        if error.usage:  # it was read as numbers, and is none
            refuse_unknown(token)
        raise

    def blocks() -> Iterator[Array]:
        whole, step = matrix.to_array(limit), rows_in_block(matrix.shape)
        return (whole[k : k + step] for k in range(0, len(whole), step))

    return TensorSource(token.removeprefix("@"), matrix.shape, "float64", blocks, listed=False)


def refuse_unknown(path: str) -> None:
    """Raise InputError about the name of a file that isn't there, or whose suffix isn't known."""
    path = path.removeprefix("@")
    if re.search(r"[\s;,:]", path):
        return  # numbers, or a matrix by its recipe
    hint = conversion_hint(path) or f"weights come as {', '.join(sorted(SUFFIXES))}, or the folder of a model"
    if not os.path.lexists(path):
        raise InputError("No such file or directory", hint=hint).within(f"cannot read '{display_path(path)}'")
    if os.path.isfile(path) and not has_known_suffix(path):  # noqa: PTH113  2 ms for pathlib
        raise InputError(f"the suffix of '{display_path(path)}' is not known", hint=hint, usage=True)


def _read_file(path: str, limit: int | None) -> list[TensorSource]:
    suffix = file_suffix(path)
    with open_source(path) as stream:
        if suffix == ".gguf":
            return _gguf_tensors(path, stream, limit)
        sniff_format(stream, suffix[1:])
        signature = _signature(stream)
        if suffix == ".safetensors":
            listed, metadata = safetensors.read_header(stream, unknown=True)
            if CHECKPOINT in metadata:
                listed = [one for one in listed if not one.name.startswith(OPTIMIZER)]
            return [_safetensors_source(path, one, signature, limit) for one in listed]
        if suffix == ".npz":
            members = arrays.inspect_members(stream)
            return [_array_source(path, name, one, signature, limit) for name, one in members]
        stem = path.rpartition("/")[2][: -len(suffix)]
        one = _array_source(path, stem, arrays.read_header(stream), signature, limit, whole=True)
        return [one._replace(listed=False)]


def _signature(stream: Stream) -> tuple[int, ...]:
    if stream.size is None:
        raise InputError("weights are read more than once: give a file, not a pipe")
    return stream.signature()


@contextmanager
def _reopen(path: str, signature: tuple[int, ...]) -> Iterator[Stream]:
    with open_source(path) as stream:
        if _signature(stream) != signature:
            raise InputError("it was changed while it was read")
        yield stream


def _source(name: str, shape: Sequence[int], dtype: str, read: Any, remark: str = "") -> TensorSource:
    from aimath.core.nn import TensorSource

    if remark:
        return TensorSource(name, tuple(shape), dtype, remark=remark)
    return TensorSource(name, tuple(shape), dtype, read)


def _safetensors_source(
    path: str, info: TensorInfo, signature: tuple[int, ...], limit: int | None
) -> TensorSource:
    code = safetensors.NUMPY_DTYPES.get(info.dtype)
    if code is None:
        decode, remark = _small_decoder(info.dtype)
    else:
        decode, remark = None, ""

    def blocks() -> Iterator[Array]:
        with _reopen(path, signature) as stream:
            stream.seek(info.begin)
            stored = StoredArray(code or "|u1", info.shape)
            for rows, width in _row_blocks(info.shape, info.name, limit):
                if decode is None:
                    flat, _ = read_elements(stream, rows * width, stored)
                else:
                    flat = decode(stream, rows * width)
                yield flat.reshape(rows, width)

    return _source(info.name, info.shape, info.dtype, blocks, remark)


def _row_blocks(shape: tuple[int, ...], name: str, limit: int | None) -> Iterator[tuple[int, int]]:
    """Yield how many rows of the last axis each block has, and how long they are."""
    from aimath.core.nn import rows_in_block

    width = shape[-1] if shape else 1
    total, step = prod(shape[:-1]), rows_in_block(shape)
    check_budget(16 * min(total, step) * width, f"a block of {quote(name)}", limit)
    for first in range(0, total, step):
        yield min(step, total - first), width


def small_type(dtype: str) -> tuple[Any, str]:
    """Return numpy's dtype of a type of 8 or 4 bits, or why there is none."""
    name = _SMALL_TYPES.get(dtype)
    if name is None:
        return None, f"the dtype {quote(dtype)} is not read"
    try:
        import ml_dtypes  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  an extra
    except ImportError:
        return None, f"the dtype {dtype} needs ml_dtypes: {EXTRA}"
    kind = getattr(ml_dtypes, name, None)
    return kind, "" if kind is not None else f"the dtype {dtype} needs a newer ml_dtypes: {EXTRA}"


def _small_decoder(dtype: str) -> tuple[Callable[[Stream, int], Array] | None, str]:
    """Return what reads numbers of a type of 8 or 4 bits as float64, or why nothing does."""
    kind, remark = small_type(dtype)
    if kind is None:
        return None, remark

    def decode(stream: Stream, count: int) -> Array:
        import numpy as np

        raw = np.empty(count if dtype != "F4" else -(-count // 2), np.uint8)
        if stream.read_into(raw.data) < raw.nbytes:
            raise InputError("truncated within a tensor")
        if dtype == "F4":  # two in a byte, the first in its lower half
            raw = np.stack((raw & 15, raw >> 4), axis=1).reshape(-1)[:count]
        return np.asarray(raw.view(kind), np.float64)

    return decode, ""


def _array_source(
    path: str,
    name: str,
    stored: StoredArray | arrays.UnreadArrayError,
    signature: tuple[int, ...],
    limit: int | None,
    *,
    whole: bool = False,
) -> TensorSource:
    """Return an array of an .npz, or the one of an .npy, as a tensor."""
    import numpy as np

    if isinstance(stored, arrays.UnreadArrayError):
        return _source(name, (0,), "unknown", None, stored.kind)
    known = stored

    @contextmanager
    def opened() -> Iterator[Stream]:
        with _reopen(path, signature) as stream:
            if whole:
                yield stream
            else:
                with arrays.open_member(stream, name) as inner:
                    yield inner

    def blocks() -> Iterator[Array]:
        from aimath.core.nn import rows_in_block

        with opened() as stream:
            arrays.read_header(stream)
            if known.fortran_order and len(known.shape) > 1:
                check_budget(16 * known.size, f"{quote(name)}, an array in Fortran order,", limit)
                flat, _ = read_elements(stream, known.size, known)
                rows = flat.reshape(known.shape, order="F").reshape(-1, known.shape[-1])
                step = rows_in_block(known.shape)
                yield from (rows[k : k + step] for k in range(0, len(rows), step))
                return
            for rows_now, width in _row_blocks(known.shape, name, limit):
                flat, _ = read_elements(stream, rows_now * width, known)
                yield flat.reshape(rows_now, width)

    return _source(name, known.shape, np.dtype(known.dtype).name, blocks)


def read_folder(path: str, read: Callable[[str], Sequence[Named]]) -> tuple[list[Named], tuple[str, ...]]:
    """Return the tensors of a folder, as `read` gives those of each of its files, and what is to be said."""
    try:
        files = sorted(entry for entry in os.listdir(path) if not entry.startswith("."))  # noqa: PTH208
    except OSError as error:
        raise InputError(error.strerror or "not a folder").within(
            f"cannot read '{display_path(path)}'"
        ) from None
    if INDEX in files:
        return _read_shards(path, read)
    shards = [name for name in files if file_suffix(name) == ".safetensors"]
    shards = ["model.safetensors"] if "model.safetensors" in shards else shards
    if not shards or len(shards) > MAX_FILES:
        hint = next(
            filter(None, (conversion_hint(f"{path}/{name}") for name in files)), "give a file of weights"
        )
        raise InputError("holds no .safetensors", hint=hint).within(display_path(path))
    found: dict[str, Named] = {}
    for name in shards:
        for one in read(_shard_path(path, name)):
            if one.name in found:
                hint = f"give one of the files: {', '.join(map(quote, shards[:8]))}"
                raise InputError(f"two of its files hold {quote(one.name)}", hint=hint).within(
                    display_path(path)
                )
            found[one.name] = one
    return list(found.values()), ()


def _read_shards(path: str, read: Callable[[str], Sequence[Named]]) -> tuple[list[Named], tuple[str, ...]]:
    """Return the tensors that an index lists, each of the shard that it names."""
    where = _read_index(_shard_path(path, INDEX))
    found: dict[str, Named] = {}
    extra = 0
    for shard in dict.fromkeys(where.values()):
        for one in read(_shard_path(path, shard)):
            if where.get(one.name) == shard:
                found[one.name] = one
            else:
                extra += 1
    lost = next((name for name in where if name not in found), None)
    if lost is not None:
        raise InputError(f"{quote(lost)} is not in {quote(where[lost])}, where its index says").within(
            display_path(path)
        )
    said = f"{pluralize(extra, 'tensor')} of the shards that the index doesn't list"
    return list(found.values()), (said,) if extra else ()


def _read_index(path: str) -> Mapping[str, str]:
    with open_source(path) as stream:
        if (stream.size or 0) > MAX_INDEX_BYTES:
            raise InputError(f"is larger than {MAX_INDEX_BYTES >> 20} MiB")
        data = stream.read_all(MAX_INDEX_BYTES)
        if len(data) > MAX_INDEX_BYTES:
            raise InputError(f"is larger than {MAX_INDEX_BYTES >> 20} MiB")
        whole = loads(data)
        where = whole.get("weight_map") if isinstance(whole, dict) else None
        if not isinstance(where, dict) or not where:
            raise InputError("holds no weight_map of tensors and files")
        for name, shard in where.items():
            if not isinstance(shard, str) or not _SHARD.fullmatch(shard) or shard.startswith("."):
                shown = quote(shard) if isinstance(shard, str) else "no text"
                raise InputError(f"{quote(name)} is said to be in {shown}, which is no file of this folder")
        if len(set(where.values())) > MAX_FILES:
            raise InputError(f"names more than {MAX_FILES} files")
        return where


def _shard_path(path: str, name: str) -> str:
    """Return the path of a file of a folder, or raise InputError if it is a link out of it.

    In the cache of the Hugging Face hub the files of models--NAME/snapshots/REVISION are links into
    models--NAME/blobs, and into no other model's.
    """
    file = f"{path}/{name}"
    home, real = os.path.realpath(path), os.path.realpath(file)
    snapshots, model = os.path.dirname(home), os.path.dirname(os.path.dirname(home))  # noqa: PTH120
    allowed = [home]
    if os.path.basename(snapshots) == "snapshots" and os.path.basename(model).startswith("models--"):  # noqa: PTH119
        allowed.append(f"{model}/blobs")
    if os.path.dirname(real) not in allowed:  # noqa: PTH120
        raise InputError(f"{quote(name)} is a link out of the folder").within(display_path(path))
    return file


def _gguf_tensors(path: str, stream: Stream, limit: int | None) -> list[TensorSource]:
    """Return the tensors of a .gguf by gguf-py, which is an extra."""
    size = stream.size or 0
    head = stream.read_all(24)[:24]
    if head[:4] != b"GGUF" or len(head) < 24:
        raise InputError("not a .gguf file")
    tensors, keys = (int.from_bytes(head[k : k + 8], "little") for k in (8, 16))
    if 32 * tensors + 13 * keys > size:
        raise InputError(f"its header claims {tensors} tensors and {keys} keys in {size} bytes")
    try:
        import gguf  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  an extra
    except ImportError:
        raise InputError("a .gguf is read by the package gguf", hint=EXTRA) from None
    try:
        found = gguf.GGUFReader(path).tensors
        listed = [(str(t.name), tuple(map(int, reversed(t.shape))), t.tensor_type, t.data) for t in found]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  of a broken file it raises what comes
        raise InputError(f"a broken .gguf: {type(error).__name__}") from None
    return [_gguf_source(path, gguf, *one, limit) for one in listed]


def _gguf_source(
    path: str, gguf: Any, name: str, shape: tuple[int, ...], kind: Any, data: Any, limit: int | None
) -> TensorSource:
    import numpy as np

    plain = data.dtype.kind == "f" or (data.dtype.kind == "i" and kind.name.startswith("I"))

    def blocks() -> Iterator[Array]:
        rows, at = data.reshape(-1, data.shape[-1]), 0
        for count, width in _row_blocks(shape, name, limit):
            part = rows[at : at + count]
            at += count
            try:
                values = part if plain else gguf.dequantize(part, kind)
            except Exception as error:  # noqa: BLE001  the same
                why = f"{quote(name)} of type {kind.name} can't be read: {type(error).__name__}"
                raise InputError(why).within(display_path(path)) from None
            yield np.asarray(values, np.float64).reshape(count, width)

    known = plain or kind.name == "BF16" or kind in getattr(gguf.quants, "_type_traits", {})
    return _source(name, shape, kind.name, blocks, "" if known else f"the type {kind.name} is not read")
