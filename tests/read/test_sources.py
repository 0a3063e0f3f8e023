"""Files by their suffix and their content, and what cannot be read."""

import io
import os
import struct
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.read.stored import npy_bytes, npz_bytes

from aimath.read import blocks

# One good file of each format, and what it holds.
HELD = [[1.5, 2.0], [-0.25, 4.0]]


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
    return error.message.replace(f"{Path(tokens[0][1:]).parent}/", "")


# ---- any file ---------------------------------------------------------------------------------


def test_files_that_cannot_be_read(refusal, tmp_path):
    assert refusal([f"@{tmp_path}/none.csv"]).message.endswith("none.csv': No such file or directory")
    assert refusal([f"@{tmp_path}"]).message.endswith("': Is a directory")
    assert refusal(["@a\0.csv"]).message == r"cannot read 'a\x00.csv': not a file name"
    assert refusal(["@"]).message == "cannot read '': No such file or directory"
    assert not refusal([f"@{tmp_path}"]).usage


def test_an_unknown_suffix_lists_the_known_ones(refusal, at):
    error = refusal(at("d.data", b"1 2\n"))
    assert error.message.endswith(
        "d.data: its suffix is none of .csv .tsv .txt .json .ndjson .jsonl .npy .npz .safetensors"
        " .parquet .arrow .feather"
    )
    assert (error.hint, error.usage) == ("use --input-format FORM", True)
    assert (
        "--input-format 'xls' is not one of csv, tsv"
        in refusal(at("d.csv", b"1"), input_format="xls").message
    )


def test_content_that_is_not_what_its_name_says(refusal, at):
    assert why(refusal, at("d.csv", GOOD["good.npy"])) == "d.csv: its content is npy, not csv"
    assert why(refusal, at("d.json", GOOD["good.npz"])) == "d.json: its content is npz, not json"
    assert why(refusal, at("d.npy", b"1 2\n")) == "d.npy: its content is text, not npy"
    assert refusal(at("d.csv", "1,2\n".encode("utf-16"))).hint == "convert it with iconv -f UTF-16 -t UTF-8"
    assert refusal(stdin="1 2\n".encode("utf-16")).message == "<stdin>: its content is utf-16"
    cut = "d.txt: truncated: the gzip data end before their end"
    assert why(refusal, at("d.txt", b"\x1f\x8b\x08\x00")) == cut
    assert refusal(stdin=GOOD["good.npz"]).message == "<stdin>: its content is npz, not text"


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


@pytest.mark.parametrize("option", ["key", "header", "delimiter", "decimal"])
@pytest.mark.parametrize("form", ["csv", "tsv", "text", "json", "ndjson", "lines", "npy", "npz"])
def test_an_option_that_does_nothing_for_what_is_read_is_refused(at, read, refusal, option, form):
    """--key is for JSON and archives, the others for text."""
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, [1.0, 2.0])
    np.savez(archive, v=[1.0, 2.0])
    data = {
        "json": b'{"v": [1, 2]}', "ndjson": b'{"v": [1, 2]}\n', "lines": b'{"v": [1, 2]}\n',
        "npy": array.getvalue(), "npz": archive.getvalue(), "csv": b"1,2\n", "tsv": b"1\t2\n", "text": b"1 2\n3 4\n",
    }[form]  # fmt: skip
    suffix = {"text": "txt", "lines": "txt"}.get(form, form)
    token = at(f"d.{suffix}", data)
    value = {"key": "v", "header": True, "delimiter": ";", "decimal": ","}[option]
    keyed = form in ("json", "ndjson", "lines", "npz")
    how = {option: value} | ({"key": "v"} if keyed and form != "npz" else {})
    idle = not keyed if option == "key" else form not in ("csv", "tsv", "text")
    if not idle:
        read(token, **how)
        return
    error = refusal(token, **how)
    assert f"--{option} is " in error.message
    assert error.usage


@pytest.mark.parametrize("suffix", [one for one in blocks.FORMAT_BY_SUFFIX if one != ".npy"])
@pytest.mark.parametrize("packed", ["", *blocks.COMPRESSIONS])
def test_what_is_named_in_a_file_is_split_from_every_suffix(suffix, packed):
    path = f"a:b/x{suffix.upper()}{packed}"
    splits = [split(f"{path}:c:d") for split in (blocks.split_archive_path, blocks.split_column)]
    assert sorted(splits, key=lambda one: one[1] is None) == [(path, "c:d"), (f"{path}:c:d", None)]
