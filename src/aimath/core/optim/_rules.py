"""Update rules of optimisers for floats, arrays and networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.double_double import two_prod, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.numerics.types import Array

    Update = Callable[[Any, Any, tuple[Any, ...], int, Any], tuple[Any, tuple[Any, ...]]]

ROUNDED_UPDATES = 128
"""Updates of a run whose w - lr * direction is rounded once: of more, this would be a share of the time."""
NEGLIGIBLE_ROOT, LARGEST_ROOT = 1e-140, 1e150
"""An eps or gradients beyond these may meet squares that have left float64: then their roots are kept."""


def check_learning_rate(lr: Any) -> Any:
    """Return a learning rate, or raise an InputError unless it is above 0 and finite."""
    raise_if_any(~((np.asarray(lr) > 0.0) & np.isfinite(lr)), "lr", lr, "must be above 0 and finite")
    return lr


def check_fraction(name: str, value: Any, *, closed: bool = False) -> Any:
    """Return an option, or raise an InputError unless it is in [0, 1), or in [0, 1] if `closed`."""
    x = np.asarray(value)
    fine = (x >= 0.0) & ((x <= 1.0) if closed else (x < 1.0))
    raise_if_any(~fine, name, value, "must be 0 to 1" if closed else "must be at least 0 and below 1")
    return value


def check_nonnegative(name: str, value: Any) -> Any:
    """Return an option, or raise an InputError unless it is finite and at least 0."""
    x = np.asarray(value)
    raise_if_any(~((x >= 0.0) & np.isfinite(x)), name, value, "must be at least 0 and finite")
    return value


def raise_if_any(mask: Any, name: str, value: Any, bound: str) -> None:
    """Raise an InputError at the first value out of bounds."""
    if np.any(mask):
        first = float(np.broadcast_to(value, np.shape(mask))[mask][0])
        raise InputError("{operand} {bound}, not {value:g}", operand=name, bound=bound, value=first)


class MathBackend(NamedTuple):
    """The functions that a rule needs beyond arithmetic, for floats or for arrays."""

    sqrt: Callable[[Any], Any]
    maximum: Callable[[Any, Any], Any]
    hypot: Callable[[Any, Any], Any]
    divide: Callable[[Any, Any], Any]  # 0 over 0
    descend: Callable[[Any, Any, Any], Any]  # w - lr * direction, rounded once


def _divide_floats(a: float, b: float) -> float:
    return a / b if b else 0.0


def _divide_arrays(a: Array, b: Array) -> Array:
    return np.where(b > 0.0, a / np.where(b > 0.0, b, 1.0), 0.0)


def _descend_floats(w: float, lr: float, direction: float) -> float:
    # Dekker's and Knuth's error-free product and difference (double_double.py), without a call for each.
    product, shifted, turned = lr * direction, 134217729.0 * lr, 134217729.0 * direction
    a, b = shifted - (shifted - lr), turned - (turned - direction)
    c, d = lr - a, direction - b
    total = w - product
    back = total - w
    lost = (w - (total - back)) - (product + back)
    found = total + (lost - (((a * b - product) + a * d + c * b) + c * d))
    return found if found - found == 0.0 else total  # a product beyond 2^996 has no parts


def _descend_arrays(w: Array, lr: Any, direction: Array) -> Array:
    with np.errstate(all="ignore"):
        product, rest = two_prod(lr, direction)
        total, lost = two_sum(w, -product)
        found = total + (lost - rest)
        return np.asarray(np.where(np.isfinite(found), found, total))


FLOAT_BACKEND = MathBackend(math.sqrt, max, math.hypot, _divide_floats, _descend_floats)
ARRAY_BACKEND = MathBackend(np.sqrt, np.maximum, np.hypot, _divide_arrays, _descend_arrays)


class UpdateRule(NamedTuple):
    """An update rule: the names of its state, its options, and its update."""

    name: str
    state_names: tuple[str, ...]  # names of the quantities in its memory, all 0 at the start
    settings: dict[str, Any]  # its options by name
    build_update: Callable[[MathBackend], Update]
    stateless_update: Callable[[Any, Any, Any], Any] | None = (
        None  # (w, g, lr) -> w, if that is all of the update
    )
    hidden: int = 0  # numbers that it remembers beside its state: roots of what may leave float64
    by_roots: Callable[[], UpdateRule] | None = None  # the same that keeps roots, if it squares gradients
    direction: Callable[[Any, Any, Any], Any] | None = (
        None  # (w, g, memory after the update) -> direction, if the update is w - lr * direction
    )

    def build_rounded_update(self, backend: MathBackend) -> Update:
        """Return the update whose last product and difference are rounded together, once.

        >>> gd_rule().build_rounded_update(FLOAT_BACKEND)(0.3, 3.0, (), 1, 0.1)  # .1 is a little more
        (-2.7755575615628914e-17, ())
        """
        update, direction = self.build_update(backend), self.direction
        if direction is None:
            return update

        def rounded(w: Any, g: Any, memory: Any, t: int, lr: Any) -> Any:
            after = update(w, g, memory, t, lr)[1]
            return backend.descend(w, lr, direction(w, g, after)), after

        return rounded

    def updates_by_step(self, backend: MathBackend) -> Callable[[int], Update]:
        """Return the function that gives the update of a step from 1: rounded once, if it is early."""
        rounded, plain = self.build_rounded_update(backend), self.build_update(backend)
        return lambda t: rounded if t <= ROUNDED_UPDATES else plain

    @property
    def initial_state(self) -> tuple[float, ...]:
        """The memory before the first step."""
        return (0.0,) * (len(self.state_names) + self.hidden)


def gd_rule(weight_decay: float = 0.0) -> UpdateRule:
    """Return the rule of gradient descent, w <- w - lr * g: torch's SGD, Cauchy (1847).

    `weight_decay` adds weight_decay * w to the gradient (L2), as in every rule here but adamw.

    >>> gd_rule().build_update(FLOAT_BACKEND)(10.0, 14.0, (), 1, 0.1)
    (8.6, ())
    """
    decay = check_nonnegative("weight_decay", weight_decay)

    def step(w: Any, g: Any, lr: Any) -> Any:
        return w - lr * g

    def make(_: MathBackend) -> Update:
        return _with_weight_decay(lambda w, g, memory, _t, lr: (step(w, g, lr), memory), decay)

    bare, slope = None if np.any(decay) else step, _decayed_gradient(decay)
    settings = {"weight_decay": weight_decay}
    return UpdateRule("gd", (), settings, make, bare, direction=lambda w, g, _: slope(w, g))


def momentum_rule(momentum: float = 0.9, dampening: float = 0.0, weight_decay: float = 0.0) -> UpdateRule:
    """Return the rule of SGD with momentum, as in torch; Polyak (1964).

    buffer <- momentum * buffer + (1 - dampening) * g, but g alone at the first step; w <- w - lr * buffer.
    Sutskever et al. (2013) have the learning rate within the buffer.
    """
    mu = check_fraction("momentum", momentum)
    fresh = 1.0 - check_fraction("dampening", dampening, closed=True)
    decay = check_nonnegative("weight_decay", weight_decay)

    def make(_: MathBackend) -> Update:
        def update(w: Any, g: Any, memory: Any, t: int, lr: Any) -> Any:
            (buffer,) = memory
            buffer = mu * buffer + fresh * g if t > 1 else g
            return w - lr * buffer, (buffer,)

        return _with_weight_decay(update, decay)

    settings = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
    return UpdateRule("momentum", ("buffer",), settings, make, direction=lambda _w, _g, memory: memory[0])


def nesterov_rule(momentum: float = 0.9, weight_decay: float = 0.0) -> UpdateRule:
    """Return the rule of SGD with Nesterov momentum, torch's nesterov=True; Nesterov (1983).

    buffer <- momentum * buffer + g; w <- w - lr * (g + momentum * buffer).
    """
    mu, decay = check_fraction("momentum", momentum), check_nonnegative("weight_decay", weight_decay)

    def make(_: MathBackend) -> Update:
        def update(w: Any, g: Any, memory: Any, _t: int, lr: Any) -> Any:
            (buffer,) = memory
            buffer = mu * buffer + g
            return w - lr * (g + mu * buffer), (buffer,)

        return _with_weight_decay(update, decay)

    slope = _decayed_gradient(decay)

    def direction(w: Any, g: Any, memory: Any) -> Any:
        return slope(w, g) + mu * memory[0]

    settings = {"momentum": momentum, "weight_decay": weight_decay}
    return UpdateRule("nesterov", ("buffer",), settings, make, direction=direction)


def rmsprop_rule(
    alpha: float = 0.99,
    eps: float = 1e-8,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    *,
    centered: bool = False,
) -> UpdateRule:
    """Return the rule of RMSprop, as in torch; Hinton (2012).

    square_avg <- alpha * square_avg + (1 - alpha) * g²; w <- w - lr * g / (√square_avg + eps), eps
    outside the root (optax has it inside, and alpha .9). `centered` takes the square of the mean
    gradient off under the root (Graves 2013); with `momentum` the quotient goes through a buffer.
    """
    rooted = bool(np.min(check_nonnegative("eps", eps)) < NEGLIGIBLE_ROOT)
    return _rmsprop(alpha, eps, momentum, weight_decay, centered=centered, rooted=rooted)


def _rmsprop(
    alpha: Any, eps: Any, momentum: Any, weight_decay: Any, *, centered: bool, rooted: bool
) -> UpdateRule:
    a, mu, e = check_fraction("alpha", alpha), check_fraction("momentum", momentum), eps
    decay = check_nonnegative("weight_decay", weight_decay)

    def make(backend: MathBackend) -> Update:
        sqrt, larger, hypot, divide, _ = backend

        def with_roots(w: Any, g: Any, memory: Any, _t: int, lr: Any) -> Any:
            square_avg, grad_avg, buffer, root = memory
            square_avg = a * square_avg + (1.0 - a) * g * g
            root = hypot(a**0.5 * root, (1.0 - a) ** 0.5 * g)
            below = root
            if centered:
                grad_avg = grad_avg + (1.0 - a) * (g - grad_avg)
                below = sqrt(larger(root - abs(grad_avg), 0.0)) * sqrt(root + abs(grad_avg))
            buffer = mu * buffer + divide(g, below + e)
            return w - lr * buffer, (square_avg, grad_avg, buffer, root)

        def update(w: Any, g: Any, memory: Any, _t: int, lr: Any) -> Any:
            square_avg, grad_avg, buffer = memory
            square_avg = a * square_avg + (1.0 - a) * g * g
            spread = square_avg
            if centered:
                grad_avg = grad_avg + (1.0 - a) * (g - grad_avg)
                # Of equal gradients nothing is left, and rounding may leave less.
                spread = larger(square_avg - grad_avg * grad_avg, 0.0)
            buffer = mu * buffer + g / (sqrt(spread) + e)
            return w - lr * buffer, (square_avg, grad_avg, buffer)

        return _with_weight_decay(with_roots if rooted else update, decay)

    settings = {"alpha": alpha, "eps": eps, "momentum": momentum, "weight_decay": weight_decay}
    names = ("square_avg", "grad_avg", "buffer")

    def by_roots() -> UpdateRule:
        return _rmsprop(alpha, eps, momentum, weight_decay, centered=centered, rooted=True)

    return UpdateRule(
        "rmsprop",
        names,
        settings | {"centered": centered},
        make,
        hidden=int(rooted),
        by_roots=by_roots,
        direction=lambda _w, _g, memory: memory[2],
    )


def adam_rule(
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    *,
    amsgrad: bool = False,
) -> UpdateRule:
    """Return the rule of Adam, as in torch; Kingma and Ba (2015).

    m <- beta1 * m + (1 - beta1) * g; v <- beta2 * v + (1 - beta2) * g²; m_hat = m / (1 - beta1^t);
    v_hat = v / (1 - beta2^t); w <- w - lr * m_hat / (√v_hat + eps). As in torch and optax; Keras
    adds eps before the correction (and has 1e-7). `amsgrad` keeps the largest v (Reddi et al. 2018), as
    torch before the correction by 1 - beta2^t; optax takes the maximum of the corrected ones.

    >>> adam_rule().build_update(FLOAT_BACKEND)(10.0, 14.0, (0.0, 0.0), 1, 0.1)[0]
    9.90000000007143
    """
    return _adam("adam", beta1, beta2, eps, weight_decay, amsgrad=amsgrad)


def adamw_rule(
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
    *,
    amsgrad: bool = False,
) -> UpdateRule:
    """Return the rule of AdamW, with decoupled weight decay; Loshchilov and Hutter (2019).

    w <- w - lr * weight_decay * w, then as Adam. torch has weight_decay .01, optax 1e-4.
    """
    return _adam("adamw", beta1, beta2, eps, weight_decay, amsgrad=amsgrad)


def _adam(
    name: str, beta1: Any, beta2: Any, eps: Any, weight_decay: Any, *, amsgrad: bool, rooted: bool = False
) -> UpdateRule:
    decay = check_nonnegative("weight_decay", weight_decay)
    fresh1, fresh2 = 1.0 - check_fraction("beta1", beta1), 1.0 - check_fraction("beta2", beta2)
    e, rooted = eps, rooted or bool(np.min(check_nonnegative("eps", eps)) < NEGLIGIBLE_ROOT)

    def make(backend: MathBackend) -> Update:
        sqrt, larger, hypot, divide, _ = backend

        def with_roots(w: Any, g: Any, memory: Any, t: int, lr: Any) -> Any:
            m, v, *rest, root, highest = memory
            m = m + fresh1 * (g - m)
            v = beta2 * v + fresh2 * g * g
            root = hypot(beta2**0.5 * root, fresh2**0.5 * g)
            highest = larger(highest, root)
            rest = [larger(rest[0], v)] if rest else []
            below = (highest if rest else root) / sqrt(1.0 - beta2**t) + e
            return w - lr * divide(m / (1.0 - beta1**t), below), (m, v, *rest, root, highest)

        def update(w: Any, g: Any, memory: Any, t: int, lr: Any) -> Any:
            m, v = memory
            m = m + fresh1 * (g - m)
            v = beta2 * v + fresh2 * g * g
            return w - lr / (1.0 - beta1**t) * m / (sqrt(v) / sqrt(1.0 - beta2**t) + e), (m, v)

        def with_largest(w: Any, g: Any, memory: Any, t: int, lr: Any) -> Any:
            m, v, v_max = memory
            m = m + fresh1 * (g - m)
            v = beta2 * v + fresh2 * g * g
            v_max = larger(v_max, v)
            return w - lr / (1.0 - beta1**t) * m / (sqrt(v_max) / sqrt(1.0 - beta2**t) + e), (m, v, v_max)

        plain = with_roots if rooted else with_largest if amsgrad else update
        if name == "adam":
            return _with_weight_decay(plain, decay)
        return lambda w, g, memory, t, lr: plain(w * (1.0 - lr * decay), g, memory, t, lr)

    settings = {"beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
    names = ("m", "v", "v_max") if amsgrad else ("m", "v")

    def by_roots() -> UpdateRule:
        return _adam(name, beta1, beta2, eps, weight_decay, amsgrad=amsgrad, rooted=True)

    return UpdateRule(name, names, settings, make, hidden=2 * int(rooted), by_roots=by_roots)


def _decayed_gradient(decay: Any) -> Callable[[Any, Any], Any]:
    """Return the function (w, g) of the gradient with L2 weight decay added to it."""
    if np.any(decay):
        return lambda w, g: g + decay * w
    return lambda _, g: g


def _with_weight_decay(update: Update, decay: Any) -> Update:
    if not np.any(decay):
        return update
    return lambda w, g, memory, t, lr: update(w, g + decay * w, memory, t, lr)


OPTIMIZERS: dict[str, Callable[..., UpdateRule]] = {
    "gd": gd_rule,
    "momentum": momentum_rule,
    "nesterov": nesterov_rule,
    "rmsprop": rmsprop_rule,
    "adam": adam_rule,
    "adamw": adamw_rule,
}
BLOCK = 32_768
"""Parameters worked on at a time: what a step needs of them stays in the cache."""


class Optimizer:
    """An optimizer that updates a large array of parameters in place.

    >>> from aimath.core.optim._rules import adam_rule
    >>> parameters = np.array([10.0, -4.0])
    >>> stepper = Optimizer(adam_rule(), parameters, lr=0.1)
    >>> stepper.step(2.0 * (parameters - 3.0))
    >>> parameters.round(6)
    array([ 9.9, -3.9])
    """

    def __init__(self, rule: UpdateRule, parameters: Array, lr: float) -> None:
        if not parameters.flags.c_contiguous:  # a view of it by blocks would be a copy
            raise InputError("the parameters are not contiguous in memory", operand="parameters")
        self.rule, self.lr, self.t = rule, check_learning_rate(lr), 0
        self.parameters = parameters
        self._update = rule.build_update(ARRAY_BACKEND)
        starts = range(0, parameters.size, BLOCK)
        self._blocks = [slice(first, first + BLOCK) for first in starts]
        # By block, so that a new memory takes the place of the old one and none is copied.
        sizes = (min(BLOCK, parameters.size - first) for first in starts)
        self._states: list[tuple[Array, ...]] = [
            tuple(np.zeros(n) for _ in rule.initial_state) for n in sizes
        ]

    @property
    def state(self) -> dict[str, Array]:
        """What the rule remembers, each of the parameters' shape."""
        kept = [*zip(*self._states, strict=True)][: len(self.rule.state_names)]
        shaped = (np.concatenate(blocks).reshape(self.parameters.shape) for blocks in kept)
        return dict(zip(self.rule.state_names, shaped, strict=True))

    def step(self, gradient: Array) -> None:
        """Update the parameters in place by one gradient of their shape."""
        if gradient.shape != self.parameters.shape:
            why = f"the gradient has shape {gradient.shape}, the parameters {self.parameters.shape}"
            raise InputError(why, operand="gradient")
        self.t += 1
        with np.errstate(over="ignore"):  # a square beyond float64 whose root is kept
            self._step(gradient)

    def _step(self, gradient: Array) -> None:
        flat, slopes = self.parameters.reshape(-1), gradient.reshape(-1)
        for k, part in enumerate(self._blocks):
            flat[part], self._states[k] = self._update(
                flat[part], slopes[part], self._states[k], self.t, self.lr
            )
