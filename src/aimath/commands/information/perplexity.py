"""The command perplexity."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Distribution,
    Normalize,
    Operand,
    Option,
    Usage,
    Vector,
)
from aimath.commands._shared import infinity_footnote
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("probs",)),
    Usage(("token_probs",), selected_by=("tokens",), example="aimath perplexity .5 .25 .5 --tokens"),
    Usage(("log_probs",), selected_by=("logarithms",), example="aimath perplexity -.7 -1.4 --log-probs"),
    Usage(("logits",), selected_by=("from_logits",), example="aimath perplexity 2 1 0.1 --logits"),
    example="aimath perplexity .5 .25 .25",
    answer="choices; `--tokens`, `--log-probs`, `--logits`",
    quiz=("perplexity",),
    after="temperature",
)
def perplexity(
    probs: Distribution = ABSENT,
    token_probs: Annotated[Vector, Operand("The probability of each token.")] = ABSENT,
    log_probs: Annotated[
        Vector, Operand("The natural log-probability of each token.", responses=True)
    ] = ABSENT,
    logits: Annotated[Vector, Operand("Logits of a distribution, with --logits.")] = ABSENT,
    tokens: Annotated[
        bool, Option("--tokens", help="The numbers are probabilities of the tokens of a text.")
    ] = False,
    logarithms: Annotated[
        bool, Option("--log-probs", help="The numbers are natural log-probabilities of tokens.")
    ] = False,
    from_logits: Annotated[
        bool, Option("--logits", help="The numbers are logits of a distribution.")
    ] = False,
    normalize: Normalize = False,
) -> Report:
    """Count the choices behind a distribution or a text.

    exp(entropy in nats) of a distribution; exp(mean negative log-likelihood) of tokens. Responses of
    OpenAI's API, which many servers speak, are known by themselves: perplexity @response.json.
    """
    from aimath.core import information

    if tokens and logarithms:
        raise InputError("--tokens and --log-probs exclude each other", usage=True)
    if from_logits and (tokens or logarithms):
        other = "--tokens" if tokens else "--log-probs"
        why = f"--logits and {other} exclude each other: a distribution, or the tokens of a text"
        raise InputError(why, usage=True)
    if from_logits and normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    if normalize and (tokens or log_probs is not ABSENT):
        raise InputError(
            "--normalize is for a distribution: tokens' probabilities don't sum to 1", usage=True
        )
    if log_probs is not ABSENT:  # with --log-probs, or of a language model's response
        return _token_report(log_probs, logarithms=True)
    if tokens:
        return _token_report(token_probs, logarithms=False)
    of_logits = information.perplexity(logits=logits) if from_logits else None
    try:
        result: Any = of_logits or information.perplexity(probs, normalize)
    except InputError as error:
        if probs is not None and probs.shape[-1] > 1 and ((probs >= 0.0) & (probs <= 1.0)).all():
            error.hint = "--tokens takes a text's probabilities; --normalize divides by the sum"
        raise
    return Report(
        result,
        show=("perplexity",),
        steps=(
            Line("perplexity = exp H(p)      H(p) = Σ p_i · ln(1/p_i), in nats"),
            Table((("p_i", "{probs}"), ("p_i · ln(1/p_i)", "{terms}")), bar="terms"),
            Line(
                " H = {terms: + } = {nats} nats",
                condition="terms_add_up",
                fallback=" H = {nats} nats where p sums to 1; these terms sum to {terms: + }",
            ),
            Line(" exp {nats} = {perplexity} equally likely choices"),
            CrossCheck("Π p_i^(-p_i) = {alternative}"),
        ),
        plot=Plot("terms"),
    )


def _token_report(values: Vector, *, logarithms: bool) -> Report:
    from aimath.core import information

    if logarithms:
        result: Any = information.perplexity(log_probs=values)
        table = Table((("ln p of token, nats", "{log_probs}"), ("p", "{token_probs}")), bar="token_probs")
    else:
        result = information.perplexity(tokens=values)
        table = Table((("p of token", "{token_probs}"), ("-ln p, nats", "{surprise}")), bar="token_probs")
    infinite = "infinite: token {entry} has probability 0"
    return Report(
        result,
        show=("perplexity",),
        steps=(
            Line("perplexity = exp of the mean of -ln p over the tokens"),
            table,
            Line(" mean = {nats} nats      exp {nats} = {perplexity}"),
            Line(f" {infinite.replace('entry', 'infinite_entry')}", nonzero="infinite_entry"),
            CrossCheck("1 / the geometric mean of p = {alternative}"),
        ),
        plot=Plot("token_probs"),
        page=infinity_footnote(result.infinite_entry, infinite),
    )
