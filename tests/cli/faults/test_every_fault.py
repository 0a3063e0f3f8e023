"""For every command: what is full, closed, missing, read-only, narrow, dumb or interrupted."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time
from itertools import chain, count
from pathlib import Path

import numpy as np
import pytest
from tests import pseudo
from tests.cli.files import WORK, words_of
from tests.covering import some_and_all, turns
from tests.waiting import PATIENCE, seconds_of, unread, wait_until

import aimath
from aimath.cli.catalogue import COMMANDS, lookup

pytestmark = pytest.mark.slow

ALL = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
OLD = b"old\n"
ALLOCATE = [
    "array",
    "asarray",
    "empty",
    "zeros",
    "ones",
    "full",
    "arange",
    "stack",
    "where",
    "sum",
    "multiply",
]
WIDTHS = {"0": 80, "1": 20, "20": 20, "40": 40, "200": 200}
"""COLUMNS, and how wide a line may be: 0 is as if nothing were said, and 20 the least."""
TO_PASTE = re.compile(r"    (--\w+|tcp:|aimath|parallel|.*\\$)")
"""A line of a command to paste, whose words and options aren't broken."""


EXAMPLES = {name: lookup(name).example.removeprefix("aimath ") for name in ALL}
FAULTY = {name: text for name, text in EXAMPLES.items() if name not in {"generate", "gpt"}} | {
    f"files-{k}-{text.split()[0]}": text
    for k, text in enumerate(WORK)
    if not text.startswith(("verify", "demo"))
}
"""Examples and what works on files, without what trains first, starts a program or prints a derivation alone."""


@pytest.fixture(params=ALL)
def line(request):
    return shlex.split(EXAMPLES[request.param])


@pytest.fixture(params=FAULTY)
def work(request, folder):
    return words_of(FAULTY[request.param], folder)


@pytest.fixture(params=sorted(COMMANDS.keys() - set(ALL)))
def talk(request):
    """A command that writes words: it has no forms, no --out and no plot."""
    return shlex.split(lookup(request.param).example)[1:]


def said(ended, line):
    """One sentence of ours, and at most a way out."""
    first, *more = ended.text.splitlines()
    assert first.startswith(f"aimath {line[0]}: error: ")
    assert len(more) <= 1
    return first


# Descriptors


def test_full_disk(warm, work):
    full = os.open("/dev/full", os.O_WRONLY)
    for more in ((), ("--json",), ("--explain",), ("--plot", "--csv"), ("--help",)):
        ran = warm(*work, *more, stdout=full)
        assert ran.code == 1, more
        assert "standard output: no space left on device" in ran.text
    os.close(full)
    ran = warm(*work, "--out", "/dev/full")
    assert (ran.code, said(ran, work).partition("error: ")[2]) == (1, "/dev/full: no space left on device")


def test_faults_of_what_talks(warm, talk):
    said_whole = warm(*talk)
    assert (said_whole.code, said_whole.err) == (0, b"")
    with Path("/dev/full").open("wb", buffering=0) as full:
        ran = warm(*talk, stdout=full.fileno())
    assert ran.code == 1
    assert "standard output: no space left on device" in said(ran, talk)
    ran = warm(*talk, closed=[0, 1])
    assert (ran.code, ran.out) == (1, b"")
    assert "standard output is closed" in said(ran, talk)
    assert warm(*talk, closed=[2])[:3] == (0, said_whole.out, b"")
    reader, writer = os.pipe()
    os.close(reader)
    ran = warm(*talk, stdout=writer)
    os.close(writer)
    assert ran.code in {141, -signal.SIGPIPE}
    assert ran.err == b""
    assert warm(*talk, env={"PYTHONIOENCODING": "ascii"}).code == 0
    assert b"\x1b" not in warm(*talk, env={"TERM": "dumb", "FORCE_COLOR": "1"}).out


def test_closed_descriptors(warm, work):
    answer = warm(*work).out
    for closed in ([0], [2], [0, 2]):
        assert warm(*work, closed=closed)[:3] == (0, answer, b""), closed
    ran = warm(*work, closed=[0, 1])
    assert (ran.code, ran.out) == (1, b"")
    assert "standard output is closed" in said(ran, work)
    assert warm(*work, closed=[0, 1, 2])[:3] == (1, b"", b"")


def test_reader_that_went_away(warm, work):
    reader, writer = os.pipe()
    os.close(reader)
    for more in ((), ("--explain",), ("--json",), ("--help",)):
        ran = warm(*work, *more, stdout=writer)
        assert ran.code in {141, -signal.SIGPIPE}, more
        assert ran.err == b""
    os.close(writer)


# Files


@pytest.mark.parametrize("name", ["write", "open", "fchmod", "fsync", "close", "replace"])
def test_nth_call_that_fails_leaves_the_old_file(warm, work, tmp_path, name):
    file = tmp_path / "x.json"
    for n in count(1):
        file.write_bytes(OLD)
        ran = warm(*work, "--out", file, fail=["os", name, n, errno.EIO])
        assert [path.name for path in tmp_path.iterdir()] == ["x.json"], n
        if ran.code == 0:  # what failed was a courtesy, such as making the name last a power cut
            assert json.loads(file.read_bytes().splitlines()[0]), n
            assert ran.err == b"", n
        else:
            assert (ran.code, ran.out, file.read_bytes()) == (1, b"", OLD), n
            why = said(ran, work).partition(": error: ")[2]
            assert why == f"{file}: input/output error" or re.match("cannot read .*put/output error", why), n
        if ran.calls < n:  # all of them have had their turn
            break
    assert (ran.code, n > 1) == (0, True)


def test_nth_write_to_a_pipe_that_fails(warm, work):
    for more in ((), ("--explain",), ("--json",)):
        for n in count(1):
            ran = warm(*work, *more, fail=["os", "write", n, errno.EIO])
            if ran.calls < n:
                break
            assert said(ran, work).endswith("standard output: input/output error")
            assert ran.code == 1
        assert (ran.code, n > 1) == (0, True)


# Memory


def test_nth_allocation_that_fails(warm, work, tmp_path):
    file = tmp_path / "x.json"
    file.write_bytes(OLD)
    n = 1
    while True:
        ran = warm(*work, "--out", file, "--explain", "--json", fail=["numpy", ALLOCATE, n, 0])
        if ran.calls < n:
            break
        assert (ran.code, ran.out, file.read_bytes()) == (1, b"", OLD), n
        assert said(ran, work).endswith(": out of memory"), n
        assert [path.name for path in tmp_path.iterdir()] == ["x.json"], n
        n += 1 + n // 10  # some answers take hundreds
    assert (ran.code, n > 2) == (0, True)


@some_and_all
def test_nth_allocation_of_python_that_fails(warm, work, tmp_path, share, request):
    """Python allocates tens of thousands of times: a ladder of them, on other rungs for other commands."""
    pytest.importorskip("_testcapi")
    file, codes = tmp_path / "x.json", set()
    rungs = [1 + ALL.index(work[0]) % 7]
    while rungs[-1] < 60_000:
        rungs.append(rungs[-1] + 1 + rungs[-1] // 3)
    rungs = turns(rungs, [*FAULTY].index(request.node.callspec.params["work"]), share)
    beyond = (60_000 * 2**k for k in count())
    for n in chain(rungs, beyond):
        if n >= 60_000 and 0 in codes:
            break
        file.write_bytes(OLD)
        ran = warm(*work, "--out", file, "--json", starve=n)
        if ran.code == -signal.SIGSEGV:  # CPython's own code ends so, once in thousands of such runs
            ran = warm(*work, "--out", file, "--json", starve=n)
        assert [path.name for path in tmp_path.iterdir()] == ["x.json"], n
        assert ran.out == b"", n
        assert ran.code == 0 or ran.text.partition("\n")[0].endswith("error: out of memory"), (n, ran.text)
        whole = file.read_bytes()  # also where it failed after that
        assert json.loads(whole.splitlines()[0]) if whole != OLD else ran.code == 1, n
        codes |= {ran.code}
    assert codes == {0, 1}


# Surroundings


def test_barest_start(warm, line, tmp_path):
    """No environment, no home, a directory that is gone, no input, no asserts, warnings as errors, 300 MB."""
    gone = tmp_path / "gone"
    gone.mkdir()
    source = Path(aimath.__file__).parents[1]

    def bare():
        gone.rmdir()
        resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
        resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
        os.umask(0o777)
        os.close(0)

    ran = subprocess.run(
        [sys.executable, "-OO", "-W", "error", "-m", "aimath", *line],
        env={"PYTHONPATH": str(source), "LC_ALL": "tlh"}, cwd=gone, preexec_fn=bare, capture_output=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, warm(*line).out, b"")


def test_nothing_is_written_where_one_stands(warm, work, tmp_path):
    for more in ((), ("--explain",), ("--plot",)):
        assert (
            warm(*work, *more, cwd=str(tmp_path), env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}).code
            == 0
        )
    assert list(tmp_path.iterdir()) == []


def test_read_only_directory(warm, line, tmp_path):
    """Root may write anywhere, so the system's answer is given in its place."""
    ran = warm(*line, "--out", tmp_path / "x.csv", fail=["os", "open", 1, errno.EROFS])
    assert (ran.code, said(ran, line).partition("error: ")[2]) == (
        1,
        f"{tmp_path}/x.csv: read-only file system",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [(), ("--explain",), ("--plot",), ("--json",), ("--format", "table")])
def test_output_that_takes_only_ascii(warm, line, more):
    """What people read is drawn in ASCII; what programs read is the same bytes in every environment."""
    ran = warm(*line, *more, env={"PYTHONIOENCODING": "ascii"})
    for_people = "--explain" in more or "table" in more
    assert (ran.code, ran.err.isascii()) == (0, True)
    assert ran.out.isascii() if for_people else ran.out == warm(*line, *more).out


# Terminals


@pytest.mark.parametrize("more", [(), ("--explain",), ("--plot",)])
def test_width_of_a_terminal(warm, line, more):
    wide = pseudo.seen(warm, *line, *more, env={"COLUMNS": "1000", "NO_COLOR": "1"})
    for columns, width in WIDTHS.items():
        shown = pseudo.seen(warm, *line, *more, env={"COLUMNS": columns, "NO_COLOR": "1"})
        assert "\x1b" not in shown
        lines = [text for text in shown.splitlines() if not (line == ["combine"] and TO_PASTE.match(text))]
        assert [text for text in lines if len(text) > width] == [], columns
        assert not re.search(r"\d…|\d\.\.\.", shown), columns
        known = re.findall(r"\d+\.\d+", wide)
        for number in re.findall(r"(?<![\w.])\d+\.\d+", shown) if not more else ():
            assert any(full.startswith(number[:3]) for full in known), (columns, number)


@pytest.mark.parametrize("more", [(), ("--explain",), ("--plot",)])
def test_dumb_terminal_gets_no_escapes(warm, line, more):
    dumb = pseudo.seen(warm, *line, *more, env={"TERM": "dumb", "COLUMNS": "80"})
    assert "\x1b" not in dumb
    coloured = pseudo.seen(warm, *line, *more, env={"TERM": "xterm", "COLUMNS": "80"}, unset=["NO_COLOR"])
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    bare = bare.replace("red: below 0", "by size, whatever the sign")  # where there is no red
    assert [text.rstrip() for text in bare.splitlines()] == dumb.splitlines()


def test_mistakes_at_a_terminal_are_plain(warm, line):
    shown = pseudo.seen(warm, *line, "--explian", env={"TERM": "xterm"}, code=2)
    assert "\x1b" not in shown
    assert "did you mean --explain?" in shown


# Ctrl-C


@pytest.mark.parametrize("name", [name for name in ALL if lookup(name).usages[0].operands])
def test_interrupted_while_it_reads(warm, name):
    reader, writer = os.pipe()
    os.write(writer, b"1")
    process = warm.begin(name, stdin=reader)
    wait_until(lambda: not unread(reader))  # it has been read, and there will be no more
    os.close(reader)
    os.kill(process, signal.SIGINT)
    ran = warm.end()
    os.close(writer)
    assert (ran.code, ran.out, ran.err) == (130, b"", b"")


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ("eig randn:2500x2500", signal.SIGINT),
        ("svd-approx randn:3000x3000 --exact", signal.SIGTERM),
        ("matmul @{zeros} @{zeros} --max-memory 8G", signal.SIGINT),
    ],
)
def test_a_long_call_of_numpy_does_not_keep_signals_waiting(warm, tmp_path, call, number):
    """Measured by the processor's time, of which the calls take 8 seconds and more, however busy the machine is."""
    place, zeros = tmp_path / "out", tmp_path / "zeros.npy"
    place.mkdir()
    file = place / "x.csv"
    file.write_bytes(OLD)
    np.lib.format.open_memmap(zeros, "w+", shape=(6000, 6000)).flush()  # takes up no disk
    process = warm.begin(*call.format(zeros=zeros).split(), "--out", file)
    wait_until(lambda: seconds_of(process) >= 0.9)
    os.kill(process, number)
    ran = warm.end()
    assert (ran.code, ran.err) == (128 + number, b"")
    assert ran.seconds < 4
    assert [(path.name, path.read_bytes()) for path in place.iterdir()] == [("x.csv", OLD)]


@pytest.mark.parametrize("delay", [0.04, 0.06, 0.08, 0.1, 0.14])
def test_interrupted_while_it_imports(delay):
    """Before `main` it is Python's to answer, with its own traceback."""
    run = subprocess.Popen(
        [sys.executable, "-m", "aimath", "softmax"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(delay)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=PATIENCE)
    assert out == b""
    if b"aimath/__main__" in err or run.returncode == 130:  # else Python itself had not yet begun
        assert (run.returncode, err) == (130, b"")


def test_background_jobs_ignore_ctrl_c_and_so_does_aimath(tmp_path):
    ignored = f"trap '' INT; {sys.executable} -m aimath softmax < {tmp_path}/in & sleep 0.5; kill -INT $!; echo 0 0 > {tmp_path}/in; wait $!"
    os.mkfifo(tmp_path / "in")
    ran = subprocess.run(["sh", "-c", ignored], capture_output=True, check=False, timeout=PATIENCE)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"0.5 0.5\n", b"")


def test_package_that_cannot_be_loaded_is_said_in_a_line():
    # Python alone has room in 45 MB; where numpy's OpenBLAS just loads, it ends the process with words of its own.
    ran = subprocess.run(
        ["sh", "-c", f"ulimit -v 45000; exec {sys.executable} -m aimath softmax 1 2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *more = ran.stderr.splitlines()
    assert (ran.returncode, ran.stdout) == (1, "")
    assert first.startswith("aimath softmax: error: cannot load a package: ")
    assert "\\x0a" not in first
    assert more == ["  is there enough memory? if so, install aimath anew"]
