"""Plots of sweeps: one number a run, over one or two swept options."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import SHADES, StyledLine, pad, rendered, separated, styled, wrap
from aimath.render.numbers import NumberStyle
from aimath.render.plots._chart import Chart, Series, draw_chart
from aimath.render.plots._frame import legend_lines, said_lines
from aimath.text import display_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aimath.render.report_view import LayoutOptions

    Values = np.ndarray[Any, Any]

MAX_MAPS = 6
"""So many maps are drawn of more than two options."""
FAILED = "×"


def draw_sweep(
    options: Mapping[str, Values], y: Values, failed: Values, name: str, layout: LayoutOptions, width: int
) -> list[StyledLine]:
    """Return one number a run, (runs,), over swept options: points over one, a map over two.

    Between runs nothing is known, so points aren't joined. Of more options, there is a map for each
    combination of the first ones. Runs that `failed` stretch no scale.
    """
    if len(options) == 1:
        return draw_chart(sweep_chart(options, y, failed, name), layout, width)
    maps, more = sweep_maps(options, y, failed)
    drawn = []
    for one in maps:
        title = one.title(layout.style)
        lines = _map(one, y[~failed], name, layout, width)
        drawn.append([*([styled(f" {title}", "bold")] if title else []), *lines])
    return separated([*drawn, said_lines([f"… {more} more maps" if more else ""], layout, width)])


class SweepMap(NamedTuple):
    """One number a run, (down, across), over two options; `failed` says which runs diverged."""

    outer: Sequence[tuple[str, float]]  # the values of the other options
    names: tuple[str, str]
    down: Values
    across: Values
    table: Values
    failed: Values

    def title(self, style: NumberStyle) -> str:
        """Return the values of the other options."""
        return "   ".join(f"{key} = {style.format_display(value)}" for key, value in self.outer)


def sweep_chart(options: Mapping[str, Values], y: Values, failed: Values, name: str) -> Chart:
    """Return the runs over one option as points, which aren't joined: between them nothing is known."""
    ((option, x),) = options.items()
    order = np.argsort(x, kind="stable")
    one = Series(x[order], y[order], joined=False, marked=True, left_out=failed[order], reason="diverged")
    return Chart((one,), option, name)


def sweep_maps(options: Mapping[str, Values], y: Values, failed: Values) -> tuple[list[SweepMap], int]:
    """Return a map over the last two options for each combination of the others, and how many more."""
    *outer, first, second = options
    names = [np.unique(options[key]) for key in outer]
    combinations = list(itertools.product(*(values.tolist() for values in names)))
    maps = []
    for combination in combinations[:MAX_MAPS]:
        kept = np.ones(len(y), np.bool_)
        for key, value in zip(outer, combination, strict=True):
            kept &= options[key] == value
        down, row = np.unique(options[first][kept], return_inverse=True)
        across, column = np.unique(options[second][kept], return_inverse=True)
        table, bad = np.full((len(down), len(across)), np.nan), np.zeros((len(down), len(across)), np.bool_)
        table[row, column], bad[row, column] = y[kept], failed[kept]
        pairs = list(zip(outer, combination, strict=True))
        maps.append(SweepMap(pairs, (first, second), down, across, table, bad))
    return maps, len(combinations) - len(maps)


def _map(one: SweepMap, reference: Values, name: str, layout: LayoutOptions, width: int) -> list[StyledLine]:
    """Return a heat map whose shades are fifths of all runs that went well, the number in the cell."""
    (first, second), down, across, table, bad = one.names, one.down, one.across, one.table, one.failed
    bounds = fifths(reference[np.isfinite(reference)])
    shades = np.array(list(SHADES))[np.searchsorted(bounds, np.nan_to_num(table, nan=-np.inf), side="right")]
    shades[bad | ~np.isfinite(table)] = FAILED
    short = NumberStyle(digits=2, narrow=True)
    corner = f"{first} \\ {second}"
    labels = pad([corner, *map(short.format_display, down)])
    columns_of_cells = (
        zip(*both, strict=True) for both in zip(table.T.tolist(), shades.T.tolist(), strict=True)
    )
    pairs = zip(across, columns_of_cells, strict=True)
    blocks = [
        pad([short.format_display(x), *(f"{short.format_display(v)} {s * 2}" for v, s in cells)], right=True)
        for x, cells in pairs
    ]
    lines = [" " + "  ".join(parts) for parts in zip(labels, *blocks, strict=True)]
    if max(map(display_width, lines)) > width:
        lines = [
            *wrap(
                f" {first}, down: {short.format_display(down[0])} to {short.format_display(down[-1])}", width
            ),
            *wrap(
                f" {second}, across: {short.format_display(across[0])} to {short.format_display(across[-1])}",
                width,
            ),
            *(" " + "".join(line[: width - 1]) for line in shades.tolist()),
        ]
    texts = [rendered(line, layout) for line in lines]
    return [
        *(styled(line, "dim" if k == 0 else "") for k, line in enumerate(texts)),
        *legend_lines(_legend(bounds, name, layout, failed=bool(bad.any())), layout, width, "dim"),
    ]


def fifths(values: Values) -> Values:
    """Return the bounds between shades: so that each has about as many of the values."""
    return np.quantile(values, np.linspace(0.2, 0.8, 4)) if values.size else np.zeros(4)


def _legend(
    bounds: Values, name: str, layout: LayoutOptions, *, failed: bool
) -> Iterator[tuple[str, str, str]]:
    short = NumberStyle(digits=2, narrow=True)
    yield "", f"{name}:", ""
    for shade, bound in zip(SHADES[1:], bounds.tolist(), strict=True):
        yield rendered(shade * 2, layout), f"from {short.format_display(bound)}", ""
    if failed:
        yield rendered(FAILED * 2, layout), "diverged", ""
