"""Runs of a sweep in a process of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aimath.cli.runner.division.workers import is_told_to_end
from aimath.commands.nn._logged_run import Outcome, follow_run
from aimath.commands.nn._plan import Plan
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.report import PageHeader
    from aimath.training.explain import ExplainedExample
    from aimath.training.interface import Setting
    from aimath.training.loop import LogRow


class RunWorker:
    """What trains runs of a plan, whose recipe it looks up by its name: what makes a run fits no pickle."""

    def __init__(
        self,
        name: str,
        arch: str,
        runs: tuple[Mapping[str, Setting], ...],
        swept: tuple[str, ...],
        lines: tuple[str, ...],
        stop_at: int | None,
    ) -> None:
        import numpy as np

        from aimath.training.registry import find_recipe

        np.seterr(all="ignore")  # as the runner does, which finds what is no number by its name
        self.plan = Plan(find_recipe(name, arch), runs, swept, lines=lines)
        self.stop_at = stop_at

    def __call__(self, task: int) -> Iterator[PageHeader | LogRow | Outcome]:
        """Yield what is known of a run by its number, as it comes."""
        run = self.plan.build(self.plan.runs[task])
        for one in follow_run(self.plan, run, self.stop_at, is_told_to_end):
            yield _portable(one) if isinstance(one, Outcome) else one


def _portable(outcome: Outcome) -> Outcome:
    """Return an outcome that goes through a pickle: its step is explained, should anybody ask."""
    if outcome.explain is None:
        return outcome
    found: ExplainedExample | Exception
    try:
        found = outcome.explain()
    except (InputError, FloatingPointError) as error:
        found = error
    return outcome._replace(explain=partial(_give_back, found))


def _give_back(found: ExplainedExample | Exception) -> ExplainedExample:
    """Return what was explained, or raise why it can't be."""
    if isinstance(found, Exception):
        raise found
    return found
