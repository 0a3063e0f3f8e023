"""Gradients, Hessians and Jacobians of formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.calculus._data import as_data
from aimath.core.calculus._expression import Function, parse_function
from aimath.core.calculus._over_data import parse_over_data
from aimath.core.numerics.arrays import Check, as_vectors, row_norms
from aimath.core.numerics.finite_differences import central_difference, differences
from aimath.core.numerics.types import never_infinite
from aimath.errors import InputError, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.calculus._data import Data
    from aimath.core.numerics.axes import FormulaValues, Hessians, Jacobians, Points, Scalars, Words
    from aimath.core.numerics.types import Array

CRITICAL_RTOL = 1e-9
"""A gradient this small beside the curvatures is 0: a Newton step would hardly move the point."""
STEPS_APART = 4
"""Of steps that double, one in so many is asked how far the derivative ranges within it."""
NEARLY = 1e-5
"""Of a derivative: differences without extrapolation can't prove that it is off by less."""
DIFFERENCE_BATCH = 32768
"""Coordinates that differences are taken at together: one by one, long formulas take ten times as long."""


class SourceFunctions(NamedTuple):
    """The formulas that a result is of, and their values, inf where they are beyond float64."""

    functions: tuple[Function, ...]
    values: Array  # (r, m), of a single point (m,)

    def finite(self) -> Array:
        """Return the values (r, m), which are refused where they overflow: derivatives may exist there."""
        rows, columns = np.nonzero(np.isinf(np.atleast_2d(self.values)))
        if len(rows):
            f, row = self.functions[int(columns[0])], int(rows[0])
            hint = "its derivative is there: --fields gradient"
            raise InputError(
                f"{f.short_text()}: the value overflows float64", hint=hint, row=row, operand="at"
            )
        return self.values


@never_infinite("norm", "directional")
class Gradient(NamedTuple):
    """The gradient of one formula of n variables at r points."""

    source: SourceFunctions
    point: Points
    gradient: Points  # partial derivatives
    norm: Scalars  # length of the gradient: the slope of the steepest way up
    direction: Points | None  # of length 1
    directional: Scalars | None  # slope in that direction
    hessian: Hessians | None  # second derivatives
    eigenvalues: Points | None  # curvatures along the axes of the Hessian, ascending
    critical: Words | None  # "minimum", "maximum", "saddle", "undecided"; "no" on a slope

    @property
    def value(self) -> Scalars:
        """The formula's value, refused where it overflows float64."""
        return np.asarray(self.source.finite()[..., 0])

    def check(self) -> Check:
        """Return the gradient beside that from differences of values."""
        (f,) = self.source.functions
        source = _Differentiable(
            f.values, f, f.operation_count, lambda point, k, radius: f.gradient_widths(point, k, radius)[k]
        )
        return _check_by_differences(source, self.point, self.gradient)

    def check_hessian(self) -> Check:
        """Return the Hessian beside that from differences of gradients."""
        (f,) = self.source.functions
        answer = self.gradient[..., np.newaxis, :] if self.hessian is None else self.hessian
        source = _Differentiable(f.gradients, f.gradient, f.gradient_operation_count, f.hessian_widths)
        return _check_by_differences(source, self.point, answer)


@never_infinite("norm")
class Jacobian(NamedTuple):
    """The Jacobian of m formulas of n variables at r points."""

    source: SourceFunctions
    point: Points
    jacobian: Jacobians  # entry i, j: formula i by variable j
    norm: Scalars  # root of the sum of squares (Frobenius)

    @property
    def value(self) -> FormulaValues:
        """The value of each formula, refused where one overflows float64."""
        return self.source.finite()

    @property
    def values(self) -> FormulaValues:
        """The value of each formula, as `value`: the name of 0.1.0."""
        return self.value

    def check(self) -> Check:
        """Return the Jacobian beside that from differences of values."""
        functions = self.source.functions

        def values(points: Array) -> Array:
            return np.stack([f.values(points) for f in functions], axis=-1)

        def widths(point: Sequence[float], k: int, radius: float) -> list[float]:
            return [f.gradient_widths(point, k, radius)[k] for f in functions]

        size = max(f.operation_count for f in functions)
        source = _Differentiable(values, lambda point: [f(point) for f in functions], size, widths)
        found = _check_by_differences(source, self.point, np.swapaxes(self.jacobian, -1, -2))
        return Check(*(np.swapaxes(part, -1, -2) for part in found))


def grad(
    *functions: str | Function,
    at: ArrayLike | None = None,
    variables: Sequence[str] | None = None,
    hessian: bool = False,
    direction: Mapping[str, float] | ArrayLike | None = None,
    exact: bool = False,
    start: Mapping[str, ArrayLike] | None = None,
    data: Mapping[str, ArrayLike] | Data | None = None,
    **point: ArrayLike,
) -> Any:
    """Return the Gradient of a formula at a point, or the Jacobian of several.

    The point is given by its coordinates' names, several values making several points; or in order of the
    variables, (n,) or (r, n), by `at`. `start` takes what is named like a parameter. Derivatives are
    the floats next to the true ones; those of rows of `at` are within 64 units of 2^-53 unless `exact`,
    which takes .1 ms a point. Where there is none, 0 stands for it at a kink of abs and relu, and
    values that tie in max or min share it, as in torch. The slope in a `direction` d is
    gradient · d / |d|. mean(...) and sum(...) go over the rows of `data`, columns by name.

    >>> grad("x^2*y", x=3, y=2).gradient
    array([12.,  9.])
    >>> grad("x*y", "x + y", x=3, y=2).jacobian
    array([[2., 3.],
           [1., 1.]])
    """
    named = {**(start or {}), **point}
    chosen = _with_same_variables(functions, variables, tuple(named), None if data is None else as_data(data))
    points, single = _resolve_points(chosen[0], at, named)
    exact = exact or at is None or single
    if len(chosen) == 1:
        way = _resolve_direction(chosen[0], direction)
        found: Any = gradient(chosen[0], points, direction=way, hessian=hessian, exact=exact)
    elif hessian or direction is not None:
        raise InputError("hessian and direction are for one formula", usage=True)
    else:
        found = jacobian(chosen, points, exact=exact)
    return _drop_rows(found) if single else found


def _with_same_variables(
    functions: Sequence[str | Function],
    variables: Sequence[str] | None,
    named: Sequence[str],
    data: Data | None = None,
) -> list[Function]:
    """Return the functions over all their variables: in the order given, of the point, or of appearance."""
    parsed = [parse_over_data(f, data) for f in functions]
    if not parsed:
        raise InputError("needs a formula", usage=True)
    found = tuple(dict.fromkeys(name for f in parsed for name in f.variables))
    if all(isinstance(f, str) for f in functions):
        known = found or named  # a formula without variables depends on none of those that are named
        found = tuple(dict.fromkeys((*(name for name in named if name in known), *found)))
    return [parse_function(f, found if variables is None else variables) for f in parsed]


def _resolve_points(
    f: Function, at: ArrayLike | None, named: Mapping[str, ArrayLike]
) -> tuple[ArrayLike, bool]:
    """Return points, and whether there is a single one, from rows or from the values of each variable.

    Of several values all combinations are taken, the last variable's varying fastest.
    """
    if at is not None:
        if named:
            raise InputError(f"at gives the points, and so does {next(iter(named))}", usage=True)
        return at, np.ndim(at) == 1
    f.point(named)  # says what is missing
    grid = np.meshgrid(*map(np.ravel, named.values()), indexing="ij") if named else []
    columns = {name: values.ravel() for name, values in zip(named, grid, strict=True)}
    points = np.stack([columns[name] for name in f.variables], axis=-1) if columns else np.zeros((1, 0))
    return points, not any(map(np.ndim, named.values()))


def _resolve_direction(f: Function, direction: Mapping[str, float] | ArrayLike | None) -> ArrayLike | None:
    if not isinstance(direction, Mapping):
        return direction
    way: ArrayLike = f.point({**dict.fromkeys(f.variables, 0.0), **direction})
    return way


def _drop_rows(found: Gradient | Jacobian) -> Any:
    """Return the result of a single point without its axis of rows."""
    values: Any = (value if value is None else np.asarray(value[0]) for value in found[1:])
    return type(found)(found.source._replace(values=found.source.values[0]), *values)


def gradient(
    f: Function,
    points: ArrayLike,
    *,
    direction: ArrayLike | None = None,
    hessian: bool = False,
    exact: bool = False,
) -> Gradient:
    """Return the gradient of a formula at points (r, n), coordinates in the order of its variables.

    gradient_j = ∂f/∂x_j; the slope in a direction d is gradient · d / |d|. Within 64 units of 2^-53;
    with `exact` each derivative is the float next to the true one, at .1 ms a point. Where there is
    none, by convention, 0 stands for it at a kink of abs and relu, and values that tie in max or
    min share it, as in torch.

    >>> gradient(parse_function("x^2 + 2*x*y + y^2"), [[3, 2]]).gradient
    array([[10., 10.]])
    """
    where = check_points(f, points)
    value, slopes = _exact_gradients(f, where) if exact else f.value_gradients(where)
    _raise_undefined(f.gradient, where, np.asarray(np.isfinite(slopes).all(axis=-1)))
    way = None if direction is None else _unit_direction(direction, f.variables)
    seconds = eigenvalues = critical = None
    if hessian:
        if exact:
            seconds = np.array([_at_row(f.hessian, where, row) for row in range(len(where))])
        else:
            seconds = f.hessians(where)
        _raise_undefined(f.hessian, where, np.asarray(np.isfinite(seconds).all(axis=(-1, -2))))
        symmetric = (seconds + np.swapaxes(seconds, -1, -2)) / 2.0
        eigenvalues = np.asarray(np.linalg.eigvalsh(symmetric), np.float64)
        critical = _classify_critical(where, slopes, eigenvalues)
    with np.errstate(over="ignore"):
        along = None if way is None else (slopes * way).sum(axis=-1) + 0.0
    return Gradient(
        SourceFunctions((f,), value[:, np.newaxis]),
        where,
        slopes,
        row_norms(slopes),
        None if way is None else way[np.newaxis],
        along,
        seconds,
        eigenvalues,
        critical,
    )


def jacobian(functions: Sequence[Function], points: ArrayLike, *, exact: bool = False) -> Jacobian:
    """Return the Jacobian of several formulas of the same variables at points (r, n), `exact` as in gradient.

    >>> f, g = parse_function("x*y", ["x", "y"]), parse_function("x + y", ["x", "y"])
    >>> jacobian([f, g], [[3, 2]]).jacobian
    array([[[2., 3.],
            [1., 1.]]])
    """
    where = check_points(functions[0], points)
    found = [_exact_gradients(f, where) if exact else f.value_gradients(where) for f in functions]
    values = np.stack([value for value, _ in found], axis=-1)
    slopes = np.stack([slope for _, slope in found], axis=-2)
    for k, f in enumerate(functions):
        _raise_undefined(f.gradient, where, np.asarray(np.isfinite(slopes[:, k]).all(axis=-1)))
    size = row_norms(slopes.reshape(len(where), -1))
    return Jacobian(SourceFunctions(tuple(functions), values), where, slopes, size)


def check_points(f: Function, points: ArrayLike) -> Array:
    """Return points (r, n) with a coordinate for each variable, or raise an InputError."""
    if not f.variables:
        why = "a formula without variables has no slope"
        raise InputError(why, hint="write a name such as x", usage=True)
    array = np.atleast_2d(as_vectors(points, "coordinate", operand="at"))
    if array.shape[-1] != len(f.variables):
        names = ", ".join(f.variables)
        why = f"a point has {pluralize(len(f.variables), 'coordinate')} ({names}), not {array.shape[-1]}"
        hint = "give each point a row" if len(f.variables) == 1 else ""
        raise InputError(why, hint=hint, row=0, operand="at")
    return array


def _exact_gradients(f: Function, points: Array) -> tuple[Array, Array]:
    """Return values (r,) and gradients (r, n), each rounded once; the first point without one is refused."""
    found = [_at_row(f.value_gradient, points, row) for row in range(len(points))]
    return np.array([value for value, _ in found]), np.array([slopes for _, slopes in found])


def _at_row(answer: Callable[[list[float]], Any], points: Array, row: int) -> Any:
    """Return the answer at a point, or say of which row the error is."""
    try:
        return answer(points[row].tolist())
    except InputError as error:
        error.row, error.operand = row, "at"
        raise


def _raise_undefined(
    evaluate: Callable[[Sequence[float]], object], points: Array, valid: NDArray[np.bool_]
) -> None:
    """Raise the InputError of the first point whose derivative is undefined."""
    for row in np.flatnonzero(~valid).tolist()[:1]:
        try:
            evaluate(points[row].tolist())
        except InputError as error:
            error.row, error.operand = row, "at"
            raise
        raise InputError("the derivative is beyond float64", row=row, operand="at")


def _unit_direction(direction: ArrayLike, variables: tuple[str, ...]) -> Array:
    way = as_vectors(direction, "direction entry", operand="direction")
    if way.shape != (len(variables),):
        wanted = f"{pluralize(len(variables), 'variable')} ({', '.join(variables)})"
        why = f"the direction has {pluralize(way.size, 'number')} for {wanted}"
        raise InputError(why, operand="direction", usage=True)
    if not way.any():
        raise InputError("the direction is zero: it leads nowhere", operand="direction", usage=True)
    scaled = way / np.abs(way).max()
    return np.asarray(scaled / row_norms(scaled))


def _classify_critical(points: Array, slopes: Array, eigenvalues: Array) -> NDArray[np.str_]:
    """Return the kind of each critical point by the signs of the Hessian's eigenvalues."""
    sharpest = np.abs(eigenvalues).max(axis=-1)
    reach = np.maximum(1.0, np.abs(points).max(axis=-1))
    flat = np.abs(slopes).max(axis=-1) / reach <= CRITICAL_RTOL * sharpest
    zero = np.abs(eigenvalues) <= CRITICAL_RTOL * sharpest[:, np.newaxis]
    up, down = eigenvalues > 0.0, eigenvalues < 0.0
    kind = np.full(len(points), "undecided")
    kind[(up & ~zero).any(axis=-1) & (down & ~zero).any(axis=-1)] = "saddle"
    kind[(up & ~zero).all(axis=-1)] = "minimum"
    kind[(down & ~zero).all(axis=-1)] = "maximum"
    kind[~flat] = "no"
    return kind


class _Differentiable(NamedTuple):
    """What is differentiated by differences."""

    values: Callable[[Array], Array]  # of many points (..., n)
    exact: Callable[[list[float]], Any]  # of one, each rounded once
    operations: int  # roundings behind each of the many
    widths: Callable[[list[float], int, float], Any]  # how far the derivatives range within a step

    def exact_values(self, points: Array) -> Array:
        """Return the values (...) at points (..., n), each rounded once, nan where there is none."""
        rows = points.reshape(-1, points.shape[-1])
        found: list[Any] = []
        for row in rows.tolist():
            try:
                found.append(np.asarray(self.exact(row), np.float64))
            except InputError:
                found.append(None)
        shape = next((one.shape for one in found if one is not None), ())
        known = [np.full(shape, np.nan) if one is None else one for one in found]
        return np.reshape(known, (*points.shape[:-1], *shape))


def _check_by_differences(source: _Differentiable, points: Array, answer: Array) -> Check:
    """Return derivatives (r, n, ...) beside central differences of values (...) along each variable.

    No difference tells which is right where rounding may move it by as much as the largest
    derivative. Where the two don't agree, error bounds decide (`_settle`).
    """
    points = np.atleast_2d(points)
    n = points.shape[-1]
    place, way = np.divmod(np.arange(points.size), n)
    step, ways = max(1, DIFFERENCE_BATCH // n), np.eye(n)
    slopes = [
        central_difference(
            source.values, points[place[k : k + step]], ways[way[k : k + step]], source.operations
        )
        for k in range(0, len(way), step)
    ]
    other, error = (np.concatenate(parts).reshape(answer.shape) for parts in zip(*slopes, strict=True))
    found = _compare(answer, other, error)
    failed = ~(found.holds | found.undecided)
    for row, k in sorted({tuple(at[:2]) for at in np.argwhere(failed).tolist()}):
        other[row, k], error[row, k], decided = _settle(source, points[row], k, answer[row, k])
        undecided = np.asarray(found.undecided)
        found = _compare(answer, other, error)._replace(undecided=undecided)
        undecided[row, k] |= ~(found.holds[row, k] | decided)
    return found


def _compare(answer: Array, other: Array, error: Array) -> Check:
    # A Check allows a billionth of `size`, which is here what differences can tell.
    largest = np.abs(answer).reshape(len(answer), -1).max(axis=1).reshape(-1, *[1] * (answer.ndim - 1))
    undecided = (largest > 0.0) & ~(4.0 * error < largest)
    return Check(answer, other, np.maximum(np.abs(answer), 4e9 * error), undecided)


def _settle(source: _Differentiable, point: Array, k: int, answer: Array) -> tuple[Array, Array, Array]:
    """Return slopes (...) by one variable from exact values, their errors, and whether `answer` is refuted.

    By the mean value theorem a difference is a derivative somewhere within its step: if it is further from
    the answer than derivatives range there, and than rounding moves it, the answer is wrong. What is
    wrong in its last digits is too near for that, and is told by the range within the finest step.
    """
    where, way = point[np.newaxis], np.eye(len(point))[k : k + 1]
    other, error = (part[0] for part in central_difference(source.exact_values, where, way))
    steps, slopes, noise = differences(source.exact_values, where, way)
    refuted, finest = np.zeros(np.shape(answer), np.bool_), np.zeros(np.shape(answer))
    for j in range(0, int(np.isfinite(steps).sum()), STEPS_APART):
        wide = np.asarray(source.widths(point.tolist(), k, float(steps[j, 0])))
        finest = finest if j else wide
        refuted |= np.abs(answer - slopes[j, 0]) > wide + noise[j, 0]
    apart = np.abs(answer - other)
    return other, error, refuted | ((apart <= NEARLY * np.abs(answer)) & (apart > finest))
