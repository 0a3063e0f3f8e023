"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.linalg.decompositions import _refine as _refine
from aimath.core.linalg.decompositions._characteristic import exact_rank, mend_eigenvalues
from aimath.core.linalg.decompositions._directions import Parts, refine_eigenvectors
from aimath.core.linalg.decompositions._refine import argmax_abs
from aimath.core.numerics.arrays import Check, as_finite, format_shape
from aimath.core.numerics.types import EPS, Array, never_infinite
from aimath.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import ComplexValues, Eigenvalues, Eigenvectors, Flag, Matrix, Scalar


@never_infinite("trace", "magnitude", "spectral_radius")
class Eig(NamedTuple):
    """Eigenvalues and eigenvectors of square matrices: A v = value v."""

    A: Matrix
    values: ComplexValues  # real and imaginary parts, the real ones descending
    vectors: Eigenvectors  # column k belongs to value k: real parts, of norm 1 with the imaginary ones
    vectors_im: Eigenvectors | None  # imaginary parts; None where all are 0
    symmetric: Flag  # exactly: then the vectors are orthogonal

    @property
    def re(self) -> Eigenvalues:
        """Real parts of the values."""
        return np.asarray(self.values[..., 0])

    @property
    def im(self) -> Eigenvalues:
        """Imaginary parts of the values, + before - in each pair."""
        return np.asarray(self.values[..., 1])

    @property
    def magnitude(self) -> Eigenvalues:
        """Sizes of the values."""
        return np.asarray(np.hypot(self.re, self.im))

    @property
    def spectral_radius(self) -> Scalar:
        """The largest size: below 1, powers of the matrix vanish."""
        return np.asarray(self.magnitude.max(axis=-1))

    @property
    def trace(self) -> Scalar:
        """Sum of the values, which is the sum of the diagonal."""
        diagonal = np.diagonal(self.A, axis1=-2, axis2=-1)
        with np.errstate(over="ignore"):
            found = diagonal.sum(axis=-1)
            scaled = np.ldexp(np.ldexp(diagonal, -64).sum(axis=-1), 64)  # overflows only if the trace does
        return np.asarray(np.where(np.isfinite(found), found, scaled))

    @property
    def condition(self) -> Scalar:
        """Condition number of the vectors: 1 if orthogonal, inf if they don't span all (defective)."""
        s = np.linalg.svd(self._complex_vectors(), compute_uv=False)
        last, first = s[..., -1], s[..., 0]
        lost = last <= self.A.shape[-1] * EPS * first
        return np.where(lost, np.inf, first / np.where(lost, 1.0, last))

    def _complex_vectors(self) -> Any:
        return self.vectors if self.vectors_im is None else self.vectors + 1j * self.vectors_im

    def check(self) -> Check:
        """Return value · vector beside matrix @ vector, relative to the largest entry of A."""
        size = np.abs(self.A).max(axis=(-2, -1), keepdims=True)
        unit = self.A / np.where(size > 0.0, size, 1.0)
        values = (self.re + 1j * self.im)[..., np.newaxis, :] / np.where(size > 0.0, size, 1.0)
        answer, other = values * self._complex_vectors(), unit @ self._complex_vectors()
        return Check(*(np.concatenate((a.real, a.imag), axis=-1) for a in (answer, other)))


def eig(A: ArrayLike) -> Eig:  # noqa: N803  as in textbooks
    """Return the eigenvalues and eigenvectors of square matrices.

    A v = value v. Values by descending real part, pairs with + first; vectors of norm 1, the entry of
    largest size real and positive. What is exactly symmetric goes to the solver for symmetric
    matrices, whose vectors are orthogonal; numpy's eig has no order, its eigh reads one triangle only.

    >>> found = eig([[2, 1], [1, 2]])
    >>> found.values.round(9).tolist()
    [[3.0, 0.0], [1.0, 0.0]]
    """
    array = as_finite(A, "A")
    if array.ndim < 2 or array.shape[-1] != array.shape[-2]:
        raise InputError(f"the matrix must be square, not {format_shape(np.atleast_2d(array))}", operand="A")
    n, batch = array.shape[-1], array.shape[:-2]
    each = array.reshape(-1, n, n)
    symmetric = (each == np.swapaxes(each, -1, -2)).all(axis=(-2, -1))
    found = [_eig_single(a, symmetric=bool(flag)) for a, flag in zip(each, symmetric, strict=True)]
    values = np.reshape([(v.real, v.imag) for v, _ in found], (-1, 2, n)).swapaxes(-1, -2) + 0.0
    vectors = np.reshape([w for _, w in found], (*batch, n, n))
    imaginary = vectors.imag if np.iscomplexobj(vectors) and vectors.imag.any() else None
    return Eig(
        array,
        values.reshape(*batch, n, 2),
        vectors.real + 0.0,
        imaginary,
        np.reshape(symmetric, batch),
    )


def _eig_single(a: Array, *, symmetric: bool) -> tuple[Any, Any]:
    """Return the sorted eigenvalues and eigenvectors of one matrix."""
    shifts = np.zeros(len(a), np.int64) if symmetric else _balance(a)
    a, power = _rescale(np.ldexp(a, shifts - shifts[:, np.newaxis]) if shifts.any() else a)
    values: Any
    vectors: Any
    try:
        values, vectors = np.linalg.eigh(a) if symmetric else np.linalg.eig(a)
    except np.linalg.LinAlgError:
        raise InputError("the eigenvalues were not found", operand="A") from None
    if symmetric:
        values = _refine.refine_eigenvalues(a, values, vectors)
        if a.size * len(a) <= _refine.MAX_MULTIPLICATIONS:
            vectors = refine_eigenvectors(Parts(a, np.zeros_like(a)), vectors.T).T
        sizes = np.abs(values)
        values[np.argsort(-sizes, kind="stable")[exact_rank(a, sizes) :]] = 0.0
    else:
        with np.errstate(all="ignore"):
            before, values = values, mend_eigenvalues(a, values, vectors)
        vectors = _mend_vectors(a, before, values, vectors)
        if shifts.any():  # of the balanced matrix D⁻¹ A D to those of A
            vectors = vectors * np.ldexp(1.0, shifts - shifts.max())[:, np.newaxis]
            vectors = vectors / np.linalg.norm(vectors, axis=0)
    order = np.lexsort((-values.imag, -values.real))
    values, vectors = values[order], vectors[:, order]
    with np.errstate(over="ignore"):
        values = values * 2.0 ** (power // 2) * 2.0 ** (power - power // 2)
    if not np.isfinite(values).all():
        raise InputError("an eigenvalue is beyond float64", operand="A")
    pivots = np.take_along_axis(vectors.T, argmax_abs(vectors.T), axis=-1)[:, 0]
    turned = vectors * (np.conj(pivots) / np.abs(pivots))
    return values, turned


def _mend_vectors(a: Array, before: Any, values: Any, vectors: Any) -> Any:
    """Return eigenvectors (n, n), those of mended eigenvalues (n,) projected onto their eigenspaces.

    LAPACK splits the repeated eigenvalue of a defective matrix, and its vectors belong to the parts.
    """
    moved = np.flatnonzero(np.abs(values - before) > 1e-12 * np.abs(a).max())
    if not len(moved):
        return vectors
    vectors = vectors + 0.0 * values  # as complex as they are
    for k in moved:
        value = values[k].real if values[k].imag == 0.0 else values[k]
        _, s, rows = np.linalg.svd(a - value * np.eye(len(a)))
        basis = np.conj(rows[min(int((s > 8 * len(a) * EPS * s[0]).sum()), len(a) - 1) :]).T
        parts = [vectors[:, k].real, vectors[:, k].imag] if np.isrealobj(value) else [vectors[:, k]]
        projected = max((basis @ (np.conj(basis).T @ part) for part in parts), key=np.linalg.norm)
        vectors[:, k] = projected / np.linalg.norm(projected)
    return vectors


def _balance(a: Array) -> NDArray[np.int64]:
    """Return powers of two (n,) by which a diagonal D makes rows and columns of D⁻¹ A D equal in size.

    As LAPACK does, but before it scales entries away; and only where they span hundreds of bits.
    Parlett and Reinsch (1969).
    """
    n, none = len(a), -(1 << 20)
    exponents = np.where(a == 0.0, none, np.frexp(a)[1].astype(np.int64))
    known = exponents[exponents > none]
    shifts = np.zeros(n, np.int64)
    if not len(known) or (known.max() - known.min() < 256 and np.abs(known).max() < 256):
        return shifts
    np.fill_diagonal(exponents, none)
    for _ in range(20 * n):
        before = shifts.copy()
        for k in range(n):
            here = exponents + shifts - shifts[:, np.newaxis]
            row, column = here[k].max(), here[:, k].max()
            if row > none // 2 and column > none // 2:
                shifts[k] += (row - column) // 2
        if (shifts == before).all():
            break
    return shifts


def _rescale(a: Array) -> tuple[Array, int]:
    """Return (a / 2**power, power): very large or small entries brought near 1, where products stay.

    It stays as it is where an entry would lose a bit by that.
    """
    sizes = np.abs(a)
    power = int(np.frexp(sizes.max(initial=0.0))[1])
    if abs(power) < 256 or np.frexp(sizes.min(where=sizes > 0.0, initial=1.0))[1] - power < -1021:
        return a, 0
    return np.ldexp(a, -power), power
