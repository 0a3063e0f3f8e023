"""lora on the command line: counts of a shape, and the ranks that the changes of two files need."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.commands.linalg.test_pca import table
from tests.digits import near


def test_the_guides_figure_and_its_kin(aimath):
    assert aimath("lora", "--shape", "768x768", "--rank", "16") == (0, "24576\n", "")
    row = json.loads(aimath("lora", "--shape", "768x768", "-r", "16", "--json").out)
    assert (row["full"], row["percent_of_full"], row["percent_of_total"], row["break_even_rank"]) == (
        589824, 100 / 24, 4, 384,
    )  # fmt: skip
    assert aimath("lora", "--shape", "10x4", "-r", "1,2").out.splitlines()[1:] == ["1\t14", "2\t28"]
    assert aimath("lora", "--shape", "3,5").code == 2  # the default rank, 8, is too large for it


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "needs --shape, or two files of weights"),
        (("--shape", "768"), 2, "'768' is not two sides"),
        (("--shape", "0x5"), 1, "two sides from 1 to 1000000000, not 0x5"),
        (
            ("--shape", "768x768", "--rank", "1000"),
            2,
            "--rank must be 1 to 768 for a 768x768 matrix, not 1000",
        ),
        (("a.npy",), 2, "two files of weights, BASE and TUNED, not 1"),
        (("a.npy", "b.npy", "--rank", "3"), 2, "neither --shape nor --rank"),
        (("a.npy", "b.npy"), 1, "cannot read 'a.npy': No such file or directory"),
        (("--shape", "4x4", "-r", "1", "--energy", ".9"), 2, "--energy is about two files"),
    ],
)
def test_what_can_not_be_counted(refused, words, code, why):
    assert why in refused("lora", *words, code=code)


@pytest.fixture
def files(tmp_path):
    """Two .npz of weights: one update of rank 2, one of rank 1, one tensor in the first alone, one a vector."""
    rng = np.random.default_rng(7)
    base = {
        "a": rng.normal(size=(30, 20)),
        "b": rng.normal(size=(10, 40)),
        "gone": np.eye(3),
        "bias": np.ones(4),
    }
    left, right = np.linalg.qr(rng.normal(size=(30, 2)))[0], np.linalg.qr(rng.normal(size=(20, 2)))[0].T
    tuned = {"a": base["a"] + left @ np.diag([3, 1]) @ right, "b": base["b"] + 0.5, "bias": np.zeros(4)}
    np.savez(tmp_path / "base.npz", **base)
    np.savez(tmp_path / "tuned.npz", **tuned)
    return str(tmp_path / "base.npz"), str(tmp_path / "tuned.npz")


def test_each_tensor_and_all_together(aimath, files):
    ran = aimath("lora", *files, "--energy", ".85,.98,.999")
    assert ran.code == 0
    assert "note: 1 tensor without a partner of the same shape" in ran.err
    head, *rows = table(ran.out, "\t")
    assert head[:5] == ["tensor", "shape", "energy", "rank", "parameters"]
    # a: squares 9 and 1, so .9 with rank 1; b: all in rank 1 (norm² .25 · 400 = 100); together 109 of 110 at 1,
    # which is more than .98, as the mean of .9 and 1 is not.
    assert [(row[0], row[1], float(row[2]), int(row[3]), int(row[4])) for row in rows] == [
        ("a", "30x20", 0.85, 1, 50),
        ("a", "30x20", 0.98, 2, 100),
        ("a", "30x20", 0.999, 2, 100),
        ("b", "10x40", 0.85, 1, 50),
        ("b", "10x40", 0.98, 1, 50),
        ("b", "10x40", 0.999, 1, 50),
        ("all tensors", "", 0.85, 1, 100),
        ("all tensors", "", 0.98, 1, 100),
        ("all tensors", "", 0.999, 2, 200),
    ]
    assert [float(row[6]) for row in rows[-3:]] == near([10, 10, 20])


def test_one_matrix_each_needs_no_name(aimath, tmp_path):
    np.save(tmp_path / "w.npy", np.zeros((4, 4)))
    (tmp_path / "v.csv").write_text("0,0,0,0\n0,0,0,0\n0,0,0,7\n0,0,0,0\n")
    ran = aimath("lora", tmp_path / "w.npy", tmp_path / "v.csv", "--energy", "1", "--json")
    row = json.loads(ran.out)
    assert (row["tensor"], row["rank"], row["update"], row["relative_update"]) == ("update", 1, 7, "inf")


def test_the_tensor_can_be_named(aimath, refused, files):
    base, tuned = files
    ran = aimath("lora", f"{base}:a", f"{tuned}:a", "--energy", ".95", "--fields", "rank")
    assert (ran.code, ran.out) == (0, "2\n")
    assert "no matrix of one name and shape" in refused("lora", f"{base}:a", f"{tuned}:b", code=1)


def test_explain_names_the_tensors(aimath, files):
    text = aimath("lora", *files, "--explain").out
    assert "all tensors: the one rank which they may share" in text
    said = " ✓ checked another way: norms of the updates by their entries: 3.16228, 3.16228, 10, 10, 10.4881,"
    assert said in text.replace("\n   ", " ")
