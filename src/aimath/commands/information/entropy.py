"""Commands of information theory: entropy and what is measured with it."""

from __future__ import annotations

from typing import Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    ABSENT,
    Base,
    Distribution,
    Normalize,
    Operand,
    Option,
    Usage,
    Vector,
    log_name,
)
from aimath.commands._shared import entropy_unit
from aimath.errors import InputError
from aimath.report import CrossCheck, Line, Plot, Report, Table


@command(
    Usage(("probs",)),
    Usage(("logits",), selected_by=("from_logits",), example="aimath entropy 2 1 0.1 --logits"),
    example="aimath entropy .5 .25 .125 .125",
    answer="bits; `--logits`",
    quiz=("entropy",),
    chapter="information",
)
def entropy(
    probs: Distribution = ABSENT,
    logits: Annotated[Vector, Operand("Logits, with --logits.")] = ABSENT,
    base: Base = 2.0,
    from_logits: Annotated[bool, Option("--logits", help="The numbers are logits.")] = False,
    normalize: Normalize = False,
) -> Report:
    """Measure the uncertainty of a distribution.

    H(p) = sum p log(1/p), in bits; 0 log 0 counts as 0. A fair coin has 1 bit.
    """
    from aimath.core import information

    unit, log = entropy_unit(base), log_name(base)
    if from_logits and normalize:
        raise InputError("--logits and --normalize exclude each other: softmax normalises", usage=True)
    return Report(
        information.entropy(probs, base, normalize, logits=logits),
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
        plot=Plot("terms"),
    )
