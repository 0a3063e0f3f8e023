"""The command of low-rank adapters."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Dask,
    Integer,
    MaxMemory,
    MemoryLimit,
    Number,
    Option,
    Part,
    Sharing,
    StateFile,
    TextArguments,
    Workers,
)
from aimath.errors import InputError, Retype
from aimath.read._foreign import conversion_hint
from aimath.read.blocks import FORMAT_BY_SUFFIX, has_known_suffix, is_dataset
from aimath.report import CrossCheck, Line, Plot, Report
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.cli.runner.share import LocalShare

EXAMPLE = "aimath lora --shape 768x768 --rank 16"
_RANK = re.compile(r"(?:(?:r|rank)=)?([0-9]{1,9})")
_SIDE = re.compile(r"[0-9]{1,9}")
_SIDES = re.compile(r"([0-9]{1,9})[x×,]([0-9]{1,9})")


@command(
    example=EXAMPLE,
    answer="parameters; of two weight files, ranks; of one with `--rank`, costs",
    quiz=("lora", "share"),
    after="svd-approx",
)
def lora(
    files: Annotated[
        list[str],
        TextArguments(
            "MxN, or two files or folders of weights, BASE and TUNED, or one.", metavar="[MxN | BASE TUNED]"
        ),
    ],
    shape: Annotated[str, Option("--shape", help="The sides of a matrix, as 768x768.", metavar="MxN")] = "",
    rank: Annotated[
        int | None, Integer(("--rank", "-r"), "The rank of the factors.  [default: 8]", 1, 10**9)
    ] = None,
    energy: Annotated[
        tuple[float, ...] | None,
        Number(("--energy",), "Share of the update's squares to keep.  [default: 0.9,0.99]", vectorized=True),
    ] = None,
    match: Annotated[
        str, Option("--match", help="Tensors whose name holds this; * is anything.", metavar="GLOB")
    ] = "",
    save: Annotated[
        str, Option("--save", help="Write the update as an adapter for peft, of one --energy.", metavar="DIR")
    ] = "",
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
    workers: Workers = "",  # noqa: ARG001  they come as `share`
    part: Part = "",  # noqa: ARG001  the same
    state: StateFile = "",  # noqa: ARG001  the same
    dask: Dask = "",  # noqa: ARG001  the same
    share: Sharing = None,
) -> Report:
    """Count the numbers of a low-rank adapter, or find the rank it needs.

    W + B A with B (m, r) and A (r, n) trains r (m + n) numbers, not m n. Of two weight files, each
    tensor's change is decomposed: the least rank that keeps a share of it. Of one and --rank: what an
    adapter of its matrices costs, but for embeddings and heads. Hu et al. (2021).
    """
    if len(files) == 1 and _SIDES.fullmatch(files[0]):
        if shape:
            raise InputError(f"--shape gives the sides, and so does {quote(files[0])}", usage=True)
        files, shape = [], files[0]
    if len(files) in (2, 3) and not shape and all(_SIDE.fullmatch(word) for word in files):
        raise _bare_sides(files)
    if len(files) == 2 and not shape and _SIDES.fullmatch(files[0]) and (typed := _RANK.fullmatch(files[1])):
        meant = Retype(tuple(files), (files[0], "--rank", typed[1]))
        raise InputError(f"{quote(files[1])} is no file of weights", hint=meant, usage=True)
    if len(files) == 1 and not shape and (rank is not None or match):
        from aimath.commands.linalg._adapters import check_costs, costs_report  # noqa: PLC0415  only for files
        from aimath.read.models.weight_files import has_weights, read_weights  # noqa: PLC0415  the same

        if has_weights(files[0]):
            check_costs(energy, save)
            found = read_weights(files[0], memory)
            report = costs_report(found.tensors, 8 if rank is None else rank, match or None)
            return report._replace(notes=(*found.notes, *report.notes))
    if len(files) == 1 and not shape and rank is not None:
        hint = f"give a file that is, or BASE and TUNED without --rank, or --shape MxN in place of {files[0]}"
        raise InputError(f"{quote(files[0])} is no file of weights", hint=hint, usage=True)
    if files and (shape or rank is not None):
        hint = (
            "leave it out"
            if len(files) > 1
            else f"give BASE and TUNED alone, or --shape MxN in place of {files[0]}"
        )
        raise InputError("two files of weights need neither --shape nor --rank", hint=hint, usage=True)
    if files:
        return _file_report(files, energy, match or None, save, memory, share)
    for flag, given in (("--energy", energy is not None), ("--match", match), ("--save", save)):
        if given:
            raise InputError(f"{flag} is about two files of weights", hint="give BASE and TUNED", usage=True)
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
        plot=Plot("parameters", end="full"),
    )


def _file_report(
    files: Sequence[str],
    energy: tuple[float, ...] | None,
    match: str | None,
    save: str,
    memory: int | None,
    share: LocalShare,
) -> Report:
    from aimath.commands.linalg._adapters import (  # noqa: PLC0415  only for files
        Files,
        find_changes,
        open_target,
        ranks_report,
    )
    from aimath.read.models.weight_files import has_weights, read_weights  # noqa: PLC0415  the same

    if len(files) != 2:
        hint = next(filter(None, map(conversion_hint, files)), f"give BASE and TUNED, or try {EXAMPLE}")
        why = f"needs two files of weights, BASE and TUNED, not {len(files)}"
        raise InputError(why, hint=hint, usage=True)
    for file in files:
        path = file.removeprefix("@")
        # A pipe has no suffix, and what is missing is told of when it is opened.
        piped = path != file and not os.path.isfile(path)  # noqa: PTH113  2 ms for pathlib
        if not (piped or has_weights(path) or has_known_suffix(path) or is_dataset(file)):
            why = f"the suffix of {quote(file)} is not known"
            hint = conversion_hint(file) or f"weights come as {' '.join(FORMAT_BY_SUFFIX)}"
            raise InputError(why, hint=hint, usage=True)
    if save and share.is_part:
        why = "an adapter is written of the whole"
        raise InputError(why, hint="use --workers, or leave out --part", usage=True).within("--save")
    shares = energy or ((0.9,) if save else (0.9, 0.99))
    target = open_target(save, files[0].removeprefix("@"), shares) if save else None
    base, tuned = (read_weights(file, memory) for file in files)
    changes = find_changes(base.tensors, tuned.tensors, match)
    report = ranks_report(changes, shares, target, Files(files[0], files[1], memory), share)
    return report._replace(notes=(*base.notes, *tuned.notes, *report.notes))
