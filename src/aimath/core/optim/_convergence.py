"""Convergence status of optimiser runs, with the figures behind it.

converged: the gradient's norm came to the tolerance, at no saddle; going: not yet; oscillates: between two
points for ever; stuck: it can't go on, and is at no minimum; diverged: the loss grew, or left float64;
undefined: it stepped out of the function's domain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.numerics.arrays import row_norms
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.core.numerics.types import Array
    from aimath.core.optim._run_arrays import RunArrays

TOLERANCE = 1e-6
"""The gradient's norm at which a run has converged, unless --until says otherwise."""
RELATIVE_TOLERANCE = 1e-9
"""How far, of a step, two points may be apart and still be the same."""
GROWTH_FACTOR, MIN_GROWTH_STEPS = 2.0, 4
"""Times as high as in its first half a loss is in its second, of so many steps: the descent has diverged."""


def classify_runs(runs: RunArrays) -> list[str]:
    """Return the status of each run."""
    words = np.full(runs.count, "going", dtype="U10")
    every = np.arange(runs.count)
    norm = row_norms(runs.gradients[runs.last, every])
    words[_loss_grew(runs)] = "diverged"
    words[_two_cycles(runs)] = "oscillates"
    words[_stalled(runs) & (norm > _gradient_tolerances(runs))] = "stuck"
    words[norm <= _gradient_tolerances(runs)] = "converged"
    words[runs.failed] = "undefined"
    words[runs.failed & _ended_higher(runs)] = "diverged"
    arrived = np.flatnonzero(words == "converged")
    words[arrived[_not_minimum(runs, arrived)]] = "stuck"
    return list(map(str, words))


def explain_status(runs: RunArrays, run: int, status: str) -> str:
    """Return a sentence with the figures behind a run's status."""
    last = int(runs.last[run])
    point, norm = _format_point(runs, run, last), row_norms(runs.gradients[last, run])
    bound = float(_gradient_tolerances(runs)[run])
    if status == "converged":
        return f"|gradient| = {norm:.6g} <= {bound:g} after {pluralize(last, 'step')}"
    if status == "going":
        return f"not there yet, |gradient| = {norm:.6g} > {bound:g} after {pluralize(last, 'step')}"
    if status == "oscillates":
        other = _format_point(runs, run, last - 1)
        return f"for ever between {other} and {point}{_explain_rate(runs, run)}"
    if status == "stuck":
        return _explain_stationary(runs, run) or _explain_stall(runs, run)
    if status == "undefined":
        return (
            f"step {last + 1} leads to {_format_point(runs, run, last + 1)}: {_explain_undefined(runs, run)}"
        )
    first = runs.losses[0, run]
    if not runs.failed[run]:
        grew = f"the loss grew from {first:.6g} to {runs.losses[last, run]:.6g} in {pluralize(last, 'step')}"
        return grew + _explain_rate(runs, run)
    return f"beyond float64 at step {last + 1}, from {point} at step {last}{_explain_rate(runs, run)}"


def _max_curvature(runs: RunArrays, run: int) -> float | None:
    """Return the largest curvature at the start of a run, or None where there is none."""
    values = _curvatures(runs, run, 0)
    return None if values is None else float(values[-1])


def _gradient_tolerances(runs: RunArrays) -> Array:
    return np.where(runs.until >= 0.0, runs.until, TOLERANCE)


def _format_point(runs: RunArrays, run: int, row: int) -> str:
    values = runs.points[row, run] if row < len(runs.points) else np.full(runs.points.shape[2], np.nan)
    return ", ".join(f"{name} = {x:.6g}" for name, x in zip(runs.objective.variables, values, strict=True))


def _loss_grew(runs: RunArrays) -> Any:
    """Return which runs' losses are higher in their second half than ever in their first."""
    every = np.arange(runs.count)
    rows = np.arange(len(runs.losses))[:, np.newaxis]
    seen = rows <= runs.last
    highest = np.maximum.accumulate(np.where(seen, runs.losses, -np.inf))
    lowest = np.where(seen, runs.losses, np.inf).min(axis=0)
    with np.errstate(over="ignore"):
        early = highest[runs.last // 2, every] - lowest
        late = highest[runs.last, every] - lowest
        up = (runs.losses[runs.last, every] > runs.losses[0]) & (late > early * (1.0 + RELATIVE_TOLERANCE))
        grown = up & (runs.last >= MIN_GROWTH_STEPS) & (late > GROWTH_FACTOR * early)
    for run in np.flatnonzero(up & ~grown):  # slow growth counts where the rate explains it
        bend = _max_curvature(runs, int(run))
        grown[run] = (
            runs.rule.name == "gd" and bend is not None and _last_learning_rate(runs, int(run)) * bend > 2.0
        )
    return grown


def _ended_higher(runs: RunArrays) -> Any:
    """Return which runs ended higher than they began, or overflowed."""
    every = np.arange(runs.count)
    after = np.minimum(runs.last + 1, len(runs.points) - 1)
    beyond = ~np.isfinite(runs.points[after, every]).all(axis=-1)
    return beyond | (runs.losses[runs.last, every] > runs.losses[0])


def _points_before(runs: RunArrays, steps: int) -> Array:
    return np.asarray(runs.points[np.maximum(runs.last - steps, 0), np.arange(runs.count)])


def _two_cycles(runs: RunArrays) -> Any:
    """Return which runs' last points are those of two steps before, but not of one."""
    with np.errstate(over="ignore", invalid="ignore"):
        one, two, three = (_points_before(runs, 0) - _points_before(runs, k) for k in (1, 2, 3))
        step, twice, other = row_norms(one), row_norms(two), row_norms(three - one)
    return (
        (runs.last >= 3)
        & (step > 0.0)
        & (twice <= RELATIVE_TOLERANCE * step)
        & (other <= RELATIVE_TOLERANCE * step)
    )


def _stalled(runs: RunArrays) -> Any:
    """Return which runs' last update, at a positive rate, changed no coordinate."""
    if not len(runs.rates):
        return np.zeros(runs.count, np.bool_)
    rate = runs.rates[np.maximum(runs.last - 1, 0), np.arange(runs.count)]
    return (runs.last >= 1) & (rate > 0.0) & (_points_before(runs, 0) == _points_before(runs, 1)).all(axis=-1)


def _last_learning_rate(runs: RunArrays, run: int) -> float:
    return float(runs.rates[max(int(runs.last[run]) - 1, 0), run]) if len(runs.rates) else 0.0


def _curvatures(runs: RunArrays, run: int, row: int) -> Array | None:
    """Return the eigenvalues (n,) of the Hessian at a row of a run, ascending."""
    try:
        hessian = np.array(runs.objective.hessian(runs.points[row, run].tolist()))
    except InputError:
        return None
    return np.asarray(np.linalg.eigvalsh(hessian))


def _explain_rate(runs: RunArrays, run: int) -> str:
    """Return a note that compares the rate with 2 / curvature at the start, "" if that fails."""
    rate = _last_learning_rate(runs, run)
    bend = _max_curvature(runs, run) if runs.rule.name == "gd" else None
    if bend is None or bend <= 0.0:
        return ""
    most = 2.0 / bend
    if abs(rate - most) <= RELATIVE_TOLERANCE * most:
        return f": lr {rate:g} is 2/curvature = 2/{bend:.6g}"
    return f": lr {rate:g} is above 2/curvature = {most:.6g}" if rate > most else ""


def _not_minimum(runs: RunArrays, converged: Any) -> Any:
    ends = runs.points[runs.last[converged], converged]
    hessians = runs.objective.hessians(ends)
    known = np.isfinite(hessians).all(axis=(-2, -1))
    trapped = np.zeros(len(converged), np.bool_)
    trapped[known] = _has_descent_direction(np.asarray(np.linalg.eigvalsh(hessians[known])))
    if runs.objective.has_non_differentiable:
        trapped |= np.array([bool(runs.objective.non_differentiable(end)) for end in ends.tolist()], np.bool_)
    return trapped


def _has_descent_direction(curvatures: Array) -> Any:
    """Return whether curvatures (..., n), ascending, leave a descent direction."""
    largest = np.abs(curvatures).max(axis=-1)
    return curvatures[..., 0] < -RELATIVE_TOLERANCE * np.maximum(largest, 1.0)


def _explain_stationary(runs: RunArrays, run: int) -> str:
    """Return why a stationary point is no minimum, or ""."""
    point: Sequence[float] = runs.points[runs.last[run], run].tolist()
    kinks = runs.objective.non_differentiable(point)
    if kinks:
        return f"at a kink: {kinks[0]}"
    values = _curvatures(runs, run, int(runs.last[run]))
    if values is None or not _has_descent_direction(values):
        return ""
    flat = RELATIVE_TOLERANCE * float(np.abs(values).max())
    what = "saddle" if values[-1] > flat else "maximum" if values[-1] < -flat else "ridge"
    where = _format_point(runs, run, int(runs.last[run]))
    return f"at a {what}, {where}: curvatures {values[0]:.6g} to {values[-1]:.6g}"


def _explain_stall(runs: RunArrays, run: int) -> str:
    """Return why a run stalls although the gradient isn't 0."""
    last = int(runs.last[run])
    return f"the step is less than the spacing of floats at {_format_point(runs, run, last)}"


def _explain_undefined(runs: RunArrays, run: int) -> str:
    point = runs.points[runs.last[run] + 1, run].tolist()
    try:
        runs.objective.gradient(point)
    except InputError as error:
        return str(error)
    return "there is no value"
