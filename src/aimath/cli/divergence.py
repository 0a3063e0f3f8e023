"""Commands that compare distributions: divergences, dependence, and the policy that one keeps near."""

from __future__ import annotations

import math
from typing import Annotated, Any

from aimath.cli.command import Commands, command
from aimath.cli.options import (
    ABSENT,
    Base,
    First,
    Flag,
    Form,
    Normalize,
    Number,
    Operand,
    Second,
    Vector,
    log_name,
)
from aimath.errors import InputError
from aimath.report import Line, Plot, Report, Table, Verify

commands: Commands = {}


@command(commands, example="aimath kl .9,.1 .5,.5")
def kl(
    p: First,
    q: Second,
    base: Base = math.e,
    reverse: Annotated[bool, Flag("--reverse", help="Give KL(q‖p).")] = False,
    normalize: Normalize = False,
) -> Report:
    """Measure how far one distribution is from another.

    KL(p‖q) = sum p log(p/q), in nats; never negative, not symmetric, infinite where q = 0 < p.
    """
    from aimath.core import information

    unit, log = information.unit(base), log_name(base)
    one, two, answer, terms = ("q", "p", "reverse", "reverse_terms") if reverse else ("p", "q", "kl", "terms")
    check = Verify("cross-entropy - entropy = {cross_entropy} - {entropy} = {other}")
    return Report(
        information.kl(p, q, base, normalize),
        show=(answer,),
        steps=(
            Line(
                f"KL({{P}}‖{{Q}}) = Σ {{P}}_i · {log}({{P}}_i/{{Q}}_i)      "
                f"extra {unit} when the code was made for {{Q}}"
            ),
            Table((("work", f"{{{one}}} · {log}({{{one}}}/{{{two}}})"), (unit, f"{{{terms}:+}}")), bar=terms),
            Line(f" KL({{P}}‖{{Q}}) = {{{terms}: + }} = {{{answer}}} {unit}"),
            Verify("cross-entropy - entropy = {other}", "check_reverse") if reverse else check,
            Line(
                f" KL({{Q}}‖{{P}}) = {{{'kl' if reverse else 'reverse'}}}: not symmetric. "
                "One term may be negative, the sum never is.",
                only="kl" if reverse else "reverse",
            ),
        ),
        units=dict.fromkeys(("kl", "terms", "cross_entropy", "entropy", "reverse", "reverse_terms"), unit),
        names={"P": one, "Q": two},
        plot=Plot(terms),
    )


@command(commands, example="aimath js .9,.1 .5,.5")
def js(
    p: First,
    q: Second,
    base: Base = 2.0,
    distance: Annotated[bool, Flag("--distance", help="Give the distance: the square root.")] = False,
    normalize: Normalize = False,
) -> Report:
    """Measure the symmetric divergence of two distributions.

    JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2 with m = (p+q)/2: 0 for equal ones, 1 bit for disjoint ones.
    """
    from aimath.core import information

    unit = information.unit(base)
    return Report(
        information.js(p, q, base, distance=distance, normalize=normalize),
        show=("js",),
        steps=(
            Line("JS(p, q) = KL(p‖m)/2 + KL(q‖m)/2      m = (p + q)/2"),
            Table((("p", "{p}"), ("q", "{q}"), ("m", "{mixture}")), bar="mixture"),
            Line(f" JS = {{kl_p}}/2 + {{kl_q}}/2 = {{divergence}} {unit}"),
            *((Line(" distance = √JS = {js}"),) if distance else ()),
            Verify("H(m) - H(p)/2 - H(q)/2 = {other}"),
        ),
        units=dict.fromkeys(("divergence", "kl_p", "kl_q", *(() if distance else ("js",))), unit),
        plot=Plot("mixture"),
    )


@command(commands, example="aimath mutual-information '.4 .1; .1 .4'")
def mutual_information(
    joint: Annotated[Vector, Operand("A table of joint probabilities: rows x, columns y.", matrix=True)],
    base: Base = 2.0,
    normalize: Normalize = False,
) -> Report:
    """Measure what two variables tell of each other.

    I(X; Y) = sum p(x,y) log(p(x,y) / (p(x) p(y))), in bits, of a joint table; counts with --normalize.
    """
    from aimath.core import information

    unit, log = information.unit(base), log_name(base)
    return Report(
        information.mutual_information(joint, base, normalize),
        show=("mutual_information",),
        steps=(
            Line(f"I(X; Y) = Σ p(x,y) · {log}(p(x,y) / (p(x) · p(y)))"),
            Line(" p(x) = {row_marginal}      p(y) = {column_marginal}"),
            Table((("p(x,y)", "{joint}"), ("p(x) · p(y)", "{expected}"), (unit, "{terms:+}")), bar="terms"),
            Line(f" I = {{terms: + }} = {{mutual_information}} {unit}"),
            Verify("H(X) + H(Y) - H(X,Y) = {row_entropy} + {column_entropy} - {joint_entropy} = {other}"),
        ),
        units=dict.fromkeys(
            ("mutual_information", "terms", "row_entropy", "column_entropy", "joint_entropy"), unit
        ),
        plot=Plot("terms"),
    )


@command(
    commands,
    Form(("mu", "sigma")),
    Form(("mu", "logvar"), when=("logvar",)),
    example="aimath gaussian-kl --mu 1 --sigma 2",
)
def gaussian_kl(
    mu: Annotated[Vector, Operand("Means of the first, one a dimension.", flag="--mu")],
    sigma: Annotated[Vector, Operand("Its standard deviations.", flag="--sigma")] = ABSENT,
    mu2: Annotated[Vector | None, Operand("Means of the second.  [default: 0]", flag="--mu2")] = None,
    sigma2: Annotated[
        Vector | None, Operand("Standard deviations of the second.  [default: 1]", flag="--sigma2")
    ] = None,
    logvar: Annotated[
        Vector | None, Operand("ln sigma^2, as a VAE's encoder gives it.", flag="--logvar")
    ] = None,
    base: Base = math.e,
) -> Report:
    """Measure the divergence of two normal distributions.

    KL(N(mu, sigma^2) ‖ N(mu2, sigma2^2)), summed over independent dimensions, in nats; the second
    is N(0, 1) unless given, as in a VAE, whose --logvar may stand for --sigma.
    """
    from aimath.core import information

    unit = information.unit(base)
    if logvar is not None:
        if any(values is not None for values in (sigma, mu2, sigma2)):
            raise InputError("--logvar is measured against N(0, 1): give --mu and --logvar alone", usage=True)
        result: Any = information.vae_kl(mu, logvar, base)
        formula = "KL = Σ (mu² + (exp(l) - 1) - l) / 2      l = ln sigma²"
        textbook = "the paper's line, -1/2 Σ (1 + l - mu² - exp(l))"
        columns: tuple[tuple[str, str], ...] = (("mu", "{mu}"), ("l", "{logvar}"), (unit, "{terms}"))
    else:
        second = (0.0 if mu2 is None else mu2, 1.0 if sigma2 is None else sigma2)
        result = information.gaussian_kl(mu, sigma, *second, base)
        formula = "KL = Σ (r - ln(1 + r)) + r²/2 + d²/2      r = (s1 - s2)/s2      d = (m1 - m2)/s2"
        textbook = "the textbook's line, Σ ln(s2/s1) + (s1² + (m1 - m2)²)/(2 s2²) - 1/2"
        columns = (("m1", "{mu}"), ("s1", "{sigma}"), ("m2", "{mu2}"), ("s2", "{sigma2}"), (unit, "{terms}"))
    return Report(
        result,
        show=("kl",),
        steps=(
            Line(formula),
            Table(columns, bar="terms"),
            Line(f" KL = {{terms: + }} = {{kl}} {unit}"),
            Verify(textbook + " = {other}"),
        ),
        units=dict.fromkeys(("kl", "terms"), unit),
        plot=Plot("terms"),
    )


@command(commands, example="aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .5")
def rlhf(
    rewards: Annotated[Vector, Operand("The reward of each answer.", flag="--rewards")],
    reference: Annotated[Vector, Operand("The reference policy's probabilities.", flag="--reference")],
    beta: Annotated[float, Number(("--beta",), "Weight of the KL penalty.")] = 1.0,
    normalize: Normalize = False,
) -> Report:
    """Find the best policy near a reference.

    policy = reference · exp(reward/beta) / Z maximises expected reward - beta · KL(policy‖reference).
    """
    from aimath.core import information

    return Report(
        information.rlhf(rewards, reference, beta, normalize),
        show=("policy",),
        steps=(
            Line("policy_i = reference_i · exp(reward_i/beta) / Z"),
            Table(
                (
                    ("reward", "{rewards}"),
                    ("reference", "{reference}"),
                    ("policy", "{policy}"),
                ),
                bar="policy",
            ),
            Line(" Z = Σ reference_i · exp(reward_i/beta)      ln Z = {log_partition}"),
            Line(" expected reward {expected_reward}      KL(policy‖reference) {kl} nats"),
            Line(" objective = {expected_reward} - {beta} · {kl} = {objective}"),
            Verify("beta · ln Z = {other}: no policy does better"),
        ),
        units={"kl": "nats"},
        beside="reference",
        plot=Plot("policy"),
    )
