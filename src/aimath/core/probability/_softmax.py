"""Softmax, log-softmax and log-sum-exp of rows (..., n), which keep all digits, and their quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, floats, vectors
from aimath.core.numerics.double_double import quotient, row_sum, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.types import Array

BLOCK = 32_768
"""Elements worked on at a time: some arrays of this size fit the second cache together."""
NARROW = 32
"""Rows of up to this length are turned into columns, so that every operation runs along the rows."""


def row_parts(rows: Array) -> Iterator[slice]:
    """Cut rows (r, n) in blocks of whole rows."""
    step = max(1, BLOCK // rows.shape[1])
    return (slice(k, k + step) for k in range(0, len(rows), step))


def column_parts(block: Array) -> Iterator[slice]:
    """Cut rows (r, n) that are longer than a block in pieces."""
    return (slice(k, k + BLOCK) for k in range(0, block.shape[1], BLOCK))


def largest_of(block: Array) -> tuple[Array, Array]:
    """Give the place and the value of each row's largest entry, the first of several."""
    at = np.argmax(block, axis=1)
    return at, block[np.arange(len(block)), at]


def shifted(x: Array, largest: Array, temperature: float) -> tuple[Array, Array]:
    """Give (x - largest) / temperature in two parts, of which the second is always finite."""
    if temperature == 0.0:
        q = np.where(x == largest, 0.0, -np.inf)
        return q, np.zeros_like(q)
    if temperature == np.inf:
        q = np.where(x == -np.inf, -np.inf, 0.0)
        return q, np.zeros_like(q)
    q = x - largest
    t = q - x
    r = q - t  # Knuth's two-sum, in place: r = (x - (q - t)) - (largest + t)
    np.subtract(x, r, out=r)
    t += largest
    r -= t
    if temperature != 1.0:
        q, r = quotient(q, r, temperature)
    if np.minimum.reduce(q, axis=None) == -np.inf:
        r[q == -np.inf] = 0.0
    return q, r


def write_weights(x: Array, largest: Array, temperature: float, out: Array) -> None:
    """Write exp((x - largest) / temperature) into `out`, which may be x itself."""
    with np.errstate(all="ignore"):
        q, r = shifted(x, largest, temperature)
        np.exp(q, out=out)
        r *= out
        out += r


def rest_of(block: Array, at: Array, largest: Array, temperature: float) -> Array:
    """Give the sums of the weights of rows (r, n) without that of the largest, which is 1."""
    if block.shape[1] > NARROW:
        return wide_rest(block, at, largest, temperature, np.empty_like(block))
    planes = np.array(block.T, order="C")
    write_weights(planes, largest, temperature, planes)
    return _narrow_rest(planes)


def _narrow_rest(weights: Array) -> Array:
    """Sum weights (n, rows) in 0..1, of which one is 1, without that one.

    The sum starts at 1 and so is never below what is added to it: the rest of each addition takes
    two operations (Dekker 1971), and taking off the 1 and the largest weight afterwards is exact.
    """
    total, rest = np.ones(weights.shape[1]), np.zeros(weights.shape[1])
    for weight in weights:
        larger = total + weight
        np.subtract(larger, total, out=total)
        rest += np.subtract(weight, total, out=total)
        total = larger
    return (total - 2.0) + rest


def wide_rest(block: Array, at: Array, largest: Array, temperature: float, out: Array) -> Array:
    """Write the weights of `block` (rows, n) into `out` and give their sum without the largest."""
    for columns in column_parts(block):
        write_weights(block[:, columns], largest[:, np.newaxis], temperature, out[:, columns])
    place = (np.arange(len(block)), at)
    out[place] = 0.0
    rest = tree_sum(np.stack([tree_sum(out[:, columns].T) for columns in column_parts(block)]))
    out[place] = 1.0
    return rest


def tree_sum(planes: Array) -> Array:
    """Sum along the first axis by halves: np.sum's rounding adds up on equal weights (5 ulp at 200)."""
    while len(planes) > 1:
        half = len(planes) // 2
        folded = planes[:half] + planes[half : 2 * half]
        if len(planes) % 2:
            folded[0] += planes[-1]
        planes = folded
    return np.asarray(planes[0])


BEARABLE = 1e300
"""Sums of exponentials from 1 to here lost nothing to overflow, nor to underflow what matters to them."""
TURN = 512
"""Rows of up to this length are summed faster as columns, a turned copy included."""
DECIMAL_MOST = 100_000
"""Longest row (entries) whose log-sum-exp is redone in decimals when it cancels: about 3 s."""


def softmax_rows(x: Array, temperature: float = 1.0) -> tuple[Array, Array]:
    """Give the softmax of rows (..., n) at a temperature, and the sums of their weights (...,).

    probs = exp((x - max(x)) / temperature) / total, within 4 ulp at any depth. -inf is a mask;
    temperature 0 is the limit (greedy, ties share), inf is uniform over what is not masked.

    >>> softmax_rows(np.array([[0.0, 0.0], [0.0, -np.inf]]))
    (array([[0.5, 0.5],
           [1. , 0. ]]), array([2., 1.]))
    """
    rows = _rows(x, temperature)
    probs, total = np.empty_like(rows), np.empty(len(rows))
    weigh = _narrow if rows.shape[1] <= NARROW else _wide
    for part in row_parts(rows):
        weigh(rows[part], temperature, part, probs[part], total[part])
    return probs.reshape(x.shape), total.reshape(x.shape[:-1])


def log_softmax_rows(x: Array, temperature: float = 1.0) -> Array:
    """Give the logarithms of the softmax of rows (..., n) in nats: the log-odds of a sure thing survive.

    log_probs = (x - max(x)) / temperature - log1p(sum of the other weights).

    >>> log_softmax_rows(np.array([50.0, 0.0]))
    array([-1.92874985e-22, -5.00000000e+01])
    """
    rows = _rows(x, temperature)
    logs = np.empty_like(rows)
    for part in row_parts(rows):
        block, out = rows[part], logs[part]
        at, largest = largest_of(block)
        _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
        nats = np.log1p(rest_of(block, at, largest, temperature))[:, np.newaxis]
        for columns in column_parts(block):
            with np.errstate(all="ignore"):
                q, r = shifted(block[:, columns], largest[:, np.newaxis], temperature)
                difference, lost = two_sum(q, -nats)
                out[:, columns] = np.where(np.isfinite(difference), difference + (lost + r), difference)
    return logs.reshape(x.shape)


def logsumexp_rows(x: Array) -> Array:
    """Give log(sum(exp(x))) of rows (..., n) in nats; -inf for a row of -inf, inf where inf is among them.

    A row whose answer is not near 0 and whose numbers exp can bear is summed as it stands, without
    a shift that would round. Else max + log1p(the others); and where these two cancel, as they do
    for log-probabilities, in decimals.

    >>> logsumexp_rows(np.array([0.0, -40.0]))
    array(4.24835426e-18)
    """
    rows = _rows(x, 1.0)
    result = np.empty(len(rows))
    for part in row_parts(rows):
        block = rows[part]
        with np.errstate(all="ignore"):
            largest = np.maximum.reduce(block, axis=-1)
            nats = np.log(_plain_total(block))
        hard = ~((np.abs(nats) >= 1.0) & (np.abs(largest) <= 600.0))
        if hard.any():
            nats[hard] = _careful(block[hard])
        result[part] = nats
    return result.reshape(x.shape[:-1])


def _rows(x: Array, temperature: float) -> Array:
    if not temperature >= 0.0:
        raise InputError(f"temperature must be at least 0, not {temperature:g}", operand="temperature")
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _refuse_masked(largest: Array, rows: NDArray[np.intp]) -> None:
    if np.minimum.reduce(largest) == -np.inf:
        raise InputError("all logits are -inf", row=int(rows[np.argmin(largest)]))


def _narrow(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    planes = np.array(block.T, order="C")
    largest = np.maximum.reduce(planes, axis=0)
    _refuse_masked(largest, np.arange(part.start, part.start + len(block)))
    write_weights(planes, largest, temperature, planes)
    total[:] = tree_sum(planes)
    for k, weight in enumerate(planes):  # a column at a time: an array turned and then divided takes longer
        np.divide(weight, total, out=probs[:, k])


def _wide(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    """Give long rows as they stand where exp can bear them: what isn't shifted isn't rounded either."""
    hard = np.arange(len(block))
    if temperature == 1.0:
        with np.errstate(all="ignore"):
            sums, tops = _exponentials(block, probs)
            np.divide(sums, tops, out=total)
            np.divide(probs, sums[:, np.newaxis], out=probs)
        hard = np.flatnonzero(~((sums >= 1.0) & (sums <= BEARABLE)))
    if len(hard):
        at, largest = largest_of(block[hard])
        _refuse_masked(largest, part.start + hard)
        weights = np.empty((len(hard), block.shape[1]))
        total[hard] = 1.0 + wide_rest(block[hard], at, largest, temperature, weights)
        probs[hard] = weights / total[hard, np.newaxis]


def _exponentials(block: Array, out: Array) -> tuple[Array, Array]:
    """Write exp(block) into `out` (rows, n) and give the sums and the largest."""
    sums, tops = [], []
    for columns in column_parts(block):
        np.exp(block[:, columns], out=out[:, columns])
        planes = out[:, columns].T
        if block.shape[1] <= TURN:
            planes = np.ascontiguousarray(planes)
        sums.append(tree_sum(planes))
        tops.append(np.maximum.reduce(planes, axis=0))
    return tree_sum(np.stack(sums)), np.maximum.reduce(np.stack(tops), axis=0)


def _plain_total(block: Array) -> Array:
    """Sum exp(block) along rows (rows, n), holding no more than a block of exponentials."""
    if block.shape[1] <= NARROW:
        return tree_sum(np.exp(np.array(block.T, order="C")))
    return tree_sum(np.stack([tree_sum(np.exp(block[:, c]).T) for c in column_parts(block)]))


def _careful(block: Array) -> Array:
    at, largest = largest_of(block)
    finite = np.isfinite(largest)
    with np.errstate(all="ignore"):
        rest = rest_of(block, at, np.where(finite, largest, 0.0), 1.0)
        nats = np.where(finite, largest + np.log1p(rest), largest)
    cancels = finite & (largest < 0.0) & (np.abs(nats) < 0.5 * np.abs(largest))
    if block.shape[1] <= DECIMAL_MOST:
        for row in np.flatnonzero(cancels):
            nats[row] = _decimal(block[row])
    return nats


def _decimal(row: Array) -> float:
    """Give log(sum(exp(row))) with 40 digits, or with twice as many each time they cancel away."""
    from decimal import Context, Decimal  # noqa: PLC0415  1 ms at start for a rare need

    digits = 40
    while True:
        context = Context(prec=digits)
        total = Decimal(0)
        for value in row[row > -np.inf].tolist():
            total = context.add(total, context.exp(Decimal(value)))
        nats = context.ln(total)
        if nats.adjusted() > 20 - digits or digits > 1000:
            return float(nats)
        digits *= 2


class Softmax(NamedTuple):
    """Probabilities in the ratios of exp(logit / temperature)."""

    logits: Array  # (..., n) finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    probs: Array  # (..., n) sums to 1 along n
    total: Array  # (...) sum of the weights, 1 .. n

    @property
    def maximum(self) -> Array:
        """(...) the largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def shifted(self) -> Array:
        """(..., n) (logit - the largest) / temperature, at most 0; at temperature 0 and inf the limit."""
        with np.errstate(all="ignore"):
            difference = self.logits - self.logits.max(axis=-1, keepdims=True)
            if self.temperature == 0.0:
                return np.where(difference == 0.0, 0.0, -np.inf)
            if self.temperature == np.inf:
                return np.where(difference == -np.inf, -np.inf, 0.0)
            return np.asarray(difference / self.temperature)

    @property
    def weights(self) -> Array:
        """(..., n) exp(shifted), 0 .. 1: the largest logit weighs 1."""
        return np.where(self.shifted == 0.0, 1.0, np.minimum(self.probs * self.total[..., np.newaxis], 1.0))

    @property
    def log_probs(self) -> Array:
        """(..., n) natural logarithms of the probabilities, at most 0."""
        return log_softmax_rows(self.logits, self.temperature)

    @property
    def entropy(self) -> Array:
        """(...) bits, 0 .. log2(n): near 1 the logarithm is kept from the logits, where p forgot it."""
        p = np.where(self.probs == 0.0, 1.0, self.probs)
        surprise = np.where(self.probs > 0.5, self.log_probs / -np.log(2.0), -np.log2(p))
        return row_sum(p * surprise) + 0.0

    @property
    def perplexity(self) -> Array:
        """(...) 2^entropy, 1 .. n: so many equally likely outcomes are as uncertain."""
        return np.asarray(np.exp2(self.entropy))

    @property
    def argmax(self) -> Any:
        """(...) index of the most probable entry, the first of several."""
        return np.argmax(self.logits, axis=-1)

    def check(self) -> Check:
        """Recompute the probabilities as exponentials of log-probabilities."""
        return Check(self.probs, np.exp(self.log_probs))

    def check_entropy(self) -> Check:
        """Recompute the entropy as the log-sum-exp less the mean of the shifted logits."""
        kept = self.probs > 0.0
        mean = row_sum(np.where(kept, self.probs * np.where(kept, self.shifted, 0.0), 0.0))
        return Check(self.entropy, (np.log(self.total) - mean) / np.log(2.0))


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Softmax:
    """Turn logits into probabilities.

    probs = exp((logits - max(logits)) / temperature) / total, the total being the sum of those
    exponentials. -inf is a mask (probability 0). Temperature 0 is the limit: all to the largest,
    ties share; torch divides by it and gives nan. Always along the last axis, scipy's default is
    the whole array. Boltzmann (1868); the name: Bridle (1990).

    >>> softmax([2, 1, 0.1]).probs.round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    z = floats(logits, "logit", operand="logits")
    temperature = float(temperature)
    if not 0.0 < temperature < np.inf:
        vectors(z, "logit", allow=(-np.inf,), operand="logits")
    found = Softmax(z, temperature, *softmax_rows(z, temperature))
    if np.isnan(found.total).any():  # nan and inf show here, which spares a pass over millions of rows
        vectors(z, "logit", allow=(-np.inf,), operand="logits")
    return found


class LogSoftmax(NamedTuple):
    """Logarithms of softmax probabilities."""

    logits: Array  # (..., n) finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    log_probs: Array  # (..., n) nats, at most 0

    @property
    def maximum(self) -> Array:
        """(...) the largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def logsumexp(self) -> Array:
        """(...) nats, of the logits as they stand (temperature 1)."""
        return logsumexp_rows(self.logits)

    @property
    def probs(self) -> Array:
        """(..., n) the probabilities themselves."""
        return softmax_rows(self.logits, self.temperature)[0]

    def check(self) -> Check:
        """Recompute as logits / temperature less their own log-sum-exp; at 0 and inf as log(probs)."""
        with np.errstate(all="ignore"):
            scaled = self.logits / self.temperature
            if not 0.0 < self.temperature < np.inf or np.isinf(scaled).any():
                return Check(self.log_probs, np.log(self.probs))
            return Check(self.log_probs, scaled - logsumexp_rows(scaled)[..., np.newaxis])


def log_softmax(logits: ArrayLike, temperature: float = 1.0) -> LogSoftmax:
    """Give the natural logarithms of the softmax of logits.

    log_probs = (logits - max(logits)) / temperature - log1p(the other weights): of [50, 0] the
    first is -1.93e-22, where scipy and torch say 0.

    >>> log_softmax([50, 0]).log_probs
    array([-1.92874985e-22, -5.00000000e+01])
    """
    z = vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    temperature = float(temperature)
    return LogSoftmax(z, temperature, log_softmax_rows(z, temperature))


class LogSumExp(NamedTuple):
    """The logarithm of a sum of exponentials."""

    values: Array  # (..., n) may hold inf and -inf
    logsumexp: Array  # (...) nats, at least the maximum

    @property
    def maximum(self) -> Array:
        """(...) the largest value."""
        return np.asarray(self.values.max(axis=-1))

    @property
    def shifted(self) -> Array:
        """(..., n) value - maximum, at most 0; 0 for what equals an infinite maximum."""
        with np.errstate(invalid="ignore"):
            difference = self.values - self.maximum[..., np.newaxis]
        return np.where(self.values == self.maximum[..., np.newaxis], 0.0, difference)

    @property
    def weights(self) -> Array:
        """(..., n) exp(shifted), 0 .. 1."""
        return np.asarray(np.exp(self.shifted))

    @property
    def total(self) -> Array:
        """(...) sum of the weights, 1 .. n."""
        return row_sum(self.weights)

    @property
    def excess(self) -> Array:
        """(...) what the others add to the maximum, 0 .. log(n)."""
        with np.errstate(invalid="ignore"):
            excess = self.logsumexp - self.maximum
        return np.where(np.isfinite(self.maximum), excess, 0.0)

    def check(self) -> Check:
        """Add the values one after the other by numpy's log(exp(a) + exp(b))."""
        with np.errstate(all="ignore"):
            return Check(self.logsumexp, np.asarray(np.logaddexp.reduce(self.values, axis=-1)))


def logsumexp(values: ArrayLike) -> LogSumExp:
    """Give log(sum(exp(values))) in nats, the soft maximum.

    Of [0, -40] it is 4.25e-18, where torch says 0; log-probabilities that sum to nearly 1, whose
    answer all peers lose, are summed in decimals. A row of -inf gives -inf, an inf gives inf. See
    Blanchard, Higham and Higham (2021) on what shifts cost.

    >>> logsumexp([1000, 1000]).logsumexp
    array(1000.69314718)
    """
    x = floats(values, operand="values")
    found = LogSumExp(x, logsumexp_rows(x))
    if np.isnan(found.logsumexp).any():
        vectors(x, allow=(np.inf, -np.inf), operand="values")
    return found
