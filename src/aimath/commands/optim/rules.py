"""Commands of optimisers, each a descent: gradient descent, momentum, RMSprop, Adam and their kin."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Number
from aimath.commands.optim._runs import Plan, Shown, Walk, descent
from aimath.report import Report

commands: Commands = {}
Eps = Annotated[float, Number(("--eps",), "Added to the root.", together=True)]
Momentum = Annotated[float, Number(("--momentum",), "Share of the buffer that is kept.", together=True)]
Decay = Annotated[
    float, Number(("--weight-decay",), "Add this times the point to the gradient.", together=True)
]
Amsgrad = Annotated[bool, Flag("--amsgrad", help="Divide by the largest mean square so far.")]


class Means(NamedTuple):
    """What Adam and AdamW remember, and what keeps them from dividing by 0."""

    beta1: Annotated[float, Number(("--beta1",), "Memory of the mean gradient.", together=True)] = 0.9
    beta2: Annotated[float, Number(("--beta2",), "Memory of the mean square.", together=True)] = 0.999
    eps: Eps = 1e-8


@command(commands, example="aimath gd --lr 0.1 --steps 20")
def gd(walk: Walk, plan: Plan, shown: Shown, weight_decay: Decay = 0.0) -> Report:
    """Walk downhill against the gradient.

    w <- w - lr * gradient. Of f = (w-3)^2 from w = 10, unless --function and --start say otherwise.
    """
    return descent("gd", walk, plan, shown, weight_decay=weight_decay)


@command(commands, example="aimath momentum --lr 0.1 --steps 20")
def momentum(
    walk: Walk,
    plan: Plan,
    shown: Shown,
    momentum: Momentum = 0.9,
    dampening: Annotated[
        float, Number(("--dampening",), "Add (1 - dampening) of the gradient to the buffer.", together=True)
    ] = 0.0,
    weight_decay: Decay = 0.0,
) -> Report:
    """Walk downhill as a heavy ball does.

    buffer <- momentum * buffer + gradient; w <- w - lr * buffer, as torch's SGD.
    """
    options = {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
    return descent("momentum", walk, plan, shown, **options)


@command(commands, example="aimath nesterov --lr 0.1 --steps 20")
def nesterov(
    walk: Walk, plan: Plan, shown: Shown, momentum: Momentum = 0.9, weight_decay: Decay = 0.0
) -> Report:
    """Walk downhill with momentum, looking ahead.

    buffer <- momentum * buffer + gradient; w <- w - lr * (gradient + momentum * buffer).
    """
    return descent("nesterov", walk, plan, shown, momentum=momentum, weight_decay=weight_decay)


@command(commands, example="aimath rmsprop --lr 0.1 --steps 20")
def rmsprop(
    walk: Walk,
    plan: Plan,
    shown: Shown,
    alpha: Annotated[float, Number(("--alpha",), "Memory of the mean square.", together=True)] = 0.99,
    eps: Eps = 1e-8,
    centered: Annotated[bool, Flag("--centered", help="Take off the square of the mean.")] = False,
    momentum: Momentum = 0.0,
    weight_decay: Decay = 0.0,
) -> Report:
    """Walk downhill by gradients divided by their recent size.

    w <- w - lr * gradient / (sqrt(mean square) + eps): eps outside the root, as in torch.
    """
    options = {"alpha": alpha, "eps": eps, "centered": centered}
    return descent("rmsprop", walk, plan, shown, **options, momentum=momentum, weight_decay=weight_decay)


@command(commands, example="aimath adam --lr 0.1 --steps 20")
def adam(
    walk: Walk, plan: Plan, shown: Shown, means: Means, weight_decay: Decay = 0.0, amsgrad: Amsgrad = False
) -> Report:
    """Walk downhill by Adam: momentum over recent size, both corrected for their start.

    w <- w - lr * m_hat / (sqrt(v_hat) + eps), as Kingma and Ba (2015) and torch have it.
    """
    return descent("adam", walk, plan, shown, **means._asdict(), weight_decay=weight_decay, amsgrad=amsgrad)


@command(commands, example="aimath adamw --lr 0.1 --steps 20")
def adamw(
    walk: Walk,
    plan: Plan,
    shown: Shown,
    means: Means,
    weight_decay: Annotated[
        float, Number(("--weight-decay",), "Shrink the point by this times lr.", together=True)
    ] = 0.01,
    amsgrad: Amsgrad = False,
) -> Report:
    """Walk downhill by Adam with decoupled weight decay.

    w <- w - lr * weight_decay * w, then as Adam. Loshchilov and Hutter (2019).
    """
    return descent("adamw", walk, plan, shown, **means._asdict(), weight_decay=weight_decay, amsgrad=amsgrad)
