"""Processes: the bytes of one, failures that name their unit, and none that survives."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.cli.runner.division.conftest import FORMS, LINES, ROWS
from tests.covering import some_and_all, turns
from tests.waiting import PATIENCE, wait_for_the_end_of, wait_until

from aimath.cli.runner.division.workers import WorkerPool, is_told_to_end
from aimath.errors import InputError


@pytest.mark.slow
@some_and_all
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", LINES)
def test_several_processes_give_the_bytes_of_one(aimath, name, share):
    ways = [*((form, 2) for form in FORMS), ("--json", 3), ("--json", 4)]
    for form, workers in turns(ways, [*LINES].index(name), share):
        wanted = aimath(*shlex.split(LINES[name]), *form.split())
        ran = aimath(*shlex.split(LINES[name]), *form.split(), "--workers", str(workers))
        assert ran == wanted, (form, workers)


@pytest.mark.slow
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("line", ["pca @a.npy --components 2", "svd-approx @a.npy --rank 2 --randomized"])
def test_processes_share_every_pass_over_a_matrix(aimath, line):
    wanted = aimath(*shlex.split(line), "--json")
    assert aimath(*shlex.split(line), "--json", "--workers", "3") == wanted


@pytest.mark.slow
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("others", [np.ones((7, 4)), np.ones((ROWS, 3)), np.ones((ROWS, 4), np.float32)])
def test_a_matrix_that_another_has_taken_the_place_of_is_refused(refused, monkeypatch, others):
    from aimath.cli.runner.division import sharing

    begin = sharing.Share._pool_of_rows

    def replaced_first(*given):
        np.save("a.npy", others)
        return begin(*given)

    monkeypatch.setattr(sharing.Share, "_pool_of_rows", replaced_first)
    said = refused("pca", "@a.npy", "--components", "2", "--workers", "2", code=1)
    assert "a.npy: it was changed while it was read" in said


@pytest.mark.slow
@pytest.mark.usefixtures("files")
def test_parts_may_be_shared_by_processes(aimath):
    line = shlex.split(LINES["compare target"])
    for i in (1, 2):
        aimath(*line, "--part", f"{i}/2", "--state", f"S{i}.npz", "--workers", "2")
    combined, whole = aimath("combine", "S1.npz", "S2.npz"), aimath(*line)
    assert combined._replace(err=combined.err.replace("combine", "compare")) == whole


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "4"])
def test_threads_of_blas_change_no_byte(program, tmp_path, threads):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "m.npy", rng.normal(size=(400, 300)))
    line = ["weights", str(tmp_path / "m.npy"), "--spectra", "--json"]
    wanted = program(*line).stdout
    env = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), threads)
    assert program(*line, "--workers", "2", env=env).stdout == wanted


def faults_of_blocks(task):
    """Give how many pages the system had to provide for some blocks of rows, one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(task):
        blocks = [np.ones(1 << 19) for _ in range(4)]
        del blocks
    yield resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def count_faults():
    return faults_of_blocks


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc gives memory back")
def test_workers_use_the_memory_of_blocks_for_the_next():
    with WorkerPool(1, count_faults) as pool:
        [found] = pool.learn([20], str)
    assert found < 2 * 4 * (1 << 22) / resource.getpagesize()


class Doubler:
    """A handler for the tests of pools."""

    def __init__(self, offset: int) -> None:
        self.offset = offset

    def __call__(self, task):
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if task == "leave":
            os._exit(7)
        if task == "wrong":
            raise InputError("{operand} is wrong", operand="x", row=3)
        if task == "odd":
            raise Unpicklable
        if task == "patient":
            while not is_told_to_end():
                time.sleep(0.01)
            task = 50
        if task == "sleep":
            time.sleep(600)
        yield from (2 * task + self.offset, os.getpid())


class Unpicklable(Exception):  # noqa: N818
    def __reduce__(self):
        raise TypeError


def gather(tasks, workers=2):
    with WorkerPool(workers, Doubler, 1) as pool:
        return [result for _, result in pool.results(tasks, str)][::2]


@pytest.mark.slow
def test_results_come_in_the_order_of_their_tasks():
    assert gather(list(range(50)), 3) == [2 * k + 1 for k in range(50)]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "how"), [("die", "signal 9"), ("leave", "exit code 7")])
def test_a_process_that_is_lost_names_its_unit(task, how):
    with pytest.raises(InputError, match=f"{task}: the process at work on it ended by {how}"):
        gather([1, 2, task, 3, 4])


@pytest.mark.slow
def test_errors_come_in_the_order_of_their_tasks():
    seen = []
    with pytest.raises(InputError) as caught, WorkerPool(2, Doubler, 0) as pool:
        seen += (number for number, _ in pool.results([1, 2, 3, "wrong", 4, "odd"], str))
    assert set(seen) == {0, 1, 2}
    assert (caught.value.row, caught.value.operand) == (3, "x")


@pytest.mark.slow
def test_tasks_that_have_begun_come_to_an_end_early_and_no_other_begins():
    assert not is_told_to_end()
    ends = time.monotonic() + 1.0
    with WorkerPool(2, Doubler, 1) as pool:
        told = list(pool.results([1, "patient", "patient", 4, 5], str, lambda: time.monotonic() > ends))
    assert [number for number, _ in told[::2]] == [0, 1, 2]
    assert [result for _, result in told[::2]] == [3, 101, 101]


@pytest.mark.slow
def test_the_first_task_is_begun_however_early_the_end():
    with WorkerPool(2, Doubler, 1) as pool:
        told = list(pool.results(["patient", 1, 2, 3], str, lambda: True))
    assert [number for number, _ in told[::2]] == [0, 1]


@pytest.mark.slow
def test_an_error_that_fits_no_pickle_is_told():
    with pytest.raises(RuntimeError, match="Unpicklable"):
        gather(["odd"])


@pytest.mark.slow
def test_a_script_without_a_guard_is_run_once(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(800_000.0).reshape(-1, 4))
    (tmp_path / "script.py").write_text(
        "import sys; from aimath.cli.app import invoke; print('begun', flush=True); invoke(sys.argv[1:])\n"
    )
    line = ["script.py", "softmax", "a.npy", "--workers", "2", "--out"]
    ran = subprocess.run(
        [sys.executable, *line, "two.npy"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (ran.stdout, ran.stderr) == ("begun\n", "")
    assert np.load(tmp_path / "two.npy").shape == (200_000, 4)


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        files = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for file in files for child in file.read_text().split()]
    return []


def workers_of(pid: int) -> list[int]:
    """Return the workers among the children of a process, once they are programs of their own."""
    found = []
    for child in children_of(pid):
        with contextlib.suppress(OSError):
            if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                found.append(child)
    return found


def has_mapped(pid: int, path: Path) -> bool:
    """Say whether a process has a file in its memory, or open."""
    with contextlib.suppress(OSError):
        opened = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115
        return str(path) in Path(f"/proc/{pid}/maps").read_text() or str(path) in opened
    return False


MOMENTS = {
    "a process is begun": lambda run, _: children_of(run.pid),
    "all are begun": lambda run, _: len(workers_of(run.pid)) == 3,
    "all are at work": lambda run, path: sum(has_mapped(pid, path) for pid in workers_of(run.pid)) == 3,
}


def write_more_than_is_read_in_seconds(path: Path) -> None:
    """Write a matrix of zeros that takes up no disk, and minutes to go through."""
    np.lib.format.open_memmap(path, "w+", shape=(20_000_000, 40)).flush()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux tells of children")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_process_survives(tmp_path, number, moment):
    write_more_than_is_read_in_seconds(tmp_path / "a.npy")
    line = ["softmax", str(tmp_path / "a.npy"), "--workers", "3", "--out", str(tmp_path / "o.txt")]
    (tmp_path / "o.txt").write_text("before\n")
    run = subprocess.Popen([sys.executable, "-m", "aimath", *line], stderr=subprocess.PIPE)
    wait_until(lambda: MOMENTS[moment](run, tmp_path / "a.npy") or run.poll() is not None)
    children = children_of(run.pid)
    run.send_signal(number)
    _, err = run.communicate(timeout=PATIENCE)
    assert children
    assert run.returncode in (-number, 128 + number)
    assert err == b""
    wait_for_the_end_of(children)
    assert (tmp_path / "o.txt").read_text() == "before\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.npy", "o.txt"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux tells of children")
def test_a_worker_that_is_killed_ends_all(tmp_path):
    write_more_than_is_read_in_seconds(tmp_path / "a.npy")
    line = ["softmax", str(tmp_path / "a.npy"), "--workers", "2", "--out", str(tmp_path / "o.txt")]
    run = subprocess.Popen([sys.executable, "-m", "aimath", *line], stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(workers_of(run.pid)) == 2 or run.poll() is not None)
    workers = workers_of(run.pid)
    wait_until(lambda: has_mapped(workers[0], tmp_path / "a.npy") or run.poll() is not None)
    os.kill(workers[0], signal.SIGKILL)
    _, err = run.communicate(timeout=PATIENCE)
    assert run.returncode == 1
    assert "the process at work on it ended by signal 9" in err
    assert "a.npy" in err
    wait_for_the_end_of(workers)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"]


def test_one_process_loads_nothing_for_several(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 2)))
    code = (
        "import sys; from aimath.cli.app import invoke; invoke(sys.argv[1:]); "
        "print(sorted(m for m in sys.modules if 'multiprocessing' in m or 'division.workers' in m))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "softmax", str(tmp_path / "a.npy")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[]"
