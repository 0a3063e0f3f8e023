"""For every option and operand that is a file: what is damaged, of another kind or hostile, and what can't be written."""

from __future__ import annotations

import errno
import gzip
import re
import xml.dom.minidom
import zlib
from itertools import count

import numpy as np
import pytest
from tests import pseudo
from tests.cli.faults.test_hostile_text import HOSTILE, SPACE, refused_or_answered, steering
from tests.cli.files import READS, SAVES, WORK, answers, file_options, is_written, make_files, words_of

pytestmark = pytest.mark.slow


def files_of(line):
    return re.findall(r"\{([^}]+)\}", line)


def test_every_option_that_is_a_file_has_a_line():
    """The way out is a line in tests/cli/files.py: all else here, and the faults of every command, take it up."""
    for (name, flag), text in file_options().items():
        if is_written(text):
            assert (name, flag) in SAVES
            continue
        lines = [line.split() for line in READS if line.split()[0] == name]
        places = [words[k - 1] for words in lines for k, word in enumerate(words) if "{" in word]
        assert [place for place in places if (place == flag if flag else place[:2] != "--")], (name, flag)


def test_every_line_does_its_work(warm, folder):
    for line in READS:
        ran = warm(*words_of(line, folder))
        assert (ran.code, bool(ran.out), ran.err) == (0, True, b""), line


# Damage


def damaged(whole, others, seed):
    """Give a file cut, changed in a byte, doubled, others under its name, and what is no file of any kind."""
    draw = np.random.default_rng(seed)
    for place in {*draw.integers(0, len(whole), 8).tolist(), 0, len(whole) - 1}:
        yield f"cut at {place}", whole[:place]
    for place, byte in zip(draw.integers(0, len(whole), 12), draw.integers(0, 256, 12), strict=True):
        yield f"byte {place} is {byte}", whole[:place] + bytes([byte]) + whole[place + 1 :]
    yield "twice", whole * 2
    for name in draw.choice(sorted(others), 9, replace=False):
        yield name, others[name]
    yield from STRANGE.items()


BOMB = gzip.compress(b" " * (24 << 20), 1, mtime=0)
STRANGE = {
    "NUL": bytes(100),
    "not UTF-8": b"\xff\xfe\xfd" * 50,
    "deep": b"[" * 100_000,
    "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.",
    "long line": b"1," * 400_000,
    "escapes": b"\x1b]0;PWN\x07\x1b[2J\xe2\x80\xae\n" * 9,
    "bomb": BOMB,
}


@pytest.mark.parametrize("line", [line for line in READS if files_of(line)])
def test_no_damage_is_more_than_a_mistake(warm, folder, tmp_path, line):
    others = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    for which in files_of(line):
        if which.endswith(".py") or not (folder / which).is_file():  # which runs; or a folder
            continue
        bad = tmp_path / (folder / which).name
        words = [word.replace(str(folder / which), str(bad)) for word in words_of(line, folder)]
        refused = 0
        for _, data in damaged((folder / which).read_bytes(), others, zlib.crc32(line.encode())):
            bad.write_bytes(data)
            ran = warm(*words, memory=SPACE)
            refused_or_answered(ran._replace(code=0) if answers(ran.code) else ran)
            refused += ran.code in {1, 2}
        assert refused > (0 if which.endswith(".txt") else 5), which  # of lines of text many are as good
        bad.unlink()
        for kind in ("missing", "folder"):
            ran = refused_or_answered(warm(*words, memory=SPACE))
            assert ran.code in {1, 2}, (which, kind)
            bad.mkdir(exist_ok=True)
        bad.rmdir()


# Text


FORMS = (("--explain",), ("--plot",), ("--csv",), ("--format", "markdown"), ("--explain", "--plot"))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_names_within_files_are_shown_as_text(warm, tmp_path, hostile):
    """Of tensors, columns, rows, classes, words, keys and messages, at a terminal, in documents and pictures."""
    make_files(tmp_path, warm, hostile.encode("utf-8", "backslashreplace").decode().replace("\x00", ""))
    for k, line in enumerate(WORK, HOSTILE.index(hostile)):  # each line in each form with some of the texts
        words = words_of(line, tmp_path)
        for more in ((), FORMS[k % len(FORMS)]):
            shown = seen(warm, *words, *more)
            ours = r"\x1b\[[0-9;?]*[A-Zhlm]|\r" if "train" in line else r"\x1b\[[0-9;]*m"  # which draws anew
            assert steering(re.sub(ours, "", shown), "\t") == [], (line, more)
            assert "Traceback" not in shown, (line, more)
        for suffix in ("svg", "html")[k % 2 :][:1]:
            file = tmp_path / f"x.{suffix}"
            ran = warm(*words, "--explain", "--plot", "--out", file)
            refused_or_answered(ran._replace(code=0) if answers(ran.code) else ran)
            if not file.exists():
                continue
            text = file.read_text(encoding="utf-8")
            assert steering(text) == [], line
            if suffix == "svg":
                root = xml.dom.minidom.parseString(text).documentElement
                assert not [one for one in root.getElementsByTagName("*") if one.hasAttribute("onload")], line
            else:
                assert "<svg onload" not in text
                assert "<script" not in text
            file.unlink()


def seen(warm, *words):
    """Give what a terminal shows, whatever the exit code."""
    ended = []

    def run(*arguments, **how):
        ended.append(warm(*arguments, **how))
        return ended[0]._replace(code=0)

    shown = pseudo.seen(run, *words, env={"TERM": "xterm", "COLUMNS": "100"})
    assert ended[0].code in {0, 1, 2, 3, 4}, shown
    return shown


# What is written


def contents(place):
    return {
        path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("option", SAVES, ids="".join)
@pytest.mark.parametrize("call", ["write", "open", "fchmod", "fsync", "close", "replace", "mkdir", "link"])
def test_nth_call_that_fails_leaves_no_half_of_a_file(warm, folder, tmp_path, option, call):
    place = tmp_path / "new"
    place.mkdir()
    words = [str(place.joinpath(word.partition("/new/")[2])) if "/new/" in word else word
             for word in words_of(SAVES[option], folder)]  # fmt: skip
    ran = warm(*words, stdin=b"999\n")
    assert answers(ran.code), ran
    whole = contents(place)
    assert whole
    for n in count(1):
        for path in sorted(place.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        failed = warm(*words, stdin=b"999\n", fail=["os", call, n, errno.ENOSPC])
        if failed.calls < n:
            break
        there = contents(place)
        assert there.keys() <= whole.keys(), (n, there.keys())
        for name, data in there.items() if option[1] != "--figure" else ():  # which differ from run to run
            assert data == whole[name] or (option[0] == "quiz" and not data), (
                n
            )  # of an answer that isn't kept
        if answers(failed.code):  # a courtesy, or another way led there
            assert there.keys() == whole.keys(), n
        else:
            assert there.keys() in (set(), whole.keys()), n  # of two files both or none
            assert failed.code == 1, (n, failed)
            assert "no space left on device" in failed.text.splitlines()[0].lower(), (n, failed.text)
            assert "Traceback" not in failed.text
