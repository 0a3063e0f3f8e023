"""Optimiser runs replayed from their gradients, and closed forms on quadratics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check
from aimath.core.optim._rules import ARRAY_BACKEND, FLOAT_BACKEND, LARGEST_ROOT, NEGLIGIBLE_ROOT

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array
    from aimath.core.optim._run_arrays import RunArrays


def optimizer_states(runs: RunArrays) -> dict[str, Array]:
    """Return the optimiser state after each step, (rows, runs, n) by name."""
    return dict(zip(runs.rule.state_names, _replay(runs)[1], strict=True))


def next_points(runs: RunArrays) -> Array:
    """Return the point (rows, runs, n) after each row's update, inf or nan on overflow.

    Behind the last row of a run the schedule has no rate left: there its last one is used again.
    """
    return _replay(runs)[0]


def _replay(runs: RunArrays) -> tuple[Array, tuple[Array, ...]]:
    """Return the point after each row's update, and the optimiser state at the row."""
    shape = runs.points.shape
    after, kept = np.empty(shape), tuple(np.zeros(shape) for _ in runs.rule.state_names)
    rates = np.concatenate((runs.rates, runs.rates[-1:]))[: len(after)]
    if runs.count == 1:
        for k in range(shape[2]):
            _replay_coordinate(runs, rates[:, 0], after[:, 0, k], tuple(one[:, 0, k] for one in kept), k)
        return after, kept
    updates = runs.rule.updates_by_step(ARRAY_BACKEND)
    memory = tuple(np.zeros(shape[1:]) for _ in runs.rule.initial_state)
    with np.errstate(all="ignore"):
        for t, lr in enumerate(rates, 1):
            after[t - 1], memory = updates(t)(
                runs.points[t - 1], runs.gradients[t - 1], memory, t, lr[:, np.newaxis]
            )
            if t < len(after):
                for one, values in zip(kept, memory, strict=False):  # without what is hidden
                    one[t] = values
    return after, kept


def _replay_coordinate(
    runs: RunArrays, rates: Array, after: Array, states: tuple[Array, ...], k: int
) -> None:
    """Fill in the points and states of one coordinate of a single run."""
    updates, memory = runs.rule.updates_by_step(FLOAT_BACKEND), runs.rule.initial_state
    places, slopes = runs.points[:, 0, k].tolist(), runs.gradients[:, 0, k].tolist()
    for t, (w, g, lr) in enumerate(zip(places, slopes, rates.tolist(), strict=False), 1):
        after[t - 1], memory = updates(t)(w, g, memory, t, lr)
        if t < len(after):
            for one, value in zip(states, memory, strict=False):
                one[t] = value


class Quadratic(NamedTuple):
    """A quadratic function: stationary point, curvatures and principal directions."""

    centre: Array  # (n,)
    curvatures: Array  # (n,) ascending, none 0
    directions: Array  # (n, n) one a column


def fit_quadratic(runs: RunArrays, run: int = 0) -> Quadratic | None:
    """Return the quadratic that a function is along a run, or None if it isn't one."""
    path, last = runs.points[:, run], int(runs.last[run])
    start, slope = path[0], runs.gradients[0, run]
    hessians = [np.array(runs.objective.hessian(path[k].tolist())) for k in sorted({0, last // 2, last})]
    curvatures, directions = np.linalg.eigh(hessians[0])
    largest = np.abs(curvatures).max()
    bent = max(np.abs(one - hessians[0]).max() for one in hessians)
    if not np.abs(curvatures).min() > 1e-12 * largest or bent > 1e-9 * largest:
        return None
    slopes = runs.gradients[: last + 1, run]
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(slopes - slope - (path[: last + 1] - start) @ hessians[0]).max()
    if not off <= 1e-9 * np.abs(slopes).max():
        return None
    return Quadratic(start - directions @ (directions.T @ slope / curvatures), curvatures, directions)


def check_last_point(runs: RunArrays, run: int, last: int) -> Check:
    """Return the last point of a run beside a closed form or a sum over all gradients.

    On a quadratic, gradient descent is centre + (1 - lr * curvature)^steps * (start - centre); elsewhere
    it is the start less the sum of all lr * g. What an optimiser remembers is written out as the
    weighted sum of all gradients, in place of its recurrence.
    """
    path, slopes = runs.points[: last + 1, run], runs.gradients[:last, run]
    rates = runs.rates[:last, run]
    size = float(np.abs(path).max())
    settings = {
        name: np.ravel(value)[run] if np.ndim(value) else value for name, value in runs.rule.settings.items()
    }
    if last == 0:
        return Check(path[0], path[0], size)
    if runs.rule.name != "adamw":
        slopes = slopes + settings["weight_decay"] * path[:-1]
    if runs.rule.name == "gd":
        shape = closed_form(runs, run)
        other = path[0] - rates @ slopes if shape is None else _closed_form_point(runs, run, shape)
        return Check(path[last], other, size)
    with np.errstate(over="ignore"):  # where a square overflows, the optimiser stood still
        step = _UPDATES[runs.rule.name](
            slopes, settings, {k: v[: last + 1, run] for k, v in optimizer_states(runs).items()}
        )
    held = 1.0 - rates[-1] * settings["weight_decay"] if runs.rule.name == "adamw" else 1.0
    return Check(path[last], held * path[-2] - rates[-1] * step, size)


def closed_form(runs: RunArrays, run: int = 0) -> Quadratic | None:
    """Return the quadratic on which a run is gradient descent at a constant rate without decay, or None."""
    rates = runs.rates[:, run]
    steady = runs.rule.name == "gd" and not np.any(runs.rule.settings["weight_decay"]) and len(rates) > 0
    return fit_quadratic(runs, run) if steady and (rates == rates[0]).all() else None


def _closed_form_point(runs: RunArrays, run: int, shape: Quadratic) -> Array:
    start, last = runs.points[0, run], int(runs.last[run])
    factors = 1.0 - runs.rates[0, run] * shape.curvatures
    half = last // 2  # the whole power may be beyond float64 where the distance it makes is not
    far = factors**half * (shape.directions.T @ (start - shape.centre)) * factors ** (last - half)
    return np.asarray(shape.centre + shape.directions @ far)


def _geometric_weights(factor: float, count: int) -> Array:
    """Return factor^(count - 1), ..., factor, 1."""
    with np.errstate(under="ignore"):
        return np.asarray(np.power(factor, np.arange(count - 1.0, -1.0, -1.0)))


def _momentum_update(gradients: Array, settings: dict[str, Any], _: dict[str, Array]) -> Array:
    weights = _geometric_weights(settings["momentum"], len(gradients))
    weights[1:] *= 1.0 - settings["dampening"]
    return np.asarray(weights @ gradients)


def _nesterov_update(gradients: Array, settings: dict[str, Any], _: dict[str, Array]) -> Array:
    mu = settings["momentum"]
    return np.asarray(gradients[-1] + mu * (_geometric_weights(mu, len(gradients)) @ gradients))


def _rmsprop_update(gradients: Array, settings: dict[str, Any], states: dict[str, Array]) -> Array:
    alpha, mu, eps = settings["alpha"], settings["momentum"], settings["eps"]
    gradients, unit = _unit_gradients(gradients)
    spread = states["square_avg"][1:] / unit / unit
    weights = (1.0 - alpha) * _geometric_weights(alpha, len(gradients))
    spread[-1] = weights @ gradients**2
    if unit != 1.0:  # what the states say has underflowed
        spread = np.array([weights[-k:] @ gradients[:k] ** 2 for k in range(1, len(gradients) + 1)])
    if settings["centered"]:
        means = states["grad_avg"][1:] / unit
        means[-1] = weights @ gradients
        spread = np.maximum(spread - means**2, 0.0)
    below = np.sqrt(spread) + eps / unit
    return np.asarray(
        _geometric_weights(mu, len(gradients)) @ (gradients / np.where(below > 0.0, below, 1.0))
    )


def _unit_gradients(gradients: Array) -> tuple[Array, float]:
    """Return gradients over a unit, which is 1 unless their squares might leave float64."""
    size = float(np.abs(gradients).max())
    unit = size if 0.0 < size < NEGLIGIBLE_ROOT or LARGEST_ROOT < size < np.inf else 1.0
    return gradients / unit, unit


def _adam_update(gradients: Array, settings: dict[str, Any], states: dict[str, Array]) -> Array:
    """Return Adam's last update from weighted sums of all g and g²."""
    first, second = (_geometric_weights(settings[beta], len(gradients)) for beta in ("beta1", "beta2"))
    gradients, unit = _unit_gradients(gradients)
    mean, square = first @ gradients / first.sum(), second @ gradients**2 / second.sum()
    if settings["amsgrad"]:
        square = states["v"].max(axis=0) / unit / unit / (1.0 - settings["beta2"] ** len(gradients))
    below = np.sqrt(square) + settings["eps"] / unit
    with np.errstate(invalid="ignore"):  # of squares beyond float64 there is nothing to compare
        return np.asarray(mean / np.where(below > 0.0, below, 1.0))


_UPDATES = {
    "momentum": _momentum_update,
    "nesterov": _nesterov_update,
    "rmsprop": _rmsprop_update,
    "adam": _adam_update,
    "adamw": _adam_update,
}
