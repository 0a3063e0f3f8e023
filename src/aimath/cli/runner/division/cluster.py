"""Tasks that a dask cluster shares: one that people have, or one of this machine's own processes.

Workers of the cluster get what processes of our own get (workers.py), and what they learn of
units is merged there, a few nodes at a time. They must see the files under the same paths, and have the
same aimath.
"""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import socket
import tempfile
import threading
import uuid
import warnings
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import aimath
from aimath.cli.runner.division.workers import count_cores, portable
from aimath.errors import InputError
from aimath.read.blocks import split_archive_path
from aimath.read.segments import file_of
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Self

    from aimath.cli.runner.division.workers import Handler

LOCAL = "local"
TIMEOUT = 8
"""Seconds that a scheduler has to answer, and as many for it to have a worker."""
PATIENCE, RESTARTS = 5, 11
"""Seconds after which it is asked whether there are workers, and how often in turn there may be none."""
FAN_IN = 4
"""Results of so many tasks are merged as one further task."""
LENGTH_BYTES, MAX_GREETING = 8, 1 << 20
"""Bytes in which dask says how long a message is, and the longest that greets."""
KEPT_BYTES = 32 << 20
"""Memory of up to so many bytes, glibc's most, that is freed is used again while a task runs."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _DEFAULT_THRESHOLD = -1, -3, 128 << 10


class Given(NamedTuple):
    """What workers are to do: the same for all tasks of a pool."""

    key: str
    setup: Callable[..., Handler]
    arguments: tuple[Any, ...]
    files: tuple[SharedFile, ...]


class SharedFile(NamedTuple):
    """A file or folder that workers must see."""

    typed: str
    path: str
    size: int  # -1 of a folder


class ClusterPool:
    """Workers of a dask cluster that each call `setup(*arguments)`, and its result with tasks."""

    def __init__(self, address: str, setup: Callable[..., Handler], *arguments: Any) -> None:
        self.address = address
        self.given = Given(uuid.uuid4().hex, setup, arguments, tuple(find_files(arguments)))
        self._ending = contextlib.ExitStack()
        try:
            self.client = self._ending.enter_context(_connect(address))
            self.count = self._check_workers()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what is not done, and leave the cluster."""
        self.close()

    def close(self) -> None:
        """Give back what is not done, and leave the cluster."""
        self._ending.close()

    def _check_workers(self) -> int:
        """Return how many tasks run at a time, or raise InputError if a worker can't do them."""
        told = self._ask("aimath.__version__")
        if not told:
            self._wait_for_workers()
            told = self._ask("aimath.__version__")
        for worker, version in told.items():
            if version != aimath.__version__:
                have = "no aimath" if not isinstance(version, str) else f"aimath {version}"
                why = f"its worker {worker} has {have}, and this is {aimath.__version__}"
                raise self._error(why, "install the same there")
        self._check_directories()
        threads: dict[str, int] = self.client.nthreads()
        return max(1, sum(threads.values()))

    def _ask(self, name: str) -> dict[str, Any]:
        """Return an attribute of a module in each worker; None where the module isn't."""
        from pydoc import locate  # noqa: PLC0415  of the standard library: workers have it in any case

        found: dict[str, Any] = self.client.run(locate, name, on_error="return")
        return found

    def _wait_for_workers(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=TIMEOUT)
        except Exception:  # noqa: BLE001  of several kinds in its versions
            raise self._error("it has no worker", f"start one: dask worker {self.address}") from None

    def _check_directories(self) -> None:
        """Raise InputError if a relative path is another file for a worker."""
        relative = next((one for one in self.given.files if not os.path.isabs(one.typed)), None)  # noqa: PTH117
        if relative is None:
            return
        home = os.getcwd()  # noqa: PTH109  2 ms for pathlib
        for worker, directory in self.client.run(os.getcwd, on_error="return").items():
            if directory != home:
                why = (
                    f"its worker {worker} runs in another directory, and {quote(relative.typed)} is relative"
                )
                raise self._error(why, f"write {display_path(relative.path)}")

    def _error(self, why: str, hint: str) -> InputError:
        return InputError(why, hint=hint).within(f"--dask {self.address}")

    def results(self, tasks: Sequence[Any], name: Callable[[Any], str]) -> Iterator[tuple[int, Any]]:
        """Yield (number of the task, result) in the order of the tasks; a lost task is called by its name."""
        window, at = max(8, 4 * self.count), 0
        waiting: deque[Any] = deque()
        for number, task in enumerate(tasks):
            if len(waiting) <= window // 2:
                more = tasks[at : number + window]
                waiting.extend(self._map(run_task, more))
                at += len(more)
            outcome = self._wait_for(waiting.popleft(), name(task))
            for result in outcome.results:
                yield number, result
            if outcome.error is not None:
                raise outcome.error

    def learn(self, tasks: Sequence[Any], name: Callable[[Any], str]) -> Iterator[Any]:
        """Yield what handlers learn of tasks, in their order, neighbours merged by their `join`."""
        names = [name(task) for task in tasks]
        level = self._map(run_task, tasks)
        while len(level) > FAN_IN:
            groups = [level[k : k + FAN_IN] for k in range(0, len(level), FAN_IN)]
            names = names[::FAN_IN]
            level = self._map(join_outcomes, groups)
        for future, unit in zip(level, names, strict=True):
            outcome = self._wait_for(future, unit)
            yield from outcome.results
            if outcome.error is not None:
                raise outcome.error

    def _map(self, function: Callable[..., Outcome], tasks: Sequence[Any]) -> list[Any]:
        if not tasks:
            return []
        given = [self.given] * len(tasks)
        keys = [f"aimath-{uuid.uuid4().hex}" for _ in tasks]
        with _silence():
            futures: list[Any] = self.client.map(function, given, tasks, key=keys, pure=False)
        return futures

    def _wait_for(self, future: Any, name: str) -> Outcome:
        """Return the outcome of a task, or raise InputError if there is none."""
        try:
            with _silence():
                found = self._result(future, name)
        except InputError:
            raise
        except import_module("distributed").KilledWorker:
            why = f"{name}: the workers at work on it ended, one after the other"
            raise self._error(why, "do they have enough memory?") from None
        except MemoryError:
            raise self._error(f"{name}: a worker ran out of memory", "use more or larger workers") from None
        except Exception as error:  # noqa: BLE001  what dask raises has many kinds
            why = f"{name}: {type(error).__name__}" + (f": {first}" if (first := _first_line(error)) else "")
            raise self._error(why, "is the cluster still there?") from None
        return found

    def _result(self, future: Any, name: str) -> Outcome:
        """Return the result of a task once there is one; InputError if there is no worker for long."""
        without = 0
        while True:
            try:
                found: Outcome = future.result(timeout=PATIENCE)
            except TimeoutError:
                without = 0 if self.client.nthreads() else without + 1
                if without > RESTARTS:
                    hint = "do they have enough memory?"
                    raise self._error(f"{name}: it has no worker any more", hint) from None
            else:
                return found


def find_files(arguments: Iterable[Any]) -> Iterator[SharedFile]:
    """Yield the files and folders of this machine that words among arguments name, each once."""
    seen: set[str] = set()
    for word in _words(arguments):
        bare = word.strip().removeprefix("@")
        names = {bare, split_archive_path(bare)[0], file_of(word) or bare} if bare else set()
        if any(sign in bare for sign in "*?["):
            names |= set(glob.glob(bare))  # noqa: PTH207  2 ms for pathlib
        for name in sorted(names - seen):
            with contextlib.suppress(OSError, ValueError):
                size = -1 if os.path.isdir(name) else os.stat(name).st_size  # noqa: PTH112, PTH116  the same
                yield SharedFile(name, os.path.abspath(name), size)  # noqa: PTH100  the same
        seen |= names


_SIGNS = {"decimal", "delimiter"}
"""Options whose value may be a point, which is no folder."""


def _words(value: Any) -> Iterator[str]:
    """Yield the texts among values, in whatever they are held."""
    value = value._asdict() if hasattr(value, "_asdict") else value
    if isinstance(value, str):
        yield value
    elif hasattr(value, "items"):
        yield from _words([one for key, one in value.items() if key not in _SIGNS])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _words(one)


@contextlib.contextmanager
def _connect(address: str) -> Iterator[Any]:
    """Open a client of a cluster, of one of this machine's own processes where that is asked for."""
    with _silence():
        try:
            distributed: Any = import_module("distributed")
        except ImportError:
            hint = "pip install 'aimath[dask]'"
            raise InputError("it needs the package distributed", hint=hint).within("--dask") from None
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with contextlib.ExitStack() as ending:
        where = ending.enter_context(_local_cluster()) if address == LOCAL else address
        if address != LOCAL:
            _check_scheduler(address)
        try:
            with _silence():
                client = distributed.Client(where, timeout=TIMEOUT, set_as_default=False)
        except Exception as error:  # noqa: BLE001  what dask raises has many kinds
            raise _no_answer(address, _first_line(error)) from None
        ending.callback(_close, client)
        yield client


def _close(client: Any) -> None:
    with contextlib.suppress(Exception), _silence():
        client.close(timeout=2)


def _check_scheduler(address: str) -> None:
    """Raise InputError if nothing listens at an address, or what does isn't dask.

    dask would wait for the one, and for the other without an end. It says first how long its greeting is.
    """
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    greeting = b""
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT / 2) as connection:
            while len(greeting) < LENGTH_BYTES and (more := connection.recv(LENGTH_BYTES - len(greeting))):
                greeting += more
    except TimeoutError:
        raise _no_answer(address, f"nothing is heard in {TIMEOUT // 2} s") from None
    except OSError as error:
        raise _no_answer(address, (error.strerror or str(error)).lower()) from None
    if len(greeting) < LENGTH_BYTES or int.from_bytes(greeting, "little") > MAX_GREETING:
        raise _no_answer(address, "what listens there is no scheduler")


def _no_answer(address: str, why: str) -> InputError:
    hint = "the address is the one that `dask scheduler` prints"
    return InputError(f"no scheduler answers: {why}", hint=hint).within(f"--dask {address}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200]


@contextlib.contextmanager
def _local_cluster() -> Iterator[Any]:
    """Start a cluster of a process for each core, which listens to this machine alone and to no browser."""
    dask, distributed = import_module("dask"), import_module("distributed")
    with contextlib.ExitStack() as ending:
        folder = ending.enter_context(
            tempfile.TemporaryDirectory(prefix="aimath-", ignore_cleanup_errors=True)
        )
        _remove_on_interrupt(folder, ending)
        _start_tracker()
        # No pages for browsers, neither of the scheduler nor of workers.
        quiet: dict[str, Any] = {
            "temporary-directory": folder,
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
        ending.enter_context(dask.config.set(quiet))
        loop = ending.enter_context(_loop_without_interrupts())
        with _silence():
            cluster = distributed.LocalCluster(
                loop=loop,
                n_workers=count_cores(),
                threads_per_worker=1,
                host="127.0.0.1",
                memory_limit=0,
                dashboard_address=None,
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL + 1,
                local_directory=folder,
            )
        ending.callback(_close_cluster, cluster)
        cluster.scheduler.http_server.stop()
        yield cluster


@contextlib.contextmanager
def _loop_without_interrupts() -> Iterator[Any]:
    """Run dask's loop in a thread that Ctrl-C doesn't reach, nor the processes that are started there.

    It goes to all processes of a terminal, and one that has just begun would say where it was.
    """
    import signal  # noqa: PLC0415  only for a cluster of this machine

    runner = import_module("distributed.utils").LoopRunner()
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else None
    try:
        runner.start()
    finally:
        if mask:
            mask(signal.SIG_SETMASK, before)
    try:
        yield runner.loop
    finally:
        with contextlib.suppress(Exception):
            runner.stop(timeout=5)


def _close_cluster(cluster: Any) -> None:
    with contextlib.suppress(Exception), _silence():
        cluster.close(timeout=5)


def _start_tracker() -> None:
    """Start the process that frees what an interrupted one leaves behind, so that it does so in silence."""
    if os.name != "posix":
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415  the same

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        resource_tracker.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before


def _remove_on_interrupt(folder: str, ending: contextlib.ExitStack) -> None:
    """Let Ctrl-C end the workers and remove their folder before it ends the program."""
    import shutil
    import signal  # noqa: PLC0415  only for a cluster of this machine

    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        return

    def end(number: int, frame: Any) -> None:
        while _kill_children() or os.path.exists(folder):  # noqa: PTH110  who lives would write there again
            shutil.rmtree(folder, ignore_errors=True)
        before(number, frame)

    signal.signal(signal.SIGINT, end)
    ending.callback(signal.signal, signal.SIGINT, before)


def _kill_children() -> bool:
    """Kill the processes that were started here, and return whether there were any."""
    from multiprocessing import active_children  # noqa: PLC0415  only for a cluster of this machine

    children = active_children()
    for child in children:
        child.kill()
        child.join()
    return bool(children)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep dask's warnings from standard error: what matters of them is told as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# what runs in the workers


class Outcome(NamedTuple):
    """What became of a task: its results up to an error, if there was one."""

    results: list[Any]
    error: BaseException | None = None


_held = threading.local()


def run_task(given: Given, task: Any) -> Outcome:
    """Return what a handler makes of a task; errors are results, so that dask tries nothing again."""
    results: list[Any] = []
    try:
        with keep_memory():
            results.extend(_handler(given)(task))
    except Exception as error:  # noqa: BLE001  it is raised where the command was typed
        return Outcome(results, _place(error, given))
    return Outcome(results)


def join_outcomes(given: Given, outcomes: Sequence[Outcome]) -> Outcome:
    """Return the results of tasks merged, up to the first error."""
    error = next((one.error for one in outcomes if one.error is not None), None)
    if error is not None:
        return Outcome([], error)
    try:
        with keep_memory():
            results = [result for one in outcomes for result in one.results]
            return Outcome(_handler(given).join(results))
    except Exception as wrong:  # noqa: BLE001  the same
        return Outcome([], portable(wrong))


def _handler(given: Given) -> Any:
    """Return what does the tasks of a pool, made once in each thread of a worker."""
    if getattr(_held, "key", None) != given.key:
        _check_directory(given)
        _held.handler = _held.key = None
        _held.handler, _held.key = given.setup(*given.arguments), given.key
    return _held.handler


def _check_directory(given: Given) -> None:
    """Raise InputError if a relative path is another file here: a worker may come later than all checks."""
    for file in given.files:
        if os.path.abspath(file.typed) != file.path:  # noqa: PTH100  2 ms for pathlib
            worker = f"a worker on {socket.gethostname()} runs in another directory"
            why = f"{worker}, and {quote(file.typed)} is relative"
            raise InputError(why, hint=f"write {display_path(file.path)}").within("--dask")


def _place(error: BaseException, given: Given) -> BaseException:
    """Return an error that goes through a pickle; where a file isn't seen, that is what is wrong."""
    for file in given.files:
        seen = os.path.exists(file.path)  # noqa: PTH110  2 ms for pathlib
        if not seen or (file.size >= 0 and os.path.getsize(file.path) != file.size):  # noqa: PTH202  the same
            how = "is another file for" if seen else "is not seen by"
            why = f"{display_path(file.path)} {how} a worker on {socket.gethostname()}"
            return InputError(why, hint="workers must see the same files under the same paths").within(
                "--dask"
            )
    return portable(error)


@contextlib.contextmanager
def keep_memory() -> Iterator[None]:
    """Let freed memory be used again while a task runs, and give it back at its end.

    dask sets glibc's MALLOC_TRIM_THRESHOLD_ to 64 KiB: then every array of 128 KiB is asked of the system,
    page by page, and given back, which takes longer than what is computed of it.
    """
    try:
        import ctypes  # noqa: PLC0415  only in workers

        libc = ctypes.CDLL(None)
        mallopt, trim = libc.mallopt, libc.malloc_trim
    except (ImportError, OSError, AttributeError, TypeError):  # no glibc
        yield
        return
    before = _thresholds(os.environ)
    mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
    mallopt(_M_TRIM_THRESHOLD, 4 * KEPT_BYTES)
    try:
        yield
    finally:
        for which, value in before:
            mallopt(which, value)
        trim(0)


def _thresholds(environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Yield what glibc's thresholds were when the process began."""
    for which, name in ((_M_TRIM_THRESHOLD, "TRIM"), (_M_MMAP_THRESHOLD, "MMAP")):
        text = environment.get(f"MALLOC_{name}_THRESHOLD_", "")
        yield which, int(text) if text.isdecimal() and len(text) < 10 else _DEFAULT_THRESHOLD
