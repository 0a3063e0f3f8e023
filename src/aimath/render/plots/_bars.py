"""Bar charts: all bars of an answer have one scale, whatever was swept."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import (
    DOT,
    DOT_LINE,
    HEAD_LINES,
    StyledLine,
    append_marks,
    bar,
    bars,
    elision,
    head_tail,
    join_columns,
    pad,
    rendered,
    safe_label,
    separated,
    styled,
)
from aimath.render._scales import fit_scale
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

MIN_ROOM = 3


class Group(NamedTuple):
    """The bars of one vector (n,) with their names; `title` says which of several it is."""

    title: str
    names: Sequence[str]
    values: Values
    beside: Sequence[str] = ()  # what else is said of each entry, between its name and its number


class BarChart:
    """Groups of bars that are gathered until all are known, since they share a scale."""

    def __init__(
        self,
        layout: LayoutOptions,
        width: int,
        name: str,
        end: float = 0.0,
        *,
        unit: str = "",
        is_named: bool = False,
    ) -> None:
        self.layout, self.width, self.name, self.end = layout, width, name, end
        self.unit = unit  # where the bars have an axis
        self.is_named = is_named  # its name stands above: it isn't what the answer shows
        self.groups: list[Group] = []
        self.count = 0

    def add(self, group: Group) -> None:
        """Take one group; of very many only the first are kept."""
        self.count += 1
        if self.layout.all_rows or len(self.groups) < HEAD_LINES:
            self.groups.append(group)

    @property
    def is_single(self) -> bool:
        """Whether there is one number alone."""
        return self.count == 1 and self.groups[0].values.size == 1

    def merged(self) -> list[Group]:
        """Return the groups, or one group if each is a single number."""
        groups = self.groups
        if not groups or any(group.values.size != 1 for group in groups):
            return groups
        names = [group.title or group.names[0] for group in groups]
        return [Group("", names, values_of(groups))]

    def lines(self) -> list[StyledLine]:
        """Return the charts of all groups, or one chart if each group is a single number."""
        hidden = elision(self.count - len(self.groups), self.layout, "rows")
        if self.is_single:
            return self._single(self.groups[0])
        groups = self.merged()
        together = values_of(groups)
        texts = [self._texts(group) for group in groups]
        widest = max(
            (display_width(lines[0]) for lines in texts), default=0
        )  # so that a number has one length
        charts = (
            self._chart(group, [line.ljust(widest) for line in lines], together.astype(np.float64))
            for group, lines in zip(groups, texts, strict=True)
        )
        named = [styled(f" {safe_label(self.name, self.layout, self.width - 1)}", "dim")] * self.is_named
        return [*named, *separated(charts), *hidden]

    def _texts(self, group: Group) -> list[str]:
        """Return the name and the number of each shown entry of a group."""
        kept, _ = head_tail(len(group.values), self.layout)
        labels = pad([safe_label(group.names[k], self.layout, self.width // 3) for k in kept])
        beside = [[group.beside[k] for k in kept]] if len(group.beside) else []
        numbers = self.layout.style.format_column(group.values[kept].tolist())
        return join_columns([labels, *beside, numbers])

    def _chart(self, group: Group, lines: Sequence[str], together: Values) -> list[StyledLine]:
        kept, hidden = head_tail(len(group.values), self.layout)
        values = group.values[kept].astype(np.float64)
        room = self.width - display_width(lines[0]) - 2
        marks, head = [""] * len(lines), ""
        if room >= MIN_ROOM and self.layout.log_y and (together > 0.0).any():
            marks, head = self._log_dots(values, together, room)
        elif room >= MIN_ROOM:
            marks = bars(values, room, together)
        strips = append_marks(lines, marks, self.layout)
        titles = [styled(f" {group.title}", "bold")] if group.title else []
        if head:
            titles.append(styled(" " * display_width(lines[0]) + rendered(f"  {head}", self.layout), "dim"))
        return [*titles, *strips[:HEAD_LINES], *elision(hidden, self.layout), *strips[HEAD_LINES:]]

    def _log_dots(self, values: Values, together: Values, room: int) -> tuple[list[str], str]:
        """Return places on a logarithmic axis, where a length would say nothing, and the axis's ends."""
        scale = fit_scale(together, log=True)
        cells = scale.cells(values, room).tolist()
        marks = [DOT_LINE * cell + DOT if cell >= 0 else "" for cell in cells]
        low, high = (self.layout.style.format_display(end) for end in (scale.low, scale.high))
        said = " log scale "
        between = room - len(low) - len(high) - len(said) - 4
        head = f"{low} ├{'─' * (between // 2)}{said}{'─' * (between - between // 2)}┤ {high}"
        return marks, head if between >= 0 else f"{low} to {high}, log scale"[:room]

    def _single(self, group: Group) -> list[StyledLine]:
        """Return one number: with a bar only if it is known where that is full."""
        value, name = float(np.ravel(group.values)[0]), group.title or self.name
        text = f" {safe_label(name, self.layout, self.width // 2)}  {self.layout.style.format_display(value)}"
        high = self.layout.style.format_display(self.end)
        room = self.width - display_width(text) - len(high) - 8
        if not (math.isfinite(value) and self.end > 0.0 and 0.0 <= value <= self.end) or room < MIN_ROOM:
            return [styled(text)]
        drawn = bar(value / self.end, room)
        full = rendered(f"  0 │{drawn:<{room}}│ {high}", self.layout)
        return [styled(text, "", full)]


def values_of(groups: Sequence[Group]) -> Values:
    """Return the values of all groups."""
    return np.concatenate([np.zeros(0), *(np.ravel(group.values) for group in groups)])
