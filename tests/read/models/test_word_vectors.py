import contextlib
import os
import threading
import tracemalloc

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.read.models import word_vectors
from aimath.read.models.word_vectors import read_word_vectors

GLOVE = b"the 0.1 -2e-3 3\n, .5 -1. +2\ncaf\xc3\xa9 1 2 -0\n"
LABELS = ("the", ",", "café")
NUMBERS = [[0.1, -0.002, 3], [0.5, -1, 2], [1, 2, 0]]


@pytest.fixture
def at(tmp_path):
    def write(data, name="w.txt"):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


@pytest.fixture
def refused(at, tmp_path):
    def why(data, name="w.txt", **options):
        with pytest.raises(InputError) as caught:
            read_word_vectors(at(data, name), **options)
        return caught.value.message.replace(f"{tmp_path}/", "")

    return why


FORMS = {
    "GloVe": GLOVE,
    "word2vec": b"3 3\n" + GLOVE,
    "word2vec's own blanks": b"3 3\n" + GLOVE.replace(b"\n", b" \n"),
    "tabs": GLOVE.replace(b" ", b"\t"),
    "CRLF": b"3 3\r\n" + GLOVE.replace(b"\n", b"\r\n"),
    "a BOM": b"\xef\xbb\xbf" + GLOVE,
    "no last newline": GLOVE[:-1],
    "blank lines": GLOVE.replace(b"\n", b"\n\n"),
    "blanks that align": GLOVE.replace(b" ", b"   "),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_text(at, data):
    found = read_word_vectors(at(data))
    assert (found.labels, found.vectors.tolist(), found.notes) == (LABELS, NUMBERS, ())
    assert (found.vectors.dtype, np.signbit(found.vectors[2, 2])) == (np.float64, True)


UNICODE_BLANKS = [chr(k) for k in range(0x10000) if chr(k).isspace() and k not in (9, 10, 13, 32)]


@pytest.mark.parametrize("blank", UNICODE_BLANKS, ids=ascii)
@pytest.mark.parametrize("header", [b"", b"5 3\n"])
def test_only_ascii_blanks_end_a_word(at, blank, header):
    """A word is the same beside lines that are read fast and beside one that is not."""
    words = [f"10{blank}000", blank, f"a{blank}", f"{blank}7"]
    lines = [f"{word} 1 {k} 3" for k, word in enumerate(words)]
    expected = [[1, k, 3] for k in range(len(words))]
    first = ["the 0 0 0"]
    fast = read_word_vectors(at("\n".join(first + lines).encode()))
    among = [*lines, ". . . 4 5 6"] if header else [*first, *lines, ". . . 4 5 6"]
    slow = read_word_vectors(at(header + "".join(f"{line}\n" for line in among).encode()))
    assert fast.labels == ("the", *words)
    assert fast.vectors.tolist()[1:] == expected
    skipped = 0 if header else 1
    assert slow.labels[skipped:] == (*words, ". . .")
    assert slow.vectors.tolist()[skipped:] == [*expected, [4, 5, 6]]


def test_labels_may_hold_blanks_and_be_numbers(at):
    found = read_word_vectors(at(b"a 1 2\n. . . 3 4\nat name@x.com 5 6\n7 7 8\n# 9 1\n\xc2\xa0 1 1\n"))
    assert found.labels == ("a", ". . .", "at name@x.com", "7", "#", "\xa0")
    assert found.vectors.tolist() == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 1], [1, 1]]


def test_a_header_is_one_only_if_the_next_line_agrees(at):
    assert read_word_vectors(at(b"2 1\na 5\nb 6\n")).labels == ("a", "b")
    assert read_word_vectors(at(b"2 5\n3 1\n")).labels == ("2", "3")
    assert read_word_vectors(at(b"1e3 5\n3 1\n")).labels == ("1e3", "3")


BAD = {
    b"": "w.txt: there are no words",
    b"\n\n": "w.txt: there are no words",
    b"5 3\n": "w.txt: its header claims 5 words, and 0 are there",
    b"4 3\n" + GLOVE: "w.txt: its header claims 4 words, and 3 are there",
    b"a 1 2\nb 1\n": "w.txt:2: 'b' has 1 number, not 2",
    b"a 1 2\nb\n": "w.txt:2: 'b' has 0 numbers, not 2",
    b"a 1 2\n\nb 1 2 3\n": "w.txt:3: 'b 1' has 3 numbers, not 2",
    b"3 2\na 1 2\nb 1 x\n": "w.txt:3: 'x' is not a number",
    b"a 1 2\nb 1 nan\n": "w.txt:2: 'nan' is not a number",
    b"a 1 2\nb 1 inf\n": "w.txt:2: 'b' has an infinite number",
    b"a 1 2\nb 1 1e400\n": "w.txt:2: '1e400' overflows float64",
    b"a 1 2\n\xff 1 2\n": "w.txt:2: its word is not UTF-8",
    b"a 1 2\n1 2\n": "w.txt:2: '1' has 1 number, not 2",
    b"\x1f\x8b\x08\0": "w.txt: truncated: the gzip data end before their end",
    b"PK\x03\x04": "w.txt: its content is npz, not text",
}


@pytest.mark.parametrize(("data", "sentence"), BAD.items(), ids=range(len(BAD)))
def test_bad_text_is_named_by_its_line(refused, data, sentence):
    assert refused(data) == sentence


def test_a_bad_line_far_down_is_named(refused):
    lines = [b"w%d %d 1" % (k, k) for k in range(50_000)]
    lines[40_000] = b"w40000 x 1"
    assert refused(b"50000 2\n" + b"\n".join(lines)) == "w.txt:40002: 'x' is not a number"
    assert refused(b"\n".join(lines)) == "w.txt:40001: 'x' is not a number"


def test_many_words_over_blocks(at):
    table = np.random.default_rng(0).normal(size=(20_000, 9)).round(5)
    text = b"".join(
        b"w%d %b\n" % (k, " ".join(map(repr, row)).encode()) for k, row in enumerate(table.tolist())
    )
    found = read_word_vectors(at(text))
    assert np.array_equal(found.vectors, table)
    assert found.labels == tuple(f"w{k}" for k in range(20_000))


def test_large_text_is_held_as_float32(at, monkeypatch):
    monkeypatch.setattr(word_vectors, "SINGLE_PRECISION_BYTES", 10)
    found = read_word_vectors(at(GLOVE))
    assert (found.vectors.dtype, found.vectors.tolist()) == (np.float32, np.float32(NUMBERS).tolist())
    monkeypatch.undo()
    assert read_word_vectors(at(GLOVE)).vectors.dtype == np.float64


def test_what_float32_cannot_hold(refused, monkeypatch):
    monkeypatch.setattr(word_vectors, "SINGLE_PRECISION_BYTES", 0)
    assert refused(b"a 1e39 2\n") == "w.txt: it holds numbers that are no float32"


def test_words_that_are_there_twice_are_said(at):
    found = read_word_vectors(at(b"a 1\nb 2\na 3\n"))
    assert (found.labels, found.notes) == (
        ("a", "b", "a"),
        ("1 word is there twice: the first vector counts",),
    )


def test_the_price(refused):
    text = b"".join(b"w%d 1 2 3\n" % k for k in range(1000))
    assert refused(text, read_options=ReadOptions(max_memory=50_000)) == (
        "w.txt: 1000 words or more needs 0.10 MiB; the limit is 0.05 MiB"
    )


@pytest.mark.slow
def test_text_takes_little_more_than_its_vectors(at):
    path = at(
        b"".join(b"w%d %b\n" % (k, b" ".join([b"0.25"] * 50)) for k in range(60_000))
    )  # 24 MB of numbers
    tracemalloc.start()
    found = read_word_vectors(path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.vectors.nbytes == 24_000_000
    assert peak < 1.35 * held


# ---- arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_and_labels(at, tmp_path, dtype, order):
    table = np.arange(12).reshape(4, 3).astype(dtype, order=order)
    np.save(tmp_path / "w.npy", table)
    at("a\nb c\r\nd\né".encode())
    found = read_word_vectors(str(tmp_path / "w.npy"))
    assert found.labels == ("a", "b c", "d", "é")
    assert found.vectors.tolist() == table.tolist()
    assert found.vectors.dtype == (np.float32 if dtype in (np.float16, np.float32) else np.float64)
    at(b"1\n2\n3\n4\n", "names.lst")
    assert read_word_vectors(str(tmp_path / "w.npy"), str(tmp_path / "names.lst")).labels == (
        "1",
        "2",
        "3",
        "4",
    )


def test_an_array_of_several(at, tmp_path):
    np.savez(tmp_path / "w.npz", a=[1.0], w=[[1.0, 2.0], [3.0, 4.0]])
    at(b"x\ny\n")
    assert read_word_vectors(f"{tmp_path / 'w.npz'}:w").vectors.tolist() == [[1, 2], [3, 4]]


def test_labels_without_end_are_refused(tmp_path):
    np.save(tmp_path / "w.npy", np.ones((2, 2)))
    os.mkfifo(tmp_path / "w.txt")

    def write():
        with contextlib.suppress(BrokenPipeError), (tmp_path / "w.txt").open("wb", buffering=0) as out:
            while True:
                out.write(b"a\n" * 1000)

    threading.Thread(target=write, daemon=True).start()
    with pytest.raises(InputError, match="more words than the 2 vectors"):
        read_word_vectors(str(tmp_path / "w.npy"))


def test_text_may_come_through_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "w.txt")
    threading.Thread(target=(tmp_path / "w.txt").write_bytes, args=(GLOVE,), daemon=True).start()
    found = read_word_vectors(str(tmp_path / "w.txt"))  # of unknown size
    assert (found.labels, found.vectors.dtype) == (LABELS, np.float32)


def test_an_array_cannot_come_through_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "w.npy")
    with pytest.raises(InputError, match="not a pipe"):
        read_word_vectors(str(tmp_path / "w.npy"))


def test_labels_that_do_not_fit(at, tmp_path, refused):
    np.save(tmp_path / "w.npy", np.ones((2, 2)))
    array = (tmp_path / "w.npy").read_bytes()
    assert refused(array, "v.npy") == "cannot read 'v.txt': No such file or directory"
    at(b"a\nb\nc\n")
    assert refused(array, "w.npy") == "w.txt: there are more words than the 2 vectors"
    at(b"a\n")
    assert refused(array, "w.npy") == "w.txt: there are 1 words for 2 vectors"
    at(b"\x1f\x8b")
    assert refused(array, "w.npy").startswith("w.txt: truncated")
    at(b"a\n\xff\n")
    assert refused(array, "w.npy") == "w.txt: line 2: the word is not UTF-8"
    np.save(tmp_path / "w.npy", np.array([[1.0, 2.0], [np.inf, 1.0]]))
    assert refused((tmp_path / "w.npy").read_bytes(), "w.npy").startswith("w.npy: vector 1 or one behind it")
    assert "2 vectors of 2 numbers needs" in refused(array, "w.npy", read_options=ReadOptions(max_memory=20))
