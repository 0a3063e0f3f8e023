"""The command combine: the answer of all parts of a work that was divided by --part."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import AskedFields, MaxMemory, MemoryLimit, PlotAsked, TextArguments
from aimath.errors import InputError
from aimath.pages.demo import table_report
from aimath.report import Page, PageHeader, Paragraph, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOW_TO_RUN = (
    Paragraph(
        "--workers N shares the work among processes of this machine. --part I/N --state FILE.npz does one "
        "part of it, here or on another machine, and aimath combine answers. The bytes are the same. A pair "
        "of models of 70B parameters, 560 tensors, takes lora about 15 hours of a core."
    ),
    Paragraph("A job array of Slurm, with #SBATCH --array=1-8:"),
    Paragraph(
        "aimath lora BASE TUNED --part $SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT "
        "--state part-$SLURM_ARRAY_TASK_ID.npz",
        "command",
    ),
    Paragraph("aimath combine 'part-*.npz'", "command"),
    Paragraph("GNU parallel, on any machines that see the files:"),
    Paragraph("parallel aimath lora BASE TUNED --part {}/8 --state part-{}.npz ::: $(seq 8)", "command"),
    Paragraph("aimath combine 'part-*.npz'", "command"),
    Paragraph("Kubernetes, a Job with completionMode: Indexed and completions: 8:"),
    Paragraph(
        "aimath lora BASE TUNED --part $((JOB_COMPLETION_INDEX + 1))/8 "
        "--state part-$JOB_COMPLETION_INDEX.npz",
        "command",
    ),
    Paragraph("aimath combine 'part-*.npz'", "command"),
)
"""How parts are run, line by line: tests run these."""
ON_DASK = (
    Paragraph("A dask cluster, whose workers see the same files and have the same aimath[dask]:"),
    Paragraph("aimath lora BASE TUNED --dask tcp://HOST:8786", "command"),
)
DIVIDED: tuple[Mapping[str, str], ...] = (
    {"command": "describe --each-column", "unit": "65,536 rows of an .npy or .safetensors, else a file"},
    {"command": "compare", "unit": "the same, of both models in step"},
    {"command": "evaluate", "unit": "the same"},
    {"command": "pca, svd-approx", "unit": "the same, of a matrix above 512 MiB"},
    {"command": "weights, lora", "unit": "a tensor"},
    {"command": "train, of several runs", "unit": "a run; by --workers alone"},
    {"command": "softmax, entropy, ...", "unit": "the same; parts print, put them behind each other"},
)
"""What is divided, and into which units."""


@command(
    example="aimath combine",
    answer="the answer of all parts of `--part`; alone, what can be divided",
    after="verify",
    informational=True,
)
def combine(
    files: Annotated[
        list[str], TextArguments("What --part I/N --state FILE.npz wrote: every part, once.", "[FILE.npz...]")
    ],
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
    draws: PlotAsked = False,
    fields: AskedFields = (),
) -> Report:
    """Combine the parts of a work that was divided.

    Each part has learnt of some of the files, or of their rows, and wrote what it learnt. The answer is
    that of the command by itself, to the last byte, in any form. A part that is missing, given twice,
    changed, or of another command line is named and refused.
    """
    if not files:
        page = Page(PageHeader((), explain=False), footer=(*HOW_TO_RUN, *ON_DASK))
        return table_report(DIVIDED)._replace(page=page)
    if not all(file.strip() for file in files):
        raise InputError("the name of a file is empty", usage=True)
    from aimath.cli.runner.division.parts import combine_states  # noqa: PLC0415  only for states
    from aimath.read.segments import expand_pattern  # noqa: PLC0415  the same

    paths = [path for file in files for path in expand_pattern(file.removeprefix("@"))]
    first, *others = _with_rows(combine_states(paths, memory, draws=draws, fields=fields), fields)
    return first._replace(following=itertools.chain(first.following, others))


def _with_rows(reports: Iterator[Report], fields: tuple[str, ...]) -> Iterator[Report]:
    """Yield reports, whose further rows follow if they have any of the fields."""
    for report in reports:
        yield report if report.line_axis(fields) else report._replace(following=())
