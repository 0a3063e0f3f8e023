"""State files: what is learnt of a part of the work, as a small .npz that `aimath combine` reads.

An .npz of two members, a header in JSON and the bytes of all arrays behind each other; the SHA-256 of the
file is its comment. A stranger's state is held to the rules of a stranger's .npz: no pickles, no size that
isn't there, and nothing that it holds is run.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath import __version__
from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.options import PART, OutputOptions
from aimath.cli.runner.division.units import NodeState
from aimath.errors import InputError, join_and
from aimath.read.blocks import check_budget, split_archive_path
from aimath.read.segments import file_of
from aimath.text import display_path, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aimath.cli.runner.division.work import Work
    from aimath.cli.runner.job import Job

FORMAT = 1
DIGEST_CHARS = 64
ENDS = 1 << 16
"""Bytes at both ends of a file that tell it from another."""
NOT_OPTIONS = ("part", "state", "workers", "dask", "save", "save_factors")
"""What doesn't change an answer, or writes files: no state has it."""
_DTYPE = re.compile(r"[<|](?:[fiu][1248]|b1|U[1-9][0-9]{0,5})")
_MEMBER = struct.Struct("<4s3H2HL2L2H")
"""What stands before a member of a zip: where its bytes are, and that they are stored as they are."""
_BROKEN = (KeyError, ValueError, TypeError, IndexError, AttributeError, OverflowError, ArithmeticError)


class StateHeader(NamedTuple):
    """What a state says of itself."""

    version: str
    command: str
    given: Mapping[str, Any]  # the options and operands
    inputs: tuple[tuple[str, int, str], ...]  # of each file: its name, size, and a digest of both its ends
    units: int  # of the whole
    unit_rows: int
    part: tuple[int, int]  # i of n
    span: tuple[int, int]  # the first unit, and the one behind the last


class StateFile(NamedTuple):
    """A state that was read: its header and its nodes."""

    path: str
    header: StateHeader
    nodes: list[NodeState]


def make_header(work: Work, job: Job, units: int, span: tuple[int, int]) -> StateHeader:
    """Return the header of what is learnt of some units."""
    part = job.division.part or (1, 1)
    given = {
        key: value
        for key, value in work.given.items()
        if key not in NOT_OPTIONS and value not in (None, "", False, [], ())
    }
    files = [file_of(word) for one in job.segments for word in (*one.tokens, *one.flags.values())]
    if job.command.text_parameter:
        files += [_weights_file(word) for word in (*given.get("operands", ()), given.get("against", ""))]
    inputs = tuple(_fingerprint(path) for path in dict.fromkeys(files) if path is not None)
    return StateHeader(__version__, work.command, given, inputs, units, work.unit_rows, part, span)


def _fingerprint(path: str) -> tuple[str, int, str]:
    """Return the name of a file, its size and a digest of its first and last bytes."""
    digest, total = hashlib.sha256(), 0
    files = [path]
    if os.path.isdir(path):  # noqa: PTH112  2 ms for pathlib
        names = sorted(os.listdir(path))  # noqa: PTH208  the same
        files = [f"{path}/{name}" for name in names if name.endswith((".safetensors", ".json"))]
    for name in files:
        with open(name, "rb") as file:  # noqa: PTH123  the same
            size = file.seek(0, os.SEEK_END)
            for at in (0, max(0, size - ENDS)):
                file.seek(at)
                digest.update(file.read(ENDS))
        total += size
    return path, total, digest.hexdigest()[:16]


def _weights_file(word: str) -> str | None:
    """Return the file or folder of weights that a word names."""
    path = split_archive_path(word.removeprefix("@"))[0]
    return path if path and os.path.exists(path) else None  # noqa: PTH110


def check_inputs(header: StateHeader) -> None:
    """Raise InputError if a file is another than the parts have read."""
    for path, size, digest in header.inputs:
        if not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH112, PTH113  nor a pipe, which waits
            raise InputError(f"{quote(path)}, which the parts have read, is not here")
        if _fingerprint(path) != (path, size, digest):
            raise InputError(f"{quote(path)} is another file than the parts have read")


def write_state(path: str, header: StateHeader, nodes: Iterable[NodeState]) -> None:
    """Write a state, whole or not at all."""
    import zipfile  # noqa: PLC0415  10 ms, for states alone

    import numpy as np
    import orjson

    from aimath.render.sink import AtomicFile

    data, places = bytearray(), []
    for level, index, state in nodes:
        arrays = []
        for name, values in state.items():
            array = np.asarray(values)
            kept = array.astype(array.dtype.newbyteorder("<"))
            arrays.append([name, kept.dtype.str, list(kept.shape), kept.nbytes])
            data += np.ascontiguousarray(kept).tobytes()
        places.append([level, index, arrays])
    text = orjson.dumps({"format": FORMAT, **header._asdict(), "nodes": places})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = b"0" * DIGEST_CHARS
        for name, content in (("header.npy", text), ("data.npy", bytes(data))):
            with archive.open(zipfile.ZipInfo(name), "w") as member:
                np.lib.format.write_array(member, np.frombuffer(content, np.uint8))
    body = buffer.getvalue()[:-DIGEST_CHARS]
    with AtomicFile(path, "--state") as file:
        file.write(body + hashlib.sha256(body).hexdigest().encode())


def read_state(path: str, limit: int | None = None) -> StateFile:
    """Return a state, or raise InputError if it is none, or was changed or cut."""
    try:
        return _read(path, limit)
    except InputError as error:
        if not error.places:
            error.within(display_path(path))
        raise


def _read(path: str, limit: int | None) -> StateFile:
    status = os.stat(path)  # noqa: PTH116
    if not stat.S_ISREG(status.st_mode):
        raise InputError("it is no file")
    size = status.st_size
    check_budget(3 * size, "a state", limit)
    with open(path, "rb") as file:  # noqa: PTH123
        raw = file.read(size + 1)
    body, digest = raw[:-DIGEST_CHARS], raw[-DIGEST_CHARS:]
    if not raw.startswith(b"PK\3\4") or not re.fullmatch(rb"[0-9a-f]{64}", digest):
        raise InputError("it is no state of --part, or only the beginning of one")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise InputError("it was changed or cut since it was written", hint="run that part again")
    header, behind = _member(raw, "header.npy", 0)
    data, _ = _member(raw, "data.npy", behind)
    return _parse(path, header, memoryview(data))


def _member(raw: bytes, name: str, at: int) -> tuple[bytes, int]:
    """Return the bytes of a member of a zip, which is stored as it is, and where the one behind it begins.

    zipfile would take as long for it as all else does, and 10,000 parts are combined at a time.
    """
    start = at + _MEMBER.size + len(name)
    try:
        sign, _, flags, method, _, _, _, packed, size, named, extra = _MEMBER.unpack_from(raw, at)
    except struct.error:
        raise InputError("it ends before its members do") from None
    plain = (sign, flags, method, packed, named, extra) == (b"PK\3\4", 0, 0, size, len(name), 0)
    if not plain or raw[at + _MEMBER.size : start] != name.encode() or start + size > len(raw):
        raise InputError("its members are not those of a state")
    return _bytes_of(raw[start : start + size]), start + size


def _bytes_of(head: bytes) -> bytes:
    """Return the bytes of an .npy of them, which may be empty."""
    if len(head) < 10 or head[:8] != b"\x93NUMPY\x01\x00":
        raise InputError("a member of it is no .npy")
    start = 10 + int.from_bytes(head[8:10], "little")
    shape = re.search(
        rb"'descr': '\|u1', 'fortran_order': False, 'shape': \(([0-9]{1,18}),\)", head[10:start]
    )
    if not shape or int(shape[1]) != len(head) - start:
        raise InputError("a member of it is not the bytes that it says")
    return head[start:]


def _parse(path: str, text: bytes, data: memoryview) -> StateFile:
    import orjson

    try:
        held = orjson.loads(text)
    except ValueError:
        raise InputError("its header is not JSON") from None
    if not isinstance(held, dict) or held.get("format") != FORMAT:
        known = held.get("format") if isinstance(held, dict) else None
        raise InputError(f"its format is {known}, and {FORMAT} is read", hint="run that part again")
    if held.get("version") != __version__:
        why = f"it was written by aimath {held.get('version')}, and this is {__version__}"
        raise InputError(why, hint="combine with the version that the parts were run with")
    try:
        header = StateHeader(
            version=str(held["version"]),
            command=str(held["command"]),
            given=_check_given(held["command"], held["given"]),
            inputs=tuple((str(name), int(size), str(end)) for name, size, end in held["inputs"]),
            units=_natural(held["units"]),
            unit_rows=_natural(held["unit_rows"]),
            part=(_natural(held["part"][0]), _natural(held["part"][1])),
            span=(_natural(held["span"][0]), _natural(held["span"][1])),
        )
        nodes = _nodes(held["nodes"], data)
        _check_span(header, nodes)
    except InputError:
        raise
    except _BROKEN:
        raise InputError("it is not as a state is built") from None
    return StateFile(path, header, nodes)


def _nodes(listed: Any, data: memoryview) -> list[NodeState]:
    """Return the nodes whose arrays lie behind each other."""
    nodes, at = [], 0
    for level, index, arrays in listed:
        state, at = _arrays(arrays, data, at)
        nodes.append(NodeState(_natural(level), _natural(index), state))
    if at != len(data):
        raise InputError("its arrays are not as long as it says")
    return nodes


def _natural(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 60:
        raise InputError("it is not as a state is built")
    return value


@lru_cache
def _kinds(command: str) -> Mapping[str, Any]:
    """Return what kind of value each option and operand of a command has."""
    return {one.name: one.kind for one in lookup(command).params if one.name not in OutputOptions._fields}


def _has_parts(command: str) -> bool:
    """Return whether a command has parts: all that read rows have, and some others."""
    if COMMANDS[command].is_text:
        return False
    found = lookup(command)
    return bool(found.operands or found.name_of(PART))


def _check_given(command: Any, given: Any) -> Mapping[str, Any]:
    """Return options and operands as the command line would have given them."""
    if not (command in COMMANDS and isinstance(given, dict) and _has_parts(command)):
        raise InputError(f"it is of a command that is not known: {quote(str(command))}")
    kinds = _kinds(command)
    for key, value in given.items():
        listed = isinstance(value, list) and all(isinstance(one, str) for one in value)
        fits = value is True if kinds.get(key) is bool else listed or isinstance(value, str)
        if key in NOT_OPTIONS or key not in kinds or not fits:
            raise InputError(f"its option {quote(key)} is not one of {command}")
    return given


def _arrays(listed: Any, data: memoryview, at: int) -> tuple[dict[str, Any], int]:
    """Return arrays by name, and where the bytes behind them begin."""
    import numpy as np

    found = {}
    for name, kind, shape, size in listed:
        dtype = _dtype(kind) if isinstance(kind, str) else None
        if dtype is None or name in found or len(shape) > 8:
            raise InputError(f"its array {quote(str(name))} is of a kind that is not read")
        count = prod(map(_natural, shape))
        if _natural(size) != count * dtype.itemsize or at + size > len(data):
            raise InputError(f"its array {quote(str(name))} is not as long as it says")
        found[name] = np.ndarray(shape, dtype, data, at)
        at += size
    return found, at


@lru_cache(64)
def _dtype(kind: str) -> Any:
    """Return the dtype of a name, None of one that no state has."""
    import numpy as np

    return np.dtype(kind) if _DTYPE.fullmatch(kind) else None


def _check_span(header: StateHeader, nodes: Sequence[NodeState]) -> None:
    """Raise InputError if the nodes aren't those of the units of the part."""
    i, n = header.part
    first, stop = header.span
    at = first
    for level, index, _ in nodes:
        if level > 60 or index << level != at:
            raise InputError("its units are not those of its part")
        at = (index + 1) << level
    share = (header.units * (i - 1) // n, header.units * i // n) if 1 <= i <= n else (-1, -1)
    if at != stop or (first, stop) != share:
        raise InputError("its units are not those of its part")


def check_parts(states: Sequence[StateFile]) -> list[StateFile]:
    """Return states in the order of their parts, or raise InputError if they aren't the parts of one work."""
    first = states[0]
    for one in states[1:]:
        _check_same(first, one)
    by_part: dict[int, StateFile] = {}
    for one in states:
        i, n = one.header.part
        if i in by_part:
            both = f"{display_path(by_part[i].path)} and {display_path(one.path)}"
            raise InputError(f"part {i} of {n} is given twice: {both}")
        by_part[i] = one
    n = first.header.part[1]
    missing = [i for i in range(1, n + 1) if i not in by_part]
    if missing:
        more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        named = join_and([*map(str, missing[:6])]) if not more else ", ".join(map(str, missing[:6]))
        plural = "parts" if len(missing) > 1 else "part"
        raise InputError(
            f"{plural} {named}{more} of {n} {'are' if len(missing) > 1 else 'is'} missing",
            hint=f"run it again: --part {missing[0]}/{n}",
        )
    return [by_part[i] for i in sorted(by_part)]


def _check_same(first: StateFile, other: StateFile) -> None:
    """Raise InputError if two states aren't parts of one work."""
    a, b = first.header, other.header
    names = display_path(first.path), display_path(other.path)
    if a.command != b.command:
        raise InputError(f"{names[0]} is of {a.command}, {names[1]} of {b.command}")
    if a.given != b.given:
        known = {param.name: (param.flags or ("operands",))[0] for param in lookup(a.command).params}
        key = next(key for key in {**a.given, **b.given} if a.given.get(key) != b.given.get(key))
        said = [_shown(one.given.get(key)) for one in (a, b)]
        why = f"{names[0]} has {known.get(key, key)} {said[0]}, {names[1]} has {said[1]}"
        raise InputError(why, hint="combine parts of one command line")
    if a.inputs != b.inputs or (a.units, a.unit_rows) != (b.units, b.unit_rows):
        pairs = [(x, y) for x, y in zip(a.inputs, b.inputs, strict=False) if x != y]
        what = display_path(pairs[0][1][0]) if pairs else "its input"
        raise InputError(f"{what} was another file for {names[1]} than for {names[0]}")
    if a.part[1] != b.part[1]:
        why = f"{names[0]} is part {a.part[0]} of {a.part[1]}, {names[1]} part {b.part[0]} of {b.part[1]}"
        raise InputError(why)


def _shown(value: Any) -> str:
    if value in (None, True):
        return "given" if value else "none"
    return quote(" ".join(value) if isinstance(value, (list, tuple)) else str(value))
