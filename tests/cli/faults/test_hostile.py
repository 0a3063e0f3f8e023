"""Every command that takes a matrix, given files that are broken or lie: one line, no answer, exit 1."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile

import numpy as np
import pytest

pytestmark = pytest.mark.slow

A = np.arange(9.0).reshape(3, 3)
DATA = A.tobytes()
COMMANDS = (
    "matmul FILE 1;2;3",
    "matmul 1,2,3 --b FILE",
    "transpose FILE",
    "inverse FILE",
    "det FILE",
    "eig FILE",
    "cosine --matrix FILE",
    "layer FILE 1,2,3",
    "dot @FILE 1,2,3",
    "attention FILE --heads 1",
    "attention -Q FILE -K FILE -V FILE --json",
    "attention -Q 1,2,3 -K 1,2,3 -V 1 --mask FILE",
    "pca FILE",
    "svd-approx FILE --rank 1",
    "lora FILE FILE",
    "analogy a b c --vectors FILE",
)


def npy(shape=(3, 3), descr="<f8", data=None):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + (data or DATA)


def tensors(header, data=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + (data or DATA)


def told(shape, end):
    return {"w": {"dtype": "F64", "shape": shape, "data_offsets": [0, end]}}


FILES = {
    "truncated.npy": npy()[:-8],
    "trailing.npy": npy() + b"\0",
    "lying.npy": npy(shape=(10**6, 10**6)),
    "wrapping.npy": npy(shape=(2**32, 2**32)),
    "objects.npy": npy(descr="|O"),
    "dumped.npy": pickle.dumps(A),
    "nan.npy": npy(data=np.where(A == 4, np.nan, A).tobytes()),
    "empty.npy": b"",
    "truncated.safetensors": tensors(told([3, 3], 72))[:-1],
    "lying.safetensors": tensors(told([10**9, 10**9], 72)),
    "endless.safetensors": struct.pack("<Q", 2**63) + b"{}",
    "deep.safetensors": tensors(b"{" + b'"a":{' * 10_000),
    "inf.safetensors": tensors(told([3, 3], 72), np.where(A == 4, np.inf, A).tobytes()),
    "ragged.csv": b"1,2,3\n4,5\n6,7,8\n",
    "words.csv": b"1,2,3\n4,five,6\n",
    "nan.csv": b"1,2,3\n4,nan,6\n7,8,9\n",
    "bytes.csv": b"1,2,3\n4,\xff,6\n",
    "utf-16.csv": "1,2,3\n".encode("utf-16"),
    "ragged.json": b"[[1,2,3],[4,5]]",
    "nan.json": b"[[1,2,3],[4,NaN,6],[7,8,9]]",
    "deep.json": b"[" * 100_000,
    "huge.json": b"[[1,2,3],[4,1e400,6],[7,8,9]]",
}  # fmt: skip


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.npy", npy(shape=(1 << 13, 1 << 10), data=bytes(1 << 26)))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_broken_file_gives_an_answer(aimath, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    bomb("bomb.npz")
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    for name in (*FILES, "bomb.npz"):
        ran = aimath(*command.replace("FILE", name).split())
        assert ran.code in {1, 2}, (name, ran)
        first, *more = ran.err.splitlines()
        assert first.startswith(f"aimath {command.split()[0]}: error: "), name
        assert len(more) <= 3, name
        assert len(ran.err) <= 1000, name
        assert "Traceback" not in ran.err, name
        assert "pickle" not in ran.err, name  # numpy would advise it
        assert "Warning" not in ran.err, name
        assert ran.out == "" or command.startswith("dot"), name  # whose rows before the bad one are answers
        assert "nan" not in ran.out, name
