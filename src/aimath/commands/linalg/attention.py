"""The command of attention, with one head or several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import ABSENT, Flag, Form, Number, Operand, Seed, Vector, Whole
from aimath.cli.seeds import origin
from aimath.commands._shared import COPIES, one
from aimath.errors import InputError, counted
from aimath.read.blocks import price
from aimath.report import Line, Panels, Plot, Report, Verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.report import Step

commands: Commands = {}
EXAMPLE = (
    "aimath attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' -V '1 0; 0 1; 2 2' --tokens the,cat,sat --causal"
)
HEADS_SHOWN = 4
TERMS_SHOWN = 3
OF_PAIRS = ("scores", "scaled", "masked", "weights")
"""Quantities with a number for each query and key: made only where they are asked for."""


@command(commands, Form(("Q", "K", "V")), Form(("X",), when=("heads",)), example=EXAMPLE)
def attention(
    Q: Annotated[Vector, Operand("Queries, one a row.", flag="-Q", matrix=True)] = ABSENT,  # noqa: N803
    K: Annotated[Vector, Operand("Keys, one a row.", flag="-K", matrix=True)] = ABSENT,  # noqa: N803
    V: Annotated[Vector, Operand("Values, one a key.", flag="-V", matrix=True)] = ABSENT,  # noqa: N803
    X: Annotated[Vector, Operand("Positions, one a row, with --heads.", matrix=True)] = ABSENT,  # noqa: N803
    heads: Annotated[
        int | None, Whole(("--heads",), "Self-attention of one matrix with N heads.", 1, 10**6)
    ] = None,
    causal: Annotated[bool, Flag("--causal", help="Position i sees up to i only.")] = False,
    mask: Annotated[
        Vector | None,
        Operand("1 = may look, 0 = not; other numbers are added to the scores.", flag="--mask", matrix=True),
    ] = None,
    scale: Annotated[
        float | None, Number(("--scale",), "What multiplies the scores.  [default: 1/√d]")
    ] = None,
    tokens: Annotated[str, Flag("--tokens", help="What the positions are called.", metavar="A,B")] = "",
    seed: Seed = "0",
    memory: int | None = None,
) -> Report:
    """Mix values by how well queries match keys.

    output = softmax(Q Kᵀ · scale + mask) V with scale = 1/√d.
    Give -Q, -K and -V (literals or files), or one matrix X and --heads: then Q, K, V and the
    output are made with random weights of variance 1/d, the same for the same --seed. Vaswani et
    al. (2017).
    """
    from aimath.core import linalg as core

    options: dict[str, Any] = {"causal": causal, "scale": scale}
    options["mask"] = None if mask is None else _truth(one(mask, "mask"))
    masks = causal or mask is not None
    if heads is None:
        result = core.attention(one(Q, "Q"), one(K, "K"), one(V, "V"), **options)
        steps = _single_steps(len(result.Q), len(result.K), masks=masks, given=scale is not None)
        report = _report(result, steps, tokens, memory)
        names = report.labels or (str(len(result.Q)),)
        return report._replace(names={"last": names[-1], "d": str(result.Q.shape[-1])})
    import numpy as np

    if any(matrix is not None for matrix in (Q, K, V)):
        raise InputError("--heads makes Q, K and V of one matrix X: give that alone", usage=True)
    drawn = int(seed)
    # The stream (seed, 1): randn:MxN takes the stream of the seed itself.
    several = core.multi_head(one(X, "X"), heads, rng=np.random.default_rng((drawn, 1)), **options)
    report = _report(several, _several_steps(several.Q.shape, masks=masks), tokens, memory)
    return report._replace(extra=origin(drawn), stack="head")


def _truth(mask: Vector) -> Any:
    """Take a mask of zeros and ones for truth values."""
    return mask == 1 if ((mask == 0) | (mask == 1)).all() else mask


def _names(tokens: str, count: int) -> tuple[str, ...]:
    names = tuple(word.strip() for word in tokens.split(",")) if tokens else ()
    if names and len(names) != count:
        why = f"--tokens: {counted(len(names), 'name')} for {counted(count, 'position')}"
        raise InputError(why, hint="give one name for each row", usage=True)
    return names


def _report(result: Any, steps: tuple[Step, ...], tokens: str, memory: int | None) -> Report:
    return Report(
        result,
        show=("output",),
        steps=steps,
        labels=_names(tokens, len(result.output)),
        plot=Plot("weights", kind="heat"),
        whole=True,
        afford=_afford((*result.Q.shape[:-1], result.K.shape[-2]), memory),
    )


def _afford(shape: tuple[int, ...], memory: int | None) -> Callable[[str], None]:
    """Refuse quantities of every query and key that are too large together with those asked for before."""
    made: dict[str, None] = {}

    def afford(name: str) -> None:
        if name in OF_PAIRS:
            made[name] = None
            size = COPIES * 8 * math.prod(shape) * len(made)
            what = f"{', '.join(made)} of {' x '.join(map(str, shape))} numbers with their text"
            price(size, what, memory, instead="--fields output")

    return afford


def _panels(index: str, *, masks: bool, corner: str = "") -> Panels:
    """Give the four panels, of which the third is left out where nothing is masked."""
    columns = (
        ("1 Q·Kᵀ", f"scores{index}"),
        ("2 times scale", f"scaled{index}"),
        *((("3 mask", f"masked{index}"),) * masks),
        (f"{3 + masks} softmax", f"weights{index}"),
    )
    return Panels(columns, heat=f"weights{index}", corner=corner)


def _single_steps(queries: int, keys: int, *, masks: bool, given: bool) -> tuple[Step, ...]:
    terms = [f"{{weights[{queries - 1}][{k}]:.4}}·[{{V[{k}]:.4}}]" for k in range(keys)]
    if keys > TERMS_SHOWN:
        terms = [*terms[: TERMS_SHOWN - 1], "…", terms[-1]]
    why = "scale = {scale}" if given else "scale = 1/√d = 1/√{d} = {scale}"
    return (
        Line(f"output = softmax(Q·Kᵀ · scale{' + mask' * masks}) · V      {why}"),
        _panels("", masks=masks),
        Line(f" {4 + masks} softmax · V, for {{last}}:   {' + '.join(terms)}"),
        Panels((("output", "output"),)),
        Verify("key by key, with a running maximum and sum: {other}"),
    )


def _several_steps(shape: tuple[int, ...], *, masks: bool) -> tuple[Step, ...]:
    heads, _, width = shape
    shown = range(min(heads, HEADS_SHOWN))
    more = heads - len(shown)
    return (
        Line(f"heads softmax(Q·Kᵀ · scale{' + mask' * masks}) · V, side by side, times Wo"),
        Line(f" Q = X·Wq   K = X·Wk   V = X·Wv   heads: {{heads}}, each of width {width}"),
        Line(" scale = {scale}"),
        *(_panels(f"[{h}]", masks=masks, corner=f"head {h + 1}") for h in shown),
        *((Line(f" … {counted(more, 'more head')} of {{heads}}"),) if more else ()),
        Line(
            f" {4 + masks} heads' softmax · V side by side, times Wo:      {{heads}} · {width} numbers a row"
        ),
        Panels((("output", "output"),)),
        Verify("a sum over heads, each through its own rows of Wo: {other}"),
    )
