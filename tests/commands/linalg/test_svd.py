"""svd-approx on the command line: one rank, several, factors in files, matrices in blocks."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from tests.commands.linalg.test_pca import floats, table
from tests.digits import near

from aimath.core.linalg import svd_approx


def cut(weights, rank):
    left, s, right = np.linalg.svd(weights, full_matrices=False)
    return (left[:, :rank] * s[:rank]) @ right[:rank], s


def test_one_rank_gives_the_matrix(answered):
    weights = np.array([[2, 0, 1], [0, 3, 1]])
    text = answered("svd-approx", "2 0 1; 0 3 1", "--rank", "1")
    assert floats(text) == near(cut(weights, 1)[0], 1e-14)


def test_several_ranks_give_a_line_each_from_one_decomposition(aimath, monkeypatch):
    calls, svd = [], np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda *a, **k: calls.append(a[0].shape) or svd(*a, **k))
    ran = aimath("svd-approx", "randn:40x30", "--rank", "1,4,16", "--rank", "30")
    assert calls == [(40, 30)]
    weights = np.random.default_rng(0).standard_normal((40, 30))
    s = svd(weights, compute_uv=False)
    head, *rows = table(ran.out, "\t")
    assert head == ["rank", "parameters", "error", "relative_error", "energy"]
    assert [(int(row[0]), int(row[1])) for row in rows] == [(r, 70 * r) for r in (1, 4, 16, 30)]
    for row in rows[:-1]:
        lost = (s[int(row[0]) :] ** 2).sum()
        assert [float(x) for x in row[2:]] == near(
            [lost**0.5, (lost / (s**2).sum()) ** 0.5, 1 - lost / (s**2).sum()], 1e-13
        )
    assert rows[-1][2:] == ["0", "0", "1"]


def test_without_a_rank_the_powers_of_two_are_tried(aimath):
    rows = table(aimath("svd-approx", "randn:12x40").out, "\t")
    assert [row[0] for row in rows[1:]] == ["1", "2", "4", "8", "12"]


def test_json_has_what_belongs_to_all_ranks_once(aimath):
    first, second = (
        json.loads(row) for row in aimath("svd-approx", "1 2; 3 4", "-r", "1,2", "--json").out.splitlines()
    )
    assert first["W"] == [[1, 2], [3, 4]]
    assert "W" not in second
    assert "singular_values" not in second
    assert (first["norm"], first["full_parameters"]) == (second["norm"], second["full_parameters"])
    assert second["approximation"] == [near([1, 2]), near([3, 4])]


@pytest.mark.slow
@pytest.mark.parametrize("streamed", [False, True])
def test_factors_multiply_back(answered, tmp_path, streamed):
    weights = (
        np.random.default_rng(1).standard_normal((30_000, 6))
        @ np.diag([9, 7, 5, 3, 2, 1])
        @ np.ones((6, 100))
    )
    weights += np.random.default_rng(2).standard_normal(weights.shape)
    path, a, b = (tmp_path / name for name in ("w.npy", "a.npy", "b.npy"))
    np.save(path, weights)
    limit = ("--max-memory", "60M") if streamed else ()
    text = answered("svd-approx", path, "-r", "2,4", "--save-factors", a, b, *limit)
    best, s = cut(weights, 4)
    left, right = np.load(a), np.load(b)
    assert (left.shape, right.shape) == ((30_000, 4), (4, 100))
    assert np.abs(left @ right - best).max() <= 1e-9 * s[0]
    assert np.abs(left[:, :2] @ right[:2] - cut(weights, 2)[0]).max() <= 1e-9 * s[0]
    rank, _, _, relative, _ = table(text, "\t")[2]
    assert rank == "4"
    assert float(relative) == near(np.sqrt((s[4:] ** 2).sum() / (s**2).sum()), 1e-10)
    ranks = [int(row[0]) for row in table(answered("svd-approx", path, *limit), "\t")[1:]]
    assert ranks == [1, 2, 4, 8, 16, 32, 64, *([] if streamed else [100])]


def test_factors_that_can_not_be_written_leave_nothing(refused, tmp_path):
    old = tmp_path / "b.npy"
    old.write_bytes(b"old")
    refused("svd-approx", "1 2; 3 4", "-r", "1", "--save-factors", tmp_path / "no" / "a.npy", old, code=1)
    assert old.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".stdin", "b.npy"]
    assert "name two files" in refused("svd-approx", "1 2; 3 4", "-r", "1", "--save-factors", old, old)


def test_the_method_can_be_forced_and_is_said(aimath):
    def asked(*more):
        fields = "method,relative_error,error_bound"
        return json.loads(
            aimath("svd-approx", "randn:600x600", "-r", "4", "--json", "--fields", fields, *more).out
        )

    auto, exact, loose = asked(), asked("--exact"), asked("--randomized")
    assert [row["method"] for row in (auto, exact, loose)] == ["randomized", "exact", "randomized"]
    assert exact["error_bound"] == 1
    assert exact["relative_error"] <= loose["relative_error"] <= 1.01 * exact["relative_error"]
    assert loose["relative_error"] <= exact["relative_error"] * loose["error_bound"]
    text = aimath("svd-approx", "randn:600x600", "-r", "4", "--explain").out
    (most,) = re.findall("randomised: at most ([0-9.]+) times the least error; --exact gives the least", text)
    assert auto["error_bound"] <= float(most) <= auto["error_bound"] + 0.001
    figures = [line for line in text.splitlines() if re.match(" singular values| stable rank| 4 ", line)]
    assert [line.count("≈") for line in figures] == [1, 2, 1]  # energy and error
    ran = aimath("svd-approx", "1 2; 3 4", "--exact", "--randomized")
    assert ran.code == 2
    assert "exclude each other" in ran.err


def test_figures_of_a_randomised_run_are_marked_at_a_terminal(aimath, at_terminal):
    """Only there: in a pipe and in JSON a number is a number."""
    at_terminal(80)
    line = ("svd-approx", "randn:600x600", "-r", "4")
    shown, exact = aimath(*line).out, aimath(*line, "--exact").out
    assert shown.count("≈") == 3
    assert "\n randomised: at most 1.00" in shown
    assert "≈" not in exact
    assert "randomised" not in exact
    for form in ("plain", "csv", "json", "markdown"):
        assert aimath(*line, "--format", form, "--fields", "error").out.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_bound_that_is_said_of_a_randomised_run_holds(seed):
    """For spectra that are flat, that fall slowly, and that have a low rank with noise."""
    rng = np.random.default_rng(seed)
    flat = rng.standard_normal((540, 530))
    left, _, right = np.linalg.svd(flat, full_matrices=False)
    slow = (left / np.arange(1, 531) ** 0.5) @ right
    low = flat[:, :5] @ rng.standard_normal((5, 530)) + 0.01 * flat
    for matrix in (flat, slow, low):
        least = np.sqrt(np.square(np.linalg.svd(matrix, compute_uv=False)[8:]).sum())
        found = svd_approx(matrix, 8, randomized=True, seed=seed)
        said = command_bound(found)
        assert float(found.error) <= said * least * (1 + 1e-12)


def command_bound(found):
    """Give the bound as the command says it."""
    from aimath.commands.linalg.svd import _bound

    return float(re.findall("[0-9.]+", _bound(found))[0])


def test_explain_has_spectrum_ranks_and_the_small_matrices(aimath):
    text = aimath("svd-approx", "3 0; 0 4", "-r", "1,2", "--explain").out
    assert " singular values s = 4, 3" in text
    assert "█▆" in text
    assert "0.6" in text  # 3 / 5
    assert "64 %" in text  # 16 / 25
    assert text.splitlines()[-1] == " ✓ checked another way: from the entries of W - A·B: 0.6, 0"
    assert "1 to 8" not in text
    assert " 86 " in aimath("svd-approx", "3 0; 0 4", "--explain", "--ascii").out


def test_with_nothing_kept_the_error_is_exactly_all(
    aimath,
):  # summed up it was .9999999999999999 for the digits
    errors = json.loads(aimath("svd-approx", "digits", "-r", "1", "--json", "--fields", "errors").out)[
        "errors"
    ]
    assert errors[0] == 1
    assert errors == sorted(errors, reverse=True)


def test_plot_draws_spectrum_and_error(aimath):
    drawn = aimath("svd-approx", "randn:20x20", "-r", "4", "--plot").err
    assert "singular value (log scale)" in drawn
    assert "relative error" in drawn
    assert drawn.count("●") > 30


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("1 2; 3 4; 5 6", "--rank", "5"), 2, "--rank must be 1 to 2 for a 3x2 matrix, not 5"),
        (("1 2; 3 4", "--rank", "0"), 2, "--rank must be 1 to"),
        (("1 2; 3 nan",), 2, "'nan' is not a number"),
        (("randn:100000x100000", "--rank", "4"), 1, "100000 x 100000 float64 matrix needs 74.51 GiB"),
    ],
)
def test_matrices_and_ranks_that_are_refused(refused, words, code, why):
    assert why in refused("svd-approx", *words, code=code)


def test_both_plots_mark_the_one_rank_that_is_kept(aimath):
    assert aimath("svd-approx", "randn:12x9", "--rank", "3", "--plot").err.count(" rank 3") == 2
    several = aimath("svd-approx", "randn:12x9", "--rank", "3,5", "--plot").err
    assert "rank 3" not in several
    assert several.count("●") == 2 * 2 + 1  # on both curves, and what it stands for
