"""The command of Bayes' rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import Normalize, Operand, Option, Usage, Vector
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.core.probability import BayesSequence
    from aimath.report import Step

MAX_SHOWN = 4
"""Pieces of evidence whose posteriors fit beside each other."""


@command(
    Usage(("prior", "likelihood")),
    example="aimath bayes --prior .3 --likelihood .8 --evidence .35",
    answer="posterior; two hypotheses, several, pieces of evidence",
    quiz=("bayes", "illness"),
    after="cross-entropy",
)
def bayes(
    prior: Annotated[Vector, Operand("P(A), or a list for several hypotheses.", flag="--prior")],
    likelihood: Annotated[
        list[Vector],
        Operand(
            "P(B given A), one a hypothesis; repeat for more evidence.", flag="--likelihood", repeatable=True
        ),
    ],
    evidence: Annotated[Vector | None, Operand("P(B).", flag="--evidence")] = None,
    false_positive: Annotated[
        list[Vector] | None,
        Operand("P(B given not A); repeat with --likelihood.", flag="--false-positive", repeatable=True),
    ] = None,
    normalize: Normalize = False,
    names: Annotated[str, Option("--names", help="What A and B are called: spam,free.", metavar="A,B")] = "",
) -> Report:
    """Update a belief with evidence.

    P(A given B) = P(B given A) P(A) / P(B). P(B) is given (--evidence), or follows from
    P(B given not A) (--false-positive), or from the hypotheses of a list.
    """
    words = [word.strip() for word in names.split(",")] if names else ["A", "B"]
    if len(words) != 2 or not all(words):
        error = InputError(f"'{names}' is not two names", hint="write --names spam,free", usage=True)
        raise error.within("--names")
    called = {"A": words[0], "B": words[1]}
    alarms = false_positive or []
    in_turn = max(len(likelihood), len(alarms)) > 1
    if prior.shape[-1] > 1:
        if evidence is not None or alarms:
            raise InputError("several hypotheses need only --prior and --likelihood", usage=True)
        pieces = [_check_length(prior, piece) for piece in likelihood]
        return (
            _hypotheses_sequence_report(prior, pieces, called, normalize=normalize)
            if in_turn
            else _hypotheses_report(prior, pieces[0], called, normalize=normalize)
        )
    if normalize:
        if evidence is not None or alarms:
            raise InputError("--normalize is for the priors of several hypotheses", usage=True)
        prior = _normalize_single(prior)
    if not in_turn:
        return _binary_report(prior, likelihood[0], evidence, alarms, called)
    if evidence is not None:
        raise InputError("several pieces of evidence need --false-positive, not --evidence", usage=True)
    return _binary_sequence_report(prior, likelihood, alarms, called)


def _normalize_single(prior: Vector) -> Vector:
    """Return the weight (rows, 1) of a single hypothesis as its probability."""
    from aimath.core.numerics.arrays import check_simplex

    return check_simplex(prior, "prior", normalize=True, operand="prior")


def _check_length(prior: Vector, likelihood: Vector) -> Vector:
    """Return the likelihood, or raise InputError unless it has one number per hypothesis."""
    found, wanted = likelihood.shape[-1], prior.shape[-1]
    if found != wanted:
        has = f"--likelihood has {pluralize(found, 'number')}"
        raise InputError(f"{has}, --prior has {wanted}", usage=True)
    return likelihood


def _scalar(values: Vector, flag: str) -> Vector:
    """Return (rows, 1) as (rows,)."""
    if values.shape[-1] != 1:
        raise InputError(
            f"{flag} has {values.shape[-1]} numbers where --prior has one",
            hint="several hypotheses need a list of priors",
            usage=True,
        )
    return values[..., 0]


def _binary_report(
    prior: Vector,
    likelihood: Vector,
    evidence: Vector | None,
    false_positives: list[Vector],
    event_names: Mapping[str, str],
) -> Report:
    from aimath.core import probability

    p, seen = _scalar(prior, "--prior"), _scalar(likelihood, "--likelihood")
    whole = None if evidence is None else _scalar(evidence, "--evidence")
    alarm = _scalar(false_positives[0], "--false-positive") if false_positives else None
    if whole is None and alarm is None:
        if not (p == 1.0).all():
            why = "one prior needs the evidence or the false positive rate beside the likelihood"
            raise InputError(why, hint="give --evidence or --false-positive, or a list of priors", usage=True)
        alarm = seen  # a single hypothesis: nothing is left for another
    return Report(
        probability.bayes(p, seen, whole, alarm),
        show=("posterior",),
        template_words=event_names,
        steps=(
            Line("P({A} given {B}) = P({B} given {A}) · P({A}) / P({B})"),
            Line(" = {likelihood} · {prior} / {evidence} = {posterior}"),
            Line(" Out of {population}:"),
            Line("  ├─ {cases} {A}"),
            Line("  │   ├─ {hits} with {B}   {joint:bar}"),
            Line("  │   └─ {misses} without"),
            Line("  └─ {others} not {A}"),
            Line("      ├─ {false_alarms} with {B}   (P({B} given not {A}) = {implied})"),
            Line("      └─ {correct_rejections} without"),
            Line(" {hits} of {hits} + {false_alarms} with {B} are {A}: {posterior:%}"),
            CrossCheck(
                "odds {prior_odds} · {bayes_factor} = {odds} to 1, which is P = "
                "{alternative}; evidence {bits} bits"
            ),
        ),
        units={"bits": "bits"},
        plot=Plot("posterior", end="1"),
    )


def _hypotheses_report(
    prior: Vector, likelihood: Vector, event_names: Mapping[str, str], *, normalize: bool
) -> Report:
    from aimath.core import probability

    return Report(
        probability.bayes(prior, likelihood, normalize=normalize),
        show=("posterior",),
        template_words=event_names,
        steps=(
            Line("P(h given {B}) = P(h) · P({B} given h) / P({B})      P({B}) = Σ P(h) · P({B} given h)"),
            Table(
                (
                    ("P(h)", "{prior}"),
                    (f"P({event_names['B']}|h)", "{likelihood}"),
                    ("product", "{joint}"),
                    ("posterior", "{posterior}"),
                ),
                bar="posterior",
            ),
            Line(" P({B}) = {joint: + } = {evidence}"),
            CrossCheck("by odds against all others: {alternative}"),
        ),
        companion="prior",
        plot=Plot("posterior", end="1"),
    )


def _hypotheses_sequence_report(
    prior: Vector, pieces: list[Vector], event_names: Mapping[str, str], *, normalize: bool
) -> Report:
    import numpy as np

    from aimath.core import probability

    after = ((f"after {k + 1}", f"{{posteriors[{k}]}}") for k in range(min(len(pieces), MAX_SHOWN)))
    return _sequence_report(
        probability.bayes_sequence(
            prior, np.stack(np.broadcast_arrays(*pieces), axis=-2), normalize=normalize
        ),
        Line("P(h) after a piece = P(h) before · P(piece given h) / Σ of the same over all h"),
        Line(" one line a hypothesis"),
        Table((("prior", "{prior}"), *after, ("posterior", "{posterior}")), bar="posterior"),
        event_names=event_names,
    )


def _binary_sequence_report(
    prior: Vector, likelihood: list[Vector], false_positives: list[Vector], event_names: Mapping[str, str]
) -> Report:
    import numpy as np

    from aimath.core import probability

    if len(false_positives) != len(likelihood):
        n = len(likelihood)
        need = "1 piece of evidence needs" if n == 1 else f"{n} pieces of evidence need"
        raise InputError(f"{need} as many --false-positive, not {len(false_positives)}", usage=True)
    seen = [_scalar(piece, "--likelihood") for piece in likelihood]
    alarm = [_scalar(piece, "--false-positive") for piece in false_positives]
    pieces = np.stack(np.broadcast_arrays(*seen, *alarm), axis=-1)  # one row stands for all
    columns = (
        ("P(piece|A)", "{likelihood}"),
        ("P(piece|not A)", "{false_positive}"),
        ("P(A) after it", "{posteriors}"),
    )
    return _sequence_report(
        probability.bayes_sequence(_scalar(prior, "--prior"), pieces[:, : len(seen)], pieces[:, len(seen) :]),
        Line("odds after a piece = odds before · P(piece given A) / P(piece given not A)"),
        Line(" prior P({A}) = {prior}"),
        Table(columns, bar="posteriors"),
        event_names=event_names,
    )


def _sequence_report(result: BayesSequence, *steps: Step, event_names: Mapping[str, str]) -> Report:
    return Report(
        result,
        show=("posterior",),
        template_words=event_names,
        steps=(
            *steps,
            Line(" posterior {posterior}      odds 2^x to 1 with x = {log_odds} bits"),
            CrossCheck("all pieces at once, by sums of logarithms: {alternative}"),
        ),
        units={"log_odds": "bits"},
    )
