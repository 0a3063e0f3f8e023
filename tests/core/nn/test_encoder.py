"""An encoder and the vectors of texts; transformers' figures are in tests/oracles."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from aimath.core import nn
from aimath.errors import InputError

ENCODER = nn.letter_encoder()
SMALL = nn.EncoderConfig(7, 6, 1, 2, 5, 9)


def weights(config, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return {name: scale * rng.normal(size=shape) for name, shape in nn.encoder_shapes(config).items()}


def test_every_token_sees_all_others():
    ids = nn.letter_ids("king")
    found = ENCODER.run(ids, keep=True)
    assert found.attention.shape == (1, 2, 6, 6)
    assert (found.attention > 0).all()
    assert np.abs(found.attention.sum(axis=-1) - 1).max() < 1e-15
    assert ENCODER.run(ids).attention is None
    changed = ENCODER.run([*ids[:-2], 5, ids[-1]]).hidden
    assert (np.abs(changed - found.hidden).max(axis=-1) > 1e-6).all()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 257), min_size=1, max_size=12), st.integers(0, 9), st.sampled_from(nn.POOLINGS)
)
def test_padding_changes_nothing(ids, pads, pooling):
    alone = nn.embed(ENCODER, ids, pooling)
    padded = nn.embed(ENCODER, [[*ids, *[3] * pads]], pooling, mask=[[1] * len(ids) + [0] * pads])
    assert np.abs(padded.vector[0] - alone.vector).max() < 1e-13
    assert padded.tokens.tolist() == [len(ids)]
    assert alone.check().holds.all()


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_a_vector_is_of_length_1_unless_it_is_left(text):
    ids = nn.letter_ids(text)
    vector, left = (nn.embed(ENCODER, ids, no_normalize=raw) for raw in (False, True))
    assert abs(np.linalg.norm(vector.vector) - 1) < 1e-15
    assert np.abs(left.vector - left.norm * vector.vector).max() < 1e-14
    assert np.abs(left.vector - ENCODER.run(ids).hidden.mean(axis=0)).max() < 1e-14


def test_poolings_are_what_they_say():
    ids, rows = nn.letter_ids("queen"), ENCODER.run(nn.letter_ids("queen")).hidden
    assert (nn.embed(ENCODER, ids, "cls", no_normalize=True).vector == rows[0]).all()
    assert (nn.embed(ENCODER, ids, "max", no_normalize=True).vector == rows.max(axis=0)).all()


def test_float32_stays_what_it_is():
    found = nn.embed(nn.letter_encoder(dtype=np.float32), nn.letter_ids("king"))
    assert (found.vector.dtype, found.hidden.dtype, found.pooled.dtype) == (
        np.float32,
        np.float32,
        np.float64,
    )
    assert np.abs(found.vector - nn.embed(ENCODER, nn.letter_ids("king")).vector).max() < 1e-6


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: ENCODER.run(range(256 * 3)), "768 tokens are more than the 512 of the context"),
        (lambda: ENCODER.run([258]), "there is no id 258, only 0 to 257"),
        (lambda: ENCODER.run([]), "at least one id"),
        (lambda: ENCODER.run([1, 2], [1]), "a 1 for each token"),
        (lambda: ENCODER.run([1, 2], [1, 2]), "a 1 for each token"),
        (lambda: ENCODER.run([[1], [2]], [[1], [0]]), "padding alone"),
        (lambda: nn.embed(ENCODER, [1], "sum"), "pooling is mean, cls or max, not 'sum'"),
        (lambda: nn.Encoder(SMALL, {"a": np.ones(1)}), "the weights lack embeddings.word_embeddings.weight"),
        (lambda: nn.Encoder(SMALL._replace(heads=4), weights(SMALL)), "width 6 isn't a multiple of 4 heads"),
        (
            lambda: nn.Encoder(SMALL._replace(first_place=9), weights(SMALL)),
            "context must be at least 1, not 0",
        ),
        (lambda: nn.Encoder(SMALL._replace(activation="x"), weights(SMALL)), "activation 'x' is not one of"),
        (lambda: nn.Encoder(SMALL._replace(inner=6), weights(SMALL)), "has a shape of 5x6, not of 6x6"),
        (lambda: nn.embed(nn.Encoder(SMALL, weights(SMALL, scale=0.0)), [1]), "the vector is 0"),
        (lambda: nn.embed(nn.Encoder(SMALL, weights(SMALL, scale=1e300)), [1, 2]), "beyond"),
        (lambda: nn.embed(nn.Encoder(SMALL, weights(SMALL, scale=np.nan)), [1, 2]), "beyond|no finite"),
        (lambda: nn.letter_encoder(7), "width must be even, 2 to 1024, not 7"),
    ],
)
def test_refusals_say_why(call, why):
    with pytest.raises(InputError, match=why):
        call()
