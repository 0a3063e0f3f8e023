"""Questions of optimisation: the first steps of optimisers, rates and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.core import optim as optimize
from aimath.core.calculus import function
from aimath.errors import counted
from aimath.quiz.exercise import Draw, Exercise, Makers, exercise, shown

if TYPE_CHECKING:
    from aimath.core.optim import Trajectory

MAKERS = Makers()


class Slope:
    """A parabola (w - c)^2, a start, a learning rate: what every question of a descent begins with."""

    def __init__(self, draw: Draw) -> None:
        centre = draw.whole(1, 4)
        self.formula = f"(w-{centre})^2"
        self.start = float(centre + draw.whole(2, 8))
        self.lr = draw.whole(1, 4) / 10
        start, lr = shown(self.start), shown(self.lr)
        self.said = f"f = {self.formula}, start w = {start}, learning rate {lr}"
        self.words = ["--function", self.formula, "--start", f"w={start}", "--lr", lr]

    def walk(self, optimizer: str, steps: int, **options: Any) -> Trajectory:
        """Walk some steps down."""
        options = {"lr": self.lr, "steps": steps, **options}
        return optimize.descend(function(self.formula), [self.start], optimizer, **options)

    def end(self, optimizer: str, steps: int, **options: Any) -> float:
        """Give where some steps lead."""
        return float(self.walk(optimizer, steps, **options).point[-1, 0])

    def asked(self, name: str, steps: int, near: tuple[tuple[Any, str], ...], **options: float) -> Exercise:
        """Ask where an optimiser is after some steps."""
        said = "".join(f", {key.replace('_', ' ')} {shown(value)}" for key, value in options.items())
        text = f"{self.said}{said}. Where is w after {counted(steps, 'step')} of {NAMES[name]}?"
        words = [*self.words, "--steps", str(steps)]
        for key, value in options.items():
            words += [f"--{key.replace('_', '-')}", shown(value)]
        found = self.walk(name, steps, **options)
        return exercise(name, text, words, (found, "point", (steps, 0)), near)


NAMES = {
    "gd": "gradient descent",
    "momentum": "momentum",
    "nesterov": "Nesterov's momentum",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
}


@MAKERS.about("gd")
def gd(draw: Draw) -> Exercise:
    """Ask for two steps of gradient descent."""
    slope = Slope(draw)
    near = (
        (slope.end("gd", 1), "that is after one step"),
        (slope.end("gd", 2, lr=slope.lr / 2), "the derivative of (w - c)^2 is 2 (w - c)"),
        (slope.start + slope.lr * float(slope.walk("gd", 1).gradient[0, 0]), "that is uphill: subtract"),
        (slope.walk("gd", 2).loss[2], "that is f there, not w"),
    )
    return slope.asked("gd", 2, near)


@MAKERS.about("momentum")
def momentum(draw: Draw) -> Exercise:
    """Ask for two steps with momentum."""
    slope, kept = Slope(draw), draw.whole(5, 9) / 10
    near = (
        (slope.end("gd", 2), "the second step keeps a share of the first: the velocity is missing"),
        (slope.end("nesterov", 2, momentum=kept), "that is Nesterov's form, which looks ahead"),
        (slope.end("momentum", 1, momentum=kept), "that is after one step"),
    )
    return slope.asked("momentum", 2, near, momentum=kept)


@MAKERS.about("nesterov")
def nesterov(draw: Draw) -> Exercise:
    """Ask for a step of Nesterov's momentum."""
    slope, kept = Slope(draw), draw.whole(5, 9) / 10
    near = (
        (slope.end("momentum", 1, momentum=kept), "that is plain momentum: look one step ahead"),
        (slope.end("nesterov", 2, momentum=kept), "that is after two steps"),
    )
    return slope.asked("nesterov", 1, near, momentum=kept)


@MAKERS.about("rmsprop")
def rmsprop(draw: Draw) -> Exercise:
    """Ask for the first step of RMSprop."""
    slope, alpha = Slope(draw), draw.whole(5, 9) / 10
    near = (
        (slope.end("gd", 1), "that is plain gradient descent: divide by the root of the mean square"),
        (slope.end("adam", 1), "the mean square starts at 0: at first it is (1 - alpha) g^2"),
        (
            slope.end("rmsprop", 1, alpha=1 - alpha),
            "alpha is the share of the old that is kept: the new enters with 1 - alpha",
        ),
    )
    return slope.asked("rmsprop", 1, near, alpha=alpha)


@MAKERS.about("adam")
def adam(draw: Draw) -> Exercise:
    """Ask for the first step of Adam."""
    slope = Slope(draw)
    found: Any = slope.walk("adam", 1)
    uncorrected = slope.start - slope.lr * found.m[1, 0] / found.v[1, 0] ** 0.5
    near = (
        (uncorrected, "the bias correction was forgotten: divide m by 1 - beta1, v by 1 - beta2"),
        (slope.end("gd", 1), "that is plain gradient descent"),
        (slope.start + slope.lr, "that is uphill: subtract"),
    )
    return slope.asked("adam", 1, near)


@MAKERS.about("adamw")
def adamw(draw: Draw) -> Exercise:
    """Ask for the first step of AdamW."""
    slope, decay = Slope(draw), draw.whole(3, 9) / 10
    near = (
        (slope.end("adam", 1), "the weight decay was forgotten: w also shrinks by lr * decay * w"),
        (slope.end("gd", 1), "that is plain gradient descent"),
        (slope.start * (1 - slope.lr * decay), "that is the decay alone: Adam's step is missing"),
    )
    return slope.asked("adamw", 1, near, weight_decay=decay)


@MAKERS.about("race")
def race(draw: Draw) -> Exercise:
    """Ask how low one of two optimisers gets."""
    slope, names = Slope(draw), ["gd", "momentum"]
    right = optimize.race(function(slope.formula), [slope.start], names, lr=slope.lr, steps=2)
    place = draw.whole(0, 1)
    near = (
        (right.loss[1 - place], f"that is the loss of {NAMES[names[1 - place]]}"),
        (slope.end(names[place], 2), "that is w, not the loss there"),
        (slope.walk(names[place], 1).loss[1], "that is after one step"),
    )
    after = f"2 steps of {NAMES[names[place]]}{' (0.9 of the velocity is kept)' * place}"
    text = f"{slope.said}. What is the loss after {after}?"
    words = [*slope.words, "--steps", "2", "--optimizers", "gd,momentum"]
    return exercise("race", text, words, (right, "loss", (place,)), near)


@MAKERS.about("learning-rate")
def learning_rate(draw: Draw) -> Exercise:
    """Ask from which rate on gradient descent diverges."""
    curvature = draw.whole(3, 40) / 2
    right = optimize.learning_rate([curvature])
    near = (
        (right.best_lr, "that is the best rate, 1/h: twice as much only bounces"),
        (curvature, "that is the curvature itself"),
        (curvature / 2, "that is the inverse: the rate is 2/h"),
    )
    text = f"A parabola has curvature {shown(curvature)}. Above which learning rate does descent diverge?"
    words = [shown(curvature), "--fields", "max_lr"]
    return exercise("learning-rate", text, words, (right, "max_lr", ()), near)


@MAKERS.about("schedule")
def schedule(draw: Draw) -> Exercise:
    """Ask for the rate of a cosine schedule."""
    horizon, lr = draw.whole(2, 10) * 10, draw.whole(1, 9) / 10
    step = draw.whole(1, 9, 5) * horizon // 10
    right = optimize.schedule([step], "cosine", lr, horizon=horizon)
    near = (
        (lr * (1 - step / horizon), "that is a straight line: the cosine starts and ends flat"),
        (lr - float(right.rate[0]), "that is what is gone, not what is left"),
        (right.share[0], "that is the share: multiply by the learning rate"),
    )
    text = (
        f"A cosine schedule goes from {shown(lr)} to 0 in {horizon} steps. "
        f"What is the learning rate at step {step}?"
    )
    words = [str(step), "--schedule", "cosine", "--lr", shown(lr), "--steps", str(horizon)]
    return exercise("schedule", text, words, (right, "rate", (0,)), near)
