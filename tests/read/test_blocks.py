"""What reading costs, and where a bad row is."""

import subprocess
import sys
from pathlib import Path

import pytest

from aimath.errors import InputError
from aimath.read import blocks as module
from aimath.read.blocks import BadRow, check_budget, memory_limit, with_location


def test_the_price_is_said_in_numbers():
    with pytest.raises(
        InputError, match=r"^a column needs 3.00 GiB; the limit is 1.00 GiB; use --max-memory 4G$"
    ):
        check_budget(3 << 30, "a column", 1 << 30)
    check_budget(1 << 30, "a column", 1 << 30)
    check_budget(1, "a column", None)
    with pytest.raises(InputError):
        check_budget(1 << 60, "a column", None)


def test_the_memory_limit_is_the_least_of_all(monkeypatch):
    given = {
        "/proc/meminfo": ["MemTotal: 9 kB", "MemAvailable: 1000 kB"],
        "/sys/fs/cgroup/memory.max": ["max"],
    }
    monkeypatch.setattr(module, "_read_lines", lambda path: given[path])
    assert memory_limit() == 512_000
    given["/sys/fs/cgroup/memory.max"] = ["4096"]
    assert memory_limit() == 4096


def test_no_proc_and_no_resource_leave_2_gib(monkeypatch):
    def gone(*_):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", gone)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory_limit() == 2 << 30


def test_an_address_limit_counts():
    code = "import resource as r; r.setrlimit(r.RLIMIT_AS, (1 << 29,) * 2)\nfrom aimath.read.blocks import memory_limit\nprint(memory_limit())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert int(out) <= 1 << 29


def test_a_bad_row_is_located_as_a_grep_does():
    error = InputError("'0.l' is not a number", entry=2)
    assert with_location(BadRow(error, "<stdin>", 2, 3)).message == "<stdin>:2:3: '0.l' is not a number"
    assert with_location(BadRow(InputError("no"), "a\x1b.csv", 7, 1)).message == r"a\x1b.csv:7: no"
