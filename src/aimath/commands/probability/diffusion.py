"""The command of diffusion models' forward process."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Applies,
    Integer,
    Number,
    Operand,
    Option,
    RowNumbers,
    Seed,
    Source,
    Usage,
    Vector,
)
from aimath.cli.runner.seeds import rng_metadata
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Step, Table

SCALED = "x_0 is scaled from 0..16 to -1..1"
SHARE = "abar: the share of the variance that is still the image"
SCHEDULES = ("linear", "scaled-linear", "cosine")


@command(
    Usage(("x0",)),
    Usage(("picture",), selected_by=("image",), example="aimath diffuse --image '1 -1; 0.5 0' --t 500"),
    example="aimath diffuse 1 -1 0.5 --t 500",
    answer="x_t; `--schedule linear, scaled-linear, cosine`",
    quiz=("diffuse",),
    applies=(
        Applies(("seed",), "noise", given=False),
        Applies(("T", "schedule", "beta_start", "beta_end"), "alpha_bar", given=False),
        Applies(("beta_start", "beta_end"), "schedule", ("linear", "scaled-linear")),
    ),
    after="describe",
)
def diffuse(
    row_numbers: RowNumbers,
    source: Source,
    x0: Annotated[Vector | None, Operand("Data to be noised, usually within -1 and 1.")] = None,
    picture: Annotated[Vector | None, Operand("An image, with --image.", matrix=True)] = None,
    t: Annotated[int | None, Integer(("--t",), "The step, from 0 to T - 1.", 0, 10**7)] = None,
    T: Annotated[int, Integer(("--T",), "The number of steps.", 1, 10**7)] = 1000,  # noqa: N803  as in papers
    schedule: Annotated[str, Option("--schedule", metavar="NAME", choices=SCHEDULES)] = "linear",
    beta_start: Annotated[float, Number(("--beta-start",), "The first beta.")] = 1e-4,
    beta_end: Annotated[float, Number(("--beta-end",), "The last beta.")] = 0.02,
    alpha_bar: Annotated[
        float | None, Number(("--alpha-bar",), "What is left of the data's variance, in place of t.")
    ] = None,
    noise: Annotated[Vector | None, Operand("The noise, in place of a random one.", flag="--noise")] = None,
    image: Annotated[bool, Option("--image", help="All rows together are one image.")] = False,
    seed: Seed = "0",
) -> Report:
    """Noise data as a diffusion model does.

    x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise, where abar_t is the product of 1 - beta up to
    step t, counted from 0 (DDPM; Ho, Jain and Abbeel 2020).
    """
    from aimath.core import probability
    from aimath.core.numerics.random import standard_normal

    data = picture if image else x0
    digits = source.startswith("digits")
    if digits and data is not None:  # 8 x 8 images of 64 numbers, each in a row
        data = (data[0] if image else data) / 8.0 - 1.0
        row_numbers = range(1, len(data) + 1) if image else row_numbers
        image = False
    if data is None or (t is None) == (alpha_bar is None):
        both = t is not None and alpha_bar is not None
        why = "--t and --alpha-bar exclude each other" if both else "needs --t or --alpha-bar"
        raise InputError(why, hint="try aimath diffuse 1 -1 0.5 --t 500", usage=True)
    notes: tuple[str, ...] = (SCALED,) if digits else ()
    if t is not None and t == T:
        t, notes = T - 1, (*notes, f"steps count from 0: t = {T} is taken as the last of {T}, {T - 1}")
    extra: dict[str, object] = {}
    if noise is None:
        noise, extra = standard_normal(int(seed), row_numbers, data.shape[1:]), rng_metadata(int(seed))
    elif image:
        noise = _as_image(noise, data.shape[1:])
    return Report(
        probability.diffuse(data, t, T, schedule, beta_start, beta_end, alpha_bar, noise),
        show=("noisy",),
        steps=_steps(None if t is None else schedule),
        companion="x0",
        extra=extra,
        notes=notes,
        template_words={} if t is None else {"t": str(t)},
        plot=_plot(t, T, digits=digits, image=image),
    )


def _plot(t: int | None, T: int, *, digits: bool, image: bool) -> Plot:  # noqa: N803  as in papers
    """Return pictures of images, with the step and what is left of the image below each; or bars."""
    steps = () if t is None else ("t = {t} (last)",) if t == T - 1 else ("t = {t}",)
    under = (*steps, "abar {alpha_bar:.3}")
    if digits:
        return Plot("noisy", kind="picture", caption=f"{SCALED}   {SHARE}", limits=(-1.0, 1.0), under=under)
    return Plot("noisy", kind="picture", caption=SHARE, under=under) if image else Plot("noisy")


def _as_image(noise: Vector, shape: tuple[int, ...]) -> Vector:
    """Return lists of noise (rows, r c) as images (rows, r, c)."""
    found, wanted = noise.shape[-1], shape[0] * shape[1]
    if found != wanted:
        why = f"--noise has {pluralize(found, 'number')}, the image {wanted}"
        raise InputError(why, hint="give them in one list, row after row", usage=True)
    return noise.reshape(-1, *shape)


def _steps(schedule: str | None) -> tuple[Step, ...]:
    """Return the steps; without a schedule abar was given."""
    betas = {
        "linear": "beta from {beta_start} to {beta_end} evenly",
        "scaled-linear": "√beta from √{beta_start} to √{beta_end} evenly",
        "cosine": "abar as cos², no beta above 0.999",
    }
    origins = (
        ()
        if schedule is None
        else (
            Line(" abar_t = Π (1 - beta_s) for s = 0 .. t      t = {t} of 0 .. T-1, T = {T}"),
            Line(f" schedule {schedule}: {betas[schedule]}"),
        )
    )
    return (
        Line("x_t = √abar_t · x_0 + √(1 - abar_t) · noise      SNR = abar_t/(1 - abar_t)"),
        *origins,
        Line(" abar = {alpha_bar}      √abar = {signal_scale}      √(1 - abar) = {noise_scale}"),
        Line(" SNR = {snr}"),
        Table((("x_0", "{x0}"), ("noise", "{noise}"), ("x_t", "{noisy}"))),
        CrossCheck(
            "as a rotation by the angle whose cos² is abar: {alternative}"
            if schedule is None
            else "step by step, each shrinking and adding its noise: {alternative}"
        ),
    )
