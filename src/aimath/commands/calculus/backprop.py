"""The command backprop: gradients through a formula or a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ABSENT, Applies, MemoryLimit, Operand, TextArguments, Usage, Vector
from aimath.commands import formulas as words
from aimath.commands._shared import class_indices
from aimath.commands.calculus import _layer as layers
from aimath.commands.calculus.gradient import FINITE_DIFFERENCE_CHECK, MAX_PARTIALS_SHOWN, Variables
from aimath.commands.formulas import _drop_checks_at_kinks, _non_differentiable_notes
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Plot, Report, Tree

if TYPE_CHECKING:
    from aimath.core.calculus import Function
    from aimath.report import Step

BACKPROP_EXAMPLE = "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1"
LAYER_EXAMPLE = "aimath backprop --layer '1 2 3; 4 5 6' 1,2,3 0,0 --target 0"
FLOWS = CrossCheck("what flows into each variable adds up to its gradient", "check_flows")
BEYOND = "numbers of the tree beyond float64 are shown as inf; the gradients are right"
COLUMNS = (
    ("value", "{values}"),
    ("local", "{locals}"),
    ("derivative", "{slopes}"),
    ("× upstream", "{upstream}"),
    ("= gradient", "{flows}"),
)


@command(
    Usage(()),
    Usage(("layer", "x"), selected_by=("layer",), trailing=("b",), example=LAYER_EXAMPLE),
    example=BACKPROP_EXAMPLE,
    answer="gradients; the tree with `--explain`; `--layer W x [b]` for a layer and softmax",
    quiz=("backprop",),
    applies=(Applies(("variables",), "layer", given=False),),
    after="grad",
)
def backprop(
    given: Annotated[
        list[str] | None,
        TextArguments(
            "A formula, and a value for each variable; with --layer x and b.", "F X=N...", lines=True
        ),
    ] = None,
    variables: Variables = "",
    layer: Annotated[
        Vector | None,
        Operand("Weights W of a layer instead of a formula, a neuron a row.", flag="--layer", matrix=True),
    ] = None,
    x: Annotated[Vector, Operand("Its inputs; of rows, each is answered.", flag="--x")] = ABSENT,
    b: Annotated[Vector, Operand("Its biases, one a neuron.  [default: 0]", flag="--bias")] = ABSENT,
    target: Annotated[
        Vector | None,
        Operand("Its right class, from 0; a list has one a row.", flag="--target", per_row=True),
    ] = None,
    memory: MemoryLimit = None,
) -> Report:
    """Send the gradient back through a formula, node by node.

    Every node gets local derivative * upstream, which is the gradient of the node above. A
    variable that stands in several places adds up its gradients. See --explain for the tree.
    With --layer W x [b] it goes back through a layer W x + b: from the cross-entropy of its softmax
    if --target says which class is right, else from the sum of what it gives.
    """
    if layer is not None:
        return layers.layer_report(layer, x, b, None if target is None else class_indices(target), memory)
    if any(part is not None for part in (x, b, target)):
        raise InputError("--x, --bias and --target go with --layer", hint=f"try {LAYER_EXAMPLE}", usage=True)
    functions, assignments = words.parse_formulas(given or [], variables, BACKPROP_EXAMPLE)
    if len(functions) > 1:
        raise InputError(
            f"needs one formula, not {len(functions)}", hint=f"try {BACKPROP_EXAMPLE}", usage=True
        )
    return _formula_report(functions[0], words.parse_point(functions[0].variables, assignments))


def _formula_report(f: Function, point: list[float]) -> Report:
    from aimath.core import calculus as core

    result = core.backprop(f, point)
    kinks = _non_differentiable_notes([f], [point])
    notes = (*kinks, *([BEYOND] if _is_beyond(result) else []))
    leaves = [name for name in result.nodes.tolist() if name in f.variables]
    twice = [name for name in f.variables if leaves.count(name) > 1]
    steps: tuple[Step, ...] = (
        Line(f"L = {f.short_text()}      gradient = local derivative × upstream"),
        Tree("lines", "depths", COLUMNS),
        *(
            Line(f" {name} stands in {leaves.count(name)} places: {_gradient_sum(result, name)}")
            for name in twice[:MAX_PARTIALS_SHOWN]
        ),
        FLOWS,
        FINITE_DIFFERENCE_CHECK,
    )
    return Report(
        result,
        show=("gradients",),
        steps=_drop_checks_at_kinks(kinks, steps),
        names={"entry": f.variables},
        companion="point",
        plot=Plot("gradients"),
        notes=notes,
        extra={"function": f.text},
    )


def _is_beyond(result: Any) -> bool:
    """Return whether the tree has numbers that no float holds."""
    import numpy as np

    return any(np.isinf(numbers).any() for numbers in (result.values, result.slopes, result.flows))


def _gradient_sum(result: Any, name: str) -> str:
    """Return the template of a variable's gradient as the sum over the places where it occurs."""
    flows = [f"{{flows[{k}]}}" for k in range(len(result.nodes)) if result.nodes[k] == name]
    total = f"{{gradients[{list(result.source.functions[0].variables).index(name)}]}}"
    shown = [*flows[:3], "…", flows[-1]] if len(flows) > 5 else flows
    return f"{', '.join(shown)} add up to {total}"
