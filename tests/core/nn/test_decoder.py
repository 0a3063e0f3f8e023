"""Decoders beside our own GPT, a step at a time, and what they refuse; transformers' figures are in tests/oracles."""

import numpy as np
import pytest

from aimath.core import nn
from aimath.errors import InputError

OWN = nn.GPTConfig(vocabulary=7, context=8, layers=2, width=12, heads=3)
IDS = [3, 1, 4, 1, 5]


def own():
    """Our own GPT, away from its start, and a decoder of its weights."""
    gpt = nn.GPT(OWN, seed=1)
    gpt.parameters.values += np.random.default_rng(0).normal(0, 0.3, len(gpt.parameters.values))
    config = nn.DecoderConfig(7, 12, 2, 3, 3, 8, activation="relu", tied=False)
    return gpt, nn.Decoder(config, gpt.parameters.arrays())


def llama(**changes):
    config = nn.DecoderConfig(7, 12, 2, 6, 2, 8, "llama", "rms", 1e-6, "silu", 10000.0, tied=True)._replace(
        **changes
    )
    rng = np.random.default_rng(3)
    shapes = nn.decoder_shapes(config)
    return nn.Decoder(
        config, {name: rng.normal(size=[n or 20 for n in shape]) for name, shape in shapes.items()}
    )


def olmo():
    return llama(names="olmo2", norm_added=True, qk_norm="all")


def test_our_own_gpt_is_one_of_them():
    gpt, decoder = own()
    assert np.abs(decoder.run(IDS).logits - gpt.logits(IDS).value).max() < 1e-13


@pytest.mark.parametrize("make", [lambda: own()[1], llama, olmo, lambda: llama(qk_norm="head")])
def test_what_was_added_and_looked_at(make):
    decoder = make()
    found = decoder.run(IDS, keep=True)
    assert found.attention.shape == (2, decoder.config.heads, 5, 5)
    assert np.abs(found.attention.sum(axis=-1) - 1).max() < 1e-15
    assert (np.triu(found.attention, 1) == 0).all()
    assert found.contributions.shape == (5, 5, 12)
    whole = decoder.final_norm(found.contributions.sum(axis=0))
    assert np.abs(decoder.unembed(whole) - found.logits).max() < 1e-12
    bare = decoder.run(IDS, last=True)
    assert (bare.attention, bare.contributions) == (None, None)
    assert np.abs(bare.logits - found.logits[-1:]).max() < 1e-12


@pytest.mark.parametrize("make", [lambda: own()[1], llama, olmo, lambda: llama(qk_norm="head")])
def test_a_token_at_a_time_is_the_same(make):
    decoder, cache = make(), nn.KVCache()
    whole = decoder.run(IDS, keep=True)
    for t, token in enumerate(IDS):
        found = decoder.run(token, cache, keep=True)
        assert len(cache) == t + 1
        assert np.abs(found.logits[0] - whole.logits[t]).max() < 1e-12
        assert np.abs(found.attention[:, :, 0] - whole.attention[:, :, t, : t + 1]).max() < 1e-13


def test_a_cache_copies_no_token_more_than_twice_on_the_whole():
    rng, cache, rooms, wanted = np.random.default_rng(0), nn.KVCache(), [], []
    for _ in range(1000):
        rows = rng.normal(size=(2, 1, 3))
        wanted.append(rows)
        keys, values = cache.extend(0, rows, -rows)
        if not rooms or keys.base is not rooms[-1]:
            rooms.append(keys.base)
    assert sum(room.shape[1] for room in rooms) <= 4 * 1000  # each is twice the one before
    assert (keys == np.concatenate(wanted, axis=1)).all()
    assert (values == -keys).all()


def test_a_copied_cache_goes_its_own_way():
    decoder, cache = llama(), nn.KVCache()
    decoder.run(IDS[:3], cache)
    twin = cache.copy()
    decoder.run([6, 6], twin)
    assert (len(cache), len(twin)) == (3, 5)
    found = decoder.run(IDS[3:], cache).logits
    assert np.abs(found - decoder.run(IDS).logits[3:]).max() < 1e-12


@pytest.mark.parametrize("make", [lambda: own()[1], llama])
def test_parts_of_the_path_are_those_of_the_whole(make):
    decoder = make()
    whole, some = decoder.run(IDS, keep=True), decoder.run(IDS, keep=[4, 1], layers=[1])
    assert (some.contributions == whole.contributions[:, [4, 1]]).all()
    assert (some.attention == whole.attention[1:, :, [4, 1]]).all()
    states = decoder.states(whole.contributions)
    assert np.abs(decoder.final_norm(states[-1]) - whole.hidden).max() < 1e-13


def test_rotary_scores_know_distances_alone():
    decoder = llama()
    cache = nn.KVCache()
    decoder.run([2], cache)
    shifted = decoder.run([2, 5], keep=True).attention[0, :, 1]  # 2 then 5: one apart
    later = nn.KVCache()
    decoder.run([2, 2, 2], later)
    third = decoder.run([5], later, keep=True).attention[0, :, 0]  # behind three twos
    assert np.abs(np.log(shifted[:, 0] / shifted[:, 1]) - np.log(third[:, 2] / third[:, 3])).max() < 1e-9


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: llama().run(range(9)), "there is no id 7|9 tokens are more than the 8 of the context"),
        (lambda: llama().run([7]), "there is no id 7, only 0 to 6"),
        (lambda: llama().run([]), "at least one id"),
        (lambda: llama().run([[1]]), "at least one id"),
        (lambda: llama(kv_heads=4), "6 heads can't share 4 of keys"),
        (lambda: llama(layers=0), "layers must be at least 1, not 0"),
        (lambda: llama(names="bert"), "names 'bert' is not one of gpt2, llama, olmo2"),
        (lambda: llama(qk_norm="each"), "qk_norm 'each' is not one of none, head, all"),
        (lambda: llama(norm_added=True, norm_first=False), "behind what is added, or behind the sum"),
        (
            lambda: nn.Decoder(llama().config._replace(qk_norm="head"), llama().weights),
            "lack model.layers.0.self_attn",
        ),
        (lambda: llama(theta=None), "weights by the names of llama have no places"),
        (lambda: llama(theta=0.0), "theta above 0"),
        (lambda: nn.Decoder(llama().config, {}), "the weights lack model.embed_tokens.weight"),
        (
            lambda: nn.Decoder(llama().config._replace(vocabulary=8), llama().weights),
            "model.embed_tokens.weight has a shape of 7x12, not of 8x12",
        ),
        (
            lambda: nn.Decoder(llama().config._replace(width=18, heads=9, kv_heads=3), llama().weights),
            "has a shape of 7x12, not of 7x18",
        ),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
