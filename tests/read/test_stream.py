"""Streams: answered as they come, cut at line ends, within their price."""

import io
import os
import threading

import numpy as np
import pytest

import aimath.read._stream as stream_module
import aimath.read.blocks as blocks_module
from aimath.read.operands import read_blocks


def test_a_pipe_that_stays_open_is_answered_line_by_line():
    out, into = os.pipe()
    try:
        found = read_blocks([], ["x"], {}, out)
        for k in range(3):
            os.write(into, f"{k} 1\n{k} ".encode())
            assert next(found).operands["x"].tolist() == [[k, 1]]
            os.write(into, b"2\n")
            assert next(found).operands["x"].tolist() == [[k, 2]]
        os.close(into)
        into = None
        assert next(found, None) is None
    finally:
        os.close(out)
        if into is not None:
            os.close(into)


def test_a_busy_pipe_is_read_in_large_blocks():
    out, into = os.pipe()
    data = b"1 2 3\n" * 100_000

    def write():
        view = memoryview(data)
        while view:
            view = view[os.write(into, view[:65536]) :]
        os.close(into)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(out, "rb") as stdin:
        sizes = [len(block.lines) for block in read_blocks([], ["x"], {}, stdin)]
    writer.join()
    assert sum(sizes) == 100_000
    assert max(sizes) <= stream_module.BLOCK_BYTES


@pytest.mark.slow
def test_a_long_line_is_priced_before_it_is_taken_apart(refusal, rows):
    for line in (b"1 " * 300_000, b"1,2;" * 150_000, b"[" + b"1," * 300_000 + b"1]"):
        why = refusal(stdin=b"1 2\n" + line + b"\n", max_memory=32 << 20).message
        assert why.startswith(f"<stdin>: a line of {len(line) + 1} bytes needs 48.07 MiB")
    assert len(rows(stdin=b"1 2\n" * 300_000, max_memory=1 << 20)) == 300_000


def test_a_line_without_end_is_refused(refusal, monkeypatch):
    monkeypatch.setattr(stream_module, "MAX_LINE_BYTES", 1 << 20)
    assert refusal(stdin=b"1 " * (1 << 20)).message == "<stdin>: a line is longer than 1 MiB"


def test_a_line_longer_than_a_block_is_read(read):
    first, second = read(stdin=b"1 " * 300_000 + b"\n2 3")
    assert (first.operands["x"].shape, second.operands["x"].tolist()) == ((1, 300_000), [[2, 3]])


def test_a_column_has_its_price(refusal):
    error = refusal(stdin=b"1\n" * 100_000, max_memory=1_000_000)
    assert "a column of 100000 rows or more needs" in error.message
    assert error.hint == "use --max-memory 1G"


def test_a_column_past_16_mib_asks_what_is_free(refusal, monkeypatch):
    monkeypatch.setattr(blocks_module, "memory_limit", lambda: 1 << 24)
    assert "a column of" in refusal(stdin=b"1\n" * 1_200_000).message


def test_an_npy_that_comes_byte_by_byte_is_recognised(rows, refusal):
    data = io.BytesIO()
    np.save(data, np.array([1.0, 2.0]))
    assert rows(stdin=Dripping(data.getvalue())) == [[1, 2]]
    assert rows(stdin=Dripping(b"P=1 K=2\n")) == [[1, 2]]
    assert "is a header" in refusal(stdin=Dripping(b"PK")).message


class Dripping(io.RawIOBase):
    """A pipe that gives one byte at a time."""

    def __init__(self, data):
        super().__init__()
        self.data = io.BytesIO(data)

    def read(self, size=-1):
        return self.data.read(min(size, 1))


def test_rows_have_no_price(read):
    assert sum(len(block.lines) for block in read(stdin=b"1 2\n" * 100_000, max_memory=1000)) == 100_000


def test_a_closed_descriptor_and_a_directory_are_errors(refusal, tmp_path):
    out, into = os.pipe()
    os.close(into)
    stdin = os.fdopen(out, "rb")
    stdin.close()
    assert refusal(stdin=stdin).message == "cannot read <stdin>: it is closed"
    directory = os.open(tmp_path, os.O_RDONLY)
    try:
        assert refusal(stdin=directory).message == "cannot read <stdin>: Is a directory"
    finally:
        os.close(directory)
