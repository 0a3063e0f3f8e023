"""R15: whatever ends the program, the old file stays as it was and no other is left."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest
from tests.waiting import PATIENCE, unread, wait_until

from aimath.render import _temporary

pytestmark = pytest.mark.slow

ROWS = b"".join(b"%d 0.5\n" % k for k in range(20_000))
OLD = b"old\n"
SPARED = {getattr(signal, name, None) for name in _temporary._HARMLESS}
ENDING = sorted(signal.valid_signals() - SPARED - {signal.SIGSTOP, signal.SIGXFSZ})  # Python ignores SIGXFSZ
UNHANDLED = {signal.SIGKILL, *(getattr(signal, name) for name in _temporary._FAULTS)}
KINDS = {"nameless": {}, "named": {"set": ["aimath.render._temporary", "_NAMELESS", 0]}}
"""The worlds of a file system that has files without a name, and of one that has none."""
STREAMS = {
    "csv": ["softmax", "--out", "x.csv"],
    "npy": ["softmax", "--out", "x.npy"],
    "svg": ["softmax", "--out", "x.svg"],
    "sweep": ["softmax", "--temperature", "1,2,3", "--json", "--out", "x.json"],
}


def is_written(process, directory):
    """Return whether the process has a file of the directory open that is not whole yet."""
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            name = str(entry.readlink())
        except OSError:
            continue
        if name.startswith(f"{directory}/") and ("(deleted)" in name or "/.aimath-" in name):
            return True
    return False


def begun(warm, words, cwd, **how):
    """Start a run that waits for more rows, and give its process and the pipe that it reads."""
    reader, writer = os.pipe()
    process = warm.begin(*words, stdin=reader, cwd=str(cwd), **how)
    os.close(reader)
    os.write(writer, ROWS[:60_000].rpartition(b"\n")[0])
    wait_until(lambda: is_written(process, cwd))
    return process, writer


def left(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ignored", [[], [signal.SIGINT], [signal.SIGINT, signal.SIGHUP]], ids=len)
def test_every_signal(warm, tmp_path, kind, ignored):
    (tmp_path / "x.csv").write_bytes(OLD)
    for number in ENDING:
        if number in ignored or (kind == "named" and number in UNHANDLED):
            continue
        process, writer = begun(warm, STREAMS["csv"], tmp_path, ignored=ignored, **KINDS[kind])
        assert (len(left(tmp_path)) == 2) == (kind == "named")
        os.kill(process, number)
        ran = warm.end()
        os.close(writer)
        assert ran.code == (-number if number in UNHANDLED else 128 + number)
        assert (ran.out, ran.err, left(tmp_path)) == (b"", b"", {"x.csv": OLD}), number


@pytest.mark.parametrize("kind", KINDS)
def test_ignored_signal_lets_the_file_be_finished(warm, tmp_path, kind):
    """As in the background jobs of sh, and under nohup."""
    ignored = [signal.SIGINT, signal.SIGHUP, signal.SIGTERM]
    process, writer = begun(warm, STREAMS["csv"], tmp_path, ignored=ignored, **KINDS[kind])
    for number in ignored:
        os.kill(process, number)
    os.write(writer, b"\n1 1\n")
    os.close(writer)
    ran = warm.end()
    assert (ran.code, ran.err) == (0, b"")
    assert left(tmp_path)["x.csv"].endswith(b"\n0.5,0.5\n")
    assert len(left(tmp_path)) == 1


@pytest.mark.parametrize("form", STREAMS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_form(warm, tmp_path, form, kind):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        process, writer = begun(warm, STREAMS[form], tmp_path, **KINDS[kind])
        os.kill(process, number)
        ran = warm.end()
        os.close(writer)
        assert (ran.code, ran.err, left(tmp_path)) == (128 + number, b"", {}), number


def big(tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, np.random.default_rng(0).standard_normal((200, 70)))
    return str(path)


DESCENT = ["gd", "--function", "(w-3)^2", "--start", "w=10", "--out", "x.csv"]
MOMENTS = 15
RUNS = {
    "descent": [*DESCENT, "--steps", "9000"],
    "sweep": [*DESCENT, "--lr", "lin:.01:.2:9", "--steps", "1000"],
    "factors": ["svd-approx", "MATRIX", "--rank", "60", "--save-factors", "a.npy", "b.npy", "--out", "x.csv"],
    "picture": ["softmax", "3", "1", "0", "--plot", "--explain", "--out", "x.svg"],
    "array": ["matmul", "MATRIX", "randn:70x400", "--out", "x.npy"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("run", RUNS)
def test_at_any_moment(warm, tmp_path, run, kind):
    """Signals at moments all over the run, by the calls that it makes: files are whole or not there."""
    place = tmp_path / "out"
    place.mkdir()
    words = [big(tmp_path) if word == "MATRIX" else word for word in RUNS[run]]
    how = {"cwd": str(place), **KINDS[kind]}
    ran = warm(*words, **how, interrupt=[signal.SIGTERM, 0])
    assert (ran.code, ran.calls > 10 * MOMENTS) == (0, True)
    whole, calls = left(place), ran.calls
    for k in range(MOMENTS):
        for path in place.iterdir():
            path.unlink()
        number = (signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)[k % 3]
        moment = [number, int(calls * (k + 0.5) / MOMENTS)]
        ran = warm(*words, ignored=[signal.SIGINT] * (k % 2), interrupt=moment, **how)
        assert ran.code in {-number, 128 + number}, moment
        there = left(place)
        assert there.keys() <= whole.keys(), (number, there.keys())
        assert all(data == whole[name] for name, data in there.items())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("closed", [[1], [2], [1, 2], [0, 1, 2]])
def test_closed_streams(warm, tmp_path, closed, kind):
    """Nothing is written into the file under the number of a standard stream that is closed."""
    for more in ([], ["--plot"], ["--temperature", "1,2"]):
        words = ["softmax", "2", "1", "--out", "x.csv", *more]
        assert warm(*words, cwd=str(tmp_path)).code == 0
        whole = left(tmp_path)
        ran = warm(*words, cwd=str(tmp_path), closed=closed, **KINDS[kind])
        assert (ran.code, left(tmp_path)) == (0, whole)
        (tmp_path / "x.csv").unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_reader_of_the_picture_that_went_away(warm, tmp_path, kind):
    reader, writer = os.pipe()
    os.close(reader)
    ran = warm(
        "softmax", "2", "1", "--plot", "--out", "x.csv", cwd=str(tmp_path), stderr=writer, **KINDS[kind]
    )
    os.close(writer)
    assert (ran.code, left(tmp_path)) == (141, {})


@pytest.mark.parametrize(
    "words", [RUNS["factors"], RUNS["array"], STREAMS["sweep"]], ids=lambda words: words[0]
)
@pytest.mark.parametrize("name", ["write", "open", "fsync", "close", "replace", "link", "sendfile"])
@pytest.mark.parametrize("error", [errno.EIO, 0])
def test_nth_call_that_fails(warm, tmp_path, words, name, error):
    """Of the system, or for want of memory: what is there is whole, and both factors are or none."""
    place = tmp_path / "out"
    place.mkdir()
    words = [big(tmp_path) if word == "MATRIX" else word for word in words]
    assert warm(*words, stdin=ROWS[:4000].rpartition(b"\n")[0], cwd=str(place)).code == 0
    whole = left(place)
    assert whole
    for n in count(1):
        for path in place.iterdir():
            path.unlink()
        ran = warm(
            *words, stdin=ROWS[:4000].rpartition(b"\n")[0], cwd=str(place), fail=["os", name, n, error]
        )
        there = left(place)
        assert there.keys() <= whole.keys(), n
        assert all(data == whole[file] for file, data in there.items()), n
        assert len(there.keys() & {"a.npy", "b.npy"}) != 1, n
        if ran.calls < n:
            break
    assert (ran.code, there) == (0, whole)


def test_background_job_of_sh_that_is_killed(tmp_path):
    """The line of the report: SIGINT is ignored there, and SIGTERM left a file."""
    line = f"{sys.executable} -m aimath softmax --out s.csv < in & read go; kill $!; wait $!"
    os.mkfifo(tmp_path / "in")
    holder = os.open(tmp_path / "in", os.O_RDWR)
    os.write(holder, ROWS[:40_000])
    with subprocess.Popen(["sh", "-c", line], cwd=tmp_path, stdin=PIPE, stdout=PIPE, stderr=PIPE) as shell:
        wait_until(lambda: not unread(holder))
        out, err = shell.communicate(b"go\n", timeout=PATIENCE)
    os.close(holder)
    assert (shell.returncode, out, err) == (143, b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("data", [b"", b"x\n", b"1 x\n", b"\xff\n", b"1 2\n3\n"])
@pytest.mark.parametrize("source", ["-", "nofile.npy", "@nofile.csv", "bad.npy", "1 2; 3"])
def test_rows_that_stand_in_write_no_file(warm, tmp_path, source, data):
    """Options are looked at with rows that stand in for those that can't be read: once they were saved."""
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00v")
    words = ["svd-approx", source, "--rank", "1", "--save-factors", "a.npy", "b.npy"]
    ran = warm(*words, stdin=data, cwd=str(tmp_path))
    assert ran.code in {0, 1, 2}
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npy"]
    for wrong in (["a.txt", "b.npy"], ["a.npy", "a.npy"]):
        assert warm(*words[:5], *wrong, stdin=data, cwd=str(tmp_path)).code == 2 or source == "1 2; 3"
