"""A descent gone again: what the rule remembered at each step, and the last point by another route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check
from aimath.core.optim._rules import ARRAYS, FLOATS

if TYPE_CHECKING:
    from aimath.core.numerics.types import Array
    from aimath.core.optim._batch import RunBatch


def memories(runs: RunBatch) -> dict[str, Array]:
    """Give what the rule remembers after each step, (rows, runs, n) by name."""
    return dict(zip(runs.rule.remembers, _retraced(runs)[1], strict=True))


def following(runs: RunBatch) -> Array:
    """Give the point (rows, runs, n) that each row leads to, inf or nan where float64 ends.

    Behind the last row of a run the schedule has no rate left: there its last one is used again.
    """
    return _retraced(runs)[0]


def _retraced(runs: RunBatch) -> tuple[Array, tuple[Array, ...]]:
    """Give the point after each row, and the memory at it."""
    shape = runs.points.shape
    after, kept = np.empty(shape), tuple(np.zeros(shape) for _ in runs.rule.remembers)
    rates = np.concatenate((runs.rates, runs.rates[-1:]))[: len(after)]
    if runs.count == 1:
        for k in range(shape[2]):
            _on_floats(runs, rates[:, 0], after[:, 0, k], tuple(one[:, 0, k] for one in kept), k)
        return after, kept
    update, memory = runs.rule.make(ARRAYS), tuple(one[0] for one in kept)
    with np.errstate(all="ignore"):
        for t, lr in enumerate(rates, 1):
            after[t - 1], memory = update(
                runs.points[t - 1], runs.gradients[t - 1], memory, t, lr[:, np.newaxis]
            )
            if t < len(after):
                for one, values in zip(kept, memory, strict=True):
                    one[t] = values
    return after, kept


def _on_floats(runs: RunBatch, rates: Array, after: Array, kept: tuple[Array, ...], k: int) -> None:
    """Fill in one coordinate of a single run."""
    update, memory = runs.rule.make(FLOATS), runs.rule.start
    places, slopes = runs.points[:, 0, k].tolist(), runs.gradients[:, 0, k].tolist()
    for t, (w, g, lr) in enumerate(zip(places, slopes, rates.tolist(), strict=False), 1):
        after[t - 1], memory = update(w, g, memory, t, lr)
        if t < len(after):
            for one, value in zip(kept, memory, strict=True):
                one[t] = value


class Parabola(NamedTuple):
    """A quadratic function: its stationary point, and its curvatures along orthogonal directions."""

    centre: Array  # (n,)
    curvatures: Array  # (n,) ascending, none 0
    directions: Array  # (n, n) one a column


def parabola(runs: RunBatch, run: int = 0) -> Parabola | None:
    """Give the quadratic that a function is, as far as a run has seen, or None if it is none."""
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
    return Parabola(start - directions @ (directions.T @ slope / curvatures), curvatures, directions)


def check(runs: RunBatch, run: int, last: int) -> Check:
    """Recompute the last point of the last run at once from the start, or from all gradients together.

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
        other = _closed(runs, run) if is_steady(runs, run) else path[0] - rates @ slopes
        return Check(path[last], other, size)
    with np.errstate(over="ignore"):  # where a square overflows, the optimiser stood still
        step = _STEPS[runs.rule.name](
            slopes, settings, {k: v[: last + 1, run] for k, v in memories(runs).items()}
        )
    held = 1.0 - rates[-1] * settings["weight_decay"] if runs.rule.name == "adamw" else 1.0
    return Check(path[last], held * path[-2] - rates[-1] * step, size)


def is_steady(runs: RunBatch, run: int = 0) -> bool:
    """Whether a run is one of gradient descent at one rate, without decay, on a quadratic."""
    rates = runs.rates[:, run]
    steady = runs.rule.name == "gd" and not np.any(runs.rule.settings["weight_decay"]) and len(rates) > 0
    return bool(steady and (rates == rates[0]).all() and parabola(runs, run) is not None)


def _closed(runs: RunBatch, run: int) -> Array:
    shape = parabola(runs, run)
    start, last = runs.points[0, run], int(runs.last[run])
    if shape is None:
        return np.asarray(start)
    factors = 1.0 - runs.rates[0, run] * shape.curvatures
    half = last // 2  # the whole power may be beyond float64 where the distance it makes is not
    far = factors**half * (shape.directions.T @ (start - shape.centre)) * factors ** (last - half)
    return np.asarray(shape.centre + shape.directions @ far)


def _weights(factor: float, count: int) -> Array:
    """Give factor^(count - 1), ..., factor, 1."""
    with np.errstate(under="ignore"):
        return np.asarray(np.power(factor, np.arange(count - 1.0, -1.0, -1.0)))


def _momentum(slopes: Array, settings: dict[str, Any], _: dict[str, Array]) -> Array:
    weights = _weights(settings["momentum"], len(slopes))
    weights[1:] *= 1.0 - settings["dampening"]
    return np.asarray(weights @ slopes)


def _nesterov(slopes: Array, settings: dict[str, Any], _: dict[str, Array]) -> Array:
    mu = settings["momentum"]
    return np.asarray(slopes[-1] + mu * (_weights(mu, len(slopes)) @ slopes))


def _rmsprop(slopes: Array, settings: dict[str, Any], kept: dict[str, Array]) -> Array:
    alpha, mu, eps = settings["alpha"], settings["momentum"], settings["eps"]
    spread = kept["square_avg"][1:].copy()
    weights = (1.0 - alpha) * _weights(alpha, len(slopes))
    spread[-1] = weights @ slopes**2
    if settings["centered"]:
        means = kept["grad_avg"][1:].copy()
        means[-1] = weights @ slopes
        spread = np.maximum(spread - means**2, 0.0)
    below = np.sqrt(spread) + eps
    return np.asarray(_weights(mu, len(slopes)) @ (slopes / np.where(below > 0.0, below, 1.0)))


def _adam(slopes: Array, settings: dict[str, Any], kept: dict[str, Array]) -> Array:
    """Corrected, m and v are means of all g and g², weighted by beta^age."""
    first, second = (_weights(settings[beta], len(slopes)) for beta in ("beta1", "beta2"))
    mean, square = first @ slopes / first.sum(), second @ slopes**2 / second.sum()
    if settings["amsgrad"]:
        square = kept["v"].max(axis=0) / (1.0 - settings["beta2"] ** len(slopes))
    below = np.sqrt(square) + settings["eps"]
    return np.asarray(mean / np.where(below > 0.0, below, 1.0))


_STEPS = {"momentum": _momentum, "nesterov": _nesterov, "rmsprop": _rmsprop, "adam": _adam, "adamw": _adam}
