"""A person who waits is told how far it is; a script never is."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from aimath.cli import printer
from aimath.cli.printer import Progress


def test_says_rows_when_time_has_passed_and_wipes_them(monkeypatch, capfd):
    clock = iter([0.0, 0.5, 1.0, 1.2, 1.6])
    monkeypatch.setattr(printer.time, "monotonic", lambda: next(clock))
    told = Progress("entropy", enabled=True)
    for _ in range(4):
        told.add(10)
    told.clear()
    assert capfd.readouterr().err == "\raimath entropy: 20 rows\raimath entropy: 40 rows\r" + " " * 23 + "\r"


def test_silent_unless_shown(monkeypatch, capfd):
    monkeypatch.setattr(printer, "PROGRESS_DELAY", 0.0)
    told = Progress("entropy", enabled=False)
    told.add(10)
    told.clear()
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_shown_on_a_terminal_of_errors_alone():
    terminal, other = pty.openpty()
    code = "import aimath.cli.printer as p; p.PROGRESS_DELAY = -1.0; from aimath.cli.app import invoke; invoke(['softmax'])"
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code], input=b"1 2\n", stdout=subprocess.PIPE, stderr=other, check=True
        )
        os.write(other, b"end")
        shown = b""
        while not shown.endswith(b"end"):
            shown += os.read(terminal, 1000)
        assert b"softmax: 1 rows" in shown
        assert len(ran.stdout.split()) == 2
    finally:
        os.close(terminal)
        os.close(other)
