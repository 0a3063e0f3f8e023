"""evaluate at the command line: names of classes, files, rows that are bad or passed over."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aimath.commands.information.evaluate import class_names

HEADER = "logit_cat,logit_dog,logit_cow"


@pytest.fixture
def classifier(tmp_path, monkeypatch):
    """Logits of three classes and their targets, in files of several kinds."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    z, target = rng.normal(0, 2, (40, 3)), rng.integers(0, 3, 40)
    np.save("z.npy", z)
    np.save("z32.npy", z.astype(np.float32).reshape(4, 10, 3))
    np.savetxt("z.csv", z, delimiter=",", header=HEADER, comments="", fmt="%.17g")
    np.save("t.npy", target)
    np.savetxt("t.txt", target, fmt="%d")
    rows = zip(z.tolist(), target.tolist(), strict=True)
    (tmp_path / "all.jsonl").write_text("\n".join(json.dumps({"logits": x, "target": k}) for x, k in rows))
    return z, target


@pytest.mark.usefixtures("classifier")
def test_every_kind_of_file_has_the_same_answer(answered, tmp_path):
    wanted = answered("evaluate", "--logits", "@z.npy", "--target", "@t.npy")
    assert answered("evaluate", "--logits", "@z.csv", "--target", "@t.txt") == wanted
    assert answered("evaluate", "--target", "@t.txt", stdin=(tmp_path / "z.csv").read_bytes()) == wanted
    assert answered("evaluate", stdin=(tmp_path / "all.jsonl").read_bytes()) == wanted
    single = json.loads(answered("evaluate", "--logits", "@z32.npy", "--target", "@t.npy", "--json"))
    assert single["cross_entropy"] == pytest.approx(
        json.loads(as_json(answered))["cross_entropy"], rel=1e-6, abs=0
    )


def as_json(answered, *more):
    return answered("evaluate", "--logits", "@z.csv", "--target", "@t.npy", *more, "--json")


@pytest.mark.usefixtures("classifier")
def test_classes_are_called_by_their_columns(answered):
    assert json.loads(as_json(answered))["labels"] == ["cat", "dog", "cow"]
    assert json.loads(as_json(answered, "--labels", "a,b,c"))["labels"] == ["a", "b", "c"]
    head = answered("evaluate", "--logits", "@z.csv", "--target", "@t.npy", "--fields", "recall", "--csv")
    assert head.splitlines()[0] == "recall_cat,recall_dog,recall_cow"
    unnamed = answered("evaluate", "--logits", "@z.npy", "--target", "@t.npy", "--fields", "recall", "--csv")
    assert unnamed.splitlines()[0] == "recall_0,recall_1,recall_2"


@pytest.mark.parametrize(
    ("columns", "classes"),
    [
        (("logit_cat", "logit_car"), ("cat", "car")),
        (("cat", "car"), ("cat", "car")),
        (("p0", "p1", "p12"), ("0", "1", "12")),
        (("a_", "a_b"), ("a_", "a_b")),
        (("x.y.z", "x.y.w"), ("z", "w")),
        (("same_1", "other_1"), ("same_1", "other_1")),
    ],
)
def test_what_columns_share_is_not_the_class_s(columns, classes):
    assert class_names(columns, len(columns)) == classes
    assert class_names(("p_yes",), 1) == ()


@pytest.mark.usefixtures("classifier")
def test_a_sweep_is_a_row_each(answered):
    out = answered(
        "evaluate", "--logits", "@z.npy", "--target", "@t.npy", "--top", "1,2,3", "--bins", "5,15", "--csv"
    )
    head, *rows = (line.split(",") for line in out.splitlines())
    assert head[:2] == ["top", "bins"]
    assert [row[:2] for row in rows] == [[k, b] for k in "123" for b in ("5", "15")]
    tops = [float(row[head.index("top_accuracy")]) for row in rows]
    assert tops == sorted(tops)
    assert tops[-1] == 1.0


def test_rows_are_passed_over_for_their_target_and_said_so(classifier, aimath):
    target = classifier[1].copy()
    target[:5] = -100
    np.save("some.npy", target)
    ran = aimath("evaluate", "--logits", "@z.npy", "--target", "@some.npy")
    assert ran.code == 1
    assert "use --ignore -100 to pass over such rows" in ran.err
    ran = aimath("evaluate", "--logits", "@z.npy", "--target", "@some.npy", "--ignore", "-100", "--json")
    assert (ran.code, json.loads(ran.out)["count"]) == (0, 35)
    assert "note: 5 rows passed over for the target -100" in ran.err


def test_bad_rows_are_named_or_passed_over(classifier, aimath):
    z = classifier[0].copy()
    z[7, 1] = np.nan
    np.save("bad.npy", z)
    ran = aimath("evaluate", "--logits", "@bad.npy", "--target", "@t.npy")
    assert (ran.code, ran.out) == (1, "")
    assert "bad.npy:8:2: logits: logit 2 is nan" in ran.err
    ran = aimath("evaluate", "--logits", "@bad.npy", "--target", "@t.npy", "--invalid", "skip", "--json")
    assert (ran.code, json.loads(ran.out)["count"]) == (3, 39)


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("--probs @z.npy --target @t.npy", "use --logits if they are logits", 1),
        ("--logits @z.npy --target 3", "there is no class 3, only 0 to 2", 1),
        ("--logits @z.npy --target .5", "0.5 is not the number of a class", 2),
        ("--logits @z.npy --target @t.npy --labels a,b", "2 names for 3 classes", 2),
        ("--logits @z.npy --target @t.npy --bins 0", "--bins", 2),
        ("--logits @z.npy --target @t.npy --base 1", "--base must be above 1", 2),
        ("--logits @z.npy --target @t.npy --invalid nan", "all rows are one answer", 2),
        ("--logits @z.npy --probs @z.npy --target @t.npy", "--logits does nothing beside --probs", 2),
        ("--logits @z.npy --target 0,1", "target ends after 2 rows", 1),
    ],
)
@pytest.mark.usefixtures("classifier")
def test_what_can_not_be_evaluated_is_one_sentence(line, said, code, refused):
    assert said in refused("evaluate", *line.split(), code=code)


@pytest.mark.usefixtures("classifier")
def test_the_reliability_diagram_has_a_point_for_each_bin_with_rows(aimath):
    drawn = aimath("evaluate", "--logits", "@z.npy", "--target", "@t.npy", "--bins", "2", "--plot").err
    assert drawn.count("●") == 2
    assert "confidence" in drawn
