"""What the optimisers' commands share: their options, the product of what is swept, and the report."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from aimath.cli.job import one_of
from aimath.cli.options import Flag, MaxMemory, Number, Whole
from aimath.commands.formulas import place
from aimath.errors import InputError, counted, listed
from aimath.read.blocks import price
from aimath.read.numbers import integer
from aimath.report import Plot, Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aimath.core.calculus import Function
    from aimath.core.optim import Runs

MOST = 10_000_000
"""So many updates are made unless --max-steps says more."""
BLOCK = 65_536
"""Rows written at a time."""
COPIES = 8
"""Arrays of the size of the way that are held at once: points, gradients, what an optimiser remembers."""
WORSE = ("diverged", "undefined", "stuck")
FUNCTION, START = "(w-3)^2", "w=10"
SCHEDULES = ("constant", "step", "exponential", "linear", "polynomial", "cosine", "warmup-cosine")
Formula = Annotated[str, Flag("--function", help="What to walk down.", metavar="F")]
Start = Annotated[
    list[str] | None, Flag("--start", help="Where to begin: x=3,y=2.  [default: w=10]", metavar="LIST")
]
Kind = Annotated[str, Flag("--schedule", metavar="NAME", choices=SCHEDULES)]


class Plan(NamedTuple):
    """What schedules of the learning rate are made of, as swept or as given."""

    gamma: Annotated[
        float | None, Number(("--gamma",), "Factor of step (.1) and exponential (.95).", together=True)
    ] = None
    step_size: Annotated[
        int, Whole(("--step-size",), "Updates between drops of step.", 1, 10**9, together=True)
    ] = 10
    min_lr: Annotated[float, Number(("--min-lr",), "Where cosine ends.", together=True)] = 0.0
    warmup: Annotated[
        int | None,
        Whole(("--warmup",), "Updates of warming up.  [default: a tenth]", 0, 10**9, together=True),
    ] = None
    power: Annotated[float, Number(("--power",), "Power of polynomial.", together=True)] = 1.0


class Walk(NamedTuple):
    """Where to walk, how far, and how fast."""

    function: Formula = FUNCTION
    start: Start = None
    lr: Annotated[float, Number(("--lr",), "Learning rate.", together=True)] = 0.1
    steps: Annotated[int, Whole(("--steps",), "Updates to make.", 0, 10**9, together=True)] = 20
    until: Annotated[
        float | None,
        Number(
            ("--until",), "Stop once the gradient is no longer than this.  [default: never]", together=True
        ),
    ] = None
    schedule: Kind = "constant"


class Shown(NamedTuple):
    """Which rows are printed, and what must have come about."""

    last: Annotated[bool, Flag("--last", help="Only the end of each run.")] = False
    every: Annotated[str, Flag("--every", help="Every Nth step, and the last.", metavar="N")] = ""
    check: Annotated[bool, Flag("--check", help="Exit with 4 unless all runs converge.")] = False
    max_steps: Annotated[
        str, Flag("--max-steps", help="Allow so many updates, not just 10000000.", metavar="N")
    ] = ""
    max_memory: MaxMemory = None
    memory: int | None = None  # the same in bytes, from the runner


def beginning(text: str, start: Sequence[str] | None, flag: str = "--start") -> tuple[Function, list[float]]:
    """Read a formula and the point to start from; numbers alone are taken in the variables' order."""
    from aimath.core.calculus import function

    f = function(text)
    if not f.variables:
        raise InputError(
            f"--function: {text} has no variable to change", hint="name one, as in (w-3)^2", usage=True
        )
    given = ",".join(start or ([START] if text == FUNCTION else []))
    given = re.sub(r"\s*=\s*", "=", given.strip(" []"))
    pieces = [piece for piece in re.split(r"[,\s]+", given) if piece]
    if pieces and not any("=" in piece for piece in pieces):
        if len(pieces) != len(f.variables):
            why = f"{flag}: {counted(len(pieces), 'number')} for {listed(f.variables)}"
            raise InputError(why, hint="name them: x=3,y=2", usage=True)
        pieces = [f"{name}={piece}" for name, piece in zip(f.variables, pieces, strict=True)]
    try:
        return f, place(f.variables, pieces)
    except InputError as error:
        hint = re.sub(r"^add (.*)$", lambda found: f"add {flag} {found[1].replace(' ', ',')}", error.hint)
        raise InputError(f"{flag}: {error.why}", hint=hint, usage=True) from None


def _product(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Give options by run, those that are swept by themselves, and the number of runs.

    What was given is a tuple of values; of several swept options the last varies fastest.
    """
    import numpy as np

    single = {key: value[0] if isinstance(value, tuple) else value for key, value in options.items()}
    lists = {key: value for key, value in options.items() if isinstance(value, tuple) and len(value) > 1}
    count = math.prod(map(len, lists.values()))
    if count > MOST:
        raise InputError(f"the sweep has {count} combinations, more than {MOST}", usage=True)
    grid = np.meshgrid(*map(np.array, lists.values()), indexing="ij") if lists else []
    swept = {key: values.ravel() for key, values in zip(lists, grid, strict=True)}
    return single | swept, swept, count


def descent(optimizer: str, walk: Walk, plan: Plan, shown: Shown, **options: Any) -> Report:
    """Answer for an optimiser: make every run, and report them."""
    runs, swept = _walked(optimizer, walk, plan, options, shown)
    return _report(runs, swept, walk, shown)


def _walked(
    optimizer: str, walk: Walk, plan: Plan, options: Mapping[str, Any], shown: Shown
) -> tuple[Runs, dict[str, Any]]:
    """Make every run, and give what was swept."""
    import numpy as np

    from aimath.core.optim import descents

    f, start = beginning(walk.function, walk.start)
    numbers = {"lr": walk.lr, "steps": walk.steps, "until": walk.until, **plan._asdict(), **options}
    by_run, swept, count = _product(numbers)
    total = int(np.sum(np.broadcast_to(by_run["steps"], count)))
    limit = integer(shown.max_steps, "--max-steps", 1, 10**12) if shown.max_steps else MOST
    if total > limit:
        raise InputError(f"{total} updates are more than {limit}", hint=f"--max-steps {total} allows them")
    price(
        8 * COPIES * len(start) * (total + count),
        f"a way of {total} steps",
        shown.memory,
        instead="fewer --steps",
    )
    planned = {key: by_run.pop(key) for key in plan._fields}
    runs = descents(
        f, start, optimizer, schedule=one_of("--schedule", walk.schedule, SCHEDULES),
        plan={key: value for key, value in planned.items() if value is not None}, **by_run,
    )  # fmt: skip
    return runs, swept


def _report(runs: Runs, swept: Mapping[str, Any], walk: Walk, shown: Shown) -> Report:
    """Report runs: a row a step, the derivations and the picture of the whole way."""
    import numpy as np

    if shown.last:
        places, which = runs.last, np.arange(runs.count)
    else:
        places, which = runs.all_rows(integer(shown.every, "--every", 1, 10**9) if shown.every else 1)
    blocks = (slice(k, k + BLOCK) for k in range(0, len(places), BLOCK))
    first, *rest = ((places[part], which[part]) for part in blocks)
    bad = [word for word in runs.statuses if word in WORSE]
    return _rows(runs, swept, walk, shown, first)._replace(
        rest=(_rows(runs, swept, walk, shown, part)._replace(plot=()) for part in rest),
        told=lambda: _told(runs, swept, walk),
        warnings=(_summary(runs, WORSE),) if bad else (),
        below=_summary(runs),
        unmet=_summary(runs) if shown.check and set(runs.statuses) != {"converged"} else "",
        plot=Plot("loss", kind="sweep") if swept else Plot("point", "loss", kind="path"),
    )


def _rows(runs: Runs, swept: Mapping[str, Any], walk: Walk, shown: Shown, part: tuple[Any, Any]) -> Report:
    found = runs.trajectory(*part)
    rate = ("rate",) * (walk.schedule != "constant")
    status = ("status",) * shown.last
    return Report(
        found,
        show=("step", "point", "loss", "gradient", *rate, *status),
        labels=runs.objective.variables,
        swept={key: values[found.run] for key, values in swept.items()},
        extra={"optimizer": runs.rule.name, "function": walk.function, "schedule": walk.schedule}
        | {key: value for key, value in _settings(runs).items() if key not in swept},
        rows=len(found.step),
    )


def _settings(runs: Runs) -> dict[str, Any]:
    """Give the optimiser's options that are the same for all runs."""
    import numpy as np

    same = {key: value for key, value in runs.rule.settings.items() if not np.ndim(value)}
    return {"lr": float(runs.base[0]), **same}


def _told(runs: Runs, swept: Mapping[str, Any], walk: Walk) -> Iterator[Report]:
    from aimath.commands.optim._derivation import derivation  # noqa: PLC0415  only for --explain

    f = beginning(walk.function, walk.start)[0]
    for run in range(runs.count):
        told = derivation(runs, run, f, walk.schedule)
        yield told._replace(swept={key: values[run : run + 1] for key, values in swept.items()})


def _summary(runs: Runs, words: Sequence[str] = ()) -> str:
    """Say what happened: to a single run why, of several how many."""
    if runs.count == 1:
        return f"{runs.statuses[0]}: {runs.why(0)}"
    counts = Counter(word for word in runs.statuses if not words or word in words)
    return ", ".join(f"{count} of {runs.count} runs {_said(word, count)}" for word, count in counts.items())


def _said(word: str, count: int) -> str:
    """Make a verb's phrase of a status."""
    be = "is" if count == 1 else "are"
    phrases = {
        "going": f"{be} still going",
        "stuck": f"{be} stuck",
        "undefined": "left the function's domain",
        "oscillates": "oscillate" + "s" * (count == 1),
    }
    return phrases.get(word, word)


Lr = Annotated[float, Number(("--lr",), "Learning rate.")]
