"""Tables by the names of their columns: what is named, what costs nothing, what is missing, what is refused."""

import json

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read import tables
from aimath.read.blocks import ReadOptions
from aimath.read.tables import read_table

X, Y = [1.0, 3.0], [2.0, 4.0]
FORMS = {
    "a.csv": "x,y\n1,2\n3,4\n",
    "a.tsv": "x\ty\n1\t2\n3\t4\n",
    "a.txt": "x y\n1 2\n3 4\n",
    "crlf.csv": "x,y\r\n1,2\r\n3,4\r\n",
    "quoted.csv": '"x","y"\n"1","2"\n3,4\n',
    "text.csv": "name,x,y\nfoo,1,2\nbar,3,4\n",
    "commas.csv": 'name,x,y\n"foo, or",1,2\n"b\nar",3,4\n',
    "hole.csv": "x,y,z\n1,2,\n3,4,5\n",
    "word.csv": "x,z,y\n1,a,2\n3,,4\n",
    "lines.jsonl": '{"x":1,"y":2,"z":"a"}\n{"y":4,"x":3,"z":null}\n',
    "pretty.json": json.dumps([{"x": 1, "y": 2}, {"x": 3, "y": 4, "z": [1]}], indent=1),
    "columns.json": '{"x":[1,3],"y":[2,4]}',
    "one.ndjson": '{"x":1,"y":2}\n{"x":3,"y":4}\n',
}
UNNAMED = {
    "a.csv": "1,2\n3,4\n",
    "a.txt": "1 2\n3 4\n",
    "a.json": "[[1,2],[3,4]]",
    "a.jsonl": "[1,2]\n[3,4]\n",
}


@pytest.fixture
def table(tmp_path):
    def read(name, text, *wanted, **options):
        (tmp_path / name).write_bytes(text.encode())
        return read_table(f"@{tmp_path / name}", set(wanted), ReadOptions(**options), None)

    return read


@pytest.mark.parametrize("name", FORMS)
def test_columns_are_found_by_name_in_every_form(name, table):
    found = table(name, FORMS[name], "x", "y")
    assert {key: column.tolist() for key, column in found.columns.items()} == {"x": X, "y": Y}
    assert found.row_numbers.tolist() == [1, 2]
    assert {"x", "y"} <= set(found.names)
    only = table(name, FORMS[name], "y", "w")
    assert {key: column.tolist() for key, column in only.columns.items()} == {"y": Y}


@pytest.mark.parametrize("name", UNNAMED)
def test_without_names_columns_are_x1_x2(name, table):
    found = table(name, UNNAMED[name], "x1", "x2", "w")
    assert found.names == ("x1", "x2")
    assert {key: column.tolist() for key, column in found.columns.items()} == {"x1": X, "x2": Y}


def test_arrays_are_tables_too(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    found = read_table(str(tmp_path / "a.npy"), {"x2"}, ReadOptions(), None)
    assert found.columns["x2"].tolist() == Y


def test_signs_that_no_name_has_are_underscores(table):
    found = table("a.csv", "petal length,y (cm)\n1,2\n", "petal_length", "y__cm_")
    assert found.names == ("petal_length", "y__cm_")
    assert found.columns["petal_length"].tolist() == [1.0]
    with pytest.raises(InputError, match="a_b names two columns"):
        table("a.csv", "a b,a.b\n1,2\n", "a_b")
    assert table("a.csv", "a b,a.b,c\n1,2,3\n", "c").columns["c"].tolist() == [3.0]


@pytest.mark.parametrize("cut", [True, False])
def test_text_columns_are_cut_out_or_read_cell_by_cell_alike(cut, table, monkeypatch):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(3000, 2))
    text = "n,x,y\n" + "".join(f"w{k},{a!r},{b!r}\n" for k, (a, b) in enumerate(numbers.tolist()))
    if not cut:
        monkeypatch.setattr(tables, "fast_parse", lambda *_: None)
    found = table("a.csv", text, "x", "y")
    assert np.stack([found.columns["x"], found.columns["y"]], axis=1).tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "x,y\n1,2\n,3\n5,NA\n7,8\n"),
        ("b.csv", "t,x,y\na,1,2\nb,,3\nc,5,NA\nd,7,8\n"),
        ("a.jsonl", '{"x":1,"y":2}\n{"y":3}\n{"x":5,"y":null}\n{"x":7,"y":8}\n'),
    ],
)
def test_rows_with_a_missing_cell_are_refused_or_left_out(name, text, table):
    with pytest.raises(InputError) as caught:
        table(name, text, "x", "y")
    assert caught.value.hint in ("use --missing skip", "use --missing skip or --missing nan")
    found = table(name, text, "x", "y", missing="skip")
    assert {key: column.tolist() for key, column in found.columns.items()} == {
        "x": [1.0, 7.0],
        "y": [2.0, 8.0],
    }
    assert (found.row_numbers.tolist(), found.skipped) == ([1, 4], 2)
    with pytest.raises(InputError, match="a mean over missing cells is missing; use --missing skip"):
        table(name, text, "x", missing="nan")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.csv", "x,y\n1,2\n3,abc\n", r"a.csv:3:2: 'abc' is not a number"),
        ("a.csv", "n,x,y\na,1,2\nb,3,inf\n", r"a.csv: column y has inf in row 2"),
        ("a.csv", "x,y\n1,2\n3\n", r"a.csv:3: has 1 cell, the rows above have 2"),
        ("a.csv", "x,x\n1,2\n", "a.csv: x names two columns"),
        ("a.csv", "x,y\n", "there are no rows|no numbers follow"),
        ("a.csv", "", "there are no rows"),
        ("a.csv", "x,y\n,\n", "every row has a missing cell"),
        ("a.jsonl", '{"x":1}\n{"x":"a"}\n', "'x' is a string in row 2, not a number"),
        ("a.jsonl", '{"x":1}\n{"x":2', "a.jsonl:2: not JSON"),
        ("a.json", '{"x":[1],"y":[1,2]}', "columns of different lengths: x 1, y 2"),
        ("a.json", "[[1,2],[3]]", "row 2 has 1 number, not 2"),
        ("a.png", "x\n1\n", "its suffix is none of"),
    ],
)
def test_tables_that_are_none_are_told_with_their_place(name, text, why, table):
    with pytest.raises(InputError, match=why):
        table(name, text, "x", "y", missing="skip" if "every" in why else "error")


def test_a_key_leads_to_the_records(table):
    text = '{"runs": [{"x": 1}, {"x": 2}], "n": 3}'
    assert table("a.json", text, "x", key="runs").columns["x"].tolist() == [1.0, 2.0]
    with pytest.raises(InputError, match="there is no key 'rows': it has 'runs' and 'n'"):
        table("a.json", text, "x", key="rows")


def test_delimiters_and_headers_are_as_the_options_say(table):
    assert table("a.csv", "x;y\n1;2\n3;4\n", "y", delimiter=";").columns["y"].tolist() == Y
    assert table("a.csv", "1,2\n3,4\n", "x1", header=True).names == ("1", "2")
    assert table("a.txt", '{"x":1}\n{"x":3}\n', "x").columns["x"].tolist() == X
    assert table("a.dat", "x,y\n1,2\n3,4\n", "y", input_format="csv").columns["y"].tolist() == Y


def test_standard_input_is_held_and_read_as_a_file_is(tmp_path):
    for text in ("n,x\na,1\nb,3\n", '{"x":1}\n{"x":3}\n', "x\n1\n3\n"):
        (tmp_path / "in").write_text(text)
        with (tmp_path / "in").open("rb") as stdin:
            found = read_table(
                "-", {"x"}, ReadOptions(input_format="csv" if "," in text[:3] else None), stdin.fileno()
            )
        assert found.columns["x"].tolist() == X


def test_what_doesnt_fit_is_refused_before_it_is_held(table):
    text = "x,y\n" + "1,2\n" * 50_000
    with pytest.raises(InputError, match=r"needs .* the limit is"):
        table("a.csv", text, "x", max_memory=1 << 16)
    with pytest.raises(InputError, match=r"needs .* the limit is"):
        table("b.csv", "n,x\n" + "a,2\n" * 50_000, "x", max_memory=1 << 17)


def test_a_file_that_changes_nothing_else_is_opened_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x\n1\n")
    monkeypatch.chdir(tmp_path)
    assert read_table("a.csv", {"x"}, ReadOptions(), None).columns["x"].tolist() == [1.0]
    with pytest.raises(InputError, match="No such file"):
        read_table("b.csv", {"x"}, ReadOptions(), None)
    with pytest.raises(InputError, match="a file is missing"):
        read_table("@", {"x"}, ReadOptions(), None)
