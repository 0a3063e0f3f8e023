"""Options, sweeps and reports shared by the optimizer commands."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.options import (
    TABLE_OPTIONS,
    Applies,
    Integer,
    MaxMemory,
    MemoryLimit,
    Number,
    Option,
    TableOptions,
    TextArguments,
)
from aimath.cli.runner.job import check_choice
from aimath.commands.formulas import check_assigned, is_assignment, is_variable, load_data, parse_point
from aimath.errors import InputError, Retype, join_and, pluralize
from aimath.read.blocks import check_budget
from aimath.read.numbers import is_number, parse_integer
from aimath.report import Derivations, Page, Plot, Report
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aimath.core.calculus import Data, Function
    from aimath.core.optim import RunBatch

MAX_UPDATES = 10_000_000
"""So many updates are made unless --max-steps says more."""
BLOCK_ROWS = 65_536
"""Rows written at a time."""
TRAJECTORY_COPIES = 8
"""Arrays of the size of the way that are held at once: points, gradients, what an optimiser remembers."""
MAX_LANDSCAPE_ROWS = 20_000
"""Over more rows of data the losses of a descent are drawn, not the landscape: that would take seconds."""
MAX_CURVES = 6
"""The losses of so many runs are drawn along the way, of more only the last."""
FIT_POINTS, MAX_DATA_POINTS = 200, 2000
"""A fitted line is drawn through so many points, beside about so many rows of data."""
FAILED_STATUSES = ("diverged", "undefined", "stuck")
DEFAULT_FUNCTION, VALLEY = "(w-3)^2", "x^2/40 + 5*y^2"
DEFAULT_STARTS = {DEFAULT_FUNCTION: "w=10", VALLEY: "x=2,y=0.5"}
SCHEDULES = (
    "constant",
    "step",
    "exponential",
    "inverse-time",
    "linear",
    "polynomial",
    "cosine",
    "warmup-cosine",
)
Given = Annotated[
    list[str], TextArguments("A formula and where to begin: '(w-3)^2' w=10.", "[FORMULA [X=N...]]")
]
Formula = Annotated[str, Option("--function", help="What to walk down.", metavar="F")]
Start = Annotated[
    list[str] | None, Option("--start", help="Where to begin: x=3,y=2.  [default: w=10]", metavar="LIST")
]
ScheduleName = Annotated[str, Option("--schedule", metavar="NAME", choices=SCHEDULES)]


SCHEDULE_OPTIONS = (
    Applies(("gamma",), "schedule", ("step", "exponential", "inverse-time")),
    Applies(("step_size",), "schedule", ("step", "inverse-time")),
    Applies(("min_lr",), "schedule", ("linear", "polynomial", "cosine", "warmup-cosine")),
    Applies(("warmup", "init_lr"), "schedule", ("warmup-cosine",)),
    Applies(("power",), "schedule", ("polynomial",)),
)
"""Which schedules have which options."""
DESCENT_OPTIONS = (*SCHEDULE_OPTIONS, Applies(("every",), "last", given=False), *TABLE_OPTIONS)


class ScheduleOptions(NamedTuple):
    """Options of learning-rate schedules."""

    gamma: Annotated[
        float | None,
        Number(("--gamma",), "Of step (.1), exponential (.95) and inverse-time (1).", vectorized=True),
    ] = None
    step_size: Annotated[
        int,
        Integer(
            ("--step-size",),
            "Updates between drops of step, unit of inverse-time.",
            1,
            10**9,
            vectorized=True,
        ),
    ] = 10
    min_lr: Annotated[
        float, Number(("--min-lr",), "Where linear, polynomial and cosine end.", vectorized=True)
    ] = 0.0
    warmup: Annotated[
        int | None,
        Integer(("--warmup",), "Updates of warming up.  [default: a tenth]", 0, 10**9, vectorized=True),
    ] = None
    power: Annotated[float, Number(("--power",), "Power of polynomial.", vectorized=True)] = 1.0
    init_lr: Annotated[float, Number(("--init-lr",), "Where warming up starts.", vectorized=True)] = 0.0


class DescentOptions(NamedTuple):
    """Options of a descent: function, start, learning rate and stopping."""

    given: Given
    function: Formula = DEFAULT_FUNCTION
    start: Start = None
    lr: Annotated[float, Number(("--lr",), "Learning rate.", vectorized=True)] = 0.1
    steps: Annotated[int, Integer(("--steps",), "Updates to make.", 0, 10**9, vectorized=True)] = 20
    until: Annotated[
        float | None,
        Number(
            ("--until",), "Stop once the gradient is no longer than this.  [default: never]", vectorized=True
        ),
    ] = None
    schedule: ScheduleName = "constant"


class ReportOptions(NamedTuple):
    """Options for which rows are printed and what --check demands."""

    last: Annotated[bool, Option("--last", help="Only the end of each run.")] = False
    every: Annotated[str, Option("--every", help="Every Nth step, and the last.", metavar="N")] = ""
    check: Annotated[bool, Option("--check", help="Exit with 4 unless all runs converge.")] = False
    max_steps: Annotated[
        str, Option("--max-steps", help="Allow so many updates, not just 10000000.", metavar="N")
    ] = ""
    max_memory: MaxMemory = None
    memory: MemoryLimit = None  # the same in bytes, from the runner


def take_operands(
    given: Sequence[str], function: str, start: list[str] | None
) -> tuple[str, list[str] | None]:
    """Return the function and the start of a descent, each given by its option or among the operands."""
    if not all(given):
        raise InputError("an operand is empty", hint="write a formula and its start", usage=True)
    formula, *places = given or [""]
    if formula and is_assignment(formula):
        behind = [word for word in places if _is_formula(word)]
        if len(behind) == 1 and function in DEFAULT_STARTS:
            others = [word for word in given if word not in behind]
            why = f"the formula, {quote(behind[0])}, comes first, and its start behind it"
            raise InputError(why, hint=Retype(tuple(given), (*behind, *others)), usage=True)
        formula, places = "", [formula, *places]
    if formula and function not in DEFAULT_STARTS:
        raise InputError(f"--function gives the formula, and so does {quote(formula)}", usage=True)
    if places and start:
        raise InputError(f"--start says where to begin, and so does {quote(places[0])}", usage=True)
    return formula or function, places or start


def _is_formula(word: str) -> bool:
    """Return whether a word is neither a start's value nor a list of them."""
    numbers = re.split(r"[\s,]+", word.strip(" [],"))
    return bool(re.search("[A-Za-z]", word)) and "=" not in word and not all(map(is_number, numbers))


def parse_start(
    text: str, start: Sequence[str] | None, flag: str = "--start", data: Data | None = None
) -> tuple[Function, list[float]]:
    """Return the function and the start point, whose bare numbers follow the order of the variables.

    Without a `flag` they were given as operands. Names of columns of `data` are no variables.
    """
    from aimath.core.calculus import parse_function, parse_over_data

    f = parse_over_data(text, data)
    named = re.findall(r"([A-Za-z]\w*)\s*=", ",".join(start or ()))
    check_assigned(named, data)
    if not f.variables and named:  # it is as good everywhere
        f = parse_function(f, tuple(dict.fromkeys(filter(is_variable, named))))
    if not f.variables:
        why = f"{text} has no variable to change"
        error = InputError(why, hint="name one, as in (w-3)^2", usage=True)
        raise error.within("--function") if flag else error
    given = ",".join(start or ([DEFAULT_STARTS[text]] if text in DEFAULT_STARTS else []))
    given = re.sub(r"\s*=\s*", "=", given.strip(" []"))
    pieces = re.split(r"\s*,\s*|\s+", given) if given else []
    if pieces and not any("=" in piece for piece in pieces):
        if len(pieces) != len(f.variables):
            why = f"{pluralize(len(pieces), 'number')} for {join_and(f.variables)}"
            error = InputError(why, hint="name them: x=3,y=2", usage=True)
            raise error.within(flag) if flag else error
        pieces = [f"{name}={piece}" for name, piece in zip(f.variables, pieces, strict=True)]
    try:
        return f, parse_point(f.variables, pieces, flag)
    except InputError as error:
        error.usage = True
        if data is not None:
            error.advise(data.known)
        raise error.within(flag) if flag else error from None


def _expand_sweep(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return options by run, the swept ones alone, and the number of runs.

    What was given is a tuple of values; of several swept options the last varies fastest.
    """
    import numpy as np

    single = {key: value[0] if isinstance(value, tuple) else value for key, value in options.items()}
    lists = {key: value for key, value in options.items() if isinstance(value, tuple) and len(value) > 1}
    count = math.prod(map(len, lists.values()))
    if count > MAX_UPDATES:
        raise InputError(f"the sweep has {count} combinations, more than {MAX_UPDATES}", usage=True)
    grid = np.meshgrid(*map(np.array, lists.values()), indexing="ij") if lists else []
    swept = {key: values.ravel() for key, values in zip(lists, grid, strict=True)}
    return single | swept, swept, count


def descent_report(
    optimizer: str,
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    report_options: ReportOptions,
    table_options: TableOptions,
    adam_options: NamedTuple | None = None,
    **options: Any,
) -> Report:
    """Run an optimizer over all combinations of swept options, its own `options`, and return the report."""
    options |= adam_options._asdict() if adam_options else {}
    function, start = take_operands(*descent_options[:3])
    descent_options = descent_options._replace(function=function, start=start)
    data, notes = load_data([function], table_options.data, table_options.read_options(report_options.memory))
    over = {"batch": table_options.batch, "seed": int(table_options.seed)}
    runs, swept = _run_descents(
        optimizer, descent_options, schedule_options, options | over, report_options, data
    )
    notes = (*notes, *batch_notes(runs))
    return _report(runs, swept, descent_options, report_options)._replace(notes=notes)


def _run_descents(
    optimizer: str,
    descent_options: DescentOptions,
    schedule_options: ScheduleOptions,
    options: Mapping[str, Any],
    report_options: ReportOptions,
    data: Data | None,
) -> tuple[RunBatch, dict[str, Any]]:
    import numpy as np

    from aimath.core.calculus import DataFunction
    from aimath.core.optim import minimize_batch

    flag = "" if descent_options.given else "--start"
    f, start = parse_start(descent_options.function, descent_options.start, flag, data)
    numbers = {
        "lr": descent_options.lr,
        "steps": descent_options.steps,
        "until": descent_options.until,
        **schedule_options._asdict(),
        **options,
    }
    by_run, swept, count = _expand_sweep(numbers)
    total = int(np.sum(np.broadcast_to(by_run["steps"], count)))
    limit = (
        parse_integer(report_options.max_steps, "--max-steps", 1, 10**12)
        if report_options.max_steps
        else MAX_UPDATES
    )
    if total > limit:
        raise InputError(f"{total} updates are more than {limit}", hint=f"--max-steps {total} allows them")
    check_budget(
        8 * TRAJECTORY_COPIES * len(start) * (total + count),
        f"a way of {total} steps",
        report_options.memory,
        alternative="fewer --steps",
    )
    if isinstance(f, DataFunction):
        what = f"the formula at {pluralize(f.data.row_count, 'row')}"
        check_budget(f.peak_memory(count), what, report_options.memory)
    planned = {key: by_run.pop(key) for key in schedule_options._fields}
    runs = minimize_batch(
        f, start, optimizer, schedule=check_choice("--schedule", descent_options.schedule, SCHEDULES),
        schedule_options={key: value for key, value in planned.items() if value is not None}, **by_run,
    )  # fmt: skip
    return runs, swept


def _report(
    runs: RunBatch, swept: Mapping[str, Any], descent_options: DescentOptions, report_options: ReportOptions
) -> Report:
    """Return the report of runs: a row per step, with derivations and plots of whole runs."""
    import numpy as np

    if report_options.last:
        places, which = runs.last, np.arange(runs.count)
    else:
        places, which = runs.select_rows(
            parse_integer(report_options.every, "--every", 1, 10**9) if report_options.every else 1
        )
    blocks = (slice(k, k + BLOCK_ROWS) for k in range(0, len(places), BLOCK_ROWS))
    first, *rest = ((places[part], which[part]) for part in blocks)
    bad = [word for word in runs.statuses if word in FAILED_STATUSES]
    return _rows_report(runs, swept, descent_options, report_options, first)._replace(
        following=(
            _rows_report(runs, swept, descent_options, report_options, part)._replace(
                plot=(), is_continuation=True
            )
            for part in rest
        ),
        steps=(Derivations(lambda: _explain_reports(runs, swept, descent_options)),),
        warnings=(_status_summary(runs, FAILED_STATUSES),) if bad else (),
        page=Page(footnote=_status_summary(runs)),
        failed_check=_status_summary(runs)
        if report_options.check and set(runs.statuses) != {"converged"}
        else "",
        plot=_plot(runs, swept, descent_options),
        drawn=_drawn(runs, swept),
    )


def _drawn(runs: RunBatch, swept: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]] | None:
    """Return what makes the quantities of plots alone: losses of a few runs, or the fit of one."""
    if _draws_losses(runs, swept):
        return lambda: _losses(runs, swept)
    return None if swept or _fit_of(runs) is None else lambda: _fitted_line(runs)


def _fit_of(runs: RunBatch) -> Any:
    """Return what a run that didn't fail fits to data, or None."""
    return None if runs.statuses[0] in FAILED_STATUSES else getattr(runs.objective, "fit", None)


def _draws_losses(runs: RunBatch, swept: Mapping[str, Any]) -> bool:
    """Return whether the runs of a sweep are few enough for a curve of losses each."""
    return len(swept) == 1 and runs.count <= MAX_CURVES


def _plot(
    runs: RunBatch, swept: Mapping[str, Any], descent_options: DescentOptions
) -> Plot | tuple[Plot, ...]:
    """Return the way of one run, the losses along a few, or where many end."""
    import numpy as np

    if not swept:
        return _way_plot(runs)
    if _draws_losses(runs, swept):
        drawn = _losses(runs, swept)["losses"]
        return Plot(
            "losses", "updates", "curve", axes=("step", "loss"), series="run_names", status="run_statuses",
            column="loss", log_y=not (drawn < 0.0).any(),
        )  # fmt: skip
    all_go_as_far = "steps" not in swept and descent_options.until is None and "until" not in swept
    steps = int(np.ravel(descent_options.steps)[0])  # a list of one where another option is swept
    name = f"loss after {pluralize(steps, 'step')}" if all_go_as_far else "last loss"
    return Plot("loss", kind="sweep", status="status", axes=("", name))


def _losses(runs: RunBatch, swept: Mapping[str, Any]) -> dict[str, Any]:
    """Return the losses (runs, steps + 1), nan behind the end of each, with the runs' names and statuses."""
    import numpy as np

    ((option, values),) = swept.items()
    steps = np.arange(len(runs.losses))
    losses = np.where(steps <= runs.last[:, np.newaxis], runs.losses.T, np.nan)
    names = [f"{option} = {value:.4g}" for value in values.tolist()]
    if len({*names}) < len(names):
        names = [f"{option} = {value}" for value in values.tolist()]
    return {
        "losses": losses,
        "updates": steps,
        "run_names": np.array(names),
        "run_statuses": np.array(runs.statuses),
    }


def _way_plot(runs: RunBatch) -> tuple[Plot, ...]:
    """Return the plots of a run: its way on the landscape, or its losses over many rows, and what it fits."""
    data = runs.objective.data
    way = Plot("point", "loss", kind="path")
    if data is not None and data.row_count > MAX_LANDSCAPE_ROWS:
        way = Plot("loss", "step", "curve")
    fit = _fit_of(runs)
    if fit is None:
        return (way,)
    line = Plot(
        "fitted", "along", "curve", axes=(fit.x, fit.y), series="fit_names", points=("data_x", "data_y")
    )
    return (way, line)


def _fitted_line(runs: RunBatch) -> dict[str, Any]:
    """Return what the formula gives at the last point of a run, and the rows of data that it should give."""
    import numpy as np

    objective: Any = runs.objective  # one over data, that has a fit
    fit, data = objective.fit, objective.data
    point = runs.trajectory(runs.last, np.arange(runs.count)).point[0]
    x, y = data.columns[fit.x], data.columns[fit.y]
    along = np.linspace(x.min(), x.max(), FIT_POINTS)
    with np.errstate(all="ignore"):
        fitted = objective.fitted(fit, point, along)
    step = max(1, len(x) // MAX_DATA_POINTS)
    return {
        "along": along,
        "fitted": fitted[np.newaxis],
        "fit_names": np.array([f"{fit.text} in the end"]),
        "data_x": x[::step],
        "data_y": y[::step],
    }


def _rows_report(
    runs: RunBatch,
    swept: Mapping[str, Any],
    descent_options: DescentOptions,
    report_options: ReportOptions,
    selection: tuple[Any, Any],
) -> Report:
    found = runs.trajectory(*selection)
    rate = ("rate",) * (descent_options.schedule != "constant")
    status = ("status",) * report_options.last
    return Report(
        found,
        show=("step", "point", "loss", "gradient", *rate, *status),
        names={"entry": runs.objective.variables},
        swept={key: values[found.run] for key, values in swept.items()},
        extra={
            "optimizer": runs.rule.name,
            "function": descent_options.function,
            "schedule": descent_options.schedule,
        }
        | {key: value for key, value in _common_settings(runs).items() if key not in swept}
        | {key: value for key, value in _data_settings(runs).items() if key not in swept},
    )


def _data_settings(runs: RunBatch) -> dict[str, Any]:
    data, batches = runs.objective.data, runs.batches
    if data is None:
        return {}
    if batches is None:
        return {"rows": data.row_count}
    return {"rows": data.row_count, "batch": batches[0].size, "seed": batches[0].seed}


def batch_notes(runs: RunBatch) -> tuple[str, ...]:
    """Return what batches make of losses and gradients."""
    if runs.batches is None:
        return ()
    notes = []
    for rows, size, seed in dict.fromkeys(runs.batches):
        count, short = -(-rows // size), rows % size
        last = f", the last of {short}" * (short > 0)
        each = f"{pluralize(count, 'update')} of {pluralize(size, 'row')}{last}"
        notes.append(f"an epoch is {each}: all {rows} rows in an order drawn by seed {seed}")
    return (*notes, "loss and gradient are those of the batch, in the last row those of all rows")


def _common_settings(runs: RunBatch) -> dict[str, Any]:
    """Return the optimiser's options that are the same for all runs."""
    import numpy as np

    same = {key: value for key, value in runs.rule.settings.items() if not np.ndim(value)}
    return {"lr": float(runs.base_lr[0]), **same}


def _explain_reports(
    runs: RunBatch, swept: Mapping[str, Any], descent_options: DescentOptions
) -> Iterator[Report]:
    from aimath.commands.optim._derivation import explain_run  # noqa: PLC0415  only for --explain

    for run in range(runs.count):
        told = explain_run(runs, run, runs.objective, descent_options.schedule)
        yield told._replace(swept={key: values[run : run + 1] for key, values in swept.items()})


def _status_summary(runs: RunBatch, statuses: Sequence[str] = ()) -> str:
    """Return the status of a single run with its reason, or counts of statuses."""
    if runs.count == 1:
        return f"{runs.statuses[0]}: {runs.explain(0)}"
    counts = Counter(word for word in runs.statuses if not statuses or word in statuses)
    return ", ".join(
        f"{count} of {runs.count} runs {_status_phrase(word, count)}" for word, count in counts.items()
    )


def _status_phrase(status: str, count: int) -> str:
    """Return a status as a verb phrase."""
    be = "is" if count == 1 else "are"
    phrases = {
        "going": f"{be} still going",
        "stuck": f"{be} stuck",
        "undefined": "left the function's domain",
        "oscillates": "oscillate" + "s" * (count == 1),
    }
    return phrases.get(status, status)


LearningRate = Annotated[float, Number(("--lr",), "Learning rate.")]
