"""A practitioner's jobs, each one line as it is typed at first, beside numpy's answer."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from tests.data.make_jobs import CLASSES, HEADS, WORDS, make_jobs

from aimath.cli.catalogue import lookup
from aimath.read.blocks import ReadOptions

needs_columns = pytest.mark.skipif(
    "exclude" not in ReadOptions._fields, reason="lists and globs of columns, columns as operands, bare files"
)


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_jobs(tmp_path)


@pytest.fixture
def numbers(answered):
    """Run a line, a pipe of several commands too, and give the numbers of each row."""

    def run(line: str, stdin: str = "") -> np.ndarray:
        for part in line.split(" | "):
            stdin = answered(*shlex.split(part), stdin=stdin)
        return np.array([[float(cell) for cell in row.split()] for row in stdin.splitlines()])

    return run


@pytest.fixture
def asked(answered):
    """Run a line and give its quantities."""
    return lambda line, **more: json.loads(answered(*shlex.split(line), "--json", **more))


def softmax(z):
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def entropy_of(p):
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1)


def labels():
    return np.array(
        [CLASSES.index(line.rpartition(",")[2]) for line in Path("preds.csv").read_text().split()[1:]]
    )


@needs_columns
def test_entropy_of_the_next_token(numbers):  # 4
    p = softmax(np.load("next.npy").astype(float))
    assert numbers("entropy --logits next.npy")[:, 0] == pytest.approx(entropy_of(p), rel=1e-12, abs=0)


@needs_columns
def test_divergence_of_two_models(numbers):  # 6
    p, q = (softmax(np.load(name).astype(float)) for name in ("a.npy", "b.npy"))
    assert numbers("kl --logits a.npy b.npy")[:, 0] == pytest.approx(
        (p * np.log(p / q)).sum(axis=1), rel=1e-9, abs=0
    )


@needs_columns
def test_report_of_a_classifier(asked):  # 10, 11
    found = asked("evaluate --logits @preds.csv --column 'logit_*' --target label")
    z, right = np.load("a.npy").astype(float), labels()
    assert found["labels"] == [*CLASSES]
    assert found["accuracy"] == np.mean(z.argmax(axis=1) == right)
    p = softmax(z)
    assert found["cross_entropy"] == pytest.approx(
        -np.log(p[np.arange(len(p)), right]).mean(), rel=1e-12, abs=0
    )
    place = np.ceil(p.max(axis=1) * 15).astype(int)
    gaps = [
        (z.argmax(axis=1) == right)[place == b].sum() - p.max(axis=1)[place == b].sum() for b in range(1, 16)
    ]
    assert found["ece"] == pytest.approx(np.abs(gaps).sum() / len(p), rel=1e-12, abs=0)


def test_report_of_arrays(asked):
    np.save("t.npy", labels())
    found = asked("evaluate --logits @a.npy --target @t.npy --top 2")
    order = np.argsort(-np.load("a.npy").astype(float), axis=1, kind="stable")
    assert found["top_accuracy"] == np.mean((order[:, :2] == labels()[:, None]).any(axis=1))


def test_shares_of_variance(numbers):  # 16
    x = np.load("glove.npy")
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    found = numbers("pca glove.npy --components 2 --fields ratio")[0]
    assert found == pytest.approx(values[:2] / values.sum(), rel=1e-10, abs=0)


@pytest.mark.parametrize("file", ["glove.npy", "m.safetensors:emb"])  # 17, 18
def test_analogy(file, answered):
    line = f"analogy king - man + woman --vectors {file} --words w.txt --top 3"
    found = answered(*shlex.split(line)).split()
    v = np.load("glove.npy")
    unit = v / np.linalg.norm(v, axis=1, keepdims=True)
    near = np.argsort(-(unit @ (v[0] - v[2] + v[3])))
    assert found == [WORDS[k] for k in near if WORDS[k] not in {"king", "man", "woman"}][:3]
    assert found[0] == "queen"


@needs_columns
def test_layer_of_a_checkpoint(numbers):  # 22
    line = "layer m.safetensors:W x.npy --bias @m.safetensors:B"
    found, without = numbers(line), numbers("layer m.safetensors:W x.npy")
    assert without == pytest.approx(np.load("x.npy") @ np.load("w1.npy").T, rel=1e-12, abs=0)
    assert np.ptp(found - without, axis=0) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.skipif("kv_heads" not in lookup("attention").parameters, reason="heads of given Q, K and V")
def test_entropy_of_each_head(numbers):  # 23, 24
    ran = "attention -Q q.npy -K k.npy -V v.npy --heads 12 --fields weights | entropy"
    q, k = (np.load(f"{name}.npy").reshape(-1, HEADS, 2).transpose(1, 0, 2) for name in "qk")
    weights = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(2.0))
    assert numbers(ran)[:, 0] == pytest.approx(entropy_of(weights).ravel(), rel=1e-12, abs=0)


@needs_columns
def test_two_layers_and_the_class(numbers):  # 25
    found = numbers("layer w1.npy x.npy | layer w2.npy - | softmax --fields argmax")[:, 0]
    logits = np.load("x.npy") @ np.load("w1.npy").T @ np.load("w2.npy").T
    assert found.tolist() == (logits.argmax(axis=1)).tolist()


@needs_columns
def test_confusion_matrix_with_names(asked):  # 26
    found = asked("mutual-information @confusion.csv --normalize")
    p = np.array([[40, 10], [5, 45]]) / 100
    expected = p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    assert found["mutual_information"] == pytest.approx((p * np.log2(p / expected)).sum(), rel=1e-12, abs=0)
    assert found["labels"] == ["cat", "dog"]


def counted(*columns):
    """Give the counts of a table's columns."""
    head, *rows = (line.split(",") for line in Path("t.csv").read_text().split())
    cells = [[row[head.index(name)] for row in rows] for name in columns]
    names = [sorted({*column}) for column in cells]
    counts = np.zeros([len(one) for one in names])
    for row in zip(*cells, strict=True):
        counts[tuple(one.index(cell) for one, cell in zip(names, row, strict=True))] += 1
    return names, counts / len(rows)


@needs_columns
def test_what_two_columns_tell_of_each_other(asked):  # 27
    (x, y), p = counted("species", "size")
    found = asked("mutual-information @t.csv --column species,size --categories")
    assert (found["x"], found["y"]) == (x, y)
    kept, expected = p > 0, p.sum(axis=1, keepdims=True) * p.sum(axis=0)
    assert found["mutual_information"] == pytest.approx(
        (p * np.log2(p / expected, where=kept, out=p * 0)).sum(), abs=1e-12
    )


def test_entropy_of_a_column_of_words(asked):  # 28
    (names,), p = counted("species")
    found = asked("entropy @t.csv --column species --categories")
    assert found["labels"] == names
    assert found["entropy"] == pytest.approx(entropy_of(p), rel=1e-12, abs=0)


def test_summary_of_a_table(answered):  # 29
    head, *rows = (
        line.split("\t") for line in answered("describe", "@iris.csv", "--each-column").splitlines()
    )
    assert [row[0] for row in rows] == ["length", "width", "species"]
    lengths = [float(line.split(",")[0]) for line in Path("iris.csv").read_text().split()[1:]]
    assert float(rows[0][head.index("mean")]) == pytest.approx(np.mean(lengths), rel=1e-14, abs=0)
    assert rows[2][head.index("top")] == "setosa"


def test_sweep_over_learning_rates(answered):  # 34
    out = answered(*shlex.split("gd '(w-3)^2' w=10 --lr log:1e-3:.2:6 --last --csv"))
    head, *rows = (line.split(",") for line in out.splitlines())
    assert len(rows) == 6
    for row in rows:
        lr, w = (float(row[head.index(name)]) for name in ("lr", "point_w"))
        assert w == pytest.approx(3 + 7 * (1 - 2 * lr) ** 20, rel=1e-9, abs=0)


def test_temperatures_of_a_line_of_logits(answered):  # 36
    rows = answered("temperature", stdin="2,1,0.1\n").splitlines()
    assert len(rows) == 7
    hot = rows[-1].split("\t")
    assert hot[0] == "inf"
    assert [float(x) for x in hot[1:4]] == pytest.approx([1 / 3] * 3, rel=1e-14, abs=0)


def test_log_softmax_of_extremes(answered):  # 38
    assert answered(*["softmax", "1000", "0", "-inf", "--log"]).split() == ["0", "-1000", "-inf"]


def test_gradients_at_the_points_of_a_table(numbers):  # 42
    found = numbers("grad x^2*y --at @points.csv")
    points = np.loadtxt("points.csv", delimiter=",", skiprows=1)
    assert found == pytest.approx(
        np.stack((2 * points[:, 0] * points[:, 1], points[:, 0] ** 2), axis=1), abs=0
    )


def test_drift_of_labels(asked):  # 45
    found = asked("js @train.csv @test.csv --column label --categories")
    assert found["labels"] == ["cat", "cow", "dog"]
    p, q = np.array([2, 0, 1]) / 3, np.array([1, 3, 0]) / 4
    middle = (p + q) / 2
    assert found["js"] == pytest.approx(
        entropy_of(middle) - entropy_of(p) / 2 - entropy_of(q) / 2, rel=1e-12, abs=0
    )


def test_all_rates_of_a_schedule(numbers):  # 46
    assert numbers("schedule --steps 1000")[:, 0].tolist() == [0.1] * 1000
    assert numbers("schedule lin:0:1000:5 --steps 1000").tolist() == [[0.1] * 5]


def test_policies_and_tails(answered, numbers):  # 47
    head, *rows = (
        line.split(",")
        for line in answered(*["rlhf", "1,2,3", ".3,.3,.4", "--beta", ".1,1", "--csv"]).splitlines()
    )
    assert head == ["beta", "policy_1", "policy_2", "policy_3"]
    for row in rows:
        beta, *policy = map(float, row)
        wanted = np.array([0.3, 0.3, 0.4]) * np.exp(np.array([1, 2, 3]) / beta - 3 / beta)
        assert policy == pytest.approx(wanted / wanted.sum(), rel=1e-12, abs=0)
    found = numbers("gaussian --cdf", "\n".join(map(str, range(-3, 4))))[:, 0]
    assert found + found[::-1] == pytest.approx(np.ones(7), rel=1e-15, abs=0)
