import io

import pytest

from aimath.errors import InputError
from aimath.read.blocks import BadRow, ReadOptions
from aimath.read.operands import read_blocks


def pieces(tokens=(), names=("x",), flags=None, stdin=None, *, matrix=False, **reading):
    raw = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
    given = read_blocks(list(tokens), names, flags or {}, raw, ReadOptions(**reading), matrix=matrix)
    return list(given)


def flat(found):
    """Rows one by one, in order: (line, operands as lists, labels), or (line, sentence) of a bad row."""
    out = []
    for piece in found:
        if isinstance(piece, BadRow):
            out.append((piece.line, piece.error.message))
            continue
        for k, line in enumerate(piece.lines):
            row = {n: (rows[k] if len(rows) > 1 else rows[0]).tolist() for n, rows in piece.operands.items()}
            out.append((line, row, piece.labels))
    return out


@pytest.fixture
def read():
    return pieces


@pytest.fixture
def rows():
    """Only the rows of one operand `x`; a bad row is its sentence."""
    return lambda *a, **k: [
        one[1] if isinstance(one[1], str) else one[1]["x"] for one in flat(pieces(*a, **k))
    ]


@pytest.fixture
def flatten():
    return flat


@pytest.fixture
def refusal():
    """The error that a reading raises."""

    def of(*args, **kwargs):
        with pytest.raises(InputError) as caught:
            pieces(*args, **kwargs)
        return caught.value

    return of


@pytest.fixture
def at(tmp_path):
    """Write a file and give the token that reads it."""

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return [f"@{path}"]

    return write
