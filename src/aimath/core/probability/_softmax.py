"""Softmax, log-softmax and log-sum-exp of rows (..., n)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, as_floats, as_vectors
from aimath.core.numerics.double_double import compensated_sum, divide_dd, scaled_difference, two_sum
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import Entries, Scalars, Vectors
    from aimath.core.numerics.types import Array, Indices

BLOCK = 32_768
"""Elements worked on at a time: some arrays of this size fit the second cache together."""
MAX_NARROW_ROW = 32
"""Rows of up to this length are turned into columns, so that every operation runs along the rows."""


def row_blocks(rows: Array) -> Iterator[slice]:
    """Return slices of whole rows that cut rows (r, n) in blocks."""
    step = max(1, BLOCK // rows.shape[1])
    return (slice(k, k + step) for k in range(0, len(rows), step))


def column_blocks(block: Array) -> Iterator[slice]:
    """Return slices of columns that cut long rows (r, n) in blocks."""
    return (slice(k, k + BLOCK) for k in range(0, block.shape[1], BLOCK))


def row_max(block: Array) -> tuple[Indices, Array]:
    """Return the argmax and maximum of each row, the first of ties."""
    at = np.argmax(block, axis=1)
    return at, block[np.arange(len(block)), at]


def subtract_max(x: Array, largest: Array, temperature: float) -> tuple[Array, Array]:
    """Return (x - largest) / temperature as a double-double whose low part is finite."""
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
        q, r = divide_dd(q, r, temperature)
    if np.minimum.reduce(q, axis=None) == -np.inf:
        r[q == -np.inf] = 0.0
        wild = (q == -np.inf) & (x > -np.inf)  # a difference beyond float64 that a temperature brings back
        if temperature > 1.0 and wild.any():
            q[wild], r[wild] = scaled_difference(
                x[wild], np.broadcast_to(largest, x.shape)[wild], temperature
            )
    return q, r


def exp_subtract_max(x: Array, largest: Array, temperature: float, out: Array) -> None:
    """Write exp((x - largest) / temperature) into `out`, which may be x itself."""
    with np.errstate(all="ignore"):
        q, r = subtract_max(x, largest, temperature)
        np.exp(q, out=out)
        r *= out
        out += r


def sum_without_max(block: Array, argmax: Indices, largest: Array, temperature: float) -> Array:
    """Return the sums of the weights of rows (r, n) without the largest, which is 1."""
    if block.shape[1] > MAX_NARROW_ROW:
        return sum_without_max_wide(block, argmax, largest, temperature, np.empty_like(block))
    planes = np.array(block.T, order="C")
    exp_subtract_max(planes, largest, temperature, planes)
    return _sum_without_max_narrow(planes)


def _sum_without_max_narrow(weights: Array) -> Array:
    """Return the sums of weights (n, rows) in 0..1 without the largest, which is 1.

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


def sum_without_max_wide(
    block: Array, argmax: Indices, largest: Array, temperature: float, out: Array
) -> Array:
    """Return the weights' sums without the largest, and write the weights into `out`."""
    for columns in column_blocks(block):
        exp_subtract_max(block[:, columns], largest[:, np.newaxis], temperature, out[:, columns])
    place = (np.arange(len(block)), argmax)
    out[place] = 0.0
    rest = pairwise_sum(np.stack([pairwise_sum(out[:, columns].T) for columns in column_blocks(block)]))
    out[place] = 1.0
    return rest


def pairwise_sum(terms: Array) -> Array:
    """Return the pairwise sum along the first axis."""
    while len(terms) > 1:
        half = len(terms) // 2
        folded = terms[:half] + terms[half : 2 * half]
        if len(terms) % 2:
            folded[0] += terms[-1]
        terms = folded
    return np.asarray(terms[0])


MAX_UNSHIFTED_SUM = 1e300
"""Sums of exponentials from 1 to here lost nothing to overflow, nor to underflow what matters to them."""
MAX_TRANSPOSED_ROW = 512
"""Rows of up to this length are summed faster as columns, a turned copy included."""
MAX_DECIMAL_ENTRIES = 100_000
"""Longest row (entries) whose log-sum-exp is redone in decimals when it cancels: about 3 s."""


def softmax_rows(x: Array, temperature: float = 1.0) -> tuple[Array, Array]:
    """Return the softmax of rows (..., n) at a temperature, and the sums of their weights (...,).

    probs = exp((x - max(x)) / temperature) / total, within 4 ulp at any depth. -inf is a mask;
    temperature 0 is the limit (greedy, ties share), inf is uniform over what is not masked.

    >>> softmax_rows(np.array([[0.0, 0.0], [0.0, -np.inf]]))
    (array([[0.5, 0.5],
           [1. , 0. ]]), array([2., 1.]))
    """
    rows = as_rows(x, temperature)
    probs, total = np.empty_like(rows), np.empty(len(rows))
    weigh = _softmax_narrow_rows if rows.shape[1] <= MAX_NARROW_ROW else _softmax_wide_rows
    for part in row_blocks(rows):
        weigh(rows[part], temperature, part, probs[part], total[part])
    return probs.reshape(x.shape), total.reshape(x.shape[:-1])


def log_softmax_rows(x: Array, temperature: float = 1.0) -> Array:
    """Return the log-softmax of rows (..., n) in nats.

    log_probs = (x - max(x)) / temperature - log1p(sum of the other weights).

    >>> log_softmax_rows(np.array([50.0, 0.0]))
    array([-1.92874985e-22, -5.00000000e+01])
    """
    rows = as_rows(x, temperature)
    logs = np.empty_like(rows)
    for part in row_blocks(rows):
        block, out = rows[part], logs[part]
        at, largest = row_max(block)
        _check_not_all_masked(largest, np.arange(part.start, part.start + len(block)))
        nats = np.log1p(sum_without_max(block, at, largest, temperature))[:, np.newaxis]
        for columns in column_blocks(block):
            with np.errstate(all="ignore"):
                q, r = subtract_max(block[:, columns], largest[:, np.newaxis], temperature)
                difference, lost = two_sum(q, -nats)
                out[:, columns] = np.where(np.isfinite(difference), difference + (lost + r), difference)
    return logs.reshape(x.shape)


def logsumexp_rows(x: Array) -> Array:
    """Return log(sum(exp(x))) of rows (..., n) in nats; -inf for a row of -inf, inf where inf is among them.

    A row whose answer is not near 0 and whose numbers exp can bear is summed as it stands, without
    a shift that would round. Else max + log1p(the others); and where these two cancel, as they do
    for log-probabilities, in decimals.

    >>> logsumexp_rows(np.array([0.0, -40.0]))
    array(4.24835426e-18)
    """
    rows = as_rows(x, 1.0)
    result = np.empty(len(rows))
    for part in row_blocks(rows):
        block = rows[part]
        with np.errstate(all="ignore"):
            largest = np.maximum.reduce(block, axis=-1)
            nats = np.log(_sum_exp(block))
        hard = ~((np.abs(nats) >= 1.0) & (np.abs(largest) <= 600.0))
        if hard.any():
            nats[hard] = _logsumexp_shifted(block[hard])
        result[part] = nats
    return result.reshape(x.shape[:-1])


def as_rows(x: Array, temperature: float) -> Array:
    """Return an array (..., n) as rows (r, n), or raise an InputError if the temperature is negative."""
    if not temperature >= 0.0:
        raise InputError(
            "{operand} must be at least 0, not {value:g}", operand="temperature", value=temperature
        )
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def _check_not_all_masked(largest: Array, rows: NDArray[np.intp]) -> None:
    if np.minimum.reduce(largest) == -np.inf:
        raise InputError("all logits are -inf", row=int(rows[np.argmin(largest)]))


def _softmax_narrow_rows(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    planes = np.array(block.T, order="C")
    largest = np.maximum.reduce(planes, axis=0)
    _check_not_all_masked(largest, np.arange(part.start, part.start + len(block)))
    exp_subtract_max(planes, largest, temperature, planes)
    total[:] = pairwise_sum(planes)
    for k, weight in enumerate(planes):  # a column at a time: an array turned and then divided takes longer
        np.divide(weight, total, out=probs[:, k])


def _softmax_wide_rows(block: Array, temperature: float, part: slice, probs: Array, total: Array) -> None:
    """Write softmax and total of long rows, unshifted where exp can't overflow."""
    hard = np.arange(len(block))
    if temperature == 1.0:
        with np.errstate(all="ignore"):
            sums, tops = _exp_rows(block, probs)
            np.divide(sums, tops, out=total)
            np.divide(probs, sums[:, np.newaxis], out=probs)
        hard = np.flatnonzero(~((sums >= 1.0) & (sums <= MAX_UNSHIFTED_SUM)))
    if len(hard):
        at, largest = row_max(block[hard])
        _check_not_all_masked(largest, part.start + hard)
        weights = np.empty((len(hard), block.shape[1]))
        total[hard] = 1.0 + sum_without_max_wide(block[hard], at, largest, temperature, weights)
        probs[hard] = weights / total[hard, np.newaxis]


def _exp_rows(block: Array, out: Array) -> tuple[Array, Array]:
    """Return the sums and maxima of exp(block), and write it into `out` (rows, n)."""
    sums, tops = [], []
    for columns in column_blocks(block):
        np.exp(block[:, columns], out=out[:, columns])
        planes = out[:, columns].T
        if block.shape[1] <= MAX_TRANSPOSED_ROW:
            planes = np.ascontiguousarray(planes)
        sums.append(pairwise_sum(planes))
        tops.append(np.maximum.reduce(planes, axis=0))
    return pairwise_sum(np.stack(sums)), np.maximum.reduce(np.stack(tops), axis=0)


def _sum_exp(block: Array) -> Array:
    """Return sum(exp(block)) along rows (rows, n), a block at a time."""
    if block.shape[1] <= MAX_NARROW_ROW:
        return pairwise_sum(np.exp(np.array(block.T, order="C")))
    return pairwise_sum(np.stack([pairwise_sum(np.exp(block[:, c]).T) for c in column_blocks(block)]))


def _logsumexp_shifted(block: Array) -> Array:
    at, largest = row_max(block)
    finite = np.isfinite(largest)
    with np.errstate(all="ignore"):
        rest = sum_without_max(block, at, np.where(finite, largest, 0.0), 1.0)
        nats = np.where(finite, largest + np.log1p(rest), largest)
    cancels = finite & (largest < 0.0) & (np.abs(nats) < 0.5 * np.abs(largest))
    if block.shape[1] <= MAX_DECIMAL_ENTRIES:
        for row in np.flatnonzero(cancels):
            nats[row] = _logsumexp_decimal(block[row])
    return nats


def _logsumexp_decimal(row: Array) -> float:
    """Return log(sum(exp(row))) with 40 digits, or with twice as many each time they cancel away."""
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

    logits: Vectors  # finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    probs: Vectors  # sums to 1
    total: Scalars  # sum of the weights, 1 .. n

    @property
    def maximum(self) -> Scalars:
        """The largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def shifted(self) -> Vectors:
        """(logit - the largest) / temperature, at most 0; at temperature 0 and inf the limit."""
        with np.errstate(all="ignore"):
            return np.add(*subtract_max(self.logits, self.maximum[..., np.newaxis], self.temperature))

    @property
    def weights(self) -> Vectors:
        """exp(shifted), 0 .. 1: the largest logit weighs 1."""
        return np.where(self.shifted == 0.0, 1.0, np.minimum(self.probs * self.total[..., np.newaxis], 1.0))

    @property
    def log_probs(self) -> Vectors:
        """Natural logarithms of the probabilities, at most 0."""
        return log_softmax_rows(self.logits, self.temperature)

    @property
    def entropy(self) -> Scalars:
        """Bits, 0 .. log2(n): near 1 the logarithm is kept from the logits, where p forgot it."""
        p = np.where(self.probs == 0.0, 1.0, self.probs)
        nats = log_softmax_rows(self.logits, self.temperature)
        near = self.probs > 0.5
        surprise = np.where(near, np.where(near, nats, 0.0) / -np.log(2.0), -np.log2(p))
        return np.minimum(compensated_sum(p * surprise) + 0.0, np.log2(float(p.shape[-1])))

    @property
    def perplexity(self) -> Scalars:
        """2^entropy, 1 .. n: so many equally likely outcomes are as uncertain."""
        return np.minimum(np.exp2(self.entropy), float(self.logits.shape[-1]))

    @property
    def argmax(self) -> Entries:
        """Index of the most probable entry, the first of several."""
        return np.argmax(self.logits, axis=-1)

    def check(self) -> Check:
        """Return the probabilities beside exp(log_probs)."""
        return Check(self.probs, np.exp(log_softmax_rows(self.logits, self.temperature)))

    def check_entropy(self) -> Check:
        """Return the entropy beside logsumexp less the mean of the shifted logits."""
        kept = self.probs > 0.0
        mean = compensated_sum(np.where(kept, self.probs * np.where(kept, self.shifted, 0.0), 0.0))
        return Check(self.entropy, (np.log(self.total) - mean) / np.log(2.0))


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Softmax:
    """Return the softmax of logits along the last axis.

    probs = exp((logits - max(logits)) / temperature) / total, the total being the sum of those
    exponentials. -inf is a mask (probability 0). Temperature 0 is the limit: all to the largest,
    ties share; torch divides by it and gives nan. Always along the last axis, scipy's default is
    the whole array. Boltzmann (1868); the name: Bridle (1990).

    >>> softmax([2, 1, 0.1]).probs.round(4)
    array([0.659 , 0.2424, 0.0986])
    """
    z = as_floats(logits, "logit", operand="logits")
    temperature = float(temperature)
    if not 0.0 < temperature < np.inf:
        as_vectors(z, "logit", allow=(-np.inf,), operand="logits")
    found = Softmax(z, temperature, *softmax_rows(z, temperature))
    if np.isnan(found.total).any():  # nan and inf show here, which spares a pass over millions of rows
        as_vectors(z, "logit", allow=(-np.inf,), operand="logits")
    return found


TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 5.0, np.inf)


def temperature(logits: ArrayLike, temperature: Iterable[float] = TEMPERATURES) -> tuple[Softmax, ...]:
    """Return the softmax of logits along the last axis at each temperature.

    A low temperature sharpens, a high one flattens, and the entropy grows with it. Hinton, Vinyals
    and Dean (2015).

    >>> [float(one.perplexity.round(3)) for one in temperature([2, 1, 0.1], (0, 1, np.inf))]
    [1.0, 2.332, 3.0]
    """
    return tuple(softmax(logits, one) for one in temperature)


class LogSoftmax(NamedTuple):
    """Logarithms of softmax probabilities."""

    logits: Vectors  # finite, or -inf for a mask
    temperature: float  # 0 greedy .. inf uniform
    log_probs: Vectors  # nats, at most 0

    @property
    def maximum(self) -> Scalars:
        """The largest logit."""
        return np.asarray(self.logits.max(axis=-1))

    @property
    def logsumexp(self) -> Scalars:
        """Nats, of the logits as they stand (temperature 1)."""
        return logsumexp_rows(self.logits)

    @property
    def probs(self) -> Vectors:
        """The probabilities themselves."""
        return softmax_rows(self.logits, self.temperature)[0]

    def check(self) -> Check:
        """Return log_probs beside logits / temperature - logsumexp; at 0 and inf beside log(probs)."""
        with np.errstate(all="ignore"):
            scaled = self.logits / self.temperature
            if not 0.0 < self.temperature < np.inf or np.isinf(scaled).any():
                return Check(self.log_probs, np.log(self.probs))
            return Check(self.log_probs, scaled - logsumexp_rows(scaled)[..., np.newaxis])


def log_softmax(logits: ArrayLike, temperature: float = 1.0) -> LogSoftmax:
    """Return the log-softmax of logits along the last axis, in nats.

    log_probs = (logits - max(logits)) / temperature - log1p(the other weights): of [50, 0] the
    first is -1.93e-22, where scipy and torch say 0.

    >>> log_softmax([50, 0]).log_probs
    array([-1.92874985e-22, -5.00000000e+01])
    """
    z = as_vectors(logits, "logit", allow=(-np.inf,), operand="logits")
    temperature = float(temperature)
    return LogSoftmax(z, temperature, log_softmax_rows(z, temperature))
