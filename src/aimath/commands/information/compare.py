"""The command compare: two models' outputs on the same rows, or their scores on the same trials."""
# ruff: noqa: ARG001  options that are settings of the accumulator

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    Applies,
    AreLogits,
    AreLogProbs,
    Base,
    Integer,
    Operand,
    Option,
    Reduction,
    Seed,
    Usage,
    Vector,
)
from aimath.cli.runner.seeds import rng_metadata
from aimath.commands._shared import class_indices, entropy_unit, refuse_both_scales, single_matrix
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Spread, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.core.information import ComparisonAccumulator
    from aimath.core.numerics.accumulators import State

OF_MODELS = ("target", "logits", "log_probs", "base", "reverse", "classes", "ignore")
"""Options that scores have no use for."""
KL_COLUMNS = (
    "kl",
    "kl_stderr",
    "kl_median",
    "kl_p90",
    "kl_p95",
    "kl_p99",
    "kl_p99.9",
    "kl_max",
    "row_of_max",
)
TARGET_COLUMNS = (
    *("nll_a", "nll_b", "perplexity_a", "perplexity_b", "ratio", "ratio_stderr"),
    *("rms_delta_p", "mean_delta_p", "correlation"),
)
NATS_OR_BITS = (
    *("kl", "kl_stderr", "kl_min", "kl_quantiles", "kl_error", "kl_max"),
    *("nll_a", "nll_b", "nll_difference", "nll_difference_stderr"),
)


class ModelRows:
    """The rows of two models as they are read, put into an accumulator."""

    def __init__(
        self, *, logits: bool, log_probs: bool, reverse: bool, classes: int | None, ignore: int | None
    ) -> None:
        refuse_both_scales(logits=logits, log_probs=log_probs)
        self.scale = "logits" if logits else "log_probs" if log_probs else "probs"
        self.settings: dict[str, Any] = {"reverse": reverse, "classes": classes, "ignore": ignore}
        self.accumulator: ComparisonAccumulator | None = None  # until a row has a target, or none
        self.bad = 0  # rows before the first that is good

    def update(self, a: Vector, b: Vector, target: Vector | None = None) -> None:
        """Add rows of both, with their target classes."""
        if target is None and self.settings["ignore"] is not None:
            raise InputError("--ignore passes over rows of a target: give --target", usage=True)
        found = self.accumulator or self._begin(targets=target is not None)
        if found.targets != (target is not None):
            raise InputError("some rows have a target, and some have none")
        if target is not None and target.shape[-1] > 1:
            raise InputError("{operand} has one class a row", operand="target", hint="write one a line")
        try:
            found.update(a, b, None if target is None else class_indices(target))
        except InputError as error:
            if self.scale == "probs" and error.operand in ("a", "b") and error.row is not None:
                error.hint = "use --logits if they are logits"
            raise
        self.accumulator = found

    def _begin(self, *, targets: bool) -> ComparisonAccumulator:
        from aimath.core import information

        found = information.ComparisonAccumulator(self.scale, targets=targets, **self.settings)
        for _ in range(self.bad):
            found.pass_over()
        return found

    def pass_over(self) -> None:
        """Count a row that is bad."""
        if self.accumulator is None:
            self.bad += 1
        else:
            self.accumulator.pass_over()

    def merge(self, other: ModelRows) -> None:
        """Add what is known of the rows that follow."""
        if other.accumulator is None:
            for _ in range(other.bad):
                self.pass_over()
            return
        if self.accumulator is None:
            self.accumulator = self._begin(targets=other.accumulator.targets)
        self.accumulator.merge(other.accumulator)

    def state(self) -> State:
        """Return all that is held."""
        import numpy as np

        return {"bad": np.array(self.bad), **({} if self.accumulator is None else self.accumulator.state())}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Hold a state in place of what is held."""
        from aimath.core import information

        self.bad = int(state["bad"])
        if "settings" in state:
            self.accumulator = information.ComparisonAccumulator.of_state(state)


@command(
    Usage(
        ("a", "b"),
        reduction=Reduction(ModelRows, ("logits", "log_probs", "reverse", "classes", "ignore")),
    ),
    Usage(("a", "b"), selected_by=("paired",), example="aimath compare 0,1,1,0,1 1,1,1,0,1 --paired"),
    example="aimath compare 2,1,0.1 2,1.5,0.1 --logits --target 0",
    answer="KL ±, quantiles, equal tops; `--target`: perplexities; `--paired`: scores",
    after="js",
    applies=(
        Applies(("seed",), "paired"),
        Applies(OF_MODELS, "paired", given=False),
    ),
)
def compare(
    a: Annotated[Vector, Operand("Outputs of the base model, a row each; or scores.", flag="--a")] = ABSENT,
    b: Annotated[Vector, Operand("Those of the other model.", flag="--b")] = ABSENT,
    target: Annotated[
        Vector | None,
        Operand("The right class, from 0; a list has one a row.", flag="--target", per_row=True),
    ] = None,
    logits: AreLogits = False,
    log_probs: AreLogProbs = False,
    base: Base = math.e,
    reverse: Annotated[bool, Option("--reverse", help="Give KL(B‖A).")] = False,
    classes: Annotated[
        int | None, Integer(("--classes",), "Compare the first N entries of both.", 1, 10**9)
    ] = None,
    ignore: Annotated[
        int | None, Integer(("--ignore",), "Pass over rows of this target, as -100.", -(10**9), 10**9)
    ] = None,
    paired: Annotated[
        bool, Option("--paired", help="The numbers are scores of both on the same trials.")
    ] = False,
    seed: Seed = "0",
    rows: Accumulated = None,
) -> Report:
    """Compare two models' outputs, row by row.

    KL(A‖B) = sum p log(p/q) of each row, in nats, A the base: the mean ± its standard error, quantiles,
    the largest, how often the largest entries agree, total variation; with --target perplexities, and the
    ratio ± from the paired differences. --paired compares scores: difference ±, bootstrap, sign test.
    """
    if paired:
        return _paired_report(single_matrix(a, "a"), single_matrix(b, "b"), int(seed))
    return _rows_report(rows.accumulator, base)


def _rows_report(accumulator: ComparisonAccumulator | None, base: float) -> Report:
    from aimath.core import information, probability

    if accumulator is None:
        raise InputError("there are no rows to compare")
    result = accumulator.result(base)
    names = tuple(f"kl_{probability.quantile_name(level)}" for level in information.KL_LEVELS)
    p, q = ("B", "A") if accumulator.reverse else ("A", "B")
    unit = entropy_unit(base)
    passed = f"{pluralize(result.ignored, 'row')} passed over for the target {accumulator.ignore}"
    rough = f"more divergences differ than are kept: quantiles are within {result.kl_error:.2g}"
    return Report(
        result,
        show=(*KL_COLUMNS, "same_top", "same_top_stderr", "total_variation", *TARGET_COLUMNS),
        steps=(
            Line(f"KL({p}‖{q}) = Σ p · log(p/q) of each row      p: {p}, q: {q}      ±: one standard error"),
            Line(
                f" mean of {{rows}} rows: {{kl}} ± {{kl_stderr}} {unit}",
                condition="has_stderr",
                fallback=f" of {{rows}} row: {{kl}} {unit}, without ±",
            ),
            Line(f" from {{kl_min}} to {{kl_max}} {unit}, in row {{row_of_max}}"),
            Line(" median {kl_median}      one in ten, in twenty, in a hundred, in a thousand is above"),
            Line(" {kl_p90}, {kl_p95}, {kl_p99}, {kl_quantiles[8]}"),
            Line(
                " same largest entry: {same_top:%} ± {same_top_stderr:%}      ½ Σ|p - q|: {total_variation}"
            ),
            *(_target_steps(unit, base) if result.nll_a is not None else ()),
            CrossCheck(
                "KL of row {row_of_max} is cross-entropy - entropy = {alternative}",
            ),
        ),
        units=dict.fromkeys(NATS_OR_BITS, unit),
        plot=Plot("kl_quantiles"),
        spread=Spread("kl_quantiles", names, tuple(map(repr, information.KL_LEVELS))),
        names={"quantile": tuple(name.removeprefix("kl_") for name in names)},
        notes=tuple(
            note for note, holds in ((passed, result.ignored), (rough, result.kl_error > 0.0)) if holds
        ),
    )


def _target_steps(unit: str, base: float) -> tuple[Line, ...]:
    power = "exp " if base == math.e else f"{base:g}^"
    return (
        Line(f" nll, the mean of -log p(target): A {{nll_a}}, B {{nll_b}} {unit}"),
        Line(f" perplexity: A {power}nll is {{perplexity_a}}, B {{perplexity_b}}"),
        Line(
            f" ratio = {power}{{nll_difference}} = {{ratio}} ± {{ratio_stderr}}",
            condition="has_ratio",
            fallback=" ratio of B to A: {ratio}, without ±",
        ),
        Line(" p(target) of B less that of A: mean {mean_delta_p}, √mean of squares {rms_delta_p}"),
        Line(" correlation of the rows' nll: {correlation}"),
    )


def _paired_report(a: Vector, b: Vector, seed: int) -> Report:
    from aimath.core import information

    return Report(
        information.compare(a, b, paired=True, seed=seed),
        show=("difference", "stderr", "interval", "sign_p"),
        steps=(
            Line("difference = mean of b - a      stderr = s / √n, with the s of n - 1"),
            Table((("a", "{a}"), ("b", "{b}"), ("b - a", "{differences:+}")), bar="differences"),
            Line(" difference = ({differences: + }) / {trials} = {difference}"),
            Line(" 95 % of the means of 9,999 resamples lie in {interval}"),
            Line(" b above a {better} times, below {worse}, equal {ties}: were either as likely,"),
            Line(" signs as uneven as these, of what is no tie, came with probability {sign_p}"),
            CrossCheck("mean of b - mean of a = {mean_b} - {mean_a} = {alternative}"),
        ),
        names={"end": ("low", "high")},
        plot=Plot("differences"),
        extra=rng_metadata(seed),
    )
