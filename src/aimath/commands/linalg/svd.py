"""The command svd-approx."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import Applies, ArrayOrRowBlocks, Integer, MemoryLimit, Operand, Option, Seed, Sharing
from aimath.commands._shared import MAX_SHOWN_SIZE, price_quantities, single_matrix
from aimath.errors import InputError
from aimath.read.blocks import check_budget, file_suffix
from aimath.report import CrossCheck, Line, Page, Panels, Plot, Reference, Report, Table
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.cli.options import Vector
    from aimath.core.linalg import SvdApprox
    from aimath.report import Step

MAX_STREAMED_RANK = 64
"""Of a matrix that is read in blocks no higher rank is tried unless asked for."""
ESTIMATES = (
    *("singular_values", "left", "right", "error", "relative_error", "spectral_error", "energy"),
    *("approximation", "errors", "stable_rank"),
)
"""What is found at random: at a terminal and in derivations it stands behind ≈."""
MAX_TERMINAL_SIZE = 20
"""A larger matrix is not shown at a terminal: its figures say more."""


@command(
    example="aimath svd-approx '2 0 1; 0 3 1' --rank 1",
    answer="the matrix, or a line a rank; `--rank`, `--save-factors`",
    quiz=("svd_approx",),
    applies=(Applies(("seed",), "exact", given=False),),
    after="pca",
)
def svd_approx(
    W: Annotated[  # noqa: N803
        ArrayOrRowBlocks, Operand("A matrix: a literal or a file.", flag="-W", matrix=True, streamed=True)
    ],
    rank: Annotated[
        tuple[int, ...] | None,
        Integer(
            ("--rank", "-r"),
            "How many directions to keep.  [default: 1,2,4,8,...]",
            1,
            10**9,
            vectorized=True,
        ),
    ] = None,
    randomized: Annotated[
        bool, Option("--randomized", help="Find the leading directions at random.")
    ] = False,
    exact: Annotated[bool, Option("--exact", help="Compute all singular values.")] = False,
    save_factors: Annotated[
        tuple[str, str] | None,
        Option(
            "--save-factors",
            help="Write A and B, whose product is the answer, of the highest rank.",
            metavar="A.npy B.npy",
        ),
    ] = None,
    seed: Seed = "0",
    memory: MemoryLimit = None,
    share: Sharing = None,
) -> Report:
    """Approximate a matrix by one of a low rank.

    W_r = U_r S_r V_rᵀ is the nearest; its error is sqrt(s_(r+1)² + ...). One rank gives the matrix,
    several a line each. Exact up to 512 rows or columns, else at random with a bound on the error.
    """
    import numpy as np

    from aimath.core import linalg as spectra

    if randomized and exact:
        raise InputError("--randomized and --exact exclude each other", usage=True)
    method = (randomized, exact)
    weights: ArrayOrRowBlocks
    notes: tuple[str, ...] = ()
    if isinstance(W, np.ndarray):
        weights = single_matrix(W, "W")
        share.check_held(weights.shape)
        ranks = rank or spectra.default_ranks(min(weights.shape))
        _check_svd_budget(weights, max(ranks), method, memory)
        found = spectra.svd_approx(weights, ranks, *method, int(seed))
    else:
        weights, notes = W, W.notes
        share.share_rows(W)
        if share.is_part and not spectra.is_one_pass(W.shape[1], *method):
            why = "a randomised approximation goes through the matrix seven times, and a part once"
            raise InputError(why, hint="use --workers, or --exact", usage=True).within("--part")
        ranks = rank or spectra.default_ranks(min(*weights.shape, MAX_STREAMED_RANK))
        found = spectra.streaming_svd(weights, max(ranks), *method, int(seed)).truncate(ranks)
    count = len(ranks) * math.prod(weights.shape)
    sizes = {} if len(ranks) == 1 else {"approximation": count}  # one is as large as the matrix
    return _report(found, single=len(rank or ()) == 1)._replace(
        notes=notes,
        save=_factor_saver(found, weights, save_factors) if save_factors else None,
        check_memory=price_quantities(sizes, memory, alternative="one --rank"),
    )


def _check_svd_budget(weights: Vector, max_rank: int, method: tuple[bool, bool], memory: int | None) -> None:
    from aimath.core.linalg import uses_full_svd

    m, n = weights.shape
    if uses_full_svd((m, n), max_rank, *method):
        size = 8 * (3 * m * n + min(m, n) ** 2)
        check_budget(
            size, f"a {m} x {n} float64 matrix and its whole SVD", memory, alternative="--randomized"
        )


def _factor_saver(result: SvdApprox, weights: ArrayOrRowBlocks, paths: tuple[str, str]) -> Callable[[], None]:
    """Return what writes A = U_r S_r and B = V_rᵀ, with A streamed if the matrix is."""
    if paths[0] == paths[1]:
        error = InputError(f"both are {quote(paths[0])}", hint="name two files", usage=True)
        raise error.within("--save-factors")
    for path in paths:
        if file_suffix(path) != ".npy":
            error = InputError(f"{quote(path)} is no .npy", hint="name two .npy", usage=True)
            raise error.within("--save-factors")

    def save() -> None:
        from aimath.render.npy import save_npy_files

        blocks = weights() if callable(weights) else ()
        left = (block @ result.right.T for block in blocks) if result.left is None else (result.left,)
        shape = (result.shape[0], len(result.right))
        save_npy_files(
            {paths[0]: (shape, left), paths[1]: (result.right.shape, [result.right])}, "--save-factors"
        )

    return save


def _report(result: SvdApprox, *, single: bool) -> Report:
    import numpy as np

    # What is 0 but for rounding would stretch a logarithmic axis over twice as many decades.
    share = max(result.shape) * np.finfo(np.float64).eps
    small = result.singular_values <= result.singular_values[0] * share
    zeros = f"{small.sum()} of {small.size} are 0 but for rounding" if small.any() else ""
    figures = ("rank", "parameters", "error", "relative_error", "energy")
    kept = (Reference("rank", "rank {rank}", upright=True),) * (np.size(result.rank) == 1)
    asked = "● at the ranks asked for" if not kept else ""
    matrix = single and result.left is not None
    estimated = result.method == "randomized"
    return Report(
        result,
        show=("approximation",) if matrix else figures,
        summary_fields=figures if max(result.shape) > MAX_TERMINAL_SIZE else (),
        steps=_steps(result),
        approximate=ESTIMATES if estimated else (),
        page=Page(footnote=_bound(result)) if estimated else Page(),
        plot=(
            Plot(
                "spectrum",
                "i",
                "curve",
                axes=("i", "singular value"),
                log_y=True,
                caption=zeros,
                references=kept,
                points=("", "") if kept else ("rank", "last_kept"),
            ),
            Plot(
                "errors", "kept", "curve", axes=("rank", "relative error"), from_zero=True, references=kept,
                points=("", "") if kept else ("rank", "relative_error"), caption=asked,
            ),
        ),
        drawn=lambda: {
            "spectrum": np.where(small, np.nan, result.singular_values),
            "i": range(1, len(result.singular_values) + 1),
            "kept": range(len(result.errors)),
            "last_kept": [
                result.singular_values[rank - 1] if 0 < rank <= small.size and not small[rank - 1] else np.nan
                for rank in np.ravel(result.rank).tolist()
            ],
        },
    )  # fmt: skip


def _bound(result: SvdApprox) -> str:
    """Return what is said of a randomised answer: a bound on its errors, rounded up."""
    most = math.ceil(float(result.error_bound.max()) * 1000.0) / 1000.0
    return f"randomised: at most {most:g} times the least error; --exact gives the least"


def _steps(result: SvdApprox) -> tuple[Step, ...]:
    m, n = result.shape
    small = max(m, n) <= MAX_SHOWN_SIZE and result.W is not None
    last = len(result.rank) - 1
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
            (
                Line(" effective rank {effective_rank}   numerical rank {numerical_rank}"),
                Line(" condition s_1 / s_k = {condition}, k = " + str(min(m, n))),
            )
            if result.method == "exact" and result.effective_rank is not None
            else (Line(f" {_bound(result)}"),)
        ),
        CrossCheck(
            "from the entries of W - A·B: {alternative}"
            if result.left is not None
            else "lengths of B's rows: {alternative}"
        ),
    )
