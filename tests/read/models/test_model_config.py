"""The reader of config.json: what it takes, what it names, what it refuses."""

from __future__ import annotations

import json
import random

import pytest
from tests.published import MODELS

from aimath.core.nn import params
from aimath.errors import InputError
from aimath.read.models.model_config import FAMILIES, parse_config, read_config

SMALL = {
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 128, "vocab_size": 100,
}  # fmt: skip
ROUTED = SMALL | {
    "model_type": "qwen3_moe",
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 8,
}


def parse(**changes):
    return parse_config(json.dumps(SMALL | changes).encode())


def test_one_reader_keeps_what_other_commands_need():
    found = parse(rope_theta=5e5, rms_norm_eps=1e-5, max_position_embeddings=77)
    assert (found.family, found.max_context, found.notes) == ("llama", 77, ())
    assert found.settings["rope_theta"] == 5e5


def test_no_published_config_has_what_is_not_known():
    said = {name: parse_config(config).notes for name, (config, _) in MODELS.items()}
    ahead = "the weights of num_nextn_predict_layers 1, which predict further tokens, are not counted"
    assert said.pop("DeepSeek-V3") == (ahead,)
    encoders = [name for name, notes in said.items() if notes]
    assert encoders == ["BERT-base", "BERT-base cased", "BERT-large", "RoBERTa-base"]


def test_families_are_all_published():
    seen = {parse_config(config).family for config, _ in MODELS.values()}
    assert FAMILIES.keys() - seen == {"kimi_k2", "xlm-roberta"}  # the same as two that are


def test_a_file_a_folder_and_a_byte_order_mark(tmp_path):
    text = b"\xef\xbb\xbf" + json.dumps(SMALL, indent=2).encode()
    (tmp_path / "config.json").write_bytes(text)
    for path in (tmp_path, tmp_path / "config.json", f"@{tmp_path}/config.json", f"{tmp_path}/"):
        assert read_config(str(path)).architecture.d_model == 64


def test_what_is_not_known_is_named():
    found = parse(shiny="yes", **{"\x1b[31mred": None, "rope_scaling": {"factor": 8}})
    assert found.notes == (r"not known, so not counted: 'shiny', '\x1b[31mred'",)
    many = parse(**{f"word{k}": "x" for k in range(20)})
    assert many.notes[0].endswith("'word7' and 12 more")


@pytest.mark.parametrize(
    "key", ["num_memory_heads", "adapter_rank", "memory_size", "n_loops", "extra_dim", "extra_layers"]
)
def test_what_may_add_weights_is_refused(key):
    with pytest.raises(
        InputError, match=f"'{key}' is not known, and may add weights; take it out of the file"
    ):
        parse(**{key: 8})
    assert parse(**{key: 0}).notes == (f"not known, so not counted: '{key}'",)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"vision_config": {"layers": 3}}, "'vision_config' is not known, and may add weights"),
        ({"use_head_bias": True}, "'use_head_bias' is not known, and may add weights"),
        (
            {"model_type": "gpt2", "add_cross_attention": True},
            "add_cross_attention is true: weights that it adds",
        ),
        ({"model_type": "bert", "is_decoder": True}, "is_decoder is true: weights"),
        (
            {"model_type": "bert", "position_embedding_type": "relative_key"},
            "position_embedding_type is 'relative_key'",
        ),
        ({"model_type": "qwen2", "layer_types": ["full_attention", "mamba"]}, "layer_types names 'mamba'"),
        ({"model_type": "qwen2", "layer_types": ["full_attention"]}, "layer_types is no list of 2 kinds"),
        ({"model_type": "qwen2", "layer_types": [{}, []]}, "layer_types names an object"),
        (
            {"model_type": "mamba"},
            "the model_type 'mamba' is not known; known are gpt2, openai-gpt, llama, mistral",
        ),
        ({"model_type": None}, "names no model_type; known are gpt2"),
        ({"model_type": ["llama"]}, "model_type is an array, not a text"),
        ({"num_key_value_heads": 3}, "num_key_value_heads is 3, no divisor of 4 heads"),
        ({"num_attention_heads": 5}, "hidden_size is 64, no multiple of 5 heads"),
        ({"vocab_size": None}, "states no vocab_size"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings is 1, not true or false"),
        ({"tie_word_embeddings": "false"}, "tie_word_embeddings is 'false', not true or false"),
        (ROUTED | {"num_experts_per_tok": 5}, "num_experts_per_tok is 5, of 4 experts"),
        (ROUTED | {"mlp_only_layers": 3}, "mlp_only_layers is 3, not a list of layers"),
        (ROUTED | {"mlp_only_layers": ["1"]}, "mlp_only_layers is an array, not a list of layers"),
    ],
)
def test_what_would_change_the_count_is_refused(changes, why):
    with pytest.raises(InputError, match=why):
        parse(**changes)


WRONG = ["-5", "0", "1.5", '"64"', "true", "[]", "{}", "1000000001", "1e18", "9" * 300, '"\\ud800"']


@pytest.mark.parametrize("value", WRONG)
def test_a_size_is_a_whole_number_within_bounds(value):
    for key in ("hidden_size", "vocab_size", "num_hidden_layers", "num_key_value_heads", "intermediate_size"):
        text = json.dumps(SMALL | {key: "HERE"}).replace('"HERE"', value)
        with pytest.raises(
            InputError, match=f"{key} is .*, not a whole number from 1 to 1000000000"
        ) as error:
            parse_config(text.encode())
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not JSON: expecting value"),
        (b"[1, 2]", "a config is an object"),
        (b'{"model_type": "gpt2", "n_embd": NaN}', "n_embd is nan, not a whole number"),
        (b'{"model_type": "gpt2", "n_embd": 1e400}', "'1e400' overflows float64"),
        (
            b'{"model_type": "gpt2", "n_embd": ' + b"9" * 5000 + b"}",
            "is not a number of at most|overflows float64",
        ),
        (b'{"model_type": "gpt2", "n_embd": 8, "n_embd": 8}', "the key 'n_embd' is there twice"),
        (b'{"model_type": "gpt2", "x": {"a": 1, "a": 2}}', "the key 'a' is there twice"),
        (b'{"model_type": "gpt2", "x": ' + b"[" * 100 + b"]" * 100 + b"}", "nested deeper than 64"),
        (
            b'{"model_type": "gpt2", "x": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}",
            "nested deeper than 64",
        ),
        (b'{"x": ' + b"[" * 100_000, "nested deeper than 64"),
        (b'{"model_type": "gpt\xff"}', "is not UTF-8"),
        (b'{"model_type": "gpt2"', "not JSON"),
    ],
)
def test_hostile_json_gets_one_line(text, why):
    with pytest.raises(InputError, match=why) as error:
        parse_config(text)
    assert str(error.value).isprintable()


def test_files_that_are_no_config(tmp_path):
    (tmp_path / "big.json").write_bytes(b" " * ((64 << 20) + 1))
    (tmp_path / "m.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        read_config(str(tmp_path / "big.json"))
    with pytest.raises(InputError, match=r"holds weights, not sizes; give the config\.json beside it"):
        read_config(str(tmp_path / "m.safetensors"))
    with pytest.raises(InputError, match=r"cannot read '.*empty/config.json': No such file"):
        read_config(str(tmp_path / "empty"))


def damaged(seed, count):
    """Yield configs with a byte changed, cut out or cut off, or with a value of another kind."""
    rng = random.Random(seed)  # noqa: S311
    texts = [config for config, _ in MODELS.values()]
    values = [None, True, -1, 0, 1, 2.5, 1e9, 10**18, "x", [], {}, [[1]], float("inf")]
    for _ in range(count):
        text = bytearray(rng.choice(texts))
        at = rng.randrange(len(text))
        what = rng.randrange(4)
        if what == 0:
            text[at] = rng.randrange(256)
        elif what == 1:
            del text[at]
        elif what == 2:
            del text[at:]
        else:
            whole = json.loads(text)
            whole[rng.choice([*whole, "new_size", "new"])] = rng.choice(values)
            text = json.dumps(whole).encode()
        yield bytes(text)


def read_and_count(text):
    """Give the parameters, or the error."""
    try:
        found = parse_config(text)
        return params(found.architecture, context=min(found.max_context or 1, 10**6)).parameters
    except InputError as error:
        return error


@pytest.mark.parametrize(("seed", "count"), [(1, 1500), pytest.param(2, 40_000, marks=pytest.mark.slow)])
def test_damage_is_read_or_refused_and_never_anything_else(seed, count):
    found = [read_and_count(text) for text in damaged(seed, count)]
    assert all(str(one).isprintable() for one in found)
    counts = [one for one in found if not isinstance(one, InputError)]
    assert all(0 < one <= 2**53 for one in counts)
    assert count / 5 < len(counts) < count * 4 / 5  # both happen
