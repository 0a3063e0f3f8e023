"""Where bytes go: whole, or not at all, and never a file left behind."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from aimath.errors import InputError
from aimath.render import _temporary, sink
from aimath.render.sink import AtomicFile, FileDescriptor

OLD, NEW = b"old\n", b"0.5 0.25\n" * 1000


def write(path, data=NEW):
    with AtomicFile(str(path)) as file:
        file.write(data[:100])
        file.write(data[100:])


def fail_at(monkeypatch, module, name, n, code=errno.ENOSPC):
    """Let the n-th call of a function fail as a full disk does."""
    real, calls = getattr(module, name), []

    def failing(*arguments, **keywords):
        calls.append(arguments)
        if len(calls) == n:
            raise OSError(code, os.strerror(code), ".aimath-secret")
        return real(*arguments, **keywords)

    monkeypatch.setattr(module, name, failing)


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "out.csv"
    path.write_bytes(OLD)
    return path


def test_a_file_is_replaced_whole(old):
    write(old)
    assert old.read_bytes() == NEW
    assert [p.name for p in old.parent.iterdir()] == ["out.csv"]


@pytest.fixture(params=["nameless", "named"])
def kind(request, monkeypatch):
    """Whether the system has files without a name."""
    if request.param == "named":
        monkeypatch.setattr(_temporary, "_NAMELESS", 0)
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close", "fchmod", "link"])
@pytest.mark.parametrize("exists", [True, False])
def test_whatever_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, kind, name, n, exists):
    path = tmp_path / "out.csv"
    if exists:
        path.write_bytes(OLD)
    fail_at(monkeypatch, os, name, n)
    error = None
    try:
        write(path)
    except OSError as raised:
        error = raised
    monkeypatch.undo()
    whole = path.exists() and path.read_bytes() == NEW
    if error is not None:
        assert (error.filename, error.strerror) == (str(path), os.strerror(errno.ENOSPC))
        assert (path.read_bytes() == OLD) if exists else not path.exists()
    else:
        assert whole
    # There are two writes; what is called again besides (open, fsync, close) makes the directory last.
    spared = {"link"}  # where it fails, the file is copied
    spared |= set() if exists else {"fchmod"}  # a new file has the mode that it was made with
    spared |= set() if exists or kind == "named" else {"replace", "close"}  # and its name at once
    once = n == 1 and name not in spared
    assert (error is not None) == (once or (name, n) == ("write", 2))
    assert {p.name for p in tmp_path.iterdir()} <= {"out.csv"}


def test_an_error_of_the_command_leaves_the_old_file(old):
    def stopped():
        with AtomicFile(str(old)) as file:
            file.write(NEW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert old.read_bytes() == OLD
    assert len(list(old.parent.iterdir())) == 1


def test_no_descriptor_is_left_open(old, monkeypatch):
    before = len(list(Path("/proc/self/fd").iterdir()))
    write(old)
    fail_at(monkeypatch, os, "fchmod", 1)
    with pytest.raises(OSError, match="No space"):
        write(old)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_partial_writes_are_continued(old, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda number, data: real(number, bytes(data)[:7]))
    write(old)
    assert old.read_bytes() == NEW


def test_a_full_pipe_that_does_not_block_is_waited_for():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    data, got = b"x" * 300_000, []

    def read():
        while chunk := os.read(reader, 65536):
            got.append(chunk)

    thread = threading.Thread(target=read)
    thread.start()
    FileDescriptor(writer).write(data)
    os.close(writer)
    thread.join()
    os.close(reader)
    assert b"".join(got) == data


def test_a_full_disk_and_a_closed_descriptor_are_errors():
    number = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(OSError, match="No space left"):
        FileDescriptor(number).write(b"x")
    os.close(number)
    with pytest.raises(OSError, match="Bad file descriptor"):
        FileDescriptor(number).write(b"x")
    with pytest.raises(OSError, match="/dev/full"):
        write("/dev/full")


def test_a_symbolic_link_stays_and_its_target_is_replaced(old):
    link = old.parent / "link"
    link.symlink_to("out.csv")
    write(link)
    assert link.is_symlink()
    assert old.read_bytes() == NEW


def test_a_link_to_nothing_gets_its_target(tmp_path):
    (tmp_path / "link").symlink_to("there")
    write(tmp_path / "link")
    assert (tmp_path / "there").read_bytes() == NEW


def test_a_loop_of_links_is_an_error_with_the_given_name(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="links") as error:
        write(tmp_path / "a")
    assert error.value.filename == str(tmp_path / "a")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o777, 0o000)])
@pytest.mark.usefixtures("kind")
def test_a_new_file_has_the_rights_that_the_umask_leaves(tmp_path, mask, mode):
    saved = os.umask(mask)
    try:
        write(tmp_path / "new")
        assert os.umask(mask) == mask
    finally:
        os.umask(saved)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


@pytest.mark.usefixtures("kind")
def test_an_old_file_keeps_its_rights(old):
    old.chmod(0o640)
    write(old)
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_file_that_may_not_be_written_is_not_replaced(old, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anything
    with pytest.raises(PermissionError) as error:
        write(old)
    assert error.value.filename == str(old)
    assert old.read_bytes() == OLD


def test_names_that_cannot_be_files(tmp_path):
    for name, why in {
        "": "empty",
        str(tmp_path): "is a directory",
        f"{tmp_path}/new/": "is a directory",
    }.items():
        with pytest.raises(InputError, match=why) as error:
            AtomicFile(name)
        assert error.value.usage
    with pytest.raises(InputError, match=r"there is no directory .*absent") as error:
        AtomicFile(f"{tmp_path}/absent/out.csv")
    assert not error.value.usage
    with pytest.raises(OSError, match="too long"):
        AtomicFile(str(tmp_path / ("x" * 300)))
    with pytest.raises(NotADirectoryError):
        AtomicFile("/dev/null/x")


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_name_is_appended_to_not_replaced(tmp_path, name):
    path = tmp_path / "log"
    saved = os.dup(1)
    number = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.write(number, b"before\n")
        os.dup2(number, 1)
        write(name, b"answer\n")
        os.write(1, b"after\n")
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(number)
    assert path.read_bytes() == b"before\nanswer\nafter\n"


def test_standard_error_and_pipes(tmp_path):
    reader, writer = os.pipe()
    write(f"/dev/fd/{writer}", b"x")
    assert os.read(reader, 9) == b"x"
    os.close(reader)
    os.close(writer)
    assert sink._existing_fd("/dev/stderr") == 2
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    number = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    write(fifo, b"y")
    assert os.read(number, 9) == b"y"
    os.close(number)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_pipe_cannot_be_written_over_again():
    reader, writer = os.pipe()
    with pytest.raises(OSError, match="Illegal seek") as error, AtomicFile(f"/dev/fd/{writer}") as file:
        file.overwrite_start(b"x")
    assert error.value.filename == f"/dev/fd/{writer}"
    os.close(reader)
    os.close(writer)


def test_the_beginning_can_be_written_last(old):
    with AtomicFile(str(old)) as file:
        file.write(b"____ rest")
        file.overwrite_start(b"head")
    assert old.read_bytes() == b"head rest"


def test_a_deleted_working_directory_is_an_error(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises((OSError, InputError)):
        write(Path("out.csv"))


def test_half_of_a_surrogate_pair_is_no_file_name():
    with pytest.raises(InputError, match="is not a file name"):
        AtomicFile("\ud83d")
