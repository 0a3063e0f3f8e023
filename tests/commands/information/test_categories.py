"""--categories: columns of tables are counted, then answered as ever."""

from __future__ import annotations

import json

import pytest

TABLE = "name,species,size,n\na,cat,small,1\nb,dog,big,2\nc,cat,small,2\nd,cat,big,1\n"


@pytest.fixture(autouse=True)
def tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE)
    (tmp_path / "pair.csv").write_text(
        "\n".join(line.split(",", 1)[1].rsplit(",", 1)[0] for line in TABLE.splitlines())
    )
    (tmp_path / "a.csv").write_text("label\ncat\ndog\ncat\n")
    (tmp_path / "b.csv").write_text("id,label\n1,cat\n2,cow\n3,cow\n4,cow\n")


def test_a_column_s_categories_are_counted(answered):
    found = json.loads(answered("entropy", "@t.csv", "--column", "species", "--categories", "--json"))
    assert (found["labels"], found["counts"], found["column"]) == (["cat", "dog"], [3, 1], "species")
    assert answered("entropy", "@t.csv", "--column", "species", "--categories") == answered(
        "entropy", "3", "1", "--normalize"
    )


def test_several_columns_are_a_row_each_and_of_each_sweep(answered):
    rows = answered("entropy", "@t.csv", "--categories").split()
    assert rows == ["column", "entropy", "name", "2", "species", "0.8112781244591328", "size", "1", "n", "1"]
    swept = answered("entropy", "@t.csv", "--categories", "--base", "2,4", "--csv").splitlines()
    assert swept[0] == "base,column,entropy"
    assert {"2,name,2", "4,name,1", "2,n,1", "4,n,0.5"} < {*swept}


def test_pairs_of_two_columns_are_a_named_table(answered):
    line = ("mutual-information", "@pair.csv", "--categories")
    found = json.loads(answered(*line, "--json"))
    assert (found["x"], found["y"], found["counts"]) == (["cat", "dog"], ["big", "small"], [[1, 2], [1, 0]])
    assert found["mutual_information"] == pytest.approx(0.31127812445913283, rel=1e-14, abs=0)
    assert found["conditional_entropy"] == pytest.approx(0.6887218755408672, rel=1e-14, abs=0)
    assert "cat,small" in answered(*line, "--explain")
    head = answered(*line, "--fields", "joint", "--csv").splitlines()[0]
    assert head == "joint_cat_big,joint_cat_small,joint_dog_big,joint_dog_small"


def test_columns_of_two_tables_have_one_set_of_categories(answered):
    found = json.loads(answered("js", "@a.csv", "@b.csv", "--column", "label", "--categories", "--json"))
    assert (found["labels"], found["p_counts"], found["q_counts"]) == (
        ["cat", "cow", "dog"],
        [2, 0, 1],
        [1, 3, 0],
    )
    assert found["js"] == float(answered("js", "2,0,1", "1,3,0", "--normalize"))
    piped = answered(
        "js", "--q", "@b.csv", "--column", "label", "--categories", stdin=b"label\ncat\ndog\ncat\n"
    )
    assert float(piped) == found["js"]


def test_typed_numbers_are_one_column(answered):
    assert answered("entropy", "1", "1", "2", "1", "--categories") == answered("entropy", ".75", ".25")
    assert answered("js", "1,1,2", "1;2;2", "--categories") == answered("js", "2,1", "1,2", "--normalize")


def test_a_missing_cell_passes_its_row_over_and_is_told_of(aimath):
    ran = aimath("mutual-information", "--categories", stdin=b"a,b\nx,u\n,u\ny,NA\ny,v\n")
    assert (ran.code, ran.out.strip()) == (0, "1")
    assert "note: 2 rows passed over: a cell is missing" in ran.err


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("mutual-information @t.csv --categories", "counts pairs of two columns, not of 4", 2),
        ("js @t.csv @b.csv --categories", "counts one column of p, not 4", 2),
        ("js @a.csv @b.csv @t.csv --categories", "'@t.csv' is one too many", 2),
        ("js - - --categories", "stdin can be one operand", 2),
        (
            "js @a.csv @b.csv --categories --logits --column label",
            "--logits does nothing beside --categories",
            2,
        ),
        ("entropy @t.csv --categories --normalize", "--normalize does nothing beside --categories", 2),
        ("entropy @t.csv --categories --column nope", "no column 'nope'", 2),
        ("entropy @t.csv --categories --labels a,b", "all rows are one answer", 2),
    ],
)
def test_what_can_not_be_counted_is_one_sentence(line, said, code, refused):
    assert said in refused(*line.split(), code=code)
