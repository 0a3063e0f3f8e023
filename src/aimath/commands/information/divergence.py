"""Commands that compare distributions: divergences, dependence, and the policy that one keeps near."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    AreLogits,
    AreLogProbs,
    Base,
    ModelDistribution,
    Normalize,
    Option,
    TrueDistribution,
    log_name,
)
from aimath.commands._shared import entropy_unit, infinity_footnote, refuse_both_scales
from aimath.report import CrossCheck, Line, Plot, Report, Table

KL_QUANTITIES = ("kl", "terms", "cross_entropy", "entropy", "reverse", "reverse_terms")


@command(
    example="aimath kl .9,.1 .5,.5",
    answer="nats; `--reverse`, `--logits`",
    quiz=("kl",),
    after="perplexity",
)
def kl(
    p: TrueDistribution,
    q: ModelDistribution,
    base: Base = math.e,
    reverse: Annotated[bool, Option("--reverse", help="Give KL(q‖p).")] = False,
    normalize: Normalize = False,
    logits: AreLogits = False,
    log_probs: AreLogProbs = False,
) -> Report:
    """Measure how far one distribution is from another.

    KL(p‖q) = sum p log(p/q), in nats; never negative, not symmetric, infinite where q = 0 < p. Of
    --logits or --log-probs log(p/q) is kept from the numbers themselves, where softmax would lose it.
    """
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    one, two, answer, terms = ("q", "p", "reverse", "reverse_terms") if reverse else ("p", "q", "kl", "terms")
    refuse_both_scales(logits=logits, log_probs=log_probs, normalize=normalize)
    if logits or log_probs:
        return _kl_of_logits_report(
            information.kl(p, q, base, normalize, logits=logits, log_probs=log_probs), base, reverse=reverse
        )
    check = CrossCheck(
        "cross-entropy - entropy = {cross_entropy:~} - {entropy:~} = {alternative}",
        condition="entropies_add_up",
        fallback="cross-entropy - entropy, and what q sums to above p: {alternative}",
    )
    more = "- ({mass_difference})" if reverse else "+ ({mass_difference})"
    result = information.kl(p, q, base, normalize)
    entry = "reverse_infinite_entry" if reverse else "infinite_entry"
    infinite = f"infinite: {two} is 0 at entry {{entry}}, where {one} isn't"
    return Report(
        result,
        show=(answer,),
        steps=(
            Line(
                f"KL({{P}}‖{{Q}}) = Σ {{P}}_i · {log}({{P}}_i/{{Q}}_i)      "
                f"extra {unit} when the code was made for {{Q}}"
            ),
            Table(
                (("work", f"{{{one}:~}} · {log}({{{one}:~}}/{{{two}:~}})"), (unit, f"{{{terms}:+}}")),
                bar=terms,
            ),
            Line(
                f" KL({{P}}‖{{Q}}) = {{{terms}: + }} = {{{answer}}} {unit}",
                condition=f"{terms}_add_up",
                fallback=f" KL({{P}}‖{{Q}}) = {{{terms}: + }} {more} = {{{answer}}} {unit}"
                f"      {{mass_difference}} {unit}: what q sums to above p",
            ),
            Line(f" {infinite.replace('entry}', f'{entry}}}')}", nonzero=entry),
            CrossCheck("cross-entropy - entropy = {alternative}", "check_reverse") if reverse else check,
            Line(
                f" KL({{Q}}‖{{P}}) = {{{'kl' if reverse else 'reverse'}}}: not symmetric. "
                "One term may be negative, the sum never is.",
                nonzero="kl" if reverse else "reverse",
            ),
        ),
        units=dict.fromkeys(KL_QUANTITIES, unit),
        template_words={"P": one, "Q": two},
        plot=Plot(terms),
        page=infinity_footnote(getattr(result, entry), infinite),
    )


def _kl_of_logits_report(result: Any, base: float, *, reverse: bool) -> Report:
    unit, log = entropy_unit(base), log_name(base)
    one, two, answer, terms = ("q", "p", "reverse", "reverse_terms") if reverse else ("p", "q", "kl", "terms")
    return Report(
        result,
        show=(answer,),
        steps=(
            Line(f"KL({{P}}‖{{Q}}) = Σ {{P}}_i · {log}({{P}}_i/{{Q}}_i)      p, q: softmaxes of z"),
            Table(
                (
                    ("z of p", "{p_logits}"),
                    ("z of q", "{q_logits}"),
                    ("p", "{p}"),
                    ("q", "{q}"),
                    ("log ratio", "{log_ratio:+}"),
                    (unit, f"{{{terms}:+}}"),
                ),
                bar=terms,
            ),
            Line(
                f" KL({{P}}‖{{Q}}) = {{{terms}: + }} = {{{answer}}} {unit}",
                condition=f"{terms}_add_up",
                fallback=f" KL({{P}}‖{{Q}}) = {{{answer}}} {unit}: closer than the terms have digits",
            ),
            CrossCheck("cross-entropy - entropy = {alternative}", "check_reverse" if reverse else "check"),
            Line(f" KL({{Q}}‖{{P}}) = {{{'kl' if reverse else 'reverse'}}}: not symmetric"),
        ),
        units=dict.fromkeys(
            ("kl", "terms", "cross_entropy", "entropy", "reverse", "reverse_terms", "log_ratio"), unit
        ),
        template_words={"P": one, "Q": two},
        plot=Plot(terms),
    )


@command(
    example="aimath js .9,.1 .5,.5",
    answer="bits; `--distance`",
    quiz=("js",),
)
def js(
    p: TrueDistribution,
    q: ModelDistribution,
    base: Base = 2.0,
    distance: Annotated[bool, Option("--distance", help="Give the distance: the square root.")] = False,
    normalize: Normalize = False,
    logits: AreLogits = False,
    log_probs: AreLogProbs = False,
) -> Report:
    """Measure the symmetric divergence of two distributions.

    JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2 with m = (p+q)/2: 0 for equal ones, 1 bit for disjoint ones.
    """
    from aimath.core import information

    unit = entropy_unit(base)
    refuse_both_scales(logits=logits, log_probs=log_probs, normalize=normalize)
    return Report(
        information.js(p, q, base, normalize, logits=logits, log_probs=log_probs),
        show=("distance",) if distance else ("js",),
        steps=(
            Line("JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2      m = (p + q)/2"),
            Table((("p", "{p}"), ("q", "{q}"), ("m", "{mixture}")), bar="mixture"),
            Line(f" JS = {{kl_p}}/2 + {{kl_q}}/2 = {{js}} {unit}"),
            *((Line(" distance = √JS = {distance}"),) if distance else ()),
            CrossCheck("H(m) - H(p)/2 - H(q)/2 = {alternative}"),
        ),
        units=dict.fromkeys(("js", "kl_p", "kl_q"), unit),
        plot=Plot("mixture"),
    )
