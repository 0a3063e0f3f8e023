import io
import json
import os
import struct
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

# One good file of each format, and what it holds.
HELD = [[1.5, 2.0], [-0.25, 4.0]]


def npy_bytes(array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), version=version)
    return out.getvalue()


def npz_bytes(compression=zipfile.ZIP_DEFLATED, **arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in arrays.items():
            archive.writestr(f"{name}.npy", data if isinstance(data, bytes) else npy_bytes(data))
    return out.getvalue()


GOOD = {
    "good.csv": b"a,b\n1.5,2\n-.25,4\n",
    "good.tsv": b"1.5\t2\r\n-.25\t4",
    "good.txt": b"# note\n1.5 2\n-.25, 4\n",
    "good.json": b"[[1.5, 2], [-0.25, 4]]",
    "good.ndjson": b"[1.5, 2]\n\n[-0.25, 4]\n",
    "good.jsonl": b'{"x": [1.5, 2]}\n{"x": [-0.25, 4]}\n',
    "good.npy": npy_bytes(HELD),
    "good.npz": npz_bytes(w=HELD),
    "good.safetensors": struct.pack("<Q", 58)
    + b'{"w": {"dtype":"F64","shape":[2,2],"data_offsets":[0,32]}}'
    + struct.pack("<4d", 1.5, 2, -0.25, 4),
}


@pytest.fixture
def at(tmp_path):
    """Write a file and give the token that reads it."""

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return [f"@{path}"]

    return write


@pytest.mark.parametrize(("name", "data"), GOOD.items())
def test_each_format_holds_the_same(read, at, name, data):
    found = read(at(name, data))
    assert np.concatenate([block.operands["x"] for block in found]).tolist() == HELD
    assert all(block.source.endswith(name) for block in found)


@pytest.mark.parametrize(("name", "data"), GOOD.items())
def test_input_format_overrides_the_suffix(read, at, name, data):
    found = read(at("file.dat", data), input_format=name.split(".")[1])
    assert np.concatenate([block.operands["x"] for block in found]).tolist() == HELD


def why(refusal, tokens, **kwargs):
    error = refusal(tokens, **kwargs)
    return error.why.replace(f"{Path(tokens[0][1:]).parent}/", "")


# ---- csv --------------------------------------------------------------------------------------


def test_csv_names_line_and_column_of_a_bad_cell(read, at):
    *_, bad = read(at("d.csv", b"a,b\n1,2\n3,oops\n"))
    assert (bad.error.why, bad.line, bad.error.entry) == ("'oops' is not a number", 3, 1)


CSV = {
    "ragged": (b"1,2\n1,2,3\n", {}, [[1, 2], "has 3 cells, the rows above have 2"]),
    "ragged below its header": (b"a,b\n1\n2,3\n", {}, ["has 1 cell, the rows above have 2", [2, 3]]),
    "blanks do not separate": (b"1 2,3\n", {}, ["'1 2' is not a number"]),
    "quotes": (b'"a","b"\n"1","2"\n', {}, [[1, 2]]),
    "an open quote": (b'1,2\n"3,4\n5,6\n', {}, [[1, 2], "a quote is open at the end of the line", [5, 6]]),
    "decimal commas are never guessed": (b"1;2\n", {}, ["'1;2' is not a number"]),
    "a delimiter": (b"1;2\n3;4\n", {"delimiter": ";"}, [[1, 2], [3, 4]]),
    "a delimiter by name": (b"1\t2\n", {"delimiter": "tab"}, [[1, 2]]),
    "empty": (b"1,\n3,4\n", {}, ["the cell is empty", [3, 4]]),
    "skip": (b"1,\n3,4\nNA,1\n", {"missing": "skip"}, [[3, 4]]),
    "a column": (b"a\n1\n2\n", {}, [[1, 2]]),
    "column by name": (b"a,b\n1,x\n3,y\n", {"column": "a"}, [[1, 3]]),
    "column by number": (b"x,1\ny,2\n", {"column": "2"}, [[1, 2]]),
    "column of numbers": (b"5,1\n6,2\n", {"column": "2"}, [[1, 2]]),
    "column with gaps": (b"a,b\n1,2\n\n,4\n5,6\n", {"column": "a", "missing": "skip"}, [[1, 5]]),
    "column with a mistake": (b"a,b\n1,2\n3,x\n5,6\n", {"column": "b"}, ["'x' is not a number"]),
    "column past the end": (b"1,2\n", {"column": "3"}, ["has no column 3: it has 2"]),
    "brackets are cells": (b"1,2\n[3,4]\n", {}, [[1, 2], "'[3' is not a number"]),
    "nothing below the header": (b"a,b\n", {}, []),
}


@pytest.mark.parametrize(("data", "options", "expected"), CSV.values(), ids=CSV)
def test_csv(rows, at, data, options, expected):
    assert rows(at("d.csv", data), **options) == expected


def test_missing_as_nan(read, at):
    [block] = read(at("d.csv", b"1,NA\n,4\nnan,6\n"), missing="nan")
    assert np.isnan(block.operands["x"]).tolist() == [[False, True], [True, False], [True, False]]


def test_a_picked_column_is_one_column_over_blocks(read, at):
    [block] = read(at("d.csv", b"a,b\n" + b"1,2\n" * 100_000), column="b")
    assert (block.column, block.operands["x"].shape, block.operands["x"].sum()) == (
        True,
        (1, 100_000),
        200_000,
    )


def test_a_wrong_column_lists_the_right_ones(refusal, at):
    error = refusal(at("d.csv", b"a,b\n1,2\n"), column="c")
    assert error.why.endswith("d.csv has no column 'c'")
    assert (error.hint, error.usage) == ("the columns are 'a', 'b'", True)
    assert "has no header line that names 'c'" in refusal(at("d.csv", b"1,2\n"), column="c").why
    assert refusal(stdin=b"[1]\n", column="c").hint == "for JSON use --key"
    assert refusal(stdin=b"\xff\n1 2\n", column="c").usage


@pytest.mark.parametrize("delimiter", ["", "ab", "1", ".", '"', "\n", "e", "é"])
def test_delimiters_that_cannot_be(refusal, at, delimiter):
    assert "can't separate numbers" in refusal(at("d.csv", b"1,2\n"), delimiter=delimiter).why


# ---- json -------------------------------------------------------------------------------------

JSON = {
    b"[1, 2]": [[1, 2]],
    b"3": [[3]],
    b"\xef\xbb\xbf[\n 1,\n 2\n]\n": [[1, 2]],
    b"[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]": [[1, 2], [3, 4], [5, 6], [7, 8]],
    b'{"x": [[1], [2]], "y": null}': [[1], [2]],
    b'[{"x": [1, 2]}, {"x": [3]}]': [[1, 2], [3]],
    b'[{"x": -0}]': [[0]],
    b"[9007199254740993, 12345678901234567890123]": [[9007199254740992, 12345678901234567890123.0]],
}


@pytest.mark.parametrize(("data", "expected"), JSON.items())
def test_json(rows, at, data, expected):
    assert rows(at("d.json", data)) == expected


BAD_JSON = {
    b"": "not JSON: expecting value at column 1",
    b"[1, 2]\n[3]": "not JSON: extra data at line 2, column 1",
    b"[[1, 2], [3, null]]": "[1][1] is null, not a number",
    b"[[1, 2], [3, true]]": "[1][1] is a boolean, not a number",
    b'[[1, 2], [3, "4"]]': "[1][1] is a string, not a number",
    b"[[1, 2], [3]]": "[1] has 1 entries, [0] 2 entries: rows must be equally long",
    b"[[1, 2], []]": "[1] is an empty array, not a number",
    b'[{"x": 1}, {"y": 1}]': "has no key 'x'; its keys are 'y'",
    b'[{"x": 1}, 2, {"x": [1, null]}]': "[2].x[1] is null, not a number",
    b'{"x": [1], "x": [2]}': "the key 'x' is there twice",
    b'{"x": [1], "y": {"a": 1, "a": 2}}': "the key 'a' is there twice",
    b"[1, Infinity]": "Infinity is not a number",
    b"[1, -Infinity]": "-Infinity is not a number",
    b"[1, 1e400]": "'1e400' overflows float64",
    b"[" + b"9" * 5000 + b"]": f"'{'9' * 57}...' is not a number",
    b"[" * 100_000: "arrays are nested deeper than 64",
    b"[\xff]": "byte 2 (0xff) is not UTF-8",
    b"\0": "not JSON: expecting value at column 1",
}


@pytest.mark.parametrize(("data", "sentence"), BAD_JSON.items(), ids=range(len(BAD_JSON)))
def test_strict_json(refusal, at, data, sentence):
    assert why(refusal, at("d.json", data)) == f"d.json: {sentence}"


def test_json_is_priced_before_it_is_parsed(refusal, at):
    tokens = at("d.json", b"[" + b"1," * 10_000 + b"1]")
    assert "a JSON file needs" in refusal(tokens, max_memory=10_000).why
    assert "JSON needs" in refusal(stdin=b"[1, 2]", input_format="json", max_memory=10).why


def test_json_over_several_lines_on_stdin(rows):
    assert rows(stdin=json.dumps([[1, 2], [3, 4]], indent=1).encode(), input_format="json") == [
        [1, 2],
        [3, 4],
    ]


def test_matrices_from_json_and_literals(read, at):
    for tokens in (
        at("d.json", b"[[1, 2], [3, 4]]"),
        at("d.txt", b"1 2\n3 4\n"),
        at("d.npy", npy_bytes([[1, 2], [3, 4]])),
    ):
        [block] = read(tokens, matrix=True)
        assert block.operands["x"].tolist() == [[[1, 2], [3, 4]]]
    assert read(at("d.json", b"[1, 2]"), matrix=True)[0].operands["x"].shape == (1, 1, 2)
    assert read(at("d.npy", npy_bytes([1, 2])), matrix=True)[0].operands["x"].shape == (1, 1, 2)
    assert read(at("d.npy", npy_bytes(np.ones((5, 2, 3)))), matrix=True)[0].operands["x"].shape == (5, 2, 3)
    assert read([at("d.csv", b"a,b\n1,2\n")[0][1:]], matrix=True)[0].labels == ("a", "b")


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
        "its header must hold descr, fortran_order and shape, each once",
    ),
    "9 kB of minus": (
        header(b"{" + b"-" * 9000 + b"}"),
        "its header must hold descr, fortran_order and shape, each once",
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
        "its fortran_order or its shape is malformed",
    ),
    "a huge extent": (
        header(FINE.replace(b"(1,)", b"(" + b"9" * 5000 + b",)")),
        "its shape '(" + "9" * 56 + "...' is malformed",
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
    assert "truncated" in refusal(stdin=npy_bytes(HELD)[:-1]).why
    assert "more bytes follow" in refusal(stdin=npy_bytes(HELD) + b"x").why


def test_npy_prices(refusal, read, at):
    wide, tall = npy_bytes(np.ones((2, 50_000))), npy_bytes(np.ones((50_000, 2)))
    assert "one row of 50000 numbers needs" in refusal(at("d.npy", wide), max_memory=100_000).why
    assert sum(len(block.lines) for block in read(at("d.npy", tall), max_memory=600_000)) == 50_000
    fortran = npy_bytes(np.asfortranarray(np.ones((50_000, 2))))
    assert "an array in Fortran order needs" in refusal(at("d.npy", fortran), max_memory=600_000).why
    assert (
        "one matrix of 100000 numbers needs"
        in refusal(at("d.npy", wide), max_memory=100_000, matrix=True).why
    )


# ---- npz --------------------------------------------------------------------------------------


def test_npz_by_name(rows, refusal, at):
    [token] = at("d.npz", npz_bytes(a=[1.0, 2.0], b=[3.0]))
    assert rows([f"{token}:b"]) == [[3]]
    assert rows([token], key="a") == [[1, 2]]
    error = refusal([token])
    assert error.why.endswith("d.npz: holds several arrays; its arrays are 'a', 'b'")
    assert error.hint == "write FILE:NAME"
    assert refusal([f"{token}:c"]).why.endswith("has no array 'c'; its arrays are 'a', 'b'")


def test_a_bomb_is_refused_before_it_is_unpacked(refusal, at):
    assert "unpacks to over 200 times its size" in refusal(at("d.npz", npz_bytes(a=np.zeros(10_000_000)))).why


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in members:
            archive.writestr(name, npy_bytes([1.0]))
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_odd_archives(refusal, at):
    assert (
        "its member '../x.txt' is not a plain .npy" in refusal(at("d.npz", zipped("a.npy", "../x.txt"))).why
    )
    assert (
        "has 2 members; at most 1000 with different names"
        in refusal(at("d.npz", zipped("a.npy", "a.npy"))).why
    )
    assert "has 1001 members" in refusal(at("d.npz", zipped(*(f"{k}.npy" for k in range(1001))))).why
    assert "its arrays are none" in refusal(at("d.npz", zipped())).why
    encrypted = bytearray(zipped("a.npy"))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert "is not a plain .npy" in refusal(at("d.npz", bytes(encrypted))).why
    assert "its member" in refusal(at("d.npz", npz_bytes(zipfile.ZIP_LZMA, a=[1.0]))).why


def test_a_broken_member_is_named_as_such(refusal, at):
    data = bytearray(npz_bytes(zipfile.ZIP_STORED, a=[1.0, 2.0]))
    data[data.index(struct.pack("<d", 2.0)) + 6] ^= 1
    assert "d.npz: a broken .npz: Bad CRC-32" in why(refusal, at("d.npz", bytes(data)))
    assert "d.npz: truncated" in why(refusal, at("d.npz", npz_bytes(a=npy_bytes([1.0])[:-1])))


def test_an_npz_cannot_come_through_a_pipe(refusal):
    assert "an .npz must be a file" in refusal(stdin=GOOD["good.npz"], input_format="npz").why


# ---- any file ---------------------------------------------------------------------------------


def test_files_that_cannot_be_read(refusal, tmp_path):
    assert refusal([f"@{tmp_path}/none.csv"]).why.endswith("none.csv': No such file or directory")
    assert refusal([f"@{tmp_path}"]).why.endswith("': Is a directory")
    assert refusal(["@a\0.csv"]).why == r"cannot read 'a\x00.csv': not a file name"
    assert refusal(["@"]).why == "cannot read '': No such file or directory"
    assert not refusal([f"@{tmp_path}"]).usage


def test_an_unknown_suffix_lists_the_known_ones(refusal, at):
    error = refusal(at("d.pkl", b"1 2\n"))
    assert error.why.endswith(
        "d.pkl: its suffix is none of .csv .tsv .txt .json .ndjson .jsonl .npy .npz .safetensors"
    )
    assert (error.hint, error.usage) == ("use --input-format", True)
    assert "--input-format 'xls' is not one of csv, tsv" in refusal(at("d.csv", b"1"), input_format="xls").why


def test_content_that_is_not_what_its_name_says(refusal, at):
    assert why(refusal, at("d.csv", GOOD["good.npy"])) == "d.csv: its content is npy, not csv"
    assert why(refusal, at("d.json", GOOD["good.npz"])) == "d.json: its content is npz, not json"
    assert why(refusal, at("d.npy", b"1 2\n")) == "d.npy: its content is text, not npy"
    assert refusal(at("d.csv", "1,2\n".encode("utf-16"))).hint == "convert it with iconv -f UTF-16 -t UTF-8"
    assert refusal(stdin="1 2\n".encode("utf-16")).why == "<stdin>: its content is utf-16"
    assert refusal(at("d.txt", b"\x1f\x8b\x08\x00")).hint == "convert it with gzip -dc"
    assert refusal(stdin=GOOD["good.npz"]).why == "<stdin>: its content is npz, not text"


def test_a_pipe_in_place_of_a_file_is_read_as_stdin_is(rows, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write():
        with path.open("wb") as out:
            out.write(b"1 2\n")

    writer = threading.Thread(target=write)
    writer.start()
    assert rows([f"@{path}"]) == [[1, 2]]
    writer.join()


def test_files_are_closed(read, at):
    before = len(list(Path("/proc/self/fd").iterdir()))
    tokens = at("d.csv", b"1,2\n")
    for _ in range(3):
        read(tokens)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
