"""The command train."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    MaxMemory,
    MemoryLimit,
    Option,
    PlotAsked,
    Sharing,
    TextArguments,
    Workers,
)
from aimath.commands.nn._plan import TrainingOptions, make_plan, resumed_plan, save_path, with_lines
from aimath.commands.nn._training import Wanted, training_report
from aimath.commands.nn._training_page import command_name
from aimath.errors import InputError
from aimath.read.numbers import parse_integer
from aimath.report import Page, PageHeader, Paragraph, Report
from aimath.text import quote

MAX_SECONDS = 60
"""Longer trainings are refused, unless --max-seconds allows them."""


@command(
    example="aimath train",
    answer="a row a logged step, the last with test figures; alone, the runs; `--save --resume`, sweeps",
    after="quiz",
    informational=True,
)
def train(
    given: Annotated[
        list[str], TextArguments("A run, and behind names a file of your own lines.", "[NAME [FILE]]")
    ],
    options: TrainingOptions,
    arch: Annotated[str, Option("--arch", help="One of several models of a run.", metavar="MODEL")] = "",
    save: Annotated[str, Option("--save", help="Write the model to FILE.safetensors.", metavar="FILE")] = "",
    resume: Annotated[str, Option("--resume", help="Go on with what --save wrote.", metavar="FILE")] = "",
    stop_at: Annotated[
        str, Option("--stop-at", help="Stop after so many steps; --resume goes on.", metavar="N")
    ] = "",
    last: Annotated[bool, Option("--last", help="Only the result of each run.")] = False,
    max_seconds: Annotated[
        str, Option("--max-seconds", help="Allow so many seconds, not just 60.", metavar="N")
    ] = "",
    max_memory: MaxMemory = None,
    memory: MemoryLimit = None,
    draws: PlotAsked = False,
    workers: Workers = "",
    share: Sharing = None,
) -> Report:
    """Train a real model in seconds, and see every formula in it.

    Alone it lists the runs. Each learns from data that ship with aimath, on one core; its losses
    stand beside what simpler models reach. Ctrl-C ends it after a step, and what it has is written.
    Several values, as --lr .1,.01, are several runs, which --workers N trains in processes.
    """
    del max_memory  # which the runner made bytes of
    from aimath.training.registry import find_recipe

    if not given and not resume:
        refuse_options(options, arch, save, stop_at, workers)
        return list_runs()
    if len(given) > 2 or "" in given:
        wrong = quote(given[2]) if len(given) > 2 else "an empty word"
        raise InputError(f"takes a run and a file of lines, not {wrong}", hint="try aimath train", usage=True)
    name, *file = given or [""]
    if resume:
        plan = resumed_plan(resume, name, arch, options, memory)
    else:
        plan = make_plan(find_recipe(name, arch), options)
    plan = with_lines(plan, file)
    end = parse_integer(stop_at, "--stop-at", 0, 10**9) if stop_at else None
    limit = parse_integer(max_seconds, "--max-seconds", 1, 10**7) if max_seconds else MAX_SECONDS
    return training_report(plan, Wanted(save_path(save, plan), end, last, float(limit), draws), share)


def refuse_options(options: TrainingOptions, *others: str) -> None:
    """Raise InputError if settings are given of a run that isn't named."""
    if options != TrainingOptions() or any(others):
        raise InputError(
            "these are options of a run, and none is named", hint="try aimath train digits", usage=True
        )


def list_runs() -> Report:
    """Return what there is to train: a row a run, with what it takes and what is seen."""
    import numpy as np

    from aimath.training.registry import RUNS, recipes
    from aimath.training.results import RunList

    rows = [recipe for name in RUNS for recipe in recipes(name).values()]
    found = RunList(
        np.array([command_name(one) for one in rows]),
        np.array([one.summary for one in rows]),
        np.array([one.seen for one in rows]),
        np.array([one.seconds for one in rows]),
    )
    closing = Paragraph("aimath train NAME trains one; --explain shows a step of it in numbers.")
    return Report(
        found,
        show=("run", "seconds", "learns", "seen"),
        units={"seconds": "s"},
        page=Page(PageHeader((), explain=False), footer=(closing,)),
    )
