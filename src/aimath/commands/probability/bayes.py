"""The command of Bayes' rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ABSENT, Applies, EntryLabels, Normalize, Operand, Option, Usage, Vector
from aimath.commands._shared import single_matrix
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aimath.core.probability import BayesSequence
    from aimath.report import Step

MAX_SHOWN = 4
"""Pieces of evidence whose posteriors fit beside each other."""
POSTERIOR = "P({A} given {B}) "
WIDTHS, CURVE_POINTS = 4.0, 240
"""How far densities are drawn, in standard deviations, and at how many shares."""


@command(
    Usage(("prior", "likelihood")),
    Usage(
        ("successes", "trials"),
        selected_by=("successes", "trials", "pseudo_counts"),
        beside=("pseudo_counts",),
        example="aimath bayes --successes 120,100 --trials 1000,1000",
    ),
    example="aimath bayes --prior .3 --likelihood .8 --evidence .35",
    answer="posterior; two hypotheses, several, pieces of evidence; `--successes --trials`",
    quiz=("bayes", "illness", "success_share"),
    applies=(Applies(("names", "normalize", "evidence", "false_positive"), "successes", given=False),),
    after="cross-entropy",
)
def bayes(
    arm_names: EntryLabels,
    prior: Annotated[Vector, Operand("P(A), or a list for several hypotheses.", flag="--prior")] = ABSENT,
    likelihood: Annotated[
        list[Vector],
        Operand(
            "P(B given A), one a hypothesis; repeat for more evidence.", flag="--likelihood", repeatable=True
        ),
    ] = ABSENT,
    evidence: Annotated[Vector | None, Operand("P(B).", flag="--evidence")] = None,
    false_positive: Annotated[
        list[Vector] | None,
        Operand("P(B given not A); repeat with --likelihood.", flag="--false-positive", repeatable=True),
    ] = None,
    normalize: Normalize = False,
    names: Annotated[str, Option("--names", help="What A and B are called: spam,free.", metavar="A,B")] = "",
    successes: Annotated[Vector, Operand("Successes of each arm of a test.", flag="--successes")] = ABSENT,
    trials: Annotated[Vector, Operand("Trials of each arm.", flag="--trials")] = ABSENT,
    pseudo_counts: Annotated[
        Vector | None,
        Operand("Successes and failures before the trials.  [default: 1,1]", flag="--pseudo-counts"),
    ] = None,
) -> Report:
    """Update a belief with evidence.

    P(A given B) = P(B given A) P(A) / P(B). P(B) is given (--evidence), or follows from
    P(B given not A) (--false-positive), or from the hypotheses of a list. With --false-positive or
    --evidence several priors are swept. Of --successes in --trials each arm's share has a beta
    posterior; p_best is how likely it is the largest: of two arms P(A > B).
    """
    if successes is not ABSENT:
        return _arms_report(successes, trials, pseudo_counts, arm_names)
    report = _bayes_report(prior, likelihood, evidence, false_positive, names, normalize=normalize)
    return report._replace(names={"entry": arm_names}) if arm_names else report


def _bayes_report(
    prior: Vector,
    likelihood: list[Vector],
    evidence: Vector | None,
    false_positive: list[Vector] | None,
    names: str,
    *,
    normalize: bool,
) -> Report:
    words = [word.strip() for word in names.split(",")] if names else ["A", "B"]
    if len(words) != 2 or not all(words):
        error = InputError(f"'{names}' is not two names", hint="write --names spam,free", usage=True)
        raise error.within("--names")
    called = {"A": words[0], "B": words[1]}
    alarms = false_positive or []
    told = [*alarms, *([] if evidence is None else [evidence])]
    if prior.shape[-1] > 1 and told and all(piece.shape[-1] == 1 for piece in likelihood):
        priors = single_matrix(prior, "prior")
        for piece in (*likelihood, *told):
            single_matrix(piece, "likelihood")
        swept = _bayes_report(
            priors[:, None], likelihood, evidence, false_positive, names, normalize=normalize
        )
        return swept._replace(swept={"prior": priors})
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


def _arms_report(
    successes: Vector, trials: Vector, pseudo_counts: Vector | None, names: tuple[str, ...]
) -> Report:
    from aimath.core import probability

    before = None if pseudo_counts is None else single_matrix(pseudo_counts, "pseudo_counts")
    result = probability.bayes(
        successes=single_matrix(successes, "successes"),
        trials=single_matrix(trials, "trials"),
        pseudo_counts=before,
    )
    two = len(result.a) == 2
    return Report(
        result,
        show=("arm", "posterior_mean", "interval", "p_best", "difference"),
        names={"row": names, "end": ("low", "high")},
        steps=(
            Line("share of an arm ~ Beta(a, b)      a = successes + {pseudo_counts[0]}"),
            Line(" b = trials - successes + {pseudo_counts[1]}      mean = a/(a + b)"),
            Table(
                (
                    ("successes", "{successes}"),
                    ("trials", "{trials}"),
                    ("a", "{a}"),
                    ("b", "{b}"),
                    ("mean", "{posterior_mean}"),
                    ("P(best)", "{p_best}"),
                ),
                bar="p_best",
            ),
            Line(" 95 % of a posterior lie within an interval that leaves 2.5 % on each side"),
            CrossCheck("P(best) by quadrature: {alternative}")
            if two
            else CrossCheck("P(best) of all sums to {alternative}"),
        ),
        plot=Plot(
            "densities", "shares", "curve", axes=("share", "density"), series="arm_texts", from_zero=True
        ),
        drawn=lambda: _densities(result, names),
    )


def _densities(result: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the densities of the arms, at shares where the posteriors are."""
    import numpy as np

    from aimath.core import probability

    low = float(np.clip((result.posterior_mean - WIDTHS * result.std).min(), 0.0, 1.0))
    high = float(np.clip((result.posterior_mean + WIDTHS * result.std).max(), 0.0, 1.0))
    shares = np.linspace(low, high, CURVE_POINTS + 2)[1:-1]
    pairs = zip(result.a, result.b, strict=True)
    counts = zip(result.successes, result.trials, strict=True)
    return {
        "shares": shares,
        "densities": np.stack([probability.beta_density(a, b, shares) for a, b in pairs]),
        "arm_texts": np.array(
            [f"{names[k] if names else f'arm {k + 1}'}: {s:g} of {n:g}" for k, (s, n) in enumerate(counts)]
        ),
    }


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
            Line(" " + POSTERIOR * (p.size > 1) + "= {likelihood} · {prior} / {evidence} = {posterior}"),
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
