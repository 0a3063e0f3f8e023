"""Commands of probability: softmax and its kin, Bayes, the normal distribution, a summary of values."""

from __future__ import annotations

import math
from typing import Annotated

from aimath.cli.chance import origin, settled
from aimath.cli.command import Commands, command
from aimath.cli.options import ABSENT, Flag, Form, Number, Operand, Seed, Temperature, Vector, Whole
from aimath.errors import InputError
from aimath.read.blocks import price
from aimath.read.numbers import integer, number
from aimath.report import Line, Plot, Report, Step, Table, Verify

commands: Commands = {}

DRAWN = 56
"""Bytes that a number drawn takes, with its text, until all of them are written."""

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 5.0, math.inf)


@command(commands, example="aimath softmax 2 1 0.1")
def softmax(
    logits: Annotated[Vector, Operand("Logits: any real numbers; -inf is a mask.")],
    temperature: Temperature = 1.0,
    log: Annotated[bool, Flag("--log", help="Give natural logarithms of the probabilities.")] = False,
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
        beside="logits",
        plot=Plot("probs"),
    )


def _softmax_steps(temperature: float, *, log: bool) -> tuple[Step, ...]:
    """Give the steps; at T = 1 nothing is divided by it, and 0 and inf are limits."""
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
        Verify(f"by logarithms, exp(z_i{over} - ln Σ exp(z_j{over})): {{other:.4}}"),
    )


@command(commands, example="aimath logsumexp 1000 1000.5 999")
def logsumexp(values: Annotated[Vector, Operand("Any real numbers.")]) -> Report:
    """Take the logarithm of a sum of exponentials.

    log(sum exp(x)), in nats, where exp alone would overflow or lose everything.
    """
    from aimath.core import probability

    return Report(
        probability.logsumexp(values),
        show=("logsumexp",),
        steps=(
            Line("logsumexp(x) = m + ln S      S = Σ exp(x_j - m), which can't overflow"),
            Line(" m = max x = {maximum}"),
            Table((("x", "{values}"), ("1 shift x-m", "{shifted}"), ("2 exp", "{weights}")), bar="weights"),
            Line(" 3 sum   S = {weights: + } = {total}"),
            Line(" 4 m + ln S = {maximum} + ln {total} = {logsumexp:.10} nats"),
            Verify("two by two, ln(exp a + exp b), from the first to the last: {other:.10}"),
        ),
        units={"logsumexp": "nats"},
        plot=Plot("weights"),
    )


@command(commands, example="aimath temperature 2 1 0.1 -1 3")
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
            Verify("(ln S - Σ p_i (z_i - m)/T) / ln 2 = {other}", "check_entropy"),
        ),
        units={"entropy": "bits"},
        plot=Plot("entropy", "temperature", "curve"),
    )


@command(
    commands,
    Form(("x",)),
    Form(("p",), when=("quantile",)),
    Form((), when=("between", "sample")),
    example="aimath gaussian 0 1 2 --mu 0 --sigma 1",
)
def gaussian(
    x: Annotated[Vector, Operand("Where to evaluate.")] = ABSENT,
    p: Annotated[Vector, Operand("Probabilities, with --quantile.")] = ABSENT,
    mu: Annotated[float, Number(("--mu",), "The mean.")] = 0.0,
    sigma: Annotated[float, Number(("--sigma",), "The standard deviation.")] = 1.0,
    log: Annotated[bool, Flag("--log", help="Give the natural logarithm of the density.")] = False,
    cdf: Annotated[bool, Flag("--cdf", help="Give P(X <= x).")] = False,
    quantile: Annotated[bool, Flag("--quantile", help="Give the x with P(X <= x) = p.")] = False,
    between: Annotated[
        tuple[str, str] | None, Flag("--between", help="Give P(A < X < B).", metavar="A B")
    ] = None,
    sample: Annotated[str, Flag("--sample", help="Draw N numbers.", metavar="N")] = "",
    seed: Seed = "0",
    memory: int | None = None,
) -> Report:
    """Evaluate the normal distribution.

    density(x) = exp(-z^2/2) / (sigma sqrt(2 pi)) with z = (x - mu)/sigma; or its logarithm,
    distribution function, quantiles, the probability of an interval, or random numbers.
    """
    from aimath.core import probability

    asked = [name for name, on in _ways(log, cdf, quantile, between, sample) if on]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} exclude each other", usage=True)
    if sample:
        return _gaussian_sample(sample, mu, sigma, seed, memory)
    if between:
        return _gaussian_between(between, mu, sigma)
    if quantile:
        return Report(
            probability.gaussian_quantile(p, mu, sigma),
            show=("quantile",),
            steps=(
                Line("x = mu + sigma · z      Φ(z) = p"),
                Table((("p", "{p}"), ("z", "{z}"), ("x = mu + sigma · z", "{quantile}"))),
                Verify("Φ((x - mu)/sigma) = {other}"),
            ),
            beside="p",
            plot=Plot("quantile", "p", "curve"),
        )
    field = "cdf" if cdf else "log_density" if log else "density"
    return Report(
        probability.gaussian(x, mu, sigma),
        show=(field,),
        steps=_gaussian_steps(field),
        beside="x",
        plot=Plot(field, "x", "curve"),
    )


def _ways(
    log: bool, cdf: bool, quantile: bool, between: object, sample: str
) -> tuple[tuple[str, object], ...]:
    return (
        ("--log", log),
        ("--cdf", cdf),
        ("--quantile", quantile),
        ("--between", between),
        ("--sample", sample),
    )


def _gaussian_steps(field: str) -> tuple[Step, ...]:
    formulas = {
        "density": "density = exp(-z²/2) / (sigma · √(2π))      z = (x - mu)/sigma",
        "log_density": "ln density = -z²/2 - ln sigma - ln(2π)/2      z = (x - mu)/sigma",
        "cdf": "P(X ≤ x) = Φ(z)      z = (x - mu)/sigma",
    }
    checks = {
        "density": Verify("exp of the log-density = {other}"),
        "log_density": Verify("ln of the density = {other}", "check_log"),
        "cdf": Verify("the area under the density up to x = {other}", "check_cdf"),
    }
    return (
        Line(formulas[field]),
        Line(" mu = {mu}      sigma = {sigma}"),
        Table(
            (("x", "{x}"), ("1 z", "{z}"), (f"2 {field.replace('_', ' ')}", f"{{{field}}}")),
            bar="" if field == "log_density" else field,
        ),
        checks[field],
    )


def _gaussian_sample(sample: str, mu: float, sigma: float, seed: str, memory: int | None) -> Report:
    import numpy as np

    from aimath.core import probability

    drawn, notes = settled(seed)
    count = integer(sample, "--sample", 1, 10_000_000)
    price(count * DRAWN, f"to draw {count} numbers and write them", memory)
    result = probability.gaussian_sample(count, mu, sigma, np.random.default_rng(drawn))
    return Report(
        result,
        show=("sample",),
        steps=(
            Line("x = mu + sigma · z      z drawn from the standard normal distribution"),
            Line(" x = {mu} + {sigma} · {z} = {sample}"),
            Verify("z from its own tail probability: {other}"),
        ),
        notes=notes,
        extra=origin(drawn),
        plot=Plot("sample"),
    )


def _gaussian_between(between: tuple[str, str], mu: float, sigma: float) -> Report:
    from aimath.core import probability

    try:
        low, high = (number(text) for text in between)
    except InputError as error:
        raise InputError(f"--between: {error.why}", usage=True) from None
    return Report(
        probability.gaussian_between([low], [high], mu, sigma),
        show=("probability",),
        steps=(
            Line("P(a < X < b) = Φ(z_b) - Φ(z_a)      z = (x - mu)/sigma"),
            Line(" z_a = ({low} - {mu})/{sigma} = {z_low}      z_b = ({high} - {mu})/{sigma} = {z_high}"),
            Line(" P = {probability}"),
            Verify("the area under the density between them, by 64 strips = {other}"),
        ),
    )


@command(commands, example="aimath describe 2 4 4 4 5 5 7 9")
def describe(
    values: Annotated[Vector, Operand("Any real numbers.")],
    ddof: Annotated[int, Whole(("--ddof",), "Divide the variance by n - ddof.", 0, 10**9)] = 0,
) -> Report:
    """Summarise values: mean, variance, extremes.

    mean = sum x / n; variance = sum (x - mean)^2 / (n - ddof); std is its square root.
    """
    from aimath.core import probability

    return Report(
        probability.describe(values, ddof),
        show=("mean", "variance", "std", "min", "max", "count"),
        steps=(
            Line("mean = Σ x / n      variance = Σ (x - mean)² / (n - ddof)"),
            Table((("x", "{values}"), ("x - mean", "{deviations:+}")), bar="deviations"),
            Line(" mean = ({values: + }) / {count} = {mean}"),
            Line(" variance = {squares} / ({count} - {ddof}) = {variance}      std = √variance = {std}"),
            Line(" from {min} to {max}"),
            Verify("variance by differences to the first value = {other}"),
        ),
        plot=Plot("values"),
    )
