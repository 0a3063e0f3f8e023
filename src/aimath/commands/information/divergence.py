"""Commands that compare distributions: divergences, dependence, and the policy that one keeps near."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Accumulated,
    Applies,
    AreLogits,
    AreLogProbs,
    Base,
    ModelDistribution,
    Normalize,
    Number,
    Option,
    Reduction,
    TrueDistribution,
    Usage,
    log_name,
)
from aimath.commands._categories import AreCategories, OperandCounts, note_missing
from aimath.commands._shared import (
    entropy_unit,
    infinity_footnote,
    refuse_both_scales,
    refuse_scales_of_categories,
)
from aimath.report import CrossCheck, Line, Plot, Report, Table

KL_QUANTITIES = ("kl", "terms", "cross_entropy", "entropy", "reverse", "reverse_terms")


@command(
    example="aimath kl .9,.1 .5,.5",
    answer="nats; `--reverse`, `--logits`, `--temperature`",
    quiz=("kl", "distillation"),
    applies=(Applies(("temperature",), "logits"),),
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
    temperature: Annotated[float, Number(("--temperature", "-T"), "Divide the logits by T.")] = 1.0,
) -> Report:
    """Measure how far one distribution is from another.

    KL(p‖q) = sum p log(p/q), in nats; never negative, not symmetric, infinite where q = 0 < p. Of
    --logits or --log-probs log(p/q) is kept from the numbers themselves, where softmax would lose it.
    With --temperature T it is that of softmaxes of logits / T, without the factor T² of
    distillation, which the field distillation has. Hinton, Vinyals and Dean (2015).
    """
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    one, two, answer, terms = ("q", "p", "reverse", "reverse_terms") if reverse else ("p", "q", "kl", "terms")
    refuse_both_scales(logits=logits, log_probs=log_probs, normalize=normalize)
    if logits or log_probs:
        return _kl_of_logits_report(
            information.kl(
                p, q, base, normalize, logits=logits, log_probs=log_probs, temperature=temperature
            ),
            base,
            reverse=reverse,
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
    heated = result.temperature != 1.0
    distilled: tuple[Line, ...] = ()
    if heated:
        distilled = (
            Line(
                f" distillation = T² · KL(p‖q) = {{temperature:~}}² · {{kl:~}} = {{distillation:~}} {unit}:"
                "      gradients as large at every T"
            ),
        )
    return Report(
        result,
        show=(answer,),
        steps=(
            Line(
                f"KL({{P}}‖{{Q}}) = Σ {{P}}_i · {log}({{P}}_i/{{Q}}_i)      p, q: softmaxes of z"
                + "/T, T = {temperature}" * heated
            ),
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
            *distilled,
        ),
        units=dict.fromkeys(
            (
                "kl",
                "distillation",
                "terms",
                "cross_entropy",
                "entropy",
                "reverse",
                "reverse_terms",
                "log_ratio",
            ),
            unit,
        ),
        template_words={"P": one, "Q": two},
        plot=Plot(terms),
    )


@command(
    Usage(("p", "q")),
    Usage(
        ("p", "q"),
        selected_by=("categories",),
        example="aimath js 1,1,2 '1; 2; 2' --categories",
        reduction=Reduction(OperandCounts, tables=True, apart=True, whole=True),
    ),
    example="aimath js .9,.1 .5,.5",
    answer="bits; `--distance`; of two columns with `--categories`",
    quiz=("js",),
)
def js(
    p: TrueDistribution = ABSENT,
    q: ModelDistribution = ABSENT,
    base: Base = 2.0,
    distance: Annotated[bool, Option("--distance", help="Give the distance: the square root.")] = False,
    normalize: Normalize = False,
    logits: AreLogits = False,
    log_probs: AreLogProbs = False,
    categories: AreCategories = False,
    counted: Accumulated = None,
) -> Report:
    """Measure the symmetric divergence of two distributions.

    JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2 with m = (p+q)/2: 0 for equal ones, 1 bit for disjoint ones.
    --categories counts what a column of each of two tables holds.
    """
    from aimath.core import information

    if not categories:
        refuse_both_scales(logits=logits, log_probs=log_probs, normalize=normalize)
        result = information.js(p, q, base, normalize, logits=logits, log_probs=log_probs)
        return _js_report(result, base, distance=distance)
    refuse_scales_of_categories(logits=logits, log_probs=log_probs, normalize=normalize)
    one, other = (counted.result(name) for name in ("p", "q"))
    names, first, second = information.align_categories(one, other)
    report = _js_report(
        information.js(first[None], second[None], base, normalize=True), base, distance=distance
    )
    return report._replace(
        names={"entry": names},
        extra={"p_counts": first.astype(int), "q_counts": second.astype(int)},
        notes=note_missing(one.missing + other.missing),
    )


def _js_report(result: Any, base: float, *, distance: bool) -> Report:
    unit = entropy_unit(base)
    return Report(
        result,
        show=("distance",) if distance else ("js",),
        steps=(
            Line("JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2      m = (p + q)/2"),
            Table((("p", "{p}"), ("q", "{q}"), ("m", "{mixture}"), ("adds", "{terms}")), bar="terms"),
            Line(f" JS = {{kl_p}}/2 + {{kl_q}}/2 = {{js}} {unit}"),
            *((Line(" distance = √JS = {distance}"),) if distance else ()),
            CrossCheck("H(m) - H(p)/2 - H(q)/2 = {alternative}"),
        ),
        units=dict.fromkeys(("js", "kl_p", "kl_q", "terms"), unit),
        plot=Plot("terms", axes=("", "what each entry adds")),
    )
