"""Operands as they are given: typed, in files, on standard input, in step."""

import io
import os
import pty
import subprocess
import sys

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.read.operands import read_blocks

PQ = ("p", "q")


# How one vector may be typed.
ONE = {
    ("2", "1", "0.1"): [[2, 1, 0.1]],
    ("2,1,0.1",): [[2, 1, 0.1]],
    ("[2, 1, 0.1]",): [[2, 1, 0.1]],
    ("[2,", "1,", "0.1]"): [[2, 1, 0.1]],
    ("2,", "1", ",3"): [[2, 1, 3]],
    (" -1", " -1e3", "-inf", "−2"): [[-1, -1000, -np.inf, -2]],
    ("1/3", "30%"): [[1 / 3, 0.3]],
    ("1 2; 3 4",): [[1, 2], [3, 4]],
    ("1,2;3,4",): [[1, 2], [3, 4]],
    ("[1,2;3,4]",): [[1, 2], [3, 4]],
    ("[[1,2],[3,4]]",): [[1, 2], [3, 4]],
    ("[[1 2] [3 4]]",): [[1, 2], [3, 4]],
    ("[[1,2],", "[3,4]]"): [[1, 2], [3, 4]],
    ("7",): [[7]],
    ("lin:-1:1:3",): [[-1, 0, 1]],
    ("log:1e-3:1:4",): [[1e-3, 1e-2, 1e-1, 1]],
    ("0", "lin:1:2:3", "9"): [[0, 1, 1.5, 2, 9]],
    ("lin:0:1:2", "lin:5:6:2"): [[0, 1, 5, 6]],
    ("[0,lin:1:2:2]",): [[0, 1, 2]],
    ("lin:0:1:3; log:1:100:3",): [[0, 0.5, 1], [1, 10, 100]],
}


@pytest.mark.parametrize(("tokens", "expected"), ONE.items())
def test_one_operand(rows, read, tokens, expected):
    assert rows(tokens) == expected
    [block] = read(tokens, matrix=True)
    assert block.operands["x"].tolist() == [expected]
    assert (block.source, block.is_column) == ("", False)


BAD = {
    ("1", "2", "0.l"): "argument 3: '0.l' is not a number",
    ("1,2,0.l",): "argument 1: '0.l' is not a number",
    ("1e400",): "argument 1: '1e400' overflows float64",
    ("1,,2",): "argument 1: an entry of '1,,2' is empty",
    ("1,2,",): "argument 1: an entry of '1,2,' is empty",
    ("",): "argument 1: an entry of '' is empty",
    ("[]",): "argument 1: an entry of '[]' is empty",
    ("1 2;",): "argument 1: an entry of '1 2;' is empty",
    ("[1,2",): "argument 1: the brackets of '[1,2' don't match",
    ("1]2",): "argument 1: the brackets of '1]2' don't match",
    ("[1,2", "]]"): "arguments: the brackets of '[1,2 ]]' don't match",
    ("1 2; 3",): "argument 1: rows must be equally long, not 2, 1",
    ("=3",): "argument 1: '=3' is not a number",
    ("the=2", "1"): "argument 1: name all the entries of a row or none of them",
    ("a=1 b=2; c=3 d=4",): "argument 1: name all the entries of a row or none of them",
    ("=2",): "argument 1: '=2' is not a number",
    ("the=x",): "argument 1: 'x' is not a number",
    ("1", "@x.csv"): "argument 2: '@x.csv' can't stand beside other arguments",
    ("-", "1"): "argument 1: '-' can't stand beside other arguments",
    ("\x1b[2J",): r"argument 1: '\x1b' is not a number",
}


BAD_RANGES = {
    "lin:1:2": "argument 2: 'lin:1:2' is not a range",
    "lin:a:2:3": "argument 2: 'a' is not a number",
    "log:0:1:3": "argument 2: 'log:0:1:3': both ends of a log range must be above 0",
    "lin:0:inf:3": "argument 2: 'lin:0:inf:3': the ends of a range are finite",
    "log:": "argument 2: 'log:' is not a range",
}


@pytest.mark.parametrize(("token", "why"), BAD_RANGES.items())
def test_bad_ranges_are_named_by_their_place(refusal, token, why):
    error = refusal(["1", token])
    assert (error.message, error.usage, error.operand) == (why, True, "x")


@pytest.mark.parametrize(("tokens", "why"), BAD.items())
def test_bad_arguments_are_named_by_their_place(refusal, tokens, why):
    error = refusal(tokens)
    assert (error.message, error.usage, error.operand) == (why, True, "x")


def test_options_of_reading_are_looked_at_where_no_file_is_read(refusal, read, tmp_path):
    for tokens in (["1", "2"], ["randn:2"], ["digits"]):
        assert refusal(tokens, delimiter="abc").message == "--delimiter 'abc' can't separate numbers"
        assert refusal(tokens, input_format="abc").message.startswith(
            "--input-format 'abc' is not one of csv, tsv"
        )
        assert refusal(tokens, column="zz").message == "--column picks a column of a table, and none is read"
        assert len(read(tokens, delimiter="tab", input_format="text")) == 1
    (tmp_path / "q.csv").write_text("a,zz\n1,2\n")
    [block] = read(["7"], PQ, {"q": f"@{tmp_path}/q.csv"}, column="zz")
    assert block.operands["q"].tolist() == [[2]]


def test_a_file_without_its_sign(refusal):
    assert refusal(["x.csv"]).hint == "a file is given as @x.csv"


def test_names_of_entries(read):
    [block] = read(["the=2", "cat=1/2"])
    assert (block.labels, block.operands["x"].tolist()) == (("the", "cat"), [[2, 0.5]])
    assert read(["a=.9,b=.1", ".5,.5"], PQ)[0].labels == ("a", "b")


def test_two_operands_in_order_or_by_option(read):
    expected = {"p": [[0.9, 0.1]], "q": [[0.5, 0.5]]}
    for tokens, flags in [
        ([".9,.1", ".5,.5"], {}),
        ([".9,.1"], {"q": ".5,.5"}),
        ([".9", ".1"], {"q": ".5 .5"}),
        ([".5,.5"], {"p": ".9,.1"}),
        ([], {"q": ".5,.5", "p": ".9,.1"}),
    ]:
        [block] = read(tokens, PQ, flags)
        assert {name: array.tolist() for name, array in block.operands.items()} == expected
        assert list(block.operands) == ["p", "q"]


def test_too_many_arguments_show_the_right_call(refusal):
    error = refusal([".9", ".1", ".5", ".5"], PQ)
    assert (error.message, error.hint) == ("4 arguments for p and q", "write each as one list: .9,.1 .5,.5")
    assert refusal(["1", "2", "3"], PQ).hint == "write each as one list, such as .9,.1"
    assert refusal(["1"], PQ, {"p": "1", "q": "2"}).message.endswith(
        "is one too many: every operand is given by its option"
    )
    assert refusal([".9,.l", "1"], PQ).message == "argument 1: '.l' is not a number"
    assert refusal(["1"], PQ, {"q": ".5,x"}).message == "--q: 'x' is not a number"


# ---- stdin ------------------------------------------------------------------------------------


def test_stdin_gives_what_is_missing(flatten, read):
    data = b"1 2\n3 4 5\n"
    expected = [(1, {"p": [1, 2], "q": [7, 8]}, ()), (2, {"p": [3, 4, 5], "q": [7, 8]}, ())]
    assert flatten(read([], PQ, {"q": "7,8"}, data)) == expected
    assert flatten(read(["-", "7,8"], PQ, {}, data)) == expected
    assert flatten(read([], PQ, {"q": "7,8", "p": "-"}, data)) == expected
    assert flatten(read(["7,8"], PQ, {}, b"1 2\n")) == [(1, {"p": [7, 8], "q": [1, 2]}, ())]
    assert flatten(read([], PQ, {"q": "7,8"}, b'{"p": [1, 2]}\n')) == expected[:1]


def test_a_column_stays_a_column_beside_another_operand(read):
    [block] = read([], PQ, {"q": "7,8"}, b"1\n2\n")
    assert block.is_column


def test_no_rows_in_no_rows_out(read):
    assert read(stdin=b"") == []
    assert read([], PQ, {"q": "7,8"}, b"") == []


def test_nothing_to_read(refusal):
    assert (refusal().message, refusal().usage) == ("nothing to read: stdin is closed", True)
    assert refusal(["1,2"], PQ).message == "q is missing: stdin is closed"
    assert refusal(["-", "-"], PQ, stdin=b"").message == "stdin can be one operand, not p and q"
    assert refusal(["@-"], PQ, stdin=b"").message == "stdin can be one operand, not p and q"


def test_a_terminal_is_never_waited_for(refusal):
    ours, theirs = pty.openpty()
    try:
        assert (refusal(stdin=theirs).message, refusal(stdin=theirs).usage) == ("nothing to read", True)
        assert refusal(["1,2"], PQ, stdin=theirs).message == "q is missing"
    finally:
        os.close(ours)
        os.close(theirs)


def test_stdin_that_is_not_needed_is_not_read(read):
    class Untouchable:
        def __getattr__(self, name):
            raise AssertionError(name)

    assert read(["1", "2"], stdin=Untouchable())[0].operands["x"].tolist() == [[1, 2]]


@pytest.fixture
def file(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return f"@{tmp_path / name}"

    return write


# ---- in step ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_rows_go_in_step_over_blocks_of_any_size(read, file):
    a = np.arange(120_000.0).reshape(-1, 2)
    b = -np.arange(180_000.0).reshape(-1, 3)
    np.save((path := file("b.npy", b""))[1:], b)
    text = b"".join(b"%d %d\n" % tuple(row) for row in a.astype(int).tolist())
    found = read(["-", path], PQ, {}, text)
    assert np.array_equal(np.concatenate([block.operands["p"] for block in found]), a)
    assert np.array_equal(np.concatenate([block.operands["q"] for block in found]), b)
    assert [line for block in found for line in block.lines] == list(range(1, 60_001))


def test_ragged_rows_and_bad_rows_keep_step(flatten, read):
    found = flatten(read(["-", "1; 2; 3; 4"], PQ, {}, b"10 11\nx y\n12 13 14\n15 16\n"))
    assert found == [
        (1, {"p": [10, 11], "q": [1]}, ()),
        (2, "'x' is not a number"),
        (3, {"p": [12, 13, 14], "q": [3]}, ()),
        (4, {"p": [15, 16], "q": [4]}, ()),
    ]


def test_uneven_sources_are_an_error_behind_the_rows_that_match():
    why = "q ends after 2 rows, p goes on: they must be equally many"
    for stdin in (b"1 2\n3 4\n5 6\n", b"1 2\n3 4\nx y\n"):
        found = read_blocks(["-", "1; 2"], PQ, {}, io.BytesIO(stdin), ReadOptions())
        assert next(found).operands["q"].tolist() == [[1], [2]]
        with pytest.raises(InputError) as caught:
            next(found)
        assert caught.value.message == why


def test_one_row_beside_many(read, file):
    for tokens, stdin in [
        ([file("p.csv", b"1,2\n3,4\n"), "7,8"], None),
        (["7,8", file("p.csv", b"1,2\n3,4\n")], None),
    ]:
        [block] = read(tokens, PQ, {}, stdin)
        assert sorted(array.shape for array in block.operands.values()) == [(1, 2), (2, 2)]
        assert (list(block.lines), block.source[-5:]) == ([1, 2], "p.csv")
    [block] = read(["-", file("q.csv", b"7,8\n9,1\n")], PQ, {}, b"1 2\n")
    assert (block.operands["p"].shape, block.operands["q"].shape) == ((1, 2), (2, 2))
    [block] = read([file("p.csv", b"1,2\n"), file("q.csv", b"3\n4\n")], PQ)
    assert (block.operands["q"].tolist(), block.is_column) == ([[3, 4]], True)


def test_three_sources(read, flatten, file):
    found = read(["-", "1; 2", file("c.txt", b"3 4\n5 6\n")], ("a", "b", "c"), {}, b"7\n\n8\n", rows=True)
    assert flatten(found) == [
        (1, {"a": [7], "b": [1], "c": [3, 4]}, ()),
        (3, {"a": [8], "b": [2], "c": [5, 6]}, ()),
    ]


def test_a_bad_or_empty_second_operand(refusal, file):
    assert refusal(["1,2", file("q.csv", b"1,x\n")], PQ).message.endswith("q.csv:1:2: 'x' is not a number")
    assert refusal(["1,2", file("q.csv", b"")], PQ).message == "q: there are no rows"


def test_a_matrix_beside_a_vector(read):
    [block] = read(["1 2; 3 4", "5,6"], ("W", "x"), matrix={"W"})
    assert {name: array.shape for name, array in block.operands.items()} == {"W": (1, 2, 2), "x": (1, 2)}
    [block] = read([], ("W", "x"), {}, b'{"W": [[1, 2], [3, 4]], "x": [5, 6]}\n', matrix={"W"})
    assert {name: array.shape for name, array in block.operands.items()} == {"W": (1, 2, 2), "x": (1, 2)}


# ---- prices and places ------------------------------------------------------------------------


def test_arguments_load_neither_orjson_nor_the_readers():
    code = "import sys\nfrom aimath.read.operands import read_blocks\nlist(read_blocks(['1', '2'], ['x'], {}, None))\nprint(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    ).stdout.split()
    assert not {
        "orjson",
        "json",
        "csv",
        "zipfile",
        "fractions",
        "aimath.read.text._text",
        "aimath.read.binary._npy",
    } & set(out)


def test_each_entry_of_a_list_belongs_to_one_row(tmp_path):
    file = tmp_path / "classes.txt"
    file.write_text("0\n2\n")
    for given in ("0,2", f"@{file}"):
        (block,) = read_blocks(["1 2 3; 4 5 6"], ["x", "k"], {"k": given}, None, per_row=["k"])
        assert block.operands["k"].tolist() == [[0.0], [2.0]]
        assert block.operands["x"].shape == (2, 3)
