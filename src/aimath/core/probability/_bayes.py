"""Bayes' rule for two or more hypotheses, and for sequences of evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np

from aimath.core.numerics.arrays import (
    Check,
    as_vectors,
    broadcast_operands,
    check_simplex,
    name_entry,
    raise_at,
)
from aimath.core.numerics.double_double import compensated_sum, divide_dd, two_prod, two_sum
from aimath.core.numerics.forms import select_form
from aimath.core.probability._arms import Arms, arms
from aimath.core.probability._softmax import logsumexp_rows, softmax_rows
from aimath.errors import InputError, Remedy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from aimath.core.numerics.axes import PerHypothesis, PerPiece, PerPieceAndHypothesis, Scalars
    from aimath.core.numerics.types import Array

    Exponents = NDArray[np.int64]

EVIDENCE_RTOL = 2.0**-50
"""How far (relatively) evidence may lie beyond its bounds and still count as rounded: 4 ulp."""


class Bayes(NamedTuple):
    """A posterior probability, for two hypotheses element by element or for k along the last axis."""

    prior: PerHypothesis  # P(A), 0 .. 1
    likelihood: PerHypothesis  # P(B|A), 0 .. 1
    evidence: Scalars  # P(B), above 0
    joint: PerHypothesis  # P(A) P(B|A)
    implied: PerHypothesis  # P(B|not A); with prior 1, where nothing is implied, the likelihood
    posterior: PerHypothesis  # P(A|B), 0 .. 1
    odds: PerHypothesis  # P(A|B) / P(not A|B), inf when certain

    @property
    def prior_odds(self) -> PerHypothesis:
        """P(A) / P(not A), inf when certain."""
        return _divide_or_inf(self.prior, 1.0 - self.prior)

    @property
    def bayes_factor(self) -> PerHypothesis:
        """P(B|A) / P(B|not A): what the odds are multiplied by, inf if B happens with A only."""
        return _divide_or_inf(self.likelihood, self.implied)

    @property
    def bits(self) -> PerHypothesis:
        """Evidence for A, log2 of the Bayes factor: positive for, negative against."""
        with np.errstate(all="ignore"):
            change = (self.likelihood - self.implied) / self.implied
            near = np.abs(change) < 0.5
            close = np.log1p(np.where(near, change, 0.0)) / np.log(2.0)
            return np.where(near, close, np.log2(self.likelihood) - np.log2(self.implied))

    @property
    def population(self) -> PerHypothesis:
        """A power of ten, from 1000 to 10^12, in which even the rarest case is expected once."""
        missed = self.prior * (1.0 - self.likelihood)
        shares = [np.where(x > 0.0, x, 1.0) for x in (self.joint, missed, self._false_alarm_probability())]
        return np.asarray(10.0 ** np.clip(np.ceil(-np.log10(np.minimum.reduce(shares))), 3.0, 12.0))

    @property
    def cases(self) -> PerHypothesis:
        """Expected number with A, of `population` (natural frequencies: Gigerenzer 1995)."""
        return self._expected_count(self.prior)

    @property
    def others(self) -> PerHypothesis:
        """Expected number without A."""
        return self._expected_count(1.0 - self.prior)

    @property
    def hits(self) -> PerHypothesis:
        """Expected number with A and B."""
        return self._expected_count(self.joint)

    @property
    def misses(self) -> PerHypothesis:
        """Expected number with A but not B."""
        return self._expected_count(self.prior * (1.0 - self.likelihood))

    @property
    def false_alarms(self) -> PerHypothesis:
        """Expected number with B but not A."""
        return self._expected_count(self._false_alarm_probability())

    @property
    def correct_rejections(self) -> PerHypothesis:
        """Expected number with neither."""
        return self._expected_count((1.0 - self.prior) * (1.0 - self.implied))

    def _expected_count(self, share: Array) -> Array:
        """Return an expected number of cases, rounded to 1e-9."""
        return np.asarray(np.round(self.population * share, 9))

    def _false_alarm_probability(self) -> Array:
        return np.asarray((1.0 - self.prior) * self.implied)

    def check(self) -> Check:
        """Return the posterior beside that from prior odds times Bayes factor."""
        with np.errstate(all="ignore"):
            several = np.ndim(self.evidence) < np.ndim(self.prior)  # hypotheses, which may sum to 0.9999999
            others = _leave_one_out_sums(self.prior) if several else 1.0 - self.prior
            against = _divide_or_inf(others, self.prior) * _divide_or_inf(self.implied, self.likelihood)
            return Check(self.posterior, np.where(self.joint == 0.0, self.posterior, 1.0 / (1.0 + against)))


@overload
def bayes(
    prior: ArrayLike,
    likelihood: ArrayLike,
    evidence: ArrayLike | None = ...,
    false_positive: ArrayLike | None = ...,
    normalize: bool = ...,
) -> Bayes: ...
@overload
def bayes(*, successes: ArrayLike, trials: ArrayLike, pseudo_counts: ArrayLike | None = ...) -> Arms: ...
def bayes(
    prior: ArrayLike | None = None,
    likelihood: ArrayLike | None = None,
    evidence: ArrayLike | None = None,
    false_positive: ArrayLike | None = None,
    normalize: bool = False,
    *,
    successes: ArrayLike | None = None,
    trials: ArrayLike | None = None,
    pseudo_counts: ArrayLike | None = None,
) -> Bayes | Arms:
    """Return the posterior of a hypothesis by Bayes' rule, or of the shares of successes in trials.

    posterior = prior * likelihood / evidence, the evidence being P(B) = prior * likelihood +
    (1 - prior) * false_positive. Given one of these two, the hypothesis A stands against not A and
    arrays are taken element by element; given neither, k hypotheses stand along the last axis.
    Evidence out of reach of prior and likelihood is an error, for its posterior would exceed 1.
    With `normalize` the priors of k hypotheses are weights.
    Of successes (k,) in trials (k,) of k arms each has a beta posterior, whose interval leaves out
    2.5 % on each side; p_best is the probability that its share is the largest. The prior is
    Beta(1, 1), or of other pseudo_counts. Bayes (1763), Laplace (1774).

    >>> bayes(0.01, 0.9, false_positive=0.05).posterior
    array(0.15384615)
    """
    form = {"prior": prior, "likelihood": likelihood}
    if select_form(form, {"successes": successes, "trials": trials}) == "successes":
        return arms(successes, trials, pseudo_counts)  # type: ignore[arg-type]
    return _of_hypotheses(prior, likelihood, evidence, false_positive, normalize)  # type: ignore[arg-type]


def _of_hypotheses(
    prior: ArrayLike,
    likelihood: ArrayLike,
    evidence: ArrayLike | None,
    false_positive: ArrayLike | None,
    normalize: bool,
) -> Bayes:
    if evidence is not None and false_positive is not None:
        raise InputError("give the evidence or the false positive rate, not both", usage=True)
    alone = evidence is not None or false_positive is not None
    if normalize:
        if alone:
            raise InputError(
                "{operand} is for the priors of several hypotheses", operand="normalize", usage=True
            )
        prior = check_simplex(prior, "prior", normalize=True, operand="prior")
    p, seen = (
        as_probability(one, name, separate=alone)
        for one, name in ((prior, "prior"), (likelihood, "likelihood"))
    )
    if evidence is not None:
        return _from_evidence(
            *broadcast_operands(
                prior=p, likelihood=seen, evidence=as_probability(evidence, "evidence", separate=True)
            )
        )
    if false_positive is None:
        return _many_hypotheses(p, seen)
    alarm = as_probability(false_positive, "false positive rate", "false_positive", separate=True)
    return _two_hypotheses(*broadcast_operands(prior=p, likelihood=seen, false_positive=alarm))


def as_probability(values: ArrayLike, entry_name: str, operand: str = "", *, separate: bool = False) -> Array:
    """Return probabilities in their shape, each checked to lie within 0 and 1.

    `separate` are those of problems of their own, each a row in an error.
    """
    operand, shape = operand or entry_name, np.shape(values)
    entry_name = name_entry(entry_name, operand)
    given = np.asarray(values)[..., np.newaxis] if separate and shape else values
    p = as_vectors(given, entry_name, operand=operand)
    bad = ~((p >= 0.0) & (p <= 1.0))
    if bad.any():
        which = f"{entry_name} {{k}}" if p.shape[-1] > 1 else entry_name
        which += f" {int(np.argmax(bad)) + 1}" if p.shape[-1] == 1 < p.size else ""
        raise_at(bad, f"{which} must be 0 to 1, not {p[bad][0]:g}", operand=operand)
    return p.reshape(shape)


def _scaled_joints(p: Array, likelihood: Array) -> tuple[Array, Array, Exponents]:
    """Return p · likelihood in two parts times 2^-power, and the power (..., 1) of each row's largest."""
    (a, e), (b, f) = np.frexp(p), np.frexp(likelihood)
    product, low = two_prod(a, b)
    exponent = e.astype(np.int64) + f
    top = np.where(product > 0.0, exponent, -(2**20)).max(axis=-1, keepdims=True)
    shift = np.clip(exponent - top, -5000, 0)
    return np.ldexp(product, shift), np.ldexp(low, shift), top


def _two_hypotheses(p: Array, likelihood: Array, false_positive: Array) -> Bayes:
    joints, _, power = _scaled_joints(
        np.stack((p, 1.0 - p), axis=-1), np.stack((likelihood, false_positive), axis=-1)
    )
    joint, other = joints[..., 0], joints[..., 1]
    evidence = joint + other
    _check_evidence(evidence, (likelihood == 0.0) & (false_positive == 0.0))
    exact = np.ldexp(evidence, power[..., 0])
    return _bayes(
        p, likelihood, exact, p * likelihood, false_positive, joint / evidence, _divide_or_inf(joint, other)
    )


def _from_evidence(p: Array, likelihood: Array, evidence: Array) -> Bayes:
    _check_evidence(evidence, np.zeros(evidence.shape, np.bool_))
    scaled, exponent = np.frexp(evidence)
    high, rest, power = _scaled_joints(p[..., np.newaxis], likelihood[..., np.newaxis])
    shift = np.clip(power[..., 0] - exponent, -5000, 5000)
    joint, low = (
        np.ldexp(high[..., 0], shift),
        np.ldexp(rest[..., 0], shift),
    )  # in units of the evidence's power of two
    with np.errstate(over="ignore"):
        others = np.ldexp(1.0 - p, -exponent)
    rest, slack = (scaled - joint) - low, EVIDENCE_RTOL * scaled
    bad = (rest < -slack) | (rest > others + slack)
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        least, value = (float(a[place]) for a in (p * likelihood, evidence))
        most = least + 1.0 - float(p[place])
        why = "{operand} {value:g} is impossible: prior and likelihood bound it by {least:.6g} and {most:.6g}"
        _raise_for(bad, why, "evidence", value=value, least=least, most=most)
    rest = np.clip(rest, 0.0, others)
    sure = p == 1.0
    implied = np.where(
        sure, likelihood, np.minimum(np.ldexp(rest / np.where(sure, 1.0, 1.0 - p), exponent), 1.0)
    )
    return _bayes(
        p,
        likelihood,
        evidence,
        p * likelihood,
        implied,
        np.minimum(np.add(*divide_dd(joint, low, scaled)), 1.0),
        _divide_or_inf(joint, rest),
    )


def _raise_for(bad: NDArray[np.bool_], why: str, operand: str, **values: Any) -> None:
    """Raise an InputError at the first problem (...) of those that are taken element by element."""
    raise_at(np.atleast_1d(bad)[..., np.newaxis], why, operand=operand, **values)


def _bayes(*fields: Array) -> Bayes:
    return Bayes(*map(np.asarray, fields))  # numpy turns what has no axis into plain numbers on the way


def _many_hypotheses(p: Array, likelihood: Array) -> Bayes:
    if p.ndim == 0 or p.shape[-1] == 1:
        if (p == 1.0).all():  # a single hypothesis: what else there is has nothing left
            return _two_hypotheses(*broadcast_operands(p=p, likelihood=likelihood, other=likelihood))
        why = "one prior needs the evidence or the false positive rate beside the likelihood"
        remedy = Remedy(
            "give {evidence} or {false_positive}, or a list of priors", evidence=..., false_positive=...
        )
        raise InputError(why, hint=remedy, usage=True)
    p, likelihood = broadcast_operands(
        prior=check_simplex(p, "prior", operand="prior"), likelihood=likelihood
    )
    joint, _, power = _scaled_joints(p, likelihood)
    evidence = compensated_sum(joint)[..., np.newaxis]
    _check_evidence(
        evidence[..., 0], (likelihood.max(axis=-1) == 0.0) | np.zeros(evidence.shape[:-1], np.bool_)
    )
    other, doubt = _leave_one_out_sums(joint), _leave_one_out_sums(p)
    implied = np.where(
        doubt > 0.0, _scaled_ratio(other, np.where(doubt > 0.0, doubt, 1.0), power), likelihood
    )
    exact = np.ldexp(evidence, power)[..., 0]
    return _bayes(
        p,
        likelihood,
        exact,
        p * likelihood,
        np.minimum(implied, 1.0),
        joint / evidence,
        _divide_or_inf(joint, other),
    )


def _scaled_ratio(a: Array, b: Array, power: Exponents) -> Array:
    """Return a / b · 2^power, of mantissas: a / b itself may be beyond float64."""
    (a, e), (b, f) = np.frexp(a), np.frexp(b)
    return np.asarray(np.ldexp(a / b, np.clip(power + e - f, -5000, 5000)))


def _leave_one_out_sums(x: Array) -> Array:
    """Return for each entry the sum of all others along the last axis, without subtraction."""
    before, after = np.zeros_like(x), np.zeros_like(x)
    before[..., 1:] = np.cumsum(x[..., :-1], axis=-1)
    after[..., :-1] = np.cumsum(x[..., :0:-1], axis=-1)[..., ::-1]
    return np.asarray(before + after)


def _divide_or_inf(numerator: Array, denominator: Array) -> Array:
    """Return numerator / denominator, inf where the denominator is 0."""
    with np.errstate(over="ignore"):
        return np.where(denominator > 0.0, numerator / np.where(denominator > 0.0, denominator, 1.0), np.inf)


def _check_evidence(evidence: Array, likelihoods: NDArray[np.bool_]) -> None:
    why = "the {operand}s are all 0: what can't happen teaches nothing"
    _raise_for(likelihoods, why, "likelihood")
    _raise_for(evidence == 0.0, "the {operand} has probability 0: it can't have been seen", "evidence")


class BayesSequence(NamedTuple):
    """Beliefs after each of m pieces of evidence that are independent given the hypothesis."""

    prior: PerHypothesis  # P(A), or (..., k) for k hypotheses
    likelihood: PerPieceAndHypothesis  # P(piece|A), or (..., m, k)
    false_positive: PerPiece | None  # P(piece|not A); None for k hypotheses
    posteriors: PerPieceAndHypothesis  # after each piece
    posterior: PerHypothesis  # after all of them
    log_odds: PerHypothesis  # log2 of the posterior odds, in bits: never underflows

    @property
    def odds(self) -> PerHypothesis:
        """Posterior odds, 2^log_odds; may be inf or 0 where their logarithm is neither."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp2(self.log_odds))

    def check(self) -> Check:
        """Return the posterior beside softmax(log prior + sum of log likelihoods)."""
        with np.errstate(divide="ignore"):
            first, pieces = _stack_hypotheses(self.prior, self.likelihood, self.false_positive)
            probs, _ = softmax_rows(np.log(first) + np.log(pieces).sum(axis=0))
        return Check(self.posterior, probs if self.false_positive is None else probs[..., 0])


def bayes_sequence(
    prior: ArrayLike, likelihood: ArrayLike, false_positive: ArrayLike | None = None, normalize: bool = False
) -> BayesSequence:
    """Return the posteriors after each of m independent pieces of evidence.

    odds = prior odds * product of the Bayes factors. The products keep their exponents apart, so a
    hundred likelihoods of 1e-5 underflow nothing, and lose fewer digits than sums of logarithms.
    With false positives A stands against not A; without, k hypotheses stand along the last axis.
    Good (1950), whose weights of evidence are the logarithms of these factors.

    >>> bayes_sequence(0.01, [0.9, 0.9], [0.05, 0.05]).posteriors.round(4)
    array([0.1538, 0.766 ])
    """
    if normalize:
        if false_positive is not None:
            raise InputError(
                "{operand} is for the priors of several hypotheses", operand="normalize", usage=True
            )
        prior = check_simplex(prior, "prior", normalize=True, operand="prior")
    p = as_probability(prior, "prior", separate=false_positive is not None)
    seen = as_probability(likelihood, "likelihood")
    alarm = (
        None
        if false_positive is None
        else as_probability(false_positive, "false positive rate", "false_positive")
    )
    if alarm is None:
        p = check_simplex(p, "prior", operand="prior")
    elif seen.shape != alarm.shape:
        count = f"{seen.shape[-1]} likelihoods need as many false positive rates"
        raise InputError(f"{count}, not {alarm.shape[-1]}", usage=True)
    weights, pieces = _stack_hypotheses(p, seen, alarm)
    low, power = np.zeros_like(weights), np.zeros_like(weights, np.int64)
    posteriors = np.empty((len(pieces), *weights.shape))
    for k, piece in enumerate(pieces):
        weights, low, power = _multiply_likelihood(weights, low, power, piece)
        posteriors[k] = _normalize_weights(weights, power, k)
    log_odds, posterior = _log_odds(weights, power), posteriors[-1]
    posteriors = np.moveaxis(posteriors, 0, -2)
    if alarm is not None:
        posteriors, posterior, log_odds = posteriors[..., 0], posterior[..., 0], log_odds[..., 0]
    return BayesSequence(p, seen, alarm, posteriors, np.asarray(posterior), np.asarray(log_odds))


def _stack_hypotheses(p: Array, likelihood: Array, false_positive: Array | None) -> tuple[Array, Array]:
    """Return priors (..., k) and likelihoods (m, ..., k), not A as second hypothesis."""
    if false_positive is not None:
        p, likelihood = np.stack((p, 1.0 - p), axis=-1), np.stack((likelihood, false_positive), axis=-1)
    likelihood = np.moveaxis(likelihood, -2, 0)
    likelihood = likelihood.reshape(
        len(likelihood), *(1,) * (p.ndim + 1 - likelihood.ndim), *likelihood.shape[1:]
    )
    pieces = broadcast_operands(likelihood=likelihood, prior=np.broadcast_to(p, (1, *p.shape)))[0]
    return broadcast_operands(prior=p, likelihood=pieces[0])[0], pieces


def _multiply_likelihood(
    weights: Array, low: Array, power: Exponents, piece: Array
) -> tuple[Array, Array, Exponents]:
    factor, shift = np.frexp(piece)
    product, rest = two_prod(weights, factor)
    value, more = np.frexp(product)
    value, low = two_sum(value, np.ldexp(low * factor + rest, -more))
    return value, low, power + shift + more


def _normalize_weights(weights: Array, power: Exponents, k: int) -> Array:
    alive = weights > 0.0
    raise_at(
        ~np.asarray(alive.any(axis=-1))[..., np.newaxis],
        "after piece {piece} no hypothesis is left: the evidence has probability 0",
        piece=k + 1,
    )
    top = np.where(alive, power, -(2**62)).max(axis=-1, keepdims=True)
    scaled = np.ldexp(weights, np.where(alive, np.maximum(power - top, -5000), 0).astype(np.int32))
    return np.asarray(scaled / compensated_sum(scaled)[..., np.newaxis])


def _log_odds(weights: Array, power: Exponents) -> Array:
    with np.errstate(divide="ignore"):
        bits = np.log2(weights) + power
    k = bits.shape[-1]
    rivals = np.where(np.eye(k, dtype=np.bool_), -np.inf, bits[..., np.newaxis, :])
    return np.asarray(bits - logsumexp_rows(rivals * np.log(2.0)) / np.log(2.0))
