"""The command cross-entropy."""

from __future__ import annotations

import math
from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Base,
    ModelDistribution,
    Normalize,
    Number,
    Operand,
    TrueDistribution,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._shared import class_indices, entropy_unit
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("p", "q")),
    Usage(("logits",), selected_by=("logits", "target"), example="aimath cross-entropy 2 1 0.1 --target 0"),
    example="aimath cross-entropy 0,1,0 .1,.8,.1",
    answer="nats; of probabilities, or `--logits --target`",
    quiz=("cross_entropy", "loss"),
    after="logsumexp",
)
def cross_entropy(
    p: TrueDistribution = ABSENT,
    q: ModelDistribution = ABSENT,
    logits: Annotated[Vector | None, Operand("Logits of the classes.", flag="--logits")] = None,
    target: Annotated[
        Vector | None,
        Operand("The right class, from 0; a list has one a row.", flag="--target", per_row=True),
    ] = None,
    label_smoothing: Annotated[
        float, Number(("--label-smoothing",), "Give every class e/n of the target's weight.")
    ] = 0.0,
    base: Base = math.e,
    normalize: Normalize = False,
) -> Report:
    """Measure the loss of predictions against a target.

    H(p, q) = sum p log(1/q), in nats, of distributions; or of logits and the number of the right
    class (--logits, --target), which is what classifiers and language models minimise.
    """
    if logits is None:
        return _distribution_report(p, q, base, label_smoothing, normalize=normalize)
    if target is None:
        raise InputError("--logits needs --target: the number of the right class", usage=True)
    if normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    return _logits_report(logits, target, base, label_smoothing)


def _distribution_report(
    p: Vector, q: Vector, base: float, label_smoothing: float, *, normalize: bool
) -> Report:
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    smooth, of = (1, "t") if label_smoothing > 0 else (0, "p")
    return Report(
        information.cross_entropy(p, q, base, label_smoothing, normalize),
        show=("cross_entropy",),
        steps=(
            Line(f"H(p, q) = Σ {of}_i · {log}(1/q_i)      p is the target, q the prediction"),
            *((Line(" t is p smoothed: {label_smoothing} of it goes to all outcomes evenly"),) * smooth),
            Table(
                (
                    ("p", "{p}"),
                    *((("t", "{target}"),) * smooth),
                    ("q", "{q}"),
                    (f"{of} · {log}(1/q)", "{terms}"),
                ),
                bar="terms",
            ),
            Line(f" H(p, q) = {{terms: + }} = {{cross_entropy}} {unit}      perplexity {{perplexity}}"),
            CrossCheck(
                f"entropy + divergence = H({of}) + KL({of}‖q) = {{entropy}} + {{kl}} = {{alternative}}",
                condition="parts_add_up",
                fallback=f"entropy + divergence, and what {of} sums to above q: {{alternative}}",
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "terms", "entropy", "kl"), unit),
        plot=Plot("terms"),
    )


def _logits_report(logits: Vector, target: Vector, base: float, label_smoothing: float) -> Report:
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    smoothing = Line(" label smoothing {label_smoothing}: t gives that share to all classes evenly")
    return Report(
        information.cross_entropy(
            None, None, base, label_smoothing, logits=logits, target=class_indices(target)
        ),
        show=("cross_entropy",),
        steps=(
            Line(f"H = Σ t_i · {log}(1/p_i)      p = softmax(z)      t = 1 for the right class, else 0"),
            *((smoothing,) if label_smoothing > 0 else ()),
            Table(
                (
                    ("z", "{logits}"),
                    ("1 softmax", "{probs}"),
                    ("2 target t", "{target_probs}"),
                    (f"3 t · {log}(1/p)", "{terms}"),
                ),
                bar="probs",
            ),
            Line(f" target {{target}}:   H = {{terms: + }} = {{cross_entropy}} {unit}"),
            Line(" perplexity {perplexity}"),
            CrossCheck(
                f"{log} Σ exp(z_j) - Σ t_i · z_i{'' if base == math.e else f'/ln {base:g}'} = {{alternative}}"
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "terms"), unit),
        companion="logits",
        plot=Plot("probs"),
    )
