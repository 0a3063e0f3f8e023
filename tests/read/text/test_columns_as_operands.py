"""A column, or a key of JSON, as an operand: which input it is of, and what classes are called there."""

import io

import pytest

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions, split_column
from aimath.read.operands import read_blocks

CSV = b"id,z_cat,z_dog,label,k\nu,2,1,cat,0\nv,0,3,dog,1\n"
LINES = b'{"z": [2, 1], "k": 0, "label": "cat"}\n{"z": [0, 3], "k": 1, "label": "dog"}\n'


@pytest.fixture
def table(tmp_path):
    def write(name="t.csv", data=CSV):
        path = tmp_path / name
        path.write_bytes(data)
        return f"@{path}"

    return write


def told(flags, tokens=(), names=("z", "k"), stdin=None, **how):
    """The operands' rows by name, of all blocks."""
    classes = how.pop("classes", ())
    raw = None if stdin is None else io.BytesIO(stdin)
    blocks = [*read_blocks(tokens, names, flags, raw, ReadOptions(**how), per_row=["k"], class_names=classes)]
    return {name: [row for block in blocks for row in block.operands[name].tolist()] for name in names}


FOUND = {"z": [[2, 1], [0, 3]], "k": [[0], [1]]}


@pytest.mark.parametrize("target", ["k", "label"])
@pytest.mark.parametrize(
    "how", [{"column": ("z_*",)}, {"column": ("2-3",)}, {"exclude": ("id", "label", "k")}]
)
def test_target_is_a_column_of_the_table(table, target, how):
    assert told({"z": table(), "k": target}, **how) == FOUND
    assert told({"k": target}, [table()], **how) == FOUND
    assert told({"k": target}, stdin=CSV, input_format="csv", **how) == FOUND
    assert told({"k": target}, stdin=CSV.replace(b",", b" "), **how) == FOUND
    assert told({"z": "-", "k": target}, stdin=CSV, **how) == FOUND


@pytest.mark.parametrize("target", ["k", "label"])
def test_file_and_column(table, target, tmp_path):
    file = table()
    other = table("other.csv")
    assert told({"z": f"{file}:z_*", "k": f"{file}:{target}"}) == FOUND
    assert told({"z": f"{file}:2-3", "k": f"{other}:{target}"}, classes=("cat", "dog")) == FOUND
    assert told({"z": "@-:z_*", "k": f"@-:{target}"}, stdin=CSV) == FOUND
    (tmp_path / f"t.csv:{target}").write_bytes(b"1\n0\n")
    found = told({"z": f"{file}:2-3", "k": f"{file}:{target}"}, input_format="csv")
    assert found["k"] == [[1], [0]]  # a path that exists wins


def test_split_of_a_file_and_its_column():
    assert split_column("a.csv.gz:x:y") == ("a.csv.gz", "x:y")
    assert split_column("a.csv:") == ("a.csv:", None)


@pytest.mark.parametrize("labels", [(), ("cat", "dog")])
@pytest.mark.parametrize("target", ["k", "label"])
def test_key_of_json(table, labels, target):
    data = LINES if labels else LINES.replace(b'"k"', b'"labels": ["cat", "dog"], "k"')
    assert told({"z": table("x.jsonl", data), "k": target}, key="z", classes=labels) == FOUND
    assert told({"k": target}, stdin=data, key="z", classes=labels) == FOUND


def test_two_columns_and_two_tables_of_columns(table):
    data = b"p_a,p_b,q_a,q_b\n1,2,3,4\n5,6,7,8\n"
    both = {"p": "p_*", "q": "q_*"}
    found = {"p": [[1, 2], [5, 6]], "q": [[3, 4], [7, 8]]}
    names = ("p", "q")
    assert told(both, [table(data=data)], names) == found
    assert told(both, [], names, stdin=data) == found
    assert told({"p": "p_a", "q": "q_b"}, [table(data=data)], names) == {"p": [[1, 5]], "q": [[4, 8]]}
    [block] = read_blocks([table(data=data)], names, both, None)
    assert block.labels == ("a", "b")


def test_one_class_for_all_rows(table):
    assert told({"z": table(), "k": "dog"}, column=("z_*",))["k"] == [[1], [1]]
    assert told({"z": table(), "k": "dog"}, column=("z_*",), classes=("dog", "cat"))["k"] == [[0], [0]]
    assert told({"z": "cat=2,dog=1", "k": "dog"})["k"] == [[1]]
    assert told({"z": "2,1", "k": "dog"}, classes=("cat", "dog"))["k"] == [[1]]


@pytest.mark.parametrize(
    ("flags", "how", "said"),
    [
        ({"k": "labl"}, {}, "has no column 'labl'"),
        ({"k": "label"}, {"classes": ("label", "b")}, "'label' is a column, and class 0 by --labels"),
        ({"k": "id"}, {}, "'u' is none of the classes 'cat', 'dog'"),
        ({"k": "label", "w": "@b.csv"}, {}, "'label' is a column of which file?"),
    ],
)
def test_what_no_column_is(table, flags, how, said):
    names = ("z", "k", *(("w",) if "w" in flags else ()))
    classes = how.get("classes", ())
    flags = {"z": table(), **flags}
    with pytest.raises(InputError) as caught:  # noqa: PT012  the error may be a row's
        read = ReadOptions(column=("z_*",) if flags["z"].startswith("@") else ())
        for piece in read_blocks([], names, flags, None, read, per_row=["k"], class_names=classes):
            raise piece.error
    assert said in str(caught.value)
    assert caught.value.hint


def test_binary_arrays_have_no_columns(tmp_path):
    import numpy as np

    np.save(tmp_path / "z.npy", [[1.0, 2.0]])
    with pytest.raises(InputError, match="'k' names a column of a table, and npy is none"):
        told({"z": f"@{tmp_path}/z.npy", "k": "k"})
