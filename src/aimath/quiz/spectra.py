"""Questions of decompositions: eigenvalues, principal components, low rank, adapters."""

from __future__ import annotations

import numpy as np

from aimath.core import decompose
from aimath.quiz.exercise import Draw, Exercise, Makers, exercise, shown, spaced, tabled

MAKERS = Makers()


@MAKERS.about("eig")
def eig(draw: Draw) -> Exercise:
    """Ask for the larger eigenvalue of a symmetric matrix."""
    a, b, c = draw.whole(1, 6) + 0.0, draw.whole(1, 4) + 0.0, draw.whole(1, 6) + 0.0
    m = [[a, b], [b, c]]
    right = decompose.eig(m)
    near = (
        (right.re.min(), "that is the smaller one"),
        (right.trace, "that is the trace, the sum of both"),
        (max(a, c), "the diagonal holds the eigenvalues only if the rest is 0"),
        (right.re.prod(), "that is the determinant, the product of both"),
    )
    text = f"What is the larger eigenvalue of [{tabled(m)}]?"
    words = [tabled(m), "--fields", "re"]
    return exercise("eig", text, words, (right, "re", (int(right.re.argmax()),)), near)


@MAKERS.about("pca")
def pca(draw: Draw) -> Exercise:
    """Ask for the variance along the first principal component."""
    x = np.add(draw.matrix(4, 2, -3, 3), [draw.whole(2, 5), draw.whole(-5, -2)])
    right = decompose.pca(x, 1)
    largest = float(right.variance[0])
    near = (
        (decompose.eig(x.T @ x / 3).re.max(), "the mean was not subtracted first"),
        (largest * 3 / 4, "n in place of n - 1: the data have lost one freedom to the mean"),
        (right.ratio[0], "that is the share of all variance"),
        (right.singular_values[0], "that is the singular value: square it and divide by n - 1"),
        (largest**0.5, "that is the standard deviation: square it"),
    )
    rows = ", ".join(spaced(row) for row in x.tolist())
    text = f"Data: {rows}. What is the variance (n - 1) along the first principal component?"
    words = [tabled(x.tolist()), "--components", "1", "--fields", "variance"]
    return exercise("pca", text, words, (right, "variance", (0,)), near)


@MAKERS.about("svd-approx")
def svd_approx(draw: Draw) -> Exercise:
    """Ask for the error of an approximation of rank 1."""
    s = sorted((draw.whole(1, 9) + 0.0 for _ in range(3)), reverse=True)
    right = decompose.svd_approx(np.diag(s), 1)
    near = (
        (float(right.error) ** 2, "the root is still to be taken"),
        (right.relative_error, "that is the relative error"),
        (s[1] + s[2], "the squares are added, then comes the root"),
        (right.spectral_error, "that is the largest singular value left out: the Frobenius error has all"),
        (s[0], "that is what is kept, not what is lost"),
    )
    text = (
        f"A 3 x 3 matrix has singular values {', '.join(map(shown, s))}. "
        "What is the Frobenius error of its best approximation of rank 1?"
    )
    words = [tabled(np.diag(s).tolist()), "--rank", "1", "--fields", "error"]
    return exercise("svd-approx", text, words, (right, "error", ()), near)


@MAKERS.about("lora")
def lora(draw: Draw) -> Exercise:
    """Ask for the number of parameters of an adapter."""
    m, n, r = draw.whole(2, 12) * 64, draw.whole(2, 12) * 64, draw.whole(1, 4) * 4
    right = decompose.lora((m, n), r)
    near = (
        (right.full, "that is the whole matrix"),
        (right.full * r, "the factors have r columns and r rows: r (m + n), not r m n"),
        (m * r, "that is one factor of two"),
        (n * r, "that is one factor of two"),
        (right.full - right.parameters, "that is what is saved"),
    )
    text = f"A weight matrix is {m} x {n}. How many numbers does an adapter of rank {r} train?"
    words = ["--shape", f"{m}x{n}", "--rank", str(r)]
    return exercise("lora", text, words, (right, "parameters", ()), near)


@MAKERS.about("lora")
def share(draw: Draw) -> Exercise:
    """Ask what share of the matrix an adapter trains."""
    m, n, r = draw.whole(2, 12) * 64, draw.whole(2, 12) * 64, draw.whole(1, 4) * 4
    right = decompose.lora((m, n), r)
    near = (
        (right.percent_of_full / 100, "that is the share: in percent it is 100 times as much"),
        (right.parameters, "that is the number of parameters"),
        (100 - right.percent_of_full, "that is what is saved"),
        (right.percent_of_full / 2, "there are two factors"),
    )
    text = f"An adapter of rank {r} beside a {m} x {n} matrix trains how many percent as many numbers?"
    words = ["--shape", f"{m}x{n}", "--rank", str(r), "--fields", "percent_of_full"]
    return exercise("lora", text, words, (right, "percent_of_full", ()), near, "%")
