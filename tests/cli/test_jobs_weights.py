"""Jobs with files of weights, as people type them."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.digits import near

from aimath.commands.linalg import _adapters


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A model, and one that is tuned by an update of rank 2; a bias changes, a vocabulary grows."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(12)
    base = {f"model.layers.{k}.q_proj.weight": rng.normal(0, 0.02, (48, 32)) for k in range(2)}
    base |= {f"model.layers.{k}.q_proj.bias": np.zeros(48) for k in range(2)}
    base |= {
        "model.embed_tokens.weight": rng.normal(0, 0.02, (50, 32)),
        "lm_head.weight": rng.normal(0, 0.02, (50, 32)),
    }
    tuned = {name: x.copy() for name, x in base.items()}
    for k in range(2):
        tuned[f"model.layers.{k}.q_proj.weight"] += rng.normal(size=(48, 2)) @ rng.normal(size=(2, 32)) * 0.01
    tuned["model.layers.1.q_proj.bias"] += 1
    tuned["lm_head.weight"] = rng.normal(0, 0.02, (52, 32))
    for name, tensors in (("m", base), ("c", tuned)):
        save_file({key: x.astype(np.float32) for key, x in tensors.items()}, f"{name}.safetensors")
    return base, tuned


def rows(out):
    head, *lines = [line.split("\t") for line in out.splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


@pytest.mark.usefixtures("models")
def test_12_the_spectra_of_a_file(aimath):
    ran = aimath("weights", "m.safetensors", "--spectra")
    assert (ran.code, ran.err) == (0, "")
    found = {row["name"]: row for row in rows(ran.out)}
    s = np.linalg.svd(
        load_file("m.safetensors")["model.layers.0.q_proj.weight"].astype(float), compute_uv=False
    )
    row = found["model.layers.0.q_proj.weight"]
    assert float(row["spectral_norm"]) == near(s[0], 1e-12)
    assert float(row["stable_rank"]) == near((s**2).sum() / s[0] ** 2, 1e-12)
    assert found["all tensors"]["parameters"] == str(2 * (48 * 32 + 48) + 2 * 50 * 32)
    assert found["model.layers.0.q_proj.bias"]["spectral_norm"] == ""


@pytest.mark.usefixtures("models")
def test_13_the_ranks_of_an_update(aimath):
    ran = aimath("lora", "m.safetensors", "c.safetensors")
    assert ran.code == 0
    assert "resized, so not compared: 'lm_head.weight' 50x32 to 52x32" in ran.err
    assert "changed, but no matrix, so that no adapter holds it: 'model.layers.1.q_proj.bias'" in ran.err
    found = {(row["tensor"], row["energy"]): int(row["rank"]) for row in rows(ran.out)}
    assert found["model.layers.0.q_proj.weight", "0.99"] == 2
    assert found["model.embed_tokens.weight", "0.99"] == 0


@pytest.mark.usefixtures("models")
def test_14_what_an_adapter_costs(aimath):
    ran = aimath("lora", "m.safetensors", "--rank", "8")
    assert (
        "embeddings and heads are left out, --match takes them: 'lm_head.weight', 'model.embed_tokens.weight'"
        in ran.err
    )
    assert "no matrices of weights, so not counted: 'model.layers.0.q_proj.bias'" in ran.err
    found = rows(ran.out)
    assert [row["parameters"] for row in found] == [str(8 * (48 + 32))] * 2 + [str(16 * (48 + 32))]
    total = 2 * (48 * 32 + 48) + 2 * 50 * 32
    assert float(found[-1]["percent_of_total"]) == near(100 * 1280 / (total + 1280))
    assert len(rows(aimath("lora", "m.safetensors", "-r", "2", "--match", "lm_head").out)) == 1
    assert [row["rank"] for row in rows(aimath("lora", "m.safetensors", "-r", "2,4").out)] == ["2"] * 3 + [
        "4"
    ] * 3


def test_an_update_is_saved_as_an_adapter(aimath, models):
    base, tuned = models
    ran = aimath("lora", "m.safetensors", "c.safetensors", "--energy", ".999999", "--save", "adapter")
    assert ran.code == 0
    config = json.loads(Path("adapter/adapter_config.json").read_text())
    assert (config["peft_type"], config["r"], config["lora_alpha"]) == ("LORA", 2, 2)
    assert config["target_modules"] == ["model.layers.0.q_proj", "model.layers.1.q_proj"]
    assert set(config["rank_pattern"].values()) == set(config["alpha_pattern"].values()) == {2}
    factors = load_file("adapter/adapter_model.safetensors")
    assert len(factors) == 4
    for k in range(2):
        name = f"model.layers.{k}.q_proj"
        a, b = (factors[f"base_model.model.{name}.lora_{part}.weight"].astype(float) for part in "AB")
        assert (a.shape, b.shape) == ((2, 32), (48, 2))
        change = tuned[f"{name}.weight"] - base[f"{name}.weight"]
        assert np.linalg.norm(b @ a - change) < 1e-3 * np.linalg.norm(change)
        assert np.linalg.norm(a, axis=1) == near(np.linalg.norm(b, axis=0), 1e-5)  # √S each


@pytest.mark.usefixtures("models")
def test_an_adapter_is_written_whole_or_not_at_all(aimath, refused, monkeypatch, tmp_path):
    files = ("m.safetensors", "c.safetensors")
    assert "for one --energy" in refused("lora", *files, "--energy", ".5,.9", "--save", "d", code=2)
    assert "'m.safetensors' is not a folder" in refused("lora", *files, "--save", "m.safetensors", code=2)
    assert "there is no directory" in refused("lora", *files, "--save", "a/b/c", code=1)
    assert "--save is about two files" in refused(
        "lora", "m.safetensors", "--rank", "3", "--save", "d", code=2
    )
    assert "--match is about two files" in refused("lora", "4x4", "-r", "1", "--match", "q", code=2)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("aimath.render.sink.AtomicFile.flush", full)
        assert aimath("lora", *files, "--save", "d").code == 1
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["c.safetensors", "m.safetensors"]
    ran = aimath("lora", "m.safetensors", "m.safetensors", "--save", "d")
    assert "nothing changed, so that there is no adapter" in ran.err
    assert not (tmp_path / "d").exists()


def test_layers_and_their_kinds_are_known_by_name():
    for name, kind in {
        "transformer.wte": "embedding", "model.embed_tokens": "embedding", "token_embd": "embedding",
        "bert.embeddings.word_embeddings": "embedding", "lm_head": "head", "output": "head",
        "bert.encoder.layer.0.attention.output.dense": "", "transformer.h.0.attn.c_attn": "", "model.layers.0.mlp.up_proj": "",
    }.items():  # fmt: skip
        found = (
            "embedding"
            if _adapters._EMBEDDING.search(name)
            else "head"
            if _adapters._HEAD.search(name)
            else ""
        )
        assert found == kind, name
    assert _adapters._TRANSPOSED.search("transformer.h.0.mlp.c_fc")
    assert not _adapters._TRANSPOSED.search("model.layers.0.mlp.c_fc")


@pytest.mark.usefixtures("models")
def test_names_alone_read_no_numbers(aimath, monkeypatch):
    from aimath.read.binary import _elements
    from aimath.read.models import weight_files

    def never(*_):
        raise AssertionError("numbers are read")

    monkeypatch.setattr(weight_files, "read_elements", never)
    monkeypatch.setattr(_elements, "read_elements", never)
    ran = aimath("weights", "m.safetensors", "--fields", "name,shape,dtype", "--match", "q_proj.w")
    assert ran.out.splitlines()[1:] == [f"model.layers.{k}.q_proj.weight\t48x32\tF32" for k in range(2)]
    assert aimath("weights", "m.safetensors", "--fields", "name,shape").code == 0
    assert aimath("lora", "m.safetensors", "--rank", "4").code == 0


@pytest.mark.usefixtures("models")
def test_a_model_against_another(aimath):
    ran = aimath(
        "weights", "m.safetensors", "--against", "c.safetensors", "--match", "layers.1.*.bias", "--json"
    )
    [row] = [json.loads(line) for line in ran.out.splitlines()]
    assert (row["status"], row["relative_change"], row["max_change"]) == ("changed", "inf", 1)
    found = {
        row["name"]: row for row in rows(aimath("weights", "m.safetensors", "--against", "c.safetensors").out)
    }
    assert found["lm_head.weight"]["status"] == "reshaped"
    assert found["model.embed_tokens.weight"]["status"] == "same"


@pytest.mark.usefixtures("models")
def test_formats_of_a_model(aimath):
    ran = aimath("weights", "m.safetensors", "--quantize", "q8_0,nf4", "--match", "q_proj.w*t", "--csv")
    lines = ran.out.splitlines()
    assert lines[0].startswith("name,shape,dtype,format,bits,relative_error,snr_db")
    assert [line.split(",")[3:5] for line in lines[1:3]] == [["q8_0", "8.5"], ["nf4", "4.5"]]
    ran = aimath("weights", "m.safetensors", "--quantize", "q8_0", "--match", "bias")
    assert "don't divide the last axis" in ran.out  # which are 48


def test_what_weights_refuses(refused, tmp_path):
    assert "takes one file of weights or a folder, not 0" in refused("weights", code=2)
    assert "takes one file of weights or a folder, not 2" in refused("weights", "a.npz", "b.npz", code=2)
    assert "did you mean q4_0?" in refused("weights", "randn:2x32", "--quantize", "q4_1", code=2)
    assert "holds no .safetensors" in refused("weights", str(tmp_path), code=1)
    assert "No such file" in refused("weights", "gone.safetensors", code=1)
