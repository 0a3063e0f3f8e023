"""Tensors of a .safetensors that stay in the file, which is mapped: they become numbers when they are used.

What is stored as it is computed with is an array of the file's own pages; any other type is converted each
time, a matrix or some of its rows, so that no more of a model is held than one of its parts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.read._sources import open_source, sniff_format
from aimath.read.binary._safetensors import NUMPY_DTYPES, read_header
from aimath.read.models.weight_files import small_type
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike

    from aimath.core.numerics.types import FloatArray
    from aimath.read.binary._safetensors import TensorInfo

WIDE = ("F64", "F32", "F16", "BF16")


class MappedTensor(NamedTuple):
    """A tensor in a mapped file, by its name."""

    name: str
    dtype: str  # as the file calls it
    shape: tuple[int, ...]
    stored: FloatArray  # in the file's type; BF16 as whole numbers of 16 bits
    remark: str = ""  # why it can't be read

    def numbers(self, dtype: DTypeLike) -> FloatArray | ConvertedTensor:
        """Return it in float32 or float64: the file's own pages, where that is its type."""
        import numpy as np

        if self.remark:
            raise InputError(f"{quote(self.name)}: {self.remark}")
        if self.stored.dtype == dtype:
            return self.stored
        return ConvertedTensor(self.stored, np.dtype(dtype), _bfloat16 if self.dtype == "BF16" else _plain)


class ConvertedTensor:
    """A tensor whose numbers are converted when they are asked for: all by `np.asarray`, or rows of it."""

    def __init__(
        self, stored: FloatArray, dtype: Any, convert: Callable[[FloatArray, Any], FloatArray]
    ) -> None:
        self.stored, self.dtype, self.shape, self._convert = stored, dtype, stored.shape, convert

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.stored)

    def __getitem__(self, rows: Any) -> FloatArray:
        """Return some rows as numbers."""
        return self._convert(self.stored[rows], self.dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> FloatArray:
        """Return all of it as numbers."""
        del copy  # it always is one
        whole = self._convert(self.stored, self.dtype)
        return whole if dtype is None else whole.astype(dtype)

    def view(self, change: Callable[[FloatArray], FloatArray]) -> ConvertedTensor:
        """Return a part of it, or it turned: a change of the array that copies nothing."""
        return ConvertedTensor(change(self.stored), self.dtype, self._convert)


def _plain(stored: FloatArray, dtype: Any) -> FloatArray:
    import numpy as np

    with np.errstate(over="ignore"):  # what is infinite then is found in the answer
        return stored.astype(dtype)


def _bfloat16(stored: FloatArray, dtype: Any) -> FloatArray:
    """Return the numbers whose upper halves in float32 are given."""
    import numpy as np

    whole = stored.astype(np.uint32)
    whole <<= 16
    return whole.view(np.float32).astype(dtype, copy=False)


def map_tensors(path: str) -> list[MappedTensor]:
    """Return the tensors of a .safetensors, whose header is held against its size before it is mapped."""
    import numpy as np

    with open_source(path) as stream:
        sniff_format(stream, "safetensors")
        listed, _ = read_header(stream, unknown=True)
        if not listed:
            raise InputError("it holds no tensors")
        try:
            pages = np.asarray(np.memmap(stream.raw, np.uint8, "r"))
        except (OSError, ValueError) as error:
            raise InputError(f"it can't be mapped: {getattr(error, 'strerror', None) or error}") from None
        return [_map_tensor(pages, one) for one in listed]


def _map_tensor(pages: Any, info: TensorInfo) -> MappedTensor:
    code: Any = NUMPY_DTYPES.get(info.dtype)
    remark = ""
    if info.dtype == "BF16":
        code = "<u2"
    elif info.dtype not in WIDE:
        code, remark = (
            small_type(info.dtype)
            if info.dtype.startswith("F8")
            else (None, f"{quote(info.dtype)} is no type of weights")
        )
    raw = pages[info.begin : info.end]
    stored = raw if remark or code is None else raw.view(code).reshape(info.shape)
    return MappedTensor(info.name, info.dtype, info.shape, stored, remark)
