"""Signals, full disks, closed descriptors and the end of memory: a clear end, and nothing left behind."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import PATIENCE

from aimath.cli.errors import report_error

pytestmark = pytest.mark.slow

AIMATH = [sys.executable, "-m", "aimath"]
ROWS = b"".join(b"%d 0.5\n" % k for k in range(20_000))


def started(*words, **options):
    """Begin a stream that waits for more rows, once it has answered some."""
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    run = subprocess.Popen([*AIMATH, *words], **options)
    run.stdin.write(ROWS)
    run.stdin.flush()
    return run


def limited(size):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


def test_interrupted_stream_ends_silently():
    run = started("softmax")
    assert run.stdout.readline().startswith(b"0.37")
    more, run.stdin = run.stdin, None  # stays open: the stream hasn't ended when the signal comes
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=PATIENCE)[1] == b""
    assert run.returncode == 130
    more.close()


def test_reader_that_goes_away_is_no_error_and_a_long_sweep_is_not_held():
    shell = f"ulimit -v 400000; {' '.join(AIMATH)} softmax --temperature lin:1:2:1000 --json | head -n 1"
    ran = subprocess.run(
        ["bash", "-c", f"{shell}; exit ${{PIPESTATUS[0]}}"], input=ROWS, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stderr, ran.stdout.count(b"\n")) == (141, b"", 1)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["softmax", "--help"], []])
def test_help_that_nobody_gets_is_an_error(warm, words):
    with Path("/dev/full").open("wb", buffering=0) as full:
        for how, why in (({"closed": [1]}, "closed"), ({"stdout": full.fileno()}, "no space left on device")):
            ran = warm(*words, **how)
            assert ran.code == 1
            assert "error: standard output" in ran.text
            assert why in ran.text


def test_plot_for_a_closed_stderr_is_not_written_into_the_file(tmp_path):
    line = f"{' '.join(AIMATH)} softmax 0 0 --plot --out {tmp_path}/x.csv 2>&-"
    ran = subprocess.run(["sh", "-c", line], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert (tmp_path / "x.csv").read_text() == "probs_1,probs_2\n0.5,0.5\n"


@pytest.mark.parametrize(
    "words", [["softmax", "@/dev/zero"], ["describe", "--max-memory", "1M", "@/dev/zero"]]
)
def test_file_without_an_end_is_refused(program, words):
    ran = program(*words, timeout=PATIENCE)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "a line is longer than" in ran.stderr


def test_endless_column_ends_at_the_limit():
    line = f"yes 1 | {' '.join(AIMATH)} describe --max-memory 32M"
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "the limit is 32.00 MiB" in ran.stderr


@pytest.mark.parametrize("mib", [300, 340, 500])
def test_end_of_memory_is_a_message_and_no_crash(program, mib):
    line = "attention -Q randn:9000x1 -K randn:9000x1 -V randn:9000x1 --fields weights --max-memory 99G"  # 618 MiB
    ran = program(*line.split(), preexec_fn=limited(mib << 20), timeout=PATIENCE)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "out of memory" in ran.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        SystemError("x"),
        RuntimeError("can't allocate lock"),
        RuntimeError("can't start new thread"),
    ],
)
def test_want_of_memory_is_told_whatever_cpython_raises(capfd, error):
    assert report_error(error, ["softmax"]) == 1
    assert capfd.readouterr().err.startswith("aimath softmax: error: out of memory\n")
    report_error(RuntimeError("x"), ["softmax"])
    assert "out of memory" not in capfd.readouterr().err
