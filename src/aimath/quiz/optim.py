"""Questions of optimisation: the first steps of optimisers, rates and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.core import optim as optimize
from aimath.core.calculus import parse_function
from aimath.errors import pluralize
from aimath.quiz.exercise import Exercise, Sampler, format_number, make_exercise

if TYPE_CHECKING:
    from aimath.core.optim import Trajectory


class DescentExercise:
    """A descent on a parabola (w - c)^2 with a start and a learning rate, shared by the questions."""

    def __init__(self, sampler: Sampler) -> None:
        centre = sampler.integer(1, 4)
        self.formula = f"(w-{centre})^2"
        self.start = float(centre + sampler.integer(2, 8))
        self.lr = sampler.integer(1, 4) / 10
        start, lr = format_number(self.start), format_number(self.lr)
        self.description = f"f = {self.formula}, start w = {start}, learning rate {lr}"
        self.args = ["--function", self.formula, "--start", f"w={start}", "--lr", lr]

    def run(self, optimizer: str, steps: int, **options: Any) -> Trajectory:
        """Return the trajectory of some steps."""
        options = {"lr": self.lr, "steps": steps, **options}
        return optimize.minimize(parse_function(self.formula), [self.start], optimizer, **options)

    def final_point(self, optimizer: str, steps: int, **options: Any) -> float:
        """Return the point after some steps."""
        return float(self.run(optimizer, steps, **options).point[-1, 0])

    def final_point_exercise(
        self, name: str, steps: int, near: tuple[tuple[Any, str], ...], **options: float
    ) -> Exercise:
        """Return the exercise that asks for the point after some steps."""
        said = "".join(f", {key.replace('_', ' ')} {format_number(value)}" for key, value in options.items())
        text = (
            f"{self.description}{said}. Where is w after {pluralize(steps, 'step')} of {DISPLAY_NAMES[name]}?"
        )
        words = [*self.args, "--steps", str(steps)]
        for key, value in options.items():
            words += [f"--{key.replace('_', '-')}", format_number(value)]
        found = self.run(name, steps, **options)
        return make_exercise(name, text, words, (found, "point", (steps, 0)), near)


DISPLAY_NAMES = {
    "gd": "gradient descent",
    "momentum": "momentum",
    "nesterov": "Nesterov's momentum",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
}


def gd(sampler: Sampler) -> Exercise:
    """Ask for two steps of gradient descent."""
    slope = DescentExercise(sampler)
    near = (
        (slope.final_point("gd", 1), "that is after one step"),
        (slope.final_point("gd", 2, lr=slope.lr / 2), "the derivative of (w - c)^2 is 2 (w - c)"),
        (slope.start + slope.lr * float(slope.run("gd", 1).gradient[0, 0]), "that is uphill: subtract"),
        (slope.run("gd", 2).loss[2], "that is f there, not w"),
    )
    return slope.final_point_exercise("gd", 2, near)


def fit(sampler: Sampler) -> Exercise:
    """Ask for the first step of a slope that is fitted to two points."""
    x = [float(sampler.integer(1, 4)), float(sampler.integer(1, 4))]
    y = [float(sampler.integer(2, 9)), float(sampler.integer(2, 9))]
    lr = sampler.integer(1, 4) / 100  # below 2/32, where steps get no smaller
    squares = [f"(w*{a:g}-{b:g})^2" for a, b in zip(x, y, strict=True)]
    formula = f"({'+'.join(squares)})/2"
    found = optimize.gd(formula, w=0.0, lr=lr, steps=1)
    slope = float(found.gradient[0, 0])
    near = (
        (-lr * slope * 2, "the loss is the mean of the rows, not their sum"),
        (-lr * slope / 2, "the derivative of a square has a factor 2"),
        (lr * slope, "that is uphill: subtract"),
        (lr * sum(y), "each row's slope is 2 x (w x - y): x was forgotten"),
    )
    points = " and ".join(f"({a:g}, {b:g})" for a, b in zip(x, y, strict=True))
    text = (
        f"A line w x is fitted to the points {points} by the mean of (w x - y)^2. Where is w after one step "
        f"of gradient descent from 0 with learning rate {format_number(lr)}?"
    )
    words = ["--function", formula, "--start", "w=0", "--lr", format_number(lr), "--steps", "1"]
    return make_exercise("gd", text, words, (found, "point", (1, 0)), near)


def momentum(sampler: Sampler) -> Exercise:
    """Ask for two steps with momentum."""
    slope, kept = DescentExercise(sampler), sampler.integer(5, 9) / 10
    near = (
        (slope.final_point("gd", 2), "the second step keeps a share of the first: the velocity is missing"),
        (slope.final_point("nesterov", 2, momentum=kept), "that is Nesterov's form, which looks ahead"),
        (slope.final_point("momentum", 1, momentum=kept), "that is after one step"),
    )
    return slope.final_point_exercise("momentum", 2, near, momentum=kept)


def nesterov(sampler: Sampler) -> Exercise:
    """Ask for a step of Nesterov's momentum."""
    slope, kept = DescentExercise(sampler), sampler.integer(5, 9) / 10
    near = (
        (slope.final_point("momentum", 1, momentum=kept), "that is plain momentum: look one step ahead"),
        (slope.final_point("nesterov", 2, momentum=kept), "that is after two steps"),
    )
    return slope.final_point_exercise("nesterov", 1, near, momentum=kept)


def rmsprop(sampler: Sampler) -> Exercise:
    """Ask for the first step of RMSprop."""
    slope, alpha = DescentExercise(sampler), sampler.integer(5, 9) / 10
    near = (
        (slope.final_point("gd", 1), "that is plain gradient descent: divide by the root of the mean square"),
        (slope.final_point("adam", 1), "the mean square starts at 0: at first it is (1 - alpha) g^2"),
        (
            slope.final_point("rmsprop", 1, alpha=1 - alpha),
            "alpha is the share of the old that is kept: the new enters with 1 - alpha",
        ),
    )
    return slope.final_point_exercise("rmsprop", 1, near, alpha=alpha)


def adam(sampler: Sampler) -> Exercise:
    """Ask for the first step of Adam."""
    slope = DescentExercise(sampler)
    found: Any = slope.run("adam", 1)
    uncorrected = slope.start - slope.lr * found.m[1, 0] / found.v[1, 0] ** 0.5
    near = (
        (uncorrected, "the bias correction was forgotten: divide m by 1 - beta1, v by 1 - beta2"),
        (slope.final_point("gd", 1), "that is plain gradient descent"),
        (slope.start + slope.lr, "that is uphill: subtract"),
    )
    return slope.final_point_exercise("adam", 1, near)


def adamw(sampler: Sampler) -> Exercise:
    """Ask for the first step of AdamW."""
    slope, decay = DescentExercise(sampler), sampler.integer(3, 9) / 10
    near = (
        (slope.final_point("adam", 1), "the weight decay was forgotten: w also shrinks by lr * decay * w"),
        (slope.final_point("gd", 1), "that is plain gradient descent"),
        (slope.start * (1 - slope.lr * decay), "that is the decay alone: Adam's step is missing"),
    )
    return slope.final_point_exercise("adamw", 1, near, weight_decay=decay)


def race(sampler: Sampler) -> Exercise:
    """Ask how low one of two optimisers gets."""
    slope, names = DescentExercise(sampler), ["gd", "momentum"]
    right = optimize.race(slope.formula, [slope.start], optimizers=names, lr=slope.lr, steps=2)
    place = sampler.integer(0, 1)
    near = (
        (right.loss[1 - place], f"that is the loss of {DISPLAY_NAMES[names[1 - place]]}"),
        (slope.final_point(names[place], 2), "that is w, not the loss there"),
        (slope.run(names[place], 1).loss[1], "that is after one step"),
    )
    after = f"2 steps of {DISPLAY_NAMES[names[place]]}{' (0.9 of the velocity is kept)' * place}"
    text = f"{slope.description}. What is the loss after {after}?"
    words = [*slope.args, "--steps", "2", "--optimizers", "gd,momentum"]
    return make_exercise("race", text, words, (right, "loss", (place,)), near)


def learning_rate(sampler: Sampler) -> Exercise:
    """Ask from which rate on gradient descent diverges."""
    curvature = sampler.integer(3, 40) / 2
    right = optimize.learning_rate([curvature])
    near = (
        (right.best_lr, "that is the best rate, 1/h: twice as much only bounces"),
        (curvature, "that is the curvature itself"),
        (curvature / 2, "that is the inverse: the rate is 2/h"),
    )
    text = (
        f"A parabola has curvature {format_number(curvature)}. Above which "
        "learning rate does descent diverge?"
    )
    words = [format_number(curvature), "--fields", "max_lr"]
    return make_exercise("learning-rate", text, words, (right, "max_lr", ()), near)


def schedule(sampler: Sampler) -> Exercise:
    """Ask for the rate of a cosine schedule."""
    horizon, lr = sampler.integer(2, 10) * 10, sampler.integer(1, 9) / 10
    step = sampler.integer(1, 9, 5) * horizon // 10
    right = optimize.schedule([step], "cosine", lr, steps=horizon)
    near = (
        (lr * (1 - step / horizon), "that is a straight line: the cosine starts and ends flat"),
        (lr - float(right.lr[0]), "that is what is gone, not what is left"),
        (right.share[0], "that is the share: multiply by the learning rate"),
    )
    text = (
        f"A cosine schedule goes from {format_number(lr)} to 0 in {horizon} steps. "
        f"What is the learning rate at step {step}?"
    )
    words = [str(step), "--schedule", "cosine", "--lr", format_number(lr), "--steps", str(horizon)]
    return make_exercise("schedule", text, words, (right, "lr", (0,)), near)
