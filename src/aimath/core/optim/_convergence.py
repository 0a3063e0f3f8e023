"""What happened to a descent: one word a run, and a sentence with the figures it rests on.

converged: the gradient's norm came to the tolerance, at no saddle; going: not yet; oscillates: between two
points for ever; stuck: it can't go on, and is at no minimum; diverged: the loss grew, or left float64;
undefined: it stepped out of the function's domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.numerics.arrays import norms
from aimath.core.optim._closed_form import memories
from aimath.errors import InputError, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.numerics.types import Array
    from aimath.core.optim._batch import RunBatch

TOLERANCE = 1e-6
"""The gradient's norm at which a run has converged, unless --until says otherwise."""
SAME = 1e-9
"""How far, of a step, two points may be apart and still be the same."""
FAR, ENOUGH = 2.0, 4
"""Times as high as in its first half a loss is in its second, of so many steps: the descent has diverged."""


def statuses(runs: RunBatch) -> list[str]:
    """Give a word for each run."""
    words = np.full(runs.count, "going", dtype="U10")
    every = np.arange(runs.count)
    norm = norms(runs.gradients[runs.last, every])
    words[_grew(runs)] = "diverged"
    words[_two_cycles(runs)] = "oscillates"
    words[_unmoved(runs) & (norm > _bounds(runs))] = "stuck"
    words[norm <= _bounds(runs)] = "converged"
    words[runs.broken] = "undefined"
    words[runs.broken & _climbed(runs)] = "diverged"
    arrived = np.flatnonzero(words == "converged")
    words[arrived[_trapped(runs, arrived)]] = "stuck"
    return list(map(str, words))


def why(runs: RunBatch, run: int, word: str) -> str:
    """Say in a sentence what the word of a run rests on."""
    last = int(runs.last[run])
    point, norm = _named(runs, run, last), norms(runs.gradients[last, run])
    bound = float(_bounds(runs)[run])
    if word == "converged":
        return f"|gradient| = {norm:.6g} <= {bound:g} after {counted(last, 'step')}"
    if word == "going":
        return f"|gradient| = {norm:.6g} > {bound:g} after {counted(last, 'step')}"
    if word == "oscillates":
        other = _named(runs, run, last - 1)
        return f"for ever between {other} and {point}{_rate_told(runs, run)}"
    if word == "stuck":
        return _trap(runs, run) or _held(runs, run)
    if word == "undefined":
        return f"step {last + 1} leads to {_named(runs, run, last + 1)}: {_refusal(runs, run)}"
    first = runs.losses[0, run]
    if not runs.broken[run]:
        grew = f"the loss grew from {first:.6g} to {runs.losses[last, run]:.6g} in {counted(last, 'step')}"
        return grew + _rate_told(runs, run)
    return f"beyond float64 at step {last + 1}, from {point} at step {last}{_rate_told(runs, run)}"


def _bend(runs: RunBatch, run: int) -> float | None:
    """Give the largest curvature at the start of a run, or None where there is none."""
    values = _curvatures(runs, run, 0)
    return None if values is None else float(values[-1])


def _bounds(runs: RunBatch) -> Array:
    return np.where(runs.until >= 0.0, runs.until, TOLERANCE)


def _named(runs: RunBatch, run: int, row: int) -> str:
    values = runs.points[row, run] if row < len(runs.points) else np.full(runs.points.shape[2], np.nan)
    return ", ".join(f"{name} = {x:.6g}" for name, x in zip(runs.objective.variables, values, strict=True))


def _grew(runs: RunBatch) -> Any:
    """Find runs whose losses are higher in their second half than ever in their first."""
    every = np.arange(runs.count)
    rows = np.arange(len(runs.losses))[:, np.newaxis]
    seen = rows <= runs.last
    highest = np.maximum.accumulate(np.where(seen, runs.losses, -np.inf))
    lowest = np.where(seen, runs.losses, np.inf).min(axis=0)
    with np.errstate(over="ignore"):
        early = highest[runs.last // 2, every] - lowest
        late = highest[runs.last, every] - lowest
        up = (runs.losses[runs.last, every] > runs.losses[0]) & (late > early * (1.0 + SAME))
        grown = up & (runs.last >= ENOUGH) & (late > FAR * early)
    for run in np.flatnonzero(up & ~grown):  # slow growth counts where the rate explains it
        bend = _bend(runs, int(run))
        grown[run] = runs.rule.name == "gd" and bend is not None and _last_rate(runs, int(run)) * bend > 2.0
    return grown


def _climbed(runs: RunBatch) -> Any:
    """Find runs that ended higher than they began, or beyond float64."""
    every = np.arange(runs.count)
    after = np.minimum(runs.last + 1, len(runs.points) - 1)
    beyond = ~np.isfinite(runs.points[after, every]).all(axis=-1)
    return beyond | (runs.losses[runs.last, every] > runs.losses[0])


def _back(runs: RunBatch, rows: int) -> Array:
    return np.asarray(runs.points[np.maximum(runs.last - rows, 0), np.arange(runs.count)])


def _two_cycles(runs: RunBatch) -> Any:
    """Find runs whose last points are those of two steps before, but not of one."""
    with np.errstate(over="ignore", invalid="ignore"):
        one, two, three = (_back(runs, 0) - _back(runs, k) for k in (1, 2, 3))
        step, twice, other = norms(one), norms(two), norms(three - one)
    return (runs.last >= 3) & (step > 0.0) & (twice <= SAME * step) & (other <= SAME * step)


def _unmoved(runs: RunBatch) -> Any:
    """Find runs whose last update, though its rate was not 0, changed no coordinate."""
    if not len(runs.rates):
        return np.zeros(runs.count, np.bool_)
    rate = runs.rates[np.maximum(runs.last - 1, 0), np.arange(runs.count)]
    return (runs.last >= 1) & (rate > 0.0) & (_back(runs, 0) == _back(runs, 1)).all(axis=-1)


def _last_rate(runs: RunBatch, run: int) -> float:
    return float(runs.rates[max(int(runs.last[run]) - 1, 0), run]) if len(runs.rates) else 0.0


def _curvatures(runs: RunBatch, run: int, row: int) -> Array | None:
    """Give the eigenvalues (n,) of the Hessian at a row of a run, ascending."""
    try:
        hessian = np.array(runs.objective.hessian(runs.points[row, run].tolist()))
    except InputError:
        return None
    return np.asarray(np.linalg.eigvalsh(hessian))


def _rate_told(runs: RunBatch, run: int) -> str:
    """Compare the learning rate of gradient descent with 2 / curvature at the start, if that explains it."""
    rate = _last_rate(runs, run)
    bend = _bend(runs, run) if runs.rule.name == "gd" else None
    if bend is None or bend <= 0.0:
        return ""
    most = 2.0 / bend
    if abs(rate - most) <= SAME * most:
        return f": lr {rate:g} is 2/curvature = 2/{bend:.6g}"
    return f": lr {rate:g} is above 2/curvature = {most:.6g}" if rate > most else ""


def _trapped(runs: RunBatch, arrived: Any) -> Any:
    """Find those of the runs that came to a point without slope which is no minimum."""
    ends = runs.points[runs.last[arrived], arrived]
    hessians = runs.objective.hessians(ends)
    known = np.isfinite(hessians).all(axis=(-2, -1))
    trapped = np.zeros(len(arrived), np.bool_)
    trapped[known] = _falls(np.asarray(np.linalg.eigvalsh(hessians[known])))
    if runs.objective.has_kinks:
        trapped |= np.array([bool(runs.objective.kinks(end)) for end in ends.tolist()], np.bool_)
    return trapped


def _falls(curvatures: Array) -> Any:
    """Tell from curvatures (..., n), ascending, whether there is a way down."""
    largest = np.abs(curvatures).max(axis=-1)
    return curvatures[..., 0] < -SAME * np.maximum(largest, 1.0)


def _trap(runs: RunBatch, run: int) -> str:
    """Say why a point without slope is no minimum, or nothing."""
    point: Sequence[float] = runs.points[runs.last[run], run].tolist()
    kinks = runs.objective.kinks(point)
    if kinks:
        return f"at a kink: {kinks[0]}"
    values = _curvatures(runs, run, int(runs.last[run]))
    if values is None or not _falls(values):
        return ""
    flat = SAME * float(np.abs(values).max())
    what = "saddle" if values[-1] > flat else "maximum" if values[-1] < -flat else "ridge"
    where = _named(runs, run, int(runs.last[run]))
    return f"at a {what}, {where}: curvatures {values[0]:.6g} to {values[-1]:.6g}"


def _held(runs: RunBatch, run: int) -> str:
    """Say why a run does not move where there is a slope."""
    last = int(runs.last[run])
    if not all(np.isfinite(kept[last, run]).all() for kept in memories(runs).values()):
        return "the gradient's square is beyond float64, and what is divided by it is 0"
    return f"the step is less than the spacing of floats at {_named(runs, run, last)}"


def _refusal(runs: RunBatch, run: int) -> str:
    """Say what has no value at the point behind the last."""
    point = runs.points[runs.last[run] + 1, run].tolist()
    try:
        runs.objective.gradient(point)
    except InputError as error:
        return error.why
    return "there is no value"
