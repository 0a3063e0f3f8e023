"""Encoders from files: each kind beside transformers' figures, what their folders state, and what is refused."""

from __future__ import annotations

import json
import random
import re
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests import oracles
from tests.oracles import encoder as room

from aimath.core import nn
from aimath.errors import InputError
from aimath.read.models.encoder_files import open_encoder

pytest.importorskip("tokenizers")
TYPES = {"Bert": "bert", "Roberta": "roberta", "XLMRoberta": "xlm-roberta"}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "king", "queen", "man", "woman", "a", "b", "c"]
POOLING, MODULES = "1_Pooling/config.json", "modules.json"


def write_encoder(folder, case=room.CASES["BERT"], prefix="", dtype=np.float64, **changes):
    """Write a case of tests/oracles/encoder.py as a folder."""
    folder.mkdir(exist_ok=True)
    config = {"model_type": TYPES[case.kind], **case.settings, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    weights = {f"{prefix}{name}": w.astype(dtype) for name, w in room.drawn(case).items()}
    save_file(weights | {"embeddings.position_ids": np.arange(14)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def folder(tmp_path):
    return write_encoder(tmp_path / "m")


def vector(folder, pooling="mean", dtype="float64"):
    found = open_encoder(str(folder), dtype=dtype)
    return nn.embed(found.encoder, room.IDS, pooling, mask=room.MASK).vector


@pytest.mark.parametrize("prefix", ["", "bert.", "roberta."])
@pytest.mark.parametrize("name", room.CASES)
def test_every_kind_is_that_of_transformers(tmp_path, name, prefix):
    folder = write_encoder(tmp_path / "m", room.CASES[name], prefix)
    assert open_encoder(str(folder), dtype="float64").encoder.config == room.CASES[name].config
    assert np.abs(vector(folder) - oracles.committed("encoder", name)["mean"]).max() < 1e-12


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-6), (np.float16, 2e-3)])
def test_narrow_types_are_converted(tmp_path, dtype, error):
    folder = write_encoder(tmp_path / "m", dtype=dtype)
    found = vector(folder, dtype="float32")
    assert found.dtype == np.float32
    assert np.abs(found - oracles.committed("encoder", "BERT")["mean"]).max() < error


def test_names_of_the_first_files_of_bert_are_known(folder):
    weights = load_file(folder / "model.safetensors")
    old = {
        n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): w
        for n, w in weights.items()
    }
    wanted = vector(folder)
    save_file(old, folder / "model.safetensors")
    assert (vector(folder) == wanted).all()


@pytest.mark.parametrize(
    ("stated", "pooling"),
    [
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, "mean"),
        ({"pooling_mode_cls_token": True, "word_embedding_dimension": 12}, "cls"),
        ({"pooling_mode_max_tokens": True}, "max"),
    ],
)
def test_the_pooling_is_what_the_folder_states(folder, stated, pooling):
    assert open_encoder(str(folder)).pooling == ""
    (folder / "1_Pooling").mkdir()
    (folder / POOLING).write_text(json.dumps(stated))
    assert open_encoder(str(folder)).pooling == pooling
    assert open_encoder(str(folder / "model.safetensors")).pooling == pooling


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (POOLING, '{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}', "of the poolings one is run"),
        (POOLING, '{"pooling_mode_lasttoken": true}', "not 'pooling_mode_lasttoken'"),
        (POOLING, "[]", "holds no object"),
        (MODULES, '[{"type": "sentence_transformers.models.Dense"}]', "a step 'sentence_transformers.models.Dense'"),
        (MODULES, "{}", "holds no list of steps"),
        (MODULES, "[1]", "has a step null"),
        (MODULES, '[{"type": ["\\u001b"]}]', "has a step an array"),
        ("config.json", '{"model_type": "gpt2"}', "'gpt2' is no encoder that is run; encoders are bert"),
        ("config.json", '{"model_type": "t5"}', "'t5' is not known"),
        ("config.json", '{"model_type": "bert", "hidden_act": "mish"}', "hidden_act is 'mish', which is not run"),
        ("config.json", '{"model_type": "bert", "hidden_size": 10, "num_attention_heads": 3}', "no multiple of 3"),
        ("config.json", '{"model_type": "bert"}', "has a shape of 11x12, not of 30522x768"),
        ("config.json", '{"model_type": "bert", "layer_norm_eps": "x"}', "layer_norm_eps is 'x'"),
        ("config.json", '{"model_type": "bert", "position_embedding_type": "relative_key"}', "position_embedding_type"),
        ("config.json", '{"model_type": "bert", "num_hidden_layers": 1000000000}', "states 1000000000 layers, of 38 weights"),
        ("model.safetensors", "\0" * 40, "model.safetensors"),
    ],
)  # fmt: skip
def test_what_isnt_run_is_refused_in_one_line(folder, name, text, why):
    (folder / "1_Pooling").mkdir()
    (folder / name).write_text(text)
    with pytest.raises(InputError, match=why) as told:
        open_encoder(str(folder))
    assert str(folder) in str(told.value)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_what_a_folder_lacks_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(InputError, match=re.escape(name.rpartition(".")[2])):
        open_encoder(str(folder))


def test_weights_larger_than_the_limit_are_refused(folder):
    with pytest.raises(InputError, match=r"its weights in float32 needs? "):
        open_encoder(str(folder), limit=1000)


def spoilt(data, rng):
    """Return the bytes with some others, or fewer of them."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 2, 9))):
        at = rng.choice((rng.randrange(len(data)), rng.randrange(min(len(data), 300))))
        data[at : at + rng.choice((0, 1, 1, 4))] = rng.choice(
            (b"", b"0", b"9", b'"', b"\xff", b"{", b"null", b"-")
        )
    return bytes(data)


def check_spoilt(folder, name, count, seed):
    good, rng = (folder / name).read_bytes(), random.Random(seed)  # noqa: S311
    for _ in range(count):
        (folder / name).write_bytes(spoilt(good, rng))
        told = ""
        try:
            found = open_encoder(str(folder))
            nn.embed(found.encoder, [found.encode("the king")])
        except InputError as error:
            told = str(error)
        assert told.isprintable() or not told
        assert len(told) < 1000


FILES = ["config.json", "vocab.txt", "model.safetensors", POOLING]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused(folder, name):
    (folder / "1_Pooling").mkdir()
    (folder / POOLING).write_text('{"pooling_mode_mean_tokens": true}')
    check_spoilt(folder, name, 30, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_many_damaged_files_are_read_or_refused(folder, name):
    (folder / "1_Pooling").mkdir()
    (folder / POOLING).write_text('{"pooling_mode_mean_tokens": true}')
    check_spoilt(folder, name, 1500, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [1 << 40, 12]},
        {"shape": [11, 1 << 62]},
        {"shape": [-1, 12]},
        {"data_offsets": [0, 1 << 50]},
        {"dtype": "F64", "shape": [11, 24]},
        {"dtype": "Q8"},
    ],
)
def test_a_tensor_that_lies_about_its_size_is_refused(folder, change):
    path = folder / "model.safetensors"
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["embeddings.word_embeddings.weight"] |= change
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(InputError) as told:
        open_encoder(str(folder))
    assert len(str(told.value)) < 1000
