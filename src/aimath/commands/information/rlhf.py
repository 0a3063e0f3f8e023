"""The command rlhf."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Normalize,
    Number,
    Operand,
    Vector,
)
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    example="aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .5",
    answer="the KL-penalised policy",
    quiz=("rlhf",),
    after="gaussian-kl",
)
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
            CrossCheck("beta · ln Z = {alternative}: no policy does better"),
        ),
        units={"kl": "nats"},
        companion="reference",
        plot=Plot("policy"),
    )
