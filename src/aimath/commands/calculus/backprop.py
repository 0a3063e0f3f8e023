"""The command backprop: gradients through a formula or a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import ABSENT, Form, Operand, Vector, Words
from aimath.commands import formulas as words
from aimath.commands._shared import classes
from aimath.commands.calculus import _layer as layers
from aimath.commands.calculus.gradient import AGREE, WORKED, Variables
from aimath.commands.formulas import _kinks, _unless
from aimath.errors import InputError
from aimath.report import Line, Plot, Report, Tree

if TYPE_CHECKING:
    from aimath.core.calculus import Function
    from aimath.report import Step

commands: Commands = {}
BACKPROP = "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1"
LAYER = "aimath backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0 --target 0"
COLUMNS = (
    ("value", "{values}"),
    ("local", "{locals}"),
    ("derivative", "{slopes}"),
    ("× upstream", "{upstream}"),
    ("= gradient", "{flows}"),
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
    from aimath.core import calculus as core

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


def _sum(result: Any, name: str) -> str:
    """Say of which gradients, each by a variable in one place, its gradient is the sum."""
    flows = [f"{{flows[{k}]}}" for k in range(len(result.nodes)) if result.nodes[k] == name]
    total = f"{{gradients[{list(result.source.functions[0].variables).index(name)}]}}"
    shown = [*flows[:3], "…", flows[-1]] if len(flows) > 5 else flows
    return f"{', '.join(shown)} add up to {total}"
