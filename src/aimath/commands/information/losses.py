"""Commands of losses: preferences (dpo, grpo), contrasts (info-nce), hard cases (focal)."""

from __future__ import annotations

from typing import Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import ABSENT, MemoryLimit, Number, Operand, Option, Usage, Vector
from aimath.commands._shared import check_memory, class_indices, single_matrix
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Panels, Plot, Report, Table

ALPHA = 0.25
CURVE_POINTS = 400


@command(
    example="aimath dpo --chosen -12 --rejected -14 --ref-chosen -12.5 --ref-rejected -13.5 --beta .1",
    answer="loss of preferred answers",
    quiz=("dpo",),
    after="rlhf",
)
def dpo(
    chosen: Annotated[Vector, Operand("Log-probabilities of the chosen answers.", flag="--chosen")],
    rejected: Annotated[Vector, Operand("Those of the rejected ones.", flag="--rejected")],
    ref_chosen: Annotated[Vector, Operand("Of the chosen under the reference.", flag="--ref-chosen")],
    ref_rejected: Annotated[Vector, Operand("Of the rejected under the reference.", flag="--ref-rejected")],
    beta: Annotated[float, Number(("--beta",), "How much a log-probability is worth.")] = 0.1,
) -> Report:
    """Measure the loss of direct preference optimisation.

    loss = -ln σ(beta ((chosen - ref) - (rejected - ref))), the mean of all pairs, of log-probabilities
    summed over an answer's tokens. trl's default loss. Rafailov et al. (2023).
    """
    from aimath.core import information

    found = information.dpo(chosen, rejected, ref_chosen, ref_rejected, beta)
    return Report(
        found,
        show=("loss",),
        steps=(
            Line("loss = -ln σ(beta · ((chosen - ref chosen) - (rejected - ref rejected)))"),
            Line(" -ln σ(margin) is ln(1 + exp(-margin))"),
            Table(
                (
                    ("reward of chosen", "{reward_chosen:+}"),
                    ("of rejected", "{reward_rejected:+}"),
                    ("margin", "{margin:+}"),
                    ("ln(1 + exp(-margin))", "{losses}"),
                ),
                bar="losses",
            ),
            Line(" a reward is beta · (log-probability - the reference's), beta = {beta}"),
            Line(" mean {loss} nats; {accuracy:%} of the margins are above 0"),
            Line(
                " gradient by the log-probability of the chosen {gradients:, }, of the rejected its opposite"
            ),
            CrossCheck("how likely Bradley and Terry's model calls the choice, -ln: {alternative}"),
        ),
        units={"loss": "nats", "losses": "nats"},
        plot=Plot(
            "curve", "curve_x", "curve", axes=("margin", "loss of a pair, nats"), points=("margin", "losses"),
            from_zero=True, caption="● a pair: above margin 0 the chosen answer is the likelier",
        ),
        drawn=lambda: _loss_of_margins(found.margin),
    )  # fmt: skip


def _loss_of_margins(margins: Any) -> dict[str, Any]:
    """Return the loss of a pair over its margin, as far as those typed and at least from -4 to 4."""
    import numpy as np

    known = np.ravel(margins)[np.isfinite(np.ravel(margins))]
    low, high = np.append(known, -4.0).min(), np.append(known, 4.0).max()
    share = np.linspace(0.0, 1.0, CURVE_POINTS)
    at = low * (1.0 - share) + high * share
    return {"curve_x": at, "curve": np.logaddexp(0.0, -at)}


@command(
    example="aimath grpo 1 0 0 1 1",
    answer="advantages within a group",
    quiz=("grpo",),
)
def grpo(rewards: Annotated[Vector, Operand("The rewards of a group of answers.")]) -> Report:
    """Turn the rewards of a group into advantages.

    advantage = (reward - mean) / std, std by n - 1, as in trl but without the 1e-4 that it adds to std;
    of rewards that are all the same every advantage is 0. Shao et al. (2024).
    """
    from aimath.core import information

    result = information.grpo(rewards)
    same = bool((rewards.max(axis=-1) == rewards.min(axis=-1)).any())
    return Report(
        result,
        show=("advantages",),
        steps=(
            Line("advantage = (reward - mean) / std      std = √(Σ (reward - mean)² / (n - 1))"),
            Line(" mean = {mean}      std = {std}"),
            Table(
                (
                    ("reward", "{rewards}"),
                    ("reward - mean", "{deviations:+}"),
                    ("(reward - mean)/std", "{advantages:+}"),
                ),
                bar="advantages",
            ),
            CrossCheck("squares of the advantages sum to n - 1, of equal rewards to 0: {alternative}"),
        ),
        companion="rewards",
        plot=Plot("advantages"),
        notes=("rewards that are all the same teach nothing: every advantage is 0",) * same,
    )


@command(
    Usage(("a", "b")),
    Usage(("similarity",), selected_by=("similarity",), example="aimath info-nce --similarity '1 .2; .1 .9'"),
    example="aimath info-nce '1 0; 0 1; 1 1' '1 .5; 0 1; .5 1'",
    answer="contrastive loss; `--temperature --symmetric`",
    quiz=("info_nce",),
)
def info_nce(
    a: Annotated[Vector, Operand("Vectors, one a row.", flag="--a", matrix=True, seeded=True)] = ABSENT,
    b: Annotated[Vector, Operand("What each belongs to.", flag="--b", matrix=True, seeded=True)] = ABSENT,
    similarity: Annotated[
        Vector | None,
        Operand("Similarities in place of cosines; pairs on the diagonal.", flag="--similarity", matrix=True),
    ] = None,
    temperature: Annotated[float, Number(("--temperature", "-T"), "Divide the similarities by T.")] = 0.07,
    symmetric: Annotated[
        bool, Option("--symmetric", help="The mean of both directions, as in CLIP.")
    ] = False,
    memory: MemoryLimit = None,
) -> Report:
    """Measure how well pairs find each other among all others.

    loss = mean of -ln softmax(cosine of row i of a with all rows of b / T) at i. van den Oord, Li and
    Vinyals (2018); with --symmetric CLIP's, Radford et al. (2021).
    """
    from aimath.core import information

    if similarity is not None:
        result = information.info_nce(
            None, None, temperature, symmetric, similarity=single_matrix(similarity, "similarity")
        )
    else:
        left, right = single_matrix(a, "a"), single_matrix(b, "b")
        check_memory((len(left), len(right)), "matrix of similarities", memory)
        result = information.info_nce(left, right, temperature, symmetric)
    return Report(
        result,
        show=("loss",),
        steps=(
            Line("loss of row i = -ln softmax(s_i / T)_i      s_ij: how alike row i of a and row j of b are"),
            Panels((("similarity", "similarity"),), shaded="similarity"),
            Table((("a to b", "{losses}"), *((("b to a", "{back_losses}"),) * symmetric)), bar="losses"),
            Line(" mean {loss} nats; {accuracy:%} find their own first"),
            Line(f" a guess would have ln {len(result.similarity)} = {{chance}} nats"),
            CrossCheck(
                "mean of ln Σ exp(s_ij / T) - s_ii / T = {alternative}",
                undecided="ln Σ exp(s_ij / T) - s_ii / T cancels: it can't check so small a loss",
            ),
        ),
        units=dict.fromkeys(("loss", "losses", "back_losses", "chance"), "nats"),
        plot=Plot("similarity", kind="heat", title="similarity: row of a, column of b"),
    )


@command(
    Usage(("logits",)),
    example="aimath focal 2 1 0.1 --target 0",
    answer="loss that looks away from what is right",
    quiz=("focal",),
)
def focal(
    logits: Annotated[Vector, Operand("Logits of the classes, or one of class 1.", flag="--logits")],
    target: Annotated[
        Vector | None,
        Operand("The right class, from 0; a list has one a row.", flag="--target", per_row=True),
    ] = None,
    gamma: Annotated[
        float, Number(("--gamma",), "How little what is right counts; 0 is the cross-entropy.")
    ] = 2.0,
    alpha: Annotated[
        float, Number(("--alpha",), "Of one logit: weight of class 1; 0 has 1 - alpha.")
    ] = ALPHA,
) -> Report:
    """Measure a loss that looks away from what is already right.

    loss = (1 - p)^gamma ln(1/p), p the softmax's probability of the target. One logit a row is that of
    class 1 of two: p is its sigmoid, and alpha weighs, as in torchvision. Lin et al. (2017).
    """
    from aimath.core import information

    if target is None:
        raise InputError("needs --target: the number of the right class", usage=True)
    binary = logits.shape[-1] == 1
    if not binary and alpha != ALPHA:
        raise InputError(
            "{operand} does nothing: it weighs the two classes of one logit, and there are {n}",
            operand="alpha",
            n=logits.shape[-1],
            usage=True,
        )
    lead = "alpha_t · " * binary
    return Report(
        information.focal(logits, class_indices(target), gamma, alpha),
        show=("loss",),
        steps=(
            Line(f"loss = {lead}(1 - p)^gamma · ln(1/p)      p is the probability of the target"),
            Line(" target {target}:   1 - p = {doubt}      ln(1/p) = {nats} nats"),
            Line(" (1 - p)^gamma = {doubt:~}^{gamma} = {focus}"),
            *(
                (
                    Line(
                        " alpha_t = alpha = {weight}, as the target is 1",
                        condition="is_first_class",
                        fallback=" alpha_t = 1 - alpha = {weight}, as the target is 0",
                    ),
                )
                * binary
            ),
            Line(f" loss = {'{weight:~} · ' * binary}{{focus:~}} · {{nats:~}} = {{loss}} nats"),
            Line(" gradient by the logits: {gradients:, }"),
            CrossCheck("of probabilities, not of their logarithms: {alternative}"),
        ),
        units={"loss": "nats", "nats": "nats"},
        companion="",
        plot=Plot("gradients"),
    )
