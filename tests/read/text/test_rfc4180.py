"""RFC 4180: quotes, what they may hold, and where they may stand; held against the csv module, which shares no code."""

from __future__ import annotations

import csv
import io
import itertools
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

import aimath.read.text._records as records_module
from aimath.errors import InputError
from aimath.read.blocks import BadRow, ReadOptions
from aimath.read.operands import read_blocks
from aimath.read.text._cells import CellReader

quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
NAMES = st.text('ab",\n\r#é\t 猫', min_size=1, max_size=6).filter(lambda name: name.strip())
TEXTS = st.text('xy1",\n\r# \té-.;', max_size=12)
FORMS = {"csv": ",", "tsv": "\t"}


class Dripping(io.RawIOBase):
    """A pipe that gives a few bytes at a time."""

    def __init__(self, data, size):
        super().__init__()
        self.data, self.size = io.BytesIO(data), size

    def read(self, size=-1):
        return self.data.read(min(size, self.size))


@st.composite
def tables(draw):
    """A header, rows of any text but for one column of numbers, and how a writer quotes them."""
    heads = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.strip))
    place = draw(st.integers(0, len(heads) - 1))
    numbers = draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
    rows = [[draw(TEXTS) for _ in heads] for _ in numbers]
    for row, number in zip(rows, numbers, strict=True):
        row[place] = repr(number)
    return heads, rows, place, numbers


def written(heads, rows, delimiter, end, quoting):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([heads, *rows])
    return out.getvalue().encode()


@quick
@given(
    tables(),
    st.sampled_from(sorted(FORMS)),
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)]),
    st.sampled_from([1, 7, 1 << 18]),
    st.booleans(),
)
def test_quoted_cells_hold_anything(table, form, how, size, ended):
    heads, rows, place, numbers = table
    data = written(heads, rows, FORMS[form], *how)
    if not ended:
        data = data.removesuffix(how[0].encode())
    reading = ReadOptions(column=heads[place], header=True, input_format=form)
    [block] = read_blocks([], ["x"], {}, Dripping(data, size), reading)
    assert block.operands["x"].tolist() == [numbers]
    assert not any(isinstance(piece, BadRow) for piece in [block])


@quick
@given(st.text('a1", \n\r', max_size=12), st.sampled_from(",;|"))
@example('a"b,"c""",d', ",")
@example('"a"b,c', ",")
def test_cells_are_those_of_the_csv_module(text, delimiter):
    """Blanks beside quotes aside, which the module takes as they stand."""
    text = text.replace(",", delimiter)
    if any(part in text for part in (' "', '" ')) or "\r" in text.replace("\r\n", ""):
        return
    lines = text.splitlines(keepends=True)
    reader = CellReader(delimiter, comments=False)
    try:
        expected = next(csv.reader(iter(lines), delimiter=delimiter, strict=True), [])
    except csv.Error:
        expected = None
    try:
        for line in lines:
            reader.feed(line)
            if not reader.is_open:
                break
    except InputError:
        assert expected is None
        return
    if reader.is_open:
        assert expected is None
    elif text.strip("\r\n"):
        cells = list(reader.cells)
        assert [cell.strip(" ") for cell in cells] == [cell.strip(" ") for cell in expected or [""]]


SPECTRUM = {  # what the cases of csv-spectrum are about, written anew
    "commas in quotes": (b'who,where,zip\nAda,"London, W1",1815\n', "zip", [1815]),
    "empty": (b'a,b,c\n1,"",""\n2,3,4\n', "a", [1, 2]),
    "empty, CRLF": (b'a,b,c\r\n1,"",""\r\n2,3,4\r\n', "c", [4]),
    "escaped quotes": (b'n,said\n5,"so ""he"" said"\n6,x\n', "n", [5, 6]),
    "JSON": (b'key,val\n7,"{""type"": ""Point"", ""at"": [102.0, 0.5]}"\n', "key", [7]),
    "coordinates": (b'phone,at,n\n"(555) 010","(1.5, -2.5)",3\n', "n", [3]),
    "line breaks": (b'a,b,c\n1,2,3\n"Once upon\na time",5,6\n7,8,9\n', "b", [2, 5, 8]),
    "line breaks, CRLF": (b'a,b,c\r\n1,2,3\r\n"Once upon\r\na time",5,6\r\n7,8,9\r\n', "b", [2, 5, 8]),
    "quotes and line breaks": (b'a,b\n1,"ha\n""ha""\nha"\n3,4\n', "a", [1, 3]),
    "simple": (b"a,b,c\n1,2,3", "b", [2]),
    "simple, CRLF": (b"a,b,c\r\n1,2,3\r\n", "b", [2]),
    "UTF-8": ("a,b,ʤ\n1,2,3\n4,5,ʤ\n".encode(), "b", [2, 5]),
    "a header over two lines": (b'"pri\nce",n\n1.5,2\n', "pri\nce", [1.5]),
    "a quoted line break first": (b'name,price\n"two\nlines",1.5\n', "price", [1.5]),
    "a blank line in quotes": (b'name,price\n"two\n\n\nlines",1.5\nx,2\n', "price", [1.5, 2]),
    "what looks like a comment in quotes": (b'name,price\n"a\n#b",1.5\n"#",2\n', "price", [1.5, 2]),
    "what looks like a comment in the header": (b'"a\n#b",price\nx,2\n', "price", [2]),
    "quotes in comments": (b'# the "new\n# "ones\nname,price\nx,2\n', "price", [2]),
    "BOM and quotes": (b'\xef\xbb\xbf"a","b"\n"1","2"\n', "a", [1]),
    "blanks beside quotes": (b'"a" , "b"\n"1" , "2"\n', "b", [2]),
    "blanks in quotes": (b'" a ","b"\n1,2\n', " a ", [1]),
    "inches": (b'size,n\n5" pipe,1\n6"",2\n', "n", [1, 2]),
    "a long cell": (b'text,n\n"' + b"lorem ipsum, " * 20_000 + b'",1\n', "n", [1]),
    "a long cell of many lines": (b'text,n\n"' + b"lorem\n" * 50_000 + b'",1\n', "n", [1]),
}


@pytest.mark.parametrize(("data", "column", "expected"), SPECTRUM.values(), ids=SPECTRUM)
def test_spectrum(rows, at, data, column, expected):
    assert rows(at("d.csv", data), column=column, missing="skip") == [expected]
    if not data.startswith(b"#"):
        assert rows(stdin=data, column=column, missing="skip", input_format="csv") == [expected]
    assert rows(at("d.tsv", data.replace(b",", b"\t")), column=column, missing="skip") == [expected]


def test_table_on_stdin_has_quoted_line_breaks_too(rows):
    data = b'name,price\n"two\nlines",1.5\n"3,\r\n4",2\n'
    assert rows(stdin=data, column="price") == [[1.5, 2]]
    assert rows(stdin=data.replace(b",", b";"), column="2", delimiter=";") == [[1.5, 2]]


def test_errors_name_the_line_where_a_record_begins(read, at):
    data = b'a,"b\nc"\n1,2\n"x\ny\nz",3\n4,oops\n'
    found = read(at("d.csv", data), column="b\nc")
    assert [(piece.line, piece.error.message) for piece in found if isinstance(piece, BadRow)] == [
        (7, "'oops' is not a number")
    ]
    found = read(at("d.csv", data))
    assert [piece.line if isinstance(piece, BadRow) else list(piece.lines) for piece in found] == [[3], 4, 7]


QUOTES = {
    b'1 2\n"a"b 2\n5 6\n': "'b 2' follows a closing quote",
    b'1 2\n"a""b 2\n5 6\n': "a quote is open at the end of the line",
    b'1 2\n"a" "b\n5 6\n': "a quote is open at the end of the line",
    b'1 2\n"a" "b"\n5 6\n': "'a' is not a number",
    b"1 2\n'1' 2\n5 6\n": "\"'1'\" is not a number",
}


@pytest.mark.parametrize(("data", "sentence"), QUOTES.items())
def test_error_about_quotes_is_true(rows, data, sentence):
    before, why, after = rows(stdin=data)
    assert (before, after) == ([1, 2], [5, 6])
    assert why.replace('"', "'") == sentence.replace('"', "'")


WORDS = st.text("ab, \t#é", min_size=1, max_size=5)


@quick
@given(
    st.lists(WORDS, min_size=1, max_size=4),
    st.lists(st.sampled_from([" ", "\t", ",", " , ", "  "]), min_size=4, max_size=4),
    st.sampled_from(["", " ", "# c", ' # "c']),
)
def test_quotes_between_blanks_on_stdin(read, words, gaps, tail):
    """Any words in quotes, between any separators: the labels, or two numbers a row."""
    words = [f"w{word}" for word in words]
    quoted = [f'"{word}"' + gap for word, gap in zip(words, gaps, strict=False)]
    line = "".join(quoted).removesuffix(gaps[len(words) - 1])
    numbers = "".join(f'"{k}"' + gap for k, gap in enumerate(gaps[: len(words)])).removesuffix(
        gaps[len(words) - 1]
    )
    tail = f" {tail}" if tail.startswith("#") else tail
    data = f"{line}{tail}\n{numbers}{tail}\n{' '.join(map(str, range(len(words))))}\n".encode()
    found = read(stdin=data, rows=True)
    assert [row for block in found for row in block.operands["x"].tolist()] == [list(range(len(words)))] * 2
    assert found[0].labels == tuple(words)


@quick
@given(st.lists(st.sampled_from(["1,2", '"3","4"', '"5",6']), max_size=8), st.integers(0, 8), st.data())
def test_quote_that_is_not_closed_costs_its_line_alone(rows, lines, place, data):
    stray = data.draw(st.sampled_from(['"3,4', '3,"4', '"', '7,"""']))
    lines[place:place] = [stray]
    good = {"1,2": [1, 2], '"3","4"': [3, 4], '"5",6': [5, 6]}
    found = rows(stdin=("1,2\n" + "\n".join(lines) + "\n").encode(), input_format="csv")
    assert [row for row in found if not isinstance(row, str)] == [[1, 2]] + [
        good[line] for line in lines if line in good
    ]
    assert len([row for row in found if isinstance(row, str)]) == 1


class Endless(io.RawIOBase):
    """A pipe that repeats itself, and counts what was taken of it."""

    def __init__(self, start, block):
        super().__init__()
        self.parts, self.taken = itertools.chain([start], itertools.repeat(block)), 0

    def read(self, _size=-1):
        part = next(self.parts)
        self.taken += len(part)
        return part


def test_quote_that_is_never_closed_holds_bounded_memory(monkeypatch):
    monkeypatch.setattr(records_module, "MAX_RECORD_BYTES", 1 << 20)
    endless = Endless(b'1,2\n"3,4\n', b"5,6\n" * 10_000)
    tracemalloc.start()
    try:
        found = read_blocks([], ["x"], {}, endless, ReadOptions(input_format="csv"))
        assert next(found).operands["x"].tolist() == [[1, 2]]
        bad = next(found)
        assert (bad.line, "is opened and not closed within" in bad.error.message) == (2, True)
        assert next(found).operands["x"][0].tolist() == [5, 6]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert endless.taken < records_module.MAX_RECORD_BYTES + (1 << 20)
    assert peak < 10 << 20


@pytest.mark.parametrize("line", [b'x",1,"\n', b'"\n', b'"a\n', b'"",""""\n', b'",\n', b'x,"\n', b'","\n'])
def test_lines_of_quotes_are_looked_at_a_bounded_number_of_times(monkeypatch, line):
    """Every line may open a cell that runs to the end: looking on from each took quadratic time."""
    looked = 0
    feed = CellReader.feed

    def counting(self, text):
        nonlocal looked
        looked += len(text)
        feed(self, text)

    monkeypatch.setattr(CellReader, "feed", counting)
    data = b"1,2\n" + line * 2000 + b'z"z",1\n'
    list(read_blocks([], ["x"], {}, Dripping(data, 1000), ReadOptions(input_format="csv")))
    assert looked <= 4 * len(data)


def test_quoted_cells_stream():
    """Rows of many blocks, each with a line break in quotes, hold one block and not all."""
    raw = io.BytesIO(b"name,v\n" + (b'"' + b"word " * 1000 + b'\nb",1\n') * 2000)
    tracemalloc.start()
    try:
        count = 0
        for piece in read_blocks([], ["x"], {}, raw, ReadOptions(input_format="csv", column="v")):
            count += piece.operands["x"].size
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 2000
    assert peak < 7 << 20 < len(raw.getvalue())
