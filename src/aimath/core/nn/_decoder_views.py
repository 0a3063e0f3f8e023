"""What a decoder says of a text: the next token and what each part added to it, surprise, lens, attention."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.core.numerics.arrays import Check, check_between
from aimath.core.numerics.types import may_lack_value
from aimath.core.probability import log_softmax_rows
from aimath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aimath.core.nn._decoder import Decoder, DecoderPass
    from aimath.core.numerics.axes import (
        HeadScores,
        LayerScalars,
        LayerTexts,
        RowCounts,
        RowLogits,
        Rows,
        RowScalars,
        Scalar,
        Scores,
        VocabularyLogits,
    )
    from aimath.core.numerics.types import Array, FloatArray

    Spell = Callable[[int], str]

BLOCK_ROWS = 64
"""Tokens whose logits are made at once, where those of a whole text aren't kept."""
LN2 = math.log(2.0)


class TextIds(NamedTuple):
    """A text as a decoder reads it."""

    text: str
    ids: tuple[int, ...]
    size: float = math.nan  # bytes of the tokens that are told, where it was a text


class NextTokens(NamedTuple):
    """The likeliest tokens after a text, and how the logit of the first came about."""

    text: Rows
    rank: RowCounts  # from 1
    token: Rows
    id: RowCounts
    logit: RowScalars
    probability: RowScalars
    bits: RowScalars  # -log2 of it
    entropy: Scalar  # bits, of all tokens
    logits: VocabularyLogits  # of every token
    answer: Rows  # the likeliest token
    part: LayerTexts  # "embedding", "attention 0", "mlp 0", ..., and "bias" of the last norm
    length: LayerScalars  # of what each part added, ‖added‖
    added: LayerScalars  # to the answer's logit
    running: LayerScalars  # the sum so far
    looks_at: LayerTexts  # the token that heads of a layer attend to most, on average
    total: Scalar  # of what was added
    log_sum: Scalar  # ln Σ exp(logits), by the answer's as `total` has it
    model_logit: Scalar  # W_head · norm(x), as the model has it
    precision: str  # "float32" or "float64": what the pass was in

    @property
    def likeliest(self) -> Scalar:
        """The probability of the answer, by the sum of what was added."""
        return np.exp(self.total - self.log_sum)

    def check(self) -> Check:
        """Return the answer's logit as the model has it beside the sum of what was added."""
        return Check(self.model_logit, self.total, scale=np.abs(self.added).sum())


def next_tokens(decoder: Decoder, text: TextIds, top: int, spell: Spell) -> NextTokens:
    """Return the `top` likeliest tokens after a text, and what each part added to the logit of the first.

    logit = W_head norm(x), x the sum of the embedding and of what each layer's attention and MLP added, and
    the norm divides all of them by one number: so the logit is a sum over them, of which nothing is left
    over but the norm's bias. After nostalgebraist (2020) and Elhage et al. (2021).
    """
    last = len(text.ids) - 1
    found = decoder.run(text.ids, keep=[last], last=True)
    logits = finite(found.logits[0])
    logs = log_softmax_rows(logits.astype(np.float64))
    best = _largest(logits, top)
    answer = int(best[0])
    parts = split_logit(decoder, found, answer)
    probs = np.exp(logs)
    some = probs > 0.0
    told = shortest(logits.dtype)
    return NextTokens(
        text=np.array([text.text] * len(best)),
        rank=np.arange(1, len(best) + 1),
        token=np.array([spell(int(k)) for k in best]),
        id=best.astype(np.int64),
        logit=told(logits[best]),
        probability=told(probs[best]),
        bits=told(np.abs(logs[best] / LN2)),
        entropy=told(-(probs[some] * logs[some]).sum() / LN2),
        logits=logits,
        answer=np.array([spell(answer)] * len(best)),
        part=np.array(parts.names),
        length=parts.lengths,
        added=parts.added,
        running=np.cumsum(parts.added),
        looks_at=np.array(_looked_at(found, text, spell, len(parts.names))),
        total=np.asarray(parts.added.sum()),
        log_sum=np.asarray(parts.added.sum() - logs[answer]),
        model_logit=np.asarray(logits[answer]),
        precision=logits.dtype.name,
    )


class LogitParts(NamedTuple):
    """What each part of a decoder added to a logit at the last place that was kept."""

    names: tuple[str, ...]
    lengths: Array  # ‖added‖
    added: Array


def split_logit(decoder: Decoder, found: DecoderPass, token: int) -> LogitParts:
    """Return what the embedding, each layer's attention and MLP, and norms' biases added to a token's logit.

    In float64, whatever the pass was in.
    """
    if found.contributions is None:
        raise InputError("what each part added was not kept")
    row = decoder.head_row(token).astype(np.float64)
    each = found.contributions[:, -1].astype(np.float64)
    vectors, bias = decoder.normed_parts(each)
    names = ["embedding"]
    for k in range(decoder.config.layers):
        names += [f"attention {k}", f"mlp {k}"]
    lengths = np.sqrt((each * each).sum(axis=-1))
    added = vectors @ row
    if bias is not None:
        names.append("bias")
        lengths = np.append(lengths, np.sqrt(bias @ bias))
        added = np.append(added, bias @ row)
    return LogitParts(tuple(names), lengths, added)


def _looked_at(found: DecoderPass, text: TextIds, spell: Spell, parts: int) -> list[str]:
    """Return for each part the token that the last one's heads attend to most, on average; none of others."""
    names = [""] * parts
    for k, heads in enumerate(found.attention if found.attention is not None else ()):
        names[1 + 2 * k] = spell(text.ids[int(heads[:, -1].mean(axis=0).argmax())])
    return names


@may_lack_value("bits_per_byte")
class TokenSurprises(NamedTuple):
    """How surprising each token of a text is after those before it, and all of them together."""

    text: Rows
    place: RowCounts  # of the token in the text, from 0
    token: Rows
    id: RowCounts
    nats: RowScalars  # -ln p
    bits: RowScalars
    probability: RowScalars
    tokens: RowCounts  # that are told of, the same in each row, as what follows
    total: RowScalars  # nats of all
    perplexity: RowScalars  # exp(total / tokens)
    bits_per_byte: RowScalars  # total / ln 2 / bytes, of a text
    precision: str  # "float32" or "float64": what the pass was in
    logits: RowLogits | None = None  # of every token at each place, where they were asked for

    @property
    def mean(self) -> Scalar:
        """Nats a token."""
        return np.asarray(self.nats.mean())

    @property
    def whole(self) -> Scalar:
        """The exponential of the mean."""
        with np.errstate(over="ignore"):
            return np.exp(self.mean)

    def first_row(self) -> TokenSurprises:
        """Return its first row alone: of what is the same in all."""
        rows: dict[str, Any] = {
            name: value[:1] for name, value in self._asdict().items() if isinstance(value, np.ndarray)
        }
        return self._replace(**rows)

    def check(self) -> Check:
        """Return the perplexity beside 1 / the geometric mean of the probabilities."""
        with np.errstate(divide="ignore", over="ignore"):
            mean = np.exp(np.log(self.probability).mean())
            return Check(self.perplexity[0].astype(self.precision), 1.0 / mean)


SUMMARY = ("text", "tokens", "total", "perplexity", "bits_per_byte")
"""What is said of a whole text."""


def token_surprises(
    decoder: Decoder,
    text: TextIds,
    spell: Spell,
    *,
    stride: int | None = None,
    keep_logits: bool = False,
    first: int = 1,
) -> TokenSurprises:
    """Return the surprise -ln p of the tokens of a text from the place `first` on.

    Of a text longer than the context windows are read that begin `stride` tokens apart, and each token is
    told once, by the first window that has it: it sees at least context - stride tokens before it.
    """
    nats, logits = [], []
    for begin, begun, end in windows(len(text.ids), decoder.config.context, stride, first):
        hidden = decoder.run(text.ids[begin : end - 1], last=True).hidden[begun - 1 - begin :]
        for k in range(0, len(hidden), BLOCK_ROWS):
            rows = finite(decoder.unembed(hidden[k : k + BLOCK_ROWS]))
            targets = np.array(text.ids[begun + k : begun + k + len(rows)])
            logs = log_softmax_rows(rows.astype(np.float64))
            nats.append(np.abs(logs[np.arange(len(rows)), targets]))
            logits += [rows] if keep_logits else []
    told = shortest(decoder_type(decoder))
    surprise = np.concatenate(nats)
    n, total = len(surprise), float(surprise.sum())
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(total / n))
    ids = text.ids[first:]
    return TokenSurprises(
        text=np.array([text.text] * n),
        place=np.arange(first, first + n),
        token=np.array([spell(k) for k in ids]),
        id=np.array(ids, np.int64),
        nats=told(surprise),
        bits=told(surprise / LN2),
        probability=told(np.exp(-surprise)),
        tokens=np.full(n, n),
        total=told(np.full(n, total)),
        perplexity=told(np.full(n, perplexity)),
        bits_per_byte=told(np.full(n, total / LN2 / text.size if text.size > 0 else math.nan)),
        precision=decoder_type(decoder).name,
        logits=np.concatenate(logits) if keep_logits else None,
    )


def windows(length: int, context: int, stride: int | None, first: int = 1) -> list[tuple[int, int, int]]:
    """Return (begin, first token that is told, end) of the windows that tell each token of a text once.

    A window's tokens but the last are read, so that it has one more than the context.

    >>> windows(10, 4, 2)
    [(0, 1, 5), (2, 5, 7), (4, 7, 9), (6, 9, 10)]
    """
    if length <= context + 1:
        return [(0, first, length)]
    if stride is None:
        raise InputError(f"{length} tokens are more than the {context} of the context")
    step = min(stride, context)
    found = [(0, first, context + 1)]
    while found[-1][2] < length:
        begin, _, end = found[-1]
        found.append((begin + step, end, min(end + step, length)))
    return found


class Lens(NamedTuple):
    """What a decoder would say after each of its layers: the head applied to what there is so far."""

    text: Rows
    depth: RowCounts  # layers that were passed: 0 is the embedding
    token: Rows  # the likeliest then
    id: RowCounts
    probability: RowScalars
    bits: RowScalars
    entropy: RowScalars  # bits, of all tokens then
    answer: Rows  # the likeliest at the end
    answer_rank: RowCounts  # of it then, from 1
    answer_probability: RowScalars
    final: Scalar  # its probability, as the model has it
    precision: str  # "float32" or "float64": what the pass was in

    def check(self) -> Check:
        """Return the answer's probability in the model beside that after the last layer."""
        return Check(self.final, self.answer_probability[-1])


def logit_lens(decoder: Decoder, text: TextIds, spell: Spell) -> Lens:
    """Return the likeliest token after each layer at the last place: softmax(W_head norm(x)).

    nostalgebraist (2020), "interpreting GPT: the logit lens".
    """
    found = decoder.run(text.ids, keep=[len(text.ids) - 1], last=True)
    final = finite(found.logits[0])
    answer = int(_largest(final, 1)[0])
    kinds: Any = found.contributions
    states = decoder.states(kinds[:, -1])
    rows = []
    for state in states:
        logits = finite(decoder.unembed(decoder.final_norm(state[np.newaxis]))[0])
        logs = log_softmax_rows(logits.astype(np.float64))
        probs = np.exp(logs)
        top = int(_largest(logits, 1)[0])
        rank = 1 + int((logits > logits[answer]).sum())
        some = probs > 0.0
        rows.append(
            (
                top,
                probs[top],
                np.abs(logs[top]) / LN2,
                -(probs[some] * logs[some]).sum() / LN2,
                rank,
                probs[answer],
            )
        )
    best, p, bits, entropy, ranks, answers = (np.array(column) for column in zip(*rows, strict=True))
    told, n = shortest(final.dtype), len(states)
    last = np.exp(log_softmax_rows(final.astype(np.float64))[answer])
    return Lens(
        text=np.array([text.text] * n),
        depth=np.arange(n),
        token=np.array([spell(int(k)) for k in best]),
        id=best.astype(np.int64),
        probability=told(p),
        bits=told(bits),
        entropy=told(np.abs(entropy)),
        answer=np.array([spell(answer)] * n),
        answer_rank=ranks.astype(np.int64),
        answer_probability=told(answers),
        final=np.asarray(last, final.dtype),
        precision=final.dtype.name,
    )


class HeadAttention(NamedTuple):
    """Where one head looks: a row a token, its weights over the tokens up to it."""

    layer: int
    head: int
    weights: Scores

    def check(self) -> Check:
        """Return 1 beside the sum of each row."""
        return _check_row_sums(self.weights)


class LayerAttention(NamedTuple):
    """Where the heads of a layer look."""

    layer: int
    weights: HeadScores

    def check(self) -> Check:
        """Return 1 beside the sum of each row."""
        return _check_row_sums(self.weights)


def _check_row_sums(weights: Scores | HeadScores) -> Check:
    sums = weights.sum(axis=-1, dtype=np.float64)
    return Check(np.ones(sums.shape, weights.dtype), sums)


def attention_of(
    decoder: Decoder, text: TextIds, layer: int, head: int | None = None
) -> HeadAttention | LayerAttention:
    """Return softmax(Q Kᵀ / √d) of a head, or of all heads of a layer, both counted from 0."""
    for name, value, most in (
        ("layer", layer, decoder.config.layers),
        ("head", head or 0, decoder.config.heads),
    ):
        if most == 1 and value:
            raise InputError(
                "{operand} must be 0, as there is one alone, not {value}",
                operand=name, value=value, usage=True,
            )  # fmt: skip
        check_between(name, value, 0, most - 1, usage=True)
    weights: Any = decoder.run(text.ids, keep=True, layers=[layer], last=True).attention
    chosen = finite(weights[0])
    return LayerAttention(layer, chosen) if head is None else HeadAttention(layer, head, chosen[head])


def _largest(logits: FloatArray, count: int) -> Any:
    """Return the places of the largest, the largest first and of equals the first."""
    count = min(count, len(logits))
    least = np.partition(logits, len(logits) - count)[len(logits) - count]
    some = np.flatnonzero(logits >= least)
    return some[np.argsort(-logits[some], kind="stable")][:count]


def finite(values: FloatArray) -> FloatArray:
    """Return values, or raise an InputError if one is no number."""
    if not np.isfinite(values).all():
        raise InputError("its numbers are beyond its type, or its weights hold some that are none")
    return values


def shortest(dtype: Any) -> Callable[[Any], Array]:
    """Return what cuts numbers that came of a type to the digits that it has: of float32, 9.

    >>> float(shortest(np.float32)(0.1234567891234))
    0.123456789
    """
    if dtype != np.float32:
        return lambda x: np.asarray(x, np.float64)

    def rounded(x: Any) -> Array:
        whole = np.asarray(x, np.float64)
        return np.array([float(f"{value:.9g}") for value in whole.ravel()]).reshape(whole.shape)

    return rounded


def decoder_type(decoder: Decoder) -> Any:
    """Return the type that a decoder computes in."""
    return np.result_type(next(iter(decoder.weights.values())).dtype)
