"""What all tests share: hypothesis' profiles, and the ways to run the program."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from tests.warm import Warm

# One thread for these tests' own matrices too: two that wait for each other on busy cores take ten times as
# long. What the tests start settles that for itself.
with mock.patch.dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"):
    import numpy  # noqa: F401, ICN001

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-interface",
        action="store_true",
        help="write anew the names that tests/test_interface.py holds",
    )


def pytest_xdist_auto_num_workers(config):
    """Take every core for the whole and for folders; a file or a test by name starts sooner in one process."""
    named = [Path(word.split("::")[0]) for word in config.invocation_params.args if not word.startswith("-")]
    return 0 if any(path.suffix == ".py" for path in named) else len(os.sched_getaffinity(0))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark as slow all but one of n cases of each test that is `sampled(n)`, of each test others."""
    counts = {}
    for item in items:
        marker, (test, bracket, _) = item.get_closest_marker("sampled"), item.nodeid.partition("[")
        if marker and bracket:
            counts[test] = counts.get(test, zlib.crc32(test.encode())) + 1
            if counts[test] % marker.args[0]:
                item.add_marker(pytest.mark.slow)


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def aimath(capfdbinary, monkeypatch, tmp_path):
    """Run `aimath ARGUMENTS` in this process, with `stdin` as its standard input (a pipe's bytes)."""
    from aimath.cli.app import invoke

    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, stdin: str | bytes = b"") -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        source = tmp_path / ".stdin"
        source.write_bytes(data)
        saved = os.dup(0)
        with source.open("rb") as file:
            os.dup2(file.fileno(), 0)
        try:
            code = invoke([str(argument) for argument in arguments])
        finally:
            os.dup2(saved, 0)
            os.close(saved)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Ran(code, out.decode(), err.decode())

    return run


@pytest.fixture
def answered(aimath):
    """Run what must be answered, with nothing else to say, and give the answer."""

    def run(*words: str, **options) -> str:
        ran = aimath(*words, **options)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    return run


@pytest.fixture
def refused(aimath):
    """Run what must be refused without an answer, and give what is said: a sentence, its place, a way out."""

    def run(*words: str, code: int = 2, **options) -> str:
        ran = aimath(*words, **options)
        assert (ran.code, ran.out) == (code, "")
        assert ran.err.startswith("aimath")
        assert len(ran.err.splitlines()) <= 4
        return ran.err

    return run


@pytest.fixture
def program():
    """Run `aimath ARGUMENTS` as a program of its own, as a shell would."""

    def run(*arguments: str, **options) -> subprocess.CompletedProcess:
        options.setdefault("capture_output", True)
        options.setdefault("text", True)
        options.setdefault("stdin", subprocess.DEVNULL if "input" not in options else None)
        if options["stdin"] is None:
            del options["stdin"]
        return subprocess.run([sys.executable, "-m", "aimath", *arguments], check=False, **options)

    return run


@pytest.fixture(scope="session")
def warm():
    """Run `aimath ARGUMENTS` in a world of its own, from a warm interpreter."""
    runs = Warm()
    yield runs
    runs.close()


@pytest.fixture
def at_terminal(monkeypatch):
    """Let the program believe that its output is a terminal of so many columns."""
    from aimath.cli.output import Terminal

    def be(width, *, colour=False):
        terminal = Terminal(
            is_terminal=True, width=width, height=24, colour=colour, ascii_only=False, braille=True
        )
        monkeypatch.setattr("aimath.cli.output.detect_terminal", lambda _output: terminal)
        monkeypatch.setattr("aimath.cli.output.is_terminal", lambda number: number == 1)

    return be
