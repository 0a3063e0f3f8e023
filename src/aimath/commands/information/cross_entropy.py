"""The command cross-entropy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Base,
    GivenOperands,
    Ignore,
    MissingRow,
    ModelDistribution,
    Normalize,
    Number,
    Operand,
    RowNumbers,
    TrueDistribution,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._shared import class_indices, entropy_unit, infinity_footnote
from aimath.errors import InputError, Retype
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SHOWN = 6
"""So many entries of a row are named in an error."""
IMPOSSIBLE = "infinite: q is 0 at entry {entry}, where the target isn't"
MASKED = "infinite: entry {entry}, which the target has, is -inf"
ROUNDED_SUM = 0.011
"""How far from 1 the sum of probabilities may be that were written with a few digits."""


@command(
    Usage(("p", "q")),
    Usage(("probs",), selected_by=("probs",), example="aimath cross-entropy --probs .1,.8,.1 --target 1"),
    Usage(
        ("log_probs",),
        selected_by=("log_probs",),
        example="aimath cross-entropy --log-probs -.1053605,-2.302585 --target 0",
        beside=("p",),
    ),
    Usage(
        ("logits",),
        selected_by=("logits", "target"),
        example="aimath cross-entropy 2 1 0.1 --target 0",
        beside=("p",),
    ),
    example="aimath cross-entropy 0,1,0 .1,.8,.1",
    answer="nats; of probabilities, or `--logits --target`, `--log-probs`",
    quiz=("cross_entropy", "loss", "untrained"),
    after="logsumexp",
)
def cross_entropy(
    p: TrueDistribution | None = ABSENT,
    q: ModelDistribution = ABSENT,
    logits: Annotated[Vector | None, Operand("Logits of the classes.", flag="--logits")] = None,
    probs: Annotated[
        Vector | None, Operand("Or probabilities of the classes, with --target.", flag="--probs")
    ] = None,
    log_probs: Annotated[
        Vector | None, Operand("Or their natural logarithms, with --target or --p.", flag="--log-probs")
    ] = None,
    target: Annotated[
        Vector | None,
        Operand("The right class, from 0; a list has one a row.", flag="--target", per_row=True),
    ] = None,
    label_smoothing: Annotated[
        float, Number(("--label-smoothing",), "Give every class e/n of the target's weight.")
    ] = 0.0,
    base: Base = math.e,
    normalize: Normalize = False,
    ignore: Ignore = "",  # noqa: ARG001  rows of this target don't come here
    row_numbers: RowNumbers = (1,),
    words: GivenOperands = ((), ()),
    is_missing: MissingRow = False,
) -> Report:
    """Measure the loss of predictions against a target.

    H(p, q) = sum p log(1/q), in nats, of distributions; or of logits and the number of the right
    class (--logits, --target), which is what classifiers and language models minimise. --probs are
    taken as they are, where softmax is already done.
    """
    if log_probs is not None:
        return _log_probs_report(p, log_probs, target, base, label_smoothing, normalize=normalize)
    if logits is not None and p is not None:
        if target is not None:
            why = "--p and --target are both the target: a distribution, or the number of a class"
            raise InputError(why, hint="leave one out", usage=True)
        return _soft_report(p, logits, base, label_smoothing, normalize=normalize)
    if probs is not None:
        if target is None:
            raise InputError("--probs needs --target: the number of the right class", usage=True)
        known = {"probs": probs, "target": class_indices(target, soft=True)}
        return _distribution_report(known, base, label_smoothing, normalize=normalize)
    if logits is None and row_numbers[0] == 1 and p is not None and q is not None and _is_class(p, q):
        raise _class_for_distribution(words[1])
    if logits is None:
        return _distribution_report({"p": p, "q": q}, base, label_smoothing, normalize=normalize)
    if target is None:
        why = "--logits needs --target, the number of the right class, or --p, a distribution"
        raise InputError(why, usage=True)
    if normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    named, typed = words
    if "logits" not in named and not is_missing and row_numbers[0] == 1 and _are_probabilities(logits):
        raise _probabilities_for_logits(logits, typed)
    return _logits_report(logits, target, base, label_smoothing)


def _is_class(p: Vector, q: Vector) -> bool:
    """Return whether q is one whole number that numbers an entry of p."""
    alone = q.shape[-1] == 1 < p.shape[-1]
    return alone and float(q[0, 0]).is_integer() and 0.0 <= q[0, 0] < p.shape[-1]


def _class_for_distribution(typed: Sequence[str]) -> InputError:
    """Return the error for a class in place of a distribution, with the line that was meant."""
    lists = [",".join(word.replace(",", " ").split()) for word in typed]
    meant = Retype(tuple(typed), (lists[0], "--target", lists[1])) if len(lists) == 2 else ""
    why = "q is one number, where a distribution is wanted: the number of the right class is --target"
    return InputError(why, hint=meant, usage=True)


def _passing_over(error: InputError, target: Vector) -> InputError:
    """Return the error with the option that passes a negative target's rows over, as the way out."""
    if error.operand == "target" and error.row is not None and not error.hint:
        number = float(target[min(error.row, len(target) - 1), 0])
        error.hint = f"use --ignore {number:g} to pass over such rows" if number < 0.0 else ""
    return error


def _probabilities_for_logits(rows: Vector, typed: Sequence[str]) -> InputError:
    """Return the error for probabilities where logits are wanted, with the line that was meant."""
    from aimath.core.numerics.arrays import SUM_TOLERANCE

    entries = " ".join(f"{x:g}" for x in rows[0, :MAX_SHOWN]) + " ..." * (rows.shape[-1] > MAX_SHOWN)
    why = f"{entries} are probabilities, where --target wants logits"
    rounded = ("--normalize",) if (abs(rows.sum(axis=-1) - 1.0) > SUM_TOLERANCE).any() else ()
    meant = Retype(tuple(typed), ("--probs", ",".join(word.strip(" ,") for word in typed), *rounded))
    hint = meant if typed else "use --probs for probabilities, --logits if they are logits all the same"
    return InputError(why, hint=hint, usage=True)


def _are_probabilities(rows: Vector) -> bool:
    """Return whether all rows are distributions, and no row of zeros and ones alone."""
    import numpy as np

    inside = (rows >= 0.0) & (rows <= 1.0)
    sums = np.abs(rows.sum(axis=-1) - 1.0) <= ROUNDED_SUM
    return bool(inside.all() and sums.all() and (rows != np.round(rows)).any(axis=-1).all())


def _distribution_report(
    known: Mapping[str, Any], base: float, label_smoothing: float, *, normalize: bool
) -> Report:
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    smooth, of = (1, "t") if label_smoothing > 0 else (0, "p")
    result: Any = information.cross_entropy(
        base=base, label_smoothing=label_smoothing, normalize=normalize, **known
    )
    return Report(
        result,
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
            Line(f" {IMPOSSIBLE.replace('entry}', 'infinite_entry}')}", nonzero="infinite_entry"),
            CrossCheck(
                f"entropy + divergence = H({of}) + KL({of}‖q) = {{entropy}} + {{kl}} = {{alternative}}",
                condition="parts_add_up",
                fallback=f"entropy + divergence, and what {of} sums to above q: {{alternative}}",
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "terms", "entropy", "kl"), unit),
        plot=Plot("terms"),
        page=infinity_footnote(result.infinite_entry, IMPOSSIBLE),
    )


def _soft_report(
    p: Vector, logits: Vector, base: float, label_smoothing: float, *, normalize: bool
) -> Report:
    from aimath.core import information

    result = information.cross_entropy(p, None, base, label_smoothing, normalize, logits=logits)
    return _report_of_soft_targets(result, base, label_smoothing)


def _report_of_soft_targets(result: Any, base: float, label_smoothing: float) -> Report:
    unit, log = entropy_unit(base), log_name(base)
    smoothing = Line(" label smoothing {label_smoothing}: t is p with that share given to all classes evenly")
    return Report(
        result,
        show=("cross_entropy",),
        steps=(
            Line(f"H = Σ t_i · {log}(1/q_i)      q = softmax(z)      t: the target, a distribution"),
            *((smoothing,) if label_smoothing > 0 else ()),
            Table(
                (
                    ("z", "{logits}"),
                    ("1 softmax", "{probs}"),
                    ("2 t", "{target}"),
                    (f"3 t · {log}(1/q)", "{terms}"),
                ),
                bar="terms",
            ),
            Line(f" H = {{terms: + }} = {{cross_entropy}} {unit}      perplexity {{perplexity}}"),
            Line(f" at least the entropy of the target, {{entropy}} {unit}"),
            CrossCheck(
                f"{log} Σ exp(z_j) - Σ t_i · z_i{'' if base == math.e else f'/ln {base:g}'} = {{alternative}}"
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "terms", "entropy"), unit),
        companion="logits",
        plot=Plot("terms"),
    )


def _log_probs_report(
    p: Vector | None,
    log_probs: Vector,
    target: Vector | None,
    base: float,
    label_smoothing: float,
    *,
    normalize: bool,
) -> Report:
    """Return the report of log-probabilities: as of logits, once they are checked to sum to 1."""
    from aimath.core import information

    if (p is None) == (target is None):
        why = "--log-probs needs --target, the number of the right class, or --p, a distribution"
        raise InputError(why, usage=True)
    result = information.cross_entropy(
        p, None, base, label_smoothing, normalize, log_probs=log_probs,
        target=None if target is None else class_indices(target, soft=True),
    )  # fmt: skip
    report = _report_of_classes if p is None else _report_of_soft_targets
    return report(result, base, label_smoothing)


def _logits_report(logits: Vector, target: Vector, base: float, label_smoothing: float) -> Report:
    from aimath.core import information

    classes = class_indices(target, soft=True)
    try:
        result = information.cross_entropy(None, None, base, label_smoothing, logits=logits, target=classes)
    except InputError as error:
        raise _passing_over(error, target) from None
    return _report_of_classes(result, base, label_smoothing)


def _report_of_classes(result: Any, base: float, label_smoothing: float) -> Report:
    unit, log = entropy_unit(base), log_name(base)
    smoothing = Line(" label smoothing {label_smoothing}: t gives that share to all classes evenly")
    return Report(
        result,
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
            Line(f" {MASKED.replace('entry}', 'infinite_entry}')}", nonzero="infinite_entry"),
            CrossCheck(
                f"{log} Σ exp(z_j) - Σ t_i · z_i{'' if base == math.e else f'/ln {base:g}'} = {{alternative}}"
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "terms"), unit),
        companion="logits",
        plot=Plot("probs"),
        page=infinity_footnote(result.infinite_entry, MASKED),
    )
