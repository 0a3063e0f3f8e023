"""All rows as one answer: files of every kind, bad rows, sweeps, memory."""

from __future__ import annotations

import json
import math

import numpy as np
import orjson
import pytest


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two models' logits and their targets, in the files of several kinds."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    a = rng.normal(0, 2, (50, 7)).astype(np.float16).astype(np.float64)
    b = (a + rng.normal(0, 0.2, a.shape)).astype(np.float16).astype(np.float64)
    target = rng.integers(0, 7, 50)
    for name, rows in (("a", a), ("b", b)):
        np.save(f"{name}.npy", rows)
        np.save(f"{name}16.npy", rows.astype(np.float16))
        np.save(f"{name}32.npy", rows.astype(np.float32).reshape(5, 10, 7))
        np.savetxt(f"{name}.csv", rows, delimiter=",", header=",".join("tuvwxyz"), comments="", fmt="%.17g")
        np.savetxt(f"{name}.txt", rows, fmt="%.17g")
        lines = [orjson.dumps({"logits": row.tolist(), "id": k}) for k, row in enumerate(rows)]
        (tmp_path / f"{name}.jsonl").write_bytes(b"\n".join(lines))
        header = orjson.dumps({"t": {"dtype": "F32", "shape": [50, 7], "data_offsets": [0, 1400]}})
        data = len(header).to_bytes(8, "little") + header + rows.astype("<f4").tobytes()
        (tmp_path / f"{name}.safetensors").write_bytes(data)
    np.save("t.npy", target)
    np.savetxt("t.txt", target, fmt="%d")
    return a, b, target


@pytest.mark.usefixtures("models")
def test_every_kind_of_file_has_the_same_answer(answered, tmp_path):

    wanted = answered("compare", "@a.npy", "@b.npy", "--logits", "--target", "@t.npy", "--json")
    for line in (
        "@a.csv @b.csv --target @t.txt",
        "@a.txt @b.npy --target @t.npy",
        "@a16.npy @b16.npy --target @t.npy",
        "@a32.npy @b32.npy --target @t.npy",
        "@a.jsonl @b.jsonl --key logits --target @t.txt",
        "@a.safetensors @b.safetensors --target @t.npy",
        "--a @a.npy --b @b.csv --target @t.npy",
    ):
        assert answered("compare", *line.split(), "--logits", "--json") == wanted, line
    piped = answered(
        "compare",
        "-",
        "@b.npy",
        "--logits",
        "--target",
        "@t.npy",
        "--json",
        stdin=(tmp_path / "a.txt").read_bytes(),
    )
    assert piped == wanted


@pytest.mark.usefixtures("models")
def test_json_objects_may_hold_all_operands(answered, models):
    a, b, target = models
    rows = zip(a.tolist(), b.tolist(), target.tolist(), strict=True)
    lines = b"\n".join(orjson.dumps({"a": x, "b": y, "target": k}) for x, y, k in rows)
    wanted = answered("compare", "@a.npy", "@b.npy", "--logits", "--target", "@t.npy", "--json")
    assert answered("compare", "--logits", "--json", stdin=lines) == wanted
    without = b"\n".join(orjson.dumps({"a": x, "b": y}) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    assert answered("compare", "--logits", stdin=without) == answered(
        "compare", "@a.npy", "@b.npy", "--logits"
    )


def test_the_library_has_the_same_answer(models, answered):
    from aimath.core import information

    a, b, target = models
    found = json.loads(answered("compare", "@a.npy", "@b.npy", "--logits", "--target", "@t.npy", "--json"))
    own = information.compare(a, b, target, logits=True)
    for name in ("rows", "kl", "kl_stderr", "kl_max", "row_of_max", "ratio", "ratio_stderr", "correlation"):
        assert found[name] == getattr(own, name), name
    assert list(found["kl_quantiles"].values()) == own.kl_quantiles.tolist()
    assert found["kl_p90"] == found["kl_quantiles"]["0.9"]


def test_rows_of_one_and_of_the_other_must_agree(models, refused):
    np.save("short.npy", models[1][:20])
    np.save("wide.npy", np.pad(models[1], ((0, 0), (0, 2))))
    np.save("one.npy", models[1][:1])
    said = refused("compare", "@a.npy", "@short.npy", "--logits", code=1)
    assert "b ends after 20 rows" in said
    said = refused("compare", "@a.npy", "@wide.npy", "--logits", code=1)
    assert "a has rows of 7 classes, b of 9" in said
    assert "use --classes 7 to compare the first of both" in said
    assert "a has 50 rows, b 1" in refused("compare", "@a.npy", "@one.npy", "--logits", code=1)


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("@a.npy @b.npy", "probability 2 is negative", 1),
        ("@a.npy @b.npy", "use --logits if they are logits", 1),
        ("@a.npy @b.npy --logits --log-probs", "--logits and --log-probs exclude each other", 2),
        ("@a.npy @b.npy --log-probs", "log-probability 1 is above 0", 1),
        ("@a.npy @b.npy --logits --classes 8", "must be 1 to 7, not 8", 1),
        ("@a.npy @b.npy --logits --base 1", "--base must be above 1", 2),
        ("@a.npy @b.npy --logits --ignore -100", "--ignore passes over rows of a target: give --target", 2),
        ("@a.npy @b.npy --logits --target 7", "there is no class 7, only 0 to 6", 1),
        ("@a.npy @b.npy --logits --target -100", "use --ignore -100 to pass over such rows", 1),
        ("@a.npy @b.npy --logits --target .5", "is not the number of a class", 2),
        ("@a.npy @b.npy --logits --invalid nan", "all rows are one answer", 2),
        ("@a.npy @b.npy --logits --classes 2,3 --invalid skip", "can't pass over rows", 2),
        ("1,2 2,1 --paired --logits", "--logits does nothing beside --paired", 2),
        ("1,2 2,1 --paired --ignore 3", "--ignore does nothing beside --paired", 2),
        ("1,2 2,1,3 --paired", "lengths 2 and 3", 1),
    ],
)
@pytest.mark.usefixtures("models")
def test_what_can_not_be_compared_is_one_sentence(line, said, code, refused):
    assert said in refused("compare", *line.split(), code=code)


def test_bad_rows_are_named_or_passed_over(models, aimath):
    a = models[0].copy()
    a[10, 3], a[30] = math.nan, -math.inf
    np.save("bad.npy", a)
    ran = aimath("compare", "@bad.npy", "@b.npy", "--logits")
    assert (ran.code, ran.out) == (1, "")
    assert "bad.npy:11:4" in ran.err
    assert "logit 4 is nan" in ran.err
    ran = aimath("compare", "@bad.npy", "@b.npy", "--logits", "--invalid", "skip", "--json")
    assert ran.code == 3
    assert "2 rows without an answer" in ran.err
    kept = np.delete(np.arange(50), [10, 30])
    np.save("a2.npy", models[0][kept])
    np.save("b2.npy", models[1][kept])
    alone = json.loads(aimath("compare", "@a2.npy", "@b2.npy", "--logits", "--json").out)
    found = json.loads(ran.out)
    assert kept[alone.pop("row_of_max") - 1] + 1 == found.pop("row_of_max")
    assert found == alone


def test_a_line_that_can_not_be_read_counts_as_a_row(models, aimath, tmp_path):
    rows = [" ".join(map(repr, row)) for row in models[0].tolist()]
    rows[4] = "1 2 oops 4 5 6 7"
    (tmp_path / "bad.txt").write_text("\n".join(rows))
    assert "bad.txt:5:3" in aimath("compare", "@bad.txt", "@b.npy", "--logits").err
    ran = aimath("compare", "@bad.txt", "@b.npy", "--logits", "--invalid", "skip", "--json")
    assert (ran.code, json.loads(ran.out)["rows"]) == (3, 49)


def test_ignored_rows_are_told(models, aimath):
    target = models[2].copy()
    target[:6] = -100
    np.save("t2.npy", target)
    ran = aimath("compare", "@a.npy", "@b.npy", "--logits", "--target", "@t2.npy", "--ignore", "-100")
    assert ran.code == 0
    assert "note: 6 rows passed over for the target -100" in ran.err


@pytest.mark.usefixtures("models")
def test_a_sweep_shares_what_it_can(answered):
    rows = answered(
        "compare", "@a.npy", "@b.npy", "--logits", "--base", "2,e", "--classes", "3,7", "--csv"
    ).splitlines()
    assert rows[0].startswith("base,classes,kl,") or rows[0].startswith("classes,base,kl,")
    assert len(rows) == 5
    alone = answered("compare", "@a.npy", "@b.npy", "--logits", "--classes", "3", "--csv").splitlines()[1]
    assert any(row.endswith(alone) for row in rows)


def test_no_rows_have_no_answer(aimath):
    ran = aimath("compare", "-", ".5,.5", stdin="")
    assert (ran.code, ran.out) == (0, "")
    assert aimath("compare", "-", ".5,.5", "--base", "1", stdin="").code == 2
    assert aimath("describe", "--each-column", stdin="") == (0, "", "")


def test_a_standard_error_of_one_row_is_an_empty_cell(answered):
    assert (
        answered("compare", ".5,.5", ".9,.1", "--fields", "kl_stderr,classes") == "kl_stderr\tclasses\n\t2\n"
    )
    assert json.loads(answered("compare", ".5,.5", ".9,.1", "--json"))["kl_stderr"] is None
    assert "kl_stderr       = -\n" in answered("compare", ".5,.5", ".9,.1", "--format", "table")


# describe


TABLE = """x,y,species,note
1,2.5,a,
2,NA,b,long
-3,1e3,a,"x, y"
4,,a,
"""


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(TABLE)


@pytest.mark.usefixtures("table")
def test_each_column_has_a_row(answered):
    lines = answered("describe", "@t.csv", "--each-column").splitlines()
    heads = "column count missing mean std stderr min p5 p25 median p75 p95 max unique top"
    assert lines[0].split("\t") == heads.split()
    cells = [line.split("\t") for line in lines[1:]]
    assert [row[:3] for row in cells] == [
        ["x", "4", "0"],
        ["y", "2", "2"],
        ["species", "4", "0"],
        ["note", "2", "2"],
    ]
    assert cells[0][3] == "1"
    assert cells[2][3:13] == [""] * 10
    assert (cells[2][13:], cells[3][13:]) == (["2", "a"], ["2", "long"])
    assert cells[0][13:] == ["", ""]
    rows = [json.loads(row) for row in answered("describe", "@t.csv", "--each-column", "--json").splitlines()]
    assert rows[1]["quantiles"] == {
        "0.05": 52.375,
        "0.25": 251.875,
        "0.5": 501.25,
        "0.75": 750.625,
        "0.95": 950.125,
    }
    assert rows[2]["mean"] is None
    assert rows[2]["quantiles"]["0.5"] is None
    csv = answered("describe", "@t.csv", "--each-column", "--csv", "--quantiles", ".1,.999").splitlines()
    assert csv[0] == "column,count,missing,mean,std,stderr,min,p10,median,p99.9,max,unique,top"


@pytest.mark.usefixtures("table")
def test_a_column_may_be_picked_and_stdin_is_a_table_too(answered):
    picked = answered("describe", "@t.csv", "--each-column", "--column", "y")
    assert picked.splitlines()[1].startswith("y\t2\t2\t501.25\t")
    piped = answered("describe", "--each-column", "--delimiter", ",", stdin=TABLE)
    assert piped == answered("describe", "@t.csv", "--each-column")
    numbers = answered("describe", "--each-column", "--fields", "column,mean", stdin="1 2\n3 4\n\n5 9\n")
    assert numbers == "column\tmean\n1\t3\n2\t5\n"


def test_arrays_are_tables_and_nan_is_missing(answered, tmp_path):
    np.save(tmp_path / "x.npy", np.array([[1, math.nan], [3, 4]]))
    out = answered("describe", f"@{tmp_path}/x.npy", "--each-column", "--fields", "column,count,missing,mean")
    assert out == "column\tcount\tmissing\tmean\n1\t2\t0\t2\n2\t1\t1\t4\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3\n", "t.csv:3: has 1 cell, the rows above have 2"),
        ("a,b\n1,2\nx,3\n", "t.csv:3:1: 'x' is not a number"),
        ("a,b\n1,2\nx,3\n", "column 'a' began with numbers"),
        ('a,b\n1,"2\n', "quote is open"),
        ("a,b\n1,1e400\n", "overflows"),
        ("a,b\n", "is a header, and no numbers follow"),
    ],
)
def test_what_is_no_table_is_one_sentence(text, said, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(text)
    assert said in refused("describe", "@t.csv", "--each-column", code=1)


def test_a_block_of_numbers_may_precede_texts_and_gaps(answered, tmp_path):
    rows = [f"{k},{k % 7 / 8},{'NA' if k == 70_000 else k}" for k in range(80_000)]
    (tmp_path / "t.csv").write_text("a,b,c\n" + "\n".join(rows) + "\n")
    out = answered("describe", f"@{tmp_path}/t.csv", "--each-column", "--json").splitlines()
    a, b, c = map(json.loads, out)
    assert (a["count"], a["mean"], a["median"], a["missing"]) == (80_000, 39_999.5, 39_999.5, 0)
    assert (c["count"], c["missing"]) == (79_999, 1)
    assert b["quantiles"]["0.25"] == np.quantile(np.arange(80_000) % 7 / 8, 0.25)


@pytest.mark.usefixtures("table")
def test_the_entries_of_a_column_that_were_missing_are_counted(answered):
    out = answered("describe", "@t.csv", "--column", "y", "--missing", "skip", "--fields", "count,missing")
    assert out == "count\tmissing\n2\t2\n"


def test_the_rows_of_a_table_with_a_header_name_each_column(aimath, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    ran = aimath("describe", f"@{tmp_path}/t.csv")
    assert "note: the rows are described; --each-column describes the columns" in ran.err
    assert len(ran.out.splitlines()) == 3
    assert aimath("describe", "1", "2").err == ""


def test_columns_of_describe_begin_as_they_did(answered):
    heads = answered("describe", "2", "4").splitlines()[0].split("\t")
    assert heads[:6] == ["mean", "variance", "std", "min", "max", "count"]
    assert heads[6:] == ["stderr", "median", "p5", "p25", "p75", "p95", "missing"]


def test_quantiles_that_are_none_are_refused(refused):
    for text, said in (("1.5", "--quantiles"), ("a", "--quantiles"), ("-.1", "--quantiles")):
        assert said in refused("describe", "2", "4", "--quantiles", text)
