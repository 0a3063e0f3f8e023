"""The size of a transformer against published counts, counting by hand, and every tensor's shape."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.published import MODELS

from aimath.core import nn
from aimath.core.nn import Architecture, params, tensor_shapes
from aimath.errors import InputError
from aimath.read.models.model_config import parse_config

LLAMA = {"layers": 32, "d_model": 4096, "heads": 32, "vocab": 32000}
GPT2 = {"layers": 12, "d_model": 768, "heads": 12, "vocab": 50257, "like": "gpt2"}


@pytest.mark.parametrize(("config", "parameters"), MODELS.values(), ids=MODELS)
def test_published_counts_to_the_parameter(config, parameters):
    found = params(parse_config(config).architecture)
    assert found.parameters == parameters
    assert found.by_part.sum() == parameters
    assert found.check().holds


def test_sizes_alone_give_the_counts_of_the_families():
    assert params(**GPT2).parameters == 124_439_808
    assert params(**LLAMA).parameters == 6_738_415_616  # its d_ff, 11008, is the family's rule
    assert params(**LLAMA, kv_heads=8, d_ff=14336, experts=8).parameters == 46_702_792_704
    assert params(layers=12, d_model=768, heads=12, vocab=30522, like="bert").parameters == 109_482_240


def test_published_counts_of_what_a_token_passes():
    def size(name):
        return params(parse_config(MODELS[name][0]).architecture)

    # Mistral AI says 12.9 billion, the Qwen team 3.3; DeepSeek 36.6 "including 0.9B for the output head".
    assert size("Mixtral-8x7B").active == 12_879_925_248
    assert size("Qwen3-30B-A3B").active == 3_353_032_704
    assert size("DeepSeek-V3").multiplied == 36_625_618_432
    # The Qwen team's "non-embedding": .36 of .49 billion (tied), 6.53 of 7.61 (not).
    assert size("Qwen2.5-0.5B").non_embedding == 494_032_768 - 151_936 * 896
    assert size("Qwen2.5-7B").non_embedding == 7_615_616_512 - 2 * 152_064 * 3584


def test_operations_and_memory_by_hand():
    found = params(**LLAMA, context=4096, batch=3, dtype="fp16")
    multiplied = 6_738_415_616 - 32_000 * 4096
    assert found.multiplied == multiplied
    assert found.attention_flops == 4 * 32 * 4096 * 4096
    assert found.flops == 2 * multiplied + 4 * 32 * 4096 * 4096
    assert found.flops_training == 3 * found.flops
    assert found.kv_cache == 2 * 32 * 4096 * 4096 * 3 * 2  # half a MiB a token
    assert found.memory_inference == 2 * 6_738_415_616 + found.kv_cache
    assert found.memory_training == 16 * 6_738_415_616
    assert (
        params(**GPT2).multiplied == 124_439_808 - 1024 * 768
    )  # the head is tied, and multiplies all the same
    assert params(**LLAMA, context=4096, kv_heads=8).kv_cache == 2 * 32 * 8 * 128 * 4096 * 2


def test_a_window_bounds_what_is_seen_and_kept():
    wide, narrow = (params(**LLAMA, context=32_768, window=window) for window in (None, 4096))
    assert narrow.kv_cache * 8 == wide.kv_cache
    assert narrow.attention_flops * 8 == wide.attention_flops
    assert narrow.parameters == wide.parameters
    assert params(**LLAMA, context=100, window=4096).kv_cache == params(**LLAMA, context=100).kv_cache
    gemma = params(parse_config(MODELS["Gemma-2-2B"][0]).architecture, context=8192)  # every other layer
    assert gemma.kv_cache == 2 * 4 * 256 * 13 * (8192 + 4096) * 2


def test_latent_attention_keeps_what_keys_and_values_are_made_of():
    found = params(parse_config(MODELS["DeepSeek-V3"][0]).architecture, context=32_768)
    assert found.cached == 512 + 64
    assert found.kv_cache == 70_272 * 32_768  # the 70 kB a token of its report
    assert params(parse_config(MODELS["BERT-base"][0]).architecture).kv_cache == 0


@pytest.mark.parametrize(("dtype", "bits"), nn.BITS.items())
def test_bytes_of_every_type(dtype, bits):
    found = params(layers=1, d_model=3, heads=1, vocab=3, d_ff=1, tied=True, context=5, dtype=dtype)
    assert found.parameters % 2  # half bytes are rounded up, once
    assert found.weights == -(-found.parameters * bits // 8)
    assert found.kv_cache == -(-2 * 3 * 5 * bits // 8)
    assert found.memory_training == found.parameters * max(16, bits // 2)
    assert found.by_store[2:].sum() == found.memory_training
    assert params(layers=1, d_model=3, heads=1, vocab=3, cache_dtype=dtype).weights % 2 == 0


@st.composite
def architectures(draw):
    """Draw any architecture, with every combination of what it may have."""
    groups, share, few = draw(st.integers(1, 6)), draw(st.integers(1, 4)), st.integers(0, 40)
    experts, layers = draw(st.integers(0, 9)), draw(st.integers(1, 9))
    latent, rope = draw(few), draw(st.integers(0, 8))
    flags = [name for name, default in Architecture._field_defaults.items() if isinstance(default, bool)]
    return Architecture(
        layers=layers, d_model=draw(st.integers(1, 60)), heads=groups * share,
        kv_heads=groups * share if latent else groups, head_dim=(dim := rope + draw(st.integers(1, 20))),
        value_dim=draw(st.integers(1, 20)) if latent else dim, d_ff=draw(st.integers(1, 80)),
        vocab=draw(st.integers(1, 500)), positions=draw(few), token_types=draw(few),
        layer_norms=draw(st.sampled_from([1, 2, 4])), experts=experts,
        experts_per_token=draw(st.integers(1, experts)) if experts else 0,
        expert_d_ff=draw(st.integers(1, 40)) if experts else 0, shared_d_ff=draw(few) if experts else 0,
        dense_layers=draw(st.integers(0, layers)) if experts else 0, q_rank=draw(few) if latent else 0,
        kv_rank=latent, rope_dim=rope if latent else 0,
        **{flag: draw(st.booleans()) for flag in flags} | ({"qk_norm": False} if latent else {}),
    )  # fmt: skip


@given(architectures())
@settings(max_examples=100)
def test_formulas_add_up_to_the_shapes_of_all_tensors_part_by_part(sizes):
    if sizes.experts == 0 or sizes.expert_layers == 0:
        sizes = sizes._replace(router_bias=False, shared_gate=False)
    found = params(sizes, context=1)
    totals = dict.fromkeys(nn.PARTS, 0)
    for one in tensor_shapes(sizes):
        totals[one.part] += one.copies * int(np.prod(one.shape))
    assert found.by_part.tolist() == list(totals.values())
    assert found.parameters == found.tensor_sum == sum(totals.values())
    assert found.check().holds
    assert found.active <= found.parameters


@given(architectures(), st.integers(1, 10**6), st.integers(1, 1000))
def test_cost_grows_in_proportion(sizes, context, batch):
    sizes = sizes._replace(positions=0)
    one, many = params(sizes, context=context), params(sizes, context=context, batch=batch)
    assert many.kv_cache == batch * one.kv_cache
    assert many.memory_inference - many.kv_cache == one.memory_inference - one.kv_cache
    assert params(sizes, context=2 * context).attention_flops == 2 * one.attention_flops
    assert one.kv_cache_gib == float(Fraction(one.kv_cache, 2**30))


def test_a_check_that_is_off_by_one_fails():
    found = params(**LLAMA)
    assert not found._replace(parameters=found.parameters + 1).check().holds


def test_counts_are_exact_up_to_2_53_and_refused_beyond():
    sizes = {"layers": 1, "d_model": 10**6, "heads": 1, "vocab": 10**8, "d_ff": 10**8}
    found = params(**sizes)
    assert found.parameters == 2 * 10**14 + 4 * 10**12 + 3 * 10**14 + 3 * 10**6
    assert found.memory_training == 16 * found.parameters < 2**53
    with pytest.raises(InputError, match=r"bytes to train are more than 2\^53"):
        params(**sizes | {"layers": 2})
    with pytest.raises(InputError, match=r"parameters are more than 2\^53"):
        params(layers=10**9, d_model=10**9, heads=10**9, vocab=10**9, d_ff=10**9)
    with pytest.raises(InputError, match=r"bytes to infer are more than 2\^53"):
        params(**LLAMA, context=10**9, batch=10**9)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "give config, or layers, d_model, heads and vocab"),
        ({"layers": 2}, "give config, or layers"),
        (LLAMA | {"heads": 3}, "d_model: 4096 is no multiple of 3 heads; give head_dim too"),
        (LLAMA | {"kv_heads": 5}, "32 heads can't share 5 heads of keys and values; take a divisor of 32"),
        (LLAMA | {"layers": 0}, "layers must be 1 to 1000000000, not 0"),
        (LLAMA | {"d_ff": 10**10}, "d_ff must be 1 to 1000000000, not 10000000000"),
        (LLAMA | {"experts": 4, "experts_per_token": 5}, "experts_per_token must be 1 to 4, not 5"),
        (LLAMA | {"experts_per_token": 2}, "experts_per_token is of experts; give experts too"),
        (LLAMA | {"context": 0}, "context must be 1 to 1000000000, not 0"),
        (LLAMA | {"batch": -1}, "batch must be 1 to 1000000000, not -1"),
        (LLAMA | {"dtype": "bf17"}, "dtype: 'bf17' is not known; did you mean bf16"),
        (LLAMA | {"cache_dtype": "x"}, "cache_dtype: 'x' is not known; choose from bf16"),
        (LLAMA | {"like": "lama"}, "like: 'lama' is not known; did you mean llama"),
        (GPT2 | {"context": 1025}, "context is 1025, and the table of positions has 1024 rows"),
    ],
)
def test_what_is_no_model_is_refused(given, why):
    with pytest.raises(InputError, match=why):
        params(**given)
    with pytest.raises(InputError, match="give config, or layers"):
        params(Architecture(1, 8, 2, 2, 4, 4, 32, 100), layers=3)
