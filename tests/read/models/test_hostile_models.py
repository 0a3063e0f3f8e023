"""A stranger's model: whatever is wrong with one of its files is one line, and never an answer that isn't its own."""

from __future__ import annotations

import json
import string

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from tests.models import write_model, write_tokenizer
from tests.oracles import decoder as room

from aimath.commands.nn._language_models import open_language_model
from aimath.errors import InputError

pytest.importorskip("tokenizers")
EXAMPLES = 40
CASES = {"gpt2": room.CASES["GPT-2"], "llama": room.CASES["Llama, grouped keys"]}
SHARDS = {"a": "model-1.safetensors", "b": "model-2.safetensors"}
small = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 13), st.sampled_from([10**9, 10**30, -1, 0, 0.5, 1e308, "gelu", "\x1b[31m", "..", [], {}, [1], {"x": 1}]),
    st.floats(allow_nan=False), st.text(max_size=4),
)  # fmt: skip


class Files(dict):
    """The bytes of files by name, which say little of themselves."""

    def __repr__(self) -> str:
        return f"<{len(self)} files>"


@pytest.fixture(scope="module", params=CASES)
def model(request, tmp_path_factory):
    """A folder of a good model, its files' bytes, and the case."""
    folder = write_model(tmp_path_factory.mktemp("m") / "m", CASES[request.param], np.float32)
    write_tokenizer(folder)
    outcome(folder)  # which imports all that it takes: what is drawn depends on what is there
    return folder, Files((path.name, path.read_bytes()) for path in folder.iterdir())


def outcome(folder):
    """Open a model and read a text: give what it answered, or the line that says why it didn't."""
    try:
        found = open_language_model(str(folder))
        text = found.read("the cat sat")
        logits = found.decoder.run(text.ids[:8], last=True).logits
    except InputError as error:
        said = str(error)
        assert said
        assert said.isprintable(), repr(said)
        assert len(said) < 1000
        return said
    return logits


def restored(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_value_of_any_key_of_config(model, data):
    folder, files = model
    config = json.loads(files["config.json"])
    keys = [
        *config,
        "hidden_act",
        "rope_theta",
        "rope_scaling",
        "sliding_window",
        "head_dim",
        "n_inner",
        "layer_types",
        "attention_bias",
    ]
    changed = {
        data.draw(st.sampled_from(keys)): data.draw(small) for _ in range(data.draw(st.integers(1, 3)))
    }
    try:
        (folder / "config.json").write_text(json.dumps(config | changed))
        outcome(folder)
    finally:
        restored(folder, files)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_byte_of_any_file(model, data):
    folder, files = model
    name = data.draw(st.sampled_from(sorted(files)))
    raw = bytearray(files[name])
    place = data.draw(st.integers(0, min(len(raw), 2000) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.one_of(st.just(len(raw)), st.integers(0, len(raw))))]
    try:
        (folder / name).write_bytes(raw)
        outcome(folder)
    finally:
        restored(folder, files)


LIES = {
    "dtype": st.sampled_from(["F64", "F16", "BF16", "I64", "BOOL", "F8_E4M3", "Q4", "", "F32\x1b"]),
    "shape": st.lists(st.one_of(st.integers(0, 40), st.sampled_from([2**62, -1])), max_size=4),
    "data_offsets": st.lists(st.integers(-5, 10**6), min_size=1, max_size=3),
}
lies = st.one_of(
    *(st.tuples(st.just(key), values) for key, values in LIES.items()),
    st.tuples(st.just("name"), st.text(string.printable, max_size=20)),
)


@settings(max_examples=EXAMPLES)
@given(place=st.integers(0, 10**6), lie=lies)
def test_tensors_that_lie(model, place, lie):
    folder, files = model
    raw = files["model.safetensors"]
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    name = sorted(header)[place % len(header)]
    entry, (key, value) = header.pop(name), lie
    header |= {value: entry} if key == "name" else {name: entry | {key: value}}
    text = json.dumps(header).encode()
    good = outcome(folder)
    try:
        (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + size :])
        found = outcome(folder)
        assert isinstance(found, str) or (found == good).all()  # what it answers is the model's own answer
    finally:
        restored(folder, files)


@settings(max_examples=EXAMPLES)
@given(
    where=st.dictionaries(
        st.sampled_from(["wte.weight", "x", "model.norm.weight"]),
        st.one_of(
            small,
            st.sampled_from(
                [
                    "../m/model.safetensors",
                    "/etc/passwd",
                    "a\0b.safetensors",
                    "model.safetensors",
                    "gone.safetensors",
                    "..",
                    "~.safetensors",
                ]
            ),
        ),
        max_size=3,
    )
)
def test_any_index(model, where):
    folder, files = model
    index = folder / "model.safetensors.index.json"
    try:
        index.write_text(json.dumps({"weight_map": where}))
        assert isinstance(outcome(folder), str)
    finally:
        index.unlink()
        restored(folder, files)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_any_change_of_the_tokenizer(model, data):
    folder, files = model
    tokenizer = json.loads(files["tokenizer.json"])
    part = data.draw(st.sampled_from([*tokenizer, *(f"model.{key}" for key in tokenizer["model"])]))
    value = data.draw(small)
    if part.startswith("model."):
        tokenizer["model"][part[6:]] = value
    else:
        tokenizer[part] = value
    if data.draw(st.booleans()):
        tokenizer["model"] = {
            "vocab": {"<unk>": 10**6, "the": 99, "cat": 3},
            "type": "WordLevel",
            "unk_token": "<unk>",
        }
    try:
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
        outcome(folder)
    finally:
        restored(folder, files)


def test_a_shard_that_leads_out_of_the_folder(tmp_path):
    folder = write_model(tmp_path / "m", CASES["gpt2"])
    (tmp_path / "secret.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(tmp_path / "secret.safetensors")
    assert "is a link out of the folder" in outcome(folder)


def test_sizes_that_no_file_could_have_are_told_at_once(tmp_path):
    folder = write_model(tmp_path / "m", CASES["gpt2"], n_layer=10**9)
    assert "can't be 1000000000 layers" in outcome(folder)
