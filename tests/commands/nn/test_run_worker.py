"""Sweeps of train by several processes: what one process writes, Ctrl-C, and processes that are lost."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import PATIENCE, wait_for_the_end_of, wait_until

from aimath.training.registry import RUNS

FORMS = ("", "--json", "--csv", "--explain", "--json --explain", "--format markdown --last")
SWEEPS = {
    "digits": "digits --lr .02,.01 --seed 1,2 --steps 12",
    "spiral": "spiral --width 8,9 --optimizer sgd --stop-at 5",
    "reverse": "reverse --lr .01,.003 --steps 3",
    "names": "names --arch mlp --width 8,9 --steps 3",
    "ngram": "names --arch ngram --context 2,3,2",
    "ddpm": "ddpm --seed 1,2 --steps 2 --batch 8 --width 16 --max-seconds 600",
    "vae": "vae --beta 1,2 --steps 4",
    "lora": "lora --rank 1,2 --steps 3",
    "rlhf": "rlhf --beta .1,1 --steps 20",
    "diverging": "spiral --lr .01,50,.1 --steps 40",
    "no steps": "digits --seed 1,1 --steps 0",
}


def timeless(line: str, form: str, text: str) -> list:
    """Return what a sweep printed without its measured times, which stand in a column or under a name."""
    if "--json" in form:
        return re.sub(r'"seconds":[^,}]+', "", text).splitlines()
    if "--explain" in form:
        return [
            row for row in text.splitlines() if not re.fullmatch(r"[\d.e -]+(done|going|stopped)?\s*", row)
        ]
    cells = [re.split(r"\t|,|\|", row) for row in text.splitlines()]
    place = next(k for k, cell in enumerate(cells[0]) if cell.strip() == "seconds")
    assert all(len(row) == len(cells[0]) for row in cells), line
    return [[cell for k, cell in enumerate(row) if k != place] for row in cells]


def timeless_notes(text: str) -> str:
    return re.sub(r"( in \d+ processes)? will take about \S+ s", "", text)


@pytest.mark.slow
@pytest.mark.parametrize("name", SWEEPS)
def test_several_processes_give_what_one_does(aimath, name):
    line = SWEEPS[name]
    for form in FORMS:
        ran = aimath("train", *shlex.split(line), *form.split())
        assert ran.code == (4 if name == "diverging" else 0)
        assert len(timeless(line, form, ran.out)) > 2
        for workers in ("2", "3") if form == "--json" else ("2",):
            other = aimath("train", *shlex.split(line), *form.split(), "--workers", workers)
            assert other.code == ran.code
            assert timeless(line, form, other.out) == timeless(line, form, ran.out), form
            assert timeless_notes(other.err) == timeless_notes(ran.err)


def test_every_run_has_a_sweep_here():
    assert {line.split()[0] for line in SWEEPS.values()} == {*RUNS}


@pytest.mark.slow
def test_runs_are_trained_elsewhere_and_in_the_order_of_the_line(aimath, monkeypatch):
    from aimath.cli.runner.division import workers

    begun = []
    monkeypatch.setattr(
        workers, "_start", lambda *given, start=workers._start: begun.append(1) or start(*given)
    )
    ran = aimath("train", "digits", "--steps", "300,2,1", "--csv", "--last", "--workers", "2")
    assert [line.split(",")[0] for line in ran.out.splitlines()] == ["steps", "300", "2", "1"]
    assert len(begun) == 2
    aimath("train", "digits", "--steps", "2", "--workers", "2")  # one run is not divided
    assert len(begun) == 2


@pytest.mark.slow
def test_lines_of_ones_own_go_along(aimath, tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("".join(f"{a}{b}{c}\n" for a in "abcdef" for b in "aeiou" for c in "lmnrst"))
    line = ["train", "names", str(path), "--arch", "ngram", "--context", "1,2", "--json"]
    ran, other = aimath(*line), aimath(*line, "--workers", "2")
    assert ran.code == other.code == 0
    assert timeless("", "--json", other.out) == timeless("", "--json", ran.out)


@pytest.mark.slow
def test_an_error_of_a_run_comes_behind_those_before_it_and_only_if_it_is_asked_for(aimath):
    words = ("digits", "--lr", ".1,1.7e308,.01", "--steps", "0", "--last")
    ran = aimath("train", *words, "--explain")
    assert (ran.code, ran.out.count("with lr = 0.1 the")) == (1, 1)
    assert "matmul: the result is beyond float64" in ran.err
    other = aimath("train", *words, "--explain", "--workers", "2")
    assert (other.code, other.out) == (ran.code, ran.out)
    assert timeless_notes(other.err) == timeless_notes(ran.err)
    assert aimath("train", *words, "--workers", "2").code == 0


WRONG = {
    "no number": (("digits", "--seed", "1,2", "--workers", "x"), "--workers"),
    "none": (("digits", "--seed", "1,2", "--workers", "0"), "--workers"),
    "of no run": (("--workers", "2"), "none is named"),
    "a file of several": (("digits", "--seed", "1,2", "--workers", "2", "--save", "m.safetensors"), "2 runs"),
    "too long": (("digits", "--seed", "1,2", "--workers", "2", "--steps", "90000000"), "in 2 processes will"),
    "a width that heads don't divide": (("reverse", "--heads", "1,5", "--workers", "2"), "heads"),
}


@pytest.mark.parametrize(("words", "why"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told_before_a_process_starts(refused, words, why, monkeypatch):
    monkeypatch.setattr("aimath.cli.runner.division.workers._start", None)
    assert why in refused("train", *words)


def started(tmp_path: Path, *words: str) -> subprocess.Popen:
    """Start a long sweep, and wait for its first row."""
    out = tmp_path / "out"
    line = ["train", "digits", "--steps", "50000", "--seed", "1,2,3,4", "--max-seconds", "100000", *words]
    with out.open("wb") as stdout, (tmp_path / "err").open("wb") as stderr:
        run = subprocess.Popen(
            [sys.executable, "-m", "aimath", *line], stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
        )
    wait_until(lambda: out.stat().st_size or run.poll() is not None)
    return run


def workers_of(pid: int) -> list[int]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for file in files for child in file.read_text().split()]
    return [child for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


def end(tmp_path: Path, run: subprocess.Popen, workers: list[int]) -> tuple[list[list[str]], str]:
    """Wait for a sweep and its processes, and return its rows and what it said behind its note."""
    run.wait(PATIENCE)
    assert len(workers) == 2
    wait_for_the_end_of(workers)
    note, _, said = (tmp_path / "err").read_text().partition("\n")
    assert "4 runs in 2 processes will take" in note
    text = (tmp_path / "out").read_text()
    assert text.endswith("\n")
    return [line.split("\t") for line in text.splitlines()], said


linux = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux tells of children")


@pytest.mark.slow
@linux
def test_ctrl_c_ends_the_runs_that_have_begun_after_a_step(tmp_path):
    run = started(tmp_path, "--workers", "2")
    workers = workers_of(run.pid)
    run.send_signal(signal.SIGINT)
    rows, said = end(tmp_path, run, workers)
    assert (run.returncode, said) == (130, "")
    results = [row for row in rows if row[-1] == "interrupted"]
    assert [row[0] for row in results] == ["1", "2"]
    assert all(0 <= int(row[1]) < 50000 and 0.0 < float(row[-2]) <= 1.0 for row in results)


@pytest.mark.slow
@linux
def test_a_second_ctrl_c_ends_all_at_once(tmp_path):
    run = started(tmp_path, "--workers", "2", "--json")
    workers = workers_of(run.pid)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)  # so that no step ends

    def pressed_again_ends():
        run.send_signal(signal.SIGINT)
        return run.poll() is not None

    wait_until(pressed_again_ends)
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    rows, said = end(tmp_path, run, workers)
    assert (run.returncode, said) == (130, "")
    assert "interrupted" not in str(rows)


@pytest.mark.slow
@linux
def test_a_process_that_is_killed_names_its_run(tmp_path):
    run = started(tmp_path, "--workers", "2")
    workers = workers_of(run.pid)
    os.kill(workers[-1], signal.SIGKILL)
    rows, said = end(tmp_path, run, workers)
    assert run.returncode == 1
    assert re.match(r"aimath train: error: seed [12]: the process at work on it ended by signal 9\n", said)
    assert {row[-1] for row in rows[1:]} == {"going"}
