"""Rows of separated text: cells, columns, headers, what is missing."""

import numpy as np
import pytest


def test_csv_names_line_and_column_of_a_bad_cell(read, at):
    *_, bad = read(at("d.csv", b"a,b\n1,2\n3,oops\n"))
    assert (bad.error.message, bad.line, bad.error.entry) == ("'oops' is not a number", 3, 1)


CSV = {
    "ragged": (b"1,2\n1,2,3\n", {}, [[1, 2], "has 3 cells, the rows above have 2"]),
    "ragged below its header": (b"a,b\n1\n2,3\n", {}, ["has 1 cell, the rows above have 2", [2, 3]]),
    "blanks do not separate": (b"1 2,3\n", {}, ["'1 2' is not a number"]),
    "quotes": (b'"a","b"\n"1","2"\n', {}, [[1, 2]]),
    "an open quote": (b'1,2\n"3,4\n5,6\n', {}, [[1, 2], "a quote is opened and never closed", [5, 6]]),
    "decimal commas are never guessed": (b"1;2\n", {}, ["'1;2' is not a number"]),
    "a delimiter": (b"1;2\n3;4\n", {"delimiter": ";"}, [[1, 2], [3, 4]]),
    "a delimiter by name": (b"1\t2\n", {"delimiter": "tab"}, [[1, 2]]),
    "empty": (b"1,\n3,4\n", {}, ["the cell is empty", [3, 4]]),
    "skip": (b"1,\n3,4\nNA,1\n", {"missing": "skip"}, [[3, 4]]),
    "a column": (b"a\n1\n2\n", {}, [[1, 2]]),
    "column by name": (b"a,b\n1,x\n3,y\n", {"column": "a"}, [[1, 3]]),
    "column by number": (b"x,1\ny,2\n", {"column": "2"}, [[1, 2]]),
    "column of numbers": (b"5,1\n6,2\n", {"column": "2"}, [[1, 2]]),
    "column with gaps": (b"a,b\n1,2\n\n,4\n5,6\n", {"column": "a", "missing": "skip"}, [[1, 5]]),
    "column with a mistake": (b"a,b\n1,2\n3,x\n5,6\n", {"column": "b"}, ["'x' is not a number"]),
    "column past the end": (b"1,2\n", {"column": "3"}, ["the row has no column 3: it has 2"]),
    "brackets are cells": (b"1,2\n[3,4]\n", {}, [[1, 2], "'[3' is not a number"]),
    "nothing below the header": (b"a,b\n", {}, []),
}


@pytest.mark.parametrize(("data", "options", "expected"), CSV.values(), ids=CSV)
def test_csv(rows, at, data, options, expected):
    assert rows(at("d.csv", data), **options) == expected


def test_missing_as_nan(read, at):
    [block] = read(at("d.csv", b"1,NA\n,4\nnan,6\n"), missing="nan")
    assert np.isnan(block.operands["x"]).tolist() == [[False, True], [True, False], [True, False]]


def test_a_picked_column_is_one_column_over_blocks(read, at):
    [block] = read(at("d.csv", b"a,b\n" + b"1,2\n" * 100_000), column="b")
    assert (block.is_column, block.operands["x"].shape, block.operands["x"].sum()) == (
        True,
        (1, 100_000),
        200_000,
    )


def test_a_wrong_column_lists_the_right_ones(refusal, at):
    error = refusal(at("d.csv", b"a,b\n1,2\n"), column="c")
    assert error.message.endswith("d.csv has no column 'c'")
    assert (error.hint, error.usage) == ("the columns are 'a', 'b'", True)
    assert "has no header line that names 'c'" in refusal(at("d.csv", b"1,2\n"), column="c").message
    assert refusal(stdin=b"[1]\n", column="c").hint == "use --key KEY in place of --column"


@pytest.mark.parametrize("delimiter", ["", "ab", "1", ".", '"', "\n", "e", "é"])
def test_delimiters_that_cannot_be(refusal, at, delimiter):
    assert "can't separate numbers" in refusal(at("d.csv", b"1,2\n"), delimiter=delimiter).message
