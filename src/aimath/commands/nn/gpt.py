"""The command gpt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from aimath.cli.command import command
from aimath.cli.options import (
    Applies,
    AskedFields,
    Integer,
    MaxMemory,
    MemoryLimit,
    Option,
    TextArguments,
)
from aimath.cli.runner.job import check_choice
from aimath.commands.nn._language_models import DTYPES, check_length, open_language_model
from aimath.errors import InputError, pluralize
from aimath.read.numbers import parse_integer
from aimath.report import CrossCheck, Line, Page, PageHeader, Panels, Plot, Report, Table
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aimath.commands.nn._language_models import LanguageModel
    from aimath.core.nn import TextIds

EXAMPLE = "aimath gpt reverse 123456"
TOP = 5
SHOWN_LETTERS = 30
"""Of the end of a text in a derivation."""
SUMMARY = ("text", "tokens", "total", "perplexity", "bits_per_byte", "precision")
"""What is said of a whole text: a row a text, where it is all that is asked for."""


@command(
    example=EXAMPLE,
    answer="the next tokens and their p; `--nll`, `--lens`, `--layer 5 --head 3`",
    quiz=("next_token",),
    after="weights",
    applies=(
        Applies(("top",), "nll", given=False),
        Applies(("top",), "lens", given=False),
        Applies(("top",), "layer", given=False),
        Applies(("stride",), "nll"),
        Applies(("head",), "layer"),
    ),
)
def gpt(
    given: Annotated[
        list[str],
        TextArguments(
            "A model's folder or .safetensors, of aimath train too, or the name of a run, trained first; "
            "texts, @FILE for one.",
            "MODEL [TEXT...]",
        ),
    ],
    top: Annotated[int, Integer(("--top",), "So many of the likeliest next tokens.", 1, 10**6)] = TOP,
    nll: Annotated[bool, Option("--nll", help="How surprising each token of a text is.")] = False,
    lens: Annotated[bool, Option("--lens", help="What the head would say after each layer.")] = False,
    layer: Annotated[
        int | None, Integer(("--layer",), "Where the heads of this layer look, from 0.", 0, 10**6)
    ] = None,
    head: Annotated[int | None, Integer(("--head",), "This head alone, from 0.", 0, 10**6)] = None,
    ids: Annotated[
        str, Option("--ids", help="Numbers of tokens in place of a text; 5,17;3 are two.", metavar="N,N")
    ] = "",
    stride: Annotated[
        int | None,
        Integer(("--stride",), "Tokens between windows over a text longer than the context.", 1, 10**9),
    ] = None,
    dtype: Annotated[
        str, Option("--dtype", help="Compute in float32 or float64.", metavar="TYPE", choices=DTYPES)
    ] = "float32",
    max_memory: MaxMemory = None,  # noqa: ARG001  it comes as `memory`
    memory: MemoryLimit = None,
    fields: AskedFields = (),
) -> Report:
    """Run a language model on a text, and see how it comes to its next token.

    GPT-2, Llama, Mistral, OLMo 2 and Qwen from .safetensors, with config.json and tokenizer.json beside them,
    and what aimath train saves. --explain splits the logit of the likeliest token into what each layer added.
    The first token has no surprise where nothing stands before it. No chat template is applied. Texts come
    from standard input too, a line each. Weights stay in the file, which is mapped.
    """
    if not given or not given[0].strip():
        raise InputError("name a model", hint=f"try {EXAMPLE}", usage=True)
    check_choice("--dtype", dtype, DTYPES)
    ways = [flag for flag, on in (("--nll", nll), ("--lens", lens), ("--layer", layer is not None)) if on]
    if len(ways) > 1:
        raise InputError(f"{ways[0]} and {ways[1]} exclude each other", usage=True)
    texts = read_texts(given[1:], ids)
    if texts is not None and not texts:
        return _nothing()
    model = open_language_model(given[0], memory, dtype)
    rows = _parse_ids(ids) if ids else None
    found = (
        [model.of_ids(row) for row in rows] if rows else [model.read(text, whole=nll) for text in texts or ()]
    )
    for text in found:
        if not (nll and stride):
            check_length(model, text, int(nll))
    seen = min(max(len(text.ids) for text in found), model.decoder.config.context)
    model.room(seen, seen if nll and "logits" in fields else 64)
    if nll:
        keep = "logits" in fields
        whole = bool(fields) and set(fields) <= {*SUMMARY}
        make: Callable[[TextIds], Report] = lambda text: _surprises(model, text, stride, keep, whole)  # noqa: E731
    elif lens:
        make = lambda text: _lens(model, text)  # noqa: E731
    elif layer is not None:
        make = lambda text: _attention(model, text, layer, head)  # noqa: E731
    else:
        make = lambda text: _next_tokens(model, text, top)  # noqa: E731
    reports = (_among(make(text), len(found) > 1) for text in found)
    first = next(reports)
    return first._replace(following=reports, notes=(*model.notes, *first.notes))


def _nothing() -> Report:
    """Return the report of no texts: of an empty pipe."""
    import numpy as np

    from aimath.training.results import GeneratedTexts

    return Report(GeneratedTexts(np.array([], np.str_), np.array([])), show=("text",))


def _among(report: Report, several: bool) -> Report:
    """Return the report of a text with the text as its first column, if there are others beside it."""
    return report._replace(show=("text", *report.show)) if several and report.line_axis() else report


def read_texts(words: Sequence[str], ids: str) -> list[str] | None:
    """Return the texts that are given: words, the whole of @FILE, or the lines of standard input."""
    from aimath.read.lines import has_piped_text  # noqa: PLC0415  only what is read from is loaded

    if ids:
        if words:
            raise InputError(f"--ids stands in place of a text, not beside {quote(words[0])}", usage=True)
        return None
    if not words:
        if not has_piped_text(0 if sys.stdin is not None else None):
            raise InputError("needs a text", hint=f"try {EXAMPLE}", usage=True)
        words = ["-"]
    texts: list[str] = []
    for word in words:
        texts += _lines_of_stdin() if word in ("-", "@-") else [_unescaped(word)]
    if words != ["-"] and "" in texts:
        raise InputError("a text is empty", hint="give one of at least a letter", usage=True)
    return texts


def _unescaped(word: str) -> str:
    """Return a word as it was typed, or the text of the file that it names."""
    if word.startswith("@"):
        from aimath.read.models.model_folder import read_text  # noqa: PLC0415  the same

        return _decoded(read_text(word[1:]), word[1:]).removesuffix("\n").removesuffix("\r")
    try:
        word.encode()
    except UnicodeEncodeError:
        raise InputError(f"{quote(word)} is not UTF-8", hint="convert it with iconv", usage=True) from None
    bare = word.lstrip(" ")
    return bare if word != bare and len(word) - len(bare) == 1 and bare[:1] == "-" else word


def _lines_of_stdin() -> list[str]:
    """Return the lines of standard input that aren't blank."""
    from aimath.read._stream import Stream  # noqa: PLC0415  the same
    from aimath.read.blocks import STDIN  # noqa: PLC0415  the same
    from aimath.read.models.model_folder import MAX_BYTES  # noqa: PLC0415  the same

    data = Stream(0, STDIN).read_all(MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise InputError(f"it has more than {MAX_BYTES >> 20} MiB").within(STDIN)
    lines = _decoded(data, STDIN).removeprefix("\ufeff").split("\n")
    return [line.removesuffix("\r") for line in lines if line.strip()]


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"line {line} holds a byte (0x{data[error.start]:02x}) that is not UTF-8"
        raise InputError(why, hint="convert it with iconv").within(source) from None


def _parse_ids(text: str) -> list[list[int]]:
    rows = [part.replace(",", " ").split() for part in text.strip(" []").split(";")]
    if not all(rows):
        raise InputError(f"a row of {quote(text)} has no id", usage=True).within("--ids")
    return [[parse_integer(word, "--ids", 0, 10**9) for word in row] for row in rows]


def _shown(text: TextIds) -> str:
    """Return the end of a text as a derivation's line has it."""
    end = text.text if len(text.text) <= SHOWN_LETTERS else f"…{text.text[1 - SHOWN_LETTERS :]}"
    return quote(end).replace("{", "{{").replace("}", "}}")


def _next_tokens(model: LanguageModel, text: TextIds, top: int) -> Report:
    from aimath.core import nn

    found = nn.next_tokens(model.decoder, text, top, model.spell)
    return Report(
        found,
        show=("token", "probability", "bits"),
        steps=(
            Line("logit = W_head · norm(x)      x = embedding + what each layer adds to it"),
            Line(f" after {_shown(text)} the likeliest token is {{likeliest_token}}"),
            Table(
                (
                    ("‖added‖", "{length}"),
                    ("looks at", "{looks_at}"),
                    ("logit", "{added}"),
                    ("so far", "{running}"),
                ),
                names="part",
            ),
            Line(" logit = {added: + } = {total}"),
            Line(" p = exp(logit - ln Σ exp(logits)) = exp({total} - {log_sum}) = {likeliest}"),
            Table((("logit", "{logit}"), ("p", "{probability}"), ("bits", "{bits}")), "probability", "token"),
            CrossCheck("W_head · norm(x), as the model has it: {answer}"),
        ),
        template_words={"likeliest_token": quote(str(found.token[0]))},
        plot=Plot("probability", "token"),
        units={"entropy": "bits"},
        names={"layer_part": tuple(found.part.tolist())},
    )


def _surprises(model: LanguageModel, text: TextIds, stride: int | None, keep: bool, whole: bool) -> Report:
    """Return the report of how surprising each token is, or of the `whole` text in one row."""
    from aimath.core import nn

    first = model.first_told(text)
    found = nn.token_surprises(model.decoder, text, model.spell, stride=stride, keep_logits=keep, first=first)
    if whole:
        found = found.first_row()
    bytes_told = f", {found.bits_per_byte[0]:.6g} bits a byte" if text.size > 0 else ""
    said = (
        f"{pluralize(len(text.ids) - first, 'token')}: {found.total[0]:.6g} nats, "
        f"perplexity {found.perplexity[0]:.6g}{bytes_told}"
    )
    return Report(
        found,
        show=("token", "nats", "bits", "probability"),
        steps=(
            Line("surprise = -ln p(token | those before it)      perplexity = exp of their mean"),
            Line(f" {_shown(text)}"),
            Table(
                (("p", "{probability}"), ("-ln p, nats", "{nats}"), ("bits", "{bits}")),
                names="token",
                bar="probability",
            ),
            Line(" mean = {mean} nats      exp {mean} = {whole}"),
            CrossCheck("1 / the geometric mean of p = {alternative}"),
        ),
        plot=Plot("bits", "token"),
        page=Page(PageHeader(()), footnote=said),
    )


def _lens(model: LanguageModel, text: TextIds) -> Report:
    """Return the report of what the head would say after each layer."""
    from aimath.core import nn

    found = nn.logit_lens(model.decoder, text, model.spell)
    return Report(
        found,
        show=("depth", "token", "probability", "bits", "answer_rank", "answer_probability"),
        steps=(
            Line("after each layer: softmax(W_head · norm(x))      x = what there is so far"),
            Line(f" what would come after {_shown(text)}"),
            Table(
                (
                    ("likeliest", "{token}"), ("p", "{probability}"), ("entropy", "{entropy}"),
                    ("rank of the answer", "{answer_rank}"), ("its p", "{answer_probability}"),
                ),
                names="depth", bar="answer_probability",
            ),
            CrossCheck("after the last layer the answer's p is {alternative}"),
        ),
        plot=Plot("answer_probability", "depth", "curve", axes=("layers passed", "p of the answer")),
        units={"entropy": "bits"},
    )  # fmt: skip


def _attention(model: LanguageModel, text: TextIds, layer: int, head: int | None) -> Report:
    """Return the report of where heads look."""
    from aimath.core import nn

    found = nn.attention_of(model.decoder, text, layer, head)
    n = len(text.ids)
    corner = f"layer {layer}" + (f", head {head}" if head is not None else "")
    panels = (
        [Panels((("weights", "weights"),), shaded="weights", corner=corner)]
        if head is not None
        else [
            Panels((("weights", f"weights[{k}]"),), shaded=f"weights[{k}]", corner=f"head {k}")
            for k in range(min(len(found.weights), 4))
        ]
    )
    import numpy as np

    hidden = np.broadcast_to(~np.tri(n, dtype=np.bool_), found.weights.shape)
    return Report(
        found,
        show=("weights",),
        steps=(
            Line("weights = softmax(Q·Kᵀ / √d)      a row looks at itself and what stands before"),
            *panels,
            CrossCheck("the sum of each row: {alternative}"),
        ),
        plot=Plot("weights", kind="heat", title=f"{corner}: a row is where a token looks", hidden="hidden"),
        drawn=lambda: {"hidden": hidden},
        names={
            "entry": tuple(model.spell(k) for k in text.ids),
            "head": tuple(map(str, range(model.decoder.config.heads))),  # from 0, as --head counts
        },
    )
