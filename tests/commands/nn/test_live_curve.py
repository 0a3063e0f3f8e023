"""The curve of a training at a terminal ends where the training does, however fast that was."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from aimath.commands.nn._live_curve import live_curve
from aimath.training.interface import Baseline


class View:
    """A view that keeps what it is given, and is due at given looks."""

    def __init__(self, due, *, enabled=True):
        self.due, self.enabled, self.charts = iter(due), enabled, []

    @property
    def is_due(self):
        return self.enabled and next(self.due, False)

    def update(self, chart):
        self.charts.append(chart)


class Row:
    step, heldout = 0, 2.0


@pytest.mark.parametrize("due", [(), (False, False, True), (True,) * 50])
def test_the_last_picture_shows_the_last_step(due, monkeypatch):
    view = View(due)
    monkeypatch.setattr("aimath.render.live.live", lambda *_, **__: nullcontext(view))
    with live_curve("nats", 40, [Baseline("unigram", 2.5)]) as curve:
        curve.log(Row)
        for step in range(41):
            curve.watch(step, 2.0 / (step + 1))
    assert view.charts[-1].notes[0].startswith("step 40 of 40: ")
    assert view.charts[-1].series[0].x[-1] == 40.0


def test_nothing_is_drawn_where_nobody_looks(monkeypatch):
    view = View((True,) * 9, enabled=False)
    monkeypatch.setattr("aimath.render.live.live", lambda *_, **__: nullcontext(view))
    with live_curve("nats", 40, []) as curve:
        curve.log(Row)
        curve.watch(1, 2.0)
    assert not view.charts
