"""Descents over a table on the command line: as they are first typed, in every form, and what is told of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.digits import near

POINTS = "x,y\n1,3.1\n2,4.9\n3,7.2\n4,8.8\n"
LINE = "mean((w*x+b-y)^2)"
AT_THE_MINIMUM = np.linalg.lstsq(
    np.array([[1, 1], [2, 1], [3, 1], [4, 1]]), np.array([3.1, 4.9, 7.2, 8.8]), rcond=None
)[0]


@pytest.fixture
def points(tmp_path, monkeypatch):
    """The table, in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.csv").write_text(POINTS)
    return tmp_path / "points.csv"


def last(out):
    return np.array(out.splitlines()[-1].split("\t")[1:3], np.float64)


@pytest.mark.usefixtures("points")
@pytest.mark.parametrize(
    "words",
    [
        (LINE, "--data", "@points.csv", "w=0", "b=0"),
        (LINE, "--data", "points.csv", "w=0", "b=0"),
        ("--function", LINE, "--data", "@points.csv", "--start", "w=0,b=0"),
        ("--data", "@points.csv", LINE, "w=0", "b=0"),
    ],
)
def test_a_line_is_fitted_as_first_typed(words, answered):
    out = answered("gd", *words, "--lr", ".1", "--steps", "2000")
    assert out.splitlines()[0] == "step\tpoint_w\tpoint_b\tloss\tgradient_w\tgradient_b"
    assert last(out) == near(AT_THE_MINIMUM, 1e-9)


@pytest.mark.parametrize(
    "name", ["", '""', " ", "\x1c", "1", "-1.5", "e", "mean", "*", "#", "2-11", "w", "\u00a0"]
)
def test_a_column_that_is_not_asked_for_may_be_called_anything(answered, tmp_path, name):
    """As that of the rows' numbers, which pandas writes first and without a name."""
    head, *rows = POINTS.splitlines()
    bare, more = tmp_path / "bare.csv", tmp_path / "more.csv"
    bare.write_text(POINTS)
    more.write_text(
        "".join(f"{cell},{row}\n" for cell, row in zip([name, *"0123"], [head, *rows], strict=True))
    )
    line = (LINE.replace("w*x", "0.5*a*x"), "a=0", "b=0", "--steps", "5", "--data")
    assert answered("gd", *line, more, "--header") == answered("gd", *line, bare, "--header")


def test_standard_input_and_every_form_are_the_same_table(points, answered):
    words = (LINE, "w=0", "b=0", "--steps", "5")
    found = answered("gd", *words, "--data", str(points))
    assert answered("gd", *words, "--data", "-", stdin=POINTS) == found
    rows = [line.split(",") for line in POINTS.splitlines()[1:]]
    for name, text in (
        ("a.jsonl", "".join(f'{{"x":{x},"y":{y}}}\n' for x, y in rows)),
        ("a.json", json.dumps({"x": [float(x) for x, _ in rows], "y": [float(y) for _, y in rows]})),
        ("a.tsv", "id\tx\ty\n" + "".join(f"row {k}\t{x}\t{y}\n" for k, (x, y) in enumerate(rows))),
    ):
        (points.parent / name).write_text(text)
        assert answered("gd", *words, "--data", f"@{name}") == found
    (points.parent / "bare.csv").write_text("".join(f"{x},{y}\n" for x, y in rows))
    assert answered("gd", "mean((w*x1+b-x2)^2)", "w=0", "b=0", "--steps", "5", "--data", "@bare.csv") == found


@pytest.mark.usefixtures("points")
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_every_optimiser_goes_over_the_rows(optimizer, answered):
    words = (LINE, "--data", "@points.csv", "w=0", "b=0", "--lr", ".02", "--steps", "30", "--json")
    rows = [json.loads(line) for line in answered(optimizer, *words).splitlines()]
    assert len(rows) == 31
    assert rows[0]["loss"] == near(40.725, 1e-6)
    assert rows[0]["gradient"] == near([-34.85, -12.0], 1e-6)
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[0]["rows"] == 4


@pytest.mark.usefixtures("points")
def test_batches_are_told_of_and_drawn_again_by_their_seed(aimath):
    words = (LINE, "--data", "@points.csv", "w=0", "b=0", "--steps", "6", "--batch", "3", "--json")
    first, again, other = (aimath("adam", *words, "--seed", seed) for seed in ("5", "5", "6"))
    assert first.out == again.out != other.out
    assert (
        "an epoch is 2 updates of 3 rows, the last of 1: all 4 rows in an order drawn by seed 5" in first.err
    )
    assert "loss and gradient are those of the batch, in the last row those of all rows" in first.err
    row = json.loads(first.out.splitlines()[-1])
    assert (row["batch"], row["seed"]) == (3, 5)
    whole = ((np.array(row["point"]) @ [[1, 2, 3, 4], [1, 1, 1, 1]] - [3.1, 4.9, 7.2, 8.8]) ** 2).mean()
    assert row["loss"] == near(whole, 1e-13)


@pytest.mark.usefixtures("points")
def test_sizes_of_batches_are_swept_run_by_run(aimath):
    words = (LINE, "--data", "@points.csv", "w=0", "b=0", "--lr", ".01,.02", "--steps", "2")
    swept = aimath("gd", *words, "--batch", "1,2,4", "--last").out.splitlines()
    assert swept[0].split("\t")[:3] == ["lr", "batch", "step"]
    assert [line.split("\t")[:2] for line in swept[1:]] == [
        [lr, size] for lr in ("0.01", "0.02") for size in ("1", "2", "4")
    ]


def test_rows_with_a_missing_cell_are_left_out_if_asked(points, aimath, refused):
    points.write_text(POINTS + "5,\n")
    assert "use --missing skip" in refused("gd", LINE, "--data", "@points.csv", "w=0", "b=0", code=1)
    ran = aimath(
        "gd", LINE, "--data", "@points.csv", "w=0", "b=0", "--missing", "skip", "--steps", "1", "--json"
    )
    assert "1 row of the data left out: a cell is missing" in ran.err
    assert json.loads(ran.out.splitlines()[0])["rows"] == 4
    assert json.loads(ran.out.splitlines()[0])["loss"] == near(40.725, 1e-6)


@pytest.mark.usefixtures("points")
def test_the_derivation_begins_with_the_rows(answered):
    out = answered("gd", LINE, "--data", "@points.csv", "w=0", "b=0", "--steps", "2", "--explain")
    for line in (
        "over 4 rows of data at w = 0, b = 0:",
        "data_row  x    y  (w*x+b-y)^2",
        "1         1  3.1         9.61",
        "mean of all = 40.725",
        "the gradient there by differences: -34.85, -12",
        "w = 0 - 0.1·-34.85 = 3.485",
        "b = 0 - 0.1·-12 = 1.2",
        "in closed form, along each direction of curvature:",
    ):
        assert line in out
    grad = answered("grad", LINE, "--data", "@points.csv", "w=0", "b=0", "--explain")
    assert "∂f/∂w = 2*mean(x*(w*x + b - y)) = -34.85" in grad
    assert "mean of all = 40.725" in grad


def test_long_tables_show_their_first_rows(points, answered):
    points.write_text("x\n" + "".join(f"{k}\n" for k in range(1, 101)))
    out = answered("grad", "mean(w*x) + 2*sum(x)", "--data", "@points.csv", "w=2", "--explain")
    assert "over 100 rows of data, the first 5:" in out
    assert "mean of all = 101" in out
    assert "sum of all = 5050" in out


@pytest.mark.usefixtures("points")
def test_gradients_hessians_and_rates_go_over_the_rows(answered):
    assert answered("grad", LINE, "--data", "@points.csv", "w=0", "b=0") == "-34.85 -12\n"
    row = json.loads(answered("grad", LINE, "--data", "@points.csv", "w=0", "b=0", "--hessian", "--json"))
    assert row["hessian"] == [[15.0, 5.0], [5.0, 2.0]]
    assert row["eigenvalues"] == near(np.linalg.eigvalsh([[15, 5], [5, 2]]), 1e-6)
    out = answered("grad", LINE, "--data", "@points.csv", "w=0,1", "b=0", "--fields", "gradient", "--csv")
    assert len(out.splitlines()) == 3
    words = ("--function", LINE, "--data", "@points.csv", "--at", "w=0,b=0", "--json")
    row = json.loads(answered("learning-rate", *words))
    assert row["curvatures"] == near(np.linalg.eigvalsh([[15, 5], [5, 2]]), 1e-6)
    jacobian = json.loads(
        answered("grad", "mean(x*w)", "sum(y*w^2)", "--data", "@points.csv", "w=1", "--json")
    )
    assert jacobian["jacobian"] == [[2.5], [48.0]]


@pytest.mark.usefixtures("points")
def test_a_kink_in_some_rows_is_told(aimath):
    ran = aimath("grad", "mean(relu(w*x-3))", "--data", "@points.csv", "w=1")
    assert ran.out == "1\n"
    assert "not differentiable in 1 of 4 rows (relu): 0 is used" in ran.err


@pytest.mark.usefixtures("points")
@pytest.mark.parametrize(
    ("line", "why", "way_out"),
    [
        (("gd", "mean((w*x+b-z)^2)", "w=0", "b=0"), "no value for z", "add z=...; the columns are x, y"),
        (("grad", "mean(w*x*z)", "w=0"), "no value for z", "the columns are x, y"),
        (("grad", "mean(w*x)"), "no value for w", "the columns are x, y"),
        (("gd", LINE, "x=1", "w=0", "b=0"), "x is a column of the data, not a variable", "leave x=... out"),
        (("grad", LINE, "x=1", "w=0", "b=0"), "x is a column of the data, not a variable", "leave x=... out"),
        (("gd", "(w*x-y)^2", "w=0"), "x is a column of the data and stands outside of", "mean((w*x-y)^2)"),
        (("gd", "w^2", "w=0"), "has no mean(...) and no sum(...)", "leave the data out"),
        (("gd", LINE, "w=0", "b=0", "--batch", "2", "--until", ".1"), "says nothing of the whole one", ""),
        (("gd", LINE, "w=0", "b=0", "--batch", "0"), "--batch", ""),
        (("race", LINE, "w=0", "b=0", "--batch", "1,2"), "--batch has 2 sizes", "race each by itself"),
        (("gd", LINE, "w=0", "b=0", "--missing", "nan"), "a mean over missing cells is missing", "skip"),
        (("gd", "mean(log(w*x-2))", "w=1"), "argument is -1 in row 1 of the data", ""),
        (("gd", LINE, "w=0", "b=0", "--seed", "3"), "--seed does nothing without --batch", "add --batch"),
    ],
)
def test_mistakes_are_one_line_with_a_way_out(line, why, way_out, refused):
    told = refused(*line, "--data", "@points.csv", code=1 if "log" in line[1] else 2)
    assert why in told
    assert way_out in told


@pytest.mark.parametrize(
    ("line", "why", "way_out"),
    [
        (
            ("gd", LINE, "w=0", "b=0"),
            "mean(...) goes over the rows of data, and there are none",
            "give --data",
        ),
        (
            ("grad", LINE, "w=0", "b=0"),
            "mean(...) goes over the rows of data, and there are none",
            "give --data",
        ),
        (("gd", "w^2", "w=0", "--batch", "2"), "--batch does nothing without --data", "add --data"),
        (("gd", "w^2", "w=0", "--missing", "skip"), "--missing does nothing without --data", "add --data"),
        (("gd", LINE, "w=0", "b=0", "--data", "@none.csv"), "cannot read 'none.csv': No such file", ""),
        (("gd", LINE, "w=0", "b=0", "--data", "-"), "there are no rows", ""),
    ],
)
def test_data_that_are_not_there(line, why, way_out, aimath):
    ran = aimath(*line)
    assert ran.code in (1, 2)
    assert why in ran.err
    assert way_out in ran.err


def test_over_very_many_rows_the_losses_are_drawn(points, aimath, monkeypatch):
    words = ("gd", LINE, "w=0", "b=0", "--data", str(points), "--steps", "5", "--plot")
    assert "contours at f" in aimath(*words).err
    monkeypatch.setattr("aimath.commands.optim._runs.MAX_LANDSCAPE_ROWS", 3)
    drawn = aimath(*words).err
    assert "contours at f" not in drawn
    losses, _, fitted = drawn.partition("w*x+b in the end")
    assert [line.strip() for line in losses.splitlines()].count("step") == 1
    assert fitted.strip() == ""


def test_rows_are_priced_before_they_are_worked_on(points, refused, answered):
    points.write_text("x,y\n" + "1,2\n" * 20_000)
    line = "mean(sin(w*x)*cos(w*x)*tanh(w*y)*exp(w*x))"
    words = ("gd", line, "w=0", "--data", "@points.csv", "--steps", "3", "--max-memory")
    assert "the formula at 20000 rows needs" in refused(*words, "1M", code=1)
    assert answered(*words, "8M")
