"""The command of attention, with one head or several."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Applies,
    Integer,
    MemoryLimit,
    Number,
    Operand,
    Option,
    Seed,
    Usage,
    Vector,
)
from aimath.cli.runner.job import split_names
from aimath.cli.runner.seeds import rng_metadata
from aimath.commands._shared import price_quantities, single_matrix
from aimath.errors import InputError, pluralize
from aimath.read.blocks import check_budget
from aimath.report import CrossCheck, Line, Panels, Plot, Report

if TYPE_CHECKING:
    from aimath.report import Step

EXAMPLE = (
    "aimath attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' -V '1 0; 0 1; 2 2' --tokens the,cat,sat --causal"
)
HEADS = ("heads", "kv_heads")
MAX_HEADS_SHOWN = 4
MAX_TERMS_SHOWN = 3
POSITION_COPIES, PROJECTION_COPIES = 10, 5
"""With heads so many arrays of the size of X and of its weights are held: X W, cut into heads, and mixed."""
PAIRWISE_FIELDS = ("scores", "scaled", "masked", "weights")
"""Quantities with a number for each query and key: made only where they are asked for."""


@command(
    Usage(("Q", "K", "V"), selected_by=("Q", "K", "V", "kv_heads")),
    Usage(
        ("X",),
        selected_by=("heads",),
        example="aimath attention '1 0; 1 1; 0 1' --heads 2",
        lone=(("heads", "1"),),
    ),
    example=EXAMPLE,
    answer="output; `--causal --window --mask --heads --kv-heads`",
    quiz=("attention", "shared_keys"),
    applies=(Applies(("seed",), "heads"), Applies(("seed",), "Q", given=False)),
    after="analogy",
)
def attention(
    Q: Annotated[  # noqa: N803
        Vector, Operand("Queries, one a row.", flag="-Q", matrix=True, stacked=HEADS)
    ] = ABSENT,
    K: Annotated[Vector, Operand("Keys, one a row.", flag="-K", matrix=True, stacked=HEADS)] = ABSENT,  # noqa: N803
    V: Annotated[Vector, Operand("Values, one a key.", flag="-V", matrix=True, stacked=HEADS)] = ABSENT,  # noqa: N803
    X: Annotated[Vector, Operand("Positions, one a row, of self-attention.", matrix=True)] = ABSENT,  # noqa: N803
    heads: Annotated[int | None, Integer(("--heads",), "Cut columns into N heads.", 1, 10**6)] = None,
    kv_heads: Annotated[
        int | None,
        Integer(("--kv-heads",), "Heads of -K and -V, which share them.  [default: as many]", 1, 10**6),
    ] = None,
    causal: Annotated[bool, Option("--causal", help="Position i sees up to i only.")] = False,
    window: Annotated[
        int | None, Integer(("--window",), "Causal, and of the last N positions only.", 1, 10**12)
    ] = None,
    mask: Annotated[
        Vector | None,
        Operand("1 = may look, 0 = not; other numbers are added to the scores.", flag="--mask", matrix=True),
    ] = None,
    scale: Annotated[
        float | None, Number(("--scale",), "What multiplies the scores.  [default: 1/√d]")
    ] = None,
    tokens: Annotated[str, Option("--tokens", help="What the positions are called.", metavar="A,B")] = "",
    seed: Seed = "0",
    memory: MemoryLimit = None,
) -> Report:
    """Mix values by how well queries match keys.

    output = softmax(Q Kᵀ · scale + mask) V with scale = 1/√d.
    Give -Q, -K and -V (literals or files), or one matrix X: then Q, K, V and the output are made
    with random weights of variance 1/d, the same for the same --seed, with one head or --heads.
    Head h of --heads is columns h·d .. (h+1)·d, or an entry of the axis before the rows; with
    fewer --kv-heads, head h uses the keys of h // (heads/kv-heads). Vaswani et al. (2017).
    """
    from aimath.core import linalg as core

    options: dict[str, Any] = {"causal": causal, "scale": scale, "window": window}
    options["mask"] = None if mask is None else _as_boolean_mask(single_matrix(mask, "mask"))
    masks = causal or window is not None or mask is not None
    if heads is None or Q is not ABSENT:
        q, k, v = (single_matrix(x, name) for x, name in ((Q, "Q"), (K, "K"), (V, "V")))
        if heads is not None or kv_heads is not None:
            shared = core.attention(q, k, v, heads=heads, kv_heads=kv_heads, **options)
            steps = _heads_steps(shared, masked=masks, scale_given=scale is not None)
            return _report(shared, steps, tokens, memory)
        result = core.attention(q, k, v, **options)
        steps = _single_head_steps(len(result.Q), len(result.K), masked=masks, scale_given=scale is not None)
        report = _report(result, steps, tokens, memory)
        names = report.labels or (str(len(result.Q)),)
        return report._replace(template_words={"last": names[-1], "d": str(result.Q.shape[-1])})
    drawn, positions = int(seed), single_matrix(X, "X")
    length, width = positions.shape
    size = 8 * (PROJECTION_COPIES * width**2 + POSITION_COPIES * length * width)
    what = f"self-attention of {length} x {width} positions with weights of {width} x {width}"
    check_budget(size, what, memory, alternative="a smaller size")
    several = core.attention(X=positions, heads=heads, seed=drawn, **options)
    report = _report(several, _multi_head_steps(several.Q.shape, masked=masks), tokens, memory)
    return report._replace(extra=rng_metadata(drawn))


def _as_boolean_mask(mask: Vector) -> Any:
    """Return a mask of zeros and ones as booleans, and any other mask unchanged."""
    return mask == 1 if ((mask == 0) | (mask == 1)).all() else mask


def _token_labels(tokens: str, count: int) -> tuple[str, ...]:
    names = split_names("--tokens", tokens)
    if names and len(names) != count:
        why = f"{pluralize(len(names), 'name')} for {pluralize(count, 'position')}"
        raise InputError(why, hint="give one name for each row", usage=True).within("--tokens")
    return names


def _report(result: Any, steps: tuple[Step, ...], tokens: str, memory: int | None) -> Report:
    shape = (*result.Q.shape[:-1], result.K.shape[-2])
    return Report(
        result,
        show=("output",),
        steps=steps,
        names={"entry": _token_labels(tokens, result.output.shape[-2])},
        plot=Plot("weights", kind="heat", title="weights: row = query, column = key", hidden="hidden"),
        drawn=lambda: {"hidden": getattr(result, "attention", result).hides(shape)},
        check_memory=price_quantities(
            dict.fromkeys(PAIRWISE_FIELDS, math.prod(shape)),
            memory,
            alternative="--fields output",
            shape=" x ".join(map(str, shape)),
        ),
    )


def _panels(index: str, *, masked: bool, corner: str = "") -> Panels:
    """Return the panels of scores, scaled scores, mask (if any) and weights."""
    columns = (
        ("1 Q·Kᵀ", f"scores{index}"),
        ("2 times scale", f"scaled{index}"),
        *((("3 mask", f"masked{index}"),) * masked),
        (f"{3 + masked} softmax", f"weights{index}"),
    )
    return Panels(columns, shaded=f"weights{index}", corner=corner)


def _single_head_steps(queries: int, keys: int, *, masked: bool, scale_given: bool) -> tuple[Step, ...]:
    terms = [f"{{weights[{queries - 1}][{k}]:.4}}·[{{V[{k}]:.4}}]" for k in range(keys)]
    if keys > MAX_TERMS_SHOWN:
        terms = [*terms[: MAX_TERMS_SHOWN - 1], "…", terms[-1]]
    why = "scale = {scale}" if scale_given else "scale = 1/√d = 1/√{d} = {scale}"
    return (
        Line(f"output = softmax(Q·Kᵀ · scale{' + mask' * masked}) · V      {why}"),
        _panels("", masked=masked),
        Line(f" {4 + masked} softmax · V, for {{last}}:   {' + '.join(terms)}"),
        Panels((("output", "output"),)),
        CrossCheck("key by key, with a running maximum and sum: {alternative}"),
    )


def _heads_steps(result: Any, *, masked: bool, scale_given: bool) -> tuple[Step, ...]:
    """Return the steps of heads that are given, some of which may share keys."""
    heads, kv_heads, width = result.heads, result.kv_heads, result.Q.shape[-1]
    shown = range(min(heads, MAX_HEADS_SHOWN))
    share = heads // kv_heads
    why = "" if scale_given else f" = 1/√d = 1/√{width}"
    whose = [f"head {h + 1}" + f", keys {h // share + 1}" * (share > 1) for h in shown]
    more = heads - len(shown)
    return (
        Line(f"heads softmax(Q·Kᵀ · scale{' + mask' * masked}) · V, of {heads} heads"),
        Line(f" scale{why} = {{scale}}"),
        *(
            (Line(f" {share} heads share keys and values: head h has those of h // {share}"),)
            if share > 1
            else ()
        ),
        *(_panels(f"[{h}]", masked=masked, corner=whose[h]) for h in shown),
        *((Line(f" … {pluralize(more, 'more head')} of {{heads}}"),) if more else ()),
        Line(f" {4 + masked} softmax · V of each head:"),
        *(Panels((("output", f"mixed[{h}]"),), corner=f"head {h + 1}") for h in shown),
        CrossCheck("key by key, with a running maximum and sum: {alternative}"),
    )


def _multi_head_steps(shape: tuple[int, ...], *, masked: bool) -> tuple[Step, ...]:
    heads, _, width = shape
    shown = range(min(heads, MAX_HEADS_SHOWN))
    more = heads - len(shown)
    return (
        Line(f"heads softmax(Q·Kᵀ · scale{' + mask' * masked}) · V, side by side, times Wo"),
        Line(f" Q = X·Wq   K = X·Wk   V = X·Wv   heads: {{heads}}, each of width {width}"),
        Line(" scale = {scale}"),
        *(_panels(f"[{h}]", masked=masked, corner=f"head {h + 1}") for h in shown),
        *((Line(f" … {pluralize(more, 'more head')} of {{heads}}"),) if more else ()),
        Line(
            f" {4 + masked} heads' softmax · V side by side, times Wo:      {{heads}} · {width} numbers a row"
        ),
        Panels((("output", "output"),)),
        CrossCheck("a sum over heads, each through its own rows of Wo: {alternative}"),
    )
