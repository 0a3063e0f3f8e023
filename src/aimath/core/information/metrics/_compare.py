"""What the outputs of two models say of each other, row by row in one pass: divergences and perplexities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.information._logit_pairs import LogitPairs, check_log_probs, check_logits, compare_logits
from aimath.core.information._reductions import accurate_sum, as_distribution, kl_rows, logarithm
from aimath.core.information.metrics._paired import Paired, compare_paired
from aimath.core.information.metrics._targets import NO_CLASS, as_targets
from aimath.core.numerics.accumulators import (
    MomentsAccumulator,
    QuantileAccumulator,
    combine_states,
    part_of_state,
)
from aimath.core.numerics.arrays import Check, as_floats, check_simplex
from aimath.core.numerics.types import may_lack_value
from aimath.core.probability import log_softmax_rows, softmax_rows
from aimath.errors import InputError, Remedy, pluralize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import Quantiles
    from aimath.core.numerics.types import Array, Indices

KL_LEVELS = (0.001, 0.01, 0.05, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)
"""Of which quantiles of the divergences are told."""
BLOCK = 1 << 15
"""Numbers that are compared at a time: their copies stay in the cache."""
MAX_PENDING = 4096
"""Rows whose figures wait until they are added up."""
SCALES = ("probs", "logits", "log_probs")
"""What the numbers of two models may be."""


@may_lack_value(
    "kl_stderr", "same_top_stderr", "total_variation_stderr", "perplexity_a_stderr", "perplexity_b_stderr",
    "perplexity_difference", "perplexity_difference_stderr", "ratio", "ratio_stderr", "nll_difference",
    "nll_difference_stderr", "rms_delta_p_stderr", "mean_delta_p_stderr", "correlation", "kl_error",
)  # fmt: skip
class Comparison(NamedTuple):
    """What two models say of the same rows, A the base; ± are one standard error, none of a single row."""

    rows: int  # that are compared
    ignored: int  # rows that were passed over, for their target
    classes: int
    base: float  # > 1, of kl and nll
    kl: float  # mean of KL(A, B), or of KL(B, A)
    kl_stderr: float
    kl_min: float
    kl_quantiles: Quantiles  # at KL_LEVELS
    kl_error: float  # by how much a quantile may be off
    kl_max: float
    row_of_max: int  # from 1, the first of several
    same_top: float  # share of rows with the same largest entry, the first of several
    same_top_stderr: float
    total_variation: float  # mean of ½ Σ|p - q|
    total_variation_stderr: float
    nll_a: float | None  # mean of -log p(target)
    nll_b: float | None
    nll_difference: float | None  # B - A
    nll_difference_stderr: float | None
    perplexity_a: float | None  # exp(nll in nats)
    perplexity_a_stderr: float | None
    perplexity_b: float | None
    perplexity_b_stderr: float | None
    perplexity_difference: float | None  # B - A
    perplexity_difference_stderr: float | None
    ratio: float | None  # perplexity of B over that of A
    ratio_stderr: float | None
    rms_delta_p: float | None  # √mean((p_B - p_A)²) of the targets
    rms_delta_p_stderr: float | None
    mean_delta_p: float | None
    mean_delta_p_stderr: float | None
    correlation: float | None  # of the rows' nll
    worst: WorstRow

    def has_stderr(self) -> Any:
        """Return whether there are rows enough for a standard error."""
        return np.isfinite(self.kl_stderr)

    def has_ratio(self) -> Any:
        """Return whether the ratio has a standard error."""
        return np.isfinite(math.nan if self.ratio_stderr is None else self.ratio_stderr)

    @np.errstate(all="ignore")
    def check(self) -> Check:
        """Return the largest divergence beside cross-entropy less entropy of its row."""
        p, log_p, log_q = self.worst.probs, self.worst.log_p, self.worst.log_q
        with np.errstate(all="ignore"):
            cross = -accurate_sum(np.where(p > 0.0, p * log_q, 0.0))
            own = -accurate_sum(np.where(p > 0.0, p * log_p, 0.0))
        nat = logarithm(self.base)[2]
        other = np.inf if np.isinf(cross) else (cross - own) / nat
        return Check(np.asarray(self.kl_max), np.asarray(other), np.asarray(own / nat + 1.0))


class WorstRow(NamedTuple):
    """The row of the largest divergence."""

    probs: Array  # (n,)
    log_p: Array  # (n,) nats
    log_q: Array  # (n,)


class ComparisonAccumulator:
    """An accumulator of what two models' outputs say of each other.

    Quantiles are exact up to 2^22 different divergences, then within the error that is told. Rows are
    numbered as they come: parts are merged in the order of their rows.

    >>> found = ComparisonAccumulator("logits")
    >>> for a, b in (([[0, 0]], [[0, 0]]), ([[1, 0]], [[0, 1]])):
    ...     found.update(a, b)
    >>> found.result().row_of_max, found.result().same_top
    (2, 0.5)
    """

    def __init__(
        self,
        scale: str = "probs",
        *,
        reverse: bool = False,
        classes: int | None = None,
        ignore: int | None = None,
        targets: bool = False,
    ) -> None:
        self.scale, self.reverse, self.classes, self.ignore = scale, reverse, classes, ignore
        self.targets = targets
        self.rows_seen = self.rows = self.ignored = self.width = 0
        self._moments = MomentsAccumulator(8 if targets else 3)
        self._quantiles = QuantileAccumulator()
        self._pending: list[Array] = []
        self._waiting = 0
        self._worst = (-1.0, 0, np.zeros((2, 0)))  # kl, the row's number, the rows

    def update(self, a: ArrayLike, b: ArrayLike, target: ArrayLike | None = None) -> None:
        """Add rows (r, n) of both models, with their target classes (r,) or one for all."""
        left, right = (self._as_rows(rows, name) for rows, name in ((a, "a"), (b, "b")))
        _check_shapes(left, right)
        if self.width and left.shape[1] != self.width:
            raise InputError(f"a row has {left.shape[1]} classes where the first has {self.width}")
        classes, kept = self._as_targets(target, left)
        if not kept.all():
            left, right, classes = left[kept], right[kept], None if classes is None else classes[kept]
        numbers = self.rows_seen + 1 + np.flatnonzero(kept)
        found = []
        step = max(1, BLOCK // left.shape[1])
        for k in range(0, len(left), step):
            part = slice(k, k + step)
            try:
                one = self._compare(left[part], right[part], None if classes is None else classes[part])
            except InputError as error:
                if error.row is not None:
                    error.row = int(np.flatnonzero(kept)[k + error.row])
                raise
            found.append(self._figures(one))
        self.rows_seen += len(kept)
        self.rows += len(left)
        self.ignored += len(kept) - len(left)
        self.width = left.shape[1]
        if found:
            self._add(np.concatenate(found), left, right, numbers)

    def pass_over(self) -> None:
        """Count a row that has no answer."""
        self.rows_seen += 1

    def _add(self, figures: Array, left: Array, right: Array, numbers: Indices) -> None:
        self._pending.append(figures)
        self._waiting += len(figures)
        if self._waiting >= MAX_PENDING:
            self._settle()
        at = int(np.argmax(figures[:, 0]))
        if figures[at, 0] > self._worst[0]:
            self._worst = (float(figures[at, 0]), int(numbers[at]), np.stack((left[at], right[at])))

    def _settle(self) -> None:
        """Add up what is pending: many rows at once take less time."""
        if self._waiting:
            figures = np.concatenate(self._pending)
            self._pending, self._waiting = [], 0
            self._moments.update(figures)
            self._quantiles.update(figures[:, 0])

    def _as_rows(self, rows: ArrayLike, operand: str) -> Array:
        x = as_floats(rows, "logit" if self.scale == "logits" else "probability", operand=operand)
        x = x.reshape(-1, x.shape[-1])
        if self.classes is None:
            return x
        if not 1 <= self.classes <= x.shape[1]:
            raise InputError(
                "{operand} must be 1 to {most}, not {count}: so many has a row of {name}",
                operand="classes", most=x.shape[1], count=self.classes, name=operand,
            )  # fmt: skip
        return np.ascontiguousarray(x[:, : self.classes])

    def _as_targets(self, target: ArrayLike | None, rows: Array) -> tuple[Indices | None, NDArray[np.bool_]]:
        """Return the classes (r,) and which rows are not to be ignored."""
        if target is None:
            return None, np.ones(len(rows), np.bool_)
        return as_targets(target, *rows.shape, ignore=self.ignore)

    def _compare(self, left: Array, right: Array, target: Indices | None) -> LogitPairs:
        a, b, names = (right, left, ("b", "a")) if self.reverse else (left, right, ("a", "b"))
        if self.scale == "probs":
            return _compare_probs(a, b, target, names)
        for rows, name in zip((a, b), names, strict=True):
            check_logits(rows, name)
            if self.scale == "log_probs":
                check_log_probs(rows, name)
        return compare_logits(a, b, target)

    def _figures(self, found: LogitPairs) -> Array:
        """Return what is summed of each row (r, k)."""
        same = found.tops[0] == found.tops[1]
        columns = [found.kl, found.total_variation, same.astype(np.float64)]
        if found.nll is not None and found.nll_other is not None:
            first, second, sign = (
                (found.nll_other, found.nll, -1.0) if self.reverse else (found.nll, found.nll_other, 1.0)
            )
            difference, delta = (sign * x for x in (found.nll_difference, found.delta) if x is not None)
            columns += [first, second, difference, delta, delta * delta]
        return np.stack(columns, axis=1)

    def merge(self, other: Self) -> None:
        """Add what another accumulator learnt of the rows that follow."""
        settings = ("scale", "reverse", "classes", "ignore", "targets")
        if any(getattr(self, name) != getattr(other, name) for name in settings) or (
            self.width and other.width and self.width != other.width
        ):
            raise InputError("comparisons of different kinds don't go together")
        self._settle()
        other._settle()
        self._moments.merge(other._moments)
        self._quantiles.merge(other._quantiles)
        kl, number, rows = other._worst
        if kl > self._worst[0]:
            self._worst = (kl, self.rows_seen + number, rows)
        self.rows_seen += other.rows_seen
        self.rows += other.rows
        self.ignored += other.ignored
        self.width = self.width or other.width

    def state(self) -> State:
        """Return all that is held."""
        self._settle()
        held = {
            "settings": np.array(
                [
                    SCALES.index(self.scale),
                    self.reverse,
                    self.classes or 0,
                    NO_CLASS if self.ignore is None else self.ignore,
                    self.targets,
                ]
            ),
            "rows": np.array([self.rows_seen, self.rows, self.ignored, self.width, self._worst[1]]),
            "worst_kl": np.array(self._worst[0]),
            "worst": self._worst[2].copy(),
        }
        return held | combine_states(moments=self._moments.state(), quantiles=self._quantiles.state())

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        scale, reverse, classes, ignore, targets = map(int, state["settings"])
        found = cls(
            SCALES[scale],
            reverse=bool(reverse),
            classes=classes or None,
            ignore=None if ignore == NO_CLASS else ignore,
            targets=bool(targets),
        )
        found.rows_seen, found.rows, found.ignored, found.width, number = map(int, state["rows"])
        found._worst = (float(state["worst_kl"]), number, np.array(state["worst"]))
        found._moments = MomentsAccumulator.of_state(part_of_state(state, "moments"))
        found._quantiles = QuantileAccumulator.of_state(part_of_state(state, "quantiles"))
        return found

    @np.errstate(over="ignore")
    def result(self, base: float = math.e) -> Comparison:
        """Return what is known of all rows so far, divergences and nll with logarithms to a base."""
        if not self.rows:
            raise InputError(
                "no rows are left to compare" if self.ignored else "there are no rows to compare"
            )
        self._settle()
        nat = logarithm(base)[2]
        moments = self._moments.result()
        mean, error = moments.means.tolist(), moments.standard_errors().tolist()
        if self.targets and moments.counts[5] < moments.counts[3]:  # a target that is impossible to both
            mean[5] = error[5] = math.nan
        quantiles = self._quantiles.quantiles(KL_LEVELS)
        a, b = self._worst[2][::-1] if self.reverse else self._worst[2]
        return Comparison(
            rows=self.rows,
            ignored=self.ignored,
            classes=self.width,
            base=float(base),
            kl=mean[0] / nat,
            kl_stderr=error[0] / nat,
            kl_min=float(moments.min[0]) / nat,
            kl_quantiles=quantiles.values / nat,
            kl_error=float(quantiles.errors.max()) / nat,
            kl_max=float(moments.max[0]) / nat,
            row_of_max=self._worst[1],
            same_top=mean[2],
            same_top_stderr=error[2],
            total_variation=mean[1],
            total_variation_stderr=error[1],
            worst=_worst_row(a, b, self.scale),
            **(
                _of_targets(mean, error, moments.variances(1.0).tolist(), nat)
                if self.targets
                else _NO_TARGETS
            ),
        )


_NO_TARGETS: dict[str, Any] = dict.fromkeys(Comparison._fields[Comparison._fields.index("nll_a") : -1])


def _of_targets(mean: list[float], error: list[float], variance: list[float], nat: float) -> dict[str, float]:
    """Return the figures about targets, of the columns that `_figures` has."""
    _, _, _, nll_a, nll_b, difference, delta, square = mean
    perplexity_a, perplexity_b = _exp(nll_a), _exp(nll_b)
    ratio, rms = _exp(difference), math.sqrt(square)
    spread_a, spread_b, spread = variance[3:6]
    both = math.sqrt(spread_a * spread_b) if spread_a > 0.0 and spread_b > 0.0 else math.nan
    correlation = (spread_a + spread_b - spread) / (2.0 * both)
    # As in llama.cpp: the variance of a difference of exponentials, with their covariance.
    of_difference = (perplexity_b - perplexity_a) * (
        perplexity_b * error[4] ** 2 - perplexity_a * error[3] ** 2
    )
    of_difference += perplexity_a * perplexity_b * error[5] ** 2
    return {
        "nll_a": nll_a / nat,
        "nll_b": nll_b / nat,
        "nll_difference": difference / nat,
        "nll_difference_stderr": error[5] / nat,
        "perplexity_a": perplexity_a,
        "perplexity_a_stderr": perplexity_a * error[3],
        "perplexity_b": perplexity_b,
        "perplexity_b_stderr": perplexity_b * error[4],
        "perplexity_difference": perplexity_a * (math.expm1(difference) if difference < 700.0 else ratio),
        "perplexity_difference_stderr": math.sqrt(max(of_difference, 0.0)),
        "ratio": ratio,
        "ratio_stderr": ratio * error[5],
        "rms_delta_p": rms,
        "rms_delta_p_stderr": error[7] / (2.0 * rms) if rms > 0.0 else 0.0 * error[7],
        "mean_delta_p": delta,
        "mean_delta_p_stderr": error[6],
        "correlation": max(-1.0, min(1.0, correlation)) if not math.isnan(correlation) else math.nan,
    }


def _exp(nats: float) -> float:
    """Return exp(nats), inf beyond float64."""
    try:
        return math.exp(nats)
    except OverflowError:
        return math.inf


def _check_shapes(a: Array, b: Array) -> None:
    if a.shape[1] != b.shape[1]:
        least = min(a.shape[1], b.shape[1])
        hint = Remedy("use {classes} to compare the first of both", classes=least)
        raise InputError(f"a has rows of {a.shape[1]} classes, b of {b.shape[1]}", hint=hint)
    if len(a) != len(b):
        raise InputError(f"a has {pluralize(len(a), 'row')}, b {len(b)}: they must be equally many")


def _compare_probs(a: Array, b: Array, target: Indices | None, names: tuple[str, str]) -> LogitPairs:
    """Return what rows of probabilities (r, n) say of each other."""
    p, q = (as_distribution(check_simplex(x, operand=name)) for x, name in zip((a, b), names, strict=True))
    variation = np.minimum(0.5 * accurate_sum(np.abs(p - q)), 1.0)
    found = LogitPairs(kl_rows(p, q, math.e), variation, (np.argmax(p, axis=1), np.argmax(q, axis=1)))
    if target is None:
        return found
    place = (np.arange(len(p)), target)
    with np.errstate(all="ignore"):
        x, y = p[place], q[place]
        near = np.abs(x - y) < 0.5 * y
        difference = np.where(near, np.log1p((x - y) / y), np.log(x) - np.log(y))
        nll, other = 0.0 - np.log(x), 0.0 - np.log(y)
    return found._replace(nll=nll, nll_other=other, nll_difference=difference, delta=y - x)


def _worst_row(a: Array, b: Array, scale: str) -> WorstRow:
    with np.errstate(all="ignore"):
        if scale == "probs":
            return WorstRow(a, np.log(a), np.log(b))
        return WorstRow(softmax_rows(a)[0], log_softmax_rows(a), log_softmax_rows(b))


def compare(
    a: ArrayLike,
    b: ArrayLike,
    target: ArrayLike | None = None,
    base: float = math.e,
    reverse: bool = False,
    classes: int | None = None,
    ignore: int | None = None,
    *,
    logits: bool = False,
    log_probs: bool = False,
    paired: bool = False,
    seed: int = 0,
) -> Comparison | Paired:
    """Return what two models' outputs a and b (..., n) say of each other, a the base; or two lists of scores.

    A row is a distribution: probabilities, or `logits`, or natural `log_probs`. The divergence of each is
    KL(a, b) = Σ p (d + expm1(-d)), d = log p - log q, kept from the logits: never below 0, however close.
    With target classes also negative log-likelihoods and perplexities, the ratio's ± from the differences.
    With `paired`, a and b (n,) are scores of the same n trials. llama.cpp's report has the same figures.

    >>> found = compare([[1.0, 0.0]], [[1.0, 0.001]], logits=True)
    >>> float(found.kl), found.same_top
    (9.832110810575793e-08, 1.0)
    """
    if logits and log_probs:
        raise InputError("logits and log-probabilities exclude each other", usage=True)
    if paired:
        if target is not None or logits or log_probs or reverse or classes is not None or ignore is not None:
            raise InputError("paired scores have no classes", usage=True)
        return compare_paired(a, b, seed)
    scale = "logits" if logits else "log_probs" if log_probs else "probs"
    found = ComparisonAccumulator(
        scale, reverse=reverse, classes=classes, ignore=ignore, targets=target is not None
    )
    found.update(a, b, target)
    return found.result(base)
