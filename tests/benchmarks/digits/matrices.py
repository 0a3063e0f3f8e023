"""Square matrices: inverse, determinant, eigenvalues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, of_largest, over
from tests.benchmarks.digits.peers import linalg, tensors, torch

from aimath.core import linalg as decompose, linalg as linear

if TYPE_CHECKING:
    from tests.benchmarks.digits.case import Operands

SAMPLES = 15


def hilbert(n: int) -> Any:
    """Give the classical matrix with a condition of about 10^(1.5 n)."""
    k = np.arange(n)
    return 1.0 / (k[:, None] + k + 1.0)


def turned(rng: np.random.Generator, sizes: Any) -> Any:
    """Give a matrix (n, n) with about these singular values."""
    left, right = (np.linalg.qr(rng.normal(size=(len(sizes),) * 2))[0] for _ in range(2))
    return left * sizes @ right


def balanced(rng: np.random.Generator, values: Any) -> Any:
    """Give a symmetric matrix (n, n) with about these eigenvalues."""
    axes = np.linalg.qr(rng.normal(size=(len(values),) * 2))[0]
    a = axes * values @ axes.T
    return (a + a.T) / 2


def plain(rng: np.random.Generator) -> Operands:
    return [(rng.normal(size=(n, n)),) for n in rng.integers(2, 9, SAMPLES)]


def inverses(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 1)": plain(rng),
        "condition 1e12": [(turned(rng, np.geomspace(1, 1e-12, 6)),) for _ in range(SAMPLES)],
        "Hilbert 4 .. 10": [(hilbert(n),) for n in range(4, 11)],
    }
    return over(
        kinds,
        "inverse",
        lambda a: mp.matrix(exact(a)) ** -1,
        lambda a: linear.inverse(a).inverse,
        numpy=np.linalg.inv,
        scipy=linalg.inv,
        torch=tensors(torch.linalg.inv),
        digits=80,
    )


def determinants(rng: np.random.Generator) -> list[Case]:
    def lean(a: Any) -> Any:
        a[-1] = a[:-1].sum(axis=0) * (1 + 1e-13 * rng.normal(size=len(a)))
        return a

    kinds = {
        "N(0, 1)": plain(rng),
        "integers -9 .. 9": [(rng.integers(-9, 10, (n, n)).astype(float),) for n in range(2, 9)],
        "nearly singular": [(lean(rng.normal(size=(6, 6))),) for _ in range(SAMPLES)],
        "Hilbert 4 .. 10": [(hilbert(n),) for n in range(4, 11)],
    }
    return over(
        kinds,
        "det",
        lambda a: mp.det(mp.matrix(exact(a))),
        lambda a: linear.det(a).det,
        numpy=np.linalg.det,
        scipy=linalg.det,
        torch=tensors(torch.linalg.det),
        digits=180,
    )


def parts(values: Any) -> list[Any]:
    """Give real and imaginary parts by falling real part, + before - in each pair."""
    ordered = sorted((complex(v) for v in values), key=lambda v: (-round(v.real, 9), -v.imag))
    return [part for v in ordered for part in (v.real, v.imag)]


def general(a: Any) -> list[Any]:
    values = mp.eig(mp.matrix(exact(a)), left=False, right=False)
    ordered = sorted(values, key=lambda v: (-round(float(mp.re(v)), 9), -float(mp.im(v))))
    return [part for v in ordered for part in (mp.re(v), mp.im(v))]


def symmetric(a: Any) -> list[Any]:
    return list(mp.eigsy(mp.matrix(exact(a)), eigvals_only=True))[::-1]


def upright(rows: Any) -> Any:
    """Turn the largest entry of each row positive."""
    rows = np.asarray(rows)
    return rows * np.sign(np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1))


def axes(a: Any) -> list[Any]:
    """Give the eigenvectors of a symmetric matrix, a row each, values falling, largest entry positive."""
    vectors = mp.eigsy(mp.matrix(exact(a)))[1]
    rows = [list(vectors[:, k]) for k in reversed(range(len(a)))]
    return [[x * mp.sign(max(row, key=abs)) for x in row] for row in rows]


def eigen(rng: np.random.Generator) -> list[Case]:
    steep = [(balanced(rng, np.geomspace(1, 1e-12, 5)),) for _ in range(SAMPLES)]
    even = [(balanced(rng, rng.normal(size=n)),) for n in rng.integers(2, 6, SAMPLES)]
    kinds = {"symmetric, N(0, 1)": even, "symmetric, condition 1e12": steep}
    values = over(
        kinds,
        "eig",
        symmetric,
        lambda a: decompose.eig(a).re,
        what="values",
        numpy=lambda a: np.linalg.eigvalsh(a)[::-1],
        scipy=lambda a: linalg.eigvalsh(a)[::-1],
        torch=tensors(lambda a: torch.linalg.eigvalsh(a).flip(-1)),
    )
    vectors = over(
        {"symmetric, N(0, 1)": even},
        "eig",
        axes,
        lambda a: decompose.eig(a).vectors.T,
        what="vectors",
        numpy=lambda a: upright(np.linalg.eigh(a)[1].T[::-1]),
        scipy=lambda a: upright(linalg.eigh(a)[1].T[::-1]),
        torch=tensors(lambda a: upright(torch.linalg.eigh(a)[1].T.flip(0))),
        measure=of_largest,
    )
    return values + vectors + skew(rng)


def skew(rng: np.random.Generator) -> list[Case]:
    return over(
        {"N(0, 1)": [(rng.normal(size=(n, n)),) for n in rng.integers(2, 6, SAMPLES)]},
        "eig",
        general,
        lambda a: decompose.eig(a).values,
        what="values",
        numpy=lambda a: parts(np.linalg.eigvals(a)),
        scipy=lambda a: parts(linalg.eigvals(a)),
        torch=tensors(lambda a: parts(torch.linalg.eigvals(a).tolist())),
        measure=of_largest,
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    return [*inverses(rng), *determinants(rng), *eigen(rng)]
