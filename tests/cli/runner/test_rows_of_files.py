"""What the rows of a file mean: R1, labels of a batch, and R3, rows of JSON objects that form a matrix."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from tests.cli.test_grammar import Call, literal, npy, npz

from aimath.cli.catalogue import COMMANDS, lookup

CALCULATORS = [name for name, entry in COMMANDS.items() if not entry.is_text]
PER_ROW = [
    (name, key)
    for name in CALCULATORS
    for key, spec in lookup(name).operands.items()
    if spec.per_row
    and not lookup(name).usages[0].reduction  # whose one answer is of all rows: test_reduction.py
]
BATCHES = {
    ("cross-entropy", "target"): ("--logits",),
    ("focal", "target"): ("--logits",),
    ("backprop", "target"): ("--layer", "1 2 3; 4 5 6; 0 1 -1", "--x"),
}
"""The calls of which each row wants a number, up to the rows."""
ROWS = ["2,1,0.1", "0,3,1", "1,1,1", "-1,0,2", "5,4,3"]
LABELS = [2, 0, 1, 1, 2]


def tensor(values):
    data = np.array(values, "<i8").tobytes()
    header = {"t": {"dtype": "I64", "shape": [len(values)], "data_offsets": [0, len(data)]}}
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + data


def lines(values, sign="\n"):
    return (sign.join(map(str, values)) + "\n").encode()


WRITTEN = {
    "column.txt": lines,
    "blanks.txt": lambda values: lines(values, " "),
    "commas.txt": lambda values: lines(values, ","),
    "list.txt": lambda values: json.dumps(values).encode(),
    "row.csv": lambda values: lines(values, ","),
    "column.csv": lines,
    "headed.csv": lambda values: b"label\n" + lines(values),
    "row.tsv": lambda values: lines(values, "\t"),
    "list.json": lambda values: json.dumps(values).encode(),
    "nested.json": lambda values: json.dumps([[value] for value in values]).encode(),
    "objects.json": lambda values: json.dumps([{"target": value} for value in values]).encode(),
    "object.json": lambda values: json.dumps({"target": values}).encode(),
    "list.jsonl": lambda values: json.dumps(values).encode(),
    "numbers.jsonl": lines,
    "objects.jsonl": lambda values: b"".join(json.dumps({"target": v}).encode() + b"\n" for v in values),
    "vector.npy": lambda values: npy(np.array(values, "<i8")),
    "floats.npy": lambda values: npy(np.array(values, float)),
    "column.npy": lambda values: npy(np.array(values, float)[:, None]),
    "row.npy": lambda values: npy(np.array(values, float)[None]),
    "vector.npz:w": npz,
    "vector.safetensors:t": tensor,
}


def test_every_operand_of_one_number_a_row_is_tried():
    assert {*BATCHES} == {*PER_ROW}, "BATCHES has a line for each operand of one number a row"


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize(("name", "key"), PER_ROW)
def test_labels_of_a_batch_are_one_a_row_in_every_form(warm, tmp_path, name, key, form):
    call, flag = [name, *BATCHES[name, key]], lookup(name).operands[key].flag
    alone = [warm(*call, row, flag, str(k)).out for row, k in zip(ROWS, LABELS, strict=True)]
    assert len({*alone}) > 1
    (tmp_path / "rows.txt").write_text("\n".join(ROWS))
    file = tmp_path / form.partition(":")[0]
    for count in (1, 2, 5):
        file.write_bytes(WRITTEN[form](LABELS[:count]))
        ran = warm(*call, "; ".join(ROWS[:count]), flag, f"@{tmp_path}/{form}")
        assert (ran.code, ran.out) == (0, b"".join(alone[:count])), count
    ran = warm(*call, f"@{tmp_path}/rows.txt", flag, f"@{tmp_path}/{form}")
    assert (ran.code, ran.out) == (0, b"".join(alone))
    kind = form.partition(".")[2]
    if kind in ("txt", "json", "jsonl", "npy"):
        how = ["--input-format", kind] if kind in ("json", "jsonl") else []
        for rows in ("; ".join(ROWS), f"@{tmp_path}/rows.txt"):
            ran = warm(*call, rows, flag, "-", *([] if "@" in rows else how), stdin=file.read_bytes())
            if how == [] or "@" not in rows:
                assert (ran.code, ran.out) == (0, b"".join(alone)), rows


@pytest.mark.parametrize("form", WRITTEN)
@pytest.mark.parametrize(("name", "key"), PER_ROW)
def test_wrong_count_of_labels_is_refused_before_any_answer(warm, tmp_path, name, key, form):
    call, flag = [name, *BATCHES[name, key]], lookup(name).operands[key].flag
    file = tmp_path / form.partition(":")[0]
    for rows, count in ((3, 1), (3, 2), (3, 4), (2, 5), (1, 2), (5, 4)):
        file.write_bytes(WRITTEN[form]((LABELS * 2)[:count]))
        ran = warm(*call, "; ".join(ROWS[:rows]), flag, f"@{tmp_path}/{form}")
        assert (ran.code, ran.out) == (1, b""), (rows, count)
        assert "target" in ran.text


@pytest.mark.parametrize(("name", "key"), PER_ROW)
def test_table_of_labels_is_refused(warm, tmp_path, name, key):
    call, flag = [name, *BATCHES[name, key]], lookup(name).operands[key].flag
    file = tmp_path / "t.npy"
    for shape in ((3, 2), (2, 3), (6, 2)):
        file.write_bytes(npy(np.zeros(shape)))
        ran = warm(*call, "; ".join(ROWS[: shape[0]]), flag, f"@{file}")
        assert (ran.code, ran.out) == (1, b"")
        assert "one a row" in ran.text


@pytest.mark.parametrize(("name", "key"), PER_ROW)
def test_labels_in_json_objects_beside_their_rows(warm, name, key):
    call, flag = [name, *BATCHES[name, key]], lookup(name).operands[key].flag
    *call, rows = call
    parameter = next(one for one, spec in lookup(name).operands.items() if spec.flag == rows)
    expected = warm(*call, rows, "; ".join(ROWS), flag, ",".join(map(str, LABELS))).out
    numbers = [[float(x) for x in row.split(",")] for row in ROWS]
    pairs = zip(numbers, LABELS, strict=True)
    one = json.dumps({parameter: numbers, key: LABELS}).encode()
    many = b"".join(json.dumps({parameter: row, key: label}).encode() + b"\n" for row, label in pairs)
    for data in (one, many):
        ran = warm(*call, rows, "-", stdin=data)
        assert (ran.code, ran.out) == (0, expected)
    wrong = json.dumps({parameter: numbers, key: LABELS[1:]}).encode()
    assert warm(*call, rows, "-", stdin=wrong)[:2] == (1, b"")


# Rows of objects

MATRICES = [
    name
    for name in CALCULATORS
    if any(lookup(name).operands[key].matrix for key in lookup(name).usages[0].operands)
]
"""The commands that take a matrix where no option asks for one."""


def objects(rows):
    return b"".join(json.dumps({"id": k, "e": row}).encode() + b"\n" for k, row in enumerate(rows))


@pytest.mark.parametrize("name", MATRICES)
def test_rows_of_json_objects_are_a_matrix(warm, tmp_path, name):
    call = Call(name)
    for key in [one for one in call.operands if call.command.operands[one].matrix]:
        rows = call.operands[key]
        expected = warm(*call.line(key, literal(rows)), "--json")
        assert expected.code == 0
        listed = json.dumps([json.loads(line) for line in objects(rows).splitlines()]).encode()
        for file, data in (("x.jsonl", objects(rows)), ("x.json", listed)):
            (tmp_path / file).write_bytes(data)
            for place in (False, True):
                line = call.line(key, f"@{tmp_path}/{file}", flag=place)
                assert warm(*line, "--key", "e", "--json")[:2] == expected[:2], line
        piped = warm(*call.line(key, "-"), "--key", "e", "--json", stdin=objects(rows))
        assert piped[:2] == expected[:2]


def test_rows_of_objects_are_a_matrix_where_an_option_asks_for_one(warm, tmp_path):
    file = tmp_path / "emb.jsonl"
    rows = [[1.0, 0, 2], [0, 1, 1], [3, 1, 0], [1, 1, 1]]
    file.write_bytes(objects(rows))
    text = literal(rows)
    for words in (
        ["cosine", "--matrix", ...],
        ["attention", ..., "--heads", "3"],
        ["diffuse", "--image", ..., "--t", "5"],
        ["svd-approx", ..., "--rank", "1,2"],
        ["backprop", "--layer", ..., "1,2,3"],
        ["attention", "-Q", "1 0 1", "-K", ..., "-V", "1; 2; 3; 4"],
    ):
        asked = warm(*[text if word is ... else word for word in words], "--json")
        found = warm(*[f"@{file}" if word is ... else word for word in words], "--key", "e", "--json")
        assert asked.code == 0
        assert found[:2] == asked[:2]
    assert warm("lora", f"@{file}", f"@{file}").code == 1  # without a key


def test_objects_that_hold_matrices_are_as_many_problems(warm):
    two = b'{"e":[[1,2],[3,4]]}\n{"e":[[2,0],[0,2]]}\n'
    assert warm("det", "--key", "e", stdin=two).out == b"-2\n4\n"
    assert (
        warm("det", "--key", "e", stdin=b'{"e":[1,2]}\n{"e":[3,4]}\n\n{"e":[2,0]}\n{"e":[0,2]}\n').out
        == b"-2\n4\n"
    )


def test_rows_of_objects_of_unequal_length_are_named(warm, tmp_path):
    (tmp_path / "x.jsonl").write_text('{"e":[1,2]}\n{"e":[1,2,3]}\n')
    ran = warm("cosine", "--matrix", f"@{tmp_path}/x.jsonl", "--key", "e")
    assert (ran.code, ran.out) == (1, b"")
    assert "x.jsonl:2" in ran.text


NAMES, OWN_FILE = ["cat", "dog", "cow"], ("evaluate", "compare", "cross-entropy", "focal")


@pytest.mark.parametrize("name", OWN_FILE)
@pytest.mark.parametrize(
    "file", ["column.txt", "blanks.txt", "commas.txt", "row.csv", "column.csv", "headed.csv"]
)
def test_classes_in_a_file_of_their_own_may_be_names(aimath, tmp_path, monkeypatch, name, file):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logits.csv").write_text("\n".join(["a,b,c", *ROWS]) + "\n")
    (tmp_path / file).write_bytes(WRITTEN[file]([NAMES[k] for k in LABELS]))
    given = ("--a", "@logits.csv", "--b", "@logits.csv") if name == "compare" else ("--logits", "@logits.csv")
    words = (name, *given, *(("--logits",) if name == "compare" else ()), "--target")
    wanted = aimath(*words, ",".join(map(str, LABELS)))
    assert (wanted.code, wanted.err) == (0, "")
    assert aimath(*words, f"@{file}", "--labels", ",".join(NAMES)) == wanted
    if not file.startswith(("column", "headed")):
        return  # of a single row of words, none of them known, nobody can tell that they are classes
    unnamed = aimath(*words, f"@{file}")
    assert unnamed.code == 1
    assert "name the classes by --labels, in their order" in unnamed.err
    (tmp_path / file).write_bytes(WRITTEN[file](["cat", "dog", "owl", "cat", "cat"]))
    unknown = aimath(*words, f"@{file}", "--labels", ",".join(NAMES))
    assert unknown.code == 1
    assert "'owl' is none of the classes 'cat', 'dog', 'cow'" in unknown.err
    assert unknown.err.startswith(f"aimath {name}: error: {file}:")
