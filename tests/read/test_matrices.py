"""One matrix, gone through again and again, however it is stored."""

import contextlib
import io
import os
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read import matrices
from aimath.read.blocks import ReadOptions
from aimath.read.operands import open_matrix

TABLE = np.random.default_rng(3).normal(size=(500, 7))


def opened(*tokens, flags=None, stdin=None, **reading):
    raw = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
    return open_matrix(list(tokens), "X", flags or {}, raw, ReadOptions(**reading))


def refused(*tokens, **kwargs):
    with pytest.raises(InputError) as caught:
        for _ in opened(*tokens, **kwargs)():
            pass
    return caught.value


def tensor_file(path, array, dtype):
    head = b'{"pad":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"w":{"dtype":"%b","shape":%b,"data_offsets":[3,%d]}}'
    head %= (dtype.encode(), str(list(array.shape)).encode(), 3 + array.nbytes)
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"abc" + array.tobytes())


@pytest.fixture(params=["npy", "fortran", "npz", "npz fortran", "float32", "safetensors", "csv", "json"])
def stored(request, tmp_path):
    """The table in one of the ways a file holds it."""
    kind, path = request.param, tmp_path
    if kind in ("npy", "fortran", "float32"):
        array = TABLE.astype(np.float32) if kind == "float32" else TABLE
        np.save(path / "x.npy", np.asfortranarray(array) if kind == "fortran" else array)
        return str(path / "x.npy"), array.astype(np.float64)
    if kind.startswith("npz"):
        np.savez_compressed(path / "x.npz", a=[1.0], w=np.asfortranarray(TABLE) if " " in kind else TABLE)
        return f"{path / 'x.npz'}:w", TABLE
    if kind == "safetensors":
        tensor_file(path / "x.safetensors", TABLE, "F64")
        return f"{path / 'x.safetensors'}:w", TABLE
    text = "\n".join(",".join(map(repr, row)) for row in TABLE.tolist())
    (path / f"x.{kind}").write_text(text if kind == "csv" else str(TABLE.tolist()))
    return str(path / f"x.{kind}"), TABLE


def test_every_way_can_be_read_again_and_again(stored):
    token, expected = stored
    for given in ((token,), (f"@{token}",)):
        rows = opened(*given)
        assert rows.shape == (500, 7)
        for _ in range(3):
            assert np.array_equal(np.concatenate(list(rows())), expected)
        assert np.array_equal(rows.to_array(), expected)
    assert np.array_equal(np.concatenate(list(opened(flags={"X": token})())), expected)


def test_two_passes_at_once_do_not_disturb_each_other(stored):
    token, expected = stored
    rows = matrices.reopen(token, ReadOptions(), block_bytes=560) or opened(token)
    both = list(zip(rows(), rows(), strict=True))
    assert all(np.array_equal(a, b) for a, b in both)
    assert np.array_equal(np.concatenate([a for a, _ in both]), expected)
    assert np.array_equal(rows.to_array(), expected)


@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_are_of_the_size_that_is_asked_for(tmp_path, order):
    np.save(tmp_path / "x.npy", np.asarray(TABLE, order=order))
    rows = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=560)
    assert [len(block) for block in rows()] == [10] * 50
    one = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=1)
    assert [len(block) for block in one()] == [1] * 500


@pytest.mark.slow
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_file_is_read_in_little_memory(tmp_path, order):
    np.save(tmp_path / "x.npy", np.ones((50_000, 80), order=order))  # 32 MB
    rows = opened(str(tmp_path / "x.npy"))
    tracemalloc.start()
    total = sum(float(block.sum()) for _ in range(2) for block in rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 8_000_000
    assert peak < 9 << 20


def test_what_else_a_matrix_may_be_given_as():
    assert opened("1 2; 3 4").to_array().tolist() == [[1, 2], [3, 4]]
    assert opened("1", "2").shape == (1, 2)
    assert opened("[[1,2],[3,4]]").source == ""
    assert opened(stdin=b"1 2\n3 4\n").to_array().tolist() == [[1, 2], [3, 4]]
    assert opened("-", stdin=b"1 2\n3 4\n").shape == (2, 2)
    assert opened("digits:0,1").shape == (360, 64)
    out = io.BytesIO()
    np.save(out, TABLE)
    assert np.array_equal(opened(stdin=out.getvalue()).to_array(), TABLE)


def test_randn_is_drawn_again_for_every_pass():
    rows = opened("randn:70000x17", seed=4)
    expected = np.random.default_rng(4).standard_normal((70_000, 17))
    assert len(list(rows())) == 3
    for _ in range(2):
        assert np.array_equal(np.concatenate(list(rows())), expected)
    assert opened("randn:100000x100000").shape == (100_000, 100_000)  # drawn a few rows at a time
    assert next(opened("randn:100000x100000")()).shape == (5, 100_000)


def test_the_header_of_a_csv_is_no_row(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n3,4\n")
    assert opened(str(tmp_path / "x.csv")).to_array().tolist() == [[1, 2], [3, 4]]


def test_a_pipe_is_held_whole_within_the_price(tmp_path):
    path = tmp_path / "pipe.npy"
    os.mkfifo(path)
    data = io.BytesIO()
    np.save(data, TABLE)

    def write():
        with contextlib.suppress(BrokenPipeError), path.open("wb") as out:
            out.write(data.getvalue())

    for limit in (None, 10_000):
        writer = threading.Thread(target=write)
        writer.start()
        if limit:
            assert "one matrix of 3500 numbers needs" in refused(str(path), max_memory=limit).message
        else:
            rows = opened(str(path))
            assert np.array_equal(rows.to_array(), TABLE)
            assert np.array_equal(rows.to_array(), TABLE)
        writer.join()


def test_what_is_no_single_matrix(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 3, 4)))
    np.save(tmp_path / "one.npy", np.ones((1, 1, 3, 4)))
    np.save(tmp_path / "row.npy", np.ones(3))
    assert refused(str(tmp_path / "x.npy")).message.endswith(
        "x.npy: its shape 2 x 3 x 4 is of a stack of matrices, and one is wanted"
    )
    assert opened(str(tmp_path / "one.npy")).shape == (3, 4)
    assert opened(str(tmp_path / "row.npy")).shape == (1, 3)
    (tmp_path / "x.txt").write_text("1 2\n\n3 4\n")
    assert refused(str(tmp_path / "x.txt")).message == "X: several matrices are given, and one is wanted"
    (tmp_path / "bad.txt").write_text("1 2\n3 x\n")
    assert refused(str(tmp_path / "bad.txt")).message.endswith("bad.txt:2:2: 'x' is not a number")
    (tmp_path / "none.txt").write_text("")
    assert refused(str(tmp_path / "none.txt")).message == "X: there are no rows"
    assert refused().usage


def test_files_that_lie(tmp_path):
    np.save(tmp_path / "x.npy", TABLE)
    whole = (tmp_path / "x.npy").read_bytes()
    for damaged in (whole[:-1], whole + b"1", b"1 2\n"):
        (tmp_path / "x.npy").write_bytes(damaged)
        assert "x.npy: " in refused(str(tmp_path / "x.npy")).message
    assert refused(str(tmp_path / "none.npy")).message.endswith("No such file or directory")
    (tmp_path / "x.npy").write_bytes(whole)
    assert "one row of 7 numbers needs" in refused(str(tmp_path / "x.npy"), max_memory=50).message
    with pytest.raises(InputError, match="2 times a 500 x 7 float64 matrix needs"):
        opened(str(tmp_path / "x.npy")).to_array(50_000, 2)


def test_a_file_that_changes_between_passes_is_refused(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, TABLE)
    rows = opened(str(path))
    list(rows())
    before = path.stat()
    np.save(path, TABLE[::-1])
    os.utime(
        path, ns=(before.st_atime_ns, before.st_mtime_ns + 2_000_000_000)
    )  # whatever the clock of the file system
    with pytest.raises(InputError, match=r"x\.npy: it was changed while it was read"):
        list(rows())


def test_notes_are_known_once_the_rows_were_read(tmp_path):
    wide = np.zeros((500, 7), np.int64)
    wide[450, 3] = 2**53 + 1
    for order in "CF":
        np.save(tmp_path / "x.npy", np.asarray(wide, order=order))
        rows = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=1000)
        assert rows.notes == ()
        assert len(list(rows()) + list(rows())) > 2
        assert rows.notes == ("int64 values above 2^53 were rounded",)


def test_descriptors_are_given_back(tmp_path):
    np.save(tmp_path / "x.npy", TABLE)
    rows = matrices.reopen(str(tmp_path / "x.npy"), ReadOptions(), block_bytes=560)
    open_now = Path("/proc/self/fd")
    before = len(list(open_now.iterdir()))
    for _ in range(5):
        next(rows())
    list(rows())
    assert len(list(open_now.iterdir())) == before
