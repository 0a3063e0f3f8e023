"""A dask cluster: the bytes of one process, also where a worker is lost; faults of clusters, each one line."""

from __future__ import annotations

import contextlib
import os
import pickle
import shlex
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tests.cli.runner.division.conftest import FORMS, LINES
from tests.covering import some_and_all, turns
from tests.waiting import PATIENCE, wait_for_the_end_of, wait_until

import aimath as package
from aimath.cli.runner.division import cluster
from aimath.cli.runner.job import Division
from aimath.core.numerics.units import UNIT_ROWS
from aimath.errors import InputError
from aimath.read import blocks

PROGRAM = Path(__file__).with_name("dask_cluster.py")
PEOPLE_WAIT = 10
"""Seconds in which an address that doesn't answer is told of."""


# without a cluster


def test_a_unit_has_as_many_rows_wherever_it_is_counted():
    assert blocks.UNIT_ROWS == UNIT_ROWS


@pytest.mark.parametrize(
    "address",
    ["tcp://", "tcp://a:0", "tcp://a:65536", "tcp://a b:1", "a:80", "http://a:80", "tls://a:80", "LOCAL",
     "tcp://a:1/x", "tcp://a:१"],
)  # fmt: skip
def test_what_is_no_address_is_refused_before_anything_is_read(refused, address):
    said = refused("describe", "@nothing.npy", "--each-column", "--dask", address)
    assert "is no address of a scheduler" in said
    assert "tcp://HOST:PORT" in said


def test_a_cluster_has_its_own_workers(refused):
    said = refused("describe", "@a.npy", "--each-column", "--dask", "local", "--workers", "2")
    assert "give one of the two" in said


def test_one_task_is_enough_for_a_cluster_that_is_named():
    assert [Division(1, None, "", "local").shares(n) for n in (0, 1, 2)] == [False, True, True]
    assert [Division(2).shares(n) for n in (0, 1, 2)] == [False, False, True]
    assert not Division(1).shares(9)


def test_files_of_words_are_found_in_whatever_holds_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", name=np.ones(3))
    Path("x-1.csv").write_text("1\n")
    Path("model").mkdir()
    held = ({"files": ["@a.npz:name", "5", "no such"], "q": ("@x-*.csv",)}, Division(state="model"), 3, None)
    found = {one.typed: one for one in cluster.find_files(held)}
    assert sorted(found) == ["a.npz", "model", "x-1.csv"]
    assert found["a.npz"] == ("a.npz", str(tmp_path / "a.npz"), Path("a.npz").stat().st_size)
    assert found["model"].size == -1
    assert [*cluster.find_files(({"decimal": ".", "q": ""}, blocks.ReadOptions()))] == []
    assert [one.typed for one in cluster.find_files(({"files": ["."]},))] == ["."]


class Doubler:
    """A handler, as commands have."""

    def __init__(self, offset):
        self.offset = offset

    def __call__(self, task):
        if task < 0:
            yield self.offset
            raise InputError("{operand} is below 0", operand="task", row=1)
        yield 2 * task + self.offset

    def join(self, results):
        return [sum(results)]


def given(*files):
    return cluster.Given("key", Doubler, (1,), files)


def test_errors_of_tasks_are_results_behind_those_before_them():
    assert cluster.run_task(given(), 3) == ([7], None)
    results, error = pickle.loads(pickle.dumps(cluster.run_task(given(), -1)))  # noqa: S301  our own
    assert results == [1]
    assert (str(error), error.row) == ("task is below 0", 1)
    joined = cluster.join_outcomes(given(), [cluster.run_task(given(), k) for k in range(3)])
    assert joined == ([9], None)
    wrong = cluster.join_outcomes(given(), [cluster.run_task(given(), k) for k in (1, -1, 2)])
    assert (wrong.results, str(wrong.error)) == ([], "task is below 0")


def test_a_file_that_a_worker_does_not_see_is_what_is_wrong(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"12345")
    seen = cluster.SharedFile("a.npy", str(path), 5)
    assert str(cluster.run_task(given(seen), -1).error) == "task is below 0"
    lost = seen._replace(path=str(tmp_path / "b.npy"))
    assert "b.npy is not seen by a worker on" in str(cluster.run_task(given(lost), -1).error)
    other = seen._replace(size=6)
    assert "a.npy is another file for a worker on" in str(cluster.run_task(given(other), -1).error)


def test_a_worker_in_another_directory_answers_nothing(tmp_path, monkeypatch):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
        (folder / "a.npy").write_bytes(b"12345")
    monkeypatch.chdir(home)
    [seen] = cluster.find_files(({"files": ["@a.npy"]},))
    assert cluster.run_task(given(seen)._replace(key="here"), 3) == ([7], None)
    monkeypatch.chdir(elsewhere)
    told = str(cluster.run_task(given(seen)._replace(key="there"), 3).error)
    assert "runs in another directory, and 'a.npy' is relative" in told


def test_memory_is_kept_while_a_task_runs_alone():
    with cluster.keep_memory():
        pass
    assert [*cluster._thresholds({"MALLOC_TRIM_THRESHOLD_": "65536"})] == [(-1, 65536), (-3, 131072)]
    assert [*cluster._thresholds({"MALLOC_TRIM_THRESHOLD_": "x", "MALLOC_MMAP_THRESHOLD_": "9"})] == [
        (-1, 131072),
        (-3, 9),
    ]


@pytest.mark.usefixtures("files")
def test_without_the_package_there_is_one_line(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = refused("describe", "@a.npy", "--each-column", "--dask", "tcp://127.0.0.1:1", code=1)
    assert "needs the package distributed" in said
    assert "aimath[dask]" in said


@contextlib.contextmanager
def listening(greeting=None):
    """Listen on a port, say something to who comes or nothing, and give the address."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet():
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])
                    if greeting is not None:
                        held[-1].sendall(greeting)
                        held[-1].close()

        threading.Thread(target=greet, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    for connection in held:
        connection.close()


@pytest.mark.slow
@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (None, "nothing is heard in 1 s"),
        (b"", "is no scheduler"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "is no scheduler"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no scheduler"),
    ],
)
def test_what_listens_and_is_no_scheduler_is_told_of_in_time(refused, monkeypatch, greeting, why):
    pytest.importorskip("distributed")
    assert cluster.TIMEOUT <= PEOPLE_WAIT
    monkeypatch.setattr(cluster, "TIMEOUT", 2 if greeting is None else 2 * PATIENCE)
    with listening(greeting) as address:
        said = refused("describe", "@a.npy", "--each-column", "--dask", address, code=1)
    assert why in said
    assert address in said


@pytest.mark.slow
@pytest.mark.usefixtures("files")
def test_where_nothing_listens_is_told_of_at_once(refused):
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    assert "connection refused" in refused(
        "lora", "base.safetensors", "tuned.safetensors", "--dask", address, code=1
    )


# with a cluster of two processes


class Running:
    """A cluster in a process of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.address = self.process.stdout.readline().strip()

    def do(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def running():
    pytest.importorskip("distributed")
    found = Running()
    yield found
    found.close()


@pytest.fixture
def beside(running, files):
    """Let the workers see the files of a test under their relative names."""
    running.do(f"go {files}")
    return running


MORE = [*LINES.values(), "entropy @a.npy --logits", "softmax @x-*.csv"]


@pytest.mark.slow
@some_and_all
@pytest.mark.parametrize("line", MORE)
def test_a_cluster_gives_the_bytes_of_one_process(aimath, beside, line, share):
    for form in turns(FORMS, MORE.index(line), share):
        wanted = aimath(*shlex.split(line), *form.split())
        assert aimath(*shlex.split(line), *form.split(), "--dask", beside.address) == wanted, form


@pytest.mark.slow
@pytest.mark.parametrize("name", ["describe", "compare target", "weights", "pca"])
def test_so_does_one_that_loses_a_worker(aimath, beside, files, name):
    line = [word.replace("@", f"@{files}/") for word in shlex.split(LINES[name])]
    line = [str(files / word) if word.endswith(".safetensors") else word for word in line]
    wanted = aimath(*line, "--json")
    beside.do(f"lose {files}/lost")
    assert aimath(*line, "--json", "--dask", beside.address) == wanted
    assert (files / "lost").exists()


@pytest.mark.slow
def test_the_line_of_the_page_is_run(aimath, beside):
    from aimath.pages.combine import ON_DASK

    [line] = [one.text for one in ON_DASK if one.kind == "command"]
    line = line.replace("BASE TUNED", "base.safetensors tuned.safetensors")
    words = line.replace("tcp://HOST:8786", beside.address).split()[1:]
    assert aimath(*words) == aimath(*words[:-2])


@pytest.mark.slow
def test_parts_are_shared_by_a_cluster_too(aimath, beside):
    line = shlex.split(LINES["compare target"])
    for i, more in ((1, ["--dask", beside.address]), (2, [])):
        aimath(*line, "--part", f"{i}/2", "--state", f"S{i}.npz", *more)
    assert aimath("combine", "S1.npz", "S2.npz").out == aimath(*line).out


@pytest.mark.slow
def test_an_error_of_a_row_is_that_of_one_process(aimath, beside):
    rows = np.load("a.npy")
    rows[17, 2] = np.nan
    np.save("bad.npy", rows)
    for line in (
        "compare @a.npy @bad.npy --logits",
        "softmax @bad.npy",
        "pca @bad.npy",
        "svd-approx @bad.npy",
    ):
        wanted = aimath(*line.split())
        assert wanted.code == 1
        assert aimath(*line.split(), "--dask", beside.address) == wanted, line


@pytest.mark.slow
def test_workers_with_another_aimath_or_none_are_one_line(refused, beside):
    line = ("describe", "@a.npy", "--each-column", "--dask", beside.address)
    try:
        beside.do("version 0.0.1")
        said = refused(*line, code=1)
        assert f"has aimath 0.0.1, and this is {package.__version__}" in said
        beside.do(f"version {package.__version__}")
        beside.do("without")
        assert "has no aimath" in refused(*line, code=1)
    finally:
        beside.do("without no more")


@pytest.mark.slow
def test_workers_elsewhere_need_whole_paths(aimath, refused, running, files, tmp_path_factory):
    running.do(f"go {tmp_path_factory.mktemp('elsewhere')}")
    said = refused("describe", "@a.npy", "--each-column", "--dask", running.address, code=1)
    assert "runs in another directory" in said
    assert f"write {files / 'a.npy'}" in said
    line = ("describe", f"@{files / 'a.npy'}", "--each-column")
    assert aimath(*line, "--dask", running.address) == aimath(*line)


@pytest.mark.slow
def test_ctrl_c_gives_back_what_is_not_done(running, tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(1_500_000, 20)))
    line = [sys.executable, "-m", "aimath", "softmax", f"@{tmp_path}/a.npy", "--dask", running.address]
    # Nobody reads what it answers, so that it can't be done before the signal comes.
    ran = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: int(running.do("tasks")) or ran.poll() is not None)
    ran.send_signal(signal.SIGINT)
    _, said = ran.communicate(timeout=PATIENCE)
    assert (ran.returncode, said) == (130, b"")
    wait_until(lambda: not int(running.do("tasks")))


@pytest.mark.slow
@pytest.mark.usefixtures("files")
def test_a_cluster_of_this_machine_listens_to_it_alone_and_leaves_nothing(program, tmp_path):
    pytest.importorskip("distributed")
    line = ("describe", "@a.npy", "--each-column", "--json")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    ran = program(*line, "--dask", "local", env=os.environ | {"TMPDIR": str(temporary)})
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, program(*line).stdout, "")
    assert [*temporary.iterdir()] == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="sockets are looked at in /proc")
@pytest.mark.usefixtures("files")
def test_nothing_listens_to_other_machines():
    pytest.importorskip("distributed")
    script = (
        "from aimath.cli.runner.division.cluster import ClusterPool\n"
        "def main():\n"
        "    with ClusterPool('local', dict) as pool:\n"
        "        import os\n"
        "        print(os.getpid(), *pool.client.run(os.getpid).values(), flush=True)\n"
        "        input()\n"
        "if __name__ == '__main__': main()\n"
    )
    Path("script.py").write_text(script)
    with subprocess.Popen(
        [sys.executable, "script.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ran:
        places = [place for pid in ran.stdout.readline().split() for place in listening_places(pid)]
        ran.communicate("\n", timeout=PATIENCE)
    assert places
    assert {host for host, _ in places} == {"0100007F"}  # 127.0.0.1
    assert 8787 not in {port for _, port in places}  # dask's page for browsers


def listening_places(pid):
    """The hosts and ports at which a process listens."""
    fds = Path(f"/proc/{pid}/fd")
    inodes = {str(fd.readlink()) for fd in fds.iterdir() if fd.is_symlink()}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                host, _, port = fields[1].partition(":")
                yield host, int(port, 16)


def session_of(leader):
    """The processes of the session that one has begun."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == leader:
                yield int(entry.name)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("begun", ["aimath-*", "aimath-*/*/worker-*"])
def test_ctrl_c_at_a_terminal_ends_a_cluster_of_this_machine_in_silence(tmp_path, begun):
    pytest.importorskip("distributed")
    line = [sys.executable, "-m", "aimath", "weights", "randn:3000x3000", "--spectra", "--dask", "local"]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with (tmp_path / "err").open("w+b") as err:
        ran = subprocess.Popen(
            line, stdout=err, stderr=err, start_new_session=True, env=os.environ | {"TMPDIR": str(temporary)}
        )
        wait_until(lambda: [*temporary.glob(begun)] or ran.poll() is not None)
        os.killpg(ran.pid, signal.SIGINT)
        assert ran.wait(PATIENCE) == 130
        wait_for_the_end_of(session_of(ran.pid))
        err.seek(0)
        assert err.read() == b""
    assert [*temporary.iterdir()] == []
