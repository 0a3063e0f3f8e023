"""What a descent over data fits is drawn: the rows and the curve in the end."""

import pytest

POINTS = "x,y\n1,3\n2,5\n3,7.5\n"


@pytest.fixture
def points(tmp_path):
    (tmp_path / "points.csv").write_text(POINTS)
    return f"@{tmp_path / 'points.csv'}"


@pytest.mark.parametrize(
    ("formula", "start", "said"),
    [
        ("mean((w*x+b-y)^2)", ("w=0", "b=0"), "w*x+b in the end"),
        ("mean((y-a*sin(x))^2)", ("a=0",), "a*sin(x) in the end"),
        ("sum(abs(w*x-y))/3", ("w=0",), "w*x in the end"),
    ],
)
def test_rows_and_curve_are_drawn(aimath, points, formula, start, said):
    ran = aimath("gd", formula, "--data", points, *start, "--lr", ".05", "--plot")
    assert ran.code == 0
    assert said in ran.err
    assert ran.err.partition("S start")[2].count("●") == 3  # below the landscape


@pytest.mark.parametrize(
    "words",
    [
        ("mean((w*x-y)^2)", "w=0", "--lr", "10"),  # it diverged
        ("mean((w*x-y)^2)", "w=0", "--lr", ".01,.1"),  # several runs
        ("mean((w-y)^2)", "w=0"),  # of no column
        ("mean((w*x*y-1)^2)", "w=0"),  # fitted to none
    ],
)
def test_where_there_is_no_one_fit_there_is_no_second_picture(aimath, points, words):
    formula, *rest = words
    ran = aimath("gd", formula, "--data", points, *rest, "--plot", "--last")
    assert ran.code in (0, 4)
    assert "in the end" not in ran.err


def test_the_curve_is_that_of_the_last_point():
    from aimath.core.calculus import as_data
    from aimath.core.calculus._over_data import parse_over_data

    formula = parse_over_data("mean((w*x^2+b-y)^2)", as_data({"x": [1.0, 2.0], "y": [3.0, 5.0]}))
    fit = formula.fit
    assert (fit.x, fit.y, fit.text) == ("x", "y", "w*x^2+b")
    assert formula.fitted(fit, [2.0, 1.0], [0.0, 3.0]).tolist() == [1.0, 19.0]
