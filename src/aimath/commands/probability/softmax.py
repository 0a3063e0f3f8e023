"""Commands of probability: softmax and its kin, a summary of values."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import Operand, Option, Temperature, Vector
from aimath.report import CrossCheck, Line, Plot, Reference, Report, Step, Table

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 5.0, math.inf)


@command(
    example="aimath softmax 2 1 0.1",
    answer="probabilities; `--temperature`, `--log`",
    quiz=("softmax",),
    chapter="probability",
)
def softmax(
    logits: Annotated[Vector, Operand("Logits: any real numbers; -inf is a mask.")],
    temperature: Temperature = 1.0,
    log: Annotated[bool, Option("--log", help="Give natural logarithms of the probabilities.")] = False,
) -> Report:
    """Turn logits into probabilities.

    softmax(z)_i = exp(z_i / T) / sum_j exp(z_j / T), with the largest logit subtracted first so
    that nothing overflows. T is the temperature; a logit of -inf is masked out.
    """
    from aimath.core import probability

    return Report(
        probability.softmax(logits, temperature),
        show=("log_probs",) if log else ("probs",),
        steps=_softmax_steps(temperature, log=log),
        units={"entropy": "bits"},
        companion="logits",
        plot=Plot("probs"),
    )


def _softmax_steps(temperature: float, *, log: bool) -> tuple[Step, ...]:
    """Return the steps, without the division at T = 1 and with the limits at T = 0 and inf."""
    over = "" if temperature == 1.0 else "/T"
    shift = "z-m" if temperature == 1.0 else "(z-m)/T"
    exponent = "z_i - m" if temperature == 1.0 else "(z_i - m)/T"
    limits = {
        0.0: " T = 0 is the limit: all goes to the largest, and equal ones share",
        math.inf: " T = inf is the limit: all that isn't masked is equally likely",
    }
    answer = ("5 logarithm", "{log_probs}") if log else ("4 divide by S", "{probs}")
    return (
        Line(f"softmax(z)_i = exp({exponent}) / S      S = Σ exp({exponent.replace('_i', '_j')})"),
        Line(" m = max z = {maximum}" + (f"      T = {temperature:g}" if over else "")),
        *((Line(limits[temperature]),) if temperature in limits else ()),
        Table(
            (
                ("z", "{logits}"),
                (f"1 shift {shift}", "{shifted}"),
                ("2 exp", "{weights}"),
                *((("4 divide by S", "{probs}"),) if log else ()),
                answer,
            ),
            bar="probs",
        ),
        Line(" 3 sum   S = {weights: + } = {total}"),
        Line(" entropy {entropy} bits: like a choice among {perplexity} equally likely"),
        CrossCheck(f"by logarithms, exp(z_i{over} - ln Σ exp(z_j{over})): {{alternative:.4}}"),
    )


def _largest_entropy(logits: Vector) -> dict[str, Any]:
    """Return how many logits of the first row are not masked, and the entropy if they are equally likely."""
    unmasked = int((logits[0] > -math.inf).sum())
    return {"unmasked": unmasked, "largest_entropy": math.log2(max(unmasked, 1))}


@command(
    example="aimath logsumexp 1000 1000.5 999",
    answer="nats; `--weights`",
    quiz=("logsumexp",),
)
def logsumexp(
    values: Annotated[Vector, Operand("Any real numbers.")],
    weights: Annotated[
        Vector | None, Operand("What each exponential is multiplied by; may be negative.", flag="--weights")
    ] = None,
) -> Report:
    """Take the logarithm of a sum of exponentials.

    log(sum exp(x)), in nats, where exp alone would overflow or lose everything; with --weights
    log(sum w exp(x)), scipy's b. A weighted sum below 0 has no logarithm and is refused.
    """
    from aimath.core import probability

    if weights is not None:
        return _weighted_report(values, weights)
    return Report(
        probability.logsumexp(values),
        show=("logsumexp",),
        steps=(
            Line("logsumexp(x) = m + ln S      S = Σ exp(x_j - m), which can't overflow"),
            Line(" m = max x = {maximum}"),
            Table((("x", "{values}"), ("1 shift x-m", "{shifted}"), ("2 exp", "{weights}")), bar="weights"),
            Line(" 3 sum   S = {weights: + } = {total}"),
            Line(
                " 4 m + ln S = {maximum:~} + ln {total:~} = {logsumexp:.10} nats",
                condition="total_is_distinct",
                fallback=" 4 m + ln S = {maximum:~} + ln({weights: + }) = {logsumexp:.10} nats",
            ),
            CrossCheck("two by two, ln(exp a + exp b), from the first to the last: {alternative:.10}"),
        ),
        units={"logsumexp": "nats"},
        plot=Plot("weights"),
    )


def _weighted_report(values: Vector, weights: Vector) -> Report:
    from aimath.core import probability

    return Report(
        probability.logsumexp(values, weights),
        show=("logsumexp",),
        steps=(
            Line(
                "logsumexp(x, w) = m + ln S      S = Σ w_j · exp(x_j - m), m = max x of those with a weight"
            ),
            Line(" m = {maximum}"),
            Table(
                (
                    ("x", "{values}"),
                    ("w", "{given_weights}"),
                    ("1 shift x-m", "{shifted}"),
                    ("2 w·exp", "{terms}"),
                ),
                bar="terms",
            ),
            Line(
                " 3 m + ln S = {maximum:~} + ln {total:~} = {logsumexp:.10} nats",
                condition="total_is_distinct",
                fallback=" 3 m + ln S = {maximum:~} + ln({terms: + }) = {logsumexp:.10} nats",
            ),
            CrossCheck(
                "two by two, ln(exp a + exp b), each x with ln w added: {alternative:.10}",
                undecided="the terms cancel: two by two in float64 nothing is left of them",
            ),
        ),
        units={"logsumexp": "nats"},
        plot=Plot("terms"),
    )


@command(
    example="aimath temperature 2 1 0.1 -1 3",
    answer="a row a temperature",
    quiz=("temperature", "heat"),
    after="entropy",
)
def temperature(
    logits: Annotated[Vector, Operand("Logits: any real numbers; -inf is a mask.")],
    temperature: Temperature = TEMPERATURES,  # type: ignore[assignment]  # a sweep by itself
) -> Report:
    """Show what temperature does to a distribution.

    softmax(z / T) for each T: a low T sharpens, a high T flattens, and the entropy grows with T.
    """
    from aimath.core import probability

    return Report(
        probability.softmax(logits, temperature),
        show=("temperature", "probs", "entropy", "perplexity"),
        steps=(
            Line("p_i = exp((z_i - m)/T) / S      S = Σ exp((z_j - m)/T)      m = max z"),
            Line("H = Σ p_i · log2(1/p_i), in bits"),
            Line(" T = {temperature}   p = {probs:.4}"),
            Line("   H = {entropy} bits, like a choice among {perplexity} equally likely"),
            CrossCheck("(ln S - Σ p_i (z_i - m)/T) / ln 2 = {alternative}", "check_entropy"),
        ),
        units={"entropy": "bits"},
        plot=Plot(
            "entropy", "temperature", "curve", axes=("T", "entropy, bits"),
            references=(Reference("largest_entropy", "log2 {unmasked} = {largest_entropy}"),),
        ),
        drawn=lambda: _largest_entropy(logits),
    )  # fmt: skip
