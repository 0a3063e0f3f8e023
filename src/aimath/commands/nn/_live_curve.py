"""The curve of losses that is redrawn on standard error while a training goes on, at a terminal."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from aimath.cli.options import OutputOptions
from aimath.cli.output import detect_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.live import LiveView
    from aimath.training.interface import Baseline
    from aimath.training.loop import LogRow

INTERVAL = 0.5
"""Seconds between two pictures: a picture takes a tenth of that, which is then not trained."""
SMOOTHING = 0.9
"""Of the mean training loss that is drawn, kept at each step."""


class LiveCurve:
    """The losses so far, drawn when the view is due."""

    def __init__(self, view: LiveView, unit: str, steps: int, baselines: Sequence[Baseline]) -> None:
        self.view, self.unit, self.steps = view, unit, steps
        self.baselines = [one for one in baselines if not one.column]
        self.train: list[tuple[int, float]] = []
        self.heldout: list[tuple[int, float]] = []
        self.mean = 0.0

    def watch(self, step: int, loss: float) -> None:
        """Take the training loss of a step."""
        if not self.view.enabled:
            return
        self.mean = SMOOTHING * self.mean + (1.0 - SMOOTHING) * loss if self.train else loss
        self.train.append((step, self.mean))
        self.redraw()

    def log(self, row: LogRow) -> None:
        """Take a row of the log."""
        if self.view.enabled:
            self.heldout.append((row.step, row.heldout))
            self.redraw()

    def redraw(self, *, is_last: bool = False) -> None:
        """Draw, if the last picture is old enough or there is none to come."""
        if not (self.view.is_due or (is_last and self.view.enabled)) or not (self.train and self.heldout):
            return
        import numpy as np

        from aimath.render.live import Chart, Reference, Series

        series = []
        for name, points in (("training", self.train), ("held out", self.heldout)):
            if points:
                x, y = np.array(points, np.float64).T
                series.append(Series(x, y, name, marked=False))
        step, loss = self.train[-1]
        self.view.update(
            Chart(
                tuple(series), "step", self.unit, log_x=False, log_y=False,
                references=tuple(Reference(one.value, one.name) for one in self.baselines),
                notes=(f"step {step:,} of {self.steps:,}: {loss:.4g} {self.unit}",),
            )
        )  # fmt: skip


@contextlib.contextmanager
def live_curve(unit: str, steps: int, baselines: Sequence[Baseline]) -> Iterator[LiveCurve]:
    """Yield a curve on standard error, which draws nothing where that is no terminal."""
    from aimath.render.live import live
    from aimath.render.report_view import LayoutOptions

    terminal = detect_terminal(OutputOptions())
    layout = LayoutOptions(
        width=terminal.width,
        ascii_only=terminal.ascii_only,
        colour=terminal.colour,
        braille=terminal.braille,
    )
    with live(layout, interval=INTERVAL) as view:
        curve = LiveCurve(view, unit, steps, baselines)
        try:
            yield curve
        finally:
            curve.redraw(is_last=True)
