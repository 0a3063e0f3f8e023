"""The learner's function at work: in a child process of Python, or as a program that reads standard input."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aimath.errors import InputError
from aimath.text import quote
from aimath.verify.child import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aimath.verify.task import Case, Task

    Array = np.ndarray[Any, Any]

MEMORY = 2 << 30
START_SECONDS = 5.0
"""What the child may take to start, besides its time."""
END_SECONDS = 1.0
"""What it may take to end when it has said all."""
MAX_OUTPUT = 1 << 20
NUMBER = re.compile(
    r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf|nan|infinity)", re.IGNORECASE
)


class Answer(NamedTuple):
    """What the function did in one case: its values, or what went wrong."""

    kind: str  # "answer" or "gradient"
    case: int
    values: Array | None = None
    dtype: str = ""
    changed: tuple[int, ...] = ()  # arguments that it changed, from 1
    error: str = ""


class Outcome(NamedTuple):
    """All answers, or why there are none, and what was printed."""

    answers: list[Answer]
    error: str = ""
    printed: str = ""


def run_python(task: Task, cases: Sequence[Case], path: str, function: str, seconds: int) -> Outcome:
    """Run a function of a Python file on all cases in a child process, and return what it did."""
    job = {
        "path": str(Path(path).resolve()), "function": function,
        "gradients": [task.has_gradient and case.is_smooth for case in cases],
        "cases": [[_encode(part) for part in case.arguments] for case in cases],
    }  # fmt: skip
    reading, writing = os.pipe()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(  # noqa: S603  the user's own file is what is run
            [sys.executable, "-I", "-B", "-W", "ignore", str(Path(__file__).with_name("child.py")),
             str(writing), str(seconds + 1), str(MEMORY)],
            stdin=subprocess.PIPE, stdout=printed, stderr=printed, pass_fds=[writing], cwd=folder,
            start_new_session=True, env=_environment(),
        )  # fmt: skip
        os.close(writing)
        with contextlib.closing(_Pipe(reading)) as pipe:
            lines, is_late = _follow(child, pipe, json.dumps(job).encode(), seconds)
        printed.seek(0)
        text = printed.read(MAX_OUTPUT).decode(errors="replace")
    return _outcome(lines, text, child.returncode, seconds, is_late=is_late)


def _environment() -> dict[str, str]:
    """Return the environment of a child: one thread, and nothing of the user's."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class _Pipe:
    """Lines of JSON from a descriptor, as they come."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.rest = descriptor, b""

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)

    def read(self) -> list[dict[str, Any]] | None:
        """Return the lines that have come, None at the end."""
        data = os.read(self.descriptor, 1 << 16)
        if not data:
            return None
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [_report(line) for line in lines]


def _report(line: bytes) -> dict[str, Any]:
    """Return a report; what a function wrote in its place is one without a stage."""
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _follow(
    child: subprocess.Popen[bytes], pipe: _Pipe, job: bytes, seconds: float
) -> tuple[list[dict[str, Any]], bool]:
    """Return the reports of a child, and whether it was late; its time begins with the first of them."""
    lines: list[dict[str, Any]] = []
    deadline = time.monotonic() + seconds + START_SECONDS
    is_late = False
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:  # type: ignore[union-attr]  # a pipe
        stdin.write(job)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe.descriptor, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                is_late = True
                break
            more = pipe.read()
            if more is None:
                break
            if more and not lines:
                deadline = time.monotonic() + seconds
            lines += more
    if not is_late:  # it is about to say by its exit code how it ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    return lines, is_late


def _outcome(
    lines: Sequence[dict[str, Any]], printed: str, code: int, seconds: int, *, is_late: bool
) -> Outcome:
    loading = next((line for line in lines if line.get("stage") == "load"), None)
    if loading is not None:
        if "missing" in loading:
            found = ", ".join(loading["found"]) or "none"
            return Outcome([], f"it has no function {loading['missing']}; it has {found}", printed)
        return Outcome([], loading["error"], printed)
    if not any(line.get("stage") == "loaded" for line in lines):
        why = f"it takes longer than {seconds} s to load: does it loop?" if is_late else _end(code)
        return Outcome([], why, printed)
    answers = [_answer(line) for line in lines if line.get("stage") == "end"]
    begun = [line for line in lines if line.get("stage") == "begin"]
    if len(begun) > len(answers):
        late = is_late or code == -signal.SIGXCPU
        why = f"it takes longer than {seconds} s: does it loop?" if late else _end(code)
        answers.append(Answer(begun[-1]["kind"], begun[-1]["case"], error=why))
    return Outcome(answers, "", printed)


def _end(code: int) -> str:
    """Return how a child ended before its time, in words."""
    if code == BROKEN:
        return "it takes away what Python needs: does it close descriptors, or replace functions?"
    if code in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
        return "it crashes Python: does it call itself without end?"
    return "it ends the program"


def _answer(line: dict[str, Any]) -> Answer:
    if "error" in line:
        return Answer(line["kind"], line["case"], error=line["error"])
    values = np.array(line["values"], np.float64).reshape(line["shape"])
    return Answer(line["kind"], line["case"], values, line["dtype"], tuple(line["changed"]))


def _encode(part: Any) -> dict[str, Any]:
    array = np.asarray(part)
    return {
        "values": array.astype(np.float64).ravel().tolist(), "shape": list(array.shape),
        "dtype": str(array.dtype), "is_array": isinstance(part, np.ndarray),
    }  # fmt: skip


def run_program(cases: Sequence[Case], shapes: Sequence[tuple[int, ...]], line: str, seconds: int) -> Outcome:
    """Run a program on each case until the time is over: arguments on its input, numbers on its output."""
    try:
        words = shlex.split(line)
    except ValueError:
        raise InputError(f"{quote(line)} has an open quote", usage=True).within("--command") from None
    if not words:
        raise InputError("no program is named", usage=True).within("--command")
    deadline = time.monotonic() + seconds
    answers = []
    for k, (case, shape) in enumerate(zip(cases, shapes, strict=True)):
        answer = _run_once(words, k, case, shape, deadline)
        answers.append(
            answer or Answer("answer", k, error=f"it takes longer than {seconds} s: does it loop?")
        )
        if answer is None:
            break
    return Outcome(answers)


def _run_once(
    words: Sequence[str], k: int, case: Case, shape: tuple[int, ...], deadline: float
) -> Answer | None:
    """Return what a program answers in a case, None if it is late."""
    with tempfile.TemporaryFile() as given:
        given.write("\n".join(_lines(case)).encode())
        given.seek(0)
        try:
            child = subprocess.Popen(  # noqa: S603  the user's own program is what is run
                words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            why = f"{quote(words[0])} can't be run: {error.strerror or error}"
            raise InputError(why, usage=True).within("--command") from None
    try:
        streams = _outputs(child, deadline)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
    if streams is None:
        return None
    out, err = (data.decode(errors="replace") for data in streams)
    if max(map(len, streams)) > MAX_OUTPUT:
        return Answer("answer", k, error="it prints more than a megabyte")
    if code:
        last = err.strip().rpartition("\n")[2][:200]
        said = f": {last}" if last else ""
        how = f"exit code {code}" if code > 0 else f"signal {-code}"
        return Answer("answer", k, error=f"it ends with {how}{said}")
    return _parsed(out, k, shape)


def _outputs(child: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes] | None:
    """Return what a program prints, until it ends or is too much; None if it is late."""
    said = {child.stdout: b"", child.stderr: b""}
    with child.stdout, child.stderr, selectors.DefaultSelector() as selector:  # type: ignore[union-attr]  # pipes
        for stream in said:
            selector.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]  # a pipe
        while selector.get_map() and max(map(len, said.values())) <= MAX_OUTPUT:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                said[key.fileobj] += data  # type: ignore[index]  # one of the two
                if not data:
                    selector.unregister(key.fileobj)
        if not selector.get_map():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
            if child.returncode is None:
                return None
    return said[child.stdout], said[child.stderr]


def _parsed(out: str, k: int, shape: tuple[int, ...]) -> Answer:
    """Return printed numbers as an answer of this shape, if there are so many."""
    numbers = out.replace(",", " ").split()
    strange = next((word for word in numbers if not NUMBER.fullmatch(word)), None)
    if strange is not None:
        return Answer("answer", k, error=f"it prints {quote(strange)}, which is no number")
    values = np.array([float(word) for word in numbers])
    if values.size == int(np.prod(shape)):
        values = values.reshape(shape)
    return Answer("answer", k, values, "float64")


def _lines(case: Case) -> Iterator[str]:
    """Yield the arguments of a case: a line a vector or a row of a matrix, a blank one between two."""
    for k, part in enumerate(case.arguments):
        if k:
            yield ""
        array = np.asarray(part, np.float64)
        for row in np.atleast_2d(array):
            yield " ".join(map(repr, row.tolist()))
    yield ""
