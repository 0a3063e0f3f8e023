"""Commands of information theory: entropy and what is measured with it."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    AreLogits,
    AreLogProbs,
    Base,
    Distribution,
    Normalize,
    Operand,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._shared import entropy_unit, refuse_both_scales
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("probs",)),
    Usage(("logits",), selected_by=("from_logits",), example="aimath entropy 2 1 0.1 --logits"),
    Usage(
        ("log_probs",), selected_by=("logarithms",), example="aimath entropy -.7 -.7 --log-probs --normalize"
    ),
    example="aimath entropy .5 .25 .125 .125",
    answer="bits; `--logits`, `--log-probs`",
    quiz=("entropy",),
    chapter="information",
)
def entropy(
    probs: Distribution = ABSENT,
    logits: Annotated[Vector, Operand("Logits, with --logits.")] = ABSENT,
    log_probs: Annotated[Vector, Operand("Natural log-probabilities, with --log-probs.")] = ABSENT,
    base: Base = 2.0,
    from_logits: AreLogits = False,
    logarithms: AreLogProbs = False,
    normalize: Normalize = False,
) -> Report:
    """Measure the uncertainty of a distribution.

    H(p) = sum p log(1/p), in bits; 0 log 0 counts as 0. A fair coin has 1 bit.
    """
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    refuse_both_scales(logits=from_logits, log_probs=logarithms, normalize=normalize)
    return Report(
        information.entropy(probs, base, normalize, logits=logits, log_probs=log_probs),
        show=("entropy",),
        steps=(
            Line(f"H(p) = Σ p_i · {log}(1/p_i)      {log}(1/p_i) is the surprise of outcome i, in {unit}"),
            Table(
                (("p_i", "{probs}"), ("surprise", "{surprise}"), ("p_i · surprise", "{terms}")), bar="terms"
            ),
            Line(
                f" H = {{terms: + }} = {{entropy}} {unit}      the most for so many outcomes: {{maximum}}",
                condition="terms_add_up",
                fallback=f" H = {{entropy}} {unit} where p sums to 1; these terms sum to {{terms: + }}",
            ),
            Line(" like a choice among {perplexity} equally likely outcomes"),
            CrossCheck(f"{log}(n) - KL(p‖uniform) = {{alternative}}"),
        ),
        units=dict.fromkeys(("entropy", "surprise", "terms", "maximum"), unit) | {"nats": "nats"},
        plot=Plot("terms", "probs", axes=("p", f"-p {log} p ({unit})")),
    )
