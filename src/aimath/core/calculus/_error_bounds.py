"""Float64 on many points at once, with a bound on how far rounding may have led each result astray.

A running error analysis (Higham 2002, section 3.3): beside every array of values goes one of
bounds, in units of 2^-53, None for what is exact. Where a bound tells nothing it is inf or nan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aimath.core.calculus._operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from aimath.core.calculus._evaluate import Program
    from aimath.core.numerics.types import Array

    Bound = Callable[[Any, Sequence[Any], Sequence[Any]], Any]

UNIT = 2.0**-53
TINY = 5e-324 / UNIT
"""What underflow may cost."""
LIBRARY = 2.0
"""Units that a function of numpy's may be off: one ulp."""
OWN = 8.0
"""Units that a function of our own may be off."""
SMALL = 0.01
"""An error is small if a function's slope can't change by more than 2 % within it."""
GROWN = 1.02
"""So much larger a slope may be within a small error."""


def bounded(program: Program, points: Array) -> tuple[list[Array], list[Array]]:
    """Return the values (r,) of a program's roots at points (r, n), and how far off each may be at most.

    Bounds are in units of 2^-53; nan where the formula has no value.
    """
    values: list[Any] = [None] * len(program.instructions)
    errors: list[Any] = [None] * len(program.instructions)
    lost = np.zeros(len(points), np.bool_)
    with np.errstate(all="ignore"):
        for k, (node, args, last) in enumerate(program.instructions):
            if k in program.constants:
                values[k] = program.constants[k]
                if node.op != "number":
                    errors[k] = _bound(node.op, values, errors, k, args)
            elif node.op == "variable":
                values[k] = np.ascontiguousarray(points[:, int(node.value)])
            elif node.op == "item":
                place = int(node.value)
                values[k] = values[args[0]][place]
                errors[k] = None if errors[args[0]] is None else errors[args[0]][place]
            else:
                values[k] = OPERATIONS[node.op].array(*(values[arg] for arg in args))
                errors[k] = _bound(node.op, values, errors, k, args)
            if node.args and not node.is_derivative:
                lost |= _has_none(node.op, values[k], values[args[0]], values[args[-1]])
            for done in last:
                values[done] = errors[done] = None
        for k in program.also:
            lost |= ~np.isfinite(values[k])
        shape = lost.shape
        found = [np.broadcast_to(values[root] + 0.0, shape) for root in program.roots]
        bounds = [
            np.zeros(shape) if errors[root] is None else np.broadcast_to(errors[root], shape)
            for root in program.roots
        ]
    return found, [np.where(lost, np.nan, bound) for bound in bounds] if lost.any() else bounds


def _has_none(op: str, value: Array, first: Array, last: Array) -> NDArray[np.bool_]:
    """Return where a part of the formula has no value; an overflow is none that its derivative must share."""
    if op == "div":
        return np.asarray(np.isnan(value) | (last == 0.0))
    if op in ("log", "log2", "log10", "log1p"):
        return np.asarray(~(value > -np.inf))
    if op == "pow":
        return np.asarray(np.isnan(value) | ((first == 0.0) & np.isinf(value)))
    return np.asarray(np.isnan(value))


def _bound(op: str, values: list[Any], errors: list[Any], k: int, args: tuple[int, ...]) -> Any:
    return BOUNDS[op](values[k], [values[arg] for arg in args], [errors[arg] for arg in args])


def _sum(out: Array, _: Sequence[Any], errors: Sequence[Any]) -> Any:
    total = np.abs(out)
    for error in errors:
        if error is not None:
            total = total + error
    return total


def _product(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    (a, b), (ea, eb) = values, errors
    total = np.abs(out) + TINY * ((a != 0.0) & (b != 0.0))
    if ea is not None:
        total = total + np.abs(b) * ea
    if eb is not None:
        total = total + np.abs(a) * eb
    return total if ea is None or eb is None else total + UNIT * ea * eb


def _quotient(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    (a, b), (ea, eb) = values, errors
    total = np.abs(out) + TINY * (a != 0.0)
    if eb is None:
        return total if ea is None else total + ea / np.abs(b)
    share = eb / np.abs(b)
    total = total + np.abs(out) * share
    if ea is not None:
        total = total + ea / np.abs(b)
    rest = 1.0 - UNIT * share
    return np.where(rest > 0.0, total / rest, np.inf)


def _same(_: Array, __: Sequence[Any], errors: Sequence[Any]) -> Any:
    return errors[0]


def _function(
    slope: Callable[[Array, Array], Any],
    room: Callable[[Array, Array], Any] = lambda _a, _o: 1.0,
    own: float = LIBRARY,
) -> Bound:
    """Return a bound of a slope (a, out), which holds if the error times `room` (a, out) is small.

    `own` is how many units the function is off by itself.
    """

    def bound(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
        (a,), (error,) = values, errors
        rounding = own * np.abs(out) + TINY * (a != 0.0)
        if error is None:
            return rounding
        moved = GROWN * np.abs(slope(a, out)) * error
        return np.where(UNIT * error * room(a, out) <= SMALL, rounding + moved, np.inf)

    return bound


def _turning(slope: Callable[[Array], Array], curve: float = 1.0, own: float = LIBRARY) -> Bound:
    """Return a bound of a slope that may be 0, and of half the largest second derivative."""

    def bound(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
        (a,), (error,) = values, errors
        rounding = own * np.abs(out) + TINY * (a != 0.0)
        if error is None:
            return rounding
        return rounding + np.abs(slope(a)) * error + curve * UNIT * error * error

    return bound


def _decided(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    """Bound what jumps at 0."""
    del out
    (a,), (error,) = values, errors
    return None if error is None else np.where(np.abs(a) <= UNIT * error, np.inf, 0.0)


def _relu(_: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    (a,), (error,) = values, errors
    return None if error is None else np.where(a < -UNIT * error, 0.0, error)


def _worst(errors: Sequence[Any]) -> Any:
    known: list[Any] = [error for error in errors if error is not None]
    worst: Any = known[0] if known else None
    for error in known[1:]:
        worst = np.maximum(worst, error)
    return worst


def _extreme(_: Array, __: Sequence[Any], errors: Sequence[Any]) -> Any:
    return _worst(errors)


def _shares(way: float) -> Bound:
    """Return a bound of what the values of max (way 1) or min (-1) share: inf where they may tie."""

    def bound(out: Sequence[Array], values: Sequence[Any], errors: Sequence[Any]) -> Any:
        worst = _worst(errors)
        if worst is None:
            return [2.0 * part for part in out]
        best = way * values[0]
        for value in values[1:]:
            best = np.maximum(best, way * value)
        near = sum((best - way * value <= 2.0 * UNIT * worst).astype(np.int64) for value in values)
        alone = np.where(near > 1, np.inf, 0.0)
        return [alone + 0.0 * part for part in out]

    return bound


def _power(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    (a, _), _ = values, errors
    return LIBRARY * np.abs(out) + TINY * (a != 0.0) + np.abs(out) * _moved(values, errors)


def _moved(values: Sequence[Any], errors: Sequence[Any]) -> Any:
    """Bound the relative change of a^b."""
    (a, b), (ea, eb) = values, errors
    moved: Any = 0.0
    if ea is not None:
        moved = moved + np.where(UNIT * ea <= np.abs(a) * SMALL, GROWN * np.abs(b) * ea / np.abs(a), np.inf)
    if eb is not None:
        moved = moved + np.abs(np.log(np.abs(a))) * eb
    if ea is not None and eb is not None:
        moved = moved + GROWN * UNIT * ea / np.abs(a) * eb
    return np.where(UNIT * moved <= SMALL, GROWN * moved, np.inf)


def _power_log(logs: int) -> Bound:
    def bound(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
        (a, b), (ea, _) = values, errors
        total = np.abs(out) * (3.0 * LIBRARY + _moved(values, errors)) + TINY * (a != 0.0)
        if ea is not None:
            log = np.abs(np.log(a)) + GROWN * UNIT * ea / np.abs(a)
            total = total + logs * 1.5 * np.power(a, b) * log ** (logs - 1) * ea / np.abs(a)
        return total

    return bound


def _logsumexp(out: Array, values: Sequence[Any], errors: Sequence[Any]) -> Any:
    largest = values[0]
    for value in values[1:]:
        largest = np.maximum(largest, value)
    total = LIBRARY * (np.abs(out) + np.abs(largest)) + TINY
    worst = _worst(errors)
    return total if worst is None else total + worst


def _softmax(out: Sequence[Array], _: Sequence[Any], errors: Sequence[Any]) -> Any:
    worst = _worst(errors)
    moved: Any = 0.0
    if worst is not None:
        moved = np.where(UNIT * worst <= SMALL / 2.0, 2.0 * GROWN * worst, np.inf)
    return [share * (2.0 * LIBRARY + moved) + TINY for share in out]


def _centred(out: Sequence[Array], values: Sequence[Any], errors: Sequence[Any]) -> Any:
    """Bound p_j Σ_i p_i (s_j - s_i), term by term."""
    probs, slopes = values[0], values[1:]
    loose = [0.0] * len(slopes) if errors[0] is None else errors[0]
    moved = [0.0 if error is None else error for error in errors[1:]]
    spread = sum(p * np.abs(s) for p, s in zip(probs, slopes, strict=True))
    slack = sum(
        p * e + ep * np.abs(s) for p, s, ep, e in zip(probs, slopes, loose, moved, strict=True)
    ) + 4.0 * spread * (len(slopes) if len(slopes) > 32 else 1)
    extra = sum(loose)
    bounds = []
    for p, s, ep, e, o in zip(probs, slopes, loose, moved, out, strict=True):
        inner = e + extra * np.abs(s) + slack + 4.0 * np.abs(s)
        whole = np.abs(s) + spread
        bounds.append(p * inner + ep * whole + UNIT * ep * inner + np.abs(o) + TINY)
    return bounds


def _inside(a: Array, _: Array) -> Array:
    """Return how near the ends of -1 .. 1 are."""
    return np.asarray(1.0 / (1.0 - np.abs(a)))


def _array(op: str) -> Callable[..., Any]:
    return OPERATIONS[op].array


BOUNDS: dict[str, Bound] = {
    "add": _sum,
    "sub": _sum,
    "mul": _product,
    "div": _quotient,
    "neg": _same,
    "abs": _same,
    "pow": _power,
    "sin": _turning(np.cos),
    "cos": _turning(np.sin),
    "tan": _function(lambda _, o: 1.0 + o * o, lambda _, o: 2.0 + 2.0 * np.abs(o)),
    "asin": _function(lambda a, _: 1.0 / np.sqrt((1.0 - a) * (1.0 + a)), _inside),
    "acos": _function(lambda a, _: 1.0 / np.sqrt((1.0 - a) * (1.0 + a)), _inside),
    "atan": _function(lambda a, _: 1.0 / (1.0 + a * a)),
    "sinh": _function(lambda a, _: np.cosh(a)),
    "cosh": _function(lambda _, o: o),
    "tanh": _function(lambda a, _: _array("sech2")(a), lambda _a, _o: 2.0),
    "exp": _function(lambda _, o: o),
    "expm1": _function(lambda _, o: o + 1.0),
    "log": _function(lambda a, _: 1.0 / a, lambda a, _: 1.0 / a),
    "log2": _function(lambda a, _: 1.45 / a, lambda a, _: 1.0 / a),
    "log10": _function(lambda a, _: 0.45 / a, lambda a, _: 1.0 / a),
    "log1p": _function(lambda a, _: 1.0 / (1.0 + a), lambda a, _: 1.0 / (1.0 + a)),
    "sqrt": _function(lambda _, o: 0.5 / o, lambda a, _: 1.0 / a),
    "cbrt": _function(lambda _, o: 0.34 / (o * o), lambda a, _: 1.0 / np.abs(a)),
    "sign": _decided,
    "step": _decided,
    "relu": _relu,
    "min": _extreme,
    "max": _extreme,
    "sigmoid": _function(lambda a, _: _array("sigmoid_slope")(a), own=OWN),
    "softplus": _function(lambda a, _: _array("sigmoid")(a), own=OWN),
    "gelu": _turning(lambda a: _array("normal_cdf")(a) + a * _array("normal_density")(a), own=OWN),
    "erf": _function(lambda a, _: 1.13 * _array("bell")(a), lambda a, _: 1.0 + 2.0 * np.abs(a)),
    "logsumexp": _logsumexp,
    "sigmoid_slope": _function(lambda _, o: o, own=OWN),
    "sech2": _function(lambda _, o: 2.0 * o, lambda _a, _o: 2.0, own=OWN),
    "cbrt_slope": _function(lambda a, o: 0.67 * o / a, lambda a, _: 2.0 / np.abs(a), own=OWN),
    "bell": _function(
        lambda a, o: 2.0 * o * (np.abs(a) + SMALL), lambda a, _: 1.0 + 2.0 * np.abs(a), own=OWN
    ),
    "normal_cdf": _function(lambda a, _: _array("normal_density")(a), lambda a, _: 1.0 + np.abs(a), own=OWN),
    "normal_density": _function(lambda a, o: o * (np.abs(a) + SMALL), lambda a, _: 1.0 + np.abs(a), own=OWN),
    "power_log": _power_log(1),
    "power_log2": _power_log(2),
    "softmax": _softmax,
    "max_shares": _shares(1.0),
    "min_shares": _shares(-1.0),
    "centred": _centred,
}
"""Bounds by operation: of its value, its operands and their bounds."""
