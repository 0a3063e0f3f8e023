"""The command evaluate: a classifier's report."""
# ruff: noqa: ARG001  options that are settings of the accumulator

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    Base,
    EntryLabels,
    Integer,
    Operand,
    Reduction,
    Usage,
    Vector,
)
from aimath.commands._shared import class_indices, entropy_unit
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.core.information import EvaluationAccumulator
    from aimath.core.numerics.accumulators import State

MAX_SHOWN_CLASSES = 12
"""Classes up to which a derivation has the confusion matrix."""
SEPARATORS = "_.-:/ "
"""Signs behind which the part of a column's name begins that is its own."""
SCALES = ("logits", "probs", "log_probs")


class PredictedRows:
    """Rows of predictions with their right classes as they are read, put into an accumulator."""

    def __init__(self, *, ignore: int | None) -> None:
        self.ignore = ignore
        self.accumulator: EvaluationAccumulator | None = None

    def update(self, target: Vector | None = None, labels: Sequence[str] = (), **predictions: Any) -> None:
        """Add rows of predictions, of whatever scale, with their targets and the names of the classes."""
        from aimath.core import information

        (scale, rows), *more = predictions.items()
        if more:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in predictions)
            raise InputError(f"{flags} exclude each other: each is the prediction", usage=True)
        if target is None:
            raise InputError("--target is missing: the right class of each row", usage=True)
        if target.shape[-1] > 1:
            raise InputError("{operand} has one class a row", operand="target", hint="write one a line")
        found = self.accumulator or information.EvaluationAccumulator(scale, ignore=self.ignore)
        try:
            found.update(rows, class_indices(target), class_names(labels, rows.shape[-1]))
        except InputError as error:
            if scale == "probs" and error.operand == scale and rows.shape[-1] > 1:
                error.hint = "use --logits if they are logits"
            raise
        self.accumulator = found

    def pass_over(self) -> None:
        """Do nothing about a row that is bad."""

    def merge(self, other: PredictedRows) -> None:
        """Add what is known of the rows that follow."""
        if self.accumulator is None:
            self.accumulator = other.accumulator
        elif other.accumulator is not None:
            self.accumulator.merge(other.accumulator)

    def state(self) -> State:
        """Return all that is held."""
        return {} if self.accumulator is None else self.accumulator.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Hold a state in place of what is held."""
        from aimath.core import information

        if state:
            self.accumulator = information.EvaluationAccumulator.of_state(state)


def class_names(labels: Sequence[str], width: int) -> tuple[str, ...]:
    """Return what the classes of rows are called: labels, without what the names of columns share.

    >>> class_names(("logit_cat", "logit_car"), 2), class_names(("p0", "p1"), 2)
    (('cat', 'car'), ('0', '1'))
    """
    if width == 1 and len(labels) == 1:  # the head of the column
        return ()
    if labels and len(labels) != max(width, 2):
        why = f"{pluralize(len(labels), 'name')} for {max(width, 2)} classes"
        raise InputError(why, hint="give one name for each class", usage=True).within("--labels")
    same = itertools.takewhile(lambda signs: len({*signs}) == 1, zip(*labels, strict=False))
    shared = "".join(signs[0] for signs in same)
    if len(labels) > 1 and not all(name[len(shared) :].isdigit() for name in labels):
        shared = shared[: max(map(shared.rfind, SEPARATORS)) + 1]
    own = [name[len(shared) :] for name in labels]
    return tuple(own if all(own) and len(labels) > 1 else labels)


@command(
    Usage(("logits", "target"), reduction=Reduction(PredictedRows, ("ignore",))),
    Usage(
        ("probs", "target"),
        selected_by=("probs",),
        example="aimath evaluate --probs .7,.2,.1 --target 0",
        reduction=Reduction(PredictedRows, ("ignore",)),
    ),
    Usage(
        ("log_probs", "target"),
        selected_by=("log_probs",),
        example="aimath evaluate --log-probs -.1 --target 1",
        reduction=Reduction(PredictedRows, ("ignore",)),
    ),
    example="aimath evaluate --logits 2,1,0.1 --target 0",
    answer="accuracy ±, losses, calibration, each class; `--probs`, `--log-probs`",
    after="compare",
)
def evaluate(
    logits: Annotated[Vector, Operand("Logits of the classes, a row each.", flag="--logits")] = ABSENT,
    target: Annotated[
        Vector, Operand("The right class, from 0; a list has one a row.", flag="--target", per_row=True)
    ] = ABSENT,
    probs: Annotated[Vector, Operand("Or their probabilities.", flag="--probs")] = ABSENT,
    log_probs: Annotated[Vector, Operand("Or natural logarithms of these.", flag="--log-probs")] = ABSENT,
    base: Base = math.e,
    top: Annotated[int, Integer(("--top",), "The k of top_accuracy.", 1, 10**9)] = 5,
    bins: Annotated[int, Integer(("--bins",), "Bins of the confidence.", 1, 10_000)] = 15,
    ignore: Annotated[
        int | None, Integer(("--ignore",), "Pass over rows of this target, as -100.", -(10**9), 10**9)
    ] = None,
    labels: EntryLabels = (),
    rows: Accumulated = None,
) -> Report:
    """Report what a classifier's predictions are worth.

    Of rows of logits or probabilities beside the right classes: accuracy ± its standard error, top-k
    accuracy, cross-entropy, perplexity, Brier score, expected calibration error, and each class's
    precision, recall and F1; of two classes the area under the ROC curve too. A single column is the
    probability of class 1. --plot draws the reliability diagram.
    """
    accumulator = rows.accumulator
    if accumulator is None:
        raise InputError("there are no rows to evaluate")
    result = accumulator.result(base, top, bins)
    unit = entropy_unit(base)
    two = result.auroc is not None
    passed = f"{pluralize(result.ignored, 'row')} passed over for the target {accumulator.ignore}"
    rough = f"more scores differ than are kept: calibration and ranks are within {result.rounding:.2g}"
    return Report(
        result,
        show=(
            *("count", "accuracy", "accuracy_stderr", "top_accuracy", "cross_entropy", "perplexity"),
            *("brier", "ece", "ece_equal_mass"),
            *(("auroc", "average_precision") if two else ()),
        ),
        steps=(
            Line("a row is right where its largest entry, the first of several, is the target's"),
            Line(
                " accuracy = {correct} / {count} = {accuracy} ± {accuracy_stderr}, √(p (1 - p) / (n - 1))",
                condition="has_stderr",
                fallback=" accuracy = {correct} / {count} = {accuracy}, without ±",
            ),
            Line(" among the {top} largest: {top_accuracy}"),
            Line(
                f" mean of -log p(target): {{cross_entropy}} ± {{cross_entropy_stderr}} {unit}",
                condition="has_loss_stderr",
                fallback=f" mean of -log p(target): {{cross_entropy}} {unit}, without ±",
            ),
            Line(" perplexity {perplexity}"),
            Line(" mean of Σ (p - y)², where y is 1 for the target, else 0: brier {brier}"),
            *(_two_steps(ranked=result.has_auroc()) if two else ()),
            Line("bins (low, high] of the confidence, the largest p, of equal width:"),
            Table(
                (
                    ("rows", "{held_count}"),
                    ("accuracy", "{held_accuracy}"),
                    ("confidence", "{held_confidence}"),
                    ("rows/n · |difference|", "{held_gap}"),
                ),
                names="held_high",
                bar="held_gap",
            ),
            Line(" ece = {held_gap: + } = {ece}"),
            Line(" of bins with equally many rows: {ece_equal_mass}"),
            Line("of each class precision = hits / predicted, recall = hits / rows, f1 between"),
            Table(
                (
                    ("rows", "{support}"),
                    ("predicted", "{predictions}"),
                    ("hits", "{hits}"),
                    ("precision", "{precision}"),
                    ("recall", "{recall}"),
                    ("f1", "{f1}"),
                )
            ),
            *(_confusion_steps() if len(result.labels) <= MAX_SHOWN_CLASSES else ()),
            CrossCheck("brier is the mean of Σ p² - 2 p(target) + 1 = {alternative}"),
            *(
                [
                    CrossCheck(
                        "mean of (p - y)² of the second class, beside its parts: {alternative}", "check_parts"
                    )
                ]
                if two
                else ()
            ),
        ),
        units=dict.fromkeys(("cross_entropy", "cross_entropy_stderr"), unit),
        names={"entry": tuple(result.labels.tolist())},
        plot=Plot(
            "as_confident",
            "confidence",
            kind="curve",
            axes=("confidence", "accuracy"),
            points=("held_confidence", "held_accuracy"),
            caption="points: bins of the confidence; on the line confidence is the share that is right",
        ),
        drawn=lambda: {"confidence": (0.0, 1.0), "as_confident": (0.0, 1.0)},
        notes=tuple(
            note for note, holds in ((passed, result.ignored), (rough, result.rounding > 0.0)) if holds
        ),
    )


def _two_steps(*, ranked: bool) -> tuple[Line, ...]:
    ranks = (
        Line(" a row of it scores above one of the other with probability {auroc}, auroc"),
        Line(" average precision {average_precision}"),
    )
    return (
        Line(" of the second class's p in bins: reliability - resolution + uncertainty + within"),
        Line(" {reliability} - {resolution} + {uncertainty} + ({within}), brier / 2"),
        *(ranks if ranked else (Line(" all rows are of one class: there is no area under a ROC curve"),)),
    )


def _confusion_steps() -> tuple[Line | Panels, ...]:
    return (
        Line("rows of each class (down) that are taken for each (across)"),
        Panels((("confusion", "confusion"),)),
    )
