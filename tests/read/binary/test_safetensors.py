import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions, split_archive_path
from aimath.read.matrices import list_tensors
from aimath.read.operands import read_blocks

SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1}
SIZES |= {"U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
STRUCT = dict(zip(SIZES, "dfe?qihbQIHB?", strict=True))


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def file_of(header, data=b"", pad=b""):
    text = (header if isinstance(header, bytes) else json.dumps(header).encode()) + pad
    return struct.pack("<Q", len(text)) + text + data


def weights(**named):
    """A file of tensors: name = (dtype, shape, bytes)."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in named.items():
        header[name] = entry(dtype, shape, len(data), len(data) + len(raw))
        data += raw
    return file_of(header, data)


def doubles(*values):
    return struct.pack(f"<{len(values)}d", *values)


ONE = ("F64", [2, 2], doubles(1.5, 2, -0.25, 4))
TWO = weights(a=ONE, **{"h.0.w": ("F32", [1, 2], struct.pack("<2f", 5, 6))})


@pytest.fixture
def at(tmp_path):
    def write(data, name="m.safetensors"):
        (tmp_path / name).write_bytes(data)
        return f"@{tmp_path / name}"

    return write


def why(refusal, token, **kwargs):
    error = refusal([token], **kwargs)
    return error.message.replace(f"{Path(token[1:]).parent}/", "").removeprefix("m.safetensors: ")


# ---- values -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [dtype for dtype in SIZES if dtype not in ("F64", "BF16", "BOOL")])
def test_every_dtype_is_what_struct_says(read, at, dtype):
    raw = bytes(range(256)) * SIZES[dtype]
    oracle = np.array(struct.unpack(f"<{256}{STRUCT[dtype]}", raw)[:128], np.float64)
    [block] = read([at(weights(w=(dtype, [128], raw[: 128 * SIZES[dtype]])))])
    assert np.array_equal(block.operands["x"], oracle[None], equal_nan=True)


def test_every_bf16_is_the_upper_half_of_a_float32(read, at):
    every = np.arange(1 << 16, dtype="<u2").tobytes()
    oracle = [struct.unpack("<f", b"\0\0" + every[k : k + 2])[0] for k in range(0, len(every), 2)]
    found = read([at(weights(w=("BF16", [256, 256], every)))])
    rows = np.concatenate([block.operands["x"] for block in found])
    assert np.array_equal(rows.ravel(), oracle, equal_nan=True)


def test_signalling_nans_raise_no_warning(read, at):
    raw = struct.pack("<2I", 0x7F800001, 0xFF812345)
    [block] = read([at(weights(w=("F32", [2], raw)))])
    assert np.isnan(block.operands["x"]).all()


def test_bool_is_0_or_1_whatever_the_byte(rows, at):
    assert rows([at(weights(w=("BOOL", [4], b"\0\1\2\xff")))]) == [[0, 1, 1, 1]]


def test_shapes(read, at):
    data = doubles(*range(24))
    deep, scalar = (
        at(weights(w=("F64", [2, 3, 4], data))),
        at(weights(w=("F64", [], data[:8])), "s.safetensors"),
    )
    assert read([deep])[0].operands["x"].shape == (6, 4)
    assert read([deep], matrix=True)[0].operands["x"].tolist() == np.arange(24.0).reshape(2, 3, 4).tolist()
    assert read([scalar])[0].operands["x"].shape == (1, 1)
    assert read([scalar[1:]], matrix=True)[0].operands["x"].shape == (1, 1, 1)


def test_rows_come_block_by_block(read, at):
    table = np.random.default_rng(0).normal(size=(60_000, 3))
    found = read([at(weights(a=("U8", [5], b"12345"), w=("F64", [60_000, 3], table.tobytes())) + b"") + ":w"])
    assert len(found) > 3
    assert np.array_equal(np.concatenate([block.operands["x"] for block in found]), table)
    assert [line for block in found for line in block.lines] == list(range(1, 60_001))


@pytest.mark.parametrize(
    ("dtype", "values", "said"),
    [
        ("I64", [2**53, -(2**53), 2**60, 2**62 + 2**11, -(2**63)], ()),
        ("I64", [2**53 + 1], ("int64 values above 2^53 were rounded",)),
        ("I64", [0, -(2**53) - 1], ("int64 values above 2^53 were rounded",)),
        ("I64", [2**63 - 1], ("int64 values above 2^53 were rounded",)),
        ("U64", [2**53 + 2, 2**63, 2**64 - 2**11], ()),
        ("U64", [2**64 - 1], ("uint64 values above 2^53 were rounded",)),
        ("U64", [2**63 + 1], ("uint64 values above 2^53 were rounded",)),
    ],
)
def test_wide_integers_say_so_only_where_they_are_rounded(read, at, dtype, values, said):
    raw = struct.pack(f"<{len(values)}{STRUCT[dtype]}", *values)
    [block] = read([at(weights(w=(dtype, [len(values)], raw)))])
    assert (block.notes, block.operands["x"].tolist()) == (said, [[float(value) for value in values]])
    out = Path(at(b"", "w.npy")[1:])
    np.save(out, np.array(values, {"I64": np.int64, "U64": np.uint64}[dtype]))
    assert read([f"@{out}"])[0].notes == said


# ---- names ------------------------------------------------------------------------------------


def test_a_tensor_by_name(rows, at):
    token = at(TWO)
    assert rows([f"{token}:h.0.w"]) == rows([token], key="h.0.w") == [[5, 6]]
    assert rows([f"{token[1:]}:a"], matrix=True) == [[[1.5, 2], [-0.25, 4]]]


def test_names_may_hold_anything():
    assert split_archive_path("a.safetensors:x:y/z.npz:k") == ("a.safetensors", "x:y/z.npz:k")
    assert split_archive_path("dir.npz/a.csv:b") == ("dir.npz/a.csv:b", None)
    assert split_archive_path("A.SafeTensors:w") == ("A.SafeTensors", "w")


def test_several_tensors_are_listed(refusal, at):
    token = at(TWO)
    assert why(refusal, token) == "holds 2 tensors; its tensors are 'a' F64 2x2, 'h.0.w' F32 1x2"
    assert refusal([token]).hint == "write FILE:NAME"
    assert why(refusal, f"{token}:w").startswith("has no tensor 'w'; its tensors are")
    assert refusal([f"{token}:w"]).hint == "did you mean 'h.0.w'?"
    assert refusal([f"{token}:h.0.v"]).hint == "did you mean 'h.0.w'?"
    many = at(weights(**{f"t{k}": ("U8", [1], b"1") for k in range(30)}))
    assert why(refusal, many).endswith("'t7' U8 1 and 22 more")
    assert "\x1b" not in why(refusal, at(weights(**{"\x1b[2J": ONE, "b": ONE})))


def test_tensors_lists_without_reading(at, tmp_path):
    found = list_tensors(at(TWO)[1:])
    assert [(one.name, one.dtype, one.shape) for one in found] == [
        ("a", "F64", (2, 2)),
        ("h.0.w", "F32", (1, 2)),
    ]
    np.savez(tmp_path / "w.npz", a=np.ones((2, 3)), b=np.float32([1]))
    assert [str(one) for one in list_tensors(str(tmp_path / "w.npz"))] == ["'a' <f8 2x3", "'b' <f4 1"]
    np.save(tmp_path / "w.npy", np.ones((2, 3)))
    assert [one.shape for one in list_tensors(str(tmp_path / "w.npy"))] == [(2, 3)]
    (tmp_path / "w.csv").write_text("1\n")
    with pytest.raises(InputError, match=r"w\.csv: it does not hold weights"):
        list_tensors(str(tmp_path / "w.csv"))


# ---- refusals ---------------------------------------------------------------------------------

E8 = entry("F64", [1], 0, 8)
BAD = {
    "empty": (b"", "truncated: it ends within its header"),
    "half a length": (b"\x10\0\0", "truncated: it ends within its header"),
    "a length of nothing": (struct.pack("<Q", 0), "not a .safetensors file: its header does not begin with {"),
    "a longer header than file": (struct.pack("<Q", 99) + b"{}", "its header claims 99 bytes; 2 follow"),
    "a header of 2^64 - 1": (
        b"\xff" * 8 + b"{}",
        "its header claims 18446744073709551615 bytes; the limit is 10000000",
    ),
    "a blank before it": (file_of(b" {}"), "not a .safetensors file: its header does not begin with {"),
    "a list": (file_of(b"[1]"), "not a .safetensors file: its header does not begin with {"),
    "half of it": (file_of(b'{"a": '), "its header is not JSON: expecting value at byte 15"),
    "more behind it": (file_of(b"{}{}"), "its header is not JSON: extra data at byte 11"),
    "invalid UTF-8": (file_of(b'{"\xff": 1}'), "its header is not UTF-8"),
    "a name twice": (
        file_of(b'{"a": %b, "a": %b}' % ((json.dumps(E8).encode(),) * 2), doubles(1)),
        "the key 'a' is there twice",
    ),
    "a key twice": (
        file_of(b'{"a": {"dtype": "F64", "dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}', doubles(1)),
        "the key 'dtype' is there twice",
    ),
    "nested deeply": (file_of(b'{"a": ' + b"[" * 100_000), "its header is nested too deeply"),
    "a float": (file_of({"a": entry("F64", [1.0], 0, 8)}, doubles(1)), "its header holds the number '1.0'"),
    "a negative": (file_of({"a": entry("F64", [-1], 0, 8)}, doubles(1)), "its header holds the number '-1'"),
    "NaN": (file_of(b'{"a": NaN}'), "its header holds the number 'NaN'"),
    "5000 digits": (file_of(b'{"a": %b}' % (b"9" * 5000)), f"its header holds the number '{'9' * 57}...'"),
    "true for 1": (
        file_of({"a": entry("F64", [True], 0, 8)}, doubles(1)),
        "the entry of 'a' is not dtype, shape and data_offsets",
    ),
    "a key too many": (
        file_of({"a": E8 | {"x": 1}}, doubles(1)),
        "the entry of 'a' is not dtype, shape and data_offsets",
    ),
    "three offsets": (
        file_of({"a": E8 | {"data_offsets": [0, 8, 8]}}, doubles(1)),
        "the entry of 'a' is not dtype, shape and data_offsets",
    ),
    "no entry": (file_of({"a": 3}), "the entry of 'a' is not dtype, shape and data_offsets"),
    "a number as dtype": (
        file_of({"a": E8 | {"dtype": 8}}, doubles(1)),
        "the entry of 'a' is not dtype, shape and data_offsets",
    ),
    "backwards": (file_of({"a": entry("F64", [1], 8, 0)}, doubles(1)), "'a' has 1 axes and lies from 8 to 0"),
    "33 axes": (
        file_of({"a": entry("F64", [1] * 33, 0, 8)}, doubles(1)),
        "'a' has 33 axes and lies from 0 to 8",
    ),
    "an unknown dtype": (
        file_of({"a": entry("F65", [1], 0, 8)}, doubles(1)),
        "'a' has the dtype 'F65', which the format does not know",
    ),
    "another size": (file_of({"a": entry("F64", [2], 0, 8)}, doubles(1)), "'a' is F64 2, but 8 bytes long"),
    "more bytes than elements": (
        file_of({"a": entry("F64", [1], 0, 16)}, doubles(1, 2)),
        "'a' is F64 1, but 16 bytes long",
    ),
    "a header of 10 MB and a byte": (
        file_of(b"{}".ljust(10_000_001)),
        "its header claims 10000001 bytes; the limit is 10000000",
    ),
    "wraps to 8 bytes": (
        file_of({"a": entry("F64", [2**32, 2**29 * 8 + 1], 0, 8)}, doubles(1)),
        "'a' is F64 4294967296x4294967297, but 8 bytes long",
    ),
    "half a byte": (file_of({"a": entry("F4", [3], 0, 1)}, b"1"), "'a' is F4 3, but 1 bytes long"),
    "a hole": (
        file_of({"a": E8, "b": entry("F64", [1], 9, 17)}, doubles(1, 2) + b"1"),
        "there is a hole before 'b'",
    ),
    "a hole at the start": (file_of({"a": entry("F64", [1], 1, 9)}, b"1" + doubles(1)), "there is a hole before 'a'"),
    "an overlap": (
        file_of({"a": E8, "b": entry("F64", [1], 7, 15)}, doubles(1, 2)),
        "there is an overlap at 'b'",
    ),
    "the same place twice": (
        file_of({"a": E8, "b": E8}, doubles(1)),
        "there is an overlap at 'b'",
    ),
    "fewer bytes": (file_of({"a": E8}, b"1234567"), "truncated: 7 of 8 bytes"),
    "more bytes": (file_of({"a": E8}, doubles(1) + b"1"), "1 bytes follow the last tensor"),
    "no tensor": (file_of({}), "holds 0 tensors; its tensors are none"),
    "bytes and no tensor": (file_of({}, b"1"), "1 bytes follow the last tensor"),
    "metadata of numbers": (
        file_of({"__metadata__": {"a": 1}, "a": E8}, doubles(1)),
        "its __metadata__ is not a map of texts",
    ),
    "metadata as a list": (
        file_of({"__metadata__": [], "a": E8}, doubles(1)),
        "its __metadata__ is not a map of texts",
    ),
    "nothing on an axis": (file_of({"a": entry("F64", [0, 3], 0, 0)}), "'a' F64 0x3 is empty"),
    "fp8": (
        file_of({"a": entry("F8_E4M3", [2], 0, 2)}, b"12"),
        "the dtype 'F8_E4M3' of 'a' is not read",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "sentence"), BAD.values(), ids=BAD)
def test_lying_headers(refusal, at, data, sentence):
    assert why(refusal, at(data)) == sentence


def test_what_the_format_allows(rows, at):
    padded = file_of({"__metadata__": {"format": "pt"}, "a": E8}, doubles(7), pad=b"   ")
    assert rows([at(padded)]) == [[7]]
    unsorted = file_of(
        {"b": entry("F64", [1], 8, 16), "none": entry("F32", [0], 8, 8), "a": E8}, doubles(1, 2)
    )
    assert rows([f"{at(unsorted)}:b"]) == [[2]]
    others = weights(q=("F8_E4M3", [2], b"12"), f=("F4", [4], b"12"), a=ONE)
    assert rows([f"{at(others)}:a"])[0] == [1.5, 2]


def test_a_header_of_any_length_is_taken_for_what_it_is(rows, refusal, at):
    for length in (0x8B1F, 0xFEFF, 0xFFFE):  # begins as gzip and UTF-16 do
        text = json.dumps({"a": E8}).encode()
        assert rows([at(file_of(text + b" " * (length - len(text)), doubles(7)))]) == [[7]]
    assert why(refusal, at(TWO, "m.csv")).endswith("m.csv: its content is safetensors, not csv")
    assert "must be a file, not a pipe" in refusal(stdin=TWO, input_format="safetensors").message
    assert (
        why(refusal, at(b"1 2\n3 4\n")) == "its header claims 735248042754711601 bytes; the limit is 10000000"
    )


def test_prices(refusal, at):
    wide = weights(w=("F32", [2, 50_000], bytes(400_000)))
    assert "one row of 50000 numbers needs" in refusal([at(wide)], max_memory=100_000).message
    assert (
        "one matrix of 100000 numbers needs" in refusal([at(wide)], max_memory=100_000, matrix=True).message
    )


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 8))
def test_anything_at_all_is_read_or_refused(tmp_path_factory, noise, where, cut_off):
    path = tmp_path_factory.mktemp("fuzz") / "m.safetensors"
    where %= len(TWO)
    data = TWO[:where] + noise + TWO[where + cut_off :]
    path.write_bytes(data)
    try:
        [block] = read_blocks([f"@{path}:a"], ["x"], {}, None, ReadOptions())
    except InputError as refused:
        sentence = refused.message
    else:
        sentence = f"{block.operands['x'].dtype}"
    assert sentence == "float64" or "m.safetensors: " in sentence
    assert len(sentence) < 1000
