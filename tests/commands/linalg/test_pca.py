"""Principal components on the command line: forms, labels, pictures, data in blocks."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from tests.digits import near

from aimath.read._datasets import load_digits


def table(text, separator=","):
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def floats(text):
    return np.array([[float(x) for x in line.split()] for line in text.splitlines()])


def projections(data, k):
    """Give the rows along the k directions of largest variance, by way of an SVD, signs as scikit-learn's."""
    centred = data - data.mean(axis=0)
    right = np.linalg.svd(centred, full_matrices=False)[2][:k]
    signs = np.sign(right[np.arange(k), np.abs(right).argmax(axis=1)])
    return centred @ (right * signs[:, None]).T


def test_a_row_of_the_answer_is_a_row_of_the_data(aimath):
    data = np.random.default_rng(3).normal(size=(7, 4))
    ran = aimath("pca", "-k", "2", stdin="\n".join(" ".join(map(repr, row)) for row in data.tolist()))
    assert (ran.code, ran.err) == (0, "")
    assert floats(ran.out) == near(projections(data, 2), 1e-12)


def test_digits_keep_their_names(aimath):
    rows = table(aimath("pca", "digits:0,1", "-k", "2", "--csv").out)
    assert rows[0] == ["label", "projected_PC1", "projected_PC2"]
    assert {row[0] for row in rows[1:]} == {"0", "1"}
    first, *others = (
        json.loads(line) for line in aimath("pca", "digits:0,1", "-k", "2", "--json").out.splitlines()
    )
    assert len(others) == len(rows) - 2
    assert np.shape(first["components"]) == (2, 64)
    assert all(set(first) - set(row) == {"components", "mean", "mean_rest", "variance", "ratio", "cumulative",
                                         "singular_values", "covariance"} for row in others)  # fmt: skip
    assert [row["label"] for row in (first, *others)] == [row[0] for row in rows[1:]]


def test_whitened_coordinates_have_variance_1(aimath):
    found = floats(aimath("pca", "digits", "-k", "3", "--whiten").out)
    assert found.var(axis=0, ddof=1) == near(1, 1e-12)


def test_explain_shows_four_steps_with_the_users_numbers(aimath):
    text = aimath("pca", "1 2; 3 4; 5 9", "--explain").out
    for part in ("1 centre: the mean of the 3 rows is 3, 5", "total variance 17", "98.95 %", "4 project"):
        assert part in text
    assert "-2 -3" in text  # row 1, centred
    said = " ✓ checked another way: shares of variance from the projected rows: 0.989509, 0.010490"
    assert said in text.replace("\n   ", " ")


def test_the_cloud_shows_which_digit_is_where(aimath):
    drawn = aimath("pca", "digits:0,1", "-k", "2", "--plot").err
    assert drawn.count("0") > 20
    assert drawn.count("1") > 20
    assert "PC1" in drawn
    assert "PC2" in drawn
    variances = np.linalg.eigvalsh(np.cov(load_digits("digits:0,1")[0].T))
    one, two = 100 * variances[[-1, -2]] / variances.sum()
    said = f" PC1 holds {one:.3g} %, PC2 holds {two:.3g} % of the variance"
    assert drawn.splitlines()[-2:] == [" 0 178 rows   1 182 rows", said]
    ran = aimath("pca", "1 2; 3 4; 5 9", "-k", "1", "--plot")
    assert ran.err.count("●") == 3
    assert "PC2" not in ran.err


@pytest.fixture
def large(tmp_path):
    """40 MB of rows far from the origin, in an .npy, and the file's name."""
    rng = np.random.default_rng(5)
    data = rng.normal(size=(100_000, 50)) * np.linspace(5, 1, 50) + 1e6
    path = tmp_path / "large.npy"
    np.save(path, data)
    return data, path


@pytest.mark.slow
def test_what_does_not_fit_is_read_in_blocks_to_the_same_answer(aimath, large, tmp_path):
    data, path = large
    small = ("pca", path, "-k", "2", "--max-memory", "64M")
    assert aimath(*small, "--out", tmp_path / "y.npy") == (0, "", "")
    whole = projections(data, 2)
    found = np.load(tmp_path / "y.npy")
    assert np.abs(found - whole).max() <= 1e-6 * np.abs(whole).max()
    aimath("pca", path, "-k", "2", "--out", tmp_path / "z.npy")
    assert np.abs(found - np.load(tmp_path / "z.npy")).max() <= 1e-9 * np.abs(whole).max()
    first, *others = aimath(*small, "--json", "--fields", "mean,ratio,projected").out.splitlines()
    assert json.loads(first)["mean"] == near(data.mean(axis=0))
    assert len(others) == len(data) - 1
    assert not any("mean" in row for row in others)  # in later blocks neither
    assert "✓ checked another way: the directions' lengths: 1, 1" in aimath(*small, "--explain").out
    told = aimath(*small, "--explain").out
    assert re.search(r" X is read in blocks; rows 1 to \d+ of 100000 are shown\n", told)
    drawn = aimath(*small, "--plot").err
    assert sum("\u2800" < sign < "\u2900" for sign in drawn) > 100
    assert re.search(r" the first \d+ rows; PC1 holds", drawn)
    alone = aimath(*small, "--fields", "components", "--plot")
    assert len(alone.out.splitlines()) == 2
    assert re.search(r" the first \d+ rows; PC1 holds", alone.err)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("1 2; 3 4", "-k", "3"), 2, "--components must be 1 to 2 for 2x2 data, not 3"),
        (("1 2",), 1, "1 row has no variance"),
        (("1 2; 1 2",), 1, "all rows are equal"),
        (("1 2; 3 4", "--whiten"), 2, "component 2 has variance 0"),
    ],
)
def test_data_without_components(refused, words, code, why):
    assert why in refused("pca", *words, code=code)


@pytest.mark.slow
def test_nan_in_a_large_file_is_found(refused, large):
    data, path = large
    data[70_000, 3] = np.nan
    np.save(path, data)
    assert "(70001,4) of X is nan" in refused("pca", path, "--max-memory", "64M", code=1)


def test_what_belongs_to_all_rows_is_given_once_where_nothing_else_is_asked_for(aimath, tmp_path):
    """It was written for every row of the data again, in JSON as empty objects."""
    line = ("pca", "1 2; 3 4; 5 9", "--fields")
    [row] = aimath(*line, "components", "--json").out.splitlines()
    components = json.loads(row)["components"]
    head, *lines = aimath(*line, "components", "--csv").out.splitlines()
    assert head == "components_1,components_2"
    assert [[float(x) for x in line.split(",")] for line in lines] == components
    aimath(*line, "components", "--out", tmp_path / "c.npy")
    assert np.load(tmp_path / "c.npy").tolist() == components
    assert len(aimath(*line, "variance").out.splitlines()) == 1
    assert len(aimath(*line, "projected,variance", "--json").out.splitlines()) == 3


def test_every_problem_of_a_sweep_has_its_matrices_in_json(aimath):
    """They stand in the first object of each: the second's were taken for the first's."""
    ran = aimath("pca", "1 2; 3 4; 5 9", "-k", "1,2", "--json")
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [len(row.get("variance", ())) for row in found] == [1, 0, 0, 2, 0, 0]
