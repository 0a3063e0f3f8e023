"""params on the command line: job 44 of the paper, sweeps, forms and mistakes."""

from __future__ import annotations

import json

import pytest
from tests.published import MODELS

SIZES = ("--layers", "2", "--d-model", "8", "--heads", "4", "--vocab", "50")


@pytest.fixture
def config(tmp_path):
    """Write the config of a model and give its path."""

    def write(name):
        path = tmp_path / "config.json"
        path.write_bytes(MODELS[name][0])
        return str(path)

    return write


def test_a_config_as_it_is_typed_first(aimath, config):
    path = config("Llama-3-8B")
    out = aimath("params", f"@{path}", "--context", "32k", "--batch", "1", "--dtype", "bf16").out
    head, row = (line.split("\t") for line in out.splitlines())
    assert head == ["parameters", "flops", "kv_cache", "memory_inference", "memory_training"]
    assert row == ["8030261248", "32189718528", "4294967296", "20355489792", "128484179968"]
    bare = aimath("params", path, "--fields", "parameters")
    folder = aimath("params", path.removesuffix("config.json"), "--fields", "parameters")
    piped = aimath("params", "-", "--fields", "parameters", stdin=MODELS["Llama-3-8B"][0])
    assert bare == folder == piped == (0, "8030261248\n", "")


def test_json_has_the_promised_fields(aimath, config):
    row = json.loads(aimath("params", config("GPT-2"), "--json").out)
    assert row["parameters"] == sum(row["by_part"]) == 124_439_808
    assert row["part"] == ["embeddings", "attention", "mlp", "norms", "head"]
    assert {"flops", "kv_cache", "memory_inference", "memory_training", "model_type", "context"} <= row.keys()
    assert row["context"] == 1024  # the longest that the config is made for


def test_sweeps_over_contexts_and_batches_of_one_file_or_of_a_pipe(aimath, config):
    text = MODELS["Llama-2-7B"][0]
    words = ("--context", "1k,2k", "--batch", "1,3", "--fields", "kv_cache")
    rows = aimath("params", config("Llama-2-7B"), *words).out.splitlines()
    token = 2 * 32 * 4096 * 2
    assert rows == [
        "context\tbatch\tkv_cache",
        *(f"{n}\t{b}\t{b * n * token}" for n in (1024, 2048) for b in (1, 3)),
    ]
    assert aimath("params", "-", *words, stdin=text).out.splitlines() == rows
    layers = aimath("params", "--layers", "1,2", *SIZES[2:], "--fields", "parameters").out.splitlines()
    assert len(layers) == 3


@pytest.mark.parametrize(
    ("text", "positions"), [("32k", 32_768), ("128K", 131_072), ("1M", 1 << 20), ("32000", 32_000), ("1", 1)]
)
def test_contexts_may_be_told_in_k(answered, text, positions):
    assert answered("params", *SIZES, "--context", text, "--fields", "context") == f"{positions}\n"


def test_large_counts_keep_every_digit(aimath, config):
    path = config("DeepSeek-V3")
    for form in ("plain", "csv", "tsv", "markdown", "json", "table"):
        assert "671026419200" in aimath("params", path, "--format", form).out, form
    assert "the shapes of all 45395 tensors: 671026419200" in aimath("params", path, "--explain").out


@pytest.mark.parametrize("name", MODELS)
def test_every_published_model_is_explained(aimath, config, name):
    ran = aimath("params", config(name), "--explain", "--context", "500")
    assert ran.code == 0
    assert "{" not in ran.out
    assert "tensors: " in ran.out.splitlines()[-1]
    assert max(map(len, ran.out.splitlines())) <= 80


def test_notes_stand_beside_the_answer(aimath, config):
    ran = aimath(
        "params", config("DeepSeek-V3"), "--context", "256k", "--dtype", "int4", "--fields", "parameters"
    )
    assert ran.out == "671026419200\n"
    assert ran.err.splitlines() == [
        "aimath params: note: the weights of num_nextn_predict_layers 1, which predict further tokens, are not counted",
        "aimath params: note: the config is made for 163840 positions, and 262144 are asked for",
        "aimath params: note: training is counted in bf16 beside fp32, whatever --dtype",
    ]


def test_pictures_are_bars_by_part_and_of_memory(aimath):
    drawn = aimath("params", *SIZES, "--plot").err
    for name in ("embeddings", "attention", "mlp", "norms", "head", "KV cache", "training: gradients"):
        assert name in drawn


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "needs a config.json, or --layers, --d-model, --heads and --vocab"),
        (("--layers", "3"), 2, "needs a config.json, or --d-model, --heads and --vocab too"),
        (("a.json", "b.json"), 2, "takes one config.json, not 2"),
        (("nowhere.json",), 1, "cannot read 'nowhere.json': No such file"),
        (("nowhere.json", "--context", "0"), 2, "--context must be 1 to 1000000000, not 0"),
        (("nowhere.json", "--dtype", "bf17"), 2, "--dtype: 'bf17' is not one of bf16"),
        ((*SIZES, "--context", "32q"), 2, "--context must be a whole number, not '32q'"),
        ((*SIZES, "--context", "9999999k"), 2, "--context must be 1 to 1000000000"),
        ((*SIZES, "--context", "-1k"), 2, "--context must be a whole number, not '-1k'"),
        ((*SIZES, "--kv-heads", "3"), 2, "--kv-heads: 4 heads can't share 3 heads"),
        ((*SIZES, "--like", "gpt5"), 2, "--like: 'gpt5' is not one of llama, gpt2, bert"),
        ((*SIZES, "--experts-per-token", "2"), 2, "--experts-per-token does nothing without --experts"),
        (
            (*SIZES, "--like", "gpt2", "--context", "2k"),
            2,
            "--context is 2048, and the table of positions has 1024",
        ),
        ((*SIZES, "--context", "1M", "--batch", "1000000000"), 1, "bytes to infer are more than 2^53"),
    ],
)
def test_mistakes_are_one_line(refused, words, code, why):
    assert why in refused("params", *words, code=code)


def test_a_file_and_sizes_exclude_each_other(refused, config):
    path = config("GPT-2")
    assert "a config.json states its sizes: --d-model goes without one" in refused(
        "params", path, "--d-model", "8"
    )
    assert "--tied or --like goes without one" in refused("params", path, "--tied")
