"""What all tests share: hypothesis' profiles, and the ways to run the program."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

# Bytecode is kept, whatever the environment says: without it each of the thousand starts of a program compiles
# aimath anew, and takes more than twice as long.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell lets its background jobs ignore these, and nohup what outlives a terminal; the programs that tests
# start would ignore them too, but not what is handled here, by doing nothing.
for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
        signal.signal(getattr(signal, name), lambda *_: None)

# One thread for these tests' own matrices too: two that wait for each other on busy cores take ten times as
# long. What the tests start settles that for itself.
with mock.patch.dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"):
    import numpy  # noqa: F401, ICN001

pytest.register_assert_rewrite("tests.oracles")  # whose comparisons shall say what they saw
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=100, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", deadline=None, max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser):
    parser.addoption(
        "--rewrite-interface",
        action="store_true",
        help="write anew the names that tests/test_interface.py holds",
    )


def pytest_configure(config):
    """Try fewer examples in the quick tests of the whole, unless a profile is asked for."""
    if config.option.markexpr == "not slow" and "HYPOTHESIS_PROFILE" not in os.environ:
        settings.load_profile("dev" if is_by_name(config) else "quick")


def is_by_name(config):
    """Say whether files or tests are asked for by name, not the whole or folders of it."""
    paths = [Path(word.split("::")[0]) for word in config.args]
    return bool(config.option.keyword) or any(path.suffix == ".py" for path in paths)


def usable_cores():
    """Count the cores that these tests may use; macOS and Windows tell only of all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_xdist_auto_num_workers(config):
    """Take every core for the whole; what is asked for by name starts sooner in one process."""
    return 0 if is_by_name(config) else usable_cores()


def leave_out_exhaustive(config, items):
    """Take the tests alone that are asked for by `-m exhaustive`, or all others."""
    asked = "exhaustive" in config.option.markexpr
    for item in items:
        if item.get_closest_marker("exhaustive"):
            item.add_marker(pytest.mark.slow)
    left_out = [] if asked else [item for item in items if item.get_closest_marker("exhaustive")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]


# What is collected stays until the end: looking through it for garbage takes a third of the time of collecting,
# and then time of every test.
gc.disable()


def pytest_collection_finish():
    """Look for garbage among what tests make alone."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Look for examples in the docstrings of the package alone: those of the tests, by which this is asked, have none."""
    found = yield
    return [one for one in found if type(one) is pytest.Module]


QUICK_CASES = 3
"""Of so many cases of each test consist the quick tests of the whole; the others are slow."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Mark as slow all but some cases of each test, evenly spread, beginning at another of each."""
    leave_out_exhaustive(config, items)
    if is_by_name(config):
        return
    tests = {}
    for item in items:
        test, bracket, _ = item.nodeid.partition("[")
        if bracket and not item.get_closest_marker("slow"):
            tests.setdefault(test, []).append(item)
    for test, cases in tests.items():
        start = zlib.crc32(test.encode()) % len(cases)
        quick = {(start + k * len(cases) // QUICK_CASES) % len(cases) for k in range(QUICK_CASES)}
        for k, item in enumerate(cases):
            if k not in quick:
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
    from tests.warm import Warm  # forks, as Windows doesn't

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
