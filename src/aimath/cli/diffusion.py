"""The command of diffusion models' forward process."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003  typer reads the annotation
from typing import Annotated

from aimath.cli.chance import normal, origin, settled
from aimath.cli.command import Commands, command
from aimath.cli.options import Flag, Form, Number, Operand, Seed, Vector, Whole
from aimath.errors import InputError
from aimath.report import Line, Plot, Report, Table, Verify

commands: Commands = {}

SCHEDULES = ("linear", "scaled-linear", "cosine")


@command(
    commands,
    Form(("x0",)),
    Form(("picture",), when=("image",)),
    example="aimath diffuse 1 -1 0.5 --t 500",
)
def diffuse(
    lines: Sequence[int],
    x0: Annotated[Vector | None, Operand("Data to be noised, usually within -1 and 1.")] = None,
    picture: Annotated[Vector | None, Operand("An image, with --image.", matrix=True)] = None,
    t: Annotated[int | None, Whole(("--t",), "The step, from 0 to T - 1.", 0, 10**7)] = None,
    T: Annotated[int, Whole(("--T",), "The number of steps.", 1, 10**7)] = 1000,  # noqa: N803  as in papers
    schedule: Annotated[str, Flag("--schedule", metavar="NAME", choices=SCHEDULES)] = "linear",
    beta_start: Annotated[float, Number(("--beta-start",), "The first beta.")] = 1e-4,
    beta_end: Annotated[float, Number(("--beta-end",), "The last beta.")] = 0.02,
    alpha_bar: Annotated[
        float | None, Number(("--alpha-bar",), "What is left of the data's variance, in place of t.")
    ] = None,
    noise: Annotated[Vector | None, Operand("The noise, in place of a random one.", flag="--noise")] = None,
    image: Annotated[bool, Flag("--image", help="All rows together are one image.")] = False,
    seed: Seed = "0",
) -> Report:
    """Noise data as a diffusion model does.

    x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise, where abar_t is the product of 1 - beta up to
    step t, counted from 0 (DDPM; Ho, Jain and Abbeel 2020).
    """
    from aimath.core import diffusion

    data = picture if image else x0
    if data is None or (t is None) == (alpha_bar is None):
        raise InputError(
            "needs one of --t and --alpha-bar", hint="try aimath diffuse 1 -1 0.5 --t 500", usage=True
        )
    notes: tuple[str, ...] = ()
    extra: dict[str, object] = {}
    if noise is None:
        drawn, notes = settled(seed)
        extra = origin(drawn)
        noise = normal(drawn, lines, data.shape[1:])
    elif image:
        noise = noise.reshape(data.shape)
    return Report(
        diffusion.diffuse(
            data,
            t=t,
            T=T,
            schedule=schedule,
            beta_start=beta_start,
            beta_end=beta_end,
            alpha_bar=alpha_bar,
            noise=noise,
        ),
        show=("noisy",),
        steps=(
            Line("x_t = √abar_t · x_0 + √(1 - abar_t) · noise      SNR = abar_t/(1 - abar_t)"),
            *_schedule_steps(alpha_bar is not None, schedule),
            Line(" abar = {alpha_bar}      √abar = {signal_scale}      √(1 - abar) = {noise_scale}"),
            Line(" SNR = {snr}"),
            Table((("x_0", "{x0}"), ("noise", "{noise}"), ("x_t", "{noisy}"))),
            Verify(
                "step by step, each shrinking and adding its noise: {other}"
                if alpha_bar is None
                else "as a rotation by the angle whose cos² is abar: {other}"
            ),
        ),
        beside="x0",
        notes=notes,
        extra=extra,
        plot=Plot("noisy", kind="picture" if image else "bars"),
    )


def _schedule_steps(given: bool, schedule: str) -> tuple[Line, ...]:
    """Say where abar comes from."""
    if given:
        return ()
    betas = {
        "linear": "beta from {beta_start} to {beta_end} evenly",
        "scaled-linear": "√beta from √{beta_start} to √{beta_end} evenly",
        "cosine": "abar as cos², no beta above 0.999",
    }
    return (
        Line(" abar_t = Π (1 - beta_s) for s = 0 .. t      t = {t} of 0 .. T-1, T = {T}"),
        Line(f" schedule {schedule}: {betas[schedule]}"),
    )
