"""The process in which a learner's function runs: it calls it on cases and reports, and may do nothing else.

Run as `python -I -B child.py FD SECONDS MEMORY`: a JSON job comes on standard input, an answer a line
goes to the descriptor FD. Writing files, other processes, the network and the libraries that would give
the answer away are refused. That guards against mistakes, not against malice: it is the user's own code.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import sys
import types
from numbers import Real
from traceback import extract_tb

import numpy as np
from numpy import (  # kept, whatever the user's file makes of them
    array as new_array,
    array_equal,
    asarray,
    float64,
    ndarray,
)

FORBIDDEN_MODULES = frozenset({"torch", "tensorflow", "jax", "scipy", "sklearn", "aimath", "keras", "cupy"})
REFUSED = {
    **dict.fromkeys(("os.fork", "os.forkpty"), "starts another process"),
    **dict.fromkeys(("os.exec", "os.posix_spawn", "os.spawn", "subprocess.Popen"), "starts another program"),
    **dict.fromkeys(("socket.connect", "socket.bind", "socket.getaddrinfo"), "goes to the network"),
    **dict.fromkeys(("os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod"), "changes files"),
    **dict.fromkeys(("os.mkdir", "os.link", "os.symlink"), "makes files"),
    **dict.fromkeys(("os.utime", "os.chown", "os.setxattr", "sqlite3.connect"), "changes files"),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), "sends a signal"),
    **dict.fromkeys(("socket.sendto", "socket.sendmsg", "socket.gethostbyname"), "goes to the network"),
    "os.system": "runs a shell", "ctypes.dlopen": "loads a library by ctypes",
    "builtins.input": "reads standard input",
}  # fmt: skip
"""What a function of arrays has no use for, by the name of Python's audit event."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
BROKEN = 86
"""The exit code when the user's function has taken away what this process needs."""
MODULE_NAME = "__verified__"
"""The name of the user's file as a module: no other file is called so."""


class Refused(BaseException):
    """The function does what none of arrays needs."""


class Guard:
    """An audit hook that refuses and remembers; it sleeps while numpy itself is imported."""

    def __init__(self) -> None:
        self.is_awake = False
        self.refused = ""

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        """Refuse an event."""
        if not self.is_awake:
            return
        said = REFUSED.get(event, "")
        if event == "open" and _opens_for_writing(args):
            said = f"writes a file, {str(args[0])[:80]!r}"
        if event == "import" and str(args[0]).partition(".")[0] in FORBIDDEN_MODULES:
            said = f"imports {str(args[0]).partition('.')[0]}"
        if said:
            self.refused = said
            raise Refused(said)


def _opens_for_writing(args: tuple[object, ...]) -> bool:
    mode, flags = args[1], args[2]
    if isinstance(mode, str):
        return any(sign in mode for sign in "wax+")
    return isinstance(flags, int) and bool(flags & WRITING)


def main() -> None:
    """Answer the job, and end at once: what the user's threads and exit handlers still do is of no use."""
    end, flush = os._exit, sys.stdout.flush
    try:
        _answer_job()
        flush()
    except BaseException:  # noqa: BLE001  a function may have broken what we need: the parent says so
        end(BROKEN)
    end(0)


def _answer_job() -> None:
    """Read the job, call the function on each case, and report each answer on a line."""
    out, seconds, memory = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    job = json.load(sys.stdin)
    np.seterr(all="ignore")
    guard = Guard()
    sys.addaudithook(guard)
    _limit(seconds, memory)
    write, encode = os.write, json.JSONEncoder().encode  # whatever the user's file makes of these names

    def report(**fields: object) -> None:
        line = encode(fields).encode() + b"\n"
        while line:
            line = line[write(out, line) :]

    guard.is_awake = True
    report(stage="started")
    try:
        functions = _load(job["path"])
    except BaseException as error:  # noqa: BLE001  whatever the user's file does
        report(stage="load", error=_describe(error, job["path"], guard))
        return
    name = job["function"]
    function = functions.get(name)
    if not callable(function):
        found = [key for key, value in functions.items() if callable(value) and not key.startswith("_")]
        report(stage="load", missing=name, found=found[:8])
        return
    report(stage="loaded", gradient=callable(functions.get(f"{name}_grad")))
    for kind, called in (("answer", function), ("gradient", functions.get(f"{name}_grad"))):
        for k, case in enumerate(job["cases"] if callable(called) else []):
            if kind == "answer" or job["gradients"][k]:
                report(stage="begin", kind=kind, case=k)
                report(stage="end", kind=kind, case=k, **_call(called, case, job["path"], guard))


def _limit(seconds: int, memory: int) -> None:
    for kind, limit in (
        (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory), (resource.RLIMIT_FSIZE, 1 << 20),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _load(path: str) -> dict[str, object]:
    """Run the user's file as a module of its own, with its folder in reach."""
    with open(path, "rb") as file:  # noqa: PTH123  as little as possible is imported here
        source = file.read()
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120
    module = types.ModuleType(MODULE_NAME)
    module.__file__ = path
    sys.modules[MODULE_NAME] = module  # where dataclasses and type hints look their names up
    exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102  it is what was asked for
    return module.__dict__


def _call(function: object, case: list[dict[str, object]], path: str, guard: Guard) -> dict[str, object]:
    """Return the answer of one case as a list with its shape, or what went wrong."""
    arguments = [_decode(part) for part in case]
    before = [argument.copy() if isinstance(argument, ndarray) else argument for argument in arguments]
    guard.refused = ""
    try:
        answer = function(*arguments)  # type: ignore[operator]  # callable, by its caller
    except BaseException as error:  # noqa: BLE001  whatever the user's function does
        return {"error": _describe(error, path, guard)}
    if guard.refused:  # and it went on
        return {"error": f"it {guard.refused}"}
    changed = [
        k
        for k, (old, new) in enumerate(zip(before, arguments, strict=True), 1)
        if isinstance(old, ndarray) and not array_equal(old, asarray(new), equal_nan=True)
    ]
    if answer is None:
        return {"error": "it returns None: is a return missing?"}
    try:
        return {**_as_numbers(answer), "changed": changed}
    except BaseException as error:  # noqa: BLE001  an object of the user's that can't be an array
        return {"error": _describe(error, path, guard)}


def _as_numbers(answer: object) -> dict[str, object]:
    """Return an answer as a list with its shape, or why it is none."""
    try:
        array = asarray(answer)
    except ValueError:
        return {"error": "it returns rows of different lengths"}
    if array.dtype.kind == "O" and all(isinstance(entry, Real) for entry in array.ravel().tolist()):
        array = array.astype(float64)  # fractions, or integers beyond 64 bits
    if array.dtype.kind not in "biuf":
        return {"error": f"it returns {_kind_of(answer, array)}"}
    if array.size > 1 << 20:
        return {"error": f"it returns {array.size} numbers"}
    values = array.astype(float64).ravel().tolist()
    return {"values": values, "shape": list(array.shape), "dtype": str(array.dtype)}


def _kind_of(answer: object, array: ndarray) -> str:
    if array.dtype.kind == "c":
        return "complex numbers, not real ones"
    strange = next((x for x in array.ravel().tolist() if not isinstance(x, Real) and x is not answer), None)
    within = f" with a {type(strange).__name__} in it" if array.ndim else ""
    return f"a {type(answer).__name__}{within}, not numbers"


def _decode(part: dict[str, object]) -> object:
    values = new_array(part["values"], float64).reshape(part["shape"])  # type: ignore[call-overload]  # JSON
    values = values.astype(str(part["dtype"]))
    return values if part["is_array"] else values.item()


def _describe(error: BaseException, path: str, guard: Guard) -> str:
    """Return what went wrong in a sentence, with the line of the user's file."""
    if guard.refused:
        return f"it {guard.refused}"
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename == path]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    where = f" in line {line}" if line else ""
    if isinstance(error, MemoryError):
        return f"it takes too much memory{where}"
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"it prints more than a megabyte{where}"
    if isinstance(error, RecursionError):
        return f"it calls itself without end{where}"
    if isinstance(error, SystemExit):
        return f"it ends the program{where}"
    if isinstance(error, NotImplementedError):
        return "it is not written yet"
    try:
        text = " ".join(
            str(getattr(error, "msg", error) if isinstance(error, SyntaxError) else error).split()
        )
    except BaseException:  # noqa: BLE001  an error of the user's that can't say what it is
        text = ""
    text = text[:200]
    return f"it raises {type(error).__name__}{where}" + (f": {text}" if text else "")


if __name__ == "__main__":
    main()
