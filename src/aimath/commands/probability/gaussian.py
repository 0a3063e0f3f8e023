"""The command of the normal distribution."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Applies,
    MemoryLimit,
    Number,
    Operand,
    Option,
    PlotAsked,
    Seed,
    Usage,
    Vector,
)
from aimath.cli.runner.seeds import rng_metadata
from aimath.errors import InputError
from aimath.read.blocks import check_budget
from aimath.read.numbers import parse_integer, parse_number, parse_option
from aimath.report import CrossCheck, Line, Plot, Report, Table

CURVE_POINTS = 401
REACH = 10.0
"""A picture goes on to what is typed if that is within so many sigmas of the mean."""
LARGEST = 1.7976931348623157e308
BYTES_PER_SAMPLE = 56
"""Bytes that a number drawn takes, with its text, until all of them are written."""
FORMULAS_AND_CHECKS = {
    "density": (
        "density = exp(-z²/2) / (sigma · √(2π))",
        CrossCheck("exp of the log-density = {alternative}"),
    ),
    "log_density": (
        "ln density = -z²/2 - ln sigma - ln(2π)/2",
        CrossCheck("ln of the density = {alternative}", "check_log"),
    ),
    "log_cdf": (
        "ln P(X ≤ x) = ln Φ(z)",
        CrossCheck(
            "by the area under the density, and by a continued fraction below -2: {alternative}",
            "check_log_cdf",
        ),
    ),
    "cdf": ("P(X ≤ x) = Φ(z)", CrossCheck("the area under the density up to x = {alternative}", "check_cdf")),
}
"""A quantity's formula, and how it is checked."""


@command(
    Usage(("x",)),
    Usage(("p",), selected_by=("quantile",), example="aimath gaussian 0.975 --quantile"),
    Usage((), selected_by=("between", "sample"), example="aimath gaussian --between -1 1"),
    example="aimath gaussian 0 1 2 --mu 0 --sigma 1",
    answer="density; `--log --cdf --quantile --between --sample`",
    quiz=("gaussian",),
    applies=(Applies(("seed",), "sample"),),
    after="bayes",
)
def gaussian(
    x: Annotated[Vector, Operand("Where to evaluate.")] = ABSENT,
    p: Annotated[Vector, Operand("Probabilities, with --quantile.")] = ABSENT,
    mu: Annotated[float, Number(("--mu",), "The mean.")] = 0.0,
    sigma: Annotated[float, Number(("--sigma",), "The standard deviation.")] = 1.0,
    log: Annotated[
        bool, Option("--log", help="Give the natural logarithm of the density, or of --cdf.")
    ] = False,
    cdf: Annotated[bool, Option("--cdf", help="Give P(X <= x).")] = False,
    quantile: Annotated[bool, Option("--quantile", help="Give the x with P(X <= x) = p.")] = False,
    between: Annotated[
        tuple[str, str] | None, Option("--between", help="Give P(A < X < B).", metavar="A B")
    ] = None,
    sample: Annotated[str, Option("--sample", help="Draw N numbers.", metavar="N")] = "",
    seed: Seed = "0",
    memory: MemoryLimit = None,
    plot: PlotAsked = False,
) -> Report:
    """Evaluate the normal distribution.

    density(x) = exp(-z^2/2) / (sigma sqrt(2 pi)) with z = (x - mu)/sigma; or its logarithm,
    distribution function (with --log its own, exact in the far tail too), quantiles, the
    probability of an interval, or random numbers.
    """
    ways = {
        "--log": log and not cdf,
        "--cdf": cdf,
        "--quantile": quantile,
        "--between": between,
        "--sample": sample,
    }
    asked = [name for name, on in ways.items() if on]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} exclude each other", usage=True)
    if sample:
        return _sample_report(sample, mu, sigma, int(seed), memory)
    if between:
        return _interval_report(between, mu, sigma)
    if quantile:
        return _quantile_report(p, mu, sigma)
    given: Any = x
    at = _at_whole_sigmas(mu, sigma) if plot and given is None else x
    return _density_report(at, mu, sigma, "log_" * log + ("cdf" if cdf else "density"))


def _at_whole_sigmas(mu: float, sigma: float) -> Vector:
    """Return the x (1, 9) from 4 sigmas below the mean to 4 above, for a picture without any typed."""
    import numpy as np

    with np.errstate(over="ignore"):
        return np.clip(mu + sigma * np.arange(-4.0, 5.0), -LARGEST, LARGEST)[np.newaxis]


def _curve(mu: float, sigma: float, field: str, x: Any = ()) -> dict[str, Any]:
    """Return a quantity as a curve over mu ± 4 sigma, and as far as the x that are not much further away."""
    import numpy as np

    from aimath.core import probability

    with np.errstate(all="ignore"):
        near = np.asarray(x, np.float64).ravel()
        near = near[np.isfinite(near) & (np.abs(near / 2.0 - mu / 2.0) <= REACH * sigma / 2.0)]
        low, high = np.clip([mu - 4.0 * sigma, mu + 4.0 * sigma], -LARGEST, LARGEST)
        share = np.linspace(0.0, 1.0, CURVE_POINTS)
        low, high = np.append(near, low).min(), np.append(near, high).max()
        at = low * (1.0 - share) + high * share
    return {"curve_x": at, "curve": getattr(probability.gaussian(at, mu, sigma), field)}


def _density_report(x: Vector, mu: float, sigma: float, field: str) -> Report:
    from aimath.core import probability

    formula, check = FORMULAS_AND_CHECKS[field]
    drawn, plot = field, Plot(
        "curve", "curve_x", "curve", axes=("x", field.replace("_", " ")), points=("x", field),
        from_zero=not field.startswith("log"),
    )  # fmt: skip
    if field == "cdf" and x.size == 1:  # an area
        drawn = "density"
        plot = _area_plot(("everything", "x"), "P(X ≤ {x}) = {cdf}")
    return Report(
        probability.gaussian(x, mu, sigma),
        show=(field,),
        steps=(
            Line(formula + "      z = (x - mu)/sigma"),
            Line(" mu = {mu}      sigma = {sigma}"),
            Table(
                (("x", "{x}"), ("1 z", "{z}"), (f"2 {field.replace('_', ' ')}", f"{{{field}}}")),
                bar="" if field.startswith("log") else field,
            ),
            check,
        ),
        companion="x",
        plot=plot._replace(column=field),
        drawn=lambda: _curve(mu, sigma, drawn, x) | {"everything": -math.inf},
    )


def _area_plot(area: tuple[str, str], caption: str) -> Plot:
    """Return a plot of the density, shaded between two quantities."""
    axes = ("x", "density")
    return Plot("curve", "curve_x", "curve", axes=axes, area=area, caption=caption, from_zero=True)


def _quantile_report(p: Vector, mu: float, sigma: float) -> Report:
    from aimath.core import probability

    found = probability.gaussian(None, mu, sigma, quantile=p)
    if p.size == 1:
        plot = _area_plot(("everything", "quantile"), "P(X ≤ {quantile}) = {p}")
        drawn = lambda: _curve(mu, sigma, "density", found.quantile) | {"everything": -math.inf}  # noqa: E731
    else:
        names = ("p", "quantile")
        plot = Plot("curve", "curve_x", "curve", axes=names, points=names, column="quantile")
        drawn = lambda: _quantile_curve(mu, sigma)  # noqa: E731
    return Report(
        found,
        show=("quantile",),
        steps=(
            Line("x = mu + sigma · z      Φ(z) = p"),
            Table((("p", "{p}"), ("z", "{z}"), ("x = mu + sigma · z", "{quantile}"))),
            CrossCheck("Φ((x - mu)/sigma) = {alternative}"),
        ),
        companion="p",
        plot=plot,
        drawn=drawn,
    )


def _quantile_curve(mu: float, sigma: float) -> dict[str, Any]:
    import numpy as np

    from aimath.core import probability

    share = np.linspace(0.001, 0.999, CURVE_POINTS)
    return {"curve_x": share, "curve": probability.gaussian(None, mu, sigma, quantile=share).quantile}


def _sample_report(sample: str, mu: float, sigma: float, seed: int, memory: int | None) -> Report:
    from aimath.core import probability

    count = parse_integer(sample, "--sample", 1, 10_000_000)
    check_budget(count * BYTES_PER_SAMPLE, f"to draw {count} numbers and write them", memory)
    result = probability.gaussian(None, mu, sigma, sample=count, seed=seed)
    return Report(
        result,
        show=("sample",),
        steps=(
            Line("x = mu + sigma · z      z drawn from the standard normal distribution"),
            Line(" x = {mu} + {sigma} · {z} = {sample}"),
            CrossCheck("z from its own tail probability: {alternative}"),
        ),
        extra=rng_metadata(seed),
        plot=Plot(
            "sample", kind="histogram", axes=("x", "count"), points=("curve_x", "curve"),
            caption="expected: mu {mu}, sigma {sigma}",
        ),
        drawn=lambda: _curve(mu, sigma, "density"),
    )  # fmt: skip


def _interval_report(between: tuple[str, str], mu: float, sigma: float) -> Report:
    from aimath.core import probability

    low, high = (parse_option("--between", parse_number, text) for text in between)
    return Report(
        probability.gaussian(None, mu, sigma, between=([low], [high])),
        show=("probability",),
        steps=(
            Line("P(a < X < b) = Φ(z_b) - Φ(z_a)      z = (x - mu)/sigma"),
            Line(" z_a = ({low} - {mu})/{sigma} = {z_low}      z_b = ({high} - {mu})/{sigma} = {z_high}"),
            Line(" P = {probability}"),
            CrossCheck("the area under the density between them, by 64 strips = {alternative}"),
        ),
        plot=_area_plot(("low", "high"), "P({low} < X < {high}) = {probability}"),
        drawn=lambda: _curve(mu, sigma, "density", (low, high)),
    )
