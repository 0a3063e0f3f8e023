"""The command embed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import MaxMemory, MemoryLimit, Option, TextArguments
from aimath.cli.runner.job import check_choice
from aimath.commands.nn._language_models import DTYPES
from aimath.errors import InputError, Remedy
from aimath.read.numbers import parse_integer
from aimath.report import CrossCheck, Line, Plot, Report, Step, Table
from aimath.text import escape_control, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aimath.read.models.encoder_files import TextEncoder

EXAMPLE = "aimath embed random:8 king queen"
RANDOM = "random:"
POOLINGS = ("mean", "cls", "max")
MAX_SHOWN = 16
"""Entries of a vector that a terminal shows."""


@command(
    example=EXAMPLE,
    answer="the vector of each text; `--pooling`, `--no-normalize`",
    quiz=("pooled_entry",),
    after="gpt",
)
def embed(
    given: Annotated[
        list[str],
        TextArguments(
            "A model's folder or .safetensors, or random:8, untrained of width 8; texts, @FILE for lines.",
            "MODEL [TEXT...]",
        ),
    ],
    pooling: Annotated[
        str,
        Option(
            "--pooling",
            help="One vector of all tokens: mean, cls or max.  [default: the model's, or mean]",
            metavar="HOW",
            choices=POOLINGS,
        ),
    ] = "",
    no_normalize: Annotated[
        bool, Option("--no-normalize", help="Leave the vector's length as it is.")
    ] = False,
    truncate: Annotated[
        bool, Option("--truncate", help="Leave out what is behind the most tokens that the model reads.")
    ] = False,
    dtype: Annotated[
        str, Option("--dtype", help="Compute in float32 or float64.", metavar="TYPE", choices=DTYPES)
    ] = "float32",
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
) -> Report:
    """Turn texts into vectors, so that texts of like meaning point alike.

    An encoder (BERT, RoBERTa, MiniLM and others of sentence-transformers, from .safetensors with config.json
    and a tokenizer beside them) gives each token a row, their mean is divided by its length. A text alone has
    the same vector as among others, bit for bit. Texts come from standard input too, a line each. --plot
    draws the cosine of each with each, | aimath cosine --matrix - prints it.
    """
    if pooling:
        check_choice("--pooling", pooling, POOLINGS)
    check_choice("--dtype", dtype, DTYPES)
    if not given or not given[0]:
        raise InputError("name a model", hint=f"try {EXAMPLE}", usage=True)
    texts = _read_texts(given[1:])
    model = _random(given[0], dtype) if given[0].startswith(RANDOM) else _open(given[0], memory, dtype)
    reports = _reports(model, texts, pooling or model.pooling or "mean", no_normalize, truncate)
    first = next(reports, None)
    return (
        Report(None, show=()) if first is None else first._replace(following=reports, is_continuation=False)
    )


def _read_texts(words: list[str]) -> Iterator[tuple[str, str]]:
    """Return the texts that are given, or those of standard input."""
    from aimath.read.lines import has_piped_text  # noqa: PLC0415  only for what is read
    from aimath.read.texts import read_texts  # noqa: PLC0415  the same

    stdin = None if sys.stdin is None else 0
    if not words and not has_piped_text(stdin):
        raise InputError("needs a text", hint=f"try {EXAMPLE}", usage=True)
    if "" in words:
        raise InputError("a text is empty", hint=f"try {EXAMPLE}", usage=True)
    return read_texts(words or ["-"], stdin)


def _open(path: str, memory: int | None, dtype: str) -> TextEncoder:
    from aimath.read.models.encoder_files import open_encoder  # noqa: PLC0415  only for files

    return open_encoder(path, memory, dtype)


def _random(name: str, dtype: str) -> TextEncoder:
    """Return the small encoder of bytes that nobody has trained, of the width that its name says."""
    from aimath.core import nn
    from aimath.read.models.encoder_files import TextEncoder  # noqa: PLC0415  the same

    def token(number: int) -> str:
        return escape_control(chr(number)) if number < 256 else ("[CLS]", "[SEP]")[number - 256]

    try:
        width = parse_integer(name.removeprefix(RANDOM), "its width", 2, nn.MAX_RANDOM_WIDTH)
        return TextEncoder(nn.letter_encoder(width, dtype), _byte_ids, token, "")
    except InputError as error:
        error.usage = True
        raise error.within(quote(name)) from None


def _byte_ids(text: str) -> list[int]:
    from aimath.core import nn

    try:
        return nn.letter_ids(text)
    except UnicodeEncodeError as error:
        raise InputError(f"the text {quote(text)} is not UTF-8 at character {error.start + 1}") from None


def _reports(
    model: TextEncoder, texts: Iterator[tuple[str, str]], pooling: str, no_normalize: bool, truncate: bool
) -> Iterator[Report]:
    from aimath.core import nn

    for text, place in texts:
        try:
            ids, notes = _cut(model, text, truncate)
            found = nn.embed(model.encoder, [ids], pooling, no_normalize)
        except InputError as error:
            raise (error if error.places else error.within(place)) from None
        tokens = [model.token(number) for number in ids]
        yield _report(found, text, tokens, notes)


def _cut(model: TextEncoder, text: str, truncate: bool) -> tuple[list[int], tuple[str, ...]]:
    """Return the ids of a text; if asked, of one longer than the model reads those in front and the last."""
    ids, most = model.encode(text), model.encoder.config.context
    if not ids:
        raise InputError(f"{quote(text)} has no tokens")
    if len(ids) <= most:
        return ids, ()
    if not truncate:
        why = f"the text has {len(ids)} tokens, and the model reads {most}"
        raise InputError(why, hint=Remedy("use {truncate} to leave out the rest", truncate=True))
    said = f"texts of more than {most} tokens are read without those behind"
    return [*ids[: most - 1], ids[-1]], (said,)


def _report(found: Any, text: str, tokens: list[str], notes: tuple[str, ...]) -> Report:
    import numpy as np

    wide = found.vector.shape[-1] > MAX_SHOWN
    return Report(
        found,
        show=("vector",),
        summary_fields=("text", "tokens", "norm") if wide else ("text", "vector"),
        steps=_steps(found.route),
        plot=Plot("vector", kind="cosines", series="text", title="cosine of each text with each"),
        notes=notes,
        is_continuation=True,
        extra={"text": text, "token": np.array(tokens)},
    )


def _steps(route: Any) -> tuple[Step, ...]:
    pooled = {
        "mean": (
            Line("pooled = Σ h_t / T      h_t is what the last layer gives for token t of T"),
            Line(" pooled_1 = ({first_entries: + }) / {tokens} = {pooled_1}"),
        ),
        "cls": (
            Line("pooled = h_1, what the last layer gives for the first token"),
            Line(" pooled_1 = {pooled_1}"),
        ),
        "max": (
            Line("pooled_i = max h_t,i over the rows h_t that the last layer gives for each token"),
            Line(" pooled_1 = max({first_entries:, }) = {pooled_1}"),
        ),
    }[route.pooling]
    head, line = pooled
    return (
        head,
        Table((("h_t,1", "{first_entries}"), ("|h_t|", "{row_norms}")), names="token"),
        line,
        Line(" |pooled| = √(Σ pooled_i²) = {norm}"),
        Line(" the vector is that" if route.no_normalize else " the vector is that, divided by its length:"),
        Table((("pooled_i", "{pooled}"), ("vector_i", "{vector}"))),
        CrossCheck("with padding behind the text, which no token sees: differs by {difference}"),
    )
