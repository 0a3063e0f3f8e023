"""Questions on the size of a transformer."""

from __future__ import annotations

from aimath.core.nn import params
from aimath.quiz.exercise import Exercise, Sampler, make_exercise


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
