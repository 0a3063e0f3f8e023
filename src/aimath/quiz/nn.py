"""Questions on a transformer: its size, its weights, what it says next."""

from __future__ import annotations

import numpy as np

from aimath.core.nn import TextIds, embed, letter_encoder, letter_ids, next_tokens, params, weights
from aimath.quiz.exercise import Exercise, Sampler, make_exercise
from aimath.training.decoders import decoder_of, trained


def parameters(sampler: Sampler) -> Exercise:
    """Ask for the parameters of the layers' attention and MLPs."""
    layers, d = sampler.integer(2, 6), sampler.integer(1, 4) * 8
    right = params(layers=layers, d_model=d, heads=2, vocab=100, d_ff=4 * d)
    attention, mlp = right.by_part[1:3].tolist()
    near = (
        (mlp * 2 / 3, "an MLP with a gate has three matrices, not two"),
        (attention, "that is attention: four matrices of d_model x d_model a layer"),
        (mlp / layers, "that is one layer"),
        (right.parameters, "that is all there is"),
        (mlp / 4, "an MLP is four times as wide as d_model here"),
    )
    text = (
        f"A Llama has {layers} layers, d_model {d}, 2 heads, a vocabulary of 100, and MLPs of width {4 * d} "
        "with a gate. How many parameters have its MLPs?"
    )
    words = [
        *("--layers", str(layers), "--d-model", str(d), "--heads", "2", "--vocab", "100"),
        *("--d-ff", str(4 * d), "--fields", "by_part"),
    ]
    return make_exercise("params", text, words, (right, "by_part", (2,)), near)


def kv_cache(sampler: Sampler) -> Exercise:
    """Ask for the memory of the cache with fewer heads of keys than of queries."""
    layers, heads, share = sampler.integer(2, 6), sampler.integer(2, 4) * 4, sampler.integer(2, 4)
    share = 2 if share == 3 else share
    dim, context = 2 ** sampler.integer(3, 5), 2 ** sampler.integer(5, 8)
    groups = heads // share
    sizes = {"layers": layers, "d_model": heads * dim, "heads": heads, "vocab": 100}
    right = params(**sizes, kv_heads=groups, context=context)
    near = (
        (right.kv_cache * share, f"{share} heads of queries share each head of keys and values"),
        (right.kv_cache / 2, "keys are kept, and values too"),
        (right.kv_cache / 2 / 2, "a number in bf16 takes 2 bytes, and keys are kept beside values"),
        (right.kv_cache / layers, "every layer has its own"),
        (right.kv_cache / context, "that is one token"),
    )
    text = (
        f"A model of width {heads * dim} has {layers} layers with {heads} heads of width {dim}, "
        f"{groups} heads of keys and values, and a vocabulary of 100. "
        f"How many bytes takes the KV cache of {context} tokens in bf16?"
    )
    words = [
        *("--layers", str(layers), "--d-model", str(heads * dim), "--heads", str(heads), "--vocab", "100"),
        *("--kv-heads", str(groups), "--context", str(context), "--fields", "kv_cache"),
    ]
    return make_exercise("params", text, words, (right, "kv_cache", ()), near, "bytes")


def flops(sampler: Sampler) -> Exercise:
    """Ask how many operations training takes for each weight that a token is multiplied by."""
    layers, d = sampler.integer(2, 6), sampler.integer(1, 4) * 8
    right = params(layers=layers, d_model=d, heads=2, vocab=100, context=1)
    n = right.multiplied
    near = (
        (right.flops, "that is forward alone: backward takes twice as many again"),
        (2 * right.flops, "backward takes two multiplications for each of forward's: 3 times as many in all"),
        (n, "each weight is a multiplication and an addition"),
        (right.flops_training * 100, "that is of 100 tokens"),
    )
    text = (
        f"A Llama has {layers} layers, d_model {d}, 2 heads and a vocabulary of 100. A token multiplies {n} "
        f"weights forward; attention to a context of 1 adds {right.attention_flops}. "
        "How many FLOPs takes training on it?"
    )
    words = [
        *("--layers", str(layers), "--d-model", str(d), "--heads", "2", "--vocab", "100"),
        *("--context", "1", "--fields", "flops_training"),
    ]
    return make_exercise("params", text, words, (right, "flops_training", ()), near)


def bits_a_weight(sampler: Sampler) -> Exercise:
    """Ask what int8 takes a weight with the scales of its rows."""
    width = 2 ** sampler.integer(2, 4)
    rows = sampler.integer(2, 12, width)
    name = f"randn:{rows}x{width}"
    right = weights({name: np.ones((rows, width))}, quantize=["int8"])
    near = (
        (8.0, "each row has a scale too"),
        (8.0 + 32.0, "the scale is shared by a row"),
        (8.0 + 32.0 / rows, f"a row has {width} weights"),
        (8.0 + 16.0 / width, "a scale in float32 takes 32 bits"),
    )
    text = (
        f"A matrix of {rows} rows of {width} weights is kept in int8, with a scale in float32 for each row. "
        "How many bits is that a weight?"
    )
    words = [name, "--quantize", "int8", "--fields", "bits"]
    return make_exercise("weights", text, words, (right, "bits", (0,)), near, "bits")


def next_token(sampler: Sampler) -> Exercise:
    """Ask for the probability of the token whose logit is the largest."""
    digits = "".join(str(sampler.integer(1, 9)) for _ in range(sampler.integer(1, 4)))
    decoder = decoder_of(trained("reverse"), "reverse")
    right = next_tokens(decoder, TextIds(digits, tuple(map(int, digits))), 1, str)
    logit, log_sum = float(right.total), float(right.log_sum)
    near = (
        (logit - log_sum, "that is ln p: take its exponential"),
        (np.exp(logit), "that is one exponential: divide it by their sum"),
        (logit, "a logit is no probability yet"),
        (1.0 - np.exp(logit - log_sum), "that is the chance of any other token"),
    )
    text = (
        f"A model has read {digits}. The largest logit of the next token is {logit:.9g}, and ln Σ exp of all "
        f"logits {log_sum:.9g}. With what probability does that token come?"
    )
    words = ["reverse", digits, "--fields", "probability"]
    return make_exercise("gpt", text, words, (right, "probability", (0,)), near)


def pooled_entry(sampler: Sampler) -> Exercise:
    """Ask for the first entry of a text's vector, given what the last layer gives for its tokens."""
    word = ("cat", "dog", "sun", "sea")[sampler.integer(0, 3)]
    right = embed(letter_encoder(), letter_ids(word))
    entries, norm = right.first_entries, right.norm
    near = (
        (right.pooled_1, "that is the mean: a vector is divided by its length, too"),
        (entries.sum() / norm, "that is the sum of the rows, not their mean"),
        (entries[0] / norm, "that is the first token's row alone"),
        (entries[1:-1].mean() / norm, "the tokens that begin and end a text count too"),
        (right.pooled_1 * norm, "that is multiplied by the length"),
    )
    rows = ", ".join(f"{entry:.4f}" for entry in entries)
    text = (
        f"For the {len(entries)} tokens of '{word}' ([CLS] and [SEP] among them) an encoder gives rows of 8 "
        f"numbers in float64, the first of which are {rows}. Their mean has the length {norm:.4f}. "
        "What is the first entry of the text's vector?"
    )
    words = ["random:8", word, *("--dtype", "float64"), *("--fields", "vector")]
    return make_exercise("embed", text, words, (right, "vector", (0,)), near)
