"""The program from a warm interpreter, which has imported everything: a run takes 2 ms there, a start 200.

Runs that a signal may end, or that starve, have a fork of it to themselves, for 20 ms. `python -m tests.warm N`
serves requests that come, with the three standard descriptors, over socket N.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import io
import json
import mmap
import os
import resource
import shlex
import signal
import socket
import stat
import subprocess
import sys
import traceback
import warnings
from itertools import count
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from tests.waiting import PATIENCE


class Ended(NamedTuple):
    """What a run left behind; a code below 0 is the signal that ended it."""

    code: int
    out: bytes
    err: bytes
    calls: int  # of the function that was made to fail
    seconds: float  # of a processor, that a run in a process of its own took

    @property
    def text(self) -> str:
        """Its standard error."""
        return self.err.decode()


class Warm:
    """Runs `aimath ARGUMENTS` in one process, or in forks of it."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the warm interpreter."""
        self.unanswered = 0  # the process of a run that has begun and not ended
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        theirs.close()
        self.socket.settimeout(PATIENCE)

    def close(self) -> None:
        self.forget()
        self.socket.close()
        self.process.wait(PATIENCE)

    def forget(self) -> None:
        """End the run that a failed test has left behind, so that the next test sees nothing of it."""
        left, self.unanswered = self.unanswered, 0
        if left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
            self.socket.close()
            self.process.kill()
            self.process.wait(PATIENCE)
            self.start()

    def __call__(self, *arguments: str, stdin=b"", stdout=None, stderr=None, **how) -> Ended:
        """Run once. `stdin` is bytes or a descriptor; `stdout` and `stderr` are descriptors, by default held.

        `env`, `cwd`, `closed` (descriptors), `ignored` (signals), `memory` (bytes of address space above what is used),
        `fail` (module, function, n: the n-th call fails), `starve` (n: the n-th allocation of Python's fails)
        `set` (module, name, value), `warnings` and `interrupt` (signal, n: it sends itself that at the n-th call of a
        function, or counts them if n is 0) say what its world is like.
        """
        self.request(arguments, stdin, stdout, stderr, how | {"alone": bool(ALONE & how.keys())})
        return self.end()

    def begin(self, *arguments: str, stdin=b"", stdout=None, stderr=None, **how) -> int:
        """Start a run in a process of its own, and give that."""
        return self.request(arguments, stdin, stdout, stderr, how | {"alone": True})

    def request(self, arguments, stdin, stdout, stderr, how) -> int:
        """Send what to run, and give the process that runs it."""
        self.forget()
        self.held = [os.memfd_create(name) for name in ("out", "err")]
        given, source = stdin, None
        if isinstance(stdin, bytes):
            given = source = os.memfd_create("in")
            os.write(source, stdin)
            os.lseek(source, 0, os.SEEK_SET)
        three = [
            given,
            *(held if own is None else own for own, held in zip((stdout, stderr), self.held, strict=True)),
        ]
        request = json.dumps({"arguments": [os.fspath(a) for a in arguments], **how}).encode()
        socket.send_fds(self.socket, [len(request).to_bytes(4, "little")], three)
        self.socket.sendall(request)
        if source is not None:
            os.close(source)
        self.unanswered = self.answer()["process"]
        return self.unanswered

    def end(self) -> Ended:
        """Wait for the run that was begun."""
        found = self.answer()
        self.unanswered = 0
        texts = []
        for held in self.held:
            os.lseek(held, 0, os.SEEK_SET)
            with os.fdopen(held, "rb") as file:
                texts.append(file.read())
        return Ended(
            os.waitstatus_to_exitcode(found["status"]), *texts, found["calls"], found["milliseconds"] / 1000
        )

    def answer(self) -> dict[str, int]:
        size = int.from_bytes(self.socket.recv(4, socket.MSG_WAITALL), "little")
        return json.loads(self.socket.recv(size, socket.MSG_WAITALL))


ALONE = {"ignored", "starve", "set", "interrupt"}
"""Of the ways to run those that need a process that ends with the run."""


def serve(number: int) -> None:
    """Run what is requested, here or in a fork, until the other side is closed."""
    server = socket.socket(fileno=number)
    os.setsid()  # no terminal is its own
    warm_up()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)
    place = Place()
    while True:
        size, three, *_ = socket.recv_fds(server, 4, 3)
        if not size:
            return
        request = json.loads(server.recv(int.from_bytes(size, "little"), socket.MSG_WAITALL))
        if not request["alone"] and not any(is_pipe(descriptor) for descriptor in three[1:]):
            tell(server, process=os.getpid())
            code, calls = place.run(request, three)
            tell(server, status=code << 8, calls=calls, milliseconds=0)
            continue
        calls = mmap.mmap(-1, 8)
        process = os.fork()
        if not process:
            server.close()
            run(request, three, calls)
        for descriptor in three:
            os.close(descriptor)
        tell(server, process=process)
        _, status, used = os.wait4(process, 0)
        took = round(1000 * (used.ru_utime + used.ru_stime))
        tell(server, status=status, calls=int.from_bytes(calls[:8], "little"), milliseconds=took)
        calls.close()


def tell(server: socket.socket, **what: int) -> None:
    data = json.dumps(what).encode()
    server.sendall(len(data).to_bytes(4, "little") + data)


TEMPORARY = "aimath.render._temporary"
"""What --out loads for a file, and not for /dev/null: starved of memory, CPython's compiler may crash."""


def warm_up() -> None:
    """Import what commands import, by answering the example of each in the ways that load something."""
    from aimath.cli.app import invoke
    from aimath.cli.catalogue import COMMANDS, lookup

    saved = [os.dup(number) for number in (1, 2)]
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(nothing, number)
    for name in COMMANDS:
        line = shlex.split(lookup(name).example)[1:]
        for more in ((), ("--json",), ("--explain",), ("--plot",), ("--out", os.devnull), ("--explian",)):
            invoke([*line, *more])
    for number, kept in zip((1, 2), saved, strict=True):
        os.dup2(kept, number)
    for module in (
        "rich.console",
        "zipfile",
        "decimal",
        "fractions",
        "aimath.read.binary._safetensors",
        TEMPORARY,
    ):
        importlib.import_module(module)


def is_pipe(descriptor: int) -> bool:
    """Return whether it is a pipe, whose reader may go away: the writer dies of that."""
    return stat.S_ISFIFO(os.fstat(descriptor).st_mode)


def run(request, three, calls) -> None:
    """Be the program, in the world that the request describes; never returns."""
    code = 1
    try:
        os.setsid()
        settled(request)
        take_streams(request, three)
        os.closerange(3, 64)
        if "fail" in request:

            def count(n):
                calls[:8] = n.to_bytes(8, "little")

            rig(*request["fail"], count)
        sys.argv = ["aimath", *request["arguments"]]
        from aimath.__main__ import main

        if "interrupt" in request:
            interrupt_at(*request["interrupt"], calls)

        if "starve" in request:
            importlib.import_module("_testcapi").set_nomemory(request["starve"], request["starve"] + 1)
        main()
    except SystemExit as left:
        code = left.code
    except BaseException:  # noqa: BLE001  what the interpreter itself would print
        with contextlib.suppress(OSError):
            os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


class Exited(BaseException):
    """The program has ended with a code."""


def leave(code: int) -> None:
    """Take the place of os._exit."""
    raise Exited(code)


class Place:
    """This process as a place to run the program in, which leaves it as it was."""

    def __init__(self) -> None:
        # Far above the numbers that a run opens, which closes what it likes below.
        self.descriptors = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 1000 + number) for number in range(3)]
        self.nothing = fcntl.fcntl(os.open(os.devnull, os.O_RDWR), fcntl.F_DUPFD_CLOEXEC, 1003)
        self.streams = [sys.stdin, sys.stdout, sys.stderr]
        self.directory, self.environment, self.mask = Path.cwd(), dict(os.environ), os.umask(0o22)
        os.umask(self.mask)
        self.signals = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self.memory = resource.getrlimit(resource.RLIMIT_AS)
        self.filters = [*warnings.filters]
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # where closing fails files stay open
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    def run(self, request, three) -> tuple[int, int]:
        """Be the program once, and give its code and how often what was made to fail has been called."""
        from aimath import __main__ as program

        calls = [0]
        code = 1
        try:
            # Signals are ours, and a thread that waits for them would be left behind.
            with (
                mock.patch.object(program, "configure_process", configure),
                mock.patch.object(os, "_exit", leave),
            ):
                settled(request)
                take_streams(request, three)
                for descriptor in three:
                    os.close(descriptor)
                sys.argv = ["aimath", *request["arguments"]]
                with rigged(request.get("fail"), calls):
                    program.main()
        except (Exited, SystemExit) as left:
            code = left.args[0]
        except BaseException:  # noqa: BLE001  what the interpreter itself would print
            with contextlib.suppress(OSError):
                os.write(2, traceback.format_exc().encode())
        finally:
            self.restore()
        return code, calls[0]

    def restore(self) -> None:
        """Undo what a run has changed, and lose what it has not written."""
        resource.setrlimit(resource.RLIMIT_AS, self.memory)
        for number in range(3):
            os.dup2(self.nothing, number)
        for name in ("stdin", "stdout", "stderr"):
            setattr(sys, name, None)
        for number, (descriptor, name) in enumerate(
            zip(self.descriptors, ("stdin", "stdout", "stderr"), strict=True)
        ):
            os.dup2(descriptor, number)
            setattr(sys, name, self.streams[number])
        for number, handler in self.signals.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if os.environ != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        os.chdir(self.directory)
        os.umask(self.mask)
        warnings.filters[:] = self.filters


def configure() -> None:
    """Do of the start of the program what this place bears."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def settled(request) -> None:
    """Take over signals, directory, environment and limits."""
    for number in request.get("ignored", ()):
        signal.signal(number, signal.SIG_IGN)
    os.environ.update(request.get("env", {}))
    for name in request.get("unset", ()):
        os.environ.pop(name, None)
    if "set" in request:
        module, name, value = request["set"]
        setattr(importlib.import_module(module), name, value)
    if "cwd" in request:
        os.chdir(request["cwd"])
    if "memory" in request:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (used + request["memory"], hard))


def take_streams(request, three) -> None:
    """Make of the descriptors the standard streams, as Python does at its start."""
    for number, descriptor in enumerate(three):
        os.dup2(descriptor, number)
    for number in request.get("closed", ()):
        os.close(number)
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        with contextlib.suppress(OSError):
            os.fstat(number)
            raw = io.FileIO(number, "w" if number else "r", closefd=False)
            buffered = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
            setattr(
                sys,
                name,
                io.TextIOWrapper(buffered, encoding, "backslashreplace" if number == 2 else "strict"),
            )
            continue
        setattr(sys, name, None)


@contextlib.contextmanager
def rigged(fail, calls):
    """Let a call fail as long as this lasts."""
    if not fail:
        yield
        return
    owner = importlib.import_module(fail[0])
    names = [fail[1]] if isinstance(fail[1], str) else fail[1]
    real = {name: getattr(owner, name) for name in names}

    def count(n):
        calls[0] = n

    try:
        rig(*fail, count)
        yield
    finally:
        for name, function in real.items():
            setattr(owner, name, function)


def interrupt_at(number: int, n: int, calls) -> None:
    """Let this process send itself a signal at the n-th call or return of a function from here on; 0 is never."""
    seen = count(1)

    def look(*_) -> None:
        if next(seen) == n:
            os.kill(os.getpid(), number)

    leave_at_once = os._exit

    def leave_counted(code: int) -> None:
        calls[:8] = next(seen).to_bytes(8, "little")
        leave_at_once(code)

    os._exit = leave_counted
    sys.setprofile(look)


def rig(module: str, names: str | list[str], n: int, error: int, tell_count) -> None:
    """Let the n-th call of some functions fail: with `error` of the system or, if that is 0, for want of memory."""
    owner = importlib.import_module(module)
    count = 0

    def failing_as(name, real):
        def failing(*arguments, **keywords):
            nonlocal count
            if name == "write" and arguments[0] == 2:  # what is said of the failure
                return real(*arguments, **keywords)
            count += 1
            tell_count(count)
            if count == n:
                raise OSError(error, os.strerror(error)) if error else MemoryError
            return real(*arguments, **keywords)

        for method in ("reduce", "accumulate", "reduceat", "outer", "at"):  # of a ufunc
            if hasattr(real, method):
                setattr(failing, method, failing_as(method, getattr(real, method)))
        return failing

    for name in [names] if isinstance(names, str) else names:
        setattr(owner, name, failing_as(name, getattr(owner, name)))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
