"""A classifier's report, in one pass: accuracy, losses, calibration, and each class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from aimath.core.information._reductions import logarithm
from aimath.core.information.metrics._calibration import (
    Bins,
    BrierParts,
    brier_parts,
    equal_mass_edges,
    equal_width_edges,
    rounding_of_bins,
)
from aimath.core.information.metrics._predictions import SCALES, check_predictions, predict
from aimath.core.information.metrics._ranking import Ranking, rank_scores
from aimath.core.information.metrics._targets import NO_CLASS, as_targets
from aimath.core.numerics.accumulators import (
    MomentsAccumulator,
    combine_states,
    part_of_state,
    state_of_texts,
    texts_of_state,
)
from aimath.core.numerics.arrays import Check, as_floats, check_between
from aimath.core.numerics.special import sigmoid
from aimath.core.numerics.tallies import TallyAccumulator
from aimath.core.numerics.types import may_lack_value
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from aimath.core.information.metrics._predictions import Predictions
    from aimath.core.numerics.accumulators import State
    from aimath.core.numerics.axes import (
        BinCounts,
        BinEnds,
        BinScalars,
        ClassCounts,
        ClassScalars,
        ClassTexts,
        Confusion,
        HeldBinCounts,
        HeldBinScalars,
    )
    from aimath.core.numerics.types import Array, Indices

BINS, TOP = 15, 5
"""Bins of the confidence, and how many of the largest entries count for top_accuracy, by default."""
BLOCK = 1 << 15
"""Numbers that are worked on at a time: their copies stay in the cache."""
MAX_PENDING = 4096
"""Rows whose figures wait until they are added up."""
MAX_CONFUSION = 1000
"""Classes up to which the confusion matrix is counted."""
MAX_BINS = 10_000


@may_lack_value(
    "accuracy_stderr", "top_accuracy_stderr", "cross_entropy_stderr", "perplexity_stderr", "brier_stderr",
    "bin_accuracy", "bin_confidence", "precision", "recall", "f1", "auroc", "average_precision",
)  # fmt: skip
class Evaluation(NamedTuple):
    """What predictions are worth beside the right classes; ± are one standard error, none of a single row."""

    count: int  # type: ignore[assignment]  # rows; a tuple's method is not missed
    ignored: int  # rows that were passed over, for their target
    labels: ClassTexts  # what the classes are called
    base: float  # > 1, of cross_entropy
    top: int  # the k of top_accuracy
    bins: int  # of the confidence
    correct: int  # rows whose largest entry, the first of several, is the target's
    accuracy: float
    accuracy_stderr: float  # √(p (1 - p) / (n - 1))
    top_accuracy: float  # share of rows with fewer than k classes that are larger, or equal and earlier
    top_accuracy_stderr: float
    cross_entropy: float  # mean of -log p(target)
    cross_entropy_stderr: float
    perplexity: float  # exp(cross_entropy in nats)
    perplexity_stderr: float
    brier: float  # mean of Σ (p - y)², 0..2
    brier_stderr: float
    brier_half: float
    reliability: float | None  # of two classes: reliability - resolution + uncertainty + within = brier_half
    resolution: float | None
    uncertainty: float | None
    within: float | None
    ece: float  # Σ n_b / n |accuracy - confidence| of bins (low, high] of equal width
    ece_equal_mass: float  # the same of bins with equally many rows, but equal confidences together
    auroc: float | None  # of two classes: the chance that the second's score is higher where it is right
    average_precision: float | None
    rounding: float  # by how much calibration and ranks may be off, 0 unless too many scores differ
    bin_low: BinEnds
    bin_high: BinEnds
    bin_count: BinCounts
    bin_accuracy: BinScalars
    bin_confidence: BinScalars
    bin_gap: BinScalars  # count / n |accuracy - confidence|
    support: ClassCounts  # rows of which the class is right
    predictions: ClassCounts  # rows of which it is predicted
    hits: ClassCounts  # rows of both
    precision: ClassScalars  # hits / predictions
    recall: ClassScalars  # hits / support
    f1: ClassScalars  # 2 hits / (support + predictions)
    confusion: Confusion | None  # rows of a right class (down) and a predicted one (across)
    sums: OtherSums

    @property
    def held_high(self) -> HeldBinScalars:
        """The upper ends of the bins that hold rows."""
        return self.bin_high[self.bin_count > 0]

    @property
    def held_count(self) -> HeldBinCounts:
        """Their rows."""
        return self.bin_count[self.bin_count > 0]

    @property
    def held_accuracy(self) -> HeldBinScalars:
        """Their accuracy."""
        return self.bin_accuracy[self.bin_count > 0]

    @property
    def held_confidence(self) -> HeldBinScalars:
        """Their mean confidence."""
        return self.bin_confidence[self.bin_count > 0]

    @property
    def held_gap(self) -> HeldBinScalars:
        """Their parts of the calibration error."""
        return self.bin_gap[self.bin_count > 0]

    def has_stderr(self) -> Any:
        """Return whether there are rows enough for a standard error."""
        return np.isfinite(self.accuracy_stderr)

    def has_loss_stderr(self) -> Any:
        """Return whether the cross-entropy is finite, and has a standard error."""
        return np.isfinite(self.cross_entropy_stderr)

    def has_auroc(self) -> bool:
        """Return whether there are rows of both of two classes."""
        return self.auroc is not None and not math.isnan(self.auroc)

    def check(self) -> Check:
        """Return the Brier score beside mean(Σ p² - 2 p(target)) + 1, added up as it comes."""
        return Check(np.asarray(self.brier), np.asarray(self.sums.expanded_brier / self.count), 1.0)

    def check_parts(self) -> Check:
        """Return half the Brier score of two classes, from its parts beside the mean of (p - y)²."""
        return Check(np.asarray(self.sums.parts), np.asarray(self.sums.squares), 1.0)


class OtherSums(NamedTuple):
    """What checks need beside the answer."""

    expanded_brier: float  # Σ over rows of Σ p² - 2 p(target) + 1, rounded at each step
    squares: float  # mean of (p - y)² of the second of two classes
    parts: float  # reliability - resolution + uncertainty + within


class EvaluationAccumulator:
    """An accumulator of a classifier's report.

    Calibration and ranks are exact up to 2^20 different confidences and scores, then within what is told.

    >>> found = EvaluationAccumulator("probs")
    >>> found.update([[0.7, 0.3], [0.4, 0.6]], [0, 0])
    >>> found.result().accuracy, found.result().confusion.tolist()
    (0.5, [[1, 1], [0, 0]])
    """

    def __init__(self, scale: str = "probs", *, ignore: int | None = None) -> None:
        self.scale, self.ignore = scale, ignore
        self.rows = self.ignored = self.width = 0
        self.names: tuple[str, ...] = ()
        self._moments, self._expanded = MomentsAccumulator(3), 0.0
        self._confidences, self._scores = TallyAccumulator(), TallyAccumulator()
        self._ranks = np.zeros(0, np.int64)
        self._classes = np.zeros((3, 0), np.int64)  # of targets, of predictions, of both
        self._confusion = np.zeros((0, 0), np.int64)
        self._pending: list[Array] = []
        self._waiting = 0

    @property
    def classes(self) -> int:
        """The number of classes: two, if a row is a single column."""
        return max(self.width, 2) if self.width else 0

    def update(self, predictions: ArrayLike, target: ArrayLike, names: Sequence[str] = ()) -> None:
        """Add rows (r, n) with their right classes (r,), numbers from 0 or among the names of the classes."""
        x = as_floats(predictions, "prediction", operand=self.scale)
        x = x.reshape(-1, x.shape[-1])
        if self.width and x.shape[1] != self.width:
            raise InputError(f"a row has {x.shape[1]} classes where the first has {self.width}")
        names = tuple(names) or self.names
        classes = max(x.shape[1], 2)
        if names and len(names) != classes:
            names = ()  # of a single column, which is no class's name
        found, kept = as_targets(target, len(x), classes, ignore=self.ignore, names=names)
        try:
            rows = check_predictions(x[kept], self.scale)
        except InputError as error:
            if error.row is not None:
                error.row = int(np.flatnonzero(kept)[error.row])
            raise
        if not self.width:
            self._begin(x.shape[1])
        self.names = names
        self.rows += len(rows)
        self.ignored += len(x) - len(rows)
        right, step = found[kept], max(1, BLOCK // classes)
        with np.errstate(all="ignore"):
            for k in range(0, len(rows), step):
                self._add(right[k : k + step], predict(rows[k : k + step], right[k : k + step], self.scale))

    def _begin(self, width: int) -> None:
        self.width = width
        classes = self.classes
        self._ranks, self._classes = np.zeros(classes, np.int64), np.zeros((3, classes), np.int64)
        if classes <= MAX_CONFUSION:
            self._confusion = np.zeros((classes, classes), np.int64)

    def _add(self, target: Indices, found: Predictions) -> None:
        hit = found.predicted == target
        np.add.at(self._ranks, found.rank, 1)
        np.add.at(self._classes[0], target, 1)
        np.add.at(self._classes[1], found.predicted, 1)
        np.add.at(self._classes[2], target[hit], 1)
        if self._confusion.size:
            np.add.at(self._confusion, (target, found.predicted), 1)
        self._expanded += float(found.expanded_brier.sum())
        self._confidences.update(found.confidence, hit)
        squares = np.zeros(len(target)) if found.squares is None else found.squares
        if found.score is not None:
            self._scores.update(found.score, target == 1)
        self._pending.append(np.stack((found.nll, found.brier, squares), axis=1))
        self._waiting += len(target)
        if self._waiting >= MAX_PENDING:
            self._settle()

    def _settle(self) -> None:
        """Add up what is pending: many rows at once take less time."""
        if self._waiting:
            self._moments.update(np.concatenate(self._pending))
            self._pending, self._waiting = [], 0

    def merge(self, other: Self) -> None:
        """Add what another accumulator learnt of other rows."""
        if (self.scale, self.ignore) != (other.scale, other.ignore) or (
            self.width and other.width and self.width != other.width
        ):
            raise InputError("evaluations of different kinds don't go together")
        if not other.width:
            return
        if not self.width:
            self._begin(other.width)
        self._settle()
        other._settle()
        self.names = self.names or other.names
        self._moments.merge(other._moments)
        self._confidences.merge(other._confidences)
        self._scores.merge(other._scores)
        self._expanded += other._expanded
        self._ranks += other._ranks
        self._classes += other._classes
        self._confusion += other._confusion
        self.rows += other.rows
        self.ignored += other.ignored

    def state(self) -> State:
        """Return all that is held."""
        self._settle()
        held: State = {
            "settings": np.array(
                [SCALES.index(self.scale), NO_CLASS if self.ignore is None else self.ignore]
            ),
            "rows": np.array([self.rows, self.ignored, self.width]),
            "expanded": np.array(self._expanded),
            "ranks": self._ranks.copy(),
            "classes": self._classes.copy(),
            "confusion": self._confusion.copy(),
        }
        confidences, scores = self._confidences.state(), self._scores.state()
        return held | combine_states(
            names=state_of_texts(self.names),
            confidences=confidences,
            scores=scores,
            moments=self._moments.state(),
        )

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Self:
        """Return the accumulator that holds a state."""
        scale, ignore = map(int, state["settings"])
        found = cls(SCALES[scale], ignore=None if ignore == NO_CLASS else ignore)
        found.rows, found.ignored, found.width = map(int, state["rows"])
        found.names = tuple(texts_of_state(part_of_state(state, "names")))
        found._expanded = float(state["expanded"])
        found._ranks, found._classes = np.array(state["ranks"]), np.array(state["classes"])
        found._confusion = np.array(state["confusion"])
        found._moments = MomentsAccumulator.of_state(part_of_state(state, "moments"))
        found._confidences = TallyAccumulator.of_state(part_of_state(state, "confidences"))
        found._scores = TallyAccumulator.of_state(part_of_state(state, "scores"))
        return found

    @np.errstate(all="ignore")
    def result(self, base: float = math.e, top: int = TOP, bins: int = BINS) -> Evaluation:
        """Return what is known of all rows so far, cross-entropy with logarithms to a base."""
        nat = logarithm(base)[2]
        check_between("top", top, 1, 10**18)
        check_between("bins", bins, 1, MAX_BINS)
        if not self.rows:
            raise InputError(
                "no rows are left to evaluate" if self.ignored else "there are no rows to evaluate"
            )
        self._settle()
        moments = self._moments.result()
        (nll, brier, squares), (nll_error, brier_error, _) = (
            moments.means.tolist(),
            moments.standard_errors().tolist(),
        )
        tally = self._confidences.result()
        width, mass = (
            Bins.of(tally, edges)
            for edges in (equal_width_edges(bins), equal_mass_edges(self._confidences, bins))
        )
        ranking, parts = self._of_two(bins)
        correct, near = int(self._classes[2].sum()), int(self._ranks[:top].sum())
        support, predictions, hits = self._classes
        rough = rounding_of_bins(tally, width.edges, mass.edges)
        perplexity = float(np.exp(nll))
        return Evaluation(
            count=self.rows,
            ignored=self.ignored,
            labels=np.array(self.names or [str(k) for k in range(self.classes)], np.str_),
            base=float(base),
            top=top,
            bins=bins,
            correct=correct,
            accuracy=correct / self.rows,
            accuracy_stderr=share_stderr(correct, self.rows),
            top_accuracy=near / self.rows,
            top_accuracy_stderr=share_stderr(near, self.rows),
            cross_entropy=nll / nat,
            cross_entropy_stderr=nll_error / nat,
            perplexity=perplexity,
            perplexity_stderr=perplexity * nll_error,
            brier=brier,
            brier_stderr=brier_error,
            brier_half=0.5 * brier,
            reliability=parts.reliability if parts else None,
            resolution=parts.resolution if parts else None,
            uncertainty=parts.uncertainty if parts else None,
            within=parts.within if parts else None,
            ece=width.error,
            ece_equal_mass=mass.error,
            auroc=ranking.auroc if ranking else None,
            average_precision=ranking.average_precision if ranking else None,
            rounding=max(rough, ranking.error if ranking else 0.0),
            bin_low=width.edges[:-1],
            bin_high=width.edges[1:],
            bin_count=width.counts,
            bin_accuracy=width.accuracy,
            bin_confidence=width.confidence,
            bin_gap=width.gaps,
            support=support,
            predictions=predictions,
            hits=hits,
            precision=hits / predictions,
            recall=hits / support,
            f1=2 * hits / (support + predictions),
            confusion=self._confusion if self._confusion.size else None,
            sums=OtherSums(self._expanded, squares, parts.whole if parts else math.nan),
        )

    def _of_two(self, bins: int) -> tuple[Ranking | None, BrierParts | None]:
        """Return what is said of two classes alone."""
        if self.classes != 2:
            return None, None
        tally = self._scores.result()
        probs = tally.values if self.scale == "probs" else sigmoid(tally.values)
        return rank_scores(tally), brier_parts(tally._replace(values=probs), equal_width_edges(bins))


def share_stderr(hits: int, n: int) -> float:
    """Return the standard error √(p (1 - p) / (n - 1)) of a share; nan of a single trial."""
    return math.sqrt(hits * (n - hits) / (n - 1)) / n if n > 1 else math.nan


def evaluate(
    probs: ArrayLike | None = None,
    target: ArrayLike | None = None,
    base: float = math.e,
    top: int = TOP,
    bins: int = BINS,
    ignore: int | None = None,
    *,
    logits: ArrayLike | None = None,
    log_probs: ArrayLike | None = None,
    labels: Sequence[str] = (),
) -> Evaluation:
    """Return a classifier's report: what predictions (..., n) are worth beside the right classes (...).

    A prediction is a row of probabilities, `logits`, or natural `log_probs` of n classes; a single column
    is of the second of two. Targets are numbers from 0, or among the `labels`. accuracy counts rows whose
    largest entry, the first of several, is the target's; cross_entropy is the mean of -log p(target), brier
    that of Σ (p - y)²; ece = Σ n_b / n |accuracy - confidence| over bins (low, high] (Guo et al. 2017).

    >>> found = evaluate([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [0, 2])
    >>> found.accuracy, round(found.brier, 12)
    (0.5, 0.8)
    """
    given = {"probs": probs, "logits": logits, "log_probs": log_probs}
    scales = [name for name, rows in given.items() if rows is not None]
    if len(scales) != 1 or target is None:
        raise InputError("give one of probs, logits and log_probs, with target", usage=True)
    found = EvaluationAccumulator(scales[0], ignore=ignore)
    rows = given[scales[0]]
    found.update([] if rows is None else rows, target, labels)
    return found.result(base, top, bins)
