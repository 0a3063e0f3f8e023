"""Large files are read ahead, in order."""

import os
import threading

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read import matrices
from aimath.read.binary import _elements
from aimath.read.blocks import ReadOptions

TABLE = np.random.default_rng(3).normal(size=(500, 7))


def test_a_large_file_is_read_ahead_in_order_to_its_end(tmp_path, monkeypatch):
    fetched, real = [], _elements.read_elements

    def watched(*asked):
        fetched.append(threading.current_thread())
        return real(*asked)

    monkeypatch.setattr(_elements, "read_elements", watched)
    monkeypatch.setattr(_elements, "PREFETCH_BYTES", 1)
    np.save(tmp_path / "x.npy", TABLE)
    rows = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=560)
    for _ in range(2):
        assert np.array_equal(np.concatenate(list(rows())), TABLE)
    assert threading.main_thread() not in fetched
    fetched.clear()
    assert np.array_equal(next(rows()), TABLE[:10])  # and no more than the next one is fetched
    assert len(fetched) <= 2
    assert threading.active_count() == 1


def test_a_large_file_that_fails_ahead_gives_what_came_before(tmp_path, monkeypatch):
    monkeypatch.setattr(_elements, "PREFETCH_BYTES", 1)
    array = np.random.default_rng(4).normal(size=(1 << 17, 1))  # more than is looked at to know the format
    np.save(tmp_path / "x.npy", array)
    blocks = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=1 << 16)()
    found = [next(blocks)]
    os.truncate(tmp_path / "x.npy", 1 << 19)
    with pytest.raises(InputError, match="truncated"):
        found.extend(blocks)
    assert len(found) > 1
    assert np.array_equal(np.concatenate(found), array[: sum(map(len, found))])


def test_without_a_thread_a_large_file_is_read_in_turn(tmp_path, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_elements, "PREFETCH_BYTES", 1)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    np.save(tmp_path / "x.npy", TABLE)
    rows = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=560)
    assert np.array_equal(np.concatenate(list(rows())), TABLE)
