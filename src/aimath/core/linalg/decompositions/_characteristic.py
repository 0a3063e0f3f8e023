"""Eigenvalues from the exact characteristic polynomial, where LAPACK's may have lost half their digits.

An eigenvalue of multiplicity m moves by the m-th root of rounding: 1e-8 for m = 2. Floats are integers
but for a power of two, so the polynomial, its repeated factors and its zeros are known exactly.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt, lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.linalg._inverse import bareiss
from aimath.core.numerics.exact import to_integers
from aimath.core.numerics.types import EPS

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array

    Polynomial = list[int]  # coefficients, the leading one first

MAX_ROWS, MAX_LONG_SIDE, MAX_BITS = 16, 64, 4000
"""Rows, entries of a row, and bits of a row's entries as integers, up to which integers do the work."""
MAX_CONDITION = 1e3
"""Condition of an eigenvalue, 1 / |left · right vector|, up to which LAPACK loses 3 digits at most."""
STEPS, BITS = 200, 512
"""Steps of the iteration at most, and bits behind the point that it counts with."""


def mend_eigenvalues(a: Array, values: Any, vectors: Any) -> Any:
    """Return the eigenvalues of a matrix (n, n), anew where some are close to others or to 0.

    >>> mend_eigenvalues(np.array([[1.0, -1.0], [1.0, 3.0]]), np.array([2.0 + 2e-8, 2.0 - 2e-8]), np.eye(2))
    array([2.+0.j, 2.+0.j])
    """
    n, size = len(a), float(np.abs(a).max())
    if n > MAX_ROWS or size == 0.0 or not (n == 2 or _is_close(values, vectors)):
        return values
    flat, power = to_integers(a)
    with np.errstate(all="ignore"):
        near = np.ldexp(np.real(values), -power) + 1j * np.ldexp(np.imag(values), -power)
    if max(abs(v).bit_length() for v in flat) * n > MAX_BITS or not np.isfinite(near).all():
        return values
    rows = [flat[k : k + n] for k in range(0, len(flat), n)]
    roots = _quadratic_roots(rows) if n == 2 else _roots(_characteristic_polynomial(rows), near)
    found = [_scale_root(root, power) for root in roots]
    return _match(np.asarray(values, np.complex128), np.array(found))


def exact_rank(w: Array, values: Array) -> int:
    """Return the rank of a matrix (m, n) with these sizes of eigen- or singular values (k,).

    Exactly, where the smallest is no more than rounding and integers are few enough to tell.
    """
    (m, n), most = w.shape, float(values.max(initial=0.0))
    if min(m, n) > MAX_ROWS or max(m, n) > MAX_LONG_SIDE or values.min() > 64.0 * max(m, n) * EPS * most:
        return len(values)
    if m > n:
        w = w.T
    pairs = [to_integers(row) for row in w]
    if max(abs(v).bit_length() for row, _ in pairs for v in row) * len(w) > MAX_BITS:
        return len(values)
    return bareiss([row for row, _ in pairs], w.shape[1])[1]


def _is_close(values: Any, vectors: Any) -> bool:
    """Return whether eigenvalues may be a multiple one's parts, or 0: rounding has moved such far.

    The parts of a Jordan block have one vector, nearly, so a left vector, a row of the inverse, is long.
    """
    n, norm = len(values), float(np.abs(values).max())
    if np.abs(values).min() <= 1e-6 * norm:
        return True
    gaps = np.abs(values[:, np.newaxis] - values) + np.eye(n) * norm * 4.0
    if gaps.min() <= 1e-10 * norm:
        return True
    try:
        conditions = np.linalg.norm(np.linalg.inv(vectors), axis=1)
    except np.linalg.LinAlgError:
        return True
    return not bool((conditions <= MAX_CONDITION).all())


def _quadratic_roots(rows: list[list[int]]) -> list[tuple[int, int]]:
    """Return the eigenvalues of integers (2, 2) as pairs of integers times 2^-BITS."""
    (a, b), (c, d) = rows
    discriminant = (a - d) ** 2 + 4 * b * c
    root, middle = isqrt(abs(discriminant) << 2 * BITS) // 2, (a + d) << BITS - 1
    if discriminant < 0:
        return [(middle, root), (middle, -root)]
    return [(middle + root, 0), (middle - root, 0)]


def _characteristic_polynomial(rows: list[list[int]]) -> Polynomial:
    """Return the coefficients of det(x - A) of integers (n, n) (LeVerrier 1840, Faddeev 1949)."""
    n = len(rows)
    step, found = [row[:] for row in rows], [1]
    for k in range(1, n + 1):
        coefficient = -sum(step[i][i] for i in range(n)) // k
        found.append(coefficient)
        for i in range(n):
            step[i][i] += coefficient
        columns = list(zip(*step, strict=True))
        step = [[sum(map(int.__mul__, row, column)) for column in columns] for row in rows]
    return found


def _roots(polynomial: Polynomial, near: Any) -> list[tuple[int, int]]:
    """Return the roots as pairs of integers times 2^-BITS, each as often as it counts.

    Yun (1976): the square-free part has each root once, and the rest says how many more there are.
    """
    zeros = 0
    while polynomial[-1] == 0:
        polynomial = polynomial[:-1]
        zeros += 1
    roots = [(0, 0)] * zeros
    while len(polynomial) > 1:
        common = _gcd(polynomial, _derivative(polynomial))
        simple = _divide(polynomial, common)
        roots += _simple_roots(simple, near)
        polynomial = common
    return roots


def _derivative(p: Polynomial) -> Polynomial:
    degree = len(p) - 1
    return [c * (degree - k) for k, c in enumerate(p[:-1])]


def _gcd(p: Polynomial, q: Polynomial) -> Polynomial:
    """Return the greatest common divisor of two polynomials, with coprime coefficients."""
    p, q = _primitive(p), _primitive(q)
    while len(q) > 1 or q[0]:
        p, q = q, _primitive(_pseudo_remainder(p, q))
    return p


def _primitive(p: Polynomial) -> Polynomial:
    p = p[next((k for k, c in enumerate(p) if c), len(p) - 1) :]
    common = gcd(*p) or 1
    return [c // common for c in p]


def _pseudo_remainder(p: Polynomial, q: Polynomial) -> Polynomial:
    while len(p) >= len(q):
        lead = p[0]
        padded = q + [0] * (len(p) - len(q))
        p = [q[0] * a - lead * b for a, b in zip(p, padded, strict=True)][1:]
    return p or [0]


def _divide(p: Polynomial, q: Polynomial) -> Polynomial:
    """Return p / q, which leaves no rest, with coprime coefficients."""
    rest, found = [Fraction(c) for c in p], []
    for _ in range(len(p) - len(q) + 1):
        factor = rest[0] / q[0]
        found.append(factor)
        padded = q + [0] * (len(rest) - len(q))
        rest = [a - factor * b for a, b in zip(rest, padded, strict=True)][1:]
    scale = lcm(*(c.denominator for c in found))
    return _primitive([int(c * scale) for c in found])


def _simple_roots(p: Polynomial, near: Any) -> list[tuple[int, int]]:
    """Return the roots of a square-free polynomial (Aberth 1973), in fixed point."""
    degree = len(p) - 1
    if degree == 1:
        return [(_divide_near(-p[1] << BITS, p[0]), 0)]
    size = max(float(np.abs(near).max()), 1e-300)
    start = [complex(v) for v in np.asarray(near)]
    # What stands on one place would never part: small steps around it do that.
    turn = [size * 1e-6 * np.exp(2j * np.pi * (k + 0.3) / len(start)) for k in range(len(start))]
    points = [_to_fixed(v + w) for v, w in zip(start, turn, strict=True)]
    points = _choose_apart(points, degree)
    slope = _derivative(p)
    for _ in range(STEPS):
        moved = 0
        for k in range(degree):
            z = points[k]
            value, bend = _evaluate(p, z), _evaluate(slope, z)
            if value == (0, 0):
                continue
            ratio = _divide_complex(value, bend) if bend != (0, 0) else (1 << BITS - 40, 0)
            pull = [0, 0]
            for j, other in enumerate(points):
                if j != k and other != z:
                    re, im = _divide_complex((1 << BITS, 0), (z[0] - other[0], z[1] - other[1]))
                    pull[0], pull[1] = pull[0] + re, pull[1] + im
            down = _multiply(ratio, (pull[0], pull[1]))
            step = _divide_complex(ratio, ((1 << BITS) - down[0], -down[1]))
            points[k] = (z[0] - step[0], z[1] - step[1])
            moved = max(moved, abs(step[0]), abs(step[1]))
        if moved <= 1 << BITS // 4:
            break
    return [_settle(z) for z in points]


def _choose_apart(points: list[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    chosen = [points[0]]
    while len(chosen) < count:
        chosen.append(max(points, key=lambda z: min(abs(z[0] - c[0]) + abs(z[1] - c[1]) for c in chosen)))
    return chosen


def _settle(z: tuple[int, int]) -> tuple[int, int]:
    """Return a root without a part that is no more than the iteration's rounding."""
    size = max(abs(z[0]), abs(z[1])) >> BITS // 4
    return tuple(0 if abs(part) <= max(size, 1 << BITS // 4) else part for part in z)  # type: ignore[return-value]


def _to_fixed(z: complex) -> tuple[int, int]:
    return int(Fraction(z.real) * (1 << BITS)), int(Fraction(z.imag) * (1 << BITS))


def _evaluate(p: Polynomial, z: tuple[int, int]) -> tuple[int, int]:
    re, im = 0, 0
    for c in p:
        re, im = (((re * z[0] - im * z[1]) >> BITS) + (c << BITS)), (re * z[1] + im * z[0]) >> BITS
    return re, im


def _multiply(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return (a[0] * b[0] - a[1] * b[1]) >> BITS, (a[0] * b[1] + a[1] * b[0]) >> BITS


def _divide_complex(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    size = b[0] * b[0] + b[1] * b[1] or 1
    re, im = a[0] * b[0] + a[1] * b[1], a[1] * b[0] - a[0] * b[1]
    return _divide_near(re << BITS, size), _divide_near(im << BITS, size)


def _divide_near(a: int, b: int) -> int:
    return (2 * a + b) // (2 * b)


def _scale_root(root: tuple[int, int], power: int) -> complex:
    re, im = (float(Fraction(part, 1 << BITS) * Fraction(2) ** power) for part in root)
    return complex(re, im)


def _match(values: Any, roots: Any) -> Any:
    """Return for each value the nearest root that is left, the closest pairs first."""
    found, left = values.copy(), list(range(len(roots)))
    distances = np.abs(values[:, np.newaxis] - roots)
    for k in np.argsort(distances.min(axis=1), kind="stable"):
        best = min(left, key=lambda j: distances[k, j])
        found[k] = roots[best]
        left.remove(best)
    return found
