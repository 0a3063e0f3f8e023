"""Questions on derivatives."""

from __future__ import annotations

from aimath.core.calculus import backprop as core_backprop, function, gradient
from aimath.quiz.exercise import Draw, Exercise, Makers, exercise, shown

MAKERS = Makers()


@MAKERS.about("grad")
def grad(draw: Draw) -> Exercise:
    """Ask for a partial derivative."""
    a, b, c = draw.whole(2, 5), draw.whole(2, 5), draw.whole(2, 5)
    point = [draw.whole(-3, 4, 0) + 0.0, draw.whole(-3, 4, 0) + 0.0]
    formula = f"{a}*x^2 + {b}*x*y + {c}*y^2"
    right = gradient(function(formula), point)
    halved = function(f"{a}*x^2/2 + {b}*x*y + {c}*y^2")
    near = (
        (right.gradient[0, 1], "that is the derivative by y"),
        (right.value[0], "that is f itself"),
        (gradient(function(f"{a}*x^2"), point[:1]).gradient[0, 0], "the mixed term depends on x too"),
        (gradient(halved, point).gradient[0, 0], "the derivative of x^2 is 2x"),
    )
    at = [f"x={shown(point[0])}", f"y={shown(point[1])}"]
    text = f"f = {formula}. What is the partial derivative by x at {', '.join(at)}?"
    return exercise("grad", text, [formula, *at], (right, "gradient", (0, 0)), near)


@MAKERS.about("backprop")
def backprop(draw: Draw) -> Exercise:
    """Ask for the gradient of a weight."""
    w, b, y = draw.tenth(-1, 1), draw.tenth(-1, 1), draw.whole(-2, 2) + 0.0
    x = draw.whole(-3, 4, 0, 1) + 0.0
    formula = "(w*x + b - y)^2"
    right = core_backprop(function(formula), [w, x, b, y])
    near = (
        (right.gradients[2], "that is dL/db: on the way to w the gradient is multiplied by x"),
        (-right.gradients[0], "the sign is turned"),
        (right.gradients[0] / 2, "the derivative of e^2 is 2e"),
        (right.gradients[1], "that is dL/dx"),
        (right.value, "that is the loss itself"),
    )
    point = [f"w={shown(w)}", f"x={shown(x)}", f"b={shown(b)}", f"y={shown(y)}"]
    text = f"L = {formula} at {', '.join(point)}. What is dL/dw?"
    return exercise("backprop", text, [formula, *point], (right, "gradients", (0,)), near)
