"""Answers that no command gave: small results made of plain numpy, so that these tests know only reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import pytest

from aimath.core.numerics.arrays import Check
from aimath.render.report_view import LayoutOptions
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from aimath.core.numerics.axes import Entries, Scalar, Scalars, Vectors


class Softmax(NamedTuple):
    logits: Vectors
    temperature: Scalar  # one for all rows
    shifted: Vectors
    weights: Vectors
    total: Scalars
    probs: Vectors
    argmax: Entries

    @property
    def entropy(self) -> Scalars:
        return -np.sum(self.probs * np.log2(np.where(self.probs, self.probs, 1.0)), axis=-1)

    def check(self):
        return Check(np.ones(len(self.probs)), self.probs.sum(-1))


Batch = Annotated[Any, "batch"]
STEPS = (
    Line("softmax(z)_i = exp((z_i - m)/T) / S      m = max z      S = Σ exp((z_j - m)/T)"),
    Table(
        (("z", "{logits}"), ("1 shift", "{shifted}"), ("2 exp", "{weights}"), ("4 divide by S", "{probs}")),
        bar="probs",
    ),
    Line(" 3 sum   S = {weights: + } = {total}"),
    Line(" H = {entropy} bits"),
    CrossCheck("Σ p = {alternative}"),
)


def _softmax(logits, temperature=1.0, **said):
    z = np.atleast_2d(np.asarray(logits, dtype=float))
    shifted = (z - z.max(-1, keepdims=True)) / temperature
    weights = np.exp(shifted)
    total = weights.sum(-1)
    probs = weights / total[:, None]
    result = Softmax(z, np.float64(temperature), shifted, weights, total, probs, probs.argmax(-1))
    said = {"show": ("probs",), "steps": STEPS, "units": {"entropy": "bits"}, "companion": "logits"} | said
    return Report(result, plot=said.pop("plot", Plot("probs")), **said)


@pytest.fixture
def softmax():
    """Answer logits, (n) or (rows, n), as the command softmax does."""
    return _softmax


@pytest.fixture
def five():
    return _softmax([2, 1, 0.1, -1, 3], names={"entry": ("the", "cat", "sat", "on", "mat")})


@pytest.fixture
def answer():
    """Make a report of quantities by name: `answer(kl=[1.0, 2.0])` shows all of them."""

    def make(*, show=(), check=None, **quantities):
        said = {k: quantities.pop(k) for k in list(quantities) if k in Report._fields}
        arrays = {name: np.asarray(values) for name, values in quantities.items()}
        kind = NamedTuple("Made", [(name, Batch) for name in arrays])
        if check is not None:
            kind.check = lambda _: check
        return Report(kind(**arrays), show or tuple(arrays), **said)

    return make


@pytest.fixture
def seen():
    """Give the lines that people see of some reports."""

    def lines(*reports, explain=False, draw=False, **wanted):
        from aimath.render.terminal import TerminalWriter

        writer = TerminalWriter(LayoutOptions(**wanted), explain=explain, draw=draw)
        return (b"".join(map(writer.write, reports)) + writer.finish()).decode().splitlines()

    return lines
