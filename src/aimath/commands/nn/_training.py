"""Reports of trainings: a row a logged step while it goes on, and the result of each run."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.errors import eprint
from aimath.commands.nn._example_step import explain_example
from aimath.commands.nn._interrupt import interruptible
from aimath.commands.nn._live_curve import live_curve
from aimath.commands.nn._training_page import draw_samples, footer, header
from aimath.commands.nn._training_plots import result_plots
from aimath.errors import InputError, pluralize
from aimath.report import Derivations, Page, PageHeader, Report, Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.commands.nn._plan import Plan
    from aimath.training.interface import Baseline, Run, Samples, Setting
    from aimath.training.loop import LogRow

TIMED_STEPS = 20
"""So many steps of a run are timed, to tell how long all will take."""
NOT_TIMED = ("seed", "lr", "steps", "beta", "dropout", "weight_decay")
"""Settings that a step takes as long with, whatever they are."""
SHOWN_IMAGES = 16


class Wanted(NamedTuple):
    """What a training writes and allows beside its log."""

    save: str = ""  # a path
    stop_at: int | None = None
    last: bool = False
    max_seconds: float = 60.0
    draws: bool = False  # the curve too, not only pictures of what was learned


class Ending(NamedTuple):
    """How a run ended: its last row, and why."""

    row: LogRow
    status: str  # "done", "stopped", "interrupted" or "diverged"
    reason: str = ""  # of a divergence


def training_report(plan: Plan, wanted: Wanted) -> Report:
    """Return the first report of a plan's runs, with the others chained to it, made as they train."""
    _check_duration(plan, wanted)
    reports = _reports(plan, wanted)
    return next(reports)._replace(following=reports)


def _check_duration(plan: Plan, wanted: Wanted) -> None:
    """Say how long a sweep will take, and refuse what is longer than is allowed."""
    several = len(plan.runs) > 1
    if not several and plan.is_usual and plan.recipe.seconds <= wanted.max_seconds:
        return
    groups: dict[tuple[Setting, ...], list[Mapping[str, Setting]]] = {}
    for settings in plan.runs:
        key = tuple(value for name, value in settings.items() if name not in NOT_TIMED)
        groups.setdefault(key, []).append(settings)
    seconds = sum(_expected_seconds(plan, group) for group in groups.values())
    told = f"{pluralize(len(plan.runs), 'run')} will take about {seconds:.2g} s"
    if seconds > wanted.max_seconds:
        unit = 10 ** (math.ceil(math.log10(seconds)) - 1)
        hint = f"fewer --steps or runs, or --max-seconds {math.ceil(1.2 * seconds / unit) * unit}"
        raise InputError(f"{told}, more than {wanted.max_seconds:g}", hint=hint, usage=True)
    if several:
        eprint(f"aimath train: note: {told}")


def _expected_seconds(plan: Plan, group: Sequence[Mapping[str, Setting]]) -> float:
    """Return about how long runs whose steps take as long will train, from the first steps of one."""
    from aimath.training.loop import ROWS

    run = plan.build(group[0])
    if run.done < run.steps:
        run.step()  # the first makes what the others find ready
    start = time.perf_counter()
    run.validate()
    run.figures()
    ready = time.perf_counter()
    timed = min(TIMED_STEPS, run.steps - run.done)
    for _ in range(timed):
        run.step()
    each = (time.perf_counter() - ready) / timed if timed else 0.0
    around = (ready - start) * ROWS
    return sum(around + each * int(settings["steps"]) for settings in group)


def _reports(plan: Plan, wanted: Wanted) -> Iterator[Report]:
    """Yield the reports of all runs, one after the other, until Ctrl-C."""
    with interruptible() as is_interrupted:
        for k, settings in enumerate(plan.runs):
            yield from _reports_of_run(plan, settings, wanted, is_interrupted, first=k == 0)
            if is_interrupted():
                return


def _reports_of_run(
    plan: Plan,
    settings: Mapping[str, Setting],
    wanted: Wanted,
    is_interrupted: Callable[[], bool],
    *,
    first: bool,
) -> Iterator[Report]:
    """Yield the rows of a run's log as they come, and its result."""
    from aimath.training.loop import DivergenceError, train

    run = plan.build(settings)
    baselines = run.baselines()
    head = header(plan.recipe, run, baselines) if first else None
    rows: list[LogRow] = []
    end = run.steps if wanted.stop_at is None else wanted.stop_at
    reason = ""
    with live_curve(plan.recipe.unit, run.steps, baselines) as curve:
        try:
            for row in train(run, stop=lambda: is_interrupted() or run.done >= end, watch=curve.watch):
                rows.append(row)
                if not wanted.last:
                    yield _log_report(plan, settings, row, head)
                    head = None
                curve.log(row)  # below the head, which is written by now
        except DivergenceError as error:
            reason = f"step {error.step}: {error.reason}"
            lost = rows[-1] if rows else None
            seconds = lost.seconds if lost else 0.0
            figures = lost.figures if lost else {}
            rows.append(_lost_row(error.step, seconds, run.lr, figures))
    status = "diverged" if reason else "done" if run.done >= run.steps else "stopped"
    if is_interrupted() and status == "stopped":
        status = "interrupted"
    yield _result_report(plan, wanted, run, rows, baselines, Ending(rows[-1], status, reason), head)


def _lost_row(step: int, seconds: float, lr: float, figures: Mapping[str, float | str]) -> LogRow:
    from aimath.training.loop import LogRow

    return LogRow(step, seconds, math.nan, math.nan, lr, dict.fromkeys(figures, math.nan))


def _log_report(plan: Plan, settings: Mapping[str, Setting], row: LogRow, head: PageHeader | None) -> Report:
    import numpy as np

    from aimath.training.results import LoggedStep

    step, seconds, train, heldout, lr = (np.array([value]) for value in row[:5])
    columns = plan.recipe.columns
    return Report(
        LoggedStep(step, seconds, train, heldout, lr, test=np.array([math.nan]), status=np.array(["going"])),
        show=("step", "seconds", "train", "heldout", "lr", *columns, "test", "status"),
        summary_fields=("step", "seconds", "train", "heldout", *columns),
        units={"train": plan.recipe.unit, "heldout": plan.recipe.unit},
        swept={name: np.array([settings[name]]) for name in plan.swept},
        notes=plan.notes,
        page=Page(header=head),
        extra=dict(row.figures),
    )


def _result_report(
    plan: Plan,
    wanted: Wanted,
    run: Run,
    rows: Sequence[LogRow],
    baselines: Sequence[Baseline],
    ending: Ending,
    head: PageHeader | None,
) -> Report:
    """Return the report of how a run ended: test figures, samples, formulas, pictures."""
    import numpy as np

    report = _log_report(plan, run.settings, ending.row, head)
    lost = ending.status == "diverged"
    several = len(plan.runs) > 1
    tested = {} if lost else dict(run.test())
    drawn = [] if lost or several else draw_samples(run)
    drawn_rows = rows if wanted.draws else ()
    plots, quantities = (
        ((), {}) if lost or several else result_plots(plan.recipe, run, drawn_rows, baselines, drawn)
    )
    figures = {name: value for name, value in tested.items() if name != "test"}
    shown = ("test", *figures, "seconds", "weights", *(("status",) if ending.status != "done" else ()))
    return report._replace(
        result=report.result._replace(
            test=np.array([tested.get("test", math.nan)]), status=np.array([ending.status])
        ),
        summary_fields=report.summary_fields if lost else shown,
        steps=() if lost else (Derivations(lambda: [explain_example(plan.recipe, run)]),),
        extra={**report.extra, **_about(plan, run, baselines), **figures, **_made(drawn)},
        spread=Spread("baselines", (), tuple(one.name for one in baselines)) if baselines else None,
        plot=plots,
        drawn=lambda: quantities,
        save=(lambda: _save(wanted.save, plan, run)) if wanted.save and not lost else None,
        failed_check=f"the training diverged at {ending.reason}" if lost else "",
        is_interrupted=ending.status == "interrupted",
        page=report.page._replace(footer=() if lost or several else footer(plan.recipe, run, tested, drawn)),
    )


def _about(plan: Plan, run: Run, baselines: Sequence[Baseline]) -> dict[str, Any]:
    """Return what JSON says of a run beside its figures: its settings, weights and baselines."""
    import numpy as np

    settings = {name: value for name, value in run.settings.items() if name not in (*plan.swept, "lr")}
    about: dict[str, Any] = {
        "run": plan.recipe.name,
        **({"arch": plan.recipe.arch} if plan.recipe.arch else {}),
        **settings,
    }
    about["weights"] = run.weights
    if baselines:
        about["baselines"] = np.array([one.value for one in baselines])
    return about


def _made(drawn: Sequence[tuple[str, Samples]]) -> dict[str, Any]:
    import numpy as np

    texts = [text for _, samples in drawn for text in samples.texts]
    made: dict[str, Any] = {"samples": np.array(texts)} if texts else {}
    for _, samples in drawn:
        if samples.images is not None:
            made |= {"samples": samples.images[:SHOWN_IMAGES], "sample_labels": np.array(samples.labels)}
    return made


def _save(path: str, plan: Plan, run: Run) -> None:
    from aimath.training import checkpoint

    checkpoint.save(path, plan.recipe, run, plan.data)
