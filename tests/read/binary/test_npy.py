"""NumPy's files, honest, lying and broken."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.read.stored import npy_bytes, npz_bytes

HELD = [[1.5, 2.0], [-0.25, 4.0]]


def why(refusal, tokens, **kwargs):
    error = refusal(tokens, **kwargs)
    return error.message.replace(f"{Path(tokens[0][1:]).parent}/", "")


# ---- npy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (3, 1, 1, 2)])
def test_npy_dtypes_orders_and_shapes(read, at, dtype, order, shape):
    for layout in "CF":
        array = np.arange(6).reshape(shape).astype(np.dtype(dtype).newbyteorder(order), order=layout)
        found = read(at("d.npy", npy_bytes(array)))
        assert [block.operands["x"].dtype for block in found] == [np.float64]
        assert found[0].operands["x"].tolist() == array.astype(np.float64).reshape(-1, shape[-1]).tolist()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_versions(rows, at, version):
    assert rows(at("d.npy", npy_bytes([1.0, -0.0], version))) == [[1, 0]]


def test_npy_is_read_block_by_block(read, at):
    array = np.random.default_rng(0).normal(size=(100_000, 3))
    found = read(at("d.npy", npy_bytes(array)))
    assert len(found) > 5
    assert np.array_equal(np.concatenate([block.operands["x"] for block in found]), array)
    assert [line for block in found for line in block.lines] == list(range(1, 100_001))


def test_npy_on_stdin_is_recognised(rows):
    assert rows(stdin=npy_bytes([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]


def header(text, body=b"\0" * 8, magic=b"\x93NUMPY\x01\x00"):
    return magic + struct.pack("<H", len(text)) + text + body


FINE = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"

BAD_NPY = {
    "more bytes": (header(FINE, b"\0" * 9), "1 bytes follow the array"),
    "fewer bytes": (header(FINE, b"\0" * 7), "truncated: 7 of 8 bytes"),
    "version 9": (header(FINE, magic=b"\x93NUMPY\x09\x00"), "not an .npy file of version 1, 2 or 3"),
    "half a header": (header(FINE)[:30], "truncated: it ends within its header"),
    "header of 10001": (
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 10_001),
        "its header claims 10001 bytes; the limit is 10000",
    ),
    "header of 4 GiB": (
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1),
        "its header claims 4294967295 bytes; the limit is 10000",
    ),
    "not a dictionary": (header(b"[1]"), "its header is not a dictionary"),
    "a call": (
        header(b"{'descr': exit(), 'fortran_order': False, 'shape': (1,)}"),
        "its header is not a literal of Python",
    ),
    "9 kB of minus": (
        header(b"{" + b"-" * 9000 + b"}"),
        "its header is not a plain dictionary",
    ),
    "a key twice": (
        header(FINE[:-1] + b"'shape': (1,)}"),
        "its header must hold descr, fortran_order and shape, each once",
    ),
    "a key too few": (
        header(b"{'descr': '<f8', 'shape': (1,)}"),
        "its header must hold descr, fortran_order and shape, each once",
    ),
    "a tuple as dtype": (
        header(FINE.replace(b"'<f8'", b"(8,)")),
        "its dtype '(8,)' is not a real number of at most 8 bytes",
    ),
    "a word as order": (
        header(FINE.replace(b"False", b"'no'")),
        "its fortran_order is 'no', not True or False",
    ),
    "a huge extent": (
        header(FINE.replace(b"(1,)", b"(" + b"9" * 5000 + b",)")),
        "its header is not a literal of Python",
    ),
    "10^36 elements": (
        header(FINE.replace(b"(1,)", b"(999999999999999999, 999999999999999999)")),
        "truncated: 8 of 7999999999999999984000000000000000008 bytes",
    ),
    "wraps to 8 bytes": (
        header(FINE.replace(b"(1,)", b"(4294967296, 4294967297)")),
        "truncated: 8 of 147573952624036151296 bytes",
    ),
    "no axis": (
        header(FINE.replace(b"(1,)", b"()")),
        "its shape () is not of 1 to 4 axes with something on each",
    ),
    "an empty axis": (
        header(FINE.replace(b"(1,)", b"(0, 1000000000000)"), b""),
        "its shape (0, 1000000000000) is not of 1 to 4 axes with something on each",
    ),
    "5 axes": (
        header(FINE.replace(b"(1,)", b"(1,1,1,1,1)")),
        "its shape (1, 1, 1, 1, 1) is not of 1 to 4 axes with something on each",
    ),
    "S0": (
        header(FINE.replace(b"<f8", b"|S0"), b""),
        "its dtype '|S0' is not a real number of at most 8 bytes",
    ),
    "object": (header(FINE.replace(b"<f8", b"|O")), "its dtype '|O' is not a real number of at most 8 bytes"),
    "complex": (
        header(FINE.replace(b"<f8", b"<c8")),
        "its dtype '<c8' is not a real number of at most 8 bytes",
    ),
    "longdouble": (
        header(FINE.replace(b"<f8", b"<f16")),
        "its dtype '<f16' is not a real number of at most 8 bytes",
    ),
    "datetime": (
        header(FINE.replace(b"<f8", b"<M8")),
        "its dtype '<M8' is not a real number of at most 8 bytes",
    ),
    "structured": (
        header(FINE.replace(b"'<f8'", b"[('a', '<f8')]")),
        "its dtype '[('a', '<f8')]' is not a real number of at most 8 bytes",
    ),
}


@pytest.mark.parametrize(("data", "sentence"), BAD_NPY.values(), ids=BAD_NPY)
def test_lying_npy_headers(refusal, at, data, sentence):
    assert why(refusal, at("d.npy", data)) == f"d.npy: {sentence}"


def test_a_truncated_npy_in_a_pipe(refusal):
    assert "truncated" in refusal(stdin=npy_bytes(HELD)[:-1]).message
    assert "more bytes follow" in refusal(stdin=npy_bytes(HELD) + b"x").message


def test_npy_prices(refusal, read, at):
    wide, tall = npy_bytes(np.ones((2, 50_000))), npy_bytes(np.ones((50_000, 2)))
    assert "one row of 50000 numbers needs" in refusal(at("d.npy", wide), max_memory=100_000).message
    assert sum(len(block.lines) for block in read(at("d.npy", tall), max_memory=600_000)) == 50_000
    fortran = npy_bytes(np.asfortranarray(np.ones((50_000, 2))))
    assert "an array in Fortran order needs" in refusal(at("d.npy", fortran), max_memory=600_000).message
    assert (
        "one matrix of 100000 numbers needs"
        in refusal(at("d.npy", wide), max_memory=100_000, matrix=True).message
    )


# ---- npz --------------------------------------------------------------------------------------


def test_npz_by_name(rows, refusal, at):
    [token] = at("d.npz", npz_bytes(a=[1.0, 2.0], b=[3.0]))
    assert rows([f"{token}:b"]) == [[3]]
    assert rows([token], key="a") == [[1, 2]]
    error = refusal([token])
    assert error.message.endswith("d.npz: holds several arrays; its arrays are 'a', 'b'")
    assert error.hint == "write FILE:NAME"
    assert refusal([f"{token}:c"]).message.endswith("has no array 'c'; its arrays are 'a', 'b'")


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_is_unpacked(refusal, at):
    assert (
        "unpacks to over 200 times its size"
        in refusal(at("d.npz", npz_bytes(a=np.zeros(10_000_000)))).message
    )


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in members:
            archive.writestr(name, npy_bytes([1.0]))
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_archives(refusal, at):
    assert (
        "its member '../x.txt' is not a plain .npy"
        in refusal(at("d.npz", zipped("a.npy", "../x.txt"))).message
    )
    assert (
        "has 2 members; at most 1000 with different names"
        in refusal(at("d.npz", zipped("a.npy", "a.npy"))).message
    )
    assert "has 1001 members" in refusal(at("d.npz", zipped(*(f"{k}.npy" for k in range(1001))))).message
    assert "its arrays are none" in refusal(at("d.npz", zipped())).message
    encrypted = bytearray(zipped("a.npy"))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "is not a plain .npy" in refusal(at("d.npz", bytes(encrypted))).message
    assert "its member" in refusal(at("d.npz", npz_bytes(zipfile.ZIP_LZMA, a=[1.0]))).message


def test_a_broken_member_is_named_as_such(refusal, at):
    data = bytearray(npz_bytes(zipfile.ZIP_STORED, a=[1.0, 2.0]))
    data[data.index(struct.pack("<d", 2.0)) + 6] ^= 1
    assert "d.npz: a broken .npz: Bad CRC-32" in why(refusal, at("d.npz", bytes(data)))
    assert "d.npz: truncated" in why(refusal, at("d.npz", npz_bytes(a=npy_bytes([1.0])[:-1])))


def test_an_npz_cannot_come_through_a_pipe(refusal):
    assert "an .npz must be a file" in refusal(stdin=npz_bytes(w=HELD), input_format="npz").message
