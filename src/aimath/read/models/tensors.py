"""All tensors of a .safetensors at once, as they are stored, with the texts of its metadata."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from aimath.errors import InputError
from aimath.read._sources import open_source, sniff_format
from aimath.read.binary._safetensors import NUMPY_DTYPES, read_header
from aimath.read.blocks import check_budget
from aimath.text import quote

if TYPE_CHECKING:
    from aimath.core.numerics.types import FloatArray
    from aimath.read._stream import Stream
    from aimath.read.binary._safetensors import TensorInfo

CHECKPOINT = "aimath"
"""The one entry of the metadata of what aimath trained: of several the order would be another each time."""
OPTIMIZER = "optimizer."
"""Names of what its optimizer remembers begin so: no weights of the model."""
KINDS = ("<f8", "<f4", "<f2", "<i8")


def read_tensors(path: str, limit: int | None = None) -> tuple[dict[str, FloatArray], dict[str, str]]:
    """Return each tensor of a file by name, as it is stored (F64, F32, F16, I64), and the metadata.

    Its sizes are held against the file's own and against the memory limit before anything is read.
    """
    with open_source(path) as stream:
        sniff_format(stream, "safetensors")
        found, metadata = read_header(stream)
        check_budget(sum(one.end - one.begin for one in found), "its tensors", limit)
        return {one.name: _read_tensor(stream, one) for one in found}, metadata


def _read_tensor(stream: Stream, tensor: TensorInfo) -> FloatArray:
    import numpy as np

    code = NUMPY_DTYPES.get(tensor.dtype, "")
    if code not in KINDS:
        raise InputError(f"{quote(tensor.name)} is {tensor.dtype}, and F64, F32, F16 or I64 is wanted")
    values = np.empty(prod(tensor.shape), np.dtype(code))
    stream.seek(tensor.begin)
    if values.size and stream.read_into(values.view(np.uint8).data) < values.nbytes:
        raise InputError(f"truncated within {quote(tensor.name)}")
    if not np.isfinite(values).all():
        raise InputError(f"{quote(tensor.name)} holds what is no number")
    return values.reshape(tensor.shape)
