"""States that are missing, given twice, changed, cut, forged, or of another work: one clear line each."""

from __future__ import annotations

import hashlib
import io
import zipfile
from types import MappingProxyType

import numpy as np
import orjson
import pytest

from aimath.cli.runner.division import states
from aimath.errors import InputError

LINE = ("describe", "@a.npy", "--each-column")


@pytest.fixture
def made(files, answered):
    """Three parts of a work."""
    for i in (1, 2, 3):
        answered(*LINE, "--part", f"{i}/3", "--state", f"S{i}.npz")
    return files


@pytest.mark.usefixtures("made")
class TestRefusals:
    def test_a_missing_part_is_named(self, refused):
        said = refused("combine", "S1.npz", "S3.npz", code=1)
        assert "part 2 of 3 is missing" in said
        assert "--part 2/3" in said

    def test_several_missing_parts_are_named(self, refused, answered):
        answered(*LINE, "--part", "4/20", "--state", "one.npz")
        assert "parts 1, 2, 3, 5, 6, 7 and 13 more of 20 are missing" in refused("combine", "one.npz", code=1)

    def test_a_part_that_is_given_twice_is_named(self, refused, made):
        (made / "again.npz").write_bytes((made / "S2.npz").read_bytes())
        said = refused("combine", "S1.npz", "S2.npz", "S3.npz", "again.npz", code=1)
        assert "part 2 of 3 is given twice: S2.npz and again.npz" in said

    def test_parts_of_other_commands_are_refused(self, refused, answered):
        line = ("compare", "@a.npy", "@b.npy", "--logits", "--part", "2/3", "--state", "other.npz")
        answered(*line)
        said = refused("combine", "S1.npz", "other.npz", "S3.npz", code=1)
        assert "S1.npz is of describe, other.npz of compare" in said

    def test_parts_of_other_options_are_refused(self, refused, answered):
        answered(*LINE, "--ddof", "1", "--part", "2/3", "--state", "other.npz")
        said = refused("combine", "S1.npz", "other.npz", "S3.npz", code=1)
        assert "S1.npz has --ddof none, other.npz has '1'" in said

    def test_parts_of_other_input_are_refused(self, refused, answered):
        rows = np.load("a.npy")
        rows[0, 0] += 1.0
        np.save("a.npy", rows)
        answered(*LINE, "--part", "2/3", "--state", "other.npz")
        said = refused("combine", "S1.npz", "other.npz", "S3.npz", code=1)
        assert "a.npy was another file for other.npz than for S1.npz" in said

    def test_parts_of_other_divisions_are_refused(self, refused, answered):
        answered(*LINE, "--part", "2/4", "--state", "other.npz")
        said = refused("combine", "S1.npz", "other.npz", code=1)
        assert "S1.npz is part 1 of 3, other.npz part 2 of 4" in said

    def test_a_state_of_another_version_is_refused(self, refused, made):
        forge(made / "S2.npz", lambda head: head.update(version="0.0.1"))
        assert "it was written by aimath 0.0.1" in refused("combine", "S1.npz", "S2.npz", "S3.npz", code=1)

    def test_a_state_of_another_format_is_refused(self, refused, made):
        forge(made / "S2.npz", lambda head: head.update(format=states.FORMAT + 1))
        assert "its format is" in refused("combine", "S1.npz", "S2.npz", "S3.npz", code=1)

    def test_what_is_no_state_is_refused(self, refused, made):
        np.savez("plain.npz", a=np.ones(3))
        (made / "text.npz").write_text("hello")
        (made / "empty.npz").write_bytes(b"")
        for name in ("plain.npz", "text.npz", "empty.npz", "a.npy"):
            assert refused("combine", name, code=1).startswith(
                f"aimath combine: error: {name}: it is no state"
            )
        assert "no such file" in refused("combine", "nowhere.npz", code=1)


def test_every_truncation_is_refused(made):
    raw = (made / "S1.npz").read_bytes()
    cut = made / "cut.npz"
    for size in sorted({*range(0, len(raw), max(1, len(raw) // 97)), len(raw) - 1}):
        cut.write_bytes(raw[:size])
        with pytest.raises(InputError):
            states.read_state("cut.npz")


def flip(made, offsets) -> None:
    raw = bytearray((made / "S1.npz").read_bytes())
    for at in offsets:
        before = raw[at]
        for value in (before ^ 1, before ^ 0x80):
            raw[at] = value
            (made / "flipped.npz").write_bytes(raw)
            with pytest.raises(InputError):
                states.read_state("flipped.npz")
        raw[at] = before


def test_a_flipped_byte_is_refused_wherever_it_is(made):
    size = (made / "S1.npz").stat().st_size
    flip(made, range(0, size, max(1, size // 101)))


@pytest.mark.slow
def test_every_flipped_byte_is_refused(made):
    flip(made, range((made / "S1.npz").stat().st_size))


def forge(path, edit, data=None, **zipped) -> None:
    """Write a state again with another header, and a checksum that is right."""
    with np.load(path) as held:
        head, content = orjson.loads(held["header"].tobytes()), held["data"].tobytes()
    edit(head)
    members = {"header": orjson.dumps(head), "data": content if data is None else data}
    write_members(path, zipped, **{name: np.frombuffer(raw, np.uint8) for name, raw in members.items()})


def write_members(path, zipped=MappingProxyType({}), **members) -> None:
    """Write arrays as the members of a state, with a checksum that is right."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **zipped) as archive:
        archive.comment = b"0" * states.DIGEST_CHARS
        for name, array in members.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array)
    body = buffer.getvalue()[: -states.DIGEST_CHARS]
    path.write_bytes(body + hashlib.sha256(body).hexdigest().encode())


def first_array(head):
    return head["nodes"][0][2][0]


HOSTILE = {
    "an array that is longer than the file": lambda head: first_array(head).__setitem__(2, [10**12]),
    "a size that lies": lambda head: first_array(head).__setitem__(3, 10**9),
    "a shape below nothing": lambda head: first_array(head).__setitem__(2, [-1]),
    "objects": lambda head: first_array(head).__setitem__(1, "|O"),
    "text of no length": lambda head: first_array(head).__setitem__(slice(1, 4), ["<U0", [10**12], 0]),
    "no dtype": lambda head: first_array(head).__setitem__(1, 7),
    "a name twice": lambda head: first_array(head).__setitem__(0, head["nodes"][0][2][1][0]),
    "a lost array": lambda head: first_array(head).__setitem__(0, "nothing"),
    "units of another part": lambda head: head.update(span=[3, 9]),
    "a part of none": lambda head: head.update(part=[1, 0]),
    "a node elsewhere": lambda head: head["nodes"][0].__setitem__(1, 5),
    "a level beyond all": lambda head: head["nodes"][0].__setitem__(0, 10**9),
    "no nodes": lambda head: head.update(nodes=[]),
    "nodes of text": lambda head: head.update(nodes="abc"),
    "an option that writes": lambda head: head["given"].update(save="x"),
    "an option of the output": lambda head: head["given"].update(out="x.csv"),
    "a cluster": lambda head: head["given"].update(dask="tcp://127.0.0.1:1"),
    "an option that is none": lambda head: head["given"].update(nothing="1"),
    "an option of another kind": lambda head: head["given"].update(ddof={"a": 1}),
    "a command that is none": lambda head: head.update(command="rm"),
    "a command of text": lambda head: head.update(command="help"),
    "a command without parts": lambda head: head.update(command="train", given={"given": ["digits"]}),
    "no command": lambda head: head.pop("command"),
    "a header that is a list": lambda head: head.clear(),
}


@pytest.mark.parametrize("edit", HOSTILE.values(), ids=HOSTILE)
def test_a_forged_state_is_refused(made, refused, edit):
    answered_parts = ["S1.npz", "S2.npz", "S3.npz"]
    forge(made / "S1.npz", edit)
    said = refused("combine", *answered_parts, code=1)
    assert len(said.splitlines()[0]) < 200


def test_a_pipe_that_a_state_names_is_not_waited_for(made, refused, answered):
    import os

    answered("weights", "base.safetensors", "--part", "1/1", "--state", "w.npz")
    os.mkfifo(made / "pipe")
    forge(made / "w.npz", lambda head: head.update(inputs=[["pipe", 0, "0" * 16]]))
    assert "'pipe', which the parts have read, is not here" in refused("combine", "w.npz", code=1)


def test_a_zip_bomb_is_refused(made, refused):
    forge(made / "S1.npz", len, bytes(1 << 26), compression=zipfile.ZIP_DEFLATED)
    assert "its members are not those of a state" in refused("combine", "S1.npz", "S2.npz", code=1)


def test_no_pickle_is_opened(made, refused):
    write_members(made / "p.npz", header=np.array([{}], dtype=object), data=np.zeros(1, np.uint8))
    assert "is not the bytes that it says" in refused("combine", "p.npz", code=1)


@pytest.mark.parametrize(
    "members",
    [{}, {"header": ()}, {"data": (), "header": ()}, {"header": (), "other": ()}],
    ids=lambda members: " ".join(members) or "none",
)
def test_members_of_other_names_are_refused(made, refused, members):
    write_members(made / "p.npz", **{name: np.zeros(1, np.uint8) for name in members})
    assert "p.npz: it" in refused("combine", "p.npz", code=1)


@pytest.mark.usefixtures("files")
class TestCommandLines:
    def test_a_part_says_which(self, refused):
        for text in ("0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/99999999"):
            assert "is no part" in refused(*LINE, "--part", text, "--state", "x.npz") or text == "-1/3"

    def test_a_part_needs_a_state_and_a_state_a_part(self, refused):
        assert "add --state part.npz" in refused(*LINE, "--part", "1/2")
        assert "--part" in refused(*LINE, "--state", "x.npz")

    def test_the_whole_answer_goes_elsewhere(self, refused, files):
        said = refused(*LINE, "--part", "1/2", "--state", "x.npz", "--out", "y.csv")
        assert "give --out to combine" in said
        assert not (files / "y.csv").exists()
        assert not (files / "x.npz").exists()

    def test_standard_input_has_no_parts(self, refused):
        for line in ("softmax", "softmax -", "describe --each-column", "compare @a.npy - --logits"):
            said = refused(*line.split(), "--part", "1/2", stdin="1 2\n")
            assert "--part divides files" in said

    def test_workers_are_a_number(self, refused):
        for text in ("0", "two", "1.5", "9999"):
            assert "--workers" in refused(*LINE, "--workers", text)

    def test_what_is_answered_in_one_go_has_no_state(self, refused):
        said = refused("softmax", "@a.npy", "--part", "1/2", "--state", "x.npz")
        assert "put their outputs behind each other" in said

    def test_a_file_that_is_no_file_of_a_pattern_is_named(self, refused):
        assert "no file matches 'z-*.csv'" in refused("describe", "z-*.csv", "--each-column", code=1)

    def test_patterns_must_match_equally_many(self, refused, files):
        (files / "y-3.csv").unlink()
        said = refused("compare", "@x-*.csv", "@y-*.csv", "--logits")
        assert "they must be equally many" in said


@pytest.mark.usefixtures("files")
def test_a_state_is_written_whole_or_not_at_all(aimath, monkeypatch, files):
    import os

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = aimath(*LINE, "--part", "1/2", "--state", "x.npz")
    assert ran.code == 1
    assert not (files / "x.npz").exists()
