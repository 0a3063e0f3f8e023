"""Commands of information theory: entropy and what is measured with it."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import (
    ABSENT,
    Base,
    Distribution,
    First,
    Flag,
    Form,
    Normalize,
    Number,
    Operand,
    Second,
    Vector,
    log_name,
)
from aimath.errors import InputError
from aimath.report import Line, Plot, Report, Table, Verify

commands: Commands = {}


@command(
    commands,
    Form(("probs",)),
    Form(("logits",), when=("from_logits",)),
    example="aimath entropy .5 .25 .125 .125",
)
def entropy(
    probs: Distribution = ABSENT,
    logits: Annotated[Vector, Operand("Logits, with --logits.")] = ABSENT,
    base: Base = 2.0,
    from_logits: Annotated[bool, Flag("--logits", help="The numbers are logits.")] = False,
    normalize: Normalize = False,
) -> Report:
    """Measure the uncertainty of a distribution.

    H(p) = sum p log(1/p), in bits; 0 log 0 counts as 0. A fair coin has 1 bit.
    """
    from aimath.core import information

    unit, log = information.unit(base), log_name(base)
    if from_logits and normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    return Report(
        information.entropy_of_logits(logits, base)
        if from_logits
        else information.entropy(probs, base, normalize),
        show=("entropy",),
        steps=(
            Line(f"H(p) = Σ p_i · {log}(1/p_i)      {log}(1/p_i) is the surprise of outcome i, in {unit}"),
            Table(
                (("p_i", "{probs}"), ("surprise", "{surprise}"), ("p_i · surprise", "{terms}")), bar="terms"
            ),
            Line(f" H = {{terms: + }} = {{entropy}} {unit}      the most for so many outcomes: {{maximum}}"),
            Line(" like a choice among {perplexity} equally likely outcomes"),
            Verify(f"{log}(n) - KL(p‖uniform) = {{other}}"),
        ),
        units=dict.fromkeys(("entropy", "surprise", "terms", "maximum"), unit) | {"nats": "nats"},
        plot=Plot("terms"),
    )


def classes(target: Vector) -> Any:
    """Give class numbers (rows, 1) as integers (rows,)."""
    import numpy as np

    whole = (np.floor(target) == target) & (np.abs(target) < 2.0**53)
    if not whole.all():
        wrong = float(target[~whole][0])
        raise InputError(f"--target: {wrong:g} is not the number of a class", operand="target", usage=True)
    return target[..., 0].astype(np.int64)


@command(
    commands,
    Form(("p", "q")),
    Form(("logits",), when=("logits", "target")),
    example="aimath cross-entropy 0,1,0 .1,.8,.1",
)
def cross_entropy(
    p: First = ABSENT,
    q: Second = ABSENT,
    logits: Annotated[Vector | None, Operand("Logits of the classes.", flag="--logits")] = None,
    target: Annotated[
        Vector | None, Operand("The right class, from 0; a list has one a row.", flag="--target", each=True)
    ] = None,
    label_smoothing: Annotated[
        float, Number(("--label-smoothing",), "Give every class e/n of the target's weight.")
    ] = 0.0,
    base: Base = math.e,
    normalize: Normalize = False,
) -> Report:
    """Measure the loss of predictions against a target.

    H(p, q) = sum p log(1/q), in nats, of distributions; or of logits and the number of the right
    class (--logits, --target), which is what classifiers and language models minimise.
    """
    if logits is None:
        return _of_distributions(p, q, base, label_smoothing, normalize=normalize)
    if target is None:
        raise InputError("--logits needs --target: the number of the right class", usage=True)
    if normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    return _of_logits(logits, target, base, label_smoothing)


def _of_distributions(
    p: Vector, q: Vector, base: float, label_smoothing: float, *, normalize: bool
) -> Report:
    from aimath.core import information

    unit, log = information.unit(base), log_name(base)
    smooth, of = (1, "t") if label_smoothing > 0 else (0, "p")
    return Report(
        information.cross_entropy(p, q, base, label_smoothing, normalize),
        show=("cross_entropy",),
        steps=(
            Line(f"H(p, q) = Σ {of}_i · {log}(1/q_i)      p is the target, q the prediction"),
            *((Line(" t is p smoothed: {label_smoothing} of it goes to all outcomes evenly"),) * smooth),
            Table(
                (
                    ("p", "{p}"),
                    *((("t", "{target}"),) * smooth),
                    ("q", "{q}"),
                    (f"{of} · {log}(1/q)", "{terms}"),
                ),
                bar="terms",
            ),
            Line(f" H(p, q) = {{terms: + }} = {{cross_entropy}} {unit}      perplexity {{perplexity}}"),
            Verify(f"entropy + divergence = H({of}) + KL({of}‖q) = {{entropy}} + {{kl}} = {{other}}"),
        ),
        units=dict.fromkeys(("cross_entropy", "terms", "entropy", "kl"), unit),
        plot=Plot("terms"),
    )


def _of_logits(logits: Vector, target: Vector, base: float, label_smoothing: float) -> Report:
    from aimath.core import information

    unit, log = information.unit(base), log_name(base)
    smoothing = Line(" label smoothing {label_smoothing}: t gives that share to all classes evenly")
    return Report(
        information.cross_entropy_of_logits(logits, classes(target), base, label_smoothing),
        show=("cross_entropy",),
        steps=(
            Line(f"H = Σ t_i · {log}(1/p_i)      p = softmax(z)      t = 1 for the right class, else 0"),
            *((smoothing,) if label_smoothing > 0 else ()),
            Table(
                (
                    ("z", "{logits}"),
                    ("1 softmax", "{probs}"),
                    ("2 target t", "{target_probs}"),
                    (f"3 t · {log}(1/p)", "{terms}"),
                ),
                bar="probs",
            ),
            Line(f" target {{target}}:   H = {{terms: + }} = {{cross_entropy}} {unit}"),
            Line(" perplexity {perplexity}"),
            Verify(f"{log} Σ exp(z_j) - Σ t_i · z_i{'' if base == math.e else f'/ln {base:g}'} = {{other}}"),
        ),
        units=dict.fromkeys(("cross_entropy", "terms"), unit),
        beside="logits",
        plot=Plot("probs"),
    )


@command(
    commands,
    Form(("probs",)),
    Form(("token_probs",), when=("tokens",)),
    Form(("log_probs",), when=("logarithms",)),
    example="aimath perplexity .5 .25 .25",
)
def perplexity(
    probs: Distribution = ABSENT,
    token_probs: Annotated[Vector, Operand("The probability of each token.")] = ABSENT,
    log_probs: Annotated[Vector, Operand("The natural log-probability of each token.")] = ABSENT,
    tokens: Annotated[
        bool, Flag("--tokens", help="The numbers are probabilities of the tokens of a text.")
    ] = False,
    logarithms: Annotated[
        bool, Flag("--log-probs", help="The numbers are natural log-probabilities of tokens.")
    ] = False,
    normalize: Normalize = False,
) -> Report:
    """Count the choices behind a distribution or a text.

    exp(entropy in nats) of a distribution; exp(mean negative log-likelihood) of tokens.
    """
    from aimath.core import information

    if tokens and logarithms:
        raise InputError("--tokens and --log-probs exclude each other", usage=True)
    if normalize and (tokens or logarithms):
        raise InputError(
            "--normalize is for a distribution: tokens' probabilities don't sum to 1", usage=True
        )
    if tokens or logarithms:
        return _of_tokens(log_probs if logarithms else token_probs, logarithms=logarithms)
    return Report(
        information.perplexity(probs, normalize),
        show=("perplexity",),
        steps=(
            Line("perplexity = exp H(p)      H(p) = Σ p_i · ln(1/p_i), in nats"),
            Table((("p_i", "{probs}"), ("p_i · ln(1/p_i)", "{terms}")), bar="terms"),
            Line(" H = {terms: + } = {nats} nats"),
            Line(" exp {nats} = {perplexity} equally likely choices"),
            Verify("Π p_i^(-p_i) = {other}"),
        ),
        plot=Plot("terms"),
    )


def _of_tokens(values: Vector, *, logarithms: bool) -> Report:
    from aimath.core import information

    if logarithms:
        result: Any = information.perplexity_of_log_probs(values)
        table = Table((("ln p of token, nats", "{log_probs}"), ("p", "{token_probs}")), bar="token_probs")
    else:
        result = information.perplexity_of_tokens(values)
        table = Table((("p of token", "{token_probs}"), ("-ln p, nats", "{surprise}")), bar="token_probs")
    return Report(
        result,
        show=("perplexity",),
        steps=(
            Line("perplexity = exp of the mean of -ln p over the tokens"),
            table,
            Line(" mean = {nats} nats      exp {nats} = {perplexity}"),
            Verify("1 / the geometric mean of p = {other}"),
        ),
        plot=Plot("token_probs"),
    )
