"""Columns of a table by names, numbers, ranges and globs; what isn't picked needs no mention and costs nothing."""

import csv
import io
import itertools

import pytest
from hypothesis import given, strategies as st

from aimath.errors import InputError
from aimath.read.blocks import BadRow, Block, ReadOptions
from aimath.read.operands import read_blocks
from aimath.read.text import _choice, _text
from aimath.read.text._choice import Chooser, matches

TABLE = b'id,a,b,label,a*\nu1,1,2,cat,5\n"u,2",3,4,dog,6\n'


def picked(data=TABLE, **how):
    """The rows and heads of what is picked, from a .csv on stdin."""
    read = ReadOptions(input_format="csv", **how)
    blocks = list(read_blocks([], ["x"], {}, io.BytesIO(data), read))
    assert all(isinstance(block, Block) for block in blocks), blocks
    return [row for block in blocks for row in block.operands["x"].tolist()], blocks[0].labels


@pytest.mark.parametrize(
    ("how", "rows", "heads"),
    [
        ({"column": ("a",)}, [[1, 3]], ()),
        ({"column": ("2",)}, [[1, 3]], ()),
        ({"column": ("a,b",)}, [[1, 2], [3, 4]], ("a", "b")),
        ({"column": ("b", "a", "b")}, [[2, 1], [4, 3]], ("b", "a")),
        ({"column": ("2-3",)}, [[1, 2], [3, 4]], ("a", "b")),
        ({"column": ("?",)}, [[1, 2], [3, 4]], ("a", "b")),
        ({"column": ("b*",)}, [[2], [4]], ("b",)),
        ({"column": ("a*",)}, [[5, 6]], ()),  # a column's own name comes before what it says as a glob
        ({"exclude": ("id,label",)}, [[1, 2, 5], [3, 4, 6]], ("a", "b", "a*")),
        ({"exclude": ("id", "label", "2-3")}, [[5], [6]], ("a*",)),
        ({"column": ("2-3",), "exclude": ("a",)}, [[2], [4]], ("b",)),
        ({"column": ("a,b",), "id": ("id",)}, [[1, 2], [3, 4]], ("a", "b")),
        ({"exclude": ("label",), "id": ("id",)}, [[1, 2, 5], [3, 4, 6]], ("a", "b", "a*")),
    ],
)
def test_picks(how, rows, heads):
    assert picked(**how) == (rows, heads)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"column": ("c",)}, "has no column 'c'"),
        ({"column": ("a,c",)}, "has no column 'c'"),
        ({"column": ("z*",)}, "has no column 'z*'"),
        ({"column": ("3-2",)}, "the range 3-2 runs backwards"),
        ({"column": ("2-9",)}, "has no column 9: it has 5"),
        ({"column": ("a,,b",)}, "a name in 'a,,b' is empty"),
        ({"exclude": ("c",)}, "has no column 'c'"),
        ({"exclude": ("1-5",)}, "no column is left to be read"),
        ({"id": ("c",)}, "has no column 'c'"),
        ({"column": ("a",), "id": ("id",)}, "--id names rows, and a column is one answer"),
    ],
)
def test_what_meets_nothing_is_a_mistake_of_the_line(how, said):
    with pytest.raises(InputError) as caught:
        picked(**how)
    assert said in str(caught.value)
    assert caught.value.usage
    assert caught.value.hint or "left" in said or "empty" in said or "it has" in said


def test_ids_and_names_of_rows_are_texts():
    read = ReadOptions(input_format="csv", column=("a,b",), id=("label", "id"), row_labels="id")
    [block] = read_blocks([], ["x"], {}, io.BytesIO(TABLE), read)
    assert {name: [*texts] for name, texts in block.ids.items()} == {
        "label": ["cat", "dog"],
        "id": ["u1", "u,2"],
    }
    assert block.row_labels == ("u1", "u,2")
    assert block.slice_rows(1, 2).ids == {"label": ["dog"], "id": ["u,2"]}


def test_an_error_names_the_column_of_the_file():
    data = TABLE.replace(b",4,", b",4x,")
    [bad] = [
        piece
        for piece in read_blocks(
            [], ["x"], {}, io.BytesIO(data), ReadOptions(input_format="csv", column=("b,a",))
        )
        if isinstance(piece, BadRow)
    ]
    assert (bad.line, bad.error.entry) == (3, 2)


def test_ten_thousand_columns():
    heads = [f"c{k}" for k in range(10_000)]
    data = ",".join(heads) + "\n" + ",".join(map(str, range(10_000))) + "\n"
    rows, labels = picked(data.encode(), column=("c9*", "17", ",".join(heads[::2])))
    assert (
        len(rows[0])
        == len(labels)
        == len(dict.fromkeys([*filter(lambda h: h.startswith("c9"), heads), "c16", *heads[::2]]))
    )
    assert rows[0][:2] == [9, 90]


@pytest.mark.parametrize("name", ["#", "2-11", "*", "a,b", " ", "?", "1", "\x1b[31m", "\u202ex"])
def test_a_column_of_any_name_can_be_had_by_its_number_and_by_its_name(name):
    quoted = '"' + name + '"'
    data = f"id,{quoted}\nx,7\ny,8\n".encode()
    assert picked(data, column=("2",), header=True)[0] == [[7, 8]]
    if name.strip():
        assert picked(data, column=(name,), header=True)[0] == [[7, 8]]
    with pytest.raises(InputError) as caught:
        picked(data, column=("none",), header=True)
    assert "\x1b" not in caught.value.hint + str(caught.value)
    assert "\u202e" not in caught.value.hint + str(caught.value)


GLOB = st.text("ab*?", max_size=8)


@given(GLOB, st.text("ab", max_size=8))
def test_globs_are_as_tried_by_every_split(glob, text):
    def tried(glob, text):
        if not glob:
            return not text
        if glob[0] == "*":
            return any(tried(glob[1:], text[k:]) for k in range(len(text) + 1))
        return bool(text) and glob[0] in ("?", text[0]) and tried(glob[1:], text[1:])

    assert matches(glob, text) == tried(glob, text)


def test_a_glob_takes_no_quadratic_time_and_has_at_most_so_many_parts():
    assert not matches("*a" * 30 + "b", "a" * 10_000)
    with pytest.raises(InputError, match="more than 32 parts"):
        matches("*" * 33, "a")


CELLS = st.sampled_from(
    [
        "1",
        "-2.5",
        "+.5",
        "1e3",
        "",
        "NA",
        "nan",
        " 7",
        "1/3",
        "30%",
        "inf",
        "-0",
        "x",
        "1,5",
        "a\nb",
        'say "hi"',
        "é",
        "#1",
        "  ",
    ]
)


@pytest.mark.parametrize("missing", ["error", "skip", "nan"])
@given(
    table=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_cut_and_parsed_line_by_line_are_one(missing, table, end):
    """The same rows, lines, ids and errors, however many rows go the fast way."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end)
    writer.writerows([("name", "a b", "c"), *table])
    data = out.getvalue().encode()
    for how in (
        {"column": ("c",)},
        {"column": ("2-3",), "id": ("name",)},
        {"exclude": ("a b",), "row_labels": "a b"},
    ):
        read = ReadOptions(input_format="csv", missing=missing, **how)
        assert _told(data, read) == _told(data, read, slowly=True)


def _told(data, read, *, slowly=False):
    kept = _text._parse_bulk
    if slowly:
        _text._parse_bulk = lambda *_, **__: None
    try:
        told = []
        for piece in read_blocks([], ["x"], {}, io.BytesIO(data), read):
            if isinstance(piece, BadRow):
                told.append(
                    (piece.line, piece.error.entry, str(piece.error), {n: [*t] for n, t in piece.ids.items()})
                )
                continue
            whole = piece.operands["x"]
            for k, line in enumerate(piece.lines):
                ids = {name: texts[k] for name, texts in piece.ids.items()}
                told.append((line, whole[k].tobytes(), ids, piece.row_labels[k : k + 1], piece.missing))
    except InputError as error:
        told = [(*told, str(error))]
    finally:
        _text._parse_bulk = kept
    return told


def test_columns_that_are_not_picked_are_not_parsed(monkeypatch):
    """Of a table whose first column is text, quoted or not, with cells missing, no line is parsed by itself."""
    for first, gap in itertools.product(('"a ""b"", {}"', "w{}"), ("", "NA", "nan")):
        lines = [f"{first.format(k)},{gap if k % 100 == 7 else k},{k}\n" for k in range(5000)]
        data = ("name,a,b\n" + "".join(lines)).encode()
        with monkeypatch.context() as patched:
            patched.setattr(_text, "_parse_lines", None)
            rows, _ = picked(data, column=("a",), missing="skip")
        assert rows == [[k for k in range(5000) if k % 100 != 7]]


def test_choice_knows_what_a_list_is():
    assert not any(map(_choice.looks_several, ["a", "2", "a-b", "petal length"]))
    chooser = Chooser(["a", " b "], 2, "t.csv")
    assert chooser.choose(["b"]).places == (1,)
