"""Commands of calculus: gradients of formulas, and backpropagation through one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli import formulas as words, layers
from aimath.cli.command import Commands, command
from aimath.cli.information import classes
from aimath.cli.options import ABSENT, Flag, Form, Operand, Vector, Words
from aimath.errors import InputError
from aimath.report import Line, Panels, Plot, Report, Table, Tree, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.core.expression import Function
    from aimath.report import Step

commands: Commands = {}

GRAD = "aimath grad 'x^2 + 2*x*y + y^2' x=3 y=2"
BACKPROP = "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1"
LAYER = "aimath backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0 --target 0"

WORKED = 8
"""So many partial derivatives are worked out one by one; more make a table."""
NOTES = 3
"""So many kinks are told of."""

COLUMNS = (
    ("value", "{values}"),
    ("local", "{locals}"),
    ("derivative", "{slopes}"),
    ("× upstream", "{upstream}"),
    ("= gradient", "{flows}"),
)
AGREE = Verify("central differences agree within {apart:.1}")

Variables = Annotated[
    str, Flag("--variables", help="The variables in another order.  [default: as they appear]", metavar="A,B")
]


@command(commands, example=GRAD)
def grad(
    given: Annotated[
        list[str], Words("One formula, or several, and a value for each variable.", "F... X=N...")
    ],
    at: Annotated[
        Vector | None,
        Operand("Points, one a row, instead of x=...: a list, @FILE, - for stdin.", flag="--at", named=True),
    ] = None,
    variables: Variables = "",
    hessian: Annotated[bool, Flag("--hessian", help="Second derivatives and their eigenvalues too.")] = False,
    direction: Annotated[
        str, Flag("--direction", help="The slope in a direction too: 1,0 or x=1.", metavar="LIST")
    ] = "",
    labels: tuple[str, ...] = (),
    void: bool = False,
) -> Report:
    """Differentiate a formula at a point, exactly.

    The gradient holds a partial derivative for each variable, in the order in which they appear;
    of several formulas it is the Jacobian, a row each. x=lin:0:1:5 and x=1,2,3 give several points.
    --direction is brought to length 1. At a kink of abs or relu 0 stands for the derivative, and
    values that tie in max or min share it; a note says so. Rows of --at with names, as a header
    gives them, are read by name.
    """
    functions, assignments = words.read(given, variables, GRAD)
    points = words.points(functions[0].variables, assignments, at, labels)
    several = at is None and len(points) > 1
    if void:  # rows may have had further entries
        functions = [_plane(f) for f in functions]
        points = points[:, :1].repeat(len(functions[0].variables), axis=1)
    report = (
        _jacobian(functions, points, hessian=hessian, direction=direction)
        if len(functions) > 1
        else _gradient(functions[0], points, hessian=hessian, direction=direction)
    )
    show = ("point", *report.show) if several else report.show
    notes = _kinks(functions, points)
    if labels:  # of the variables, else names for them
        names = functions[0].variables
        report = report._replace(labels=names if set(labels) & set(names) else labels)
    return report._replace(show=show, steps=_unless(notes, report.steps), notes=notes)


def _gradient(f: Function, points: Any, *, hessian: bool, direction: str) -> Report:
    import numpy as np

    from aimath.core import calculus

    way = words.direction(direction, f.variables) if direction else None
    result = calculus.gradient(f, points, direction=way, hessian=hessian)
    formulas = f.formulas()
    return Report(
        result,
        show=("gradient",) if way is None else ("directional",),
        steps=tuple(_steps(f, formulas, result)),
        extra={"function": f.text, "formulas": np.array([formulas])},
        labels=f.variables,
        beside="point",
        plot=Plot("gradient") if len(f.variables) > 1 else Plot("gradient", "point", "curve"),
    )


def _steps(f: Function, formulas: Sequence[str], result: Any) -> Iterator[Step]:
    names = f.variables
    yield Line(f"f({', '.join(names[:WORKED])}) = {f.shown()}")
    if len(names) <= WORKED:
        where = ", ".join(f"{name} = {{point[{k}]}}" for k, name in enumerate(names))
        yield Line(f" f = {{value}} at {where}")
        for k, (name, formula) in enumerate(zip(names, formulas, strict=True)):
            yield Line(f" ∂f/∂{name} = {f'{formula} = ' * bool(formula)}{{gradient[{k}]}}")
    else:
        yield Line(" f = {value}; the point and ∂f by each variable:")
        yield Table((("at", "{point}"), ("∂f", "{gradient}")), bar="gradient")
    yield Line(" |∇f| = {norm}      the slope of the steepest way up, which is that of ∇f")
    if result.directional is not None:
        yield Line(" along d = ({direction}) of length 1:   ∇f · d = {directional}")
    yield AGREE
    if result.hessian is not None:
        yield Line(" H_ij = ∂²f/∂x_i∂x_j")
        yield Panels((("H", "hessian"),))
        yield Line(" curvatures (eigenvalues of H): {eigenvalues}      critical point: {critical}")
        yield AGREE._replace(method="check_hessian")


def _jacobian(functions: Sequence[Function], points: Any, *, hessian: bool, direction: str) -> Report:
    import numpy as np

    from aimath.core import calculus

    if hessian or direction:
        option = "--hessian" if hessian else "--direction"
        raise InputError(f"{option} is for one formula, and {len(functions)} are given", usage=True)
    result = calculus.jacobian(functions, points)
    names = functions[0].variables
    where = ", ".join(f"{name} = {{point[{k}]}}" for k, name in enumerate(names[:WORKED]))
    return Report(
        result,
        show=("jacobian",),
        steps=(
            Line("J_ij = ∂f_i/∂x_j      a row for each formula, a column for each variable"),
            *(Line(f" f_{k + 1} = {f.shown()} = {{values[{k}]}}") for k, f in enumerate(functions[:WORKED])),
            Line(f" at {where}:"),
            Panels((("J", "jacobian"),)),
            AGREE,
        ),
        extra={"functions": np.array([[f.text for f in functions]]), "variables": np.array([names])},
        plot=Plot("jacobian"),
    )


@command(commands, Form(()), Form(("layer", "x"), when=("layer",), behind=("b",)), example=BACKPROP)
def backprop(
    given: Annotated[
        list[str] | None, Words("A formula, and a value for each variable; with --layer x and b.", "F X=N...")
    ] = None,
    variables: Variables = "",
    layer: Annotated[
        Vector | None,
        Operand("Weights W of a layer instead of a formula, a neuron a row.", flag="--layer", matrix=True),
    ] = None,
    x: Annotated[Vector, Operand("Its inputs; of rows, each is answered.", flag="--x")] = ABSENT,
    b: Annotated[Vector, Operand("Its biases, one a neuron.  [default: 0]", flag="--bias")] = ABSENT,
    target: Annotated[
        Vector | None, Operand("Its right class, from 0; a list has one a row.", flag="--target", each=True)
    ] = None,
) -> Report:
    """Send the gradient back through a formula, node by node.

    Every node gets local derivative * upstream, which is the gradient of the node above. A
    variable that stands in several places adds up its gradients. See --explain for the tree.
    With --layer W x [b] it goes back through a layer W x + b: from the cross-entropy of its softmax
    if --target says which class is right, else from the sum of what it gives.
    """
    if layer is not None:
        return layers.layer_report(layer, x, b, None if target is None else classes(target))
    if any(part is not None for part in (x, b, target)):
        raise InputError("--x, --bias and --target go with --layer", hint=f"try {LAYER}", usage=True)
    functions, assignments = words.read(given or [], variables, BACKPROP)
    if len(functions) > 1:
        raise InputError(f"needs one formula, not {len(functions)}", hint=f"try {BACKPROP}", usage=True)
    return _backprop(functions[0], words.place(functions[0].variables, assignments))


def _backprop(f: Function, point: list[float]) -> Report:
    from aimath.core import backprop as core

    result = core.backprop(f, point)
    notes = _kinks([f], [point])
    leaves = [name for name in result.nodes.tolist() if name in f.variables]
    twice = [name for name in f.variables if leaves.count(name) > 1]
    steps: tuple[Step, ...] = (
        Line(f"L = {f.shown()}      gradient = local derivative × upstream"),
        Tree("lines", "depths", COLUMNS),
        *(
            Line(f" {name} stands in {leaves.count(name)} places: {_sum(result, name)}")
            for name in twice[:WORKED]
        ),
        AGREE,
    )
    return Report(
        result,
        show=("gradients",),
        steps=_unless(notes, steps),
        labels=f.variables,
        beside="point",
        plot=Plot("gradients"),
        notes=notes,
        extra={"function": f.text},
        whole=True,
    )


def _unless(kinks: Sequence[str], steps: Sequence[Step]) -> tuple[Step, ...]:
    """Leave out checks by differences where there is a kink: theirs is the mean of both sides."""
    if not kinks:
        return tuple(steps)
    kept = (step for step in steps if not isinstance(step, Verify))
    return (*kept, *(Line(f" {kink}") for kink in kinks))


def _sum(result: Any, name: str) -> str:
    """Say of which gradients, each by a variable in one place, its gradient is the sum."""
    flows = [f"{{flows[{k}]}}" for k in range(len(result.nodes)) if result.nodes[k] == name]
    total = f"{{gradients[{list(result.source.functions[0].variables).index(name)}]}}"
    shown = [*flows[:3], "…", flows[-1]] if len(flows) > 5 else flows
    return f"{', '.join(shown)} add up to {total}"


def _kinks(functions: Sequence[Function], points: Any) -> tuple[str, ...]:
    """Say where there is no derivative, and what stands for it; of many places the first ones."""
    found: dict[str, None] = {}
    for f in functions:
        for point in points if f.has_kinks else ():
            found.update(dict.fromkeys(f.kinks([float(x) for x in point])))
            if len(found) >= NOTES:
                return tuple(found)
    return tuple(found)


def _plane(f: Function) -> Function:
    """Give a formula of the same variables that has slopes everywhere."""
    from aimath.core.expression import function

    return function(" + ".join(f.variables), f.variables)
