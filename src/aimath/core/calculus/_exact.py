"""Values and derivatives rounded once: formulas evaluated in balls with more bits until that is certain.

Both ends of a ball that round to the same float say what the true value rounds to (Ziv 1991). Most
formulas need the fewest bits; what cancels gets more, up to 1500 digits. What is refused is refused
for what it is: no value, no derivative, beyond float64, or not to be told with so many digits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.core.calculus._ball_functions import FUNCTIONS, tied
from aimath.core.calculus._balls import (
    Balls,
    TooLargeError,
    UndecidedError,
    UndefinedError,
    ball,
    middle,
    nearest,
    rounded,
)
from aimath.core.calculus._evaluate import excerpt, format_inputs, undefined_reason
from aimath.errors import InputError
from aimath.text import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.core.calculus._balls import Ball
    from aimath.core.calculus._evaluate import Program

FEWEST, MOST = 112, 4983
"""Bits to begin with and to end with: 33 and 1500 digits."""
FAR = 448
"""With so many bits what may still be 0 is taken for an identity, which is 0 for certain below 2^-1075."""
WORK = 20_000_000
"""Bits of all values of a formula together: some seconds of work."""
COSTS = dict.fromkeys(("erf", "gelu", "normal_cdf"), 50)
"""Operations that take as long as so many others."""


class Evaluation(NamedTuple):
    """What a program's nodes are at a point."""

    program: Program
    balls: list[Any]  # of the nodes in order
    floats: list[float | None]  # of the roots: None where they aren't certain


def evaluate(program: Program, inputs: Sequence[Ball], arithmetic: Balls, balls: list[Any]) -> list[Any]:
    """Append the balls of a program's nodes to a list, the values of its variables being `inputs`.

    Raises UndefinedError, UndecidedError or TooLargeError: the list ends before the node to blame.
    """
    for node, args, _ in program.instructions:
        if node.op == "variable":
            balls.append(inputs[int(node.value)])
        elif node.op == "number":
            balls.append(ball(node.value))
        elif node.op == "item":
            balls.append(balls[args[0]][int(node.value)])
        else:
            balls.append(FUNCTIONS[node.op](arithmetic, *[balls[arg] for arg in args]))
    return balls


def cost(program: Program) -> int:
    """Return how many operations a program has, what takes longer being several."""
    return sum(COSTS.get(node.op, 1) for node, _, _ in program.instructions)


def settle(compute: Callable[[Balls], Sequence[Ball]], size: int, free: int = 0) -> list[float | None]:
    """Return the floats next to what is computed, asked for with more bits until that is certain.

    The first `free` may stay None. `size` is how many operations that takes. Raises UndecidedError if
    the most bits don't tell.
    """
    most = max(min(MOST, WORK // size), FEWEST)
    bits = FEWEST
    while True:
        last = bits == most
        try:
            balls = compute(Balls(bits, final=last))
        except UndecidedError:
            if last:
                raise
            bits = min(2 * bits, most)
            continue
        floats = [rounded(one) for one in balls]
        unsure = [one for one, value in zip(balls[free:], floats[free:], strict=True) if value is None]
        if last and unsure:
            floats = [_halfway(one) for one in balls]
            if None in floats[free:]:
                raise UndecidedError
            return floats
        if not unsure:
            return floats
        bits = min(max(_wanted(one, bits) for one in unsure), most)


def exactly(
    program: Program, point: Sequence[float], text: str, variables: Sequence[str], *, free: int = 0
) -> Evaluation:
    """Return a program's roots at a point, each the float next to the true one, inf where that is beyond.

    The first `free` roots need have a value only: their floats may stay None. Raises InputError
    where a part has no value or no derivative, and where the most digits don't tell.
    """
    inputs, balls, bits = list(map(ball, point)), list[Any](), FEWEST

    def compute(arithmetic: Balls) -> list[Ball]:
        nonlocal bits
        bits = arithmetic.bits
        balls.clear()
        evaluate(program, inputs, arithmetic, balls)
        return [balls[root] for root in program.roots]

    try:
        floats = settle(compute, cost(program), free)
    except UndecidedError:
        raise _undecided(program, balls, bits, text, variables) from None
    except UndefinedError:
        raise _undefined(program, balls, text, variables) from None
    except TooLargeError:
        raise _beyond(program, balls, text, variables) from None
    return Evaluation(program, balls, floats)


def widths(
    program: Program,
    point: Sequence[float],
    moved: int,
    radius: float,
    evaluate: Callable[[Program, Sequence[Ball], Balls, list[Any]], list[Any]] = evaluate,
) -> list[float]:
    """Return how far a program's roots range while a coordinate moves by up to `radius` either way.

    inf where that isn't known.
    """
    inputs = list(map(ball, point))
    (m, _, e), (r, _, f) = inputs[moved], ball(radius)
    least = min(e, f)
    inputs[moved] = (m << (e - least), r << (f - least), least)
    try:
        balls = evaluate(program, inputs, Balls(FEWEST), [])
    except (UndecidedError, UndefinedError, TooLargeError):
        return [math.inf] * len(program.roots)
    return [nearest(2 * balls[root][1], balls[root][2]) for root in program.roots]


def _wanted(a: Ball, bits: int) -> int:
    """Return how many bits to try next."""
    m, r, e = a
    if abs(m) <= r and bits >= FAR:
        return max(bits + r.bit_length() + e + 1090, bits + 64)
    return 2 * bits


def _halfway(a: Ball) -> float | None:
    """Return the float of a ball so small that it holds but the point between two: either is next to it."""
    m, r, e = a
    value = rounded(a)
    if value is None and m.bit_length() > r.bit_length() + 200:
        return nearest(m, e)
    return value


def finite(found: Evaluation, text: str, variables: Sequence[str], *, first: int = 0) -> list[float]:
    """Return the floats of roots from the `first`, or say which part makes one too large."""
    for root, value in list(zip(found.program.roots, found.floats, strict=True))[first:]:
        if value is not None and math.isinf(value):
            raise too_large(found, root, text, variables, derivative=first > 0)
    return [value for value in found.floats[first:] if value is not None]


def too_large(
    found: Evaluation, root: int, text: str, variables: Sequence[str], *, derivative: bool
) -> InputError:
    """Return the error that names the part whose value or derivative is beyond float64."""
    values = _middles(found.balls)
    infinite = [root]
    while infinite:
        k = infinite[0]
        infinite = [arg for arg in found.program.instructions[k].args if _is_infinite(values[arg])]
    where = format_inputs(found.program, k, values, variables)
    if derivative:  # it has factors from the whole way up
        return InputError(f"{shorten(text)} has a derivative beyond float64{where}")
    named = _part(found.program, k, text, variables)
    return InputError(f"{named}: the value overflows float64{where}")


def _is_infinite(value: Any) -> bool:
    return any(map(_is_infinite, value)) if isinstance(value, list) else math.isinf(value)


def _middles(balls: Sequence[Any]) -> list[Any]:
    """Return floats near some balls."""
    return [list(map(middle, one)) if isinstance(one, list) else middle(one) for one in balls]


def _part(program: Program, k: int, text: str, variables: Sequence[str]) -> str:
    """Return the piece of a formula that a node is, or is a derivative of."""
    node = program.instructions[k].node
    if node.op == "variable" and node.value < len(variables):
        return variables[int(node.value)]
    return excerpt(text, node.span)


def _undefined(program: Program, balls: list[Any], text: str, variables: Sequence[str]) -> InputError:
    """Return the error that names the part without a value and its arguments, or without a derivative."""
    k, values = len(balls), _middles(balls)
    node, args, _ = program.instructions[k]
    where = format_inputs(program, k, values, variables)
    if node.is_derivative:
        return InputError(f"{_part(program, k, text, variables)} has no finite derivative{where}")
    why, bound = undefined_reason(text, node, [values[arg] for arg in args])
    return InputError(f"{_part(program, k, text, variables)}: {why}{where}{bound}")


def _beyond(program: Program, balls: list[Any], text: str, variables: Sequence[str]) -> InputError:
    k = len(balls)
    where = format_inputs(program, k, _middles(balls), variables)
    return InputError(f"{_part(program, k, text, variables)} is beyond e^(10^1500){where}")


NON_DIFFERENTIABLE: dict[str, Callable[[Balls, list[Ball]], bool]] = {
    **dict.fromkeys(("abs", "relu", "sign"), lambda b, values: not b.sign(values[0])),
    "max": lambda b, values: tied(b, values, 1),
    "min": lambda b, values: tied(b, values, -1),
}
"""Operations without a derivative at some points: whether it is one, by their operands."""


def ties(program: Program, point: Sequence[float]) -> list[int]:
    """Return the places of operations that have no derivative at a point; none if there is no value."""
    inputs, found = list(map(ball, point)), list[int]()
    kinks = [(k, NON_DIFFERENTIABLE[node.op], args) for k, (node, args, _) in enumerate(program.instructions)
             if node.op in NON_DIFFERENTIABLE and node.requires_grad]  # fmt: skip

    def compute(arithmetic: Balls) -> list[Ball]:
        balls = evaluate(program, inputs, arithmetic, [])
        found[:] = [k for k, is_kink, args in kinks if is_kink(arithmetic, [balls[arg] for arg in args])]
        return []

    try:
        settle(compute, cost(program))
    except (UndecidedError, UndefinedError, TooLargeError):
        return []
    return found


EDGES = {"asin": "1 or -1", "acos": "1 or -1", "log1p": "-1"}
"""Where functions end that don't at 0."""
CIRCLES = ("sin", "cos", "tan")


def _undecided(
    program: Program, balls: list[Any], bits: int, text: str, variables: Sequence[str]
) -> InputError:
    """Return the error that names the part whose sign or digits no number of digits told."""
    digits, values = int(bits * math.log10(2.0)), _middles(balls)
    for k, ((node, args, _), value) in enumerate(zip(program.instructions, balls, strict=False)):
        if node.op in CIRCLES and value[:2] == (0, 1):
            named = _part(program, args[0], text, variables)
            why = f"{named} is too large for {node.op}: its phase needs more than {digits} digits"
            return InputError(f"{why}{format_inputs(program, k, values, variables)}")
    k = min(len(balls), len(program.instructions) - 1)
    node, args, _ = program.instructions[k]
    where = format_inputs(program, k, values, variables)
    if len(balls) == len(program.instructions):
        return InputError(
            f"the digits of {_part(program, k, text, variables)} need more than {digits}{where}"
        )
    unsure = args[-1] if node.op == "div" else args[0]
    named, edge = _part(program, unsure, text, variables), EDGES.get(node.op, "0")
    return InputError(f"{named} cannot be told from {edge} with {digits} digits{where}")
