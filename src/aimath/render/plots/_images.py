"""Images in a terminal: two pixels a cell in greys where there is colour, else shades."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import SHADES, StyledLine, rendered, safe_label, separated, styled, sweep_settings
from aimath.render.templates import TemplateScope, field_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.render.report_view import LayoutOptions, ReportView

SMALL_SIDE = 16
"""Images of no more pixels a side have twice two cells a pixel."""
GREYS = 24
FIRST_GREY = 232
"""The first of the 24 greys among a terminal's 256 colours."""
Image = np.ndarray[Any, Any]
Spans = list[tuple[str, str]]


def iter_images(
    view: ReportView, values: Image, layout: LayoutOptions, under: Sequence[str] = ()
) -> Iterator[tuple[Image, list[str]]]:
    """Yield each image (height, width) with the lines of its caption, the last of which are `under` it.

    A vector whose length is a square number is a square image, any other is one line.
    """
    report = view.report
    labels = report.names.get("row", ())
    for row in range(view.rows):
        value = values[row]
        if value.ndim < 2:
            side = math.isqrt(value.size)
            value = value.reshape((side, side) if side * side == value.size else (1, -1))
        told = {name for line in under for name in field_names(line)}
        said = ", ".join(sweep_settings(report, row, layout, told))
        if len(labels) == view.rows > 1:
            said = f"{safe_label(labels[row], layout)}: {said}" if said else safe_label(labels[row], layout)
        scope = TemplateScope(view, row, layout)
        caption = [line for line in (said, *(text.format_map(scope) for text in under)) if line]
        for image in value.reshape(-1, *value.shape[-2:]):
            yield image.astype(np.float64), caption


class Frame(NamedTuple):
    """An image as styled lines of one width, with a caption."""

    lines: list[Spans]
    width: int
    caption: Sequence[str]


class Gallery:
    """A layout of images side by side, as many as fit the width."""

    def __init__(self, layout: LayoutOptions, width: int) -> None:
        self.layout, self.width = layout, width
        self.frame_rows: list[list[Frame]] = []

    def add(self, image: Image, caption: Sequence[str], scale_to: Image | None = None) -> None:
        """Add an image, enlarged if small, its levels scaled to its own range or to that of `scale_to`."""
        frame = _render_frame(image, caption, self.layout, self.width, scale_to)
        if not self.frame_rows or sum(f.width + 2 for f in self.frame_rows[-1]) + frame.width > self.width:
            self.frame_rows.append([])
        self.frame_rows[-1].append(frame)

    def lines(self) -> list[StyledLine]:
        """Return and clear the lines of the images added so far."""
        shelves, self.frame_rows = self.frame_rows, []
        return separated(map(_render_frame_row, shelves))


def _render_frame_row(frames: list[Frame]) -> list[StyledLine]:
    strips = []
    for lines in itertools.zip_longest(*(frame.lines for frame in frames)):
        pieces: Spans = []
        for frame, line in zip(frames, lines, strict=True):
            pieces += [*(line or [(" " * frame.width, "")]), ("  ", "")]
        strips.append(StyledLine(tuple(pieces[:-1])))
    captions = itertools.zip_longest(*(frame.caption for frame in frames), fillvalue="")
    said = (
        "  ".join(f"{text:<{frame.width}}" for text, frame in zip(texts, frames, strict=True))
        for texts in captions
    )
    return [*strips, *(styled(line) for line in said if line.strip())]


def _render_frame(
    image: Image, caption: Sequence[str], layout: LayoutOptions, width: int, scale_to: Image | None
) -> Frame:
    blocks = layout.colour and not layout.ascii_only
    wide = 1 if blocks or image.shape[1] * 2 > width else 2
    if blocks and max(image.shape) <= SMALL_SIDE and 2 * image.shape[1] <= width:
        image = np.kron(image, np.ones((2, 2)))
    image = _downsample(image, width // wide)
    low, span = _value_range(image if scale_to is None else scale_to)
    level = np.clip(np.nan_to_num((image - low) / span, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    if blocks:
        lines = _half_blocks(np.rint(level * (GREYS - 1)).astype(int))
    else:
        shades = np.rint(level * (len(SHADES) - 1)).astype(int)
        lines = [[(rendered("".join(SHADES[s] * wide for s in row), layout), "")] for row in shades]
    across = max(image.shape[1] * wide, *map(len, caption), 0)
    rest = (" " * (across - image.shape[1] * wide), "")
    return Frame([[*line, rest] for line in lines], across, caption)


def _value_range(image: Image) -> tuple[float, float]:
    """Return the least finite value and the span of an image."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low = float(finite.min())
    return low, float(finite.max()) - low or 1.0


def _downsample(image: Image, width: int) -> Image:
    """Return an image downsampled by block means to fit the width."""
    by = -(-image.shape[1] // width)
    if by == 1:
        return image
    high, wide = (-(-size // by) for size in image.shape)
    filled = np.pad(image, ((0, high * by - image.shape[0]), (0, wide * by - image.shape[1])), mode="edge")
    with np.errstate(invalid="ignore"):
        return np.asarray(filled.reshape(high, by, wide, by).mean(axis=(1, 3)))


def _half_blocks(levels: Image) -> list[Spans]:
    """Return two pixel rows per line as half blocks, with equal neighbours merged."""
    lines = []
    for upper in range(0, len(levels), 2):
        columns = levels[upper : upper + 2].T.tolist()
        styles = (" on ".join(f"color({FIRST_GREY + grey})" for grey in column) for column in columns)
        lines.append([("▀" * len([*run]), style) for style, run in itertools.groupby(styles)])
    return lines
