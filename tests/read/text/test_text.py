"""Lines of text to rows, columns, labels and matrices."""

import math

import numpy as np
import pytest

from aimath.read.blocks import BadRow

# Every line is one vector.
ROWS = {
    b"": [],
    b"\n\n": [],
    b"1 2\n3 4\n": [[1, 2], [3, 4]],
    b"1 2\n3 4": [[1, 2], [3, 4]],
    b"1,2\n3,4\n": [[1, 2], [3, 4]],
    b"1\t2\n3\t4\n": [[1, 2], [3, 4]],
    b"1, 2\n3, 4\n": [[1, 2], [3, 4]],
    b"1 , 2\n": [[1, 2]],
    b"1 2,3\n4 5,6\n": [[1, 2, 3], [4, 5, 6]],
    b"1,2 3\n4,5 6\n": [[1, 2, 3], [4, 5, 6]],
    b"1[,2]\n": ["'1[' is not a number"],
    b"[1,2]\n3[,4]\n": [[1, 2], "'3[' is not a number"],
    b"  1   2\n 33  44\n": [[1, 2], [33, 44]],
    b"1 2 \n3 4 \n": [[1, 2], [3, 4]],
    b"1 2\r\n3 4\r\n": [[1, 2], [3, 4]],
    b"\xef\xbb\xbf1 2\n": [[1, 2]],
    b"# note\n\n1 2 # more\n\n#\n3 4\n": [[1, 2], [3, 4]],
    b"1 2\n3\n4 5 6\n": [[1, 2], [3], [4, 5, 6]],
    b".5 +1\n1. -.5\n": [[0.5, 1], [1, -0.5]],
    b"1/3 30%\n": [[1 / 3, 0.3]],
    b"007 1e0000000002\n": [[7, 100]],
    b"[1, 2]\n[3]\n": [[1, 2], [3]],
    b"[[1, 2], [3, 4]]\n": [[1, 2], [3, 4]],
    b' {"x": [1, 2]}\n{"x": 3}\n': [[1, 2], [3]],
    b'[1, "-inf"]\n': [[1, -math.inf]],
    b"1 2\n[3, 4]\n": [[1, 2], [3, 4]],
    b"\xe2\x88\x921 inf\n": [[-1, math.inf]],
}


@pytest.mark.parametrize(("data", "expected"), ROWS.items())
def test_rows(rows, data, expected):
    assert rows(stdin=data) == expected


COLUMNS = {
    b"1\n2\n3\n": [[1, 2, 3]],
    b"1\n2\n\n\n3\n4\n": [[1, 2], [3, 4]],
    b"x\n1\n2\n": [[1, 2]],
    b"# c\n1\n# c\n2\n": [[1, 2]],
    b"1\n2 3\n4\n\n5\n": ["has 2 numbers, in a column", [5]],
    b"1\nx\ny\n\n5\n": ["'x' is not a number", [5]],
    b"0.l\n2\n": ["'0.l' is not a number"],
}


@pytest.mark.parametrize(("data", "expected"), COLUMNS.items())
def test_a_single_number_first_means_a_column(rows, data, expected):
    assert rows(stdin=data) == expected


def test_a_column_says_that_it_is_one(read):
    [block] = read(stdin=b"1\n2\n")
    assert (block.is_column, block.operands["x"].shape, list(block.lines)) == (True, (1, 2), [1])
    assert not read(stdin=b"1 2\n")[0].is_column


def test_rows_turns_columns_off(rows):
    assert rows(stdin=b"1\n2\n", rows=True) == [[1], [2]]


def test_json_is_never_a_column(rows):
    assert rows(stdin=b"[1]\n[2]\n") == [[1], [2]]


# why, line, column (from 0) and width of a row that can't be read; the row behind it is read.
BAD = [
    (b"1 2\n1 2 0.l\n5 6\n", "'0.l' is not a number", 2, 2, 3),
    (b"1 2\n1e400 2\n5 6\n", "'1e400' overflows float64", 2, 0, 2),
    (b"1 2\n1,,2\n5 6\n", "the cell is empty", 2, 1, 3),
    (b"1 2\n1,2,\n5 6\n", "the cell is empty", 2, 2, 3),
    (b"1 2\nNA 2\n5 6\n", "'NA' is not a number", 2, 0, 2),
    (b"1 2\nnan 2\n5 6\n", "'nan' is not a number", 2, 0, 2),
    (b"1 2\n3 \xff\n5 6\n", "byte 3 (0xff) is not UTF-8", 2, None, 2),
    (b"1 2\n3 \x004\n5 6\n", "byte 3 is a NUL inside the line", 2, None, 2),
    (b"1 2\n3 4\r4 5\n5 6\n", "byte 4 is a carriage return inside the line", 2, None, 4),
    (b"1 2\n\x1b[31m 2\n5 6\n", r"'\x1b[31m' is not a number", 2, 0, 2),
    (b"1 2\na=1 2\n5 6\n", "'2': name all the entries of a row or none of them", 2, 1, 2),
    (b"1 2\n1 a=2\n5 6\n", "'a=2': name all the entries of a row or none of them", 2, 1, 2),
    (b"1 2\na=x\n5 6\n", "'x' is not a number", 2, 0, 1),
    (b'1 2\n"1 2\n5 6\n', "a quote is open at the end of the line", 2, None, 2),
    (b"1 2\n[1, null]\n5 6\n", "[1] is null, not a number", 2, 1, 2),
    (b"1 2\n[true]\n5 6\n", "[0] is a boolean, not a number", 2, 0, 1),
    (b'1 2\n["1"]\n5 6\n', "[0] is a string, not a number", 2, 0, 1),
    (b"1 2\n[]\n5 6\n", "the value is an empty array, not a number", 2, None, 1),
    (b"1 2\n[1, NaN]\n5 6\n", "[1] is NaN, not a number", 2, 1, 2),
    (b"1 2\n[1e400]\n5 6\n", "'1e400' overflows float64", 2, None, 1),
    (b"1 2\n[1, 2\n5 6\n", "not JSON: expecting ',' delimiter at column 6", 2, None, 2),
    (b"1 2\n[1] 2\n5 6\n", "not JSON: extra data at column 5", 2, None, 2),
    (b"1 2\n[.5]\n5 6\n", "not JSON: expecting value at column 2", 2, None, 1),
    (b"1 2\n[\xff]\n5 6\n", "byte 2 (0xff) is not UTF-8", 2, None, 1),
    (b'1 2\n{"y": 1}\n5 6\n', "has no key 'x'; its keys are 'y'", 2, None, 2),
    (b"1 2\n{}\n5 6\n", "has no key 'x'; its keys are none", 2, None, 1),
    (b'1 2\n{"x": 1, "x": 2}\n5 6\n', "the key 'x' is there twice", 2, None, 4),
    (b"1 2\n[[1, 2], [3]]\n5 6\n", "[1] has 1 value, [0] 2 values: rows must be equally long", 2, 1, 3),
    (b"1 2\n[[1, 2], 3]\n5 6\n", "[1] has 1 number, [0] 2 values: rows must be equally long", 2, 1, 3),
    (b"1 2\n" + b"[" * 65 + b"1" + b"]" * 65 + b"\n5 6\n", "arrays are nested deeper than 64", 2, None, 1),
    (b"1 2\n" + b"[" * 100_000 + b"\n5 6\n", "arrays are nested deeper than 64", 2, None, 1),
]


@pytest.mark.parametrize(("data", "why", "line", "entry", "width"), BAD)
def test_a_bad_row_is_named_and_the_stream_goes_on(read, data, why, line, entry, width):
    before, bad, after = read(stdin=data)
    assert isinstance(bad, BadRow)
    assert (bad.error.message, bad.line, bad.error.entry, bad.width) == (why, line, entry, width)
    assert (before.operands["x"].tolist(), after.operands["x"].tolist()) == ([[1, 2]], [[5, 6]])
    assert (before.source, list(before.lines), list(after.lines)) == ("<stdin>", [1], [3])


LABELS = {
    b"the cat\n1 2\n3 4\n": [("the", "cat")] * 2,
    b"a,b\n1,2\n": [("a", "b")],
    b'"a, b",c\n1,2\n': [("a, b", "c")],
    b"the=1 cat=2\n3 4\n": [("the", "cat"), ()],
    b"a=b=1 c=2\n": [("a=b", "c")],
    b'{"x": [1, 2], "labels": ["a", "b"]}\n': [("a", "b")],
    b'{"x": [1, 2], "labels": [1, "b"]}\n': [()],
    b'{"x": {"cat": 1, "dog": 2}}\n': [("cat", "dog")],
    b"a=1\nb=2\n": [("a", "b")],
    b"a b\n1 2 3\n": [()],
    b"x\n1\n2\n": [()],
}


@pytest.mark.parametrize(("data", "expected"), LABELS.items())
def test_labels(read, flatten, data, expected):
    assert [row[2] for row in flatten(read(stdin=data))] == expected


def test_a_numeric_header_when_asked(read):
    [block] = read(stdin=b"2019 2020\n1 2\n", header=True)
    assert (block.labels, block.operands["x"].tolist()) == (("2019", "2020"), [[1, 2]])


def test_words_without_numbers_are_an_error_rather_than_a_header(refusal):
    assert refusal(stdin=b"two one\n").message == "<stdin>: 'two one' is a header, and no numbers follow"


def test_json_members_by_key_name_and_alias(rows):
    data = b'{"x": 1, "probs": 2, "z": 3}\n'
    assert rows(stdin=data) == [[1]]
    assert rows(stdin=data, key="z") == [[3]]
    assert rows(stdin=data, key="q") == ["has no key 'q'; its keys are 'x', 'probs', 'z'"]


def test_several_operands_are_json_objects(read, flatten):
    data = b'{"p": [1, 2], "q": [3, 4]}\n1 2\n{"p": [1], "q": [[1], [2]]}\n[1]\n'
    first, *bad = flatten(read(names=("p", "q"), stdin=data))
    assert first == (1, {"p": [1, 2], "q": [3, 4]}, ())
    assert bad == [
        (2, "a row of text can't hold p and q"),
        (3, "the operands have different numbers of rows: p 1 and q 2"),
        (4, "the value must be an object with the keys p and q"),
    ]


def test_matrices_end_at_a_blank_line(read):
    found = read(stdin=b"1 2\n3 4\n\n5 6\n[7, 8]\n[[9, 1], [2, 3]]\n", matrix=True)
    assert [block.operands["x"].tolist() for block in found] == [
        [[[1, 2], [3, 4]]],
        [[[5, 6], [7, 8]]],
        [[[9, 1], [2, 3]]],
    ]


def test_a_ragged_matrix_is_one_error(rows):
    assert rows(stdin=b"1 2\n3\n4 5\n\n1\n", matrix=True) == ["has 1 number, the rows above have 2", [[1]]]


def test_minus_zero_keeps_its_sign(read):
    for data in (b"-0 0\n", b"-0,1,-0\n", b"[-0]\n", b"-0 # c\n", b"-0.\n", b"1,-0 \n"):
        assert np.signbit(read(stdin=data, rows=True)[0].operands["x"]).any(), data


def test_lines_are_counted_over_blocks(read):
    data = b"# head\na b\n" + b"1 2\n" * 200_000 + b"x y\n"
    found = read(stdin=data)
    assert (found[-1].line, found[0].lines[0], found[0].labels) == (200_003, 3, ("a", "b"))
    assert len(found) > 3  # more than one block
    assert sum(len(piece.lines) for piece in found[:-1]) == 200_000
