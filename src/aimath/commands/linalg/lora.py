"""The command of low-rank adapters."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import Integer, Number, Option, TextArguments
from aimath.errors import InputError, Retype, pluralize
from aimath.read._foreign import conversion_hint
from aimath.read.blocks import FORMAT_BY_SUFFIX, file_suffix, has_known_suffix, is_dataset, split_archive_path
from aimath.read.operands import open_matrix
from aimath.report import CrossCheck, Line, Plot, Report, Table
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.read.matrices import RowBlocks

EXAMPLE = "aimath lora --shape 768x768 --rank 16"
_SIDE = re.compile(r"[0-9]{1,9}")
_SIDES = re.compile(r"([0-9]{1,9})[x×,]([0-9]{1,9})")


@command(
    example=EXAMPLE,
    answer="parameters; of two weight files, ranks",
    quiz=("lora", "share"),
    after="svd-approx",
)
def lora(
    files: Annotated[
        list[str],
        TextArguments("MxN, or two files of weights, BASE and TUNED.", metavar="[MxN | BASE TUNED]"),
    ],
    shape: Annotated[str, Option("--shape", help="The sides of a matrix, as 768x768.", metavar="MxN")] = "",
    rank: Annotated[
        int | None, Integer(("--rank", "-r"), "The rank of the factors.  [default: 8]", 1, 10**9)
    ] = None,
    energy: Annotated[
        tuple[float, ...] | None,
        Number(("--energy",), "Share of the update's squares to keep.  [default: 0.9,0.99]", vectorized=True),
    ] = None,
) -> Report:
    """Count the numbers of a low-rank adapter, or find the rank it needs.

    W + B A with B (m, r) and A (r, n) trains r (m + n) numbers, not m n. Of two weight files, each
    tensor's change is decomposed: the least rank that keeps a share of it. Hu et al. (2021).
    """
    if len(files) == 1 and _SIDES.fullmatch(files[0]):
        if shape:
            raise InputError(f"--shape gives the sides, and so does {quote(files[0])}", usage=True)
        files, shape = [], files[0]
    if len(files) in (2, 3) and not shape and all(_SIDE.fullmatch(word) for word in files):
        raise _bare_sides(files)
    if files and (shape or rank is not None):
        hint = "" if len(files) > 1 else f"give BASE and TUNED alone, or --shape MxN in place of {files[0]}"
        raise InputError("two files of weights need neither --shape nor --rank", hint=hint, usage=True)
    if files:
        return _file_report(files, (0.9, 0.99) if energy is None else energy)
    if energy is not None:
        raise InputError("--energy is about two files of weights", hint="give BASE and TUNED", usage=True)
    return _shape_report(shape, 8 if rank is None else rank)


def _bare_sides(words: list[str]) -> InputError:
    """Return the error for sides, and a rank, that are given as numbers apart: 768 768 16."""
    m, n, *rank = words
    meant = Retype(tuple(words), (f"{m}x{n}", *(word for r in rank for word in ("--rank", r))))
    return InputError(f"{' '.join(words)} are numbers, not files of weights", hint=meant, usage=True)


def _shape_report(shape: str, rank: int) -> Report:
    from aimath.core import linalg as core

    sides = _SIDES.fullmatch(shape)
    if not sides:
        why = (
            f"--shape: {quote(shape)} is not two sides" if shape else "needs --shape, or two files of weights"
        )
        raise InputError(why, hint=f"try {EXAMPLE}", usage=True)
    return Report(
        core.lora(shape=(int(sides[1]), int(sides[2])), rank=rank),
        show=("parameters",),
        steps=(
            Line(
                "W + B · A      B is m × r and A is r × n: r (m + n) numbers are trained, in place of m · n"
            ),
            Line(" r (m + n) = {rank} · ({m} + {n}) = {parameters}"),
            Line(" m · n = {m} · {n} = {full}"),
            Line(" {parameters} / {full} = {percent_of_full} %"),
            Line(" of all numbers in memory, {full} + {parameters}: {percent_of_total} %"),
            Line(" factors are smaller than W below rank m · n / (m + n) = {break_even_rank}"),
            CrossCheck("100 · rank / break-even rank = {alternative} %"),
        ),
        units={"percent_of_full": "%", "percent_of_total": "%"},
        plot=Plot("parameters"),
    )


def _file_report(files: Sequence[str], energy: tuple[float, ...]) -> Report:
    from aimath.core.linalg import lora_ranks

    if len(files) != 2:
        hint = next(filter(None, map(conversion_hint, files)), f"give BASE and TUNED, or try {EXAMPLE}")
        why = f"needs two files of weights, BASE and TUNED, not {len(files)}"
        raise InputError(why, hint=hint, usage=True)
    for file in files:
        path = file.removeprefix("@")
        # A pipe has no suffix, and what is missing is told of when it is opened.
        piped = path != file and not os.path.isfile(path)  # noqa: PTH113  2 ms for pathlib
        if not (piped or has_known_suffix(path) or is_dataset(file)):
            why = f"the suffix of {quote(file)} is not known"
            hint = conversion_hint(file) or f"weights come as {' '.join(FORMAT_BY_SUFFIX)}"
            raise InputError(why, hint=hint, usage=True)
    names, alone = _matching_tensors(*files)
    result = lora_ranks(_decompose_updates(files, names, energy))
    return Report(
        result,
        show=("tensor", "shape", "energy", "rank", "parameters", "full", "percent_of_full"),
        steps=(
            Line(
                "tuned - base = U · S · Vᵀ      the least r with s_1² + … + s_r² ≥ energy · (s_1² + s_2² + …)"
            ),
            Table(
                (
                    ("shape", "{shape}"),
                    ("energy", "{energy}"),
                    ("rank r", "{rank}"),
                    ("r(m+n)", "{parameters}"),
                    ("of m·n, %", "{percent_of_full}"),
                ),
                names="tensor",
            ),
            *((Line(" all tensors: the one rank which they may share"),) if len(names) > 1 else ()),
            CrossCheck("norms of the updates by their entries: {alternative}"),
        ),
        units={"percent_of_full": "%"},
        plot=Plot("rank", "tensor"),
        notes=alone,
    )


def _matching_tensors(base_path: str, tuned_path: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the names of matrices in both files with one shape, and a note on the others."""
    (first, second), whole = zip(*(_matrix_shapes(path) for path in (base_path, tuned_path)), strict=True)
    names = [name for name, shape in first.items() if second.get(name) == shape]
    if not names:
        hint = "a tensor can be named: FILE.safetensors:NAME"
        raise InputError("the two files have no matrix of one name and shape", hint=hint)
    left = len(first.keys() | second.keys()) - len(names)
    notes = [f"{pluralize(left, 'tensor')} without a partner of the same shape"] * (left > 0)
    uncounted = sorted(whole[0] | whole[1])
    if uncounted:
        notes.append(f"no weights, so not counted (whole numbers or truth values): {', '.join(uncounted)}")
    return names, tuple(notes)


def _matrix_shapes(path: str) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    """Return the shapes of a file's matrices of weights by name, and the names of what is no weight."""
    from aimath.read import matrices  # noqa: PLC0415  only for files

    file, name = split_archive_path(path.removeprefix("@"))
    if name is None and file_suffix(file) in {".safetensors", ".npz"}:
        tables = [t for t in matrices.list_tensors(file) if len(t.shape) == 2]
        weights = {t.name: t.shape for t in tables if "F" in t.dtype.upper()}  # F32, BF16, "<f4"
        return weights, {t.name for t in tables} - weights.keys()
    return {"": _open_matrix(path, "").shape}, set()


def _decompose_updates(
    files: Sequence[str], names: Sequence[str], energy: tuple[float, ...]
) -> Iterator[tuple[str, Any]]:
    """Yield the decomposed update of each tensor, holding two matrices at a time."""
    from aimath.core import linalg as core

    for name in names:
        base, tuned = (_open_matrix(path, name).to_array(copies=3) for path in files)
        yield name or "update", core.lora_update(base, tuned, energy)


def _open_matrix(path: str, name: str) -> RowBlocks:
    return open_matrix([f"{path}:{name}" if name else path], "W", {}, None)
