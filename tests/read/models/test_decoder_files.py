"""Decoders from files: every architecture beside transformers' figures, in every way that files hold it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file
from tests import oracles
from tests.models import stored, write_model
from tests.oracles import decoder as room

from aimath.errors import InputError
from aimath.read.models.decoder_files import open_decoder

FAR = 1e-12


def near(ours, theirs, error=FAR):
    return np.abs(ours - theirs).max() <= error * max(1.0, np.abs(theirs).max())


@pytest.mark.parametrize("name", room.CASES)
def test_every_architecture_is_that_of_transformers(tmp_path, name):
    files = open_decoder(str(write_model(tmp_path / "m", room.CASES[name])), dtype="float64")
    assert files.config == room.CASES[name].config._replace(head_width=files.config.head_width)
    assert files.config.d == room.CASES[name].config.d
    told = oracles.committed("decoder", name)
    decoder = files.decoder()
    assert near(decoder.run(room.IDS).logits, told["logits"])
    assert near(decoder.run(room.IDS, keep=[-1]).attention[:, :, 0], told["attention"])


@pytest.mark.parametrize("name", ["GPT-2", "Llama, grouped keys"])
@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 1e-5), (np.float16, 2e-2)])
def test_narrow_types_are_converted(tmp_path, name, dtype, error):
    files = open_decoder(str(write_model(tmp_path / "m", room.CASES[name], dtype)))
    logits = files.decoder().run(room.IDS).logits
    assert logits.dtype == np.float32
    assert near(logits, oracles.committed("decoder", name)["logits"], error)
    held = open_decoder(str(tmp_path / "m"), hold=True).decoder().run(room.IDS).logits
    assert (held == logits).all()


def test_bfloat16_is_the_upper_half_of_float32(tmp_path):
    case = room.CASES["Llama"]
    folder = write_model(tmp_path / "m", case, np.float32)
    cut = {
        n: (w.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
        for n, w in stored(case).items()
    }
    save_file(cut, folder / "model.safetensors")
    wanted = open_decoder(str(folder)).decoder().run(room.IDS).logits
    write_raw(
        folder / "model.safetensors",
        {n: ("BF16", (w.view(np.uint32) >> 16).astype("<u2")) for n, w in cut.items()},
    )
    assert (open_decoder(str(folder)).decoder().run(room.IDS).logits == wanted).all()


def write_raw(path, tensors):
    """Write tensors of any type."""
    header, data = {}, b""
    for name, (dtype, array) in tensors.items():
        begin = len(data)
        data += array.tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [begin, len(data)]}
    raw = json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + data)


def test_eight_bits_come_by_the_extra(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    case = room.CASES["Llama"]
    folder = write_model(tmp_path / "m", case, np.float32)
    small = {n: w.astype(ml_dtypes.float8_e4m3fn) for n, w in stored(case).items()}
    save_file({n: w.astype(np.float32) for n, w in small.items()}, folder / "model.safetensors")
    wanted = open_decoder(str(folder)).decoder().run(room.IDS).logits
    write_raw(folder / "model.safetensors", {n: ("F8_E4M3", w.view(np.uint8)) for n, w in small.items()})
    assert (open_decoder(str(folder)).decoder().run(room.IDS).logits == wanted).all()


@pytest.mark.parametrize("prefix", ["transformer.", "", "_orig_mod.transformer."])
def test_linear_layers_and_prefixes_of_gpt2(tmp_path, prefix):
    case = room.CASES["GPT-2"]
    folder = write_model(tmp_path / "m", case)
    turned = {
        f"{prefix}{n}": np.ascontiguousarray(w.T if n.startswith("h.") and w.ndim == 2 else w)
        for n, w in stored(case).items()
    }
    masks = {f"{prefix}h.0.attn.bias": np.ones((1, 1, 12, 12)), f"{prefix}h.0.attn.masked_bias": np.ones(())}
    save_file(turned | masks, folder / "model.safetensors")
    logits = open_decoder(str(folder), dtype="float64").decoder().run(room.IDS).logits
    assert near(logits, oracles.committed("decoder", "GPT-2")["logits"])


def test_fused_matrices_of_llama(tmp_path):
    case = room.CASES["Llama, grouped keys"]
    folder, weights = write_model(tmp_path / "m", case), stored(case)
    for k in range(2):
        at = f"model.layers.{k}."
        qkv = [weights.pop(f"{at}self_attn.{part}_proj.weight") for part in "qkv"]
        weights[f"{at}self_attn.qkv_proj.weight"] = np.concatenate(qkv)
        both = [weights.pop(f"{at}mlp.{part}_proj.weight") for part in ("gate", "up")]
        weights[f"{at}mlp.gate_up_proj.weight"] = np.concatenate(both)
    save_file(weights, folder / "model.safetensors")
    for dtype, error in (("float64", FAR), ("float32", 1e-5)):
        logits = open_decoder(str(folder), dtype=dtype).decoder().run(room.IDS).logits
        assert near(logits, oracles.committed("decoder", "Llama, grouped keys")["logits"], error)


def test_shards_by_their_index(tmp_path):
    case = room.CASES["Llama"]
    folder, weights = write_model(tmp_path / "m", case), stored(case)
    (folder / "model.safetensors").unlink()
    where = {name: f"model-0000{1 + k % 2}-of-00002.safetensors" for k, name in enumerate(weights)}
    for shard in {*where.values()}:
        save_file({n: w for n, w in weights.items() if where[n] == shard}, folder / shard)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": where}))
    logits = open_decoder(str(folder), dtype="float64").decoder().run(room.IDS).logits
    assert near(logits, oracles.committed("decoder", "Llama")["logits"])
    with pytest.raises(InputError, match="may be one shard of several; give the folder"):
        open_decoder(str(folder / where["lm_head.weight"]))
    for bad in (
        "../model.safetensors",
        "/etc/passwd",
        "a/b.safetensors",
        ".hidden.safetensors",
        "x\0.safetensors",
        7,
    ):
        index.write_text(json.dumps({"weight_map": where | {"lm_head.weight": bad}}))
        with pytest.raises(InputError, match="no file of this folder"):
            open_decoder(str(folder))


REFUSED = {
    "another family": (
        {"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 1},
        "'mixtral' is not run",
    ),
    "scaled positions": (
        {"rope_scaling": {"type": "yarn", "factor": 2.0}},
        "rope_scaling is of the type 'yarn', which is not run",
    ),
    "rotated in part": ({"partial_rotary_factor": 0.5}, "partial_rotary_factor is 0.5, which is not run"),
    "an activation": ({"hidden_act": "mish"}, "hidden_act is 'mish', which is not run"),
    "quantised": ({"quantization_config": {"quant_method": "fp8"}}, "its weights are quantised"),
    "an eps that is none": ({"rms_norm_eps": "x"}, "rms_norm_eps is 'x'"),
    "an eps below 0": ({"rms_norm_eps": -1}, "rms_norm_eps is -1"),
    "a base of 0": ({"rope_parameters": None, "rope_theta": 0}, "rope_theta is 0"),
    "a base that is none": ({"rope_parameters": {"rope_theta": [1]}}, "rope_theta is an array"),
    "another width": ({"hidden_size": 24}, "has a shape of"),
    "more layers": ({"num_hidden_layers": 3}, "the weights lack model.layers.2"),
    "fewer layers": ({"num_hidden_layers": 1}, "is none of a llama's of 1 layer"),
    "another vocabulary": ({"vocab_size": 12}, "has a shape of 11x12, not of 12x12"),
    "a head that isn't there": ({"tie_word_embeddings": False}, "the weights lack lm_head.weight"),
    "no text": ({"hidden_act": 3}, "hidden_act is 3, not a text"),
}


@pytest.mark.parametrize(("changes", "why"), REFUSED.values(), ids=REFUSED)
def test_what_isnt_run_is_refused_by_its_key(tmp_path, changes, why):
    folder = write_model(tmp_path / "m", room.CASES["Llama, grouped keys"], **changes)
    with pytest.raises(InputError) as wrong:
        open_decoder(str(folder)).decoder()
    assert why in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_weight_that_would_be_left_out_is_refused(tmp_path):
    case = room.CASES["Llama"]
    folder = write_model(tmp_path / "m", case)
    save_file(
        stored(case) | {"model.layers.0.self_attn.q_norm.weight": np.ones(2)}, folder / "model.safetensors"
    )
    with pytest.raises(InputError, match=r"q_norm.weight' is none of a llama's"):
        open_decoder(str(folder))


def test_a_window_is_the_context(tmp_path):
    folder = write_model(
        tmp_path / "m", room.CASES["Llama, grouped keys"], model_type="mistral", sliding_window=4
    )
    files = open_decoder(str(folder))
    assert files.config.context == 4
    assert files.notes == ("of a context of 16 the 4 tokens of its window are taken, not more",)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "m.pt", "m.ckpt", "m.pkl"])
def test_pickles_are_not_opened_and_how_to_convert_them_is_said(tmp_path, name):
    file = tmp_path / name
    file.write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match=r"safetensors.torch.save_file|numpy.save"):
        open_decoder(str(file))
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(InputError, match=r"safetensors.torch.save_file|numpy.save"):
        open_decoder(str(tmp_path))
