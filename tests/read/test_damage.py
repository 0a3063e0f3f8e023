"""Good files, each cut at every length and with bytes changed: read, or refused in a sentence, by every reader."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.read.models.word_vectors import read_word_vectors
from aimath.read.operands import open_matrix, read_blocks

pytestmark = pytest.mark.slow

HELD = np.array([[1.5, 2.0], [-0.25, 4.0]])
ENOUGH = 1 << 20
"""Bytes that no damaged file of a few hundred may make a reader ask for."""


def npy(version=(1, 0)):
    out = io.BytesIO()
    np.lib.format.write_array(out, HELD, version=version)
    return out.getvalue()


def npz(compression):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("w.npy", npy())
    return out.getvalue()


def safetensors():
    header = json.dumps(
        {"__metadata__": {"a": "b"}, "w": {"dtype": "F64", "shape": [2, 2], "data_offsets": [0, 32]}}
    )
    return struct.pack("<Q", len(header)) + header.encode() + HELD.tobytes()


GOOD = {
    "a.csv": b"a,b\n1.5,2\n-.25,4\n",
    "a.tsv": b"1.5\t2\r\n-.25\t4",
    "a.txt": b"\xef\xbb\xbf# note\n1.5 2\n-.25, 4\n",
    "a.json": b'{"labels": ["\\u00e9", "b"], "x": [[1.5, 2], [-0.25, 4]]}',
    "a.ndjson": b"[1.5, 2]\n[-0.25, 4]\n",
    "a.jsonl": b'{"x": [1.5, 2]}\n{"x": [-0.25, 4]}\n',
    "one.npy": npy(),
    "two.npy": npy((2, 0)),
    "stored.npz": npz(zipfile.ZIP_STORED),
    "packed.npz": npz(zipfile.ZIP_DEFLATED),
    "a.safetensors": safetensors(),
}


def rows(path):
    found = list(read_blocks([f"@{path}"], ["x"], {}, None, ReadOptions(max_memory=ENOUGH)))
    return [piece.error.message if hasattr(piece, "error") else piece.operands["x"] for piece in found]


def again(path):
    opened = open_matrix([path], "x", {}, None, ReadOptions(max_memory=ENOUGH))
    return [*opened(), *opened()]


def words(path):
    found = read_word_vectors(path)
    return [found.vectors]


def damaged(data):
    """Cut at every length; in up to 60 places give a byte four other values, leave it out, say it twice."""
    yield from (data[:k] for k in range(len(data)))
    for k in range(0, len(data), 1 + len(data) // 60):
        for other in (
            b"",
            data[k : k + 1] * 2,
            *(bytes([b]) for b in (data[k] ^ 1, data[k] ^ 0x80, 0, 0xFF)),
        ):
            yield data[:k] + other + data[k + 1 :]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("reader", "name", "data"),
    [
        *((rows, name, data) for name, data in GOOD.items()),
        *((again, name, data) for name, data in GOOD.items() if name != "a.jsonl"),  # several matrices
        (words, "glove.txt", "the 0.1 -2e-3\n, .5 -1.\ncafé 1 -0\n".encode()),
        (words, "word2vec.txt", b"2 2\nthe 0.1 -2e-3\nof 1 2\n"),
    ],
)  # fmt: skip
def test_no_damage_is_more_than_a_mistake(tmp_path, reader, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    assert all(isinstance(part, np.ndarray) for part in reader(str(path)))
    refused = 0
    for wrong in damaged(data):
        path.write_bytes(wrong)
        try:
            found = reader(str(path))
        except InputError as error:
            found = [error.message]
        for part in found:
            if isinstance(part, str):
                refused += 1
                assert len(part) < 1000
                assert "pickle" not in part
                assert part.isprintable()
            else:
                assert part.dtype == np.float64
                assert part.size <= len(wrong)
    assert refused > len(data) // 4
