"""Images in a terminal: two pixels a cell in greys where there is colour, else shades."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.render._layout import SHADES, Strip, apart, ours, settings, strip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.render.fields import Quantities, Wanted

GREYS = 24
BLACK = 232
"""The first of the 24 greys among a terminal's 256 colours."""
Image = np.ndarray[Any, Any]
Pieces = list[tuple[str, str]]


def images(known: Quantities, values: Image, wanted: Wanted) -> Iterator[tuple[Image, str]]:
    """Give each image (height, width) and what is said below it.

    A vector whose length is a square number is a square image, any other is one line.
    """
    report = known.report
    for row in range(report.rows):
        value = values[row]
        if value.ndim < 2:
            side = math.isqrt(value.size)
            value = value.reshape((side, side) if side * side == value.size else (1, -1))
        said = ", ".join(settings(report, row, wanted))
        for image in value.reshape(-1, *value.shape[-2:]):
            yield image.astype(np.float64), said


class Frame(NamedTuple):
    """An image as lines of coloured pieces, all of one width."""

    lines: list[Pieces]
    width: int
    said: str


class Gallery:
    """Sets images side by side as long as there is room."""

    def __init__(self, wanted: Wanted, width: int) -> None:
        self.wanted, self.width = wanted, width
        self.shelves: list[list[Frame]] = []

    def add(self, image: Image, said: str, among: Image | None = None) -> None:
        """Take an image, whose ends are black and white; or those of all `among` which it is seen."""
        frame = _frame(image, said, self.wanted, self.width, among)
        if not self.shelves or sum(f.width + 2 for f in self.shelves[-1]) + frame.width > self.width:
            self.shelves.append([])
        self.shelves[-1].append(frame)

    def strips(self) -> list[Strip]:
        """Give the images taken since the last time."""
        shelves, self.shelves = self.shelves, []
        return apart(map(_shelf, shelves))


def _shelf(frames: list[Frame]) -> list[Strip]:
    strips = []
    for lines in itertools.zip_longest(*(frame.lines for frame in frames)):
        pieces: Pieces = []
        for frame, line in zip(frames, lines, strict=True):
            pieces += [*(line or [(" " * frame.width, "")]), ("  ", "")]
        strips.append(Strip(tuple(pieces[:-1])))
    said = "  ".join(f"{frame.said:<{frame.width}}" for frame in frames)
    return [*strips, strip(said)] if said.strip() else strips


def _frame(image: Image, said: str, wanted: Wanted, width: int, among: Image | None) -> Frame:
    blocks = wanted.colour and not wanted.ascii_only
    wide = 1 if blocks or image.shape[1] * 2 > width else 2
    image = _shrunk(image, width // wide)
    low, span = _range(image if among is None else among)
    level = np.clip(np.nan_to_num((image - low) / span, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    if blocks:
        lines = _half_blocks(np.rint(level * (GREYS - 1)).astype(int))
    else:
        shades = np.rint(level * (len(SHADES) - 1)).astype(int)
        lines = [[(ours("".join(SHADES[s] * wide for s in row), wanted), "")] for row in shades]
    across = max(image.shape[1] * wide, len(said))
    rest = (" " * (across - image.shape[1] * wide), "")
    return Frame([[*line, rest] for line in lines], across, said)


def _range(image: Image) -> tuple[float, float]:
    """Give the darkest value and the span to the lightest; infinite ones are darker or lighter than all."""
    finite = image[np.isfinite(image)]
    if not finite.size:
        return 0.0, 1.0
    low = float(finite.min())
    return low, float(finite.max()) - low or 1.0


def _shrunk(image: Image, width: int) -> Image:
    """Take the mean of squares of pixels where an image is wider than the terminal."""
    by = -(-image.shape[1] // width)
    if by == 1:
        return image
    high, wide = (-(-size // by) for size in image.shape)
    filled = np.pad(image, ((0, high * by - image.shape[0]), (0, wide * by - image.shape[1])), mode="edge")
    with np.errstate(invalid="ignore"):
        return np.asarray(filled.reshape(high, by, wide, by).mean(axis=(1, 3)))


def _half_blocks(greys: Image) -> list[Pieces]:
    """Draw two rows of pixels a line: ▀ in one's grey on the other's; equal cells are one piece."""
    lines = []
    for upper in range(0, len(greys), 2):
        columns = greys[upper : upper + 2].T.tolist()
        styles = (" on ".join(f"color({BLACK + grey})" for grey in column) for column in columns)
        lines.append([("▀" * len([*run]), style) for style, run in itertools.groupby(styles)])
    return lines
