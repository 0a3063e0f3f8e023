"""Derivations: the steps of a command, one after the other, and whether another route agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.render.layout import Strip, ours, settings, strip, wrapped
from aimath.render.panels import PanelStep
from aimath.render.step_table import TableStep
from aimath.render.templates import Scope, Shown, fields, number
from aimath.render.tree import TreeStep
from aimath.report import Line, Panels, Step, Table, Tree, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.render.fields import Quantities
    from aimath.render.text import Wanted


DRAWN: dict[type[Step], Any] = {Table: TableStep, Tree: TreeStep, Panels: PanelStep}
"""Who draws a step that is more than a line."""


class Derivation:
    """Gives the derivations of rows; what is the same for all, such as the formula, is said once."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.said = wanted, set[str]()
        self.width = wanted.measure

    def parts(self, known: Quantities) -> Iterator[list[Strip]]:
        """Give each row's derivation, every line at most as wide as wanted."""
        report = known.report
        if report.void:
            yield [strip(" no answer", "dim")] * report.rows
            return
        methods = [step.method for step in report.steps if isinstance(step, Verify)]
        checks = {method: getattr(report.result, method)() for method in methods}
        for row in range(report.rows):
            strips: list[Strip] = []
            for k, step in enumerate(report.steps):
                if k == 1:
                    said = "   ".join(settings(report, row, self.wanted))
                    strips += [strip(text, "bold") for text in wrapped(said, self.width) if said]
                if isinstance(step, Line):
                    strips += self._line(step, known, row, first=k == 0)
                elif isinstance(step, Verify):
                    strips += self._verified(step, checks[step.method], known, row)
                else:
                    strips += DRAWN[type(step)](step, known, row, self.wanted).strips(self.width)
            yield strips

    def _line(self, step: Line, known: Quantities, row: int, *, first: bool) -> list[Strip]:
        if step.only and not np.any(number(known, row, step.only)):
            return []
        if not step.only and not any(name not in known.report.names for name in fields(step.text)):
            if step.text in self.said:
                return []
            self.said.add(step.text)
        text = ours(step.text, self.wanted).format_map(Scope(known, row, self.wanted))
        return [strip(line, "bold" if first else "") for line in wrapped(text, self.width)]

    def _verified(self, step: Verify, check: Any, known: Quantities, row: int) -> list[Strip]:
        """Compare the answer with the other route; a sign says whether they agree, colour repeats it."""
        scope = Scope(known, row, self.wanted)
        whole = known.report.whole
        holds = bool(np.all(check.holds if whole else _of_row(check.holds, known.report.rows, row)))
        both = [np.asarray(value) if whole else _of_row(value, known.report.rows, row) for value in check[:2]]
        for name, value in zip(("answer", "other"), both, strict=True):
            # What agrees to nine digits is not set apart by its last ones.
            scope[name] = Shown(_rounded(value) if holds else value, self.wanted)
        if "{apart" in step.text:
            # A billionth is what a Check asks for; the digits below it differ from machine to machine.
            difference, size = np.abs(np.subtract(*both)).max(), np.abs(both[0]).max()
            scope["apart"] = Shown(float(max(difference, 1e-9 * size)), self.wanted)
        sign, style = (" ✓ ", "green") if holds else (" ✗ ", "bold red")
        text = ours(sign + step.text, self.wanted).format_map(scope)
        return [strip(line, style) for line in wrapped(text, self.width)]


def _of_row(values: Any, rows: int, row: int) -> Any:
    array = np.asarray(values)
    value = array if array.ndim == 0 else array[row if array.shape[0] == rows else 0]
    return value.item() if np.ndim(value) == 0 else value


def _rounded(value: Any) -> Any:
    rounded = np.vectorize(lambda x: float(f"{x:.9g}"), otypes=[float])(value)
    return rounded.item() if rounded.ndim == 0 else rounded
