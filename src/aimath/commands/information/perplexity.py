"""The command perplexity."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import (
    ABSENT,
    Distribution,
    Flag,
    Form,
    Normalize,
    Operand,
    Vector,
)
from aimath.errors import InputError
from aimath.report import Line, Plot, Report, Table, Verify

commands: Commands = {}


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
