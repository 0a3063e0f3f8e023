"""Questions on derivatives."""

from __future__ import annotations

from aimath.core import calculus
from aimath.quiz.exercise import Exercise, Sampler, format_number, make_exercise


def grad(sampler: Sampler) -> Exercise:
    """Ask for a partial derivative."""
    a, b, c = sampler.integer(2, 5), sampler.integer(2, 5), sampler.integer(2, 5)
    x, y = sampler.integer(-3, 4, 0) + 0.0, sampler.integer(-3, 4, 0) + 0.0
    formula = f"{a}*x^2 + {b}*x*y + {c}*y^2"
    right = calculus.grad(formula, x=x, y=y)
    halved = calculus.grad(f"{a}*x^2/2 + {b}*x*y + {c}*y^2", x=x, y=y)
    near = (
        (right.gradient[1], "that is the derivative by y"),
        (right.value, "that is f itself"),
        (calculus.grad(f"{a}*x^2", x=x).gradient[0], "the mixed term depends on x too"),
        (halved.gradient[0], "the derivative of x^2 is 2x"),
    )
    at = [f"x={format_number(x)}", f"y={format_number(y)}"]
    text = f"f = {formula}. What is the partial derivative by x at {', '.join(at)}?"
    return make_exercise("grad", text, [formula, *at], (right, "gradient", (0,)), near)


def backprop(sampler: Sampler) -> Exercise:
    """Ask for the gradient of a weight."""
    w, b, y = sampler.decimal(-1, 1), sampler.decimal(-1, 1), sampler.integer(-2, 2) + 0.0
    x = sampler.integer(-3, 4, 0, 1) + 0.0
    formula = "(w*x + b - y)^2"
    right = calculus.backprop(formula, w=w, x=x, b=b, y=y)
    near = (
        (right.gradients[2], "that is dL/db: on the way to w the gradient is multiplied by x"),
        (-right.gradients[0], "the sign is turned"),
        (right.gradients[0] / 2, "the derivative of e^2 is 2e"),
        (right.gradients[1], "that is dL/dx"),
        (right.value, "that is the loss itself"),
    )
    point = [
        f"w={format_number(w)}",
        f"x={format_number(x)}",
        f"b={format_number(b)}",
        f"y={format_number(y)}",
    ]
    text = f"L = {formula} at {', '.join(point)}. What is dL/dw?"
    return make_exercise("backprop", text, [formula, *point], (right, "gradients", (0,)), near)
