"""Reports of trainings: a row a logged step while it goes on, and the result of each run."""

from __future__ import annotations

import itertools
import math
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.errors import eprint
from aimath.commands.nn._example_step import example_report
from aimath.commands.nn._interrupt import interruptible
from aimath.commands.nn._logged_run import Outcome, follow_run
from aimath.commands.nn._training_page import draw_samples, footer
from aimath.commands.nn._training_plots import result_plots
from aimath.errors import InputError, pluralize
from aimath.report import Derivations, Page, PageHeader, Report, Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from aimath.commands.nn._plan import Plan
    from aimath.training.interface import Run, Samples, Setting
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


def training_report(plan: Plan, wanted: Wanted, share: Any) -> Report:
    """Return the first report of a plan's runs, with the others chained to it, made as they train."""
    workers: int = share.count_workers(len(plan.runs))
    _check_duration(plan, wanted, workers)
    reports = _shared_reports(plan, wanted, share) if workers > 1 else _reports(plan, wanted)
    return next(reports)._replace(following=reports)


def _check_duration(plan: Plan, wanted: Wanted, workers: int) -> None:
    """Say how long a sweep will take, and refuse what is longer than is allowed."""
    several = len(plan.runs) > 1
    if not several and plan.is_usual and plan.recipe.seconds <= wanted.max_seconds:
        return
    groups: dict[tuple[Setting, ...], list[Mapping[str, Setting]]] = {}
    for settings in plan.runs:
        key = tuple(value for name, value in settings.items() if name not in NOT_TIMED)
        groups.setdefault(key, []).append(settings)
    each = [seconds for group in groups.values() for seconds in _expected_seconds(plan, group)]
    seconds = sum(each)
    told = pluralize(len(plan.runs), "run")
    if workers > 1:
        from aimath.cli.runner.division.workers import count_cores  # noqa: PLC0415  only for several

        seconds = max(*each, seconds / min(workers, count_cores()))
        told += f" in {workers} processes"
    told += f" will take about {seconds:.2g} s"
    if seconds > wanted.max_seconds:
        unit = 10 ** (math.ceil(math.log10(seconds)) - 1)
        hint = f"fewer --steps or runs, or --max-seconds {math.ceil(1.2 * seconds / unit) * unit}"
        raise InputError(f"{told}, more than {wanted.max_seconds:g}", hint=hint, usage=True)
    if several:
        eprint(f"aimath train: note: {told}")


def _expected_seconds(plan: Plan, group: Sequence[Mapping[str, Setting]]) -> list[float]:
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
    return [around + each * int(settings["steps"]) for settings in group]


def _reports(plan: Plan, wanted: Wanted) -> Iterator[Report]:
    """Yield the reports of all runs, one after the other, until Ctrl-C."""
    with interruptible() as is_interrupted:
        for number, settings in enumerate(plan.runs):
            run = plan.build(settings)
            events = follow_run(plan, run, wanted.stop_at, is_interrupted)
            whole = None if len(plan.runs) > 1 else run
            for report in _reports_of_run(plan, number, wanted, events, is_interrupted, whole):
                yield report
                if report.is_interrupted:
                    return


def _shared_reports(plan: Plan, wanted: Wanted, share: Any) -> Iterator[Report]:
    """Yield the reports of runs that several processes train, in the order of the runs.

    At Ctrl-C those that have begun end after a step, and no other begins.
    """
    from aimath.commands.nn._run_worker import RunWorker  # noqa: PLC0415  only for several

    given = (plan.recipe.name, plan.recipe.arch, plan.runs, plan.swept, plan.lines, wanted.stop_at)
    with interruptible() as is_interrupted:
        told = share.results(range(len(plan.runs)), plan.name_run, is_interrupted, RunWorker, *given)
        for number, events in itertools.groupby(told, itemgetter(0)):
            yield from _reports_of_run(plan, number, wanted, map(itemgetter(1), events), is_interrupted)


def _reports_of_run(
    plan: Plan,
    number: int,
    wanted: Wanted,
    events: Iterable[PageHeader | LogRow | Outcome],
    is_interrupted: Callable[[], bool],
    run: Run | None = None,
) -> Iterator[Report]:
    """Yield the rows of a run's log as they come, and its result: a whole page if it is the only `run`."""
    settings = plan.runs[number]
    head: PageHeader | None = None
    rows: list[LogRow] = []
    for event in events:
        if isinstance(event, PageHeader):
            head = event if number == 0 else None
        elif isinstance(event, Outcome):
            report = _result_report(plan, settings, event, head)
            ended = event.status == "interrupted" or (is_interrupted() and number + 1 < len(plan.runs))
            report = report._replace(is_interrupted=ended)
            lost = event.status == "diverged"
            yield report if run is None or lost else _complete(report, plan, wanted, run, rows, event)
        else:
            rows.append(event)
            if not wanted.last:
                yield _log_report(plan, settings, event, head)
                head = None


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
    plan: Plan, settings: Mapping[str, Setting], outcome: Outcome, head: PageHeader | None
) -> Report:
    """Return the report of how a run ended: its last row, and figures on test data."""
    import numpy as np

    report = _log_report(plan, settings, outcome.row, head)
    figures = {name: value for name, value in outcome.tested.items() if name != "test"}
    ended = ("status",) if outcome.status != "done" else ()
    shown = ("test", *figures, "seconds", "weights", *ended)
    lost = outcome.status == "diverged"
    explain, unit = outcome.explain, plan.recipe.unit
    return report._replace(
        result=report.result._replace(
            test=np.array([outcome.tested.get("test", math.nan)]), status=np.array([outcome.status])
        ),
        summary_fields=report.summary_fields if lost else shown,
        steps=(Derivations(lambda: [example_report(explain(), unit)]),) if explain else (),
        extra={**report.extra, **outcome.about, **figures},
        spread=Spread("baselines", (), tuple(one.name for one in outcome.baselines))
        if outcome.baselines
        else None,
        failed_check=f"the training diverged at {outcome.reason}" if lost else "",
    )


def _complete(
    report: Report, plan: Plan, wanted: Wanted, run: Run, rows: Sequence[LogRow], outcome: Outcome
) -> Report:
    """Return the report of the only run with samples, formulas and pictures, and what saves it."""
    drawn = draw_samples(run)
    plots, quantities = result_plots(plan.recipe, run, rows if wanted.draws else (), outcome.baselines, drawn)
    return report._replace(
        extra={**report.extra, **_made(drawn)},
        plot=plots,
        drawn=lambda: quantities,
        save=(lambda: _save(wanted.save, plan, run)) if wanted.save else None,
        page=report.page._replace(footer=footer(plan.recipe, run, outcome.tested, drawn)),
    )


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
