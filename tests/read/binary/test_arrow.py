"""Tables of Parquet and Arrow: the same rows, columns and errors as of .csv with the same cells."""

import importlib
import io

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.read.blocks import ReadOptions
from aimath.read.operands import read_blocks

pa = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

CSV = b"id,a,b,label\nu,1,0.5,cat\nv,3,-4,dog\nw,5,6.25,cat\n"
COLUMNS = {"id": ["u", "v", "w"], "a": [1, 3, 5], "b": [0.5, -4, 6.25], "label": ["cat", "dog", "cat"]}
SUFFIXES = ("parquet", "arrow", "feather")


@pytest.fixture
def tables(tmp_path):
    """Write a table in every form, and give the tokens."""

    def write(columns=COLUMNS, csv=CSV):
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        (tmp_path / "t.csv").write_bytes(csv)
        parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
        feather.write_feather(table, str(tmp_path / "t.feather"))
        with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as file:
            file.write_table(table, max_chunksize=2)
        return {suffix: f"@{tmp_path}/t.{suffix}" for suffix in ("csv", *SUFFIXES)}

    return write


def told(token, flags=(), names=("x",), **how):
    """Rows by operand, with what is said of each, or the error."""
    per_row = [name for name in names if name == "k"]
    try:
        blocks = [*read_blocks([token], names, dict(flags), None, ReadOptions(**how), per_row=per_row)]
    except InputError as error:
        return str(error).partition(": ")[2] or str(error)
    return {
        "rows": {name: [row for block in blocks for row in block.operands[name].tolist()] for name in names},
        "labels": blocks[0].labels,
        "ids": {name: [text for block in blocks for text in block.ids[name]] for name in blocks[0].ids},
        "names": [name for block in blocks for name in block.row_labels],
        "missing": sum(block.missing for block in blocks),
    }


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "how",
    [
        {"column": ("a",)},
        {"column": ("a,b",)},
        {"column": ("2-3",), "id": ("id,label",)},
        {"exclude": ("id", "label")},
        {"exclude": ("id", "label"), "row_labels": "id"},
        {"column": ("b",), "rows": True, "id": ("id",)},
        {"flags": {"k": "label"}, "names": ("x", "k"), "exclude": ("id",), "id": ("id",)},
        {"flags": {"k": "a"}, "names": ("x", "k"), "column": ("b*",)},
    ],
)
def test_same_as_csv(tables, suffix, how):
    tokens = tables()
    if how.get("flags") == {"k": "label"}:
        tokens = tables(
            {"id": COLUMNS["id"], "z_cat": [1, 2, 3], "z_dog": [4.0, 5, 6], "label": COLUMNS["label"]},
            b"id,z_cat,z_dog,label\nu,1,4,cat\nv,2,5,dog\nw,3,6,cat\n",
        )
    found = told(tokens["csv"], **how)
    assert isinstance(found, dict), found
    assert told(tokens[suffix], **how) == found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_types(tables, suffix):
    columns = {
        "i8": pa.array([1, None, 3], pa.int8()),
        "u64": pa.array([1, 2, 2**60], pa.uint64()),
        "f16": pa.array(np.array([0.5, 1, 2], np.float16)),
        "f32": pa.array([0.5, None, 2], pa.float32()),
        "bool": pa.array([True, None, False]),
        "word": pa.array(["a", None, "b"]),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
        "none": pa.nulls(3),
    }
    token = tables(pa.table(columns))[suffix]
    assert told(token, column=("i8",), missing="skip")["rows"]["x"] == [[1, 3]]
    assert told(token, column=("bool,f32",), missing="skip")["rows"]["x"] == [[1, 0.5], [0, 2]]
    assert told(token, column=("f16,u64",))["rows"]["x"] == [[0.5, 1], [1, 2], [2, 2**60]]
    assert "column 'word' holds texts" in told(token, column=("word",))
    assert "row 2 of column 'i8' is missing" in told(token, column=("i8",))
    how = ReadOptions(by_column=True, column=("kind,i8,none",))
    block = next(iter(read_blocks([token], ["x"], {}, None, how)))
    assert [(one.name, one.numbers is None) for one in block.operands["x"]] == [
        ("kind", True),
        ("i8", False),
        ("none", False),
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("kind", "numbers", "note"),
    [
        ("int64", [2**53, -(2**53), 2**60, None], ()),
        ("int64", [1, None, 2**53 + 1], ("int64 values above 2^53 were rounded",)),
        ("int64", [-(2**63) + 1], ("int64 values above 2^53 were rounded",)),
        ("uint64", [2**63, 2**64 - 2**11], ()),
        ("uint64", [2**64 - 1], ("uint64 values above 2^53 were rounded",)),
        ("int32", [2**31 - 1], ()),
    ],
)
def test_whole_numbers_that_are_rounded_are_told_of(tables, suffix, kind, numbers, note):
    token = tables(pa.table({"n": pa.array(numbers, getattr(pa, kind)()), "x": [0.5] * len(numbers)}))[suffix]
    for how in (
        {"column": ("n",)},
        {"column": ("n,x",)},
        {"by_column": True},
        {"column": ("n",), "rows": True},
    ):
        blocks = [*read_blocks([token], ["x"], {}, None, ReadOptions(missing="nan", **how))]
        assert {*note} == {one for block in blocks for one in block.notes}, how
    blocks = [*read_blocks([token], ["x"], {}, None, ReadOptions(missing="nan", column=("x",)))]
    assert not any(block.notes for block in blocks)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nested_types_are_refused_by_name(tables, suffix):
    when = pa.array([1, 2], pa.timestamp("s"))
    nested = {"v": [[1, 2], [3]], "s": [{"x": 1}, {"x": 2}], "when": when, "raw": [b"a", b"b"], "n": [1, 2]}
    token = tables(nested)[suffix]
    for name in ("v", "s", "when", "raw"):
        said = told(token, column=(name,))
        assert f"column '{name}' is of type" in said
    assert told(token, column=("n",))["rows"]["x"] == [[1, 2]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_cut_and_flipped_bytes_are_one_error(tables, suffix, tmp_path):
    token = tables()[suffix]
    whole = (tmp_path / f"t.{suffix}").read_bytes()
    right = told(token, column=("a",))
    for size in range(6, len(whole), 37):
        (tmp_path / f"t.{suffix}").write_bytes(whole[:size])
        assert isinstance(told(token, column=("a",)), str)
    for place in range(0, len(whole), 29):
        broken = bytearray(whole)
        broken[place] ^= 0x55
        (tmp_path / f"t.{suffix}").write_bytes(bytes(broken))
        found = told(token, column=("a",))
        assert isinstance(found, str) or found.keys() == right.keys()


def test_content_decides(tables, tmp_path):
    tables()
    (tmp_path / "x.csv").write_bytes((tmp_path / "t.parquet").read_bytes())
    assert "its content is parquet, not csv" in told(f"@{tmp_path}/x.csv", column=("a",))
    (tmp_path / "x.parquet").write_bytes(CSV)
    assert "its content is text, not parquet" in told(f"@{tmp_path}/x.parquet", column=("a",))


def test_a_pipe_is_refused():
    with pytest.raises(InputError, match="parquet must be a file"):
        list(read_blocks([], ["x"], {}, io.BytesIO(b"PAR1" + bytes(20)), ReadOptions()))


def test_without_pyarrow(tables, monkeypatch):
    token = tables()["parquet"]

    def missing(name, *_, **__):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InputError) as caught:
        list(read_blocks([token], ["x"], {}, None, ReadOptions(column=("a",))))
    assert "pyarrow, which is not installed" in str(caught.value)
    assert "aimath[arrow]" in caught.value.hint


def test_pyarrow_is_loaded_for_its_files_alone():
    assert "pyarrow" not in vars(importlib.import_module("aimath.read.binary._arrow"))
