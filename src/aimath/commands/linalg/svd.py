"""The command that cuts a matrix to a lower rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Operand, Seed, Streamed, Whole
from aimath.cli.output import interruptible
from aimath.commands._shared import SHOWN, one
from aimath.errors import InputError
from aimath.read.blocks import price, suffix
from aimath.report import Line, Panels, Plot, Report, Table, Verify
from aimath.text import echo

if TYPE_CHECKING:
    from aimath.cli.options import Vector
    from aimath.core import linalg as spectra
    from aimath.core.linalg import SvdApprox
    from aimath.report import Step

commands: Commands = {}
MOST = 64
"""Of a matrix that is read in blocks no higher rank is tried unless asked for."""
WHOLE = 20
"""A larger matrix is not shown at a terminal: its figures say more."""
BY_RANK = (
    "rank", "error", "relative_error", "spectral_error", "energy", "error_bound", "parameters", "ratio",
    "approximation",
)  # fmt: skip


@command(commands, example="aimath svd-approx '2 0 1; 0 3 1' --rank 1")
def svd_approx(
    W: Annotated[  # noqa: N803
        Streamed, Operand("A matrix: a literal or a file.", flag="-W", matrix=True, streamed=True)
    ],
    rank: Annotated[
        tuple[int, ...] | None,
        Whole(
            ("--rank", "-r"), "How many directions to keep.  [default: 1,2,4,8,...]", 1, 10**9, together=True
        ),
    ] = None,
    randomized: Annotated[bool, Flag("--randomized", help="Find the leading directions at random.")] = False,
    exact: Annotated[bool, Flag("--exact", help="Compute all singular values.")] = False,
    save_factors: Annotated[
        tuple[str, str] | None,
        Flag(
            "--save-factors",
            help="Write A and B, whose product is the answer, of the highest rank.",
            metavar="A.npy B.npy",
        ),
    ] = None,
    seed: Seed = "0",
    memory: int | None = None,
) -> Report:
    """Approximate a matrix by one of a low rank.

    W_r = U_r S_r V_rᵀ is the nearest; its error is sqrt(s_(r+1)² + ...). One rank gives the matrix,
    several a line each. Exact up to 512 rows or columns, else at random with a bound on the error.
    """
    import numpy as np

    from aimath.core import linalg as spectra

    if randomized and exact:
        raise InputError("--randomized and --exact exclude each other", usage=True)
    method: spectra.Method = "randomized" if randomized else "exact" if exact else "auto"
    # randn:MxN has the stream of the seed itself.
    numbers = np.random.default_rng((int(seed), 1))
    weights: Streamed
    notes: tuple[str, ...] = ()
    if isinstance(W, np.ndarray):
        weights = one(W, "W")
        ranks = rank or _every(min(weights.shape))
        _priced(weights, max(ranks), method, memory)
        found = spectra.svd_approx(weights, ranks, method, numbers)
    else:
        weights, notes = W, W.notes
        ranks = rank or _every(min(*weights.shape, MOST))
        found = spectra.streamed_spectrum(weights, max(ranks), method, numbers).cut(ranks)
    if save_factors:
        _save(found, weights, save_factors)
    return _report(found, single=len(rank or ()) == 1)._replace(notes=notes)


def _every(most: int) -> tuple[int, ...]:
    """Give the powers of two below the full rank, and that."""
    return (*(1 << k for k in range((most - 1).bit_length())), most)


def _priced(weights: Vector, most: int, method: spectra.Method, memory: int | None) -> None:
    from aimath.core.linalg import takes_all

    m, n = weights.shape
    if takes_all((m, n), most, method):
        size = 8 * (3 * m * n + min(m, n) ** 2)
        price(size, f"a {m} x {n} float64 matrix and its whole SVD", memory, instead="--randomized")


def _save(found: SvdApprox, weights: Streamed, paths: tuple[str, str]) -> None:
    """Write A = U_r S_r and B = V_rᵀ; of a matrix in blocks, A comes out as the blocks come in."""
    from aimath.render.npy import save_together

    if paths[0] == paths[1]:
        raise InputError(f"--save-factors: both are {echo(paths[0])}", hint="name two files", usage=True)
    for path in paths:
        if suffix(path) != ".npy":
            raise InputError(f"--save-factors: {echo(path)} is no .npy", hint="name two .npy", usage=True)
    interruptible()
    blocks = weights() if callable(weights) else ()
    left = (block @ found.right.T for block in blocks) if found.left is None else (found.left,)
    shape = (found.shape[0], len(found.right))
    save_together({paths[0]: (shape, left), paths[1]: (found.right.shape, [found.right])}, "--save-factors")


def _report(found: SvdApprox, *, single: bool) -> Report:
    figures = ("rank", "parameters", "error", "relative_error", "energy")
    matrix = single and found.left is not None
    return Report(
        found,
        show=("approximation",) if matrix else figures,
        glance=figures if max(found.shape) > WHOLE else (),
        steps=_steps(found),
        plot=(Plot("singular_values", "i", "curve"), Plot("errors", "kept", "curve")),
        whole=True,
        by_row=BY_RANK,
    )


def _steps(found: SvdApprox) -> tuple[Step, ...]:
    m, n = found.shape
    small = max(m, n) <= SHOWN and found.W is not None
    last = len(found.rank) - 1
    return (
        Line("W_r = U_r · S_r · V_rᵀ, the nearest of rank r      error = √(s_(r+1)² + s_(r+2)² + …)"),
        *((Panels((("W", "W"),)),) if small else ()),
        Line(" singular values s = {singular_values}"),
        Line("   {singular_values:spark}      flat is incompressible, steep has a low rank"),
        Table(
            (
                ("r(m+n) numbers", "{parameters}"),
                ("of m·n", "{ratio:%}"),
                ("energy", "{energy:%}"),
                ("relative error", "{relative_error}"),
            ),
            bar="relative_error",
            names="rank",
        ),
        *((Panels((("A = U_r·S_r", "left"),)), Panels((("B = V_rᵀ", "right"),))) if small else ()),
        *((Panels((("W_r of the last rank", f"approximation[{last}]"),)),) if small else ()),
        Line(f" factors have fewer numbers than W below rank m·n/(m + n) = {m * n / (m + n):.6g}"),
        Line(" stable rank {stable_rank}: |W|² / s_1², of {full_parameters} numbers"),
        *(
            (Line(" effective rank {effective_rank}   numerical rank {numerical_rank}"),)
            if found.method == "exact" and found.effective_rank is not None
            else (Line(" found at random: the error is at most {error_bound} times the least possible"),)
        ),
        Verify(
            "from the entries of W - A·B: {other}"
            if found.left is not None
            else "lengths of B's rows: {other}"
        ),
    )
