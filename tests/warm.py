"""The program from a warm interpreter: a fork of one that has imported everything takes 10 ms, a start 200.

`python -m tests.warm N` serves requests that come, with the three standard descriptors, over socket N.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import mmap
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

PATIENCE = 60
"""Seconds after which a run counts as hanging."""


class Ended(NamedTuple):
    """What a run left behind; a code below 0 is the signal that ended it."""

    code: int
    out: bytes
    err: bytes
    calls: int  # of the function that was made to fail

    @property
    def text(self) -> str:
        """Its standard error."""
        return self.err.decode()


class Warm:
    """Runs `aimath ARGUMENTS` in forks of one process."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        theirs.close()
        self.socket.settimeout(PATIENCE)

    def close(self) -> None:
        self.socket.close()
        self.process.wait(PATIENCE)

    def __call__(self, *arguments: str, stdin=b"", stdout=None, stderr=None, **how) -> Ended:
        """Run once. `stdin` is bytes or a descriptor; `stdout` and `stderr` are descriptors, by default held.

        `env`, `cwd`, `closed` (descriptors), `ignored` (signals), `memory` (bytes of address space above what is used),
        `fail` (module, function, n: the n-th call fails), `starve` (n: the n-th allocation of Python's fails)
        `set` (module, name, value) and `warnings` say what its world is like.
        """
        self.begin(*arguments, stdin=stdin, stdout=stdout, stderr=stderr, **how)
        return self.end()

    def begin(self, *arguments: str, stdin=b"", stdout=None, stderr=None, **how) -> int:
        """Start a run and give its process."""
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
        return self.answer()["process"]

    def end(self) -> Ended:
        """Wait for the run that was begun."""
        found = self.answer()
        texts = []
        for held in self.held:
            os.lseek(held, 0, os.SEEK_SET)
            with os.fdopen(held, "rb") as file:
                texts.append(file.read())
        return Ended(os.waitstatus_to_exitcode(found["status"]), *texts, found["calls"])

    def answer(self) -> dict[str, int]:
        size = int.from_bytes(self.socket.recv(4, socket.MSG_WAITALL), "little")
        return json.loads(self.socket.recv(size, socket.MSG_WAITALL))


def serve(number: int) -> None:
    """Fork for every request until the other side is closed."""
    server = socket.socket(fileno=number)
    warm_up()
    while True:
        size, three, *_ = socket.recv_fds(server, 4, 3)
        if not size:
            return
        request = json.loads(server.recv(int.from_bytes(size, "little"), socket.MSG_WAITALL))
        calls = mmap.mmap(-1, 8)
        process = os.fork()
        if not process:
            server.close()
            run(request, three, calls)
        for descriptor in three:
            os.close(descriptor)
        tell(server, process=process)
        _, status = os.waitpid(process, 0)
        tell(server, status=status, calls=int.from_bytes(calls[:8], "little"))
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
    for module in ("rich.console", "zipfile", "decimal", "fractions", "aimath.read._safetensors", TEMPORARY):
        importlib.import_module(module)


def run(request, three, calls) -> None:
    """Be the program, in the world that the request describes; never returns."""
    code = 1
    try:
        settled(request, three)
        if "fail" in request:
            rig(*request["fail"], calls)
        sys.argv = ["aimath", *request["arguments"]]
        from aimath.__main__ import main

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


def settled(request, three) -> None:
    """Take over descriptors, directory, environment and limits."""
    os.setsid()
    for number in request.get("ignored", ()):
        signal.signal(number, signal.SIG_IGN)
    for number, descriptor in enumerate(three):
        os.dup2(descriptor, number)
    os.closerange(3, 64)
    for number in request.get("closed", ()):
        os.close(number)
    os.environ.update(request.get("env", {}))
    for name in request.get("unset", ()):
        os.environ.pop(name, None)
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
    if "set" in request:
        module, name, value = request["set"]
        setattr(importlib.import_module(module), name, value)
    if "cwd" in request:
        os.chdir(request["cwd"])
    if "memory" in request:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE
        resource.setrlimit(resource.RLIMIT_AS, (used + request["memory"],) * 2)


def rig(module: str, names: str | list[str], n: int, error: int, calls) -> None:
    """Let the n-th call of some functions fail: with `error` of the system or, if that is 0, for want of memory."""
    owner = importlib.import_module(module)
    count = 0

    def rigged(name, real):
        def failing(*arguments, **keywords):
            nonlocal count
            if name == "write" and arguments[0] == 2:  # what is said of the failure
                return real(*arguments, **keywords)
            count += 1
            calls[:8] = count.to_bytes(8, "little")
            if count == n:
                raise OSError(error, os.strerror(error)) if error else MemoryError
            return real(*arguments, **keywords)

        for method in ("reduce", "accumulate", "reduceat", "outer", "at"):  # of a ufunc
            if hasattr(real, method):
                setattr(failing, method, rigged(method, getattr(real, method)))
        return failing

    for name in [names] if isinstance(names, str) else names:
        setattr(owner, name, rigged(name, getattr(owner, name)))


if __name__ == "__main__":
    serve(int(sys.argv[1]))
