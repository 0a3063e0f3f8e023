"""Commands of calculus: gradients of formulas, and backpropagation through one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    EntryLabels,
    MissingRow,
    Operand,
    Option,
    Reading,
    TableFile,
    TextArguments,
    Vector,
)
from aimath.commands import formulas as words
from aimath.commands.formulas import _drop_checks_at_kinks, _non_differentiable_notes, _underflows
from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.calculus import Function
from aimath.report import Step

GRAD_EXAMPLE = "aimath grad 'x^2 + 2*x*y + y^2' x=3 y=2"
MIN_REACH, CURVE_POINTS = 2.0, 401
"""How far a curve goes at least to both sides of its point, and its points: the middle one is the point."""
MAX_PARTIALS_SHOWN = 8
"""So many partial derivatives are worked out one by one; more make a table."""
FINITE_DIFFERENCE_CHECK = CrossCheck(
    "central differences agree within {difference:.1}",
    undecided="no difference can check this: rounding, or the slope between two points, varies by as much",
)
Variables = Annotated[
    str,
    Option(
        "--variables",
        help="The variables, in another order or fewer.  [default: as they appear]",
        metavar="A,B",
    ),
]


@command(
    example=GRAD_EXAMPLE,
    answer="gradient; `--hessian --direction`, Jacobian of several; `--at` for many points",
    quiz=("grad",),
    chapter="calculus",
)
def grad(
    given: Annotated[
        list[str],
        TextArguments(
            "One formula, or several, or @FILE or - with one a line; and a value for each variable.",
            "F... X=N...",
            lines=True,
        ),
    ],
    at: Annotated[
        Vector | None,
        Operand("Points, one a row, instead of x=...: a list, @FILE, - for stdin.", flag="--at", keyed=True),
    ] = None,
    variables: Variables = "",
    hessian: Annotated[
        bool, Option("--hessian", help="Second derivatives and their eigenvalues too.")
    ] = False,
    exact: Annotated[
        bool, Option("--exact", help="Rows of --at to the last digit too, at .1 ms a point.")
    ] = False,
    direction: Annotated[
        str, Option("--direction", help="The slope in a direction too: 1,0 or x=1.", metavar="LIST")
    ] = "",
    data: TableFile = "",
    labels: EntryLabels = (),
    reading: Reading = ReadOptions(),  # noqa: B008  immutable
    is_missing: MissingRow = False,
) -> Report:
    """Differentiate a formula at a point, exactly.

    The gradient holds a partial derivative for each variable, in the order in which they appear;
    of several formulas it is the Jacobian, a row each. x=lin:0:1:5 and x=1,2,3 give several points.
    --direction is brought to length 1. At a kink of abs or relu 0 stands for the derivative, and
    values that tie in max or min share it; a note says so. Rows of --at with names, as a header
    gives them, are read by name; their derivatives are within 64 units of 2^-53, those of typed
    points are the floats next to the true ones. mean(...) and sum(...) go over the rows of --data,
    whose columns the formula names.
    """
    texts = [word for word in given if not words.is_assignment(word)]
    table, told = words.load_data(texts, data, reading)
    functions, assignments = words.parse_formulas(given, variables, GRAD_EXAMPLE, table)
    points = words.parse_points(functions[0].variables, assignments, at, labels, table)
    several = at is None and len(points) > 1
    if is_missing:  # rows may have had further entries
        functions = [_linear_stand_in(f) for f in functions]
        points = points[:, :1].repeat(len(functions[0].variables), axis=1)
    exact = exact or at is None  # points that are typed are few
    report = (
        _jacobian_report(functions, points, hessian=hessian, direction=direction, exact=exact)
        if len(functions) > 1
        else _gradient_report(functions[0], points, hessian=hessian, direction=direction, exact=exact)
    )
    show = ("point", *report.show) if several else report.show
    kinks = _non_differentiable_notes(functions, points)
    notes = (*told, *kinks)
    if exact and table is None:
        slopes = report.result.gradient if len(functions) == 1 else report.result.jacobian
        notes = (*notes, *_underflows(functions, points, slopes))
    if labels:  # of the variables, else names for them
        names = functions[0].variables
        report = report._replace(names={"entry": names if set(labels) & set(names) else labels})
    return report._replace(show=show, steps=_drop_checks_at_kinks(kinks, report.steps), notes=notes)


def _gradient_report(f: Function, points: Any, *, hessian: bool, direction: str, exact: bool) -> Report:
    import numpy as np

    from aimath.core import calculus

    way = words.parse_direction(direction, f.variables) if direction else None
    result = calculus.grad(f, at=points, direction=way, hessian=hessian, exact=exact)
    formulas = f.gradient_formulas()
    return Report(
        result,
        show=("gradient",) if way is None else ("directional",),
        steps=tuple(_steps(f, formulas, result)),
        extra={"function": f.text, "formulas": np.array(formulas), **words.data_quantities(f, result.point)},
        names={"entry": f.variables},
        companion="point",
        plot=_gradient_plot(f, result),
        drawn=lambda: _tangent(f, result) if result.point.size == 1 else {},
    )


def _gradient_plot(f: Function, result: Any) -> Plot:
    """Return bars of partial derivatives, a formula with its tangent at one point, or its derivative."""
    if len(f.variables) > 1:
        return Plot("gradient")
    if result.point.size > 1:
        return Plot("gradient", "point", "curve")
    return Plot(
        "curves", "curve_x", "curve", axes=(f.variables[0], "f"), series="curve_names",
        points=("point", "value"),
    )  # fmt: skip


def _tangent(f: Function, result: Any) -> dict[str, Any]:
    """Return a formula of one variable and its tangent (2, n) around the point."""
    import numpy as np

    at, slope, value = (float(np.ravel(a)[0]) for a in (result.point, result.gradient, result.value))
    half = max(abs(at), MIN_REACH)
    x = at + half * np.linspace(-1.0, 1.0, CURVE_POINTS)
    with np.errstate(all="ignore"):
        curves = np.stack([f.float_values(x[:, np.newaxis]), value + slope * (x - at)])
    return {"curve_x": x, "curves": curves, "curve_names": np.array(["f", f"tangent at {at:.4g}"])}


def _steps(f: Function, formulas: Sequence[str], result: Any) -> Iterator[Step]:
    from aimath.core.calculus import DataFunction

    names = f.variables
    yield Line(f"f({', '.join(names[:MAX_PARTIALS_SHOWN])}) = {f.short_text()}")
    if isinstance(f, DataFunction) and len(result.point) == 1:
        yield from words.data_steps(f)
    if len(names) <= MAX_PARTIALS_SHOWN:
        where = ", ".join(f"{name} = {{point[{k}]}}" for k, name in enumerate(names))
        yield Line(f" f = {{value}} at {where}" if _has_value(result) else f" at {where}")
        for k, (name, formula) in enumerate(zip(names, formulas, strict=True)):
            yield Line(f" ∂f/∂{name} = {f'{formula} = ' * bool(formula)}{{gradient[{k}]}}")
    else:
        value = "f = {value}; " * _has_value(result)
        yield Line(f" {value}the point and ∂f by each variable:")
        yield Table((("at", "{point}"), ("∂f", "{gradient}")), bar="gradient")
    yield Line(" |∇f| = {norm}      the slope of the steepest way up, which is that of ∇f")
    if result.directional is not None:
        yield Line(" along d = ({direction}) of length 1:   ∇f · d = {directional}")
    if _has_value(result):
        yield FINITE_DIFFERENCE_CHECK
    if result.hessian is not None:
        yield Line(" H_ij = ∂²f/∂x_i∂x_j")
        yield Panels((("H", "hessian"),))
        yield Line(" curvatures (eigenvalues of H): {eigenvalues}      critical point: {critical}")
        yield FINITE_DIFFERENCE_CHECK._replace(method="check_hessian")


def _has_value(result: Any) -> bool:
    """Return whether no value overflows float64 where derivatives may exist."""
    import numpy as np

    return not np.isinf(result.source.values).any()


def _jacobian_report(
    functions: Sequence[Function], points: Any, *, hessian: bool, direction: str, exact: bool
) -> Report:
    import numpy as np

    from aimath.core import calculus

    if hessian or direction:
        option = "--hessian" if hessian else "--direction"
        raise InputError(f"{option} is for one formula, and {len(functions)} are given", usage=True)
    result = calculus.grad(*functions, at=points, exact=exact)
    names = functions[0].variables
    where = ", ".join(f"{name} = {{point[{k}]}}" for k, name in enumerate(names[:MAX_PARTIALS_SHOWN]))
    return Report(
        result,
        show=("jacobian",),
        steps=(
            Line("J_ij = ∂f_i/∂x_j      a row for each formula, a column for each variable"),
            *(
                Line(f" f_{k + 1} = {f.short_text()}" + f" = {{value[{k}]}}" * _has_value(result))
                for k, f in enumerate(functions[:MAX_PARTIALS_SHOWN])
            ),
            Line(f" at {where}:"),
            Panels((("J", "jacobian"),)),
            *([FINITE_DIFFERENCE_CHECK] if _has_value(result) else []),
        ),
        extra={"functions": np.array([f.text for f in functions]), "variables": np.array(names)},
        plot=Plot("jacobian"),
    )


def _linear_stand_in(f: Function) -> Function:
    """Return a linear function of the same variables, which is differentiable everywhere."""
    from aimath.core.calculus import parse_function

    return parse_function(" + ".join(f.variables), f.variables)
