"""What a training answers, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aimath.core.numerics.types import may_lack_value

if TYPE_CHECKING:
    from aimath.core.numerics.axes import RowCounts, RowImages, Rows, RowScalars


@may_lack_value("train", "heldout", "lr", "test")
class LoggedStep(NamedTuple):
    """A row of a training's log, or its result."""

    step: RowCounts
    seconds: RowScalars
    train: RowScalars  # mean training loss since the row before
    heldout: RowScalars  # loss on what is held out to choose by
    lr: RowScalars
    test: RowScalars  # the figure on test data, in the last row
    status: Rows  # "going", and in the last row "done", "stopped", "interrupted" or "diverged"


class RunList(NamedTuple):
    """The runs there are."""

    run: Rows
    learns: Rows
    seen: Rows
    seconds: RowScalars


@may_lack_value("surprise")
class GeneratedTexts(NamedTuple):
    """Texts that a model made."""

    text: Rows
    surprise: RowScalars  # nats of each, where the model tells it


class GeneratedImages(NamedTuple):
    """Images that a model made."""

    image: RowImages  # pixels from 0 to 16
    label: Rows  # the class asked for


class Surprises(NamedTuple):
    """How surprising each token of texts is to a model."""

    text: Rows
    token: Rows
    nats: RowScalars
    probability: RowScalars
