"""Files and folders of weights: shards, links, lies about sizes, types that numpy doesn't have."""

import builtins
import json
import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st
from safetensors.numpy import save_file

from aimath.errors import InputError
from aimath.read.models.weight_files import has_weights, read_weights

RNG = np.random.default_rng(4)


def file_of(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def values(source):
    return source.whole()


@pytest.fixture
def model(tmp_path):
    """A folder of two shards, with the arrays by name."""
    arrays = {
        "h.0.w": RNG.normal(size=(70, 33)).astype(np.float32),
        "h.1.w": RNG.normal(size=(3, 4)).astype(np.float16),
        "n": np.float64(RNG.normal(size=5)),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 4), np.float32),
    }
    shards = {
        "model-00001-of-00002.safetensors": ["h.0.w"],
        "model-00002-of-00002.safetensors": ["h.1.w", "n", "scalar", "empty"],
    }
    for shard, names in shards.items():
        save_file({name: arrays[name] for name in names}, tmp_path / shard)
    where = {name: shard for shard, names in shards.items() for name in names}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return tmp_path, arrays, where


def test_a_folder_of_shards_is_all_of_its_tensors(model):
    folder, arrays, _ = model
    found = read_weights(str(folder))
    assert found.notes == ()
    assert {one.name: one.shape for one in found.tensors} == {name: x.shape for name, x in arrays.items()}
    assert {one.name: one.dtype for one in found.tensors} == {
        "h.0.w": "F32",
        "h.1.w": "F16",
        "n": "F64",
        "scalar": "F32",
        "empty": "F32",
    }
    for one in found.tensors:
        if one.size:
            assert np.array_equal(values(one), arrays[one.name].astype(float))


def test_a_folder_without_an_index(tmp_path):
    save_file({"a": np.ones((2, 2))}, tmp_path / "one.safetensors")
    save_file({"b": np.ones((2, 2))}, tmp_path / "two.safetensors")
    assert [one.name for one in read_weights(f"{tmp_path}/").tensors] == ["a", "b"]
    save_file({"b": np.ones((2, 2))}, tmp_path / "one.safetensors")
    with pytest.raises(InputError, match="two of its files hold 'b'"):
        read_weights(str(tmp_path))
    save_file({"c": np.ones((2, 2))}, tmp_path / "model.safetensors")
    assert [one.name for one in read_weights(str(tmp_path)).tensors] == ["c"]


@pytest.mark.parametrize(
    ("shard", "why"),
    [
        ("../x.safetensors", "no file of this folder"),
        ("/etc/x.safetensors", "no file of this folder"),
        ("sub/x.safetensors", "no file of this folder"),
        ("..\\x.safetensors", "no file of this folder"),
        (".hidden.safetensors", "no file of this folder"),
        ("x.bin", "no file of this folder"),
        ("a\0.safetensors", "no file of this folder"),
        (3, "no file of this folder"),
        ("gone.safetensors", "No such file"),
    ],
)
def test_shards_are_files_of_their_folder(model, shard, why):
    folder, _, where = model
    (folder.parent / "x.safetensors").write_bytes(b"secret")
    index = {"weight_map": {**where, "n": shard}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=why):
        read_weights(str(folder))


def test_links_lead_to_the_folder_or_to_the_blobs_of_its_cache(model, tmp_path_factory):
    folder, _, where = model
    shard = where["n"]
    hub = tmp_path_factory.mktemp("hub")
    cache = hub / "models--we--made"
    snapshot = cache / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (cache / "blobs").mkdir()
    for file in folder.iterdir():
        file.rename(cache / "blobs" / file.name)
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    assert len(read_weights(str(snapshot)).tensors) == 5
    other = hub / "models--of--others" / "blobs"
    other.mkdir(parents=True)
    for name in (shard, "model.safetensors.index.json"):
        for outside in (tmp_path_factory.mktemp("outside") / name, other / name):
            (cache / "blobs" / name).rename(outside)
            (snapshot / name).unlink()
            (snapshot / name).symlink_to(outside)
            with pytest.raises(InputError, match=f"'{name}' is a link out of the folder"):
                read_weights(str(snapshot))
            outside.rename(cache / "blobs" / name)
            (snapshot / name).unlink()
            (snapshot / name).symlink_to(f"../../blobs/{name}")
    cache.rename(hub / "no cache")  # blobs beside any folder are no cache
    with pytest.raises(InputError, match="is a link out of the folder"):
        read_weights(str(hub / "no cache" / "snapshots" / "abc"))


@pytest.mark.parametrize(
    ("index", "why"),
    [
        (b"[]", "holds no weight_map"),
        (b"{}", "holds no weight_map"),
        (b'{"weight_map": {}}', "holds no weight_map"),
        (b'{"weight_map": {"a": "b.safetensors", "a": "c.safetensors"}}', "twice"),
        (b"{" * 100_000, "JSON|nested|line"),
        (b'{"weight_map": {"n": "model-00001-of-00002.safetensors"}}', "'n' is not in 'model-00001"),
        (b"\xff\xfe", "JSON|UTF|line"),
        (b"", "JSON|nothing|empty|line"),
    ],
)
def test_an_index_is_held_to_its_form(model, index, why):
    folder, *_ = model
    (folder / "model.safetensors.index.json").write_bytes(index)
    with pytest.raises(InputError, match=why):
        read_weights(str(folder))


def test_tensors_that_an_index_leaves_out_are_told_of(model):
    folder, _, where = model
    del where["n"]
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    found = read_weights(str(folder))
    assert found.notes == ("1 tensor of the shards that the index doesn't list",)
    assert "n" not in [one.name for one in found.tensors]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (file_of({"a": entry("F32", [2, 2], 0, 12)}, bytes(12)), "'a' is F32 2x2, but 12 bytes long"),
        (file_of({"a": entry("F32", [2**40, 2**40], 0, 16)}, bytes(16)), "but 16 bytes long"),
        (file_of({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 2, 6)}, bytes(6)), "overlap"),
        (file_of({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 8, 12)}, bytes(12)), "hole"),
        (file_of({"a": entry("F32", [4], 0, 16)}, bytes(8)), "truncated"),
        (struct.pack("<Q", 1 << 40) + b"{}", "claims 1099511627776 bytes"),
        (struct.pack("<Q", 20_000_000) + b"{" + bytes(100), "the limit is 10000000"),
        (file_of(b'{"a": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "a": {"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)), "twice"),
    ],
)  # fmt: skip
def test_what_lies_about_its_size_is_refused(tmp_path, data, why):
    (tmp_path / "m.safetensors").write_bytes(data)
    with pytest.raises(InputError, match=why):
        read_weights(str(tmp_path / "m.safetensors"))


@given(st.data())
def test_damage_is_answered_or_refused(tmp_path_factory, data):
    """A byte changed or the end cut off: never another exception."""
    good = file_of({"a": entry("F32", [3, 4], 0, 48), "b": entry("BF16", [2], 48, 52)}, RNG.bytes(52))
    at = data.draw(st.integers(0, len(good) - 64))
    changed = bytes([data.draw(st.integers(0, 255))])
    bad = good[:at] + changed + good[at + 1 :] if data.draw(st.booleans()) else good[:at]
    path = tmp_path_factory.mktemp("damage") / "m.safetensors"
    path.write_bytes(bad)
    try:
        for one in read_weights(str(path)).tensors:
            if not one.remark:
                values(one)
    except InputError:
        pass


def test_a_type_that_is_not_known_is_no_end(tmp_path):
    header = {"a": entry("F65", [2], 0, 7), "b": entry("F32", [1], 7, 11), "c": entry("C64", [1], 11, 19)}
    (tmp_path / "m.safetensors").write_bytes(file_of(header, bytes(19)))
    a, b, c = read_weights(str(tmp_path / "m.safetensors")).tensors
    assert (a.dtype, a.remark) == ("F65", "the dtype 'F65' is not read")
    assert c.remark == "the dtype 'C64' is not read"
    assert values(b).tolist() == [0.0]


def test_arrays_that_are_not_read_are_no_end(tmp_path):
    np.savez(tmp_path / "m.npz", a=np.ones((2, 3)), text=np.array(["x"]), step=np.array(3), z=np.array([1j]))
    found = {one.name: one for one in read_weights(str(tmp_path / "m.npz")).tensors}
    assert [name for name, one in found.items() if one.remark] == ["text", "step", "z"]
    assert values(found["a"]).tolist() == [[1.0] * 3] * 2


def test_arrays_in_fortran_order_and_many_rows(tmp_path):
    turned = np.asfortranarray(RNG.normal(size=(300, 7)))
    long = RNG.normal(size=(100_000, 5)).astype("f4")
    np.savez(tmp_path / "m.npz", turned=turned, long=long)
    np.save(tmp_path / "v.npy", long)
    turned_again, long_again = read_weights(str(tmp_path / "m.npz")).tensors
    assert np.array_equal(values(turned_again), turned)
    assert [len(block) for block in long_again.blocks()] == [52_416, 47_584]
    assert np.array_equal(values(long_again), long.astype(float))
    assert np.array_equal(values(read_weights(str(tmp_path / "v.npy")).tensors[0]), long.astype(float))


def test_a_file_that_is_changed_meanwhile_is_noticed(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"a": np.ones((2, 2))}, path)
    [one] = read_weights(str(path)).tensors
    save_file({"a": np.ones((2, 3))}, path)
    with pytest.raises(InputError, match="it was changed while it was read"):
        values(one)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "m.pt", "m.pth", "m.ckpt", "m.pkl"])
def test_pickles_are_named_and_not_opened(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04\x95cposix\nsystem\n")
    with pytest.raises(InputError) as told:
        read_weights(str(tmp_path / name))
    assert "save" in str(told.value.hint)
    with pytest.raises(InputError, match=r"holds no \.safetensors") as told:
        read_weights(str(tmp_path))
    assert "save" in str(told.value.hint)


def test_small_types_are_those_of_ml_dtypes(tmp_path):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = np.arange(256, dtype=np.uint8)
    kinds = {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"}
    header = {kind: entry(kind, [2, 128], 256 * k, 256 * (k + 1)) for k, kind in enumerate(kinds)}
    header["F4"] = entry("F4", [2, 16], 768, 784)
    (tmp_path / "m.safetensors").write_bytes(file_of(header, codes.tobytes() * 3 + bytes(range(16))))
    *found, four = read_weights(str(tmp_path / "m.safetensors")).tensors
    for one in found:
        truth = codes.view(getattr(ml_dtypes, kinds[one.dtype])).astype(float).reshape(2, 128)
        assert np.array_equal(values(one), truth, equal_nan=True)
    low_first = np.ravel([[byte & 15, byte >> 4] for byte in range(16)]).astype(np.uint8)
    assert np.array_equal(values(four).ravel(), low_first.view(ml_dtypes.float4_e2m1fn).astype(float))


@pytest.fixture
def without_extras(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name in ("ml_dtypes", "gguf"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.usefixtures("without_extras")
def test_what_an_extra_reads_names_it(tmp_path):
    header = {"a": entry("F8_E4M3", [4], 0, 4), "b": entry("F32", [1], 4, 8)}
    (tmp_path / "m.safetensors").write_bytes(file_of(header, bytes(8)))
    a, b = read_weights(str(tmp_path / "m.safetensors")).tensors
    assert a.remark == "the dtype F8_E4M3 needs ml_dtypes: pip install 'aimath[weights]'"
    assert values(b).tolist() == [0.0]
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    with pytest.raises(InputError, match="read by the package gguf") as told:
        read_weights(str(tmp_path / "m.gguf"))
    assert "aimath[weights]" in str(told.value.hint)


def test_gguf_is_read_by_its_package(tmp_path):
    gguf = pytest.importorskip("gguf")
    x = RNG.normal(size=(70, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(str(tmp_path / "m.gguf"), "llama")
    kind = gguf.GGMLQuantizationType.Q8_0
    packed = gguf.quantize(x, kind)
    writer.add_tensor("plain", x)
    writer.add_tensor("small", packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    plain, small = read_weights(str(tmp_path / "m.gguf")).tensors
    assert (plain.shape, plain.dtype, small.shape, small.dtype) == ((70, 64), "F32", (70, 64), "Q8_0")
    assert np.array_equal(values(plain), x.astype(float))
    assert np.array_equal(values(small), gguf.dequantize(packed, kind).astype(float))
    good = (tmp_path / "m.gguf").read_bytes()
    for cut in (0, 10, 24, 60, 100, 200, len(good) - 64):
        (tmp_path / "m.gguf").write_bytes(good[:cut])
        with pytest.raises(InputError):
            [values(one) for one in read_weights(str(tmp_path / "m.gguf")).tensors]
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 5))
    with pytest.raises(InputError, match="claims"):
        read_weights(str(tmp_path / "m.gguf"))


def test_what_holds_weights():
    assert [
        has_weights(x) for x in ("a.npz", "@a.safetensors", "a.safetensors:w", "m.gguf", "a.csv", "randn:3x3")
    ] == [True] * 4 + [False] * 2
