"""Formats of few bits a weight: what is left of numbers that are stored in one and read again.

Each is what its library does to float32, to the last bit: q8_0, q4_0 and mxfp4 of gguf-py, nf4 of
bitsandbytes, fp8_e4m3 of ml_dtypes (float8_e4m3fn), and int8 by the largest of each row.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.errors import InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from aimath.core.numerics.types import Array

    Floats = NDArray[np.float32]

NF4_VALUES = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
    1.0,
)  # fmt: skip
"""Quantiles of a normal distribution, of which one is 0. Dettmers et al. (2023)."""
MXFP4_VALUES = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)
"""Twice the values of e2m1. OCP Microscaling Formats (2023)."""
GGUF_BLOCK, NF4_BLOCK = 32, 64
"""Weights that share a scale."""
E4M3_MAX = 448.0


def _into_q8_0(x: Floats, _: float) -> Floats:
    blocks = x.reshape(-1, GGUF_BLOCK)
    scale = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    codes = blocks * _inverse(scale)
    whole = np.floor(np.abs(codes))
    codes = np.sign(codes) * (whole + np.floor(2 * (np.abs(codes) - whole)))  # halves away from 0
    return np.asarray((codes * _half(scale)).reshape(x.shape))


def _into_q4_0(x: Floats, _: float) -> Floats:
    blocks = x.reshape(-1, GGUF_BLOCK)
    first = np.abs(blocks).argmax(axis=1, keepdims=True)
    scale = np.take_along_axis(blocks, first, axis=1) / np.float32(-8)
    codes = np.clip(np.trunc(blocks * _inverse(scale) + np.float32(8.5)), 0, 15) - np.float32(8)
    return np.asarray((codes * _half(scale)).reshape(x.shape))


def _into_mxfp4(x: Floats, _: float) -> Floats:
    blocks = x.reshape(-1, GGUF_BLOCK)
    largest = np.abs(blocks).max(axis=1, keepdims=True)
    power = np.floor(np.log2(np.where(largest > 0, largest, 1))) - 3
    scale = np.where(largest > 0, np.ldexp(np.float32(1), np.maximum(power, -128).astype(np.int32)), 0)
    values = np.array(MXFP4_VALUES, np.float32)
    least = np.full(blocks.shape, np.inf, np.float32)
    best = np.zeros(blocks.shape, np.float32)
    for value in (*values, *-values[1:]):  # the first of the nearest
        error = np.abs(scale * value - blocks)
        nearer = error < least
        least[nearer] = error[nearer]
        best[nearer] = np.broadcast_to(scale * value, blocks.shape)[nearer]
    return best.reshape(x.shape)


def _into_nf4(x: Floats, _: float) -> Floats:
    flat = x.reshape(-1)
    edges = range(0, flat.size, NF4_BLOCK)
    scale = np.maximum.reduceat(np.abs(flat), edges)  # of the last block too, which may be shorter
    each = np.repeat(scale, NF4_BLOCK)[: flat.size]
    values = np.array(NF4_VALUES, np.float32)
    middles = (values[1:] + values[:-1]) / np.float32(2)
    codes = np.searchsorted(middles, flat * _inverse(each), side="left")
    return np.asarray((values[codes] * each).reshape(x.shape))


def _into_int8(x: Floats, _: float) -> Floats:
    scale = np.abs(x).max(axis=-1, keepdims=True) / np.float32(127)
    return np.asarray(np.rint(x * _inverse(scale)) * scale)


def _into_fp8_e4m3(x: Floats, largest: float) -> Floats:
    scale = np.float32(largest) / np.float32(E4M3_MAX)
    return np.asarray(round_to_e4m3(x * _inverse(scale)) * scale)


def round_to_e4m3(x: Floats) -> Floats:
    """Return the nearest numbers of 4 bits of exponent and 3 of mantissa, ties to even; 448 is the largest.

    >>> round_to_e4m3(np.array([17.0, 1000.0, -0.001], np.float32)).tolist()
    [16.0, 448.0, -0.001953125]
    """
    exponent = np.frexp(x)[1] - 1
    grid = np.ldexp(np.float32(1), np.maximum(exponent, -6) - 3)
    return np.asarray(np.clip(np.rint(x / grid) * grid, -E4M3_MAX, E4M3_MAX).astype(np.float32))


def _inverse(scale: Any) -> Any:
    return np.where(scale == 0, 0, np.float32(1) / np.where(scale == 0, 1, scale)).astype(np.float32)


def _half(scale: NDArray[Any]) -> Floats:
    """Return scales as they are stored, in float16."""
    return scale.astype(np.float16).astype(np.float32)


_ROUND: dict[str, Callable[[Floats, float], Floats]] = {
    "q8_0": _into_q8_0,
    "q4_0": _into_q4_0,
    "int8": _into_int8,
    "nf4": _into_nf4,
    "fp8_e4m3": _into_fp8_e4m3,
    "mxfp4": _into_mxfp4,
}
FORMATS = tuple(_ROUND)
"""The formats that are known."""


def check_formats(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of formats without repeats, or raise InputError at one that isn't known."""
    for name in names:
        if name not in FORMATS:
            hint = suggest(name, FORMATS, f"known are {', '.join(FORMATS)}")
            raise InputError(
                f"{name!r} is no format that is known", hint=hint, operand="quantize", usage=True
            )
    return tuple(dict.fromkeys(names))


def fits(form: str, shape: Sequence[int]) -> bool:
    """Return whether blocks of a format divide the last axis."""
    return form not in ("q8_0", "q4_0", "mxfp4") or (len(shape) > 0 and shape[-1] % GGUF_BLOCK == 0)


def bits_stored(form: str, shape: Sequence[int]) -> int:
    """Return the bits of a tensor in a format with its scales.

    >>> bits_stored("q4_0", (2, 64)) / 128, bits_stored("int8", (2, 64)) / 128
    (4.5, 8.5)
    """
    count = prod(shape)
    if form in ("q8_0", "q4_0", "mxfp4"):
        return count // GGUF_BLOCK * {"q8_0": 272, "q4_0": 144, "mxfp4": 136}[form]
    scales = {"int8": count // (shape[-1] if shape else 1), "nf4": -(-count // NF4_BLOCK), "fp8_e4m3": 1}
    return count * (4 if form == "nf4" else 8) + 32 * scales[form]


def requantize(block: Array, form: str, largest: float) -> Array:
    """Return rows (r, n) as they come back from a format, whose scale `largest`, of the tensor, may set.

    >>> requantize(np.array([[127.0, 1.2]]), "int8", 127.0).tolist()
    [[127.0, 1.0]]
    """
    with np.errstate(all="ignore"):  # beyond float32 or float16 there is infinity
        return _ROUND[form](block.astype(np.float32), largest).astype(np.float64)
