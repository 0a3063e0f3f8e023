"""The command sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Applies,
    Integer,
    Number,
    Operand,
    Option,
    RowNumbers,
    Seed,
    Temperature,
    Vector,
)
from aimath.cli.runner.seeds import rng_metadata
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from aimath.report import Step


@command(
    example="aimath sample 2 1 0.1 -1 3 --temperature .8 --top-k 4 --top-p .95 --min-p .05",
    answer="the distribution left; `--count` draws",
    quiz=("sample", "nucleus"),
    applies=(Applies(("seed",), "count"),),
    after="logsumexp",
)
def sample(
    row_numbers: RowNumbers,
    logits: Annotated[Vector, Operand("Logits: any real numbers; -inf is a mask.")],
    temperature: Temperature = 1.0,
    top_k: Annotated[int, Integer(("--top-k",), "Keep the k largest; 0 keeps all.", 0, 10**9)] = 0,
    top_p: Annotated[float, Number(("--top-p",), "Keep the likeliest that sum to p.")] = 1.0,
    min_p: Annotated[float, Number(("--min-p",), "Keep what is at least m times the largest.")] = 0.0,
    order: Annotated[
        str, Option("--order", help="vllm, llama.cpp, or the stages: top-k,temperature", metavar="A,B")
    ] = "vllm",
    count: Annotated[int, Integer(("--count", "-n"), "Draw so many, indices from 0.", 0, 10**7)] = 0,
    seed: Seed = "0",
) -> Report:
    """Cut a distribution as samplers do, and draw from it.

    Stages in their --order, each on what the ones before left, renormalised: temperature divides the
    logits (0 is greedy), min-p keeps what is at least m times the largest, top-k the k largest with
    all that tie, top-p the fewest that sum to p. vllm is temperature, min-p, top-k, top-p;
    llama.cpp top-k, top-p, min-p, temperature.
    """
    from aimath.core import probability

    result = probability.sample(logits, temperature, top_k, top_p, min_p, order, seed=int(seed))
    drawn = probability.draw(result.probs, count, int(seed), row_numbers)
    return Report(
        result._replace(drawn=drawn),
        show=("drawn",) if count else ("probs",),
        steps=_steps(result.order.split(","), temperature, top_k, top_p, min_p, draws=count > 0),
        units={"entropy": "bits"},
        companion="" if count else "logits",
        extra=rng_metadata(int(seed)) if count else {},
        plot=Plot("probs"),
    )


def _steps(
    names: list[str], temperature: float, top_k: int, top_p: float, min_p: float, *, draws: bool
) -> tuple[Step, ...]:
    """Return the steps: a line and a column for each stage that does something."""
    told = {
        "temperature": f"temperature {temperature:g}" * (temperature != 1.0),
        "min-p": f"min-p {min_p:g}" * (min_p > 0.0),
        "top-k": f"top-k {top_k}" * (top_k > 0),
        "top-p": f"top-p {top_p:g}" * (top_p < 1.0),
    }
    active = [(k, told[name]) for k, name in enumerate(names) if told[name]]
    return (
        Line("each stage sees what the ones before it left, divided by its sum"),
        *(
            Line(f" {n} {said}: {{stages[{k}]}} left; it cut {{cut[{k}]:%}} of the probability")
            for n, (k, said) in enumerate(active, 1)
        ),
        Table(
            (
                ("logit", "{logits}"),
                ("softmax", "{initial}" if active else "{probs}"),
                *((f"after {n}", f"{{after[{k}]}}") for n, (k, _) in enumerate(active[:-1], 1)),
                *(((f"after {len(active)}", "{probs}"),) if active else ()),
            ),
            bar="probs",
        ),
        *((Line(" the order matters: another --order may leave others"),) if len(active) > 1 else ()),
        Line(" entropy {entropy} bits of what is left"),
        *(
            (Line(" drawn: the first index whose running sum exceeds a random number in 0..1"),)
            if draws
            else ()
        ),
        CrossCheck("exponentials of the log-probabilities of what is left: {alternative:.4}"),
    )
