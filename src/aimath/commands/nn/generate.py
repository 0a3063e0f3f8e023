"""The command generate."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import (
    Applies,
    Integer,
    MaxMemory,
    MemoryLimit,
    Number,
    Option,
    Seed,
    TextArguments,
    Usage,
)
from aimath.cli.runner.job import check_choice
from aimath.commands.nn._language_models import DTYPES, check_there, is_large
from aimath.errors import InputError, pluralize
from aimath.read.numbers import parse_integer
from aimath.report import Page, PageHeader, Plot, Report
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.training.interface import Asked, Model, Samples

EXAMPLE = "aimath generate reverse --prompt 123456"
SAMPLERS = ("temperature", "top_k", "top_p", "min_p", "count", "tokens", "prompt", "label", "seed", "dtype")
MAX_COUNT = 10_000
COUNT, TOKENS = 20, 50
"""Texts of a model of ours, and tokens of one of a large model, unless told."""


@command(
    Usage(()),
    Usage((), selected_by=("nll",), example="aimath generate reverse --nll 123456"),
    example=EXAMPLE,
    answer="texts or images; `--nll` with texts: nats a letter",
    applies=(Applies(SAMPLERS, "nll", given=False),),
    after="train",
    informational=True,
)
def generate(
    given: Annotated[
        list[str],
        TextArguments(
            "A file of aimath train --save, the name of a run, trained first, or a model that gpt opens; "
            "behind it texts of --nll.",
            "MODEL [TEXT...]",
        ),
    ],
    temperature: Annotated[
        float, Number(("--temperature", "-T"), "Divide the logits by T; 0 takes the likeliest.")
    ] = 1.0,
    top_k: Annotated[int, Integer(("--top-k",), "Keep the k likeliest; 0 keeps all.", 0, 10**9)] = 0,
    top_p: Annotated[float, Number(("--top-p",), "Keep the likeliest that sum to p.")] = 1.0,
    min_p: Annotated[float, Number(("--min-p",), "Keep what is at least m times the likeliest.")] = 0.0,
    count: Annotated[
        int | None,
        Integer(("--count", "-n"), "How many.  [default: 20, of a large model 1]", 1, MAX_COUNT),
    ] = None,
    tokens: Annotated[
        int | None,
        Integer(("--tokens",), "The most tokens that a large model writes.  [default: 50]", 1, 10**6),
    ] = None,
    prompt: Annotated[str, Option("--prompt", help="How each text begins.", metavar="TEXT")] = "",
    label: Annotated[str, Option("--label", help="The class of each image.", metavar="N")] = "",
    nll: Annotated[bool, Option("--nll", help="How surprising texts are, letter by letter.")] = False,
    dtype: Annotated[
        str,
        Option("--dtype", help="A large model's: float32 or float64.", metavar="TYPE", choices=DTYPES),
    ] = "float32",
    seed: Seed = "0",
    max_memory: MaxMemory = None,
    memory: MemoryLimit = None,
) -> Report:
    """Let a model write, draw, or say how surprising a text is.

    The samplers work as `aimath sample` shows: temperature, then min-p, top-k and top-p on what is left. A
    large model, as gpt opens it, goes on with the prompt to the end of the text; no chat template is applied.
    """
    del max_memory  # which the runner made bytes of
    from aimath.training.interface import Asked

    if not given or "" in given:
        raise InputError("name a model", hint=f"try {EXAMPLE}", usage=True)
    path, *texts = given
    if nll != bool(texts):
        why = (
            "--nll needs a text" if nll else f"takes one model, and texts behind --nll, not {quote(texts[0])}"
        )
        way = (
            f"--nll {texts[0] if texts else 'emma'}"
            if nll or len(texts) > 1
            else f"--prompt {shlex.quote(texts[0])}"
        )
        raise InputError(why, hint=f"try aimath generate {path} {way}", usage=True)
    _check_samplers(temperature, top_p, min_p)
    check_choice("--dtype", dtype, DTYPES)
    wanted = parse_integer(label, "--label", 0, 10**6) if label else None
    if is_large(path):
        if label:
            raise InputError("a language model has no classes to ask for", usage=True).within("--label")
        from aimath.commands.nn._continuation import continued, surprises  # noqa: PLC0415  the same

        if nll:
            return surprises(path, texts, memory, dtype)
        how = (temperature, top_k, top_p, min_p)
        return continued(path, prompt, how, (count or 1, tokens or TOKENS, int(seed)), memory, dtype)
    if tokens is not None or dtype != "float32":
        flag = "--tokens" if tokens is not None else "--dtype"
        ours = "ends its texts by itself" if tokens is not None else "computes in float32"
        why = f"is for a large model: one of aimath train {ours}"
        raise InputError(why, hint="leave it out", usage=True).within(flag)
    name, model = _open(path, memory)
    if nll:
        return _surprises(model, texts)
    asked = Asked(
        samples=count or COUNT,
        temperature=temperature,
        top_k=top_k or None,
        top_p=top_p if top_p < 1.0 else None,
        min_p=min_p or None,
        prompt=prompt,
        label=wanted,
        seed=int(seed),
    )
    return _samples(model.samples(asked), asked, name)


def _open(path: str, memory: int | None) -> tuple[str, Model]:
    """Return the run and the model of a file; or of the name of a run, which is trained."""
    from aimath.training import checkpoint
    from aimath.training.decoders import trained
    from aimath.training.registry import RUNS

    if path in RUNS:
        return path, trained(path)
    check_there(path, RUNS)
    found = checkpoint.read(path, memory)
    return found.recipe.name, checkpoint.open_model(found)


def _check_samplers(temperature: float, top_p: float, min_p: float) -> None:
    """Raise InputError about a sampler's setting that can't be."""
    for name, value, fine, bound in (
        ("temperature", temperature, 0.0 <= temperature < float("inf"), "at least 0 and finite"),
        ("top_p", top_p, 0.0 < top_p <= 1.0, "above 0 and at most 1"),
        ("min_p", min_p, 0.0 <= min_p <= 1.0, "0 to 1"),
    ):
        if not fine:
            raise InputError(
                "{operand} must be {bound}, not {value:g}", operand=name, bound=bound, value=value, usage=True
            )


def _samples(samples: Samples, asked: Asked, name: str) -> Report:
    import numpy as np

    from aimath.training.results import GeneratedImages, GeneratedTexts

    if asked.label is not None and not samples.labels:
        raise InputError(f"a model of {name} has no classes to ask for", usage=True).within("--label")
    extra: dict[str, Any] = {"run": name, "seed": asked.seed, "temperature": asked.temperature}
    if samples.images is not None:
        labels = np.array(samples.labels or [-1] * len(samples.images))
        return Report(
            GeneratedImages(samples.images, labels),
            show=("image",),
            names={"row": tuple(map(str, samples.labels))},
            plot=Plot("image", kind="picture", limits=(0.0, 16.0)),
            page=Page(PageHeader((), explain=False)),
            extra=extra,
        )
    if not samples.texts:
        why = f"a model of {name} tells classes apart, and makes nothing"
        raise InputError(why, hint="try one of aimath train names or ddpm")
    nats = np.array(samples.surprise or [np.nan] * len(samples.texts))
    known = not np.isnan(nats).any()
    new = f"{samples.new:.0%} of them are new" if samples.new is not None else ""
    return Report(
        GeneratedTexts(np.array(samples.texts), nats),
        show=("text",),
        summary_fields=("text", "surprise") if known else ("text",),
        units={"surprise": "nats"},
        page=Page(PageHeader((), explain=False), footnote=new),
        extra=extra,
    )


def _surprises(model: Model, texts: Sequence[str]) -> Report:
    import numpy as np

    from aimath.training.results import Surprises

    found = [model.surprise(text) for text in texts]
    nats = np.concatenate([one.nats for one in found])
    said = (
        f"{one.text}: {one.nats.sum():.4g} nats in {pluralize(len(one.nats), 'token')}, "
        f"{one.nats.mean():.4g} each"
        for one in found
    )
    return Report(
        Surprises(
            text=np.array([one.text for one in found for _ in one.tokens]),
            token=np.array([token for one in found for token in one.tokens]),
            nats=nats,
            probability=np.exp(-nats),
        ),
        show=("text", "token", "nats", "probability"),
        units={"nats": "nats"},
        plot=Plot("nats"),
        page=Page(PageHeader((), explain=False), footnote="; ".join(said)),
    )
