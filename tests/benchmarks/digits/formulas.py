"""Derivatives of formulas: gradients, Hessians and Jacobians against torch's automatic ones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import mpmath as mp
import numpy as np
from tests.benchmarks.digits.case import Case, exact, over
from tests.benchmarks.digits.peers import functional, slopes, tensors, torch

from aimath.core import calculus, calculus as backprop, calculus as expression

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.digits.case import Operands

SAMPLES = 100


class Formula(NamedTuple):
    """A formula of one variable, to us, to mpmath and to torch."""

    text: str
    exact: Callable[..., Any]
    torch: Callable[..., Any]


def softplus(x: Any) -> Any:
    return mp.log(1 + mp.exp(x))


SHAPES = (
    Formula("sigmoid(x)", lambda x: 1 / (1 + mp.exp(-x)), torch.sigmoid),
    Formula("log(sigmoid(x))", lambda x: -softplus(-x), functional.logsigmoid),
    Formula("softplus(x)", softplus, functional.softplus),
    Formula("tanh(x)", mp.tanh, torch.tanh),
    Formula("gelu(x)", lambda x: x * mp.ncdf(x), functional.gelu),
    Formula("erf(x)", mp.erf, torch.erf),
    Formula("x*log(x^2 + 1)", lambda x: x * mp.log(x * x + 1), lambda x: x * torch.log(x * x + 1)),
)


@cache
def read(text: str) -> Any:
    return expression.parse_function(text)


def slope(f: Callable[..., Any], x: Any, order: int) -> Any:
    """Differentiate by differences of numbers of so many digits that enough are left."""
    with mp.workdps(400):
        return mp.diff(f, x, order)


def lone(rng: np.random.Generator) -> dict[str, Operands]:
    return {
        "N(0, 1)": [(np.array([x]),) for x in rng.normal(size=SAMPLES)],
        "-25 .. 25": [(np.array([x]),) for x in rng.uniform(-25, 25, SAMPLES)],
    }


def shapes(rng: np.random.Generator, of: Formula) -> list[Case]:
    """Compare first and second derivatives of a function of one variable."""
    first = over(
        lone(rng),
        "grad",
        lambda x: slope(of.exact, exact(x[0]), 1),
        lambda x: calculus.grad(of.text, at=[x]).gradient,
        what=of.text,
        torch=slopes(lambda x: of.torch(x).sum()),
    )
    second = over(
        lone(rng),
        "grad",
        lambda x: slope(of.exact, exact(x[0]), 2),
        lambda x: calculus.grad(of.text, at=[x], hessian=True).hessian,
        what=f"{of.text}''",
        torch=tensors(lambda x: torch.autograd.functional.hessian(lambda y: of.torch(y).sum(), x)),
    )
    return first + second


def probs(x: Any) -> Any:
    weights = [mp.exp(v) for v in exact(x)]
    return [w / mp.fsum(weights) for w in weights]


def bends(x: Any) -> Any:
    p = probs(x)
    return [
        [a * (mp.fsum(p[:i] + p[i + 1 :]) if i == j else -b) for j, b in enumerate(p)]
        for i, a in enumerate(p)
    ]


def logsumexps(rng: np.random.Generator) -> list[Case]:
    kinds = {
        "N(0, 3)": [(rng.normal(0, 3, 3),) for _ in range(SAMPLES)],
        "-300 .. 300": [(rng.uniform(-300, 300, 3),) for _ in range(SAMPLES)],
    }
    text = "logsumexp(x, y, z)"
    first = over(
        kinds,
        "grad",
        probs,
        lambda x: calculus.grad(text, at=[x]).gradient,
        what=text,
        torch=slopes(lambda x: torch.logsumexp(x, -1)),
    )
    second = over(
        kinds,
        "grad",
        bends,
        lambda x: calculus.grad(text, at=[x], hessian=True).hessian,
        what=f"{text}''",
        torch=tensors(lambda x: torch.autograd.functional.hessian(lambda y: torch.logsumexp(y, -1), x)),
    )
    return first + second


def several(rng: np.random.Generator) -> list[Case]:
    points = {"0.5 .. 2": [(rng.uniform(0.5, 2, 2),) for _ in range(SAMPLES)]}

    def truth(x: Any) -> Any:
        a, b = exact(x)
        return [[b, a], [mp.cos(a) / b, -mp.sin(a) / b**2], [b * a ** (b - 1), a**b * mp.log(a)]]

    def by_torch(x: Any) -> Any:
        return torch.stack((x[0] * x[1], torch.sin(x[0]) / x[1], x[0] ** x[1]))

    functions = [expression.parse_function(text, ("x", "y")) for text in ("x*y", "sin(x)/y", "x^y")]
    return over(
        points,
        "grad",
        truth,
        lambda x: calculus.grad(*functions, at=[x]).jacobian,
        what="Jacobian of x·y, sin(x)/y, x^y",
        torch=tensors(lambda x: torch.autograd.functional.jacobian(by_torch, x)),
    )


def chains(rng: np.random.Generator) -> list[Case]:
    """Compare gradients that come node by node."""
    kinds = {
        "N(0, 1)": [(rng.normal(size=3),) for _ in range(SAMPLES)],
        "sums near 18": [(np.array([a, 18 / a, b]),) for a, b in rng.uniform(1, 3, (SAMPLES, 2))],
    }

    def truth(point: Any) -> Any:
        w, x, b = exact(point)
        inner = 1 / mp.cosh(w * x + b) ** 2
        return [inner * x, inner * w, inner]

    f = expression.parse_function("tanh(w*x + b)", ("w", "x", "b"))
    return over(
        kinds,
        "backprop",
        truth,
        lambda p: backprop.backprop(f, p.tolist()).gradients,
        what="tanh(w·x + b)",
        torch=slopes(lambda p: torch.tanh(p[0] * p[1] + p[2])),
    )


def cases(rng: np.random.Generator) -> list[Case]:
    """List the cases."""
    single = [case for of in SHAPES for case in shapes(rng, of)]
    return [*single, *logsumexps(rng), *several(rng), *chains(rng)]
