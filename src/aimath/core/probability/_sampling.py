"""What is sampled from: logits after temperature, top-k, top-p and min-p, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_vectors, check_number
from aimath.core.numerics.double_double import compensated_sum, two_sum
from aimath.core.numerics.types import EPS
from aimath.core.probability._softmax import log_softmax_rows, row_blocks, softmax_rows
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import (
        CountPerStage,
        Draws,
        IntegerScalars,
        PerStage,
        PerStageAndEntry,
        Scalars,
        Vectors,
    )
    from aimath.core.numerics.types import Array

STAGES = ("temperature", "min-p", "top-k", "top-p")
"""The stages in the order of vLLM."""
ORDERS = {"vllm": STAGES, "llama.cpp": ("top-k", "top-p", "min-p", "temperature")}
ROUNDING = 2.0**-50
"""How far, relatively, a sum or a share may be from a threshold and still count as reaching it: 4 ulp."""


class Sample(NamedTuple):
    """The distribution that is left for sampling, and draws from it."""

    logits: Vectors  # finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    top_k: int  # 0: all
    top_p: float  # 0 .. 1
    min_p: float  # 0 .. 1
    order: str  # the stages, in their order
    seed: int
    probs: Vectors  # sums to 1, 0 for what was cut
    drawn: Draws  # indices from 0

    @property
    def after(self) -> PerStageAndEntry:
        """The distribution after each stage."""
        return np.stack([_distribution(*stage) for stage in _stages(self)], axis=-2)

    @property
    def initial(self) -> Vectors:
        """The softmax of the logits as they stand."""
        return softmax_rows(self.logits)[0]

    @property
    def kept(self) -> IntegerScalars:
        """How many entries are left."""
        return np.asarray(np.count_nonzero(self.probs, axis=-1))

    @property
    def stages(self) -> CountPerStage:
        """How many entries are left after each stage."""
        return np.asarray(np.count_nonzero(self.after, axis=-1))

    @property
    def cut(self) -> PerStage:
        """The probability of what each stage cut, as it stood before."""
        before = np.concatenate((self.initial[..., np.newaxis, :], self.after[..., :-1, :]), axis=-2)
        return np.asarray(np.where(self.after == 0.0, before, 0.0).sum(axis=-1))

    @property
    def entropy(self) -> Scalars:
        """Bits, of the distribution that is left."""
        with np.errstate(all="ignore"):
            terms = np.where(self.probs > 0.0, self.probs * np.log2(self.probs), 0.0)
        return np.asarray(np.abs(terms.sum(axis=-1)))

    def check(self) -> Check:
        """Return probs beside exponentials of log-probabilities of what is left, at the temperature."""
        if self.temperature == 0.0:
            return Check(self.probs, (self.probs > 0.0) / self.kept[..., np.newaxis])
        left = np.where(self.probs > 0.0, self.logits, -np.inf)
        return Check(self.probs, np.exp(log_softmax_rows(left, self.temperature)))


def sample(
    logits: ArrayLike,
    temperature: float = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    order: str = "vllm",
    count: int = 0,
    seed: int = 0,
) -> Sample:
    """Return what is left of a softmax after samplers' stages, and `count` draws, for logits (..., n).

    Every stage sees what the ones before it left, renormalised. top_k: the k largest and all that tie
    with the last of them (0: all). top_p: the fewest, likeliest first and of equals the first, that
    sum to at least p; never none. min_p: what is at least m times the largest. Temperature 0 is
    greedy: the first of the largest. `order` is "vllm" (temperature, min-p, top-k, top-p),
    "llama.cpp" (top-k, top-p, min-p, temperature), or stages joined by commas. A draw is the first
    index whose running sum exceeds a random number in 0..1. Holtzman et al. (2020), Nguyen et al. (2024).

    >>> sample(np.log([0.5, 0.3, 0.2]), top_p=0.7).probs.round(3)
    array([0.625, 0.375, 0.   ])
    """
    z = as_vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    for name, share in (("top_p", top_p), ("min_p", min_p)):
        check_number(name, share, "from 0 to 1", usage=True)
    if top_k < 0 or count < 0:
        name, value = ("top_k", top_k) if top_k < 0 else ("count", count)
        raise InputError("{operand} must be at least 0, not {value}", operand=name, value=value, usage=True)
    settings = Sample(
        z,
        float(temperature),
        int(top_k),
        float(top_p),
        float(min_p),
        order,
        int(seed),
        z,
        np.empty(0, np.int64),
    )
    names = parse_order(order, tuple(name for name in STAGES if _is_active(settings, name)))
    settings = settings._replace(order=",".join(names))
    *_, last = _stages(settings)
    probs = _distribution(*last)
    return settings._replace(probs=probs, drawn=draw(probs, count, seed))


def draw(probs: ArrayLike, count: int, seed: int = 0, rows: Iterable[int] | None = None) -> NDArray[np.int64]:
    """Return `count` indices drawn from each of distributions (..., n), each row from a stream of its own.

    A draw is the first index whose running sum exceeds a random number in 0..1. `rows` are the
    numbers of the rows, by default from 1.

    >>> draw([0.0, 1.0, 0.0], 2)
    array([1, 1])
    """
    p = as_vectors(probs, "probability", operand="probs")
    flat = p.reshape(-1, p.shape[-1])
    drawn = np.empty((len(flat), count), np.int64)
    if not count:
        return drawn.reshape(*p.shape[:-1], count)
    random = [np.random.default_rng((seed, row)).random(count) for row in rows or range(1, len(flat) + 1)]
    for part in row_blocks(flat):
        sums = _running_sums(flat[part])
        last = flat.shape[1] - 1 - np.argmax(flat[part, ::-1] > 0.0, axis=1)  # a sum may end just below 1
        for k, (running, numbers) in enumerate(zip(sums, random[part], strict=True), part.start):
            drawn[k] = running.searchsorted(numbers, side="right")
        np.minimum(drawn[part], last[:, np.newaxis], out=drawn[part])
    return drawn.reshape(*p.shape[:-1], count)


def parse_order(order: str, needed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the stages of an order by name or of a list, or raise InputError if it lacks one that is needed.

    >>> parse_order("top-k,temperature")
    ('top-k', 'temperature')
    """
    names = ORDERS.get(order) or tuple(order.split(","))
    known = f"choose from {', '.join(STAGES)}, or {' or '.join(ORDERS)}"
    for name in names:
        if name not in STAGES:
            raise InputError(
                "{operand}: {value!r} is no stage", operand="order", value=name, hint=known, usage=True
            )
        if names.count(name) > 1:
            raise InputError("{operand} has {value} twice", operand="order", value=name, usage=True)
    for name in needed:
        if name not in names:
            hint = Remedy("add it where it belongs: {order}", order=",".join((*names, name)))
            raise InputError(
                "{operand} leaves out {value}, which is given",
                operand="order",
                value=name,
                hint=hint,
                usage=True,
            )
    return names


def _is_active(settings: Sample, name: str) -> bool:
    """Return whether a stage may change anything."""
    return {
        "temperature": settings.temperature != 1.0,
        "min-p": settings.min_p > 0.0,
        "top-k": settings.top_k > 0,
        "top-p": settings.top_p < 1.0,
    }[name]


def _distribution(left: Array, scale: float, weights: Array | None) -> Array:
    """Return the softmax of what is left at its temperature, of weights in its ratios if there are some."""
    if weights is None:
        return softmax_rows(left, scale)[0]
    return np.asarray(weights / compensated_sum(weights)[..., np.newaxis])


def _stages(settings: Sample) -> Iterator[tuple[Array, float, Array | None]]:
    """Yield what is left of the logits after each stage, its temperature, and weights if there are some.

    Weights are the softmax at the temperature, of which each stage takes some: they are compared as
    they stand with shares of their largest and of their sum. The largest always stays.
    """
    left, scale = settings.logits, 1.0
    weights: Array | None = None
    for name in settings.order.split(","):
        if _is_active(settings, name):
            if name == "temperature":
                scale, weights = settings.temperature, None
            if weights is None and name in ("min-p", "top-p"):
                weights = softmax_rows(left, scale)[0]
            if name != "temperature" or scale == 0.0:
                kept = _survivors(settings, name, left, weights)
                left = np.where(kept, left, -np.inf)
                weights = None if weights is None else weights * kept
        yield left, scale, weights


def _survivors(settings: Sample, name: str, left: Array, weights: Any) -> NDArray[np.bool_]:
    """Return which entries (..., n) a stage leaves."""
    if name == "temperature":
        return np.asarray(np.arange(left.shape[-1]) == left.argmax(axis=-1)[..., np.newaxis])  # of T = 0
    if name == "top-k":
        place = max(0, left.shape[-1] - settings.top_k)
        return np.asarray(left >= np.partition(left, place, axis=-1)[..., place : place + 1])
    if name == "min-p":
        return np.asarray(weights >= settings.min_p * (1.0 - ROUNDING) * weights.max(axis=-1, keepdims=True))
    return _nucleus(weights, settings.top_p)


def _nucleus(weights: Array, p: float) -> NDArray[np.bool_]:
    """Return the largest entries, of equals the first, that sum to at least the share p of all."""
    rows = weights.reshape(-1, weights.shape[-1])
    ranked = np.sort(rows, axis=-1)[:, ::-1]
    running = np.cumsum(ranked, axis=-1)
    goal = p * (1.0 - ROUNDING) * running[:, -1:]
    count = 1 + np.count_nonzero(running[:, :-1] < goal, axis=-1)
    at = np.arange(len(rows))
    doubt = 4.0 * EPS * rows.shape[-1] * goal[:, 0]  # a running sum so near the goal must be known better
    close = np.abs(running[at, count - 1] - goal[:, 0]) <= doubt
    close |= np.abs(running[at, np.maximum(count - 2, 0)] - goal[:, 0]) <= doubt
    if close.any():
        sums = _running_sums(ranked[close])
        count[close] = 1 + np.count_nonzero(sums[:, :-1] < p * (1.0 - ROUNDING) * sums[:, -1:], axis=-1)
    least = ranked[at, count - 1][:, np.newaxis]
    kept = rows >= least
    for row in np.flatnonzero(np.count_nonzero(kept, axis=-1) > count):
        equal = np.flatnonzero(rows[row] == least[row])
        kept[row, equal[count[row] - np.count_nonzero(rows[row] > least[row]) :]] = False
    return np.asarray(kept.reshape(weights.shape))


def _running_sums(terms: Array) -> Array:
    """Return running sums along the last axis, each within an ulp."""
    rough = np.cumsum(terms, axis=-1)
    before = np.concatenate((np.zeros_like(rough[..., :1]), rough[..., :-1]), axis=-1)
    total, lost = two_sum(before, terms)
    return np.asarray(rough + np.cumsum((total - rough) + lost, axis=-1))
