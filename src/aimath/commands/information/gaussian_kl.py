"""The command gaussian-kl."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Base,
    Operand,
    Usage,
    Vector,
)
from aimath.commands._shared import entropy_unit
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Plot, Report, Table

CURVE_POINTS = 401
LARGEST = 1.7976931348623157e308
DENSITIES = Plot("densities", "curve_x", "curve", axes=("x", "density"), series="curve_names", from_zero=True)
"""Both distributions of one dimension."""


@command(
    Usage(("mu", "sigma")),
    Usage(("mu", "logvar"), selected_by=("logvar",), example="aimath gaussian-kl --mu 1 --logvar 0.5"),
    example="aimath gaussian-kl --mu 1 --sigma 2",
    answer="nats; `--logvar` as in a VAE",
    quiz=("gaussian_kl",),
    after="mutual-information",
)
def gaussian_kl(
    mu: Annotated[Vector, Operand("Means of the first, one a dimension.", flag="--mu")],
    sigma: Annotated[Vector, Operand("Its standard deviations.", flag="--sigma")] = ABSENT,
    mu2: Annotated[Vector | None, Operand("Means of the second.  [default: 0]", flag="--mu2")] = None,
    sigma2: Annotated[
        Vector | None, Operand("Standard deviations of the second.  [default: 1]", flag="--sigma2")
    ] = None,
    logvar: Annotated[
        Vector | None, Operand("ln sigma^2, as a VAE's encoder gives it.", flag="--logvar")
    ] = None,
    base: Base = math.e,
) -> Report:
    """Measure the divergence of two normal distributions.

    KL(N(mu, sigma^2) ‖ N(mu2, sigma2^2)), summed over independent dimensions, in nats; the second
    is N(0, 1) unless given, as in a VAE, whose --logvar may stand for --sigma.
    """
    from aimath.core import information

    unit = entropy_unit(base)
    if logvar is not None:
        if any(values is not None for values in (sigma, mu2, sigma2)):
            raise InputError("--logvar is measured against N(0, 1): give --mu and --logvar alone", usage=True)
        result: Any = information.gaussian_kl(mu, base=base, logvar=logvar)
        formula = "KL = -1/2 Σ (1 + l - mu² - exp(l))      l = ln sigma²"
        computed = " summed as Σ (mu² + (exp(l) - 1) - l) / 2, which keeps the digits of a small l"
        columns: tuple[tuple[str, str], ...] = (("mu", "{mu}"), ("l", "{logvar}"), (unit, "{terms}"))
    else:
        result = information.gaussian_kl(mu, sigma, mu2, sigma2, base)
        formula = "KL = Σ ln(s2/s1) + (s1² + (m1 - m2)²)/(2 s2²) - 1/2"
        computed = (
            " summed as Σ (r - ln(1 + r)) + r²/2 + d²/2, which keeps the digits of what is close"
            "      r = (s1 - s2)/s2   d = (m1 - m2)/s2"
        )
        columns = (("m1", "{mu}"), ("s1", "{sigma}"), ("m2", "{mu2}"), ("s2", "{sigma2}"), (unit, "{terms}"))
    return Report(
        result,
        show=("kl",),
        steps=(
            Line(formula),
            Line(computed),
            Table(columns, bar="terms"),
            Line(f" KL = {{terms: + }} = {{kl}} {unit}"),
            CrossCheck("the formula at the top, as it stands = {alternative}"),
        ),
        units=dict.fromkeys(("kl", "terms"), unit),
        plot=DENSITIES if result.mu.size == 1 else Plot("terms"),
        drawn=lambda: _densities(result) if result.mu.size == 1 else {},
    )


def _densities(result: Any) -> dict[str, Any]:
    """Return both densities (2, n) over 4 standard deviations around their means."""
    import numpy as np

    from aimath.core import probability

    standard = (getattr(result, "mu2", 0.0), getattr(result, "sigma2", 1.0))
    both = [(float(np.ravel(m)[0]), float(np.ravel(s)[0])) for m, s in ((result.mu, result.sigma), standard)]
    names = [
        f"{name}: mu {m:.4g}, sigma {s:.4g}" for name, (m, s) in zip(("first", "second"), both, strict=True)
    ]
    share = np.linspace(0.0, 1.0, CURVE_POINTS)
    with np.errstate(all="ignore"):
        low, high = np.clip(
            [min(m - 4.0 * s for m, s in both), max(m + 4.0 * s for m, s in both)], -LARGEST, LARGEST
        )
        at = low * (1.0 - share) + high * share
        densities = np.stack([probability.gaussian(at, m, s).density for m, s in both])
    return {"curve_x": at, "densities": densities, "curve_names": np.array(names)}
