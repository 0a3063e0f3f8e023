"""Processes of our own that share tasks: their results come in the order of the tasks.

Workers are started anew (spawn), as this process has threads. They get what to do in words, file names and
ranges, not data. If one fails all end; if this process ends, however, they do too. Who may come to an end
early, with an answer, asks `is_told_to_end` between two steps.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections import deque
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.errors import InputError
from aimath.memory import retain_freed_memory
from aimath.silence import without_stderr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from typing import NoReturn, Self

    Handler = Callable[[Any], Iterable[Any]]

MAX_HELD_BYTES = 1 << 25
"""Bytes of a task's results that wait for those before them; then its worker does."""
PATIENCE = 0.1
"""Seconds after which it is asked again whether the tasks shall come to an end."""
BLAS_VARIABLES = tuple(
    f"{library}_THREADS"
    for library in ("OPENBLAS_NUM", "GOTO_NUM", "OMP_NUM", "MKL_NUM", "BLIS_NUM", "VECLIB_MAXIMUM")
)


def count_cores() -> int:
    """Return how many cores this process may use; macOS and Windows tell only of all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker(NamedTuple):
    process: SpawnProcess
    connection: Connection


class WorkerPool:
    """Workers that each call `setup(*arguments)` once, and its result with one task after the other.

    A task gives results one after the other; both go through pickles between our own processes. Those that
    have a `size`, in bytes, are held until their turn comes only up to a limit.
    """

    def __init__(self, count: int, setup: Callable[..., Handler], *arguments: Any) -> None:
        self.workers: list[_Worker] = []
        try:
            for _ in range(count):
                self.workers.append(_start(setup, arguments))
        except OSError as error:
            self.close()
            why = f"no process can be started: {(error.strerror or str(error)).lower()}"
            raise InputError(why, hint="use fewer --workers") from None
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the pool."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers, whatever they do."""
        for worker in self.workers:
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()
            worker.connection.close()
            worker.process.close()
        self.workers = []

    @property
    def count(self) -> int:
        """How many tasks are worked on at a time."""
        return len(self.workers)

    def learn(self, tasks: Sequence[Any], name: Callable[[Any], str]) -> Iterator[Any]:
        """Yield results in the order of the tasks."""
        return (result for _, result in self.results(tasks, name))

    def results(
        self, tasks: Sequence[Any], name: Callable[[Any], str], ends: Callable[[], bool] | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Yield (number of the task, result) in the order of the tasks; a lost task is called by its name.

        Once it `ends`, the workers are told so, no further task is begun, and this pool has no others.
        """
        return _Turns(self.workers, tasks, name, ends).run()


class _Turns:
    """Tasks on their way through workers."""

    def __init__(
        self,
        workers: Sequence[_Worker],
        tasks: Sequence[Any],
        name: Callable[[Any], str],
        ends: Callable[[], bool] | None,
    ) -> None:
        self.tasks, self.name, self.ends = tasks, name, ends
        self.idle = deque(workers)
        self.busy: dict[Connection, tuple[_Worker, int]] = {}
        self.held: dict[int, deque[Any]] = {}  # results by task
        self.sizes: dict[int, int] = {}
        self.done: set[int] = set()
        self.next_task, self.window = 0, 4 * len(workers)

    def run(self) -> Iterator[tuple[int, Any]]:
        """Yield results in the order of the tasks."""
        head = 0
        self._give_out(head)  # the first is begun in any case
        while head < len(self.tasks):
            self._end_early()
            self._give_out(head)
            for result in self._take(head):
                yield head, result
            if head in self.done:
                head += 1
            else:
                self._wait(head)

    def _end_early(self) -> None:
        """Begin no further task if that is asked for, and tell the workers."""
        if self.ends is None or not self.ends():
            return
        self.ends = None
        self.tasks = self.tasks[: self.next_task]
        for worker, _ in self.busy.values():
            with contextlib.suppress(OSError):  # its end is seen where it is waited for
                worker.connection.send(None)

    def _give_out(self, head: int) -> None:
        while self.idle and self.next_task < min(len(self.tasks), head + self.window):
            worker, number = self.idle.popleft(), self.next_task
            self.next_task += 1
            self.busy[worker.connection] = worker, number
            self.held[number], self.sizes[number] = deque(), 0
            try:
                worker.connection.send(self.tasks[number])
            except OSError:
                self._lose(worker, number)

    def _take(self, number: int) -> Iterator[Any]:
        waiting = self.held[number]
        self.sizes[number] = 0
        while waiting:
            result = waiting.popleft()
            if isinstance(result, _Failure):
                raise result.error
            yield result

    def _wait(self, head: int) -> None:
        """Take what workers have sent, of those whose results aren't held up."""
        from multiprocessing.connection import wait  # noqa: PLC0415  only for workers

        open_ones = [
            connection
            for connection, (_, number) in self.busy.items()
            if number == head or self.sizes[number] < MAX_HELD_BYTES
        ]
        for connection in wait(open_ones, None if self.ends is None else PATIENCE):
            worker, number = self.busy[connection]  # type: ignore[index]
            try:
                kind, value = worker.connection.recv()
            except (EOFError, OSError):
                self._lose(worker, number)
            if kind == "failed":
                self.held[number].append(_Failure(value))
                kind = "done"
            if kind == "done":
                self.done.add(number)
                del self.busy[worker.connection]
                self.idle.append(worker)
            else:
                self.held[number].append(value)
                self.sizes[number] += getattr(value, "size", 0)

    def _lose(self, worker: _Worker, number: int) -> NoReturn:
        """Raise InputError about a process that ended before its task."""
        worker.process.join(5.0)
        code = worker.process.exitcode
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        why = f"{self.name(self.tasks[number])}: the process at work on it ended by {how}"
        raise InputError(why, hint="is there enough memory? use fewer --workers") from None


class _Failure(NamedTuple):
    error: BaseException


def _start(setup: Callable[..., Handler], arguments: tuple[Any, ...]) -> _Worker:
    from multiprocessing import get_context  # noqa: PLC0415  15 ms, for workers alone

    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, setup, arguments), daemon=True)
    # Ctrl-C goes to all processes of a terminal: it is for this one to end the others.
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM}) if mask else None
    threads = {name: os.environ.get(name) for name in BLAS_VARIABLES}
    try:
        os.environ |= dict.fromkeys(BLAS_VARIABLES, "1")
        # What a worker has to say its parent says, once; one whose parent ends early would have a traceback.
        with without_stderr(), _without_main():
            process.start()
    finally:
        for name, value in threads.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if mask:
            mask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Let what is started meanwhile not run the script of this process, which may lack a guard."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


_parent: Connection | None = None
"""What a worker hears its parent by: while it is at work, that is nothing but that it shall end."""


def is_told_to_end() -> bool:
    """Return whether this process is a worker whose task shall come to an end early."""
    return _parent is not None and _parent.poll()


def _serve(connection: Connection, setup: Callable[..., Handler], arguments: tuple[Any, ...]) -> None:
    """Work on tasks until there are no more."""
    global _parent  # noqa: PLW0603  there is one in a process
    _parent = connection
    _end_with_parent()
    retain_freed_memory()
    sys.stdout = sys.stderr = None  # what is said is said once, by the parent
    handler: Handler | None = None
    try:
        while True:
            task = connection.recv()
            if task is None:
                os._exit(0)
            try:
                handler = handler or setup(*arguments)
                for result in handler(task):
                    connection.send(("result", result))
                message: tuple[str, Any] = ("done", None)
            except BaseException as error:  # noqa: BLE001  it is raised in the parent
                message = ("failed", portable(error))
            connection.send(message)
    except (EOFError, OSError):
        os._exit(0)


def portable(error: BaseException) -> BaseException:
    """Return an error that goes through a pickle."""
    import pickle  # noqa: PLC0415  only for workers

    error.__traceback__ = error.__context__ = error.__cause__ = None
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  of our own
    except Exception:  # noqa: BLE001  whatever it holds
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent() -> None:
    """Start a thread that ends this process when its parent has ended, in whatever way."""
    import threading  # noqa: PLC0415  only for workers
    from multiprocessing import parent_process  # noqa: PLC0415  the same
    from multiprocessing.connection import wait  # noqa: PLC0415  the same

    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
