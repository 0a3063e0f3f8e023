"""Arrays as the formulas want them: float64, checked, with sums that keep their digits.

Every function of the core works on the last axis and takes any number of axes before it, so a
batch of rows is answered by the same operations as a single vector, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


Array = np.ndarray[Any, np.dtype[np.float64]]
Real = np.ndarray[Any, np.dtype[Any]]  # of float64 or float32
Indices = np.ndarray[Any, np.dtype[np.intp]]

EPS = 2.0**-52
"""From 1 to the next float64."""

SUM_TOLERANCE = 1e-6
"""How far from 1 probabilities may sum: float32 softmax outputs do no better (torch's own bound)."""


class Check(NamedTuple):
    """An answer, and the same quantity reached by another route."""

    answer: Array  # (...)
    other: Array  # (...)
    size: Array | float = 1.0  # (...) of what was added up, where the answer may be less than its rounding

    @property
    def holds(self) -> Any:
        """Whether both agree to nine digits (of `size`, if that is larger), or are the same infinity.

        To five digits, if the answer is in float32.
        """
        scale = np.maximum(self.size, np.abs(self.answer))
        near = 1e-5 if np.asarray(self.answer).dtype == np.float32 else 1e-9
        with np.errstate(invalid="ignore"):
            return (self.answer == self.other) | (np.abs(self.answer - self.other) <= near * scale)


def blame(bad: NDArray[np.bool_], why: str, *, operand: str | None = None, hint: str = "") -> None:
    """Raise an InputError at the first True of `bad` (..., n); `{k}` in `why` is its place, from 1."""
    if not bad.any():
        return
    row, entry = divmod(int(np.argmax(bad)), bad.shape[-1])
    place = entry if "{k}" in why else None  # else the whole row is to blame
    raise InputError(why.format(k=entry + 1), row=row, entry=place, operand=operand, hint=hint)


def vectors(
    values: ArrayLike, word: str = "value", *, allow: tuple[float, ...] = (), operand: str | None = None
) -> Array:
    """Give `values` as float64 (..., n), n >= 1, without nan and without the infinities not in `allow`.

    `word` is what one entry is called in an error ("logit", "probability").

    >>> vectors([2, 1, 0.1])
    array([2. , 1. , 0.1])
    """
    array = floats(values, word, operand=operand)
    if not np.isfinite(array).all():
        blame(np.isnan(array), f"{word} {{k}} is nan", operand=operand)
        for bound in (np.inf, -np.inf):
            if bound not in allow:
                blame(array == bound, f"{word} {{k}} is {bound}", operand=operand)
    return array


def floats(values: ArrayLike, word: str = "value", *, operand: str | None = None) -> Array:
    """Give `values` as float64 (..., n), n >= 1, whatever their value: for who sees a nan in the result."""
    try:
        raw = np.asarray(values)
    except ValueError:
        raise InputError(f"rows of {plural(word)} differ in length", operand=operand) from None
    if raw.dtype.kind not in "iuf" and not (raw.dtype.kind == "O" and raw.size):
        kind = "nothing" if raw.size == 0 else str(raw.dtype)
        raise InputError(f"{plural(word)} must be real numbers, not {kind}", operand=operand)
    try:
        array = np.atleast_1d(raw).astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{plural(word)} must be real numbers within float64", operand=operand) from None
    if array.shape[-1] == 0:
        raise InputError(f"needs at least one {word}", operand=operand)
    return array


def plural(word: str) -> str:
    """Give the plural of a word for an entry: probability, probabilities."""
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def simplex(
    values: ArrayLike, word: str = "probability", *, normalize: bool = False, operand: str | None = None
) -> Array:
    """Give `values` as distributions along the last axis, used as given if they sum to 1 within 1e-6.

    With `normalize`, weights or counts are divided by their sum (by the largest first, so that
    1e308 and 1e308 are one half each).

    >>> simplex([1, 3], normalize=True)
    array([0.25, 0.75])
    """
    p = vectors(values, word, operand=operand)
    if (p < 0).any():
        blame(p < 0, f"{word} {{k}} is negative ({p[p < 0][0]:g})", operand=operand)
    if normalize:
        largest = p.max(axis=-1, keepdims=True)
        blame(largest == 0, f"{plural(word)} sum to 0", operand=operand)
        scaled = p / largest
        return np.asarray(scaled / row_sum(scaled)[..., np.newaxis])
    with np.errstate(over="ignore"):
        total = p.sum(axis=-1, keepdims=True)
    off = ~(np.abs(total - 1.0) <= SUM_TOLERANCE)
    if off.any():
        found = float(total[off][0])
        hint = "" if found == 0 else "use --normalize to divide by the sum"
        aim = "" if found == 0 else ", not 1"
        blame(off, f"{plural(word)} sum to {found:.10g}{aim}", operand=operand, hint=hint)
    return p


def positive(values: ArrayLike, word: str, *, operand: str | None = None) -> Array:
    """Give `values` as finite float64 above 0, or say which is not."""
    array = vectors(values, word, operand=operand)
    if (array <= 0).any():
        which = f"{word} {{k}}" if array.shape[-1] > 1 else word
        blame(array <= 0, f"{which} must be above 0, not {array[array <= 0][0]:g}", operand=operand)
    return array


def same_length(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Refuse two stacks of vectors whose last axes differ: nothing is broadcast along a vector."""
    if a.shape[-1] != b.shape[-1]:
        raise InputError(
            f"{names[0]} and {names[1]} have lengths {a.shape[-1]} and {b.shape[-1]}: they must be equal"
        )


def same_rows(a: Array, b: Array, names: tuple[str, str]) -> None:
    """Refuse two stacks of vectors of other lengths, or neither equally many nor one for all."""
    same_length(a, b, names)
    try:
        np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    except ValueError:
        counts = f"{names[0]} has {a[..., 0].size} rows and {names[1]} has {b[..., 0].size}"
        raise InputError(f"{counts}: give as many, or one for all") from None


def together(**operands: Array) -> list[Array]:
    """Give arrays of one shape, in which single numbers stand for every element.

    >>> together(x=np.array([1.0, 2.0]), mu=np.array(0.0))[1]
    array([0., 0.])
    """
    try:
        return [np.array(a) for a in np.broadcast_arrays(*operands.values())]
    except ValueError:
        shapes = ", ".join(f"{name} {'x'.join(map(str, a.shape))}" for name, a in operands.items())
        raise InputError(f"shapes differ: {shapes}") from None


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Give fl(a + b) and the exact rest (Knuth 1969): their unevaluated sum is a + b."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_prod(a: Array, b: Array) -> tuple[Array, Array]:
    """Give fl(a * b) and the exact rest (Dekker 1971), for |a|, |b| < 2^996 and no underflow."""
    p = a * b
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def quotient(d: Array, e: Array, by: Array | float) -> tuple[Array, Array]:
    """Give (d + e) / by in two parts, for e a rest of d and by > 0: value and what it lost in rounding.

    >>> quotient(np.array([1.0]), np.array([0.0]), 3.0)
    (array([0.33333333]), array([1.85037171e-17]))
    """
    # A power of two brings the divisor to 0.5 .. 1, where no product of the rest can underflow.
    by = np.asarray(by, np.float64)  # ldexp of a small integer would answer in half precision
    power = np.maximum(np.frexp(by)[1], -1022)
    divisor, scale = np.asarray(np.ldexp(by, -power)), np.ldexp(1.0, -power)
    d, e = d * scale, e * scale
    q = d / divisor
    p, lost = two_prod(q, divisor)
    r = ((d - p) - lost + e) / divisor
    return q, np.where(np.isfinite(r), r, 0.0)  # beyond 2^996 or at an infinity there is no rest


def rooted(high: Array, low: Array) -> tuple[Array, Array]:
    """Give sqrt(high + low) and what it lost in rounding."""
    root = np.sqrt(high)
    p, e = two_prod(root, root)
    return root, (((high - p) - e) + low) / (2.0 * root)


def _split(a: Array) -> tuple[Array, Array]:
    c = 134217729.0 * a  # 2^27 + 1 halves the 53 bits (Veltkamp 1968)
    high = c - (c - a)
    return high, a - high


def row_sum(x: Array) -> Array:
    """Sum along the last axis: compensated for short rows, pairwise for long ones.

    Both give the same bits for a row alone and within a batch.
    """
    n = x.shape[-1]
    if n > 32:
        return np.asarray(np.add.reduce(np.ascontiguousarray(x), axis=-1))
    total = np.array(x[..., 0])
    rest = np.zeros_like(total)
    with np.errstate(invalid="ignore", over="ignore"):
        for k in range(1, n):
            total, error = two_sum(total, x[..., k])
            rest = rest + error
    return np.where(np.isfinite(total), total + rest, total)  # rest is nan beside an infinity


def norms(rows: Array) -> Array:
    """Give the lengths (...) of vectors (..., n), whose squares may leave float64.

    >>> norms(np.array([[3e200, 4e200], [-3e-200, 0.0]]))
    array([5.e+200, 3.e-200])
    """
    if rows.shape[-1] <= 3:  # more of them round too often
        return np.asarray(np.hypot.reduce(rows, axis=-1, initial=0.0))
    largest = np.abs(rows).max(axis=-1)
    scaled = rows / np.where(largest > 0.0, largest, 1.0)[..., np.newaxis]
    return np.asarray(largest * np.sqrt(np.square(scaled).sum(axis=-1)))
